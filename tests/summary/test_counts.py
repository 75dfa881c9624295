"""How many tasks are in each state: the API's counts first, the task list for whatever those leave out."""

from collections import Counter
from typing import Any

import pytest

from blaxel_mcp.models import JobExecutionStats
from blaxel_mcp.summary.counts import TaskCounts, count_tasks
from blaxel_mcp.summary.tasks import TaskStats


def listed(*, whole: bool = True, **statuses: int) -> TaskStats:
    """A task list with so many of each status; `none` are without one."""
    counted = Counter({"" if status == "none" else status: number for status, number in statuses.items()})
    return TaskStats(listed=counted.total(), whole=whole, statuses=counted)


@pytest.mark.parametrize(
    ("stats", "total", "tasks", "expected"),
    [
        (None, None, listed(whole=False), TaskCounts()),
        # An empty list says nothing, not even that there are no tasks.
        (None, None, listed(), TaskCounts()),
        (
            {"success": 2, "failure": 1, "cancelled": 0, "running": 1, "retried": 3},
            5,
            listed(succeeded=9),
            TaskCounts(5, 2, 1, 0, 1, 3),
        ),
        # Whatever the counts leave out is counted in the list.
        (None, None, listed(succeeded=2, failed=1), TaskCounts(3, 2, 1, 0, 0)),
        ({"success": 7}, None, listed(succeeded=2, failed=1), TaskCounts(3, 7, 1, 0, 0)),
        (None, 4, listed(succeeded=2), TaskCounts(4, 2, 0, 0, 0)),
        # Not in a part of one.
        (None, None, listed(whole=False, succeeded=2), TaskCounts()),
        # Of tasks without a status nobody knows what became of them, so that none of a kind is not known either.
        (None, None, listed(none=3), TaskCounts(3, unstated=3)),
        (None, None, listed(none=3, failed=1), TaskCounts(4, failed=1, unstated=2)),
        ({"success": 2}, None, listed(none=3), TaskCounts(3, succeeded=2, unstated=1)),
        ({"success": 5}, None, listed(none=3), TaskCounts(3, succeeded=5)),
        (
            {"success": 1, "failure": 0, "cancelled": 0, "running": 0},
            None,
            listed(none=3),
            TaskCounts(3, 1, 0, 0, 0),
        ),
    ],
)
def test_counts(stats: dict[str, Any] | None, total: int | None, tasks: TaskStats, expected: TaskCounts) -> None:
    """What neither says is not known; no task is counted twice."""
    assert count_tasks(JobExecutionStats(**stats) if stats else None, total, tasks) == expected


@pytest.mark.parametrize(
    ("counts", "settled", "waiting"),
    [
        (TaskCounts(), 0, None),
        (TaskCounts(9), 0, 9),
        (TaskCounts(9, 1, 2, 3, 1), 6, 2),
        (TaskCounts(9, 1, 2, 3, 1, retried=4, unstated=1), 6, 1),
        (TaskCounts(3, 2, 2), 4, 0),
    ],
)
def test_those_that_wait_are_the_others(counts: TaskCounts, settled: int, waiting: int | None) -> None:
    """The API has no count of them, and its counts need not add up; those retried are among the others."""
    assert (counts.settled, counts.waiting) == (settled, waiting)
