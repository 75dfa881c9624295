"""Strands Agents with its MCP client, whose agent's model is scripted."""

import json
from collections.abc import AsyncIterator
from typing import Any

from client_task import TASK, report
from mcp import StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from strands import Agent
from strands.models import Model
from strands.tools.mcp import MCPClient

OFFERED: list[str] = []
GIVEN: dict[str, Any] = {}


class ScriptedModel(Model):
    """Calls what the task asks for; keeps the tools that it was offered and what it was given."""

    def update_config(self, **_: Any) -> None:
        """Nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """Nothing is configured."""
        return {"model_id": "scripted"}

    def structured_output(self, *_: Any, **__: Any) -> Any:
        """Not used here."""
        raise NotImplementedError

    async def stream(self, messages: Any, tool_specs: Any = None, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """The next call of the task, in the events of Bedrock's Converse."""
        OFFERED[:] = [tool["name"] for tool in tool_specs or []]
        results = [block["toolResult"] for one in messages for block in one["content"] if "toolResult" in block]
        GIVEN.update({result["toolUseId"]: result["content"] for result in results})
        yield {"messageStart": {"role": "assistant"}}
        asked = TASK["questions"][len(results) :][:1]
        for one in asked:
            use = {"toolUseId": one["name"].replace(" ", "_"), "name": one["tool"]}
            yield {"contentBlockStart": {"start": {"toolUse": use}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(one["arguments"])}}}}
        if not asked:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": "Done."}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if asked else "end_turn"}}


def client() -> MCPClient:
    """What the agent's tools come from."""
    if TASK["transport"] == "stdio":
        server = StdioServerParameters(command=TASK["command"], args=TASK["args"])
        return MCPClient(lambda: stdio_client(server))
    if TASK["transport"] == "sse":
        return MCPClient(lambda: sse_client(TASK["url"]))
    return MCPClient(url=TASK["url"])


with client() as connected:
    agent = Agent(model=ScriptedModel(), tools=connected.list_tools_sync(), callback_handler=None)
    agent("How are my jobs?")
report(OFFERED, {name.replace("_", " "): content for name, content in GIVEN.items()})
