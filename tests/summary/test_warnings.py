"""What an answer warns of: what contradicts itself, and from when on times and failures are worth a word."""

from typing import Any

import pytest
from support.builders import NOW, ago, answer, execution, runs_that_took, task

from blaxel_mcp.models import ExecutionStatus, JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.estimate import Estimate
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.tasks import TaskList, TaskStats
from blaxel_mcp.summary.telling import TellingLine
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.warnings import health_warnings, is_failing_fast

FAST: list[tuple[int, int, int, int, bool]] = [
    # Failed, succeeded, waiting; how many failed for another reason; whether that is fast.
    # All that finished failed: three are enough.
    (3, 0, 1, 0, True),
    (3, 0, 0, 0, False),
    (2, 0, 50, 0, False),
    (3, 0, 50, 2, True),
    # Four fifths of them, and nearly all for one reason.
    (8, 2, 50, 0, True),
    (8, 3, 50, 0, False),
    (5, 1, 50, 0, True),
    (4, 1, 50, 0, False),
    (10, 1, 50, 2, True),
    (10, 1, 50, 3, False),
    # At least a quarter as many wait.
    (8, 1, 2, 0, True),
    (9, 0, 2, 0, False),
    (8, 1, 1, 0, False),
]


def test_from_when_on_an_execution_fails_fast() -> None:
    """Enough failures, of those that finished enough, for one reason, and with enough still to come."""
    for failed, succeeded, waiting, others, fast in FAST:
        counts = TaskCounts(total=failed + succeeded + waiting, succeeded=succeeded, failed=failed)
        groups = [FailureGroup(count, TellingLine("no table"), []) for count in (failed - others, others)]
        row = failed, succeeded, waiting, others
        assert is_failing_fast(ExecutionStatus("running"), counts, groups) is fast, row
        assert not is_failing_fast(ExecutionStatus("cancelling"), counts, groups), row
    assert not is_failing_fast(ExecutionStatus("running"), TaskCounts(), [])


@pytest.mark.parametrize(("idle", "stalled"), [(limits.STALL_SECONDS, False), (limits.STALL_SECONDS + 1, True)])
def test_a_stall_begins_past_its_threshold(idle: int, *, stalled: bool) -> None:
    """The threshold is five minutes, or four median tasks where these are longer."""
    tasks: list[Any] = [*(task(i, "succeeded", (idle + 60, idle)) for i in range(4)), task(5, "pending")]
    assert ("warnings" in answer(execution("running", (900, 900), tasks=tasks))) is stalled


@pytest.mark.parametrize(("seconds", "close"), [(1439, False), (1440, True)])
def test_a_task_is_close_to_its_timeout_from_four_fifths(seconds: int, *, close: bool) -> None:
    """The task's own limit of half an hour counts, not the execution's of a minute."""
    got = answer(execution("running", (9000, 9000), tasks=[task(0, "running", (seconds,))], timeout=60))
    assert ("warnings" in got) is close


def test_the_executions_timeout_is_read_per_task_where_tasks_are_known() -> None:
    """An execution long past it as a whole, but far from it by its tasks, has no warning."""
    tasks: list[Any] = [task(0, "running", (100,))]
    assert "warnings" not in answer(execution("running", (9000, 9000), tasks=tasks, timeout=600))


@pytest.mark.parametrize(("running", "overrunning"), [(2000, False), (2001, True)])
def test_an_execution_overruns_past_twice_its_usual_duration(running: int, *, overrunning: bool) -> None:
    """It must also have outlasted the longest of the recent executions."""
    got = answer(execution("running", (running, running)), runs=runs_that_took(900, 1000, 1100))
    assert ("warnings" in got) is overrunning


@pytest.mark.parametrize(("waited", "warned"), [(599, False), (600, True)])
@pytest.mark.parametrize("status", ["queued", "pending"])
def test_a_long_wait_is_a_warning(status: str, waited: int, *, warned: bool) -> None:
    """Ten minutes are long for a queued or pending execution."""
    assert ("warnings" in answer(execution(status, (waited,)))) is warned


@pytest.mark.parametrize(("unchanged", "warned"), [(899, False), (900, True)])
def test_cancelling_is_stuck_when_nothing_changes(unchanged: int, *, warned: bool) -> None:
    """A quarter of an hour without a change is long; the newest sign of life counts."""
    raw = execution("cancelling", (9000, 9000), tasks=[task(0, "succeeded", (5000, unchanged))])
    assert ("warnings" in answer(raw)) is warned


