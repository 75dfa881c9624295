"""What the measurements say: medians, their ratios to the peers', which goals are met; as tables. Pure functions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from benchmarks.peers import DIRECT, FASTMCP, LOOKUPS, OURS, SDK, STOCK

Unit = Literal["ms", "MiB", "kB", "/s", "M instructions"]
JSON_LOADS = "json.loads"
PEERS = (FASTMCP, STOCK, SDK, DIRECT)


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

    def add(self, contender: str, sample: float) -> None:
        """Note a sample."""
        self.samples.setdefault(contender, []).append(sample)

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


def format_value(value: float, unit: Unit) -> str:
    """A value with its unit, to three digits or more."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2  # noqa: PLR2004 - three digits in all
    return f"{value:,.{digits}f}{'' if unit == '/s' else ' '}{unit.removesuffix(' instructions')}"


def format_ratio(figure: Figure, contender: str, peer: str) -> str:
    """A ratio, and beside it the goal and whether it is met."""
    ratio, met = figure.ratio(contender, peer), figure.met(contender, peer)
    if ratio is None:
        return ""
    text = f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.1g}"  # noqa: PLR2004 - two digits, or one that is none of 0
    if met is None:
        return text
    sign = "≥" if figure.more_is_better else "≤"
    return f"{text} ({sign} {figure.goals[peer]:.2f} {'met' if met else '**missed**'})"


def rows(figures: Iterable[Figure], peers: Sequence[str] = PEERS) -> list[list[str]]:
    """The cells of a table: a row for ours, and one for ours with look-ups where that was measured.

    A peer's column has its value, and ours as a part of it.
    """
    table = [["", "ours", *(f"{peer}: ours is" for peer in peers)]]
    for figure in figures:
        for contender in (OURS, LOOKUPS):
            ours = figure.value(contender)
            if ours is None:
                continue
            cells = [figure.title if contender == OURS else "… with look-ups", format_value(ours, figure.unit)]
            for peer in peers:
                theirs, ratio = figure.value(peer), format_ratio(figure, contender, peer)
                told = theirs is not None and contender == OURS
                cells.append(f"{format_value(theirs or 0, figure.unit)}: {ratio}" if told else ratio)
            table.append(cells)
    return table


def markdown(table: Sequence[Sequence[str]], *, aligned: bool = False) -> str:
    """A Markdown table of these cells, the first row its head; `aligned` for reading it in a terminal."""
    widths = [max(len(row[column]) for row in table) if aligned else 0 for column in range(len(table[0]))]
    lines = [
        "|" + "|".join(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)) + "|" for row in table
    ]
    lines.insert(1, "|" + "|".join(" " + "-" * max(width, 3) + " " for width in widths) + "|")
    return "\n".join(lines)


def tables(figures: Sequence[Figure], *, aligned: bool = False) -> str:
    """All figures: those of programs beside each other, the instructions, and what stands beside `json.loads`."""
    beside = [figure for figure in figures if JSON_LOADS in figure.goals]
    counted = [figure for figure in figures if figure.unit == "M instructions"]
    others = [figure for figure in figures if figure not in beside and figure not in counted]
    parts = (
        (None, others, PEERS),
        ("Millions of instructions:", counted, (FASTMCP, STOCK)),
        (None, beside, (JSON_LOADS,)),
    )
    return "\n\n".join(
        (f"{title}\n\n" if title else "") + markdown(rows(part, peers), aligned=aligned)
        for title, part, peers in parts
        if part
    )


def verdict(figures: Iterable[Figure]) -> str:
    """How many goals are met."""
    judged = [
        met
        for figure in figures
        for contender in (OURS, LOOKUPS)
        for peer in figure.goals
        if (met := figure.met(contender, peer)) is not None
    ]
    return f"{sum(judged)} of {len(judged)} goals are met."


SHORT: Mapping[str, tuple[str, ...]] = {
    "start to first result": ("start-2025-11-25", "start-2026-07-28"),
    "memory, after 10 and 10,000 tasks": ("memory-first", "memory-many"),
    "a call at 10 / 100 / 1,000 / 10,000 tasks": tuple(f"call-{n}-succeeded" for n in (10, 100, 1_000, 10_000)),
    "calls per second (more is better), stdio / HTTP": ("throughput-stdio", "throughput-http"),
}
"""What the main README shows: the figures, by their keys, that share a column."""


def short(figures: Sequence[Figure]) -> str:
    """The table of the main README: only ratios, a row for each peer that is a server."""
    known = {figure.key: figure for figure in figures}
    table = [["as a part of", *SHORT]]
    for peer, name in ((FASTMCP, "FastMCP's conversion"), (STOCK, "a stock one-tool server")):
        cells = [" / ".join(f"{known[key].ratio(OURS, peer) or 0:.2f}" for key in keys) for keys in SHORT.values()]
        table.append([name, *cells])
    return markdown(table)


def between(text: str, content: str) -> str:
    """The text with this between its markers instead of what is there.

    Raises:
        ValueError: it has not exactly one pair of them.
    """
    replaced, count = re.subn(
        r"(<!-- benchmark -->\n).*?(\n<!-- /benchmark -->)",
        lambda found: f"{found[1]}{content}{found[2]}",
        text,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{count} pairs of markers")
    return replaced
