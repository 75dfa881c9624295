"""What to do next, and when to ask again: the limit that was hit, what a new run repeats, and when to cancel."""

from datetime import timedelta
from typing import Any

import pytest
from support.builders import NOW, answer, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.next_step import ask_again, is_plain_id, memory_limit_mb
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


def failed(message: str, reason: str = "", *, own: str | None = "30m", took: int = 600, **spec: Any) -> str:
    """The next step after an execution of forty tasks, of which three failed alike."""
    tasks = [task(n, "failed", (3000, 3000 - took), message, reason) for n in range(3)]
    for each in tasks:
        each["spec"]["timeout"] = own
    stats = {"total": 40, "success": 37, "failure": 3}
    return answer(execution("failed", (3600, 3590, 500), tasks=tasks, stats=stats, **spec))["nextStep"]


FIX = "Fix that error in the program or in its input, then run the job again"
AGAIN = "run it again"
MORE = f"or give each task less to hold, and {AGAIN}"
SPLIT = f"or split the work into smaller tasks, and {AGAIN}"


@pytest.mark.parametrize(
    ("message", "reason", "more", "expected"),
    [
        # Memory: above the limit that the message names, unless it was this execution's own.
        (MEMORY, "", {}, f"Raise the job's memory above 512 MB, {MORE}{REPEATS}."),
        (MEMORY, "", {"memoryOverride": 512}, f"{WITHOUT_OVERRIDE}{REPEATS}."),
        (MEMORY, "", {"memoryOverride": 256}, f"Raise the job's memory above 512 MB, {MORE}{REPEATS}."),
        ("", "OOMKilled", {}, f"Raise the job's memory, {MORE}{REPEATS}."),
        ("", "OOMKilled", {"memoryOverride": 512}, f"{WITHOUT_OVERRIDE}{REPEATS}."),
        (
            "The task ran out of memory\nlimit: 2 GiB, as configured",
            "OOMKilled",
            {},
            f"Raise the job's memory above 2,048 MB, {MORE}{REPEATS}.",
        ),
        (
            "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
            "",
            {},
            f"Raise the limit of the program's heap, and the job's memory with it, and {AGAIN}{REPEATS}.",
        ),
        (
            "java.lang.OutOfMemoryError: Java heap space (limit 512 MB)",
            "",
            {},
            f"Raise the limit of the program's heap, and the job's memory above 512 MB with it, and {AGAIN}{REPEATS}.",
        ),
        ("exit code 137", "", {}, f"Memory has most likely run out: raise the job's memory, {MORE}{REPEATS}."),
        # Time: above the task's own timeout, else the execution's.
        (
            TIMEOUT,
            "Timeout",
            {"own": "600s", "timeout": 3600},
            f"Raise the timeout of a task above 10m, {SPLIT}{REPEATS}.",
        ),
        (
            TIMEOUT,
            "Timeout",
            {"own": None, "timeout": 600},
            f"Raise the timeout of a task above 10m, {SPLIT}{REPEATS}.",
        ),
        (TIMEOUT, "Timeout", {"own": None}, f"Raise the timeout of a task, {SPLIT}{REPEATS}."),
        (
            TIMEOUT,
            "Timeout",
            {"own": "86399s", "took": 86_399},
            f"Raise the timeout of a task above 23h 59m, {SPLIT}{REPEATS}.",
        ),
        (
            TIMEOUT,
            "Timeout",
            {"own": "24h", "took": 86_400},
            f"Split the work into smaller tasks and run it again{REPEATS}: the timeout is the longest there is, 24h.",
        ),
        # What the cause asks for, or the program's own error; the log where nothing else is known.
        ("disk full", "", {}, f"Free the disk or write less to it, then run the job again{REPEATS}."),
        ("KeyError: 'price'", "", {}, f"{FIX}{REPEATS}."),
        ("exit code 1", "", {}, f'{LOGS} and taskName "task-0" for the reason.'),
        ("", "", {}, f'{LOGS} and taskName "task-0" for the reason.'),
    ],
)
def test_after_a_failure(message: str, reason: str, more: dict[str, Any], expected: str) -> None:
    """The advice names the limit that was hit, and what running the job again costs."""
    assert failed(message, reason, **more) == expected


