"""Serving over HTTP with uvicorn: where to listen, how many connections to accept, and how to shut down in time.

The SDK's own `run` sets no time limit for shutdown: with a call in flight it would not end at all.
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
from blaxel_mcp.transports.deadlines import DeadlineProtocol
from blaxel_mcp.transports.exposure import check_exposure, log_warnings
from blaxel_mcp.transports.signals import on_signals

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 75
"""For the next request on a connection. Longer than clients and load balancers keep theirs, which is 60 s at most: one
that is closed here at the moment when they send is an error there; and uvicorn's own 5 s is how often many poll."""
SPARE_CONNECTIONS = 200
"""Connections beyond those for requests and streams: idle ones, and what is being rejected."""
SPARE_FILES = 64
"""Open files beyond the connections: what the process itself holds open, and its calls upstream."""
IN_FLIGHT_SECONDS = 1.5
"""For the calls in flight at shutdown; those that take longer are answered with an error."""
GRACE_SECONDS = 3
"""From the start of a shutdown until uvicorn cuts what is left: streams, and answers that are not taken by then."""


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us: uvicorn raises them again once it has ended, for a traceback or another code."""
        yield


async def serve_http(app: ASGIApp, settings: Settings, abort_in_flight: Callable[[], None]) -> int:
    """Serve SSE or Streamable HTTP until a signal comes; return the exit code.

    Args:
        app: The application that `app.build_app` makes.
        settings: Where to listen, and how many connections to accept.
        abort_in_flight: Makes the calls in flight end with an error that says why.

    Raises:
        ConfigurationError: The settings let it not listen there, or the system does not.
    """
    check_exposure(settings, loopback=is_loopback(settings.host))
    listening = listen(settings.host, settings.port)
    connections = raise_file_limit(settings.max_requests + settings.max_streams + SPARE_CONNECTIONS)

    class LimitedProtocol(DeadlineProtocol):
        max_connections = connections

    server = _Uvicorn(
        uvicorn.Config(
            app,
            http=LimitedProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    code = 0

    def shut_down(number: signal.Signals) -> None:
        nonlocal code
        for name in ("uvicorn.error", "mcp"):  # what they say from here on is a traceback for each call that is cut off
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        if server.should_exit:  # the second signal: whoever sends it wants the process to end now
            logger.info("Ending at once: %s.", number.name)
            server.force_exit = True
            code = 128 + number if number == signal.SIGINT else 0
            abort_in_flight()
            return
        logger.info("Ending: %s.", number.name)
        server.should_exit = True
        asyncio.get_running_loop().call_later(IN_FLIGHT_SECONDS, abort_in_flight)

    on_signals(shut_down)
    log_warnings(settings)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    path = SSE if settings.transport == "sse" else MCP
    sys.stderr.write(f"blaxel-mcp {__version__} listening on http://{shown}:{port}{path}\n")
    sys.stderr.flush()
    await server.serve(sockets=[listening])
    return code


def raise_file_limit(connections: int) -> int:
    """Ask the system for so many open files, since many allow a process 1,024; return how many connections fit."""
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
    """Return a socket that listens there; `::` accepts IPv4 too.

    Raises:
        ConfigurationError: The name is not known, or the system refuses the address or the port.
    """
    address = host.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    both = address == "::" and socket.has_dualstack_ipv6()
    try:
        socket.getaddrinfo(address.encode(), port, family)  # create_server has one error for everything
        listening = socket.create_server((address, port), family=family, dualstack_ipv6=both)
    except OSError as error:
        unknown = isinstance(error, socket.gaierror)
        reason = "the name is not known" if unknown else os.strerror(error.errno or 0)  # its own text names the address
        raise ConfigurationError([f"Cannot listen on {host}, port {port}: {reason}."]) from None
    # asyncio turns TCP_NODELAY on only for sockets that name their protocol, and these do not; without it, every answer
    # after a connection's first one waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
