"""The script tells one consistent story at every instant."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blaxel_mcp.demo import script
from blaxel_mcp.demo.formats import ERROR, INFO, WARNING, duration, stamp
from blaxel_mcp.demo.playback import INLINE_TASKS, Execution

BEGAN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
INSTANTS = [BEGAN + timedelta(seconds=seconds) for seconds in (0, 1, 9.5, 30, 61, 100, 113, 114, 300, 900, 86_400)]
JOBS = {job.name: job for job in script.jobs(BEGAN)}
PLANS = [plan for job in JOBS.values() for plan in job.executions if isinstance(plan, Execution)]

EXECUTION_KEYS = {"metadata", "spec", "stats", "status", "tasks"}
METADATA_KEYS = {"cluster", "completedAt", "createdAt", "id", "job", "startedAt", "updatedAt", "workspace"}
SPEC_KEYS = {"envOverride", "memoryOverride", "parallelism", "taskCount", "tasks", "tasksRef", "timeout"}
TASK_METADATA_KEYS = {"name", "createdAt", "scheduledAt", "startedAt", "completedAt", "updatedAt"}
CONDITION_KEYS = {"executionReason", "message", "reason", "severity", "state", "type"}
TASK_STATUSES = {"unspecified", "pending", "reconciling", "failed", "succeeded", "running", "cancelled"}


def execution(job: str, execution_id: str) -> Execution:
    """The plan of one execution."""
    return next(plan for plan in PLANS if (plan.job, plan.id) == (job, execution_id))


def plans(job: str) -> list[Execution]:
    """The plans of a job's executions."""
    return [plan for plan in PLANS if plan.job == job]


def failures(plan: Execution) -> list[dict[str, Any]]:
    """The tasks of an execution that have failed when the control plane begins."""
    return [task for task in plan.task_list(BEGAN) if task["status"] == "failed"]


def explained(task: dict[str, Any]) -> bool:
    """Whether a condition of a failed task says more than that the container exited with an error."""
    messages = [condition.get("message", "") for condition in task.get("conditions", [])]
    return not all(
        re.fullmatch(r"(The container exited with an error\.|exit code \d+|System .*)?", m) for m in messages
    )


def newest(job: str) -> dict[str, Any]:
    """The newest execution of a job when the control plane begins."""
    return max(JOBS[job].executions, key=lambda plan: plan.created).at(BEGAN)


@pytest.mark.parametrize("job", JOBS)
def test_counts_agree_with_the_tasks_at_every_instant(job: str) -> None:
    """`stats` say what the task list says; a queued execution shows no list at all."""
    for plan in plans(job):
        for now in INSTANTS:
            body = plan.at(now)
            if body["status"] == "queued":
                assert (body.get("tasks"), plan.task_list(now), set(body["stats"]) - {"total"}) == (None, [], set())
                continue
            statuses = Counter(task["status"] for task in plan.task_list(now))
            stats: Counter[str] = Counter(body["stats"])
            assert {
                "total": stats["total"],
                "succeeded": stats["success"],
                "failed": stats["failure"],
                "running": stats["running"],
                "cancelled": stats["cancelled"],
            } == {
                "total": len(plan.task_list(now)),
                **{key: statuses[key] for key in ("succeeded", "failed", "running", "cancelled")},
            }


@pytest.mark.parametrize("job", JOBS)
def test_only_fields_and_words_of_the_api_are_used(job: str) -> None:
    """No key and no task status is made up."""
    for plan in plans(job):
        body = plan.at(BEGAN)
        assert set(body) <= EXECUTION_KEYS
        assert set(body["metadata"]) <= METADATA_KEYS
        assert set(body["spec"]) <= SPEC_KEYS
        for task in plan.task_list(BEGAN):
            assert set(task) <= {"metadata", "spec", "status", "conditions"}
            assert set(task["metadata"]) <= TASK_METADATA_KEYS
            assert task["status"] in TASK_STATUSES
            assert {key for condition in task.get("conditions", []) for key in condition} <= CONDITION_KEYS


@pytest.mark.parametrize("job", JOBS)
def test_nothing_has_a_time_in_the_future_or_out_of_order(job: str) -> None:
    """Created, started, completed follow each other, up to now; a task starts within its execution."""
    for plan in plans(job):
        for now in INSTANTS:
            body = plan.at(now)
            for metadata in [body["metadata"], *(task["metadata"] for task in plan.task_list(now))]:
                keys = ("createdAt", "scheduledAt", "startedAt", "completedAt", "updatedAt")
                times = [metadata[key] for key in keys if key in metadata and not metadata[key].startswith("0001")]
                assert times == sorted(times)
                assert times[-1] <= stamp(now, plan.digits)


