"""What a browser (CORS), a proxy and an operator (access log) see of the HTTP application."""

import asyncio
import contextlib
import json
from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.in_process import serving
from support.program import PATIENCE, Program, account
from support.sockets import ACCEPT, call, post, said

from blaxel_mcp.demo import script
from blaxel_mcp.telemetry import Observers, RequestRecord
from blaxel_mcp.transports.access_log import AccessLogMiddleware

TOKEN = {"Authorization": "Bearer let-me-in-and-nobody-else"}
PAGE = "https://app.example"
FAILED = {"jobId": "image-resize", "executionId": script.FAILED}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Under a public name, with a token, and a page that may ask it."""
    env = {
        "BLAXEL_MCP_AUTH_TOKEN": "let-me-in-and-nobody-else",
        "BLAXEL_MCP_PUBLIC_URL": "https://MCP.Example",
        "BLAXEL_MCP_ALLOWED_ORIGINS": PAGE,
    }
    with serving("--demo", env=env) as base:
        yield base


def test_a_page_of_an_allowed_origin_passes_cors(server: str) -> None:
    """A browser asks first, without the token, and lets the page read the answer, a refusal included."""
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, mcp-method",
    }
    before = httpx.options(f"{server}/mcp", headers=asked)
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, PAGE)
    assert "authorization" in before.headers["access-control-allow-headers"]
    for token, status in ((TOKEN, 200), ({}, 401)):
        answer = post(server, headers={"Origin": PAGE, **token})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, PAGE)
        assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]


def test_a_page_of_another_origin_is_rejected(server: str) -> None:
    """Neither before nor after, whatever it brings."""
    for origin in ("https://evil.example", "https://app.example.evil", "https://app-example", "null"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        before = httpx.options(f"{server}/mcp", headers=asked)
        assert (before.status_code, "access-control-allow-origin" in before.headers) == (400, False)
        answer = post(server, headers={"Origin": origin, **TOKEN})
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False)


@pytest.mark.parametrize("host", ["mcp.example", "MCP.EXAMPLE", "mcp.example:443"])
def test_a_name_means_the_same_in_any_case(server: str, host: str) -> None:
    """And with the usual port."""
    assert post(server, headers={"Host": host, **TOKEN}).status_code == 200


@pytest.mark.parametrize("path", ["/mcp/", "/mcp//", "/mcp%0A", "/MCP", "/mcp/..", "/"])
def test_no_path_is_answered_with_a_redirect(server: str, path: str) -> None:
    """It would name the scheme by which a proxy asked, and take a caller's credential there."""
    answer = httpx.post(server + path, json={}, headers=ACCEPT | TOKEN)
    assert (answer.status_code in {400, 404}, "location" in answer.headers) == (True, False)
    assert httpx.get(server + path, headers=TOKEN, timeout=PATIENCE).status_code in {400, 404}


@pytest.mark.slow
def test_every_request_that_did_not_reach_mcp_has_a_line(plane: str) -> None:
    """Once: what MCP answered with an error has the other kind of line."""
    with Program("--transport", "http", "--port", "0", "--request-log", env=account(plane)) as program:
        base = program.listening()
        tried = [
            httpx.post(f"{base}/mcp", content=b"{", headers=ACCEPT | {"Content-Type": "application/json"}),
            httpx.post(f"{base}/mcp", content=b"{}", headers=ACCEPT | {"Content-Type": "text/plain"}),
            httpx.post(f"{base}/mcp", json={}, headers={"Accept": "text/html"}),
            httpx.get(f"{base}/mcp"),
            httpx.get(f"{base}/.env"),
            post(base, "prompts/get", {"name": "job_health"}),
            post(base, "made/up"),
        ]
        program.process.terminate()
        assert program.wait() == 0
        lines = [json.loads(line) for line in program.errors().splitlines() if line.startswith("{")]
    statuses = [answer.status_code for answer in tried]
    assert all(status >= 400 for status in statuses)
    assert [line["status"] for line in lines] == [*statuses[:5], "refused", "refused"]
    assert [line.get("route") for line in lines] == ["/mcp", "/mcp", "/mcp", "/mcp", "other", None, None]


@pytest.mark.slow
def test_an_upstream_call_that_was_never_sent_is_not_counted(plane: str) -> None:
    """A call that lacks a workspace goes nowhere."""
    env = {"BL_API_URL": plane, "BLAXEL_MCP_AUTH": "per-request"}
    with Program("--transport", "http", "--port", "0", "--request-log", "--metrics", env=env) as program:
        base = program.listening()
        who = {"X-Blaxel-Authorization": "key"}
        assert said(call(base, "get_job_execution", FAILED, who)).startswith("The Blaxel workspace is not known.")
        assert "blaxel_mcp_upstream_seconds_count" not in httpx.get(f"{base}/metrics", headers=who).text
        program.process.terminate()
        assert program.wait() == 0
        (line,) = [json.loads(line) for line in program.errors().splitlines() if line.startswith("{")]
    assert (line["status"], line["upstreamCalls"]) == ("error", 0)


