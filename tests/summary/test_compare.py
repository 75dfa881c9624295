"""Two executions side by side: what differs is told and counted, within its budget, and no cause is claimed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from support.builders import NOW, ago, execution, task
from support.caller import compact, invisible
from support.plane import HOSTILE

from blaxel_mcp.models import JobExecution, JobExecutionTask
from blaxel_mcp.summary.changes import Deployment
from blaxel_mcp.summary.compare import Compared, Comparison, add_log, compare
from blaxel_mcp.summary.compare_answer import build_comparison
from blaxel_mcp.summary.compare_tasks import Drift, SlowedTask, TaskChanges, Tasks, compare_tasks
from blaxel_mcp.summary.compare_text import changes_shown
from blaxel_mcp.summary.detail import BRIEF, MINIMAL, NORMAL, TIGHT
from blaxel_mcp.summary.execution import Evidence
from blaxel_mcp.summary.limits import COMPARE_BYTES
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.telling import telling_log

HOUR, DAY = 3_600, 86_400


def tasks(count: int, *, began: float, took: float = 60, **failing: str) -> list[Any]:
    """So many tasks, those in `failing` (`t3="message"`) failed."""
    made = []
    for number in range(count):
        message = failing.get(f"t{number}")
        times = (began, began - took)
        made.append(task(number, "failed" if message else "succeeded", times, message or ""))
    return made


def compared(name: str, body: dict[str, Any], *, whole: bool = True) -> Compared:
    """An execution with this id."""
    body["metadata"]["id"] = name
    parsed = JobExecution.model_validate(body)
    return Compared(parsed, name, TaskList(parsed.task_list, whole=whole))


def succeeded(listed: list[Any], **spec: Any) -> Compared:
    """The execution of yesterday, which took two minutes."""
    return compared("exec-a", execution("succeeded", (DAY, DAY - 4, DAY - 124), tasks=listed, **spec))


def failed(listed: list[Any], **spec: Any) -> Compared:
    """The execution of an hour ago, which took three minutes."""
    return compared("exec-b", execution("failed", (HOUR, HOUR - 4, HOUR - 184), tasks=listed, **spec))


def answer(here: Compared, there: Compared, **more: Any) -> tuple[dict[str, Any], str]:
    """The comparison as an object and as text."""
    return build_comparison(compare(here, there, job_id="resize", now=NOW, **more))


def test_a_failure_beside_a_success() -> None:
    """The verdict comes first, then durations, what came between, the reasons, and the next step."""
    missing = "FileNotFoundError: no file orders.parquet"
    here = failed(tasks(40, began=HOUR, t3=missing, t7=missing, t9="ValueError: bad"), memoryOverride=512)
    there = succeeded(tasks(40, began=DAY), parallelism=4)
    deployed = [Deployment(NOW - timedelta(hours=2), "rev-2")]
    structured, text = answer(here, there, deployments=deployed)
    assert text == (
        '"exec-b" failed where "exec-a" (created yesterday at 12:00 UTC) succeeded: '
        '3 of 40 tasks newly fail ("task-3", "task-7", "task-9"), 37 as before. '
        "It ran 3m, 1m longer than the baseline (2m). "
        'Between them: a deployment today at 10:00 UTC (revision "rev-2"); a memory override of 512 MB.\n'
        'New: 2 tasks ("task-3", "task-7") exited with an error: "FileNotFoundError: no file orders.parquet".\n'
        'New: 1 task ("task-9") exited with an error: "ValueError: bad".\n'
        "Next: Fix that error in the program or in its input, then run the job again; that repeats the 37 tasks that "
        "succeeded."
    )
    assert structured == {
        "summary": text.partition("\n")[0],
        "jobId": "resize",
        "execution": {
            "executionId": "exec-b",
            "status": "failed",
            "tasks": {"total": 40, "succeeded": 37, "failed": 3, "cancelled": 0},
            "createdAt": ago(HOUR),
            "queuedSeconds": 4,
            "runningSeconds": 180,
        },
        "baseline": {
            "executionId": "exec-a",
            "status": "succeeded",
            "tasks": {"total": 40, "succeeded": 40, "failed": 0, "cancelled": 0},
            "createdAt": ago(DAY),
            "queuedSeconds": 4,
            "runningSeconds": 120,
        },
        "tasks": {
            "compared": 40,
            "newlyFailing": {"count": 3, "names": ["task-3", "task-7", "task-9"]},
            "unchanged": 37,
        },
        "causes": {
            "new": [
                {"cause": structured["causes"]["new"][0]["cause"], "count": 2, "message": missing}
                | {"tasks": ["task-3", "task-7"]},
                {"cause": structured["causes"]["new"][1]["cause"], "count": 1, "message": "ValueError: bad"}
                | {"tasks": ["task-9"]},
            ]
        },
        "changes": ['a deployment today at 10:00 UTC (revision "rev-2")', "a memory override of 512 MB"],
        "nextStep": text.rpartition("Next: ")[2],
    }


def test_nothing_differs() -> None:
    """Then that is said, and of nothing that was not looked at."""
    here = compared("exec-b", execution("succeeded", (HOUR, HOUR - 4, HOUR - 125), tasks=tasks(3, began=HOUR)))
    structured, text = answer(here, succeeded(tasks(3, began=DAY)), deployments=[])
    assert text == (
        '"exec-b" and "exec-a" (created yesterday at 12:00 UTC) both succeeded: all 3 tasks as before. '
        "It ran 2m 1s, about as long as the baseline (2m). "
        "Beyond that nothing is known to differ, in configuration or deployments."
    )
    assert "nextStep" not in structured
    assert "deployments" not in answer(here, succeeded(tasks(3, began=DAY)))[1]


def test_every_way_in_which_tasks_differ() -> None:
    """Newly failing, still failing, recovered, unfinished, added, gone, slowed down: each counted and named."""
    there = tasks(12, began=DAY, t1="boom", t2="boom")
    there[11] = task(99, "succeeded", (DAY, DAY - 5))
    here = tasks(14, began=HOUR, t2="boom", t3="bang", t13="bang")
    here[4]["status"] = "cancelled"
    here[5] = task(5, "succeeded", (HOUR, HOUR - 200))
    here[6] = task(6, "succeeded", (HOUR, HOUR - 100))
    structured, text = answer(failed(here), succeeded(there))
    assert text.splitlines()[0].split(": ", 1)[1].split(". It ran")[0] == (
        '1 of 14 tasks newly fails ("task-3"), 1 still fails, 1 recovered, 1 did not finish, '
        "3 added (1 of them failed), 7 as before, 1 gone, 2 slowed down"
    )
    assert text.splitlines()[1:7] == [
        'Still failing (1): "task-2".',
        'Recovered (1): "task-1".',
        'Unfinished (1): "task-4".',
        'Added (3): "task-11", "task-12", "task-13".',
        'Gone (1): "task-99".',
        'Slowed down (2): "task-5" 3m 20s instead of 1m, "task-6" 1m 40s instead of 1m.',
    ]
    assert structured["tasks"] == {
        "compared": 11,
        "newlyFailing": {"count": 1, "names": ["task-3"]},
        "stillFailing": {"count": 1, "names": ["task-2"]},
        "recovered": {"count": 1, "names": ["task-1"]},
        "unfinished": {"count": 1, "names": ["task-4"]},
        "added": {"count": 3, "names": ["task-11", "task-12", "task-13"]},
        "gone": {"count": 1, "names": ["task-99"]},
        "slowedDown": {
            "count": 2,
            "tasks": [
                {"name": "task-5", "seconds": 200, "baselineSeconds": 60},
                {"name": "task-6", "seconds": 100, "baselineSeconds": 60},
            ],
        },
        "unchanged": 7,
    }
    assert "Not all failed tasks of the baseline were read" not in text
    assert [group["message"] for group in structured["causes"]["new"]] == ["bang"]
    assert [group["message"] for group in structured["causes"]["shared"]] == ["boom"]


def test_a_cause_is_the_same_whatever_varies_in_its_message() -> None:
    """Gone is what only the baseline had; the message is of the execution that has it."""
    here = failed(tasks(3, began=HOUR, t0="timeout after 31s on shard 7"))
    there = failed(tasks(3, began=DAY, t0="timeout after 4s on shard 2", t1="disk full"))
    structured, _ = answer(here, there)
    assert {kind: [group["message"] for group in groups] for kind, groups in structured["causes"].items()} == {
        "shared": ["timeout after 31s on shard 7"],
        "gone": ["disk full"],
    }


def test_messages_that_say_nothing_are_no_same_reason() -> None:
    """Only the logs could tell."""
    bland = "The container exited with an error."
    _, text = answer(failed(tasks(3, began=HOUR, t0=bland)), failed(tasks(3, began=DAY, t1=bland)))
    assert "A shared message says only that tasks ended: the logs tell whether it is the same reason." in text


def test_the_log_tells_the_reason_of_a_new_cause() -> None:
    """Where the message says only that a task ended; the log is named as the source."""
    here = failed(tasks(3, began=HOUR, t0="The container exited with an error."))
    comparison = compare(here, succeeded(tasks(3, began=DAY)), job_id="resize", now=NOW)
    lines = ["loading", "Traceback (most recent call last):", "KeyError: 'price'"]
    explained = add_log(comparison, Evidence("task-0", telling_log(lines, 3)))
    _, text = build_comparison(explained)
    assert "New: 1 task" in text
    assert "\"KeyError: 'price'\" (from the log)." in text
    assert "Next: Fix that error" in text
    assert explained.execution.failures == explained.causes.new


def test_the_log_tells_the_reason_of_a_shared_cause() -> None:
    """As that of a new one."""
    bland = "The container exited with an error."
    here, there = failed(tasks(3, began=HOUR, t0=bland)), failed(tasks(3, began=DAY, t1=bland))
    comparison = compare(here, there, job_id="resize", now=NOW)
    explained = add_log(comparison, Evidence("task-0", telling_log(["KeyError: 'price'"], 1)))
    assert 'In both: 1 task ("task-0") exited with an error: "KeyError: \'price\'" (from the log).' in (
        build_comparison(explained)[1].splitlines()
    )


def test_the_log_of_what_is_well_since_leads_to_no_next_step() -> None:
    """The newer baseline succeeded, whatever the reason was."""
    here = failed(tasks(3, began=HOUR, t0="The container exited with an error."))
    newer = compared("exec-c", execution("succeeded", (60, 50, 9), tasks=tasks(3, began=60)))
    comparison = compare(here, newer, job_id="resize", now=NOW)
    assert add_log(comparison, Evidence("task-0", telling_log(["KeyError: 'price'"], 1))).next_step == ""


WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")


def causes(structured: dict[str, Any]) -> dict[str, list[str]]:
    """The messages of each kind of cause."""
    kinds = ("new", "shared", "gone")
    return {kind: [group["message"] for group in structured["causes"].get(kind, [])] for kind in kinds}


def test_a_reason_that_is_not_among_the_largest_of_the_baseline_is_no_new_one() -> None:
    """All of its failed tasks count, though only five reasons are told."""
    reasons: dict[str, Any] = {f"t{number}": f"{WORDS[number // 2]} is broken" for number in range(13)}
    here, there = failed(tasks(14, began=HOUR, t0="eta is broken")), failed(tasks(14, began=DAY, **reasons))
    structured, text = answer(here, there)
    gone = [f"{word} is broken" for word in WORDS[:5]]
    assert causes(structured) == {"new": [], "shared": ["eta is broken"], "gone": gone}
    assert structured["causes"]["notShown"] == 3
    assert "The reasons of 3 failed tasks, of both executions, are not shown." in text


def test_what_conditions_say_of_a_failure_is_compared_where_no_task_has_failed() -> None:
    """Of an execution that failed; of all such tasks, though only five reasons are told, and of no others."""
    listed: list[Any] = [task(number, "cancelled", (), f"{WORDS[number // 2]} is broken") for number in range(13)]
    retried = task(13, "succeeded", (DAY, DAY - 60), "theta is broken")
    listed.append(retried)
    for message, kind in (("eta is broken", "shared"), ("theta is broken", "new"), ("iota is broken", "new")):
        here = failed(tasks(14, began=HOUR, t0=message))
        assert causes(answer(here, failed(listed))[0])[kind] == [message], message
    # An execution that was cancelled has no failure to compare.
    body = execution("cancelled", (DAY, DAY - 4, DAY - 124), tasks=listed)
    here = failed(tasks(14, began=HOUR, t0="eta is broken"))
    assert causes(answer(here, compared("exec-a", body))[0])["new"] == ["eta is broken"]


def test_a_task_without_a_message_fails_for_no_reason_of_another() -> None:
    """Also where a sixth reason of the baseline is that there is none."""
    reasons: dict[str, Any] = {f"t{number}": f"{WORDS[number // 2]} is broken" for number in range(12)}
    ours, theirs = tasks(14, began=HOUR), tasks(14, began=DAY, **reasons)
    ours[0]["status"] = theirs[12]["status"] = "failed"
    structured, text = answer(failed(ours), failed(theirs))
    assert structured["causes"]["shared"] == [{"cause": "unknown", "count": 1, "tasks": ["task-0"]}]
    assert "new" not in structured["causes"]
    assert 'In both: 1 task ("task-0") failed, no reason given.' in text.splitlines()


@pytest.mark.parametrize(("failures", "uncertain"), [(0, False), (1, True), (2, True), (None, True)])
def test_a_cause_may_be_old_where_failed_tasks_of_the_baseline_were_not_read(
    failures: int | None, *, uncertain: bool
) -> None:
    """Unless it is known that none failed."""
    here = failed(tasks(3, began=HOUR, t1="boom"))
    stats = {"total": 900, "failure": failures}
    body = execution("succeeded", (DAY, DAY - 4, DAY - 124), tasks=tasks(3, began=DAY), stats=stats)
    said = "Not all failed tasks of the baseline were read, so a cause that looks new may not be."
    assert (said in answer(here, compared("exec-a", body, whole=False))[1]) is uncertain


def test_a_baseline_of_the_same_moment_is_not_newer() -> None:
    """Only one that was created later is told as such."""
    here = failed(tasks(3, began=HOUR, t1="boom"))
    there = compared("exec-a", execution("succeeded", (HOUR, HOUR - 4, HOUR - 124), tasks=tasks(3, began=HOUR)))
    text = answer(here, there)[1]
    assert text.startswith('"exec-b" failed where "exec-a" (created today at 11:00 UTC) succeeded: ')
    assert "\nNext: " in text


def test_general_drift_is_told_once_and_slows_no_single_task() -> None:
    """Tasks that all take twice as long are one fact; the one that takes eight times as long is another."""
    here = tasks(10, began=HOUR, took=120)
    here[4] = task(4, "succeeded", (HOUR, HOUR - 480))
    structured, text = answer(failed(here), succeeded(tasks(10, began=DAY, took=60)))
    assert "Its tasks took 2.0 times as long in general (median 2m, 1m in the baseline)." in text
    assert structured["tasks"]["slowedDown"]["tasks"] == [{"name": "task-4", "seconds": 480, "baselineSeconds": 60}]


def test_other_names_are_not_compared() -> None:
    """Then nothing is added or gone, and the counts stand for the tasks."""
    other: list[Any] = tasks(3, began=DAY)
    for number, one in enumerate(other):
        one["metadata"]["name"] = f"import-{'xyz'[number]}"
    structured, text = answer(failed(tasks(3, began=HOUR, t1="boom")), succeeded(other))
    assert structured["notes"] == ["Tasks are not compared one by one: the two executions name theirs differently."]
    assert structured["notes"][0] in text.splitlines()
    assert "succeeded: 1 of 3 tasks failed, none of 3 tasks failed in the baseline." in text
    assert "tasks" not in structured


def names(*names: str) -> TaskList:
    """Tasks that succeeded, with these names."""
    made: Sequence[JobExecutionTask] = [{"metadata": {"name": name}, "status": "succeeded"} for name in names]
    return TaskList(made)


@pytest.mark.parametrize(
    ("here", "there", "matched"),
    [
        (names("a", "b"), names("a", "c"), True),
        (names("a", "b", "c"), names("a", "d", "e"), False),
        (names(*(f"task-{n}" for n in range(100))), names("task-0"), True),
        (names("part-2026-11-24"), names("part-2026-11-23"), False),
        (names("exec-b-one", "exec-b-two"), names("exec-a-one", "exec-a-two"), True),
        (names("", ""), names("a"), None),
        (TaskList([]), names("a"), None),
    ],
)
def test_names_match_where_they_are_of_the_same_tasks(here: TaskList, there: TaskList, *, matched: bool | None) -> None:
    """Half of them are in both, or they differ only in numbers; the execution's own id does not count."""
    changes = compare_tasks(Tasks(here, "exec-b"), Tasks(there, "exec-a"))
    assert (changes.matched if changes else None) is matched


