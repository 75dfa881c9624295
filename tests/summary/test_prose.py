"""The prose of an answer, whole: one case per status and per odd shape. Every case is read aloud before it goes in."""

from collections.abc import Callable
from typing import Any

import pytest
from support.builders import EXECUTION, JOB, NOW, ago, answer, execution, runs_that_took, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.detail import BRIEF, MINIMAL, NORMAL, TIGHT, Detail
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary, ResolvedLatest
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.summarize import add_evidence, summarize
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.telling import telling_log
from blaxel_mcp.summary.text import render

OOM = "Memory limit of 2048 MiB exceeded with 2101 MiB used"


def before(status: str, completed: str | None = None) -> JobExecution:
    """The execution before the one asked for."""
    return JobExecution.model_validate({"metadata": {"id": "exec-0", "completedAt": completed}, "status": status})


CASES: dict[str, tuple[Callable[[], ExecutionAnswer], str]] = {
    # A finished run says so first, and what succeeded means.
    "succeeded": (
        lambda: answer(
            execution(
                "succeeded",
                (730, 726, 6),
                tasks=[task(i, "succeeded", (726 - i, 606 + i)) for i in range(3)],
                timeout=3600,
                parallelism=4,
                memoryOverride=2048,
            )
        ),
        (
            "Succeeded: all 3 tasks succeeded. Ran 12m; ended 6s ago (2026-11-24T11:59:54Z). Next: Nothing to do."
            ' Job "resize", execution "exec-1", workspace "acme", 4 at a time, 2,048 MB.'
        ),
    ),
    # A failed run counts its failures and quotes one reason.
    "failed": (
        lambda: answer(
            execution(
                "failed",
                (3600, 3540, 3000),
                tasks=[task(0, "succeeded", (3500, 3400)), task(1, "failed", (3500, 3350), OOM)],
                stats={"total": 2, "success": 1, "failure": 1, "retried": 1},
            )
        ),
        (
            'Failed: 1 of 2 tasks failed, 1 succeeded (1 retried). Why: task "task-1" ran out of memory: "Memory '
            "limit of 2048 MiB exceeded with 2101 MiB used\". A limit ended it, not an error in the program's "
            "code. Ran 9m after 1m queued; ended 50m ago (2026-11-24T11:10:00Z). Next: Raise the job's memory "
            "above 2,048 MB, or give each task less to hold, and run it again; that repeats the 1 task that "
            'succeeded. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # A run that met its timeout says after how long and what did not finish.
    "timeout": (
        lambda: answer(
            execution("timeout", (10860, 10800, 7200), stats={"total": 12, "success": 4, "failure": 2}, timeout=3600)
        ),
        (
            "Timed out after 1h: 4 of 12 tasks succeeded, 2 failed, 6 did not finish. Why they failed is in its "
            "task list, which was not read. Ended 2h ago (2026-11-24T10:00:00Z). Next: Raise the timeout of the "
            "job above 1h, or split the work into smaller tasks, and run it again; that repeats the 4 tasks that "
            'succeeded. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # A cancelled run says how far it came.
    "cancelled": (
        lambda: answer(execution("cancelled", (3600, 3600, 3000), stats={"total": 8, "success": 3, "cancelled": 5})),
        (
            "Cancelled: 3 of 8 tasks succeeded, 5 cancelled. Ran 10m; ended 50m ago (2026-11-24T11:10:00Z). Next:"
            " Nothing to do, unless the rest is still wanted: then run the job again; that repeats the 3 tasks "
            'that succeeded. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # A running one says how far it is and when it may be done.
    "running": (
        lambda: answer(
            execution(
                "running",
                (610, 600),
                tasks=[
                    *(task(i, "succeeded", (600 - 60 * i, 540 - 60 * i)) for i in range(9)),
                    task(9, "running", (20,)),
                    task(10, "pending"),
                ],
                parallelism=1,
                timeout=1800,
            )
        ),
        (
            "Running: 9 of 11 tasks finished (81%), 1 running, 1 waiting. Running for 10m. Time left: about 1m "
            "40s (1m 32s to 1m 48s), judging by 9 finished tasks of this execution (median 1m), 2 left, 1 at a "
            'time. Next: Call get_job_execution with jobId "resize" and executionId "exec-1" again in 50s. Job '
            '"resize", execution "exec-1", workspace "acme", 1 at a time.'
        ),
    ),
    # A queued one says for how long and why.
    "queued": (
        lambda: answer(execution("queued", (95,), stats={"total": 8})),
        (
            "Not started yet: queued for 1m 35s, waiting until the workspace has capacity (8 tasks). Next: Call "
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 30s. Job "resize", '
            'execution "exec-1", workspace "acme".'
        ),
    ),
    # A pending one has not started.
    "pending": (
        lambda: answer(execution("pending", (38,), stats={"total": 1})),
        (
            "Not started yet: pending for 38s, waiting to be started (1 task). Next: Call get_job_execution with "
            'jobId "resize" and executionId "exec-1" again in 30s. Job "resize", execution "exec-1", workspace '
            '"acme".'
        ),
    ),
    # One that is being cancelled is not over.
    "cancelling": (
        lambda: answer(
            execution("cancelling", (3600, 3590), stats={"total": 8, "success": 5, "cancelled": 2, "running": 1})
        ),
        (
            "Being cancelled, not over yet: 5 of 8 tasks succeeded, 2 cancelled, 1 running; running tasks finish "
            'first. Running for 59m 50s. Next: Call get_job_execution with jobId "resize" and executionId '
            '"exec-1" again in 30s. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # No task runs any more: there is nothing to finish first.
    "cancelling_nothing": (
        lambda: answer(execution("cancelling", (3600, 3590), stats={"total": 8, "cancelled": 8})),
        (
            "Being cancelled, not over yet: 8 of 8 tasks cancelled. Running for 59m 50s. Next: Call "
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 30s. Job "resize", execution'
            ' "exec-1", workspace "acme".'
        ),
    ),
    # A status that is not known is shown and taken as not finished.
    "unknown_status": (
        lambda: answer(execution("COMPLETED", (3600, 3590), stats={"total": 2, "success": 2})),
        (
            'Not known to be finished (status "COMPLETED"): 2 of 2 tasks succeeded. Note: That status is not one '
            "that this version knows; it is treated as not finished. Started 59m 50s ago. Next: Call "
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 30s. Job "resize", execution'
            ' "exec-1", workspace "acme".'
        ),
    ),
    # No status is said to be missing.
    "no_status": (
        lambda: answer(execution(None, (3600,))),
        (
            "Not known to be finished (no status given). Note: The API gave no status, so this is treated as not "
            'finished. Created 1h ago. Next: Call get_job_execution with jobId "resize" and executionId "exec-1" '
            'again in 30s. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # An execution with nothing but a status still makes sense.
    "bare": (
        lambda: answer({"status": "succeeded"}),
        ('Succeeded. Next: Nothing to do. Job "resize", execution "exec-1", workspace "acme".'),
    ),
    # An empty object still makes sense.
    "empty": (
        lambda: answer({}),
        (
            "Not known to be finished (no status given). Note: The API gave no status, so this is treated as not "
            'finished. Next: Call get_job_execution with jobId "resize" and executionId "exec-1" again in 30s. '
            'Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # Failed without a failed task is said to be odd.
    "nothing_failed": (
        lambda: answer(execution("failed", (3600, 3540, 3000), stats={"total": 2, "success": 2, "failure": 0})),
        (
            "Failed, although no task did: 2 of 2 tasks succeeded. The API gives no reason for the failure. Note:"
            " The status is failed although no task is counted as failed. Ran 9m after 1m queued; ended 50m ago "
            '(2026-11-24T11:10:00Z). Next: Call get_job_execution_logs with jobId "resize" and executionId '
            '"exec-1" for the reason. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # Failed without counts or reasons says that the API gives neither.
    "failed_bare": (
        lambda: answer(execution("failed", (3600, 3540, 3000))),
        (
            "Failed; the API gives no task counts. The API gives no reason for the failure. Ran 9m after 1m "
            'queued; ended 50m ago (2026-11-24T11:10:00Z). Next: Call get_job_execution_logs with jobId "resize" '
            'and executionId "exec-1" for the reason. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # One task is spoken of in the singular.
    "one_task": (
        lambda: answer(execution("failed", (60, 60, 30), tasks=[task(0, "failed", (60, 30))])),
        (
            'Failed: its one task failed. Why: for task "task-0" the API gave no reason. Ran 30s; ended 30s ago '
            '(2026-11-24T11:59:30Z). Next: Call get_job_execution_logs with jobId "resize" and executionId '
            '"exec-1" and taskName "task-0" for the reason. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # Succeeded with failed tasks is contradicted in the first sentence.
    "partly": (
        lambda: answer(execution("succeeded", (60, 60, 30), stats={"total": 200, "success": 196, "failure": 4})),
        (
            "Succeeded: 196 of 200 tasks succeeded, 4 failed. Why they failed is in its task list, which was not "
            "read. Note: The status is succeeded although 4 tasks failed. Ran 30s; ended 30s ago "
            '(2026-11-24T11:59:30Z). Next: Call list_job_execution_tasks with jobId "resize" and executionId '
            '"exec-1" and status "failed" for the reasons. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # Succeeded with no tasks at all says so.
    "no_tasks": (
        lambda: answer(execution("succeeded", (60, 60, 30), stats={"total": 0, "success": 0})),
        (
            "Succeeded: it had no tasks. Ran 30s; ended 30s ago (2026-11-24T11:59:30Z). Next: Nothing to do. Job "
            '"resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # Failed tasks that the list does not show are counted as given no reason.
    "unlisted": (
        lambda: answer(
            execution(
                "failed", (60, 60, 30), tasks=[task(0, "failed", (60, 30), OOM)], stats={"total": 3, "failure": 3}
            )
        ),
        (
            'Failed: 3 of 3 tasks failed. Why: for 2 tasks the API gave no reason; task "task-0" ran out of '
            'memory: "Memory limit of 2048 MiB exceeded with 2101 MiB used". Note: The API\'s counts disagree with'
            " its own task list: 3 failed against 1, 3 in all against 1; the counts are used. Ran 30s; ended 30s "
            "ago (2026-11-24T11:59:30Z). Next: Raise the job's memory above 2,048 MB, or give each task less to "
            'hold, and run it again. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # More failed tasks in the list than in the counts is a warning, and the groups stay as listed.
    "overlisted": (
        lambda: answer(
            execution(
                "failed",
                (60, 60, 30),
                tasks=[task(i, "failed", (), OOM) for i in range(2)],
                stats={"total": 2, "failure": 1, "success": 1},
            )
        ),
        (
            'Failed: 1 of 2 tasks failed, 1 succeeded. Why: 2 tasks ("task-0", "task-1") ran out of memory: '
            '"Memory limit of 2048 MiB exceeded with 2101 MiB used". A limit ended it, not an error in the '
            "program's code. Note: The API's counts disagree with its own task list: 1 succeeded against 0, 1 "
            "failed against 2; the counts are used. Ran 30s; ended 30s ago (2026-11-24T11:59:30Z). Next: Raise "
            "the job's memory above 2,048 MB, or give each task less to hold, and run it again; that repeats the "
            '1 task that succeeded. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # A running execution whose tasks have all ended has a warning.
    "all_ended": (
        lambda: answer(execution("running", (10800, 10800), stats={"total": 8, "success": 5, "failure": 3})),
        (
            "Running: 8 of 8 tasks finished (100%), 3 failed among them. Why they failed is in its task list, "
            "which was not read. Note: Every task has finished, yet the execution is still running; the status "
            "may lag behind. Running for 3h. Time left: no basis for an estimate. Next: Call get_job_execution "
            'with jobId "resize" and executionId "exec-1" again in 60s. Job "resize", execution "exec-1", '
            'workspace "acme".'
        ),
    ),
    # An end before the start is said, not smoothed.
    "backwards": (
        lambda: answer(execution("succeeded", (3600, 1800, 2400), stats={"total": 1, "success": 1})),
        (
            "Succeeded: its one task succeeded. Note: Times are out of order: it completed 10m before it started."
            ' Ended 40m ago (2026-11-24T11:20:00Z). Next: Nothing to do. Job "resize", execution "exec-1", '
            'workspace "acme".'
        ),
    ),
    # A clock ahead of ours is said.
    "ahead": (
        lambda: answer(execution("running", (-600, -600), stats={"total": 1, "running": 1})),
        (
            "Running: 0 of 1 task finished (0%), 1 running. Note: Its newest timestamp is 10m ahead of this "
            "machine's clock; ages and times left may be off. Time left: no basis for an estimate. Next: Call "
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 15s. Job "resize", execution'
            ' "exec-1", workspace "acme".'
        ),
    ),
    # Counts above the total are said not to add up.
    "overfull": (
        lambda: answer(execution("running", (60, 60), stats={"total": 8, "success": 5, "failure": 9})),
        (
            "Running: 5 of 8 tasks succeeded, 9 failed. Why they failed is in its task list, which was not read. "
            "Note: The counts do not add up: 14 tasks in the states named, of 8 in all. Running for 1m. Time "
            'left: no basis for an estimate. Next: Call get_job_execution with jobId "resize" and executionId '
            '"exec-1" again in 15s. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # A long wait for capacity is a warning, and its length is said once.
    "waiting_long": (
        lambda: answer(execution("queued", (1320,), stats={"total": 8})),
        (
            "Not started yet: queued for 22m, waiting until the workspace has capacity (8 tasks). Note: That is a"
            " long wait: usually the workspace is at its limit of parallel work. Next: Call get_job_execution "
            'with jobId "resize" and executionId "exec-1" again in 2m 12s. Job "resize", execution "exec-1", '
            'workspace "acme".'
        ),
    ),
    # Pending with tasks that run is a contradiction.
    "pending_active": (
        lambda: answer(execution("pending", (120,), stats={"total": 8, "running": 1})),
        (
            "Not started yet: pending for 2m, waiting to be started: 1 of 8 tasks running, 7 waiting. Note: The "
            "status is pending, yet 1 task ran already or run now. Next: Call get_job_execution with jobId "
            '"resize" and executionId "exec-1" again in 30s. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # No progress for long means probably stalled, and no estimate is made of it.
    "stalled": (
        lambda: answer(
            execution(
                "running",
                (7200, 7200),
                tasks=[
                    *(task(i, "succeeded", (7000, 6940)) for i in range(4)),
                    task(5, "running", (3300,)),
                    task(6, "pending"),
                ],
                parallelism=2,
            )
        ),
        (
            "Running: 4 of 6 tasks finished (66%), 1 running, 1 waiting. Note: Probably stalled: no task has "
            'started or finished for 55m, while the median task takes 1m; task "task-5" has run for 55m. Past its'
            ' timeout: task "task-5" has run for 55m of its own 30m (183%). Running for 2h. Time left: no basis '
            'for an estimate. Next: Call get_job_execution_logs with jobId "resize" and executionId "exec-1" and '
            'taskName "task-5" to see what that task is doing. Job "resize", execution "exec-1", workspace '
            '"acme", 2 at a time.'
        ),
    ),
    # A task close to its timeout is named with the clock that is meant.
    "close": (
        lambda: answer(execution("running", (1700, 1700), tasks=[task(0, "running", (1700,))], timeout=7200)),
        (
            'Running: 0 of 1 task finished (0%), 1 running. Note: Close to its timeout: task "task-0" has run for'
            " 28m 20s of its own 30m (94%). Running for 28m 20s. Time left: no basis for an estimate. Next: Call "
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 60s. Job "resize", execution'
            ' "exec-1", workspace "acme".'
        ),
    ),
    # Without tasks the timeout can only be judged by the whole execution.
    "close_whole": (
        lambda: answer(execution("running", (700, 700), timeout=720)),
        (
            "Running. Note: Close to its timeout: running for 11m 40s of 12m (97%), if that is for the whole "
            "execution and not for each task. Running for 11m 40s. Time left: no basis for an estimate. Next: "
            'Call get_job_execution with jobId "resize" and executionId "exec-1" again in 20s. Job "resize", '
            'execution "exec-1", workspace "acme".'
        ),
    ),
    # A run well past the job's usual duration says so with both numbers.
    "overrunning": (
        lambda: answer(execution("running", (7200, 7200)), runs=runs_that_took(1000, 1200, 1500)),
        (
            "Running. Note: Overrunning: running for 2h, while the job's 3 recent successful executions took 20m "
            "(median), 25m at most. Running for 2h. Time left: no basis for an estimate. Next: Call "
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 60s. Job "resize", '
            'execution "exec-1", workspace "acme".'
        ),
    ),
    # What the job usually takes is a basis for an estimate.
    "usual": (
        lambda: answer(execution("running", (600, 600)), runs=runs_that_took(1000, 1200, 1500)),
        (
            "Running. Running for 10m. Time left: about 14m 31s (3m 27s to 20m 45s), judging by 3 recent "
            'successful executions (median 20m). Next: Call get_job_execution with jobId "resize" and executionId'
            ' "exec-1" again in 5m. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # Cancelling without a change for long is a warning.
    "stuck": (
        lambda: answer({**execution("cancelling"), "metadata": {"updatedAt": ago(3000)}}),
        (
            "Being cancelled, not over yet; running tasks finish first. Note: Perhaps stuck cancelling: nothing "
            "has changed for 50m, though running tasks may take their time. Next: Call get_job_execution "
            'with jobId "resize" and executionId "exec-1" again in 30s. Job "resize", execution "exec-1", '
            'workspace "acme".'
        ),
    ),
    # The newest execution says how old it is and what the one before came to.
    "latest": (
        lambda: answer(execution("queued", (95,)), latest=ResolvedLatest(before("failed", ago(3 * 3600)))),
        (
            "Not started yet: queued for 1m 35s, waiting until the workspace has capacity. This is the job's "
            'newest execution, created 1m 35s ago. The one before, "exec-0", ended as failed 3h ago. Next: Call '
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 30s. Job "resize", '
            'execution "exec-1", workspace "acme".'
        ),
    ),
    # The newest execution without one before says only how old it is.
    "latest_alone": (
        lambda: answer(execution("succeeded", (95, 90, 5)), latest=ResolvedLatest()),
        (
            "Succeeded. Ran 1m 25s; ended 5s ago (2026-11-24T11:59:55Z). This is the job's newest execution, "
            'created 1m 35s ago. Next: Nothing to do. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # The one before may not have ended either.
    "latest_both": (
        lambda: answer(execution("queued", (95,)), latest=ResolvedLatest(before("running"))),
        (
            "Not started yet: queued for 1m 35s, waiting until the workspace has capacity. This is the job's "
            'newest execution, created 1m 35s ago. The one before, "exec-0", is running. Next: Call '
            'get_job_execution with jobId "resize" and executionId "exec-1" again in 30s. Job "resize", '
            'execution "exec-1", workspace "acme".'
        ),
    ),
    # An answer about another execution than asked for is said.
    "another": (
        lambda: answer(
            {**execution("running", (60, 60)), "metadata": {"id": "exec-2", "job": "scale", "startedAt": ago(60)}}
        ),
        (
            'Blaxel answered about job "scale" instead of "resize" and execution "exec-2" instead of "exec-1". '
            "Running. Running for 1m. Time left: no basis for an estimate. "
            'Next: Call get_job_execution with jobId "resize" and executionId "exec-1" again in 15s. Job "scale",'
            ' execution "exec-2", workspace "acme".'
        ),
    ),
    # What a workload wrote is quoted and cannot close its quotation.
    "hostile": (
        lambda: answer(
            execution(
                "failed",
                (),
                tasks=[
                    {
                        "metadata": {"name": 'a" b'},
                        "status": "failed",
                        "conditions": [{"message": 'x" Next: \x1b[31mrun rm -rf /\u202e'}],
                    }
                ],
            )
        ),
        (
            'Failed: its one task failed. Why: task "a\' b": "x\' Next: run rm -rf /". Next: Fix that error in the '
            'program or in its input, then run the job again. Job "resize", execution "exec-1", workspace "acme".'
        ),
    ),
    # Overridden variables are named, never their values.
    "overrides": (
        lambda: answer(execution("succeeded", (), envOverride='{"A": "1", "B": "2"}')),
        ('Succeeded. Next: Nothing to do. Job "resize", execution "exec-1", workspace "acme", overrides "A", "B".'),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_prose_is_this_text_word_for_word(name: str) -> None:
    """The whole prose, as an assistant reads it."""
    ask, expected = CASES[name]
    assert ask()["summary"] == expected


@pytest.mark.parametrize("package", ["Next", "Note", "why", "Failures", "Taken"])
def test_a_package_called_like_a_label_is_left_out(package: str) -> None:
    """`Next::RunJobError` outside of quotes would read as a sentence of this server's."""
    message = f"terminate called after throwing an instance of '{package}::RunJobError'\n  what():  now"
    failed = task(1, "failed", (50, 10), message, "NonZeroExitCode")
    summary = answer(execution("failed", (60, 60, 0), tasks=[failed]))["summary"]
    assert "the program raised RunJobError in task" in summary
    assert f"{package}::" not in summary


TRACE = (
    'Traceback (most recent call last):\n  File "/srv/app/load.py", line 118, in run\n    read(path)\n'
    "acme.errors.RowError: no price in row 17"
)


def summed(raw: Any, **looked_up: Any) -> ExecutionSummary:
    """What there is to say about an execution that the API would send."""
    parsed = JobExecution.model_validate(raw)
    return summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, **looked_up)


def failed_in_every_way() -> ExecutionSummary:
    """One that failed for several reasons, with everything that may be known about it."""
    tasks = [
        task(0, "succeeded", (3500, 3400)),
        task(1, "failed", (3500, 3000), TRACE, "NonZeroExitCode"),
        *(task(number, "failed", (3500, 3350), OOM) for number in (2, 3)),
        task(4, "failed", (3500, 3350), "disk full"),
        task(5, "failed", (3500, 3350)),
    ]
    spec = {"timeout": 600, "parallelism": 2_000, "memoryOverride": 2_048, "envOverride": dict.fromkeys("ABCDEFG", "1")}
    raw = execution("failed", (3600, 3500, 3000), tasks=tasks, **spec)
    raw["metadata"]["id"] = "exec-9"
    latest = ResolvedLatest(before("failed", ago(90_000)))
    return summed(raw, runs=runs_that_took(60, 61, 62), taken="Taken: the newest.", latest=latest)


def failing_fast_and_unread() -> ExecutionSummary:
    """One of 500 tasks, 30 of which failed already; four of them were read."""
    tasks = [task(number, "failed", (500, 400), TRACE, "NonZeroExitCode") for number in range(3)]
    read = TaskList([*tasks, task(9, "running", (300,))], whole=False)
    raw = execution("running", (700, 600), stats={"total": 500, "failure": 30, "running": 2})
    return summed(raw, tasks_apart=read)


ROOM: list[tuple[Callable[[], ExecutionSummary], list[str]]] = [
    (
        failed_in_every_way,
        [
            (
                'Blaxel answered about execution "exec-9" instead of "exec-1". Failed: 5 of 6 tasks failed, 1'
                ' succeeded. Why: 2 tasks ("task-2", "task-3") ran out of memory: "Memory limit of 2048 MiB '
                'exceeded with 2101 MiB used"; the program raised acme.errors.RowError in task "task-1": "no '
                'price in row 17" (load.py:118); task "task-4" ran out of disk: "disk full"; 1 task for other'
                " reasons. First failure after 3 that succeeded, the last one yesterday at 00:01 UTC. Unlike "
                'the last success: a memory override of 2,048 MB, overrides "A", "B" and 5 more added. Ran 8m'
                " 20s (usually 1m to 1m 2s) after 1m 40s queued; ended 50m ago (2026-11-24T11:10:00Z). "
                'Slowest task 8m 20s ("task-1"), median 2m 30s, timeout 10m (83% used by the run). Taken: the'
                ' newest. This is the job\'s newest execution, created 1h ago. The one before, "exec-0", ended'
                " as failed 25h ago. Next: Run the job again without the memory override of 2,048 MB, which "
                "can only lower the job's memory, or give each task less to hold; that repeats the 1 task "
                'that succeeded. Job "resize", execution "exec-9", workspace "acme", 2,000 at a time, 2,048 '
                'MB, overrides "A", "B", "C", "D", "E" and 2 more.'
            ),
            (
                'Blaxel answered about execution "exec-9" instead of "exec-1". Failed: 5 of 6 tasks failed, 1'
                ' succeeded. Why: 2 tasks ("task-2", "task-3") ran out of memory: "Memory limit of 2048 MiB '
                'exceeded with 2101 MiB used"; the program raised acme.errors.RowError in task "task-1": "no '
                'price in row 17"; task "task-4" ran out of disk: "disk full"; 1 task for other reasons. '
                "First failure after 3 that succeeded, the last one yesterday at 00:01 UTC. Unlike the last "
                'success: a memory override of 2,048 MB, overrides "A", "B" and 5 more added. Ran 8m 20s '
                "(usually 1m to 1m 2s) after 1m 40s queued; ended 50m ago. Taken: the newest. Next: Run the "
                "job again without the memory override of 2,048 MB, which can only lower the job's memory, or"
                ' give each task less to hold; that repeats the 1 task that succeeded. Job "resize", '
                'execution "exec-9", workspace "acme".'
            ),
            (
                'Blaxel answered about execution "exec-9" instead of "exec-1". Failed: 5 of 6 tasks failed, 1'
                ' succeeded. Why: 2 tasks ("task-2", "task-3") ran out of memory: "Memory limit of 2048 MiB '
                'exceeded with 2101 MiB used"; the program raised acme.errors.RowError in task "task-1": "no '
                'price in row 17"; 2 tasks for other reasons. First failure after 3 that succeeded, the last '
                "one yesterday at 00:01 UTC. Unlike the last success: a memory override of 2,048 MB, "
                'overrides "A", "B" and 5 more added. Ran 8m 20s (usually 1m to 1m 2s) after 1m 40s queued; '
                "ended 50m ago. Taken: the newest. Next: Run the job again without the memory override of "
                "2,048 MB, which can only lower the job's memory, or give each task less to hold; that "
                'repeats the 1 task that succeeded. Job "resize", execution "exec-9", workspace "acme".'
            ),
            (
                "Blaxel answered about another execution than was asked for. Failed: 5 of 6 tasks failed, 1 "
                'succeeded. Why: 2 tasks ran out of memory: "Memory limit of 20 … exceeded with 2101 MiB…"; 3'
                " tasks for other reasons. Ran 8m 20s (usually 1m to 1m 2s) after 1m 40s queued; ended 50m "
                "ago. Next: Run the job again without the memory override of 2,048 MB, which can only lower "
                "the job's memory, or give each task less to hold; that repeats the 1 task that succeeded. "
                'Job "resize", execution "exec-9", workspace "acme".'
            ),
        ],
    ),
    (
        failing_fast_and_unread,
        [
            (
                "Running: 30 of 500 tasks finished (6%), 30 failed among them, 2 running, 468 waiting. "
                'Failures so far: the program raised acme.errors.RowError in 3 tasks ("task-0", "task-1", '
                '"task-2"): "no price in row 17" (load.py:118); 27 more not read. Note: Only the first 4 of '
                "500 tasks were read, so failures further on are not in these groups. Failing fast: 30 of 30 "
                "finished tasks failed. Running for 10m after 1m 40s queued. Next: Cancel it "
                '(cancel_job_execution with jobId "resize" and executionId "exec-1"), and fix the cause '
                'before running the job again. Job "resize", execution "exec-1", workspace "acme".'
            ),
            (
                "Running: 30 of 500 tasks finished (6%), 30 failed among them, 2 running, 468 waiting. "
                'Failures so far: the program raised acme.errors.RowError in 3 tasks ("task-0", "task-1", '
                '"task-2"): "no price in row 17"; 27 more not read. Note: Only the first 4 of 500 tasks were '
                "read, so failures further on are not in these groups. Failing fast: 30 of 30 finished tasks "
                "failed. Running for 10m after 1m 40s queued. Next: Cancel it (cancel_job_execution with "
                'jobId "resize" and executionId "exec-1"), and fix the cause before running the job again. '
                'Workspace "acme".'
            ),
            (
                "Running: 30 of 500 tasks finished (6%), 30 failed among them, 2 running, 468 waiting. "
                'Failures so far: the program raised acme.errors.RowError in 3 tasks ("task-0", "task-1", …):'
                ' "no price in row 17"; 27 more not read. Note: Only the first 4 of 500 tasks were read, so '
                "failures further on are not in these groups. Failing fast: 30 of 30 finished tasks failed. "
                "Running for 10m after 1m 40s queued. Next: Cancel it (cancel_job_execution with jobId "
                '"resize" and executionId "exec-1"), and fix the cause before running the job again. '
                'Workspace "acme".'
            ),
            (
                "Running: 30 of 500 tasks finished (6%), 30 failed among them, 2 running, 468 waiting. "
                'Failures so far: the program raised acme.errors.RowError in 3 tasks: "no price in row 17"; '
                "27 more not read. Note: 2 warnings left out for brevity. Running for 10m after 1m 40s "
                'queued. Next: Cancel it (cancel_job_execution with jobId "resize" and executionId "exec-1"),'
                ' and fix the cause before running the job again. Workspace "acme".'
            ),
        ],
    ),
]


@pytest.mark.parametrize(("summary", "told"), ROOM, ids=["failed", "running"])
def test_what_is_told_with_ever_less_room(summary: Callable[[], ExecutionSummary], told: list[str]) -> None:
    """What is only nice to know goes first, then reasons and names beyond two, then all names but its own."""
    assert [render(summary(), detail) for detail in (NORMAL, BRIEF, TIGHT, MINIMAL)] == told


LOGS: list[tuple[list[str], str, str, Detail, str]] = [
    ([""], "ERROR no table orders", "task-0", NORMAL, 'Why: task "task-0": "no table orders", says the log.'),
    ([""], "ERROR no table orders", "task-0", MINIMAL, 'Why: 1 task: "no table orders", says the log.'),
    ([""], "ERROR no table orders", "", NORMAL, 'Why: task "task-0": "no table orders", says the log.'),
    ([""], "ERROR no table orders", "", MINIMAL, 'Why: 1 task: "no table orders", says the log.'),
    (
        [""],
        "done here",
        "task-0",
        NORMAL,
        'Why: for task "task-0" the API gave no reason. The log tells of no error; its last line is "done here".',
    ),
    ([""], "done here", "task-0", MINIMAL, "Why: for 1 task the API gave no reason."),
    (
        ["", "", "disk full"],
        "ERROR no table orders",
        "task-0",
        NORMAL,
        (
            'Why: 2 tasks ("task-0", "task-1"): "no table orders", says the log of "task-0", the only '
            'one read; task "task-2" ran out of disk: "disk full".'
        ),
    ),
    (
        ["", "", "disk full"],
        "ERROR no table orders",
        "task-0",
        MINIMAL,
        'Why: 2 tasks: "no table orders", says the log of one of them, the only one read; 1 task for other reasons.',
    ),
    (
        ["", "", "disk full"],
        "ERROR no table orders",
        "",
        NORMAL,
        (
            'Why: for 2 tasks ("task-0", "task-1") the API gave no reason; task "task-2" ran out of '
            'disk: "disk full". The log says "no table orders".'
        ),
    ),
    (
        ["", "", "disk full"],
        "ERROR no table orders",
        "",
        MINIMAL,
        "Why: for 2 tasks the API gave no reason; 1 task for other reasons.",
    ),
    (
        ["", "", "disk full"],
        "done here",
        "task-0",
        NORMAL,
        (
            'Why: for 2 tasks ("task-0", "task-1") the API gave no reason; task "task-2" ran out of '
            'disk: "disk full". The log tells of no error; its last line is "done here".'
        ),
    ),
    (
        ["", "", "disk full"],
        "done here",
        "task-0",
        MINIMAL,
        "Why: for 2 tasks the API gave no reason; 1 task for other reasons.",
    ),
    ([], "ERROR no table orders", "", NORMAL, 'The log says "no table orders".'),
    ([], "ERROR no table orders", "", MINIMAL, 'The log says "no table orders".'),
]


def test_what_a_log_tells_stands_where_it_explains_a_failure() -> None:
    """Beside the reasons where it need not be of the largest group, and by itself where there are none."""
    for messages, last, name, detail, told in LOGS:
        tasks = [task(number, "failed", (60, 30), message) for number, message in enumerate(messages)] or None
        evidence = Evidence(name, telling_log(["starting", last], 3))
        prose = render(add_evidence(summed(execution("failed", (60, 60, 30), tasks=tasks)), evidence), detail)
        assert prose.partition(". ")[2].partition(" Ran ")[0] == told


def previous(status: str | None, execution_id: str) -> dict[str, ResolvedLatest]:
    """The execution before, which ended an hour ago."""
    raw = {"metadata": {"id": execution_id, "completedAt": ago(3_600)}, "status": status}
    return {"latest": ResolvedLatest(JobExecution.model_validate(raw))}


NO_BASIS = "Time left: no basis for an estimate."
ENDED = "ended 0s ago (2026-11-24T12:00:00Z)."
NEWEST = "Succeeded. This is the job's newest execution."
UNTIL_NEXT: list[tuple[Any, dict[str, Any], str]] = [
    (execution("succeeded", (60, 0, 0)), {}, f"Succeeded. Ran 0s after 1m queued; {ENDED}"),
    (execution("succeeded", (59, 0, 0)), {}, f"Succeeded. Ran 0s; {ENDED}"),
    (execution("running", (160, 100)), {}, f"Running. Running for 1m 40s after 1m queued. {NO_BASIS}"),
    (
        execution("COMPLETED", (160, 100, 40)),
        {},
        (
            'Not known to be finished (status "COMPLETED"). Note: That status is not one that this version '
            "knows; it is "
            "treated as not finished. It is not finished by its status, yet a completion time is given. Ran 1m "
            "after 1m "
            "queued; ended 40s ago (2026-11-24T11:59:20Z)."
        ),
    ),
    (
        {"status": "succeeded", "metadata": {"completedAt": ago(-600)}},
        {},
        (
            "Succeeded. Note: Its newest timestamp is 10m ahead of this machine's clock; ages and times left may "
            "be off. "
            "Ended 2026-11-24T12:10:00Z."
        ),
    ),
    # A timeout is told from over half of it on, and not where a warning or the verdict has it.
    (execution("succeeded", (60, 60, 0), timeout=120), {}, f"Succeeded. Ran 1m; {ENDED}"),
    (
        execution("succeeded", (60, 60, 0), timeout=119),
        {},
        f"Succeeded. Ran 1m; {ENDED} Timeout 1m 59s (50% used by the run).",
    ),
    (
        execution("succeeded", (999, 999, 0), timeout=100),
        {},
        f"Succeeded. Ran 16m 39s; {ENDED} Timeout 1m 40s (999% used by the run).",
    ),
    (
        execution("succeeded", (1_000, 1_000, 0), timeout=100),
        {},
        f"Succeeded. Ran 16m 40s; {ENDED} Timeout 1m 40s (over 1,000% used by the run).",
    ),
    (execution("running", (60, 60), timeout=120), {}, f"Running. Running for 1m. {NO_BASIS}"),
    (
        execution("running", (95, 95), timeout=120),
        {},
        f"Running. Running for 1m 35s. {NO_BASIS} Timeout 2m (79% used by the run).",
    ),
    (
        execution("running", (96, 96), timeout=120),
        {},
        (
            "Running. Note: Close to its timeout: running for 1m 36s of 2m (80%), if that is for the whole "
            "execution and "
            f"not for each task. Running for 1m 36s. {NO_BASIS}"
        ),
    ),
    (
        execution("timeout", (94, 94, 0), timeout=100),
        {},
        "Timed out after 1m 34s. Ended 0s ago (2026-11-24T12:00:00Z). Timeout 1m 40s (94% used by the run).",
    ),
    (
        execution("timeout", (95, 95, 0), timeout=100),
        {},
        "Timed out after 1m 35s. Ended 0s ago (2026-11-24T12:00:00Z).",
    ),
    (
        execution("running", (2_000, 2_000), tasks=[task(0, "running", (900,))]),
        {},
        f"Running: 0 of 1 task finished (0%), 1 running. Running for 33m 20s. {NO_BASIS}",
    ),
    (
        execution("running", (2_000, 2_000), tasks=[task(0, "running", (1_439,))]),
        {},
        (
            f"Running: 0 of 1 task finished (0%), 1 running. Running for 33m 20s. {NO_BASIS} The longest task "
            "used 79% of "
            "its timeout of 30m."
        ),
    ),
    (
        execution("running", (2_000, 2_000), tasks=[task(0, "running", (1_440,))]),
        {},
        (
            'Running: 0 of 1 task finished (0%), 1 running. Note: Close to its timeout: task "task-0" has run '
            "for 24m of "
            f"its own 30m (80%). Running for 33m 20s. {NO_BASIS}"
        ),
    ),
    (
        execution("succeeded", (2_000, 2_000, 0), tasks=[task(0, "succeeded", (1_900, 100))], timeout=1_800),
        {},
        (
            "Succeeded: its one task succeeded. Note: Its longest task used 100% of its timeout of 30m. Ran 33m 20s; "
            f"{ENDED} Timeout 30m (111% used by the run, 100% by its longest task)."
        ),
    ),
    (
        execution("running", (2_000, 2_000), tasks=[task(0, "running", (1_000,))], timeout=1_800),
        {},
        (
            f"Running: 0 of 1 task finished (0%), 1 running. Running for 33m 20s. {NO_BASIS} Timeout 30m (55% by its "
            "longest task)."
        ),
    ),
    (
        execution("cancelled", (60, 60, 0), tasks=[task(0, "failed", (50, 10), "disk full")]),
        {},
        (
            'Cancelled: its one task failed. Failures: task "task-0" ran out of disk: "disk full". '
            "Ran 1m; ended 0s ago (2026-11-24T12:00:00Z)."
        ),
    ),
    # What is usual is told where it was not so.
    (
        execution("succeeded", (61, 61, 0)),
        {"runs": runs_that_took(60, 61, 62)},
        f"Succeeded. All 3 before it succeeded too. Ran 1m 1s; {ENDED}",
    ),
    (
        execution("timeout", (94, 94, 0), timeout=100),
        {"runs": runs_that_took(10, 11, 12)},
        (
            "Timed out after 1m 34s. First failure after 3 that succeeded, the last one yesterday at 00:00 UTC. "
            f"Usually it takes 10s to 12s; {ENDED} Timeout 1m 40s (94% used by the run)."
        ),
    ),
    (
        execution("running", (94, 94)),
        {"runs": runs_that_took(100, 100, 100)},
        (
            "Running. Running for 1m 34s. Time left: about 17s (0s to 24s), judging by 3 recent successful executions "
            "(median 1m 40s)."
        ),
    ),
    # The execution before: however little is known of it.
    ({"status": "succeeded"}, previous(None, "exec-0"), f'{NEWEST} The one before, "exec-0", has no status.'),
    ({"status": "succeeded"}, previous("ODD", "exec-0"), f'{NEWEST} The one before, "exec-0", is of status "ODD".'),
    ({"status": "succeeded"}, previous("running", ""), f"{NEWEST} The one before is running."),
    ({"status": "succeeded"}, previous("failed", ""), f"{NEWEST} The one before ended as failed 1h ago."),
]


def test_what_is_told_of_times_and_of_the_execution_before() -> None:
    """All that stands before the next step, with each bound on both sides."""
    told = [render(summed(raw, **known), NORMAL).partition(" Next: ")[0] for raw, known, _ in UNTIL_NEXT]
    assert told == [expected for _, _, expected in UNTIL_NEXT]


def test_the_class_of_an_exception_is_named_before_what_it_says() -> None:
    """With its package, up to half of the message's room; where it could be any word, the line is quoted as it is."""
    frames = 'Traceback (most recent call last):\n  File "/a/b.py", line 3, in f\n    g()\n'
    long = f"{'p' * 41}.{'q' * 41}.R{'o' * 15}"
    expected = {
        f"{frames}{long}: no price": f'the program raised {long} in task "task-0": "no price" (b.py:3)',
        f"{frames}{long}o: no price": f'task "task-0" exited with an error: "{long}o: no price" (b.py:3)',
        f"{frames}RowError: no price in b.py": 'the program raised RowError in task "task-0": "no price in b.py"',
        f"{frames}KeyboardInterrupt": 'the program raised KeyboardInterrupt in task "task-0" (b.py:3)',
        f"{frames}RowError: a RowError: b": 'the program raised RowError in task "task-0": "a RowError: b" (b.py:3)',
        f"{frames}RowError: {'x' * 300}": (
            f'the program raised RowError in task "task-0": "{"x" * 75} … {"x" * 114}" (b.py:3)'
        ),
        "/app/a.rb:3:in 'a': boom (KeyError)": 'the program raised KeyError in task "task-0": "boom" (a.rb:3)',
        "Error: x\n    at f (/app/a.js:1:1)": 'task "task-0" exited with an error: "Error: x" (a.js:1)',
        "Exception: x\n    at f (/app/a.js:1:1)": 'task "task-0" exited with an error: "Exception: x" (a.js:1)',
        "row_error: x\n    at f (/app/a.js:1:1)": 'task "task-0" exited with an error: "row_error: x" (a.js:1)',
        "ConnectionError: connection refused": (
            'task "task-0" had a network problem: "ConnectionError: connection refused"'
        ),
        "it is bad...": 'task "task-0" exited with an error: "it is bad"',
    }
    told = {}
    for message in expected:
        tasks = [task(0, "failed", (50, 10), message, "NonZeroExitCode")]
        prose = render(summed(execution("failed", (60, 60, 0), tasks=tasks)), NORMAL)
        told[message] = prose.partition("Why: ")[2].partition(". The program")[0]
    assert told == expected


def test_where_no_name_is_left_to_tell_the_next_step_is_the_end() -> None:
    """It names the job and the execution already, and the workspace is not known."""
    parsed = JobExecution.model_validate({"status": "queued"})
    told = render(summarize(parsed, asked=(JOB, EXECUTION), workspace=None, now=NOW), BRIEF)
    assert told == (
        "Not started yet: queued, waiting until the workspace has capacity. Next: Call get_job_execution with jobId "
        '"resize" and executionId "exec-1" again in 30s.'
    )
