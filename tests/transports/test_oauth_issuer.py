"""The issuer's keys: how often they are fetched, which are used, and what an issuer can do wrong."""

import asyncio
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from mcp.server.auth.provider import AccessToken
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from support import authority as authorization_server
from support import tls
from support.authority import AuthorizationServer
from support.authority import new_key as new_rsa_key
from support.program import PATIENCE

from blaxel_mcp import __version__
from blaxel_mcp.transports.oauth.authenticator import OAuthAuthenticator, resource_url
from blaxel_mcp.transports.oauth.issuer import (
    FETCH_SECONDS,
    REFRESH_SECONDS,
    Issuer,
    UnreachableError,
    metadata_urls,
)
from blaxel_mcp.transports.oauth.tokens import InvalidTokenError, check_header, parse_keys

RESOURCE = "https://mcp.example/mcp"
METADATA, OPENID = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
NOWHERE = PlainTextResponse("", 404)
OLD, FAILED, AGAIN = 600.0, 5.0, 30.0


@pytest.fixture(scope="module")
def running() -> Iterator[AuthorizationServer]:
    """One for all tests."""
    with authorization_server.serve() as state:
        yield state


def new_key(kid: str) -> ECKey:
    """A key to sign with, of the kind that takes no time to make."""
    return ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256"})


@pytest.fixture
def authority(running: AuthorizationServer) -> AuthorizationServer:
    """It, as if nobody had asked it anything yet: it counts."""
    running.reset(new_key("first"))
    return running


class Visitor:
    """Shows tokens to the authenticator, at a time that stands still unless it is moved."""

    def __init__(self, authority: AuthorizationServer, **issuer: Any) -> None:
        self.now = 0.0
        self.authority = authority
        given = {"certificates": ssl.create_default_context, "clock": lambda: self.now} | issuer
        self.issuer = Issuer(given.pop("url", authority.url), **given)
        self.authenticator = OAuthAuthenticator(self.issuer, RESOURCE, writes=True)

    async def come(self, key: Any = None, **header: Any) -> int:
        """Show a token that is good, if the key is; answers the status."""
        answer = await self.show(self.authority.sign(self.authority.claims(RESOURCE), key=key, **header))
        return answer.status_code if isinstance(answer, Response) else 200

    async def show(self, token: str) -> AccessToken | Response:
        """Show this token; who it is for, or the response that rejects it."""
        headers = [(b"authorization", f"Bearer {token}".encode())]
        return await self.authenticator.authenticate(Request({"type": "http", "method": "POST", "headers": headers}))


def test_keys_are_fetched_when_the_first_token_comes_and_kept(authority: AuthorizationServer) -> None:
    """Once for all who come at once, not for what cannot be a token, and again after ten minutes."""
    visitor = Visitor(authority)

    async def come() -> None:
        assert [await visitor.show(token) for token in ("garbage", "e30.e30.e30")]
        assert authority.asked == []
        assert await asyncio.gather(*(visitor.come() for _ in range(50))) == [200] * 50
        assert authority.asked == [f"GET {METADATA}", "GET /jwks"]
        visitor.now = OLD - 1
        assert (await visitor.come(), authority.fetches()) == (200, 1)
        visitor.now = OLD
        assert await asyncio.gather(*(visitor.come() for _ in range(50))) == [200] * 50
        assert authority.fetches() == 2

    asyncio.run(come())


def test_the_identity_has_no_token_in_it(authority: AuthorizationServer) -> None:
    """What is left is who it is, for whom, and what they may do."""
    visitor = Visitor(authority)
    admitted = asyncio.run(
        visitor.show(authority.sign(authority.claims(RESOURCE, exp=2_000_000_000, scope="jobs:read x")))
    )
    assert admitted == AccessToken(
        token="",
        client_id="c",
        scopes=["jobs:read", "x"],
        expires_at=2_000_000_000,
        resource=RESOURCE,
        subject="ada",
        claims={"iss": authority.url},
    )


