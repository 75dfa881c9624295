"""Standard input and output as pipes that the event loop waits for, in the forms that the SDK's `stdio_server` takes.

The SDK's own files cost two hops to a worker thread for each message, a fifth of a small call, and a read in a thread
cannot be ended.
"""

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CHUNK = 1 << 18
"""Bytes to read at once: at start-up, everything that a client has written into a pipe of the usual 64 KiB."""


class PipeReader:
    """Reads lines of any length from a pipe, never more than one read ahead of whoever takes them."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._begun: list[bytes] = []  # of a line that hasn't ended: joined once, because a line may be many MiB

    async def read_lines(self) -> list[bytes] | None:
        """The lines that the next read completes, without their line feeds; None at the end.

        Nothing is lost where this is cancelled. What the pipe ends with, after its last line feed, is a line too.
        """
        loop = asyncio.get_running_loop()
        await _until_ready(self._fd, loop.add_reader, loop.remove_reader)
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:  # another process reads from this pipe too
            return []
        if not chunk:
            last = b"".join(self._begun)
            self._begun.clear()
            return [last] if last else None
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join((*self._begun, lines[0]))
            self._begun.clear()
        self._begun.append(rest)
        return lines


class PipeWriter:
    """Writes to a pipe without a buffer: whoever writes waits for the client to read."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    async def write(self, text: str) -> None:
        """Write all of it.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        loop = asyncio.get_running_loop()
        rest = memoryview(text.encode())
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                await _until_ready(self._fd, loop.add_writer, loop.remove_writer)

    async def flush(self) -> None:
        """Nothing to do: what was written is in the pipe."""


@contextlib.contextmanager
def standard_pipes() -> Iterator[tuple[PipeReader, PipeWriter] | None]:
    """Take standard input and output for the protocol, if both are pipes or sockets; else give None.

    From then on descriptor 0 is empty and descriptor 1 is standard error, as in the SDK's `stdio_server`: what a
    library or a child process prints doesn't get between the messages. Files, terminals and Windows are left to the
    SDK: the event loop cannot wait for a file, and a terminal that doesn't block would upset the shell.
    """
    if os.name != "posix" or not (_is_pipe(_STDIN) and _is_pipe(_STDOUT)):
        yield None
        return
    wire = os.dup(_STDIN), os.dup(_STDOUT)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, _STDIN)
    try:
        os.dup2(_STDERR, _STDOUT)
    except OSError:  # standard error is closed
        os.dup2(null, _STDOUT)
    os.close(null)
    for fd in wire:
        os.set_blocking(fd, False)
    try:
        yield PipeReader(wire[0]), PipeWriter(wire[1])
    finally:
        for fd in wire:
            os.set_blocking(fd, True)  # as a process expects that was given the same pipe


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