@pytest.mark.parametrize("job", JOBS)
def test_no_more_tasks_run_than_may(job: str) -> None:
    """At most `parallelism` tasks run at once, and all of those while others wait."""
    for plan in plans(job):
        for now in INSTANTS:
            body = plan.at(now)
            statuses = Counter(task["status"] for task in plan.task_list(now))
            assert statuses["running"] <= plan.parallelism
            if body["status"] == "running" and statuses["pending"]:
                assert statuses["running"] == plan.parallelism


@pytest.mark.parametrize("job", JOBS)
def test_a_finished_execution_stays_as_it_is(job: str) -> None:
    """What was over when the control plane began is the same a day later."""
    for plan in plans(job):
        if plan.ended(BEGAN):
            assert plan.at(BEGAN) == plan.at(INSTANTS[-1])


def test_ids_are_unique_and_do_not_depend_on_the_clock() -> None:
    """A document can name them."""
    ids = [plan.id for plan in PLANS]
    later = [plan.id for job in script.jobs(BEGAN + timedelta(days=9)) for plan in job.executions]
    assert len(set(ids)) == len(ids)
    assert later == ids
    assert all(re.fullmatch(r"exec-[0-9a-f]{8}", one) for one in ids)


def test_the_four_that_are_shown_are_the_newest_of_their_jobs() -> None:
    """One succeeded, one failed, one runs and one is queued when the control plane begins."""
    shown = [(newest(job)["metadata"]["id"], newest(job)["status"]) for _, job, _ in script.SHOWN]
    assert shown == [
        ("exec-9f2c41d7", "succeeded"),
        ("exec-b7d2640f", "failed"),
        ("exec-c83d9e60", "running"),
        ("exec-0d74f1b2", "queued"),
    ]
    assert [one for _, _, one in script.SHOWN] == [one for one, _ in shown]


@pytest.mark.parametrize(
    ("job", "execution_id", "status"),
    [
        ("weekly-train", script.TIMED_OUT, "timeout"),
        ("backfill", script.CANCELLING, "cancelling"),
        ("backfill", script.CANCELLED, "cancelled"),
        ("backfill", script.PENDING, "pending"),
        ("load-test", script.MANY_FAILED, "failed"),
        ("load-test", script.PARTLY_FAILED, "succeeded"),
    ],
)
def test_the_other_statuses_are_there_too(job: str, execution_id: str, status: str) -> None:
    """Each status of the API has an execution."""
    assert execution(job, execution_id).status(BEGAN) == status


def test_the_nightly_report_ran_this_night_and_has_a_history() -> None:
    """About twelve minutes from 02:00 on, thirteen nights before it, one of which failed."""
    plans = [plan for plan in PLANS if plan.job == "nightly-report"]
    minutes = [
        (plan.completed - plan.started).total_seconds() / 60 for plan in plans if plan.completed and plan.started
    ]
    assert {stamp(plan.created, 0)[11:] for plan in plans} == {"02:00:00Z"}
    assert plans[0].created.date() == BEGAN.date()
    assert Counter(plan.status(BEGAN) for plan in plans) == {"succeeded": 13, "failed": 1}
    assert all(11.5 < one < 12.5 for one in minutes)


@pytest.mark.parametrize("hour", range(24))
def test_the_nightly_report_is_over_whatever_the_time_of_day(hour: int) -> None:
    """Also just after two in the morning, when the newest is that of the night before."""
    began = datetime(2026, 3, 4, hour, 5, tzinfo=UTC)
    report = script.jobs(began)[0].executions[0]
    assert report.at(began)["status"] == "succeeded"
    assert began - report.created < timedelta(hours=24, minutes=6)


def test_the_running_one_only_moves_forward_and_succeeds() -> None:
    """Second by second successes never fall, and within minutes all twenty have succeeded."""
    plan = execution("embed-corpus", script.RUNNING)
    bodies = [plan.at(BEGAN + timedelta(seconds=second)) for second in range(130)]
    successes = [body["stats"].get("success", 0) for body in bodies]
    statuses = [body["status"] for body in bodies]
    assert successes == sorted(successes)
    assert (successes[0], successes[-1]) == (8, 20)
    assert statuses == ["running"] * statuses.count("running") + ["succeeded"] * statuses.count("succeeded")
    assert "completedAt" not in bodies[0]["metadata"]
    assert "completedAt" in bodies[-1]["metadata"]


