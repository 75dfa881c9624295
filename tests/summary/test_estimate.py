"""How long a running execution may still take, and what that stands on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from support.builders import answer, execution, runs_that_took, task

from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.estimate import Estimate, estimate_from_history, estimate_remaining
from blaxel_mcp.summary.runs import UsualDuration
from blaxel_mcp.summary.tasks import TaskStats
from blaxel_mcp.summary.wording import format_duration

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "estimates.py"


def estimate(
    found: TaskStats,
    counts: TaskCounts,
    parallelism: int | None = 2,
    running: int | None = None,
    usual: tuple[int, ...] = (),
) -> Estimate | None:
    """An estimate of an execution with these tasks."""
    return estimate_remaining(
        found, counts, parallelism=parallelism, running=running, usual=UsualDuration(usual) if usual else None
    )


def known(found: Estimate | None) -> Estimate:
    """An estimate that there is."""
    assert found is not None
    return found


def test_an_estimate_adds_rounds_of_waiting_tasks_to_what_runs() -> None:
    """Four finished in a minute each, two run for 30 s, four wait, two at a time: 30 s and two minutes more."""
    found = TaskStats(listed=10, durations=[60.0] * 4, elapsed=[30.0] * 2)
    got = known(estimate(found, TaskCounts(total=10, succeeded=4, running=2)))
    assert got.low <= 150 <= got.high
    assert got.seconds == pytest.approx(150, rel=0.05)
    assert got.high - got.low < 40
    assert got.basis == "4 finished tasks of this execution (median 1m), 6 left, 2 at a time"


def test_an_estimate_is_a_range_where_tasks_differ() -> None:
    """The more they do, the wider it is."""
    counts = TaskCounts(total=16, succeeded=9, running=1)
    widths = []
    for spread in (1, 5, 20):
        found = TaskStats(listed=16, durations=[60.0 + spread * step for step in (0, 1, -1) * 3], elapsed=[20.0])
        got = known(estimate(found, counts))
        assert got.seconds is not None
        assert got.low < got.seconds < got.high
        widths.append(got.high - got.low)
    assert widths == sorted(set(widths))


def test_running_tasks_count_as_longer_than_so_far() -> None:
    """The first to finish are the quick ones: six more that have run as long make the rest take longer."""
    counts = TaskCounts(total=30, succeeded=4, running=6)
    quick = [40.0, 44.0, 47.0, 50.0]
    just_begun = known(estimate(TaskStats(listed=30, durations=quick, elapsed=[1.0] * 6), counts, 10))
    still_going = known(estimate(TaskStats(listed=30, durations=quick, elapsed=[90.0] * 6), counts, 10))
    assert still_going.low > 1.1 * just_begun.low
    assert still_going.high > 1.3 * just_begun.high
    assert still_going.basis == "4 finished tasks (median 47s); 6 tasks have run longer than any that finished"


def test_a_straggler_makes_the_range_wide_and_is_named() -> None:
    """No finished task says how long it will still take."""
    found = TaskStats(listed=41, durations=[60.0] * 40, elapsed=[900.0])
    got = known(estimate(found, TaskCounts(total=41, succeeded=40, running=1)))
    assert got.basis == "40 finished tasks (median 1m); one task has run longer than any that finished"
    assert got.seconds is None
    assert got.left == f"anything from {got.low}s to {format_duration(got.high)}"
    assert got.low < 100
    assert got.high > 600


def test_tasks_that_get_slower_make_the_range_wide_and_are_named() -> None:
    """The range has room for their going on so, and the past is no measure of the rest."""
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    seconds = [60.0 + 3 * number for number in range(20)]
    starts = [now - timedelta(seconds=sum(seconds[number:])) for number in range(20)]
    found = TaskStats(listed=40, durations=seconds, starts=starts, until=now)
    got = known(estimate(found, TaskCounts(total=40, succeeded=20, running=0), 1))
    assert got.basis.endswith("; tasks are getting slower")
    assert got.low < sum(60.0 + 3 * number for number in range(20, 40)) < got.high


@pytest.mark.parametrize(
    ("durations", "elapsed", "counts", "parallelism"),
    [
        ([60.0, 60.0], [10.0], TaskCounts(total=10, succeeded=2, running=1), 2),  # too few finished
        ([60.0] * 4, [10.0], TaskCounts(succeeded=4, running=1), 2),  # no total
        ([60.0] * 4, [], TaskCounts(total=4, succeeded=4), 2),  # nothing left
        ([60.0] * 4, [], TaskCounts(total=9, succeeded=4), None),  # no word of how many at a time
    ],
)
def test_without_a_basis_there_is_no_estimate(
    durations: list[float], elapsed: list[float], counts: TaskCounts, parallelism: int | None
) -> None:
    """No estimate is better than a guess."""
    found = TaskStats(listed=counts.total or 5, durations=durations, elapsed=elapsed)
    assert estimate(found, counts, parallelism) is None


def test_counts_alone_are_a_basis_where_there_is_no_task_list() -> None:
    """40 of 100 finished in 400 s with 10 running: about ten minutes are left."""
    got = known(estimate(TaskStats(), TaskCounts(total=100, succeeded=40, running=10), 10, 400))
    assert got.seconds is not None
    assert got.low < 500 < got.seconds < 750 < got.high
    assert got.basis == "40 of 100 tasks finished in 6m 40s"


def test_counts_of_too_few_finished_tasks_are_no_basis() -> None:
    """There is no estimate either where all tasks have finished."""
    assert estimate(TaskStats(), TaskCounts(total=100, succeeded=2), 10, 400) is None
    assert estimate(TaskStats(), TaskCounts(total=3, succeeded=3), 10, 400) is None


def test_past_executions_are_a_basis_until_this_one_has_outlasted_them() -> None:
    """What they took counts from where this one is now."""
    usual = UsualDuration((500, 510, 520, 530))
    early, late = known(estimate_from_history(usual, 50)), known(estimate_from_history(usual, 500))
    assert early.low < 460 < early.high
    assert early.seconds == pytest.approx(465, rel=0.1)
    assert late.seconds is not None
    assert early.basis == "4 recent successful executions (median 8m 35s)"
    assert 0 <= late.low < late.seconds < late.high < 200
    assert estimate_from_history(usual, 530) is None
    assert estimate_from_history(None, 50) is None


def test_past_executions_narrow_what_few_tasks_leave_open() -> None:
    """Both are told as the basis."""
    found = TaskStats(listed=40, durations=[20.0, 60.0, 150.0], elapsed=[30.0, 40.0])
    counts = TaskCounts(total=40, succeeded=3, running=2)
    alone, together = known(estimate(found, counts, 2, 150)), known(estimate(found, counts, 2, 150, (1500, 1550, 1600)))
    assert together.high - together.low < alone.high - alone.low
    assert together.low < 1400 < together.high
    assert together.basis.endswith("2 at a time; 3 past runs")


def test_the_same_tasks_have_the_same_estimate() -> None:
    """Nothing of it is left to chance."""
    found = TaskStats(listed=20, durations=[20.0, 60.0, 150.0], elapsed=[30.0, 40.0])
    counts = TaskCounts(total=20, succeeded=3, running=2)
    assert estimate(found, counts) == estimate(found, counts)


@pytest.mark.slow
def test_estimates_hold_on_simulated_runs() -> None:
    """A small part of `benchmarks/estimates.py`, with and without past runs: what is promised, as far as it is kept.

    That no likely value is under half of the truth is promised; one in a hundred is.
    """
    benchmark = run_path(str(BENCHMARK), run_name="estimates")
    ask, asked = benchmark["ask"], []
    for kind in benchmark["FORESEEABLE"]:
        asked += [*ask(kind, 6, seed=2), *ask(kind, 6, seed=3, history=True)]
    score = benchmark["Score"].of(asked)
    assert score.holds >= 0.9
    assert score.width <= 0.8
    assert score.likely >= 0.75
    assert score.close >= 0.75
    assert score.under_half <= 0.01


def test_where_no_value_is_likely_there_is_a_range_and_a_word_why() -> None:
    """In the prose and in the object; the next look is by the least that is left."""
    tasks: list[Any] = [*(task(n, "succeeded", (200, 140)) for n in range(20)), task(20, "running", (200,))]
    counts = {"total": 21, "success": 20, "running": 1}
    raw = execution("running", (200, 200), tasks=tasks, stats=counts, parallelism=21)
    got = answer(raw)
    low, high = got["timing"]["estimatedRemainingRange"]
    said = f"Time left: anything from {format_duration(low)} to {format_duration(high)}, judging by 20 finished tasks "
    assert f"{said}(median 1m); one task has run longer than any that finished." in got["summary"]
    assert "estimatedRemainingSeconds" not in got["timing"]
    assert got["pollAfterSeconds"] == max(15, low // 2)


@pytest.mark.parametrize(
    ("durations", "why"),
    [
        ([20.0, 60.0, 150.0], "too few to say more closely"),
        ([5.0, 20.0, 90.0, 400.0] * 4, "tasks differ too much to say"),
    ],
)
def test_tasks_that_differ_much_say_why_no_value_is_likely(durations: list[float], why: str) -> None:
    """Few of them, or many."""
    number = len(durations)
    found = TaskStats(listed=number + 2, durations=durations, elapsed=[30.0, 40.0])
    got = known(estimate(found, TaskCounts(total=number + 2, succeeded=number, running=2), 2))
    assert got.seconds is None
    assert why in got.basis


@pytest.mark.parametrize("status", ["succeeded", "failed", "queued", "pending", "cancelling", "odd"])
def test_only_a_running_execution_is_estimated(status: str) -> None:
    """A finished execution has nothing left to do, a waiting one has not begun."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution(status, (600, 600), tasks=tasks, parallelism=2), runs=runs_that_took(900, 900, 900))
    assert "estimatedRemainingSeconds" not in got["timing"]


