"""From when on the times of an unfinished execution are worth a warning; contradictions are in test_prose.py."""

from typing import Any

import pytest
from support.builders import answer, execution, runs_that_took, task

from blaxel_mcp.summary import limits


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
