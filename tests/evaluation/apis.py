"""Two ways to speak with a model over HTTP: as OpenAI's chat completions do it, and as Anthropic's messages do it.

Each is a pair of plain functions: a conversation becomes the body of a request, and the body of an answer becomes a
turn of the model. Sources: the references of OpenAI (Chat Completions) and of Anthropic (Messages).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_TOKENS = 2_000
"""Tokens of one turn; the messages API wants a number."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the server lists it."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool that the model wants."""

    id: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the model said, and what it wants called; tokens as the address counts them, 0 where it does not say."""

    text: str
    calls: tuple[Call, ...] = ()
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call, as the model is shown it."""

    call: Call
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that the model is told: `turns` are its own, each with the results of its calls."""

    system: str
    ask: str
    tools: Sequence[Tool]
    turns: tuple[tuple[Turn, tuple[Result, ...]], ...] = ()


class ModelError(Exception):
    """The model's address gave no answer that can be read; the message says why."""


class ApiError(ModelError):
    """What the address answered is not an answer of this API."""


@dataclass(frozen=True, slots=True)
class Api:
    """One of the two.

    Attributes:
        path: what comes behind the base address.
        headers: of a request, from the key; a blank key sends none.
        body: of a request, from the model's name and a conversation.
        turn: the model's, from the body of an answer.
    """

    path: str
    headers: Callable[[str], dict[str, str]]
    body: Callable[[str, Conversation], dict[str, Any]]
    turn: Callable[[Any], Turn]


def openai_body(model: str, told: Conversation) -> dict[str, Any]:
    """A request of chat completions."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": told.system}, {"role": "user", "content": told.ask}]
    for turn, results in told.turns:
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.tool, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in turn.calls
        ]
        messages.append({"role": "assistant", "content": turn.text or None, "tool_calls": calls})
        messages += [{"role": "tool", "tool_call_id": result.call.id, "content": result.text} for result in results]
    tools = [
        {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
        for t in told.tools
    ]
    return {"model": model, "messages": messages, "tools": tools}


def openai_turn(answer: Any) -> Turn:
    """The model's turn in an answer of chat completions."""
    message = answer["choices"][0]["message"]
    calls = tuple(
        Call(call["id"], call["function"]["name"], _arguments(call["function"]["arguments"]))
        for call in message.get("tool_calls") or ()
    )
    used = answer.get("usage") or {}
    return Turn(message.get("content") or "", calls, used.get("prompt_tokens", 0) + used.get("completion_tokens", 0))


def anthropic_body(model: str, told: Conversation) -> dict[str, Any]:
    """A request of messages."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": told.ask}]
    for turn, results in told.turns:
        text = [{"type": "text", "text": turn.text}] if turn.text else []
        calls = [{"type": "tool_use", "id": call.id, "name": call.tool, "input": call.arguments} for call in turn.calls]
        messages.append({"role": "assistant", "content": [*text, *calls]})
        blocks = [
            {
                "type": "tool_result",
                "tool_use_id": result.call.id,
                "content": result.text,
                "is_error": result.is_error,
            }
            for result in results
        ]
        messages.append({"role": "user", "content": blocks})
    tools = [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in told.tools]
    return {"model": model, "max_tokens": MAX_TOKENS, "system": told.system, "messages": messages, "tools": tools}


def anthropic_turn(answer: Any) -> Turn:
    """The model's turn in an answer of messages."""
    blocks = answer["content"]
    text = "\n".join(block["text"] for block in blocks if block["type"] == "text")
    calls = tuple(Call(b["id"], b["name"], _arguments(b["input"])) for b in blocks if b["type"] == "tool_use")
    used = answer.get("usage") or {}
    return Turn(text, calls, used.get("input_tokens", 0) + used.get("output_tokens", 0))


def _arguments(given: Any) -> Mapping[str, Any]:
    """A call's arguments, as text or as an object; anything else is passed on for the server to refuse."""
    read = given
    if isinstance(given, str):
        try:
            read = encodable(json.loads(given or "{}"))
        except (ValueError, RecursionError):
            read = None
    return read if isinstance(read, dict) else {"arguments": given}


def encodable(value: Any) -> Any:
    """A JSON value without halves of surrogate pairs, which no request and no file could hold."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


APIS: Mapping[str, Api] = {
    "openai": Api(
        "/chat/completions",
        lambda key: {"Authorization": f"Bearer {key}"} if key else {},
        openai_body,
        openai_turn,
    ),
    "anthropic": Api(
        "/v1/messages",
        lambda key: {"anthropic-version": "2023-06-01"} | ({"x-api-key": key} if key else {}),
        anthropic_body,
        anthropic_turn,
    ),
}
"""By the word that `--api` takes. OpenAI's base address ends in /v1, Anthropic's does not."""


def read_turn(api: Api, answer: Any) -> Turn:
    """The model's turn in an answer.

    Raises:
        ApiError: it is of another form.
    """
    form = "the answer has not the form of this API"
    try:
        turn = api.turn(answer)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ApiError(f"{form} ({type(error).__name__}: {error})") from None
    words = [turn.text, *(word for call in turn.calls for word in (call.id, call.tool))]
    if not (all(isinstance(word, str) for word in words) and isinstance(turn.tokens, int)):
        raise ApiError(f"{form} (a text, an id, a tool's name or a count is something else)")
    return turn
