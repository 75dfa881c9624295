"""smolagents with its ToolCallingAgent, whose model is scripted."""

from typing import Any

from client_task import TASK, report
from mcp import StdioServerParameters
from smolagents import MCPClient, Model, Tool, ToolCallingAgent
from smolagents.models import ChatMessage, ChatMessageToolCall, ChatMessageToolCallFunction, MessageRole
from smolagents.tools import validate_tool_arguments

OFFERED: list[str] = []
GIVEN: dict[str, Any] = {}


class ScriptedModel(Model):
    """Calls what the task asks for; keeps the tools that it was offered and what it was given."""

    def generate(self, messages: list[ChatMessage], *_: Any, tools_to_call_from: Any = None, **__: Any) -> ChatMessage:
        """The next call of the task, or the library's own tool that ends a run."""
        OFFERED[:] = [tool.name for tool in tools_to_call_from or []]
        answers = [message for message in messages if message.role == MessageRole.TOOL_RESPONSE]
        for one, message in zip(TASK["questions"], answers, strict=False):
            GIVEN[one["name"]] = message.content
        name, arguments, number = "final_answer", {"answer": "Done."}, "end"
        for one in TASK["questions"][len(answers) :][:1]:
            name, arguments, number = one["tool"], one["arguments"], one["name"]
        function = ChatMessageToolCallFunction(name=name, arguments=arguments)
        call = ChatMessageToolCall(id=number, type="function", function=function)
        return ChatMessage(role=MessageRole.ASSISTANT, content="", tool_calls=[call])


def server() -> Any:
    """What the client connects to."""
    if TASK["transport"] == "stdio":
        return StdioServerParameters(command=TASK["command"], args=TASK["args"])
    return {"url": TASK["url"], "transport": {"http": "streamable-http", "sse": "sse"}[TASK["transport"]]}


def requires_optional(tools: list[Tool]) -> bool:
    """Whether the library turns a call down that leaves out arguments which the server's schema does not require."""
    (list_jobs,) = (tool for tool in tools if tool.name == "list_jobs")
    try:
        validate_tool_arguments(list_jobs, {})
    except ValueError:
        return True
    return False


with MCPClient(server(), structured_output=False) as tools:
    notes = ["its model must give optional arguments too"] if requires_optional(tools) else []
    ToolCallingAgent(tools=tools, model=ScriptedModel(), verbosity_level=0).run("How are my jobs?")
report(OFFERED, GIVEN, notes=notes)
