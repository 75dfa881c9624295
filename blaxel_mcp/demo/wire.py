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
    """A job and its executions, newest first. `schedule` is a cron expression; `envs` are names of variables.

    It was deployed when it was `created`, and then each time in `deployed`, oldest first.
    """

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
    deployed: tuple[datetime, ...] = ()

    @property
    def status(self) -> str:
        """The status of the job's deployment, which says nothing about its executions."""
        return "DEPLOYED" if self.enabled else "DEACTIVATED"

    def wire(self) -> Json:
        """The job as JSON (schema `Job`), with environment values masked as the API masks them."""
        deployments = self._deployments
        revision, newest = deployments[-1]
        metadata: Json = {
            "name": self.name,
            "workspace": self.workspace,
            "createdAt": stamp(self.created, 3),
            "updatedAt": newest,
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
        events = [
            {
                "type": "deployment",
                "status": "DEPLOYED",
                "time": time,
                "revision": deployed,
                "message": "Deployment successful",
            }
            for deployed, time in deployments
        ]
        return {"metadata": metadata, "spec": spec, "status": self.status, "events": events}

    def revisions(self) -> list[Json]:
        """The job's deployments, newest first (schema `RevisionMetadata` of Blaxel's Python client)."""
        newest_first = list(reversed(self._deployments))
        return [
            {
                "id": revision,
                "active": number == 0,
                "previousActive": number == 1,
                "canary": False,
                "createdAt": time,
                "createdBy": "ops@example.com",
                "status": "DEPLOYED" if number == 0 else "TERMINATED",
                "trafficPercent": 100 if number == 0 else 0,
            }
            for number, (revision, time) in enumerate(newest_first)
        ]

    @property
    def _deployments(self) -> list[tuple[str, str]]:
        """Revision and time of each deployment, oldest first."""
        times = (self.created, *self.deployed)
        return [(f"rev-{self.name[:3]}{number:03d}", stamp(time, 3)) for number, time in enumerate(times, 1)]
