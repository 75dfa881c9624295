"""The OpenAI Chat Completions API, which most clients speak to models that are not their maker's.

Source: the OpenAPI document of OpenAI's API, `CreateChatCompletionRequest` and `CreateChatCompletionStreamResponse`.
"""

from collections.abc import Mapping
from typing import Any

from clients.model.script import Call, Decision, Request, Result, Tool, compact, text_of

PATH = "/v1/chat/completions"
_USAGE = {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010}


def read(body: Mapping[str, Any]) -> Request:
    """What is asked."""
    messages = body.get("messages", [])
    functions = [tool["function"] for tool in body.get("tools") or () if tool.get("type") == "function"]
    return Request(
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        tools=tuple(Tool(one["name"], one.get("description", ""), one.get("parameters", {})) for one in functions),
        results=tuple(
            Result(message.get("tool_call_id", ""), text_of(message.get("content")))
            for message in messages
            if message["role"] == "tool"
        ),
        system="\n".join(
            text_of(message.get("content")) for message in messages if message["role"] in {"system", "developer"}
        ),
    )


def whole(decision: Decision, model: str) -> dict[str, Any]:
    """The answer in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if isinstance(decision, Call):
        message["tool_calls"] = [_tool_call(decision)]
    else:
        message["content"] = decision.text
    choice = {"index": 0, "message": message, "finish_reason": _finish(decision), "logprobs": None}
    return _base("chat.completion", model) | {"choices": [choice], "usage": _USAGE}


def events(decision: Decision, model: str) -> list[str]:
    """The answer as server-sent events: the call or the text in one piece, why it ended, and the count of tokens."""
    delta: dict[str, Any] = {"role": "assistant"}
    if isinstance(decision, Call):
        delta |= {"content": None, "tool_calls": [{"index": 0} | _tool_call(decision)]}
    else:
        delta["content"] = decision.text
    chunk = _base("chat.completion.chunk", model)
    chunks = [
        chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(decision)}]},
        chunk | {"choices": [], "usage": _USAGE},
    ]
    return [f"data: {compact(one)}\n\n" for one in chunks] + ["data: [DONE]\n\n"]


def _base(kind: str, model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-scripted", "object": kind, "created": 1_700_000_000, "model": model}


def _tool_call(call: Call) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.tool.name, "arguments": compact(call.arguments)},
    }


def _finish(decision: Decision) -> str:
    return "tool_calls" if isinstance(decision, Call) else "stop"
