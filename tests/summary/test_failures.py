"""Failed tasks, grouped by why they failed."""

from typing import Any

import pytest
from support.builders import NOW, answer, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.failures import group_failures
from blaxel_mcp.summary.listing import Page
from blaxel_mcp.summary.listing_tasks import build_tasks
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.telling import TellingLine


def groups(tasks: list[Any], counted: int | None = None) -> list[tuple[str, int, str, list[str]]]:
    """The groups of these failed tasks as plain values: cause, count, message, task names."""
    found, _ = group_failures(JobExecution.model_validate({"tasks": tasks}).tasks, counted)
    return [(group.cause, group.count, group.line.text, group.tasks) for group in found]


def test_tasks_that_differ_in_a_shard_number_are_one_group() -> None:
    """412 failures of one kind read as one, with the first message and three names."""
    tasks = [task(i, "failed", (), f"shard {i}: no such table t_{i}") for i in range(412)]
    assert groups(tasks) == [("unknown", 412, "shard 0: no such table t_0", ["task-0", "task-1", "task-2"])]


def test_one_message_under_two_reasons_is_two_groups() -> None:
    """Of either kind of reason."""
    for kind in ("reason", "executionReason"):
        conditions = [{"state": "CONDITION_FAILED", "message": "disk full", kind: each} for each in ("A", "B", "A")]
        tasks = [{"metadata": {"name": "t"}, "status": "failed", "conditions": [one]} for one in conditions]
        assert [count for _, count, _, _ in groups(tasks)] == [2, 1]


def test_two_messages_under_one_reason_are_two_groups() -> None:
    """The largest group comes first."""
    tasks = [
        task(0, "failed", (), "disk full", "NonZeroExitCode"),
        task(1, "failed", (), "no route to host", "NonZeroExitCode"),
        task(2, "failed", (), "no route to host", "NonZeroExitCode"),
    ]
    assert groups(tasks) == [
        ("network", 2, "no route to host", ["task-1", "task-2"]),
        ("disk_full", 1, "disk full", ["task-0"]),
    ]


def test_exit_codes_are_what_tells_failures_apart() -> None:
    """Codes are not folded like other numbers."""
    tasks = [task(i, "failed", (), f"The container exited with code {code}") for i, code in enumerate((1, 137, 1))]
    assert groups(tasks) == [
        ("exit_code", 2, "The container exited with code 1", ["task-0", "task-2"]),
        ("killed", 1, "The container exited with code 137", ["task-1"]),
    ]


def test_tracebacks_that_end_alike_are_one_group() -> None:
    """Failures are grouped by the line that tells, whatever frames are above it."""
    head = "Traceback (most recent call last):\n"
    tasks = [
        task(i, "failed", (), f"{head}  File \"/app/{name}.py\", line {i + 1}, in f\n    g()\nKeyError: 'price'\n")
        for i, name in enumerate(("load", "save"))
    ]
    (group,), _ = group_failures(JobExecution.model_validate({"tasks": tasks}).tasks, None)
    assert (group.count, group.line) == (2, TellingLine("KeyError: 'price'", "load.py:1", "KeyError"))
    assert group.message.startswith("Traceback")


def test_a_failed_task_without_conditions_is_counted() -> None:
    """A task without conditions says nothing, so its message is empty and its cause unknown."""
    assert groups([task(0, "failed"), {"status": "FAILED"}]) == [("unknown", 2, "", ["task-0"])]


def test_failed_tasks_that_only_the_counts_know_of_are_counted() -> None:
    """The groups add up to the failed count where it is the larger."""
    assert groups([task(0, "failed", (), "disk full")], 5) == [
        ("unknown", 4, "", []),
        ("disk_full", 1, "disk full", ["task-0"]),
    ]
    assert groups([task(0, "failed"), task(1, "failed", (), "disk full")], 5) == [
        ("unknown", 4, "", ["task-0"]),
        ("disk_full", 1, "disk full", ["task-1"]),
    ]


def test_of_a_part_of_the_tasks_the_rest_is_in_no_group() -> None:
    """They are counted as being in groups that are not shown: those may be the same ones, or others."""
    found, omitted = group_failures([task(0, "failed", (), "disk full")], 5, whole=False)
    assert ([(group.count, group.line.text) for group in found], omitted) == ([(1, "disk full")], 4)
    assert group_failures([task(0, "failed", (), "disk full")], None, whole=False)[1] == 0


def test_a_count_below_the_list_leaves_the_groups_as_listed() -> None:
    """A disagreement of counts and list is a warning, not a correction."""
    assert groups([task(0, "failed"), task(1, "failed")], 1) == [("unknown", 2, "", ["task-0", "task-1"])]


