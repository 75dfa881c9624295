"""The prose of an answer: verdict, reasons, warnings, times, next step, identity. A pure function of its arguments."""

import math
import re
from collections.abc import Iterator
from datetime import datetime

from blaxel_mcp.models import ExecutionStatus, JobExecution, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSES, ORIGIN_PHRASES
from blaxel_mcp.summary.detail import Detail, failures_shown, render_remark, warnings_shown
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.frames import is_frame
from blaxel_mcp.summary.history import history_sentence, usual_range
from blaxel_mcp.summary.identity import other_than_asked
from blaxel_mcp.summary.schedule import needs_attention, schedule_sentence
from blaxel_mcp.summary.telling import TellingLine
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.verdict import render_verdict
from blaxel_mcp.summary.wording import format_age, format_duration, format_timestamp, plural

_OVERRIDE_NAMES = 5
"""Overridden variables that the prose names; the object names more."""
_CLASS = re.compile(r"[A-Z][A-Za-z0-9]{2,59}")
"""What the name of an exception's class must look like to stand outside of quotes."""
_LABEL = re.compile(r"(?:Next|Note|Why|Failures|far|Taken|success):", re.IGNORECASE)
"""What a package may not be called to stand there: `Next::RunJobError` would read as a sentence of ours."""


def render(summary: ExecutionSummary, detail: Detail) -> str:
    """The whole prose at one level of detail, as one paragraph."""
    parts = [
        other_execution_sentence(summary, detail),
        summary.preface,
        render_verdict(summary, detail),
        _schedule(summary, urgent=True),
        _failures(summary, detail),
        *_remarks(summary, detail),
        _origin(summary) if detail.asides else "",
        _history(summary, detail) if detail.history else "",
        _warnings(summary, detail),
        _timing(summary, detail),
        summary.taken if detail.history else "",
        _latest(summary, detail) if detail.asides else "",
        _schedule(summary, urgent=False) if detail.asides else "",
        f"Next: {summary.next_step}",
        _identity(summary, detail),
    ]
    return " ".join(part for part in parts if part)


def other_execution_sentence(summary: ExecutionSummary, detail: Detail) -> str:
    """That the API answered about another job or execution than was asked for; empty where it did not."""
    if (summary.job_id, summary.execution_id) == summary.asked:
        return ""
    return other_than_asked(
        (summary.job_id, summary.execution_id),
        summary.asked,
        lambda text: detail.quote(text, detail.name) if detail.name else "",
    )


def _failures(summary: ExecutionSummary, detail: Detail) -> str:
    outcome = summary.status.outcome
    shown, omitted = failures_shown(summary, detail.prose_groups)
    label = {"failed": "Why", "in_progress": "Failures so far"}.get(outcome, "Failures")
    if not shown:
        return _without_failures(summary, detail)
    parts = [_group(group, summary, detail) for group in shown]
    if omitted:
        parts.append(
            f"{plural(omitted, 'task')} for other reasons" if summary.tasks_known else f"{omitted:,} more not read"
        )
    said = f"{label}: {'; '.join(parts)}."
    if summary.evidence and detail.evidence and not any(group.logged for group in summary.failures):
        said += f" {_log(summary.evidence, detail)}"
    return said


def _log(evidence: Evidence, detail: Detail) -> str:
    """What a log says that does not explain a group of failures."""
    verb = "says" if evidence.log.sure else "tells of no error; its last line is"
    return f"The log {verb} {detail.quote(evidence.log.line.text, detail.message, middle=True)}."


def _without_failures(summary: ExecutionSummary, detail: Detail) -> str:
    """What there is to say of the reason where no failed task is known."""
    if summary.evidence is not None:
        return _log(summary.evidence, detail)
    if summary.counts.failed and not summary.tasks_known:
        return "Why they failed is in its task list, which was not read."
    return "The API gives no reason for the failure." if summary.status.outcome == "failed" else ""


