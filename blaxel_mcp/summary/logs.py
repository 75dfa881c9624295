"""What an execution logged: when to look for it, and which of its lines to show. Pure; every line is untrusted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple, NotRequired, cast

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus, JobExecution, LogLine, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.next_step import is_plain_id
from blaxel_mcp.summary.wording import format_timestamp, json_size, plural, quote

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
# OpenTelemetry's severity numbers come in fours.
_WORDS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")


class LogsCore(TypedDict):
    """What is published of the answer; clients pay for every key of a schema in every conversation."""

    summary: str
    lines: list[str]


class LogsAnswer(LogsCore):
    """`structuredContent`. Lines are `time severity text`, oldest first, in UTC, on `date` if it is given."""

    date: NotRequired[str]
    total: NotRequired[int]
    notShown: NotRequired[int]
    linesCut: NotRequired[int]
    searchedFrom: str
    searchedTo: str
    jobId: str
    executionId: str


class Piece(NamedTuple):
    """A stretch of time that one call to the API covers, in UTC and whole seconds."""

    start: datetime
    end: datetime


class Lines(NamedTuple):
    """What one call found: lines, newest first, and how many there are in all where that is said."""

    found: Sequence[LogLine]
    total: int | None


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for; texts and ids as the caller gave them, `latest` resolved."""

    job_id: str
    execution_id: str
    limit: int
    severity: str | None = None
    text: str | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    moment: datetime | None
    severity: str
    message: str
    cut: bool

    def told(self, *, dated: bool) -> str:
        """The time, if there is one, and the severity."""
        form = "%Y-%m-%d %H:%M:%S" if dated else "%H:%M:%S"
        return f"{self.moment.strftime(form) if self.moment else '-'} {self.severity}"


def pieces(execution: JobExecution, now: datetime) -> tuple[list[Piece], bool]:
    """The execution's time, split to the API's limit, the newest piece first, and whether that is all of it.

    No bound is at midnight sharp, which the API is known to misread; pieces share their bounds, so that no line falls
    between two.
    """
    created, started, completed = (
        moment if moment and moment < now + _DAY else None  # further ahead is no clock that is a little off
        for moment in map(
            parse_timestamp,
            (execution.metadata.createdAt, execution.metadata.startedAt, execution.metadata.completedAt),
        )
    )
    begun = created or started
    done = ExecutionStatus(execution.status).over
    end = completed + timedelta(seconds=limits.LOG_AFTER_SECONDS) if done and completed else now
    length = timedelta(seconds=limits.LOG_PIECE_SECONDS)
    first = begun - timedelta(seconds=limits.LOG_BEFORE_SECONDS) if begun else end - length + 2 * _SECOND
    if first >= end:  # times out of order, or our clock behind the API's
        end = max(now, first + timedelta(seconds=limits.LOG_BEFORE_SECONDS + limits.LOG_AFTER_SECONDS))
    first = _off_midnight(first.replace(microsecond=0), -_SECOND)
    end = _off_midnight(end.replace(microsecond=0) + _SECOND, _SECOND)
    made: list[Piece] = []
    while end > first and len(made) < limits.LOG_PIECES:
        start = max(first, _off_midnight(end - length, -_SECOND))
        made.append(Piece(start, end))
        end = start
    return made, end == first


def _off_midnight(moment: datetime, step: timedelta) -> datetime:
    return moment + step if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else moment


def build_logs(
    search: Search,
    status: str | None,
    searched: Piece,
    read: Sequence[Lines],
    *,
    earlier: str | None = None,
) -> tuple[LogsAnswer, str]:
    """The answer, and it as text with the lines in quotes.

    Args:
        search: what was looked for.
        status: of the execution.
        searched: all the time that was looked through.
        read: what was found in it, newest first.
        earlier: a sentence about the time before, where that was not looked through.
    """
    found = _merge(chain.from_iterable(page.found for page in read), search.limit)
    told = _fitting(found.newest, dated=False)
    if len(_dates(told)) > 1:
        told = _fitting(found.newest, dated=True)
    dates = _dates(told)
    dated = len(dates) > 1
    exact = not earlier and all(page.total is not None for page in read)
    total = max(sum(page.total or 0 for page in read) - found.repeated, found.number) - found.blank
    omitted = total - len(told)
    cut = sum(line.cut for line in told)
    sentences = (
        _verdict(search, searched, told, total, exact=exact),
        _left_out(omitted, full=len(told) < len(found.newest)),
        f"{plural(cut, 'line')} cut at {limits.LOG_CHARACTERS} characters." if cut else "",
        earlier,
        _hint(search, status, found=bool(told)),
        _identity(search),
    )
    summary = " ".join(filter(None, sentences))
    whole: dict[str, Any] = {
        "summary": summary,
        "lines": [f"{line.told(dated=dated)} {line.message}" for line in told],
        "date": dates.pop().isoformat() if len(dates) == 1 else None,
        "total": total if exact else None,
        "notShown": omitted or None,
        "linesCut": cut or None,
        "searchedFrom": format_timestamp(searched.start),
        "searchedTo": format_timestamp(searched.end),
        "jobId": clean(search.job_id, limits.IDENTITY_CHARACTERS),
        "executionId": clean(search.execution_id, limits.IDENTITY_CHARACTERS),
    }
    answer = cast("LogsAnswer", {key: value for key, value in whole.items() if value is not None})
    quoted = (f"{line.told(dated=dated)} {_quoted(line.message)}" for line in told)
    return answer, "\n".join([summary, *quoted])


def _quoted(message: str) -> str:
    return '"' + message.replace('"', "'") + '"'


