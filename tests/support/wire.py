"""A stdio server in the tests' process, at one end of two pipes, and a clock that a test has to itself.

What differs from a process: standard input and output are not touched, and what is printed is the tests' own.
"""

import asyncio
import contextlib
import os
import selectors
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import IO, Any, TypeVar

from blaxel_mcp.transports.pipes import PipeReader, PipeWriter

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Tells of what has happened, and lets the time pass at once where nothing has."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        happened = super().select(None if timeout is None else 0)
        if not happened and timeout is not None:
            self.now += max(timeout, 0)
        return happened


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time: they begin at 0, and pass while everybody waits for them."""

    def __init__(self) -> None:
        self._seconds = _Selector()
        super().__init__(self._seconds)

    def time(self) -> float:
        """Seconds since it was made."""
        return self._seconds.now


def run(coroutine: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function in an event loop with such a clock."""

    async def awaited() -> T:
        return await coroutine()

    with asyncio.Runner(loop_factory=Clock) as runner:
        return runner.run(awaited())


def now() -> float:
    """What the clock says."""
    return round(asyncio.get_running_loop().time(), 3)


class Wire:
    """Two pipes, the server's ends as it has them, and the client's.

    Attributes:
        reader: what the server reads with.
        writer: what it writes with.
        sends: the client's end to write, unbuffered.
        hears: the client's end to read, which waits for nothing.
    """

    def __init__(self) -> None:
        (its_input, ours_out), (ours_in, its_output) = os.pipe(), os.pipe()
        for fd in (its_input, its_output, ours_in):
            os.set_blocking(fd, False)
        self.reader, self.writer = PipeReader(its_input), PipeWriter(its_output)
        self.sends: IO[bytes] = os.fdopen(ours_out, "wb", buffering=0)
        self.hears: IO[bytes] = os.fdopen(ours_in, "rb", buffering=0)

    def heard(self) -> bytes:
        """What the server has written since it was last asked for."""
        text = b""
        while part := self.hears.read(1 << 20):
            text += part
        return text

    def close(self) -> None:
        """Close all ends."""
        self.sends.close()
        self.hears.close()
        os.close(self.reader.fd)
        os.close(self.writer.fd)


@contextlib.contextmanager
def wire() -> Iterator[Wire]:
    """Two pipes that are closed in the end."""
    made = Wire()
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def standard_descriptors(fds: Mapping[int, int | None]) -> Iterator[None]:
    """Have other descriptors stand for standard input, output and error; None for one that is closed."""
    before = {fd: os.dup(fd) for fd in (0, 1, 2)}
    try:
        for fd, given in fds.items():
            if given is None:
                os.close(fd)
            else:
                os.dup2(given, fd)
        yield
    finally:
        for fd, kept in before.items():
            os.dup2(kept, fd)
            os.close(kept)


async def until(is_so: Callable[[], Any]) -> None:
    """Let the others go on until something is so, which must not take long."""
    for _ in range(20_000):
        if is_so():
            return
        await asyncio.sleep(0)
    raise TimeoutError
