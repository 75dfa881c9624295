"""`list_job_execution_tasks`: failed ones first, why they failed, and where the tasks are when they are not there."""

from collections.abc import Sequence
from typing import Any

import pytest
from support.caller import Caller, run
from support.faults import Answer, Faults
from support.plane import HOSTILE, NOW, VERSIONS, execution, job, plane

from blaxel_mcp.api.jobs import FetchedTask
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.operations import OLDER
from blaxel_mcp.tools.fetch_tasks import unique_by_name

TOOL = "list_job_execution_tasks"


def names(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Of tasks."""
    return [row["name"] for row in rows]


def task(name: str, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """A task that took ten seconds."""
    times = {"startedAt": "2026-11-24T08:00:00Z", "completedAt": "2026-11-24T08:00:10Z"}
    return {"metadata": {"name": name, **times}, "status": status, **more}


def demo() -> Any:
    """The demo's plane with its clock standing still."""
    return control_plane.build_app(clock=lambda: NOW)


def test_failed_ones_come_first_with_their_reason() -> None:
    """Name, status, duration, cause and message; `latest` is resolved."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="image-resize", executionId="latest", limit=4)
        message = (
            "The container exited with code 1: PIL.UnidentifiedImageError: cannot identify image file "
            "'/data/in/shard-22/IMG_08113.heic'"
        )
        assert answer["summary"] == (
            '40 tasks of execution "exec-51be07aa" of job "image-resize" (failed): 3 failed, 37 succeeded; '
            "showing 1 to 4 of 40."
        )
        assert (answer["jobId"], answer["executionId"], answer["lookedAt"]) == ("image-resize", script.FAILED, 40)
        assert names(answer["tasks"]) == ["task-17", "task-22", "task-31", "task-0"]
        assert answer["tasks"][1] == {
            "name": "task-22",
            "status": "failed",
            "durationSeconds": 10,
            "cause": "exit_code",
            "message": message,
        }
        assert f'- "task-22": failed, took 10s, non-zero exit: "{message}"' in call.texts[-1].splitlines()
        only = await call.ask(TOOL, jobId="image-resize", executionId=script.FAILED, status="Failed")
        assert only["summary"] == (
            '3 of the 40 tasks of execution "exec-51be07aa" of job "image-resize" (failed) have status failed.'
        )
        assert names(only["tasks"]) == ["task-17", "task-22", "task-31"]

    run(demo(), what)


@pytest.mark.parametrize(("status", "verb"), [("succeeded", "has"), ("failed", "does not have")])
def test_one_task_is_told_as_one(status: str, verb: str) -> None:
    """Not as one of the one."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a", executionId="e", status=status)
        assert answer["summary"] == f'The one task of execution "e" of job "a" (succeeded) {verb} status {status}.'

    run(plane(job("a", [execution("e", age=100, tasks=[task("t")])])), what)


def test_running_ones_say_for_how_long() -> None:
    """Up to now; up to the end where the execution is over."""

    async def what(call: Caller) -> None:
        running = await call.ask(TOOL, jobId="embed-corpus", executionId="latest", status="running")
        assert [row["runningSeconds"] for row in running["tasks"]] == [33, 31, 26, 25]
        assert '- "task-8": running, 33s so far' in call.texts[-1]
        hung = await call.ask(TOOL, jobId="weekly-train", executionId=script.TIMED_OUT, status="running")
        assert [row["runningSeconds"] for row in hung["tasks"]] == [7200, 7200]

    run(demo(), what)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_task_comes_once(version: str) -> None:
    """Following the cursors to the end gives every task, failed ones first, from whichever list holds them."""
    every = [task(f"task-{number}", "failed" if number % 9 == 5 else "succeeded") for number in range(300)]
    counts = (0, 1, 20, 21, 100, 300)
    executions = [
        execution(f"{where}-{count}", age=100, stats=None, **more)
        for count in counts
        for where, more in (("tasks", {"tasks": every[:count]}), ("spec", {"spec": {"tasks": every[:count]}}))
    ]

    async def what(call: Caller) -> None:
        for count in counts:
            wanted = names(
                [one["metadata"] for one in sorted(every[:count], key=lambda one: one["status"] != "failed")]
            )
            for where, limit in (("tasks", 100), ("spec", 20)):
                found = await call.follow(TOOL, "tasks", jobId="a", executionId=f"{where}-{count}", limit=limit)
                assert names(found) == wanted

    run(plane(job("a", executions)), what, version)


