"""The object that travels, whole: every field that an answer can have stands in one of these, as it is written."""

from datetime import timedelta
from typing import Any

from support.builders import EXECUTION, JOB, NOW, ago, execution, runs_that_took, task

from blaxel_mcp.models import ExecutionStatus, Job, JobExecution
from blaxel_mcp.summary.answer import build_answer, build_facts
from blaxel_mcp.summary.detail import BRIEF, MINIMAL, NORMAL, TIGHT
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schedule import check_schedule
from blaxel_mcp.summary.summarize import add_evidence, summarize
from blaxel_mcp.summary.telling import TellingLine, TellingLog
from blaxel_mcp.summary.text import render


def failed() -> ExecutionSummary:
    """An execution that failed, of a job with a history and a schedule, its tasks with as many ends, and a log."""
    tasks = [
        task(0, "failed", (500, 200), "ValueError: bad row", "ERROR"),
        task(1, "failed", (500, 210), "ValueError: bad row", "ERROR"),
        task(2, "failed", (500, 300), "exited with code 3"),
        task(3, "succeeded", (500, 320)),
        task(4, "cancelled", (500, 330), "Stopped by its owner", "Stopped"),
    ]
    tasks[4]["conditions"][0] |= {"state": "CONDITION_CANCELLED", "severity": "INFO"}
    overrides = {"MODE": "***", "REGION": "***"}
    spec: dict[str, Any] = {"parallelism": 4, "timeout": 1800, "memoryOverride": 2048, "envOverride": overrides}
    parsed = JobExecution.model_validate(execution("failed", (620, 500, 190), tasks=tasks, **spec))
    before = [
        Run(
            f"exec-failed-{hours}",
            ExecutionStatus("failed"),
            created=NOW - timedelta(hours=hours),
            started=NOW - timedelta(hours=hours),
            completed=NOW - timedelta(hours=hours, minutes=-5),
        )
        for hours in (1, 2)
    ]
    runs = [*before, *runs_that_took(100, 110, 120, 130)]
    trigger = {"id": "t", "type": "cron", "configuration": {"schedule": "50 11 * * *", "tasks": []}}
    job = Job(metadata={"name": JOB, "createdAt": ago(40 * 86_400)}, spec={"triggers": [trigger]})
    summary = summarize(
        parsed,
        asked=(JOB, EXECUTION),
        workspace="acme",
        now=NOW,
        runs=runs,
        schedule=check_schedule(job, [Run.of(parsed), *runs], NOW),
        job=job,
    )
    line = TellingLine("ValueError: bad row 17", "load.py:12")
    return add_evidence(summary, Evidence("task-0", TellingLog(line, ["Loading rows", line.text], sure=True)))


def test_everything_of_one_that_failed() -> None:
    """Each field of the object, in its order."""
    answer = build_answer(failed())
    expected = {
        "summary": 'Failed: 3 of 5 tasks failed, 1 succeeded, 1 cancelled. Why: 2 tasks ("task-0", "task-1"): '
        '"ValueError: bad row 17" (load.py:12), says the log of "task-0", the only one read; task '
        '"task-2" exited with an error: "exited with code 3". 1 cancelled task says "Stopped by its '
        'owner". Third failure in a row; the last success was yesterday at 00:01 UTC. Unlike the last '
        'success: a memory override of 2,048 MB, overrides "MODE", "REGION" added. Ran 5m 10s (usually '
        "1m 40s to 2m 10s) after 2m queued; ended 3m 10s ago (2026-11-24T11:56:50Z). Due today at 11:50 "
        "UTC, 10m ago: an execution was created then and failed. Next due tomorrow at 11:50 UTC. Next: "
        "Fix that error in the program or in its input, then run the job again; that repeats the 1 task "
        'that succeeded. Job "resize", execution "exec-1", workspace "acme", 4 at a time, 2,048 MB, '
        'overrides "MODE", "REGION".',
        "status": "failed",
        "done": True,
        "outcome": "failed",
        "nextStep": "Fix that error in the program or in its input, then run the job again; that repeats the 1 task "
        "that succeeded.",
        "tasks": {"total": 5, "succeeded": 1, "failed": 3, "cancelled": 1, "running": 0, "waiting": 0},
        "failures": [
            {"cause": "unknown", "count": 2, "message": "ValueError: bad row", "tasks": ["task-0", "task-1"]},
            {"cause": "exit_code", "count": 1, "message": "exited with code 3", "tasks": ["task-2"]},
        ],
        "evidence": {"task": "task-0", "lines": ["Loading rows", "ValueError: bad row 17"], "from": "log"},
        "history": {
            "lookedAt": 6,
            "succeeded": 4,
            "streak": {"outcome": "failed", "count": 2},
            "lastSuccess": {"executionId": "exec-before-1", "completedAt": "2026-11-23T00:01:40Z"},
            "usualSeconds": 115,
            "usualRange": [100, 130],
            "changes": ["a memory override of 2,048 MB", 'overrides "MODE", "REGION" added'],
        },
        "schedule": {
            "expression": "50 11 * * *",
            "state": "ran",
            "lastDue": "2026-11-24T11:50:00Z",
            "createdAt": "2026-11-24T11:49:40Z",
            "nextDue": "2026-11-25T11:50:00Z",
        },
        "warnings": ['1 cancelled task says "Stopped by its owner".'],
        "timing": {
            "createdAt": "2026-11-24T11:49:40Z",
            "startedAt": "2026-11-24T11:51:40Z",
            "completedAt": "2026-11-24T11:56:50Z",
            "queuedSeconds": 120,
            "runningSeconds": 310,
            "timeoutSeconds": 1800,
            "endedSecondsAgo": 190,
            "medianTaskSeconds": 245,
            "slowestTask": {"name": "task-0", "seconds": 300},
        },
        "config": {"parallelism": 4, "memoryMb": 2048, "envOverrides": ["MODE", "REGION"]},
        "jobId": "resize",
        "executionId": "exec-1",
        "workspace": "acme",
        "rawUri": "blaxel://jobs/resize/executions/exec-1",
    }
    assert answer == expected
    assert list(answer) == list(expected)


