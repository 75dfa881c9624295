"""What the API sends is parsed tolerantly: no 200 answer fails to parse."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from blaxel_mcp.models import (
    ExecutionStatus,
    ExecutionWord,
    Job,
    JobExecution,
    Page,
    parse_duration,
    parse_env_override,
    parse_timestamp,
)
from blaxel_mcp.summary.tasks import (
    TaskList,
    scan_tasks,
    task_conditions,
    task_name,
    task_seconds,
    task_status,
    task_timeout,
)

ODD: tuple[Any, ...] = (None, True, 7, -1, 1.5, "word", "", [], {}, [None], {"odd": 1}, [[]], 10**30)
NO_OBJECTS: tuple[Any, ...] = ("", "[]", "x", 7, None, [], "[" * 100_000)
PARTS = {
    "metadata": (
        "id",
        "job",
        "workspace",
        "cluster",
        "createdAt",
        "startedAt",
        "completedAt",
        "updatedAt",
        "expiredAt",
    ),
    "spec": ("envOverride", "memoryOverride", "parallelism", "tasks", "timeout"),
    "stats": ("cancelled", "failure", "retried", "running", "success", "total"),
}


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_part_may_be_null_or_of_another_type(odd: Any) -> None:
    """The rest is read as if the odd part were absent."""
    for field in ("metadata", "spec", "stats", "status", "tasks"):
        execution = JobExecution.model_validate({"status": "failed", field: odd})
        assert field == "status" or execution.status == "failed", field


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("part", PARTS)
def test_any_field_may_be_null_or_of_another_type(part: str, odd: Any) -> None:
    """The fields beside an odd one are read all the same."""
    neighbour = {"metadata": "deletedAt", "spec": "parallelism", "stats": "total"}[part]
    value: Any = "x" if part == "metadata" else 5
    for field in PARTS[part]:
        execution = JobExecution.model_validate({part: {neighbour: value, field: odd}})
        if field != neighbour:
            assert getattr(getattr(execution, part), neighbour) == value, field


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("field", ["metadata", "spec", "status", "conditions"])
def test_any_part_of_a_task_may_be_odd(field: str, odd: Any) -> None:
    """A task with an odd part still counts as a task."""
    task = {"metadata": {"name": "task-0"}, "status": "failed", field: odd}
    read = JobExecution.model_validate({"tasks": [task, odd]}).task_list
    assert len(read) == 2
    assert field == "status" or task_status(read[0]) == "failed"
    for one in read:
        assert (task_name(one), task_seconds(one), task_timeout(one)) in {("task-0", None, None), ("", None, None)}
        assert all(isinstance(text, str) for condition in task_conditions(one) for text in condition.values())
    assert scan_tasks(TaskList(read), None).listed == 2


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize(("part", "field"), [("metadata", "name"), ("metadata", "startedAt"), ("spec", "timeout")])
def test_any_field_of_a_task_may_be_odd(part: str, field: str, odd: Any) -> None:
    """A field of the wrong type reads as absent, a number where the API writes text included."""
    task = {"status": "succeeded", part: {field: odd}}
    assert (task_seconds(task), task_timeout(task)) == (None, None)
    assert task_name(task) == (odd if field == "name" and isinstance(odd, str) else "")
    stats = scan_tasks(TaskList([task]), None)
    assert (stats.statuses, stats.durations, stats.last_activity) == ({"succeeded": 1}, [], None)


def test_an_odd_condition_is_an_empty_one() -> None:
    """The good conditions beside an odd one stay."""
    tasks = [{"conditions": [None, {"message": 7, "reason": "OOM"}, "word"]}]
    (task,) = JobExecution.model_validate({"tasks": tasks}).tasks
    assert task_conditions(task) == [{}, {"reason": "OOM"}, {}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (0, 0),
        (3.0, 3),
        ("12", 12),
        (-1, None),
        (1.5, None),
        (True, None),
        ("x", None),
        ("", None),
        (10**13, None),
    ],
)
def test_a_count_is_a_whole_number_or_absent(value: Any, expected: int | None) -> None:
    """A count may also be text, as protocol buffers write large ones; booleans and absurd numbers are absent."""
    stats = JobExecution.model_validate({"stats": {"total": value}}).stats
    assert stats is not None
    assert stats.total == expected


def test_tasks_are_read_from_either_place_and_never_added() -> None:
    """The list that is not empty is the one that counts."""
    here, there = [{"status": "failed"}], [{"status": "running"}, {"status": "running"}]

    def words(raw: Any) -> list[str | None]:
        return [task.get("status") for task in JobExecution.model_validate(raw).task_list]

    assert words({"tasks": here, "spec": {"tasks": there}}) == ["failed"]
    assert words({"tasks": [], "spec": {"tasks": there}}) == ["running", "running"]
    assert words({"spec": {"tasks": there}}) == ["running", "running"]


def test_unknown_fields_and_statuses_are_kept() -> None:
    """What a newer API adds is no error."""
    execution = JobExecution.model_validate({"status": "Paused", "spec": {"gpu": 1}, "new": {"x": 1}})
    assert execution.status == "Paused"
    assert execution.model_extra == {"new": {"x": 1}}
    assert execution.spec.model_extra == {"gpu": 1}


@pytest.mark.parametrize("digits", range(10))
def test_timestamps_have_any_number_of_fraction_digits(digits: int) -> None:
    """Fractions may have none to nine digits."""
    fraction = "." + "123456789"[:digits] if digits else ""
    microseconds = int("123456"[:digits].ljust(6, "0"))
    assert parse_timestamp(f"2026-01-02T03:04:05{fraction}Z") == datetime(2026, 1, 2, 3, 4, 5, microseconds, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05-05:30", datetime(2026, 1, 2, 8, 34, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+00:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("2026-13-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_timestamps_come_out_in_utc_or_absent(text: str | None, expected: datetime | None) -> None:
    """Any offset is converted; year 1, empty and unreadable timestamps are absent."""
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (600, 600),
        (600.9, 600),
        ("600", 600),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("90s", 90),
        ("1500ms", 1),
        ("0s", None),
        (0, None),
        (-5, None),
        (True, None),
        ("soon", None),
        ("", None),
        (float("nan"), None),
        (float("inf"), None),
        (10**30, None),
        ("9" * 5000, None),
        (None, None),
        ([], None),
    ],
)
def test_a_timeout_is_seconds_or_a_duration_in_words(value: Any, expected: int | None) -> None:
    """A timeout of zero is no timeout."""
    assert parse_duration(value) == expected


def test_an_override_is_an_object_or_the_text_of_one() -> None:
    """Any other value reads as no override."""
    assert parse_env_override({"A": "***"}) == parse_env_override('{"A": "***"}') == {"A": "***"}
    assert [parse_env_override(odd) for odd in NO_OBJECTS] == [None] * 7


def test_a_page_is_read_in_both_forms() -> None:
    """A page is an object with its data and where the list goes on, or a bare array."""
    page = Page.of({"data": [1], "meta": {"hasMore": True, "nextCursor": "c", "total": 9}})
    assert (page.data, page.meta.hasMore, page.meta.nextCursor, page.meta.total) == ([1], True, "c", 9)
    assert Page.of([1, 2]).data == [1, 2]


@pytest.mark.parametrize("body", [None, 7, "x", {}, {"data": None}, {"data": {}, "meta": 7}])
def test_an_odd_page_is_an_empty_one(body: Any) -> None:
    """An odd page is never an error."""
    assert Page.of(body).data == []
    assert Page.of(body).meta.hasMore is None


def test_a_job_has_a_name_or_none() -> None:
    """A job's name is its id."""
    assert Job.model_validate({"metadata": {"name": "resize"}}).name == "resize"
    odd: list[dict[str, Any]] = [{}, {"metadata": None}, {"metadata": {"name": 7}}]
    assert [Job.model_validate(job).name for job in odd] == [None] * 3


def test_the_words_of_statuses_are_those_of_the_outcomes() -> None:
    """Every word that the API documents for an execution is known, and nothing else is."""
    assert {word for word in get_args(ExecutionWord) if ExecutionStatus(word).known} == set(get_args(ExecutionWord))


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("queued", ("queued", True, "in_progress", False, True)),
        ("PENDING", ("pending", True, "in_progress", False, True)),
        ("running", ("running", True, "in_progress", False, False)),
        ("cancelling", ("cancelling", True, "in_progress", False, False)),
        ("Cancelled", ("cancelled", True, "cancelled", True, False)),
        ("failed", ("failed", True, "failed", True, False)),
        ("succeeded", ("succeeded", True, "succeeded", True, False)),
        ("timeout", ("timeout", True, "timed_out", True, False)),
        ("completed", ("completed", False, "unknown", False, False)),
        (None, ("", False, "unknown", False, False)),
    ],
)
def test_a_status_knows_what_it_means(text: str | None, facts: tuple[str, bool, str, bool, bool]) -> None:
    """A status has its word, whether it is the API's own, the outcome, whether it is over and whether it waits."""
    status = ExecutionStatus(text)
    assert (status.word, status.known, status.outcome, status.over, status.waiting) == facts