@pytest.mark.parametrize(
    ("here", "there", "matched"),
    [(4, 2, True), (2, 4, True), (5, 2, False), (2, 5, False)],
)
def test_half_of_the_larger_number_of_names_is_enough(here: int, there: int, *, matched: bool) -> None:
    """Two are in both, and nothing else of them is alike."""
    listed = [
        names(*("a", "b", *(f"{word}{'x' * n}" for n in range(count - 2))))
        for word, count in (("here", here), ("there", there))
    ]
    changes = compare_tasks(Tasks(listed[0], "exec-b"), Tasks(listed[1], "exec-a"))
    assert changes is not None
    assert changes.matched is matched


@pytest.mark.parametrize("whole", [True, False])
def test_tasks_of_other_names_have_no_changes(whole: bool) -> None:  # noqa: FBT001 - given by pytest
    """Only whether these are all is known."""
    here, there = (names(name)._replace(whole=whole) for name in "ab")
    expected = TaskChanges(matched=False, whole=whole)
    assert compare_tasks(Tasks(here, "exec-b"), Tasks(there, "exec-a")) == expected
    assert compare_tasks(Tasks(here, "exec-b"), Tasks(there._replace(whole=True), "exec-a")) == expected


@pytest.mark.parametrize(("own", "other", "matched"), [("run-1b", "run-1a", True), ("run1b", "run1a", False)])
def test_an_id_of_six_characters_in_a_name_is_the_executions_own(own: str, other: str, *, matched: bool) -> None:
    """A shorter one may stand there by coincidence."""
    here, there = names(f"{own} first", f"{own} second"), names(f"{other} first", f"{other} second")
    changes = compare_tasks(Tasks(here, own), Tasks(there, other))
    assert changes is not None
    assert changes.matched is matched


