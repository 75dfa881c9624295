"""What a request meets on a server that clients sign in to: what it must show, and where it gets that."""

from typing import Any
from urllib.parse import urlsplit

from mcp.server.auth.provider import AccessToken
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.shared.auth import ProtectedResourceMetadata
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.transports.oauth import tokens
from blaxel_mcp.transports.oauth.issuer import FAILED_SECONDS, Issuer, UnreachableError

READ, WRITE = "jobs:read", "jobs:write"
WELL_KNOWN = "/.well-known/oauth-protected-resource"


class OAuthDoor:
    """Lets in who has an access token that the issuer made for this server; one instance per server.

    Args:
        issuer: whose tokens are believed.
        resource: the URL that clients use, which tokens must be for.
        writes: whether there is anything that needs `jobs:write`.
    """

    def __init__(self, issuer: Issuer, resource: str, *, writes: bool) -> None:
        self._issuer = issuer
        metadata = ProtectedResourceMetadata.model_validate(
            {"resource": resource, "authorization_servers": [issuer.url]}
        )
        # As the SDK's clients read it, which is how they ask for a token: host in lower case, no default port.
        self.resource = str(metadata.resource)
        self._metadata_url = str(build_resource_metadata_url(metadata.resource))
        (self._route,) = create_protected_resource_routes(
            metadata.resource,
            metadata.authorization_servers,
            [READ, WRITE] if writes else [READ],
            resource_name="Blaxel jobs",
        )

    async def admit(self, request: Request) -> AccessToken | Response:
        """Who it is and what they may do, or the answer that turns them away."""
        given = request.headers.getlist("authorization")
        if len(given) > 1:
            return self._refusal(400, "invalid_request", "There is more than one Authorization header.")
        scheme, _, token = (given or [""])[0].partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return PlainTextResponse("Unauthorized", 401, {"WWW-Authenticate": self._challenge(scope=READ)})
        try:
            admitted = await self._verify(token.strip())
        except tokens.RefusedError as refused:
            return self._refusal(401, "invalid_token", str(refused), scope=READ)
        except UnreachableError:
            return PlainTextResponse(
                "The authorization server cannot be reached, so no token can be checked.",
                503,
                {"Retry-After": f"{FAILED_SECONDS:.0f}"},
            )
        return admitted if READ in admitted.scopes else self.insufficient(READ)

    def insufficient(self, scopes: str) -> Response:
        """The answer to somebody whose token allows too little, which names what it takes (step-up)."""
        return self._refusal(403, "insufficient_scope", f"This needs a token with {scopes}.", scope=scopes)

    def with_metadata(self, app: ASGIApp) -> ASGIApp:
        """The app, and before it what a client reads to sign in: public, and for pages of any origin."""
        paths = {WELL_KNOWN, self._route.path}

        async def routed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] in paths:
                await self._route.handle(scope, receive, send)
            else:
                await app(scope, receive, send)

        return routed

    async def _verify(self, token: str) -> AccessToken:
        tokens.glance(token)  # what cannot be one is no reason to ask the issuer
        keys = await self._issuer.keys()
        facts: dict[str, Any] = {"issuer": self._issuer.url, "resource": self.resource}
        try:
            return tokens.verify(token, keys, **facts)
        except tokens.UnknownKeyError:
            newer = await self._issuer.keys(but=keys)
            if newer is keys:
                raise
            return tokens.verify(token, newer, **facts)

    def _refusal(self, status: int, error: str, description: str, *, scope: str | None = None) -> Response:
        challenge = self._challenge(error=error, error_description=description, scope=scope)
        body = {"error": error, "error_description": description}
        return JSONResponse(body, status, {"WWW-Authenticate": challenge})

    def _challenge(self, **parameters: str | None) -> str:
        """`WWW-Authenticate`; none of the values has a quote in it."""
        given = {**parameters, "resource_metadata": self._metadata_url}
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in given.items() if value is not None)


def resource_url(public_url: str, path: str) -> str:
    """What clients connect to: the public URL may be given with or without the endpoint's path."""
    return public_url if urlsplit(public_url).path.endswith(path) else public_url + path
