"""The logs endpoint, which no API document describes: it answers as Blaxel's CLI (`bl logs`) expects."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from blaxel_mcp.demo.formats import ERROR, INFO, WARNING, Json, Line, error, stamp
from blaxel_mcp.demo.paging import read_number
from blaxel_mcp.demo.playback import Execution

_SEVERITIES = {"INFO": INFO, "WARNING": WARNING, "ERROR": ERROR}
_NAMES = {"FATAL", "DEBUG", "TRACE", "UNKNOWN", "ALL", *_SEVERITIES}
_MOST = 1000


def search(
    executions: Iterable[Execution], job: str, query: Mapping[str, str], now: datetime, *, knows_tasks: bool
) -> Json:
    """The log lines of one job that match the query, newest first; without a match the job's key is absent.

    `taskId` is a task's name, such as `task-0`, and finds nothing unless the log `knows_tasks`.
    """
    start, end = _bound(query, "start"), _bound(query, "end")
    severities = _severities(query.get("severity") or "ALL")
    task, text, only = query.get("taskId"), query.get("search", ""), query.get("executionId")

    def wanted(line: Line) -> bool:
        return (
            (start is None or line.at >= start)
            and (end is None or line.at <= end)
            and (not task or (knows_tasks and line.task == task))
            and line.severity in severities
            and text.lower() in line.message.lower()
        )

    found = [
        (line, execution.id)
        for execution in executions
        if not only or execution.id == only
        for line in execution.lines(now)
        if wanted(line)
    ]
    found.reverse()  # so that lines of the same instant are newest first as well
    found.sort(key=lambda pair: pair[0].at, reverse=True)
    offset, limit = read_number(query, "offset", 0), read_number(query, "limit", _MOST)
    page = found[offset : offset + min(limit, _MOST)]
    if not page:
        return {}
    return {job: {"logs": [_wire(line, execution) for line, execution in page], "totalCount": len(found)}}


def _wire(line: Line, execution: str) -> Json:
    """A log line as JSON. No field names its task or execution: only the query's filters can tell."""
    trace = hashlib.md5(f"{execution}/{line.task}".encode(), usedforsecurity=False).hexdigest()
    return {"timestamp": stamp(line.at, 9), "message": line.message, "severity": line.severity, "trace_id": trace}


def _bound(query: Mapping[str, str], name: str) -> datetime | None:
    """A query parameter that holds a date and time in UTC without a zone; `None` if it is absent."""
    if not (text := query.get(name)):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise error(400, f"{name} must be YYYY-MM-DDTHH:MM:SS") from None


def _severities(text: str) -> set[int]:
    names = {name.strip().upper() for name in text.split(",")}
    if unknown := names - _NAMES:
        raise error(400, f"unknown severity {', '.join(sorted(unknown))}")
    return {number for name, number in _SEVERITIES.items() if name in names or "ALL" in names}
