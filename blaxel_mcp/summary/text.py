"""The prose of an answer: verdict, why, doubts, timing, next step, identity. A pure function of its arguments."""

from collections.abc import Sequence
from dataclasses import dataclass

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import WORDS
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.execution import ExecutionSummary, Previous, outcome_of
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import format_duration, format_timestamp, plural, quote


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of what can grow is shown: characters of messages and ids, numbers of the rest."""

    message: int = limits.MESSAGE_CHARACTERS
    groups: int = limits.FAILURE_GROUPS
    names: int = limits.TASK_NAMES
    name: int = limits.NAME_CHARACTERS
    warnings: int = 6
    identity: int = limits.IDENTITY_CHARACTERS
    overrides: int = limits.OVERRIDE_NAMES


def render(summary: ExecutionSummary, detail: Detail) -> str:
    """The whole prose at this level of detail, one paragraph."""
    parts = [
        summary.preface,
        _verdict(summary, detail),
        _why(summary, detail),
        _doubts(summary.warnings, detail),
        _timing(summary, detail),
        _latest(summary, detail),
        f"Next: {summary.next_step}",
        _identity(summary, detail),
    ]
    return " ".join(part for part in parts if part)


def failures_shown(summary: ExecutionSummary, detail: Detail) -> tuple[Sequence[FailureGroup], int]:
    """The groups that are shown, and how many failed tasks are in the others."""
    shown, others = summary.failures[: detail.groups], summary.failures[detail.groups :]
    return shown, summary.failures_omitted + sum(group.count for group in others)


def warnings_shown(warnings: Sequence[str], detail: Detail) -> list[str]:
    """The warnings that are shown; what is left out is counted in a last one."""
    shown = list(warnings[: detail.warnings])
    if left := len(warnings) - len(shown):
        shown.append(f"{plural(left, 'more doubt')} left out for brevity.")
    return shown


def _verdict(summary: ExecutionSummary, detail: Detail) -> str:
    counts = summary.counts
    match summary.outcome:
        case "succeeded":
            return (
                f"{_succeeded(counts)} A task succeeds when its process exits 0; whether the work is right, logs show."
            )
        case "failed":
            return _failed(counts)
        case "timed_out":
            after = f" after {format_duration(summary.timing.running)}" if summary.timing.running else ""
            return f"Timed out{after}{_states(counts, running='still running', waiting='did not finish')}."
        case "cancelled":
            return f"Cancelled{_states(counts, running='still running', waiting='did not finish')}."
        case "in_progress":
            return _in_progress(summary)
        case _:
            shown = quote(summary.status, min(limits.STATUS_CHARACTERS, detail.identity))
            word = f"status {shown}" if summary.status else "no status given"
            return f"Not known to be finished ({word}){_states(counts)}."


def _failed(counts: TaskCounts) -> str:
    states = _states(counts, first="failed", running="still running", waiting="did not finish")
    if counts.total is None and not states:
        return "Failed; the API gives no task counts."
    if counts.failed == 0:
        return f"Failed, although no task did{states}."
    return f"Failed{states}."


def _succeeded(counts: TaskCounts) -> str:
    if counts.failed or counts.cancelled or counts.waiting or counts.running:
        states = _states(counts, running="still running", waiting="did not finish")
        return f"Succeeded by its status, but not in every task{states}."
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
    match status:
        case "queued" | "pending":
            why = "waiting until the workspace has capacity" if status == "queued" else "waiting to be started"
            queued = summary.timing.queued
            # Longer waits are a warning, which has the number; here it would be said twice.
            waited = f" for {format_duration(queued)}" if queued is not None and queued < limits.QUEUED_SECONDS else ""
            active = bool(counts.running or counts.settled)
            size = _states(counts) if active else f" ({plural(counts.total, 'task')})" if counts.total else ""
            return f"Not started yet: {status}{waited}, {why}{size}."
        case "cancelling":
            states = _states(counts, waiting="will not start")
            # Not where it was said already, or where none runs.
            none_runs = counts.running == 0 or (counts.total is not None and counts.settled >= counts.total)
            first = "" if summary.preface or none_runs else "; running tasks finish first"
            return f"Being cancelled, not over yet{states}{first}."
        case _ if counts.total and counts.settled <= counts.total:
            share = f" ({counts.settled * 100 // counts.total}%)"
            parts = ((counts.failed, "failed"), (counts.cancelled, "cancelled"))
            ended = [f"{number:,} {word}" for number, word in parts if number]
            of_them = f", {' and '.join(ended)} among them" if ended else ""
            parts = ((counts.running, "running"), (counts.waiting, "waiting"))
            others = "".join(f", {number:,} {word}" for number, word in parts if number)
            done = f"{counts.settled:,} of {plural(counts.total, 'task')} finished"
            return f"Running: {done}{share}{of_them}{others}{_retried(counts)}."
        case _:
            return f"Running{_states(counts)}."


def _retried(counts: TaskCounts) -> str:
    return f" ({counts.retried:,} retried)" if counts.retried else ""


def _states(counts: TaskCounts, *, first: str = "succeeded", running: str = "running", waiting: str = "waiting") -> str:
    """`: 4 of 12 tasks succeeded, 2 failed, 6 did not finish (1 retried)`; empty where nothing is known.

    `first` is the state to begin with, the others are the words for tasks that had not ended.
    """
    named = [
        (counts.succeeded, "succeeded"),
        (counts.failed, "failed"),
        (counts.cancelled, "cancelled"),
        (counts.running, running),
        (counts.waiting, waiting),
    ]
    named.sort(key=lambda state: state[1] != first)
    said = [(number, word) for number, word in named if number]
    if not said:
        return f": {plural(counts.total, 'task')}" if counts.total else ""
    (number, word), *rest = said
    if counts.total is None or number > counts.total:
        head = f"{plural(number, 'task')} {word}"
    elif counts.total == number == 1:
        head = f"its one task {word}"
    else:
        head = f"{number:,} of {plural(counts.total, 'task')} {word}"
    return f": {head}{''.join(f', {number:,} {word}' for number, word in rest)}{_retried(counts)}"


def _why(summary: ExecutionSummary, detail: Detail) -> str:
    shown, omitted = failures_shown(summary, detail)
    if not shown:
        return "The API gives no reason for the failure." if summary.outcome == "failed" else ""
    parts = [_group(group, detail) for group in shown]
    if omitted:
        parts.append(f"{plural(omitted, 'task')} for other reasons")
    label = {"failed": "Why", "in_progress": "Failures so far"}.get(summary.outcome, "Failures")
    return f"{label}: {'; '.join(parts)}."


def _group(group: FailureGroup, detail: Detail) -> str:
    names = [quote(name, detail.name) for name in group.tasks[: detail.names]]
    more = ", …" if len(names) < group.count and names else ""
    who = plural(group.count, "task") + (f" ({', '.join(names)}{more})" if names else "")
    words = WORDS[group.cause]
    what = f"{words} {'of' if group.cause == 'cancelled' else 'in'} {who}" if words else who
    return f"{what}: {quote(group.message, detail.message)}" if group.message else f"{what}, the API gave no reason"


def _doubts(warnings: Sequence[str], detail: Detail) -> str:
    shown = warnings_shown(warnings, detail)
    return f"Note: {' '.join(shown)}" if shown else ""


def _timing(summary: ExecutionSummary, detail: Detail) -> str:
    sentences = [_course(summary)]
    if summary.status == "running":
        sentences.append(_left(summary.timing))
    sentences.append(_tasks(summary, detail))
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences if sentence)


def _course(summary: ExecutionSummary) -> str:
    """From creation to the end, or to now."""
    timing = summary.timing
    queued = f" after {format_duration(timing.queued)} queued" if timing.started and timing.queued else ""
    if summary.done:
        ran = f"ran {format_duration(timing.running)}{queued}" if timing.running is not None else ""
        return "; ".join(part for part in (ran, _ended(summary)) if part)
    if timing.running is not None:
        if summary.status in {"running", "cancelling"}:
            return f"running for {format_duration(timing.running)}{queued}"
        return f"started {format_duration(timing.running)} ago{queued}"
    if timing.created and timing.queued is None and timing.created <= summary.now:
        return f"created {format_duration((summary.now - timing.created).total_seconds())} ago"
    return ""


def _ended(summary: ExecutionSummary) -> str:
    completed = summary.timing.completed
    if completed is None:
        return ""
    ago = (summary.now - completed).total_seconds()
    return (
        f"ended {format_duration(ago)} ago ({format_timestamp(completed)})"
        if ago >= 0
        else f"ended {format_timestamp(completed)}"
    )


def _left(timing: Timing) -> str:
    estimate = timing.estimate
    if estimate is None:
        return "time left: no basis for an estimate"
    low, high = format_duration(estimate.low), format_duration(estimate.high)
    between = f"about {low}" if low == high else f"{low} to {high}"
    return f"time left: {between}, judging by {estimate.basis}"


def _tasks(summary: ExecutionSummary, detail: Detail) -> str:
    timing = summary.timing
    parts = []
    if timing.slowest is not None:
        named = f" ({quote(timing.slowest.name, detail.name)})" if timing.slowest.name else ""
        parts.append(f"slowest task {format_duration(timing.slowest.seconds)}{named}")
    if timing.median is not None:
        parts.append(f"median {format_duration(timing.median)}")
    if timing.timeout:
        parts.append(f"timeout {format_duration(timing.timeout)}{_share(summary)}")
    return ", ".join(parts)


def _share(summary: ExecutionSummary) -> str:
    """How much of the timeout is used, by the clock that is meant: a task's where tasks are known."""
    timing = summary.timing
    if not timing.timeout or summary.outcome == "timed_out":
        return ""
    if timing.longest is not None:
        return f" ({_percent(timing.longest, timing.timeout)} used by the longest task)"
    if timing.running is not None:
        return f" ({_percent(timing.running, timing.timeout)} used, if it is for the whole execution)"
    return ""


