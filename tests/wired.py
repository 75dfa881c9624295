"""A real server around a real control plane, for tests that speak to it through the SDK's client in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from blaxel_mcp.api.client import BlaxelClient
from blaxel_mcp.auth import BlaxelAuth
from blaxel_mcp.config import load
from blaxel_mcp.demo import script
from blaxel_mcp.tools.spec import ToolState

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@asynccontextmanager
async def tool_state(
    url: str, clock: Callable[[], datetime] = lambda: NOW, *, version: str = "2026-04-28"
) -> AsyncIterator[ToolState]:
    """What the composition root makes, with the demo's key; closed at the end."""
    settings = load({}, {"BL_API_URL": url, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}, None)
    auth = BlaxelAuth.from_settings(settings, lambda: None)
    client = BlaxelClient(api_url=url, api_version=version, auth=auth, timeout=5, first_wait=0.001)
    try:
        yield ToolState(client, clock)
    finally:
        await client.aclose()
