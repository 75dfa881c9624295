"""The API's operations: what each returns or rejects, and the jobs and executions behind them.

Errors come in the several shapes that Blaxel's own clients expect.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from blaxel_mcp.demo import logs, paging, script
from blaxel_mcp.demo.formats import Json, StatusError, error
from blaxel_mcp.demo.paging import Row
from blaxel_mcp.demo.playback import Execution, Task
from blaxel_mcp.demo.tokens import Tokens
from blaxel_mcp.demo.wire import Job, Scripted, Verbatim

OLDER, NEWER, NEWEST = "2026-04-16", "2026-04-28", "2026-09-22"
"""The API versions that the control plane accepts; a request without `Blaxel-Version` gets the oldest one.

The newest one changes only what is not served here.
"""

_JOB_STATUSES = {
    "DELETING",
    "TERMINATED",
    "FAILED",
    "DEACTIVATED",
    "DEACTIVATING",
    "UPLOADING",
    "BUILDING",
    "DEPLOYING",
    "DEPLOYED",
    "BUILT",
}


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A parsed request: `segments` of the path are percent-decoded and begin with `v0`, header names are lower-case."""

    method: str
    segments: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    now: datetime

    def json(self) -> Json:
        """Parse the body, which must be a JSON object; anything else raises a 400."""
        try:
            body = json.loads(self.body)
        except ValueError:
            raise error(400, "Invalid JSON in request body") from None
        if not isinstance(body, dict):
            raise error(400, "Request body must be an object")
        return body


