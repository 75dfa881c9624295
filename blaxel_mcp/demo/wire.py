"""What the control plane serves: jobs, executions and log lines, and how timestamps and durations are written.

Field names, types and status words are those of Blaxel's OpenAPI document (schemas `Job` and `JobExecution`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = dict[str, Any]

# OpenTelemetry's severity numbers. The logs endpoint is undocumented; that it uses these is a guess.
INFO, WARNING, ERROR = 9, 13, 17


@dataclass(frozen=True, slots=True)
class Line:
    """One log line of a task."""

    at: datetime
    severity: int
    message: str
    task: str


class Scripted(Protocol):
    """An execution as the control plane sees it."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def created(self) -> datetime:
        """When the execution is created; before that instant the API answers 404 for it."""

    def at(self, now: datetime) -> Json:
        """The whole `JobExecution` at that instant."""

    def lines(self, now: datetime) -> Sequence[Line]:
        """The log lines that its tasks have written by that instant, oldest first."""

    def ended(self, now: datetime) -> bool:
        """Whether the execution has ended by that instant."""

    def cancelled(self, now: datetime) -> "Scripted":
        """The execution as it goes on when it is cancelled at `now`."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An execution that never moves: exactly this JSON, however odd. For tests."""

    id: str
    created: datetime
    body: Any

    def at(self, now: datetime) -> Any:  # noqa: ARG002 - the same at any instant
        """The JSON as given, at any instant."""
        return self.body

    def lines(self, now: datetime) -> Sequence[Line]:  # noqa: ARG002 - it has none
        """An empty log."""
        return ()

    def ended(self, now: datetime) -> bool:  # noqa: ARG002 - it cannot move, so it cannot be cancelled
        """True: an execution that cannot change has ended."""
        return True

    def cancelled(self, now: datetime) -> "Verbatim":  # noqa: ARG002 - it cannot move
        """The same execution: it cannot be cancelled."""
        return self


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


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job and its executions, newest first. `schedule` is a cron expression; `envs` are names of variables."""

    name: str
    executions: tuple[Scripted, ...] = ()
    created: datetime
    workspace: str
    display_name: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    memory: int = 2048
    timeout: int = 3600
    max_retries: int = 0
    generation: str = "mk2"
    envs: tuple[str, ...] = ()
    schedule: str | None = None
    enabled: bool = True

    @property
    def status(self) -> str:
        """The status of the job's deployment, which says nothing about its executions."""
        return "DEPLOYED" if self.enabled else "DEACTIVATED"

    def wire(self) -> Json:
        """The job as JSON (schema `Job`), with environment values masked as the API masks them."""
        created = stamp(self.created, 3)
        revision = f"rev-{self.name[:3]}001"
        metadata: Json = {
            "name": self.name,
            "workspace": self.workspace,
            "createdAt": created,
            "updatedAt": created,
            "createdBy": "ops@example.com",
        }
        if self.display_name:
            metadata["displayName"] = self.display_name
        if self.labels:
            metadata["labels"] = dict(self.labels)
        spec: Json = {
            "enabled": self.enabled,
            "region": "us-pdx-1",
            "revision": {"active": revision, "traffic": 100},
            "runtime": {
                "envs": [{"name": name, "value": "****"} for name in self.envs],
                "generation": self.generation,
                "image": f"{self.workspace}/{self.name}:{revision}",
                "maxRetries": self.max_retries,
                "memory": self.memory,
                "timeout": self.timeout,
            },
        }
        if self.schedule:
            configuration = {"schedule": self.schedule, "tasks": []}
            spec["triggers"] = [{"id": "schedule", "type": "cron", "enabled": True, "configuration": configuration}]
        event = {
            "type": "deployment",
            "status": "DEPLOYED",
            "time": created,
            "revision": revision,
            "message": "Deployment successful",
        }
        return {"metadata": metadata, "spec": spec, "status": self.status, "events": [event]}
