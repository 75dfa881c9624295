"""An execution as one value that holds everything worth saying about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from blaxel_mcp.models import ExecutionStatus, JobExecution
from blaxel_mcp.summary.causes import Origin
from blaxel_mcp.summary.conditions import Remark
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.history import History
from blaxel_mcp.summary.schedule import ScheduleCheck
from blaxel_mcp.summary.telling import TellingLog
from blaxel_mcp.summary.timing import Timing


class ResolvedLatest(NamedTuple):
    """That the caller asked for `latest`, with the execution before this one where that was looked up."""

    previous: JobExecution | None = None


class Evidence(NamedTuple):
    """What a failed task's log tells of why it failed; not cleaned.

    `task` is the task's name, empty where it is not known which of the failed tasks wrote it.
    """

    task: str
    log: TellingLog


class ExecutionSummary(NamedTuple):
    """Everything there is to say about an execution. Strings that come from the API are not cleaned yet.

    Attributes:
        tasks_known: whether all its tasks are known; not where they are kept apart and were not, or only partly, read.
        tasks_read: how many tasks are known.
        failures: failed tasks by reason, the largest group first; `failures_omitted` counts those in further groups.
        remarks: what tasks say that neither failed nor succeeded, said by most tasks first.
        failing_fast: whether most of its finished tasks failed for one reason while many still wait.
        never_started: whether it came to an end without ever having started.
        next_step: the one thing to do next.
        poll_after: seconds after which asking again makes sense; `None` once it is over.
        memory_mb: memory that the execution was given instead of its job's, in MB.
        job_id: the job as the API gives it, else as asked; `execution_id` and `workspace` likewise.
        asked: job and execution as asked for, `latest` resolved.
        now: the present, in UTC.
        latest: set if the caller asked for `latest`; then `schedule` too, if the job has one and that was looked up.
        taken: a sentence of ours that says which execution was taken, where the caller did not give its ids.
        history: what the executions before it say about it, once it is over.
        evidence: lines of a failed task's log, where that was looked up.
        preface: a sentence of ours that comes first, such as what was done before the execution was looked at.
    """

    status: ExecutionStatus
    counts: TaskCounts
    tasks_known: bool
    tasks_read: int
    failures: Sequence[FailureGroup]
    failures_omitted: int
    remarks: Sequence[Remark]
    failing_fast: bool
    never_started: bool
    warnings: Sequence[str]
    timing: Timing
    next_step: str
    poll_after: int | None
    parallelism: int | None
    memory_mb: int | None
    override_names: Sequence[str]
    job_id: str
    execution_id: str
    workspace: str
    asked: tuple[str, str]
    now: datetime
    latest: ResolvedLatest | None = None
    schedule: ScheduleCheck | None = None
    taken: str = ""
    history: History | None = None
    evidence: Evidence | None = None
    preface: str = ""

    @property
    def done(self) -> bool:
        """Whether the execution has come to an end."""
        return self.status.over

    @property
    def origin(self) -> Origin | None:
        """Whose the failures are; `None` unless that is sure, and the same for every group."""
        origins = {group.origin for group in self.failures}
        return origins.pop() if len(origins) == 1 else None

    @property
    def unexplained(self) -> bool:
        """Whether it failed, or most of its failed tasks did, and only a log can tell why."""
        if not self.failures:
            return self.status.outcome == "failed"
        return self.failures[0].unexplained
