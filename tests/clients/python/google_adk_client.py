"""Google's Agent Development Kit with a scripted model."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from client_task import TASK, report, run_snippet
from google.adk.agents import LlmAgent
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_request import LlmRequest
from google.adk.models.llm_response import LlmResponse
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool.mcp_session_manager import (
    SseConnectionParams,
    StdioConnectionParams,
    StreamableHTTPConnectionParams,
)
from google.adk.tools.mcp_tool.mcp_toolset import McpToolset
from google.genai import types
from mcp import StdioServerParameters

OFFERED: list[str] = []
GIVEN: dict[str, Any] = {}


class ScriptedModel(BaseLlm):
    """Calls what the task asks for; keeps the tools that it was offered and what it was given."""

    async def generate_content_async(
        self,
        llm_request: LlmRequest,
        stream: bool = False,
    ) -> AsyncGenerator[LlmResponse, None]:
        """The next call of the task."""
        OFFERED[:] = list(llm_request.tools_dict)
        # Each request has the whole conversation, so the answers are counted anew.
        answers = [p for c in llm_request.contents for p in c.parts or [] if p.function_response]
        GIVEN.clear()
        for one, part in zip(TASK["questions"], answers, strict=False):
            GIVEN[one["name"]] = part.function_response.response
        part = types.Part(text="Done.")
        for one in TASK["questions"][len(answers) :][:1]:
            part = types.Part(function_call=types.FunctionCall(name=one["tool"], args=one["arguments"]))
        yield LlmResponse(content=types.Content(role="model", parts=[part]))


def make_toolset() -> McpToolset:
    """The server's tools."""
    if TASK["snippet"]:
        return run_snippet()["toolset"]
    if TASK["transport"] == "stdio":
        server = StdioServerParameters(command=TASK["command"], args=TASK["args"])
        return McpToolset(connection_params=StdioConnectionParams(server_params=server))
    kind = {"sse": SseConnectionParams, "http": StreamableHTTPConnectionParams}[TASK["transport"]]
    return McpToolset(connection_params=kind(url=TASK["url"]))


async def main() -> None:
    """List, ask and tell."""
    toolset = make_toolset()
    agent = LlmAgent(name="jobs", model=ScriptedModel(model="scripted"), tools=[toolset])
    runner = InMemoryRunner(agent, app_name="jobs")
    session = await runner.session_service.create_session(app_name="jobs", user_id="user")
    message = types.Content(role="user", parts=[types.Part(text="How are my jobs?")])
    async for _ in runner.run_async(user_id="user", session_id=session.id, new_message=message):
        pass
    await toolset.close()
    report(OFFERED, GIVEN)


asyncio.run(main())