@pytest.mark.slow
def test_failed_ones_of_ten_thousand_come_once() -> None:
    """Of ten thousand tasks, two hundred; only they are sent."""
    tasks = [task(f"task-{number}", "failed" if number % 50 == 7 else "succeeded") for number in range(10_000)]

    async def what(call: Caller) -> None:
        found = await call.follow(TOOL, "tasks", jobId="a", executionId="e", status="failed", limit=100)
        assert names(found) == [f"task-{number}" for number in range(7, 10_000, 50)]
        answer = await call.ask(TOOL, jobId="a", executionId="e")
        assert answer["summary"].endswith("(failed): 200 failed, 9,800 succeeded; showing 1 to 20 of 10,000.")

    run(plane(job("a", [execution("e", age=100, status="failed", tasks=tasks, stats=None)])), what)


def paged(number: int, *names_of_tasks: str, more: bool) -> Answer:
    """A page of the operation that lists tasks."""
    meta = {"hasMore": more, "nextCursor": str(number) if more else ""}
    return Answer(200, json_body={"data": [task(name) for name in names_of_tasks], "meta": meta})


def test_tasks_that_did_not_come_along_are_listed() -> None:
    """The counts tell of tasks but the execution has none: then they are read by pages, each name once."""
    app = plane(job("a", [execution("e", age=100, stats={"total": 4, "success": 4})]))
    faults = Faults(app)

    async def what(call: Caller) -> None:
        pages = (paged(1, "t0", "t1", more=True), paged(2, "t1", "t2", more=True), paged(3, "t3", more=False))
        faults.add(*pages, path="/tasks")
        answer = await call.ask(TOOL, jobId="a", executionId="e")
        assert names(answer["tasks"]) == ["t0", "t1", "t2", "t3"]
        assert answer["summary"] == '4 tasks of execution "e" of job "a" (succeeded): 4 succeeded.'
        faults.add(paged(1, "t0", "t1", more=True), Answer(500), Answer(500), Answer(500), Answer(500), path="/tasks")
        answer = await call.ask(TOOL, jobId="a", executionId="e")
        assert answer["summary"] == (
            '2 tasks of execution "e" of job "a" (succeeded): 2 succeeded. Only the first 2 of 4 tasks were read.'
        )
        faults.clear()
        faults.add(*(paged(number, f"t{number}", more=True) for number in range(9)), path="/tasks")
        assert (await call.ask(TOOL, jobId="a", executionId="e"))["lookedAt"] == 5

    run(faults, what)


def test_tasks_that_cannot_be_listed_are_only_counted() -> None:
    """An older API version has no such operation: the answer says what is counted, and is no error."""
    app = plane(job("a", [execution("e", age=100, stats={"total": 4, "success": 4})]))

    async def what(call: Caller) -> None:
        assert await call.ask(TOOL, jobId="a", executionId="e") == {
            "summary": 'No tasks are listed for execution "e" of job "a" (succeeded). '
            "The API counts 4 tasks but lists 0.",
            "tasks": [],
            "jobId": "a",
            "executionId": "e",
            "lookedAt": 0,
        }

    run(app, what, OLDER)


def test_an_execution_is_asked_for_once() -> None:
    """Its own list is the whole one: one call, and none where there are no tasks to list."""
    app = plane(job("a", [execution("e", age=100, stats=None)]))

    async def what(call: Caller) -> None:
        assert (await call.ask(TOOL, jobId="a", executionId="e"))["tasks"] == []
        assert [request.path for request in app.state.requests] == ["/v0/jobs/a/executions/e"]  # type: ignore[attr-defined]

    run(app, what)


