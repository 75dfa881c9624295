"""What a wait answers that ends before the execution does: how far it is, what is new, and what to do next."""

from collections.abc import Sequence
from typing import Any

import pytest
from support.builders import EXECUTION, JOB, NOW, execution, runs_that_took

from blaxel_mcp.advice import advise
from blaxel_mcp.models import ExecutionStatus, JobExecution
from blaxel_mcp.shell_advice import ShellAdvice
from blaxel_mcp.summary.estimate import Estimate
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.progress import build_unfinished, progress_message
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.wording import json_size

AGAIN = 'Call wait_for_job_execution again with executionId "exec-1".'


def seen(status: str = "running", runs: Sequence[Run] = (), **stats: int) -> ExecutionSummary:
    """An execution that goes on, with these counts."""
    times = (560,) if status == "queued" else (560, 500)
    parsed = JobExecution.model_validate(execution(status, times, stats=stats or None))
    return summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, runs=runs)


FIRST = seen(total=9, success=2)
LATER = seen(total=9, success=4, failure=1, running=2, runs=runs_that_took(900, 920, 1000))
FAR = "Running: 5 of 9 tasks finished (55%), 1 failed among them, 2 running, 2 waiting."


def unfinished(
    summary: ExecutionSummary, first: ExecutionSummary, *, same_arguments: bool, doubt: str = "", gone: bool = False
) -> dict[str, Any]:
    """The answer of a wait."""
    return build_unfinished(summary, first, same_arguments=same_arguments, doubt=doubt, gone=gone)


