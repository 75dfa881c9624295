"""How long a running execution may still take, and what that stands on."""

from typing import Any

import pytest
from support.builders import answer, execution, runs_that_took, task

from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.estimate import (
    Estimate,
    estimate_from_history,
    estimate_from_rate,
    estimate_from_tasks,
)
from blaxel_mcp.summary.runs import UsualDuration
from blaxel_mcp.summary.tasks import TaskStats


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
    """No estimate is better than a guess."""
    found = TaskStats(listed=counts.total or 5, durations=durations, elapsed=elapsed)
    assert estimate_from_tasks(found, counts, parallelism) is None


def test_counts_alone_are_a_basis_where_there_is_no_task_list() -> None:
    """40 of 100 finished in 400 s with 10 running: between 40 and 50 of 100 are done."""
    counts = TaskCounts(total=100, succeeded=40, running=10)
    assert estimate_from_rate(TaskStats(), counts, 10, 400) == Estimate(
        489, 400, 600, "40 of 100 tasks finished in 6m 40s"
    )


def test_counts_of_too_few_finished_tasks_are_no_basis() -> None:
    """There is no estimate either where all tasks have finished."""
    assert estimate_from_rate(TaskStats(), TaskCounts(total=100, succeeded=2), 10, 400) is None
    assert estimate_from_rate(TaskStats(), TaskCounts(total=3, succeeded=3), 10, 400) is None


def test_past_executions_are_a_basis_if_they_took_longer_than_this_one_has() -> None:
    """Shorter ones say nothing about how long this one will still take."""
    basis = "4 recent successful executions (median 5m 50s)"
    usual = UsualDuration((100, 300, 400, 500))
    assert estimate_from_history(usual, 50) == Estimate(300, 50, 450, basis)
    assert estimate_from_history(usual, 350) == Estimate(100, 50, 150, basis)
    assert estimate_from_history(usual, 500) is None
    assert estimate_from_history(None, 50) is None


@pytest.mark.parametrize("status", ["succeeded", "failed", "queued", "pending", "cancelling", "odd"])
def test_only_a_running_execution_is_estimated(status: str) -> None:
    """A finished execution has nothing left to do, a waiting one has not begun."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution(status, (600, 600), tasks=tasks, parallelism=2), runs=runs_that_took(900, 900, 900))
    assert "estimatedRemainingSeconds" not in got["timing"]


def test_finished_tasks_are_a_better_basis_than_past_executions() -> None:
    """They come from the same work."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution("running", (600, 600), tasks=tasks, parallelism=2), runs=runs_that_took(900, 900, 900))
    assert got["timing"]["estimatedRemainingSeconds"] == 50
    assert got["timing"]["estimateBasis"] == "4 finished tasks of this execution (median 1m), 1 left, 2 at a time"


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
    assert answer(raw)["timing"]["estimatedRemainingSeconds"] == 950