def took(*seconds: float | None) -> Tasks:
    """Tasks that succeeded, each in so many seconds, as far as that is known."""
    made: list[JobExecutionTask] = []
    for number, each in enumerate(seconds):
        moments = {} if each is None else {"startedAt": ago(HOUR), "completedAt": ago(HOUR - each)}
        made.append({"metadata": {"name": f"task-{number}", **moments}, "status": "succeeded"})
    return Tasks(TaskList(made), "exec")


def test_the_executions_own_id_is_left_out_of_names() -> None:
    """From six characters on; tasks without a name are left out."""
    listed = names("run-1b first", "", "second")
    assert list(Tasks(listed, "run-1b").by_name()) == ["* first", "second"]
    assert list(Tasks(listed, "run-1").by_name()) == ["run-1b first", "second"]


@pytest.mark.parametrize(
    ("here", "there", "slowed", "drift"),
    [
        # Half as long again, and five seconds more.
        ([10, 15, 20], [10, 10, 20], [1], None),
        ([10, 14.9, 20], [10, 10, 20], [], None),
        ([8, 13, 29], [8, 8, 20], [1], None),
        ([8, 12.9, 30], [8, 8, 20], [2], None),
        ([5, 4.9], [0, 0], [0], None),
        ([None, 90, 90], [10, None, 10], [2], None),
        # The one that lost most comes first.
        ([60, 300, 100], [30, 30, 30], [1, 2, 0], None),
        # Of four no drift is told, of five it is; then only what is beyond that is slow.
        ([20] * 4, [10] * 4, [0, 1, 2, 3], None),
        ([20] * 5, [10] * 5, [], Drift(2, 20, 10)),
        ([20, 20, 20, 20, 20, 30], [10] * 6, [5], Drift(2, 20, 10)),
        ([20, 20, 20, 20, 20, 29.9], [10] * 6, [], Drift(2, 20, 10)),
        ([20, 20, 20, 20, 20, 9], [10, 10, 10, 10, 10, 2], [5], Drift(2, 20, 10)),
        ([20, 20, 20, 20, 20, 8.9], [10, 10, 10, 10, 10, 2], [], Drift(2, 20, 10)),
        # Tasks that became faster in general make none slow that took as long as before.
        ([5, 5, 5, 5, 5, 10, 15], [10] * 7, [6], Drift(0.5, 5, 10)),
        # One that took no time has no ratio, but a duration.
        ([20, 20, 20, 20, 20, 0], [10, 10, 10, 10, 10, 0], [], Drift(2, 20, 10)),
        ([20, 20, 20, 20, 0, 0], [10, 10, 10, 10, 0, 0], [0, 1, 2, 3], None),
    ],
)
def test_a_task_slows_down_beyond_the_general_drift(
    here: list[Any], there: list[Any], slowed: list[int], drift: Drift | None
) -> None:
    """It took half as long again as was to be expected, and at least five seconds more."""
    assert compare_tasks(took(*here), took(*there)) == TaskChanges(
        compared=len(here),
        unchanged=len(here),
        slowed=[SlowedTask(f"task-{number}", here[number], there[number]) for number in slowed],
        drift=drift,
    )


