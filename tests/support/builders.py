"""Executions as the API would send them, and what the summary makes of them; times are told relative to NOW."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from blaxel_mcp.models import ExecutionStatus, JobExecution
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.execution import ResolvedLatest
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.summarize import summarize

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
JOB, EXECUTION = "resize", "exec-1"


def ago(seconds: float) -> str:
    """A timestamp so many seconds before NOW."""
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def task(number: int, status: str, times: tuple[float, ...] = (), message: str = "", reason: str = "") -> Any:
    """One task; `times` are its start and end in seconds before NOW."""
    keys = ("startedAt", "completedAt")
    made: Any = {
        "metadata": {"name": f"task-{number}", **{key: ago(t) for key, t in zip(keys, times, strict=False)}},
        "spec": {"maxRetries": 2, "timeout": "30m"},
        "status": status,
    }
    if message or reason:
        made["conditions"] = [
            {
                "type": "Completed",
                "state": "CONDITION_FAILED",
                "severity": "ERROR",
                "reason": reason,
                "message": message,
            }
        ]
    return made


def execution(
    status: str | None,
    times: tuple[float, ...] = (),
    *,
    tasks: list[Any] | None = None,
    stats: Any = None,
    **spec: Any,
) -> dict[str, Any]:
    """One execution; `times` are creation, start and end in seconds before NOW, everything else goes into the spec."""
    keys = ("createdAt", "startedAt", "completedAt")
    made: dict[str, Any] = {
        "metadata": {
            "id": EXECUTION,
            "job": JOB,
            "workspace": "acme",
            **{key: ago(t) for key, t in zip(keys, times, strict=False)},
        },
        "spec": spec,
    }
    return {**made, **{k: v for k, v in {"status": status, "stats": stats, "tasks": tasks}.items() if v is not None}}


def runs_that_took(*seconds: int) -> list[Run]:
    """Executions of the job that succeeded in so many seconds each, one a day, newest first, before today's."""
    midnight = NOW.replace(hour=0)
    return [
        Run(
            f"exec-before-{days}",
            ExecutionStatus("succeeded"),
            created=(start := midnight - timedelta(days=days)),
            started=start,
            completed=start + timedelta(seconds=took),
        )
        for days, took in enumerate(seconds, 1)
    ]


def answer(raw: Any, *, runs: Sequence[Run] = (), latest: ResolvedLatest | None = None) -> ExecutionAnswer:
    """The object that travels, without raw JSON."""
    parsed = JobExecution.model_validate(raw)
    summary = summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, runs=runs, latest=latest)
    return build_answer(summary)
