"""How many of an execution's tasks are in which state."""

from dataclasses import dataclass

from blaxel_mcp.models import JobExecutionStats
from blaxel_mcp.summary.tasks import TaskStats

STATS_KEYS = {"succeeded": "success", "failed": "failure", "cancelled": "cancelled", "running": "running"}
"""The API's key in `stats` for each task status that it counts."""


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Numbers of tasks by state, `None` where the API does not say; `retried` overlaps the others."""

    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    cancelled: int | None = None
    running: int | None = None
    retried: int | None = None

    @property
    def settled(self) -> int:
        """The number of tasks that have ended."""
        return (self.succeeded or 0) + (self.failed or 0) + (self.cancelled or 0)

    @property
    def waiting(self) -> int | None:
        """The total less the others, never below zero, since the API has no count of waiting tasks."""
        return None if self.total is None else max(0, self.total - self.settled - (self.running or 0))


def count_tasks(stats: JobExecutionStats | None, tasks: TaskStats) -> TaskCounts:
    """The API's `stats`, and the task list for whatever those leave out; what neither says is `None`."""
    stats = stats or JobExecutionStats()
    counts = {status: getattr(stats, key) for status, key in STATS_KEYS.items()}
    if tasks.listed:
        counts = {status: tasks.statuses[status] if number is None else number for status, number in counts.items()}
    total = tasks.listed or None if stats.total is None else stats.total
    return TaskCounts(total=total, retried=stats.retried, **counts)