class _Found(NamedTuple):
    """The newest lines that say something, oldest of them first, and numbers: of all lines, repeats, and blank ones."""

    newest: list[_Shown]
    number: int
    repeated: int
    blank: int


def _merge(newest_first: Iterable[LogLine], limit: int) -> _Found:
    """Lines are told apart by time and text, as `bl logs` does it."""
    kept: dict[object, LogLine] = {}
    read = 0
    for line in newest_first:
        kept.setdefault((line.timestamp, line.message) if line.timestamp else read, line)
        read += 1
    timed = [(parse_timestamp(line.timestamp), line) for line in reversed(kept.values())]
    # Stable, since the API tells nanoseconds apart and this does not; what has no time stays beside what came before.
    keys: list[float] = []
    for moment, _ in timed:
        keys.append(moment.timestamp() if moment else keys[-1] if keys else 0.0)
    newest: list[_Shown] = []
    blank = 0
    for at in sorted(range(len(timed)), key=keys.__getitem__)[::-1]:
        shown = _shown(*timed[at])
        if not shown.message:
            blank += 1
            continue
        newest.append(shown)
        if len(newest) == limit:
            break
    return _Found(newest[::-1], len(kept), read - len(kept), blank)


def _shown(moment: datetime | None, line: LogLine) -> _Shown:
    text = line.message or ""
    message = clean(text, limits.LOG_CHARACTERS)
    cut = message.endswith("…") and message != clean(text, 2 * limits.LOG_CHARACTERS)
    number = line.severity or 0
    word = _WORDS[(number - 1) // 4] if 1 <= number <= 4 * len(_WORDS) else "UNKNOWN"
    return _Shown(moment, word, message, cut)


def _dates(lines: Sequence[_Shown]) -> set[date]:
    return {line.moment.date() for line in lines if line.moment}


def _fitting(lines: Sequence[_Shown], *, dated: bool) -> Sequence[_Shown]:
    """The newest of them that fit, in whichever channel they need more room."""
    room = limits.LOG_BYTES - limits.LOG_FRAME_BYTES
    for number, line in enumerate(reversed(lines)):
        text = f"{line.told(dated=dated)} {line.message}"
        room -= max(json_size(text), len(text.encode()) + 2) + 1
        if room < 0:
            return lines[len(lines) - number :]
    return lines


def _filters(search: Search) -> str:
    said = ""
    if search.task:
        said += f" of task {quote(search.task, limits.NAME_CHARACTERS)}"
    if search.severity and search.severity != "UNKNOWN":
        said += f" of severity {search.severity} or graver"
    if search.text:
        said += f" with {quote(search.text, limits.NAME_CHARACTERS)}"
    return said


def _identity(search: Search) -> str:
    job, execution = (quote(given, limits.IDENTITY_CHARACTERS) for given in (search.job_id, search.execution_id))
    return f"Job {job}, execution {execution}."


def _verdict(search: Search, searched: Piece, told: Sequence[_Shown], total: int, *, exact: bool) -> str:
    """How many lines of how many, of what, and from when to when."""
    of_what = _filters(search)
    if not told:
        start, end = map(format_timestamp, searched)
        return f"No lines of log{of_what} were found from {start} to {end}."
    shown, single = len(told), len(told) == 1
    moments = [line.moment for line in told if line.moment]
    span = f", {format_timestamp(moments[0])}" if moments else ""
    span += f" to {format_timestamp(moments[-1])}" if len(moments) > 1 else ""
    if exact and total == shown:
        return f"{plural(shown, 'line')} of log{of_what}{span}{'' if single else ', oldest first'}."
    newest = "The newest" if single else f"The newest {shown:,}"
    order = "" if single else ", oldest of them first"
    if total == shown:
        return f"{newest} {'line' if single else 'lines'} of log{of_what}{span}{order}; there may be more."
    return f"{newest} of {total:,}{'' if exact else ' or more'} lines of log{of_what}{span}{order}."


def _left_out(omitted: int, *, full: bool) -> str:
    if omitted <= 0:
        return ""
    why, first = (" for want of room", "") if full else ("", "raise limit, or ")
    return f"{omitted:,} not shown{why}: {first}narrow by taskName, search or severity."


def _hint(search: Search, status: str | None, *, found: bool) -> str:
    """What the reader should know or do besides."""
    word = (status or "").casefold()
    if not found and (narrowed := _narrowed(search)):
        *others, last = narrowed
        again = f"again without {', '.join(others)}{' and ' if others else ''}{last}"
        if not search.task:
            return f"Call {again}."
        many = "" if others else ", and with search if there are many lines"
        return f"Whether Blaxel's log knows tasks by this name is not certain: call {again}{many}."
    if word in {"queued", "pending"}:
        return f"The execution is {word}: it has not started yet."
    if not ExecutionStatus(word).over:
        return "It is not over, and lines arrive up to a minute late."
    if found:
        return ""
    other = instead(search.job_id, search.execution_id)
    return f"{other[0].upper()}{other[1:]}"


def _narrowed(search: Search) -> list[str]:
    """The arguments that leave lines out."""
    given = {
        "taskName": search.task,
        "search": search.text,
        "severity": search.severity != "UNKNOWN" and search.severity,
    }
    return [name for name, value in given.items() if value]


def instead(job_id: str, execution_id: str) -> str:
    """What to do where there are no logs to be had, to follow a comma or a colon."""
    if is_plain_id(job_id) and is_plain_id(execution_id):
        return (
            f'call get_job_execution with jobId "{job_id}" and executionId "{execution_id}" for the reasons of '
            f"failures, run `bl logs job {job_id} {execution_id}`, or see the Blaxel console."
        )
    return "call get_job_execution for the reasons of failures, or see the Blaxel console."
