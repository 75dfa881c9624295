"""Failed tasks, grouped by why they failed."""

from typing import Any

import pytest
from support.builders import answer, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.failures import fingerprint, group_failures


def groups(tasks: list[Any], counted: int | None = None) -> list[tuple[str, int, str, list[str]]]:
    """The groups of these failed tasks as plain values: cause, count, message, task names."""
    found, _ = group_failures(JobExecution.model_validate({"tasks": tasks}).tasks, counted)
    return [(group.cause, group.count, group.message, group.tasks) for group in found]


def test_tasks_that_differ_in_a_shard_number_are_one_group() -> None:
    """412 failures of one kind read as one, with the first message and three names."""
    tasks = [task(i, "failed", (), f"shard {i}: no such table t_{i}") for i in range(412)]
    assert groups(tasks) == [("unknown", 412, "shard 0: no such table t_0", ["task-0", "task-1", "task-2"])]


def test_two_messages_under_one_reason_are_two_groups() -> None:
    """The largest group comes first."""
    tasks = [
        task(0, "failed", (), "disk full", "NonZeroExitCode"),
        task(1, "failed", (), "no route to host", "NonZeroExitCode"),
        task(2, "failed", (), "no route to host", "NonZeroExitCode"),
    ]
    assert groups(tasks) == [
        ("exit_code", 2, "no route to host", ["task-1", "task-2"]),
        ("exit_code", 1, "disk full", ["task-0"]),
    ]


def test_an_exit_by_signal_is_another_group_than_an_exit_by_code() -> None:
    """Exit codes are folded like other numbers, but 137 is another kind of failure than 1 and 2."""
    tasks = [task(code, "failed", (), f"The container exited with code {code}") for code in (1, 137, 2)]
    assert groups(tasks) == [
        ("exit_code", 2, "The container exited with code 1", ["task-1", "task-2"]),
        ("signal", 1, "The container exited with code 137", ["task-137"]),
    ]


def test_a_failed_task_without_conditions_is_counted() -> None:
    """A task without conditions says nothing, so its message is empty and its cause unknown."""
    assert groups([task(0, "failed"), {"status": "FAILED"}]) == [("unknown", 2, "", ["task-0"])]


def test_failed_tasks_that_only_the_counts_know_of_are_counted() -> None:
    """The groups add up to the failed count where it is the larger."""
    assert groups([task(0, "failed", (), "disk full")], 5) == [
        ("unknown", 4, "", []),
        ("unknown", 1, "disk full", ["task-0"]),
    ]


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
    assert groups([{"status": "failed", "conditions": conditions}]) == [("unknown", 1, "disk full", [])]


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("error on shard 1", "error on shard 23"),
        ("at 2026-01-02T03:04:05.678Z", "at 2025-11-22T13:14:15Z"),
        ("request 9f2c41d7-1c33-4c62-9f0e-2d5a1b0c9d8e", "request a40c95ee-66d7-4d55-85a7-154337f5a561"),
        ("cannot read /data/in/a.tiff", "cannot read /srv/b/c.png"),
        ("cannot read s3://bucket/a", "cannot read https://host.example/b?c"),
        ("no column 'first name' here", "no column 'age' here"),
        ('no column "first name" here', 'no column "age" here'),
        ("no column `first name` here", "no column `age` here"),
        ("to 10.12.0.7:5432 refused", "to db-3.internal:5432 refused"),
        ("missing rows 1, 2, 3 of it", "missing rows 17 of it"),
        ("line one\n\tline 2", "line one line 3"),
        ("pointer 0xdeadbeef", "pointer 0x0badf00d"),
    ],
)
def test_what_varies_between_like_failures_is_folded(one: str, other: str) -> None:
    """Numbers, dates, ids, paths, addresses and quoted values do not make two failures different."""
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("disk full", "disk missing"),
        ("don't panic, it's fine", "don't worry, it's fine"),
        ("error on shard 1", "warning on shard 1"),
    ],
)
def test_what_is_said_in_other_words_stays_apart(one: str, other: str) -> None:
    """Words are what tells failures apart; an apostrophe is no quotation mark."""
    assert fingerprint(one) != fingerprint(other)


def test_a_task_name_inside_the_message_is_folded() -> None:
    """Names without a digit are folded too."""
    assert fingerprint("worker alpha died", "alpha") == fingerprint("worker beta died", "beta") == " worker # died"


def test_a_hostile_message_costs_little() -> None:
    """Only the beginning of a message is read, and reading it never backtracks."""
    assert groups([task(0, "failed", (), "a'/\"" * 500_000)])[0][1] == 1
