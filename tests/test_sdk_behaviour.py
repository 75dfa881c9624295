"""What the MCP SDK does that this server works around. A failure here means that a workaround may have become idle.

Each test uses the SDK alone and names the code of ours that depends on what it shows.
"""

import asyncio
import inspect
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Annotated, Any

import anyio
import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.server.context import CallNext
from mcp.server.lowlevel import Server as LowLevelServer
from mcp.server.mcpserver import Context, Resolve
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import CallToolResult, ElicitResult, JSONRPCError, JSONRPCRequest, JSONRPCResponse, TextContent
from pydantic import BaseModel

CLIENT = {"name": "tests", "version": "1"}
ENVELOPE = {"protocolVersion": "2026-07-28", "clientInfo": CLIENT, "clientCapabilities": {}}
HELLO = {"protocolVersion": "2025-11-25", "clientInfo": CLIENT, "capabilities": {}}


class OurError(Exception):
    """Stands for an expected error of ours."""


async def fail_expectedly() -> None:
    """A tool that fails in an expected way of ours."""
    raise OurError("what to do about it")


async def fail_as_the_sdk_wants() -> None:
    """A tool that fails in the SDK's own way."""
    raise ToolError("what to do about it")


async def add(number: int, more: int | None = None) -> int:
    """A tool with an optional argument."""
    return number + (more or 0)


def served(*tools: Callable[..., Any]) -> MCPServer[Any]:
    """A server of the SDK's with these tools."""
    return MCPServer("sdk", tools=[Tool.from_function(tool) for tool in tools], log_level="CRITICAL")


def asked(server: MCPServer[Any], ask: Callable[[Client], Awaitable[Any]], mode: Any = "auto", **client: Any) -> Any:
    """The answer to a question of a client in memory."""

    async def run() -> Any:
        async with Client(server, mode=mode, **client) as connected:
            return await ask(connected)

    return asyncio.run(run())


def called(server: MCPServer[Any], tool: str, mode: Any = "auto", **arguments: Any) -> tuple[bool, str]:
    """Whether a tool call is an error, and its first text."""

    async def ask(client: Client) -> CallToolResult:
        return await client.call_tool(tool, arguments)

    result = asked(server, ask, mode)
    assert isinstance(result.content[0], TextContent)
    return bool(result.is_error), result.content[0].text


def test_an_exception_of_ours_arrives_as_a_crash_around_it() -> None:
    """`Server.call_tool` takes our error out of `UnexpectedToolError`; the SDK alone would hide its text."""
    server = served(fail_expectedly)
    with pytest.raises(UnexpectedToolError) as crash:
        asyncio.run(server.call_tool("fail_expectedly", {}))
    assert isinstance(crash.value.__cause__, OurError)
    assert called(server, "fail_expectedly") == (True, "Error executing tool fail_expectedly")


def test_the_text_of_a_tool_error_gets_a_prefix() -> None:
    """So our errors aren't `ToolError`s."""
    text = "Error executing tool fail_as_the_sdk_wants: what to do about it"
    assert called(served(fail_as_the_sdk_wants), "fail_as_the_sdk_wants") == (True, text)


def test_wrong_arguments_are_answered_with_text_of_pydantic() -> None:
    """`wrong_arguments` says the same in the words of JSON, without the input, which may hold anything."""
    failed, text = called(served(add), "add", number="leak")
    assert failed
    assert "input_value='leak'" in text
    assert "https://errors.pydantic.dev" in text


def test_unknown_arguments_are_dropped_silently() -> None:
    """`bind` rejects them (python-sdk issue 3067)."""
    assert called(served(add), "add", number=1, numbr=2) == (False, "1")


def test_schemas_hold_generated_titles_and_nulls() -> None:
    """`bind` drops them: clients pay for every byte."""
    (tool,) = asked(served(add), lambda client: client.list_tools()).tools
    assert tool.input_schema["properties"]["more"] == {
        "anyOf": [{"type": "integer"}, {"type": "null"}],
        "default": None,
        "title": "More",
    }


def test_the_schemas_of_a_tool_can_only_be_changed_through_its_metadata() -> None:
    """`bind` sets `Tool.parameters` and `Tool.fn_metadata`, which no documentation of the SDK promises."""
    assert {"parameters", "fn_metadata"} <= Tool.model_fields.keys()
    assert {"arg_model", "output_schema"} <= type(Tool.from_function(add).fn_metadata).model_fields.keys()
    assert "output_schema" not in Tool.model_fields