def test_hostile_names_and_reasons_stay_quoted() -> None:
    """A task's name, status, reason and message come out clean, cut and quoted, and each answer within its budget."""
    tasks = [
        task(name, "failed", conditions=[{"message": other, "reason": name, "state": "CONDITION_FAILED"}])
        for name in HOSTILE
        for other in HOSTILE
    ]
    tasks += [task(name, name) for name in HOSTILE]

    async def what(call: Caller) -> None:
        rows = await call.follow(TOOL, "tasks", jobId="a", executionId="e", limit=100)
        assert len(rows) == len(tasks)
        for text in call.texts:
            assert all(line.count('"') % 2 == 0 for line in text.splitlines())

    run(plane(job("a", [execution("e", age=100, status="failed", tasks=tasks)])), what)


@pytest.mark.parametrize(
    "item",
    [{}, 7, {"metadata": None, "conditions": None}, {"metadata": {"name": 3}, "status": [], "conditions": [None]}],
)
def test_odd_tasks_are_rows_all_the_same(item: Any) -> None:
    """What cannot be read is left out, not guessed, and nothing fails."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a", executionId="e")
        assert answer["tasks"] == [{}, {}]
        assert answer["summary"].endswith("(succeeded): 2 of other or no status.")
        assert call.texts[-1].endswith("- (no name): no status")

    run(plane(job("a", [execution("e", age=100, tasks=[item, item], stats=None)])), what)


def test_a_cursor_is_an_offset() -> None:
    """It goes on in the same order; past the end there is nothing, and anything but a number is refused unsent."""
    app = demo()

    async def what(call: Caller) -> None:
        latest = {"jobId": "image-resize", "executionId": "latest"}
        cursor = (await call.ask(TOOL, **latest, limit=3))["nextCursor"]
        following = await call.ask(TOOL, **latest, limit=2, cursor=cursor)
        assert names(following["tasks"]) == ["task-0", "task-1"]
        assert following["summary"].endswith("; showing 4 to 5 of 40.")
        past = await call.ask(TOOL, **latest, cursor="41")
        assert past["summary"].endswith("; no more of them.")
        assert "nextCursor" not in past
        handled = len(app.state.requests)
        for odd in ("x", "-1", "1.5", "9" * 7, "٣", "3!abc"):
            said = await call.refusal(TOOL, **latest, cursor=odd)
            assert said.startswith("cursor is not one that this tool gave, so nothing was sent.")
        assert len(app.state.requests) == handled

    run(app, what)


def test_the_longest_names_keep_the_budget() -> None:
    """Of job, execution and task, in quotes and characters that JSON writes with more bytes."""
    name = "😀" * 300
    tasks = [task('"' * 500, '"' * 500), task("\\" * 500, "\\" * 500, conditions=[{"message": '"' * 500}]), {}]

    async def what(call: Caller) -> None:
        for limit in (1, 2, 100):
            assert len(await call.follow(TOOL, "tasks", jobId=name, executionId=name, limit=limit)) == 3

    stats = {"total": 10**12}
    run(plane(job(name, [execution(name, age=100, status="😀" * 300, tasks=tasks, stats=stats)])), what)


def test_each_task_is_kept_as_it_was_last_seen() -> None:
    """Pages shift while an execution runs. Its place is where it came first; those without a name are all kept."""
    read: list[Any] = [
        {"metadata": {"name": "a"}, "status": "running"},
        {},
        {"metadata": {"name": "b"}, "status": "pending"},
        {"metadata": {"name": "a"}, "status": "failed"},
        {},
    ]
    found = unique_by_name([FetchedTask(one, one) for one in read])
    assert [fetched.raw for fetched in found] == [read[3], {}, read[2], {}]


def test_what_is_not_there_is_answered_with_what_is() -> None:
    """The errors of get_job_execution, and clean ones for wrong arguments."""

    async def what(call: Caller) -> None:
        said = await call.refusal(TOOL, jobId="weekly-train", executionId="nope")
        assert said.startswith('Job "weekly-train" has no execution "nope" (404).')
        said = await call.refusal(TOOL, jobId="weekly-trian", executionId="latest")
        assert said.endswith('Did you mean "weekly-train"?')
        said = await call.refusal(TOOL, jobId="weekly-train", executionId="latest", status="done", limit=101)
        assert said.startswith("Wrong arguments: status must be 'failed', 'cancelled', 'running', ")
        assert "limit must be less than or equal to 100" in said

    run(demo(), what)
