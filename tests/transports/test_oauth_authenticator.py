"""What whoever signs in is answered: the token that is asked for, the reason why one is refused, and who comes in."""

import asyncio
import json
import ssl
from collections.abc import Iterator, Sequence

import pytest
from joserfc.jwk import ECKey
from mcp.server.auth.provider import AccessToken
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from support import authority as authorization_server
from support.authority import AuthorizationServer

from blaxel_mcp.transports.oauth.authenticator import OAuthAuthenticator
from blaxel_mcp.transports.oauth.issuer import Issuer

RESOURCE = "https://mcp.example/mcp"
METADATA = 'resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"'


@pytest.fixture(scope="module")
def authority() -> Iterator[AuthorizationServer]:
    """An authorization server whose keys take no time to make."""
    with authorization_server.serve() as state:
        state.keys = [ECKey.generate_key("P-256", {"kid": "first", "alg": "ES256"})]
        yield state


def show(authority: AuthorizationServer, *given: str) -> AccessToken | tuple[int, str, str]:
    """Send these Authorization headers: who it is, or the status, the challenge and the body of the answer."""
    issuer = Issuer(authority.url, certificates=ssl.create_default_context)
    headers = [(b"authorization", value.encode()) for value in given]
    request = Request({"type": "http", "method": "POST", "headers": headers})
    found = asyncio.run(OAuthAuthenticator(issuer, RESOURCE, writes=True).authenticate(request))
    if not isinstance(found, Response):
        return found
    return found.status_code, found.headers.get("www-authenticate", ""), bytes(found.body).decode()


def said(error: str, description: str) -> str:
    """The body of a refusal."""
    return json.dumps({"error": error, "error_description": description}, separators=(",", ":"))


@pytest.mark.parametrize("given", [[], [""], ["Bearer"], ["Bearer "], ["Basic YTpi"], ["Token a b"], ["e30.e30.e30"]])
def test_without_a_token_one_is_asked_for(authority: AuthorizationServer, given: Sequence[str]) -> None:
    """Where to get one and for what; no error, since nothing was wrong."""
    assert show(authority, *given) == (401, f'Bearer scope="jobs:read", {METADATA}', "Unauthorized")


def test_more_than_one_header_is_refused(authority: AuthorizationServer) -> None:
    """Though both be good: who looks first might take the other one."""
    good = f"Bearer {authority.sign(authority.claims(RESOURCE))}"
    description = "There is more than one Authorization header."
    challenge = f'Bearer error="invalid_request", error_description="{description}", {METADATA}'
    for given in ((good, good), ("Basic x", good)):
        assert show(authority, *given) == (400, challenge, said("invalid_request", description))


def test_a_token_that_is_not_good_is_refused_with_the_reason(authority: AuthorizationServer) -> None:
    """Whether its claims, its key or all of it is wrong, and with where to get a better one."""
    stranger = ECKey.generate_key("P-256", {"kid": "made-up", "alg": "ES256"})
    for token, description in (
        (authority.sign(authority.claims(RESOURCE, exp=1)), "The token has expired."),
        ("garbage", "The token is no JWT."),
        (
            authority.sign(authority.claims(RESOURCE), key=stranger),
            "The token is signed with a key that is none of the issuer's.",
        ),
    ):
        challenge = f'Bearer error="invalid_token", error_description="{description}", scope="jobs:read", {METADATA}'
        assert show(authority, f"Bearer {token}") == (401, challenge, said("invalid_token", description))


@pytest.mark.parametrize("scope", [None, "jobs:write", "jobs:reads"])
def test_a_token_that_may_not_read_is_told_so(authority: AuthorizationServer, scope: str | None) -> None:
    """403 and not 401: the token is fine."""
    description = "This needs a token with jobs:read."
    challenge = f'Bearer error="insufficient_scope", error_description="{description}", scope="jobs:read", {METADATA}'
    token = authority.sign(authority.claims(RESOURCE, scope=scope))
    assert show(authority, f"Bearer {token}") == (403, challenge, said("insufficient_scope", description))


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_a_good_token_says_who_comes_in(authority: AuthorizationServer, scheme: str) -> None:
    """By the scheme in any case; the token itself is not kept."""
    claims = authority.claims(RESOURCE, exp=2_000_000_000)
    assert show(authority, f"{scheme}{authority.sign(claims)}") == AccessToken(
        token="",
        client_id="c",
        scopes=["jobs:read"],
        expires_at=2_000_000_000,
        resource=RESOURCE,
        subject="ada",
        claims={"iss": authority.url},
    )


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({}, ""),
        ({"iss": "https://other.example"}, "The token is from another issuer."),
        ({"aud": "https://other.example/mcp"}, "The token is for another resource."),
    ],
)
def test_a_token_by_a_new_key_is_checked_as_any_other(
    authority: AuthorizationServer, claims: dict[str, str], reason: str
) -> None:
    """The key is fetched when the first such token comes, and its token is told the same."""
    first = authority.keys
    issuer = Issuer(authority.url, certificates=ssl.create_default_context)
    authenticator = OAuthAuthenticator(issuer, RESOURCE, writes=True)

    async def come(**given: str) -> AccessToken | Response:
        value = f"Bearer {authority.sign(authority.claims(RESOURCE, **given))}"
        headers = [(b"authorization", value.encode())]
        return await authenticator.authenticate(Request({"type": "http", "method": "POST", "headers": headers}))

    async def rotate() -> AccessToken | Response:
        assert isinstance(await come(), AccessToken)
        authority.keys = [ECKey.generate_key("P-256", {"kid": "second", "alg": "ES256"})]
        return await come(**claims)

    found = asyncio.run(rotate())
    authority.keys = first
    if isinstance(found, Response):
        assert bytes(found.body).decode() == said("invalid_token", reason)
    else:
        assert (found.client_id, found.resource, found.claims, reason) == ("c", RESOURCE, {"iss": authority.url}, "")


def test_while_no_token_can_be_checked_nobody_is_told_that_theirs_is_bad(authority: AuthorizationServer) -> None:
    """But when to come back."""
    token = authority.sign(authority.claims(RESOURCE))
    authority.answers = {"/jwks": PlainTextResponse("", 500)}
    issuer = Issuer(authority.url, certificates=ssl.create_default_context)
    request = Request({"type": "http", "method": "POST", "headers": [(b"authorization", f"Bearer {token}".encode())]})
    found = asyncio.run(OAuthAuthenticator(issuer, RESOURCE, writes=True).authenticate(request))
    authority.answers = {}
    assert isinstance(found, Response)
    assert (found.status_code, found.headers["retry-after"], "www-authenticate" in found.headers) == (503, "5", False)
    assert found.body == b"The authorization server cannot be reached, so no token can be checked."