def test_both_readings_of_the_executions_timeout_are_judged() -> None:
    """A run of 57 minutes is close to an hour, even if none of its tasks is; past the hour it must be for each task."""
    tasks: list[Any] = [task(0, "running", (540,))]
    tasks[0]["spec"] = {}
    got = answer(execution("running", (3420, 3420), tasks=tasks, timeout=3600))
    assert got["warnings"] == [
        "Close to its timeout: running for 57m of 1h (95%), if that is for the whole execution and not for each task."
    ]
    assert "warnings" not in answer(execution("running", (3700, 3700), tasks=tasks, timeout=3600))


@pytest.mark.parametrize("word", [None, "", "unspecified", "Unspecified"])
def test_tasks_without_a_status_are_no_evidence(word: str | None) -> None:
    """They may be the parameters of tasks: nothing is doubted, and nothing counted, because of them."""
    tasks: list[Any] = [{"name": "John", "status": word}, {"name": "Jane"}, {}]
    stats = {"total": 3, "success": 3}
    for raw in (
        execution("succeeded", (60, 50, 0), spec={"tasks": tasks}, stats=stats),
        execution("succeeded", (60, 50, 0), tasks=tasks, stats=stats),
        execution("succeeded", (60, 50, 0), tasks=tasks),
        execution("failed", (60, 50, 0), tasks=tasks, stats={"failure": 1}),
    ):
        got = answer(raw)
        assert "warnings" not in got, got
        assert "did not" not in got["summary"]
        assert "although" not in got["summary"]


def test_the_total_is_what_was_asked_for_where_no_count_tells() -> None:
    """stats.total, else spec.taskCount, else the list."""
    stats = {"success": 37, "failure": 3}
    assert answer(execution("failed", stats=stats, taskCount=40))["tasks"]["total"] == 40
    assert answer(execution("failed", stats=stats | {"total": 41}, taskCount=40))["tasks"]["total"] == 41
    assert answer(execution("failed", tasks=[task(0, "failed")], taskCount=None))["tasks"]["total"] == 1
    assert "3 of 40 tasks failed, 37 succeeded" in answer(execution("failed", stats=stats, taskCount=40))["summary"]


@pytest.mark.parametrize(("idle", "stalled"), [(399, False), (401, True)])
def test_a_stall_of_long_tasks_begins_past_four_of_them(idle: int, *, stalled: bool) -> None:
    """Where the median task takes a hundred seconds, five minutes without a start or end are nothing odd."""
    tasks: list[Any] = [*(task(i, "succeeded", (idle + 100, idle)) for i in range(4)), task(5, "pending")]
    assert ("talled" in answer(execution("running", (900, 900), tasks=tasks))["summary"]) is stalled


@pytest.mark.parametrize(("running", "overrunning"), [(300, False), (301, True)])
def test_a_longer_run_before_moves_the_threshold(running: int, *, overrunning: bool) -> None:
    """Twice the median is not overrunning where one of the recent executions took longer."""
    got = answer(execution("running", (running, running)), runs=runs_that_took(100, 100, 300))
    assert ("Overrunning" in got["summary"]) is overrunning


def test_a_stall_names_the_task_that_runs_or_that_none_does() -> None:
    """The next step asks for that task's log, or to start over."""
    done: list[Any] = [task(i, "succeeded", (4000, 3940)) for i in range(4)]
    one = answer(execution("running", (4000, 4000), tasks=[*done, task(9, "running", (3900,)), task(5, "pending")]))
    assert 'task "task-9" has run for 1h 5m' in one["warnings"][0]
    assert 'taskName "task-9"' in one["nextStep"]
    none = answer(execution("running", (4000, 4000), tasks=[*done, task(5, "pending")]))
    assert none["warnings"][0].startswith("Stalled: no task runs, and none has started or finished for 1h 5m")
    assert none["nextStep"].startswith("Cancel it and run the job again")


def test_a_success_that_came_close_to_its_timeout_is_told() -> None:
    """By its longest task, or as a whole."""
    tasks: list[Any] = [task(0, "succeeded", (2000, 260)), task(1, "succeeded", (2000, 1900))]
    got = answer(execution("succeeded", (2000, 2000, 200), tasks=tasks, timeout=3600))
    assert got["warnings"] == ["Its longest task used 96% of its timeout of 30m."]
    whole = answer(execution("succeeded", (3500, 3500, 0), timeout=3600))
    assert whole["warnings"] == ["It used 97% of its timeout of 1h."]
    assert "warnings" not in answer(execution("succeeded", (3000, 3000, 0), timeout=3600))