def test_the_cancelling_one_lets_its_running_tasks_finish() -> None:
    """No task starts any more, those that ran succeed one by one, and then it is cancelled."""
    plan = execution("backfill", script.CANCELLING)
    bodies = [plan.at(BEGAN + timedelta(minutes=minute)) for minute in range(10)]
    assert [body["status"] for body in bodies] == ["cancelling"] * 8 + ["cancelled"] * 2
    assert [body["stats"]["running"] for body in bodies] == sorted(
        (body["stats"]["running"] for body in bodies), reverse=True
    )
    assert bodies[-1]["stats"]["success"] == bodies[0]["stats"]["success"] + bodies[0]["stats"]["running"]
    assert len({body["stats"]["cancelled"] for body in bodies}) == 1


def test_the_timed_out_one_does_not_say_so_in_its_tasks() -> None:
    """Some succeeded, one failed, two still read as running, though it is over."""
    body = execution("weekly-train", script.TIMED_OUT).at(BEGAN)
    assert Counter(task["status"] for task in body["tasks"]) == {"succeeded": 5, "running": 2, "failed": 1}
    assert "completedAt" in body["metadata"]


def test_three_tasks_of_the_resize_failed_for_two_reasons() -> None:
    """Two ran out of memory, in messages that differ in their numbers only; one exited with code 1."""
    plan = execution("image-resize", script.FAILED)
    conditions = [task["conditions"][-1] for task in failures(plan)]
    assert [condition["message"] for condition in conditions] == [
        "The container exited with code 137: out of memory on shard 17 while resizing /data/in/shard-17/IMG_20417.tiff",
        (
            "The container exited with code 1: PIL.UnidentifiedImageError: cannot identify image file "
            "'/data/in/shard-22/IMG_08113.heic'"
        ),
        "The container exited with code 137: out of memory on shard 31 while resizing /data/in/shard-31/IMG_07002.tiff",
    ]
    assert [(c["type"], c["state"], c["severity"], c["executionReason"]) for c in conditions] == [
        ("Completed", "CONDITION_FAILED", "ERROR", "NON_ZERO_EXIT_CODE")
    ] * 3
    assert plan.at(BEGAN)["stats"]["retried"] > 0


def test_the_nightly_import_failed_for_a_reason_that_only_its_log_has() -> None:
    """Three of forty tasks, which are not in the execution, and whose conditions say that they failed and no more."""
    plan = execution("nightly-import", script.IMPORT_FAILED)
    body = plan.at(BEGAN)
    assert (body["stats"]["failure"], body["stats"]["success"], body["spec"]["taskCount"]) == (3, 37, 40)
    assert "tasks" not in body
    assert [(task["metadata"]["name"], task["conditions"][-1]["message"]) for task in failures(plan)] == [
        (f"task-{index}", "The container exited with an error.") for index in (5, 18, 33)
    ]
    logged = [line for line in plan.lines(BEGAN) if line.task == "task-5"]
    assert [(line.severity, line.message) for line in logged[-11:-8] + logged[-2:]] == [
        (INFO, "task-5: attempt 2 of 2"),
        (WARNING, "load: /data/in/orders/part-0005.parquet is not in the manifest, trying it all the same"),
        (ERROR, "Traceback (most recent call last):"),
        (ERROR, '    with open(path, "rb") as part:'),
        (ERROR, "FileNotFoundError: [Errno 2] No such file or directory: '/data/in/orders/part-0005.parquet'"),
    ]


def test_most_failures_are_explained_by_the_log_only() -> None:
    """Of the executions with failed tasks, and of those tasks, at least half say no more than an exit code or nothing.

    The log of each failed task has its reason: a traceback, a line of JSON, or a Go panic.
    """
    failed = [plan for plan in PLANS if failures(plan)]
    tasks = [task for plan in failed for task in failures(plan)]
    silent = [task for task in tasks if "conditions" not in task]
    assert sum(not any(map(explained, failures(plan))) for plan in failed) * 2 >= len(failed)
    assert sum(not explained(task) for task in tasks) * 2 >= len(tasks)
    assert silent
    endings = set()
    for plan in failed:
        lines = plan.lines(BEGAN)
        for task in failures(plan):
            name = task["metadata"]["name"]
            errors = [line.message for line in lines if line.task == name and line.severity == ERROR]
            endings.add(re.sub(r"[^A-Za-z]+", " ", errors[-1])[:12])
    assert endings == {
        "FileNotFound",
        "KeyError cus",
        "MemoryError",
        "PIL Unidenti",
        "ValueError l",
        " level error",
        " level fatal",
        "exit status ",
    }


