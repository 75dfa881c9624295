"""Standard error that nobody reads holds nothing up: lines are dropped, and counted once there is room again."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.program import HANDSHAKE, PATIENCE, Program
from support.sockets import post, read

from blaxel_mcp.standard_error import LossyWriter

pytestmark = pytest.mark.slow

ENDS_WITHIN = 2.0
NOTICE = b"blaxel-mcp: %d lines were dropped here, because nobody read standard error.\n"


class Pipe:
    """A pipe with little room: takes so many bytes, then raises as a full one does."""

    def __init__(self) -> None:
        self.room = 0
        self.taken = b""

    def write_some(self, data: bytes) -> int:
        """Take what there is room for."""
        if not self.room:
            raise BlockingIOError
        part = data[: self.room]
        self.room -= len(part)
        self.taken += part
        return len(part)


def test_what_finds_no_room_is_counted() -> None:
    """A line that was begun is finished; the count comes before the next line."""
    pipe = Pipe()
    writer = LossyWriter(pipe.write_some)
    pipe.room = 8
    for line in (b"first\n", b"second\n", b"third\n", b"fourth\nand more\n"):
        assert writer.write(line) == len(line)
    assert (pipe.taken, writer.dropped) == (b"first\nse", 3)
    pipe.room = 1000
    writer.write(b"fifth\n")
    assert pipe.taken == b"first\nsecond\n" + NOTICE % 3 + b"fifth\n"
    assert (writer.dropped, writer.last_words()) == (0, True)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), max_size=30))
def test_lines_stay_whole_and_every_lost_one_is_counted(steps: list[tuple[int, int]]) -> None:
    """However little room there is between the lines."""
    pipe = Pipe()
    writer = LossyWriter(pipe.write_some)
    given_lines = []
    for number, (room, length) in enumerate(steps):
        pipe.room = room
        line = b"%03d%s\n" % (number, b"x" * length)
        given_lines.append(line)
        writer.write(line)
    pipe.room = 10_000
    assert writer.last_words()
    lines = pipe.taken.splitlines(keepends=True)
    ours = [line for line in lines if not line.startswith(b"blaxel-mcp: ")]
    lost = sum(int(line.split()[1]) for line in lines if line.startswith(b"blaxel-mcp: "))
    assert [line for line in given_lines if line in ours] == ours
    assert len(ours) + lost == len(given_lines)


def test_a_reader_that_has_gone_is_no_error() -> None:
    """What is written then is lost, as it would be in a closed file."""

    def refuse(_: bytes) -> int:
        raise BrokenPipeError

    writer = LossyWriter(refuse)
    assert writer.write(b"a line\n") == len(b"a line\n")
    assert writer.last_words()


@contextlib.contextmanager
def unread(kind: str) -> Iterator[tuple[int, int]]:
    """Both ends of a full pipe, socket or terminal: the one to read, and the one to write to."""
    if kind == "socket":
        ours, theirs = (end.detach() for end in socket.socketpair())
    elif kind == "terminal":
        ours, theirs = os.openpty()
    else:
        ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(theirs, b"." * 1000 if kind != "terminal" else b".")
    os.set_blocking(theirs, True)
    os.set_blocking(ours, False)
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


def drain(fd: int) -> str:
    """What is in a pipe."""
    came = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(fd, 1 << 16):
            came += part
    return came.decode()


# A program of whose lines there are many, by each way to write to standard error, at each request.
NOISY = """
import logging, os, sys, warnings
from mcp.server import MCPServer
list_tools = MCPServer.list_tools
async def noisy(self):
    logging.getLogger("noise").error("%s", "x" * 10_000)
    warnings.warn("noise" + "y" * 10_000)
    print("z" * 10_000)
    print("z" * 10_000, file=sys.stderr, flush=True)
    return await list_tools(self)
MCPServer.list_tools = noisy
from blaxel_mcp.__main__ import main; sys.exit(main())
"""
NOISY_COMMAND = (sys.executable, "-c", NOISY)
QUIET_WARNINGS = {"PYTHONWARNINGS": "always"}


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
def test_a_full_standard_error_holds_up_no_answer_over_stdio(kind: str) -> None:
    """Log, warnings and prints are dropped; the count is told once somebody reads; the end comes in time."""
    with unread(kind) as (ours, theirs), Program(command=NOISY_COMMAND, env=QUIET_WARNINGS, stderr=theirs) as program:
        program.shake_hands()
        for _ in range(5):
            assert program.request("tools/list")["result"]["tools"]
        seen = ""
        for _ in range(50):  # a terminal takes few bytes at once
            seen += drain(ours)
            program.request("tools/list")
        assert "dropped here, because nobody read standard error." in seen + drain(ours)
        program.close_input()
        assert program.wait(ENDS_WITHIN) == 0
        assert os.get_blocking(theirs)


@pytest.mark.slow
def test_a_full_standard_error_does_not_keep_the_process() -> None:
    """What is logged by the end is lost."""
    with unread("pipe") as (_, theirs), Program(command=NOISY_COMMAND, env=QUIET_WARNINGS, stderr=theirs) as program:
        program.shake_hands()
        program.request("tools/list")
        program.request("ping")  # which is past the opening, and answered once the signal is handled
        program.signal(signal.SIGTERM)
        assert program.wait(ENDS_WITHIN) == 128 + signal.SIGTERM


def free_port() -> str:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


def test_a_full_standard_error_holds_up_nothing_over_http() -> None:
    """Neither requests that are logged, nor `/health`, nor SIGTERM."""
    port = free_port()
    with (
        unread("pipe") as (ours, theirs),
        Program("--transport", "http", "--port", port, "--request-log", stderr=theirs) as program,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client,
    ):
        health: dict[str, Any] = {}
        while not health:
            with contextlib.suppress(httpx.ConnectError):
                health["text"] = client.get("/health").text
        assert health["text"] == "ok"
        for _ in range(5):
            assert read(post(str(client.base_url), "tools/list", era=HANDSHAKE))["result"]["tools"]
        drain(ours)
        read(post(str(client.base_url), "tools/list"))
        assert "lines were dropped here, because nobody read standard error." in drain(ours)
        program.signal(signal.SIGTERM)
        assert program.wait() == 0


def test_a_program_without_standard_error_works() -> None:
    """As a daemon that closed it."""
    command = ("sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-P", "-m", "blaxel_mcp")
    with Program(command=command) as program:
        program.shake_hands()
        assert program.request("ping") == {"result": {}}
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")
