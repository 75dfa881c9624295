"""Serving over HTTP on uvicorn: where to listen, how long a client may take to say what it wants, and how it ends.

The SDK's own `run` sets no time limit for ending: with a call in flight it would not end at all.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from blaxel_mcp import __version__
from blaxel_mcp.config import Settings, is_loopback
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.transports.app import MCP, SSE
from blaxel_mcp.transports.exposure import check_exposure, warnings
from blaxel_mcp.transports.signals import on_signals

logger = logging.getLogger(__name__)

HEADER_SECONDS = 10.0
"""From the beginning of a connection, or of a request on it, to the end of that request's headers."""
STALLED_SECONDS = 20.0
"""In which a client must take some of what is written to it."""
STALLED_BYTES = 32 * 1024
"""How much is some, as long as there is that much."""
KEEP_SECONDS = 75
"""For the next request on a connection. Longer than clients and load balancers keep theirs, which is 60 s at most: one
that is closed here at the moment when they send is an error there; and uvicorn's own 5 s is how often many poll."""
SPARE_CONNECTIONS = 200
"""Beyond those for requests and streams: idle ones, and what is being turned away."""
SPARE_FILES = 64
"""Beyond the connections: what the process itself holds open, and its calls upstream."""
FINISH_SECONDS = 1.5
"""For the calls in flight when told to end; those that take longer are answered with an error."""
GRACE_SECONDS = 3
"""For these answers, until connections are cut."""


class Protocol(H11Protocol):
    """uvicorn's own, which waits for headers and for readers without end, and takes any number of connections."""

    most_connections = 0
    header_seconds = HEADER_SECONDS
    stalled_seconds = STALLED_SECONDS
    _headers_due: asyncio.TimerHandle | None = None
    _reading_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(transport)
        if self.most_connections and len(self.connections) > self.most_connections:
            transport.write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n")
            transport.close()
            return
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Some bytes have come: the headers of a request, its body, or part of either."""
        if self._headers_due is None and not self._is_busy():
            self._expect_headers()
        super().data_received(data)
        if self._is_busy():
            self._forget_headers()

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP; where a request was answered before its body ended, nothing more can be said."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client reads more slowly than is written to it, or not at all."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._forget_reading()

    def on_response_complete(self) -> None:
        """All of an answer is written, which is not to say that it was taken."""
        super().on_response_complete()
        self._expect_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client, or we, closed the connection."""
        self._forget_headers()
        self._forget_reading()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # uvicorn's type leaves out that it may be none yet
        return cycle is not None and not cycle.response_complete

    def _expect_headers(self) -> None:
        self._headers_due = self.loop.call_later(self.header_seconds, self.transport.close)

    def _expect_reading(self) -> None:
        if self._reading_due is None and (left := self.transport.get_write_buffer_size()):
            self._reading_due = self.loop.call_later(self.stalled_seconds, self._check_reading, left)

    def _check_reading(self, before: int) -> None:
        self._reading_due = None
        if self.transport.get_write_buffer_size() > max(before - STALLED_BYTES, 0):
            self.transport.abort()  # closing it would wait for the reader
        else:
            self._expect_reading()

    def _forget_headers(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _forget_reading(self) -> None:
        if self._reading_due is not None:
            self._reading_due.cancel()
            self._reading_due = None


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us: uvicorn raises them again once it has ended, for a traceback or another code."""
        yield


async def serve_http(app: ASGIApp, settings: Settings, give_up: Callable[[], None]) -> int:
    """Serve SSE or Streamable HTTP until a signal comes; answers the exit code.

    Args:
        app: made by `app.build_app`.
        settings: where to listen, and how many connections to take.
        give_up: answers the calls in flight with an error.

    Raises:
        ConfigurationError: it may not listen there, or cannot.
    """
    check_exposure(settings, loopback=is_loopback(settings.host))
    listening = listen(settings.host, settings.port)
    most = room_for(settings.max_requests + settings.max_streams + SPARE_CONNECTIONS)
    http = _Uvicorn(
        uvicorn.Config(
            app,
            http=type("LimitedProtocol", (Protocol,), {"most_connections": most}),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    code = 0

    def finish() -> None:
        give_up()
        for connection in [*http.server_state.connections]:
            if isinstance(connection, Protocol) and connection.flow.write_paused:
                connection.transport.abort()  # nobody reads there, and what waits for that would wait too long

    def end(number: signal.Signals) -> None:
        nonlocal code
        for name in ("uvicorn.error", "mcp"):  # what they say from here on is a traceback for each call that is cut off
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        if http.should_exit:  # told twice: whoever does that wants it to end now
            http.force_exit = True
            code = 128 + number if number == signal.SIGINT else 0
            give_up()
            return
        http.should_exit = True
        asyncio.get_running_loop().call_later(FINISH_SECONDS, finish)

    on_signals(end)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    path = SSE if settings.transport == "sse" else MCP
    for warning in warnings(settings):
        logger.warning(warning)
    sys.stderr.write(f"blaxel-mcp {__version__} listening on http://{shown}:{port}{path}\n")
    sys.stderr.flush()
    await http.serve(sockets=[listening])
    return code


def room_for(connections: int) -> int:
    """How many of them there can be, after asking the system for room: many begin with 1,024 files to a process."""
    try:
        import resource  # noqa: PLC0415 - Windows has none, and no such limit
    except ImportError:
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(min(connections, wanted - SPARE_FILES), 1)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections there; `::` takes those of the older protocol too.

    Raises:
        ConfigurationError: it cannot.
    """
    address = host.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    both = address == "::" and socket.has_dualstack_ipv6()
    try:
        listening = socket.create_server((address, port), family=family, dualstack_ipv6=both)
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # its own text names the address once more
        raise ConfigurationError([f"Cannot listen on {host}, port {port}: {reason}."]) from None
    # asyncio turns TCP_NODELAY on only for sockets that name their protocol, and these do not; without it, every answer
    # after a connection's first one waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