def _percent(part: float, whole: int) -> str:
    share = int(part * 100 // whole)
    return f"{share}%" if share < 1000 else "over 1,000%"  # noqa: PLR2004 - longer numbers say no more


def _latest(summary: ExecutionSummary, detail: Detail) -> str:
    if summary.latest is None:
        return ""
    created = summary.timing.created
    ago = (summary.now - created).total_seconds() if created else -1
    said = f"This is the job's newest execution{f', created {format_duration(ago)} ago' if ago >= 0 else ''}."
    previous = summary.latest.previous
    return f"{said} {_previous(previous, summary, detail)}" if previous else said


def _previous(previous: Previous, summary: ExecutionSummary, detail: Detail) -> str:
    named = f", {quote(previous.execution_id, detail.name)}," if previous.execution_id else ""
    word = clean(previous.status, limits.STATUS_CHARACTERS)
    if not word:
        return f"The one before{named} has no status."
    if outcome_of(word) in {"in_progress", "unknown"}:
        return f"The one before{named} is {word}."
    ago = (summary.now - previous.ended).total_seconds() if previous.ended else -1
    return f"The one before{named} ended as {word}{f' {format_duration(ago)} ago' if ago >= 0 else ''}."


def _identity(summary: ExecutionSummary, detail: Detail) -> str:
    parts = [
        f"job {quote(summary.job_id, detail.identity)}",
        f"execution {quote(summary.execution_id, detail.identity)}",
    ]
    if summary.workspace:
        parts.append(f"workspace {quote(summary.workspace, detail.identity)}")
    if summary.parallelism:
        parts.append(f"{summary.parallelism:,} at a time")
    if summary.memory_mb:
        parts.append(f"{summary.memory_mb:,} MB")
    if summary.override_names and detail.overrides:
        names = [quote(name, detail.name) for name in summary.override_names[: detail.overrides]]
        more = len(summary.override_names) - len(names)
        parts.append(f"overrides {', '.join(names)}{f' and {more} more' if more else ''}")
    elif summary.override_names:
        parts.append(plural(len(summary.override_names), "override"))
    text = ", ".join(parts) + "."
    return text[0].upper() + text[1:]
