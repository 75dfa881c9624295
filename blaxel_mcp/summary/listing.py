"""What the answers that are lists have in common: rows in both channels, as many as fit, and where to go on. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.wording import drop_empty, format_duration, json_size, plural, quote

T = TypeVar("T")


class Row(NamedTuple):
    """One item: as facts, and as a line of text."""

    facts: dict[str, Any]
    line: str


@dataclass(frozen=True, slots=True)
class Window(Generic[T]):
    """The items at hand, and how far the caller has come in them.

    Attributes:
        items: as the API listed them.
        cursor: what continues after so many of them; `None` at the end of the list, empty where it cannot be told.
        start: how many of them came before.
        first: whether this is where the list begins.
    """

    items: Sequence[T]
    cursor: Callable[[int], str | None]
    start: int = 0
    first: bool = True


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """What to say of a window: which of its items are meant, by position, and how.

    `head` makes the first sentence from how many rows are shown and whether more follow; `facts` are what else the
    object holds.
    """

    noun: str
    window: Window[T]
    meant: Sequence[int]
    row: Callable[[T], Row]
    head: Callable[[int, bool], str]
    facts: dict[str, Any]


def tell(listed: Listed[T], limit: int) -> tuple[dict[str, Any], str]:
    """The object and the text, with up to `limit` rows: as many as keep both within the budget, and always one."""
    wanted = listed.meant[:limit]
    rows = [listed.row(listed.window.items[at]) for at in wanted]

    def build(shown: int) -> tuple[dict[str, Any], str]:
        left = shown < len(listed.meant)
        cursor = listed.window.cursor(wanted[shown - 1] + 1 if left else len(listed.window.items))
        head = listed.head(shown, cursor is not None)
        omitted = len(rows) - shown
        rest = {**listed.facts, "notShown": omitted or None, "nextCursor": cursor or None}
        answer = {"summary": head, listed.noun: [row.facts for row in rows[:shown]], **drop_empty(rest)}
        lines = [head, *(row.line for row in rows[:shown]), _tail(omitted, cursor)]
        return answer, "\n".join(line for line in lines if line)

    return _largest(len(rows), build)


def _largest(most: int, build: Callable[[int], tuple[dict[str, Any], str]]) -> tuple[dict[str, Any], str]:
    """The answer with the most rows that keeps the budget; found by halving, as each try writes the whole answer."""

    def fits(built: tuple[dict[str, Any], str]) -> bool:
        return max(json_size(built[0]), len(built[1].encode())) <= limits.LIST_BYTES

    built = build(most)
    if most <= 1 or fits(built):
        return built
    low, high, best = 1, most - 1, build(1)
    while low < high:
        middle = (low + high + 1) // 2
        built = build(middle)
        if fits(built):
            low, best = middle, built
        else:
            high = middle - 1
    return best


def _tail(omitted: int, cursor: str | None) -> str:
    room = f"{omitted:,} more did not fit. " if omitted else ""
    if cursor:
        return f'{room}To go on, call again with cursor "{cursor}".'
    return (
        f"{room}There are more, but Blaxel's cursor to them is too long to pass on." if cursor == "" else room.strip()
    )


def name(text: str | None) -> str:
    """A name or id in a sentence."""
    return quote(text, limits.IDENTITY_CHARACTERS) if text else "(no name)"


def handle(text: str | None) -> str:
    """A name or id in a row, by which the next call will ask: whole as long as that is bearable."""
    text = text or ""
    whole = len(text.encode(errors="replace")) <= limits.ID_BYTES
    return clean(text, limits.ID_BYTES if whole else limits.IDENTITY_CHARACTERS)


def bullet(text: str | None, parts: Iterable[str]) -> str:
    """A row as a line: what it is called, and what there is to say of it."""
    called = quote(handle(text), limits.ID_BYTES) if text else "(no name)"
    return f"- {called}: {', '.join(part for part in parts if part)}"


def known_word(status: str | None, known: Sequence[str]) -> tuple[str, str]:
    """A status as a fact and inside a line: a known word plain in lower case, any other as it came, quoted."""
    word = (status or "").casefold()
    if word in known:
        return word, word
    shown = clean(status or "", limits.STATUS_CHARACTERS)
    return shown, f"status {quote(shown, limits.STATUS_CHARACTERS)}" if shown else "no status"


def having(matching: int, total: int, noun: str, of_what: str, status: str) -> str:
    """`3 of the 40 tasks of … have status failed`, without the full stop."""
    if total == 1:
        return f"The one {noun} {of_what} {'has' if matching else 'does not have'} status {status}"
    number, verb = f"{matching:,}" if matching else "None", "has" if matching <= 1 else "have"
    return f"{number} of the {plural(total, noun)} {of_what} {verb} status {status}"


def seconds(start: datetime | None, end: datetime | None) -> int | None:
    """From one to the other; absent where either is, or they are out of order."""
    return round((end - start).total_seconds()) if start and end and end >= start else None


def ago(moment: datetime | None, now: datetime) -> str:
    """` 5m ago`, with the space; empty where that is not known, or still to come."""
    passed = seconds(moment, now)
    return "" if passed is None else f" {format_duration(passed)} ago"
