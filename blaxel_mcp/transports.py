"""Serving a server: stdio, SSE, Streamable HTTP; who may connect; and how it ends.

The SDK's own `run` installs no signal handlers over stdio and sets no time limit for ending over HTTP: with a call in
flight it would not end at all (python-sdk issues 1272, 3551).
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
from typing import TYPE_CHECKING

from blaxel_mcp import __version__
from blaxel_mcp.config import Settings, is_loopback
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.server import Server

if TYPE_CHECKING:
    from starlette.types import ASGIApp

logger = logging.getLogger(__name__)

_LAST_SECONDS = 1.0
"""Between being told to end and ending regardless, over stdio: its reader thread may never return."""
_GRACE_SECONDS = 3
"""For the calls in flight when an HTTP server is told to end."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ENDING = (signal.SIGINT, signal.SIGTERM)


def _on_signals(end: Callable[[signal.Signals], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        try:
            loop.add_signal_handler(number, end, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda got, _: loop.call_soon_threadsafe(end, signal.Signals(got)))


async def serve_stdio(server: Server) -> int:
    """Serve until standard input ends or a signal comes; answers the exit code."""
    loop = asyncio.get_running_loop()
    serving = asyncio.ensure_future(server.run_stdio_async())
    code = 0

    def end(number: signal.Signals) -> None:
        nonlocal code
        code = 128 + number
        serving.cancel()
        # The SDK reads standard input in a thread, which cannot be told to stop while the other side keeps it open.
        loop.call_later(_LAST_SECONDS, os._exit, code)

    _on_signals(end)
    with contextlib.suppress(asyncio.CancelledError, BrokenPipeError):
        await serving
    # A look-up of a host name may still sit in a thread, which the interpreter would wait for.
    loop.call_later(_LAST_SECONDS, os._exit, code)
    return code


async def serve_http(server: Server, settings: Settings) -> int:
    """Serve SSE or Streamable HTTP until a signal comes; answers the exit code.

    Raises:
        ConfigurationError: it may not listen there, or cannot.
    """
    import uvicorn  # noqa: PLC0415 - stdio, which is started far more often, does not need it

    check_exposure(settings)
    listening = _listen(settings.host, settings.port)
    app = build_app(server, settings)
    http = uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=_GRACE_SECONDS, server_header=False
        )
    )
    http.capture_signals = _no_signals  # type: ignore[method-assign]  # uvicorn raises the signal again after its end
    code = 0

    def end(number: signal.Signals) -> None:
        nonlocal code
        code = 128 + number if number == signal.SIGINT else 0
        # What uvicorn says from here on is a traceback for each call that it cuts off.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
        http.force_exit = http.should_exit
        http.should_exit = True

    _on_signals(end)
    path = "sse" if settings.transport == "sse" else "mcp"
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"blaxel-mcp {__version__} listening on http://{shown}:{port}/{path}\n")
    sys.stderr.flush()
    await http.serve(sockets=[listening])
    return code


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    yield


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
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise ConfigurationError([f"Cannot listen on {host}, port {port}: {error.strerror or 'refused'}."]) from None


def build_app(server: Server, settings: Settings) -> "ASGIApp":
    """The HTTP application: `/mcp`, or `/sse` with `/messages`; `/health` says `ok` to anyone."""
    from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415 - HTTP only
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import PlainTextResponse  # noqa: PLC0415

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
    token = settings.auth_token.get_secret_value() if settings.auth_token else None
    return guard(app, security, token)


def allowed_hosts(settings: Settings) -> list[str]:
    """Host headers that are let in: as set, else the loopback names, each with any port."""
    return list(settings.allowed_hosts) or [form for name in _LOOPBACK for form in (name, f"{name}:*")]


def allowed_origins(settings: Settings) -> list[str]:
    """The same for Origin; without a scheme both are meant."""
    given = settings.allowed_origins or [form for name in _LOOPBACK for form in (name, f"{name}:*")]
    return [
        origin for entry in given for origin in ([entry] if "://" in entry else [f"http://{entry}", f"https://{entry}"])
    ]


def guard(app: "ASGIApp", security: object, token: str | None) -> "ASGIApp":
    """Checks Host, Origin and the token before anything of MCP is reached; `/health` is outside.

    A plain ASGI function: Starlette's BaseHTTPMiddleware and SSE do not go together (python-sdk issue 883), and the
    SDK's own check over SSE answers with a traceback in the log.
    """
    from mcp.server.transport_security import (  # noqa: PLC0415 - HTTP only
        TransportSecurityMiddleware,
        TransportSecuritySettings,
    )
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import PlainTextResponse  # noqa: PLC0415
    from starlette.types import Receive, Scope, Send  # noqa: PLC0415

    assert isinstance(security, TransportSecuritySettings)  # noqa: S101 - for the type checker
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
