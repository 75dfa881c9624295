"""A terminal as a person sees it: it obeys what is written to it here, and refuses what it does not know."""

import contextlib
import fcntl
import os
import re
import struct
import termios
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.cells import cell_len

from support.program import PATIENCE

_PART = re.compile(r"\x1b\[([?0-9;]*)([a-zA-Z])|([\r\n])|([^\x1b\r\n]+)")


class Emulator:
    """A screen without end: its lines, what colours were used on it, and whether the cursor is in sight.

    Attributes:
        lines: what is to be seen, without blanks at the ends of lines.
        styles: the parameters of every change of colour or weight.
        cursor_shown: whether the cursor is to be seen.
        highest: how many lines above its lowest one the cursor ever went.
    """

    def __init__(self) -> None:
        self._rows = [""]
        self._row = self._column = 0
        self.styles: set[str] = set()
        self.cursor_shown = True
        self.highest = 0

    @property
    def lines(self) -> list[str]:
        """What is to be seen."""
        return [row.rstrip() for row in self._rows]

    @property
    def text(self) -> str:
        """What is to be seen, as one text."""
        return "\n".join(self.lines)

    def write(self, text: str) -> None:
        """Obey what a program wrote."""
        end = 0
        for part in _PART.finditer(text):
            assert part.start() == end, f"not known here: {text[end : part.start()]!r}"
            end = part.end()
            parameters, command, move, plain = part.groups()
            if command:
                self._obey(parameters, command)
            elif move == "\r":
                self._column = 0
            elif move == "\n":
                self._row += 1
                self._rows += [""] * (self._row + 1 - len(self._rows))
            else:
                self._put(plain)
        assert end == len(text), f"not known here: {text[end:]!r}"

    def _put(self, text: str) -> None:
        row = self._rows[self._row].ljust(self._column)
        self._rows[self._row] = row[: self._column] + text + row[self._column + len(text) :]
        self._column += len(text)

    def _obey(self, parameters: str, command: str) -> None:
        match command, parameters:
            case "m", _:
                self.styles |= set(parameters.split(";")) - {"0", ""}
            case "K", "2":
                self._rows[self._row] = ""
            case "A", _:
                self._row -= int(parameters or 1)
                assert self._row >= 0, "above the screen"
                self.highest = max(self.highest, len(self._rows) - 1 - self._row)
            case (("l" | "h"), "?25"):
                self.cursor_shown = command == "h"
            case _:
                raise AssertionError(f"not known here: {command} with {parameters}")


class Terminal:
    """A pseudo-terminal of a size, whose screen is an `Emulator`; `program_end` is what a program writes to."""

    def __init__(self, columns: int, rows: int, encoding: str = "utf-8") -> None:
        self._ours, self.program_end = os.openpty()
        fcntl.ioctl(self.program_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen = Emulator()
        self._encoding, self._written = encoding, ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_program_end()
        self._reader.join(PATIENCE)
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        """Wait until a program has written this."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self._written, PATIENCE), self._written

    def finish(self) -> Emulator:
        """The screen, once the programs on it are gone."""
        self._close_program_end()
        self._reader.join(PATIENCE)
        self.screen.write(self._written)
        return self.screen

    def _close_program_end(self) -> None:
        """Close it once: a second time, its number might be that of a terminal in another thread."""
        if self.program_end >= 0:
            os.close(self.program_end)
            self.program_end = -1

    def _read(self) -> None:
        pieces = b""
        for piece in self._pieces():
            pieces += piece
            with self._changed:
                self._written = pieces.decode(self._encoding, "ignore")
                self._changed.notify_all()

    def _pieces(self) -> Iterator[bytes]:
        with contextlib.suppress(OSError):  # what Linux says once nobody has the other end any more
            while piece := os.read(self._ours, 65_536):
                yield piece


def widest(lines: list[str]) -> int:
    """The columns of the widest line."""
    return max(map(cell_len, lines))
