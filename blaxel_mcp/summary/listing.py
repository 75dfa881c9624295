"""A page of a list as an object and as text: one head sentence, rows cut to one byte budget, and a cursor. Pure.

A row is a dictionary of facts that begins with `id` or `name` and `status`. Its line of text says the same facts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeAlias, TypeVar, get_args

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
_NO_EXECUTION = {"unknown": "newest execution not known", "none": "no executions"}
_ALWAYS = {"id", "name", "status", "attention"}
"""What every row has, however little room there is."""
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
    order: Callable[[Row], int] = lambda _: 0,
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
        order: sorts the rows that are shown; which those are goes by the order of the list.
    """
    rows = [row(item) for item in page.items[page.skip :][:limit]]

    def build(shown: int, fitted: Sequence[Row], *, shortened: bool) -> tuple[dict[str, Any], str]:
        cursor = page.cursor_after(page.skip + shown)
        omitted = len(rows) - shown
        note = "Rows are shortened to fit: a smaller limit shows more of each." if shortened else ""
        part = _which(page.skip, shown, len(page.items)) or (more if cursor is not None else "")
        head = " ".join(filter(None, (f"{subject}{part}.", remarks, note)))
        rest = drop_empty({**facts, "notShown": omitted or None, "nextCursor": cursor})
        text = "\n".join(filter(None, (head, *map(row_line, fitted), _tail(omitted, cursor))))
        return {"summary": head, noun: fitted, **rest}, text

    if not rows:
        return build(0, [], shortened=False)
    # Which frame is larger depends on the cursors; beyond that, the numbers in them differ by a few digits.
    frames = [build(shown, [], shortened=True) for shown in (len(rows), max(1, len(rows) - 1))]
    room = limits.LIST_BYTES - 8 - max(max(json_size(answer), len(text.encode())) for answer, text in frames)
    least = [_row_size(fit_row(one, 0)) for one in rows]
    shown = max(1, sum(size <= room for size in accumulate(least)))
    listed = sorted(zip(rows[:shown], least, strict=False), key=lambda sized: order(sized[0]))
    share = _fair_share([_row_size(one) - size for one, size in listed], room - sum(least[:shown]))
    fitted = [fit_row(one, size + share) for one, size in listed]
    return build(shown, fitted, shortened=fitted != [one for one, _ in listed])


def _which(skipped: int, shown: int, total: int) -> str:
    """`; showing 1 to 10 of 32`, unless that is all of them."""
    if shown == total:
        return ""
    if not shown:
        return "; no more of them"
    numbers = f"{skipped + 1:,} to {skipped + shown:,}" if shown > 1 else f"number {skipped + 1:,}"
    return f"; showing {numbers} of {total:,}"


def _tail(omitted: int, cursor: str | None) -> str:
    """The last line: how many rows did not fit, and what to call for those that follow."""
    counted = f"{omitted:,} more did not fit. " if omitted else ""
    if cursor == "":
        return f"{counted}There are more, but Blaxel's cursor to them is too long to pass on."
    return f'{counted}To go on, call again with cursor "{cursor}".' if cursor else counted.strip()


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
    """As much of a row as fits into `room` bytes in each channel: id and status always, a message cut."""
    fitted: Row = {key: row[key] for key in row if key in _ALWAYS}
    if "latest" in row:  # its id is what may be long
        fitted["latest"] = {key: value for key, value in row["latest"].items() if key != "id"}
    for key, value in row.items():
        if key == "message" and (left := room - _row_size({**fitted, key: ""})) >= _SHORTEST_MESSAGE:
            value = truncate_bytes(value, left)  # noqa: PLW2901
        if _row_size({**fitted, key: value}) <= room:
            fitted[key] = value
    return fitted


def _row_size(row: Row) -> int:
    """Bytes in the channel that needs more, with the comma or line break between rows."""
    return max(json_size(row), len(row_line(row).encode())) + 1


def row_line(row: Row) -> str:
    """A row as a line of text: `- "task-3": failed, took 10s, non-zero exit: "…"`."""
    name = row.get("id") or row.get("name")
    called = quote(name, limits.ID_BYTES) if name else "(no name)"
    status = status_phrase(row.get("status", "")) if "status" in row or "latest" not in row else ""
    phrases = (_PHRASES[key](value) for key, value in row.items() if key in _PHRASES)
    message = f": {quote(row['message'], limits.MESSAGE_CHARACTERS)}" if "message" in row else ""
    return f"- {called}: {', '.join(filter(None, (status, *phrases)))}{message}"


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
    """How a job's newest execution went: `"exec-1" failed 26m ago`, `"exec-1" running, started 2m ago`."""
    named = f"{quote(latest['id'], limits.ID_BYTES)} " if "id" in latest else ""
    moments = (("secondsAgo", ""), ("startedSecondsAgo", ", started"), ("createdSecondsAgo", ", created"))
    ages = (f"{word} {format_duration(latest[key])} ago" for key, word in moments if key in latest)
    known = len(latest) > 1 or "id" in latest
    word = latest.get("status", "")
    status = _NO_EXECUTION.get(word) if not known else None
    status = status or status_phrase(word)
    return f"{named}{status}{next(ages, '')}"


_PHRASES: Mapping[str, Callable[[Any], str]] = {
    "attention": "needs attention ({})".format,
    "latest": _latest_phrase,
    "tasks": _tasks_phrase,
    "enabled": lambda _: "disabled",  # said only of a job that is
    "schedule": lambda schedule: f"scheduled {quote(schedule, limits.IDENTITY_CHARACTERS)}",
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
