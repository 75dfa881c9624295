"""A stdio server in the tests' process, at one end of two pipes.

What differs from a process: standard input and output are not touched, and what is printed is the tests' own.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import IO

from blaxel_mcp.transports.pipes import PipeReader, PipeWriter


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
