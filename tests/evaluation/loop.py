"""One question: the model is told of the tools, calls them as often as it wants within a bound, and answers."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent

from evaluation.apis import Call, Conversation, ModelError, Result, Tool, Turn
from evaluation.questions import Question
from evaluation.scoring import Score, score

SHOWN = ("text", "fields", "both")
"""What of a tool's answer the model is shown, since clients differ in it."""
SYSTEM = (
    "You answer questions about batch jobs with the tools that you have. Answer in a few sentences, with the facts "
    "that were asked for. It is the user's own workspace."
)

Ask = Callable[[Conversation], Awaitable[tuple[Turn, int]]]
"""Sends a conversation to a model; answers its turn, and how many bytes were sent. Raises ModelError if none comes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a question went.

    Attributes:
        question: its id.
        answer: the model's last words.
        score: what they are worth.
        called: the tools that were called, in order.
        turns: how often the model was asked.
        bytes_sent: of all requests to it, the tools included each time, as its address meters them.
        bytes_of_results: of that, what the tools answered, counted once.
        tokens: as the model's address counts them, 0 where it does not say.
    """

    question: str
    answer: str
    score: Score
    called: tuple[str, ...]
    turns: int
    bytes_sent: int
    bytes_of_results: int
    tokens: int


async def answer_question(
    question: Question, client: Client, ask: Ask, *, max_turns: int, shown: str = "text", skill: bool = False
) -> Outcome:
    """Put a question to the model and score what it says in the end.

    Where its address fails, no fact is found, and what was called until then is told all the same.

    Args:
        question: the question.
        client: is connected to the server.
        ask: sends a conversation to the model.
        max_turns: how often it is asked at most; an answer that does not come by then is empty.
        shown: what of a tool's answer it is shown, one of `SHOWN`.
        skill: whether it is told the server's skill as well.
    """
    told = Conversation(await _system(client, skill=skill), question.ask, await _tools(client))
    turn, sent, tokens, results, failure = Turn(""), 0, 0, 0, ""
    for _ in range(max_turns):
        try:
            turn, size = await ask(told)
        except ModelError as error:
            failure = str(error)
            break
        sent, tokens = sent + size, tokens + turn.tokens
        if not turn.calls:
            told = replace(told, turns=(*told.turns, (turn, ())))
            break
        got = tuple([await _call(client, call, shown) for call in turn.calls])
        results += sum(len(result.text.encode()) for result in got)
        told = replace(told, turns=(*told.turns, (turn, got)))
    answer = "" if turn.calls else turn.text
    called = tuple(call.tool for said, _ in told.turns for call in said.calls)
    worth = score(question.expected, answer, called)
    return Outcome(
        question.id,
        answer,
        Score(0, worth.asked, (failure,)) if failure else worth,
        called,
        len(told.turns),
        sent,
        results,
        tokens,
    )


async def _tools(client: Client) -> list[Tool]:
    listed = (await client.list_tools()).tools
    return [Tool(tool.name, tool.description or "", tool.input_schema) for tool in listed]


async def _system(client: Client, *, skill: bool) -> str:
    """What clients tell a model beside the tools: the server's instructions, and where asked for its skill."""
    parts = [SYSTEM, client.instructions or ""]
    if skill:
        (contents,) = (await client.read_resource("skill://blaxel-jobs/SKILL.md")).contents
        parts.append(getattr(contents, "text", ""))
    return "\n\n".join(part for part in parts if part)


async def _call(client: Client, call: Call, shown: str) -> Result:
    try:
        result = await client.call_tool(call.tool, dict(call.arguments))
    except MCPError as error:
        return Result(call, error.error.message, is_error=True)
    if not isinstance(result, CallToolResult):
        raise TypeError("the client answers what the server asks the person")
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    fields = json.dumps(result.structured_content, ensure_ascii=False) if result.structured_content else ""
    both = {"text": text, "fields": fields or text, "both": "\n".join(filter(None, (text, fields)))}
    return Result(call, both[shown], is_error=bool(result.is_error))
