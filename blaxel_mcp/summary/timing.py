"""When an execution started and ended, and how long it and its tasks took."""

from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from blaxel_mcp.models import ExecutionStatus, JobExecution, parse_duration, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.runs import UsualDuration
from blaxel_mcp.summary.tasks import TaskStats, TimedTask

if TYPE_CHECKING:
    from blaxel_mcp.summary.estimate import Estimate


class Timing(NamedTuple):
    """Moments in UTC and durations in seconds; `None` where the API does not say.

    Attributes:
        queued: seconds from creation to start, or to now while it waits.
        running: seconds from start to end, or to now while it runs.
        stalled: seconds without a start or end of a task, if that is long enough to call it stalled.
        slowest: the slowest finished task, where there are several.
        stands_out: whether the slowest task took much longer than the median one.
        longest: the task that has taken longest, finished or running.
        longest_running: the task that has been running for longest.
        ended_ago: seconds since its end, by a clock that is not behind the API's.
        median: the median seconds of the finished tasks.
    """

    created: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None
    queued: int | None = None
    running: int | None = None
    stalled: float | None = None
    timeout: int | None = None
    slowest: TimedTask | None = None
    stands_out: bool = False
    longest: TimedTask | None = None
    longest_running: TimedTask | None = None
    ended_ago: int | None = None
    median: int | None = None
    estimate: "Estimate | None" = None

    @property
    def seconds_to_timeout(self) -> int | None:
        """What is left of the timeout, if that is for the whole execution; `None` where it can't be."""
        if not self.timeout or self.running is None or self.running > self.timeout:
            return None
        return self.timeout - self.running


def seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Whole seconds from one moment to the other; `None` where either is absent or they are out of order."""
    return round((end - start).total_seconds()) if start and end and end >= start else None


def measure(
    execution: JobExecution,
    tasks: TaskStats,
    counts: TaskCounts,
    *,
    now: datetime,
    usual: UsualDuration | None = None,
) -> Timing:
    """Measure an execution. Only a running one that has not stalled gets an estimate of the time left."""
    status = ExecutionStatus(execution.status)
    created = parse_timestamp(execution.metadata.createdAt)
    started = parse_timestamp(execution.metadata.startedAt)
    completed = parse_timestamp(execution.metadata.completedAt)
    # One with a word that is not known may have ended all the same: then its end counts.
    ended = completed if status.over or status.outcome == "unknown" else None
    running = seconds_between(started, ended if status.over else ended or now)
    slowest = tasks.slowest if tasks.whole and len(tasks.durations) > 1 else None
    stalled = estimate = None
    middle = median(tasks.durations) if tasks.durations else 0.0
    usual_task = round(middle) if len(tasks.durations) >= limits.MEDIAN_TASKS else None
    if status.word == "running":
        stalled = _stalled(tasks, counts, now, usual_task)
        if stalled is None:
            from blaxel_mcp.summary.estimate import estimate_remaining  # noqa: PLC0415 - most executions are over

            estimate = estimate_remaining(
                tasks, counts, parallelism=execution.spec.parallelism, running=running, usual=usual
            )
    return Timing(
        created=created,
        started=started,
        completed=completed,
        # An execution that has begun by its status but has no start time may have waited for any part of its life.
        queued=seconds_between(created, started or (now if status.waiting else None)),
        running=running,
        stalled=stalled,
        timeout=parse_duration(execution.spec.timeout),
        # Of a part of the tasks neither is known: further on there may be slower ones.
        slowest=slowest,
        stands_out=bool(slowest and slowest.seconds >= limits.SLOWEST_MEDIANS * middle and slowest.seconds > middle),
        longest=_longest(tasks) if tasks.whole else None,
        longest_running=tasks.longest_running if tasks.whole else None,
        ended_ago=seconds_between(completed, now) if status.over else None,
        median=usual_task,
        estimate=estimate,
    )


def _longest(tasks: TaskStats) -> TimedTask | None:
    timed = filter(None, (tasks.slowest, tasks.longest_running))
    return max(timed, key=lambda task: task.seconds, default=None)


def _stalled(tasks: TaskStats, counts: TaskCounts, now: datetime, usual_task: int | None) -> float | None:
    """Seconds since the last start or end of a task; `None` unless that is much longer than a task usually takes."""
    all_ended = counts.total is not None and counts.settled >= counts.total
    if tasks.last_activity is None or usual_task is None or all_ended or not tasks.whole:
        return None
    idle = (now - tasks.last_activity).total_seconds()
    return idle if idle > max(limits.STALL_SECONDS, limits.STALL_MEDIANS * usual_task) else None
