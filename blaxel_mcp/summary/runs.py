"""A job's executions side by side: what each one comes down to, streaks among them, and how long one usually takes."""

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from operator import itemgetter
from statistics import median
from typing import Literal, NamedTuple, TypeAlias

from blaxel_mcp.models import ExecutionStatus, JobExecution, parse_duration, parse_env_override, parse_timestamp
from blaxel_mcp.summary import limits

Result: TypeAlias = Literal["succeeded", "failed"]
"""How a run counts for its job; one that timed out counts as failed, one that was cancelled has no result."""


class Run(NamedTuple):
    """An execution without its tasks, small enough to keep. What the API does not say is `None`; texts are not cleaned.

    Attributes:
        execution_id: empty where the API gives none.
        status: the API's word.
        created: moments are in UTC.
        tasks: how many tasks it has; of those, `succeeded_tasks` and `failed_tasks`.
        parallelism: how many tasks may run at a time.
        memory_mb: memory that it was given instead of its job's, in MB.
        timeout: in seconds.
        override_names: names of the environment variables that it overrides.
    """

    execution_id: str
    status: ExecutionStatus
    created: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None
    tasks: int | None = None
    succeeded_tasks: int | None = None
    failed_tasks: int | None = None
    parallelism: int | None = None
    memory_mb: int | None = None
    timeout: int | None = None
    override_names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, execution: JobExecution) -> "Run":
        """The execution as the API listed it."""
        metadata, spec, stats = execution.metadata, execution.spec, execution.stats
        total = execution.total
        return cls(
            execution_id=metadata.id or "",
            status=ExecutionStatus(execution.status),
            created=parse_timestamp(metadata.createdAt),
            started=parse_timestamp(metadata.startedAt),
            completed=parse_timestamp(metadata.completedAt),
            tasks=(len(execution.task_list) or None) if total is None else total,
            succeeded_tasks=stats.success if stats else None,
            failed_tasks=stats.failure if stats else None,
            parallelism=spec.parallelism,
            memory_mb=spec.memoryOverride or None,
            timeout=parse_duration(spec.timeout),
            override_names=frozenset(parse_env_override(spec.envOverride) or ()),
        )

    @property
    def result(self) -> Result | None:
        """How it counts for its job; `None` while it goes on, if it was cancelled, or if its status is not known."""
        match self.status.outcome:
            case "succeeded":
                return "succeeded"
            case "failed" | "timed_out":
                return "failed"
            case _:
                return None

    @property
    def ended(self) -> bool:
        """Whether it goes on no longer, by its status, or by its end where the status is not a known one."""
        return self.status.over or (self.status.outcome == "unknown" and self.completed is not None)

    @property
    def seconds(self) -> int | None:
        """Whole seconds from its start to its end; `None` while it goes on."""
        if not (self.ended and self.started and self.completed and self.completed >= self.started):
            return None
        return round((self.completed - self.started).total_seconds())


def newest_first(executions: Iterable[JobExecution]) -> list[JobExecution]:
    """The executions of a list that have an id, the newest first: older API versions may list them in another order."""
    known = [execution for execution in executions if execution.metadata.id]
    dated = [(created, one) for one in known if (created := parse_timestamp(one.metadata.createdAt))]
    if len(dated) < len(known):
        return known
    return [one for _, one in sorted(dated, key=itemgetter(0), reverse=True)]


class Streak(NamedTuple):
    """So many executions in a row had the same result."""

    outcome: Result
    length: int


def newest_streak(runs: Iterable[Run]) -> Streak | None:
    """The streak that the newest of the runs is part of; those without a result neither count nor interrupt it.

    `runs` come newest first. `None` if none has a result.
    """
    results = [run.result for run in runs if run.result]
    return Streak(results[0], len(list(takewhile(results[0].__eq__, results)))) if results else None


class UsualDuration(NamedTuple):
    """How long a job usually runs: the durations of its recent successful executions, in seconds, sorted."""

    durations: tuple[int, ...]

    @property
    def median(self) -> int:
        """The median of the durations, in seconds."""
        return round(median(self.durations))


def usual_duration(runs: Iterable[Run]) -> UsualDuration | None:
    """What a job's recent successful executions took; `None` where there are too few to tell."""
    durations = sorted(run.seconds for run in runs if run.result == "succeeded" and run.seconds)
    return UsualDuration(tuple(durations)) if len(durations) >= limits.BASIS_EXECUTIONS else None


def is_overrunning(seconds: int, usual: UsualDuration) -> bool:
    """Whether an execution has been running for much longer than its job usually does."""
    return seconds > max(limits.OVERRUN_FACTOR * usual.median, usual.durations[-1])
