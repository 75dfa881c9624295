"""The Anthropic Messages API, which Claude Code speaks.

Source: Anthropic's API reference, "Create a Message", "Streaming Messages" and "Count tokens in a Message".
"""

from collections.abc import Mapping
from typing import Any

from clients.model.script import Call, Decision, Request, Result, Tool, compact, text_of

PATH = "/v1/messages"
COUNT_PATH = "/v1/messages/count_tokens"


def read(body: Mapping[str, Any]) -> Request:
    """What is asked."""
    blocks = [
        block
        for message in body.get("messages", [])
        if isinstance(message["content"], list)
        for block in message["content"]
    ]
    return Request(
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        tools=tuple(
            Tool(tool["name"], tool.get("description", ""), tool.get("input_schema", {}))
            for tool in body.get("tools") or ()
        ),
        results=tuple(
            Result(block["tool_use_id"], text_of(block.get("content")))
            for block in blocks
            if block["type"] == "tool_result"
        ),
        system=text_of(body.get("system")),
    )


def whole(decision: Decision, model: str) -> dict[str, Any]:
    """The answer in one piece."""
    stopped = {"stop_reason": _reason(decision), "stop_sequence": None}
    return _message(model) | {"content": [_block(decision)]} | stopped


def events(decision: Decision, model: str) -> list[str]:
    """The answer as server-sent events: the message, its one block, why it ended."""
    block = _block(decision)
    if isinstance(decision, Call):
        begun = block | {"input": {}}
        delta = {"type": "input_json_delta", "partial_json": compact(decision.arguments)}
    else:
        begun = block | {"text": ""}
        delta = {"type": "text_delta", "text": decision.text}
    stopped = {"stop_reason": _reason(decision), "stop_sequence": None}
    told: list[dict[str, Any]] = [
        {"type": "message_start", "message": _message(model) | {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": begun},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stopped, "usage": {"output_tokens": 10}},
        {"type": "message_stop"},
    ]
    return [f"event: {one['type']}\ndata: {compact(one)}\n\n" for one in told]


def _message(model: str) -> dict[str, Any]:
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": model,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 10},
    }


def _block(decision: Decision) -> dict[str, Any]:
    if isinstance(decision, Call):
        arguments = dict(decision.arguments)
        return {"type": "tool_use", "id": decision.id, "name": decision.tool.name, "input": arguments}
    return {"type": "text", "text": decision.text}


def _reason(decision: Decision) -> str:
    return "tool_use" if isinstance(decision, Call) else "end_turn"