def test_an_estimate_past_the_timeout_is_told_and_polled_before_it() -> None:
    """It may end at its timeout, so asking later than that would miss it."""
    tasks: list[Any] = [task(n, "succeeded", (3000, 2940)) for n in range(30)]
    tasks += [task(n, "pending") for n in range(30, 90)]
    for each in tasks:
        each["spec"] = {}
    tasks[29] = task(29, "succeeded", (100, 40)) | {"spec": {}}
    got = answer(execution("running", (2000, 2000), tasks=tasks, parallelism=1, timeout=3600))
    assert got["warnings"][-1].startswith("It may not finish in time: 26m 40s are left of its timeout of 1h")
    late = answer(execution("running", (3400, 3400), tasks=tasks, parallelism=1, timeout=3600))
    assert [warning for warning in late["warnings"] if "may not finish" in warning] == [], "one note is enough"
    assert late["pollAfterSeconds"] == 200


def test_what_waiting_does_not_bring_is_not_waited_for() -> None:
    """Tasks whose conditions tell of an image that can't be had need another deployment, not patience."""
    waiting: Any = {"metadata": {"name": "task-0"}, "status": "pending"}
    said = "Failed to pull image registry/acme:3: manifest unknown"
    waiting["conditions"] = [{"state": "CONDITION_PENDING", "message": said}]
    got = answer(execution("pending", (900,), tasks=[waiting]))
    assert got["nextStep"].startswith("Do not wait: check that the job's image exists")
    assert said in got["summary"]


def times(**seconds: float) -> dict[str, Any]:
    """An execution's metadata with these times, in seconds before now."""
    return {key: ago(value) for key, value in seconds.items()}


def counted(status: str, **stats: int) -> dict[str, Any]:
    """An execution of which only status and counts are known."""
    return {"status": status, "stats": stats}


DISAGREE = "The API's counts disagree with its own task list: "
NO_END = "did not come to an end."


CONTRADICTIONS: list[tuple[dict[str, Any], list[str]]] = [
    # Counts against the status.
    (counted("succeeded", total=2, success=1, failure=1), ["The status is succeeded although 1 task failed."]),
    (
        counted("failed", total=2, success=2, failure=0),
        ["The status is failed although no task is counted as failed."],
    ),
    (counted("failed", total=2, success=1, failure=1), []),
    (counted("cancelled", total=2, success=2), ["The status is cancelled although every task succeeded."]),
    (counted("timeout", total=2, success=2), ["The status is timeout although every task succeeded."]),
    (counted("timeout", total=2, success=1), []),
    (counted("cancelled", total=0, success=0), []),
    (counted("succeeded", total=3, success=1, running=1), [f"The execution is over, yet 2 tasks {NO_END}"]),
    (counted("failed", total=3, failure=2), [f"The execution is over, yet 1 task {NO_END}"]),
    (counted("failed", failure=2, running=1), [f"The execution is over, yet 1 task {NO_END}"]),
    (counted("cancelled", total=3, success=1, running=1), []),
    (counted("queued", total=3), []),
    (counted("queued", total=3, success=1), ["The status is queued, yet 1 task ran already or run now."]),
    (
        counted("pending", total=8, success=1, failure=1, cancelled=1, running=1),
        ["The status is pending, yet 4 tasks ran already or run now."],
    ),
    (
        counted("running", total=3, success=1, failure=1, cancelled=1),
        ["Every task has finished, yet the execution is still running; the status may lag behind."],
    ),
    (counted("running", total=3, success=2), []),
    (counted("cancelling", total=3, success=1, cancelled=2), []),
    (
        {"status": "running", "metadata": times(completedAt=5)},
        ["It is not finished by its status, yet a completion time is given."],
    ),
    # Counts against each other, and against the list.
    (counted("running", total=3, success=2, running=1), []),
    (
        counted("running", total=3, success=2, running=2),
        ["The counts do not add up: 4 tasks in the states named, of 3 in all."],
    ),
    (counted("running", success=2, running=2), []),
    (
        execution("running", tasks=[task(n, "succeeded") for n in range(2)], stats={"total": 3, "success": 1}),
        [
            "Every task in the list has finished, yet the execution is still running.",
            f"{DISAGREE}1 succeeded against 2, 3 in all against 2; the counts are used.",
        ],
    ),
    (
        execution(
            "cancelled",
            tasks=[task(0, "succeeded"), task(1, "failed"), task(2, "cancelled"), task(3, "running"), {}],
            stats={"total": 5, "success": 2, "failure": 1, "cancelled": 1, "running": 1},
        ),
        [],
    ),
    (
        execution("cancelled", tasks=[task(0, "succeeded"), {}], stats={"success": 3, "failure": 1, "running": 2}),
        [
            f"{DISAGREE}3 succeeded against 1, 2 running against 0; the counts are used.",
            "The counts do not add up: 6 tasks in the states named, of 2 in all.",
        ],
    ),
    (execution("cancelled", tasks=[task(0, "cancelled")], stats={"cancelled": 1}), []),
    # Times against each other, and against the clock.
    (execution("succeeded", (60, 60, 60)), []),
    (execution("running", (60, 120)), ["Times are out of order: it started 1m before it was created."]),
    (execution("succeeded", (60, 50, 110)), ["Times are out of order: it completed 1m before it started."]),
    (
        execution("succeeded", (60, 120, 180)),
        [
            "Times are out of order: it started 1m before it was created.",
            "Times are out of order: it completed 1m before it started.",
        ],
    ),
    (
        {"status": "succeeded", "metadata": times(createdAt=60, completedAt=120)},
        ["Times are out of order: it completed 1m before it was created."],
    ),
    ({"status": "succeeded", "metadata": times(createdAt=60, completedAt=60)}, []),
    ({"status": "succeeded", "metadata": times(completedAt=60)}, []),
    (execution("running", (-60, -60)), []),
    (
        execution("running", (10, -61)),
        ["Its newest timestamp is 1m 1s ahead of this machine's clock; ages and times left may be off."],
    ),
    (
        execution("running", (10, 10), tasks=[task(0, "running", (-61,))]),
        ["Its newest timestamp is 1m 1s ahead of this machine's clock; ages and times left may be off."],
    ),
]