KINDS = ("newly_failing", "still_failing", "recovered", "unfinished", "unchanged", "not_over", "unstated")


@pytest.mark.parametrize(
    ("status", "earlier", "kind"),
    [
        ("failed", "failed", "still_failing"),
        ("failed", "succeeded", "newly_failing"),
        ("failed", "cancelled", "newly_failing"),
        ("succeeded", "failed", "recovered"),
        ("succeeded", "cancelled", "recovered"),
        ("succeeded", "succeeded", "unchanged"),
        ("cancelled", "succeeded", "unfinished"),
        ("cancelled", "failed", "unfinished"),
        ("cancelled", "cancelled", "unchanged"),
        ("", "succeeded", "unstated"),
        ("succeeded", "", "unstated"),
    ],
)
def test_what_became_of_a_task(status: str, earlier: str, kind: str) -> None:
    """Of two executions that are over; of one that goes on, a task without an end is not over."""

    def listed(status: str, name: str, *, over: bool = True) -> Tasks:
        task: JobExecutionTask = {"metadata": {"name": "a"}, "status": status}
        return Tasks(TaskList([task]), name, over=over)

    changes = compare_tasks(listed(status, "exec-b"), listed(earlier, "exec-a"))
    assert [name for name in KINDS if getattr(changes, name)] == [kind]
    for over, also in ((False, True), (True, False)):
        changes = compare_tasks(listed(status, "exec-b", over=over), listed(earlier, "exec-a", over=also))
        ended = (over or status) and (also or earlier)
        assert [name for name in KINDS if getattr(changes, name)] == [kind if ended else "not_over"]


@pytest.mark.parametrize(
    ("here", "there", "whose"),
    [
        (True, False, "those of the baseline are not known"),
        (False, True, "those of the execution are not known"),
        (False, False, "those of both executions are not known"),
        (True, True, "they have no names"),
    ],
)
def test_whose_tasks_are_not_known(here: bool, there: bool, whose: str) -> None:  # noqa: FBT001 - given by pytest
    """Of the one, the other, or both; or known, but without names to compare them by."""
    nameless: list[Any] = [{"status": "succeeded"}]
    stats = {"total": 1, "success": 1}
    listed = [execution("succeeded", (DAY, DAY, DAY - 9), tasks=nameless), execution("succeeded", (DAY,), stats=stats)]
    one, other = (compared(name, listed[not known]) for name, known in (("exec-b", here), ("exec-a", there)))
    assert f"Tasks are not compared one by one: {whose}." in answer(one, other)[1]


def test_the_next_step_of_slow_tasks_is_the_log_of_the_first_that_can_be_named() -> None:
    """Where nothing failed, and the baseline isn't newer."""
    slow: list[Any] = tasks(3, began=HOUR)
    for number in (0, 1):
        slow[number] = task(number, "succeeded", (HOUR, HOUR - 300 + number))
    there: list[Any] = tasks(3, began=DAY)
    for listed in (slow, there):
        listed[0]["metadata"]["name"] = "not plain"
    here = compared("exec-b", execution("succeeded", (HOUR, HOUR - 4, HOUR - 304), tasks=slow))
    assert answer(here, succeeded(there))[0]["nextStep"] == (
        'Call get_job_execution_logs with jobId "resize" and executionId "exec-b" and taskName "task-1" '
        "to see what it spends its time on."
    )


def test_of_a_running_execution_only_finished_tasks_are_compared() -> None:
    """That it is not over comes first."""
    listed: list[Any] = [*tasks(2, began=100, took=50), *(task(number, "running", (100,)) for number in (2, 3))]
    here = compared("exec-b", execution("running", (104, 100), tasks=listed))
    structured, text = answer(here, succeeded(tasks(4, began=DAY)), deployments=[])
    assert text.startswith(
        '"exec-b" is not over yet (running); "exec-a" (created yesterday at 12:00 UTC) succeeded: '
        "2 of 4 tasks not over yet, 2 as before. It has run for 1m 40s; the baseline took 2m."
    )
    assert structured["tasks"] == {"compared": 2, "unchanged": 2, "notOver": 2}
    assert structured["nextStep"].startswith("Call get_job_execution")


def verdict(here: Compared, there: Compared) -> str:
    """The first sentence."""
    return answer(here, there)[1].splitlines()[0].split(". ")[0]


@pytest.mark.parametrize(
    ("status", "earlier", "sentence"),
    [
        ("succeeded", "succeeded", '"exec-b" and "exec-a" both succeeded'),
        ("TIMEOUT", "timeout", '"exec-b" and "exec-a" both timed out'),
        ("cancelled", "cancelled", '"exec-b" and "exec-a" both were cancelled'),
        ("failed", "timeout", '"exec-b" failed where "exec-a" timed out'),
        ("timeout", "cancelled", '"exec-b" timed out where "exec-a" was cancelled'),
        ("cancelled", "running", '"exec-b" was cancelled where "exec-a" is not over yet (running)'),
        ("queued", "failed", '"exec-b" is not over yet (queued); "exec-a" failed'),
        ("running", "running", '"exec-b" is not over yet (running); "exec-a" is not over yet (running)'),
        ("it was", "it was", '"exec-b" has status "it was"; "exec-a" has status "it was"'),
        (None, "succeeded", '"exec-b" has no status; "exec-a" succeeded'),
    ],
)
def test_how_both_ended(status: str | None, earlier: str | None, sentence: str) -> None:
    """In one sentence, which also tells where one is not over; nothing follows where no tasks are known."""
    here, there = compared("exec-b", execution(status)), compared("exec-a", execution(earlier))
    assert answer(here, there)[1].splitlines()[0].startswith(f"{sentence}. ")


@pytest.mark.parametrize(
    ("status", "earlier", "sentence"),
    [
        ("failed", "failed", "both failed before they started"),
        ("cancelled", "cancelled", "both were cancelled before they started"),
        ("timeout", "timeout", "both timed out before they started"),
    ],
)
def test_neither_of_two_ever_started(status: str, earlier: str, sentence: str) -> None:
    """They have no tasks to compare, which needs no word."""
    bodies = execution(status, (HOUR,)), execution(earlier, (DAY,))
    for body, began in zip(bodies, (HOUR, DAY), strict=True):
        body["metadata"]["completedAt"] = ago(began - 60)
    text = answer(compared("exec-b", bodies[0]), compared("exec-a", bodies[1]))[1]
    assert text.splitlines()[0] == (
        f'"exec-b" and "exec-a" (created yesterday at 12:00 UTC) {sentence}. '
        "No difference in configuration between them is known."
    )
    assert "not compared" not in text


def of_letters(letters: str) -> list[Any]:
    """A task for each letter: s succeeded, f failed, c cancelled, r running; none for a dash."""
    status = {"s": "succeeded", "f": "failed", "c": "cancelled", "r": "running"}
    return [task(number, status[letter]) for number, letter in enumerate(letters) if letter != "-"]


