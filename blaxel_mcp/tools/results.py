"""From our values to what travels: an answer in both channels, or an error as one text."""

from collections.abc import Mapping
from typing import Any, cast

from mcp_types import CallToolResult, TextContent

from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.summary.limits import ERROR_CHARACTERS


def success(answer: Mapping[str, Any], text: str | None = None) -> CallToolResult:
    """The prose for clients that show `content`, the same facts for those that show `structuredContent`.

    The prose is the answer's `summary`, unless it is given: where the answer is a list, its rows are in the text too.
    """
    prose = answer["summary"] if text is None else text
    return CallToolResult(
        content=[TextContent(type="text", text=prose)], structured_content=cast("dict[str, Any]", answer)
    )


def failure(error: BlaxelMcpError | str) -> CallToolResult:
    """One text, since clients drop everything else of an error."""
    return CallToolResult(content=[TextContent(type="text", text=error_text(error))], is_error=True)


def error_text(error: BlaxelMcpError | str) -> str:
    """What failed, whether trying again can help, what to do; bounded."""
    text = str(error)
    return text if len(text) <= ERROR_CHARACTERS else text[: ERROR_CHARACTERS - 1] + "…"
