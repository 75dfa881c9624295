"""Calls as values, and which ids may become part of a path."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blaxel_mcp.api.call import LONGEST_ID, Call, checked_id
from blaxel_mcp.api.jobs import (
    FetchedTask,
    Listing,
    cancel_execution,
    create_execution,
    get_execution,
    get_job,
    list_executions,
    list_jobs,
    list_revisions,
    list_tasks,
)
from blaxel_mcp.api.wire import NoContent
from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.models import CreatedExecution, Job, JobExecution

AGAIN = "Trying again unchanged will not help."
JOB = "Give the job's name as Blaxel shows it."
EXECUTION = 'Give the execution\'s id, or "latest" for the newest one.'


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is empty"),
        (" \t\n", "is empty"),
        ("\u2003", "is empty"),
        (".", "is a dot segment"),
        ("..", "is a dot segment"),
        ("x" * (LONGEST_ID + 1), "is longer than 512 characters"),
        ("a\nb", "contains control characters"),
        ("a\x00", "contains control characters"),
        ("\x1b[2Ja", "contains control characters"),
        ("a\u202eb", "contains control characters"),
        ("a\u200bb", "contains control characters"),
        ("a\u2028b", "contains control characters"),
        ("a\ud800", "contains control characters"),
    ],
)
@pytest.mark.parametrize(("parameter", "advice"), [("jobId", JOB), ("executionId", EXECUTION)])
def test_what_cannot_be_an_id_is_refused(value: str, problem: str, parameter: str, advice: str) -> None:
    """Blank, dot segments, too long, and characters that do not show are refused, with the parameter's name."""
    with pytest.raises(ArgumentError) as refused:
        checked_id(value, parameter)
    assert str(refused.value) == f"{parameter} {problem}, so nothing was sent. {AGAIN} {advice}"


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("nightly-report", "nightly-report"),
        ("x" * LONGEST_ID, "x" * LONGEST_ID),
        ("...", "..."),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("a?x=1", "a%3Fx%3D1"),
        ("a#b", "a%23b"),
        ("a%2Fb", "a%252Fb"),
        ("%2e%2e", "%252e%252e"),
        ("a b", "a%20b"),
        ("a\\b", "a%5Cb"),
        ("größe-日本", "gr%C3%B6%C3%9Fe-%E6%97%A5%E6%9C%AC"),
        ("🦊", "%F0%9F%A6%8A"),
    ],
)
def test_any_other_id_becomes_one_segment(value: str, segment: str) -> None:
    """Characters with a meaning in a URL are percent-encoded."""
    assert get_execution(value, value).path == f"/jobs/{segment}/executions/{segment}"


@given(st.text(max_size=40))
def test_an_id_never_adds_or_removes_a_segment(value: str) -> None:
    """An id is refused, or becomes one segment of plain characters that is no dot segment."""
    try:
        path = get_execution(value, "e").path
    except ArgumentError:
        return
    empty, jobs, segment, executions, execution = path.split("/")
    assert (empty, jobs, executions, execution) == ("", "jobs", "executions", "e")
    assert segment.isascii()
    assert segment not in {"", ".", ".."}
    assert not set("?#\\ ") & set(segment)


