"""What the measurements say: medians, ratios to the peers, whether a goal is met; as tables. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from benchmarks.peers import DIRECT, FASTMCP, LOOKUPS, OURS, SDK, STOCK

Unit = Literal["ms", "MiB", "/s", "M instructions", "times"]
PEERS = (FASTMCP, STOCK)
"""Those that goals are set against."""


@dataclass(slots=True)
class Figure:
    """One thing that was measured, of every contender that it could be measured of.

    Attributes:
        key: its short name, unique.
        title: its name in the table.
        unit: of the samples.
        goals: by peer, the most that ours may be of theirs; the least, where more is better.
        samples: by contender, in the order in which they were taken.
    """

    key: str
    title: str
    unit: Unit
    goals: Mapping[str, float] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def more_is_better(self) -> bool:
        """Whether a larger ratio is the better one."""
        return self.unit == "/s"

    def value(self, contender: str) -> float | None:
        """The median of a contender's samples; `None` without any."""
        found = self.samples.get(contender)
        return median(found) if found else None

    def ratio(self, contender: str, peer: str) -> float | None:
        """The contender's median divided by the peer's."""
        ours, theirs = self.value(contender), self.value(peer)
        return ours / theirs if ours is not None and theirs else None

    def met(self, contender: str, peer: str) -> bool | None:
        """Whether the goal against a peer is met; `None` where there is no goal, or no ratio."""
        goal, ratio = self.goals.get(peer), self.ratio(contender, peer)
        if goal is None or ratio is None:
            return None
        return ratio >= goal if self.more_is_better else ratio <= goal


def format_value(value: float | None, unit: Unit) -> str:
    """A value with its unit, to three digits or so."""
    if value is None:
        return ""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2  # noqa: PLR2004
    joined = "" if unit == "/s" else " "
    return f"{value:,.{digits}f}{joined}{unit.removesuffix(' instructions')}"


def format_ratio(figure: Figure, contender: str, peer: str) -> str:
    """A ratio, and beside it the goal and whether it is met."""
    ratio, met = figure.ratio(contender, peer), figure.met(contender, peer)
    if ratio is None:
        return ""
    if met is None:
        return f"{ratio:.2f}"
    sign = "≥" if figure.more_is_better else "≤"
    return f"{ratio:.2f} ({sign} {figure.goals[peer]:g} {'met' if met else 'missed'})"


def rows(figures: Iterable[Figure]) -> list[list[str]]:
    """The cells of the table: a row for ours, and one for ours with look-ups where that was measured."""
    table = [["", "blaxel-mcp", f"of {FASTMCP}", f"of {STOCK}", FASTMCP, STOCK, SDK, DIRECT]]
    for figure in figures:
        for contender in (OURS, LOOKUPS):
            if figure.value(contender) is None:
                continue
            own = contender == OURS
            title = figure.title if own else f"{figure.title}, with look-ups"
            ratios = [format_ratio(figure, contender, peer) for peer in PEERS]
            others = [format_value(figure.value(peer), figure.unit) if own else "" for peer in (*PEERS, SDK, DIRECT)]
            table.append([title, format_value(figure.value(contender), figure.unit), *ratios, *others])
    return table


def markdown(table: Sequence[Sequence[str]], *, aligned: bool = False) -> str:
    """A Markdown table of these cells, the first row its head; `aligned` for reading it in a terminal."""
    widths = [max(len(row[column]) for row in table) if aligned else 0 for column in range(len(table[0]))]
    lines = [
        "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |" for row in table
    ]
    lines.insert(1, "|" + "|".join("-" * max(width + 2, 5) for width in widths) + "|")
    return "\n".join(lines)


def verdict(figures: Iterable[Figure]) -> str:
    """How many goals are met, and by name those that are not."""
    judged = [
        (f"{figure.title}{', with look-ups' if contender == LOOKUPS else ''}, of {peer}", met)
        for figure in figures
        for contender in (OURS, LOOKUPS)
        for peer in figure.goals
        if (met := figure.met(contender, peer)) is not None
    ]
    missed = [name for name, met in judged if not met]
    return "\n".join(
        [f"{len(judged) - len(missed)} of {len(judged)} goals are met.", *(f"- missed: {name}" for name in missed)]
    )