@pytest.mark.parametrize(
    ("here", "there", "parts", "parts_if_newer"),
    [
        ("s", "s", "its one task as before", "its one task as in the baseline"),
        ("ss", "ss", "all 2 tasks as before", "all 2 tasks as in the baseline"),
        ("f", "s", 'its one task newly fails ("task-0")', 'its one task failed only here ("task-0")'),
        (
            "fs",
            "ss",
            '1 of 2 tasks newly fails ("task-0"), 1 as before',
            '1 of 2 tasks failed only here ("task-0"), 1 as in the baseline',
        ),
        (
            "ffffs",
            "sssss",
            '4 of 5 tasks newly fail ("task-0", "task-1", "task-2" and 1 more), 1 as before',
            '4 of 5 tasks failed only here ("task-0", "task-1", "task-2" and 1 more), 1 as in the baseline',
        ),
        ("f", "f", "its one task still fails", "its one task failed in both"),
        ("ff", "ff", "all 2 tasks still fail", "all 2 tasks failed in both"),
        (
            "ffs",
            "fff",
            "2 of 3 tasks still fail, 1 recovered",
            "2 of 3 tasks failed in both, 1 failed only in the baseline",
        ),
        ("fs", "fs", "1 of 2 tasks still fails, 1 as before", "1 of 2 tasks failed in both, 1 as in the baseline"),
        ("ss", "ff", "all 2 tasks recovered", "all 2 tasks failed only in the baseline"),
        ("cc", "ss", "all 2 tasks did not finish", "all 2 tasks did not finish"),
        ("sss", "ss", "1 of 3 tasks added, 2 as before", "1 of 3 tasks added, 2 as in the baseline"),
        (
            "sff",
            "s",
            "2 of 3 tasks added (2 of them failed), 1 as before",
            "2 of 3 tasks added (2 of them failed), 1 as in the baseline",
        ),
        ("s", "sss", "its one task as before, 2 gone", "its one task as in the baseline, 2 gone"),
    ],
)
def test_what_became_of_the_tasks_in_a_few_words(here: str, there: str, parts: str, parts_if_newer: str) -> None:
    """By number, of one as of several; where the baseline is newer nothing is told as if it had come after that."""
    older = compared("exec-a", execution("failed", (DAY,), tasks=of_letters(there)))
    newer = compared("exec-c", execution("failed", (60,), tasks=of_letters(there)))
    subject = compared("exec-b", execution("failed", (HOUR,), tasks=of_letters(here)))
    assert verdict(subject, older) == (f'"exec-b" and "exec-a" (created yesterday at 12:00 UTC) both failed: {parts}')
    assert verdict(subject, newer) == (
        f'"exec-b" and "exec-c" (created today at 11:59 UTC, later) both failed: {parts_if_newer}'
    )


@pytest.mark.parametrize(
    ("here", "there", "parts"),
    [
        ("r", "s", "its one task is not over yet"),
        ("rr", "ss", "none of 2 tasks is over yet"),
        ("rr", "sss", "none of 2 tasks is over yet, 1 gone"),
        ("rs", "ss", "1 of 2 tasks not over yet, 1 as before"),
        ("cs", "ss", "1 of 2 tasks cancelled, 1 as before"),
        ("rsr", "ss", "1 of 3 tasks not over yet, 1 added, 1 as before"),
    ],
)
def test_tasks_of_one_that_goes_on(here: str, there: str, parts: str) -> None:
    """Those that have not ended are counted apart."""
    subject = compared("exec-b", execution("running", (HOUR,), tasks=of_letters(here)))
    other = compared("exec-a", execution("succeeded", (DAY,), tasks=of_letters(there)))
    assert verdict(subject, other) == (
        f'"exec-b" is not over yet (running); "exec-a" (created yesterday at 12:00 UTC) succeeded: {parts}'
    )


@pytest.mark.parametrize(
    ("here", "there", "parts"),
    [
        ("s", "s", "its one task compared as before"),
        ("ss", "ss", "all 2 tasks compared as before"),
        ("fs", "ss", '1 of 2 tasks compared newly fails ("task-0"), 1 as before'),
    ],
)
def test_tasks_that_are_not_all_are_told_as_those_compared(here: str, there: str, parts: str) -> None:
    """Those of one that goes on as well."""
    subject = compared("exec-b", execution("failed", (HOUR,), tasks=of_letters(here)), whole=False)
    other = compared("exec-a", execution("failed", (DAY,), tasks=of_letters(there)))
    assert verdict(subject, other).endswith(f" {parts}")
    going = compared("exec-b", execution("running", (HOUR,), tasks=of_letters("rr")), whole=False)
    over = "its one task compared is not over yet" if there == "s" else "none of 2 tasks compared is over yet"
    assert verdict(going, other).endswith(over)


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        ({}, ""),
        ({"total": 6}, ": 6 tasks"),
        ({"total": 1}, ": 1 task"),
        ({"total": 6, "success": 5}, ": 6 tasks"),
        ({"total": 6, "success": 6}, ": none of 6 tasks failed"),
        ({"total": 6, "failure": 0}, ": none of 6 tasks failed"),
        ({"total": 2_000, "failure": 1_000}, ": 1,000 of 2,000 tasks failed"),
        ({"failure": 2}, ": 2 failed"),
        ({"failure": 0}, ": none failed"),
        ({"success": 2}, ""),
    ],
)
def test_how_many_failed_stands_for_tasks_that_are_not_known(stats: dict[str, int], said: str) -> None:
    """Of either execution, as far as the API counts them; of one that waits it says nothing."""
    one = compared("exec-b", execution("failed", (HOUR, HOUR, HOUR - 9), stats=stats), whole=False)
    other = compared("exec-a", execution("failed", (DAY, DAY, DAY - 9)), whole=False)
    both = '"exec-b" and "exec-a" (created yesterday at 12:00 UTC) both failed'
    assert verdict(one, other) == both + said
    one = compared("exec-b", execution("failed", (HOUR, HOUR, HOUR - 9)), whole=False)
    other = compared("exec-a", execution("failed", (DAY, DAY, DAY - 9), stats=stats), whole=False)
    assert verdict(one, other) == both + (said and f"{said} in the baseline")
    waiting = compared("exec-b", execution("queued", (HOUR,), stats=stats), whole=False)
    assert verdict(waiting, other).endswith(" failed")
    assert ": " not in verdict(waiting, other)


def test_a_newer_baseline_is_told_as_such() -> None:
    """What failed in the older one only is neither new nor to be mended."""
    here, there = failed(tasks(3, began=HOUR, t1="boom")), succeeded(tasks(3, began=DAY))
    structured, text = answer(there, here)
    assert '"exec-a" succeeded where "exec-b" (created today at 11:00 UTC, later) failed: ' in text
    assert "1 of 3 tasks failed only in the baseline, 2 as in the baseline." in text
    assert "nextStep" not in structured
    _, text = answer(failed(tasks(3, began=HOUR, t1="boom")), compared("exec-c", execution("succeeded", (60, 50, 9))))
    assert "Next" not in text