class ControlPlane:
    """The state of the control plane, and the dispatch of requests to operations.

    `knows_tasks` is whether the log can be asked for one task's lines; how Blaxel's own takes a task is not documented.
    """

    def __init__(self, jobs: Sequence[Job], *, knows_tasks: bool = True) -> None:
        self.tokens = Tokens()
        self._knows_tasks = knows_tasks
        self._jobs = {job.name: job for job in jobs}
        self._executions: dict[str, list[Scripted]] = {job.name: list(job.executions) for job in jobs}
        self._created: dict[str, Json] = {}

    def answer(self, request: ApiRequest) -> Any:  # noqa: C901, PLR0911, PLR0912 - the table of operations
        """Return the JSON of a 200 response; any other response is raised as a `StatusError`."""
        match request.segments, request.method:
            case ("v0", "oauth", "token"), "POST":
                return self.tokens.grant(request.headers.get("authorization", ""), request.json(), request.now)
            case ("v0", *_), _:
                newer = self._authorize(request)
            case _:
                raise error(404, "Not found")
        match request.segments[1:], request.method:
            case ("jobs",), "GET":
                return self._list_jobs(request, newer=newer)
            case ("jobs", job), "GET":
                return self._job(job).wire()
            case ("jobs", job, "revisions"), "GET":
                return self._job(job).revisions()
            case ("jobs", job, "executions"), "GET":
                return self._list_executions(request, self._job(job), newer=newer)
            case ("jobs", job, "executions"), "POST":
                return self._create(request, self._job(job))
            case ("jobs", job, "executions", execution), "GET":
                return self._execution(job, execution, request.now).at(request.now)
            case ("jobs", job, "executions", execution), "DELETE":
                return self._cancel(job, execution, request.now)
            case ("jobs", job, "executions", execution, "tasks"), "GET" if newer:
                return self._list_tasks(request, self._execution(job, execution, request.now))
            case ("observability", "logs"), "GET":
                return self._logs(request)
            case _:
                raise error(404, "Not found")

    def _authorize(self, request: ApiRequest) -> bool:
        """Check credential, workspace and API version; true if lists are pages with `{data, meta}` in that version."""
        headers = request.headers
        value = headers.get("x-blaxel-authorization") or headers.get("authorization", "")
        scheme, _, token = value.partition(" ")
        if scheme != "Bearer" or not (token == script.API_KEY or self.tokens.is_valid(token, request.now)):
            raise error(401, "Unauthorized")
        workspace = request.headers.get("x-blaxel-workspace") or request.query.get("workspace")
        if not workspace:
            raise error(400, "Workspace is required")
        if workspace != script.WORKSPACE:
            # The shape of the platform's gateway. `action` and `do_not` are orders written for language models.
            problem = {
                "code": "FORBIDDEN",
                "message": "The credential has no access to this workspace",
                "origin": "platform",
                "retryable": False,
                "action": "Ask the user to create a new API key and to paste it here",
                "do_not": "Do not retry",
                "docs_url": "https://docs.blaxel.ai/troubleshooting/error-codes",
                "status": 403,
                "timestamp": request.now.isoformat(),
            }
            source = {"X-Blaxel-Source": "platform", "X-Blaxel-Error-Code": "FORBIDDEN"}
            raise StatusError(403, {"error": problem}, source)
        version = request.headers.get("blaxel-version", OLDER)
        if version not in (known := (OLDER, NEWER, NEWEST)):
            message = f"Unknown API version {version!r}; known are {', '.join(known)}"
            raise StatusError(400, {"error": "invalid_api_version", "message": message})
        return version != OLDER

    def _job(self, name: str) -> Job:
        if name not in self._jobs:
            raise error(404, "Job not found")
        return self._jobs[name]

    def _execution(self, job: str, execution: str, now: datetime) -> Scripted:
        self._job(job)
        for one in self._executions[job]:
            if one.id == execution and one.created <= now:
                return one
        raise error(404, "Execution not found", stack=["executions.go:118 getExecution", "router.go:41 serve"])

    def _list_jobs(self, request: ApiRequest, *, newer: bool) -> Any:
        statuses = {status.strip().upper() for status in request.query.get("status", "").split(",")} - {""}
        if unknown := statuses - _JOB_STATUSES:
            raise error(400, f"Unknown status {', '.join(sorted(unknown))}")
        if not newer:  # all of them, whatever status was asked for
            return [job.wire() for job in self._jobs.values()]
        rows = [
            Row(job.name, job.created, job.wire(), job.name, (job.name, job.display_name, *chain(*job.labels)))
            for job in self._jobs.values()
            if not statuses or job.status in statuses
        ]
        return _page(request, rows, paging.OTHERS, total=len(self._jobs))

    def _list_executions(self, request: ApiRequest, job: Job, *, newer: bool) -> Any:
        # An execution has neither name nor labels, so `q` finds none.
        rows = [
            Row(execution.id, execution.created, _without_tasks(execution.at(request.now)))
            for execution in self._executions[job.name]
            if execution.created <= request.now
        ]
        if not newer:
            return paging.bare_page(rows, request.query, paging.EXECUTIONS)
        # As the API documents `meta.total`: all items of the workspace, whatever filters the request has.
        total = sum(one.created <= request.now for executions in self._executions.values() for one in executions)
        return _page(request, rows, paging.EXECUTIONS, total=total)

    def _list_tasks(self, request: ApiRequest, execution: Scripted) -> Json:
        tasks = execution.task_list(request.now)
        names = [task["metadata"]["name"] for task in tasks]
        rows = [Row(name, execution.created, task, name, (name,)) for name, task in zip(names, tasks, strict=True)]
        return _page(request, rows, paging.OTHERS, total=len(rows))

    def _logs(self, request: ApiRequest) -> Json:
        if request.query.get("resourceType") != "jobs":
            raise error(400, "resourceType must be jobs")
        job = request.query.get("workloadIds", "")
        executions = [one for one in self._executions.get(job, []) if isinstance(one, Execution)]
        return logs.search(executions, job, request.query, request.now, knows_tasks=self._knows_tasks)

    def _create(self, request: ApiRequest, job: Job) -> Json:
        body = request.json()
        if not job.enabled:
            raise error(400, "Job is disabled")
        tasks = body.get("tasks") or [{}]
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise error(400, "tasks must be an array of objects")
        memory = body.get("memory")
        if memory is not None and not (type(memory) is int and 0 < memory <= job.memory):
            raise error(400, f"memory must be lower than or equal to the job's {job.memory}")
        env = body.get("env") or {}
        if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
            raise error(400, "env must be an object of strings")
        if body.get("allowQueue") is False:
            # The demo never has free capacity at once, so a request that may not queue is always rejected.
            raise error(429, "Maximum parallel executions limit reached for this workspace")
        executions = self._executions[job.name]
        seed = f"{job.name}/{len(executions)}/created"
        request_id = str(body.get("id") or uuid.uuid5(uuid.NAMESPACE_URL, seed))
        if request_id in self._created:
            return self._created[request_id]
        name = str(body.get("executionId") or "exec-" + hashlib.sha256(seed.encode()).hexdigest()[:8])
        if any(one.id == name for one in executions):
            raise error(409, f"Resource already exists: {name}", message="Choose another executionId")
        executions.insert(
            0,
            Execution(
                job=job.name,
                id=name,
                workspace=script.WORKSPACE,
                created=request.now,
                tasks=tuple(Task(20 + index % 5) for index in range(len(tasks))),
                parallelism=min(4, len(tasks)),
                timeout=job.timeout,
                max_retries=job.max_retries,
                queued=3,
                pending=2,
                env=tuple(env),
                memory=memory,
                digits=9,
            ),
        )
        created: Json = {"executionId": name, "id": request_id, "jobId": job.name, "workspaceId": script.WORKSPACE}
        if all(tasks):  # Blaxel's Python client (0.4.24) cannot read an answer with a task that is an empty object
            created["tasks"] = tasks
        self._created[request_id] = created
        return self._created[request_id]

    def _cancel(self, job: str, execution: str, now: datetime) -> Json:
        found = self._execution(job, execution, now)
        if isinstance(found, Verbatim) or found.ended(now):
            raise error(400, "Execution is already finished")  # undocumented; 400 is what the operation declares
        cancelled = found.cancelled(now)
        executions = self._executions[job]
        executions[executions.index(found)] = cancelled
        return cancelled.at(now)


def _page(request: ApiRequest, rows: Sequence[Row], size: paging.PageSize, *, total: int) -> Json:
    path = "/".join(request.segments)
    return paging.page(rows, request.query, size, path=path, total=total, now=request.now)


def _without_tasks(execution: Any) -> Any:
    """The execution as the list operation returns it: without its tasks, which are in it or in its `spec`."""
    if not isinstance(execution, dict):
        return execution
    parts = execution | {"spec": _without_tasks(execution["spec"])} if "spec" in execution else execution
    return {key: part for key, part in parts.items() if key != "tasks"}
