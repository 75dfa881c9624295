"""Who may reach the routes: middleware for request smuggling, for Host and Origin, and for authentication."""

import hmac
import logging
import re
from collections.abc import Collection, Sequence
from typing import Protocol

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.api.callers import CREDENTIAL_HEADER, WORKSPACE_HEADER, caller_of

logger = logging.getLogger(__name__)

_SHOWN_CHARACTERS = 200


class RequestSmugglingMiddleware:
    """Rejects requests that a proxy in front could parse differently (request smuggling).

    Those have both Content-Length and Transfer-Encoding (RFC 9112, section 6.1), or a control character in the path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 and close the connection, or pass the request on."""
        app = self._app
        if scope["type"] == "http":
            names = {name for name, _ in scope["headers"]}
            if names >= {b"content-length", b"transfer-encoding"} or not scope["path"].isprintable():
                app = _AMBIGUOUS
        await app(scope, receive, send)


_AMBIGUOUS = PlainTextResponse(
    "The request can be read in two ways: give either a length or chunks, and a plain path.",
    400,
    {"Connection": "close"},
)


class HostAndOriginMiddleware:
    """Rejects foreign Host and Origin headers, which DNS rebinding and pages of other sites come with.

    Args:
        app: The rest of the application.
        hosts: Allowed values of Host in lower case; `name:*` allows the name with any port.
        origins: Allowed values of Origin, in the same form with a scheme in front. Without Origin there is no page.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], origins: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 or 403, or pass the request on."""
        rejection = self._check(Headers(scope=scope)) if scope["type"] == "http" else None
        await (rejection or self._app)(scope, receive, send)

    def _check(self, headers: Headers) -> Response | None:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not _is_listed(hosts[0].lower(), self._hosts):
            logger.warning("Rejected: Host %s is not allowed.", _shown(hosts))
            return PlainTextResponse("Invalid Host header", 421)
        if len(origins) > 1 or not all(_is_listed(origin, self._origins) for origin in origins):
            logger.warning("Rejected: Origin %s is not allowed.", _shown(origins))
            return PlainTextResponse("Invalid Origin header", 403)
        return None


def _shown(names: Sequence[str]) -> str:
    """What somebody sent, for the log: ASCII in quotes, so that it is one line, and cut."""
    text = ", ".join(names)
    more = len(text) - _SHOWN_CHARACTERS
    return ascii(text[:_SHOWN_CHARACTERS]) + (f" and {more:,} more characters" if more > 0 else "")


def _is_listed(value: str, allowed: Collection[str]) -> bool:
    """Whether a Host or Origin is on the list, as it is or under `name:*`."""
    name = _PORT.sub("", value)
    as_it_is = value in allowed and not value.endswith(":*")  # which is never a port
    return as_it_is or (name != value and f"{name}:*" in allowed)


_PORT = re.compile(r":[0-9]{1,5}\Z")


class Authenticator(Protocol):
    """Finds out from its headers who sends a request."""

    async def authenticate(self, request: Request) -> AccessToken | Response | None:
        """Return who it is, without anything secret; the response that rejects it; or None for "allowed, unnamed"."""


class BearerTokenAuthenticator:
    """Asks for one bearer token that all callers share, so it cannot tell them apart."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def authenticate(self, request: Request) -> Response | None:
        """Compare in constant time."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token):
            return None
        return _NO_TOKEN


# Clients show this text to the person who configures them.
_NO_TOKEN = PlainTextResponse(
    "Unauthorized: send the token that this server's operator has set (BLAXEL_MCP_AUTH_TOKEN) as "
    '"Authorization: Bearer TOKEN" with each request. It is not a Blaxel API key.',
    401,
    {"WWW-Authenticate": "Bearer"},
)


class BlaxelCredentialAuthenticator:
    """Asks for each caller's own Blaxel credential (`--auth per-request`); only Blaxel can tell whether it is good."""

    async def authenticate(self, request: Request) -> AccessToken | Response:
        """Tell callers apart by a digest of credential and workspace."""
        # More than one credential or workspace is none: it is not for us to choose.
        unique = all(len(request.headers.getlist(name)) <= 1 for name in (CREDENTIAL_HEADER, WORKSPACE_HEADER))
        caller = caller_of(request.headers) if unique else None
        return _NO_CREDENTIAL if caller is None else AccessToken(token="", client_id=caller.identity, scopes=[])


_NO_CREDENTIAL = PlainTextResponse(
    f"Unauthorized: send your Blaxel API key or access token in {CREDENTIAL_HEADER} with each request, and your "
    f"workspace in {WORKSPACE_HEADER}.",
    401,
    {"WWW-Authenticate": f'Bearer realm="{CREDENTIAL_HEADER}"'},
)


class AuthMiddleware:
    """Rejects a request that any of the authenticators rejects; otherwise sets `user` as Starlette does.

    The SDK binds an SSE connection, and what a client carries from a question to its answer, to that user.

    Args:
        app: The rest of the application.
        authenticators: All are asked, in this order; with none everybody is let in.
    """

    def __init__(self, app: ASGIApp, authenticators: Sequence[Authenticator]) -> None:
        self._app = app
        self._authenticators = authenticators

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the first rejection, or pass the request on."""
        identities: list[AccessToken] = []
        for authenticator in self._authenticators if scope["type"] == "http" else ():
            found = await authenticator.authenticate(Request(scope))
            if isinstance(found, Response):
                await found(scope, receive, send)
                return
            if found is not None:
                identities.append(found)
        if identities:
            scope["user"] = AuthenticatedUser(_combined(identities))
        await self._app(scope, receive, send)


def _combined(identities: Sequence[AccessToken]) -> AccessToken:
    """Return one identity that is the same only if each of these is."""
    return AccessToken(
        token="",
        client_id=" ".join(identity.client_id for identity in identities),
        scopes=[scope for identity in identities for scope in identity.scopes],
        subject=next((identity.subject for identity in identities if identity.subject), None),
        claims=next((identity.claims for identity in identities if identity.claims), None),
    )
