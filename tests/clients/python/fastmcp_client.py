"""FastMCP's client, as its documentation shows it."""

import asyncio
from typing import Any

from client_task import TASK, report
from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport


def transport() -> Any:
    """What the client connects over."""
    if TASK["transport"] == "stdio":
        return StdioTransport(command=TASK["command"], args=TASK["args"])
    return {"sse": SSETransport, "http": StreamableHttpTransport}[TASK["transport"]](TASK["url"])


async def main() -> None:
    """List, ask and tell."""
    async with Client(transport()) as client:
        tools = await client.list_tools()
        given = {}
        for question in TASK["questions"]:
            result = await client.call_tool(question["tool"], question["arguments"], raise_on_error=False)
            text = [block.text for block in result.content]
            given[question["name"]] = {"content": text, "structured_content": result.structured_content}
    report([tool.name for tool in tools], given)


asyncio.run(main())