def test_finished_tasks_are_a_better_basis_than_past_executions() -> None:
    """They come from the same work: runs of 15 minutes do not make a task of a minute take five."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution("running", (600, 600), tasks=tasks, parallelism=2), runs=runs_that_took(900, 900, 900))
    assert got["timing"]["estimatedRemainingSeconds"] == pytest.approx(50, abs=5)
    assert got["timing"]["estimateBasis"] == (
        "4 finished tasks of this execution (median 1m), 1 left, 2 at a time; 3 past runs"
    )


def test_a_stalled_execution_is_not_estimated() -> None:
    """What its finished tasks took says nothing about an execution that does not move."""
    tasks: list[Any] = [*(task(i, "succeeded", (7000, 6940)) for i in range(4)), task(5, "running", (3300,))]
    got = answer(execution("running", (7000, 7000), tasks=[*tasks, task(6, "pending")], parallelism=2))
    assert got["warnings"][0].startswith("Probably stalled")
    assert "estimatedRemainingSeconds" not in got["timing"]


def test_counts_past_all_sense_cost_nothing() -> None:
    """A thousand million running tasks that only the counts know of are a number, not a list."""
    done = [task(number, "succeeded", (200, 100)) for number in range(5)]
    raw = execution("running", (300, 300), tasks=done)
    raw["spec"] = {"parallelism": 10**9}
    raw["stats"] = {"total": 10**10, "running": 10**9, "success": 5}
    low, high = answer(raw)["timing"]["estimatedRemainingRange"]
    assert low < 950 < high < 20 * 950
