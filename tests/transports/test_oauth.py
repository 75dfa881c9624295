"""Signing in: the program in front of a real authorization server, the SDK's client, and who tries to get past."""

import asyncio
import base64
import hashlib
import hmac
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client  # the one way to a client of theirs without httpx2
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import CallToolResult
from support import authority as authorization_server
from support.authority import AuthorizationServer, new_key
from support.in_process import serving
from support.program import ENVELOPE, MODERN, PATIENCE, Program

from blaxel_mcp.demo import script

pytestmark = pytest.mark.slow

READ, BOTH = "jobs:read", "jobs:read jobs:write"
RUN = ("run_job", {"jobId": "backfill", "tasks": [{"day": 1}]})
GET = ("get_job_execution", {"jobId": "image-resize", "executionId": script.FAILED})


def arguments(issuer: str, transport: str) -> tuple[str, list[str]]:
    """The public URL of a server for clients of that issuer, and the arguments of the program."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    public = f"http://127.0.0.1:{port}"
    given = ["--transport", transport, "--port", str(port), "--oauth-issuer", issuer, "--public-url", public]
    return public, [*given, "--demo", "--allow-writes"]


@contextmanager
def signing_in(issuer: str, transport: str = "http", **env: str) -> Iterator[str]:
    """The public URL of a server for clients of that issuer."""
    public, given = arguments(issuer, transport)
    with serving(*given, env=env):
        yield public


@pytest.fixture(scope="module")
def authority() -> Iterator[AuthorizationServer]:
    """An authorization server."""
    with authorization_server.serve() as state:
        yield state


@pytest.fixture(scope="module")
def base(authority: AuthorizationServer) -> Iterator[str]:
    """The public URL of a server in front of it."""
    with signing_in(authority.url) as public:
        yield public


def message(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request of the 2026 era."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": (params or {}) | {"_meta": ENVELOPE}}


def post(base: str, *authorization: str, body: Any = None, **headers: str) -> httpx.Response:
    """Send a message, asking for the tools unless another is given."""
    body = message("tools/list") if body is None else body
    called = body if isinstance(body, dict) else {}
    given = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    given |= {"MCP-Protocol-Version": MODERN, "Mcp-Method": called.get("method", "")}
    if name := called.get("params", {}).get("name"):
        given["Mcp-Name"] = name
    lines = [*(given | headers).items(), *(("Authorization", value) for value in authorization)]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(f"{base}/mcp", content=content, headers=lines, timeout=PATIENCE)


def claims(authority: AuthorizationServer, base: str, **other: Any) -> dict[str, Any]:
    """Those of a good token for the server there, but for the `other`."""
    return authority.claims(f"{base}/mcp", **other)


def challenge(base: str, description: str = "", *, error: str = "invalid_token", scope: str | None = READ) -> str:
    """`WWW-Authenticate`, in full."""
    parts = [f'error="{error}"', f'error_description="{description}"'] if description else []
    parts += [f'scope="{scope}"'] if scope else []
    return "Bearer " + ", ".join(
        [*parts, f'resource_metadata="{base}/.well-known/oauth-protected-resource/mcp"'],
    )


# The SDK's client


class Browser:
    """The person at the client: opens the page that they are sent to, and lets it lead them back."""

    def __init__(self) -> None:
        self.asked_for: list[str] = []
        self._back: dict[str, list[str]] = {}

    async def open(self, url: str) -> None:
        """Follow the link; the server asks nothing."""
        self.asked_for += parse_qs(urlsplit(url).query)["scope"]
        async with httpx.AsyncClient() as http:
            answer = await http.get(url)
        self._back = parse_qs(urlsplit(answer.headers["Location"]).query)

    async def come_back(self) -> AuthorizationCodeResult:
        """What the redirect says."""
        return AuthorizationCodeResult(code=self._back["code"][0], state=self._back["state"][0])


class Memory:
    """What the client keeps."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Its tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Newer ones."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Its registration."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """A newer one."""
        self.client = client_info


def provider(url: str, browser: Browser, memory: Memory) -> OAuthClientProvider:
    """The SDK's sign-in, that begins by registering."""
    metadata = OAuthClientMetadata.model_validate(
        {
            "client_name": "tests",
            "redirect_uris": ["http://127.0.0.1:1/back"],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        }
    )
    return OAuthClientProvider(url, metadata, memory, browser.open, browser.come_back)


