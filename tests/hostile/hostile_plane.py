"""A control plane that answers each operation with one body, and the places in those bodies where text may stand."""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from starlette.types import Receive, Scope, Send
from support.plane import NOW

Bodies: TypeAlias = dict[str, Any]
"""What each operation answers, by the operation's name here."""
Place: TypeAlias = tuple[str | int, ...]
"""Where a text stands in the bodies: keys and numbers on the way; a key itself is named by `KEY` and the key."""

KEY = "(key)"
JOB, EXECUTION, BASELINE, RUNNING = "resize", "exec-failed-1", "exec-good-1", "exec-running-1"
_ROUTES: Sequence[tuple[str, str, str]] = (
    ("GET", r"/jobs", "jobs"),
    ("GET", r"/jobs/[^/]+", "job"),
    ("GET", r"/jobs/[^/]+/revisions", "revisions"),
    ("GET", r"/jobs/[^/]+/executions", "executions"),
    ("POST", r"/jobs/[^/]+/executions", "created"),
    ("GET", rf"/jobs/[^/]+/executions/{BASELINE}", "baseline"),
    ("GET", rf"/jobs/[^/]+/executions/{RUNNING}", "running"),
    ("GET", r"/jobs/[^/]+/executions/exec-gone-1", "gone"),
    ("GET", r"/jobs/[^/]+/executions/[^/]+", "execution"),
    ("DELETE", r"/jobs/[^/]+/executions/[^/]+", "cancelled"),
    ("GET", r"/jobs/[^/]+/executions/[^/]+/tasks", "tasks"),
    ("GET", r"/observability/logs", "logs"),
)
_STRUCTURE = {"status", "state", "createdAt", "startedAt", "completedAt", "updatedAt", "timestamp", "time", "timeout"}
_STRUCTURE |= {"schedule", "nextCursor"}
"""Keys whose values decide what an answer is about: with any text there, little else of it would be read."""


