"""The prose of an answer: verdict, reasons, warnings, times, next step, identity. A pure function of its arguments."""

from collections.abc import Iterator
from datetime import datetime

from blaxel_mcp.models import ExecutionStatus, JobExecution, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSE_LABELS
from blaxel_mcp.summary.detail import Detail, failures_shown, warnings_shown
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.frames import is_frame
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.verdict import render_verdict
from blaxel_mcp.summary.wording import format_age, format_duration, format_timestamp, plural

_OVERRIDE_NAMES = 5
"""Overridden variables that the prose names; the object names more."""


def render(summary: ExecutionSummary, detail: Detail) -> str:
    """The whole prose at one level of detail, as one paragraph."""
    parts = [
        summary.preface,
        render_verdict(summary, detail),
        _failures(summary, detail),
        _warnings(summary, detail),
        _timing(summary, detail),
        _latest(summary, detail) if detail.asides else "",
        f"Next: {summary.next_step}",
        _identity(summary, detail),
    ]
    return " ".join(part for part in parts if part)


def _failures(summary: ExecutionSummary, detail: Detail) -> str:
    outcome = summary.status.outcome
    shown, omitted = failures_shown(summary, detail.prose_groups)
    if not shown:
        return "The API gives no reason for the failure." if outcome == "failed" else ""
    parts = [_group(group, detail) for group in shown]
    if omitted:
        parts.append(f"{plural(omitted, 'task')} for other reasons")
    label = {"failed": "Why", "in_progress": "Failures so far"}.get(outcome, "Failures")
    return f"{label}: {'; '.join(parts)}."


def _group(group: FailureGroup, detail: Detail) -> str:
    names = [detail.quote(name, detail.name) for name in group.tasks[: detail.task_names]]
    more = ", …" if len(names) < group.count and names else ""
    tasks = plural(group.count, "task") + (f" ({', '.join(names)}{more})" if names else "")
    label = CAUSE_LABELS[group.cause]
    failed = f"{label} {'of' if group.cause == 'cancelled' else 'in'} {tasks}" if label else tasks
    if not group.line.text:
        return f"{failed}, the API gave no reason"
    place = f" ({group.line.frame})" if is_frame(group.line.frame) and detail.asides else ""
    return f"{failed}: {detail.quote(group.line.text, detail.message, middle=True)}{place}"


def _warnings(summary: ExecutionSummary, detail: Detail) -> str:
    shown = warnings_shown(summary, detail)
    return f"Note: {' '.join(shown)}" if shown else ""


def _timing(summary: ExecutionSummary, detail: Detail) -> str:
    sentences = [
        _course(summary, detail),
        _time_left(summary.timing, detail) if summary.status.word == "running" else "",
        _task_times(summary, detail) if detail.asides else "",
    ]
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences if sentence)


def _course(summary: ExecutionSummary, detail: Detail) -> str:
    """The execution's life from its creation to its end, or to now."""
    timing = summary.timing
    queued = ""
    if detail.asides and timing.started and timing.queued:
        queued = f" after {format_duration(timing.queued)} queued"
    if summary.done:
        ran = f"ran {format_duration(timing.running)}{queued}" if timing.running is not None else ""
        return "; ".join(part for part in (ran, _ended(summary, detail)) if part)
    if timing.running is not None:
        if summary.status.word in {"running", "cancelling"}:
            return f"running for {format_duration(timing.running)}{queued}"
        return f"started {format_duration(timing.running)} ago{queued}"
    age = "" if timing.queued is not None else format_age(timing.created, summary.now)
    return f"created{age}" if age else ""


def _ended(summary: ExecutionSummary, detail: Detail) -> str:
    completed = summary.timing.completed
    if completed is None:
        return ""
    age = format_age(completed, summary.now)
    if not age:
        return f"ended {format_timestamp(completed)}"
    return f"ended{age}{f' ({format_timestamp(completed)})' if detail.asides else ''}"


def _time_left(timing: Timing, detail: Detail) -> str:
    estimate = timing.estimate
    if estimate is None:
        return "time left: no basis for an estimate"
    if not detail.asides:
        return f"time left: about {format_duration(estimate.seconds)}"
    low, high = format_duration(estimate.low), format_duration(estimate.high)
    return f"time left: {f'about {low}' if low == high else f'{low} to {high}'}, judging by {estimate.basis}"


def _task_times(summary: ExecutionSummary, detail: Detail) -> str:
    timing = summary.timing
    parts = []
    if timing.slowest is not None:
        named = f" ({detail.quote(timing.slowest.name, detail.name)})" if timing.slowest.name else ""
        parts.append(f"slowest task {format_duration(timing.slowest.seconds)}{named}")
    if timing.median is not None:
        parts.append(f"median {format_duration(timing.median)}")
    if timing.timeout:
        parts.append(f"timeout {format_duration(timing.timeout)}{_share_used(summary)}")
    return ", ".join(parts)


def _share_used(summary: ExecutionSummary) -> str:
    """How much of the timeout is used, by the clock that is meant: a task's where tasks are known."""
    timing = summary.timing
    if not timing.timeout or summary.status.outcome == "timed_out":
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
    age = format_age(summary.timing.created, summary.now)
    newest = f"This is the job's newest execution{f', created{age}' if age else ''}."
    previous = summary.latest.previous
    return f"{newest} {_previous(previous, summary.now, detail)}" if previous else newest


def _previous(previous: JobExecution, now: datetime, detail: Detail) -> str:
    status, metadata = ExecutionStatus(previous.status), previous.metadata
    named = f", {detail.quote(metadata.id, detail.name)}," if metadata.id else ""
    word = detail.cut(status.word, limits.STATUS_CHARACTERS)
    if not word:
        return f"The one before{named} has no status."
    if not status.over:
        return f"The one before{named} is {word}."
    return f"The one before{named} ended as {word}{format_age(parse_timestamp(metadata.completedAt), now)}."


def _identity(summary: ExecutionSummary, detail: Detail) -> str:
    job_id, execution_id = summary.asked
    parts = [
        f"{noun} {detail.quote(text, detail.identity)}"
        for noun, text, asked in (
            ("job", summary.job_id, job_id),
            ("execution", summary.execution_id, execution_id),
            ("workspace", summary.workspace, ""),
        )
        # Where room is short, ids that the next step quotes are not repeated.
        if text and (detail.asides or f'"{asked}"' not in summary.next_step)
    ]
    if detail.asides:
        parts += _configuration(summary, detail)
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _configuration(summary: ExecutionSummary, detail: Detail) -> Iterator[str]:
    if summary.parallelism:
        yield f"{summary.parallelism:,} at a time"
    if summary.memory_mb:
        yield f"{summary.memory_mb:,} MB"
    if names := [detail.quote(name, detail.name) for name in summary.override_names[:_OVERRIDE_NAMES]]:
        omitted = len(summary.override_names) - len(names)
        yield f"overrides {', '.join(names)}{f' and {omitted} more' if omitted else ''}"
