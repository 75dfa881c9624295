"""A page of a list as an object and as text: one head sentence, rows cut to one byte budget, and a cursor. Pure."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, TypeVar, get_args

from blaxel_mcp.advice import advice
from blaxel_mcp.models import ExecutionWord, TaskWord
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean, in_quotes
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.timing import seconds_between
from blaxel_mcp.summary.wording import drop_empty, format_duration, json_size, plural, truncate_bytes

T = TypeVar("T")

# The OpenAPI's words for a job's deployment, which is the status of a job.
DEPLOYMENT_STATUSES = (
    *("deleting", "terminated", "failed", "deactivated", "deactivating"),
    *("uploading", "building", "deploying", "deployed", "built"),
)
_KNOWN_STATUSES = {*get_args(ExecutionWord), *get_args(TaskWord), *DEPLOYMENT_STATUSES}
_SHORTEST_MESSAGE = 12
"""Bytes below which a message is not cut any further, but left out."""


class Fact(NamedTuple):
    """What a row says under one of its keys, in the object and in the line of text. Texts are clean already.

    Attributes:
        value: as it stands in the object; with `None` the row says nothing of it.
        phrase: puts the value into words.
        least: what is left of the value however little room there is; `None` for nothing.
    """

    value: Any
    phrase: Callable[[Any], str]
    least: Any = None


class Row(NamedTuple):
    """One item of a list.

    Attributes:
        key: what its name is called in the object.
        name: by which the next call asks for it; always whole.
        facts: by their keys; the most important first, with those of which something is always left at their head.
        message: text of a job, which is cut to whatever room the facts leave.
    """

    key: Literal["id", "name"]
    name: str
    facts: Mapping[str, Fact]
    message: str = ""

    def as_object(self) -> dict[str, Any]:
        """The row in `structuredContent`."""
        values = {key: fact.value for key, fact in self.facts.items()}
        return drop_empty({self.key: self.name, **values, "message": self.message})

    def as_line(self) -> str:
        """The row in the text: `- "task-3": failed, took 10s, non-zero exit: "…"`."""
        name = in_quotes(self.name) if self.name else "(no name)"
        phrases = [fact.phrase(fact.value) for fact in self.facts.values()]
        message = f": {in_quotes(self.message)}" if self.message else ""
        return f"- {name}: {', '.join(filter(None, phrases))}{message}"

    def within(self, most: int) -> "Row":
        """As much of the row as fits into so many bytes of its object; the name and the least of each fact anyway."""
        facts = {key: fact._replace(value=fact.least) for key, fact in self.facts.items() if fact.least is not None}
        room = most - json_size(Row(self.key, self.name, facts).as_object())
        for key, fact in self.facts.items():
            needed = json_size({key: fact.value}) - (json_size({key: fact.least}) if key in facts else 1)
            if fact.value is not None and needed <= room:
                facts[key] = fact
                room -= needed
        room -= len(',"message":""')
        message = truncate_bytes(self.message, room) if room >= _SHORTEST_MESSAGE else ""
        return self._replace(facts=facts, message=message)


class Page(NamedTuple, Generic[T]):
    """Items to list, which are part of a longer list.

    Attributes:
        items: as many as were asked for, or are left, in the order of the list.
        cursor_after: the cursor that continues after so many of the items; `None` at the end of the list, empty where
            the API's cursor is too long to pass on.
        skip: how many come before them in what is known of the list, where a filter has left out others.
        total: how many that is in all.
        first: whether what is known begins with the beginning of the list.
    """

    items: Sequence[T]
    cursor_after: Callable[[int], str | None]
    skip: int
    total: int
    first: bool = True

    @property
    def goes_on(self) -> bool:
        """Whether there is more than what is known of the list."""
        return self.cursor_after(self.total - self.skip) is not None


class Head(NamedTuple):
    """What an answer says besides its rows.

    Attributes:
        subject: the first sentence without its full stop: what the items are.
        facts: what the object holds.
        remarks: sentences that follow the first one.
        more: what the first sentence ends with where the list goes on after the last item.
    """

    subject: str
    facts: Mapping[str, Any]
    remarks: str = ""
    more: str = ""


def render_page(
    noun: str,
    page: Page[T],
    row: Callable[[T], Row],
    head: Callable[[Sequence[T]], Head],
    *,
    rank: Callable[[T], Any] = lambda _: 0,
    asked: Mapping[str, str] = {},
) -> tuple[dict[str, Any], str]:
    """The object and the text of an answer that lists something, each of at most `LIST_BYTES`.

    Where whole rows do not fit, all are cut to the same number of bytes, the most with which they do; so short rows
    leave their room to long ones. Rows that do not fit even so are counted, and the cursor continues with them.

    Args:
        noun: the key of the rows.
        page: the items to list.
        row: makes a row of an item.
        head: what to say over the items that the answer shows.
        rank: orders the items that are shown; which those are goes by the order of the list, as the cursor does.
        asked: arguments that the next call must repeat as they were resolved here.
    """
    listed = [(item, row(item).within(limits.LIST_BYTES)) for item in page.items]

    def build(shown: int, most: int) -> tuple[dict[str, Any], str]:
        """The answer with so many of the items, each in so many bytes."""
        ordered = sorted(listed[:shown], key=lambda pair: rank(pair[0]))
        said = head([item for item, _ in ordered])
        whole = [each for _, each in ordered]
        rows = [each.within(most) for each in whole]
        omitted, cursor = len(listed) - shown, page.cursor_after(shown)
        part = _which(page.skip, shown, page.total) or (said.more if page.goes_on else "")
        smaller = f"Rows are shortened to fit: a smaller {advice().argument('limit')} shows more of each."
        sentences = f"{said.subject}{part}.", said.remarks, smaller if rows != whole else ""
        summary = " ".join(filter(None, sentences))
        facts = drop_empty({**said.facts, "notShown": omitted or None, "nextCursor": cursor})
        lines = summary, *map(Row.as_line, rows), _tail(omitted, cursor, asked)
        return {"summary": summary, noun: list(map(Row.as_object, rows)), **facts}, "\n".join(filter(None, lines))

    def fits(shown: int, most: int) -> bool:
        return max(map(json_size, build(shown, most))) <= limits.LIST_BYTES

    shown, most = len(listed), limits.LIST_BYTES
    if listed and not fits(shown, most):
        shown = shown if fits(shown, 0) else _largest(range(1, shown), lambda number: fits(number, 0))
        most = _largest(range(most), lambda size: fits(shown, size))
    return build(shown, most)


def _largest(numbers: range, fits: Callable[[int], bool]) -> int:
    """The largest of ascending numbers that fits, where with a number all smaller ones do; at least the first."""
    return numbers[max(0, bisect_left(numbers, True, key=lambda number: not fits(number)) - 1)]


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


def row_id(text: str | None) -> str:
    """A name or id by which the next call asks: whole up to `ID_BYTES` as JSON, since a cut one leads nowhere."""
    whole = clean(text or "", limits.ID_BYTES)
    return whole if json_size(whole) - 2 <= limits.ID_BYTES else clean(whole, limits.IDENTITY_CHARACTERS)


def read_status(status: str | None) -> str:
    """A status as a fact: one of the API's words in lower case, any other cleaned."""
    if not status:
        return ""
    word = status.casefold()
    return word if word in _KNOWN_STATUSES else clean(status, limits.STATUS_CHARACTERS)


