"""The HTTP application: `/mcp`, or `/sse` with `/messages/`; `/health`; `/metrics` if asked for.

The list of middleware in `build_app` is the way of a request, from top to bottom. All of it is plain ASGI: Starlette's
BaseHTTPMiddleware does not go together with SSE (python-sdk issue 883).
"""

import contextlib
import logging
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.imports import import_blocked
from blaxel_mcp.server import Server
from blaxel_mcp.settings import Settings
from blaxel_mcp.telemetry import NO_OBSERVERS, Observers
from blaxel_mcp.transports.access import (
    Authenticator,
    AuthMiddleware,
    BearerTokenAuthenticator,
    BlaxelCredentialAuthenticator,
    HostAndOriginMiddleware,
    RequestSmugglingMiddleware,
)
from blaxel_mcp.transports.access_log import AccessLogMiddleware
from blaxel_mcp.transports.admission import BODY_BYTES, AdmissionMiddleware, BodyCheck, BodyMiddleware
from blaxel_mcp.transports.apps_session import AppsSessionMiddleware
from blaxel_mcp.transports.error_bodies import ErrorBodyMiddleware
from blaxel_mcp.transports.exposure import allowed_hosts, allowed_origins
from blaxel_mcp.transports.json_responses import JsonResponses
from blaxel_mcp.transports.messages import readable_body

if TYPE_CHECKING:
    from blaxel_mcp.transports.oauth.authenticator import OAuthAuthenticator

HEALTH, METRICS, MCP, SSE, MESSAGES = "/health", "/metrics", "/mcp", "/sse", "/messages/"