def test_the_condition_that_failed_decides() -> None:
    """A condition about the start, or an informational one, does not hide the failure."""
    conditions = [
        {"type": "Started", "state": "CONDITION_SUCCEEDED", "message": "started"},
        {"type": "Completed", "state": "CONDITION_FAILED", "severity": "ERROR", "message": "disk full"},
        {"type": "Retry", "state": "CONDITION_FAILED", "severity": "INFO", "message": "was retried"},
    ]
    assert groups([{"status": "failed", "conditions": conditions}]) == [("disk_full", 1, "disk full", [])]


def test_a_reason_stands_in_for_a_missing_message() -> None:
    """A reason alone is still what the API said."""
    assert groups([task(0, "failed", (), "", "OOMKilled")]) == [("out_of_memory", 1, "OOMKilled", ["task-0"])]


def test_groups_that_are_not_shown_are_counted_by_their_tasks() -> None:
    """Five groups are shown; `failuresOmitted` counts the failed tasks of the others."""
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")
    tasks = [task(i, "failed", (), word) for word in words for i in range(2)]
    got = answer(execution("failed", (), tasks=tasks))
    assert [group["message"] for group in got["failures"]] == ["alpha", "beta", "gamma", "delta", "epsilon"]
    assert got["failuresOmitted"] == 4
    assert "8 tasks for other reasons" in got["summary"]


def test_a_hostile_message_costs_little() -> None:
    """Only the ends of a message are read, and reading it never backtracks."""
    assert groups([task(0, "failed", (), "a'/\"" * 500_000)])[0][1] == 1


def test_the_answer_and_the_row_of_the_task_show_the_line_that_tells() -> None:
    """Not the frames above it; the prose has the workload's own frame after it."""
    said = "[Errno 2] No such file or directory: '/mnt/in/orders.parquet'"
    told = f"FileNotFoundError: {said}"
    frames = '  File "/usr/lib/python3.12/site-packages/pd.py", line 9, in read\n    open(path)\n' * 20
    head = 'Traceback (most recent call last):\n  File "/srv/app/load.py", line 118, in run\n    read(path)\n'
    failed = task(4, "failed", (), f"{head}{frames}{told}\n")
    got = answer(execution("failed", (), tasks=[failed]))
    assert got["failures"] == [
        {"cause": "exit_code", "count": 1, "message": f"{told} (load.py:118)", "tasks": ["task-4"]}
    ]
    assert f'Why: the program raised FileNotFoundError in task "task-4": "{said}" (load.py:118).' in got["summary"]
    parsed = JobExecution.model_validate(execution("failed", (), tasks=[failed]))
    page = Page(parsed.task_list, lambda _: None, skip=0, total=1)
    rows, _ = build_tasks(("a", "b"), parsed, TaskList.of(parsed), page, status=None, now=NOW)
    assert rows["tasks"] == [{"name": "task-4", "status": "failed", "cause": "exit_code", "message": told}]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "an OSError came up in OSErrorHandler (OSError)",
            'raised OSError in task "task-1": "an OSError came up in OSErrorHandler"',
        ),
        (
            "undefined local variable in run() (NameError)",
            'raised NameError in task "task-1": "undefined local variable in run()"',
        ),
        ("java.lang.NullPointerException", 'raised java.lang.NullPointerException in task "task-1".'),
    ],
)
def test_only_the_class_of_the_exception_is_told_apart_from_what_it_says(message: str, said: str) -> None:
    """The same word stays where it is part of the sentence."""
    raw = execution("failed", (60, 60, 0), tasks=[task(1, "failed", (50, 10), message)])
    assert said in answer(raw)["summary"]


def test_a_task_without_a_word_that_ran_all_of_its_time_has_reached_its_timeout() -> None:
    """An exit code at that very moment leaves open who ended it."""
    silent = task(0, "failed", (3000, 1200))
    assert groups([silent])[0][0] == "timed_out"
    assert groups([task(0, "failed", (3000, 2000))])[0][0] == "unknown"
    (group,), _ = group_failures([task(0, "failed", (3000, 1200), "exit code 1")], None)
    assert (group.cause, group.origin) == ("exit_code", None)


def test_the_same_words_are_the_same_reason_unless_they_name_the_task() -> None:
    """A message that all tasks share names one of them at most: what is folded in that one's stays in the others'."""
    named = [task(number, "failed", (), "worker alpha met an error") for number in range(4)]
    for number, name in enumerate(("beta", "alpha", "gamma", "alpha")):
        named[number]["metadata"]["name"] = name
    found, _ = group_failures(named, None)
    assert [(group.count, group.tasks) for group in found] == [(2, ["beta", "gamma"]), (2, ["alpha", "alpha"])]