def told(later: ExecutionSummary, first: ExecutionSummary) -> str:
    """The prose, without what it says of the time that is left."""
    prose: str = unfinished(later, first, same_arguments=False)["summary"]
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
    assert unfinished(queued, queued, same_arguments=False) == {
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
    assert unfinished(odd, odd, same_arguments=False) == {
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
    answer = unfinished(summary, FIRST, same_arguments=same_arguments, gone=gone)
    assert answer["nextStep"] == step
    assert answer["summary"].endswith(f" Next: {step}")


def test_what_stands_still_or_does_not_start_is_asked_about() -> None:
    """The answer about the execution says why."""
    stalled = FIRST._replace(timing=FIRST.timing._replace(stalled=5_940.0))
    asks = "Ask get_job_execution "
    step = unfinished(stalled, stalled, same_arguments=False)["nextStep"]
    assert step == f"{asks}why it stands still."
    waiting = FIRST._replace(next_step="Do not wait: something keeps it from starting.")
    step = unfinished(waiting, FIRST, same_arguments=False)["nextStep"]
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
    prose = unfinished(LATER, FIRST, same_arguments=True, doubt="It may be otherwise by now.")["summary"]
    assert prose.startswith(f"It may be otherwise by now. {FAR} New in this wait")
    long = unfinished(LATER, FIRST, same_arguments=True, doubt="x" * 1_000)["summary"]
    assert long.startswith("xxx")
    assert long.endswith("x… Next: Call wait_for_job_execution again with the same arguments.")
    assert len(long.encode()) == 250


LIKELY, RANGE = Estimate(420, 300, 600, "what was"), Estimate(None, 300, 660, "what was")


def with_estimate(estimate: Estimate | None) -> ExecutionSummary:
    """The later look, with this estimate."""
    return LATER._replace(timing=LATER.timing._replace(estimate=estimate))


@pytest.mark.parametrize(
    ("estimate", "left", "timing"),
    [
        (LIKELY, "About 7m left. ", {"timing": {"estimatedRemainingSeconds": 420}}),
        (RANGE, "Anything from 5m to 11m left. ", {"timing": {"estimatedRemainingRange": [300, 660]}}),
        (None, "", {}),
    ],
)
def test_what_is_left_is_told_where_it_is_known(estimate: Estimate | None, left: str, timing: dict[str, Any]) -> None:
    """In both channels."""
    later = with_estimate(estimate)
    later = later._replace(counts=later.counts._replace(running=0, failed=0))
    step = "See with list_job_executions what is left."
    prose = "Running: 4 of 9 tasks finished (44%), 5 waiting. New in this wait: 2 tasks finished. "
    assert unfinished(later, FIRST, same_arguments=True, gone=True) == {
        "summary": f"{prose}{left}Next: {step}",
        "status": "running",
        "done": False,
        "outcome": "in_progress",
        "nextStep": step,
        "tasks": {"total": 9, "succeeded": 4},
        **timing,
        **({} if estimate == RANGE else {"jobId": "resize"}),
        "executionId": "exec-1",
    }


@pytest.mark.parametrize(
    ("status", "told"), [("RUNNING", "running"), ("Who KNOWS\x1b[0m", "Who KNOWS"), ("x" * 41, "x" * 37 + "…")]
)
def test_the_status_is_a_word_of_the_api(status: str, told: str) -> None:
    """In lower case; another one as it came, but clean and in 40 bytes at most."""
    odd = seen(status)
    assert unfinished(odd, odd, same_arguments=True, gone=True)["status"] == told


def test_without_a_status_there_is_none() -> None:
    """Not even an empty one."""
    odd = FIRST._replace(status=ExecutionStatus(None))
    assert "status" not in unfinished(odd, odd, same_arguments=True)


def test_numbers_of_tasks_are_those_that_there_are() -> None:
    """None that succeeded is a number too; none that failed, and none that runs, are not told."""
    numbers = {"total": 9, "succeeded": 4, "failed": 1, "running": 2}
    assert unfinished(LATER, LATER, same_arguments=True, gone=True)["tasks"] == numbers
    none = seen(total=9, success=0, failure=0, running=0)
    assert unfinished(none, none, same_arguments=True)["tasks"] == {"total": 9, "succeeded": 0}
    thousands = seen(total=90_000, success=4_000, failure=1_200)
    few = seen(total=90_000, success=3, failure=0)
    assert "New in this wait: 5,197 tasks finished, 1,200 failed among them." in told(thousands, few)
    assert progress_message(thousands) == "5,200 of 90,000 tasks finished, 1,200 failed"


def test_nothing_new_is_said_where_fewer_have_finished_than_before() -> None:
    """Counts of the API may come late; a failure among those that finished is told only if it is a new one."""
    assert "Nothing new in this wait." in told(FIRST, LATER)
    before, after = seen(total=9, success=2, failure=1), seen(total=9, success=4, failure=1)
    assert "New in this wait: 2 tasks finished. Next" in told(after, before)


def test_an_execution_that_fails_fast_is_not_waited_for() -> None:
    """Then nothing is said of the time that is left."""
    failing = with_estimate(LIKELY)._replace(failing_fast=True)
    prose = unfinished(failing, FIRST, same_arguments=True)["summary"]
    assert prose == (
        f"{FAR} New in this wait: 3 tasks finished, 1 failed among them. "
        "Next: Do not wait: cancel it (cancel_job_execution), and fix the cause first."
    )


def test_the_first_warning_is_told_as_far_as_there_is_room() -> None:
    """Before what is new, and not instead of it."""
    warned = LATER._replace(warnings=["Something is odd.", "Something else is."])
    prose = unfinished(warned, FIRST, same_arguments=True)["summary"]
    assert prose.startswith(f"{FAR} Something is odd. New in this wait")
    assert "else" not in prose
    long = LATER._replace(warnings=["x" * 200])
    assert "xxx" not in unfinished(long, FIRST, same_arguments=True)["summary"]
    assert "New in this wait" in unfinished(long, FIRST, same_arguments=True)["summary"]


@pytest.mark.parametrize(("length", "news"), [(74, "Nothing new in this wait. "), (75, "")])
def test_prose_takes_250_bytes(length: int, news: str) -> None:
    """Inside a JSON string, and no more: beside a warning of that length there is room for what is new."""
    warned = with_estimate(None)._replace(warnings=["w" * length])
    prose = unfinished(warned, warned, same_arguments=False)["summary"]
    assert prose == f"{FAR} {'w' * length} {news}Next: {AGAIN}"
    assert json_size(prose) - 2 == (250 if news else 225)


def test_another_execution_than_was_asked_for_is_told() -> None:
    """And none that is the one."""
    other = LATER._replace(execution_id="exec-9")
    assert unfinished(other, FIRST, same_arguments=True)["summary"].startswith(
        "Blaxel answered about another execution than was asked for. "
    )


def test_an_id_that_is_no_plain_one_is_not_repeated() -> None:
    """The arguments of the call name it."""
    odd = LATER._replace(asked=(JOB, 'exec-1" or latest'))
    assert unfinished(odd, FIRST, same_arguments=False)["nextStep"] == (
        "Call wait_for_job_execution again with the same arguments."
    )


def test_what_is_too_large_leaves_out_what_the_caller_knows() -> None:
    """The job first, the numbers of tasks last, and never more than takes to come down to 400 bytes."""
    order = ["jobId", "outcome", "timing", "executionId", "tasks"]
    later, reached = with_estimate(LIKELY), set()
    for number in (1, 10**11):
        tasks = {"total": 10 * number, "succeeded": number, "failed": number, "running": number}
        values: Any = ["resize", "in_progress", {"estimatedRemainingSeconds": 420}, "exec-1", tasks]
        one = later._replace(counts=later.counts._replace(**tasks))
        for length in range(0, 250, 2):
            answer = unfinished(one, one, same_arguments=True, gone=True, doubt="d" * length)
            left_out = [key for key in order if key not in answer]
            assert left_out == order[: len(left_out)]
            assert json_size(answer) <= 400
            if left_out:
                last = len(left_out) - 1
                assert json_size({**answer, order[last]: values[last]}) > 400
            reached.add(len(left_out))
    assert reached == {2, 3, 4, 5}


def test_in_a_shell_the_next_step_is_a_command() -> None:
    """With the ids that it needs, whichever they were asked by."""
    stalled = FIRST._replace(timing=FIRST.timing._replace(stalled=5_940.0))
    waiting = FIRST._replace(next_step="Do not wait: something keeps it from starting.")
    failing = FIRST._replace(failing_fast=True)
    shell = ShellAdvice(["blaxel-mcp"], "wait_for_job_execution", {"jobId": JOB, "executionId": "latest"}, demo=False)
    with advise(answers=shell, errors=shell):
        steps = [
            unfinished(one, FIRST, same_arguments=False, gone=gone)["nextStep"]
            for one, gone in ((stalled, False), (waiting, False), (failing, False), (FIRST, False), (FIRST, True))
        ]
    assert steps == [
        "Run `blaxel-mcp get resize exec-1` to see why it stands still.",
        "Do not wait: run `blaxel-mcp get resize exec-1` to see what keeps it from starting.",
        "Do not wait: cancel it in the Blaxel console, and fix the cause first.",
        "Follow it with `blaxel-mcp get resize exec-1 --watch`.",
        "Run `blaxel-mcp executions resize` to see what is left.",
    ]
