"""Who may come in: Host and Origin, the token or sign-in, and on a shared server the caller's own credential.

Plain ASGI: Starlette's BaseHTTPMiddleware and SSE do not go together (python-sdk issue 883), and the SDK's own check
over SSE answers with a traceback in the log.
"""

import hmac
import re
from typing import Protocol

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.api.callers import CREDENTIAL_HEADER, WORKSPACE_HEADER, Caller, caller_of
from blaxel_mcp.settings import Settings


class Door(Protocol):
    """Looks at what a request shows in its Authorization header."""

    async def admit(self, request: Request) -> AccessToken | Response | None:
        """Who it is; nothing if that cannot be told apart; or the answer that turns it away."""


class TokenDoor:
    """One token for everybody, compared in constant time."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def admit(self, request: Request) -> Response | None:
        """The same to everybody who has it."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token):
            return None
        return PlainTextResponse("Unauthorized", 401, {"WWW-Authenticate": "Bearer"})


class Guard:
    """Lets a request through to the app, with who sends it, or answers it here.

    Args:
        app: what is guarded.
        settings: `auth` says whether callers bring their own credential.
        security: Host and Origin.
        door: what is asked of Authorization; nothing if `None`.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        security: TransportSecuritySettings,
        door: Door | None,
    ) -> None:
        self._app = app
        self._check = TransportSecurityMiddleware(security)
        self._door = door
        self._per_request = settings.auth == "per-request"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A name means the same in any case, and the SDK's check, made here and again further in, knows one only.
        headers = [(name, value.lower() if name == b"host" else value) for name, value in scope["headers"]]
        scope = {**scope, "headers": headers}
        request = Request(scope)
        refusal = _malformed(request) or await self._check.validate_request(request)
        token: AccessToken | Response | None = None
        if refusal is None and self._door is not None:
            token = await self._door.admit(request)
            refusal = token if isinstance(token, Response) else None
        caller = _caller(request) if self._per_request and refusal is None else None
        if refusal is None and self._per_request and caller is None:
            refusal = _NO_CREDENTIAL
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        # The SDK binds a connection, and what a client carries from a question to its answer, to this user.
        if user := _user(token if isinstance(token, AccessToken) else None, caller):
            scope = {**scope, "user": user}
        await self._app(scope, receive, send)


def _caller(request: Request) -> Caller | None:
    """Who brings a credential; nobody if there is more than one, since it is not for us to choose."""
    unique = all(len(request.headers.getlist(name)) <= 1 for name in (CREDENTIAL_HEADER, WORKSPACE_HEADER))
    return caller_of(request.headers) if unique else None


def _malformed(request: Request) -> Response | None:
    """Refuse what the SDK's check would take for a name and any port, or not see at all: it looks at one of each."""
    hosts, origins = request.headers.getlist("host"), request.headers.getlist("origin")
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return PlainTextResponse("Invalid Host header", 421)
    if len(origins) > 1 or not all(map(_ORIGIN.fullmatch, origins)):
        return PlainTextResponse("Invalid Origin header", 403)
    return None


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
_ORIGIN = re.compile(rf"https?://{_HOST.pattern}")
_NO_CREDENTIAL = PlainTextResponse(
    f"Unauthorized: send your Blaxel API key or access token in {CREDENTIAL_HEADER} with each request, and your "
    f"workspace in {WORKSPACE_HEADER}.",
    401,
    {"WWW-Authenticate": f'Bearer realm="{CREDENTIAL_HEADER}"'},
)


def _user(token: AccessToken | None, caller: Caller | None) -> AuthenticatedUser | None:
    """Who it is, of as many identities as the request has; without anything secret."""
    if token is None and caller is None:
        return None
    names = [token.client_id] if token else []
    if caller is not None:
        names.append(caller.identity)
    return AuthenticatedUser(
        AccessToken(
            token="",
            client_id=" ".join(names),
            scopes=token.scopes if token else [],
            subject=token.subject if token else None,
            claims=token.claims if token else None,
        )
    )
