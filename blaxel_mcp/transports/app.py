"""The HTTP application: `/mcp`, or `/sse` with `/messages/`; `/metrics` if asked for; `/health` for anybody."""

import logging
import re
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.server import Server
from blaxel_mcp.settings import Settings
from blaxel_mcp.telemetry import NO_OBSERVERS, Observers
from blaxel_mcp.transports.admission import BODY_BYTES, Admission
from blaxel_mcp.transports.edge import Edge
from blaxel_mcp.transports.exposure import allowed_hosts, allowed_origins
from blaxel_mcp.transports.guard import Door, Guard, TokenDoor

if TYPE_CHECKING:
    from blaxel_mcp.transports.oauth.door import OAuthDoor

HEALTH, METRICS, MCP, SSE, MESSAGES = "/health", "/metrics", "/mcp", "/sse", "/messages/"
_ROUTES = frozenset({METRICS, MCP, SSE, MESSAGES})


def build_app(
    server: Server,
    settings: Settings,
    *,
    observers: Observers = NO_OBSERVERS,
    metrics: Callable[[], Response] | None = None,
    certificates: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> ASGIApp:
    """Everything that is served over HTTP, in the order that a request passes it.

    Args:
        server: what answers.
        settings: who may connect, and how many.
        observers: are told of requests that are turned away.
        metrics: answers a scrape; without it there is no such path.
        certificates: whom to trust as the authorization server, if there is one.
    """

    def rejected(path: str, status: int) -> None:
        observers.rejected(path if path in _ROUTES else "other", status)

    # Always given: the SDK leaves both checks off, silently, for any host that is not a loopback name.
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=allowed_hosts(settings),
        allowed_origins=allowed_origins(settings),
    )
    if settings.transport == "sse":
        # It logs each body that it cannot parse with a traceback; the client is told in any case.
        logging.getLogger("mcp.server.sse").setLevel(logging.CRITICAL)
        routes = server.sse_app(
            sse_path=SSE, message_path=MESSAGES, max_request_body_size=BODY_BYTES, transport_security=security
        )
    else:
        # Without sessions nothing would ever be said on a stream that a client opens with GET: it is told so at once.
        routes = server.streamable_http_app(
            streamable_http_path=MCP,
            stateless_http=True,
            max_request_body_size=BODY_BYTES,
            transport_security=security,
        )
    # A redirect would name the scheme by which a proxy asked, http, and take a caller's credential there.
    routes.router.redirect_slashes = False
    app: ASGIApp = AuthContextMiddleware(routes if settings.transport == "sse" else _only_post(MCP, routes))
    oauth = _oauth(settings, server, certificates)
    if oauth is not None and server.write_tools:
        from blaxel_mcp.transports.oauth.step_up import StepUp  # noqa: PLC0415 - only where clients sign in

        app = StepUp(app, oauth, server.write_tools)
    app = Admission(
        app,
        most_requests=settings.max_requests,
        most_streams=settings.max_streams,
        full=lambda: server.requests.full,
    )
    door = oauth or _door(settings)
    guarded: ASGIApp = Guard(_at(METRICS, metrics, app) if metrics else app, settings, security, door)
    served = _for_pages(_at(HEALTH, lambda: PlainTextResponse("ok"), guarded), security.allowed_origins)
    return Edge(oauth.with_metadata(served) if oauth else served, rejected)


def _door(settings: Settings) -> Door | None:
    return TokenDoor(settings.auth_token.get_secret_value()) if settings.auth_token else None


def _oauth(settings: Settings, server: Server, certificates: Callable[[], ssl.SSLContext]) -> "OAuthDoor | None":
    """The door for clients that sign in, if there is an issuer; nothing is fetched yet."""
    if settings.oauth_issuer is None:
        return None
    if settings.public_url is None:  # `exposure` has said so; to go on would be to let everybody in
        raise ConfigurationError(["--oauth-issuer needs --public-url."])
    from blaxel_mcp.transports.oauth.door import OAuthDoor, resource_url  # noqa: PLC0415 - cryptography and httpx
    from blaxel_mcp.transports.oauth.issuer import Issuer  # noqa: PLC0415

    resource = resource_url(settings.public_url, SSE if settings.transport == "sse" else MCP)
    return OAuthDoor(
        Issuer(settings.oauth_issuer, certificates=certificates), resource, writes=bool(server.write_tools)
    )


def _only_post(path: str, app: ASGIApp) -> ASGIApp:
    """The app, but any other method is refused at this path, as the protocol provides for."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == path and scope["method"] != "POST":
            await PlainTextResponse("Method Not Allowed", 405, {"Allow": "POST"})(scope, receive, send)
        else:
            await app(scope, receive, send)

    return routed


def _for_pages(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """The app, with what a browser wants to read before it lets a page of one of these origins ask, and see answers."""
    forms = [re.escape(origin.removesuffix(":*")) + (":[0-9]+" if origin.endswith(":*") else "") for origin in origins]
    return CORSMiddleware(
        app,
        allow_origin_regex="|".join(forms),
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        expose_headers=("WWW-Authenticate", "Retry-After"),
    )


def _at(path: str, answer: Callable[[], Response], app: ASGIApp) -> ASGIApp:
    """The app, but for this one path."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == path and scope["method"] in {"GET", "HEAD"}:
            await answer()(scope, receive, send)
        else:
            await app(scope, receive, send)

    return routed
