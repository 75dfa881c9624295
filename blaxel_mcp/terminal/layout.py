"""The columns of a picture, the axis of its tracks, and its lines as cells one column wide."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from blaxel_mcp.summary.wording import format_duration
from blaxel_mcp.terminal.shapes import Shapes, State, cut, pad

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
"""Seconds between two marks of the axis; longer times take multiples of the last."""
_LABEL_COLUMNS = 9
"""Between two marks of the axis at least."""


class Layout(NamedTuple):
    """The columns of a picture: names on the left, a track in the middle, numbers on the right, a blank between two."""

    left: int
    track: int
    right: int

    @property
    def width(self) -> int:
        """All columns together."""
        return self.left + self.track + self.right + 2

    @classmethod
    def of(cls, width: int, names: Sequence[str], notes: Sequence[str]) -> "Layout":
        """What names and notes need, the track at least half."""
        left = min(max(map(cell_len, (*names, "time left"))), max(10, width // 4))
        right = min(max(map(cell_len, (*notes, ""))), max(7, width // 3))
        return cls(left, width - left - right - 2, right)


Cell = tuple[str, str]
"""A character one column wide, and its style."""


class Axis(NamedTuple):
    """Which seconds a track of so many columns stands for, from 0 on."""

    seconds: float
    columns: int

    def at(self, seconds: float) -> int:
        """The column of a moment; the last one for those behind it."""
        return max(0, min(self.columns - 1, int(seconds / self.seconds * self.columns)))

    def ticks(self) -> Iterator[tuple[int, str]]:
        """The columns of round times, and those times."""
        least = self.seconds / self.columns * _LABEL_COLUMNS
        step = next((step for step in _STEPS if step >= least), _STEPS[-1] * -(-int(least) // _STEPS[-1]))
        for second in range(0, int(self.seconds) + 1, step):
            yield self.at(second), format_duration(second)


def row(layout: Layout, left: str, track: Sequence[Cell], right: str, shapes: Shapes, *, style: str = "") -> Text:
    """A line of a picture: left and right cut to their columns, the track as it is."""
    line = Text(pad(cut(left, layout.left, shapes), layout.left) + " ", style, no_wrap=True)
    line.append_text(join(track)).append(f" {cut(right, layout.right, shapes)}", "dim")
    line.rstrip()
    return line


def join(cells: Sequence[Cell]) -> Text:
    """Cells as text, those of one style that are side by side in one piece."""
    joined = Text(no_wrap=True)
    for style, run in groupby(cells, key=itemgetter(1)):
        joined.append("".join(character for character, _ in run), style)
    return joined


def bar(parts: Sequence[tuple[State, int]], columns: int) -> list[Cell]:
    """Numbers side by side in so many columns; each that is not zero takes at least one, and one of them must be."""
    total = sum(number for _, number in parts)
    lengths = [max(1, round(number / total * columns)) if number else 0 for _, number in parts]
    while (much := sum(lengths) - columns) != 0:
        longest = lengths.index(max(lengths))
        lengths[longest] -= 1 if much > 0 else -1
    return [(state.fill, state.style) for (state, _), length in zip(parts, lengths, strict=True) for _ in range(length)]
