"""An execution as one value that says everything worth saying about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from blaxel_mcp.models import ExecutionStatus, JobExecution, parse_env_override, parse_timestamp
from blaxel_mcp.summary.counts import TaskCounts, count_tasks
from blaxel_mcp.summary.estimate import UsualDuration
from blaxel_mcp.summary.failures import FailureGroup, group_failures
from blaxel_mcp.summary.next_step import seconds_to_next_poll, suggest_next_step
from blaxel_mcp.summary.tasks import scan_tasks
from blaxel_mcp.summary.timing import Timing, measure
from blaxel_mcp.summary.warnings import data_warnings, health_warnings


@dataclass(frozen=True, slots=True)
class ResolvedLatest:
    """That the caller asked for `latest`, with the execution before this one where that was looked up."""

    previous: JobExecution | None = None


@dataclass(frozen=True, slots=True)
class ExecutionSummary:
    """Everything there is to say about an execution. Strings that come from the API are not cleaned yet.

    Attributes:
        failures: failed tasks by reason, the largest group first; `failures_omitted` counts those in further groups.
        poll_after: seconds after which asking again makes sense; `None` once it is over.
        memory_mb: memory that the execution was given instead of its job's, in MB.
        job_id: the job as the API gives it, else as asked; `execution_id` and `workspace` likewise.
        asked: job and execution as asked for, `latest` resolved.
        now: the present, in UTC.
        latest: set if the caller asked for `latest`.
        preface: a sentence of ours that comes first, such as what was done before the execution was looked at.
    """

    status: ExecutionStatus
    counts: TaskCounts
    failures: Sequence[FailureGroup]
    failures_omitted: int
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
    preface: str = ""

    @property
    def done(self) -> bool:
        """Whether the execution has come to an end."""
        return self.status.over


def summarize(
    execution: JobExecution,
    *,
    asked: tuple[str, str],
    workspace: str | None,
    now: datetime,
    usual: UsualDuration | None = None,
    latest: ResolvedLatest | None = None,
) -> ExecutionSummary:
    """Summarize an execution; a pure function of its arguments.

    Args:
        execution: what the API answered.
        asked: job and execution as asked for, `latest` already resolved.
        workspace: the workspace that was called, for answers that do not name it.
        now: the present, in UTC.
        usual: how long the job usually runs, where that is known.
        latest: set if the caller asked for `latest`.
    """
    status, metadata, spec = ExecutionStatus(execution.status), execution.metadata, execution.spec
    tasks = scan_tasks(execution.task_list, parse_timestamp(metadata.completedAt) if status.over else now)
    counts = count_tasks(execution.stats, tasks)
    failures, failures_omitted = group_failures(tasks.failed, counts.failed)
    timing = measure(execution, tasks, counts, now=now, usual=usual)
    poll_after = seconds_to_next_poll(status, timing)
    memory_mb = spec.memoryOverride or None
    return ExecutionSummary(
        status=status,
        counts=counts,
        failures=failures,
        failures_omitted=failures_omitted,
        warnings=[
            *data_warnings(execution, tasks, counts, asked=asked, now=now),
            *health_warnings(execution, tasks, timing, usual=usual, now=now),
        ],
        timing=timing,
        next_step=suggest_next_step(
            asked, status=status, failures=failures, timing=timing, memory_mb=memory_mb, poll_after=poll_after
        ),
        poll_after=poll_after,
        parallelism=spec.parallelism,
        memory_mb=memory_mb,
        override_names=list(parse_env_override(spec.envOverride) or ()),
        job_id=metadata.job or asked[0],
        execution_id=metadata.id or asked[1],
        workspace=metadata.workspace or workspace or "",
        asked=asked,
        now=now,
        latest=latest,
    )
