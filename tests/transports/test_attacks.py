"""Requests that no honest client sends, to the real program: each has its answer, and it serves on as before."""

import contextlib
import json
import re
import select
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from support.plane import slow_upstream
from support.program import ENVELOPE, PATIENCE, Program, account
from support.sockets import (
    TOOL,
    Answer,
    Connection,
    exchange,
    port_of,
    request,
    resident,
    rpc,
    rpc_body,
    rpc_headers,
    tool_call,
)

from blaxel_mcp.demo import control_plane
from blaxel_mcp.demo.control_plane import ReceivedRequest
from blaxel_mcp.transports.admission import BODY_BYTES, LARGE_BODIES, SMALL_BODY_BYTES

pytestmark = pytest.mark.slow

TOKEN = "let-me-in-0123456789"
BEARER = f"Authorization: Bearer {TOKEN}"
NAME = "mcp.example"
JSON = ("Content-Type: application/json", "Accept: application/json, text/event-stream")


@contextlib.contextmanager
def attacked(*arguments: str, transport: str = "http", env: dict[str, str] | None = None) -> Iterator[int]:
    """The program's port. Once the test has done its worst it must serve, end well, and never have crashed."""
    with Program("--transport", transport, "--port", "0", *arguments, env=env) as program:
        port = port_of(program.listening())
        yield port
        assert exchange(port, request("GET /health", host="anything")).body == b"ok"
        program.process.terminate()
        assert program.wait() == 0
        assert "Traceback" not in program.errors()


@dataclass(frozen=True)
class Servers:
    """The ports of one over Streamable HTTP and one over SSE; both serve metrics."""

    http: int
    sse: int

    def every_route(self, host: str | None, *headers: str) -> dict[str, Answer]:
        """Send every kind of request to every route, with these headers."""
        requests = [
            (self.http, ["POST /mcp", "GET /mcp", "DELETE /mcp", "OPTIONS /mcp", "HEAD /mcp", "GET /metrics"]),
            (self.sse, ["GET /sse", "HEAD /sse", "POST /messages/", "DELETE /messages/", "GET /metrics", "GET /none"]),
        ]
        answers = {}
        for port, lines in requests:
            for line in lines:
                with Connection(port) as connection:
                    connection.send(request(line, *headers, host=host))
                    answers[f"{line} {port}"] = connection.head()
        return answers


@contextlib.contextmanager
def both(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Servers]:
    """Both, with the demo's control plane."""
    with (
        attacked("--demo", "--metrics", *arguments, env=env) as http,
        attacked("--demo", "--metrics", *arguments, transport="sse", env=env) as sse,
    ):
        yield Servers(http, sse)


@pytest.fixture(scope="module")
def local() -> Iterator[Servers]:
    """As a person starts them: for this machine, without a token."""
    with both() as servers:
        yield servers


@pytest.fixture(scope="module")
def exposed() -> Iterator[Servers]:
    """As an operator starts them: on every address, with a token and a name."""
    env = {"BLAXEL_MCP_AUTH_TOKEN": TOKEN, "BLAXEL_MCP_ALLOWED_HOSTS": NAME, "BLAXEL_MCP_ALLOWED_ORIGINS": NAME}
    with both("--host", "0.0.0.0", env=env) as servers:  # noqa: S104 - asked on loopback only
        yield servers


def statuses(answers: dict[str, Answer]) -> set[int]:
    """Those that there are."""
    return {answer.status for answer in answers.values()}


# Names


FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "localhost.",
    "LOCALHOST.evil",
    "xlocalhost",
    "evil.example#localhost",
    "localhost@evil.example",
    "user:pass@localhost",
    "localhost:80@evil.example",
    "localhost:evil.example",
    "localhost:80.evil.example",
    "localhost:",
    "localhost:80:80",
    "localhost:-1",
    "localhost:999999",
    "localhost:*",
    "localhost, evil.example",
    "localhost evil.example",
    "localhost/evil",
    "localhost%00.evil.example",
    "localhost\x85",
    "127.0.0.1.evil.example",
    "127.0.0.2",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",  # noqa: S104 - a name like the others
    "[::]",
    "::1",
    "[::1",
    "[::1]evil",
    "[::ffff:127.0.0.1]",
    "[::1%25lo]",
    "",
    "*",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_is_rejected_on_every_route(local: Servers, exposed: Servers, host: str) -> None:
    """On no route, on no bind address, with the right token or without: 421."""
    assert statuses(local.every_route(host)) == {421}
    assert statuses(exposed.every_route(host, BEARER)) == {421}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]:8000", f"{NAME}:8000", f"{NAME}.", f"{NAME}.evil"])