def test_a_new_key_is_found_at_once_and_made_up_ones_do_not_hammer_the_issuer(authority: AuthorizationServer) -> None:
    """One fetch in 30 s for keys that are unknown, whoever asks; the others never notice."""
    visitor, second, third = Visitor(authority), new_key("second"), new_key("third")
    made_up = [new_key(f"made-up-{number}") for number in range(3)]

    async def come() -> None:
        assert (await visitor.come(), authority.fetches()) == (200, 1)
        authority.keys = [second]
        assert (await visitor.come(), authority.fetches()) == (200, 2)
        first_again = await visitor.come(key=made_up[0])
        assert (first_again, authority.fetches()) == (401, 2)
        visitor.now = AGAIN
        assert await asyncio.gather(*(visitor.come(key=key) for key in made_up * 10)) == [401] * 30
        assert authority.fetches() == 3
        authority.keys = [third]
        assert (await visitor.come(), await visitor.come(key=second), authority.fetches()) == (401, 200, 3)
        visitor.now = 2 * AGAIN
        assert (await visitor.come(), authority.fetches()) == (200, 4)
        assert (await visitor.come(key=second), authority.fetches()) == (401, 4)

    asyncio.run(come())


def test_a_key_that_was_replaced_under_its_name_is_found(authority: AuthorizationServer) -> None:
    """Or has none: a signature that does not fit makes us look once, as an unknown name does."""
    visitor = Visitor(authority)

    async def come() -> None:
        assert await visitor.come() == 200
        stranger = new_key("first")
        authority.keys = [new_key("first")]
        assert (await visitor.come(), authority.fetches()) == (200, 2)
        assert (await visitor.come(key=stranger), authority.fetches()) == (401, 2)

    asyncio.run(come())


def test_a_token_without_kid_is_for_the_only_key_that_fits(authority: AuthorizationServer) -> None:
    """With two of them it is refused rather than tried; one of another kind is no reason."""
    visitor = Visitor(authority)
    authority.keys += [ECKey.generate_key("P-384", {"kid": "other", "alg": "ES384"}), new_rsa_key("enc", "RSA-OAEP")]

    async def come() -> None:
        assert await visitor.come(kid=None) == 200
        authority.keys.append(new_key("second"))
        visitor.now = OLD
        assert await visitor.come(kid=None) == 401
        assert await visitor.come() == 200

    asyncio.run(come())


