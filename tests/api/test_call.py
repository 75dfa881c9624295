"""Calls as values, and which ids may become part of a path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blaxel_mcp.api.call import LONGEST_ID, Call, checked_id
from blaxel_mcp.api.jobs import Listing, get_execution, list_executions, list_jobs
from blaxel_mcp.errors import ArgumentError

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
    """Method, path and query of each; lists are asked for newest first, and may be bare arrays."""
    calls: list[Call[Any]] = [get_execution("j", "e"), list_executions("j", limit=2), list_jobs(limit=200)]
    assert [(call.method, call.path, call.query, call.accepts) for call in calls] == [
        ("GET", "/jobs/j/executions/e", (), (dict,)),
        ("GET", "/jobs/j/executions", (("limit", "2"), ("sort", "createdAt:desc")), (dict, list)),
        ("GET", "/jobs", (("limit", "200"),), (dict, list)),
    ]


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
