"""Who and what is kept out over HTTP, where no other file says so: limits by their number, names, tokens, the log."""

import asyncio
import contextlib
import hmac
import json
import select
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mcp.server.auth.provider import AccessToken
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from support.in_process import serving
from support.program import ENVELOPE, PATIENCE, Program, account
from support.sockets import Connection, exchange, port_of, request, rpc

from blaxel_mcp.api.callers import caller_of
from blaxel_mcp.transports import admission, deadlines, http
from blaxel_mcp.transports.access import (
    Authenticator,
    AuthMiddleware,
    BearerTokenAuthenticator,
    BlaxelCredentialAuthenticator,
    HostAndOriginMiddleware,
    RequestSmugglingMiddleware,
)

MEBIBYTE = 1_048_576
JSON = ("Content-Type: application/json", "Accept: application/json, text/event-stream")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server on loopback."""
    with serving("--demo") as base:
        yield port_of(base)


def test_the_limits_that_are_promised() -> None:
    """Seconds: for a body, between two looks at a connection, for calls in flight and for the rest at the end."""
    limits = (admission.BODY_SECONDS, deadlines.STALLED_SECONDS, http.IN_FLIGHT_SECONDS, http.GRACE_SECONDS)
    assert limits == (20, 10, 1.5, 3)


def test_a_path_with_a_control_character_is_refused(port: int) -> None:
    """A proxy in front may read it in another way; the connection ends, with whatever follows on it."""
    for path in ("/mcp%0a", "/%00", "/mcp%7f", "/health%c2%85"):
        answer = exchange(port, request(f"POST {path}", *JSON))
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert answer.body == b"The request can be read in two ways: give either a length or chunks, and a plain path."


def test_length_and_chunks_together_are_refused() -> None:
    """By whatever server the request came; either of the two alone passes."""

    async def status(*names: bytes) -> list[int]:
        seen: list[int] = []

        async def note(message: Any) -> None:
            seen.extend([message["status"]] if "status" in message else [])

        check = RequestSmugglingMiddleware(PlainTextResponse("hello"))
        scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": [(name, b"5") for name in names]}
        await check(scope, nothing, note)
        return seen

    assert asyncio.run(status(b"content-length", b"transfer-encoding")) == [400]
    assert asyncio.run(status(b"content-length")) == asyncio.run(status(b"transfer-encoding")) == [200]


async def nothing() -> Any:
    """Receive no message: nobody asks for one."""


def test_head_opens_no_stream() -> None:
    """It would say nothing for ever."""
    with serving("--demo", "--transport", "sse") as base, Connection(port_of(base)) as connection:
        connection.send(request("HEAD /sse"))
        answer = connection.head()
        assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_get_opens_no_stream_over_streamable_http(port: int) -> None:
    """Without sessions nothing would ever be said on it."""
    with Connection(port) as connection:
        connection.send(request("GET /mcp", "Accept: text/event-stream"))
        assert connection.head().status == 405


# Names


def test_a_rejected_name_cannot_forge_a_line_of_the_log(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """What somebody sends as Host or Origin stands in the log as ASCII, without line ends and colours, and cut."""
    forged = "evil.example\x85WARNING blaxel_mcp: all is well"
    assert exchange(port, request("POST /mcp", host=forged)).status == 421
    assert exchange(port, request("POST /mcp", f"Origin: http://{forged}")).status == 403
    assert caplog.messages == [
        r"Rejected: Host 'evil.example\x85WARNING blaxel_mcp: all is well' is not allowed.",
        r"Rejected: Origin 'http://evil.example\x85WARNING blaxel_mcp: all is well' is not allowed.",
    ]
    for length, shown in (
        (200, f"'{'a' * 200}'"),
        (201, f"'{'a' * 200}' and 1 more characters"),
        (5_000, f"'{'a' * 200}' and 4,800 more characters"),
    ):
        caplog.clear()
        assert exchange(port, request("POST /mcp", host="a" * length)).status == 421
        assert caplog.messages == [f"Rejected: Host {shown} is not allowed."]


def test_a_name_that_is_not_let_in_is_told_in_a_word(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """Which header it was is said to whoever sent it, and what stood in it to the operator."""
    host = exchange(port, request("POST /mcp", host="evil.example"))
    origins = exchange(port, request("POST /mcp", "Origin: http://localhost", "Origin: https://evil.example"))
    assert (host.status, host.body) == (421, b"Invalid Host header")
    assert (origins.status, origins.body) == (403, b"Invalid Origin header")
    assert caplog.messages == [
        "Rejected: Host 'evil.example' is not allowed.",
        "Rejected: Origin 'http://localhost, https://evil.example' is not allowed.",
    ]


LOCAL = ("localhost", "localhost:*", "127.0.0.1", "127.0.0.1:*")


def let_in(*headers: tuple[str, str]) -> bool:
    """Whether a request with these headers gets past the check of names, whatever server it came by."""
    seen: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        seen.append(200)

    async def note(message: Any) -> None:
        seen.extend([message["status"]] if "status" in message else [])

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    check = HostAndOriginMiddleware(app, LOCAL, ("http://localhost", "http://localhost:*"))
    asyncio.run(check({"type": "http", "method": "POST", "path": "/mcp", "headers": raw}, nothing, note))
    (status,) = seen
    assert status in {200, 421, 403}
    return status == 200


GOOD, BAD = ("Host", "localhost:8000"), ("Host", "evil.example")
GOOD_PAGE, BAD_PAGE = ("Origin", "http://localhost:3000"), ("Origin", "https://evil.example")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [BAD],
        [GOOD, BAD],
        [BAD, GOOD],
        [GOOD, GOOD],
        [("Host", "")],
        [("Host", "evil.example:8000")],
        [("Host", "localhost:*")],
        [("Host", "localhost:999999")],
        [("Host", "localhost:80\n")],
        [("Host", "localhost:")],
        [GOOD, BAD_PAGE],
        [GOOD, ("Origin", "https://evil.example:3000")],
        [GOOD, GOOD_PAGE, BAD_PAGE],
        [GOOD, GOOD_PAGE, GOOD_PAGE],
        [GOOD, ("Origin", "null")],
        [GOOD, ("Origin", "https://localhost")],
        [GOOD, ("Origin", "http://localhost:*")],
    ],
)
def test_a_name_that_is_not_this_machines_is_rejected(headers: list[tuple[str, str]]) -> None:
    """None, a foreign one, two of them, or what only looks like one: also where the server in front lets them pass."""
    assert let_in(GOOD)
    assert let_in(GOOD, GOOD_PAGE)
    assert not let_in(*headers)


def test_an_origin_that_only_looks_like_an_allowed_one_is_no_origin() -> None:
    """Before the question, too: the dot of an allowed origin is no pattern, and what surrounds it is none of it."""
    with serving("--demo", env={"BLAXEL_MCP_ALLOWED_ORIGINS": "https://app.page.example"}) as base:
        asked = {"Access-Control-Request-Method": "POST"}
        for origin, allowed in (
            ("https://app.page.example", True),
            ("https://appxpage.example", False),
            ("https://app.page.example.evil.example", False),
            ("https://app.page.example:8443", False),
            ("xhttps://app.page.example", False),
        ):
            answer = httpx.options(f"{base}/mcp", headers=asked | {"Origin": origin})
            assert ("access-control-allow-origin" in answer.headers) is allowed, origin


# Tokens


def authenticated(token: str, given: str) -> bool:
    """Whether a request with this Authorization header is let in where this token is asked for."""
    headers = [(b"authorization", given.encode())]
    seen = Request({"type": "http", "method": "POST", "headers": headers})
    return asyncio.run(BearerTokenAuthenticator(token).authenticate(seen)) is None


@pytest.mark.parametrize(
    ("given", "right"),
    [("let-me-in", True), ("xet-me-in", False), ("let-me-ix", False), ("let", False), ("let-me-in-too", False)],
)
def test_the_token_is_compared_in_constant_time(given: str, right: bool) -> None:  # noqa: FBT001 - a column of the table
    """Whatever is given, the whole of it goes through the comparison that takes as long for any text of a length."""
    compared: list[Any] = []

    def watch(_: Any, event: str, called: Any) -> None:
        if event == "c_call" and called is hmac.compare_digest:
            compared.append(called)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        assert authenticated("let-me-in", f"Bearer {given}") is right
    finally:
        sys.setprofile(before)
    assert len(compared) == 1


@pytest.mark.parametrize(
    "given", ["", "let-me-in", "Basic let-me-in", "Token let-me-in", "Bearer", "Bearer\tlet-me-in"]
)
def test_the_token_comes_by_the_bearer_scheme(given: str) -> None:
    """Written in any case; the right text by another scheme is none."""
    assert not authenticated("let-me-in", given)
    assert authenticated("let-me-in", "bearer let-me-in")
    assert authenticated("let-me-in", "BEARER   let-me-in ")


def test_a_caller_with_a_credential_of_their_own_is_known_by_a_digest() -> None:
    """Of the credential and the workspace, neither of which is passed on."""
    sent = {"x-blaxel-authorization": "Bearer secret-key", "x-blaxel-workspace": "ws"}
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    request = Request({"type": "http", "method": "POST", "headers": headers})
    caller = caller_of(request.headers)
    assert caller is not None
    found = asyncio.run(BlaxelCredentialAuthenticator().authenticate(request))
    assert found == AccessToken(token="", client_id=caller.identity, scopes=[])
    assert "secret-key" not in caller.identity


class Known:
    """Authenticates everybody as the same client."""

    def __init__(self, client: str, **more: Any) -> None:
        self._token = AccessToken(token="secret", client_id=client, scopes=[client], **more)

    async def authenticate(self, _: Request) -> AccessToken:
        """Whoever it is."""
        return self._token


class Unnamed:
    """Lets everybody in, as nobody in particular."""

    async def authenticate(self, _: Request) -> None:
        """Whoever it is."""


def identity(*authenticators: Authenticator) -> AccessToken | None:
    """Who somebody is, and what they may, to whoever is behind these authenticators."""
    users: list[AccessToken | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        users.append(scope["user"].access_token if "user" in scope else None)

    async def ignore(_: Any) -> None:
        """Never told."""

    asyncio.run(AuthMiddleware(app, authenticators)({"type": "http", "headers": []}, nothing, ignore))
    (user,) = users
    return user


def test_who_shows_two_things_is_both() -> None:
    """A connection is bound to that: somebody else with one of the two is somebody else. No token is passed on."""
    signed_in = Known(
        "ada", subject="ada@team.example", claims={"iss": "https://id.example"}, resource="https://m.example"
    )
    both = AccessToken(
        token="",
        client_id="ada key-1",
        scopes=["ada", "key-1"],
        subject="ada@team.example",
        claims={"iss": "https://id.example"},
    )
    assert identity(signed_in, Known("key-1")) == both
    assert identity(Unnamed(), signed_in, Known("key-1")) == both
    assert identity(Known("ada"), Known("key-2")) == AccessToken(
        token="", client_id="ada key-2", scopes=["ada", "key-2"]
    )
    assert identity(Known("eve"), Known("key-1")) != identity(Known("ada"), Known("key-1"))


def test_who_shows_nothing_is_nobody() -> None:
    """Where nothing is asked for, or only a token that all share."""
    assert identity() is None
    assert identity(Unnamed()) is None


# Bodies


def padded(size: int) -> bytes:
    """A request for the tools whose body has this size."""
    empty = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": ENVELOPE | {"padding": ""}}}
    body = json.dumps(empty)
    return json.dumps({**empty, "params": {"_meta": ENVELOPE | {"padding": "x" * (size - len(body))}}}).encode()


MODERN_HEADERS = (*JSON, "MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_a_mebibyte_is_read_and_no_larger_one(port: int, *, chunked: bool) -> None:
    """1,048,576 bytes, to the byte, with a length or in chunks; and it is we who say so."""
    for size, status in ((MEBIBYTE, 200), (MEBIBYTE + 1, 413)):
        body = padded(size)
        assert len(body) == size
        with Connection(port) as connection:
            if chunked:
                head = request("POST /mcp", *MODERN_HEADERS, "Transfer-Encoding: chunked", length=0)
                connection.send(head.replace(b"Content-Length: 0\r\n", b""))
                connection.send(b"%x\r\n%b\r\n0\r\n\r\n" % (size, body))
            else:
                connection.send(request("POST /mcp", *MODERN_HEADERS, body=body))
            answer = connection.answer()
        assert answer.status == status
        assert (answer.body == b"The request's body is larger than 1 MiB.") is (status == 413)


def test_a_length_beyond_a_mebibyte_is_refused_at_once(port: int) -> None:
    """Before any of the body has come."""
    assert exchange(port, request("POST /mcp", *JSON, length=MEBIBYTE + 1)).status == 413


def test_eight_large_bodies_are_received_at_once(port: int) -> None:
    """Of nine that have more than 8,192 bytes and do not end, one is rejected; each that ends makes room again."""
    with contextlib.ExitStack() as opened:
        senders = [opened.enter_context(Connection(port)) for _ in range(9)]
        for sender in senders:
            sender.send(request("POST /mcp", *JSON, length=MEBIBYTE) + b" " * 8_193)
        answered, _, _ = select.select(senders, [], [], PATIENCE)
        assert [sender.answer().status for sender in answered] == [503]
        small = opened.enter_context(Connection(port))
        small.send(request("POST /mcp", *MODERN_HEADERS, body=padded(8_192)))
        assert small.answer().status == 200
        assert exchange(port, request("POST /mcp", *MODERN_HEADERS, body=padded(8_193))).status == 503
    # The server sees that they have gone a moment later.
    assert 200 in (exchange(port, rpc("tools/list", {"_meta": json.loads(PADDING)})).status for _ in range(1_000))


PADDING = json.dumps(ENVELOPE | {"padding": "x" * 9_000})


# What is told


@pytest.mark.slow
def test_no_answer_names_the_server_software_and_no_address_is_logged(plane: str) -> None:
    """Versions help attackers; an address may have a credential in its query."""
    env = account(plane) | {"BLAXEL_MCP_LOG_LEVEL": "DEBUG"}  # the demo's own server would turn uvicorn's log off
    with Program("--transport", "http", "--port", "0", env=env) as program:
        base = program.listening()
        for path in ("/health", "/none", "/mcp"):
            answer = httpx.get(f"{base}{path}?token=hunter2", timeout=PATIENCE)
            assert "server" not in answer.headers
        program.process.terminate()
        assert program.wait() == 0
        assert "hunter2" not in program.errors()


def test_a_token_is_asked_for_in_words() -> None:
    """Clients show them to the person who configures them: what to send, and that it is another thing than a key."""
    with serving("--demo", env={"BLAXEL_MCP_AUTH_TOKEN": "let-me-in-0123456789"}) as base:
        answer = httpx.post(f"{base}/mcp", json={}, headers={"Authorization": "Bearer something-else"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.text == (
        "Unauthorized: send the token that this server's operator has set (BLAXEL_MCP_AUTH_TOKEN) as "
        '"Authorization: Bearer TOKEN" with each request. It is not a Blaxel API key.'
    )


def test_names_are_checked_before_the_token() -> None:
    """A page that came by DNS rebinding cannot try tokens."""
    with serving("--demo", env={"BLAXEL_MCP_AUTH_TOKEN": "let-me-in-0123456789"}) as base:
        assert httpx.post(f"{base}/mcp", json={}, headers={"Host": "evil.example"}).status_code == 421
        assert httpx.post(f"{base}/mcp", json={}).status_code == 401
