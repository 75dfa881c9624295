"""An execution's picture: a pure function of its view and the size that there is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from blaxel_mcp.summary.causes import CAUSE_LABELS
from blaxel_mcp.summary.schema import Failure
from blaxel_mcp.summary.timeline import Timeline
from blaxel_mcp.summary.view import ExecutionView, Runs
from blaxel_mcp.summary.wording import format_duration, plural
from blaxel_mcp.terminal.layout import Cell, Layout, bar, join, row
from blaxel_mcp.terminal.page import Commands, step_lines
from blaxel_mcp.terminal.prose import split_prose
from blaxel_mcp.terminal.shapes import UNICODE, Shapes, State, cut, printable, wrap
from blaxel_mcp.terminal.timeline import FEW_LANES, TimelinePicture

_TIMELINE_LINES = 5
"""What there is beside lanes: a blank line, how many more tasks there are, how many ran at once, time left, scale."""
_GROUPS = 3
_MESSAGE_LINES = 2
_EVIDENCE_LINES = 3
_WARNING_LINES = 4
_WORDS = {"timed_out": "timed out", "in_progress": "in progress"}
_COUNTS = ("succeeded", "failed", "cancelled", "running", "waiting")


class Size(NamedTuple):
    """How large a picture may be.

    Attributes:
        width: its columns.
        height: its lines, which the number of lanes is chosen for.
        least_lanes: so many lanes are drawn even if that makes it higher.
        columns: the terminal's, which sentences are wrapped to; 0 for the picture's own.
    """

    width: int
    height: int = 45
    least_lanes: int = 0
    columns: int = 0


class Section(NamedTuple):
    """Lines that belong together; where room is short, those with the largest `rank` go first."""

    rank: int
    lines: list[Text]


def draw(
    view: ExecutionView,
    size: Size,
    *,
    step: str = "",
    shapes: Shapes = UNICODE,
    encoding: str = "utf-8",
    commands: Commands = {},  # noqa: B006 - it is only read
    quiet: bool = False,
) -> Group:
    """The picture of an execution; nothing in it is wider than `size.width`, and no sentence than `size.columns`.

    Args:
        view: what is drawn; `now` in it is the present.
        size: how large the picture may be.
        step: what a person can do next, or what happens next; else the answer's next step.
        shapes: the characters to draw with.
        encoding: what the terminal takes; characters that it lacks are escaped.
        commands: those that the step names.
        quiet: whether to leave out the heading and the step.
    """
    picture = _Picture(_printable(view, encoding), size, printable(step, encoding), shapes, commands, quiet=quiet)
    return Group(*picture.lines())


def _printable(value: object, encoding: str) -> ExecutionView:
    """The view with every text in it such that it can be printed."""

    def walk(part: object) -> object:
        if isinstance(part, str):
            return printable(part, encoding)
        if isinstance(part, dict):
            return {key: walk(each) for key, each in part.items()}
        return [walk(each) for each in part] if isinstance(part, list) else part

    return walk(value)  # type: ignore[return-value]


class _Picture:
    def __init__(
        self, view: ExecutionView, size: Size, step: str, shapes: Shapes, commands: Commands, *, quiet: bool
    ) -> None:
        self._view, self._size, self._shapes, self._commands, self._quiet = view, size, shapes, commands, quiet
        self._columns = size.columns or size.width
        self._answer = view["answer"]
        self._step = step or self._answer["nextStep"]

    def lines(self) -> list[Text]:
        """The whole picture. Where it must not be higher than there is room for, what matters least is left out."""
        before, after = self._above(), self._below()
        timeline, strict = self._view.get("timeline"), not self._size.least_lanes
        wanted = min(FEW_LANES, timeline["tasks"]) + _TIMELINE_LINES if timeline else 0
        while strict and self._room(before, after) < wanted:
            dropped = max((*before, *after), key=lambda section: section.rank)
            if not dropped.rank:
                break
            (before if dropped in before else after).remove(dropped)
        room = self._room(before, after)
        drawn = self._timeline(timeline, room) if timeline and (room > _TIMELINE_LINES or not strict) else []
        lines = [line for section in (*before, Section(0, drawn), *after) for line in section.lines]
        return lines[1:] if self._quiet else lines  # a blank line, where the heading is missing

    def _room(self, *sections: list[Section]) -> int:
        return self._size.height - sum(len(section.lines) for part in sections for section in part)

    def _above(self) -> list[Section]:
        prose, width = split_prose(self._answer), self._columns
        warnings = [
            line
            for warning in prose.warnings
            for line in self._marked(warning, self._shapes.warning, "yellow", _WARNING_LINES)
        ]
        failures = list(self._failures())
        above = [] if self._quiet else [Section(0, [self._heading()]), Section(4, self._config())]
        return [
            *above,
            Section(0, [Text(), *wrap(Text(prose.verdict, "bold"), width)]),
            Section(1, failures),
            Section(1, warnings),
            Section(3, [*([Text()] if failures else []), *wrap(Text(prose.rest), width)] if prose.rest else []),
            Section(1, self._counts()),
        ]

    def _below(self) -> list[Section]:
        runs = self._view.get("runs")
        history = self._history(runs) if runs and len(runs["ids"]) > 1 else []
        step = step_lines(self._step, self._columns, self._shapes, self._commands)
        return [Section(2, history), *([] if self._quiet else [Section(0, [Text(), *step])])]

    def _marked(self, text: str, mark: str, style: str, most: int | None = None) -> list[Text]:
        """Wrapped text behind a mark, its lines in line with the first."""
        indent = cell_len(mark) + 1
        lines = wrap(Text(text), self._columns - indent, most=most, shapes=self._shapes)
        heads = [Text(f"{mark} ", style), *(Text(" " * indent) for _ in lines[1:])]
        return [Text.assemble(head, line, no_wrap=True) for head, line in zip(heads, lines, strict=True)]

    def _heading(self) -> Text:
        answer, shapes, width = self._answer, self._shapes, self._columns
        outcome = answer["outcome"]
        status = answer.get("status", "unknown")
        word = status if outcome in {"in_progress", "unknown"} else _WORDS.get(outcome, outcome)
        state = self._state()
        badge = f" {state.symbol} {cut(word, width // 3, shapes)} "
        line = Text(no_wrap=True).append(badge, f"bold reverse {state.style}".replace("dim", "").strip())
        room = width - cell_len(badge) - 1
        execution = cut(answer["executionId"], room // 2, shapes)
        gap = shapes.separator if answer["executionId"] else ""
        job = cut(answer["jobId"], room - cell_len(execution) - cell_len(gap), shapes)
        return line.append(" ").append(job, "bold").append(gap, "dim").append(execution)

    def _state(self) -> State:
        """How the execution fares: while it goes on, its status tells more than the outcome."""
        answer, states = self._answer, self._shapes.states
        outcome = answer["outcome"]
        return states.get(answer.get("status", "") if outcome == "in_progress" else outcome, self._shapes.unknown)

    def _config(self) -> list[Text]:
        answer, config = self._answer, self._answer.get("config", {})
        parts = []
        if answer.get("workspace"):
            parts.append(f"workspace {answer['workspace']}")
        if "parallelism" in config:
            parts.append(f"{config['parallelism']:,} at a time")
        if "memoryMb" in config:
            parts.append(f"{config['memoryMb']:,} MB")
        if names := config.get("envOverrides"):
            more = config.get("envOverridesOmitted", 0)
            parts.append(f"overrides {', '.join(names)}{f' and {more:,} more' if more else ''}")
        said = self._shapes.separator.join(parts)
        return wrap(Text(said, "dim"), self._columns, most=1, shapes=self._shapes) if parts else []

    def _failures(self) -> Iterator[Text]:
        failures = self._answer.get("failures", [])
        for index, failure in enumerate(failures[:_GROUPS]):
            yield from wrap(self._group(failure), self._columns)
            message = failure.get("message", "")
            if message:
                yield from self._indented(message, _MESSAGE_LINES)
            if index == 0:
                yield from self._evidence(message)
        omitted = sum(failure["count"] for failure in failures[_GROUPS:]) + self._answer.get("failuresOmitted", 0)
        if omitted:
            said = f"  and {plural(omitted, 'more failed task')}, not in these groups"
            yield from wrap(Text(said, "dim"), self._columns)

    def _group(self, failure: Failure) -> Text:
        """How many tasks failed, why, and which."""
        bad = self._shapes.states["failed"]
        label = CAUSE_LABELS.get(failure["cause"]) or "no cause known"  # type: ignore[call-overload]
        line = Text(no_wrap=True).append(f"{bad.symbol} ", f"bold {bad.style}")
        line.append(f"{plural(failure['count'], 'task')}: ").append(label, "bold")
        names = failure.get("tasks", [])
        while names:
            more = f", {self._shapes.ellipsis}" if len(names) < failure["count"] else ""
            named = f"  {', '.join(names)}{more}"
            if line.cell_len + cell_len(named) <= self._columns:
                return line.append(named, "dim")
            names = names[:-1]
        return line

    def _indented(self, text: str, most: int) -> list[Text]:
        return self._marked(text, " ", "", most)

    def _evidence(self, message: str) -> Iterator[Text]:
        """Lines of the log that the message doesn't have."""
        evidence = self._answer.get("evidence")
        for text in evidence["lines"][:_EVIDENCE_LINES] if evidence else ():
            if text not in message and message not in text:
                yield from self._marked(text, "  log:", "dim", 1)

    def _counts(self) -> list[Text]:
        """The bar of outcomes, and its numbers."""
        counts: Mapping[str, Any] = self._answer.get("tasks", {})
        parts: list[tuple[str, State, int]] = [
            (word, self._shapes.states[word], counts.get(word, 0)) for word in _COUNTS
        ]
        if not any(number for _, _, number in parts):
            return []
        width, total = self._size.width, counts.get("total", sum(number for _, _, number in parts))
        named = f"{total:,}"
        cells = bar([(state, number) for _, state, number in parts], width - len(named) - 1)
        line = join(cells).append(f" {named}", "bold")
        legend = [
            Text.assemble((f"{state.symbol} ", state.style), f"{number:,} {word}")
            for word, state, number in parts
            if number
        ]
        if counts.get("retried"):
            legend.append(Text(f"{self._shapes.retried} {counts['retried']:,} retried", "dim"))
        return [Text(), line, *_side_by_side(legend, self._columns)]

    def _timeline(self, timeline: Timeline, room: int) -> list[Text]:
        least, width = self._size.least_lanes, self._size.width
        picture = TimelinePicture(timeline, self._answer, width, room - 1, self._shapes, least_lanes=least)
        return [Text(), *picture.rows()]

    def _history(self, runs: Runs) -> list[Text]:
        """The job's executions: how long each took, how it ended, and which one this is."""
        shapes, width = self._shapes, self._size.width
        layout = Layout.of(width, ["time left"], [])
        most_runs = max(1, (layout.track - 1) // 2)
        first = max(0, min(runs["this"], len(runs["ids"]) - most_runs))
        indexes = range(first, min(len(runs["ids"]), first + most_runs))
        longest = max((runs["seconds"][index] or 0 for index in indexes), default=0)
        bars: list[Cell] = [(" ", "")]
        marks: list[Cell] = [(" ", "")]
        full = len(shapes.levels) - 1
        for index in indexes:
            state = shapes.states.get(runs["outcomes"][runs["outcome"][index]], shapes.unknown)
            state = self._state() if index == runs["this"] else state
            level = -(-(runs["seconds"][index] or 0) * full // longest) if longest else 0
            bars += [(shapes.levels[level], state.style), (" ", "")]
            marks += [(state.symbol, state.style), (" ", "")]
            if index == runs["this"]:
                marks[-3], marks[-1] = ("[", "bold"), ("]", "bold")
        left = layout.left
        usual = self._answer.get("history", {}).get("usualSeconds")
        said = f"usually {format_duration(usual)}" if usual else ""
        notes = [said or (f"longest {format_duration(longest)}" if longest else ""), "[ ] is this one"]
        lines = []
        for name, cells, note in zip(("history", ""), (bars, marks), notes, strict=True):
            track = width - left - 1
            line = row(Layout(left, len(cells), max(0, track - len(cells) - 1)), name, cells, f" {note}", shapes)
            lines.append(line)
        return [Text(), *lines]


def _side_by_side(texts: Sequence[Text], width: int) -> list[Text]:
    """Short texts in as few lines as they fit into."""
    lines: list[Text] = []
    for text in texts:
        if lines and lines[-1].cell_len + 3 + text.cell_len <= width:
            lines[-1].append("   ").append_text(text)
        else:
            lines.append(text)
    return lines
