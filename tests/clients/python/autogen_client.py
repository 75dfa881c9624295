"""AutoGen's MCP tools with an AssistantAgent, whose model is its own replay client."""

import asyncio
import json
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, FunctionExecutionResultMessage, ModelInfo, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from autogen_ext.tools.mcp import SseServerParams, StdioServerParams, StreamableHttpServerParams, mcp_server_tools
from client_task import TASK, report, run_snippet

GIVEN: dict[str, Any] = {}
OFFERED: list[str] = []


class ScriptedModel(ReplayChatCompletionClient):
    """Replays the calls of the task; keeps the tools that it was offered and what it was given."""

    async def create(self, messages: Any, *, tools: Any = (), **more: Any) -> CreateResult:
        """The next call of the task."""
        OFFERED[:] = [tool["name"] if isinstance(tool, dict) else tool.name for tool in tools]
        for message in messages:
            if isinstance(message, FunctionExecutionResultMessage):
                GIVEN.update({result.call_id: result.content for result in message.content})
        return await super().create(messages, tools=tools, **more)


def replies() -> list[CreateResult | str]:
    """A call for each question, then the end."""
    calls: list[CreateResult | str] = [
        CreateResult(
            finish_reason="function_calls",
            content=[FunctionCall(id=one["name"], name=one["tool"], arguments=json.dumps(one["arguments"]))],
            usage=RequestUsage(prompt_tokens=0, completion_tokens=0),
            cached=False,
        )
        for one in TASK["questions"]
    ]
    return [*calls, "Done."]


def server() -> Any:
    """What the tools come from."""
    if TASK["snippet"]:
        return run_snippet()["server"]
    if TASK["transport"] == "stdio":
        return StdioServerParams(command=TASK["command"], args=TASK["args"])
    return {"sse": SseServerParams, "http": StreamableHttpServerParams}[TASK["transport"]](url=TASK["url"])


async def main() -> None:
    """List, ask and tell."""
    info = ModelInfo(vision=False, function_calling=True, json_output=False, family="unknown", structured_output=False)
    model = ScriptedModel(replies(), model_info=info)
    agent = AssistantAgent("jobs", model, tools=await mcp_server_tools(server()), max_tool_iterations=10)
    await agent.run(task="How are my jobs?")
    report(OFFERED, GIVEN)


asyncio.run(main())
