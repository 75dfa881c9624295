"""What an execution logged: when to look for it, and which of its lines to show. Pure; every line is untrusted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from typing_extensions import TypedDict

from blaxel_mcp.advice import Advice, advice
from blaxel_mcp.models import ExecutionStatus, JobExecution, LogLine, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean, clean_counting, is_blank
from blaxel_mcp.summary.identity import other_execution
from blaxel_mcp.summary.key_lines import mask_key_lines
from blaxel_mcp.summary.next_step import call_arguments
from blaxel_mcp.summary.wording import drop_empty, format_timestamp, json_size, lower_first, plural, quote

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_BEFORE, _AFTER = timedelta(seconds=limits.LOG_BEFORE_SECONDS), timedelta(seconds=limits.LOG_AFTER_SECONDS)
_LONGEST = timedelta(seconds=limits.LOG_RANGE_SECONDS)
_AROUND_A_LINE = 5
"""Bytes by which a quoted line in the text is longer than the same line in the object, with what sets lines apart."""
# OpenTelemetry's severity numbers come in fours.
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")


class LogsCore(TypedDict):
    """`structuredContent` of get_job_execution_logs, as far as it is published.

    A line is date and time (UTC), severity and text; the oldest comes first. An answer also has `total`, the number of
    lines that match in the time from `searchedFrom` to `searchedTo`, `notShown`, `linesCut`, `jobId` and `executionId`.
    """

    summary: str
    lines: list[str]


class TimeRange(NamedTuple):
    """The time to search, in UTC and whole seconds; `whole` unless the execution can have logged something before."""

    start: datetime
    end: datetime
    whole: bool = True


@dataclass(frozen=True, slots=True)
class LogSearch:
    """What was looked for: ids (`latest` resolved) and filters as the caller gave them."""

    job_id: str
    execution_id: str
    limit: int
    severity: str | None = None
    text: str | None = None
    task: str | None = None

    @property
    def filters(self) -> dict[str, str]:
        """The tool's arguments that leave lines out, with their values in a sentence."""
        filters = {}
        if self.task:
            filters["taskName"] = f"of task {quote(self.task, limits.NAME_CHARACTERS)}"
        if self.severity and self.severity != "UNKNOWN":
            filters["severity"] = f"of severity {self.severity} or graver"
        if self.text:
            filters["search"] = f"with {quote(self.text, limits.NAME_CHARACTERS)}"
        return filters


def log_time_range(execution: JobExecution, now: datetime) -> TimeRange:
    """When the execution can have logged something, cut to the newest three days.

    Three days is the API's limit for one call. No bound is midnight sharp, which the API is known to misread.
    """
    metadata = execution.metadata
    created, started, completed = (
        moment if moment and moment < now + _DAY else None  # further ahead is no clock that is a little off
        for moment in map(parse_timestamp, (metadata.createdAt, metadata.startedAt, metadata.completedAt))
    )
    begun = created or started
    end = completed + _AFTER if completed and ExecutionStatus(execution.status).over else now
    start = begun - _BEFORE if begun else end - _LONGEST
    if start >= end:  # times out of order, or our clock behind the API's
        end = max(now, start + _BEFORE + _AFTER)
    end = _off_midnight(end.replace(microsecond=0) + _SECOND, _SECOND)
    start = _off_midnight(start.replace(microsecond=0), -_SECOND)
    earliest = _off_midnight(end - _LONGEST, -_SECOND)
    return TimeRange(max(start, earliest), end, whole=start >= earliest or begun is None)


def _off_midnight(moment: datetime, step: timedelta) -> datetime:
    return moment + step if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else moment


