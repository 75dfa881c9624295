"""Times, estimates and when to ask again."""

from datetime import timedelta
from typing import Any

import pytest
from support.builders import NOW, ago, answer, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.estimate import (
    Estimate,
    UsualDuration,
    estimate_from_history,
    estimate_from_rate,
    estimate_from_tasks,
    usual_duration,
)
from blaxel_mcp.summary.tasks import TaskStats
from blaxel_mcp.summary.wording import format_duration, format_timestamp


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0s"),
        (0, "0s"),
        (0.4, "0s"),
        (42, "42s"),
        (59.6, "1m"),
        (60, "1m"),
        (747, "12m 27s"),
        (3599, "59m 59s"),
        (3600, "1h"),
        (3900, "1h 5m"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (76 * 3600, "3d 4h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, expected: str) -> None:
    """The two largest units that are not zero."""
    assert format_duration(seconds) == expected


def test_moments_are_utc_with_whole_seconds() -> None:
    """RFC 3339."""
    assert format_timestamp(NOW + timedelta(milliseconds=999)) == "2026-11-24T12:00:00Z"


def test_times_of_a_finished_execution() -> None:
    """Queued from creation to start, running from start to end."""
    assert answer(execution("succeeded", (730, 726, 6), timeout=3600))["timing"] == {
        "createdAt": "2026-11-24T11:47:50Z",
        "startedAt": "2026-11-24T11:47:54Z",
        "completedAt": "2026-11-24T11:59:54Z",
        "queuedSeconds": 4,
        "runningSeconds": 720,
        "timeoutSeconds": 3600,
    }


def test_what_is_not_known_is_left_out() -> None:
    """Year 1, empty and unreadable times are absent, and so is what would follow from them."""
    raw = execution("succeeded")
    raw["metadata"] |= {"createdAt": "0001-01-01T00:00:00Z", "startedAt": "", "completedAt": "soon"}
    assert "timing" not in answer(raw)


def test_a_finished_execution_without_a_start_has_no_waiting_time() -> None:
    """Its whole life may have been waiting or not: nothing says."""
    raw = execution("cancelled", (600,))
    raw["metadata"]["completedAt"] = ago(60)
    assert answer(raw)["timing"] == {"createdAt": "2026-11-24T11:50:00Z", "completedAt": "2026-11-24T11:59:00Z"}


def test_an_estimate_adds_rounds_of_waiting_tasks_to_what_runs() -> None:
    """Four finished in a minute each, two run for 30 s, four wait, two at a time: 30 s and two minutes more."""
    found = TaskStats(listed=10, durations=[60.0] * 4, elapsed=[30.0] * 2)
    assert estimate_from_tasks(found, TaskCounts(total=10, succeeded=4, running=2), 2) == Estimate(
        150, 150, 150, "4 finished tasks of this execution (median 1m), 6 left, 2 at a time"
    )


def test_an_estimate_is_a_range_where_tasks_differ() -> None:
    """The low end is of quick tasks without gaps, the high end of slow ones in whole rounds."""
    found = TaskStats(listed=7, durations=[40.0, 60.0, 80.0], elapsed=[20.0])
    assert estimate_from_tasks(found, TaskCounts(total=7, succeeded=3, running=1), 2) == Estimate(
        160, 70, 220, "3 finished tasks of this execution (median 1m), 4 left, 2 at a time"
    )


@pytest.mark.parametrize(
    ("durations", "elapsed", "counts", "parallelism"),
    [
        ([60.0, 60.0], [10.0], TaskCounts(total=10, succeeded=2, running=1), 2),  # too few finished
        ([60.0] * 4, [10.0], TaskCounts(succeeded=4, running=1), 2),  # no total
        ([60.0] * 4, [], TaskCounts(total=4, succeeded=4), 2),  # nothing left
        ([60.0] * 4, [], TaskCounts(total=9, succeeded=4), None),  # no word of how many at a time
        ([60.0] * 4, [90.0], TaskCounts(total=5, succeeded=4, running=1), 2),  # outlasts all that finished
    ],
)
def test_without_a_basis_there_is_no_estimate(
    durations: list[float], elapsed: list[float], counts: TaskCounts, parallelism: int | None
) -> None:
    """None is better than a guess."""
    found = TaskStats(listed=counts.total or 5, durations=durations, elapsed=elapsed)
    assert estimate_from_tasks(found, counts, parallelism) is None


def test_counts_alone_are_a_basis_where_there_is_no_task_list() -> None:
    """40 of 100 in 400 s with 10 running: done is between 40 and 50 of 100."""
    counts = TaskCounts(total=100, succeeded=40, running=10)
    assert estimate_from_rate(TaskStats(), counts, 10, 400) == Estimate(
        489, 400, 600, "40 of 100 tasks finished in 6m 40s"
    )


def test_counts_of_too_few_finished_tasks_are_no_basis() -> None:
    """Nor is anything where all have finished."""
    assert estimate_from_rate(TaskStats(), TaskCounts(total=100, succeeded=2), 10, 400) is None
    assert estimate_from_rate(TaskStats(), TaskCounts(total=3, succeeded=3), 10, 400) is None


def test_the_jobs_past_is_a_basis_as_far_as_it_lies_ahead() -> None:
    """Only past executions that took longer than this one has can tell how long it will still take."""
    basis = "4 recent successful executions (median 5m 50s)"
    usual = UsualDuration((100, 300, 400, 500))
    assert estimate_from_history(usual, 50) == Estimate(300, 50, 450, basis)
    assert estimate_from_history(usual, 350) == Estimate(100, 50, 150, basis)
    assert estimate_from_history(usual, 500) is None
    assert estimate_from_history(None, 50) is None


def test_only_recent_successes_with_both_times_make_the_usual_duration() -> None:
    """Three are enough, two are not."""
    good = [JobExecution.model_validate(execution("SUCCEEDED", (0, 100 * n, 0))) for n in (3, 1, 2)]
    bad = [
        JobExecution.model_validate(raw)
        for raw in (execution("failed", (0, 900, 0)), execution("succeeded", (0, 900)), execution("succeeded"))
    ]
    assert usual_duration([*good, *bad]) == UsualDuration((100, 200, 300))
    assert usual_duration([*good[:2], *bad]) is None


@pytest.mark.parametrize("status", ["succeeded", "failed", "queued", "pending", "cancelling", "odd"])
def test_only_a_running_execution_is_estimated(status: str) -> None:
    """A finished one has nothing left, a waiting one has not begun."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution(status, (600, 600), tasks=tasks, parallelism=2), usual=UsualDuration((900, 900, 900)))
    assert "estimatedRemainingSeconds" not in got["timing"]


def test_own_tasks_are_a_better_basis_than_the_past() -> None:
    """They come from the same work."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution("running", (600, 600), tasks=tasks, parallelism=2), usual=UsualDuration((900, 900, 900)))
    assert got["timing"]["estimatedRemainingSeconds"] == 50
    assert got["timing"]["estimateBasis"] == "4 finished tasks of this execution (median 1m), 1 left, 2 at a time"


def test_a_stalled_execution_is_not_estimated() -> None:
    """What its finished tasks took says nothing about one that does not move."""
    tasks: list[Any] = [*(task(i, "succeeded", (7000, 6940)) for i in range(4)), task(5, "running", (3300,))]
    got = answer(execution("running", (7000, 7000), tasks=[*tasks, task(6, "pending")], parallelism=2))
    assert got["warnings"][0].startswith("Probably stalled")
    assert "estimatedRemainingSeconds" not in got["timing"]


@pytest.mark.parametrize(("idle", "stalled"), [(limits.STALL_SECONDS, False), (limits.STALL_SECONDS + 1, True)])
def test_a_stall_begins_past_its_threshold(idle: int, *, stalled: bool) -> None:
    """Five minutes, or four medians of a task where these are longer."""
    tasks: list[Any] = [*(task(i, "succeeded", (idle + 60, idle)) for i in range(4)), task(5, "pending")]
    assert ("warnings" in answer(execution("running", (900, 900), tasks=tasks))) is stalled


@pytest.mark.parametrize(("seconds", "close"), [(1439, False), (1440, True)])
def test_a_task_is_close_to_its_timeout_from_four_fifths(seconds: int, *, close: bool) -> None:
    """Half an hour is the task's own limit."""
    got = answer(execution("running", (9000, 9000), tasks=[task(0, "running", (seconds,))], timeout=60))
    assert ("warnings" in got) is close


def test_the_executions_timeout_is_read_per_task_where_tasks_are_known() -> None:
    """Long past it as a whole, far from it as a task: no doubt."""
    tasks: list[Any] = [task(0, "running", (100,))]
    assert "warnings" not in answer(execution("running", (9000, 9000), tasks=tasks, timeout=600))


@pytest.mark.parametrize(("running", "overrunning"), [(2000, False), (2001, True)])
def test_an_execution_overruns_past_twice_its_usual_duration(running: int, *, overrunning: bool) -> None:
    """And past the longest of the recent ones."""
    got = answer(execution("running", (running, running)), usual=UsualDuration((900, 1000, 1100)))
    assert ("warnings" in got) is overrunning


@pytest.mark.parametrize(("waited", "warned"), [(599, False), (600, True)])
@pytest.mark.parametrize("status", ["queued", "pending"])
def test_a_long_wait_is_a_doubt(status: str, waited: int, *, warned: bool) -> None:
    """From ten minutes on."""
    assert ("warnings" in answer(execution(status, (waited,)))) is warned


@pytest.mark.parametrize(("unchanged", "warned"), [(899, False), (900, True)])
def test_cancelling_is_stuck_when_nothing_changes(unchanged: int, *, warned: bool) -> None:
    """From a quarter of an hour on; the newest sign of life counts."""
    raw = execution("cancelling", (9000, 9000), tasks=[task(0, "succeeded", (5000, unchanged))])
    assert ("warnings" in answer(raw)) is warned


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (execution("queued", (5,)), 30),
        (execution("cancelling", (5,)), 30),
        (execution("odd"), 30),
        (execution("running", (5, 5)), 10),
        (execution("running", (300, 300)), 30),
        (execution("running", (9000, 9000)), 60),
    ],
)
def test_asking_again_makes_sense_after(raw: dict[str, Any], seconds: int) -> None:
    """A tenth of its age within bounds while there is no estimate; the next step says the same number."""
    got = answer(raw)
    assert got["pollAfterSeconds"] == seconds
    assert got["nextStep"].endswith(f"again in {seconds}s.")


def test_asking_again_makes_sense_after_half_of_what_is_left() -> None:
    """Within bounds."""
    got = answer(execution("running", (600, 600)), usual=UsualDuration((700, 700, 700)))
    assert got["pollAfterSeconds"] == 50


def test_counts_past_all_sense_cost_nothing() -> None:
    """A thousand million running tasks that only the counts know of are a number, not a list."""
    done = [task(number, "succeeded", (200, 100)) for number in range(5)]
    raw = execution("running", (300, 300), tasks=done)
    raw["spec"] = {"parallelism": 10**9}
    raw["stats"] = {"total": 10**10, "running": 10**9, "success": 5}
    assert answer(raw)["timing"]["estimatedRemainingSeconds"] == 950
