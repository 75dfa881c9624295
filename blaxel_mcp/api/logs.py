"""The logs endpoint. It is in no document of the API; `bl logs` uses it, and it is asked here as that asks it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

from pydantic import TypeAdapter

from blaxel_mcp.api.call import Call, checked_id
from blaxel_mcp.models import Count, LogLine

Severity: TypeAlias = Literal["FATAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE", "UNKNOWN"]
"""The words the endpoint takes, the gravest first."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_COUNT: TypeAdapter[int | None] = TypeAdapter(Count)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines, newest first, and how many there are in all where that is said.

    `odd` says that the answer has a form that is not known: what it holds cannot be told from nothing.
    """

    lines: list[LogLine]
    total: int | None = None
    odd: bool = False


def get_logs(
    job_id: str,
    execution_id: str,
    *,
    workspace: str,
    start: datetime,
    end: datetime,
    limit: int,
    severity: Severity | None = None,
    search: str | None = None,
    task: str | None = None,
) -> Call[LogPage]:
    """The newest lines that one execution wrote from `start` to `end` (UTC, at most three days apart).

    `severity` is the least that is wanted. The parameters that say nothing are sent all the same, as `bl logs` does.
    """
    job = checked_id(job_id, "jobId")
    wanted = SEVERITIES[: SEVERITIES.index(severity) + 1] if severity else SEVERITIES
    return Call(
        "logs",  # a word of ours, since no document names it
        "GET",
        ("observability", "logs"),
        lambda body: _page(body, job),
        (
            ("start", _bound(start)),
            ("end", _bound(end)),
            ("resourceType", "jobs"),
            ("workloadIds", job),
            ("type", "all"),
            ("traceId", ""),
            ("limit", str(limit)),
            ("offset", "0"),
            ("severity", ",".join(wanted)),
            ("search", search or ""),
            ("taskId", task or ""),
            ("executionId", checked_id(execution_id, "executionId")),
            ("interval", "60"),
            ("workspace", workspace),
        ),
        (dict, type(None)),  # a Go backend writes an empty map as null
    )


def _bound(moment: datetime) -> str:
    """UTC, whole seconds, no zone."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _page(body: Any, job: str) -> LogPage:
    """Nothing found is an answer without the job's key."""
    if not body:
        return LogPage([])
    found = body.get(job)
    lines = found.get("logs") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(lines, list | None):
        return LogPage([], odd=True)
    read = [LogLine.model_validate(line) for line in lines or [] if isinstance(line, dict)]
    return LogPage(read, _COUNT.validate_python(found.get("totalCount")))