def test_of_many_changes_those_that_are_not_told_are_counted() -> None:
    """In both channels; a long reason keeps its end."""
    failing: dict[str, Any] = {
        f"t{number}": f"{name}Error: {'🚀' * 500} at row 17" for number, name in enumerate("ABCDE")
    }
    spec: dict[str, Any] = {"memoryOverride": 512, "timeout": 60, "parallelism": 2, "envOverride": {"A": "***"}}
    here = failed(tasks(6, began=HOUR, **failing), **spec)
    there = succeeded(tasks(6, began=DAY), timeout=90, parallelism=4, envOverride={"B": "***"})
    structured, text = answer(here, there, deployments=[Deployment(NOW - timedelta(hours=2), "rev-2")])
    assert (
        'Between them: a deployment today at 10:00 UTC (revision "rev-2"); a memory override of 512 MB; '
        'override "A" added; and 3 more.'
    ) in text
    assert len(structured["changes"]) == 3
    assert structured["changesOmitted"] == 3
    assert structured["causes"]["new"][0]["message"].endswith("🚀 at row 17")
    assert "🚀 at row 17" in text.partition("New: ")[2]
    several = failed(tasks(3, began=HOUR, t0="boom", t1="bang")), succeeded(tasks(3, began=2 * HOUR))
    later = compared("exec-c", execution("succeeded", (60, 50, 9), tasks=tasks(3, began=60)))
    assert '2 of 3 tasks failed only here ("task-0", "task-1")' in answer(several[0], later)[1]


def test_without_tasks_the_verdict_ends_with_how_they_ended() -> None:
    """Nothing follows it that is empty."""
    here, there = compared("exec-b", execution("SUCCEEDED", (HOUR,))), compared("exec-a", execution(None, (DAY,)))
    structured, text = answer(here, there)
    unknown = "Tasks are not compared one by one: those of both executions are not known."
    assert text == (
        '"exec-b" succeeded where "exec-a" (created yesterday at 12:00 UTC) has no status. '
        f"No difference in configuration between them is known.\n{unknown}"
    )
    assert structured == {
        "summary": text.partition("\n")[0],
        "jobId": "resize",
        "execution": {"executionId": "exec-b", "status": "succeeded", "createdAt": ago(HOUR)},
        "baseline": {"executionId": "exec-a", "createdAt": ago(DAY)},
        "notes": [unknown],
    }


def test_a_word_that_is_not_known_is_told_as_it_came() -> None:
    """Cleaned, in quotes in the text; in the case that it was written in."""
    there = compared("exec-a", execution("Half\u202e DONE", (DAY,)))
    structured, text = answer(compared("exec-b", execution("SUCCEEDED", (HOUR,))), there)
    assert structured["baseline"]["status"] == "Half DONE"
    assert text.startswith(
        '"exec-b" succeeded where "exec-a" (created yesterday at 12:00 UTC) has status "Half DONE". '
    )


def test_tasks_without_a_status_are_not_compared() -> None:
    """They are no evidence of anything."""
    bare: list[Any] = [{"metadata": {"name": f"task-{number}"}} for number in range(3)]
    here = compared("exec-b", execution("succeeded", (HOUR, HOUR, HOUR - 9), tasks=bare, stats={"success": 3}))
    structured, text = answer(here, succeeded(tasks(3, began=DAY)))
    assert "as before" not in text
    assert "Blaxel gives no status for 3 tasks, so these are not compared." in text
    assert structured["tasks"] == {"compared": 0, "unchanged": 0, "unstated": 3}


def test_a_part_of_the_tasks_is_compared_as_a_part() -> None:
    """Nothing is added or gone, the counts of all come first, and an old cause may look new."""
    body = execution("failed", (HOUR, HOUR, HOUR - 9), tasks=tasks(2, began=HOUR, t1="boom"))
    here = compared("exec-b", {**body, "stats": {"total": 900, "failure": 30}}, whole=False)
    body = execution("failed", (DAY, DAY, DAY - 9), tasks=tasks(3, began=DAY))
    there = compared("exec-a", {**body, "stats": {"total": 900, "failure": 2}}, whole=False)
    structured, text = answer(here, there)
    assert text.startswith(
        '"exec-b" and "exec-a" (created yesterday at 12:00 UTC) both failed: 30 of 900 tasks failed, '
        '2 of 900 tasks failed in the baseline; 1 of 2 tasks compared newly fails ("task-1"), 1 as before.'
    )
    assert structured["notes"] == [
        "Only the first tasks were read, 2 of the execution and 3 of the baseline; the others are not compared.",
        "Not all failed tasks of the baseline were read, so a cause that looks new may not be.",
    ]
    assert "\n".join(structured["notes"]) in text
    assert "gone" not in structured["tasks"]
    assert "gone" not in answer(here, succeeded(tasks(3, began=DAY)))[0]["tasks"]


def test_an_answer_takes_the_bytes_that_there_are() -> None:
    """One of 3,000 is whole; of longer texts less is shown, and notes stand in one line."""
    missing = ["One thing could not be had.", "Another could not be had."]
    for length, expected in ((136, missing), (137, [" ".join(missing)])):
        ours: dict[str, Any] = {f"t{number}": f"{word} {'x' * length}" for number, word in enumerate(WORDS[:5])}
        theirs: dict[str, Any] = {f"t{number}": f"other {word} {'x' * length}" for number, word in enumerate(WORDS[:5])}
        here, there = failed(tasks(6, began=HOUR, **ours)), failed(tasks(6, began=DAY, **theirs))
        structured, text = answer(here, there, notes=missing)
        shortened = length > 136
        assert (compact(structured) < 2_000) if shortened else (compact(structured) == 3_000)
        assert structured["notes"] == missing
        assert structured["causes"].get("notShown") == (4 if shortened else None)
        assert [line for line in text.splitlines() if "could not be had" in line] == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [("task", "boom {}"), ("task", "x" * 3_000), *zip(HOSTILE, reversed(HOSTILE), strict=True)],
    ids=range(len(HOSTILE) + 2),
)
def test_ten_thousand_tasks_fit(name: str, message: str) -> None:
    """In both channels, whatever the texts, and free of invisible characters; every cut is counted."""
    body = execution("failed", (HOUR, HOUR, HOUR - 9), envOverride={f"{name}{number}": "" for number in range(30)})
    made = tasks(5, began=HOUR)
    listed: list[Any] = [
        {
            **made[number % 5],
            "metadata": {**made[number % 5]["metadata"], "name": f"{number} {name}"},
            "status": "failed",
            "conditions": [{"message": f"{'abcdefgh'[number % 8]} {message.replace('{}', str(number))}"}],
        }
        for number in range(100)
    ]
    here = compared(f"{name} b", {**body, "tasks": [*listed, *tasks(9_900, began=HOUR)]})
    other = [
        {**one, "conditions": [{"message": f"other {'abcdefgh'[at % 8]} {message}"}]} for at, one in enumerate(listed)
    ]
    there = compared(
        f"{name} a", execution("succeeded", (DAY, DAY, DAY - 9), tasks=[*other[50:], *tasks(9_900, began=DAY)])
    )
    deployed = [Deployment(NOW - timedelta(hours=2), name)]
    structured, text = answer(here, there, deployments=deployed, notes=["Something could not be had."])
    assert compact(structured) <= COMPARE_BYTES
    assert len(text.encode()) <= COMPARE_BYTES
    assert not invisible(text.replace("\n", ""))
    assert structured["tasks"]["added"]["count"] == 50
    assert text.startswith(structured["summary"])


