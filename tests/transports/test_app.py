"""The HTTP application as a list: what is checked before a route is reached, and by whom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from support.caller import tool_state
from support.sockets import rpc_body, rpc_headers

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.server import build_server
from blaxel_mcp.settings import load
from blaxel_mcp.tools.registry import select
from blaxel_mcp.transports.app import build_app

FOREIGN = {"Host": "evil.example", "Origin": "https://evil.example"}


@asynccontextmanager
async def application(transport: str) -> AsyncIterator[Starlette]:
    """The application for this transport, started; nothing behind it is ever asked."""
    settings = load({"BLAXEL_MCP_TRANSPORT": transport}, {}, None)
    async with tool_state("https://api.invalid/v0") as state:
        app = build_app(build_server(state, select(allow_writes=False)), settings)
        async with app.router.lifespan_context(app):
            yield app


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


def test_an_issuer_without_a_public_address_makes_no_application() -> None:
    """Whoever builds it without the check of the settings: it would let everybody in."""

    async def build() -> None:
        settings = load({"BLAXEL_MCP_TRANSPORT": "http", "BLAXEL_MCP_OAUTH_ISSUER": "https://id.example"}, {}, None)
        async with tool_state("https://api.invalid/v0") as state:
            build_app(build_server(state, select(allow_writes=False)), settings)

    with pytest.raises(ConfigurationError):
        asyncio.run(build())
