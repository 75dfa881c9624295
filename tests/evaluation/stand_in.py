"""A scripted model on loopback that speaks both APIs, to try out everything but a model: `serve(Quoting(questions))`.

It knows the questions' `way`: it makes those calls one after the other, and then answers with the first sentences of
what the tools said. What it scores says whether the server's answers hold the facts; nothing about any model.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from blaxel_mcp.demo import control_plane
from evaluation.apis import Call
from evaluation.questions import Question

SENTENCES = 10
"""Sentences of each tool's answer that are quoted; of a list, the summary and as many rows."""
NONSENSE = "I am a teapot, short and stout, and I have looked at nothing."


Reply = str | Call | Sequence[Call] | Response
"""The answer, the next call, several at once, or what a model's address answers when it fails."""


class Script(Protocol):
    """What a scripted model does next."""

    def reply(self, ask: str, results: Sequence[str]) -> "Reply":
        """What comes to a question after these results of the calls so far."""


class Quoting:
    """Goes the way that the questions know, and quotes."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._ways = {question.ask: question.way for question in questions}

    def reply(self, ask: str, results: Sequence[str]) -> str | Call:
        """The next call of the way, or the first sentences of each result."""
        way = self._ways[ask]
        if len(results) < len(way):
            tool, arguments = way[len(results)]
            return Call(f"call-{len(results)}", tool, arguments)
        return "\n".join(first_sentences(result, SENTENCES) for result in results)


class Fixed:
    """Calls the same tool again and again where it has one, and else says the same always."""

    def __init__(
        self, text: str = NONSENSE, call: tuple[str, Mapping[str, Any]] | None = None, *, calls: int = 0
    ) -> None:
        self._text, self._call, self._calls = text, call, calls

    def reply(self, ask: str, results: Sequence[str]) -> str | Call:  # noqa: ARG002 - whatever is asked
        """The call so many times, then the text."""
        if self._call and len(results) < self._calls:
            return Call(f"call-{len(results)}", *self._call)
        return self._text


class Failing:
    """Does what it is told once it has seen so many results, and lists the jobs until then."""

    def __init__(self, reply: Reply, *, after: int = 0) -> None:
        self._reply, self._after = reply, after

    def reply(self, ask: str, results: Sequence[str]) -> Reply:  # noqa: ARG002 - whatever is asked
        """The call so many times, then the failure, or several calls once and then a text."""
        if len(results) < self._after:
            return Call(f"call-{len(results)}", "list_jobs", {})
        return self._reply if len(results) == self._after else NONSENSE


def first_sentences(text: str, count: int) -> str:
    """The beginning of a text, up to so many ends of sentences or lines."""
    ends = [end.end() for end in re.finditer(r"\.(?= [A-Z])|\n|$", text)]
    return text[: ends[min(count, len(ends)) - 1]]


@contextmanager
def serve(script: Script, log: list[dict[str, Any]] | None = None) -> Iterator[str]:
    """Serve a scripted model; yields the address without a path. Requests are appended to `log`."""
    kept = log if log is not None else []

    async def chat_completions(request: Request) -> Response:
        body = await request.json()
        kept.append({"headers": dict(request.headers), "body": body})
        ask = next(message["content"] for message in body["messages"] if message["role"] == "user")
        results = [message["content"] for message in body["messages"] if message["role"] == "tool"]
        reply = script.reply(ask, results)
        return reply if isinstance(reply, Response) else _json(openai_answer(reply))

    async def messages(request: Request) -> Response:
        body = await request.json()
        kept.append({"headers": dict(request.headers), "body": body})
        ask, *rest = (message["content"] for message in body["messages"] if message["role"] == "user")
        results = [block["content"] for blocks in rest for block in blocks if block["type"] == "tool_result"]
        reply = script.reply(ask, results)
        return reply if isinstance(reply, Response) else _json(anthropic_answer(reply))

    routes = [
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/v1/messages", messages, methods=["POST"]),
    ]
    with control_plane.serve(Starlette(routes=routes)) as url:
        yield url.removesuffix("/v0")


def openai_answer(reply: str | Call | Sequence[Call]) -> dict[str, Any]:
    """An answer of chat completions."""
    message: dict[str, Any] = {"role": "assistant", "content": reply if isinstance(reply, str) else None}
    if calls := _calls(reply):
        functions = [{"name": call.tool, "arguments": json.dumps(call.arguments)} for call in calls]
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": function}
            for call, function in zip(calls, functions, strict=True)
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return {"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}


def anthropic_answer(reply: str | Call | Sequence[Call]) -> dict[str, Any]:
    """An answer of messages."""
    calls = _calls(reply)
    content: list[dict[str, Any]] = [{"type": "text", "text": reply}] if isinstance(reply, str) else []
    content += [{"type": "tool_use", "id": call.id, "name": call.tool, "input": call.arguments} for call in calls]
    reason = "tool_use" if calls else "end_turn"
    usage = {"input_tokens": 7, "output_tokens": 3}
    return {"type": "message", "role": "assistant", "content": content, "stop_reason": reason, "usage": usage}


def _calls(reply: str | Call | Sequence[Call]) -> Sequence[Call]:
    if isinstance(reply, str):
        return ()
    return (reply,) if isinstance(reply, Call) else reply


def _json(answer: dict[str, Any]) -> Response:
    """In ASCII, since a model may say half of a surrogate pair, as an escape."""
    return Response(json.dumps(answer), media_type="application/json")
