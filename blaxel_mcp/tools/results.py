"""From our values to what travels: an answer in both channels, or an error as one text."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.limits import ERROR_CHARACTERS

_ARGUMENT_PROBLEMS = 5
_ARGUMENT_CHARACTERS = 40
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
_WANTED = re.compile(r"\w+ should (.+?)(?: after validation, .*)?")


def success(answer: Mapping[str, Any], text: str | None = None) -> CallToolResult:
    """The prose for clients that show `content`, the same facts for those that show `structuredContent`.

    The prose is the answer's `summary`, unless it is given: where the answer is a list, its rows are in the text too.
    """
    prose = answer["summary"] if text is None else text
    return CallToolResult(
        content=[TextContent(type="text", text=prose)], structured_content=cast("dict[str, Any]", answer)
    )


def failure(error: BlaxelMcpError) -> CallToolResult:
    """One text, since clients drop everything else of an error."""
    return _refusal(error_text(error))


def error_text(error: BlaxelMcpError) -> str:
    """What failed, whether trying again can help, what to do; bounded."""
    text = str(error)
    return text if len(text) <= ERROR_CHARACTERS else text[: ERROR_CHARACTERS - 1] + "…"


def wrong_arguments(error: ValidationError, takes: Iterable[str]) -> CallToolResult:
    """Which argument, what about it, and what the tool takes. What was given stays out: it may be anything."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    said = [
        f"{clean('.'.join(map(str, problem['loc'])), _ARGUMENT_CHARACTERS)} "
        f"{_PROBLEMS.get(problem['type']) or _what_it_must_be(problem['msg'])}"
        for problem in problems[:_ARGUMENT_PROBLEMS]
    ]
    more = len(problems) - len(said)
    return _refusal(
        f"Wrong arguments: {'; '.join(said)}{f'; and {more} more' if more > 0 else ''}. Nothing was sent. "
        f"Trying again unchanged will not help. The tool takes {', '.join(takes)}."
    )


def _what_it_must_be(message: str) -> str:
    """Pydantic's words for a bound or a closed set, which say what is wanted; other words may say what was given."""
    wanted = _WANTED.fullmatch(message)
    return f"must {wanted[1]}" if wanted else "is not what the tool takes"


def _refusal(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
