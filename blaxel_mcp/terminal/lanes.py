"""Tasks as lanes: what the columns of a view say of each, and which of them are drawn where there is little room."""

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from blaxel_mcp.summary.causes import CAUSE_LABELS
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.timeline import Lanes
from blaxel_mcp.summary.wording import format_duration
from blaxel_mcp.terminal.shapes import Shapes

_WRONG = frozenset({"failed", "cancelled", "timeout"})
_IDLE_LANES = 3


class Lane(NamedTuple):
    """One task: its name, its state, and its times in seconds since the origin."""

    name: str
    status: str
    queued: float | None
    started: float | None
    ended: float | None
    retried: bool
    cause: str

    @property
    def wrong(self) -> bool:
        """Whether it ended otherwise than by success."""
        return self.status in _WRONG

    def note(self, until: float, shapes: Shapes, *, with_cause: bool) -> str:
        """How long it ran, whether it was tried more than once, and why it failed."""
        took = ""
        if self.started is not None:
            took = format_duration((until if self.ended is None else self.ended) - self.started)
        again = shapes.retried if self.retried else " "
        return f"{took:>7} {again} {self.cause if with_cause else ''}".rstrip()


def read_lanes(lanes: Lanes, answer: ExecutionAnswer) -> list[Lane]:
    """The rows of the columns."""
    failures = answer.get("failures", [])
    read = []
    for index, name in enumerate(lanes["names"]):
        group = lanes["failure"][index]
        cause = CAUSE_LABELS.get(failures[group]["cause"], "") if 0 <= group < len(failures) else ""  # type: ignore[call-overload]
        status = lanes["statuses"][lanes["status"][index]]
        times = lanes["queued"][index], lanes["started"][index], lanes["ended"][index]
        read.append(Lane(name, status, *times, retried=bool(lanes["retried"][index]), cause=cause))
    return read


def most_telling(lanes: Sequence[Lane], most: int) -> list[Lane]:
    """Choose at most `most` lanes, in their order: what went wrong before what runs, and that before the rest.

    Of tasks that never started there are at most three: they look alike, and the picture counts them instead.
    """
    idle = count()
    told = [lane for lane in lanes if lane.started is not None or next(idle) < _IDLE_LANES]
    kept = sorted(range(len(told)), key=lambda index: (not told[index].wrong, told[index].ended is not None, index))[
        :most
    ]
    return [told[index] for index in sorted(kept)]