def test_on_every_address_only_the_names_that_are_set_count(exposed: Servers, host: str) -> None:
    """Those of this machine are foreign then, and another port or a dot more is another name."""
    assert statuses(exposed.every_route(host, BEARER)) == {421}


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        (None, []),
        ("localhost", ["Host: localhost"]),
        ("localhost", ["Host: evil.example"]),
        ("evil.example", ["host: localhost"]),
        ("local\x00host", []),
    ],
)
def test_a_missing_or_second_host_is_rejected(local: Servers, host: str | None, headers: list[str]) -> None:
    """Which of two was meant nobody can know: 400."""
    assert statuses(local.every_route(host, *headers)) == {400}


def test_without_a_host_where_http_does_not_ask_for_one(local: Servers) -> None:
    """HTTP/1.0 knows none; here it needs one all the same."""
    for port, line in ((local.http, b"POST /mcp"), (local.sse, b"GET /sse"), (local.sse, b"GET /metrics")):
        assert exchange(port, line + b" HTTP/1.0\r\nContent-Length: 0\r\n\r\n").status == 421


@pytest.mark.parametrize("target", ["http://evil.example", "http://localhost", "https://localhost:80", "//localhost"])
def test_a_whole_address_as_the_target_is_no_path(local: Servers, target: str) -> None:
    """It does not take the place of Host, and there is nothing there, not even health."""
    for path in ("/mcp", "/sse", "/messages/", "/metrics", "/health"):
        for port in (local.http, local.sse):
            assert exchange(port, request(f"POST {target}{path}")).status == 404
            assert exchange(port, request(f"POST {target}{path}", host="evil.example")).status == 421


FOREIGN_ORIGINS = [
    ["null"],
    [""],
    ["https://evil.example"],
    ["localhost"],
    ["http://localhost.evil.example"],
    ["http://localhost:80.evil.example"],
    ["http://localhost:80@evil.example"],
    ["http://localhost@evil.example"],
    ["http://localhost:"],
    ["http://localhost/"],
    ["http://localhost http://evil.example"],
    ["http://localhost, http://evil.example"],
    ["HTTP://LOCALHOST"],
    ["file://"],
    ["chrome-extension://localhost"],
    ["http://[::1]evil"],
    ["http://mcp.example", "https://evil.example"],
    ["http://localhost", "http://localhost"],
]


@pytest.mark.parametrize("origins", FOREIGN_ORIGINS, ids=" + ".join)
def test_a_foreign_origin_is_rejected_on_every_route(local: Servers, exposed: Servers, origins: list[str]) -> None:
    """On no route, on no bind address, with the right token or without: 403."""
    headers = [f"Origin: {origin}" for origin in origins]
    assert statuses(local.every_route("localhost:1", *headers)) == {403}
    assert statuses(exposed.every_route(NAME, BEARER, *headers)) == {403}


# Tokens


WRONG_TOKENS = [
    [],
    ["Authorization:"],
    ["Authorization: Bearer"],
    ["Authorization: Bearer  "],
    [f"Authorization: Bearer {TOKEN[:-1]}"],
    [f"Authorization: Bearer {TOKEN}x"],
    [f"Authorization: Bearer {TOKEN.upper()}"],
    [f"Authorization: Bearer {TOKEN} {TOKEN}"],
    [f"Authorization: Bearer {TOKEN},"],
    [f"Authorization: Bearer\xa0{TOKEN}"],
    [f"Authorization: {TOKEN}"],
    [f"Authorization: Basic {TOKEN}"],
    ["Authorization: Bearer \xff\xfe\x80"],
    [f"Authorization: Bearer \x07{TOKEN}"],
    [f"Authorization: Bearer {TOKEN}\r\n x"],
    ["Authorization: Bearer " + "x" * 8_000],
    ["Authorization: Bearer wrong", BEARER],
    [f"X-Authorization: Bearer {TOKEN}"],
    [f"Cookie: Authorization=Bearer {TOKEN}"],
]


