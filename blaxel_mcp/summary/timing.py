"""When it started, how long it took, how long it may still take, and when to ask again."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median, quantiles

from blaxel_mcp.models import JobExecution, parse_duration, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.tasks import Survey, TimedTask
from blaxel_mcp.summary.wording import format_duration


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds left: a likely value, a range around it, and in words what they stand on."""

    seconds: int
    low: int
    high: int
    basis: str


@dataclass(frozen=True, slots=True)
class Usual:
    """How long this job usually runs: seconds of its recent successful executions, sorted."""

    durations: tuple[int, ...]

    @property
    def typical(self) -> int:
        """Their median, in seconds."""
        return round(median(self.durations))


@dataclass(frozen=True, slots=True)
class Timing:
    """Moments in UTC, spans in whole seconds; `None` where the API does not say.

    `queued` counts from creation to start, `running` from start to end; both up to now while that end is open.
    `slowest` is of the finished tasks, where there are several; `longest` is of those that run as well.
    """

    created: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None
    queued: int | None = None
    running: int | None = None
    timeout: int | None = None
    slowest: TimedTask | None = None
    longest: float | None = None
    median: int | None = None
    estimate: Estimate | None = None
    usual: Usual | None = None


def usual_duration(executions: Iterable[JobExecution]) -> Usual | None:
    """What the job's recent successful executions took; `None` where there are too few."""
    durations = []
    for execution in executions:
        started = parse_timestamp(execution.metadata.startedAt)
        completed = parse_timestamp(execution.metadata.completedAt)
        if (execution.status or "").casefold() == "succeeded" and started and completed and completed > started:
            durations.append(round((completed - started).total_seconds()))
    return Usual(tuple(sorted(durations))) if len(durations) >= limits.BASIS_EXECUTIONS else None


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    if start is None or end is None or end < start:
        return None
    return round((end - start).total_seconds())


def measure(
    execution: JobExecution,
    found: Survey,
    counts: TaskCounts,
    *,
    status: str,
    done: bool,
    now: datetime,
    usual: Usual | None = None,
) -> Timing:
    """All of it. An estimate is only made of a running execution, and only where something carries it."""
    created = parse_timestamp(execution.metadata.createdAt)
    started = parse_timestamp(execution.metadata.startedAt)
    completed = parse_timestamp(execution.metadata.completedAt)
    # One that has begun by its status but has no start time may have waited for any part of its life.
    begun = started or (now if status in {"queued", "pending"} else None)
    running = _seconds(started, completed if done else now)
    estimate = None
    if status == "running":
        estimate = (
            estimate_from_tasks(found, counts, execution.spec.parallelism)
            or estimate_from_rate(found, counts, execution.spec.parallelism, running)
            or estimate_from_history(usual, running)
        )
    return Timing(
        created=created,
        started=started,
        completed=completed,
        queued=_seconds(created, begun),
        running=running,
        timeout=parse_duration(execution.spec.timeout),
        slowest=found.slowest if len(found.durations) > 1 else None,
        longest=max((t.seconds for t in (found.slowest, found.longest_running) if t), default=None),
        median=round(median(found.durations)) if len(found.durations) >= limits.MEDIAN_TASKS else None,
        estimate=estimate,
        usual=usual,
    )


def _spread(durations: Sequence[float]) -> tuple[float, float, float]:
    """A low, a middle and a high value: quartile, median and nine tenths; the extremes while there are few."""
    ordered = sorted(durations)
    if len(ordered) < 8:  # noqa: PLR2004 - below it a quartile is little more than one task
        return ordered[0], median(ordered), ordered[-1]
    low, middle, _ = quantiles(ordered, n=4)
    return low, middle, ordered[int(len(ordered) * 0.9)]


def estimate_from_tasks(found: Survey, counts: TaskCounts, parallelism: int | None) -> Estimate | None:
    """From the execution's own finished tasks: what waits is done `parallelism` at a time, what runs is finished.

    The low end packs quick tasks without a gap, the high end runs slow ones in whole rounds. None once every task that
    is left runs and has outlasted the slow ones: nothing finished is like them.
    """
    waiting = counts.waiting
    if len(found.durations) < limits.BASIS_TASKS or waiting is None:
        return None
    running = max(len(found.elapsed), counts.running or 0)
    lanes = parallelism or running
    if waiting + running == 0 or lanes == 0:
        return None
    # Running tasks that only the counts know of are taken as half done. Their number is the API's word: multiply, and
    # never make a list of it.
    unlisted = min(running - len(found.elapsed), lanes)

    def left(task: float) -> tuple[float, float]:
        """Seconds that running tasks have left if each takes this long: of all together, and of the longest."""
        listed = [max(0.0, task - elapsed) for elapsed in found.elapsed]
        half = task / 2 if unlisted else 0.0
        return sum(listed) + unlisted * half, max([*listed, half])

    low, middle, high = _spread(found.durations)
    longest = math.ceil(waiting / lanes) * high + left(high)[1]
    if longest <= 0:
        return None
    together, last = left(low)
    shortest = max((waiting * low + together) / lanes, last)
    mean = left(middle)[0] / (len(found.elapsed) + unlisted) if running else 0.0
    likely = math.ceil(waiting / lanes) * middle + mean
    return Estimate(
        seconds=round(min(max(likely, shortest), longest)),
        low=round(min(shortest, longest)),
        high=round(longest),
        basis=f"{len(found.durations):,} finished tasks of this execution (median {format_duration(middle)}), "
        f"{waiting + running:,} left, {lanes:,} at a time",
    )


def estimate_from_rate(
    found: Survey, counts: TaskCounts, parallelism: int | None, running: int | None
) -> Estimate | None:
    """From the counts alone, where no task list says how long a task takes: as many again in as much time.

    What runs now is somewhere between not begun and done, and that is the range.
    """
    settled, total = counts.settled, counts.total
    if found.listed or settled < limits.BASIS_TASKS or not total or not running or settled >= total:
        return None
    begun = min(counts.running if counts.running is not None else parallelism or 0, total - settled)

    def left(done: float) -> int:
        return round(running * (total - done) / done)

    return Estimate(
        seconds=left(settled + begun / 2),
        low=left(settled + begun),
        high=left(settled),
        basis=f"{settled:,} of {total:,} tasks finished in {format_duration(running)}",
    )


def estimate_from_history(usual: Usual | None, running: int | None) -> Estimate | None:
    """From the job's recent successful executions that took longer than this one has; none once it outlasts all."""
    if usual is None or running is None:
        return None
    ahead = [duration - running for duration in usual.durations if duration > running]
    if not ahead:
        return None
    low, middle, high = _spread(ahead)
    return Estimate(
        seconds=round(middle),
        low=round(low),
        high=round(high),
        basis=f"{len(usual.durations):,} recent successful executions (median {format_duration(usual.typical)})",
    )


def poll_after(status: str, timing: Timing) -> int:
    """Seconds after which the answer may have changed enough to be worth asking again. For unfinished ones."""
    if status != "running":
        return limits.POLL_WAITING_SECONDS
    if timing.estimate is not None:
        shortest, longest = limits.POLL_ESTIMATED_SECONDS
        return min(longest, max(shortest, timing.estimate.seconds // 2))
    shortest, longest = limits.POLL_SECONDS
    return min(longest, max(shortest, (timing.running or 0) // 10))