def _group(group: FailureGroup, summary: ExecutionSummary, detail: Detail) -> str:
    """Tasks, what happened to them, and the line that tells: `task "a" ran out of memory: "…"`."""
    tasks, reason = _tasks(group, detail), group.reason
    if not reason.text:
        return f"for {tasks} the API gave no reason"
    text, room = reason.text.rstrip(". "), detail.message
    failed = " ".join(filter(None, (tasks, CAUSES[group.cause].happened)))
    raised = _exception(reason) if group.cause in {"exit_code", "unknown"} else ""
    if raised and len(raised) <= detail.message // 2:
        room -= len(raised)
        failed = f"the program raised {raised} in {tasks}"
        text = _without_class(text, raised)
    said = f": {detail.quote(text, room, middle=True)}" if text else ""
    known = reason.frame.partition(":")[0] in text
    frame = f" ({reason.frame})" if detail.asides and is_frame(reason.frame) and not known else ""
    return f"{failed}{said}{frame}{_source(group, summary, detail)}"


def _exception(reason: TellingLine) -> str:
    """The exception's class with its package, as the line has it; empty unless the name can only be a class."""
    if not _CLASS.fullmatch(reason.error) or reason.error in {"Error", "Exception"}:
        return ""  # the two are what many tools write before whatever they have to say
    found = re.search(rf"(?:[A-Za-z_]\w{{0,40}}(?:\.|::)){{0,5}}{reason.error}\b", reason.text, re.ASCII)
    return found[0] if found and not _LABEL.search(found[0]) else reason.error


def _without_class(text: str, raised: str) -> str:
    """What a line says besides the class of the exception that it begins with, or has in parentheses at its end."""
    _, named, said = text.partition(f"{raised}:")
    return (said if named else text.removesuffix(f"({raised})").removeprefix(raised)).strip()


def _tasks(group: FailureGroup, detail: Detail) -> str:
    """The tasks of a group: `3 tasks ("a", "b", "c")`, or the name of the only one."""
    names = [detail.quote(name, detail.name) for name in group.tasks[: detail.task_names]]
    if group.count == 1 and names:
        return f"task {names[0]}"
    more = ", …" if len(names) < group.count and names else ""
    return plural(group.count, "task") + (f" ({', '.join(names)}{more})" if names else "")


def _source(group: FailureGroup, summary: ExecutionSummary, detail: Detail) -> str:
    """Where the words come from, if that is the log of one of the tasks: it need not be why the others failed."""
    if group.logged is None or summary.evidence is None:
        return ""
    task = summary.evidence.task
    if group.count == 1 or not task:
        return ", says the log"
    named = detail.quote(task, detail.name) if detail.task_names else "one of them"
    return f", says the log of {named}, the only one read"


def _remarks(summary: ExecutionSummary, detail: Detail) -> Iterator[str]:
    """What tasks say that neither failed nor succeeded."""
    return (render_remark(remark, detail) for remark in summary.remarks[: detail.remarks])


def _origin(summary: ExecutionSummary) -> str:
    phrase = ORIGIN_PHRASES[summary.origin] if summary.origin and summary.done else ""
    return f"{phrase[0].upper()}{phrase[1:]}." if phrase else ""


def _history(summary: ExecutionSummary, detail: Detail) -> str:
    """Whether the result is new for the job, and what else is new since the last success."""
    if summary.history is None:
        return ""
    sentences = [history_sentence(summary.history, summary.now)]
    if summary.history.changes and detail.history:
        sentences.append(f"Unlike the last success: {', '.join(summary.history.changes)}")
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def _warnings(summary: ExecutionSummary, detail: Detail) -> str:
    shown = warnings_shown(summary, detail)
    return f"Note: {' '.join(shown)}" if shown else ""


def _timing(summary: ExecutionSummary, detail: Detail) -> str:
    sentences = [
        _course(summary, detail),
        _time_left(summary.timing, detail) if summary.status.word == "running" and not summary.failing_fast else "",
        _task_times(summary, detail) if detail.asides else "",
    ]
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences if sentence)


