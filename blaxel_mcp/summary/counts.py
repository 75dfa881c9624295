"""How many tasks are in which state."""

from dataclasses import dataclass

from blaxel_mcp.models import JobExecutionStats
from blaxel_mcp.summary.tasks import Survey


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Numbers of tasks; `None` where nothing says. `retried` overlaps the others."""

    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    cancelled: int | None = None
    running: int | None = None
    retried: int | None = None

    @property
    def settled(self) -> int:
        """Tasks that have ended."""
        return (self.succeeded or 0) + (self.failed or 0) + (self.cancelled or 0)

    @property
    def waiting(self) -> int | None:
        """Total less the others, never below zero: the API has no count for it."""
        return None if self.total is None else max(0, self.total - self.settled - (self.running or 0))


# Our name of a count, the API's key in `stats`, the status of a task in the list.
_SOURCES = (
    ("succeeded", "success", "succeeded"),
    ("failed", "failure", "failed"),
    ("cancelled", "cancelled", "cancelled"),
    ("running", "running", "running"),
)


def count_tasks(stats: JobExecutionStats | None, found: Survey) -> TaskCounts:
    """`stats` win; what they leave out comes from the task list, and with neither it stays absent."""
    counts = {"total": stats.total if stats else None, "retried": stats.retried if stats else None}
    for name, key, status in _SOURCES:
        counts[name] = getattr(stats, key) if stats else None
        if counts[name] is None and found.listed:
            counts[name] = found.statuses[status]
    if counts["total"] is None and found.listed:
        counts["total"] = found.listed
    return TaskCounts(**counts)


def disagreements(stats: JobExecutionStats | None, found: Survey, counts: TaskCounts) -> list[str]:
    """Where the API's counts contradict its own task list, or themselves; one sentence each."""
    said = []
    if stats is not None and found.listed:
        differing = [
            f"{getattr(stats, key):,} {name} against {found.statuses[status]:,}"
            for name, key, status in _SOURCES
            if getattr(stats, key) not in {None, found.statuses[status]}
        ]
        if stats.total not in {None, found.listed}:
            differing.append(f"{stats.total:,} in all against {found.listed:,}")
        if differing:
            pairs = ", ".join(differing)
            said.append(f"The API's counts disagree with its own task list: {pairs}; the counts are used.")
    parts = counts.settled + (counts.running or 0)
    if counts.total is not None and parts > counts.total:
        said.append(f"The counts do not add up: {parts:,} tasks in the states named, of {counts.total:,} in all.")
    return said
