"""What a scripted model does with a request, whichever API it came over: pure functions of the request."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FAREWELL = "That is all I wanted to know."
"""What the model says once it has called everything, and to requests that offer it no tool of the script."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a request offers it.

    Attributes:
        name: as the client calls it, often with the server's name in front.
        description: likewise.
        schema: JSON Schema of its arguments.
        namespace: of the Responses API, whose clients may group a server's tools.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a request tells the model of one call: the call's id, or where the API has none its tool, and the text."""

    call: str
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a model, of any API.

    Attributes:
        model: which model is asked.
        stream: whether the answer is to come in pieces.
        tools: all that the model is offered.
        results: those of all calls so far, oldest first.
        system: the text that stands above the conversation.
    """

    model: str
    stream: bool
    tools: tuple[Tool, ...] = ()
    results: tuple[Result, ...] = ()
    system: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A call that the script wants: one of our tools by its own name, and its arguments."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """The model calls a tool of the client."""

    id: str
    tool: Tool
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Say:
    """The model answers with text, which ends the turn."""

    text: str


Decision = Call | Say


def decide(request: Request, script: Sequence[Step], server: str) -> Decision:
    """The script's next call, counted by the results that the request holds; else a few words.

    Where the step's tool is not offered, but a tool to search for tools is, it is asked for those of the server, again
    while it finds none: Claude Code says so while a server starts. A request that offers neither is something else that
    the client wants of its model, such as a title.
    """
    done = len(told(request))
    if done < len(script):
        step, number = script[done], f"{_CALL}{done}"
        if tool := find(request.tools, step.tool):
            return Call(number, tool, step.arguments)
        if tool := find(found(request), step.tool):
            # What was found is called by itself, or by way of a tool that calls others.
            bridge = _named(request.tools, "toolcall")
            given = {"name": tool.name, "arguments": dict(step.arguments)}
            return Call(number, bridge, given) if bridge else Call(number, tool, step.arguments)
        search = _named(request.tools, "toolsearch")
        searches = sum(result.call.startswith(_SEARCH) for result in request.results)
        if search and searches < _SEARCHES:
            return Call(f"{_SEARCH}{searches}", search, {"query": server, "max_results": 20})
    return Say(FAREWELL)


_CALL, _SEARCH, _SEARCHES = "call_", "search_", 12
_FOUND = re.compile(r"<function>(.*?)</function>", re.DOTALL)


def find(tools: Sequence[Tool], name: str) -> Tool | None:
    """Our tool of that name among what a client offers, where the server's name may stand before it."""
    prefixed = (tool for tool in tools if tool.name.endswith(name) and not tool.name.removesuffix(name)[-1:].isalnum())
    return next((tool for tool in tools if tool.name == name), next(prefixed, None))


def found(request: Request) -> list[Tool]:
    """The tools in what a search for tools has found: JSON, each between tags."""
    texts = (result.text for result in request.results if result.call.startswith(_SEARCH))
    declared = (json.loads(one) for text in texts for one in _FOUND.findall(text))
    return [
        Tool(one["name"], one["description"], one.get("parametersJsonSchema") or one.get("parameters") or {})
        for one in declared
    ]


def _named(tools: Sequence[Tool], name: str) -> Tool | None:
    return next((tool for tool in tools if tool.name.replace("_", "").lower() == name), None)


def told(request: Request) -> tuple[Result, ...]:
    """What the request tells the model of the script's calls, oldest first."""
    return tuple(result for result in request.results if result.call.startswith(_CALL))


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or blocks of which those without text are given as JSON."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(
            block["text"] if isinstance(block, Mapping) and isinstance(block.get("text"), str) else compact(block)
            for block in content
        )
    return "" if content is None else compact(content)


def compact(value: Any) -> str:
    """JSON as it is sent: no spaces, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def tokens(text: str) -> int:
    """A count of tokens for those who ask for one: four bytes each."""
    return max(1, len(text.encode()) // 4)