def test_the_operations_are_what_blaxel_documents() -> None:
    """Name, method, path, query, good answers and body of each; lists are asked for newest first, and may be arrays."""
    calls: list[Call[Any]] = [
        get_execution("j", "e"),
        list_executions("j", limit=2),
        list_executions("j", limit=2, cursor="c"),
        list_jobs(limit=200),
        list_jobs(limit=200, search="re", cursor="c"),
        list_tasks("j", "e", limit=5),
        list_tasks("j", "e", limit=5, cursor="c"),
        get_job("j"),
        list_revisions("j"),
        create_execution("j", {"tasks": [{}]}),
        cancel_execution("j", "e"),
    ]
    newest = (("limit", "2"), ("sort", "createdAt:desc"))
    search = (("limit", "200"), ("q", "re"), ("cursor", "c"))
    either = (dict, list)
    assert [(call.operation, call.method, call.path, call.query, call.accepts, call.body) for call in calls] == [
        ("GetJobExecution", "GET", "/jobs/j/executions/e", (), (dict,), None),
        ("ListJobExecutions", "GET", "/jobs/j/executions", newest, either, None),
        ("ListJobExecutions", "GET", "/jobs/j/executions", (*newest, ("cursor", "c")), either, None),
        ("ListJobs", "GET", "/jobs", (("limit", "200"),), either, None),
        ("ListJobs", "GET", "/jobs", search, either, None),
        ("ListJobExecutionTasks", "GET", "/jobs/j/executions/e/tasks", (("limit", "5"),), either, None),
        ("ListJobExecutionTasks", "GET", "/jobs/j/executions/e/tasks", (("limit", "5"), ("cursor", "c")), either, None),
        ("GetJob", "GET", "/jobs/j", (), (dict,), None),
        ("ListJobRevisions", "GET", "/jobs/j/revisions", (), either, None),
        ("CreateJobExecution", "POST", "/jobs/j/executions", (), (dict,), {"tasks": [{}]}),
        ("DeleteJobExecution", "DELETE", "/jobs/j/executions/e", (), (dict, NoContent), None),
    ]


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: get_execution("", "e"), "jobId"),
        (lambda: get_execution("j", ""), "executionId"),
        (lambda: list_executions("", limit=1), "jobId"),
        (lambda: list_tasks("", "e", limit=1), "jobId"),
        (lambda: list_tasks("j", "", limit=1), "executionId"),
        (lambda: get_job(""), "jobId"),
        (lambda: list_revisions(""), "jobId"),
        (lambda: create_execution("", {}), "jobId"),
        (lambda: cancel_execution("", "e"), "jobId"),
        (lambda: cancel_execution("j", ""), "executionId"),
    ],
)
def test_no_operation_takes_an_id_that_cannot_be_sent(call: Callable[[], object], parameter: str) -> None:
    """The error names the argument that is wrong."""
    with pytest.raises(ArgumentError) as refused:
        call()
    assert refused.value.message == f"{parameter} is empty, so nothing was sent."


def test_good_answers_are_parsed() -> None:
    """An execution comes with its JSON and how long that was; what was cancelled may come back as nothing."""
    raw = {"metadata": {"id": "e"}, "tasks": [{"status": "failed"}, 7]}
    execution = JobExecution.model_validate(raw)
    fetched = get_execution("j", "e")
    assert (fetched.parse(raw), fetched.parse(raw, 70)) == ((raw, 0, execution), (raw, 70, execution))
    assert fetched.owned is not None
    found = fetched.parse(raw)
    owner, items = fetched.owned(found)
    assert (owner is found.execution, items is found.execution.task_list) == (True, True)
    assert fetched.sized
    assert get_job("j").parse({"metadata": {"name": "j"}}) == Job.model_validate({"metadata": {"name": "j"}})
    assert (
        list_revisions("j").parse([{"id": "r"}]) == list_revisions("j").parse({"data": [{"id": "r"}]}) == [{"id": "r"}]
    )
    made = create_execution("j", {}).parse({"executionId": "e", "id": "request"})
    assert made == CreatedExecution.model_validate({"executionId": "e", "id": "request"})
    cancelled = cancel_execution("j", "e")
    assert cancelled.parse(NoContent()) == JobExecution.model_validate({})
    assert cancelled.parse(raw) == execution


def test_a_page_of_tasks_has_each_as_it_was_answered_and_parsed() -> None:
    """In the API's order; what is no object counts as a task without fields."""
    task = {"metadata": {"name": "task-0"}, "status": "failed"}
    page = list_tasks("j", "e", limit=2).parse({"data": [task, "odd"]})
    assert page == Listing([FetchedTask(task, task), FetchedTask("odd", {})], None)


@pytest.mark.parametrize(
    ("meta", "cursor"),
    [
        ({"nextCursor": "c"}, "c"),
        ({"nextCursor": "c", "hasMore": True}, "c"),
        ({"nextCursor": "c", "hasMore": False}, None),
        ({"nextCursor": "", "hasMore": True}, None),
        ({"hasMore": True}, None),
        ({}, None),
        (None, None),
    ],
)
def test_there_is_a_next_page_where_the_answer_says_how_to_get_it(meta: Any, cursor: str | None) -> None:
    """A cursor, and no word of the API's that there is no more."""
    assert list_jobs(limit=1).parse({"data": [], "meta": meta}) == Listing([], cursor)


def test_only_a_get_may_be_repeated_or_shared() -> None:
    """A call of any other method may have taken effect the first time."""
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    assert [Call("Any", method, (), str).idempotent for method in methods] == [True, False, False, False, False]


def test_a_listing_is_read_whatever_its_form() -> None:
    """In the API's order, as a page or a bare array; what is no object is passed over."""
    call = list_executions("j", limit=3)
    items = [{"metadata": {"id": "new"}}, "odd", {"metadata": {"id": "old"}}]
    expected = ["new", "old"]
    assert [one.metadata.id for one in call.parse(items).items] == expected
    assert [one.metadata.id for one in call.parse({"data": items, "meta": None}).items] == expected
    assert call.parse({"data": None}) == Listing([], None)
