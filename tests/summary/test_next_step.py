"""What to do next, and when to ask again: the limit that was hit, what a new run repeats, and when to cancel."""

from datetime import timedelta
from typing import Any

import pytest
from support.builders import NOW, answer, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.schedule import ScheduleCheck
from blaxel_mcp.summary.summarize import summarize

REPEATS = "; that repeats the 37 tasks that succeeded"
LOGS = 'Call get_job_execution_logs with jobId "resize" and executionId "exec-1"'
WITHOUT_OVERRIDE = (
    "Run the job again without the memory override of 512 MB, which can only lower the job's memory, "
    "or give each task less to hold"
)
MEMORY = "Memory limit of 512 MiB exceeded with 519 MiB used."
TIMEOUT = "Task was terminated after 600 seconds: exceeded its timeout"


def failed(message: str, reason: str = "", *, own: str = "30m", took: int = 600, **spec: Any) -> str:
    """The next step after an execution of forty tasks, of which three failed alike."""
    tasks = [task(n, "failed", (3000, 3000 - took), message, reason) for n in range(3)]
    for each in tasks:
        each["spec"]["timeout"] = own
    stats = {"total": 40, "success": 37, "failure": 3}
    return answer(execution("failed", (3600, 3590, 500), tasks=tasks, stats=stats, **spec))["nextStep"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            failed(MEMORY),
            f"Raise the job's memory above 512 MB, or give each task less to hold, and run it again{REPEATS}.",
        ),
        (
            failed(MEMORY, memoryOverride=512),
            f"{WITHOUT_OVERRIDE}{REPEATS}.",
        ),
        (
            failed(MEMORY, memoryOverride=256),
            f"Raise the job's memory above 512 MB, or give each task less to hold, and run it again{REPEATS}.",
        ),
        (
            failed(TIMEOUT, "Timeout", own="600s", timeout=3600),
            f"Raise the timeout of a task above 10m, or split the work into smaller tasks, and run it again{REPEATS}.",
        ),
        (
            failed(TIMEOUT, "Timeout", own="24h", took=86_400),
            f"Split the work into smaller tasks and run it again{REPEATS}: the timeout is the longest there is, 24h.",
        ),
        (
            failed("KeyError: 'price'"),
            f"Fix that error in the program or in its input, then run the job again{REPEATS}.",
        ),
        (
            failed("exit code 1"),
            f'{LOGS} and taskName "task-0" for the reason.',
        ),
    ],
    ids=str,
)
def test_after_a_failure(step: str, expected: str) -> None:
    """The advice names the limit that was hit, and what running the job again costs."""
    assert step == expected


def timed_out(longest: int, **spec: Any) -> str:
    """The next step after an execution that ran for an hour and left two of sixty tasks undone."""
    tasks = [task(n, "succeeded", (3600, 3600 - longest)) for n in range(58)]
    for each in tasks:
        each["spec"] = {}
    stats = {"total": 60, "success": 58, "cancelled": 2}
    return answer(execution("timeout", (3610, 3600, 0), tasks=tasks, stats=stats, **spec))["nextStep"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (timed_out(60, parallelism=2, timeout=3600), "Raise the parallelism above 2, or the timeout above 1h, and run"),
        (timed_out(60, parallelism=2, timeout=86_400), "Raise the parallelism above 2, and run the job again"),
        (timed_out(3590, parallelism=2, timeout=3600), "Raise the timeout of the job above 1h, or split"),
        (timed_out(60, timeout=3600), "Raise the timeout of the job above 1h, or split"),
        (timed_out(60), "Raise the timeout of the job, or split"),
        (timed_out(60, timeout=86_400), "Split the work into smaller tasks and run it again"),
    ],
    ids=str,
)
def test_after_a_timeout_of_the_whole(step: str, expected: str) -> None:
    """Where no task ran out of time, running more of them at a time is the lever."""
    assert step.startswith(expected)
    assert "; that repeats the 58 tasks that succeeded" in step


def running(failed_tasks: int, succeeded: int, waiting: int, messages: tuple[str, ...] = ("KeyError: 'a'",)) -> Any:
    """The answer about an execution that goes on."""
    ended = [task(n, "failed", (50, 40), messages[n % len(messages)]) for n in range(failed_tasks)]
    ended += [task(1000 + n, "succeeded", (50, 40)) for n in range(succeeded)]
    stats = {"total": failed_tasks + succeeded + waiting, "success": succeeded, "failure": failed_tasks}
    return answer(execution("running", (100, 90), tasks=ended, stats=stats, parallelism=10))


def test_a_run_that_fails_fast_is_to_be_cancelled() -> None:
    """Both channels say so, and the call is filled in."""
    got = running(30, 1, 969)
    assert got["nextStep"] == (
        'Cancel it (cancel_job_execution with jobId "resize" and executionId "exec-1"), '
        "and fix the cause before running the job again."
    )
    assert "Failing fast: 30 of 31 finished tasks failed." in got["warnings"]
    assert "Time left" not in got["summary"]
    assert "Failing fast: 3 of 3 finished tasks failed." in running(3, 0, 36)["warnings"]


@pytest.mark.parametrize(
    "got",
    [
        running(2, 0, 969),
        running(4, 1, 969),
        running(30, 30, 969),
        running(30, 1, 2),
        running(30, 1, 969, ("KeyError: 'a'", "ValueError: b", "TypeError: c")),
    ],
    ids=["few", "few of five", "half", "nearly over", "many reasons"],
)
def test_other_runs_with_failures_go_on(got: Any) -> None:
    """A few failures, many reasons, or little that is left are no cause to cancel."""
    assert "ancel" not in got["nextStep"]
    assert "Failing fast" not in got["summary"]


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (execution("queued", (10,)), 30),
        (execution("queued", (1_200,)), 120),
        (execution("pending", (10_800,)), 600),
        (execution("cancelling", (10_800, 10_000)), 30),
        (execution("running", (20, 10)), 15),
        (execution("running", (9_000, 9_000)), 60),
        (execution(None, (9_000,)), 30),
    ],
)
def test_when_to_ask_again(raw: Any, seconds: int) -> None:
    """Minutes while it has been queued for long, never below fifteen seconds."""
    assert answer(raw)["pollAfterSeconds"] == seconds


@pytest.mark.parametrize(("failed", "start"), [(0, "See in the Blaxel console why the job's schedule"), (1, "Call ")])
def test_a_missed_schedule_leaves_something_to_do(failed: int, start: str) -> None:
    """Though the newest execution succeeded; failed tasks of it come first."""
    body = execution(
        "succeeded", (90_000, 89_990, 89_900), stats={"total": 2, "success": 2 - failed, "failure": failed}
    )
    missed = ScheduleCheck("0 2 * * *", "missed", NOW - timedelta(hours=10), NOW + timedelta(hours=14))
    parsed = JobExecution.model_validate(body)
    got = summarize(parsed, asked=("resize", "exec-1"), workspace="acme", now=NOW, schedule=missed)
    assert got.next_step.startswith(start), got.next_step


@pytest.mark.parametrize(("length", "named"), [(40, True), (41, False), (80, False)])
def test_only_the_short_name_of_a_task_is_an_argument(length: int, *, named: bool) -> None:
    """A task's name is the workload's: at 40 characters it can be no sentence in disguise."""
    failing = task(0, "failed", (), "")
    failing["metadata"]["name"] = name = "t" * length
    step = answer(execution("failed", (9, 8, 7), tasks=[failing]))["nextStep"]
    assert (f'taskName "{name}"' in step) is named, step
