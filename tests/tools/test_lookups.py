"""What is looked up beside an execution: best effort, in few calls and little time, and the same question costs one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from support.caller import Answer as Reply
from support.caller import ask, client_for, facts, ids
from support.faults import Answer, Delay, Faults
from support.one_execution import OneExecution
from support.plane import NOW, ago, verbatim

from blaxel_mcp.demo import control_plane
from blaxel_mcp.demo.wire import Verbatim
from blaxel_mcp.summary import limits
from blaxel_mcp.tools.cache import ExpiringCache

JOB, ID = "train", "exec-1"
ONE = f"/v0/jobs/{JOB}/executions/{ID}"
TASKS, LIST, LOG = f"{ONE}/tasks", f"/v0/jobs/{JOB}/executions", "/v0/observability/logs"
PASS = Delay(0)
MESSAGE = "The container exited with an error."
LINES = ("Loading shard 3", "Traceback (most recent call last):", "ValueError: shard 3 is empty")
REASON = "shard 3 is empty"
BASIS = "3 recent successful executions (median 10m)"


def task(number: int, status: str = "failed", message: str = MESSAGE, *, seconds_ago: float = 300) -> dict[str, Any]:
    """A task that took ten seconds, and ended so many seconds ago."""
    times = {"startedAt": ago(seconds=seconds_ago + 10), "completedAt": ago(seconds=seconds_ago)}
    conditions = [{"type": "Completed", "state": "CONDITION_FAILED", "reason": "NonZeroExitCode", "message": message}]
    return {
        "metadata": {"name": f"task-{number}", **times},
        "status": status,
        "conditions": conditions if status == "failed" else [],
    }


def execution(status: str = "failed", **more: Any) -> dict[str, Any]:
    """An execution of ten minutes ago, which took eight if it is over, or has been running for two."""
    times = {"createdAt": ago(minutes=10), "startedAt": ago(minutes=10), "completedAt": ago(minutes=2)}
    if status == "running":
        times = {"createdAt": ago(minutes=10), "startedAt": ago(minutes=2)}
    metadata = {"id": ID, "job": JOB, **times}
    return {"metadata": metadata, "spec": {}, "status": status, **more}


def apart(failed: int, total: int, **spec: Any) -> dict[str, Any]:
    """A failed execution whose tasks are kept apart from it."""
    stats = {"success": total - failed, "failure": failed}
    return execution(spec={"taskCount": total, "tasksRef": "managed", **spec}, stats=stats)


@contextmanager
def served(body: Any, **more: Any) -> Iterator[tuple[str, Faults]]:
    """A control plane with this execution behind faults."""
    faults = Faults(OneExecution(JOB, ID, body, now=NOW, **more))
    with control_plane.serve(faults) as url:
        yield url, faults


def answers(url: str, times: int = 1, **state: Any) -> list[dict[str, Any]]:
    """The structured answers to the same question, asked so many times by one server."""
    replies: list[Reply] = ask(client_for(url), *[ids(JOB, ID)] * times, **state)
    return [facts(reply) for reply in replies]


def paths(faults: Faults) -> list[str]:
    """What was asked for, without queries, and without the list of the executions before, which comes at any time."""
    return [seen.path for seen in faults.seen if seen.path != LIST]


def lists(faults: Faults) -> int:
    """How often the executions before were asked for."""
    return sum(seen.path == LIST for seen in faults.seen)


def test_the_log_tells_what_the_condition_does_not() -> None:
    """The lines of the failed task are evidence, the reason in the prose, and what the next step goes by."""
    with served(execution(tasks=[task(3)], stats={"total": 1, "failure": 1}), log=LINES) as (url, faults):
        first, second = answers(url, 2)
    assert first["evidence"]["task"] == "task-3"
    assert first["evidence"]["from"] == "log"
    assert first["evidence"]["lines"][-1] == LINES[-1]
    assert REASON in first["summary"]
    assert first["failures"][0]["message"] == MESSAGE
    assert "get_job_execution_logs" not in first["nextStep"]
    assert second == first
    assert paths(faults) == [ONE, LOG, ONE], "the same question costs one call"
    assert lists(faults) == 1, "and so do the executions before it"
    query = next(seen.query for seen in faults.seen if seen.path == LOG)
    assert "taskId=task-3" in query
    assert f"executionId={ID}" in query


def test_a_task_that_the_log_does_not_know_is_asked_for_by_severity() -> None:
    """How the endpoint spells tasks is not known; whose line it is, then, is not said."""
    with served(execution(tasks=[task(3)]), log=LINES, log_task="3") as (url, faults):
        (answer,) = answers(url)
    assert answer["evidence"] == {"lines": answer["evidence"]["lines"], "from": "log"}
    assert REASON in answer["summary"]
    assert paths(faults) == [ONE, LOG, LOG]
    assert "severity=FATAL%2CERROR&" in faults.seen[-1].query


def test_a_log_without_an_error_is_no_reason() -> None:
    """Its last lines are shown for what they are, and the next step is to read it all."""
    with served(execution(tasks=[task(3)]), log=("starting", "loading 3 files", "done with part 1")) as (url, _):
        (answer,) = answers(url)
    assert (
        f'"{MESSAGE.rstrip(".")}". The log tells of no error; its last line is "done with part 1".' in answer["summary"]
    )
    assert answer["evidence"]["lines"][-1] == "done with part 1"
    assert "get_job_execution_logs" in answer["nextStep"]
    assert "raised" not in answer["summary"]


def test_a_message_that_tells_needs_no_log() -> None:
    """Nor does an execution that succeeded, or is over in any other way."""
    bodies = [
        execution(tasks=[task(1, message="KeyError: 'price'")]),
        execution("succeeded", stats={"total": 1, "success": 1}),
        execution("cancelled", tasks=[task(1, "cancelled")]),
    ]
    for body in bodies:
        with served(body, log=LINES) as (url, faults):
            (answer,) = answers(url)
        assert "evidence" not in answer
        assert paths(faults) == [ONE]


def test_tasks_that_are_kept_apart_are_read() -> None:
    """The answer is as with a list inside the execution, and the same question costs one call."""
    tasks = [task(n, "failed" if n in {4, 9, 31} else "succeeded", "KeyError: 'price'") for n in range(40)]
    with served(apart(3, 40), tasks=tasks) as (url, faults):
        first, second = answers(url, 2)
    with served(execution(tasks=tasks, stats={"total": 40, "success": 37, "failure": 3})) as (url, _):
        (inline,) = answers(url)
    for key in ("summary", "failures", "nextStep"):
        assert first[key] == inline[key]
    assert first["failures"][0]["tasks"] == ["task-4", "task-9", "task-31"]
    assert "3 of 40 tasks failed" in first["summary"]
    assert second == first
    assert paths(faults) == [ONE, TASKS, ONE]


def test_a_finished_failed_execution_takes_six_calls_at_most() -> None:
    """Of many tasks the first pages are read, and two calls are left for the log."""
    tasks = [task(n, "failed" if n % 100 == 7 else "succeeded") for n in range(1_500)]
    with served(apart(15, 1_500), tasks=tasks, log=LINES, log_task="another") as (url, faults):
        (answer,) = answers(url)
    assert paths(faults) == [ONE, *[TASKS] * 2, LOG, LOG]
    assert lists(faults) == 1
    assert "Only the first 400 of 1,500 tasks were read" in answer["summary"]
    assert f'The log says "ValueError: {REASON}".' in answer["summary"]
    assert (answer["failures"][0]["count"], answer["failuresOmitted"]) == (4, 11)


def test_of_tasks_that_say_why_more_are_read() -> None:
    """No call is left for the log then."""
    tasks = [task(n, "failed" if n % 100 == 7 else "succeeded", "KeyError: 'price'") for n in range(1_500)]
    with served(apart(15, 1_500), tasks=tasks, log=LINES) as (url, faults):
        (answer,) = answers(url)
    assert paths(faults) == [ONE, *[TASKS] * 4]
    assert "Only the first 800 of 1,500 tasks were read" in answer["summary"]


def test_lines_of_an_unknown_task_explain_no_group_of_several() -> None:
    """They are told beside the groups; the next step leads to the log."""
    tasks = [task(1), task(2), task(3, message="exit code 2")]
    with served(execution(tasks=tasks), log=LINES, log_task="another") as (url, _):
        (answer,) = answers(url)
    assert f'exit code 2". The log says "ValueError: {REASON}".' in answer["summary"]
    assert "get_job_execution_logs" in answer["nextStep"]


def test_reading_stops_when_every_failed_task_is_there() -> None:
    """A page costs the API a whole read."""
    tasks = [task(n, "failed" if n < 2 else "succeeded", "KeyError: 'price'") for n in range(1_500)]
    with served(apart(2, 1_500), tasks=tasks) as (url, faults):
        (answer,) = answers(url)
    assert paths(faults) == [ONE, TASKS]
    assert "were read" not in answer["summary"]
    assert "failuresOmitted" not in answer


def test_who_cancelled_is_in_the_conditions_of_the_tasks() -> None:
    """One page of them is enough."""
    said = "Cancelled by user alice@example.com"
    tasks = [task(n, "cancelled") | {"conditions": [{"message": said}]} for n in range(700)]
    body = execution("cancelled", spec={"taskCount": 700, "tasksRef": "managed"}, stats={"cancelled": 700})
    with served(body, tasks=tasks) as (url, faults):
        (answer,) = answers(url)
    assert f'200 cancelled tasks say "{said}".' in answer["summary"]
    assert paths(faults) == [ONE, TASKS]


def test_never_keeps_every_answer_to_one_call() -> None:
    """What is not known is said, with the tool that has it; the API is not blamed."""
    with served(apart(3, 40), tasks=[task(1)], log=LINES) as (url, faults):
        (answer,) = answers(url, lookups=False)
    assert paths(faults) == [ONE]
    assert "gave no reason" not in answer["summary"]
    assert "list_job_execution_tasks" in answer["nextStep"]
    assert (answer["tasks"]["total"], answer["tasks"]["failed"]) == (40, 3)


FAULTS = [Answer(500), Answer(404), Answer(429, headers={"retry-after": "1"}), Answer(200, b"<html>"), Answer(403)]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize(("path", "made"), [("/tasks", [ONE, TASKS, LOG]), ("/logs", [ONE, TASKS, LOG, LOG])])
def test_a_look_up_that_fails_is_no_error_and_made_once(fault: Answer, path: str, made: list[str]) -> None:
    """It is not repeated, in this answer or in those of the next minute."""
    with served(apart(3, 40), tasks=[task(n) for n in range(3)], log=LINES) as (url, faults):
        faults.always(fault, path=path)
        first, second = answers(url, 2)
    assert first["outcome"] == "failed"
    assert first == second
    expected = made[:3] if path == "/logs" else made
    assert paths(faults)[: len(expected)] == expected
    assert paths(faults)[-1] == ONE
    assert len(paths(faults)) <= 5


@pytest.mark.parametrize("path", ["/tasks", "/logs"])
def test_a_slow_look_up_is_given_up(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """All of them together have three seconds, here less; what was had before stays."""
    monkeypatch.setattr(limits, "LOOKUP_SECONDS", 0.3)
    with served(apart(3, 40), tasks=[task(n) for n in range(3)], log=LINES) as (url, faults):
        faults.always(Delay(60), path=path)
        first, second = answers(url, 2)
        assert faults.gone.wait(10)
    assert first == second
    assert ("failures" in first) == (path == "/logs")
    assert paths(faults)[-1] == ONE


def test_an_answer_for_one_caller_is_not_told_to_another() -> None:
    """What was looked up is kept by identity."""
    with served(execution(tasks=[task(3)]), log=LINES) as (url, faults):
        answers(url)
        answers(url)
    assert paths(faults) == [ONE, LOG, ONE, LOG]


def past(days: int) -> Verbatim:
    """A successful run of ten minutes, so many days ago."""
    times = {"startedAt": ago(days=days), "completedAt": ago(days=days, minutes=-10)}
    return verbatim(f"exec-{days}-days-ago", NOW - timedelta(days=days), status="succeeded", metadata=times)


PAST = [past(1), past(2), past(3)]


def test_a_running_execution_is_estimated_by_those_before_it() -> None:
    """Their list is one more call, and is kept for the job."""
    with served(execution("running"), past=PAST) as (url, faults):
        estimates = [answer["timing"].get("estimateBasis") for answer in answers(url, 3)]
    assert estimates == [BASIS] * 3
    assert (paths(faults), lists(faults)) == ([ONE] * 3, 1)
    assert faults.seen[1].query == "limit=30&sort=createdAt%3Adesc"


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_list_that_fails_leaves_no_estimate(fault: Answer) -> None:
    """Neither this answer nor the next waits for what failed."""
    with served(execution("running"), past=PAST) as (url, faults):
        faults.add(PASS, fault)
        estimates = [answer["timing"].get("estimateBasis") for answer in answers(url, 2)]
    assert estimates == [None, None]
    assert (paths(faults), lists(faults)) == ([ONE] * 2, 1)


def test_tasks_of_a_running_execution_are_read_once_a_minute() -> None:
    """Its finished tasks are what the estimate stands on, and they stay true."""
    going = [{"metadata": {"name": f"task-{n}"}, "status": "running" if n < 12 else "pending"} for n in range(8, 40)]
    tasks = [*(task(n, "succeeded", seconds_ago=20) for n in range(8)), *going]
    body = execution("running", spec={"taskCount": 40, "parallelism": 4}, stats={"success": 8, "running": 4})
    with served(body, tasks=tasks, past=PAST) as (url, faults):
        first, second = answers(url, 2)
    assert (paths(faults), lists(faults)) == ([ONE, TASKS, ONE], 1), "three calls at most, then one"
    for answer in (first, second):
        assert answer["timing"]["estimateBasis"].startswith("8 finished tasks of this execution (median 10s)")
        assert answer["tasks"]["total"] == 40


@pytest.mark.parametrize(
    ("body", "most"),
    [
        (lambda: apart(1_200, 5_000), 6),
        (lambda: execution("succeeded", spec={"taskCount": 5_000}, stats={"success": 5_000}), 2),
        (lambda: execution("running", spec={"taskCount": 5_000}, stats={"success": 9, "failure": 9}), 3),
        (lambda: execution("queued", spec={"taskCount": 5_000}), 3),
    ],
    ids=["failed", "succeeded", "running", "queued"],
)
def test_latest_is_counted_too(body: Callable[[], Any], most: int) -> None:
    """The list that finds it is one of the calls of a failed one; else none would be left for the schedule."""
    tasks = [task(n, "failed" if n % 4 == 0 else "succeeded") for n in range(2_000)]
    for execution_id in (ID, "latest"):
        with served(body(), tasks=tasks, log=LINES, past=PAST) as (url, faults):
            ask(client_for(url), ids(JOB, execution_id))
        assert len(faults.seen) <= most + (execution_id == "latest" and most < 6)


@contextmanager
def served_in_turn(*planes: OneExecution) -> Iterator[tuple[str, Faults]]:
    """A control plane whose execution becomes the next one of these with each question about it."""
    asked = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += scope["path"] == ONE
        await planes[min(asked, len(planes)) - 1](scope, receive, send)

    faults = Faults(app)
    with control_plane.serve(faults) as url:
        yield url, faults


def test_tasks_that_were_read_while_it_ran_are_no_answer_once_it_is_over() -> None:
    """Whoever waits for it asks again within the minute in which they are kept."""
    tasks = [task(n, "succeeded") for n in range(8)]
    going = execution("running", spec={"taskCount": 10}, stats={"success": 8, "running": 2})
    over = apart(2, 10)
    failed = [task(n, "failed", "KeyError: 'price'") for n in (8, 9)]
    planes = (
        OneExecution(JOB, ID, going, now=NOW, tasks=[*tasks, task(8, "running"), task(9, "running")]),
        OneExecution(JOB, ID, over, now=NOW, tasks=[*tasks, *failed]),
    )
    with served_in_turn(*planes) as (url, faults):
        _, answer = answers(url, 2)
    assert answer["failures"][0]["tasks"] == ["task-8", "task-9"]
    assert "warnings" not in answer
    assert paths(faults)[-2:] == [ONE, TASKS]


def test_failures_after_a_running_execution_was_read_are_counted() -> None:
    """Their reasons are not known until the tasks are read again, a minute later."""
    tasks = [task(n, "succeeded" if n < 8 else "pending") for n in range(10)]
    planes = [
        OneExecution(JOB, ID, execution("running", spec={"taskCount": 10}, stats=stats), now=NOW, tasks=tasks)
        for stats in ({"success": 8, "failure": 0}, {"success": 8, "failure": 1})
    ]
    with served_in_turn(*planes) as (url, faults):
        _, answer = answers(url, 2)
    assert "Its tasks were read up to 1m ago, so later failures are not in these groups." in answer["warnings"]
    assert paths(faults).count(TASKS) == 1


def test_a_page_that_is_not_found_leaves_those_before_it() -> None:
    """The list is then not whole, and the API's counts do not disagree with it."""
    tasks = [task(n, "failed" if n % 100 == 7 else "succeeded", "KeyError: 'price'") for n in range(700)]
    with served(apart(7, 700), tasks=tasks) as (url, faults):
        faults.add(PASS, Answer(404), path="/tasks")
        (answer,) = answers(url)
    assert "Only the first 200 of 700 tasks were read" in answer["summary"]
    assert "disagree" not in answer["summary"]


