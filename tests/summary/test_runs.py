"""Executions side by side: what each comes down to, streaks, usual durations."""

from datetime import timedelta
from typing import Any

import pytest
from support.builders import NOW, ago, execution, task

from blaxel_mcp.models import ExecutionStatus, JobExecution
from blaxel_mcp.summary.runs import (
    Run,
    Streak,
    UsualDuration,
    is_overrunning,
    newest_first,
    newest_streak,
    usual_duration,
)


def run(status: str) -> Run:
    """A run of which only the status is known."""
    return Run("exec", ExecutionStatus(status))


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], None),
        (["running", "cancelled", "COMPLETED"], None),
        (["succeeded", "succeeded", "failed"], Streak("succeeded", 2)),
        (["running", "failed", "cancelled", "timeout", "FAILED", "succeeded"], Streak("failed", 3)),
    ],
)
def test_a_streak_counts_equal_results_from_the_newest_on(statuses: list[str], expected: Streak | None) -> None:
    """Timed out counts as failed; cancelled, unfinished and unknown ones neither count nor interrupt."""
    assert newest_streak(map(run, statuses)) == expected


def test_a_word_that_is_not_known_has_ended_once_it_has_an_end() -> None:
    """A status of `completed` with its time of end is not running, though how it ended is not known."""
    odd = JobExecution.model_validate(execution("completed", (100, 90, 30)))
    assert (Run.of(odd).ended, Run.of(odd).seconds, Run.of(odd).result) == (True, 60, None)
    assert not Run.of(JobExecution.model_validate(execution("completed", (100, 90)))).ended


def test_only_recent_successes_with_both_times_make_the_usual_duration() -> None:
    """Three such executions are enough, two are not."""
    good = [JobExecution.model_validate(execution("SUCCEEDED", (0, 100 * n, 0))) for n in (3, 1, 2)]
    bad = [
        JobExecution.model_validate(raw)
        for raw in (execution("failed", (0, 900, 0)), execution("succeeded", (0, 900)), execution("succeeded"))
    ]
    assert usual_duration(map(Run.of, [*good, *bad])) == UsualDuration((100, 200, 300))
    assert usual_duration(map(Run.of, [*good[:2], *bad])) is None


def test_all_that_is_kept_of_an_execution() -> None:
    """And nothing in place of what the API does not say."""
    stats = {"total": 9, "success": 7, "failure": 2}
    spec: dict[str, Any] = {
        "parallelism": 3,
        "memoryOverride": 512,
        "timeout": "30m",
        "envOverride": {"A": "***", "B": "***"},
    }
    raw = execution("FAILED", (300, 200, 100), stats=stats, **spec)
    created, started, completed = (NOW - timedelta(seconds=ago) for ago in (300, 200, 100))
    assert Run.of(JobExecution.model_validate(raw)) == Run(
        execution_id="exec-1",
        status=ExecutionStatus("FAILED"),
        created=created,
        started=started,
        completed=completed,
        tasks=9,
        succeeded_tasks=7,
        failed_tasks=2,
        parallelism=3,
        memory_mb=512,
        timeout=1_800,
        override_names=frozenset({"A", "B"}),
    )
    assert Run.of(JobExecution()) == Run("", ExecutionStatus(None))


@pytest.mark.parametrize(
    ("stats", "tasks", "number"), [({"total": 9}, 2, 9), ({"total": 0}, 2, 0), ({}, 2, 2), ({}, 0, None)]
)
def test_how_many_tasks_a_run_has(stats: dict[str, int], tasks: int, number: int | None) -> None:
    """By its counts, else by its list; an empty list says nothing."""
    raw = execution("running", stats=stats, tasks=[task(n, "running") for n in range(tasks)])
    assert Run.of(JobExecution.model_validate(raw)).tasks == number


def created(name: str | None, at: str | None) -> JobExecution:
    """An execution with this id, created then."""
    return JobExecution.model_validate({"metadata": {"id": name, "createdAt": at}})


def test_executions_come_newest_first() -> None:
    """However they are listed; that order stays where some were created at one moment, or one does not say when."""
    one, two, three, same = (created(f"e{at}", ago(at)) for at in (10, 20, 30, 20.0))
    assert newest_first([two, three, one]) == [one, two, three]
    assert newest_first([three, two, same]) == [two, same, three]
    assert newest_first([three, created(None, ago(5)), created("", ago(5)), one]) == [one, three]
    undated = created("e", "soon")
    assert newest_first([three, undated, one]) == [three, undated, one]
    assert newest_first([]) == []


@pytest.mark.parametrize(
    ("seconds", "overruns"),
    [(200, False), (201, True)],
)
def test_an_execution_overruns_from_more_than_twice_the_median_on(seconds: int, *, overruns: bool) -> None:
    """And than all of those before."""
    assert is_overrunning(seconds, UsualDuration((90, 100, 110))) is overruns
    assert is_overrunning(seconds + 99, UsualDuration((90, 100, 299))) is (seconds + 99 > 299)
