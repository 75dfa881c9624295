"""Standard error as a stream that never waits for whoever reads it: a line that finds no room is dropped and counted.

Many clients open a pipe for standard error and never read it. A write into a full pipe blocks, and with it the event
loop: no answer, no `/health`, no end at SIGTERM. `O_NONBLOCK` on the pipe that was given would be seen by every process
that shares it, so the pipe is opened a second time where `/proc` lets us; elsewhere `poll` tells whether there is room.
"""

import contextlib
import io
import os
import select
import stat
import sys
import threading
from collections.abc import Callable

_STDERR = 2
_LAST_WORDS_SECONDS = 0.1
"""For a reader that is about to read, when the process ends."""


class LossyWriter(io.RawIOBase):
    """Writes whole or not at all, without waiting, and says how much was dropped once there is room again.

    What was written in part is finished first, so that nothing gets between the two parts of a line.

    Args:
        write_some: Writes the beginning of what it is given, like `os.write`, and returns the number of bytes.

    Attributes:
        dropped: Lines that were dropped and not yet told of.
    """

    def __init__(self, write_some: Callable[[bytes], int]) -> None:
        super().__init__()
        self._write_some = write_some
        self._rest = b""
        self._lock = threading.RLock()  # a signal's handler may write in the middle of a write
        self.dropped = 0

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override] # any buffer, as io has it
        """Write, or drop; return the length in any case, so that nobody writes it again."""
        given = bytes(data)
        with self._lock:
            if self._finish() and self._tell_dropped():
                self._begin(given)
            else:
                self.dropped += max(given.count(b"\n"), 1)
        return len(given)

    def last_words(self) -> bool:
        """Write what is owed, when the process ends; whether nothing is left."""
        with self._lock:
            return self._finish() and self._tell_dropped() and not self._rest

    def _finish(self) -> bool:
        """Write what is left of the last line; whether nothing is left."""
        self._begin(self._rest)
        return not self._rest

    def _tell_dropped(self) -> bool:
        """Say how much was dropped, if anything was; whether that is written."""
        if not self.dropped:
            return True
        lines = "1 line was" if self.dropped == 1 else f"{self.dropped} lines were"
        notice = f"blaxel-mcp: {lines} dropped here, because nobody read standard error.\n".encode()
        self._begin(notice)
        if len(self._rest) == len(notice):  # no room even for that
            self._rest = b""
            return False
        self.dropped = 0
        return not self._rest

    def _begin(self, data: bytes) -> None:
        """Write as much as there is room for and keep the rest; nothing is kept for a reader that has gone."""
        try:
            while data:
                data = data[self._write_some(data) :]
        except BlockingIOError:
            pass
        except OSError:
            data = b""
        self._rest = data

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def fileno(self) -> int:
        """The descriptor, for those who ask whether it is a terminal."""
        return _STDERR

    def isatty(self) -> bool:
        """Whether a person may see it."""
        return os.isatty(_STDERR)


def never_wait_for_stderr() -> None:
    """Replace `sys.stderr` by a stream that never waits, unless that is done, or it is not descriptor 2."""
    before = sys.stderr
    if before is None:  # descriptor 2 was closed when the process began
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process
        return
    try:
        ours = isinstance(before, io.TextIOWrapper) and before.fileno() == _STDERR
    except (OSError, ValueError):  # captured, closed or detached
        return
    if not ours or isinstance(before.buffer, LossyWriter):
        return
    before.flush()
    raw = LossyWriter(_writer())
    sys.stderr = io.TextIOWrapper(  # as Python makes it, without a buffer
        raw,  # raw, as with `python -u`
        encoding=before.encoding,
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )


def flush_stderr() -> None:
    """Write what standard error is still owed, if it is read; wait a tenth of a second for that, never longer."""
    raw = getattr(sys.stderr, "buffer", None)
    if not isinstance(raw, LossyWriter):
        sys.stderr.flush()
    elif not raw.last_words() and hasattr(select, "poll"):
        poll = select.poll()
        poll.register(_STDERR, select.POLLOUT)
        if poll.poll(_LAST_WORDS_SECONDS * 1000):
            raw.last_words()


def _writer() -> Callable[[bytes], int]:
    """Return what writes to standard error without waiting, by what it is; what cannot be full is written plainly."""
    mode = os.fstat(_STDERR).st_mode
    if stat.S_ISSOCK(mode) and hasattr(os, "fork"):
        import socket  # noqa: PLC0415 - Node gives its children sockets, others don't

        end = socket.socket(fileno=os.dup(_STDERR))
        return lambda data: end.send(data, socket.MSG_DONTWAIT)
    if stat.S_ISFIFO(mode) or os.isatty(_STDERR):
        with contextlib.suppress(OSError, AttributeError):
            again = os.open(f"/proc/self/fd/{_STDERR}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            return lambda data: os.write(again, data)
        if hasattr(select, "poll"):
            return _write_if_room
    return lambda data: os.write(_STDERR, data)


def _write_if_room(data: bytes) -> int:
    """Write as much as a pipe takes at once if it takes anything (POSIX: a write of PIPE_BUF bytes is not divided)."""
    poll = select.poll()
    poll.register(_STDERR, select.POLLOUT)
    if not poll.poll(0):
        raise BlockingIOError
    return os.write(_STDERR, data[: select.PIPE_BUF])
