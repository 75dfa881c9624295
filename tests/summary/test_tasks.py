"""What one pass over a task list finds, and how the fields of a task are read."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from support.builders import NOW, ago, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.tasks import (
    TaskList,
    TaskStats,
    TimedTask,
    scan_tasks,
    task_conditions,
    task_name,
    task_seconds,
    task_status,
    task_timeout,
    task_times,
)


def moment(minute: int, second: int = 0) -> datetime:
    """A moment before NOW, which is noon."""
    return datetime(2026, 11, 24, 11, minute, second, tzinfo=UTC)


def test_all_that_one_pass_finds() -> None:
    """Tasks of every status, in any case, with and without times."""
    explained: dict[str, Any] = {"status": "Pending", "conditions": [{"message": "no room"}]}
    failed = task(3, "FAILED", (240, 210), "boom")
    tasks: list[Any] = [
        task(0, "succeeded", (300, 290)),
        task(1, "Succeeded", (300, 240)),
        task(2, "succeeded", (300, 240)),
        failed,
        task(4, "failed"),
        task(5, "running", (120,)),
        task(6, "Running", (180,)),
        task(7, "running", (180,)),
        task(8, "running"),
        task(9, "cancelled", (400, 60)),
        task(10, "succeeded", (90,)),
        task(11, "succeeded", (80, 85)),
        {**task(12, "succeeded", (70, 70)), "conditions": [{"message": "fine"}]},
        {**task(13, "SUCCEEDED"), "conditions": [{"message": "fine"}]},
        explained,
        {},
    ]
    assert scan_tasks(TaskList(tasks, whole=False, earlier=True), NOW) == TaskStats(
        listed=16,
        whole=False,
        earlier=True,
        statuses=Counter(succeeded=7, failed=2, running=4, cancelled=1, pending=1) + Counter({"": 1}),
        failed=[failed, tasks[4]],
        explained=[explained],
        durations=[10.0, 60.0, 60.0, 30.0, 0.0],
        starts=[moment(55), moment(55), moment(55), moment(56), moment(58, 50)],
        elapsed=[120.0, 180.0, 180.0],
        slowest=TimedTask("task-1", 60.0, 1_800),
        longest_running=TimedTask("task-6", 180.0, 1_800),
        any_started=True,
        last_activity=moment(59),
        until=NOW,
    )


def test_an_empty_list_has_nothing() -> None:
    """Not even a count of those that succeeded."""
    stats = scan_tasks(TaskList([]), None)
    assert stats == TaskStats(listed=0, whole=True, earlier=False)
    assert "succeeded" not in stats.statuses


def test_a_task_that_took_no_time_is_the_slowest_of_its_like() -> None:
    """And one that was started by a clock ahead of ours has been running for no time."""
    stats = scan_tasks(TaskList([task(1, "succeeded", (5, 5)), task(2, "running", (-3,))]), NOW)
    assert (stats.slowest, stats.durations) == (TimedTask("task-1", 0.0, 1_800), [0.0])
    assert (stats.longest_running, stats.elapsed) == (TimedTask("task-2", -3.0, 1_800), [0.0])


def test_without_a_present_nothing_is_measured_of_running_tasks() -> None:
    """Of those that ended all the same."""
    stats = scan_tasks(TaskList([task(1, "running", (50,)), task(2, "failed", (50, 20))]), None)
    assert (stats.elapsed, stats.longest_running, stats.durations) == ([], None, [30.0])
    assert stats.any_started


@pytest.mark.parametrize(
    ("odd", "started"),
    [
        ({"startedAt": [], "completedAt": ago(20)}, False),
        ({"startedAt": ago(50), "completedAt": {}}, True),
        ([], False),
        (None, False),
        ("text", False),
        ({"startedAt": 5}, False),
        ({"completedAt": ago(20)}, False),
    ],
)
def test_odd_times_are_no_times(odd: Any, *, started: bool) -> None:
    """A list where a time belongs, or something else where an object belongs, hides neither the task nor the others."""
    tasks = [{"metadata": odd, "status": "failed"}, task(2, "failed", (100, 90))]
    stats = scan_tasks(TaskList(tasks), NOW)
    assert (stats.listed, stats.durations, stats.slowest) == (2, [10.0], TimedTask("task-2", 10.0, 1_800))
    assert scan_tasks(TaskList(tasks[:1]), NOW).any_started is started


def test_a_start_or_an_end_is_the_last_activity() -> None:
    """Whichever is newest, of a task with any status."""
    assert scan_tasks(TaskList([task(1, "running", (50,)), task(2, "odd", (90, 60))]), NOW).last_activity == moment(
        59, 10
    )
    assert scan_tasks(TaskList([task(1, "running", (50,)), task(2, "odd", (90, 40))]), NOW).last_activity == moment(
        59, 20
    )


def test_the_tasks_that_come_with_an_execution() -> None:
    """They are all there are, unless they are kept apart from it."""
    tasks = [task(1, "running")]
    whole = JobExecution.model_validate(execution("running", tasks=tasks))
    assert TaskList.of(whole) == TaskList(tasks, whole=True, earlier=False)
    apart = JobExecution.model_validate(execution("running", stats={"total": 5}))
    assert TaskList.of(apart) == TaskList([], whole=False, earlier=False)


@pytest.mark.parametrize("odd", [None, 5, "text", [], {}, True])
def test_an_odd_field_of_a_task_reads_as_absent(odd: Any) -> None:
    """Of a task and of the objects within it."""
    for one in (
        {"metadata": odd, "spec": odd, "conditions": odd, "status": odd if odd != "text" else None},
        {
            "metadata": {"name": odd if odd != "text" else None, "startedAt": odd, "completedAt": odd},
            "spec": {"timeout": 1_800 if odd is None else [odd]},
            "conditions": [],
        },
    ):
        assert task_name(one) == ""
        assert task_status(one) == ""
        assert task_timeout(one) is None
        assert task_times(one) == (None, None)
        assert task_seconds(one) is None
        assert task_conditions(one) == []


def test_conditions_are_their_texts() -> None:
    """What is no text in one is left out, and what is no condition is an empty one."""
    task = {"conditions": [{"type": "Completed", "state": 5, "message": "boom", "reason": None}, 7, "x", {}, []]}
    assert task_conditions(task) == [{"type": "Completed", "message": "boom"}, {}, {}, {}, {}]


@pytest.mark.parametrize(
    ("times", "seconds"), [((50, 20), 30.0), ((50, 50), 0.0), ((50, 51), None), ((50,), None), ((), None)]
)
def test_how_long_a_task_took(times: tuple[float, ...], seconds: float | None) -> None:
    """From its start to its end, if those are in order."""
    assert task_seconds(task(1, "succeeded", times)) == seconds
