"""A control plane with one execution: its body word for word, its tasks by pages, the log of its failed task."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.demo import control_plane
from blaxel_mcp.demo.formats import stamp
from blaxel_mcp.demo.wire import Verbatim
from support.plane import job

_ERROR, _ERROR_NUMBER = "ERROR", 17


class OneExecution:
    """An ASGI app.

    Args:
        job_id: the job's name.
        execution_id: the execution's id.
        body: what GetJobExecution answers.
        now: the present, which stands still.
        tasks: what ListJobExecutionTasks lists; else what the body holds.
        log: the lines of the first failed task, oldest first, all of severity ERROR.
        log_task: the name that the log knows the task by, where it is another one.
        past: the executions before it, newest first.
    """

    def __init__(
        self,
        job_id: str,
        execution_id: str,
        body: Any,
        *,
        now: datetime,
        tasks: Sequence[Any] | None = None,
        log: Sequence[str] = (),
        log_task: str | None = None,
        past: Sequence[Verbatim] = (),
    ) -> None:
        self._job_id, self._execution_id, self._body, self._now = job_id, execution_id, body, now
        inline = body.get("tasks") or body["spec"].get("tasks") or []
        self._tasks = list(inline if tasks is None else tasks)
        self._log_lines, self._log_task = log, log_task

        def plane(shown: Any) -> ASGIApp:
            jobs = [job(job_id, [Verbatim(execution_id, now - timedelta(hours=12), shown), *past])]
            return control_plane.build_app(clock=lambda: now, jobs=lambda _: jobs)

        self._others, self._listed = plane(body), plane({**body, "tasks": self._tasks})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the log here, for the list of tasks from a plane that has them, for anything else as it is."""
        if scope["path"].endswith("/observability/logs"):
            await JSONResponse(self._log(Request(scope).query_params))(scope, receive, send)
            return
        plane = self._listed if scope["path"].endswith(f"/{self._execution_id}/tasks") else self._others
        await plane(scope, receive, send)

    def _log(self, query: Mapping[str, str]) -> Any:
        """The lines that match, the newest first, as the endpoint answers; without a match the job's key is absent."""
        failed: Any = next((task for task in self._tasks if task.get("status") == "failed"), {"metadata": {}})
        metadata = failed.get("metadata", {})
        end = metadata.get("completedAt") or self._body["metadata"].get("completedAt") or stamp(self._now, 0)
        wanted = (
            query.get("workloadIds") == self._job_id
            and query.get("executionId") in {None, "", self._execution_id}
            and query.get("taskId") in {None, "", self._log_task or metadata.get("name", "")}
            and {_ERROR, "ALL"} & set((query.get("severity") or "ALL").upper().split(","))
        )
        last, found = datetime.fromisoformat(end), []
        for before, text in enumerate(reversed(self._log_lines), 1):
            at = last - timedelta(milliseconds=before)
            in_time = query["start"] <= stamp(at, 0) and at.strftime("%Y-%m-%dT%H:%M:%S") <= query["end"]
            if wanted and in_time and query.get("search", "").casefold() in text.casefold():
                found.append({"timestamp": stamp(at, 9), "message": text, "severity": _ERROR_NUMBER, "trace_id": "1"})
        page = found[: int(query.get("limit") or 1000)]
        return {self._job_id: {"logs": page, "totalCount": len(found)}} if page else {}
