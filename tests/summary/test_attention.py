"""Which jobs need somebody, and why. Times are told relative to NOW, Tuesday 2026-11-24 at 09:00 UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blaxel_mcp.models import Job, JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.attention import NewestRuns, find_concerns
from blaxel_mcp.summary.schedule import check_schedule

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def at(minutes: float) -> str:
    """The moment so many minutes before now."""
    return (NOW - timedelta(minutes=minutes)).isoformat()


def one(status: str | None, *minutes: float, **body: Any) -> dict[str, Any]:
    """An execution; `minutes` are its creation, start and end before now, `stats` may follow."""
    moments = dict(zip(("createdAt", "startedAt", "completedAt"), map(at, minutes), strict=False))
    return {"metadata": {"id": f"e-{minutes}", **moments, **body.pop("metadata", {})}, "status": status, **body}


def stats(total: int | None = None, failure: int | None = None, **more: int) -> dict[str, Any]:
    """Counts of tasks."""
    return {"stats": {"total": total, "failure": failure, **more}}


def job(schedule: str = "", *, status: str = "DEPLOYED", enabled: bool = True) -> Job:
    """A job, with a schedule or without."""
    triggers = [{"type": "cron", "enabled": True, "configuration": {"schedule": schedule}}] if schedule else []
    return Job.model_validate(
        {"metadata": {"name": "j"}, "spec": {"enabled": enabled, "triggers": triggers}} | {"status": status}
    )


def concerns(subject: Job, *executions: dict[str, Any], complete: bool = True) -> list[tuple[str, str]]:
    """Of which kind the concerns are, and their words."""
    newest = NewestRuns.of(list(map(JobExecution.model_validate, executions)), NOW, complete=complete)
    check = check_schedule(subject, newest.runs, NOW, complete=complete)
    return [(concern.urgency, concern.words) for concern in find_concerns(subject, newest, check, NOW)]


FINE = one("succeeded", 63, 62, 60)
USUAL = [one("succeeded", 1000 * n + 22, 1000 * n + 21, 1000 * n + 1) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("executions", "expected"),
    [
        ([], []),
        ([FINE], []),
        ([one("failed", 30, 29, 26), FINE], [("failed", "failed 26m ago")]),
        ([one("FAILED", 30, 29, 26, **stats(40, 3))], [("failed", "failed 26m ago, 3 of 40 tasks")]),
        ([one("failed", 30, 29, 26, **stats(None, 1))], [("failed", "failed 26m ago, 1 task")]),
        ([one("failed", 30, 29, 26, **stats(2, 3))], [("failed", "failed 26m ago, 3 tasks")]),
        ([one("failed")], [("failed", "failed")]),
        ([one("timeout", 130, 129, 9)], [("failed", "timed out 9m ago")]),
        ([one("failed", 3, 2, 1), one("timeout", 50, 49, 48), FINE], [("failed", "failed 1m ago, 2 in a row")]),
        # The API calls it a success.
        ([one("succeeded", 9, 8, 5, **stats(40, 3))], [("partial", "succeeded 5m ago with 3 of 40 tasks failed")]),
        (
            [one("succeeded", 9, 8, 5, tasks=[{"status": "failed"}, {}])],
            [("partial", "succeeded 5m ago with 1 of 2 tasks failed")],
        ),
        # Somebody wanted that; but a job that fails each time does so whatever its newest execution is.
        ([one("cancelled", 9, 8, 5)], []),
        ([one("cancelled", 9, 8, 5), one("failed", 70, 69, 68), FINE], []),
        (
            [one("running", 9, 8), one("failed", 70, 69, 68), one("failed", 80, 79, 78)],
            [("failed", "the 2 before it failed")],
        ),
        ([one("lost in \u202espace", 9, 8, 5)], []),
        # What goes on, by the thresholds of its own answer.
        ([one("running", 9, 8)], []),
        ([one("running", 900, 61), *USUAL], [("slow", "running for 1h 1m, usually 20m")]),
        ([one("running", 900, 39), *USUAL], []),
        ([one("running", 900, 800), *USUAL[:2]], []),
        ([one("running", 61), *USUAL], [("slow", "running for 1h 1m, usually 20m")]),
        ([one("running", 16, 15, spec={"timeout": 600})], [("slow", "running for 15m, past its timeout")]),
        # The timeout may be for each task, of which two run at a time.
        ([one("running", 16, 15, spec={"timeout": 600, "parallelism": 2, "taskCount": 4})], []),
        ([one("queued", 9)], []),
        ([one("queued", 10)], [("waiting", "queued for 10m")]),
        ([one("PENDING", 150)], [("waiting", "pending for 2h 30m")]),
        ([one("running", 9, 8, **stats(40, 5, success=0))], [("failing", "running, 5 of 5 finished tasks failed")]),
        ([one("running", 9, 8, **stats(40, 5, success=9))], []),
        (
            [one("cancelling", 99, 98, metadata={"updatedAt": at(20)})],
            [("waiting", "cancelling, without a change for 20m")],
        ),
        ([one("cancelling", 99, 98, metadata={"updatedAt": at(9)})], []),
        # Times that make no sense make no concern.
        ([one("queued", -9)], []),
        ([one("running", -9, -8), *USUAL], []),
        ([one("failed", 9, 8, -5)], [("failed", "failed")]),
    ],
)
def test_the_newest_execution(executions: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    """Why a job without a schedule needs attention by its newest execution."""
    assert concerns(job(), *executions) == expected


def test_a_list_that_goes_on_may_hold_more_of_the_same() -> None:
    """Where none of those listed succeeded, the streak may be longer."""
    failed = [one("failed", 9 * n, 9 * n - 1, 9 * n - 2) for n in (1, 2, 3)]
    assert concerns(job(), *failed, complete=False) == [("failed", "failed 7m ago, 3 or more in a row")]
    assert concerns(job(), *failed, FINE, complete=False) == [("failed", "failed 7m ago, 3 in a row")]
    going = one("running", 2, 1)
    assert concerns(job(), going, *failed, complete=False) == [("failed", "the 3 or more before it failed")]


def test_a_stall_is_seen_where_the_tasks_are_listed() -> None:
    """No task has started or ended for long, as the answer about the execution says too."""
    metadata = [{"startedAt": at(100 + n), "completedAt": at(99 + n)} for n in range(3)]
    done = [{"status": "succeeded", "metadata": one} for one in metadata]
    going = {"status": "running", "metadata": {"startedAt": at(99)}}
    stalled = one("running", 110, 109, tasks=[*done, going])
    assert concerns(job(), stalled) == [("slow", "running, but stalled for 1h 39m")]


@pytest.mark.parametrize(
    ("subject", "executions", "expected"),
    [
        (
            job("0 2 * * *"),
            [one("succeeded", 1860, 1859, 1850)],
            [("schedule", "missed its schedule, due today at 02:00 UTC")],
        ),
        (job("0 2 * * *"), [one("succeeded", 419, 418, 400)], []),
        (
            job("0 2 * * *"),
            [one("running", 1860, 1859)],
            [("schedule", "due today at 02:00 UTC, but an earlier one still goes on")],
        ),
        (job("45 8 * * *"), [one("succeeded", 1455, 1454, 1453)], [("schedule", "late, due today at 08:45 UTC")]),
        # It has just come due again: missed was the time before.
        (job("*/30 * * * *"), [one("succeeded", 90, 89, 80)], [("schedule", "missed its schedule")]),
        # The most urgent reason first.
        (
            job("0 2 * * *"),
            [one("failed", 1860, 1859, 1850)],
            [("failed", "failed 30h 50m ago"), ("schedule", "missed its schedule, due today at 02:00 UTC")],
        ),
        (job(status="FAILED"), [FINE], [("deployment", "deployment failed")]),
        (job(status="BUILDING"), [FINE], []),
        # Nothing is expected of a job that is disabled; but what goes on costs all the same.
        (job("0 2 * * *", enabled=False), [one("failed", 1860, 1859, 1850)], []),
        (job(enabled=False, status="FAILED"), [], []),
        (job(enabled=False), [one("queued", 90)], [("waiting", "queued for 1h 30m")]),
    ],
)
def test_schedule_and_deployment(subject: Job, executions: list[Any], expected: list[tuple[str, str]]) -> None:
    """They are reasons of their own, beside how the newest execution went."""
    assert concerns(subject, *executions) == expected


def test_what_goes_on_is_not_to_be_kept() -> None:
    """Neither the newest one nor any other, and nothing where there is none yet."""
    for executions in ([], [one("running", 9, 8), FINE], [FINE, one("queued", 99)], [one(None, 9)]):
        assert not NewestRuns.of(list(map(JobExecution.model_validate, executions)), NOW, complete=True).over
    assert NewestRuns.of([JobExecution.model_validate(FINE)], NOW, complete=True).over


def test_words_are_short() -> None:
    """The first sentence of the list names several jobs with theirs."""
    assert limits.OVERRUN_FACTOR == 2  # as test_the_newest_execution takes it to be
    worst = [one("failed", 9e5, 9e5, 9e5, **stats(10**12, 10**11))] * 2
    (failed, _), *_ = [concerns(job("0 2 * * *"), *worst)]
    assert len(failed[1].encode()) < 100
