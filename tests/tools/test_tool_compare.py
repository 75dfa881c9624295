"""compare_job_executions through the SDK's client: which executions it takes, and how few calls it makes."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from support.caller import Answer as Reply
from support.caller import caller, check, client_for, connected, facts
from support.faults import Answer, Delay
from support.plane import NOW, Plane, ago, execution, job, served

from blaxel_mcp.demo import script
from blaxel_mcp.demo.wire import Verbatim
from blaxel_mcp.tools import compare_executions
from blaxel_mcp.tools.spec import describe

TOOL = "compare_job_executions"
LIST = "/executions?limit=100&sort=createdAt%3Adesc"
PASS = Delay(0)
"""Lets the control plane answer."""
BLAND = "The container exited with an error."


def task(number: int, status: str = "succeeded", message: str = BLAND) -> dict[str, Any]:
    """A task that took ten seconds."""
    metadata = {"name": f"task-{number}", "startedAt": ago(seconds=40), "completedAt": ago(seconds=30)}
    conditions = [{"state": "CONDITION_FAILED", "message": message}] if status == "failed" else []
    return {"metadata": metadata, "status": status, "conditions": conditions}


def recent(name: str, age: int, status: str = "succeeded", **more: Any) -> Verbatim:
    """An execution of two tasks, the second of which failed if it did, `age` hours ago."""
    tasks = [task(0), task(1, "failed" if status == "failed" else "succeeded")]
    body = {"tasks": tasks, "stats": None, **more}
    return execution(name, age=3_600 * age, status=status, **body)


RUNS = (
    recent("exec-5", 1, "failed"),
    recent("exec-4", 2, "cancelled"),
    recent("exec-3", 3),
    recent("exec-2", 4, "failed"),
    recent("exec-1", 5, "failed"),
)


@pytest.fixture
def plane() -> Iterator[Plane]:
    """A control plane with one job, which was deployed between its last success and its newest failure."""
    yield from served(job("train", RUNS, age=86_400, deployed=(NOW - timedelta(hours=2, minutes=30),)))


@pytest.fixture
def demo() -> Iterator[Plane]:
    """The demo's control plane."""
    yield from served()


def ask(url: str, job_id: str = "train", **arguments: Any) -> Reply:
    """The checked answer to one question."""

    async def call() -> Reply:
        async with caller(url) as calls:
            return await calls.answer(TOOL, jobId=job_id, **arguments)

    return asyncio.run(call())


def test_latest_is_compared_with_the_newest_success_before_it(plane: Plane) -> None:
    """By one list and the two executions; of a failure that only the log explains, its log, else the revisions."""
    answer = ask(plane.url)
    assert answer.text.splitlines()[0] == (
        '"exec-5" failed where "exec-3" (created today at 06:00 UTC) succeeded: '
        '1 of 2 tasks newly fails ("task-1"), 1 as before. It ran 1m, about as long as the baseline. '
        'Between them: a deployment today at 06:30 UTC (revision "rev-tra002").'
    )
    assert [path.removeprefix("/jobs/train") for path in plane.handled][:4] == [
        LIST,
        "/executions/exec-5",
        "/executions/exec-3",
        "",
    ]
    assert plane.paths[4:] == ["/v0/observability/logs"]


def test_two_ids_need_no_list(plane: Plane) -> None:
    """The two executions, the job, and a look for why."""
    answer = ask(plane.url, executionId="exec-2", baselineId="exec-1")
    assert '"exec-2" and "exec-1" (created today at 04:00 UTC) both failed: 1 of 2 tasks still fails' in answer.text
    assert "In both: 1 task" in answer.text
    assert plane.paths == [
        "/v0/jobs/train/executions/exec-2",
        "/v0/jobs/train/executions/exec-1",
        "/v0/jobs/train",
        "/v0/observability/logs",
    ]


def test_revisions_stand_in_for_events(plane: Plane) -> None:
    """Where the job's events tell of no deployment between the two."""
    plane.faults.add(PASS, PASS, path="/executions/")
    plane.faults.add(
        Answer(200, json_body={"metadata": {"name": "train"}, "spec": {}, "events": None}), path="/jobs/train"
    )
    answer = ask(plane.url, executionId="exec-4", baselineId="exec-3")
    assert '"exec-4" was cancelled where "exec-3"' in answer.text
    assert 'a deployment today at 06:30 UTC (revision "rev-tra002")' in answer.text
    assert plane.paths[-1] == "/v0/jobs/train/revisions"
    assert len(plane.paths) == 4


def test_an_execution_by_its_id_gets_its_own_baseline(plane: Plane) -> None:
    """The newest success before it, not the job's newest."""
    text = refusal(plane.url, executionId="exec-2")
    assert text == (
        'No earlier success of job "train" is among its newest executions: the one before "exec-2" did not '
        "succeed. Trying again unchanged will not help. "
        "Give the execution to compare with as baselineId; list_job_executions names them."
    )
    assert "none of them is before" in refusal(plane.url, executionId="exec-1")
    answer = ask(plane.url, executionId="exec-4")
    assert answer.structured is not None
    assert answer.structured["baseline"]["executionId"] == "exec-3"


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_baseline_is_none(blank: str | None, plane: Plane) -> None:
    """Some libraries have their model fill in every argument."""
    assert ask(plane.url, baselineId=blank).text == ask(plane.url).text