def test_what_the_smaller_levels_leave_out() -> None:
    """The brief one only of the prose, the tight one also lines of the log, the last one all that is not needed."""
    whole: Any = build_answer(failed()) | {"summary": "prose"}
    brief: Any = build_facts(failed(), "prose", BRIEF)
    tight: Any = build_facts(failed(), "prose", TIGHT)
    minimal: Any = build_facts(failed(), "prose", MINIMAL)
    assert brief == whole
    assert tight == whole | {"evidence": {"task": "task-0", "lines": ["ValueError: bad row 17"], "from": "log"}}
    left_out = {"evidence", "schedule", "warnings"}
    assert minimal == {key: value for key, value in whole.items() if key not in left_out} | {
        "failures": [{"cause": "unknown", "count": 2, "message": "ValueError: bad row"}],
        "failuresOmitted": 1,
        "history": {"lookedAt": 6, "succeeded": 4, "streak": {"outcome": "failed", "count": 2}},
        "timing": {
            "createdAt": "2026-11-24T11:49:40Z",
            "startedAt": "2026-11-24T11:51:40Z",
            "completedAt": "2026-11-24T11:56:50Z",
            "queuedSeconds": 120,
            "runningSeconds": 310,
            "timeoutSeconds": 1800,
            "endedSecondsAgo": 190,
            "medianTaskSeconds": 245,
            "slowestTask": {"seconds": 300},
        },
        "config": {"parallelism": 4, "memoryMb": 2048, "envOverridesOmitted": 2},
    }


def test_the_prose_of_the_smallest_level() -> None:
    """What happened, why, and what to do next."""
    assert render(failed(), MINIMAL) == (
        'Failed: 3 of 5 tasks failed, 1 succeeded, 1 cancelled. Why: 2 tasks: "ValueError: bad row 17", says the '
        "log of one of them, the only one read; 1 task for other reasons. Ran 5m 10s (usually 1m 40s to 2m 10s) "
        "after 2m queued; ended 3m 10s ago. Next: Fix that error in the program or in its input, then run the job "
        'again; that repeats the 1 task that succeeded. Job "resize", execution "exec-1", workspace "acme".'
    )


def test_everything_of_one_that_goes_on() -> None:
    """When it will end, when to ask again, and the timeout of its tasks."""
    tasks = [
        task(0, "succeeded", (500, 400)),
        task(1, "succeeded", (500, 380)),
        task(2, "running", (390,)),
        task(3, "pending"),
    ]
    raw = execution("running", (560, 500), tasks=tasks, parallelism=2, timeout=3600)
    runs = runs_that_took(900, 920, 1000)
    parsed = JobExecution.model_validate(raw)
    summary = summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, runs=runs)
    answer: Any = build_answer(summary)
    estimate = summary.timing.estimate
    assert estimate
    assert answer | {"summary": "prose"} == {
        "summary": "prose",
        "status": "running",
        "done": False,
        "outcome": "in_progress",
        "nextStep": summary.next_step,
        "pollAfterSeconds": summary.poll_after,
        "tasks": {"total": 4, "succeeded": 2, "failed": 0, "cancelled": 0, "running": 1, "waiting": 1},
        "timing": {
            "createdAt": "2026-11-24T11:50:40Z",
            "startedAt": "2026-11-24T11:51:40Z",
            "queuedSeconds": 60,
            "runningSeconds": 500,
            "timeoutSeconds": 3600,
            "taskTimeoutSeconds": 1800,
            "estimatedRemainingSeconds": estimate.seconds,
            "estimatedRemainingRange": [estimate.low, estimate.high],
            "estimateBasis": estimate.basis,
            "slowestTask": {"name": "task-1", "seconds": 120},
        },
        "config": {"parallelism": 2},
        "jobId": "resize",
        "executionId": "exec-1",
        "workspace": "acme",
        "rawUri": "blaxel://jobs/resize/executions/exec-1",
    }