def test_all_of_ten_thousand_tasks_newly_fail() -> None:
    """Each for a reason of its own."""
    failing: dict[str, Any] = {f"t{number}": f"error {number} in part {number}" for number in range(10_000)}
    listed = tasks(10_000, began=HOUR, **failing)
    here, there = failed(listed), succeeded(tasks(10_000, began=DAY))
    structured, text = answer(here, there)
    assert 'all 10,000 tasks newly fail ("task-0", "task-1", "task-2" and 9,997 more)' in text
    assert structured["tasks"]["newlyFailing"]["count"] == 10_000
    assert len(text.encode()) <= COMPARE_BYTES


ODD: Sequence[Any] = [
    {},
    {"metadata": None, "spec": None, "status": None, "tasks": None},
    {"metadata": {"createdAt": "0001-01-01T00:00:00Z", "completedAt": 3}, "status": "EXPLODED"},
    {"status": "succeeded", "tasks": [None, {}, {"metadata": {"name": None}}]},
    {"status": "failed", "stats": {"failure": 5, "total": 2}, "metadata": {"startedAt": "2026-11-24T12:00:00Z"}},
    {"status": "cancelled", "spec": {"tasks": [{"name": "John"}], "envOverride": "{", "timeout": []}},
    {"status": "timeout", "metadata": {"startedAt": ago(5), "completedAt": ago(50), "createdAt": ago(1)}},
]


@pytest.mark.parametrize("one", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("other", ODD, ids=range(len(ODD)))
def test_nothing_raises_on_odd_executions(one: Any, other: Any) -> None:
    """Whatever the API leaves out or gets wrong."""
    made: list[Compared] = []
    for name, body in (("b", one), ("a", other)):
        parsed = JobExecution.model_validate(body)
        made.append(Compared(parsed, name, TaskList.of(parsed)))
    comparison: Comparison = compare(made[0], made[1], job_id="x", now=NOW)
    structured, text = build_comparison(comparison)
    assert structured["summary"]
    assert text.startswith('"b" ')


def test_counts_stand_in_for_tasks_that_were_not_read() -> None:
    """And that they were not read is said, once for both."""
    stats = {"total": 6, "failure": 2, "success": 4}
    here = compared("exec-b", execution("failed", (HOUR, HOUR - 9, HOUR - 110), stats=stats), whole=False)
    body = execution("succeeded", (DAY, DAY - 9, DAY - 110), stats={"total": 6, "success": 6})
    structured, text = answer(here, compared("exec-a", body, whole=False))
    assert structured["causes"] == {"notShown": 2}
    assert "succeeded: 2 of 6 tasks failed, none of 6 tasks failed in the baseline. It ran 1m 41s" in text
    assert "The reasons of 2 failed tasks, of both executions, are not shown." in text
    assert "Tasks are not compared one by one: those of both executions are not known." in text


def test_a_run_that_never_started_has_no_tasks_to_compare() -> None:
    """Nor is it said that none of them failed."""
    pending = [task(number, "pending") for number in range(3)]
    body = execution("failed", (HOUR,), tasks=pending)
    body["metadata"]["completedAt"] = ago(HOUR - 60)
    here = compared("exec-b", body)
    _, text = answer(here, succeeded(tasks(3, began=DAY)))
    assert text.startswith(
        '"exec-b" failed before it started where "exec-a" (created yesterday at 12:00 UTC) succeeded'
    )
    assert "failed in the baseline" not in text


@pytest.mark.parametrize(
    ("status", "seconds", "said"),
    [
        ("succeeded", 180, "It ran 3m, 1m slower than the baseline (2m)."),
        ("succeeded", 60, "It ran 1m, 1m faster than the baseline (2m)."),
        ("failed", 180, "It ran 3m, 1m longer than the baseline (2m)."),
        ("failed", 60, "It ran 1m, 1m shorter than the baseline (2m)."),
        ("succeeded", 120, "It ran 2m, about as long as the baseline."),
        # A fiftieth is as long.
        ("succeeded", 122, "It ran 2m 2s, about as long as the baseline (2m)."),
        ("succeeded", 123, "It ran 2m 3s, 3s slower than the baseline (2m)."),
        ("succeeded", 118, "It ran 1m 58s, about as long as the baseline (2m)."),
        ("succeeded", 117, "It ran 1m 57s, 3s faster than the baseline (2m)."),
    ],
)
def test_durations_are_compared(status: str, seconds: int, said: str) -> None:
    """Slower or faster only where both came to the same end."""
    here = compared("exec-b", execution(status, (HOUR, HOUR - 4, HOUR - 4 - seconds), tasks=tasks(3, began=HOUR)))
    assert f" {said} " in answer(here, succeeded(tasks(3, began=DAY)))[1]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (9, "It ran 9s, about as long as the baseline (10s)."),
        (11, "It ran 11s, about as long as the baseline (10s)."),
        (8, "It ran 8s, 2s faster than the baseline (10s)."),
        (12, "It ran 12s, 2s slower than the baseline (10s)."),
    ],
)
def test_a_second_more_or_less_is_as_long(seconds: int, said: str) -> None:
    """However short both are."""
    here = compared("exec-b", execution("succeeded", (HOUR, HOUR, HOUR - seconds)))
    there = compared("exec-a", execution("succeeded", (DAY, DAY, DAY - 10)))
    assert f" {said} " in answer(here, there)[1]


@pytest.mark.parametrize(
    ("queued", "said"),
    [
        ((4, 63), ""),
        ((4, 64), "It waited 4s to start, the baseline 1m 4s. "),
        ((63, 4), ""),
        ((64, 4), "It waited 1m 4s to start, the baseline 4s. "),
    ],
)
def test_a_wait_that_differs_by_a_minute_is_told(queued: tuple[int, int], said: str) -> None:
    """Whichever of the two waited longer."""
    here, there = (
        compared(name, execution("succeeded", (began, began - waited, began - waited - 60)))
        for name, began, waited in zip(("exec-b", "exec-a"), (HOUR, DAY), queued, strict=True)
    )
    assert answer(here, there)[1] == (
        '"exec-b" and "exec-a" (created yesterday at 12:00 UTC) both succeeded. '
        f"It ran 1m, about as long as the baseline. {said}No difference in configuration between them is known.\n"
        "Tasks are not compared one by one: those of both executions are not known."
    )


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        (6, 5, "Its tasks took 1.2 times as long in general (median 6s, 5s in the baseline). "),
        (5, 6, "Its tasks took 0.8 times as long in general (median 5s, 6s in the baseline). "),
        (59, 50, ""),
        (50, 59, ""),
        (4.8, 4, ""),
        (0.2, 0.1, ""),
    ],
)
def test_a_drift_by_a_fifth_and_by_a_second_is_told(here: float, there: float, said: str) -> None:
    """To either side."""
    bodies = [
        execution("succeeded", (began, began, began - 600), tasks=tasks(5, began=began, took=each))
        for began, each in ((HOUR, here), (DAY, there))
    ]
    assert answer(compared("exec-b", bodies[0]), compared("exec-a", bodies[1]))[1] == (
        '"exec-b" and "exec-a" (created yesterday at 12:00 UTC) both succeeded: all 5 tasks as before. '
        f"It ran 10m, about as long as the baseline. {said}Beyond that nothing is known to differ, in configuration."
    )


