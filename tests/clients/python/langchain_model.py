"""A scripted chat model of LangChain, which calls the tools one after the other; two libraries drive it."""

from collections.abc import Sequence
from typing import Any

from client_task import TASK
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class ScriptedModel(BaseChatModel):
    """Calls what the task asks for; keeps the tools that it was offered and what it was given."""

    offered: list[str] = []
    given: dict[str, Any] = {}

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "ScriptedModel":
        """Take the tools of an agent."""
        self.offered[:] = [tool.name for tool in tools]
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        answers = [message for message in messages if isinstance(message, ToolMessage)]
        self.given.update({message.tool_call_id: message.content for message in answers})
        calls = [
            {"id": one["name"], "name": one["tool"], "args": one["arguments"], "type": "tool_call"}
            for one in TASK["questions"][len(answers) :][:1]
        ]
        message = AIMessage(content="" if calls else "Done.", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])