def test_what_blaxel_says_goes_before_what_was_asked() -> None:
    """Its ids are the answer's, with a sentence about it; a status that nobody knows is shown as it is."""
    raw = execution("who knows", (560, 500))
    raw["metadata"] |= {"id": "exec-2", "workspace": ""}
    parsed = JobExecution.model_validate(raw)
    summary = summarize(parsed, asked=("re size", "exec-1"), workspace=None, now=NOW)
    assert build_answer(summary) == {
        "summary": 'Blaxel answered about job "resize" instead of "re size" and execution "exec-2" instead of '
        '"exec-1". Not known to be finished (status "who knows"). Note: That status is not one that this '
        "version knows; it is treated as not finished. Started 8m 20s ago after 1m queued. Next: Call "
        'get_job_execution with the same arguments again in 30s. Job "resize", execution "exec-2".',
        "status": "who knows",
        "done": False,
        "outcome": "unknown",
        "nextStep": "Call get_job_execution with the same arguments again in 30s.",
        "pollAfterSeconds": 30,
        "warnings": [
            'Blaxel answered about job "resize" instead of "re size" and execution "exec-2" instead of "exec-1".',
            "That status is not one that this version knows; it is treated as not finished.",
        ],
        "timing": {
            "createdAt": "2026-11-24T11:50:40Z",
            "startedAt": "2026-11-24T11:51:40Z",
            "queuedSeconds": 60,
            "runningSeconds": 500,
        },
        "jobId": "resize",
        "executionId": "exec-2",
        "rawUri": "blaxel://jobs/re%20size/executions/exec-1",
    }


def test_prose_has_nine_hundred_bytes() -> None:
    """As it stands in the message, where a quote takes two bytes; with one more, less is told."""
    parsed = JobExecution.model_validate(execution("succeeded", (60, 50, 40), parallelism=4))
    summary = summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW)
    room = 900 - len(render(summary, NORMAL)) - 6 - 1  # three names in quotes, and a space
    for characters, level in ((room, NORMAL), (room + 1, BRIEF)):
        longer = summary._replace(preface="x" * characters)
        assert build_answer(longer)["summary"] == render(longer, level)


def test_an_address_is_whole_or_absent() -> None:
    """A cut one would lead nowhere; one of four hundred bytes is the longest."""
    parsed = JobExecution.model_validate(execution("succeeded"))
    for characters, there in ((400, True), (401, False)):
        job = "j" * (characters - len("blaxel://jobs//executions/exec-1"))
        uri = build_answer(summarize(parsed, asked=(job, EXECUTION), workspace=None, now=NOW)).get("rawUri")
        assert uri == (f"blaxel://jobs/{job}/executions/exec-1" if there else None)


def test_what_blaxel_does_not_say_is_left_out() -> None:
    """But for the ids, which an answer always has: an ellipsis where nobody could see any."""
    summary = summarize(JobExecution.model_validate({}), asked=("\u200b", "\x00"), workspace=None, now=NOW)
    assert build_answer(summary) | {"summary": "prose"} == {
        "summary": "prose",
        "done": False,
        "outcome": "unknown",
        "nextStep": "Call get_job_execution with the same arguments again in 30s.",
        "pollAfterSeconds": 30,
        "warnings": ["The API gave no status, so this is treated as not finished."],
        "jobId": "…",
        "executionId": "…",
        "rawUri": "blaxel://jobs/%E2%80%8B/executions/%00",
    }


def test_a_history_without_a_result_has_no_streak() -> None:
    """Executions that were cancelled tell nothing of how the job does."""
    parsed = JobExecution.model_validate(execution("succeeded", (60, 50, 40)))
    before = Run("exec-0", ExecutionStatus("cancelled"), created=NOW - timedelta(hours=1))
    summary = summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, runs=[before])
    assert build_answer(summary)["history"] == {"lookedAt": 1, "succeeded": 0}


def traceback(text: str, file: str) -> JobExecution:
    """An execution that failed with a traceback from line 9 of this file."""
    message = f'Traceback (most recent call last):\n  File "/app/{file}", line 9, in run\n    go()\n{text}\n'
    return JobExecution.model_validate(execution("failed", tasks=[task(0, "failed", (), message)]))


def test_the_place_in_the_code_takes_up_to_half_of_the_room_of_a_message() -> None:
    """The rest of it is cut in its middle; a longer place is left out, and the message has all of the room."""
    text = f"ValueError: {'x' * 100} is the end"
    for length, place in ((32, f" ({'a' * 32}.py:9)"), (33, "")):
        parsed = traceback(text, f"{'a' * length}.py")
        summary = summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW)
        message = build_facts(summary, "prose", TIGHT)["failures"][0]["message"]
        assert len(message) == 80
        assert message.startswith("ValueError: xx")
        assert message.endswith(f"xx is the end{place}")


def test_lines_of_a_log_are_cut_in_their_middle() -> None:
    """Since their end tells as much as their beginning."""
    line = f"ValueError: {'x' * 300} is the end"
    parsed = JobExecution.model_validate(execution("failed"))
    summary = summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW)
    answer = build_answer(add_evidence(summary, Evidence("", TellingLog(TellingLine(line), [line], sure=True))))
    (shown,) = answer["evidence"]["lines"]
    assert len(shown) == 200
    assert shown.startswith("ValueError: xx")
    assert shown.endswith("xx is the end")
