"""Showing pictures on a terminal: one after another, or one that is kept up to date in its place."""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live

from blaxel_mcp.summary.view import ExecutionView
from blaxel_mcp.terminal.page import Commands, lines_of_answer
from blaxel_mcp.terminal.picture import Size, draw
from blaxel_mcp.terminal.shapes import shapes_for

_NARROWEST, _WIDEST = 30, 200
"""Columns of a picture: a narrower one is cut at the terminal's edge, a wider one is hard to read."""
_NARROWEST_TEXT = 4
"""Columns that text is wrapped to at least, since a mark in front of it takes up to three; else to the terminal's."""
_LEAST_LANES = 8
"""Where nothing is refreshed, a picture may be higher than the terminal, but not by many lanes."""
_LEAVE = b"\x1b[?25h\n"
"""Shows the cursor, and goes to the line below the picture."""


class Screen:
    """A terminal that pictures are shown on; to be used in a `with` statement.

    The program must not write anything else to the terminal meanwhile if `in_place` is set.

    Args:
        output: the terminal.
        environ: the environment, in which people say which colours they want (`NO_COLOR`, `TERM`, `COLORTERM`).
        in_place: whether a picture replaces the one before.
        commands: those that advice in the answers names; may grow until it is shown.
        quiet: whether to leave out headings and advice.
    """

    def __init__(
        self,
        output: TextIO,
        environ: Mapping[str, str],
        *,
        in_place: bool = False,
        commands: Commands = {},  # noqa: B006 - it is only read
        quiet: bool = False,
    ) -> None:
        self._output, self._in_place, self._commands, self._quiet = output, in_place, commands, quiet
        self._encoding = output.encoding or "ascii"
        self._console = Console(
            file=output, force_terminal=True, markup=False, highlight=False, emoji=False, _environ=environ
        )
        # No thread of its own: whoever watches says when to draw.
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        if self._in_place:
            before = signal.signal(signal.SIGINT, self._interrupt(signal.getsignal(signal.SIGINT)))
            self._cleanup.callback(signal.signal, signal.SIGINT, before)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def show(self, view: ExecutionView, step: str) -> None:
        """Draw an execution; `step` is what a person can do next, or what happens next."""
        picture = self._draw(view, step)
        if not self._in_place:
            self._print(picture)
            return
        if not self._live.is_started:
            self._cleanup.enter_context(self._live)
            self._console.show_cursor()  # it stays in sight: a signal could end the program before it is back
        self._live.update(picture, refresh=True)

    def show_answer(self, command: str, arguments: Mapping[str, Any], facts: Mapping[str, Any], text: str) -> None:
        """Draw the answer of a command; one about a single execution is drawn as a picture of it is."""
        if "done" in facts:
            # What the small answer of a wait has no room for.
            known = {"outcome": "in_progress", **{name: arguments[name] for name in ("jobId", "executionId")}}
            self.show({"answer": {**known, **facts}}, facts["nextStep"])  # type: ignore[typeddict-item]
            return
        lines = lines_of_answer(
            command,
            arguments,
            facts,
            text,
            width=self._columns,
            shapes=shapes_for(self._encoding),
            commands=self._commands,
            quiet=self._quiet,
            encoding=self._encoding,
        )
        if lines:  # a log without a line, with --quiet, is nothing
            self._print(Group(*lines))

    def _print(self, lines: RenderableType) -> None:
        self._console.print(lines, crop=False)  # a command may be wider than the terminal

    @property
    def _columns(self) -> int:
        return max(_NARROWEST_TEXT, min(self._console.size.width, _WIDEST))

    def _draw(self, view: ExecutionView, step: str) -> RenderableType:
        # The line below the picture is the shell's.
        least = 0 if self._in_place else _LEAST_LANES
        return draw(
            view,
            Size(max(_NARROWEST, self._columns), self._console.size.height - 1, least, self._columns),
            step=step,
            shapes=shapes_for(self._encoding),
            encoding=self._encoding,
            commands=self._commands,
            quiet=self._quiet,
        )

    def _interrupt(
        self, before: Callable[[int, FrameType | None], object] | int | None
    ) -> Callable[[int, FrameType | None], object]:
        """A handler that leaves the terminal in order before what would have happened anyway."""

        def leave(number: int, frame: FrameType | None) -> None:
            os.write(self._output.fileno(), _LEAVE)  # not through the stream, which may be in the middle of a write
            if callable(before):
                before(number, frame)

        return leave