@asynccontextmanager
async def connected(base: str, transport: str, mode: str, browser: Browser, memory: Memory) -> Any:
    """A client that signs in when it is told to."""
    path = "/sse" if transport == "sse" else "/mcp"
    auth = provider(base + path, browser, memory)
    if transport == "sse":
        async with Client(sse_client(base + path, auth=auth), mode=mode) as client:
            yield client
    else:
        async with (
            create_mcp_http_client(auth=auth) as http,
            Client(streamable_http_client(base + path, http_client=http), mode=mode) as client,
        ):
            yield client


async def succeed(client: Client, tool: str, arguments: dict[str, Any]) -> Any:
    """Call a tool; answers its object."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


@pytest.mark.parametrize(("transport", "mode"), [("http", "legacy"), ("http", "auto"), ("sse", "legacy")])
def test_a_client_signs_in_and_asks_for_more_when_it_needs_it(
    authority: AuthorizationServer, base: str, transport: str, mode: str
) -> None:
    """Found by the 401 alone; reading asks for reading, and the first call that changes something for that too."""
    browser, memory = Browser(), Memory()

    async def use(public: str) -> None:
        async with connected(public, transport, mode, browser, memory) as client:
            assert (await succeed(client, *GET))["outcome"] == "failed"
            assert browser.asked_for == [READ]
            assert (await succeed(client, *RUN))["jobId"] == "backfill"
            assert browser.asked_for == [READ, BOTH]
            assert (await succeed(client, *GET))["outcome"] == "failed"
        assert memory.tokens is not None
        assert (memory.tokens.scope, browser.asked_for) == (BOTH, [READ, BOTH])

    if transport == "http":
        asyncio.run(use(base))
    else:
        with signing_in(authority.url, transport) as public:
            asyncio.run(use(public))


def test_a_token_that_was_refreshed_is_as_good(authority: AuthorizationServer, base: str) -> None:
    """The client comes back with a refresh token and what it remembers, and nobody has to sign in again."""
    browser, memory = Browser(), Memory()

    async def use() -> None:
        async with connected(base, "http", "auto", browser, memory) as client:
            await succeed(client, *GET)
        assert memory.tokens is not None
        assert memory.tokens.refresh_token is not None
        old = memory.tokens.access_token
        form = {
            "grant_type": "refresh_token",
            "refresh_token": memory.tokens.refresh_token,
            "client_id": memory.client.client_id if memory.client else "",
            "resource": f"{base}/mcp",
        }
        async with httpx.AsyncClient() as http:
            answer = await http.post(f"{authority.url}/token", data=form)
        memory.tokens = OAuthToken.model_validate(answer.json())
        assert memory.tokens.access_token != old
        async with connected(base, "http", "auto", browser, memory) as client:
            await succeed(client, *GET)
        assert len(browser.asked_for) == 1

    asyncio.run(use())


def test_a_program_signs_in_by_its_own_credentials(authority: AuthorizationServer, base: str) -> None:
    """Client credentials: no person, and a token for this resource only if it is asked for."""
    client = authority.register(grant_types=["client_credentials"])
    answers = []
    for resource in (f"{base}/mcp", "https://other.example/mcp"):
        form = {"grant_type": "client_credentials", "scope": READ, "resource": resource}
        granted = httpx.post(f"{authority.url}/token", data=form, auth=(client.client_id, client.client_secret))
        answers.append(post(base, f"Bearer {granted.json()['access_token']}").status_code)
    assert answers == [200, 401]


def test_what_a_client_reads_to_sign_in(authority: AuthorizationServer, base: str) -> None:
    """Public, at both places, for pages of any origin and under any name; and only to be read."""
    expected = {
        "resource": f"{base}/mcp",
        "authorization_servers": [authority.url],
        "scopes_supported": [READ, "jobs:write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Blaxel jobs",
    }
    foreign = {"Host": "evil.example", "Origin": "https://page.example"}
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
        answer = httpx.get(base + path, headers=foreign)
        assert answer.json() == expected
        assert answer.headers["access-control-allow-origin"] == "*"
        assert httpx.post(base + path).status_code == 405
        preflight = foreign | {"Access-Control-Request-Method": "GET"}
        assert httpx.options(base + path, headers=preflight).status_code == 200
    assert httpx.get(f"{base}/.well-known/oauth-protected-resource/other").status_code == 401


# Who tries to get past

Make = Callable[[AuthorizationServer, str], str]


def other(**claim: Any) -> Make:
    """A token that is right but for a claim."""
    return lambda authority, base: authority.sign(claims(authority, base, **claim))


def header(**given: Any) -> Make:
    """A token that is right but for its header."""
    return lambda authority, base: authority.sign(claims(authority, base), **given)


def by_hand(header: dict[str, Any], body: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token that no library makes."""

    def encoded(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).decode().rstrip("=")

    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(body).encode())}"
    return f"{text}.{encoded(sign(text.encode()))}"


