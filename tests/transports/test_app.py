"""The HTTP application as a list: what is checked before a route is reached, and by whom."""

import asyncio
import base64
import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from support.caller import tool_state
from support.sockets import rpc_body, rpc_headers

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.server import build_server
from blaxel_mcp.settings import load
from blaxel_mcp.telemetry import Observers
from blaxel_mcp.tools.registry import select
from blaxel_mcp.transports.app import build_app

FOREIGN = {"Host": "evil.example", "Origin": "https://evil.example"}


@asynccontextmanager
async def application(
    transport: str, *, writes: bool = False, room: int = 10, env: Mapping[str, str] | None = None, **given: Any
) -> AsyncIterator[Starlette]:
    """The application for this transport, started; nothing behind it is ever asked."""
    settings = load({"BLAXEL_MCP_TRANSPORT": transport}, env or {}, None)
    async with tool_state("https://api.invalid/v0") as state:
        app = build_app(build_server(state, select(allow_writes=writes), max_requests=room), settings, **given)
        async with app.router.lifespan_context(app):
            yield app


def ask(
    *requests: tuple[str, str], headers: Mapping[str, str] | None = None, transport: str = "http", **given: Any
) -> list[httpx.Response]:
    """The answers of an application of this kind to requests of this machine, each a method and a path."""

    async def run() -> list[httpx.Response]:
        async with (
            application(transport, **given) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
        ):
            return [await client.request(*one, headers=headers) for one in requests]

    return asyncio.run(run())


async def post(app: ASGIApp, path: str) -> int:
    """Ask for the tools under a foreign name; the status."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        headers = rpc_headers("tools/list") | FOREIGN
        return (await client.post(path, json=rpc_body("tools/list"), headers=headers)).status_code


@pytest.mark.parametrize(("transport", "paths"), [("http", ["/mcp"]), ("sse", ["/sse", "/messages"])])
def test_host_is_checked_by_our_middleware_for_every_route_of_the_sdk(transport: str, paths: list[str]) -> None:
    """All routes are behind the list of middleware; a route that a newer SDK adds is, too."""

    async def ask() -> list[int]:
        async with application(transport) as app:
            assert [route.path for route in app.routes if isinstance(route, Route | Mount)] == paths
            return [await post(app, path) for path in [*paths, "/", "/other"]]

    assert set(asyncio.run(ask())) == {421}


def test_the_sdks_own_host_check_is_off() -> None:
    """Past our middleware the SDK answers under any name, so there is one list of names, and one place to look."""

    async def ask() -> int:
        async with application("http") as app:
            return await post(app.router, "/mcp")

    assert asyncio.run(ask()) == 200


def test_the_sdks_own_host_check_is_off_over_sse_too() -> None:
    """Messages are for a session, which nobody has opened, and not refused for their host."""

    async def asked() -> int:
        async with application("sse") as app:
            return await post(app.router, "/messages/")

    assert asyncio.run(asked()) == 400


def test_what_can_be_asked_without_a_client_of_mcp() -> None:
    """Whether it lives, and its metrics if there are any: to be read, and nothing else."""
    asked = [(method, path) for path in ("/health", "/metrics") for method in ("GET", "POST")]
    answers = ask(*asked, metrics=lambda: PlainTextResponse("calls 7"))
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (200, "ok"),
        (405, "Method Not Allowed"),
        (200, "calls 7"),
        (405, "Method Not Allowed"),
    ]
    assert [answer.status_code for answer in ask(*asked)] == [200, 405, 404, 404]


def test_without_room_for_a_request_only_what_is_no_client_of_mcp_is_answered() -> None:
    """Whether it lives and how it fares; the others are told when to come back, whatever they ask."""
    asked = [("POST", "/mcp"), ("POST", "/none"), ("GET", "/health"), ("GET", "/metrics")]
    answers = ask(*asked, room=0, metrics=lambda: PlainTextResponse("calls 7"))
    assert [(answer.status_code, answer.headers.get("retry-after")) for answer in answers] == [
        (503, "1"),
        (503, "1"),
        (200, None),
        (200, None),
    ]


def test_a_path_with_a_slash_more_is_none_and_the_right_one_is_to_be_posted_to() -> None:
    """A redirect would name the scheme by which a proxy asked, and take a credential there."""
    asked = [(method, path) for path in ("/mcp/", "/MCP", "/") for method in ("POST", "GET")]
    answers = ask(*asked)
    assert [(answer.status_code, "location" in answer.headers) for answer in answers] == [(404, False)] * 6
    assert [answer.status_code for answer in ask(("GET", "/mcp"), ("DELETE", "/mcp"))] == [405, 405]


def test_a_request_that_the_sdk_cannot_parse_is_answered_with_its_id() -> None:
    """Its client waits for it; what can be repaired is answered as if nothing were wrong."""
    headers = rpc_headers("tools/list")
    broken = b'{"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": '
    whole = json.dumps(rpc_body("tools/list")).encode().replace(b'"params"', b'"odd": "\\ud800", "params"')
    batch = json.dumps([rpc_body("tools/list", number=number) for number in (1, 2)]).encode()

    async def send() -> list[httpx.Response]:
        async with (
            application("http") as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
        ):
            return [await client.post("/mcp", content=body, headers=headers) for body in (broken, whole, batch)]

    refused, answered, refused_batch = asyncio.run(send())
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/json")
    assert (refused.json()["id"], refused.json()["error"]["code"]) == (7, -32700)
    assert (answered.status_code, "tools" in answered.json()["result"]) == (200, True)
    assert (refused_batch.status_code, refused_batch.json()["id"]) == (400, None)  # one error, by the SDK


def test_a_page_on_this_machine_may_ask_and_read_what_it_needs() -> None:
    """By any port of any of its names: which methods and headers, and what of an answer's headers it may read."""
    question = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, x-any"}
    for origin in ("http://127.0.0.1", "https://localhost:3000", "http://[::1]:5173", "http://localhost"):
        before, after = ask(("OPTIONS", "/mcp"), ("GET", "/health"), headers=question | {"Origin": origin})
        allowed = {name: value for name, value in before.headers.items() if name.startswith("access-control-")}
        assert allowed == {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": "authorization, x-any",
            "access-control-max-age": "600",
        }
        assert after.headers["access-control-allow-origin"] == origin
        assert after.headers["access-control-expose-headers"] == "WWW-Authenticate, Retry-After, Mcp-Session-Id"
    for origin in ("http://localhost:", "http://localhost:3000x", "http://localhost.evil.example", "xhttp://localhost"):
        (before,) = ask(("OPTIONS", "/mcp"), headers=question | {"Origin": origin})
        assert (before.status_code, before.text) == (400, "Disallowed CORS origin")


