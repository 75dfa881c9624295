"""Calling a tool without MCP: the same function with the same checks of its arguments, for the commands of a shell."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from mcp_types import TextContent
from pydantic import ValidationError

from blaxel_mcp.advice import error_advice
from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.registry import load_spec
from blaxel_mcp.tools.results import argument_problems
from blaxel_mcp.tools.spec import bind


class DirectAnswer(NamedTuple):
    """A tool's answer in both channels: the object that is its `structuredContent`, and its text."""

    facts: Mapping[str, Any]
    text: str


class _Context(NamedTuple):
    """As much of the SDK's `Context` as tools use."""

    report_progress: Callable[[float, float | None, str], Awaitable[None]]


async def call_directly(
    app: AppContext, tool: str, arguments: Mapping[str, Any], on_progress: Callable[[str], None]
) -> DirectAnswer:
    """Call a tool that only reads; `on_progress` is handed what a client would be told while it waits.

    Raises:
        ArgumentError: an argument is not what the tool takes.
        BlaxelMcpError: any other failure.
    """
    bound = bind(load_spec(tool))

    async def report_progress(progress: float, total: float | None, message: str) -> None:
        if total is None or progress < total:  # else the answer follows at once
            on_progress(message)

    try:
        checked = bound.fn_metadata.validate_arguments(dict(arguments))
    except ValidationError as error:
        problems = argument_problems(error, error_advice().argument)
        raise ArgumentError(f"Wrong arguments: {problems}.", "Nothing was sent.") from None
    given = {"session": app.new_session({}), "app": app}
    if bound.context_kwarg:
        given[bound.context_kwarg] = _Context(report_progress)
    result = await bound.fn(**checked, **given)
    text = "".join(block.text for block in result.content if isinstance(block, TextContent))
    return DirectAnswer(result.structured_content, text)