def test_two_blaxel_credentials_or_workspaces_are_rejected() -> None:
    """Which of them is meant is not for the server to choose."""
    env = {"BLAXEL_MCP_AUTH": "per-request"}
    key, workspace = [("X-Blaxel-Authorization", "one")], [("X-Blaxel-Workspace", "mine")]
    with serving("--demo", env=env) as base:
        for sent, status in (
            (key + workspace, 400),  # let in, and refused as no message
            ([*key, *workspace, ("X-Blaxel-Authorization", "two")], 401),
            ([*key, *workspace, ("X-Blaxel-Workspace", "theirs")], 401),
        ):
            assert httpx.post(f"{base}/mcp", json={}, headers=[*ACCEPT.items(), *sent]).status_code == status


Seen = list[tuple[str, int]]


class Rejections:
    """An observer that keeps what was rejected before it reached MCP."""

    def __init__(self) -> None:
        self.seen: Seen = []

    def handled(self, _: object) -> None:
        """Not asked for."""

    def rejected(self, route: str, status: int) -> None:
        """Keep it."""
        self.seen.append((route, status))

    def upstream_attempt(self, *_: object) -> None:
        """Not asked for."""


async def run(app: ASGIApp, scope: Scope, rejections: Rejections) -> list[Message]:
    """Run an application behind the log, for which `/mcp` is the only route; what it sends."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    log = AccessLogMiddleware(app, Observers([rejections]), routes={"/mcp"})
    with contextlib.suppress(ZeroDivisionError):
        await log({"method": "GET", "headers": [], **scope}, receive, send)
    return sent


def fails(error: BaseException, status: int | None = None) -> ASGIApp:
    """An application that fails, before or after it has begun to answer."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        if status:
            await send({"type": "http.response.start", "status": status, "headers": []})
        raise error

    return app


async def refused_by_mcp(scope: Scope, receive: Receive, send: Send) -> None:
    """What reaches MCP is recorded there."""
    Observers().handled(RequestRecord("made/up", "", {}, "refused", 0.0, 0, 0))
    await PlainTextResponse("", 400)(scope, receive, send)


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """What answers nothing, since its client has gone."""


@pytest.mark.parametrize(
    ("app", "path", "seen"),
    [
        (silent, "/mcp", []),
        (PlainTextResponse("", 200), "/mcp", []),
        (PlainTextResponse("", 399), "/mcp", []),
        (PlainTextResponse("", 400), "/mcp", [("/mcp", 400)]),
        (PlainTextResponse("", 404), "/mcp/", [("other", 404)]),
        (PlainTextResponse("", 404), "/.env", [("other", 404)]),
        (fails(ZeroDivisionError()), "/mcp", [("/mcp", 500)]),
        (fails(ZeroDivisionError(), 200), "/mcp", [("/mcp", 500)]),
        (fails(asyncio.CancelledError()), "/mcp", [("/mcp", 503)]),
        (fails(asyncio.CancelledError(), 200), "/mcp", []),
        (refused_by_mcp, "/mcp", []),
    ],
)
def test_what_is_recorded_as_rejected(app: ASGIApp, path: str, seen: Seen) -> None:
    """Each error that did not come from MCP: by its status, and by the route if it is one of those that there are."""
    rejections = Rejections()
    asyncio.run(run(app, {"type": "http", "path": path}, rejections))
    assert rejections.seen == seen


def test_a_request_that_a_shutdown_cuts_off_is_told_so() -> None:
    """In an answer of its own, unless one has begun; the error of the end is not passed on, which would be logged."""

    async def cut_off(status: int | None) -> list[Message]:
        return await run(fails(asyncio.CancelledError(), status), {"type": "http", "path": "/mcp"}, Rejections())

    start, body = asyncio.run(cut_off(None))
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"1")
    assert body == {"type": "http.response.body", "body": b"The server is shutting down."}
    assert [message["type"] for message in asyncio.run(cut_off(200))] == ["http.response.start"]


def test_websockets_are_closed() -> None:
    """Nothing here speaks them, so nothing behind this is asked; the start and the end of serving are."""
    hello = PlainTextResponse("hello")
    sent = asyncio.run(run(hello, {"type": "websocket", "path": "/messages/"}, Rejections()))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    types: list[str] = []

    async def started(scope: Scope, receive: Receive, send: Send) -> None:
        types.append(scope["type"])
        await send(await receive())

    assert asyncio.run(run(started, {"type": "lifespan"}, Rejections())) == [{"type": "http.request"}]
    assert types == ["lifespan"]
