"""Whether a job needs somebody's attention, by its newest executions, its schedule and its deployment, and why."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias, get_args

from blaxel_mcp.models import ExecutionStatus, Job, JobExecution, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts, count_tasks
from blaxel_mcp.summary.runs import Run, is_overrunning, newest_streak, usual_duration
from blaxel_mcp.summary.schedule import ScheduleCheck, needs_attention
from blaxel_mcp.summary.tasks import TaskList, TaskStats, scan_tasks
from blaxel_mcp.summary.timing import measure, seconds_between
from blaxel_mcp.summary.warnings import is_failing_fast
from blaxel_mcp.summary.wording import format_age, format_duration, format_moment, plural

Urgency: TypeAlias = Literal["failed", "failing", "deployment", "schedule", "partial", "slow", "waiting"]
"""What kind of concern it is, the most urgent first: `partial` succeeded with failed tasks, `slow` runs for long."""


class Concern(NamedTuple):
    """Why a job needs attention: of which kind that is, and in a few words of our own, without text of the API."""

    urgency: Urgency
    words: str

    @property
    def rank(self) -> int:
        """Its place among other concerns, 0 for the most urgent ones."""
        return get_args(Urgency).index(self.urgency)


@dataclass(frozen=True, slots=True)
class NewestRuns:
    """A job's newest executions as the API listed them, small enough to keep while none of them goes on.

    Attributes:
        runs: the newest first.
        complete: whether they are all that the job has.
        read_at: when they were listed, in UTC.
        tasks: counts of the newest one's tasks.
        going: why the newest one needs attention while it goes on, as of `read_at`.
    """

    runs: Sequence[Run]
    complete: bool
    read_at: datetime
    tasks: TaskCounts | None = None
    going: Concern | None = None

    @classmethod
    def of(cls, executions: Sequence[JobExecution], now: datetime, *, complete: bool) -> "NewestRuns":
        """Executions that were listed just now, the newest first."""
        runs = list(map(Run.of, executions))
        if not executions:
            return cls(runs, complete, now)
        newest = executions[0]
        tasks = scan_tasks(TaskList.of(newest), now)
        counts = count_tasks(newest.stats, newest.total, tasks)
        return cls(runs, complete, now, counts, next(_going_on(newest, tasks, counts, runs, now), None))

    @property
    def over(self) -> bool:
        """Whether there are any, and none of them goes on."""
        return bool(self.runs) and all(run.ended for run in self.runs)


def find_concerns(job: Job, newest: NewestRuns, check: ScheduleCheck | None, now: datetime) -> list[Concern]:
    """Why a job needs attention, the most urgent reason first; empty if it doesn't.

    Of a job that is disabled, only what goes on counts: that it failed or is not deployed is nothing to wait for.
    """
    enabled = job.spec.get("enabled") is not False
    found = [newest.going, *((_ended(newest, now), _deployment(job), _schedule(check, now)) if enabled else ())]
    return sorted(filter(None, found), key=lambda concern: concern.rank)


def _ended(newest: NewestRuns, now: datetime) -> Concern | None:
    """How the newest execution that is over ended, if that is a concern."""
    if not newest.runs:
        return None
    run, streak, counts = newest.runs[0], newest_streak(newest.runs), newest.tasks or TaskCounts()
    failed, total = counts.failed or 0, counts.total
    part = f"{failed:,} of {plural(total, 'task')}" if total and total >= failed else plural(failed, "task")
    # Where all that were listed failed, there may be more.
    more = "" if newest.complete or any(one.result == "succeeded" for one in newest.runs) else " or more"
    in_a_row = f", {streak.length}{more} in a row" if streak and streak.length > 1 else ""
    match run.status.outcome:
        case "failed" | "timed_out" as outcome:
            verb = "failed" if outcome == "failed" else "timed out"
            tasks = f", {part}" if failed else ""
            return Concern("failed", f"{verb}{format_age(run.completed, now)}{in_a_row}{tasks}")
        case "succeeded" if failed:
            return Concern("partial", f"succeeded{format_age(run.completed, now)} with {part} failed")
        case _ if streak and streak.outcome == "failed" and streak.length > 1:
            # One that goes on, or that was cancelled, says nothing of a job that fails each time.
            return Concern("failed", f"the {streak.length}{more} before it failed")
    return None


def _going_on(
    execution: JobExecution, tasks: TaskStats, counts: TaskCounts, runs: Sequence[Run], now: datetime
) -> Iterator[Concern]:
    """Concerns about an execution that goes on, by the thresholds of its own answer's warnings."""
    status, run = ExecutionStatus(execution.status), Run.of(execution)
    if status.waiting:
        waited = seconds_between(run.created, now)
        if waited is not None and waited >= limits.QUEUED_SECONDS:
            yield Concern("waiting", f"{status.word} for {format_duration(waited)}")
    elif status.word == "running":
        if is_failing_fast(status, counts, ()):
            yield Concern("failing", f"running, {counts.failed:,} of {plural(counts.settled, 'finished task')} failed")
        timing, usual = measure(execution, tasks, counts, now=now), usual_duration(runs)
        if timing.stalled is not None:
            yield Concern("slow", f"running, but stalled for {format_duration(timing.stalled)}")
        running = seconds_between(run.started or run.created, now)
        if running is not None and usual and is_overrunning(running, usual):
            took = format_duration(usual.median)
            yield Concern("slow", f"running for {format_duration(running)}, usually {took}")
        elif running is not None and running > _longest_by_timeout(run):
            yield Concern("slow", f"running for {format_duration(running)}, past its timeout")
    elif status.word == "cancelling":
        changed = max(filter(None, (tasks.last_activity, parse_timestamp(execution.metadata.updatedAt))), default=None)
        idle = seconds_between(changed, now)
        if idle is not None and idle >= limits.CANCELLING_SECONDS:
            yield Concern("waiting", f"cancelling, without a change for {format_duration(idle)}")


def _longest_by_timeout(run: Run) -> float:
    """For how many seconds a run may go on if its timeout is for each task, which is not known: round after round."""
    rounds = math.ceil((run.tasks or 1) / run.parallelism) if run.parallelism else 1
    return run.timeout * rounds if run.timeout else math.inf


def _deployment(job: Job) -> Concern | None:
    failed = job.status and job.status.casefold() == "failed"
    return Concern("deployment", "deployment failed") if failed else None


def _schedule(check: ScheduleCheck | None, now: datetime) -> Concern | None:
    if check is None or check.last_due is None or not needs_attention(check):
        return None
    due = f"due {format_moment(check.last_due, now)}"
    match check.state:
        case "overlapped":
            return Concern("schedule", f"{due}, but an earlier one still goes on")
        case "late":
            return Concern("schedule", f"late, {due}")
        case _ if (now - check.last_due).total_seconds() < limits.SCHEDULE_SLACK_SECONDS:
            # Missed is the time before, of which the check doesn't say when it was.
            return Concern("schedule", "missed its schedule")
        case _:
            return Concern("schedule", f"missed its schedule, {due}")
