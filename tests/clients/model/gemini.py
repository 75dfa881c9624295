"""The Gemini API, which Gemini CLI speaks.

Source: Google's API reference, `models.generateContent`, `models.streamGenerateContent` and `models.countTokens`.
"""

from collections.abc import Mapping
from typing import Any

from clients.model.script import Call, Decision, Request, Result, Tool, compact, text_of

STREAM_METHOD, WHOLE_METHOD, COUNT_METHOD = "streamGenerateContent", "generateContent", "countTokens"
_USAGE = {"promptTokenCount": 1000, "candidatesTokenCount": 10, "totalTokenCount": 1010}


def read(body: Mapping[str, Any], model: str, *, stream: bool) -> Request:
    """What is asked; model and method are in the path."""
    parts = [part for content in body.get("contents", []) for part in content.get("parts", [])]
    declarations = [one for tool in body.get("tools") or () for one in tool.get("functionDeclarations", [])]
    return Request(
        model=model,
        stream=stream,
        tools=tuple(
            Tool(one["name"], one.get("description", ""), one.get("parametersJsonSchema") or one.get("parameters", {}))
            for one in declarations
        ),
        results=tuple(_result(part["functionResponse"]) for part in parts if "functionResponse" in part),
        system=text_of((body.get("systemInstruction") or {}).get("parts")),
    )


def whole(decision: Decision, model: str) -> dict[str, Any]:
    """The answer in one piece."""
    if isinstance(decision, Call):
        arguments = dict(decision.arguments)
        part: dict[str, Any] = {
            "functionCall": {"id": decision.id, "name": decision.tool.name, "args": arguments},
            "thoughtSignature": "c2NyaXB0ZWQ=",  # newer models refuse a call that comes back without one
        }
    else:
        part = {"text": decision.text}
    candidate = {"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
    return {"candidates": [candidate], "usageMetadata": _USAGE, "modelVersion": model, "responseId": "scripted"}


def events(decision: Decision, model: str) -> list[str]:
    """The answer as server-sent events: one, which holds it all."""
    return [f"data: {compact(whole(decision, model))}\n\n"]


def _result(answer: Mapping[str, Any]) -> Result:
    """The text that a tool's answer consists of, or where it has more than one key all of it as JSON."""
    response = answer.get("response", {})
    (key, value), *more = response.items() or [("", "")]
    text = value if not more and key in {"output", "error"} and isinstance(value, str) else compact(response)
    return Result(answer.get("id") or answer["name"], text)
