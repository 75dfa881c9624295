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


def job(schedule: str = "", *, status: str | None = "DEPLOYED", enabled: bool = True) -> Job:
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


SECOND = 1 / 60
"""In minutes."""
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
        ([one("failed", 30, 29, 26, **stats(3, 3))], [("failed", "failed 26m ago, 3 of 3 tasks")]),
        ([one("failed", 30, 29, 26, **stats(2, 3))], [("failed", "failed 26m ago, 3 tasks")]),
        ([one("failed", 30, 29, 26, **stats(4_000, 2_000))], [("failed", "failed 26m ago, 2,000 of 4,000 tasks")]),
        ([one("timeout", 130, 129, 9, **stats(40, 0))], [("failed", "timed out 9m ago")]),
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
        ([one("cancelled", 9, 8, 5), *[FINE] * 3], []),
        ([one("running", 9, 8), one("failed", 70, 69, 68), FINE], []),
        ([one("lost in \u202espace", 9, 8, 5)], []),
        (
            [one("lost", 9, 8, 5), one("timeout", 70, 69, 68), one("failed", 80, 79, 78)],
            [("failed", "the 2 before it failed")],
        ),
        # What goes on, by the thresholds of its own answer.
        ([one("running", 9, 8)], []),
        ([one("running", 900, 61), *USUAL], [("slow", "running for 1h 1m, usually 20m")]),
        ([one("running", 900, 40), *USUAL], []),
        ([one("running", 900, 40 + SECOND), *USUAL], [("slow", "running for 40m 1s, usually 20m")]),
        ([one("running", 900, 800), *USUAL[:2]], []),
        ([one("running", 61), *USUAL], [("slow", "running for 1h 1m, usually 20m")]),
        ([one("running", 16, 10, spec={"timeout": 600})], []),
        ([one("running", 16, 10 + SECOND, spec={"timeout": 600})], [("slow", "running for 10m 1s, past its timeout")]),
        (
            [one("running", 16, 15, spec={"timeout": 600}), *USUAL],
            [("slow", "running for 15m, past its timeout")],
        ),
        # The timeout may be for each task, of which two run at a time: the fifth is in the third round.
        ([one("running", 16, 15, spec={"timeout": 600, "parallelism": 2, "taskCount": 4})], []),
        ([one("running", 31, 30, spec={"timeout": 600, "parallelism": 2, "taskCount": 5})], []),
        (
            [one("running", 31, 30 + SECOND, spec={"timeout": 600, "parallelism": 2, "taskCount": 5})],
            [("slow", "running for 30m 1s, past its timeout")],
        ),
        (
            [one("running", 16, 15, spec={"timeout": 600, "parallelism": 2})],
            [("slow", "running for 15m, past its timeout")],
        ),
        (
            [one("running", 16, 10 + SECOND, spec={"timeout": 600, "parallelism": 1})],
            [("slow", "running for 10m 1s, past its timeout")],
        ),
        # All at a time where nothing limits how many.
        (
            [one("running", 16, 15, spec={"timeout": 600, "taskCount": 4})],
            [("slow", "running for 15m, past its timeout")],
        ),
        ([one("queued", 10 - SECOND)], []),
        ([one("queued", 10)], [("waiting", "queued for 10m")]),
        ([one("PENDING", 150)], [("waiting", "pending for 2h 30m")]),
        ([one("running", 9, 8, **stats(40, 5, success=0))], [("failing", "running, 5 of 5 finished tasks failed")]),
        ([one("running", 9, 8, **stats(40, 5, success=9))], []),
        # The first concern of several about what goes on is told.
        (
            [one("running", 900, 61, **stats(4_000, 1_500, success=0)), *USUAL],
            [("failing", "running, 1,500 of 1,500 finished tasks failed")],
        ),
        (
            [one("cancelling", 99, 98, metadata={"updatedAt": at(15)})],
            [("waiting", "cancelling, without a change for 15m")],
        ),
        ([one("cancelling", 99, 98, metadata={"updatedAt": at(15 - SECOND)})], []),
        # Its tasks are what changes, too; without any moment nothing is known.
        (
            [one("cancelling", 99, 98, tasks=[{"metadata": {"startedAt": at(95), "completedAt": at(20)}}])],
            [("waiting", "cancelling, without a change for 20m")],
        ),
        (
            [
                one(
                    "cancelling",
                    *(99, 98),
                    metadata={"updatedAt": at(97)},
                    tasks=[{"metadata": {"startedAt": at(95), "completedAt": at(9)}}],
                )
            ],
            [],
        ),
        ([one("cancelling", 99, 98)], []),
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
        (job(status=None), [FINE], []),
        # Nothing is expected of a job that is disabled; but what goes on costs all the same.
        (job("0 2 * * *", enabled=False), [one("failed", 1860, 1859, 1850)], []),
        (job(enabled=False, status="FAILED"), [], []),
        (job(enabled=False), [one("queued", 90)], [("waiting", "queued for 1h 30m")]),
    ],
)
def test_schedule_and_deployment(subject: Job, executions: list[Any], expected: list[tuple[str, str]]) -> None:
    """They are reasons of their own, beside how the newest execution went."""
    assert concerns(subject, *executions) == expected


def test_without_executions_there_is_nothing_to_tell() -> None:
    """Only when they were listed, and whether these are all."""
    for complete in (True, False):
        expected = NewestRuns([], complete=complete, read_at=NOW, tasks=None, going=None)
        assert NewestRuns.of([], NOW, complete=complete) == expected
    assert NewestRuns.of([JobExecution.model_validate(FINE)], NOW, complete=False).read_at == NOW


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
