"""The call of the logs endpoint: its parameters, and how its answer is parsed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from blaxel_mcp.api.call import Call
from blaxel_mcp.api.logs import LogPage, get_logs
from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.models import LogLine


def call(job: str = "report", execution: str = "exec-1", **more: Any) -> Call[LogPage]:
    """A call for the log of one hour."""
    return get_logs(
        job,
        execution,
        workspace="acme",
        start=datetime(2026, 11, 24, 2, 0, 1, 999, tzinfo=UTC),
        end=datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
        limit=50,
        **more,
    )


def test_the_request_is_the_one_of_bl_logs() -> None:
    """Every parameter is sent, in a fixed order, also where it is empty."""
    asked = call()
    assert (asked.operation, asked.method, asked.path) == ("logs", "GET", "/observability/logs")
    assert asked.accepts == (dict, type(None))
    assert asked.query == (
        ("start", "2026-11-24T02:00:01"),
        ("end", "2026-11-24T03:00:00"),
        ("resourceType", "jobs"),
        ("workloadIds", "report"),
        ("type", "all"),
        ("traceId", ""),
        ("limit", "50"),
        ("offset", "0"),
        ("severity", "FATAL,ERROR,WARNING,INFO,DEBUG,TRACE,UNKNOWN"),
        ("search", ""),
        ("taskId", ""),
        ("executionId", "exec-1"),
        ("interval", "60"),
        ("workspace", "acme"),
    )


def test_filters_are_passed_on() -> None:
    """The task is sent as `taskId`, the text unchanged, and a severity with all that are more severe."""
    query = dict(call(task="task-3", search="out of memory?", severity="WARNING").query)
    assert (query["taskId"], query["search"], query["severity"]) == ("task-3", "out of memory?", "FATAL,ERROR,WARNING")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ((" ", "exec-1"), "jobId is empty, so nothing was sent."),
        (("report", ".."), "executionId is a dot segment, so nothing was sent."),
        (("report", "a\nb"), "executionId contains control characters, so nothing was sent."),
    ],
)
def test_ids_that_cannot_be_are_refused(ids: tuple[str, str], message: str) -> None:
    """An id that cannot be part of a path is refused before anything is sent."""
    with pytest.raises(ArgumentError) as refused:
        call(*ids)
    assert refused.value.message == message


def test_lines_and_their_number_are_read() -> None:
    """Parts of an unexpected type read as absent, and such items are skipped."""
    lines = [{"timestamp": "2026-11-24T02:00:02.123456789Z", "message": "a", "severity": 9}, 7, {"message": ["b"]}]
    page = call().parse({"report": {"logs": lines, "totalCount": "12"}})
    assert [(line.timestamp, line.message, line.severity) for line in page.lines] == [
        ("2026-11-24T02:00:02.123456789Z", "a", 9),
        (None, None, None),
    ]
    assert (page.total, page.odd) == (12, False)


@pytest.mark.parametrize("body", [{}, None])
def test_an_answer_without_the_job_is_nothing_found(body: Any) -> None:
    """Where nothing was found, the endpoint leaves the job's key out."""
    assert call().parse(body) == LogPage([])
    assert type(body) in call().accepts


def test_a_list_that_is_null_is_empty() -> None:
    """A Go backend writes an empty map as null."""
    assert call().parse({"report": {"logs": None, "totalCount": 0}}) == LogPage([], 0)


@pytest.mark.parametrize(
    "body", [{"error": "gone"}, {"report": []}, {"report": {"logs": {"a": 1}}}, {"report": {"logs": "a line"}}]
)
def test_another_form_is_odd_and_not_nothing(body: Any) -> None:
    """An answer of an unknown form must not pass for an empty log."""
    assert call().parse(body) == LogPage([], odd=True)


def test_a_line_keeps_what_is_not_known() -> None:
    """Unknown fields do no harm."""
    assert LogLine.model_validate({"message": "a", "trace_id": "t"}).message == "a"