def test_a_log_without_an_error_is_read_again_after_a_minute() -> None:
    """Lines arrive up to a minute late, after the end of the execution."""
    seconds = iter(range(0, 10_000, 40))
    early, late = (OneExecution(JOB, ID, execution(tasks=[task(3)]), now=NOW, log=log) for log in (LINES[:1], LINES))
    with served_in_turn(early, early, late) as (url, _):
        got = answers(url, 3, cache=ExpiringCache(lambda: next(seconds)))
    assert got[0]["evidence"]["lines"] == [LINES[0]]
    assert got[-1]["evidence"]["lines"][-1] == LINES[-1]


@pytest.mark.parametrize("part", ["reason", "message"])
@pytest.mark.parametrize("status", ["failed", "running"])
def test_large_tasks_are_not_kept(status: str, part: str) -> None:
    """Some write a megabyte into a condition; they are read again for the next answer."""
    large = task(1) | {"conditions": [{part: "x" * (limits.LOOKUP_CACHE_BYTES + 1)}]}
    body = execution(status, spec={"taskCount": 3}, stats={"success": 2, "failure": 1})
    with served(body, tasks=[large, task(2, "succeeded"), task(3, "succeeded")]) as (url, faults):
        answers(url, 2)
    assert paths(faults).count(TASKS) == 2


@pytest.mark.parametrize(
    ("code", "line", "cause"),
    [
        (127, "/run.sh: line 3: jq: command not found", "missing_dependency"),
        (134, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "out_of_memory"),
        (137, "java.lang.OutOfMemoryError: Java heap space", "out_of_memory"),
        (139, "ERROR could not open index.bin", "crash"),
        (143, "KeyError: 'a'", "signal"),
    ],
)
def test_codes_that_tell_a_cause_leave_the_reason_to_the_log(code: int, line: str, cause: str) -> None:
    """What ended the process is known, not why."""
    failed = task(0, message=f"Task exited with exit code {code}")
    with served(execution(tasks=[failed]), log=("starting", line)) as (url, _):
        (answer,) = answers(url)
    assert line.removeprefix("ERROR ") in answer["evidence"]["lines"][-1]
    assert answer["failures"][0]["cause"] == cause
    assert line.rpartition(": ")[2].removeprefix("ERROR ") in answer["summary"]
