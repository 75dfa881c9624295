"""How long a running execution may still take, and what that estimate is based on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.runs import UsualDuration
from blaxel_mcp.summary.tasks import TaskStats
from blaxel_mcp.summary.wording import format_duration


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds left: a likely value, a range around it, and in words what they stand on."""

    seconds: int
    low: int
    high: int
    basis: str


def estimate_remaining(
    tasks: TaskStats, counts: TaskCounts, *, parallelism: int | None, running: int | None, usual: UsualDuration | None
) -> Estimate | None:
    """An estimate from the best basis there is; `None` where nothing carries one.

    Args:
        tasks: statistics of the execution's task list.
        counts: the execution's tasks by state.
        parallelism: how many tasks may run at a time.
        running: for how many seconds the execution has been running.
        usual: how long the job usually runs.
    """
    return (
        estimate_from_tasks(tasks, counts, parallelism)
        or estimate_from_rate(tasks, counts, parallelism, running)
        or estimate_from_history(usual, running)
    )


def _spread(durations: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the 90th percentile; minimum and maximum instead while there are few."""
    ordered = sorted(durations)
    if len(ordered) < 8:  # noqa: PLR2004 - below it a quartile is little more than one task
        return ordered[0], median(ordered), ordered[-1]
    low, middle, _ = quantiles(ordered, n=4)
    return low, middle, ordered[int(len(ordered) * 0.9)]


def estimate_from_tasks(tasks: TaskStats, counts: TaskCounts, parallelism: int | None) -> Estimate | None:
    """Estimate from the execution's own finished tasks: waiting ones run `parallelism` at a time, running ones finish.

    The low end packs quick tasks without a gap, the high end runs slow ones in whole rounds. `None` once every task
    that is left runs and has taken longer than the slow ones: no finished task is like them.
    """
    waiting = counts.waiting
    if len(tasks.durations) < limits.BASIS_TASKS or waiting is None:
        return None
    running = max(len(tasks.elapsed), counts.running or 0)
    slots = parallelism or running
    if waiting + running == 0 or slots == 0:
        return None
    # Running tasks that only the counts know of are taken as half done. Their number is the API's word: multiply, and
    # never make a list of it.
    unlisted = min(running - len(tasks.elapsed), slots)

    def remaining(task: float) -> tuple[float, float]:
        """The seconds that running tasks have left if each takes `task` seconds: their sum, and the longest."""
        listed = [max(0.0, task - elapsed) for elapsed in tasks.elapsed]
        half = task / 2 if unlisted else 0.0
        return sum(listed) + unlisted * half, max([*listed, half])

    low, middle, high = _spread(tasks.durations)
    longest = math.ceil(waiting / slots) * high + remaining(high)[1]
    if longest <= 0:
        return None
    together, last = remaining(low)
    shortest = max((waiting * low + together) / slots, last)
    mean = remaining(middle)[0] / (len(tasks.elapsed) + unlisted) if running else 0.0
    likely = math.ceil(waiting / slots) * middle + mean
    return Estimate(
        seconds=round(min(max(likely, shortest), longest)),
        low=round(min(shortest, longest)),
        high=round(longest),
        basis=f"{len(tasks.durations):,} finished tasks of this execution (median {format_duration(middle)}), "
        f"{waiting + running:,} left, {slots:,} at a time",
    )


def estimate_from_rate(
    tasks: TaskStats, counts: TaskCounts, parallelism: int | None, running: int | None
) -> Estimate | None:
    """Estimate from the counts alone, where no task list says how long a task takes: as many again in as much time.

    Tasks that run now are somewhere between not begun and done, which makes the range.
    """
    settled, total = counts.settled, counts.total
    if (tasks.listed and tasks.whole) or settled < limits.BASIS_TASKS or not total or not running or settled >= total:
        return None
    begun = min(counts.running if counts.running is not None else parallelism or 0, total - settled)

    def remaining(done: float) -> int:
        return round(running * (total - done) / done)

    return Estimate(
        seconds=remaining(settled + begun / 2),
        low=remaining(settled + begun),
        high=remaining(settled),
        basis=f"{settled:,} of {total:,} tasks finished in {format_duration(running)}",
    )


def estimate_from_history(usual: UsualDuration | None, running: int | None) -> Estimate | None:
    """Estimate from the job's recent successful executions that took longer than this one has been running for.

    Once this one has outlasted them all there is no basis.
    """
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
        basis=f"{len(usual.durations):,} recent successful executions (median {format_duration(usual.median)})",
    )
