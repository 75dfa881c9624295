"""LlamaIndex's MCP tools with its FunctionAgent, whose model is its own mock."""

import asyncio
from collections.abc import Sequence
from typing import Any

from client_task import TASK, report
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

OFFERED: list[str] = []
GIVEN: dict[str, Any] = {}


def answer(messages: Sequence[ChatMessage], **more: Any) -> ChatMessage:
    """The next call of the task."""
    OFFERED[:] = [tool.metadata.name for tool in more.get("tools") or []] or OFFERED
    answers = [message for message in messages if message.role == MessageRole.TOOL]
    for one, message in zip(TASK["questions"], answers, strict=False):
        GIVEN[one["name"]] = message.content
    blocks: list[Any] = [TextBlock(text="Done.")]
    for one in TASK["questions"][len(answers) :][:1]:
        blocks = [ToolCallBlock(tool_call_id=one["name"], tool_name=one["tool"], tool_kwargs=one["arguments"])]
    return ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks)


async def main() -> None:
    """List, ask and tell."""
    if TASK["transport"] == "stdio":
        client = BasicMCPClient(TASK["command"], args=TASK["args"])
    else:
        client = BasicMCPClient(TASK["url"])
    tools = await McpToolSpec(client=client).to_tool_list_async()
    agent = FunctionAgent(tools=tools, llm=MockFunctionCallingLLM(response_generator=answer), streaming=False)
    await agent.run("How are my jobs?")
    report(OFFERED or [tool.metadata.name for tool in tools], GIVEN)


asyncio.run(main())
