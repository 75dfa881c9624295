"""Authentication by OAuth access token, and the metadata by which a client finds out where to get one."""

from urllib.parse import urlsplit

from mcp.server.auth.provider import AccessToken
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.shared.auth import ProtectedResourceMetadata
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from blaxel_mcp.transports.oauth import tokens
from blaxel_mcp.transports.oauth.issuer import RETRY_SECONDS, Issuer, UnreachableError

READ, WRITE = "jobs:read", "jobs:write"
WELL_KNOWN = "/.well-known/oauth-protected-resource"


class OAuthAuthenticator:
    """Accepts access tokens that the issuer made for this server (RFC 6750, RFC 9068).

    Args:
        issuer: Whose tokens are accepted.
        resource: The URL that clients use, which must be the token's audience.
        writes: Whether there are tools that need `jobs:write`.

    Attributes:
        resource: That URL as clients write it.
        metadata_routes: Protected-resource metadata (RFC 9728), at its own path and at the one without the endpoint's.
    """

    def __init__(self, issuer: Issuer, resource: str, *, writes: bool) -> None:
        self._issuer = issuer
        metadata = ProtectedResourceMetadata.model_validate(
            {"resource": resource, "authorization_servers": [issuer.url]}
        )
        # As the SDK's clients read it, which is how they ask for a token: host in lower case, no default port.
        self.resource = str(metadata.resource)
        self._metadata_url = str(build_resource_metadata_url(metadata.resource))
        (route,) = create_protected_resource_routes(
            metadata.resource,
            metadata.authorization_servers,
            [READ, WRITE] if writes else [READ],
            resource_name="Blaxel jobs",
        )
        self.metadata_routes = [route, Route(WELL_KNOWN, route.endpoint, methods=["GET", "OPTIONS"])]

    async def authenticate(self, request: Request) -> AccessToken | Response:
        """Return who the token is for and its scopes, or the response that rejects the request."""
        given = request.headers.getlist("authorization")
        if len(given) > 1:
            return self._error(400, "invalid_request", "There is more than one Authorization header.")
        scheme, _, token = (given or [""])[0].partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return PlainTextResponse("Unauthorized", 401, {"WWW-Authenticate": self._challenge(scope=READ)})
        try:
            identity = await self._verify(token.strip())
        except tokens.InvalidTokenError as error:
            return self._error(401, "invalid_token", str(error), scope=READ)
        except UnreachableError:
            return PlainTextResponse(
                "The authorization server cannot be reached, so no token can be checked.",
                503,
                {"Retry-After": f"{RETRY_SECONDS:.0f}"},
            )
        return identity if READ in identity.scopes else self.insufficient_scope(READ)

    def insufficient_scope(self, scopes: str) -> Response:
        """Return the response that makes a client ask its user for these scopes (step-up authorization)."""
        return self._error(403, "insufficient_scope", f"This needs a token with {scopes}.", scope=scopes)

    async def _verify(self, token: str) -> AccessToken:
        tokens.check_header(token)  # what cannot be a token is no reason to ask the issuer
        keys = await self._issuer.keys()
        try:
            return tokens.verify(token, keys, issuer=self._issuer.url, resource=self.resource)
        except tokens.UnknownKeyError:
            newer = await self._issuer.keys(newer_than=keys)
            if newer is keys:
                raise
            return tokens.verify(token, newer, issuer=self._issuer.url, resource=self.resource)

    def _error(self, status: int, error: str, description: str, *, scope: str | None = None) -> Response:
        challenge = self._challenge(error=error, error_description=description, scope=scope)
        body = {"error": error, "error_description": description}
        return JSONResponse(body, status, {"WWW-Authenticate": challenge})

    def _challenge(self, **parameters: str | None) -> str:
        """Return the value of WWW-Authenticate; no parameter has a quote in it."""
        given = {**parameters, "resource_metadata": self._metadata_url}
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in given.items() if value is not None)


def resource_url(public_url: str, path: str) -> str:
    """Return the URL that clients connect to; the public URL may be given with or without the endpoint's path."""
    return public_url if urlsplit(public_url).path.endswith(path) else public_url + path
