"""Tasks over time: lanes, how many ran at once, the timeout, the estimate, and the axis that they share."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.timeline import Timeline
from blaxel_mcp.summary.wording import format_duration, plural
from blaxel_mcp.terminal.lanes import Lane, most_telling, read_lanes
from blaxel_mcp.terminal.layout import Axis, Cell, Layout, row
from blaxel_mcp.terminal.shapes import Shapes, cut

_HIGH_CHART = 3
"""Lines; where room is short, the chart is one line."""
MOST_LANES = 20
_NEAR = 1.25
"""A timeout is drawn if it is at most so many times as far away as what the axis shows without it."""
FEW_LANES = 6
"""Where tasks are many, lanes of those that went well are examples, and so many lanes are enough."""
_CAUSE_WIDTH = 72
"""In a narrower picture, lanes don't name their cause."""


class TimelinePicture:
    """The part of a picture that shows tasks over time: at most `lines` lines, but at least `least_lanes` lanes."""

    def __init__(
        self,
        timeline: Timeline,
        answer: ExecutionAnswer,
        width: int,
        lines: int,
        shapes: Shapes,
        *,
        least_lanes: int = 0,
    ) -> None:
        self._timeline, self._answer, self._shapes, self._lines = timeline, answer, shapes, lines
        timing, now = answer.get("timing", {}), timeline["seconds"]
        self._estimate = None if answer["done"] else timing.get("estimatedRemainingRange")
        self._tasks = timeline["tasks"] + timeline.get("unread", 0)
        self._chart_rows = 0
        self._choose(read_lanes(timeline["lanes"], answer), least_lanes)
        causes = width >= _CAUSE_WIDTH and any(lane.wrong for lane in self._lanes)
        self._notes = [lane.note(now, shapes, with_cause=causes) for lane in self._lanes]
        self._layout = Layout.of(width, [f"  {lane.name}" for lane in self._lanes], [*self._notes, "0" * 7])
        end = now
        if self._estimate:
            end += min(self._estimate[-1], 3 * now)
        limit = timing.get("timeoutSeconds")
        self._timeout = None if limit is None else limit + timing.get("queuedSeconds", 0)
        if self._timeout is not None and self._timeout > end * _NEAR:
            self._timeout = None  # the answer's prose says what matters about it
        elif self._timeout is not None:
            end = max(end, self._timeout * 1.02)
        self._axis = Axis(max(end, 1.0), self._layout.track)

    def rows(self) -> list[Text]:
        """All of its lines."""
        rows = [self._lane(lane, note) for lane, note in zip(self._lanes, self._notes, strict=True)]
        if self._hidden:
            rows.append(self._more())
            rows += self._chart()
        if self._estimate:
            rows.append(self._time_left(self._estimate))
        rows.append(self._scale())
        return rows

    def _choose(self, known: list[Lane], least: int) -> None:
        """As many lanes as there is room for; where that isn't all tasks, also how high the chart is."""
        most = MOST_LANES
        if self._timeline.get("lanesOmitted"):
            most = max(FEW_LANES, sum(lane.wrong for lane in known))
        room = self._lines - 1 - bool(self._estimate)  # the scale
        lanes = min(len(known), most, MOST_LANES)
        if lanes < self._tasks or lanes > room:
            room -= 1 + any(self._timeline["spans"]["failed"])  # how many more there are, and where tasks failed
            many = bool(self._timeline.get("lanesOmitted"))
            self._chart_rows = _HIGH_CHART if many and room - _HIGH_CHART >= min(lanes, FEW_LANES) else 1
            known = most_telling(known, min(lanes, max(room - self._chart_rows, least, 0)))
        self._lanes, self._hidden = known, self._tasks - len(known)

    def row(self, left: str, track: Sequence[Cell], right: str = "", *, style: str = "") -> Text:
        """A line in the picture's three columns."""
        return row(self._layout, left, track, right, self._shapes, style=style)

    def _blank(self) -> list[Cell]:
        cells: list[Cell] = [(" ", "")] * self._layout.track
        if self._timeout is not None:
            cells[self._axis.at(self._timeout)] = (self._shapes.timeout, "red")
        return cells

    def _lane(self, lane: Lane, note: str) -> Text:
        shapes, cells = self._shapes, self._blank()
        state = shapes.states.get(lane.status, shapes.unknown)
        halves = Axis(self._axis.seconds, 2 * self._layout.track)
        now = self._timeline["seconds"]
        shown = [" "] * halves.columns
        if lane.queued is not None:
            until = next((moment for moment in (lane.started, lane.ended) if moment is not None), now)
            begin, end = halves.at(lane.queued), halves.at(until)
            shown[begin:end] = "w" * (end - begin)
        if lane.started is not None:
            begin, end = halves.at(lane.started), halves.at(now if lane.ended is None else lane.ended)
            shown[begin : max(end, begin + 1)] = "r" * max(1, end - begin)
        for column in range(self._layout.track):
            pair = "".join(shown[2 * column : 2 * column + 2])
            if pair.strip():
                cells[column] = (shapes.line[pair], state.style if "r" in pair else "dim")
        if lane.wrong and (lane.started is not None or lane.ended is not None):
            cells[self._axis.at(now if lane.ended is None else lane.ended)] = (state.symbol, f"bold {state.style}")
        line = self.row(f"{state.symbol} {lane.name}", cells, note)
        line.stylize(f"bold {state.style}" if lane.wrong else state.style, 0, 1)
        return line

    def _more(self) -> Text:
        wrong = self._answer.get("tasks", {}).get("failed", 0) - sum(lane.status == "failed" for lane in self._lanes)
        said = f"and {plural(self._hidden, 'more task')}" + (f", {wrong:,} of them failed" if wrong > 0 else "")
        if unread := self._timeline.get("unread"):
            said += f", {unread:,} not read"
        return Text(cut(f"  {said}", self._layout.width, self._shapes), "dim")

    def _chart(self) -> Iterator[Text]:
        """How many tasks ran at once, and where tasks failed."""
        running, failed = self._by_column("running", max), self._by_column("failed", sum)
        if not any(running):
            return
        levels = self._shapes.levels
        most, full = max(running), len(levels) - 1
        heights = [-(-number * full * self._chart_rows // most) if most else 0 for number in running]
        style = self._shapes.states["running"].style
        for up in reversed(range(self._chart_rows)):
            cells = self._blank()
            for column, height in enumerate(heights):
                level = max(0, min(full, height - up * full))
                if level:
                    cells[column] = (levels[level], style)
            named = ("at once", f"{most:>7,}") if up == self._chart_rows - 1 else ("", "")
            yield self.row(named[0], cells, named[1])
        if most_failed := max(failed):
            cells = self._blank()
            for column, number in enumerate(failed):
                if number:
                    cells[column] = (levels[-(-number * full // most_failed)], self._shapes.states["failed"].style)
            yield self.row("failed", cells, f"{sum(failed):>7,}")

    def _by_column(self, key: str, join: object) -> list[int]:
        spans = self._timeline["spans"]
        numbers: Sequence[int] = spans[key]  # type: ignore[literal-required]
        columns: list[list[int]] = [[0] for _ in range(self._layout.track)]
        for index, number in enumerate(numbers):
            first = self._axis.at(index * spans["seconds"])
            columns[first].append(number)
            if join is max:  # a span wider than a column is seen in all of its columns
                for column in range(first + 1, self._axis.at((index + 1) * spans["seconds"] - 0.001) + 1):
                    columns[column].append(number)
        return [max(column) if join is max else sum(column) for column in columns]

    def _time_left(self, estimate: Sequence[int]) -> Text:
        shapes, cells, now = self._shapes, self._blank(), self._timeline["seconds"]
        likely = self._answer["timing"].get("estimatedRemainingSeconds")
        for column in range(self._axis.at(now + estimate[0]), self._axis.at(now + estimate[-1]) + 1):
            cells[column] = (shapes.estimate, "cyan")
        cells[self._axis.at(now)] = (shapes.now, "bold")
        if likely is None:
            return self.row("time left", cells)
        cells[self._axis.at(now + likely)] = (shapes.likely, "bold cyan")
        return self.row("time left", cells, f"{format_duration(likely):>7}")

    def _scale(self) -> Text:
        cells: list[Cell] = [(" ", "")] * self._layout.track
        end = 0
        marks = [(column, f"{self._shapes.tick}{label}", "dim") for column, label in self._axis.ticks()]
        if self._timeout is not None:
            label = f"{self._shapes.timeout}timeout"
            column = self._axis.at(self._timeout)
            if column + len(label) > len(cells):
                label, column = label[1:] + label[0], column - len(label) + 1
            marks = [mark for mark in marks if not column - len(mark[1]) <= mark[0] <= column + len(label)]
            marks.append((column, label, "red"))
        for column, label, style in sorted(marks):
            if column >= end and column + len(label) <= len(cells):
                cells[column : column + len(label)] = [(character, style) for character in label]
                end = column + len(label) + 1
        return self.row("", cells)