def test_what_contradicts_itself_is_told() -> None:
    """Each contradiction in one sentence, whatever else is wrong; what can be explained is none."""
    for raw, expected in CONTRADICTIONS:
        assert answer(raw).get("warnings", []) == expected, raw


def unnamed(status: str, *seconds: float) -> dict[str, Any]:
    """A task without a name and without a timeout of its own."""
    made: dict[str, Any] = task(0, status, seconds)
    return made | {"metadata": made["metadata"] | {"name": ""}, "spec": {}}


WHOLE = "if that is for the whole execution and not for each task."


SUGGESTIONS: list[tuple[dict[str, Any], list[str]]] = [
    # What runs: by its longest-running task, else as a whole.
    (execution("running", (2879, 2879), timeout=3600), []),
    (
        execution("running", (2880, 2880), timeout=3600),
        [f"Close to its timeout: running for 48m of 1h (80%), {WHOLE}"],
    ),
    (
        execution("running", (3600, 3600), timeout=3600),
        [f"Close to its timeout: running for 1h of 1h (100%), {WHOLE}"],
    ),
    (
        execution("running", (4000, 4000), timeout=3600),
        [f"Past its timeout: running for 1h 6m of 1h (111%), {WHOLE}"],
    ),
    (
        execution("running", (3600, 3600), timeout=3600, tasks=[unnamed("running", 9)]),
        [f"Close to its timeout: running for 1h of 1h (100%), {WHOLE}"],
    ),
    (execution("running", (3601, 3601), timeout=3600, tasks=[unnamed("running", 9)]), []),
    (
        execution("running", (9000, 9000), tasks=[task(0, "running", (1800,))]),
        ['Close to its timeout: task "task-0" has run for 30m of its own 30m (100%).'],
    ),
    (
        execution("running", (9000, 9000), tasks=[task(0, "running", (1801,))]),
        ['Past its timeout: task "task-0" has run for 30m 1s of its own 30m (100%).'],
    ),
    (
        execution("running", (2000, 2000), tasks=[unnamed("running", 1440)], timeout=1800),
        ["Close to its timeout: the longest-running task has run for 24m of 30m (80%), if that is for each task."],
    ),
    (execution("running", (9000, 9000), tasks=[unnamed("running", 8000)]), []),
    ({"status": "running", "spec": {"timeout": 1}}, []),
    # What succeeded: by its longest task, else as a whole.
    (execution("succeeded", (3240, 3240, 0), timeout=3600), ["It used 90% of its timeout of 1h."]),
    (execution("succeeded", (3239, 3239, 0), timeout=3600), []),
    (execution("succeeded", (3600, 3600, 0), timeout=3600), ["It used 100% of its timeout of 1h."]),
    (execution("succeeded", (3601, 3601, 0), timeout=3600), []),
    (
        execution("succeeded", (9000, 9000, 0), tasks=[task(0, "succeeded", (1620, 0))], timeout=3600),
        ["Its longest task used 90% of its timeout of 30m."],
    ),
    (execution("succeeded", (9000, 9000, 0), tasks=[task(0, "succeeded", (1619, 0))]), []),
    (
        execution("succeeded", (9000, 9000, 0), tasks=[task(0, "succeeded", (1800, 0))]),
        ["Its longest task used 100% of its timeout of 30m."],
    ),
    (execution("succeeded", (9000, 9000, 0), tasks=[task(0, "succeeded", (1801, 0))]), []),
    (
        execution("succeeded", (9000, 9000, 0), tasks=[unnamed("succeeded", 3590, 0)], timeout=3600),
        ["Its longest task used 99% of its timeout of 1h."],
    ),
    (execution("succeeded", (9000, 9000, 0), tasks=[unnamed("succeeded", 3590, 0)]), []),
    # What waits, and what is being cancelled.
    (
        execution("queued", (600,)),
        ["That is a long wait: usually the workspace is at its limit of parallel work."],
    ),
    (execution("pending", (600,)), ["That is long for a start."]),
    ({"status": "queued"}, []),
    (
        {"status": "cancelling", "metadata": times(updatedAt=900)},
        [
            "Perhaps stuck cancelling: nothing has changed for 15m, though running tasks may take their time.",
        ],
    ),
    ({"status": "cancelling", "metadata": times(updatedAt=899)}, []),
    ({"status": "cancelling", "metadata": times(updatedAt=9000), "tasks": [task(0, "failed", (999, 899))]}, []),
    ({"status": "cancelling"}, []),
]