def build_logs(
    search: LogSearch,
    execution: JobExecution,
    searched: TimeRange,
    lines: Sequence[LogLine],
    total: int | None,
) -> tuple[dict[str, Any], str]:
    """The answer of get_job_execution_logs, as an object and as text with the lines in quotes.

    Args:
        search: what was looked for.
        execution: whose log it is.
        searched: the time that was searched.
        lines: what was found in it, newest first.
        total: how many lines match, where the API says so.
    """
    # As in `bl logs`, time and text tell lines apart.
    unique = {(line.timestamp or number, line.message): line for number, line in enumerate(lines)}
    found = list(reversed(unique.values()))
    texts = mask_key_lines([line.message or "" for line in found])
    said = [(line, text) for line, text in zip(found, texts, strict=True) if not is_blank(text, limits.LOG_CHARACTERS)]
    shown = _fitting(said[-search.limit :])
    number = max((total or 0) - (len(lines) - len(found)), len(found)) - (len(found) - len(said))
    identity = limits.IDENTITY_CHARACTERS
    omitted, cut = number - len(shown), sum(line.cut for line in shown)
    name = advice().argument
    higher = f"raise {name('limit')}, or " if len(shown) == search.limit < limits.LOG_LINES else ""
    narrower = f"{higher}narrow by {name('taskName')}, {name('search')} or {name('severity')}"
    sentences = [
        other_execution(execution, (search.job_id, search.execution_id)),
        _verdict(search, searched, shown, number, exact=total is not None),
        f"{omitted:,} not shown: {narrower}." if omitted else "",
        f"{plural(cut, 'line')} cut at {limits.LOG_CHARACTERS} characters." if cut else "",
        "" if searched.whole else f"The time before {format_timestamp(searched.start)} was not searched.",
        _hint(search, ExecutionStatus(execution.status), found=bool(shown)),
        f"Job {quote(search.job_id, identity)}, execution {quote(search.execution_id, identity)}.",
    ]
    summary = " ".join(filter(None, sentences))
    rest = {
        "total": number if total is not None else None,
        "notShown": omitted or None,
        "linesCut": cut or None,
        "searchedFrom": format_timestamp(searched.start),
        "searchedTo": format_timestamp(searched.end),
        "jobId": clean(search.job_id, identity),
        "executionId": clean(search.execution_id, identity),
    }
    answer = {"summary": summary, "lines": [f"{line.prefix} {line.message}" for line in shown], **drop_empty(rest)}
    quoted = (f"{line.prefix} {quote(line.message, limits.LOG_CHARACTERS)}" for line in shown)
    return answer, "\n".join([summary, *quoted])


def is_long_log(messages: Iterable[str | None]) -> bool:
    """Whether to read these lines holds the event loop for long."""
    return sum(len(message or "") for message in messages) > limits.THREAD_LOG_CHARACTERS


class _Line(NamedTuple):
    """A line as it is shown: date, time and severity, the cleaned text, and whether that was cut."""

    prefix: str
    message: str
    cut: bool


def _read(line: LogLine, text: str) -> _Line:
    """A line with its message as `text`."""
    message, cut = clean_counting(text, limits.LOG_CHARACTERS)
    moment = parse_timestamp(line.timestamp)
    number = line.severity or 0
    severity = _SEVERITIES[(number - 1) // 4] if 1 <= number <= 4 * len(_SEVERITIES) else "UNKNOWN"
    return _Line(f"{moment.strftime('%Y-%m-%d %H:%M:%S') if moment else '-'} {severity}", message, cut)


def _fitting(lines: Sequence[tuple[LogLine, str]]) -> Sequence[_Line]:
    """The newest lines that fit, measured as JSON text; no others are read."""
    room = limits.LOG_BYTES - limits.LOG_FRAME_BYTES
    fitting: list[_Line] = []
    for line, message in reversed(lines):
        read = _read(line, message)
        room -= json_size(f"{read.prefix} {read.message}") + _AROUND_A_LINE
        if room < 0:
            break
        fitting.append(read)
    return fitting[::-1]


def _verdict(search: LogSearch, searched: TimeRange, shown: Sequence[_Line], total: int, *, exact: bool) -> str:
    """How many lines of how many, and filtered by what."""
    of_what = "".join(f" {filtered}" for filtered in search.filters.values())
    if not shown:
        start, end = format_timestamp(searched.start), format_timestamp(searched.end)
        return f"No lines of log{of_what} were found from {start} to {end}."
    one = len(shown) == 1
    newest = "The newest" if one else f"The newest {len(shown):,}"
    rest = f"of log{of_what}{'' if one else ', oldest first'}"
    if not exact:
        return f"{newest} {'line' if one else 'lines'} {rest}; there may be more."
    return f"{newest} of {plural(total, 'line')} {rest}." if total > len(shown) else f"{plural(total, 'line')} {rest}."


def _hint(search: LogSearch, status: ExecutionStatus, *, found: bool) -> str:
    """What the reader should know about these lines, or do next."""
    if not found and (filters := [*search.filters]):
        name = advice().argument
        *others, last = map(name, filters)
        again = f"{advice().repeat} again without {', '.join(others)}{' and ' if others else ''}{last}"
        if not search.task:
            return f"{again[0].upper()}{again[1:]}."
        many = "" if others else f", and with {name('search')} if there are many lines"
        return f"Whether Blaxel's log knows tasks by this name is not certain: {again}{many}."
    if status.waiting:
        return f"The execution is {status.word}: it has not started yet."
    if not status.over:
        return "It is not over, and lines arrive up to a minute late."
    if found:
        return ""
    alternatives = log_alternatives(search.job_id, search.execution_id, advice())
    return f"{alternatives[0].upper()}{alternatives[1:]}"


def log_alternatives(job_id: str, execution_id: str, words: Advice) -> str:
    """What to do where there are no logs to be had, to follow a comma or a colon."""
    arguments = call_arguments(job_id, execution_id)
    command = f" run `bl logs job {job_id} {execution_id}`," if arguments else ""
    called = lower_first(words.call("get_job_execution", arguments))
    return f"{called} for the reasons of failures,{command} or see the Blaxel console."
