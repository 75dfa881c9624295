"""Serving a server: stdio, SSE, Streamable HTTP; who may connect; and how it ends.

The SDK's own `run` installs no signal handlers over stdio and sets no time limit for ending over HTTP: with a call in
flight it would not end at all (python-sdk issues 1272, 3551). Starlette and uvicorn cost stdio nothing here, because
the SDK imports both in any case.
"""

import asyncio
import contextlib
import hmac
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp import __version__
from blaxel_mcp.config import Settings, is_loopback
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.server import Server

_CANCEL_SECONDS = 0.3
"""For calls that are cancelled over stdio to clean up."""
_GRACE_SECONDS = 2
"""For the calls in flight when an HTTP server is told to end; those that take longer are cancelled."""
_PARENT_SECONDS = 2.0
"""Between two looks at whether the client's process is still there."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def _on_signals(end: Callable[[signal.Signals], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda got, _: loop.call_soon_threadsafe(end, signal.Signals(got)))


async def serve_stdio(server: Server) -> int:
    """Serve until standard input ends, a signal comes or the parent process has gone; answers the exit code."""
    told_to_end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: signal.Signals) -> None:
        if not told_to_end.done():
            told_to_end.set_result(128 + number)

    _on_signals(end)
    if sys.stdin.isatty():
        sys.stderr.write("blaxel-mcp waits for an MCP client on standard input; to see it at work: blaxel-mcp demo\n")
    serving = asyncio.create_task(server.run_stdio_async())
    orphaned = asyncio.create_task(_until_orphaned())
    reasons: set[asyncio.Future[Any]] = {serving, orphaned, told_to_end}
    await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    orphaned.cancel()
    serving.cancel()
    await asyncio.wait({serving}, timeout=_CANCEL_SECONDS)
    if serving.done() and not serving.cancelled():
        try:
            serving.result()
        except* BrokenPipeError:
            pass  # the client went away in the middle of an answer
    return told_to_end.result() if told_to_end.done() else 0


async def _until_orphaned() -> None:
    """Wait until the parent has gone: another of its children may still hold our standard input open."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(_PARENT_SECONDS)


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us: uvicorn raises them again once it has ended, for a traceback or another code."""
        yield


async def serve_http(server: Server, settings: Settings) -> int:
    """Serve SSE or Streamable HTTP until a signal comes; answers the exit code.

    Raises:
        ConfigurationError: it may not listen there, or cannot.
    """
    check_exposure(settings)
    listening = _listen(settings.host, settings.port)
    http = _Uvicorn(
        uvicorn.Config(
            build_app(server, settings),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    code = 0

    def end(number: signal.Signals) -> None:
        nonlocal code
        code = 128 + number if number == signal.SIGINT else 0  # a SIGTERM is how services are stopped in good order
        for name in ("uvicorn.error", "mcp"):  # what they say from here on is a traceback for each call that is cut off
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        http.force_exit = http.should_exit
        http.should_exit = True

    _on_signals(end)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    path = "sse" if settings.transport == "sse" else "mcp"
    sys.stderr.write(f"blaxel-mcp {__version__} listening on http://{shown}:{port}/{path}\n")
    sys.stderr.flush()
    await http.serve(sockets=[listening])
    return code


def check_exposure(settings: Settings) -> None:
    """Refuse to listen where nobody would be kept out.

    Raises:
        ConfigurationError: with the reason and what to do.
    """
    problems = []
    if settings.auth != "token":
        problems.append(f"BLAXEL_MCP_AUTH={settings.auth} is not available in this version; unset it.")
    if not is_loopback(settings.host):
        problems.append(
            f"This version listens on loopback only, and {settings.host} is another address; use --host 127.0.0.1."
        )
    if problems:
        raise ConfigurationError(problems)


def _listen(host: str, port: int) -> socket.socket:
    address = host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.create_server((address, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # its own text names the address once more
        raise ConfigurationError([f"Cannot listen on {host}, port {port}: {reason}."]) from None
    # asyncio turns TCP_NODELAY on only for sockets that name their protocol, and these do not; without it, every answer
    # after a connection's first one waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def build_app(server: Server, settings: Settings) -> ASGIApp:
    """The HTTP application: `/mcp`, or `/sse` with `/messages`; `/health` says `ok` to anyone."""

    async def health(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    server.custom_route("/health", methods=["GET"])(health)
    # Always given: the SDK leaves both checks off, silently, for any host that is not a loopback name.
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=allowed_hosts(settings),
        allowed_origins=allowed_origins(settings),
    )
    if settings.transport == "sse":
        app = server.sse_app(sse_path="/sse", message_path="/messages/", transport_security=security)
    else:
        app = server.streamable_http_app(stateless_http=True, transport_security=security)
    return guard(app, security, settings.auth_token.get_secret_value() if settings.auth_token else None)


def allowed_hosts(settings: Settings) -> list[str]:
    """Host headers that are let in: as set, else the loopback names, each with any port."""
    return list(settings.allowed_hosts) or [form for name in _LOOPBACK for form in (name, f"{name}:*")]


def allowed_origins(settings: Settings) -> list[str]:
    """The same for Origin; without a scheme both are meant."""
    given = settings.allowed_origins or [form for name in _LOOPBACK for form in (name, f"{name}:*")]
    return [
        origin for entry in given for origin in ([entry] if "://" in entry else [f"http://{entry}", f"https://{entry}"])
    ]


def guard(app: ASGIApp, security: TransportSecuritySettings, token: str | None) -> ASGIApp:
    """Checks Host, Origin and the token before anything of MCP is reached; `/health` is outside.

    A plain ASGI function: Starlette's BaseHTTPMiddleware and SSE do not go together (python-sdk issue 883), and the
    SDK's own check over SSE answers with a traceback in the log.
    """
    check = TransportSecurityMiddleware(security)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/health":
            await app(scope, receive, send)
            return
        request = Request(scope)
        refusal = await check.validate_request(request)
        if refusal is None and token is not None and not _presents(request.headers.get("authorization"), token):
            refusal = PlainTextResponse("Unauthorized", 401, {"WWW-Authenticate": "Bearer"})
        await (app if refusal is None else refusal)(scope, receive, send)

    return guarded


def _presents(header: str | None, token: str) -> bool:
    scheme, _, given = (header or "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