@pytest.mark.parametrize("headers", WRONG_TOKENS, ids=lambda headers: " + ".join(headers)[:60] or "none")
def test_a_wrong_token_is_rejected_on_every_route(exposed: Servers, headers: list[str]) -> None:
    """On no route: 401, and what is asked for."""
    answers = exposed.every_route(NAME, *headers)
    assert {(answer.status, answer.headers["www-authenticate"]) for answer in answers.values()} == {(401, "Bearer")}


@pytest.mark.parametrize("value", ["Bearer \x00", f"Bearer {TOKEN}\x0b", "Bearer " + "x" * 500_000])
@pytest.mark.parametrize("header", ["Authorization", "X-Blaxel-Authorization", "X-Blaxel-Workspace"])
def test_headers_that_are_none_are_no_request(exposed: Servers, header: str, value: str) -> None:
    """Control characters, and more than any header needs: 400 before anything looks at them."""
    for port in (exposed.http, exposed.sse):
        assert exchange(port, request("POST /mcp", f"{header}: {value}", host=NAME)).status == 400


def test_a_token_in_the_query_is_ignored(exposed: Servers) -> None:
    """Addresses end up in logs."""
    for query in (f"token={TOKEN}", f"access_token={TOKEN}", f"Authorization=Bearer+{TOKEN}"):
        assert exchange(exposed.http, request(f"POST /mcp?{query}", host=NAME)).status == 401


def test_the_right_host_origin_and_token_are_accepted(exposed: Servers) -> None:
    """The counter-check: none of the refusals above is for another reason."""
    asked = rpc("tools/list", {}, BEARER, f"Origin: https://{NAME}").replace(
        b"Host: localhost", f"Host: {NAME}".encode()
    )
    assert exchange(exposed.http, asked).message["result"]["tools"]
    with Connection(exposed.sse) as stream:
        stream.send(request("GET /sse", BEARER, host=NAME))
        assert stream.head().status == 200


@pytest.mark.parametrize(
    "headers",
    [
        ["X-Blaxel-Authorization: Bearer k\x85ey", "X-Blaxel-Workspace: demo"],
        ["X-Blaxel-Authorization: Bearer k\x07ey", "X-Blaxel-Workspace: demo"],
        ["X-Blaxel-Authorization: Bearer k\xe9y", "X-Blaxel-Workspace: demo"],
        ["X-Blaxel-Authorization: Bearer key", "X-Blaxel-Workspace: de\xa0mo"],
        ["X-Blaxel-Authorization: Bearer key", "X-Blaxel-Workspace: demo, other"],
        ["X-Blaxel-Authorization: Bearer", "X-Blaxel-Workspace: demo"],
    ],
)
def test_a_credential_that_cannot_be_sent_on_is_none(
    per_request: tuple[int, list[ReceivedRequest]], headers: list[str]
) -> None:
    """The caller is told to bring one, and nothing is asked upstream."""
    port, seen = per_request
    assert exchange(port, rpc("tools/call", tool_call(), *headers)).status == 401
    assert seen == []


@pytest.fixture(scope="module")
def per_request() -> Iterator[tuple[int, list[ReceivedRequest]]]:
    """A server to which callers bring their own, and what the control plane has seen."""
    app = control_plane.build_app()
    with (
        control_plane.serve(app) as plane,
        attacked("--auth", "per-request", env={"BL_API_URL": plane}) as port,
    ):
        yield port, app.state.requests


# Bodies


def test_a_body_that_is_said_to_be_too_large_is_not_waited_for(local: Servers) -> None:
    """413 before any of it has come, on both transports."""
    for port, path in ((local.http, "/mcp"), (local.sse, "/messages/")):
        assert exchange(port, request(f"POST {path}", *JSON, length=BODY_BYTES + 1)).status == 413


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_too_large_a_body_can_read_the_413(local: Servers, *, chunked: bool) -> None:
    """The answer survives that the client sends all of it first, and the connection serves the next request."""
    size = BODY_BYTES + 100_000
    with Connection(local.http) as connection:
        if chunked:
            head = request("POST /mcp", *JSON, "Transfer-Encoding: chunked")
            connection.send(head.replace(b"Content-Length: 0\r\n", b""))
            for _ in range(0, size, 50_000):
                connection.send(b"c350\r\n" + b" " * 50_000 + b"\r\n")
            connection.send(b"0\r\n\r\n")
        else:
            connection.send(request("POST /mcp", *JSON, body=b" " * size))
        assert connection.answer().status == 413
        connection.send(rpc("tools/list"))
        assert connection.answer().message["result"]["tools"]


