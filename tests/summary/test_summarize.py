"""What is made of an execution together with what was looked up beside it: its tasks, its history, its job."""

from datetime import timedelta
from typing import Any

from support.builders import EXECUTION, JOB, NOW, ago, execution, runs_that_took, task

from blaxel_mcp.models import Job, JobExecution
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.tasks import TaskList, TimedTask


def summary(raw: dict[str, Any], **more: Any) -> ExecutionSummary:
    """Of an execution as the API sends it."""
    return summarize(JobExecution.model_validate(raw), asked=(JOB, EXECUTION), workspace="acme", now=NOW, **more)


def test_a_task_that_never_ended_ran_until_the_execution_did() -> None:
    """It runs until now while the execution goes on; of an end that nobody knows nothing is measured."""
    tasks = [task(0, "running", (7000,))]
    for raw, longest in (
        (execution("failed", (7200, 7200, 3600), tasks=tasks), TimedTask("task-0", 3400, 1800)),
        (execution("failed", (7200, 7200), tasks=tasks), None),
        (execution("running", (7200, 7200, 3600), tasks=tasks), TimedTask("task-0", 7000, 1800)),
    ):
        assert summary(raw).timing.longest == longest


def test_tasks_that_were_read_apart_count_like_those_that_come_along() -> None:
    """For its counts, for its reasons and beside its history, unless only a part of them was read."""
    tasks = [task(0, "failed", (50, 40), "disk full"), task(1, "succeeded", (50, 40)), task(2, "succeeded", (50, 40))]
    raw, before = execution("failed", (60, 50, 40)), runs_that_took(100)
    for found in (
        summary(raw | {"tasks": tasks}, runs=before),
        summary(raw, tasks_apart=TaskList(tasks), runs=before),
    ):
        assert (found.tasks_known, found.tasks_read) == (True, 3)
        assert found.counts[:3] == (3, 2, 1)
        assert [(group.count, group.line.text) for group in found.failures] == [(1, "disk full")]
        assert found.history
        assert (found.history.run.tasks, found.history.run.failed_tasks) == (3, 1)
    part = summary(raw, tasks_apart=TaskList(tasks, whole=False), runs=before)
    assert (part.tasks_known, part.tasks_read) == (False, 3)
    assert part.counts[:3] == (None, None, None)
    assert part.history
    assert (part.history.run.tasks, part.history.run.failed_tasks) == (None, None)


def test_failed_tasks_that_the_list_lacks_are_a_group_only_if_it_is_whole() -> None:
    """Of a part of it, they are in groups that are not shown."""
    tasks, stats = [task(0, "failed", (), "disk full")], {"total": 9, "failure": 3}
    raw = execution("failed", (60, 50, 40), stats=stats)
    for whole, groups, omitted in ((True, [2, 1], 0), (False, [1], 2)):
        found = summary(raw, tasks_apart=TaskList(tasks, whole=whole))
        assert ([group.count for group in found.failures], found.failures_omitted) == (groups, omitted)


def test_deployments_since_the_last_success_are_told_of_a_failure() -> None:
    """Not those before it, nor after the execution was created; what was configured for it comes first."""
    events = [
        {"time": (NOW - timedelta(hours=hours)).isoformat(), "status": "DEPLOYED", "revision": f"rev-{hours}"}
        for hours in (-1, 3, 40)
    ]
    job = Job.model_validate({"metadata": {"name": JOB}, "events": events})
    deployed = 'a deployment today at 09:00 UTC (revision "rev-3")'
    for status, spec, changes in (
        ("failed", {}, [deployed]),
        ("timeout", {"memoryOverride": 512}, ["a memory override of 512 MB", deployed]),
        (
            "failed",
            {"memoryOverride": 512, "envOverride": {"MODE": "1"}},
            ["a memory override of 512 MB", 'override "MODE" added'],
        ),
        ("succeeded", {}, []),
        ("cancelled", {}, []),
    ):
        found = summary(execution(status, (620, 500, 190), **spec), runs=runs_that_took(100, 110), job=job)
        assert found.history
        assert [*found.history.changes] == changes
    assert summary(execution("failed", (620, 500, 190)), job=job).history is None
    assert summary(execution("running", (620, 500)), runs=runs_that_took(100), job=job).history is None


def test_an_execution_has_started_if_anything_tells_of_a_start() -> None:
    """Its own start, that of a task, or a task that succeeded or runs; without any it never did."""
    for times, more, never in (
        ((600, 500, 60), {}, False),
        ((600,), {"tasks": [task(0, "cancelled", (500,))]}, False),
        ((600,), {"tasks": [task(0, "succeeded"), task(1, "cancelled")]}, False),
        ((600,), {"stats": {"total": 2, "running": 1}}, False),
        ((600,), {"tasks": [task(0, "cancelled")]}, True),
        ((600,), {}, True),
    ):
        raw = execution("cancelled", times, **more)
        raw["metadata"]["completedAt"] = ago(60)
        assert summary(raw).never_started is never, more
