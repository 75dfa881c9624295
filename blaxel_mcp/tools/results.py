"""Tool results: an answer in both channels, or an error as one text."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.limits import ERROR_CHARACTERS
from blaxel_mcp.summary.redact import redact

_PROBLEMS_SHOWN = 5
_ARGUMENT_CHARACTERS = 40
# Pydantic's error types, in the words of JSON.
_PROBLEMS = {
    "missing": "is required",
    "extra_forbidden": "is not an argument of this tool",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}
_CONSTRAINT = re.compile(r"\w+ should (.+?)(?: after validation, .*)?")


def success(answer: Mapping[str, Any], text: str | None = None) -> CallToolResult:
    """A successful result: a text for clients that show `content`, an object for those that show `structuredContent`.

    The text is the answer's `summary` by default; lists pass theirs, which holds the rows too.
    """
    content = TextContent(type="text", text=answer["summary"] if text is None else text)
    return CallToolResult(content=[content], structured_content=dict(answer))


def failure(error: BlaxelMcpError) -> CallToolResult:
    """An error result of one text, since clients show nothing else of an error."""
    return _error_result(error_text(error))


def error_text(error: BlaxelMcpError) -> str:
    """The error as a user or a model sees it, of at most `ERROR_CHARACTERS`; a cut spares the request id at its end."""
    text, ending = (
        redact(str(error)).text,
        error.ending,
    )  # what is quoted is clean; this is for what may be quoted later
    return text if len(text) <= ERROR_CHARACTERS else text[: ERROR_CHARACTERS - 1 - len(ending)] + "…" + ending


def wrong_arguments(error: ValidationError, parameters: Iterable[str]) -> CallToolResult:
    """An error result that says what is wrong with which argument, and what the tool takes.

    The values that were given are left out: they may hold anything.
    """
    return _error_result(
        f"Wrong arguments: {argument_problems(error)}. Nothing was sent. "
        f"Trying again unchanged will not help. The tool takes {', '.join(parameters)}."
    )


def argument_problems(error: ValidationError, name: Callable[[str], str] = str) -> str:
    """What is wrong with which argument; `name` says how an argument is called."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    shown = [
        f"{name(clean('.'.join(map(str, problem['loc'])), _ARGUMENT_CHARACTERS))} "
        f"{_PROBLEMS.get(problem['type']) or _describe_constraint(problem['msg'])}"
        for problem in problems[:_PROBLEMS_SHOWN]
    ]
    more = len(problems) - len(shown)
    return f"{'; '.join(shown)}{f'; and {more} more' if more > 0 else ''}"


def _describe_constraint(message: str) -> str:
    """Pydantic's message about a bound or a closed set of words; any other of its messages may repeat the input."""
    constraint = _CONSTRAINT.fullmatch(message)
    return f"must {constraint[1]}" if constraint else "is not what the tool takes"


def _error_result(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