@pytest.mark.parametrize("size", [BODY_BYTES - 1, SMALL_BODY_BYTES + 1])
def test_large_bodies_that_do_not_end_do_not_fill_the_memory(size: int) -> None:
    """More than there is room for are rejected while they come, whatever their length; closed connections make room."""
    with Program("--transport", "http", "--port", "0", "--demo") as program, contextlib.ExitStack() as opened:
        port = port_of(program.listening())
        before = resident(program.process.pid)
        senders = [opened.enter_context(Connection(port)) for _ in range(LARGE_BODIES + 4)]
        for sender in senders:
            sender.send(request("POST /mcp", *JSON, length=BODY_BYTES) + b" " * size)
        answered: list[Connection] = []
        while len(answered) < 4:
            answered, _, _ = select.select(senders, [], [], PATIENCE)
        assert {sender.head().status for sender in answered} == {503}
        assert resident(program.process.pid) - before < 3 * LARGE_BODIES * BODY_BYTES / 1024**2
        for sender in senders:
            sender.close()
        while exchange(port, rpc("tools/list", PADDED)).status != 200:
            pass  # until it has seen that they are gone


PADDED = {"_meta": ENVELOPE | {"padding": "x" * (BODY_BYTES - 2_000)}}


def test_small_bodies_are_served_while_large_ones_wait() -> None:
    """A large body keeps its place until its call is answered; one more is rejected, a small one and health are not."""
    with slow_upstream() as (slow, env), attacked(env=env) as port, contextlib.ExitStack() as opened:
        callers = [opened.enter_context(Connection(port)) for _ in range(LARGE_BODIES + 1)]
        for caller in callers:
            caller.send(rpc("tools/call", tool_call() | PADDED))
        (refused,), _, _ = select.select(callers, [], [], PATIENCE)  # whichever came last
        assert (answer := refused.answer()).status == 503
        assert answer.headers["retry-after"] == "1"
        assert exchange(port, rpc("tools/list")).status == 200
        slow.hold.release.set()
        assert {caller.answer().status for caller in callers if caller is not refused} == {200}
        assert exchange(port, rpc("tools/list", PADDED)).status == 200


POSTS = 15
PARSED_MIB = 32
"""What one body of many small parts may take once it is parsed; measured 28."""