def test_the_load_test_failed_in_few_ways() -> None:
    """Of a thousand tasks 37 failed, with 37 last words that are three once numbers and ids are taken out."""
    plan = execution("load-test", script.MANY_FAILED)
    stats, names = plan.at(BEGAN)["stats"], [task["metadata"]["name"] for task in failures(plan)]
    lines = [line for line in plan.lines(BEGAN) if line.severity == ERROR and line.message[:1] in "{p"]
    said = [next(line.message for line in lines if line.task == name) for name in names]
    alike = Counter(re.sub(r"[0-9a-f-]{36}|\d+", "#", message) for message in said)
    assert (stats["total"], stats["failure"], len(set(said))) == (1000, 37, 37)
    assert sorted(alike.values()) == [5, 8, 24]
    assert {task["conditions"][-1]["message"] for task in failures(plan)} == {"exit code 1", "exit code 2"}


def test_large_executions_come_without_their_tasks() -> None:
    """Beyond twenty they are at `/tasks` only; the number is there, and where they are stored."""
    for plan in PLANS:
        body = plan.at(BEGAN)
        spec = body["spec"]
        assert spec["taskCount"] == body["stats"]["total"] == len(plan.tasks)
        assert ("tasksRef" in spec) == (len(plan.tasks) > INLINE_TASKS)
        assert ("tasks" in body or "tasks" in spec) == (len(plan.tasks) <= INLINE_TASKS)
    inline = replace(execution("load-test", script.MANY_FAILED), inline=True).at(BEGAN)
    assert (len(inline["tasks"]), "tasksRef" in inline["spec"]) == (1000, False)


def test_the_wire_format_varies_as_the_api_allows() -> None:
    """Tasks in either place or neither, zeros sent or not, fractions of 0, 3, 6 and 9 digits; overrides are masked."""
    bodies = [plan.at(BEGAN) for plan in PLANS]
    overrides = [body["spec"]["envOverride"] for body in bodies if "envOverride" in body["spec"]]
    fractions = {len(body["metadata"]["createdAt"].partition(".")[2].rstrip("Z")) for body in bodies}
    assert {value for one in overrides for value in one.values()} == {"***"}
    assert [body["metadata"]["job"] for body in bodies if "tasks" in body["spec"]] == ["weekly-train"]
    assert fractions == {0, 3, 6, 9}
    assert {"failure" in body["stats"] for body in bodies} == {True, False}


def test_every_job_is_of_the_only_generation_there_is() -> None:
    """Jobs run on `mk3`; earlier generations are gone."""
    assert {job.wire()["spec"]["runtime"]["generation"] for job in JOBS.values()} == {"mk3"}


def test_failing_tasks_log_a_traceback_line_by_line() -> None:
    """Lines are in order of time, and none is from the future."""
    lines = execution("image-resize", script.FAILED).lines(BEGAN)
    trace = [line.message for line in lines if line.task == "task-31"]
    assert trace[1] == "Traceback (most recent call last):"
    assert trace[-1] == "MemoryError"
    assert trace.count("MemoryError") == 3
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    running = execution("embed-corpus", script.RUNNING)
    assert all(line.at <= now for now in INSTANTS for line in running.lines(now))


@pytest.mark.parametrize(("digits", "text"), [(0, "07Z"), (3, "07.089Z"), (6, "07.089012Z"), (9, "07.089012028Z")])
def test_instants_are_written_with_so_many_digits(digits: int, text: str) -> None:
    """RFC 3339, in UTC."""
    assert stamp(datetime(2026, 3, 4, 5, 6, 7, 89_012, tzinfo=UTC), digits) == f"2026-03-04T05:06:{text}"


def test_durations_are_written_as_tasks_have_them() -> None:
    """Hours, minutes and seconds, without those that are zero."""
    assert [duration(seconds) for seconds in (1800, 3600, 5400, 45, 0)] == ["30m", "1h", "1h30m", "45s", "0s"]