def refusal(url: str, **arguments: Any) -> str:
    """The text of an error."""
    answer = ask(url, **arguments)
    assert answer.is_error
    return answer.text


def test_what_is_missing_is_named(plane: Plane) -> None:
    """The baseline as well as the execution; and one execution cannot be both."""
    for given in ({"baselineId": "exec-0"}, {"executionId": "exec-0"}, {"executionId": "exec-0", "baselineId": "x"}):
        assert (refusal(plane.url, **given)).startswith('Job "train" has no execution "exec-0" (404).')
    same = 'executionId and baselineId are both "exec-5": there is nothing to compare.'
    for given in ({"executionId": "exec-5", "baselineId": "exec-5"}, {"baselineId": "exec-5"}):
        assert (refusal(plane.url, **given)).startswith(same)
    assert 'no job "trian"' in ask(plane.url, "trian").text


def test_an_empty_job_has_nothing_to_compare() -> None:
    """Nor has one whose list is an empty array for want of the job."""
    for plane in served(job("train")):
        assert (refusal(plane.url)).startswith('Job "train" has no executions.')


def test_references_are_read_and_said(plane: Plane) -> None:
    """Whatever get_job_execution takes for an execution."""
    answer = ask(plane.url, executionId="latest failed", baselineId="latest succeeded")
    assert '"exec-5" failed where "exec-3"' in answer.text
    assert 'Taken: execution "exec-3" of job "train", the latest that succeeded.' in answer.text
    assert len(plane.paths) <= 5
    plane.faults.seen.clear()
    answer = ask(plane.url, executionId="LATEST FAILED")
    assert '"exec-5" failed where "exec-3"' in answer.text
    assert len(plane.paths) == 5


def test_tasks_kept_apart_are_read_a_page_each(demo: Plane) -> None:
    """The list has all of such a baseline but its tasks, so five calls get deployments too."""
    answer = facts(ask(demo.url, "image-resize"))
    assert answer["tasks"] == {
        "compared": 40,
        "newlyFailing": {"count": 3, "names": ["task-17", "task-22", "task-31"]},
        "unchanged": 37,
    }
    assert answer["changes"] == [
        'a deployment today at 04:49 UTC (revision "rev-ima002")',
        'override "FORMAT" added',
    ]
    assert [group["count"] for group in answer["causes"]["new"]] == [2, 1]
    baseline = answer["baseline"]["executionId"]
    assert demo.handled[:2] == [f"/jobs/image-resize{LIST}", f"/jobs/image-resize/executions/{script.FAILED}"]
    assert sorted(demo.handled[2:]) == sorted(
        [
            f"/jobs/image-resize/executions/{script.FAILED}/tasks?limit=200",
            f"/jobs/image-resize/executions/{baseline}/tasks?limit=200",
            "/jobs/image-resize",
        ]
    )


def test_a_given_baseline_of_the_latest_is_taken_from_the_list_too(demo: Plane) -> None:
    """Where its tasks are kept apart."""
    answer = facts(ask(demo.url, "load-test", baselineId=script.PARTLY_FAILED))
    assert answer["baseline"]["executionId"] == script.PARTLY_FAILED
    assert answer["tasks"]["compared"] == 200
    assert len(demo.paths) == 5
    assert f"/v0/jobs/load-test/executions/{script.PARTLY_FAILED}" not in demo.paths


@pytest.mark.parametrize("job_id", ["nightly-import", "load-test", "embed-corpus", "nightly-report", "weekly-train"])
def test_never_more_than_five_calls(demo: Plane, job_id: str) -> None:
    """Nor less said in one channel than in the other."""
    answer = ask(demo.url, job_id)
    assert len(demo.paths) <= 5
    step = facts(answer).get("nextStep")
    assert step is None or answer.text.endswith(f"Next: {step}")


def test_look_ups_that_fail_fail_nothing(plane: Plane) -> None:
    """What could not be had is said, and each was tried once."""
    plane.faults.add(PASS, PASS, PASS, path="/executions")
    plane.faults.always(Answer(503))
    answer = ask(plane.url)
    assert "1 of 2 tasks newly fails" in answer.text
    assert "Deployments between the two could not be looked up." in answer.text
    assert len(plane.paths) == 5


def test_without_look_ups_only_the_executions_are_asked_for(plane: Plane) -> None:
    """And that is said."""

    async def call() -> Reply:
        async with connected(client_for(plane.url), "auto", lookups=False) as client:
            return check(await client.call_tool(TOOL, {"jobId": "train"}), TOOL)

    answer = asyncio.run(call())
    assert len(plane.paths) == 3
    assert "Deployments, and tasks that are kept apart, were not looked up (--lookups never)." in answer.text


def test_the_tool_costs_a_client_little() -> None:
    """Its whole entry in tools/list."""
    entry = describe(compare_executions.SPEC)
    assert len(json.dumps(entry, separators=(",", ":"))) <= 950
