"""`get_job_execution_view` at the seam: what it looks up, and in how many calls, whatever the execution's outcome."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.caller import Caller, compact, run
from support.faults import Faults
from support.one_execution import OneExecution
from support.plane import NOW, ago, verbatim

from blaxel_mcp.demo.wire import Verbatim

JOB, ID = "train", "exec-1"
ONE = f"/v0/jobs/{JOB}/executions/{ID}"
TASKS, LIST, LOG = f"{ONE}/tasks", f"/v0/jobs/{JOB}/executions", "/v0/observability/logs"
BARE = "The container exited with an error."


def task(number: int, status: str) -> dict[str, Any]:
    """A task of two minutes ago; a failed one says no more than that it exited."""
    times = {"startedAt": ago(seconds=120)} | ({} if status == "running" else {"completedAt": ago(seconds=60)})
    conditions = [{"type": "Completed", "state": "CONDITION_FAILED", "message": BARE}] if status == "failed" else []
    return {"metadata": {"name": f"task-{number}", **times}, "status": status, "conditions": conditions}


def execution(status: str, total: int, failed: int = 0) -> dict[str, Any]:
    """An execution whose tasks are kept apart from it."""
    times = {"createdAt": ago(minutes=5), "startedAt": ago(minutes=4)}
    times |= {} if status == "running" else {"completedAt": ago(seconds=30)}
    running = total - failed if status == "running" else 0
    stats = {"success": total - failed - running, "failure": failed, "running": running}
    spec = {"taskCount": total, "tasksRef": "managed"}
    return {"metadata": {"id": ID, "job": JOB, **times}, "spec": spec, "status": status, "stats": stats}


def past() -> list[Verbatim]:
    """An execution before it."""
    times = {"startedAt": ago(hours=24), "completedAt": ago(hours=23)}
    return [verbatim("exec-0", NOW, status="succeeded", metadata={"createdAt": ago(hours=24), **times})]


@contextmanager
def looked_at(
    body: dict[str, Any], tasks: list[Any], times: int = 1, **state: Any
) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
    """Views of an execution, asked for so often, and the paths of the calls that they took."""
    faults = Faults(
        OneExecution(JOB, ID, body, now=NOW, tasks=tasks, log=["ValueError: shard 3 is empty"], past=past())
    )
    views: list[dict[str, Any]] = []

    async def ask(caller: Caller) -> None:
        views.extend([await caller.ask("get_job_execution_view", jobId=JOB, executionId=ID) for _ in range(times)])

    run(faults, ask, **state)
    yield views, [seen.path for seen in faults.seen]


@pytest.mark.parametrize(
    ("status", "failed", "others"),
    [
        ("succeeded", 0, "succeeded"),
        ("failed", 1_900, "succeeded"),
        ("running", 0, "running"),
        ("cancelled", 3, "cancelled"),
    ],
)
def test_a_view_takes_nine_calls_at_most(status: str, failed: int, others: str) -> None:
    """Five pages of tasks whatever the outcome, of two thousand; the others are counted."""
    tasks = [task(n, "failed" if n < failed else others) for n in range(2_000)]
    with looked_at(execution(status, 2_000, failed), tasks) as ([view], paths):
        assert len(paths) <= 9
        assert {path: paths.count(path) for path in (ONE, LIST, TASKS)} == {ONE: 1, LIST: 1, TASKS: 5}
        timeline = view["timeline"]
        assert (timeline["tasks"], timeline["unread"]) == (1_000, 1_000)
        assert view["runs"]["ids"] == ["exec-0", ID]
        assert compact(view) <= 64 * 1024
        assert ("evidence" in view["answer"]) == (failed > 0)


def test_a_view_of_one_that_goes_on_is_always_fresh() -> None:
    """Its tasks are read again each time, those of one that is over are not; nor are the executions before it."""
    with looked_at(execution("running", 2), [task(0, "running"), task(1, "succeeded")], times=2) as (views, paths):
        assert [view["timeline"]["lanes"]["statuses"] for view in views] == [["running", "succeeded"]] * 2
        assert [paths.count(path) for path in (ONE, LIST, TASKS)] == [2, 1, 2]
    with looked_at(execution("succeeded", 2), [task(0, "succeeded"), task(1, "succeeded")], times=2) as (_, paths):
        assert [paths.count(path) for path in (ONE, LIST, TASKS)] == [2, 1, 1]


def test_without_look_ups_a_view_is_one_call() -> None:
    """It shows what the execution itself holds."""
    with looked_at(execution("failed", 2, 1), [task(0, "failed")], lookups=False) as ([view], paths):
        assert paths == [ONE]
        assert {"timeline", "runs"}.isdisjoint(view)
        assert view["answer"]["outcome"] == "failed"
