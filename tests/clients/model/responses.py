"""The OpenAI Responses API, the only one that Codex speaks.

Source: the OpenAPI document of OpenAI's API, `CreateResponse` and `ResponseStreamEvent`; `namespace` tools as Codex
sends them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from clients.model.script import Call, Decision, Request, Result, Tool, compact, text_of

PATH = "/v1/responses"
_USAGE = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 1010,
}


def read(body: Mapping[str, Any]) -> Request:
    """What is asked."""
    given = body.get("input", [])
    items = given if isinstance(given, list) else []
    return Request(
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        tools=tuple(_tools(body.get("tools") or ())),
        results=tuple(
            Result(item.get("call_id", ""), text_of(item.get("output")))
            for item in items
            if item.get("type") == "function_call_output"
        ),
        system=body.get("instructions") or "",
    )


def whole(decision: Decision, model: str) -> dict[str, Any]:
    """The answer in one piece."""
    return _response(model) | {"status": "completed", "output": [_item(decision)], "usage": _USAGE}


def events(decision: Decision, model: str) -> list[str]:
    """The answer as server-sent events: begun, its one item begun and ended, completed."""
    item = _item(decision)
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": _response(model) | {"status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"status": "in_progress"}},
    ]
    if isinstance(decision, Call):
        place = {"item_id": item["id"], "output_index": 0}
        told += [
            {"type": "response.function_call_arguments.delta", "delta": item["arguments"]} | place,
            {"type": "response.function_call_arguments.done", "arguments": item["arguments"]} | place,
        ]
    else:
        place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        told += [
            {"type": "response.content_part.added", "part": item["content"][0] | {"text": ""}} | place,
            {"type": "response.output_text.delta", "delta": decision.text, "logprobs": []} | place,
            {"type": "response.output_text.done", "text": decision.text, "logprobs": []} | place,
            {"type": "response.content_part.done", "part": item["content"][0]} | place,
        ]
    told += [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole(decision, model)},
    ]
    return [f"event: {one['type']}\ndata: {compact(one | {'sequence_number': at})}\n\n" for at, one in enumerate(told)]


def _tools(tools: Any, namespace: str = "") -> Iterator[Tool]:
    for tool in tools:
        if tool.get("type") == "namespace":
            yield from _tools(tool["tools"], tool["name"])
        elif tool.get("type") == "function":
            yield Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {}, namespace)


def _response(model: str) -> dict[str, Any]:
    return {"id": "resp_scripted", "object": "response", "created_at": 1_700_000_000, "model": model}


def _item(decision: Decision) -> dict[str, Any]:
    if isinstance(decision, Call):
        named = {"namespace": decision.tool.namespace} if decision.tool.namespace else {}
        return {
            "id": f"fc_{decision.id}",
            "type": "function_call",
            "status": "completed",
            "call_id": decision.id,
            "name": decision.tool.name,
            "arguments": compact(decision.arguments),
        } | named
    content = {"type": "output_text", "text": decision.text, "annotations": [], "logprobs": []}
    return {"id": "msg_scripted", "type": "message", "status": "completed", "role": "assistant", "content": [content]}