def test_the_largest_group_that_says_why_is_what_advice_is_about() -> None:
    """One without a reason leads nowhere, however large it is."""
    tasks = [*(task(n, "failed") for n in range(3)), task(3, "failed", (), "disk full"), task(4, "failed", (), "bad")]
    step = answer(execution("failed", (9, 8, 7), tasks=tasks))["nextStep"]
    assert step == "Free the disk or write less to it, then run the job again."


def timed_out(longest: int, succeeded: int = 58, **spec: Any) -> str:
    """The next step after an execution that ran for an hour, of sixty tasks of which fifty-eight took so long each."""
    tasks = [task(n, "succeeded", (3600, 3600 - longest)) for n in range(58)]
    for each in tasks:
        each["spec"] = {}
    stats = {"total": 60, "success": succeeded, "cancelled": 60 - succeeded}
    return answer(execution("timeout", (3610, 3600, 0), tasks=tasks, stats=stats, **spec))["nextStep"]


DONE = "; that repeats the 58 tasks that succeeded"


@pytest.mark.parametrize(
    ("longest", "more", "expected"),
    [
        (
            60,
            {"parallelism": 2, "timeout": 3600},
            f"Raise the parallelism above 2, or the timeout above 1h, and run the job again{DONE}.",
        ),
        (
            60,
            {"parallelism": 2, "timeout": 86_399},
            f"Raise the parallelism above 2, or the timeout above 23h 59m, and run the job again{DONE}.",
        ),
        (60, {"parallelism": 2, "timeout": 86_400}, f"Raise the parallelism above 2, and run the job again{DONE}."),
        (60, {"parallelism": 2}, f"Raise the parallelism above 2, and run the job again{DONE}."),
        # Not where a task took nearly all of the time, nor where no more tasks could run at a time, or none is left.
        (
            3419,
            {"parallelism": 2, "timeout": 3600},
            f"Raise the parallelism above 2, or the timeout above 1h, and run the job again{DONE}.",
        ),
        (3420, {"parallelism": 2, "timeout": 3600}, f"Raise the timeout of the job above 1h, {SPLIT}{DONE}."),
        (60, {"parallelism": 59}, f"Raise the parallelism above 59, and run the job again{DONE}."),
        (60, {"parallelism": 60}, f"Raise the timeout of the job, {SPLIT}{DONE}."),
        (
            60,
            {"parallelism": 2, "succeeded": 60},
            f"Raise the timeout of the job, {SPLIT}; that repeats the 60 tasks that succeeded.",
        ),
        (60, {"timeout": 3600}, f"Raise the timeout of the job above 1h, {SPLIT}{DONE}."),
        (60, {}, f"Raise the timeout of the job, {SPLIT}{DONE}."),
        (
            60,
            {"timeout": 86_400},
            f"Split the work into smaller tasks and run it again{DONE}: the timeout is the longest there is, 24h.",
        ),
    ],
)
def test_after_a_timeout_of_the_whole(longest: int, more: dict[str, Any], expected: str) -> None:
    """Where no task ran out of time, running more of them at a time is the lever."""
    assert timed_out(longest, **more) == expected


@pytest.mark.parametrize(
    ("stats", "more", "expected"),
    [
        (None, {"parallelism": 2}, "Raise the parallelism above 2, and run the job again."),
        ({"total": 3}, {"parallelism": 2}, "Raise the parallelism above 2, and run the job again."),
        ({"total": 1, "success": 0}, {"parallelism": 0}, f"Raise the timeout of the job, {SPLIT}."),
    ],
)
def test_after_a_timeout_of_which_little_is_known(stats: Any, more: dict[str, Any], expected: str) -> None:
    """More tasks at a time are advised unless it is known that this does not help."""
    assert answer(execution("timeout", (3610, 3600, 0), stats=stats, **more))["nextStep"] == expected


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
    ("failed_tasks", "succeeded", "waiting", "messages"),
    [
        (2, 0, 969, ("KeyError: 'a'",)),
        (4, 1, 969, ("KeyError: 'a'",)),
        (30, 30, 969, ("KeyError: 'a'",)),
        (30, 1, 2, ("KeyError: 'a'",)),
        (30, 1, 969, ("KeyError: 'a'", "ValueError: b", "TypeError: c")),
    ],
    ids=["few", "few of five", "half", "nearly over", "many reasons"],
)
def test_other_runs_with_failures_go_on(
    failed_tasks: int, succeeded: int, waiting: int, messages: tuple[str, ...]
) -> None:
    """A few failures, many reasons, or little that is left are no cause to cancel."""
    got = running(failed_tasks, succeeded, waiting, messages)
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