@pytest.mark.parametrize(
    "make",
    [
        lambda: RSAKey.generate_key(2048, {"kid": "k"}),
        lambda: ECKey.generate_key("P-256", {"kid": "k", "alg": "ES256"}),
        lambda: ECKey.generate_key("P-384", {"kid": "k", "alg": "ES384"}),
        lambda: ECKey.generate_key("P-521", {"kid": "k", "alg": "ES512"}),
        lambda: OKPKey.generate_key("Ed25519", {"kid": "k", "alg": "EdDSA"}),
        lambda: new_rsa_key("k", "PS256"),
        lambda: new_rsa_key("k", "RS512"),
    ],
    ids=["RSA", "ES256", "ES384", "ES512", "EdDSA", "PS256", "RS512"],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_every_kind_of_key_pair_will_do(authority: AuthorizationServer, make: Callable[[], Any]) -> None:
    """Whether or not the issuer says what it is for."""
    authority.keys = [make()]
    assert asyncio.run(Visitor(authority).come()) == 200


@pytest.mark.parametrize(
    "make",
    [
        lambda: OctKey.generate_key(256, {"kid": "k", "alg": "HS256"}),
        lambda: RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256", "use": "enc"}),
        lambda: RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256", "key_ops": ["sign"]}),
        lambda: RSAKey.generate_key(1024, {"kid": "k", "alg": "RS256"}),
    ],
    ids=["a secret", "to encrypt", "to sign", "too short"],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_other_keys_will_not(authority: AuthorizationServer, make: Callable[[], Any]) -> None:
    """Whoever has one could be anybody, or it is for something else."""
    key = make()
    signer = (
        key
        if isinstance(key, OctKey)
        else RSAKey.import_key(
            {name: value for name, value in key.as_dict(private=True).items() if name not in {"use", "key_ops"}}
        )
    )
    authority.keys.append(key)
    assert asyncio.run(Visitor(authority).come(key=signer)) == 401


ASKED = threading.Event()


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """No answer, until whoever asked goes away."""
    del scope, send
    ASKED.set()
    while (await receive())["type"] != "http.disconnect":
        pass


def metadata(**other: Any) -> Callable[[AuthorizationServer], dict[str, Any]]:
    """An issuer whose metadata is wrong in this."""
    return lambda authority: {METADATA: JSONResponse(authority.metadata() | other)}


def everywhere(answer: Any) -> Callable[[AuthorizationServer], dict[str, Any]]:
    """An issuer that says the same to everything."""
    return lambda _: dict.fromkeys((METADATA, OPENID, "/jwks"), answer)


BROKEN: dict[str, tuple[Callable[[AuthorizationServer], dict[str, Any]], str]] = {
    "no metadata": (everywhere(NOWHERE), "it answers 404"),
    "in trouble": (everywhere(PlainTextResponse("", 500)), "it answers 500"),
    "a web page": (everywhere(HTMLResponse("<p>Sign in</p>")), "its answer is no JSON object"),
    "a list": (everywhere(JSONResponse([])), "its answer is no JSON object"),
    "nested": (everywhere(Response(b"[" * 100_000)), "its answer is no JSON object"),
    "redirect": (everywhere(RedirectResponse("/elsewhere")), "it answers 307"),
    "too large": (everywhere(Response(b" " * (1024**2 + 1))), "its answer is too large"),
    "packed": (everywhere(Response(b"", headers={"Content-Encoding": "gzip"})), "its answer is packed"),
    "slow": (everywhere(slow), "it cannot be reached"),
    "slow keys": (lambda _: {"/jwks": slow}, "it cannot be reached"),
    "another issuer": (metadata(issuer="https://evil.example"), "its metadata is that of another issuer"),
    "no issuer": (metadata(issuer=None), "its metadata is that of another issuer"),
    "keys in the open": (
        metadata(jwks_uri="http://keys.example/jwks"),
        "its metadata names no https address of its keys",
    ),
    "keys in a file": (metadata(jwks_uri="file:///etc/hosts"), "its metadata names no https address of its keys"),
    "keys at no address": (metadata(jwks_uri="https://[keys"), "it cannot be reached"),
    "keys at a loopback look-alike": (
        metadata(jwks_uri="http://127.0.0.1@keys.example/jwks"),
        "its metadata names no https address of its keys",
    ),
    "keys at no host": (metadata(jwks_uri="https:///jwks"), "its metadata names no https address of its keys"),
    "keys at a number": (metadata(jwks_uri=7), "its metadata names no https address of its keys"),
    "keys nowhere": (metadata(jwks_uri=None), "its metadata names no https address of its keys"),
    "no keys": (lambda _: {"/jwks": JSONResponse({"keys": []})}, "it has no key that can be used"),
    "keys of no kind": (
        lambda _: {
            "/jwks": JSONResponse(
                {"keys": [7, {}, {"kty": "RSA"}, {"kty": "EC", "crv": []}, {"kty": "RSA", "n": "!", "e": 1}]}
            )
        },
        "it has no key that can be used",
    ),
    "keys are none": (lambda _: {"/jwks": JSONResponse({"keys": {"a": 1}})}, "it has no key that can be used"),
}


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("name", BROKEN)
def test_an_unusable_issuer_is_answered_503(
    authority: AuthorizationServer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Nobody comes in or is told that their token is bad; the log has the reason, and soon all is well."""
    answers, reason = BROKEN[name]
    authority.answers = answers(authority)
    visitor = Visitor(authority, fetch_seconds=0.2 if name.startswith("slow") else 10.0)

    async def come() -> None:
        refused = await visitor.show(authority.sign(authority.claims(RESOURCE)))
        assert isinstance(refused, Response)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "www-authenticate" not in refused.headers
        assert b"authorization server cannot be reached" in bytes(refused.body)
        asked = len(authority.asked)
        assert await asyncio.gather(*(visitor.come() for _ in range(20))) == [503] * 20
        assert len(authority.asked) == asked
        assert "GET /elsewhere" not in authority.asked
        authority.answers = {}
        visitor.now = FAILED
        visitor.issuer.fetch_seconds = PATIENCE
        assert await visitor.come() == 200

    asyncio.run(come())
    assert caplog.messages == [f"The keys of {authority.url} could not be fetched: {reason}."]


def test_an_issuer_that_is_down() -> None:
    """The same, where nobody listens."""
    with authorization_server.serve() as authority:
        pass
    assert asyncio.run(Visitor(authority).come()) == 503


def test_keys_stay_in_use_while_the_issuer_is_away(
    authority: AuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens are checked by the keys that were there; the next try comes a minute later."""
    visitor = Visitor(authority)

    async def come() -> None:
        assert await visitor.come() == 200
        authority.answers = everywhere(PlainTextResponse("", 502))(authority)
        visitor.now = OLD
        assert await asyncio.gather(*(visitor.come() for _ in range(20))) == [200] * 20
        asked = len(authority.asked)
        visitor.now = OLD + 59
        assert (await visitor.come(), len(authority.asked)) == (200, asked)
        assert await visitor.come(key=new_key("made-up")) == 401
        authority.answers = {}
        authority.keys = [new_key("second")]
        visitor.now = OLD + 59 + AGAIN
        assert (await visitor.come(), authority.fetches()) == (200, 2)

    asyncio.run(come())
    said = f"The keys of {authority.url} could not be fetched: it answers 502. The keys at hand stay in use."
    assert caplog.messages == [said, said]


def test_keys_at_hand_are_used_while_a_refresh_hangs(authority: AuthorizationServer) -> None:
    """An issuer that hangs holds up nobody; it is asked once all the same."""
    visitor = Visitor(authority, refresh_seconds=0, fetch_seconds=PATIENCE)

    async def come() -> None:
        assert await visitor.come() == 200
        ASKED.clear()
        authority.answers = {METADATA: slow}
        visitor.now = OLD
        assert await asyncio.gather(*(visitor.come() for _ in range(20))) == [200] * 20
        assert await asyncio.to_thread(ASKED.wait, PATIENCE)
        assert await visitor.come() == 200
        assert authority.asked.count(f"GET {METADATA}") == 2

    asyncio.run(come())


def test_a_cancelled_request_does_not_cancel_the_fetch(authority: AuthorizationServer) -> None:
    """Others wait for it too."""
    visitor = Visitor(authority)

    async def come() -> None:
        first = asyncio.create_task(visitor.come())
        second = asyncio.create_task(visitor.come())
        await asyncio.sleep(0)
        first.cancel()
        assert (await second, authority.fetches()) == (200, 1)

    asyncio.run(come())


def test_openid_metadata_will_do(authority: AuthorizationServer) -> None:
    """Where there is none of OAuth's, or it is a page for people or that of another issuer."""
    for answer in (NOWHERE, HTMLResponse("<p>Sign in</p>"), JSONResponse({"issuer": "https://other.example"})):
        authority.answers = {METADATA: answer, OPENID: JSONResponse(authority.metadata())}
        assert asyncio.run(Visitor(authority).come()) == 200


def test_an_issuer_with_a_path_and_a_slash(authority: AuthorizationServer) -> None:
    """It is looked for where each kind of server has it, and is itself to the last character."""
    url = f"{authority.url}/realms/team/"
    places = [
        f"{METADATA}/realms/team",
        f"{OPENID}/realms/team",
        f"/realms/team{OPENID}",
    ]
    assert metadata_urls(url) == [authority.url + place for place in places]
    plain = {"jwks_uri": f"{authority.url}/jwks"}
    for place in places:
        authority.answers = {place: JSONResponse(plain | {"issuer": url})}
        visitor = Visitor(authority, url=url)
        good, other = ({**authority.claims(RESOURCE), "iss": issuer} for issuer in (url, url.rstrip("/")))
        admitted = asyncio.run(visitor.show(authority.sign(good)))
        assert isinstance(admitted, AccessToken)
        refused = asyncio.run(Visitor(authority, url=url).show(authority.sign(other)))
        assert isinstance(refused, Response)
        assert refused.status_code == 401


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        ("https://id.example", [METADATA, OPENID]),
        ("https://id.example/", [METADATA, OPENID]),
        ("https://id.example/X/", [f"{METADATA}/X", f"{OPENID}/X", f"/X{OPENID}"]),
        ("https://id.example/a/b", [f"{METADATA}/a/b", f"{OPENID}/a/b", f"/a/b{OPENID}"]),
    ],
)
def test_where_the_metadata_may_be(issuer: str, urls: list[str]) -> None:
    """Before the issuer's path or behind it, each place once, in the order in which clients try them."""
    assert metadata_urls(issuer) == [f"https://id.example{url}" for url in urls]


def test_what_the_issuer_is_asked(authority: AuthorizationServer) -> None:
    """For JSON that is not packed, by whom; there is nothing else to tell it."""
    asked: list[dict[str, str]] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked.append({"method": scope["method"], "query": scope["query_string"].decode(), **headers})
        await JSONResponse(authority.metadata())(scope, receive, send)

    authority.answers = {METADATA: note}
    assert asyncio.run(Visitor(authority).come()) == 200
    assert asked == [
        {
            "method": "GET",
            "query": "",
            "host": authority.url.removeprefix("http://"),
            "connection": "keep-alive",
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": f"blaxel-mcp/{__version__}",
        }
    ]


@pytest.mark.parametrize(("size", "status"), [(1_048_576, 200), (1_048_577, 503)])
def test_an_answer_of_a_mebibyte_is_read_and_no_larger_one(
    authority: AuthorizationServer, size: int, status: int
) -> None:
    """To the byte, and in however many parts it comes; one that is said not to be packed is not."""
    document = json.dumps(authority.metadata()).encode()
    padded = document + b" " * (size - len(document))
    authority.answers = {METADATA: Response(padded, headers={"Content-Encoding": "identity"}), OPENID: NOWHERE}
    assert asyncio.run(Visitor(authority).come()) == status


def test_certificates_are_read_once_and_only_for_https(
    authority: AuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    """They are the caller's choice; where they cannot be read, nobody is trusted, and the log says so."""
    read: list[str] = []

    def certificates() -> ssl.SSLContext:
        read.append("read")
        raise FileNotFoundError

    visitor = Visitor(authority, certificates=certificates)
    assert (asyncio.run(visitor.come()), read) == (200, [])
    elsewhere = Visitor(authority, url="https://localhost:1", certificates=certificates)
    assert (asyncio.run(elsewhere.come()), set(read)) == (503, {"read"})
    assert caplog.messages == [
        "The keys of https://localhost:1 could not be fetched: the certificates to trust cannot be read."
    ]


@pytest.mark.parametrize(
    ("public", "path", "resource"),
    [
        ("https://mcp.example", "/mcp", "https://mcp.example/mcp"),
        ("https://mcp.example/mcp", "/mcp", "https://mcp.example/mcp"),
        ("https://mcp.example/blaxel", "/mcp", "https://mcp.example/blaxel/mcp"),
        ("https://mcp.example/mcp", "/sse", "https://mcp.example/mcp/sse"),
        ("https://MCP.Example:443", "/mcp", "https://mcp.example/mcp"),
        ("http://localhost:8000", "/sse", "http://localhost:8000/sse"),
    ],
)
def test_the_resource_is_what_clients_connect_to(public: str, path: str, resource: str) -> None:
    """Written as clients write it when they ask for a token."""
    issuer = Issuer("https://id.example", certificates=ssl.create_default_context)
    assert OAuthAuthenticator(issuer, resource_url(public, path), writes=False).resource == resource


def test_the_times_that_are_promised() -> None:
    """Ten seconds for a fetch, two of waiting for newer keys; and nobody has shortened them here."""
    issuer = Issuer("https://id.example", certificates=ssl.create_default_context)
    assert (FETCH_SECONDS, REFRESH_SECONDS, issuer.fetch_seconds) == (10, 2, 10)


def test_a_failed_fetch_is_not_repeated_within_five_seconds(authority: AuthorizationServer) -> None:
    """Whoever comes in the meantime is answered 503 at once."""
    visitor = Visitor(authority)
    authority.answers = {METADATA: NOWHERE, OPENID: NOWHERE}

    async def come() -> None:
        assert await visitor.come() == 503
        asked = len(authority.asked)
        visitor.now = 4.99
        assert (await visitor.come(), len(authority.asked)) == (503, asked)
        visitor.now = 5.0
        authority.answers = {}
        assert await visitor.come() == 200

    asyncio.run(come())


def test_the_longest_token_has_8192_characters() -> None:
    """A longer one is not even looked at."""
    for length, said in ((8_192, "The token is no JWT."), (8_193, "The token is too long.")):
        with pytest.raises(InvalidTokenError, match=said):
            check_header("x" * length)


def test_clocks_may_differ_by_half_a_minute(authority: AuthorizationServer) -> None:
    """A token that expired 15 s ago may be good by the issuer's clock, one that expired 35 s ago is none."""
    visitor = Visitor(authority)

    async def come(ago: int) -> AccessToken | Response:
        return await visitor.show(authority.sign(authority.claims(RESOURCE, exp=int(time.time()) - ago)))

    assert isinstance(asyncio.run(come(15)), AccessToken)
    assert isinstance(asyncio.run(come(35)), Response)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_key_a_bit_too_short_is_passed_over() -> None:
    """RSA keys have 2,048 bits at least."""
    made = {bits: RSAKey.import_key(rsa.generate_private_key(65_537, bits)) for bits in (2_047, 2_048)}
    jwks = [key.as_dict(private=False) | {"alg": "RS256", "kid": str(bits)} for bits, key in made.items()]
    assert [key.key_id for key in parse_keys({"keys": jwks})] == ["2048"]


def test_keys_for_something_else_are_passed_over(authority: AuthorizationServer) -> None:
    """Those that encrypt, and those that only sign, whatever else they could be used for."""
    jwk = authority.keys[0].as_dict(private=False)
    uses: list[dict[str, Any]] = [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": ["encrypt", "wrapKey"]}]
    assert parse_keys({"keys": [jwk | use for use in uses]}) == ()
    fitting: list[dict[str, Any]] = [{}, {"use": "sig"}, {"key_ops": ["sign", "verify"]}]
    assert len(parse_keys({"keys": [jwk | use for use in fitting]})) == 3


def test_keys_on_loopback_are_fetched_without_a_proxy(
    authority: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain HTTP is for this machine: no proxy that a variable names gets to see it, or to answer in its place."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert asyncio.run(Visitor(authority).come()) == 200


def test_an_answer_that_says_that_it_is_packed_is_not_used(authority: AuthorizationServer) -> None:
    """Though it could be read: it was asked for as it is, and unpacked it could have any size."""
    packed = JSONResponse(authority.metadata(), headers={"Content-Encoding": "gzip"})
    authority.answers = {METADATA: packed, OPENID: NOWHERE}
    assert asyncio.run(Visitor(authority).come()) == 503


def test_an_issuer_elsewhere_is_asked_by_way_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that a variable names, as for everything else that leaves this machine."""
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as proxy, ThreadPoolExecutor(1) as threads:
        proxy.settimeout(PATIENCE)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")

        def hear() -> bytes:
            with proxy.accept()[0] as connection:
                return connection.recv(1_000)

        heard = threads.submit(hear)
        assert keys_over_tls("https://localhost:1", ssl.create_default_context) == 0
        assert heard.result().startswith(b"CONNECT localhost:1 HTTP/1.1\r\n")


def keys_over_tls(url: str, trust: Callable[[], ssl.SSLContext]) -> int:
    """How many keys this issuer has; none if it is not trusted."""

    async def ask() -> int:
        try:
            return len(await Issuer(url, certificates=trust).keys())
        except UnreachableError:
            return 0

    return asyncio.run(ask())


@pytest.mark.slow
def test_the_issuers_certificate_is_verified(authority: AuthorizationServer, tmp_path: Path) -> None:
    """Of an authority that is trusted, for its name, and not expired: else others could answer with their own keys."""
    trusted = tls.authority(tmp_path)
    (tmp_path / "other").mkdir()
    unknown = tls.authority(tmp_path / "other")

    def trust() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=trusted.file)

    found = {}
    for name, context in {
        "right": trusted.server("localhost"),
        "unknown": unknown.server("localhost"),
        "expired": trusted.server("localhost", expired=True),
        "wrong name": trusted.server("other.example", "127.0.0.1"),
    }.items():
        documents: dict[str, Any] = {"/jwks": authority.jwks()}
        with tls.serve(context, documents) as url:
            documents[METADATA] = {"issuer": url, "jwks_uri": f"{url}/jwks"}
            found[name] = keys_over_tls(url, trust) > 0
    assert found == {"right": True, "unknown": False, "expired": False, "wrong name": False}


def test_a_redirect_of_the_issuer_is_not_followed(authority: AuthorizationServer) -> None:
    """Not even to where its keys are: whoever can make it redirect would choose the keys."""
    authority.answers = {"/jwks": RedirectResponse("/elsewhere"), "/elsewhere": JSONResponse(authority.jwks())}
    assert asyncio.run(Visitor(authority).come()) == 503
    assert "GET /elsewhere" not in authority.asked


def test_the_http_library_logs_nothing_about_the_issuer(
    authority: AuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither addresses nor headers, though everything is to be logged that programs say."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        assert asyncio.run(Visitor(authority).come()) == 200
        assert logging.getLogger().isEnabledFor(logging.DEBUG)  # what others say is logged as before
    assert [record.name for record in caplog.records if record.name.startswith(("httpx", "httpcore"))] == []


def test_made_up_keys_make_a_fetch_in_thirty_seconds(authority: AuthorizationServer) -> None:
    """Whoever makes up one after the other does not make this server ask the issuer more often."""
    visitor = Visitor(authority)
    made_up = [new_key(f"made-up-{number}") for number in range(3)]

    async def come() -> None:
        assert (await visitor.come(), authority.fetches()) == (200, 1)
        for now, key, fetches in zip((0.0, 29.9, 30.0), made_up, (2, 2, 3), strict=True):
            visitor.now = now
            assert (await visitor.come(key=key), authority.fetches()) == (401, fetches)

    asyncio.run(come())