@pytest.mark.parametrize("part", ["[],", "{},", "1,", '"",'])
def test_bodies_of_many_small_parts_do_not_fill_the_memory(part: str) -> None:
    """Parsed, they take almost thirty times their size, so few are let in at once; the others are told to come back."""
    padded = {"_meta": ENVELOPE | {"padding": ["<many>"]}}
    body = (
        json.dumps(rpc_body("tools/call", tool_call() | padded))
        .replace('"<many>"', part * ((BODY_BYTES - 2_000) // len(part)) + "0")
        .encode()
    )
    headers = [f"{name}: {value}" for name, value in rpc_headers("tools/call", TOOL).items()]
    with (
        slow_upstream() as (slow, env),
        Program("--transport", "http", "--port", "0", env=env) as program,
        contextlib.ExitStack() as opened,
    ):
        port = port_of(program.listening())
        before = resident(program.process.pid)
        callers = [opened.enter_context(Connection(port)) for _ in range(POSTS)]
        for caller in callers:
            caller.send(request("POST /mcp", *headers, body=body))
        rejected = list[Connection]()
        while len(rejected) < POSTS - LARGE_BODIES:
            ready, _, _ = select.select([caller for caller in callers if caller not in rejected], [], [], PATIENCE)
            rejected += [caller for caller in ready if caller.head().status == 503]
        assert slow.hold.arrived.wait(PATIENCE)
        slow.hold.release.set()
        statuses = {caller.answer().status for caller in callers if caller not in rejected}
        assert statuses == {200}
        assert resident(program.process.pid) - before < LARGE_BODIES * PARSED_MIB


DEEP = "[" * 100_000 + "]" * 100_000
BODIES = {
    "deep": DEEP,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep arguments": json.dumps(rpc_body("tools/call", tool_call("<deep>"))).replace('"<deep>"', DEEP),
    "deep but parsed": json.dumps(rpc_body("tools/call", tool_call("<deep>"))).replace(
        '"<deep>"', "[" * 900 + "]" * 900
    ),
    "deep envelope": json.dumps(rpc_body("tools/list")).replace("{}", f'{{"a": {DEEP}}}'),
    "never ends": "[" * 300_000,
    "many digits": '{"jsonrpc": "2.0", "id": ' + "1" * 10_000 + ', "method": "tools/list"}',
    "infinite": '{"jsonrpc": "2.0", "id": 1e999, "method": "tools/list"}',
    "half a character": r'{"jsonrpc": "2.0", "id": "\ud800", "method": "tools/list"}',
    "no text": "\xff\xfe\x00",
    "nothing": "",
    "a batch": "[" + ",".join([json.dumps(rpc_body("tools/list"))] * 1_000) + "]",
}


@pytest.mark.parametrize("modern", [False, True], ids=["legacy", "modern"])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_message_is_survived(local: Servers, body: str, *, modern: bool) -> None:
    """An error that says what is wrong with it, or one for the tool to give; never a crash."""
    headers = [
        f"{name}: {value}" for name, value in rpc_headers("tools/call", "get_job_execution", modern=modern).items()
    ]
    answer = exchange(local.http, request("POST /mcp", *headers, body=BODIES[body].encode("latin-1")))
    if answer.status == 202:
        assert body == "infinite"  # the 2025 era takes what has no id that it knows for a notification
    elif answer.status == 200:
        assert body == "deep but parsed"
        assert answer.message["result"]["isError"]
    else:
        assert answer.status == 400
        assert answer.message["error"]["code"] in {-32700, -32600, -32602}


@pytest.mark.parametrize("body", BODIES)
def test_over_sse_too(local: Servers, body: str) -> None:
    """400, or taken and answered on the stream, which lives on."""
    with Connection(local.sse) as stream:
        stream.send(request("GET /sse"))
        stream.head()
        while not (line := stream.line()).startswith(b"data: "):
            pass
        post = f"POST {line.removeprefix(b'data: ').strip().decode()}"
        assert exchange(local.sse, request(post, *JSON, body=BODIES[body].encode("latin-1"))).status in {202, 400}
        ping = json.dumps({"jsonrpc": "2.0", "id": 77, "method": "ping"}).encode()
        assert exchange(local.sse, request(post, *JSON, body=ping)).status == 202
        while b'"id":77' not in stream.line():
            pass


# What is hardly HTTP


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /health\r\n\r\n",
        b"\r\n" * 9 + b"\x00" * 99,
    ],
)
def test_garbage_after_a_request_ends_the_connection(local: Servers, garbage: bytes) -> None:
    """The request before it is answered; then 400, and no more."""
    with Connection(local.http) as connection:
        connection.send(request("GET /health") + garbage)
        assert connection.answer().body == b"ok"
        assert connection.rest().startswith(b"HTTP/1.1 400 ")


def test_a_hundred_requests_in_one_breath_are_answered_in_order(local: Servers) -> None:
    """Pipelining: one is worked on at a time."""
    with Connection(local.http) as connection:
        connection.send((rpc("tools/list") + request("GET /health")) * 50)
        for _ in range(50):
            assert connection.answer().message["id"] == 1
            assert connection.answer().body == b"ok"


@pytest.mark.parametrize("chunk", [b"ZZ\r\nbad", b"-1\r\n\r\n", b"fffffffffffffffffffff\r\n", b"1\r\nab\r\n"])
@pytest.mark.parametrize("headers", [[], [BEARER]], ids=["before it is let in", "after"])
def test_a_body_in_broken_chunks_ends_the_connection(exposed: Servers, chunk: bytes, headers: list[str]) -> None:
    """With a 400 if nothing was answered yet, else without another word."""
    with Connection(exposed.http) as connection:
        head = request("POST /mcp", *JSON, *headers, "Transfer-Encoding: chunked", host=NAME)
        connection.send(head.replace(b"Content-Length: 0\r\n", b""))
        if not headers:
            assert connection.answer().status == 401
        connection.send(chunk)
        assert connection.rest().startswith(b"HTTP/1.1 400 " if headers else b"")


