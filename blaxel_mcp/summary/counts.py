"""How many of an execution's tasks are in which state."""

from typing import NamedTuple

from blaxel_mcp.models import JobExecutionStats
from blaxel_mcp.summary.tasks import TaskStats

STATS_KEYS = {"succeeded": "success", "failed": "failure", "cancelled": "cancelled", "running": "running"}
"""The API's key in `stats` for each task status that it counts."""


class TaskCounts(NamedTuple):
    """Numbers of tasks by state, `None` where the API does not say; `retried` overlaps the others.

    `unstated` tasks are in the list without a status, where no count tells what became of them.
    """

    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    cancelled: int | None = None
    running: int | None = None
    retried: int | None = None
    unstated: int = 0

    @property
    def settled(self) -> int:
        """The number of tasks that have ended."""
        return (self.succeeded or 0) + (self.failed or 0) + (self.cancelled or 0)

    @property
    def waiting(self) -> int | None:
        """The total less the others, never below zero, since the API has no count of waiting tasks."""
        known = self.settled + (self.running or 0) + self.unstated
        return None if self.total is None else max(0, self.total - known)


def count_tasks(stats: JobExecutionStats | None, total: int | None, tasks: TaskStats) -> TaskCounts:
    """The API's `stats`, and the task list for whatever those leave out; what neither says is `None`.

    Args:
        stats: the execution's counts.
        total: how many tasks it has by its counts or its configuration.
        tasks: statistics of its task list, which is counted only if it is whole.
    """
    stats = stats or JobExecutionStats()
    counts = {status: getattr(stats, key) for status, key in STATS_KEYS.items()}
    if tasks.listed and tasks.whole:
        for status, number in counts.items():
            if number is None and (tasks.statuses[status] or not tasks.unstated):
                counts[status] = tasks.statuses[status]
    if total is None and tasks.whole:
        total = tasks.listed or None
    known = sum(number or 0 for number in counts.values())
    unstated = max(0, tasks.unstated - known) if None in counts.values() else 0
    return TaskCounts(total=total, retried=stats.retried, unstated=unstated, **counts)
