"""The OpenAI Agents SDK with a scripted model."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage
from agents.mcp import MCPServerSse, MCPServerStdio, MCPServerStreamableHttp
from client_task import TASK, report, run_snippet
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

OFFERED: list[str] = []
GIVEN: dict[str, Any] = {}


class ScriptedModel(Model):
    """Calls what the task asks for; keeps the tools that it was offered and what it was given."""

    async def get_response(
        self, system_instructions: Any, input: Any, model_settings: Any, tools: Any, *_: Any, **__: Any
    ) -> ModelResponse:
        """The next call of the task."""
        OFFERED[:] = [tool.name for tool in tools]
        for item in [] if isinstance(input, str) else input:
            if item.get("type") == "function_call_output":
                GIVEN[item["call_id"]] = item["output"]
        output: Any = ResponseOutputMessage(
            id="done",
            content=[ResponseOutputText(annotations=[], text="Done.", type="output_text")],
            role="assistant",
            status="completed",
            type="message",
        )
        for one in TASK["questions"][len(GIVEN) :][:1]:
            output = ResponseFunctionToolCall(
                arguments=json.dumps(one["arguments"]), call_id=one["name"], name=one["tool"], type="function_call"
            )
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """Not used here."""
        raise NotImplementedError


def server() -> Any:
    """What the agent connects to."""
    if TASK["snippet"]:
        return run_snippet()["server"]
    params = (
        {"command": TASK["command"], "args": TASK["args"]} if TASK["transport"] == "stdio" else {"url": TASK["url"]}
    )
    kind = {"stdio": MCPServerStdio, "sse": MCPServerSse, "http": MCPServerStreamableHttp}[TASK["transport"]]
    return kind(params=params)


async def main() -> None:
    """List, ask and tell."""
    async with server() as connected:
        agent = Agent(name="jobs", model=ScriptedModel(), mcp_servers=[connected])
        await Runner.run(agent, "How are my jobs?")
    report(OFFERED, GIVEN)


asyncio.run(main())
