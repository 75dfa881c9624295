"""The small answer of a wait whose time was up first: how far, what is new, and whether to go on waiting."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from blaxel_mcp.advice import advice
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.detail import MINIMAL, TIGHT
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.next_step import call_arguments, is_plain_id
from blaxel_mcp.summary.text import other_execution_sentence
from blaxel_mcp.summary.verdict import render_verdict
from blaxel_mcp.summary.wording import drop_empty, json_size, lower_first, plural, truncate_bytes

if TYPE_CHECKING:
    from blaxel_mcp.summary.estimate import Estimate

_LEFT_OUT_FIRST: Sequence[str] = ("jobId", "outcome", "timing", "executionId", "tasks")
"""What an answer that is too large does without, in this order."""


def build_unfinished(
    summary: ExecutionSummary, first: ExecutionSummary, *, same_arguments: bool, doubt: str, gone: bool
) -> dict[str, Any]:
    """The object that travels as `structuredContent`; its `summary` is the prose.

    Args:
        summary: the execution as it was seen last.
        first: the execution as it was when the wait began.
        same_arguments: whether the arguments of the call name this execution, and may not name another one later.
        doubt: a sentence of ours on why that is not how it stands now.
        gone: whether the execution cannot be found any more.
    """
    step = _next_step(summary, same_arguments=same_arguments, gone=gone)
    counts, status, estimate = summary.counts, summary.status, summary.timing.estimate
    numbers = {
        "total": counts.total,
        "succeeded": counts.succeeded,
        "failed": counts.failed or None,
        "running": counts.running or None,
    }
    facts: dict[str, Any] = {
        "summary": _prose(summary, first, step, doubt),
        "status": status.word if status.known else MINIMAL.cut(status.text or "", limits.STATUS_CHARACTERS),
        "done": False,
        "outcome": status.outcome,
        "nextStep": step,
        "tasks": drop_empty(numbers),
        "timing": _time_left(estimate) if estimate else None,
        "jobId": MINIMAL.cut(summary.job_id, MINIMAL.identity),
        "executionId": MINIMAL.cut(summary.execution_id, MINIMAL.identity),
    }
    answer = drop_empty(facts)
    for key in _LEFT_OUT_FIRST:
        if json_size(answer) <= limits.WAIT_STRUCTURE_BYTES:
            break
        answer.pop(key, None)
    return answer


def _prose(summary: ExecutionSummary, first: ExecutionSummary, step: str, doubt: str) -> str:
    """Doubt, how far, warning, what is new and what is left, as far as they fit, and always the next step."""
    estimate = summary.timing.estimate
    left = f"{estimate.left.capitalize()} left." if estimate and not summary.failing_fast else ""
    warning = summary.warnings[0] if summary.warnings else ""
    said, end = "", f"Next: {step}"
    room = limits.WAIT_PROSE_BYTES - json_size(end) + len('""')
    other = other_execution_sentence(summary, MINIMAL)
    for sentence in (doubt, other, render_verdict(summary, TIGHT), warning, _news(summary, first), left):
        longer = f"{said}{sentence} " if sentence else said
        if json_size(longer) - len('""') <= room:
            said = longer
        elif not said:  # the verdict of an execution with an odd status, or a long doubt
            said = f"{truncate_bytes(sentence, room - 1)} "
    return f"{said}{end}"


def _time_left(estimate: "Estimate") -> dict[str, Any]:
    """The likely seconds left, else the range of them, under the keys of the whole answer."""
    if estimate.seconds is None:
        return {"estimatedRemainingRange": [estimate.low, estimate.high]}
    return {"estimatedRemainingSeconds": estimate.seconds}


def _news(summary: ExecutionSummary, first: ExecutionSummary) -> str:
    """What happened since the wait began: `New in this wait: 3 tasks finished, 1 failed among them.`."""
    if summary.status.word != first.status.word:
        was = first.status.word if first.status.known else "of another status"
        return f"It was {was} when this wait began."
    settled = summary.counts.settled - first.counts.settled
    failed = (summary.counts.failed or 0) - (first.counts.failed or 0)
    if settled <= 0:
        return "Nothing new in this wait."
    among = f", {failed:,} failed among them" if failed > 0 else ""
    return f"New in this wait: {plural(settled, 'task')} finished{among}."


def progress_message(summary: ExecutionSummary) -> str:
    """How far an execution is, in a few words for a progress bar: `12 of 40 tasks finished, 1 failed`."""
    counts = summary.counts
    if summary.status.waiting or not counts.total:
        return summary.status.word if summary.status.known else "not finished"
    failed = f", {counts.failed:,} failed" if counts.failed else ""
    return f"{counts.settled:,} of {plural(counts.total, 'task')} finished{failed}"


def _next_step(summary: ExecutionSummary, *, same_arguments: bool, gone: bool) -> str:
    arguments = call_arguments(*summary.asked)
    if gone:
        return f"{advice().see('list_job_executions', {}, 'what is left')}."
    if summary.failing_fast:
        return f"Do not wait: {lower_first(advice().cancel({}))}, and fix the cause first."
    if summary.timing.stalled is not None:
        return f"{advice().ask('get_job_execution', arguments, 'why it stands still')}."
    if summary.next_step.startswith("Do not wait"):
        asking = advice().ask("get_job_execution", arguments, "what keeps it from starting")
        return f"Do not wait: {lower_first(asking)}."
    execution_id = summary.asked[1]
    same = same_arguments or not is_plain_id(execution_id)
    return advice().wait_again({} if same else {"executionId": execution_id})
