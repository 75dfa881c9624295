"""Times of an execution, and when to ask again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.builders import EXECUTION, JOB, NOW, ago, answer, execution, runs_that_took, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.tasks import TaskList, TimedTask
from blaxel_mcp.summary.timing import Timing, seconds_between


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


def measured(raw: dict[str, Any], apart: TaskList | None = None) -> Timing:
    """What is measured of an execution; `apart` are its tasks where it comes without them."""
    parsed = JobExecution.model_validate(raw)
    return summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, tasks_apart=apart).timing


def before(seconds: float) -> datetime:
    """The moment so many seconds before NOW."""
    return NOW - timedelta(seconds=seconds)


def test_all_that_is_measured_of_an_execution_that_is_over() -> None:
    """Up to its end; a task that is said to run still did so until then."""
    tasks = [task(n, "succeeded", (100, 100 - took)) for n, took in enumerate((10, 20, 41))] + [
        task(9, "running", (90,))
    ]
    assert measured(execution("failed", (120, 110, 30), tasks=tasks, timeout="1h")) == Timing(
        created=before(120),
        started=before(110),
        completed=before(30),
        queued=10,
        running=80,
        timeout=3_600,
        slowest=TimedTask("task-2", 41.0, 1_800),
        stands_out=True,
        longest=TimedTask("task-9", 60.0, 1_800),
        longest_running=TimedTask("task-9", 60.0, 1_800),
        ended_ago=30,
        median=20,
    )


def test_of_a_part_of_the_tasks_none_is_the_slowest() -> None:
    """Further on there may be slower ones; the median is one of those that are known."""
    tasks = [task(n, "succeeded", (100, 90)) for n in range(3)] + [task(9, "running", (90,))]
    part = measured(execution("running", (120, 110), stats={"total": 9}), TaskList(tasks, whole=False))
    assert part._replace(estimate=None) == Timing(
        created=before(120), started=before(110), queued=10, running=110, median=10
    )


@pytest.mark.parametrize(
    ("status", "times", "timing"),
    [
        ("queued", (50,), Timing(created=before(50), queued=50)),
        ("running", (50, 40), Timing(created=before(50), started=before(40), queued=10, running=40)),
        ("running", (50,), Timing(created=before(50))),
        # An end that one has which goes on is none.
        ("running", (50, 40, 30), Timing(before(50), before(40), before(30), queued=10, running=40)),
        ("cancelling", (50, 40, 30), Timing(before(50), before(40), before(30), queued=10, running=40)),
        # Of one with another word it is; without one it may run still.
        ("odd", (50, 40, 30), Timing(before(50), before(40), before(30), queued=10, running=10)),
        ("odd", (50, 40), Timing(created=before(50), started=before(40), queued=10, running=40)),
        # One that is over and does not say when has run for nobody knows how long.
        ("failed", (50, 40), Timing(created=before(50), started=before(40), queued=10)),
        ("failed", (50, 40, 30), Timing(before(50), before(40), before(30), queued=10, running=10, ended_ago=30)),
    ],
)
def test_how_long_it_waited_and_ran(status: str, times: tuple[float, ...], timing: Timing) -> None:
    """By its status and by the moments that it has."""
    assert measured(execution(status, times)) == timing


@pytest.mark.parametrize(
    ("took", "slowest", "stands_out", "median"),
    [
        ([20], None, False, None),
        ([20, 20], 20, False, None),
        ([20, 60], 60, True, None),
        ([20, 20, 29.9], 29.9, False, 20),
        ([20, 20, 30], 30, True, 20),
        # Where all took no time, none took longer.
        ([0, 0, 0], 0, False, 0),
        ([0, 0, 0, 1], 1, True, 0),
    ],
)
def test_the_slowest_task_stands_out_from_one_and_a_half_medians_on(
    took: list[float], *, slowest: float | None, stands_out: bool, median: int | None
) -> None:
    """One task alone is not the slowest of several, and three make a median."""
    tasks = [task(n, "succeeded", (200, 200 - seconds)) for n, seconds in enumerate(took)]
    found = measured(execution("succeeded", (300, 300, 100), tasks=tasks))
    assert (found.slowest and found.slowest.seconds, found.stands_out, found.median) == (slowest, stands_out, median)


@pytest.mark.parametrize(
    ("took", "idle", "stalled"),
    [
        # Five minutes, where tasks take less than a quarter of that.
        (10, 300, None),
        (10, 300.5, 300.5),
        (75, 300.5, 300.5),
        # Four medians of tasks that take longer.
        (100, 400, None),
        (100, 401, 401.0),
    ],
)
def test_nothing_that_starts_or_ends_for_long_is_a_stall(took: float, idle: float, stalled: float | None) -> None:
    """The last of three tasks ended so long ago, and another one has been running since before that."""
    tasks = [task(n, "succeeded", (idle + took, idle)) for n in range(3)] + [task(9, "running", (idle + took,))]
    raw = execution("running", (2_000, 2_000), tasks=tasks, stats={"total": 6})
    assert measured(raw).stalled == stalled


def test_what_cannot_stall_has_not() -> None:
    """One of whose tasks too few have finished, all have, or not all are known; nor one that does not run."""
    tasks = [task(n, "succeeded", (1_010, 1_000)) for n in range(3)]
    stats = {"total": 4}
    assert measured(execution("running", (2_000, 2_000), tasks=tasks, stats=stats)).stalled == 1_000
    assert measured(execution("running", (2_000, 2_000), tasks=tasks, stats={})).stalled is None
    assert measured(execution("running", (2_000, 2_000), tasks=tasks, stats={"total": 3})).stalled is None
    assert measured(execution("running", (2_000, 2_000), tasks=tasks[:2], stats=stats)).stalled is None
    assert measured(execution("cancelling", (2_000, 2_000), tasks=tasks, stats=stats)).stalled is None
    part = TaskList(tasks, whole=False)
    assert measured(execution("running", (2_000, 2_000), stats=stats), part).stalled is None