def test_all_seven_changes_are_told_where_there_is_room() -> None:
    """A deployment, memory, both kinds of overrides, timeout, parallelism and the number of tasks."""
    spec: dict[str, Any] = {"memoryOverride": 512, "timeout": 60, "parallelism": 2, "envOverride": {"A": "***"}}
    body = execution("succeeded", (HOUR, HOUR - 4, HOUR - 124), tasks=tasks(4, began=HOUR), **spec)
    there = succeeded(tasks(3, began=DAY), timeout=90, parallelism=4, envOverride={"B": "***"})
    deployed = [Deployment(NOW - timedelta(hours=2), "rev-2")]
    structured, text = answer(compared("exec-b", body), there, deployments=deployed)
    expected = [
        'a deployment today at 10:00 UTC (revision "rev-2")',
        "a memory override of 512 MB",
        'override "A" added',
        'override "B" gone',
        "timeout 1m instead of 1m 30s",
        "parallelism 2 instead of 4",
        "4 tasks instead of 3",
    ]
    assert structured["changes"] == expected
    assert "changesOmitted" not in structured
    assert f"Between them: {'; '.join(expected)}.\n" in text


def test_one_that_goes_on_has_run_or_waited_for_so_long() -> None:
    """None of its tasks need be over, and the other one's duration may not be known."""
    going: list[Any] = [task(number, "running", (100,)) for number in range(2)]
    here = compared("exec-b", execution("running", (104, 100), tasks=going))
    assert (
        ": none of 2 tasks is over yet. It has run for 1m 40s; the baseline took 2m. "
        in answer(here, succeeded(tasks(2, began=DAY)))[1]
    )
    there = compared("exec-a", execution("succeeded", (DAY,), tasks=tasks(2, began=DAY)))
    assert " It has run for 1m 40s. " in answer(here, there)[1]
    queued = compared("exec-b", execution("queued", (900,)))
    assert " It has waited 15m to start, the baseline 4s. " in answer(queued, succeeded(tasks(2, began=DAY)))[1]


def test_reasons_of_both_executions_have_a_line_each() -> None:
    """Also the one that nobody gave."""
    ours: list[Any] = tasks(6, began=HOUR, t0="disk full", t1="disk full")
    theirs: list[Any] = tasks(6, began=DAY, t0="disk full", t3="no route to host")
    for listed in (ours, theirs):
        listed[5]["status"] = "failed"
    here, there = failed(ours), failed(theirs)
    lines = answer(here, there)[1].splitlines()
    assert 'In both: 2 tasks ("task-0", "task-1") ran out of disk: "disk full".' in lines
    assert 'In both: 1 task ("task-5") failed, no reason given.' in lines
    assert "A shared message says only that tasks ended: the logs tell whether it is the same reason." in lines
    newer = compared(
        "exec-c", execution("failed", (60, 50, 9), tasks=tasks(6, began=60, t0="disk full", t1="disk full"))
    )
    assert ", 2 failed in both, " in answer(here, newer)[1]


@pytest.mark.parametrize(
    ("ours", "theirs", "lines"),
    [
        # The verdict names the tasks that newly fail; so does the line of a cause, unless it is that of all of them.
        ({"t0": "boom", "t1": "boom"}, {}, ['New: 2 tasks failed: "boom".']),
        (
            {"t0": "disk full", "t1": "boom"},
            {"t2": "disk full"},
            [
                'New: 1 task ("task-1") failed: "boom".',
                'In both: 1 task ("task-0") ran out of disk: "disk full".',
            ],
        ),
        (
            {"t0": "boom", "t1": "bang"},
            {},
            ['New: 1 task ("task-0") failed: "boom".', 'New: 1 task ("task-1") failed: "bang".'],
        ),
        (
            {},
            {f"t{number}": "disk full." for number in range(5)},
            ['In the baseline only: 5 tasks ("task-0", "task-1", "task-2" and 2 more) ran out of disk: "disk full".'],
        ),
        ({"t0": ". no route to X."}, {}, ['New: 1 task failed: ". no route to X".']),
    ],
)
def test_a_line_for_each_reason(ours: dict[str, Any], theirs: dict[str, Any], lines: list[str]) -> None:
    """How many tasks failed for it, which, and in what words, without the full stop of those."""
    here, there = failed(tasks(6, began=HOUR, **ours)), failed(tasks(6, began=DAY, **theirs))
    kinds = ("New", "In both", "In the baseline only")
    assert [line for line in answer(here, there)[1].splitlines() if line.startswith(kinds)] == lines


def test_the_baseline_may_go_on() -> None:
    """Then its duration is told as what it is so far."""
    body = execution("running", (200, 180), tasks=tasks(3, began=180))
    here = compared("exec-b", execution("succeeded", (HOUR, HOUR - 4, HOUR - 124), tasks=tasks(3, began=HOUR)))
    assert " It ran 2m, 1m shorter than the baseline (3m so far). " in answer(here, compared("exec-a", body))[1]
    going = compared("exec-b", execution("running", (104, 100), tasks=tasks(3, began=100)))
    assert " It has run for 1m 40s; the baseline took 3m so far. " in answer(going, compared("exec-a", body))[1]


def test_that_nothing_differs_in_between_is_said_of_what_was_looked_at() -> None:
    """Of deployments only where they were looked up."""
    here, there = failed(tasks(3, began=HOUR, t0="boom")), succeeded(tasks(3, began=DAY))
    assert " No difference in configuration between them is known.\n" in answer(here, there)[1]
    known = answer(here, there, deployments=[])[1]
    assert " No difference in configuration and no deployment between them is known.\n" in known


def test_of_many_tasks_that_slowed_down_the_first_are_named() -> None:
    """The others are counted."""
    slow = tasks(4, began=HOUR, took=120)
    here = compared("exec-b", execution("succeeded", (HOUR, HOUR - 4, HOUR - 124), tasks=slow))
    named = ", ".join(f'"task-{number}" 2m instead of 1m' for number in range(3))
    assert f"Slowed down (4): {named} and 1 more." in answer(here, succeeded(tasks(4, began=DAY)))[1].splitlines()


def test_fewer_changes_are_told_where_there_is_less_room() -> None:
    """From the most detail to the least."""
    assert [changes_shown(detail) for detail in (NORMAL, BRIEF, TIGHT, MINIMAL)] == [8, 3, 3, 2]


def test_a_long_wait_before_the_start_is_told() -> None:
    """Where the other one did not wait."""
    here = compared("exec-b", execution("succeeded", (HOUR, HOUR - 900, HOUR - 1020), tasks=tasks(3, began=HOUR)))
    _, text = answer(here, succeeded(tasks(3, began=DAY)))
    assert "It waited 15m to start, the baseline 4s." in text