def by_public_key(authority: AuthorizationServer, base: str) -> str:
    """HS256, with what everybody knows as the secret."""
    key = authority.keys[0]
    assert isinstance(key, RSAKey)
    pem = key.as_pem(private=False)
    head = {"alg": "HS256", "typ": "at+jwt", "kid": "first"}
    return by_hand(head, claims(authority, base), lambda text: hmac.new(pem, text, hashlib.sha256).digest())


def unsigned(algorithm: str) -> Make:
    """No signature at all."""
    head = {"alg": algorithm, "typ": "at+jwt", "kid": "first"}
    return lambda authority, base: by_hand(head, claims(authority, base), lambda _: b"")


def tampered(authority: AuthorizationServer, base: str) -> str:
    """A good token's head and signature around other claims."""
    head, _, signature = authority.sign(claims(authority, base)).split(".")
    _, body, _ = authority.sign(claims(authority, base, scope=BOTH)).split(".")
    return f"{head}.{body}.{signature}"


@cache
def a_key(kid: str) -> RSAKey:
    """Somebody else's."""
    return new_key(kid)


def by_unknown_key(authority: AuthorizationServer, base: str) -> str:
    """Right in all but who signed it."""
    return authority.sign(claims(authority, base), key=a_key("made-up"))


def by_the_same_name(authority: AuthorizationServer, base: str) -> str:
    """The same, under the name of the issuer's key."""
    return authority.sign(claims(authority, base), key=a_key("first"))


def otherwise(authority: AuthorizationServer, base: str) -> str:
    """By the issuer's key, in a way that the issuer does not say it is for."""
    key = RSAKey.import_key({**authority.keys[0].as_dict(private=True), "alg": "PS256"})
    return authority.sign(claims(authority, base), key=key)


def critical(authority: AuthorizationServer, base: str) -> str:
    """With an extension that must be understood, and is not."""
    head = {"alg": "RS256", "kid": "first", "crit": ["https://example.com/more"], "https://example.com/more": 1}
    key: Any = authority.keys[0].private_key
    return by_hand(head, claims(authority, base), lambda text: key.sign(text, PKCS1v15(), SHA256()))