class Rejections:
    """An observer that keeps what was rejected before it reached MCP."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def handled(self, _: object) -> None:
        """Not asked for."""

    def rejected(self, route: str, status: int) -> None:
        """Keep it."""
        self.seen.append((route, status))

    def upstream_attempt(self, *_: object) -> None:
        """Not asked for."""


def test_what_is_rejected_is_recorded_by_its_route() -> None:
    """Any other path is `other`: whoever asks chooses it."""
    rejections = Rejections()
    paths = ("/metrics", "/mcp", "/sse", "/messages/", "/messages", "/.env")
    ask(*(("POST", path) for path in paths), headers={"Host": "evil.example"}, observers=Observers([rejections]))
    routes = ("/metrics", "/mcp", "/sse", "/messages/", "other", "other")
    assert rejections.seen == [(route, 421) for route in routes]


def test_what_clients_post_over_sse_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The SDK would log a body that it cannot parse; it goes on to log what is wrong elsewhere."""
    for name in ("mcp.server.sse", ""):
        caplog.set_level(logging.ERROR, name)

    async def build() -> None:
        async with application("sse"):
            logging.getLogger("mcp.server.sse").error("Failed to parse message: secret")
            logging.getLogger("mcp.server.lowlevel").error("All else.")

    asyncio.run(build())
    assert [record.getMessage() for record in caplog.records if record.name.startswith("mcp.")] == ["All else."]


SIGN_IN = {"BLAXEL_MCP_OAUTH_ISSUER": "https://localhost:1", "BLAXEL_MCP_PUBLIC_URL": "https://mcp.example"}


@pytest.mark.parametrize(
    ("transport", "writes", "resource", "scopes"),
    [
        ("http", False, "https://mcp.example/mcp", ["jobs:read"]),
        ("http", True, "https://mcp.example/mcp", ["jobs:read", "jobs:write"]),
        ("sse", False, "https://mcp.example/sse", ["jobs:read"]),
    ],
)
def test_what_a_client_signs_in_for(transport: str, resource: str, scopes: list[str], *, writes: bool) -> None:
    """The address that clients connect to, and writing only where there are tools that write."""
    path = "/.well-known/oauth-protected-resource"
    (found,) = ask(("GET", path), transport=transport, writes=writes, env=SIGN_IN)
    assert found.json() == {
        "resource": resource,
        "authorization_servers": ["https://localhost:1"],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": "Blaxel jobs",
    }


def test_what_a_client_reads_to_sign_in_is_public() -> None:
    """At the place of its endpoint and at the bare one, under any name, for any page; to be read, and nothing else."""
    foreign = FOREIGN | {"Access-Control-Request-Method": "GET"}
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
        asked = [(method, path) for method in ("GET", "OPTIONS", "POST", "DELETE")]
        answers = ask(*asked, headers=foreign, env=SIGN_IN)
        assert [answer.status_code for answer in answers] == [200, 200, 405, 405]
        assert [answer.headers.get("access-control-allow-origin") for answer in answers[:2]] == ["*", "*"]
        assert answers[0].json()["resource"] == "https://mcp.example/mcp"
    (elsewhere,) = ask(("GET", "/.well-known/oauth-protected-resource/sse"), env=SIGN_IN)
    assert elsewhere.status_code == 401


def test_the_issuer_is_trusted_by_the_certificates_that_are_given() -> None:
    """They are read when a token is first to be checked; where they cannot be, none is accepted."""
    read: list[str] = []

    def certificates() -> ssl.SSLContext:
        read.append("read")
        raise FileNotFoundError

    head = base64.urlsafe_b64encode(b'{"alg": "RS256"}').decode()
    token = {"Authorization": f"Bearer {head}.e30.e30"}
    (refused,) = ask(("POST", "/mcp"), headers=token, env=SIGN_IN, certificates=certificates)
    assert (refused.status_code, set(read)) == (503, {"read"})


def test_an_issuer_without_a_public_address_makes_no_application() -> None:
    """Whoever builds it without the check of the settings: it would let everybody in."""

    async def build() -> None:
        settings = load({"BLAXEL_MCP_TRANSPORT": "http", "BLAXEL_MCP_OAUTH_ISSUER": "https://id.example"}, {}, None)
        async with tool_state("https://api.invalid/v0") as state:
            build_app(build_server(state, select(allow_writes=False)), settings)

    with pytest.raises(ConfigurationError) as refused:
        asyncio.run(build())
    assert refused.value.problems == ["--oauth-issuer needs --public-url."]
