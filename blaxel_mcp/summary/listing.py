"""A page of a list as an object and as text: one head sentence, rows cut to one byte budget, and a cursor. Pure.

A row is a dictionary of facts that begins with `id` or `name` and `status`. Its line of text says the same facts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeAlias, TypeVar, get_args

from blaxel_mcp.advice import advice
from blaxel_mcp.models import ExecutionWord, TaskWord
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSE_LABELS
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.wording import drop_empty, format_duration, json_size, plural, quote, truncate_bytes

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]

# The OpenAPI's words for a job's deployment, which is the status of a job.
DEPLOYMENT_STATUSES = (
    *("deleting", "terminated", "failed", "deactivated", "deactivating"),
    *("uploading", "building", "deploying", "deployed", "built"),
)
_KNOWN_STATUSES = {*get_args(ExecutionWord), *get_args(TaskWord), *DEPLOYMENT_STATUSES}
_NO_LATEST = {"none": "no executions", "unknown": "latest unknown"}
"""What stands for the status of a job's newest execution where there is none, or it could not be looked up."""
_ATTENDANCE = {
    "ran": "ran when due",
    "running": "running as due",
    "waiting": "next time awaited",
    "unreadable": "its schedule can't be read",
}
"""How a job stands to its schedule, where that takes more than the word for it."""
_SHORTEST_MESSAGE = 12
"""Bytes below which a message is not cut any further, but left out."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items to list, and how far the caller has come in them.

    Attributes:
        items: in the order of the list; those that a filter leaves, where there is one.
        cursor_after: the cursor that continues after so many of the items; `None` at the end of the list, empty where
            the API's cursor is too long to pass on.
        skip: how many of the items earlier answers have shown.
        first: whether the list begins with these items.
    """

    items: Sequence[T]
    cursor_after: Callable[[int], str | None]
    skip: int = 0
    first: bool = True


@dataclass(frozen=True, slots=True)
class Heading(Generic[T]):
    """What an answer says over the items that it shows: its head sentence, facts, and the items in its own order."""

    subject: str
    items: Sequence[T]
    facts: Mapping[str, Any]


def render_page(
    noun: str,
    page: Page[T],
    row: Callable[[T], Row],
    *,
    limit: int,
    subject: str,
    more: str = "",
    remarks: str = "",
    facts: Mapping[str, Any],
    heading: Callable[[Sequence[T]], Heading[T]] | None = None,
    asked: Mapping[str, str] = {},
) -> tuple[dict[str, Any], str]:
    """The object and the text of an answer that lists something, each of at most `LIST_BYTES`.

    Every row has at least an id and a status; the bytes left over are shared out by max-min fairness, so that short
    rows leave theirs to long ones. Rows that do not fit even so are counted, and the cursor continues with them.

    Args:
        noun: the key of the rows.
        page: the items to list.
        row: makes a row of an item, with its most important facts first.
        limit: how many rows at most.
        subject: the head sentence without its full stop: what the items are.
        more: what to add to it where the list goes on after the last item.
        remarks: sentences to follow it.
        facts: what else the object holds.
        heading: what to say instead of `subject` and `facts`, by the items that fit the answer. Which those are goes
            by the order of the list, so that the cursor continues after them.
        asked: arguments that the next call must repeat as they were resolved here.
    """
    window = page.items[page.skip :][:limit]

    def head_over(shown: int) -> Heading[T]:
        return heading(window[:shown]) if heading and shown else Heading(subject, window[:shown], facts)

    def build(shown: int, fitted: Sequence[Row], *, shortened: bool) -> tuple[dict[str, Any], str]:
        cursor = page.cursor_after(page.skip + shown)
        omitted = len(window) - shown
        said = head_over(shown)
        note = (
            f"Rows are shortened to fit: a smaller {advice().argument('limit')} shows more of each."
            if shortened
            else ""
        )
        part = _which(page.skip, shown, len(page.items)) or (more if cursor is not None else "")
        head = " ".join(filter(None, (f"{said.subject}{part}.", remarks, note)))
        rest = drop_empty({**said.facts, "notShown": omitted or None, "nextCursor": cursor})
        text = "\n".join(filter(None, (head, *map(row_line, fitted), _tail(omitted, cursor, asked))))
        return {"summary": head, noun: fitted, **rest}, text

    if not window:
        return build(0, [], shortened=False)
    # Which frame is larger depends on the cursors; beyond that, the numbers in them differ by a few digits.
    counts = range(1, len(window) + 1) if heading else (len(window), max(1, len(window) - 1))
    frames = [build(shown, [], shortened=True) for shown in counts]
    room = limits.LIST_BYTES - 8 - max(max(json_size(answer), json_size(text)) for answer, text in frames)
    shown = max(1, sum(size <= room for size in accumulate(_row_size(fit_row(row(item), 0)) for item in window)))
    rows = [row(item) for item in head_over(shown).items]
    least = [_row_size(fit_row(one, 0)) for one in rows]
    share = _fair_share([_row_size(one) - size for one, size in zip(rows, least, strict=True)], room - sum(least))
    fitted = [fit_row(one, size + share) for one, size in zip(rows, least, strict=True)]
    return build(shown, fitted, shortened=fitted != rows)


