"""What the control plane serves: jobs and their executions.

Field names, types and status words are those of Blaxel's OpenAPI document (schemas `Job` and `JobExecution`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from blaxel_mcp.demo.formats import Json, stamp
from blaxel_mcp.demo.playback import Execution


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An execution that never moves: exactly this JSON, however odd, no log lines, not to be cancelled. For tests."""

    id: str
    created: datetime
    body: Any

    def at(self, now: datetime) -> Any:  # noqa: ARG002 - the same at any instant
        """The JSON as given, at any instant."""
        return self.body

    def task_list(self, now: datetime) -> list[Any]:  # noqa: ARG002 - the same at any instant
        """The tasks that are in the JSON, in either place."""
        return self.body.get("tasks") or self.body["spec"].get("tasks") or []


Scripted: TypeAlias = Execution | Verbatim


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
    generation: str = "mk3"
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
