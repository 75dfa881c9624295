"""Standard input and output of a stdio server, as bytes: lines of any length in, text in UTF-8 with line feeds out.

Pipes and sockets are waited for by the event loop. The SDK's own text files would cost two hops to a worker thread for
each message, a fifth of a small call; they make CRLF of a line feed on Windows (python-sdk issue 2433), and a read in a
thread cannot be ended. Files, terminals and Windows, where the event loop can't wait, are read and written by threads.
"""

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Any

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CHUNK = 1 << 18
"""Bytes to read at once: at start-up, everything that a client has written into a pipe of the usual 64 KiB."""


class PipeReader:
    """Reads lines of any length from a pipe, never more than one read ahead of whoever takes them.

    Attributes:
        fd: the descriptor.
        reads: how often something came.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.reads = 0
        self._begun: list[bytes] = []  # of a line that hasn't ended: joined once, because a line may be many MiB

    async def read_lines(self) -> list[bytes] | None:
        """The lines that the next read completes, without their line feeds; None at the end.

        Nothing is lost where this is cancelled. What the pipe ends with, after its last line feed, is a line too.
        """
        try:
            chunk = await self._read()
        except BlockingIOError:  # another process reads from this pipe too
            return []
        except OSError:  # a socket whose other end was closed with answers unread, or a terminal that is gone
            chunk = b""
        if not chunk:
            last = b"".join(self._begun)
            self._begun.clear()
            return [last] if last else None
        self.reads += 1
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join((*self._begun, lines[0]))
            self._begun.clear()
        self._begun.append(rest)
        return lines

    async def _read(self) -> bytes:
        loop = asyncio.get_running_loop()
        await _until_ready(self.fd, loop.add_reader, loop.remove_reader)
        return os.read(self.fd, _CHUNK)


class PipeWriter:
    """Writes to a pipe without a buffer: whoever writes waits for the client to read.

    Attributes:
        fd: the descriptor.
        broken: whether a write has found that nobody reads any more.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.broken = False
        self._rest = b""
        self._finishing: asyncio.Task[None] | None = None  # writes what the pipe had no room for

    async def write(self, text: str) -> None:
        """Write all of it, after what others write. Where this is cancelled, what has been begun is written anyway.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        await self.finish()
        self.post(text)
        await self.finish()
        if self.broken:
            raise BrokenPipeError

    async def finish(self) -> None:
        """Wait until what was begun is written."""
        while self._finishing and not self._finishing.done():
            await asyncio.wait({self._finishing})

    def post(self, text: str) -> None:
        """Write what the pipe has room for; the rest follows by itself."""
        self._rest += text.encode()
        if (self._finishing is None or self._finishing.done()) and not self._write_now():
            self._finishing = asyncio.create_task(self._finish())

    def _write_now(self) -> bool:
        """Write what there is room for; whether nothing is left."""
        rest = memoryview(self._rest)
        try:
            while rest:
                rest = rest[os.write(self.fd, rest) :]
        except BlockingIOError:
            pass
        except OSError:  # mostly that nobody reads any more
            self.broken, rest = True, rest[:0]
        self._rest = bytes(rest)
        return not self._rest

    async def _finish(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._write_now():
            await _until_ready(self.fd, loop.add_writer, loop.remove_writer)


class FileReader(PipeReader):
    """Reads in a thread what the event loop can't wait for; a read that nothing ends is left behind."""

    async def _read(self) -> bytes:
        from anyio.to_thread import run_sync  # noqa: PLC0415 - pipes need no threads

        return await run_sync(os.read, self.fd, _CHUNK, abandon_on_cancel=True)


class FileWriter(PipeWriter):
    """Writes in a thread what could keep the event loop waiting."""

    def _write_now(self) -> bool:
        return not self._rest

    async def _finish(self) -> None:
        from anyio.to_thread import run_sync  # noqa: PLC0415 - as above

        while self._rest:
            data, self._rest = self._rest, b""
            try:
                while data:
                    data = data[await run_sync(os.write, self.fd, data, abandon_on_cancel=True) :]
            except OSError:
                self.broken = True


@contextlib.contextmanager
def standard_pipes() -> Iterator[tuple[PipeReader, PipeWriter] | None]:
    """Take standard input and output for the protocol, if they are pipes that can be waited for; else give None."""
    if os.name != "posix" or not (_is_pipe(_STDIN) and _is_pipe(_STDOUT)):
        yield None
        return
    with _taken() as wire:
        for fd in wire:
            os.set_blocking(fd, False)
        try:
            yield PipeReader(wire[0]), PipeWriter(wire[1])
        finally:
            for fd in wire:
                os.set_blocking(fd, True)  # as a process expects that was given the same pipe


@contextlib.contextmanager
def standard_files() -> Iterator[tuple[PipeReader, PipeWriter]]:
    """Take standard input and output for the protocol, whatever they are."""
    with _taken() as wire:
        yield FileReader(wire[0]), FileWriter(wire[1])


@contextlib.contextmanager
def _taken() -> Iterator[tuple[int, int]]:
    """Give other descriptors of standard input and output, and take the usual ones out of everybody else's way.

    From then on descriptor 0 is empty, and descriptor 1 and `sys.stdout` are standard error, as in the SDK's
    `stdio_server`: what a library or a child process prints doesn't get between the messages.
    """
    wire = os.dup(_STDIN), os.dup(_STDOUT)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, _STDIN)
    os.dup2(_STDERR, _STDOUT)
    os.close(null)
    if sys.platform == "win32":  # pragma: no cover
        from mcp.os.win32.utilities import rebind_std_handle_to_fd  # noqa: PLC0415

        for fd in (_STDIN, _STDOUT):  # what child processes are given there are handles
            with contextlib.suppress(OSError):
                rebind_std_handle_to_fd(fd)
    with contextlib.redirect_stdout(sys.stderr):  # which waits for nobody
        yield wire


def _is_pipe(fd: int) -> bool:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:  # it is closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


async def _until_ready(fd: int, add: Callable[..., Any], remove: Callable[[int], Any]) -> None:
    """Wait until a descriptor can be read or written; `add` and `remove` are the event loop's methods for which."""
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(fd, _set, ready)
    try:
        await ready
    finally:
        remove(fd)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():  # the event loop may tell once more before it is asked to stop
        ready.set_result(None)