def build_app(
    server: Server,
    settings: Settings,
    *,
    observers: Observers = NO_OBSERVERS,
    metrics: Callable[[], Response] | None = None,
    certificates: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> Starlette:
    """Build the HTTP application around the MCP server.

    Args:
        server: The MCP server; its middleware counts the requests under way.
        settings: Who may connect, and how many.
        observers: Are told of each request that is rejected before it reaches MCP.
        metrics: Makes the answer to a scrape; without it there is no `/metrics`.
        certificates: Makes the trust store for requests to the OAuth issuer, if there is one.
    """
    hosts, origins = allowed_hosts(settings), allowed_origins(settings)
    oauth = _oauth_authenticator(settings, server, certificates)
    mcp = _mcp_app(server, settings)
    app = Starlette(
        middleware=[
            Middleware(AccessLogMiddleware, observers=observers, routes={METRICS, MCP, SSE, MESSAGES}),
            Middleware(RequestSmugglingMiddleware),
            Middleware(EarlyRoutes, routes=oauth.metadata_routes if oauth else []),  # public: any Host, any Origin
            Middleware(
                CORSMiddleware,
                allow_origin_regex=_origin_regex(origins),
                allow_methods=("GET", "POST"),
                allow_headers=("*",),
                expose_headers=("WWW-Authenticate", "Retry-After", "Mcp-Session-Id"),
            ),
            Middleware(EarlyRoutes, routes=[Route(HEALTH, _health)]),  # probes come by any name and have no token
            Middleware(HostAndOriginMiddleware, hosts=hosts, origins=origins),
            Middleware(AuthMiddleware, authenticators=_authenticators(settings, oauth)),
            Middleware(EarlyRoutes, routes=_metrics_routes(metrics)),  # before admission: answered when full, too
            Middleware(AdmissionMiddleware, is_full=lambda: server.requests.full, max_streams=settings.max_streams),
            Middleware(BodyMiddleware, repair=_repair_body, check=_step_up(oauth, server)),
            Middleware(ErrorBodyMiddleware),
            Middleware(AppsSessionMiddleware),
            Middleware(AuthContextMiddleware),  # the SDK's: makes the user known to what handles the request
        ],
        routes=mcp.routes,
        lifespan=mcp.router.lifespan_context,
    )
    # A redirect would name the scheme by which a proxy asked, http, and take a caller's credential there.
    app.router.redirect_slashes = False
    return app


class EarlyRoutes:
    """Middleware that answers some paths at this point of the list and passes everything else on.

    Args:
        app: The rest of the list.
        routes: Routes with fixed paths. Any method that a route does not allow is answered 405.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        self._app = app
        self._routes = {route.path: ExceptionMiddleware(route.handle) for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch by path."""
        early = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        await (early or self._app)(scope, receive, send)


def _mcp_app(server: Server, settings: Settings) -> Starlette:
    """Build the SDK's application, of which only the routes and the lifespan are used."""
    # Host and Origin are checked by our middleware, always, for every path; the SDK would do it a second time.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    if settings.transport == "sse":
        # The SDK logs each body that it cannot parse with a traceback; the client is told in any case.
        logging.getLogger("mcp.server.sse").setLevel(logging.CRITICAL)
        return server.sse_app(
            sse_path=SSE, message_path=MESSAGES, max_request_body_size=BODY_BYTES, transport_security=unchecked
        )
    json_app, stream_app = (
        server.streamable_http_app(
            streamable_http_path=MCP,
            json_response=json_response,
            stateless_http=True,
            max_request_body_size=BODY_BYTES,
            transport_security=unchecked,
        )
        for json_response in (True, False)
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with json_app.router.lifespan_context(app), stream_app.router.lifespan_context(app):
            yield

    endpoint = JsonResponses(
        *(route.app for app in (json_app, stream_app) for route in app.routes if isinstance(route, Route))
    )
    # POST only: without sessions nothing would ever be said on a stream that a client opens with GET.
    return Starlette(routes=[Route(MCP, endpoint, methods=["POST"])], lifespan=lifespan)


def _authenticators(settings: Settings, oauth: "OAuthAuthenticator | None") -> list[Authenticator]:
    """Return what a request must show, in the order in which it is asked for."""
    authenticators: list[Authenticator] = []
    if oauth:
        authenticators.append(oauth)
    elif settings.auth_token:
        authenticators.append(BearerTokenAuthenticator(settings.auth_token.get_secret_value()))
    if settings.auth == "per-request":
        authenticators.append(BlaxelCredentialAuthenticator())
    return authenticators


def _oauth_authenticator(
    settings: Settings, server: Server, certificates: Callable[[], ssl.SSLContext]
) -> "OAuthAuthenticator | None":
    """Build the authenticator for OAuth access tokens if an issuer is configured; nothing is fetched yet."""
    if settings.oauth_issuer is None:
        return None
    if settings.public_url is None:  # `check_exposure` has said so; to go on would be to let everybody in
        raise ConfigurationError(["--oauth-issuer needs --public-url."])
    with import_blocked("httpx._main"):  # its command line, which imports click, pygments and rich
        from blaxel_mcp.transports.oauth.authenticator import (  # noqa: PLC0415 - cryptography and httpx
            OAuthAuthenticator,
            resource_url,
        )
        from blaxel_mcp.transports.oauth.issuer import Issuer  # noqa: PLC0415

    resource = resource_url(settings.public_url, SSE if settings.transport == "sse" else MCP)
    issuer = Issuer(settings.oauth_issuer, certificates=certificates)
    return OAuthAuthenticator(issuer, resource, writes=bool(server.write_tools))


def _step_up(oauth: "OAuthAuthenticator | None", server: Server) -> BodyCheck | None:
    """Return the check for step-up authorization, where clients sign in and there are tools that write."""
    if oauth is None or not server.write_tools:
        return None
    from blaxel_mcp.transports.oauth.step_up import StepUpCheck  # noqa: PLC0415 - only where clients sign in

    return StepUpCheck(oauth, server.write_tools)


def _repair_body(body: bytes) -> bytes | Response:
    """Repair what the SDK can't parse; answer a request with its own id where that is impossible."""
    found = readable_body(body)
    if isinstance(found, bytes):
        return found
    # The SDK refuses a batch by itself, with one error.
    return Response(found[0], 400, media_type="application/json") if len(found) == 1 else body


def _origin_regex(origins: Sequence[str]) -> str:
    """Return a regular expression for the allowed origins, as CORSMiddleware takes it; `:*` stands for any port."""
    return "|".join(
        re.escape(origin.removesuffix(":*")) + (":[0-9]+" if origin.endswith(":*") else "") for origin in origins
    )


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


def _metrics_routes(metrics: Callable[[], Response] | None) -> list[Route]:
    if metrics is None:
        return []

    async def scrape(_: Request) -> Response:
        return metrics()

    return [Route(METRICS, scrape)]
