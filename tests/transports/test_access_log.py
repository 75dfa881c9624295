"""What a browser (CORS), a proxy and an operator (access log) see of the HTTP application."""

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from support.in_process import serving
from support.program import PATIENCE, Program, account
from support.sockets import ACCEPT, call, post, said

from blaxel_mcp.demo import script
from blaxel_mcp.telemetry import NO_OBSERVERS
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


def test_two_blaxel_credentials_are_rejected() -> None:
    """Which of them is meant is not for the server to choose."""
    env = {"BLAXEL_MCP_AUTH": "per-request"}
    with serving("--demo", env=env) as base:
        both = [("X-Blaxel-Authorization", "one"), ("X-Blaxel-Authorization", "two")]
        assert httpx.post(f"{base}/mcp", json={}, headers=both).status_code == 401


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that must not be reached."""
    await PlainTextResponse("hello")(scope, receive, send)


def test_websockets_are_closed() -> None:
    """Nothing here speaks them, so nothing behind this is asked."""
    sent: list[Message] = []

    async def run() -> None:
        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        app = AccessLogMiddleware(hello, NO_OBSERVERS, routes=())
        await app({"type": "websocket", "path": "/messages/", "headers": []}, receive, send)

    asyncio.run(run())
    assert sent == [{"type": "websocket.close", "code": 1008}]