def _course(summary: ExecutionSummary, detail: Detail) -> str:
    """The execution's life from its creation to its end, or to now."""
    timing = summary.timing
    queued = ""
    if timing.started and timing.queued and timing.queued >= limits.QUEUED_SHOWN_SECONDS:
        queued = f" after {format_duration(timing.queued)} queued"
    if summary.done:
        ran = ""
        if timing.running is not None:
            ran = f"ran {format_duration(timing.running)}{_usually(summary)}{queued}"
        if summary.status.outcome == "timed_out":  # the verdict has it
            ran = _usually(summary).strip(" ()").replace("usually", "usually it takes", 1)
        return "; ".join(part for part in (ran, _ended(summary, detail)) if part)
    if timing.running is not None:
        if summary.status.word in {"running", "cancelling"}:
            return f"running for {format_duration(timing.running)}{queued}"
        if timing.completed:  # how one with an unknown word ended is not known, only that it did
            return f"ran {format_duration(timing.running)}{queued}; {_ended(summary, detail)}"
        return f"started {format_duration(timing.running)} ago{queued}"
    age = "" if timing.queued is not None else format_age(timing.created, summary.now)
    return f"created{age}" if age else ""


def _usually(summary: ExecutionSummary) -> str:
    """The range of the job's durations, if this one is far outside of it."""
    history = summary.history
    if history is None or history.usual is None or history.unusual_seconds is None:
        return ""
    low, high = map(format_duration, usual_range(history.usual))
    return f" (usually {low})" if low == high else f" (usually {low} to {high})"


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
    left, low, high = f"time left: {estimate.left}", format_duration(estimate.low), format_duration(estimate.high)
    if not detail.asides:
        return left
    about = f" ({low} to {high})" if estimate.seconds is not None and low != high else ""
    return f"{left}{about}, judging by {estimate.basis}"


def _task_times(summary: ExecutionSummary, detail: Detail) -> str:
    timing, parts = summary.timing, []
    if timing.slowest and timing.stands_out:
        named = f" ({detail.quote(timing.slowest.name, detail.name)})" if timing.slowest.name else ""
        parts.append(f"slowest task {format_duration(timing.slowest.seconds)}{named}")
        if timing.median is not None:
            parts.append(f"median {format_duration(timing.median)}")
    return ", ".join([*parts, *_timeouts(summary)])


def _timeouts(summary: ExecutionSummary) -> Iterator[str]:
    """Each timeout of which more than half is used, with the share by every reading of what it bounds.

    While it is not over, one that is nearly used up is a warning, and not said here again.
    """
    timing, longest = summary.timing, summary.timing.longest
    least, most = limits.TIMEOUT_SHOWN_SHARE, math.inf if summary.done else limits.TIMEOUT_SHARE
    own = longest.timeout if longest and longest.timeout != timing.timeout else None
    if longest and own and least < longest.seconds / own < most:
        yield f"the longest task used {_percent(longest.seconds, own)} of its timeout of {format_duration(own)}"
    if not timing.timeout:
        return
    shares = []
    if timing.running is not None and (summary.done or timing.running <= timing.timeout):
        shares.append((timing.running / timing.timeout, f"{_percent(timing.running, timing.timeout)} used by the run"))
    if longest and not own:
        used = _percent(longest.seconds, timing.timeout)
        shares.append((longest.seconds / timing.timeout, f"{used} by its longest task"))
    highest = max((share for share, _ in shares), default=0)
    # The verdict of one that timed out has the time it ran.
    told = summary.status.outcome == "timed_out" and highest >= limits.TIMEOUT_REACHED_SHARE
    if least < highest < most and not told:
        used = ", ".join(text for _, text in shares)
        yield f"timeout {format_duration(timing.timeout)}{f' ({used})' if used else ''}"


def _percent(part: float, whole: int) -> str:
    share = int(part * 100 // whole)
    return f"{share}%" if share < 1000 else "over 1,000%"  # noqa: PLR2004 - longer numbers say no more


def _schedule(summary: ExecutionSummary, *, urgent: bool) -> str:
    """How the job keeps its schedule; that an execution is missing comes before all else about the newest one."""
    check = summary.schedule
    if check is None or needs_attention(check) != urgent:
        return ""
    return schedule_sentence(check, summary.now)


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
    word = status.word if status.known else f"of status {detail.quote(status.text or '', limits.STATUS_CHARACTERS)}"
    if not status.text:
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
