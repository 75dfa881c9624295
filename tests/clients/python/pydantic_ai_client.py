"""Pydantic AI's MCP toolset with an agent, whose model is its own FunctionModel."""

import asyncio
from typing import Any

from client_task import TASK, report
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelMessage, ModelResponse, RetryPromptPart, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

OFFERED: list[str] = []
GIVEN: dict[str, Any] = {}


def transport() -> Any:
    """What the toolset connects over."""
    if TASK["transport"] == "stdio":
        return StdioTransport(command=TASK["command"], args=TASK["args"])
    return {"sse": SSETransport, "http": StreamableHttpTransport}[TASK["transport"]](TASK["url"])


def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """The next call of the task, once what came before is kept as the model would be sent it."""
    OFFERED[:] = [tool.name for tool in info.function_tools]
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolReturnPart):
                GIVEN[part.tool_call_id] = part.model_response_str()
            elif isinstance(part, RetryPromptPart) and part.tool_call_id:
                GIVEN[part.tool_call_id] = part.model_response()
    for one in TASK["questions"][len(GIVEN) :][:1]:
        return ModelResponse(parts=[ToolCallPart(one["tool"], one["arguments"], tool_call_id=one["name"])])
    return ModelResponse(parts=[TextPart("Done.")])


async def main() -> None:
    """List, ask and tell."""
    agent = Agent(FunctionModel(answer), toolsets=[MCPToolset(transport())])
    async with agent:
        await agent.run("How are my jobs?")
    report(OFFERED, GIVEN)


asyncio.run(main())
