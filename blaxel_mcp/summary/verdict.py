"""The sentence that comes first in the prose: how the execution stands, and its tasks by state."""

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.detail import Detail
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.wording import format_duration, plural


def render_verdict(summary: ExecutionSummary, detail: Detail) -> str:
    """The verdict. Where an execution ended without a start, it says so instead of counting tasks by state."""
    if not summary.never_started:
        return _verdict(summary, detail)
    total = summary.counts.total
    ended = {"failed": "Failed", "cancelled": "Cancelled", "timed_out": "Timed out"}[summary.status.outcome]
    tasks = "" if not total else "; its one task did not run" if total == 1 else f"; none of its {total:,} tasks ran"
    return f"{ended}: it never started{tasks}."


def _verdict(summary: ExecutionSummary, detail: Detail) -> str:
    counts = summary.counts
    match summary.status.outcome:
        case "succeeded":
            return _succeeded(counts)
        case "failed":
            return _failed(counts)
        case "timed_out":
            after = f" after {format_duration(summary.timing.running)}" if summary.timing.running else ""
            return f"Timed out{after}{_ended_states(counts)}."
        case "cancelled":
            return f"Cancelled{_ended_states(counts)}."
        case "in_progress":
            return _in_progress(summary)
        case _:
            word = summary.status.text
            shown = f"status {detail.quote(word, limits.STATUS_CHARACTERS)}" if word else "no status given"
            return f"Not known to be finished ({shown}){_states(counts)}."


def _failed(counts: TaskCounts) -> str:
    states = _ended_states(counts, first="failed")
    if counts.total is None and not states:
        return "Failed; the API gives no task counts."
    if counts.failed == 0:
        return f"Failed, although no task did{states}."
    return f"Failed{states}."


def _succeeded(counts: TaskCounts) -> str:
    if counts.failed or counts.cancelled or counts.waiting or counts.running:
        return f"Succeeded{_ended_states(counts)}."
    if counts.total is None or counts.succeeded != counts.total:
        return f"Succeeded{_states(counts)}."
    match counts.total:
        case 0:
            return "Succeeded: it had no tasks."
        case 1:
            return f"Succeeded: its one task succeeded{_retried(counts)}."
        case total:
            return f"Succeeded: all {total:,} tasks succeeded{_retried(counts)}."


def _in_progress(summary: ExecutionSummary) -> str:
    counts, status = summary.counts, summary.status
    if status.waiting:
        return _waiting(summary)
    if status.word == "cancelling":
        # What running tasks do is left out where the preface says it, and where none runs.
        none_runs = counts.running == 0 or (counts.total is not None and counts.settled >= counts.total)
        first = "" if summary.preface or none_runs else "; running tasks finish first"
        return f"Being cancelled, not over yet{_states(counts, waiting='will not start')}{first}."
    if not counts.total or counts.settled > counts.total:
        return f"Running{_states(counts)}."
    finished = f"{counts.settled:,} of {plural(counts.total, 'task')} finished"
    ended = " and ".join(_numbers((counts.failed, "failed"), (counts.cancelled, "cancelled")))
    share = f" ({counts.settled * 100 // counts.total}%){f', {ended} among them' if ended else ''}"
    others = _numbers((counts.running, "running"), (counts.waiting, "waiting"))
    return f"Running: {', '.join([finished + share, *others])}{_retried(counts)}."


def _waiting(summary: ExecutionSummary) -> str:
    counts, status, queued = summary.counts, summary.status, summary.timing.queued
    reason = ", waiting until the workspace has capacity" if status.word == "queued" else ", waiting to be started"
    if summary.remarks:  # its tasks say what it waits for
        reason = ""
    waited = f" for {format_duration(queued)}" if queued is not None else ""
    if counts.running or counts.settled:
        tasks = _states(counts)
    else:
        tasks = f" ({plural(counts.total, 'task')})" if counts.total else ""
    return f"Not started yet: {status.word}{waited}{reason}{tasks}."


def _numbers(*numbers: tuple[int | None, str]) -> list[str]:
    return [f"{number:,} {word}" for number, word in numbers if number]


def _retried(counts: TaskCounts) -> str:
    return f" ({counts.retried:,} retried)" if counts.retried else ""


def _ended_states(counts: TaskCounts, *, first: str | None = None) -> str:
    """Tasks by state, for an execution that is over: a task without an end did not come to one."""
    return _states(counts, first=first, running="still running", waiting="did not finish")


def _states(counts: TaskCounts, *, first: str | None = None, running: str = "running", waiting: str = "waiting") -> str:
    """Tasks by state, empty where nothing is known: `: 4 of 12 tasks succeeded, 2 failed, 6 did not finish`.

    Args:
        counts: the tasks by state.
        first: the state to begin with, if that is another than success.
        running: how to call tasks that run.
        waiting: how to call tasks that have not started.
    """
    named = [
        (counts.succeeded, "succeeded"),
        (counts.failed, "failed"),
        (counts.cancelled, "cancelled"),
        (counts.running, running),
        (counts.waiting, waiting),
    ]
    named.sort(key=lambda state: state[1] != first)
    states = [(number, word) for number, word in named if number]
    if not states:
        return f": {plural(counts.total, 'task')}" if counts.total else ""
    number, word = states[0]
    if counts.total is None or number > counts.total:
        head = f"{plural(number, 'task')} {word}"
    elif counts.total == number == 1:
        head = f"its one task {'was ' if word == 'cancelled' else ''}{word}"
    else:
        head = f"{number:,} of {plural(counts.total, 'task')} {word}"
    return f": {', '.join([head, *_numbers(*states[1:])])}{_retried(counts)}"
