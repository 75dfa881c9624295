"""What an execution logged: when to look for it, and which of its lines to show. Pure; every line is untrusted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from typing_extensions import TypedDict

from blaxel_mcp.advice import Advice, advice
from blaxel_mcp.models import ExecutionStatus, JobExecution, LogLine, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean, clean_counting, in_quotes, is_blank
from blaxel_mcp.summary.identity import other_execution
from blaxel_mcp.summary.key_lines import mask_key_lines
from blaxel_mcp.summary.next_step import call_arguments
from blaxel_mcp.summary.wording import drop_empty, format_timestamp, json_size, lower_first, plural, quote, upper_first

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
        severe = self.severity if self.severity != "UNKNOWN" else None
        filters = {
            "taskName": f"of task {quote(self.task, limits.NAME_CHARACTERS)}" if self.task else "",
            "severity": f"of severity {severe} or graver" if severe else "",
            "search": f"with {quote(self.text, limits.NAME_CHARACTERS)}" if self.text else "",
        }
        return drop_empty(filters)


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
    number = max((total or 0) - (len(lines) - len(said)), len(said))
    identity = limits.IDENTITY_CHARACTERS
    omitted, cut = number - len(shown), sum(line.cut for line in shown)
    start, end = format_timestamp(searched.start), format_timestamp(searched.end)
    name = advice().argument
    higher = f"raise {name('limit')}, or " if len(shown) == search.limit < limits.LOG_LINES else ""
    narrower = f"{higher}narrow by {name('taskName')}, {name('search')} or {name('severity')}"
    filtered = "".join(f" {words}" for words in search.filters.values())
    verdict = _verdict(len(shown), number if total is not None else None, filtered)
    sentences = [
        other_execution(execution, (search.job_id, search.execution_id)),
        verdict if shown else f"No lines of log{filtered} were found from {start} to {end}.",
        f"{omitted:,} not shown: {narrower}." if omitted else "",
        f"{plural(cut, 'line')} cut at {limits.LOG_CHARACTERS} characters." if cut else "",
        "" if searched.whole else f"The time before {start} was not searched.",
        _hint(search, ExecutionStatus(execution.status), found=bool(shown)),
        f"Job {quote(search.job_id, identity)}, execution {quote(search.execution_id, identity)}.",
    ]
    summary = " ".join(filter(None, sentences))
    rest = {
        "total": number if total is not None else None,
        "notShown": omitted or None,
        "linesCut": cut or None,
        "searchedFrom": start,
        "searchedTo": end,
        "jobId": clean(search.job_id, identity),
        "executionId": clean(search.execution_id, identity),
    }
    answer = {"summary": summary, "lines": [f"{line.prefix} {line.message}" for line in shown], **drop_empty(rest)}
    return answer, "\n".join([summary, *(f"{line.prefix} {in_quotes(line.message)}" for line in shown)])


def is_long_log(messages: Iterable[str | None]) -> bool:
    """Whether to read these lines holds the event loop for long."""
    return sum(len(message or "") for message in messages) > limits.THREAD_LOG_CHARACTERS


class _Line(NamedTuple):
    """A line as it is shown: date, time and severity, the cleaned text, and whether that was cut."""

    prefix: str
    message: str
    cut: bool


def _fitting(lines: Sequence[tuple[LogLine, str]]) -> Sequence[_Line]:
    """The newest lines that fit, measured as JSON text; no others are read."""
    room = limits.LOG_BYTES - limits.LOG_FRAME_BYTES
    fitting: list[_Line] = []
    for line, text in reversed(lines):
        message, cut = clean_counting(text, limits.LOG_CHARACTERS)
        moment, number = parse_timestamp(line.timestamp), line.severity or 0
        severity = _SEVERITIES[(number - 1) // 4] if 1 <= number <= 4 * len(_SEVERITIES) else "UNKNOWN"
        prefix = f"{moment:%Y-%m-%d %H:%M:%S} {severity}" if moment else f"- {severity}"
        room -= json_size(f"{prefix} {message}") + _AROUND_A_LINE
        if room < 0:
            break
        fitting.append(_Line(prefix, message, cut))
    return fitting[::-1]


def _verdict(shown: int, total: int | None, filtered: str) -> str:
    """How many lines of how many; `total` is `None` where Blaxel does not say, and `filtered` says by what."""
    newest = "The newest" if shown == 1 else f"The newest {shown:,}"
    order = "" if shown == 1 else ", oldest first"
    if total is None:
        return f"{newest} {'line' if shown == 1 else 'lines'} of log{filtered}{order}; there may be more."
    of = f"{newest} of " if total > shown else ""
    return f"{of}{plural(total, 'line')} of log{filtered}{order}."


def _hint(search: LogSearch, status: ExecutionStatus, *, found: bool) -> str:
    """What the reader should know about these lines, or do next."""
    if not found and search.filters:
        return _wider(search)
    if status.waiting:
        return f"The execution is {status.word}: it has not started yet."
    if not status.over:
        return "It is not over, and lines arrive up to a minute late."
    return "" if found else upper_first(log_alternatives(search.job_id, search.execution_id, advice()))


def _wider(search: LogSearch) -> str:
    """Advice to search again without the filters."""
    name = advice().argument
    *others, last = map(name, search.filters)
    again = f"{advice().repeat} again without {', '.join(others)}{' and ' if others else ''}{last}"
    if not search.task:
        return f"{upper_first(again)}."
    many = "" if others else f", and with {name('search')} if there are many lines"
    return f"Whether Blaxel's log knows tasks by this name is not certain: {again}{many}."


def log_alternatives(job_id: str, execution_id: str, words: Advice) -> str:
    """What to do where there are no logs to be had, to follow a comma or a colon."""
    arguments = call_arguments(job_id, execution_id)
    command = f" run `bl logs job {job_id} {execution_id}`," if arguments else ""
    called = lower_first(words.call("get_job_execution", arguments))
    return f"{called} for the reasons of failures,{command} or see the Blaxel console."