@pytest.mark.parametrize("lengths", [["1", "2"], ["-1"], ["x"], ["1, 2"], ["99999999999999999999999"]])
def test_two_lengths_or_none_that_can_be_are_no_request(local: Servers, lengths: list[str]) -> None:
    """Nothing is smuggled in behind it: 400, and the connection ends."""
    lines = "".join(f"Content-Length: {length}\r\n" for length in lengths)
    with Connection(local.http) as connection:
        connection.send(f"POST /mcp HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode() + request("GET /health"))
        assert connection.head().status == 400
        assert b"HTTP/1.1" not in connection.rest()


@pytest.mark.parametrize("line", ["POST /mcp", "GET /health", "GET /metrics"])
def test_request_smuggling_by_length_and_chunks_is_rejected(local: Servers, line: str) -> None:
    """What one server takes for a body the next must not take for a request: 400, and the connection ends."""
    hidden = b"0\r\n\r\n" + request("GET /metrics")
    with Connection(local.http) as connection:
        connection.send(request(line, *JSON, "Transfer-Encoding: chunked", body=hidden))
        assert connection.answer().status == 400
        assert connection.rest() == b""


# Ids


REFUSED = [
    "a\r\nX-Evil: 1",
    "a\nb",
    "a\x00b",
    "\u2028",
    "a\u2029b",
    "a\u0085b",
    "a\u200bb",
    "\u202e",
    "..",
    ".",
    " ",
    "a" * 600,
]
ENCODED = [
    "a%0d%0aX-Evil:%201",
    "a/b",
    "a/../b",
    "../../x",
    "a?x=1",
    "a#b",
    "a&b",
    "a b",
    "%2e%2e",
    "a%2fb",
    "a\\b",
    "é→",
    "//x",
]


@dataclass(frozen=True)
class Watched:
    """A server, and every request its control plane has seen."""

    port: int
    seen: list[ReceivedRequest]


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """One for the tests of ids."""
    app = control_plane.build_app(kept=100_000)
    with control_plane.serve(app) as plane, attacked("--allow-writes", env=account(plane)) as port:
        yield Watched(port, app.state.requests)


ALL_TOOLS = (
    "get_job_execution",
    "list_job_execution_tasks",
    "get_job_execution_logs",
    "wait_for_job_execution",
    "cancel_job_execution",
)


@pytest.mark.parametrize("modern", [False, True], ids=["legacy", "modern"])
@pytest.mark.parametrize("value", REFUSED, ids=ascii)
def test_an_id_that_can_be_none_is_not_sent(watched: Watched, value: str, *, modern: bool) -> None:
    """As either id, to any tool, and in a resource's address: the caller is told, the control plane hears nothing."""
    before = len(watched.seen)
    for tool in ALL_TOOLS:
        for params in (tool_call(value, "exec-1", tool), tool_call("image-resize", value, tool)):
            result = exchange(watched.port, rpc("tools/call", params, modern=modern)).message["result"]
            assert result["isError"]
            assert value not in result["content"][0]["text"] or len(value) < 3
    for uri in (
        f"blaxel://jobs/{quote(value, safe='')}/executions/e",
        f"blaxel://jobs/j/executions/{quote(value, safe='')}",
    ):
        assert "error" in exchange(watched.port, rpc("resources/read", {"uri": uri}, modern=modern)).message
    assert len(watched.seen) == before


@pytest.mark.parametrize("modern", [False, True], ids=["legacy", "modern"])
@pytest.mark.parametrize("value", ENCODED, ids=ascii)
def test_an_odd_id_is_one_segment_of_a_path(watched: Watched, value: str, *, modern: bool) -> None:
    """Whatever is in it reaches the control plane as that id of that job, percent-encoded, and as nothing else."""
    before = len(watched.seen)
    encoded = quote(value, safe="")
    uri = f"blaxel://jobs/{encoded}/executions/{encoded}"
    exchange(watched.port, rpc("tools/call", tool_call(value, value), modern=modern))
    exchange(watched.port, rpc("resources/read", {"uri": uri}, modern=modern))
    new = watched.seen[before:]
    asked = [handled.path for handled in new if "/executions/" in handled.path]
    literal = f"/v0/jobs/{encoded}/executions/{encoded}"
    # Only after that the one form of two names in one is read, into one segment each.
    read = {"/v0/jobs/a/executions/b"} if value == "a/b" else set()
    assert asked[0] == literal
    assert {literal} <= set(asked) <= {literal, *read}
    allowed = {
        literal,
        *read,
        f"/v0/jobs/{encoded}/executions",
        f"/v0/jobs/{encoded}",
        "/v0/jobs",
    }
    assert {handled.path for handled in new} <= allowed
    assert not any(re.search("evil", name + other, re.IGNORECASE) for h in new for name, other in h.headers.items())
