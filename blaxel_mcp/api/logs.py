"""The logs endpoint, which no document of the API describes; requests are those that `bl logs` sends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

from pydantic import TypeAdapter

from blaxel_mcp.api.call import Call, checked_id
from blaxel_mcp.models import Count, LogLine

Severity: TypeAlias = Literal["FATAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE", "UNKNOWN"]
"""The severities that the endpoint takes, the most severe first."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_COUNT: TypeAdapter[int | None] = TypeAdapter(Count)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Log lines, as one answer gives them.

    Attributes:
        lines: the newest first.
        total: how many match in all, where the answer says so.
        odd: whether the answer has an unknown form, so that `lines` is empty whatever it holds.
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
    """The newest log lines of one execution. Empty parameters are sent too, as `bl logs` does.

    Args:
        job_id: the job's name.
        execution_id: the execution's id.
        workspace: the workspace's name.
        start: UTC, at most three days before `end`.
        end: UTC.
        limit: the most lines to return.
        severity: the minimum severity.
        search: text that the lines contain.
        task: the name of the only task whose lines are wanted.
    """
    job = checked_id(job_id, "jobId")
    wanted = SEVERITIES[: SEVERITIES.index(severity) + 1] if severity else SEVERITIES
    return Call(
        "logs",  # our own name, since no document gives one
        "GET",
        ("observability", "logs"),
        lambda body: _page(body, job),
        (
            ("start", _utc_seconds(start)),
            ("end", _utc_seconds(end)),
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


def _utc_seconds(moment: datetime) -> str:
    """A UTC time as the endpoint takes it: whole seconds, no offset."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _page(body: Any, job: str) -> LogPage:
    """The lines below the job's name in an answer, which lacks that key where nothing was found."""
    if not body:
        return LogPage([])
    found = body.get(job)
    lines = found.get("logs") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(lines, list | None):
        return LogPage([], odd=True)
    read = [LogLine.model_validate(line) for line in lines or [] if isinstance(line, dict)]
    return LogPage(read, _COUNT.validate_python(found.get("totalCount")))
