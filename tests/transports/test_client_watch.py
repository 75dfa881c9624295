"""Whether anybody reads the output of a stdio server, as the operating system tells it."""

import contextlib
import io
import os
import select
import socket
from collections.abc import Iterator

import pytest

from blaxel_mcp.transports.client_watch import reader_has_gone

pytestmark = pytest.mark.skipif(not hasattr(select, "poll"), reason="pipes are not polled here")


@pytest.fixture(params=["pipe", "socket"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[io.FileIO, int]]:
    """The end to read, which a test may close, and the end to write, which doesn't wait."""
    if request.param == "pipe":
        reader, writer = os.pipe()
    else:
        reader, writer = (end.detach() for end in socket.socketpair())
    os.set_blocking(writer, False)
    with io.FileIO(reader) as file:
        yield file, writer
    os.close(writer)


class QuietPoll:
    """`select.poll` as macOS has it: a descriptor that is registered for no events is not looked at."""

    _real = select.poll

    def __init__(self) -> None:
        self._poll = QuietPoll._real()

    def register(self, fd: int, events: int) -> None:
        """Look at a descriptor."""
        if events:
            self._poll.register(fd, events)

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        """What happened."""
        return self._poll.poll(timeout)


def fill(writer: int) -> None:
    """Write until there is no room."""
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(65536))


@pytest.mark.parametrize("room", ["room", "no room"])
def test_a_reader_is_there_until_it_closes(ends: tuple[io.FileIO, int], room: str) -> None:
    """Whether or not there is room to write."""
    reader, writer = ends
    if room == "no room":
        fill(writer)
    assert not reader_has_gone(writer)
    reader.close()
    assert reader_has_gone(writer)


def test_a_poll_that_is_asked_for_nothing_tells_nothing(
    ends: tuple[io.FileIO, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is asked whether there is room, and macOS tells that the reader has gone as well."""
    monkeypatch.setattr(select, "poll", QuietPoll)
    reader, writer = ends
    assert not reader_has_gone(writer)
    reader.close()
    assert reader_has_gone(writer)
