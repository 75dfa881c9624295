"""What uvicorn lacks, and transports/deadlines.py therefore adds: each test fails once uvicorn has it by itself."""

import asyncio
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from blaxel_mcp.transports import deadlines
from blaxel_mcp.transports.deadlines import DeadlineProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
EMPTY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire(asyncio.Transport):
    """The transport of one connection: keeps what is written, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = ""

    def write(self, data: Any) -> None:
        """Keep it: nobody reads."""
        self.written += data

    def get_write_buffer_size(self) -> int:
        """Return all that was written."""
        return len(self.written)

    def close(self) -> None:
        """Note an orderly end."""
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        """Note that it was cut off."""
        self.ended = self.ended or "aborted"

    def is_closing(self) -> bool:
        """Return whether it has ended."""
        return bool(self.ended)

    def pause_reading(self) -> None:
        """Ignore it."""

    def resume_reading(self) -> None:
        """Ignore it."""


class Connections:
    """Connections to one server, driven by hand; `pass_time` ends every wait that was begun."""

    def __init__(self, protocol: type[H11Protocol], **config: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._config = uvicorn.Config(answer, lifespan="off", log_config=None, ws="none", **config)
        self._state = ServerState()
        self._timers: list[Callable[[], object]] = []
        self.now = 0.0

    def time(self) -> float:
        """The time, which stands still."""
        return self.now

    def open(self) -> tuple[Any, Wire]:
        """Accept one more."""
        protocol: Any = self._protocol(self._config, self._state, {}, self)  # type: ignore[arg-type] # as a loop
        wire = Wire()
        protocol.connection_made(wire)
        return protocol, wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(self, seconds: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        """Keep what is to be called."""
        timer = asyncio.TimerHandle(seconds, callback, args, self._loop)
        self._timers.append(lambda: None if timer.cancelled() else callback(*args))
        return timer

    def pass_time(self) -> None:
        """Call what was kept."""
        due, self._timers = self._timers, []
        for call in due:
            call()


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer before the body has come, and keep a GET's answer open."""
    del receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello", "more_body": scope["method"] == "GET"})
    if scope["method"] == "GET":
        await asyncio.Event().wait()


async def settle() -> None:
    """Let the tasks that were started run until they wait."""
    for _ in range(3):
        await asyncio.sleep(0)


async def slow_headers(protocol: type[H11Protocol]) -> object:
    """Send half of a request, and wait."""
    connections = Connections(protocol)
    connection, wire = connections.open()
    connection.data_received(REQUEST[:20])
    connections.pass_time()
    connections.pass_time()
    return wire.ended


async def silent_connection(protocol: type[H11Protocol]) -> object:
    """Connect, and wait."""
    connections = Connections(protocol)
    _, wire = connections.open()
    connections.pass_time()
    connections.pass_time()
    return wire.ended


async def stalled_reader(protocol: type[H11Protocol]) -> object:
    """Have a stream opened, read nothing of it, and wait."""
    connections = Connections(protocol)
    connection, wire = connections.open()
    connection.data_received(REQUEST)
    await settle()
    connection.pause_writing()
    connections.pass_time()
    connections.pass_time()
    for task in connection.tasks:
        task.cancel()
    return wire.ended


async def next_headers(protocol: type[H11Protocol]) -> object:
    """Have a request answered, send half of the next one, and wait."""
    connections = Connections(protocol)
    connection, wire = connections.open()
    connection.data_received(EMPTY)
    await settle()
    connection.data_received(REQUEST[:20])
    connections.pass_time()
    connections.pass_time()
    return wire.ended


async def reader_that_catches_up(protocol: type[H11Protocol]) -> object:
    """Have a stream opened, read some of it after each look but one, and stop."""
    connections = Connections(protocol)
    connection, wire = connections.open()
    connection.data_received(REQUEST)
    await settle()
    ended = []
    for catches_up in (True, True, False, False):
        connection.pause_writing()
        connections.pass_time()
        if catches_up:
            connection.resume_writing()
        ended.append(wire.ended)
    for task in connection.tasks:
        task.cancel()
    return ended


