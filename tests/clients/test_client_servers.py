"""The server that clients meet, with what crosses recorded, met by the SDK's own client."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from support.program import HANDSHAKE, MODERN

from clients.rows import TRANSPORTS, Transport
from clients.servers import Server, start

FAILED = {"jobId": "nightly-import", "executionId": "latest"}


def reached(server: Server) -> Any:
    """What the SDK's client connects to."""
    if server.command:
        return StdioServerParameters(command=server.command[0], args=[*server.command[1:]])
    return sse_client(server.url) if server.url.endswith("/sse") else server.url


async def asked(server: Server, mode: Any) -> tuple[int, str]:
    """List and ask over a connection: how many tools there are, and the text of an answer."""
    async with Client(reached(server), mode=mode) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("get_job_execution", FAILED)
        return len(tools), str(getattr(result.content[0], "text", ""))


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "era"), [("legacy", HANDSHAKE), ("auto", MODERN)])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_all_that_crosses_is_recorded(transport: Transport, mode: str, era: str, tmp_path: Path) -> None:
    """Requests, answers and the era, from bytes as they were."""
    with start(transport, tmp_path) as server:
        tools, text = asyncio.run(asked(server, mode))
        crossed = server.crossed()
    assert text.startswith("Failed: 3 of 40 tasks failed")
    called = [one for one in crossed.sent if one.get("method") == "tools/call"]
    assert [one["params"]["arguments"] for one in called] == [FAILED]
    answers = {one["id"]: one["result"] for one in crossed.received if "result" in one}
    assert answers[called[0]["id"]]["content"][0]["text"] == text
    assert [len(one["tools"]) for one in answers.values() if "tools" in one] == [tools]
    assert crossed.eras == [era]
    assert crossed.client.startswith("mcp ")
    assert crossed.starts == (transport == "stdio")


@pytest.mark.slow
def test_a_start_can_be_held_up(tmp_path: Path) -> None:
    """By as many milliseconds as are asked for, as if the disk were slow; then it answers all the same."""
    with start("stdio", tmp_path, delay=1500) as server:
        began = monotonic()
        assert asyncio.run(asked(server, "legacy"))[0]
        assert monotonic() - began >= 1.5