def _which(skipped: int, shown: int, total: int) -> str:
    """`; showing 1 to 10 of 32`, unless that is all of them."""
    if shown == total:
        return ""
    if not shown:
        return "; no more of them"
    numbers = f"{skipped + 1:,} to {skipped + shown:,}" if shown > 1 else f"number {skipped + 1:,}"
    return f"; showing {numbers} of {total:,}"


def _tail(omitted: int, cursor: str | None, asked: Mapping[str, str]) -> str:
    """The last line: how many rows did not fit, and what to call for those that follow."""
    counted = f"{omitted:,} more did not fit. " if omitted else ""
    if cursor == "":
        return f"{counted}There are more, but Blaxel's cursor to them is too long to pass on."
    return f"{counted}{advice().go_on(cursor, asked)}" if cursor else counted.strip()


def _fair_share(wanted: Sequence[int], room: int) -> int:
    """The most that each may take of `room`, where those who want less leave the rest to the others."""
    share = room
    for number, size in enumerate(sorted(wanted)):
        share = room // (len(wanted) - number)
        if size > share:
            break
        room -= size
    return share


def fit_row(row: Row, room: int) -> Row:
    """As much of a row as fits into `room` bytes in each channel: what identifies it always, long texts cut."""
    fitted = {key: least for key in row if (least := _least(key, row)) is not None}
    for key, value in row.items():
        if key in {"message", "attention"}:
            left = room - _row_size({**fitted, key: ""})
            value = _cut_message(value, left) if key == "message" else _cut_clauses(value, left)  # noqa: PLW2901
        if _row_size({**fitted, key: value}) <= room:
            fitted[key] = value
    return fitted


def _least(key: str, row: Row) -> Any:
    """What is left of one of a row's values however little room there is; `None` for nothing."""
    value = row[key]
    match key:
        case "id" | "name" | "status":
            return value
        case "attention":
            return _cut_clauses(value, 0)
        case "latest" if _says_how_the_latest_went(row):
            return {"status": value["status"]}
        case "latest":  # its id may be long
            return {part: value[part] for part in value if part != "id"}
    return None


def _cut_message(text: str, room: int) -> str:
    return truncate_bytes(text, room) if room >= _SHORTEST_MESSAGE else text


def _cut_clauses(text: str, room: int) -> str:
    """As many of the clauses as fit, the first one always; texts of our own, which are short and without quotes."""
    clauses = text.split(", ")
    for number in range(len(clauses), 1, -1):
        shorter = ", ".join(clauses[:number]) + "…" * (number < len(clauses))
        if len(shorter.encode()) <= room:
            return shorter
    return clauses[0] + "…" * (len(clauses) > 1)


def _row_size(row: Row) -> int:
    """Bytes on the wire in the channel that needs more, with the comma or line break between rows."""
    return max(json_size(row), json_size(row_line(row))) + 1


def row_line(row: Row) -> str:
    """A row as a line of text: `- "task-3": failed, took 10s, non-zero exit: "…"`."""
    name = row.get("id") or row.get("name")
    called = quote(name, limits.ID_BYTES) if name else "(no name)"
    status = status_phrase(row.get("status", ""))
    message = f": {quote(row['message'], limits.MESSAGE_CHARACTERS)}" if "message" in row else ""
    said = [_PHRASES[key](value) for key, value in _without_repetition(row).items() if key in _PHRASES]
    if "latest" not in row:
        said.insert(0, status)
    elif "status" in row and f"deployment {status}" not in row.get("attention", ""):
        said.append(f"deployment {status}")
    return f"- {called}: {', '.join(filter(None, said))}{message}"


