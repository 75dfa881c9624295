"""Serving over HTTP on uvicorn: where to listen, how many connections to take, and how it ends.

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

import uvicorn
from starlette.types import ASGIApp

from blaxel_mcp import __version__
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.setting_types import is_loopback
from blaxel_mcp.settings import Settings
from blaxel_mcp.transports.app import MCP, SSE
from blaxel_mcp.transports.exposure import check_exposure, warnings
from blaxel_mcp.transports.protocol import Protocol
from blaxel_mcp.transports.signals import on_signals

logger = logging.getLogger(__name__)

KEEP_SECONDS = 75
"""For the next request on a connection. Longer than clients and load balancers keep theirs, which is 60 s at most: one
that is closed here at the moment when they send is an error there; and uvicorn's own 5 s is how often many poll."""
SPARE_CONNECTIONS = 200
"""Beyond those for requests and streams: idle ones, and what is being turned away."""
SPARE_FILES = 64
"""Beyond the connections: what the process itself holds open, and its calls upstream."""
FINISH_SECONDS = 1.5
"""For the calls in flight when told to end; those that take longer are answered with an error."""
STREAM_SECONDS = 2.0
"""For streams, which do not end by themselves; by then the answers that were waited for are written to them."""
GRACE_SECONDS = 3
"""For these answers, until connections are cut."""


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
        for connection in _connections(http):
            if connection.flow.write_paused:
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
        asyncio.get_running_loop().call_later(STREAM_SECONDS, _end_streams, http)

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


def _connections(http: uvicorn.Server) -> list[Protocol]:
    return [connection for connection in http.server_state.connections if isinstance(connection, Protocol)]


def _end_streams(http: uvicorn.Server) -> None:
    for connection in _connections(http):
        if connection.is_streaming:
            connection.transport.close()


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
        unknown = isinstance(error, socket.gaierror)
        reason = "the name is not known" if unknown else os.strerror(error.errno or 0)  # its own text names the address
        raise ConfigurationError([f"Cannot listen on {host}, port {port}: {reason}."]) from None
    # asyncio turns TCP_NODELAY on only for sockets that name their protocol, and these do not; without it, every answer
    # after a connection's first one waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