@pytest.mark.parametrize(("mode", "code"), [("legacy", 0), ("auto", -32603)])
def test_a_prompt_that_does_not_exist_is_not_an_invalid_params_error(mode: str, code: int) -> None:
    """`Server.get_prompt` gives -32602 instead, as the specification wants (python-sdk pull request 1872)."""

    async def ask(client: Client) -> int:
        try:
            await client.get_prompt("nothing")
        except MCPError as error:
            return error.error.code
        raise AssertionError("there is no such prompt")

    assert asked(served(), ask, mode) == code


def test_only_its_low_level_server_can_be_served_over_given_streams() -> None:
    """`transports.probes` reaches into `MCPServer` for it: its public ways are standard streams and HTTP."""
    assert not inspect.signature(MCPServer.run_stdio_async).parameters.keys() - {"self"}
    assert isinstance(served()._lowlevel_server, LowLevelServer)
    assert not [name for name, value in vars(served()).items() if isinstance(value, LowLevelServer) and name[0] != "_"]


def test_a_probe_locks_the_handshake_out() -> None:
    """`transports.probes` begins a new connection instead."""
    envelope = {f"io.modelcontextprotocol/{key}": value for key, value in ENVELOPE.items()}
    asking = (("server/discover", {"_meta": envelope}), ("initialize", HELLO))

    async def run() -> list[Any]:
        server = served()._lowlevel_server
        to_server, requests = anyio.create_memory_object_stream[SessionMessage | Exception](2)
        answers, from_server = anyio.create_memory_object_stream[SessionMessage](2)
        for number, (method, params) in enumerate(asking):
            to_server.send_nowait(
                SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params))
            )
        async with anyio.create_task_group() as serving, to_server:
            serving.start_soon(server.run, requests, answers, server.create_initialization_options())
            got = [(await from_server.receive()).message for _ in asking]
        from_server.close()
        return got

    found, refused = asyncio.run(run())
    assert isinstance(found, JSONRPCResponse)
    assert isinstance(refused, JSONRPCError)
    assert refused.error.code == -32022


_seen: ContextVar[str] = ContextVar("seen")


async def resolve_here() -> str:
    """A resolver that is a coroutine function."""
    return f"{_seen.get('nothing')} in {threading.current_thread() is threading.main_thread()}"


def resolve_elsewhere() -> bool:
    """A resolver that is a plain function."""
    return threading.current_thread() is threading.main_thread()


async def show(
    here: Annotated[str, Resolve(resolve_here)], elsewhere: Annotated[bool, Resolve(resolve_elsewhere)]
) -> str:
    """A tool that shows what its resolvers and itself see."""
    return f"{here}, {elsewhere}, {_seen.get('nothing')}"


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_context_variable_set_by_middleware_reaches_resolvers_and_tools(mode: str) -> None:
    """`current_session` relies on it; it is a coroutine function because any other resolver runs in a thread."""

    async def middleware(ctx: Any, call_next: CallNext) -> Any:
        _seen.set("set")
        return await call_next(ctx)

    server: MCPServer[Any] = MCPServer("sdk", tools=[Tool.from_function(show)], middleware=[middleware])
    assert called(server, "show", mode) == (False, "set in True, False, set")


class Nothing(BaseModel):
    """A form with nothing to fill in."""


async def ask_the_person(ctx: Context) -> str:
    """A tool that asks the person with the SDK's own means."""
    return (await ctx.elicit("Go ahead?", Nothing)).action


@pytest.mark.parametrize(("content", "failed"), [({}, False), (None, True)])
def test_an_acceptance_without_content_is_an_error(content: dict[str, Any] | None, failed: bool) -> None:  # noqa: FBT001
    """`ask_for_consent` gives it empty content: its form has nothing to fill in, and clients leave that out."""

    async def accept(_: Any, __: Any) -> ElicitResult:
        return ElicitResult(action="accept", content=content)

    async def ask(client: Client) -> bool:
        return bool((await client.call_tool("ask_the_person", {})).is_error)

    assert asked(served(ask_the_person), ask, "legacy", elicitation_callback=accept) is failed


@pytest.mark.slow
def test_a_server_logs_with_rich_where_that_is_installed() -> None:
    """It imports Rich, and Pygments with that, which takes time at every start: `build_server` prevents it."""
    script = "import sys; from mcp.server import MCPServer; MCPServer('sdk'); print('rich.logging' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "True\n"  # noqa: S603 - see above
