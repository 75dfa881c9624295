"""From what the API answered to the summary of an execution: a pure function of its arguments."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from blaxel_mcp.models import ExecutionStatus, Job, JobExecution, parse_env_override, parse_timestamp
from blaxel_mcp.summary.causes import Cause
from blaxel_mcp.summary.changes import deployment_change, deployments_between, outstanding_changes
from blaxel_mcp.summary.conditions import group_remarks, has_failed_condition
from blaxel_mcp.summary.counts import TaskCounts, count_tasks
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary, ResolvedLatest
from blaxel_mcp.summary.failures import FailureGroup, group_failures
from blaxel_mcp.summary.history import MOST_CHANGES, History, look_back, runs_before
from blaxel_mcp.summary.next_step import seconds_to_next_poll, suggest_next_step
from blaxel_mcp.summary.runs import Run, usual_duration
from blaxel_mcp.summary.schedule import ScheduleCheck
from blaxel_mcp.summary.tasks import TaskList, TaskStats, scan_tasks
from blaxel_mcp.summary.timing import Timing, measure
from blaxel_mcp.summary.warnings import data_warnings, health_warnings, is_failing_fast

_BEFORE_A_START: frozenset[Cause] = frozenset({"quota", "image", "configuration", "platform", "cancelled", "unknown"})
"""Causes of failures that can come before a task has started."""


def summarize(
    execution: JobExecution,
    *,
    asked: tuple[str, str],
    workspace: str | None,
    now: datetime,
    tasks_apart: TaskList | None = None,
    runs: Sequence[Run] = (),
    latest: ResolvedLatest | None = None,
    schedule: ScheduleCheck | None = None,
    job: Job | None = None,
    taken: str = "",
) -> ExecutionSummary:
    """Summarize an execution.

    Args:
        execution: what the API answered.
        asked: job and execution as asked for, `latest` already resolved.
        workspace: the workspace that was called, for answers that do not name it.
        now: the present, in UTC.
        tasks_apart: its tasks, where they were read apart from it.
        runs: the job's newest executions, newest first, where those were listed; it may be among them.
        latest: set if the caller asked for `latest`.
        schedule: how the job keeps its schedule, where that was looked up.
        job: the job with its deployments, where that was looked up.
        taken: a sentence that says which execution was taken, where the caller did not give its ids.
    """
    status, metadata, spec = ExecutionStatus(execution.status), execution.metadata, execution.spec
    known = tasks_apart or TaskList.of(execution)
    tasks = scan_tasks(known, parse_timestamp(metadata.completedAt) if status.over else now)
    counts = count_tasks(execution.stats, execution.total, tasks)
    failed, remarking = tasks.failed, tasks.explained
    if status.outcome == "failed" and not failed:  # then what its tasks' conditions say of a failure is the reason
        failed = [task for task in tasks.explained if has_failed_condition(task)]
        remarking = [task for task in tasks.explained if not has_failed_condition(task)]
    failures, failures_omitted = group_failures(failed, counts.failed, whole=tasks.whole)
    usual = usual_duration(runs)
    run = Run.of(execution)._replace(tasks=counts.total, failed_tasks=counts.failed)
    timing = measure(execution, tasks, counts, now=now, usual=usual)
    failing_fast = is_failing_fast(status, counts, failures)
    never_started = _never_started(status, timing, tasks, counts, failures)
    summary = ExecutionSummary(
        status=status,
        counts=counts,
        tasks_known=tasks.whole,
        tasks_read=tasks.listed,
        failures=failures,
        failures_omitted=failures_omitted,
        remarks=group_remarks(remarking),
        failing_fast=failing_fast,
        never_started=never_started,
        warnings=[
            *data_warnings(execution, tasks, counts, never_started=never_started, now=now),
            *health_warnings(execution, tasks, counts, timing, failing_fast=failing_fast, usual=usual, now=now),
        ],
        timing=timing,
        next_step="",
        poll_after=seconds_to_next_poll(status, timing),
        parallelism=spec.parallelism,
        memory_mb=spec.memoryOverride or None,
        override_names=list(parse_env_override(spec.envOverride) or ()),
        job_id=metadata.job or asked[0],
        execution_id=metadata.id or asked[1],
        workspace=metadata.workspace or workspace or "",
        asked=asked,
        now=now,
        latest=latest,
        schedule=schedule,
        taken=taken,
        history=_history(run, runs, job, now) if status.over else None,
    )
    return summary._replace(next_step=suggest_next_step(summary))


def _history(run: Run, runs: Sequence[Run], job: Job | None, now: datetime) -> History | None:
    """The executions before it; of one that failed, also what stands out against the last success."""
    history = look_back(run, runs)
    if history is None or history.last_success is None or run.result != "failed":
        return history
    last = history.last_success
    deployed = deployment_change(deployments_between(job, (), last.created, run.created), now)
    changes = [*outstanding_changes(last, run, runs_before(run, runs)), *([deployed] if deployed else [])]
    return history._replace(changes=[change.text for change in changes[:MOST_CHANGES]])


def _never_started(
    status: ExecutionStatus, timing: Timing, tasks: TaskStats, counts: TaskCounts, failures: Sequence[FailureGroup]
) -> bool:
    """Whether it ended without a start. Where other times are absent too, nothing follows from an absent start."""
    if status.outcome not in {"failed", "cancelled", "timed_out"} or not (timing.created and timing.completed):
        return False
    # Failed tasks that were not read may have started.
    begun = timing.started or tasks.any_started or counts.succeeded or counts.running
    begun = begun or (counts.failed and not tasks.whole)
    return not begun and all(group.cause in _BEFORE_A_START for group in failures)


def add_evidence(summary: ExecutionSummary, evidence: Evidence) -> ExecutionSummary:
    """The summary with lines of log that tell why the tasks of its largest group of failures failed.

    Lines explain a group only if one tells of an error, and it is known that a task of the group wrote it, or there is
    no other group.
    """
    failures = list(summary.failures)
    if failures and evidence.log.sure and (evidence.task or (len(failures) == 1 and not summary.failures_omitted)):
        failures[0] = replace(failures[0], logged=evidence.log.line)
    summary = summary._replace(failures=failures, evidence=evidence)
    return summary._replace(next_step=suggest_next_step(summary))
