"""What no scenario of the conformance suite looks at, on the server that it asks."""

from typing import Any

import httpx
import pytest
from run import start
from support.program import ENVELOPE, MODERN, PATIENCE


def call(base: str, tool: str) -> dict[str, Any]:
    """The arguments of a request that calls a tool, as the revision of 2026 has it."""
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    params = {"name": tool, "arguments": {}, "_meta": ENVELOPE | {"progressToken": "p"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return {"method": "POST", "url": f"{base}/mcp", "json": body, "headers": headers, "timeout": PATIENCE}


@pytest.mark.slow
def test_a_call_whose_client_goes_away_is_cancelled() -> None:
    """Over HTTP: the client has seen that it runs and closes the response, and the tool learns of it."""
    with start("fixture") as program:
        base = program.listening()
        with httpx.stream(**call(base, "never_ends")) as answer:
            assert "notifications/progress" in next(line for line in answer.iter_lines() if line.startswith("data:"))
        assert "It was cancelled." in httpx.request(**call(base, "once_cancelled")).text
