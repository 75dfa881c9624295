"""The workspace whose executions the page is shown: the demo's, and some made to measure, on a control plane."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from support.in_process import serving
from support.plane import HOSTILE
from support.program import ENVELOPE, MODERN, PATIENCE, account

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.playback import Execution, Failure, Task
from blaxel_mcp.demo.wire import Job, Verbatim

JOB = "drawn"
NO_TASKS, ONE_TASK, SIXTY_TASKS, MANY_TASKS, HOSTILE_TASKS = ("exec-0", "exec-1", "exec-60", "exec-10000", "exec-evil")
MANY = 10_000
_LIVE_ONES = 60
_MISSING = Failure("", ("FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'",))
_MEMORY = Failure("Memory limit of 2048 MiB exceeded", execution_reason="OOM_KILLED")
_RESET = Failure("", ("ConnectionResetError: [Errno 104] Connection reset by peer",))
_FAILURES = (_MISSING, _MEMORY, _RESET)

MARKUP = (
    "<img src=x onerror=\"globalThis.injected='img'\">",
    "</script><script>globalThis.injected='script'</script>",
    "javascript:globalThis.injected='link'",
    "<a href=\"javascript:globalThis.injected='a'\">click</a>",
    "<svg onload=\"globalThis.injected='svg'\"><style>*{display:none}</style>",
    "'\"><b onmouseover=globalThis.injected='b'>",
    "<!-- <script> \u2028\u2029 ${globalThis.injected='template'} `{{7*7}}`",
    "__proto__",
)
"""Texts that would be markup if they weren't text."""
EVIL = (*HOSTILE, *MARKUP)


@dataclass(frozen=True, slots=True)
class Live:
    """An execution that is running until a test lets it end."""

    plan: Execution
    wire: Verbatim

    @property
    def args(self) -> dict[str, str]:
        """What a tool is asked for it with."""
        return {"jobId": JOB, "executionId": self.plan.id}

    def end(self) -> None:
        """All of its tasks have succeeded by now."""
        now = datetime.now(UTC)
        seconds = (now - self.plan.created).total_seconds() - 6
        ended = replace(self.plan, tasks=tuple(Task(seconds * (0.5 + n % 5 / 10)) for n in range(8)), parallelism=8)
        self.wire.body.update(ended.at(now))


@dataclass(frozen=True, slots=True)
class Workspace:
    """A real MCP server in front of the control plane, by its base URL."""

    server: str
    lives: Iterator[Live]

    def call(self, tool: str, args: Mapping[str, str]) -> Any:
        """What a tool answers, as JSON."""
        params = {"name": tool, "arguments": args, "_meta": ENVELOPE}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        text = httpx.post(f"{self.server}/mcp", json=body, headers=headers, timeout=PATIENCE).text
        data = next(line for line in text.splitlines() if line.startswith(("data:", "{"))).removeprefix("data:")
        return json.loads(data)["result"]["structuredContent"]

    def live(self) -> Live:
        """A running execution that no other test has."""
        return next(self.lives)


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Serve it."""
    began = datetime.now(UTC)
    lives = [_live(began, number) for number in range(_LIVE_ONES)]
    made = [one.wire for one in lives]
    drawn = Job(
        name=JOB,
        workspace=script.WORKSPACE,
        created=began - timedelta(days=90),
        executions=(*made, *_made_to_measure(began)),
    )

    def jobs(start: datetime) -> Sequence[Job]:
        return (*script.jobs(start), drawn)

    with control_plane.serve(control_plane.build_app(jobs=jobs)) as url, serving(env=account(url)) as server:
        yield Workspace(server, iter(lives))


def _plan(name: str, created: datetime, tasks: Sequence[Task], **more: Any) -> Execution:
    options: dict[str, Any] = {"timeout": 3600, "max_retries": 1, "digits": 3, "inline": True} | more
    return Execution(job=JOB, id=name, workspace=script.WORKSPACE, created=created, tasks=tuple(tasks), **options)


def _live(began: datetime, number: int) -> Live:
    created = began - timedelta(seconds=90 + number)
    tasks = [Task(20 + 13 * (n % 5)) if n < 5 else Task(2_000 + n) for n in range(8)]
    plan = _plan(f"exec-live-{number}", created, tasks, parallelism=4)
    return Live(plan, Verbatim(plan.id, created, plan.at(began)))


def _made_to_measure(began: datetime) -> list[Execution | Verbatim]:
    def tasks(number: int, failing: int) -> list[Task]:
        failures = count()
        return [
            Task(10 + n * 0.618 % 1 * 50, _FAILURES[next(failures) % 3] if (n + 1) % failing == 0 else None, 1 + n % 2)
            for n in range(number)
        ]

    def before(**ago: float) -> datetime:
        return began - timedelta(**ago)

    moments = {"createdAt": before(hours=3), "startedAt": before(hours=2.99), "completedAt": before(hours=2.98)}
    metadata = {"id": NO_TASKS, **{key: moment.isoformat() for key, moment in moments.items()}}
    nothing = {"metadata": metadata, "spec": {"timeout": 60}, "status": "succeeded"}
    return [
        Verbatim(NO_TASKS, before(hours=3), nothing),
        _plan(ONE_TASK, before(hours=4), [Task(75)], parallelism=1),
        _plan(SIXTY_TASKS, before(hours=5), tasks(60, 9), parallelism=7),
        _plan(MANY_TASKS, before(hours=9), tasks(MANY, 101), parallelism=120),
        _hostile(before(hours=12)),
    ]


def _hostile(created: datetime) -> Verbatim:
    def at(seconds: float) -> str:
        return (created + timedelta(seconds=seconds)).isoformat()

    def task(number: int, text: str) -> dict[str, Any]:
        times = {"createdAt": at(0), "startedAt": at(5 + number), "completedAt": at(60 + number * 3)}
        condition = {
            "type": "Completed",
            "state": "CONDITION_FAILED",
            "severity": "ERROR",
            "reason": text,
            "executionReason": text,
            "message": text,
        }
        metadata, spec = {"name": text, **times}, {"timeout": "10m"}
        return {"metadata": metadata, "spec": spec, "status": "failed", "conditions": [condition]}

    tasks = [task(number, text) for number, text in enumerate(EVIL)]
    metadata = {"id": HOSTILE_TASKS, "createdAt": at(0), "startedAt": at(2), "completedAt": at(200)}
    stats = {"total": len(tasks), "failure": len(tasks), "success": 0}
    spec = {"parallelism": 4, "timeout": 600, "envOverride": dict.fromkeys(EVIL[:3], "***")}
    body = {"metadata": metadata, "spec": spec, "status": "failed", "stats": stats, "tasks": tasks}
    return Verbatim(HOSTILE_TASKS, created, body)
