"""What the control plane shows: jobs, executions, lines of log, and how instants and durations are written.

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
    """One line of log."""

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
        """When it was created; it is unknown before."""

    def at(self, now: datetime) -> Json:
        """The whole `JobExecution` at that instant."""

    def lines(self, now: datetime) -> Sequence[Line]:
        """What its tasks have logged by then, oldest first."""

    def ended(self, now: datetime) -> bool:
        """Whether it is over by then."""

    def cancelled(self, now: datetime) -> "Scripted":
        """The same execution, cancelled now."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An execution that never moves: exactly this JSON, however odd. For tests."""

    id: str
    created: datetime
    body: Any

    def at(self, now: datetime) -> Any:  # noqa: ARG002 - the same at any instant
        """The JSON as given."""
        return self.body

    def lines(self, now: datetime) -> Sequence[Line]:  # noqa: ARG002 - it has none
        """Nothing."""
        return ()

    def ended(self, now: datetime) -> bool:  # noqa: ARG002 - it cannot move, so it cannot be cancelled
        """Always."""
        return True

    def cancelled(self, now: datetime) -> "Verbatim":  # noqa: ARG002 - it cannot move
        """Itself."""
        return self


def stamp(moment: datetime, digits: int) -> str:
    """An instant as the API writes it: RFC 3339, UTC, with so many fraction digits (up to nanoseconds)."""
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S")
    nanoseconds = f"{moment.microsecond:06d}{moment.microsecond * 7919 % 1000:03d}"
    return f"{whole}.{nanoseconds[:digits]}Z" if digits else f"{whole}Z"


def duration(seconds: int) -> str:
    """Seconds as a task's `timeout` has them: `30m`, `1h30m`, `45s`."""
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
        """Of its deployment, never of a run."""
        return "DEPLOYED" if self.enabled else "DEACTIVATED"

    def wire(self) -> Json:
        """The `Job`, with the values of its environment masked as the API masks them."""
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