def test_what_times_suggest_is_told() -> None:
    """From the very second on at which a threshold is reached."""
    for raw, expected in SUGGESTIONS:
        assert answer(raw).get("warnings", []) == expected, raw


def test_a_stall_is_told_of_tasks_without_a_name() -> None:
    """Then only that one of them runs."""
    tasks: list[Any] = [*(task(n, "succeeded", (4000, 3940)) for n in range(3)), unnamed("running", 3900)]
    assert answer(execution("running", (4000, 4000), tasks=tasks))["warnings"] == [
        (
            "Probably stalled: no task has started or finished for 1h 5m, while the median task takes 1m; "
            "task of those that run has run for 1h 5m."
        )
    ]


FURTHER = "so failures further on are not in these groups."


UNREAD: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"status": "failed"}, {}, [f"Only the first 2 tasks were read, {FURTHER}"]),
    (
        counted("failed", total=1500, success=1490, failure=10),
        {},
        [f"Only the first 2 of 1,500 tasks were read, {FURTHER}"],
    ),
    (counted("running", total=9, failure=2), {}, [f"Only the first 2 of 9 tasks were read, {FURTHER}"]),
    (counted("running", total=9, failure=1), {}, []),
    (
        counted("running", total=9, failure=2),
        {"earlier": True},
        ["Its tasks were read up to 1m ago, so later failures are not in these groups."],
    ),
    ({"status": "cancelled"}, {}, []),
    ({"status": "failed"}, {"whole": True}, []),
    ({"status": "failed"}, {"tasks": []}, []),
]


def test_failures_that_were_not_read_are_told() -> None:
    """Where there are, or may be, more of them than among the tasks that were read."""
    for raw, listed, expected in UNREAD:
        tasks = TaskList([task(0, "failed"), task(1, "succeeded")], whole=False)._replace(**listed)
        parsed = JobExecution.model_validate(raw)
        found = summarize(parsed, asked=("resize", "exec-1"), workspace="acme", now=NOW, tasks_apart=tasks)
        assert found.warnings == expected, (raw, listed)


@pytest.mark.parametrize(("low", "late"), [(300, False), (301, True)])
def test_too_late_is_what_ends_after_its_timeout_at_the_earliest(low: int, *, late: bool) -> None:
    """With what is left of that, five minutes of ten, and which reading of a timeout makes it too late."""
    estimate = Estimate(seconds=None, low=low, high=900, basis="")
    timing = Timing(running=300, timeout=600, estimate=estimate)
    running = JobExecution.model_validate({"status": "running"})
    told = health_warnings(running, TaskStats(), TaskCounts(), timing, failing_fast=False, usual=None, now=NOW)
    sentence = (
        "It may not finish in time: 5m are left of its timeout of 10m, if that is for the whole execution and not for "
        "each task."
    )
    assert told == [sentence] * late