NOT_THEIRS = "The token's signature is none of the issuer's."
NOT_ACCEPTED = "The token is signed in a way that is not accepted."
NO_SUCH_KEY = "The token is signed with a key that is none of the issuer's."
NO_JWT = "The token is no JWT."
LACKS = "The token lacks one of iss, aud and exp."
UNREADABLE = "The token's claims cannot be read."
REFUSED: dict[str, tuple[Make, str]] = {
    "wrong issuer": (other(iss="https://evil.example"), "The token is from another issuer."),
    "issuer with a slash more": (
        lambda authority, base: authority.sign(claims(authority, base, iss=f"{authority.url}/")),
        "The token is from another issuer.",
    ),
    "no issuer": (other(iss=None), LACKS),
    "wrong audience": (other(aud="https://other.example/mcp"), "The token is for another resource."),
    "the server's origin": (
        lambda authority, base: authority.sign(claims(authority, base, aud=base)),
        "The token is for another resource.",
    ),
    "audience is the client": (other(aud=["c"]), "The token is for another resource."),
    "no audience": (other(aud=None), LACKS),
    "expired": (other(exp=int(time.time()) - 60), "The token has expired."),
    "no exp": (other(exp=None), LACKS),
    "exp is no number": (other(exp="tomorrow"), UNREADABLE),
    "exp is infinite": (other(exp=float("inf")), UNREADABLE),
    "not yet valid": (other(nbf=int(time.time()) + 600), "The token is not valid yet."),
    "issued tomorrow": (other(iat=int(time.time()) + 86_400), "The token is not valid yet."),
    "from nobody": (other(sub=None, client_id=None), UNREADABLE),
    "alg none": (unsigned("none"), NOT_ACCEPTED),
    "alg None": (unsigned("None"), NOT_ACCEPTED),
    "no signature": (unsigned("RS256"), NOT_THEIRS),
    "HS256 by the public key": (by_public_key, NOT_ACCEPTED),
    "another algorithm than the key's": (otherwise, NO_SUCH_KEY),
    "tampered with": (tampered, NOT_THEIRS),
    "a stranger's key by the same name": (by_the_same_name, NOT_THEIRS),
    "unknown kid": (by_unknown_key, NO_SUCH_KEY),
    "another kind of token": (header(typ="logout+jwt"), "The token is no access token."),
    "critical extension": (critical, NO_JWT),
    "garbage": (lambda *_: "garbage", NO_JWT),
    "opaque": (lambda *_: "2YotnFZFEjr1zCsicMWpAA", NO_JWT),
    "dots": (lambda *_: "..", NO_JWT),
    "five parts": (lambda *_: "e30.e30.e30.e30.e30", NO_JWT),
    "not ASCII": (lambda *_: "é.é.é", NO_JWT),
    "nested": (
        lambda *_: f"{base64.urlsafe_b64encode(b'[' * 3000 + b']' * 3000).decode().rstrip('=')}.e30.e30",
        NO_JWT,
    ),
    "huge": (other(more="x" * 10_000), "The token is too long."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_is_not_good_is_refused(authority: AuthorizationServer, base: str, name: str) -> None:
    """With the reason, where to get a better one, and nothing of the token."""
    make, description = REFUSED[name]
    # Bytes, as httpx refuses what is not ASCII in a header.
    token = make(authority, base)
    value: Any = f"Bearer {token}".encode("latin-1")
    answer = post(base, value)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == challenge(base, description)
    assert answer.json() == {"error": "invalid_token", "error_description": description}
    assert token not in answer.text + str(answer.headers)


@pytest.mark.parametrize("given", [None, "", "Bearer", "Basic YTpi", "DPoP e30.e30.e30", "e30.e30.e30"])
def test_without_a_token_one_is_asked_for(base: str, given: str | None) -> None:
    """No error, since nothing was wrong: where to sign in, and what to ask for."""
    answer = post(base, *([] if given is None else [given]))
    assert (answer.status_code, answer.text) == (401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"] == challenge(base)


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/", "/metrics", "/", "/health/", "//health"])
def test_no_path_is_open_but_those_that_are_meant_to_be(base: str, path: str) -> None:
    """Whatever there is behind it."""
    assert [httpx.request(method, base + path).status_code for method in ("GET", "POST")] == [401, 401]
    assert httpx.get(f"{base}/health").text == "ok"


def test_a_token_in_the_query_is_ignored(authority: AuthorizationServer, base: str) -> None:
    """It would be in every log on the way."""
    token = authority.sign(claims(authority, base))
    assert httpx.post(f"{base}/mcp?access_token={token}", json=message("tools/list")).status_code == 401


def test_two_authorization_headers_are_rejected(authority: AuthorizationServer, base: str) -> None:
    """Who looks first might take the other one."""
    token = f"Bearer {authority.sign(claims(authority, base))}"
    for given in ((token, token), (token, "Bearer x"), ("Basic x", token)):
        answer = post(base, *given)
        description = "There is more than one Authorization header."
        assert answer.status_code == 400
        assert answer.headers["WWW-Authenticate"] == challenge(base, description, error="invalid_request", scope=None)


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_keys_that_a_token_brings_along_are_ignored(authority: AuthorizationServer, base: str, name: str) -> None:
    """Nothing is fetched from there."""
    extra: dict[str, Any] = {name: f"{authority.url}/somewhere-else"}
    key = a_key("made-up" if name == "jku" else "first")
    answer = post(base, f"Bearer {authority.sign(claims(authority, base), key=key, **extra)}")
    assert answer.status_code == 401
    assert "GET /somewhere-else" not in authority.asked
    token = authority.sign(claims(authority, base), **extra)  # signed by the issuer: no harm in it
    assert post(base, f"Bearer {token}").status_code == 200
    own = authority.sign(claims(authority, base), key=a_key("made-up"), jwk=a_key("made-up").as_dict(private=False))
    assert post(base, f"Bearer {own}").status_code == 401


GOOD: dict[str, Make] = {
    "usual": other(),
    "typ JWT": header(typ="JWT"),
    "no typ": header(typ=None),
    "typ in full": header(typ="application/AT+JWT"),
    "no kid, one key": header(kid=None),
    "several audiences": lambda authority, base: authority.sign(claims(authority, base, aud=["x", f"{base}/mcp"])),
    "scp as text": other(scope=None, scp=BOTH),
    "scp as list": other(scope=None, scp=[READ, "jobs:write"]),
    "azp for client_id": other(client_id=None, azp="c"),
    "no subject": other(sub=None),
    "the issuer's clock is ahead": lambda authority, base: authority.sign(
        claims(authority, base, iat=int(time.time()) + 15, nbf=int(time.time()) + 15)
    ),
    "and ours is": lambda authority, base: authority.sign(claims(authority, base, exp=int(time.time()) - 5)),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_token_is_accepted(authority: AuthorizationServer, base: str, name: str) -> None:
    """In each form that issuers give it."""
    answer = post(base, f"bearer {GOOD[name](authority, base)}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "scope", ["", "jobs", "jobs:write", "jobs:reads jobs", "JOBS:READ", 7, ["a"], {"jobs:read": 1}]
)
def test_a_token_that_may_not_even_read_is_told_so(authority: AuthorizationServer, base: str, scope: Any) -> None:
    """403 and not 401: the token is fine."""
    answer = post(base, f"Bearer {authority.sign(claims(authority, base, scope=scope))}")
    assert answer.status_code == 403
    description = "This needs a token with jobs:read."
    assert answer.headers["WWW-Authenticate"] == challenge(base, description, error="insufficient_scope")


CALL = message("tools/call", {"name": RUN[0], "arguments": RUN[1]})
TEXT = json.dumps(CALL)
CHANGES: dict[str, Any] = {
    "run": CALL,
    "cancel": message("tools/call", {"name": "cancel_job_execution", "arguments": {}}),
    "in a batch": [message("tools/list"), CALL],
    "written otherwise": TEXT.replace("run_job", "\\u0072un_job").encode(),
    "said twice": TEXT.replace('"name": "run_job"', '"name": "run_job", "name": "list_jobs"').encode(),
    "said twice, the other way": TEXT.replace('"name": "run_job"', '"name": "list_jobs", "name": "run_job"').encode(),
    "no JSON": b"{",
    "nothing": b"",
    "other encoding": TEXT.encode("utf-16"),
    "nested": b"[" * 100_000,
    "a number without end": b"1" * 10_000,
}


@pytest.mark.parametrize("name", CHANGES)
def test_reading_is_not_enough_to_change_something(authority: AuthorizationServer, base: str, name: str) -> None:
    """Whatever might be a call that changes something takes the scope for it; the answer names both."""
    answer = post(base, f"Bearer {authority.sign(claims(authority, base))}", body=CHANGES[name])
    description = f"This needs a token with {BOTH}."
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == challenge(base, description, error="insufficient_scope", scope=BOTH)
    assert answer.json() == {"error": "insufficient_scope", "error_description": description}


def test_with_the_scope_it_is_for_the_protocol_to_answer(authority: AuthorizationServer, base: str) -> None:
    """The call is made; what is no message gets the protocol's own answer."""
    token = f"Bearer {authority.sign(claims(authority, base, scope=BOTH))}"
    assert '"jobId":"backfill"' in post(base, token, body=CALL).text
    assert post(base, token, body=b"{").status_code == 400
    reading = f"Bearer {authority.sign(claims(authority, base))}"
    assert post(base, reading, body=message("tools/call", {"name": GET[0], "arguments": GET[1]})).status_code == 200


def test_each_caller_may_have_to_bring_a_credential_too(authority: AuthorizationServer) -> None:
    """Per-request: signing in opens the door, and the header says whose jobs. The first is asked for first."""
    with signing_in(authority.url, BLAXEL_MCP_AUTH="per-request") as public:
        token = f"Bearer {authority.sign(claims(authority, public))}"
        jobs = message("tools/call", {"name": "list_jobs", "arguments": {}})
        own = {"X-Blaxel-Authorization": f"Bearer {script.API_KEY}", "X-Blaxel-Workspace": script.WORKSPACE}
        nobody, neither, mine = (
            post(public, body=jobs, **own),
            post(public, token, body=jobs),
            post(public, token, body=jobs, **own),
        )
        assert nobody.headers["WWW-Authenticate"] == challenge(public)
        assert neither.headers["WWW-Authenticate"] == 'Bearer realm="X-Blaxel-Authorization"'
        assert '"isError":false' in mine.text
        wrong = post(public, token, body=jobs, **{**own, "X-Blaxel-Authorization": token})
        assert '"isError":true' in wrong.text


def test_auth_gateway_does_not_switch_oauth_off(authority: AuthorizationServer) -> None:
    """With an issuer as well, both are asked."""
    with signing_in(authority.url, BLAXEL_MCP_AUTH="gateway") as public:
        assert post(public).status_code == 401
        assert post(public, f"Bearer {authority.sign(claims(authority, public))}").status_code == 200


def test_an_sse_connection_takes_messages_from_whoever_opened_it(authority: AuthorizationServer) -> None:
    """Not from another subject, client, or nobody; and what changes something takes its scope there too."""
    with signing_in(authority.url, "sse") as public:

        def token(**other: Any) -> dict[str, str]:
            made = authority.claims(f"{public}/sse", **other)
            return {"Authorization": f"Bearer {authority.sign(made)}"}

        with httpx.stream("GET", f"{public}/sse", headers=token(), timeout=PATIENCE) as stream:
            lines = stream.iter_lines()
            where = public + next(line for line in lines if line.startswith("data:")).removeprefix("data: ")

            def send(headers: dict[str, str], body: Any) -> int:
                return httpx.post(where, json=body, headers=headers, timeout=PATIENCE).status_code

            listing = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            assert send({}, listing) == 401
            assert send(token(sub="eve"), listing) == 404
            assert send(token(client_id="d"), listing) == 404
            assert send(token(), CALL) == 403
            other_ways = [
                httpx.request(method, where, json=CALL, headers=token(), timeout=PATIENCE).status_code
                for method in ("GET", "PUT", "PATCH", "DELETE")
            ]
            assert other_ways == [405] * 4
            assert send(token(), listing) == 202


def test_no_token_is_logged(authority: AuthorizationServer) -> None:
    """At any level, good or bad; nor does the issuer see any."""
    public, given = arguments(authority.url, "http")
    with Program(*given, env={"BLAXEL_MCP_LOG_LEVEL": "DEBUG", "BLAXEL_MCP_REQUEST_LOG": "true"}) as program:
        program.listening()
        tokens = [
            authority.sign(claims(authority, public)),
            authority.sign(claims(authority, public, scope="")),
            by_unknown_key(authority, public),
            authority.sign(claims(authority, public, exp=1)),
            "garbage-that-is-no-token",
        ]
        said = "".join(str(answer.headers) + answer.text for answer in (post(public, f"Bearer {t}") for t in tokens))
        said += post(public, f"Bearer {tokens[0]}", body=CALL).text
        program.signal(signal.SIGTERM)
        assert program.wait() == 0
        said += program.errors()
    for token in tokens:
        assert token not in said
        assert token.rsplit(".", 1)[-1] not in said