async def too_many(protocol: type[H11Protocol]) -> object:
    """Open one connection more than there may be; uvicorn's own limit looks at requests only."""
    limited = type("Limited", (protocol,), {"max_connections": 1})
    connections = Connections(limited, limit_concurrency=1)
    connections.open()
    _, second = connections.open()
    return second.ended


async def stream_at_shutdown(protocol: type[H11Protocol]) -> object:
    """Have a stream opened, and the server shut down."""
    connections = Connections(protocol)
    connection, wire = connections.open()
    connection.data_received(REQUEST)
    await settle()
    connection.shutdown()
    connections.pass_time()
    for task in connection.tasks:
        task.cancel()
    return wire.ended


async def broken_body(protocol: type[H11Protocol]) -> object:
    """Send a chunk that is none after the request was answered."""
    connection, wire = Connections(protocol).open()
    connection.data_received(POST)
    await settle()
    try:
        connection.data_received(b"ZZ\r\n")
    except Exception as error:  # noqa: BLE001 - which error is uvicorn's business
        return type(error).__name__
    return wire.ended


@pytest.mark.parametrize(
    ("case", "stock", "ours"),
    [
        (slow_headers, "", "aborted"),
        (silent_connection, "", "aborted"),
        (next_headers, "", "aborted"),
        (stalled_reader, "", "aborted"),
        (reader_that_catches_up, [""] * 4, ["", "", "", "aborted"]),
        (too_many, "", "closed"),
        (stream_at_shutdown, "", "closed"),
        (broken_body, "LocalProtocolError", "closed"),
    ],
)
def test_uvicorn_lacks_what_we_add(case: Callable[[type[H11Protocol]], Any], stock: object, ours: object) -> None:
    """If the first is no longer so, delete our override and use uvicorn's own setting."""
    assert asyncio.run(case(H11Protocol)) == stock
    assert asyncio.run(case(DeadlineProtocol)) == ours


def test_that_all_connections_are_taken_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """Each one too many is told when to come back, and closed; those that are open stay."""

    async def open_too_many() -> None:
        limited = type("Limited", (DeadlineProtocol,), {"max_connections": 2})
        connections = Connections(limited)
        allowed = [connections.open() for _ in range(2)]
        for connections.now, said in ((100, 1), (159, 1), (160, 2), (219, 2), (220, 3)):
            protocol, wire = connections.open()
            assert wire.written == b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
            assert wire.ended == "closed"
            protocol.connection_lost(None)
            assert caplog.messages == ["All 2 connections are taken; new ones are answered 503."] * said
        assert [(wire.written, wire.ended) for _, wire in allowed] == [(b"", "")] * 2

    asyncio.run(open_too_many())


def test_what_is_no_http_is_told_so() -> None:
    """In uvicorn's words, where nothing was answered yet."""

    async def send_garbage() -> Wire:
        connection, wire = Connections(DeadlineProtocol).open()
        connection.data_received(b"\x16\x03\x01 garbage\r\n\r\n")
        return wire

    wire = asyncio.run(send_garbage())
    assert wire.written.startswith(b"HTTP/1.1 400 ")
    assert wire.written.endswith(b"\r\n\r\nInvalid HTTP request received.")
    assert wire.ended == "closed"


def test_uvicorn_is_bounded_to_the_minor_version_that_was_tried() -> None:
    """Private members may change with any minor version; the module says which one it was tried with."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    (bound,) = [line for line in project["project"]["dependencies"] if line.startswith("uvicorn")]
    major, minor, *_ = uvicorn.__version__.split(".")
    assert bound == f"uvicorn>={major}.{minor},<{major}.{int(minor) + 1}"
    assert f"uvicorn {major}.{minor}," in str(deadlines.__doc__)