def status_phrase(status: str) -> str:
    """A status from `read_status` inside a sentence: the API's own words plain, any other in quotes."""
    if status in _KNOWN_STATUSES:
        return status
    return f"status {in_quotes(status)}" if status else "no status"


def status_sentence(matching: int, total: int, noun: str, of_what: str, status: str) -> str:
    """`3 of the 40 tasks of … have status failed`, without the full stop."""
    if total == 1:
        return f"The one {noun} {of_what} {'has' if matching else 'does not have'} status {status}"
    number, verb = f"{matching:,}" if matching else "None", "has" if matching <= 1 else "have"
    return f"{number} of the {plural(total, noun)} {of_what} {verb} status {status}"


def status_fact(status: str | None) -> Fact:
    """The status of a task or an execution, which every row has."""
    word = read_status(status)
    return Fact(word, status_phrase, word)


def took(seconds: int | None) -> Fact:
    """How long something took that is over."""
    return Fact(seconds, lambda known: f"took {format_duration(known)}")


def so_far(seconds: int | None) -> Fact:
    """For how long something has been running."""
    return Fact(seconds, lambda known: f"{format_duration(known)} so far")


def last_moment(run: Run, now: datetime) -> tuple[dict[str, int], str]:
    """When a run ended, else started, else was created, as a fact and in words to follow its status.

    `{"endedSecondsAgo": 300}` and ` 5m ago`, `{"startedSecondsAgo": 120}` and `, started 2m ago`; both are empty where
    no time is known.
    """
    moments = {"ended": run.completed if run.ended else None, "started": run.started, "created": run.created}
    for word, moment in moments.items():
        if (seconds := seconds_between(moment, now)) is not None:
            # How one with an unknown status ended is not known, only that it did.
            said = "" if word == "ended" and run.status.over else f", {word}"
            return {f"{word}SecondsAgo": seconds}, f"{said} {format_duration(seconds)} ago"
    return {}, ""
