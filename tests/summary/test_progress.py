"""What a wait answers that ends before the execution does: how far it is, what is new, and what to do next."""

from collections.abc import Sequence

import pytest
from support.builders import EXECUTION, JOB, NOW, execution, runs_that_took

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.progress import build_unfinished, progress_message
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.summarize import summarize

AGAIN = 'Call wait_for_job_execution again with executionId "exec-1".'


def seen(status: str = "running", runs: Sequence[Run] = (), **stats: int) -> ExecutionSummary:
    """An execution that goes on, with these counts."""
    times = (560,) if status == "queued" else (560, 500)
    parsed = JobExecution.model_validate(execution(status, times, stats=stats or None))
    return summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, runs=runs)


FIRST = seen(total=9, success=2)
LATER = seen(total=9, success=4, failure=1, running=2, runs=runs_that_took(900, 920, 1000))
FAR = "Running: 5 of 9 tasks finished (55%), 1 failed among them, 2 running, 2 waiting."


def told(later: ExecutionSummary, first: ExecutionSummary) -> str:
    """The prose, without what it says of the time that is left."""
    prose: str = build_unfinished(later, first, same_arguments=False)["summary"]
    begin, left, end = prose.partition("About ")
    return begin + end.partition(" left. ")[2] if left else prose


def test_how_far_it_is_and_what_is_new() -> None:
    """Since the wait began, with the step that goes on with it."""
    assert told(LATER, FIRST) == f"{FAR} New in this wait: 3 tasks finished, 1 failed among them. Next: {AGAIN}"
    assert (
        told(FIRST, FIRST)
        == f"Running: 2 of 9 tasks finished (22%), 7 waiting. Nothing new in this wait. Next: {AGAIN}"
    )
    one = seen(total=9, success=3)
    assert "New in this wait: 1 task finished. Next" in told(one, FIRST)
    assert told(LATER, seen("queued")) == f"{FAR} It was queued when this wait began. Next: {AGAIN}"
    assert told(LATER, seen("who knows")) == f"{FAR} It was of another status when this wait began. Next: {AGAIN}"


def test_the_object_has_the_same_facts() -> None:
    """As far as there is room; what is left out first is what the caller knows."""
    queued = seen("queued")
    assert build_unfinished(queued, queued, same_arguments=False) == {
        "summary": "Not started yet: queued for 9m 20s, waiting until the workspace has capacity. "
        f"Nothing new in this wait. Next: {AGAIN}",
        "status": "queued",
        "done": False,
        "outcome": "in_progress",
        "nextStep": AGAIN,
        "jobId": "resize",
        "executionId": "exec-1",
    }
    odd = seen("who knows")
    assert build_unfinished(odd, odd, same_arguments=False) == {
        "summary": 'Not known to be finished (status "who knows"). That status is not one that this version knows; it '
        f"is treated as not finished. Nothing new in this wait. Next: {AGAIN}",
        "status": "who knows",
        "done": False,
        "outcome": "unknown",
        "nextStep": AGAIN,
        "executionId": "exec-1",
    }


@pytest.mark.parametrize(
    ("summary", "same_arguments", "gone", "step"),
    [
        (LATER, False, False, AGAIN),
        (LATER, True, False, "Call wait_for_job_execution again with the same arguments."),
        (LATER, True, True, "See with list_job_executions what is left."),
        (
            seen(total=40, failure=9, success=0),
            False,
            False,
            "Do not wait: cancel it (cancel_job_execution), and fix the cause first.",
        ),
    ],
)
def test_the_next_step(summary: ExecutionSummary, same_arguments: bool, gone: bool, step: str) -> None:  # noqa: FBT001 - given by pytest
    """Waiting goes on, unless that is of no use."""
    answer = build_unfinished(summary, FIRST, same_arguments=same_arguments, gone=gone)
    assert answer["nextStep"] == step
    assert answer["summary"].endswith(f" Next: {step}")


def test_what_stands_still_or_does_not_start_is_asked_about() -> None:
    """The answer about the execution says why."""
    stalled = FIRST._replace(timing=FIRST.timing._replace(stalled=5_940.0))
    asks = "Ask get_job_execution "
    step = build_unfinished(stalled, stalled, same_arguments=False)["nextStep"]
    assert step == f"{asks}why it stands still."
    waiting = FIRST._replace(next_step="Do not wait: something keeps it from starting.")
    step = build_unfinished(waiting, FIRST, same_arguments=False)["nextStep"]
    assert step == f"Do not wait: {asks.replace('A', 'a')}what keeps it from starting."


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        (LATER, "5 of 9 tasks finished, 1 failed"),
        (FIRST, "2 of 9 tasks finished"),
        (seen(total=1, success=0), "0 of 1 task finished"),
        (seen("queued", total=9), "queued"),
        (seen(), "running"),
        (seen("who knows"), "not finished"),
    ],
)
def test_a_few_words_for_a_progress_bar(summary: ExecutionSummary, message: str) -> None:
    """The status where there are no numbers."""
    assert progress_message(summary) == message


def test_a_doubt_comes_first() -> None:
    """And whatever has no room is left out, but never the next step."""
    prose = build_unfinished(LATER, FIRST, same_arguments=True, doubt="It may be otherwise by now.")["summary"]
    assert prose.startswith(f"It may be otherwise by now. {FAR} New in this wait")
    long = build_unfinished(LATER, FIRST, same_arguments=True, doubt="x" * 1_000)["summary"]
    assert long.startswith("xxx")
    assert long.endswith("x… Next: Call wait_for_job_execution again with the same arguments.")
    assert len(long.encode()) == 250
