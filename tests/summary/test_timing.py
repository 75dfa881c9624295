"""Times of an execution, and when to ask again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.builders import NOW, ago, answer, execution, runs_that_took, task

from blaxel_mcp.summary.timing import seconds_between


def test_times_of_a_finished_execution() -> None:
    """Queued is counted from creation to start, running from start to end."""
    assert answer(execution("succeeded", (730, 726, 6), timeout=3600))["timing"] == {
        "createdAt": "2026-11-24T11:47:50Z",
        "startedAt": "2026-11-24T11:47:54Z",
        "completedAt": "2026-11-24T11:59:54Z",
        "queuedSeconds": 4,
        "runningSeconds": 720,
        "timeoutSeconds": 3600,
        "endedSecondsAgo": 6,
    }


def test_times_that_are_not_known_are_left_out() -> None:
    """Year 1, empty and unreadable timestamps are absent, and so is what would follow from them."""
    raw = execution("succeeded")
    raw["metadata"] |= {"createdAt": "0001-01-01T00:00:00Z", "startedAt": "", "completedAt": "soon"}
    assert "timing" not in answer(raw)


def test_a_finished_execution_without_a_start_has_no_waiting_time() -> None:
    """Nothing says how much of its life it waited."""
    raw = execution("cancelled", (600,))
    raw["metadata"]["completedAt"] = ago(60)
    assert answer(raw)["timing"] == {
        "createdAt": "2026-11-24T11:50:00Z",
        "completedAt": "2026-11-24T11:59:00Z",
        "endedSecondsAgo": 60,
    }


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (execution("queued", (5,)), 30),
        (execution("cancelling", (5,)), 30),
        (execution("odd"), 30),
        (execution("running", (5, 5)), 15),
        (execution("running", (300, 300)), 30),
        (execution("running", (9000, 9000)), 60),
    ],
)
def test_without_an_estimate_polling_waits_a_tenth_of_the_age(raw: dict[str, Any], seconds: int) -> None:
    """The interval has bounds; others have a fixed one. The next step says the same number."""
    got = answer(raw)
    assert got["pollAfterSeconds"] == seconds
    assert got["nextStep"].endswith(f"again in {seconds}s.")


def test_with_an_estimate_polling_waits_half_of_the_time_left() -> None:
    """The interval has bounds here too."""
    got = answer(execution("running", (600, 600)), runs=runs_that_took(700, 700, 700))
    assert got["pollAfterSeconds"] == got["timing"]["estimatedRemainingSeconds"] // 2
    assert 45 <= got["pollAfterSeconds"] <= 80


def test_the_object_has_the_times_that_the_prose_has() -> None:
    """Median, slowest task, the range of an estimate, and how long ago the end was."""
    tasks: list[Any] = [task(n, "succeeded", (200, 200 - 10 * n)) for n in range(1, 10)]
    done = answer(execution("succeeded", (600, 590, 100), tasks=tasks))
    assert done["timing"]["medianTaskSeconds"] == 50
    assert done["timing"]["slowestTask"] == {"name": "task-9", "seconds": 90}
    assert 'Slowest task 1m 30s ("task-9"), median 50s.' in done["summary"]
    going = answer(execution("running", (600, 590), tasks=tasks, stats={"total": 20}, parallelism=2))
    low, high = going["timing"]["estimatedRemainingRange"]
    assert low <= going["timing"]["estimatedRemainingSeconds"] <= high
    assert low < high


def test_slowest_and_median_are_said_only_where_they_differ() -> None:
    """The object has both all the same."""
    tasks: list[Any] = [task(n, "succeeded", (500, 450 - n)) for n in range(1, 10)]
    got = answer(execution("succeeded", (600, 590, 100), tasks=tasks, timeout=3600))
    assert got["timing"]["slowestTask"]["seconds"] == 59
    assert "lowest" not in got["summary"]
    assert "timeout" not in got["summary"]


@pytest.mark.parametrize(
    ("running", "own", "said"),
    [
        (1800, 60, ""),
        (1801, 60, "Timeout 1h (50% used by the run)."),
        (3420, None, "Timeout 1h (95% used by the run, 0% by its longest task)."),
        (600, 16, "The longest task used 62% of its timeout of 16s."),
        (3420, 16, "The longest task used 62% of its timeout of 16s, timeout 1h (95% used by the run)."),
    ],
)
def test_a_timeout_is_said_when_more_than_half_is_used(running: int, own: int | None, said: str) -> None:
    """By every reading of what it bounds."""
    tasks: list[Any] = [task(n, "succeeded", (500, 490)) for n in range(3)]
    for each in tasks:
        each["spec"]["timeout"] = f"{own}s" if own else None
    summary = answer(execution("succeeded", (4000, 4000, 4000 - running), tasks=tasks, timeout=3600))["summary"]
    assert (said in summary) if said else ("imeout" not in summary)


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [(NOW, NOW, 0), (NOW, NOW + timedelta(seconds=1.6), 2), (NOW, NOW - timedelta(seconds=1), None), (None, NOW, None)],
)
def test_seconds_from_one_moment_to_another(start: datetime | None, end: datetime, seconds: int | None) -> None:
    """Whole ones; none where a moment is absent, or they are out of order."""
    assert seconds_between(start, end) == seconds