@dataclass(slots=True)
class HostilePlane:
    """An ASGI app; `bodies` may be exchanged between two calls. A body that is an int is the status of an error."""

    bodies: Bodies = field(default_factory=dict)
    error_body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by its method and path."""
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        path = scope["raw_path"].decode().removeprefix("/v0")
        body: Any = next(
            (
                self.bodies[name]
                for method, route, name in _ROUTES
                if method == scope["method"] and re.fullmatch(route, path)
            ),
            404,
        )
        status, body = (body, self.error_body) if isinstance(body, int) else (200, body)
        headers = [(b"content-type", b"application/json")]
        headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _times(*minutes: float) -> dict[str, str]:
    return {key: _ago(at) for key, at in zip(("createdAt", "startedAt", "completedAt"), minutes, strict=False)}


def _task(name: str, status: str, times: Sequence[float], message: str = "") -> dict[str, Any]:
    task: dict[str, Any] = {
        "metadata": {"name": name, "unknown": "task-unknown", **_times(*times)},
        "spec": {"maxRetries": 1, "timeout": "30m", "unknown": "task-spec"},
        "status": status,
        "unknown": {"nested": ["task-nested"]},
    }
    if message:
        condition = {"type": "Completed", "state": "CONDITION_FAILED", "severity": "ERROR", "unknown": "condition"}
        task["conditions"] = [
            {**condition, "reason": "NonZeroExitCode", "executionReason": "Exited", "message": message}
        ]
    return task


def _execution(
    execution_id: str, status: str, times: Sequence[float], tasks: list[Any], **stats: int
) -> dict[str, Any]:
    return {
        "metadata": {
            "id": execution_id,
            "job": JOB,
            "workspace": "acme",
            "cluster": "cluster-1",
            "unknown": "execution-unknown",
            **_times(*times),
        },
        "spec": {
            "envOverride": {"REGION": "eu", "MODE": "fast"},
            "parallelism": 2,
            "memoryOverride": 2048,
            "timeout": 3600,
            "unknown": "spec-unknown",
        },
        "stats": {"total": len(tasks), **stats},
        "status": status,
        "tasks": tasks,
        "unknown": {"nested": [{"deep": "deep-unknown"}]},
    }


def benign_bodies() -> Bodies:
    """Ordinary answers of every operation about one job: it failed, it succeeded before, and one run is under way."""
    failed = [
        _task("task-a", "failed", (50, 40, 35), "ValueError: row 7 has no price"),
        _task("task-b", "failed", (50, 40, 30), "could not reach the warehouse"),
        _task("task-c", "succeeded", (50, 40, 10)),
        _task("task-d", "cancelled", (50, 40, 10), "stopped by the others"),
    ]
    good = [_task(f"task-{letter}", "succeeded", (1500, 1490, 1480)) for letter in "abcd"]
    running = [
        _task("task-a", "running", (30, 29)),
        _task("task-b", "failed", (30, 29, 20), "cannot open shard 3"),
        _task("task-c", "pending", (30,), "no node is free"),
    ]
    execution = _execution(EXECUTION, "failed", (50, 49, 8), failed, success=1, failure=2, cancelled=1)
    baseline = _execution(BASELINE, "succeeded", (1500, 1495, 1470), good, success=4, failure=0)
    baseline["spec"] |= {"envOverride": {"OLD": "1"}, "memoryOverride": 4096}
    under_way = _execution(RUNNING, "running", (30, 29), running, success=0, failure=1, running=1)
    before = [_execution(f"exec-before-{n}", "succeeded", (n * 1440,), [], success=4) for n in range(2, 6)]
    listed = [{**one, "tasks": []} for one in (under_way, execution, baseline, *before)]
    job = {
        "metadata": {
            "name": JOB,
            "displayName": "Resize",
            "workspace": "acme",
            "labels": {"team": "media"},
            "url": "x",
        },
        "spec": {
            "enabled": True,
            "region": "us-pdx-1",
            "runtime": {"memory": 4096, "image": "acme/resize:1", "unknown": "runtime-unknown"},
            "triggers": [
                {"id": "t1", "type": "cron", "enabled": True, "configuration": {"schedule": "0 2 * * *", "note": "n"}}
            ],
        },
        "status": "DEPLOYED",
        "events": [
            {"type": "deployment", "status": "DEPLOYED", "time": _ago(600), "revision": "rev-2", "message": "Deployed"}
        ],
    }
    lines = [
        {"timestamp": _ago(20 + n), "message": text, "severity": 9 + n, "taskId": "task-a", "unknown": "line-unknown"}
        for n, text in enumerate(("loading rows", "retrying", "ValueError: row 7 has no price"))
    ]
    return {
        "jobs": {"data": [job, {"metadata": {"name": "report"}, "status": "FAILED"}], "meta": {"nextCursor": "more"}},
        "job": job,
        "revisions": [
            {"id": "rev-2", "createdAt": _ago(600), "active": True, "createdBy": "ops", "status": "DEPLOYED"}
        ],
        "executions": {"data": listed, "meta": {"hasMore": True, "nextCursor": "more", "unknown": "meta"}},
        "created": {"executionId": "exec-new-1", "id": "request-1", "message": "Started", "unknown": "created"},
        "baseline": baseline,
        "running": under_way,
        "execution": execution,
        "cancelled": {**under_way, "status": "cancelling"},
        "tasks": {"data": failed, "meta": {"nextCursor": "more"}},
        "logs": {JOB: {"logs": lines, "totalCount": 3}},
        "gone": 404,
    }


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place of a text in some JSON: strings, and keys."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict):
        for key, part in value.items():
            if at:  # the bodies' own keys are names of operations
                yield (*at, KEY, key)
            yield from places(part, (*at, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from places(part, (*at, number))


def is_structure(place: Place) -> bool:
    """Whether the text there decides what the answer is about."""
    if place[-2:-1] == (KEY,):
        return not {"envOverride", "labels"} & set(place[:-2])
    return place[-1] in _STRUCTURE or (
        place[-2:] in {("metadata", "id"), ("metadata", "name")} and place[0] == "executions"
    )


def put(bodies: Bodies, text: str, *where: Place) -> Bodies:
    """A copy of the bodies with this text in these places."""
    made = copy.deepcopy(bodies)
    for place in sorted(where, key=len, reverse=True):
        *way, last = place
        if way and way[-1] == KEY:
            target = _follow(made, way[:-1])
            if last in target:
                target[text] = target.pop(last)
        else:
            _follow(made, way)[last] = text
    return made


def _follow(value: Any, way: Sequence[str | int]) -> Any:
    for step in way:
        value = value[step]
    return value