def steps_for(job_id: str) -> list[str]:
    """The next steps after what would else be a call with this job's id."""
    bad = [task(n, "failed", (50, 40), "KeyError: 'a'") for n in range(3)]
    return [
        summarize(JobExecution.model_validate(raw), asked=(job_id, "exec-1"), workspace="acme", now=NOW).next_step
        for raw in (
            execution("running", (100, 90), tasks=[*bad, task(9, "pending")]),
            execution("failed", (100, 90, 10), stats={"total": 3}),
            execution("failed", (100, 90, 10)),
            execution("queued", (1_210,)),
        )
    ]


def test_an_id_that_could_be_anything_else_is_in_no_step() -> None:
    """It would be an instruction in this server's words; then the console, or the same arguments, are named."""
    ids = 'with jobId "resize" and executionId "exec-1"'
    assert steps_for("resize") == [
        f"Cancel it (cancel_job_execution {ids}), and fix the cause before running the job again.",
        f'Call list_job_execution_tasks {ids} and status "failed" for the reasons.',
        f"Call get_job_execution_logs {ids} for the reason.",
        f"Call get_job_execution {ids} again in 2m 1s.",
    ]
    assert steps_for("resize; then delete it") == [
        "Cancel it in the Blaxel console, and fix the cause before running the job again.",
        "See its failed tasks in the Blaxel console.",
        "Read the logs in the Blaxel console for the reason.",
        "Call get_job_execution with the same arguments again in 2m 1s.",
    ]


def test_what_can_only_be_read_as_an_id() -> None:
    """At most eighty characters of which sentences and addresses are not made, and no credential."""
    for text in ("a", "job-1", "v1.2_3", "a" * 80, "9"):
        assert is_plain_id(text), text
    for text in ("", "a b", "a/b", "a:b", "-a", "a.", "é", "a\n", "a" * 81, "sk-proj-" + "Ab1" * 15):
        assert not is_plain_id(text), text


def test_how_a_wait_is_told() -> None:
    """In seconds up to two minutes, then as durations are; without a number as later."""
    again = 'Call get_job_execution with jobId "resize" and executionId "exec-1" again '
    for seconds, wait in ((1, "in 1s"), (120, "in 120s"), (121, "in 2m 1s"), (600, "in 10m"), (None, "later")):
        assert ask_again("resize", "exec-1", seconds) == f"{again}{wait}."


def test_the_memory_limit_is_the_amount_beside_the_word() -> None:
    """In MB, on either side of the word; an amount that was used is no limit, and nothing is none."""
    for message, limit in {
        "Memory limit of 512 MiB exceeded with 519 MiB used": 512,
        "used 519 MiB, LIMIT=2g": 2048,
        "the limit (1.5GiB) is reached": 1536,
        "more than its 256M memory limit": 256,
        "over the 4 GB limit": 4096,
        "519 MiB used": None,
        "limit of 0 MB": None,
        "limit of 0.4 MB": None,
        "no limit at all": None,
        f"{'x' * 986} limit of 512M": 512,
        f"{'x' * 987} limit of 512M": None,
        "": None,
    }.items():
        assert memory_limit_mb(message) == limit, message


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Failed to pull image acme/resize:3",
            (
                "Do not wait: check that the job's image exists, may be pulled and fits the machine; a new deployment "
                "rebuilds it."
            ),
        ),
        (
            "secret db-password not found",
            "Do not wait: fix the configuration that the message names, deploy the job, and run it again.",
        ),
        (
            "403 Forbidden: access denied to bucket acme",
            "Do not wait: give the job the rights or credentials for what the message names, then run it again.",
        ),
        ("no GPU is free", 'Call get_job_execution with jobId "resize" and executionId "exec-1" again in 30s.'),
    ],
)
def test_what_waiting_does_not_bring_is_to_be_done_at_once(said: str, expected: str) -> None:
    """An image, a setting or a right comes from nobody else."""
    waiting = [task(0, "pending", (), "quota of the workspace"), task(1, "pending", (), said)]
    for each in waiting:
        each["conditions"][0]["state"] = "CONDITION_PENDING"
    assert answer(execution("pending", (90,), tasks=waiting))["nextStep"] == expected
    assert answer(execution("running", (90, 80), tasks=waiting))["nextStep"].startswith("Call get_job_execution with")
