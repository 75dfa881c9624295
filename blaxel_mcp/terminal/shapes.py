"""The characters and colours that a picture is made of, for terminals that have Unicode and for those that don't."""

from functools import cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text


class State(NamedTuple):
    """How a task or an execution fares: its symbol, what fills its part of a bar, and its colour."""

    symbol: str
    fill: str
    style: str


class Shapes(NamedTuple):
    """One set of characters, each one column wide.

    Attributes:
        states: by the words of a task, an execution's outcome and a count of tasks.
        unknown: for any other word.
        line: by what the left and the right half of a column show: nothing, waiting (`w`) or running (`r`).
        levels: a column from empty to full.
        estimate: the time within which an execution may end; `likely` is when it probably does.
        timeout: the column at which a timeout is met.
    """

    states: dict[str, State]
    unknown: State
    line: dict[str, str]
    levels: str
    retried: str
    warning: str
    next_step: str
    separator: str
    tick: str
    now: str
    estimate: str
    likely: str
    timeout: str
    ellipsis: str


def _states(succeeded: str, failed: str, cancelled: str, running: str, waiting: str) -> dict[str, State]:
    """The states by all words for them; each argument is a symbol and what fills a bar."""
    pairs = (succeeded, failed, cancelled, running, waiting)
    styles = ("green", "red", "yellow", "cyan", "dim")
    good, bad, ended, goes, waits = (State(pair[0], pair[1], style) for pair, style in zip(pairs, styles, strict=True))
    return {
        "succeeded": good,
        "failed": bad,
        "timed_out": bad,
        "timeout": bad,
        "cancelled": ended,
        "cancelling": ended,
        "running": goes,
        "reconciling": waits,
        "in_progress": goes,
        "waiting": waits,
        "pending": waits,
        "queued": waits,
    }


UNICODE = Shapes(
    states=_states("✓█", "✗╳", "⊘▬", "▸▒", "○░"),  # noqa: RUF001 - a cross of box drawing, as wide as a column
    unknown=State("?", "▚", "magenta"),
    line={"  ": " ", " w": "╶", "w ": "╴", "ww": "─", " r": "╺", "r ": "╸", "rr": "━", "wr": "╼", "rw": "╾"},
    levels=" ▁▂▃▄▅▆▇█",
    retried="↻",
    warning="!",
    next_step="→",
    separator=" · ",
    tick="╵",
    now="┃",
    estimate="░",
    likely="◆",
    timeout="┊",
    ellipsis="…",
)
ASCII = Shapes(
    states=_states("+#", "xX", "-~", ">=", "o."),
    unknown=State("?", "?", "magenta"),
    line={"  ": " ", " w": ".", "w ": ".", "ww": ".", " r": "=", "r ": "=", "rr": "=", "wr": "=", "rw": "="},
    levels=" .:|#",
    retried="^",
    warning="!",
    next_step="->",
    separator=" - ",
    tick="'",
    now="|",
    estimate=":",
    likely="*",
    timeout="!",
    ellipsis="...",
)


def shapes_for(encoding: str) -> Shapes:
    """The set that an encoding of standard output has all characters of."""
    drawn = "".join(
        (*(f"{state.symbol}{state.fill}" for state in UNICODE.states.values()), *UNICODE.line.values(), *UNICODE[3:])
    )
    try:
        drawn.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def printable(text: str, encoding: str = "utf-8") -> str:
    """Text without what a terminal would obey or a reader not see; what the encoding lacks is escaped."""
    shown = "".join(
        character if character.isprintable() else " "
        for character in text
        if character.isprintable() or character.isspace()
    )
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def cut(text: str, width: int, shapes: Shapes) -> str:
    """Text of at most so many columns; of a longer one the head and the tail, which tells names with numbers apart."""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(shapes.ellipsis)
    if room < 1:
        return shapes.ellipsis[: max(width, 0)]
    tail = _columns(text[::-1], room // 2)[::-1]
    return f"{_columns(text, room - cell_len(tail))}{shapes.ellipsis}{tail}"


def _columns(text: str, width: int) -> str:
    """The beginning of a text that fits into so many columns."""
    taken = ""
    for character in text[:width]:
        if cell_len(taken + character) > width:
            break
        taken += character
    return taken


def pad(text: str, width: int) -> str:
    """Text with blanks behind it, so many columns wide together; not cut."""
    return text + " " * (width - cell_len(text))


@cache
def _console() -> Console:
    """What Rich wants for wrapping text, though the width is an argument."""
    return Console(color_system=None, _environ={})


def wrap(text: Text, width: int, *, most: int | None = None, shapes: Shapes = UNICODE) -> list[Text]:
    """Text in lines of at most so many columns; if it takes more lines than `most`, the last one says it goes on."""
    if most is not None:
        text = text[: width * (most + 1)]  # no more of it can be shown
    lines = list(text.wrap(_console(), width, overflow="fold"))
    for line in lines:
        line.rstrip()
    if most is not None and len(lines) > most:
        lines = lines[:most]
        lines[-1].truncate(width - cell_len(shapes.ellipsis))
        lines[-1].append(shapes.ellipsis)
    return lines
