"""How the control plane writes what it serves: errors, log lines, timestamps and durations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

# OpenTelemetry's severity numbers. The logs endpoint is undocumented; that it uses these is a guess.
INFO, WARNING, ERROR = 9, 13, 17


class StatusError(Exception):
    """A response with another status than 200: status, JSON body and headers."""

    def __init__(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers or {}


def error(status: int, text: str, **more: Any) -> StatusError:
    """An error response in the shape that most operations use: `{"code", "error"}` and more keys."""
    return StatusError(status, {"code": status, "error": text, **more})


@dataclass(frozen=True, slots=True)
class Line:
    """One log line of a task."""

    at: datetime
    severity: int
    message: str
    task: str


def stamp(moment: datetime, digits: int) -> str:
    """Format a UTC timestamp as the API does: RFC 3339 with 0 to 9 fraction digits."""
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S")
    nanoseconds = f"{moment.microsecond:06d}{moment.microsecond * 7919 % 1000:03d}"
    return f"{whole}.{nanoseconds[:digits]}Z" if digits else f"{whole}Z"


def duration(seconds: int) -> str:
    """Format seconds as a task's `timeout`, a Go duration: `30m`, `1h30m`, `45s`."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