def _without_repetition(row: Row) -> Row:
    """A row of a job without how its newest execution went, where that is why it needs attention."""
    if not _says_how_the_latest_went(row):
        return row
    return {**row, "latest": {key: row["latest"][key] for key in row["latest"] if key == "id"}}


def _says_how_the_latest_went(row: Row) -> bool:
    """Whether the reason why a job needs attention begins with how its newest execution went."""
    status = row.get("latest", {}).get("status")
    verb = "timed out" if status == "timeout" else status
    return bool(verb) and row.get("attention", "").startswith(verb)


def _tasks_phrase(counts: Mapping[str, int]) -> str:
    """`36 of 40 tasks succeeded, 3 failed`, as far as the counts are known."""
    total, succeeded, failed = map(counts.get, ("total", "succeeded", "failed"))
    if succeeded is None:
        done = plural(total, "task") if total else ""
    else:
        done = f"{succeeded:,} of {plural(total, 'task')}" if total is not None else plural(succeeded, "task")
        done += " succeeded"
    return ", ".join(filter(None, (done, f"{failed:,} failed" if failed else "")))


def _latest_phrase(latest: Mapping[str, Any]) -> str:
    """How a job's newest execution went: `latest failed 26m ago, "exec-1"`, `latest running, started 2m ago`."""
    status = latest.get("status")
    moments = (("endedSecondsAgo", ""), ("startedSecondsAgo", ", started"), ("createdSecondsAgo", ", created"))
    ages = (f"{word} {format_duration(latest[key])} ago" for key, word in moments if key in latest)
    if status is None:  # it is told by why the job needs attention
        went = ""
    elif len(latest) == 1 and status in _NO_LATEST:
        went = _NO_LATEST[status]
    else:
        went = f"latest {status_phrase(status)}{next(ages, '')}"
    return ", ".join(filter(None, (went, quote(latest["id"], limits.ID_BYTES) if "id" in latest else "")))


_PHRASES: Mapping[str, Callable[[Any], str]] = {
    "attention": "needs attention ({})".format,
    "latest": _latest_phrase,
    "tasks": _tasks_phrase,
    "enabled": lambda _: "disabled",  # said only of a job that is
    "schedule": lambda schedule: f"scheduled {quote(schedule, limits.IDENTITY_CHARACTERS)}",
    "scheduleState": lambda state: _ATTENDANCE.get(state, state),
    "memoryMb": "{:,} MB".format,
    "region": lambda region: f"region {quote(region, limits.NAME_CHARACTERS)}",
    "createdAt": "created {}".format,
    "startedAt": "started {}".format,
    "durationSeconds": lambda seconds: f"took {format_duration(seconds)}",
    "runningSeconds": lambda seconds: f"{format_duration(seconds)} so far",
    "cause": lambda cause: CAUSE_LABELS[cause],
}
"""What a line says of a fact, besides id, status and message."""


def row_id(text: str | None) -> str:
    """A name or id by which the next call asks: whole up to `ID_BYTES` as JSON, since a cut one leads nowhere."""
    whole = clean(text or "", limits.ID_BYTES)
    return whole if json_size(whole) - 2 <= limits.ID_BYTES else clean(whole, limits.IDENTITY_CHARACTERS)


def read_status(status: str | None) -> str:
    """A status as a fact: one of the API's words in lower case, any other cleaned."""
    word = (status or "").casefold()
    return word if word in _KNOWN_STATUSES else clean(status or "", limits.STATUS_CHARACTERS)


def status_phrase(status: str) -> str:
    """A status from `read_status` inside a sentence: the API's own words plain, any other in quotes."""
    if status in _KNOWN_STATUSES:
        return status
    return f"status {quote(status, limits.STATUS_CHARACTERS)}" if status else "no status"


def status_sentence(matching: int, total: int, noun: str, of_what: str, status: str) -> str:
    """`3 of the 40 tasks of … have status failed`, without the full stop."""
    if total == 1:
        return f"The one {noun} {of_what} {'has' if matching else 'does not have'} status {status}"
    number, verb = f"{matching:,}" if matching else "None", "has" if matching <= 1 else "have"
    return f"{number} of the {plural(total, noun)} {of_what} {verb} status {status}"
