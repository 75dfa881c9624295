"""The server with what the conformance suite's scenarios ask for beside its own tools; for tests only.

It comes from the same factory as the real one and is served by the same HTTP application, so that what a scenario says
of it holds for them. The names, texts and values are the suite's: what a fixture has to do stands in the description
of the scenario that uses it. Run as a program, it listens on a free port of this machine and says where.
"""

import asyncio
import base64
import json
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import Prompt
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.shared.subscriptions import PromptsListChanged, ToolsListChanged
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    ClientCapabilities,
    Completion,
    CompletionArgument,
    CompletionContext,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    MissingRequiredClientCapabilityErrorData,
    PromptReference,
    ResourceTemplateReference,
    SamplingCapability,
    SamplingMessage,
    SetLevelRequestParams,
    SubscriptionsListenRequestParams,
    TextContent,
    TextResourceContents,
)
from pydantic import Field
from support.caller import tool_state

from blaxel_mcp.completions import Completer
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.server import Server, build_server
from blaxel_mcp.settings import load
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.registry import select
from blaxel_mcp.transports.app import build_app
from blaxel_mcp.transports.http import serve_http

Ctx = Context[AppContext]
Answer = CallToolResult | InputRequiredResult

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
SILENCE = base64.b64encode(
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"
).decode()
SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def said(*blocks: str | ContentBlock) -> CallToolResult:
    """A tool's answer."""
    return CallToolResult(content=[TextContent(text=block) if isinstance(block, str) else block for block in blocks])


def embedded(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    """A resource inside an answer."""
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


# Kinds of content, and errors


async def test_simple_text() -> CallToolResult:
    """One block of text."""
    return said("This is a simple text response for testing.")


async def test_image_content() -> CallToolResult:
    """An image."""
    return said(ImageContent(data=PIXEL, mime_type="image/png"))


async def test_audio_content() -> CallToolResult:
    """A sound."""
    return said(AudioContent(data=SILENCE, mime_type="audio/wav"))


async def test_embedded_resource() -> CallToolResult:
    """A resource."""
    return said(embedded("test://embedded-resource", "This is an embedded resource content."))


async def test_multiple_content_types() -> CallToolResult:
    """Text, an image and a resource."""
    data = json.dumps({"test": "data", "value": 123})
    return said(
        "Multiple content types test:",
        ImageContent(data=PIXEL, mime_type="image/png"),
        embedded("test://mixed-content-resource", data, "application/json"),
    )


async def test_error_handling() -> CallToolResult:
    """An error, raised as the server's own tools raise theirs."""
    raise ArgumentError("This tool intentionally returns an error for testing.", "Expect it.")


# What goes to the client while a call runs


async def test_tool_with_progress(ctx: Ctx) -> CallToolResult:
    """Three steps of progress."""
    for step in (0, 50, 100):
        await ctx.report_progress(step, 100)
    return said("Done.")


async def test_tool_with_logging(ctx: Ctx) -> CallToolResult:
    """Three messages of log."""
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.info(message)  # deprecated in 2026
    return said("Done.")


async def test_missing_capability(ctx: Ctx) -> CallToolResult:
    """Refused to a client that did not declare sampling."""
    if ctx.client_capabilities and ctx.client_capabilities.sampling:
        return said("It is there.")
    missing = MissingRequiredClientCapabilityErrorData(
        required_capabilities=ClientCapabilities(sampling=SamplingCapability())
    )
    raise MCPError(
        code=MISSING_REQUIRED_CLIENT_CAPABILITY,
        message="The client did not declare sampling.",
        data=missing.model_dump(by_alias=True, mode="json", exclude_none=True),
    )


async def echo_region(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> CallToolResult:
    """An argument that is in a header too."""
    return said(region)


async def json_schema_2020_12_tool() -> CallToolResult:
    """Only its schema is looked at."""
    return said("Listed.")


# Input that a call asks the client for (revision of 2026)


def form(message: str, field: str, kind: str = "string") -> ElicitRequest:
    """A form of one field."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(prompt: str) -> CreateMessageRequest:
    """A question to the client's model."""
    messages = [SamplingMessage(role="user", content=TextContent(text=prompt))]
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=messages, max_tokens=100))


def filled(ctx: Ctx, key: str) -> dict[str, Any] | None:
    """What was filled in, if it was."""
    answer = (ctx.input_responses or {}).get(key)
    return dict(answer.content or {}) if isinstance(answer, ElicitResult) else None


async def test_input_required_result_elicitation(ctx: Ctx) -> Answer:
    """Asks for a name."""
    name = filled(ctx, "user_name")
    if name is None:
        return InputRequiredResult(input_requests={"user_name": form("What is your name?", "name")})
    return said(f"Hello, {name.get('name')}!")


async def test_input_required_result_sampling(ctx: Ctx) -> Answer:
    """Asks the model."""
    if "capital_question" not in (ctx.input_responses or {}):
        return InputRequiredResult(input_requests={"capital_question": sampling("What is the capital of France?")})
    return said("The model answered.")


async def test_input_required_result_list_roots(ctx: Ctx) -> Answer:
    """Asks for the client's roots."""
    if "client_roots" not in (ctx.input_responses or {}):
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})
    return said("The client told its roots.")


async def test_input_required_result_request_state(ctx: Ctx) -> Answer:
    """Asks for consent, with state that has to come back as it was."""
    if filled(ctx, "confirm") is None:
        asked = form("Please confirm", "ok", "boolean")
        return InputRequiredResult(input_requests={"confirm": asked}, request_state="waiting for consent")
    return said("state-ok" if ctx.request_state == "waiting for consent" else "The state is another one.")


async def test_input_required_result_multiple_inputs(ctx: Ctx) -> Answer:
    """Asks for all there is at once."""
    wanted = {
        "user_name": form("What is your name?", "name"),
        "greeting": sampling("Generate a greeting"),
        "client_roots": ListRootsRequest(),
    }
    if not wanted.keys() <= (ctx.input_responses or {}).keys():
        return InputRequiredResult(input_requests=dict(wanted), request_state="waiting for all")
    return said("All of it came.")


async def test_input_required_result_multi_round(ctx: Ctx) -> Answer:
    """Asks for a name, then for a colour."""
    if ctx.request_state is None:
        asked = form("Step 1: What is your name?", "name")
        return InputRequiredResult(input_requests={"step1": asked}, request_state="step 1")
    if ctx.request_state == "step 1":
        asked = form("Step 2: What is your favorite color?", "color")
        return InputRequiredResult(input_requests={"step2": asked}, request_state="step 2")
    return said("Both came.")


async def test_input_required_result_capabilities(ctx: Ctx) -> Answer:
    """Asks for what the client can give, and for nothing else."""
    can = ctx.client_capabilities or ClientCapabilities()
    requests: dict[str, CreateMessageRequest | ListRootsRequest | ElicitRequest] = {}
    if can.sampling:
        requests["question"] = sampling("What is the capital of France?")
    if can.elicitation:
        requests["name"] = form("What is your name?", "name")
    return InputRequiredResult(input_requests=requests)


async def test_input_required_result_prompt(ctx: Ctx) -> str | InputRequiredResult:
    """Asks for context before it is made."""
    context = filled(ctx, "user_context")
    if context is None:
        asked = form("What context should the prompt use?", "context")
        return InputRequiredResult(input_requests={"user_context": asked})
    return f"Use this context: {context.get('context')}"


# Prompts and resources


def test_simple_prompt() -> str:
    """One message."""
    return "This is a simple prompt for testing."


def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """Two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def test_prompt_with_embedded_resource(resourceUri: str) -> Sequence[str | ContentBlock]:  # noqa: N803 - the suite's name
    """A resource inside."""
    text = "Embedded resource content for testing."
    return [embedded(resourceUri, text), "Please process the embedded resource above."]


def test_prompt_with_image() -> Sequence[str | ContentBlock]:
    """An image inside."""
    return [ImageContent(data=PIXEL, mime_type="image/png"), "Please analyze the image above."]


def static_text() -> str:
    """Text."""
    return "This is the content of the static text resource."


def static_binary() -> bytes:
    """Bytes."""
    return base64.b64decode(PIXEL)


def template_data(id: str) -> str:  # noqa: A002 - the suite's name
    """Its own address."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


TOOLS = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_progress,
    test_tool_with_logging,
    test_missing_capability,
    echo_region,
    test_input_required_result_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)
OTHER_NAMES = {
    "test_logging_tool": test_tool_with_logging,
    "test_streaming_elicitation": test_input_required_result_elicitation,
    "test_input_required_result_tampered_state": test_input_required_result_request_state,
}
PROMPTS = (
    test_simple_prompt,
    test_prompt_with_arguments,
    test_prompt_with_embedded_resource,
    test_prompt_with_image,
    test_input_required_result_prompt,
)
RESOURCES = (
    ("test://static-text", static_text, "text/plain"),
    ("test://static-binary", static_binary, "image/png"),
    ("test://template/{id}/data", template_data, "application/json"),
)


def add_fixtures(server: Server, app: AppContext) -> None:
    """Everything above, beside what the server has."""
    for fn in TOOLS:
        server.add_tool(fn, structured_output=False)
    for name, fn in OTHER_NAMES.items():
        server.add_tool(fn, name=name, structured_output=False)
    for prompt in PROMPTS:
        server.add_prompt(Prompt.from_function(prompt))
    for uri, read, mime_type in RESOURCES:
        server.resource(uri, name=read.__name__, description=read.__doc__, mime_type=mime_type)(read)
    server.add_tool(json_schema_2020_12_tool, structured_output=False)
    listed = server._tool_manager.get_tool("json_schema_2020_12_tool")  # the SDK makes schemas from signatures only
    assert listed
    listed.parameters = SCHEMA_2020_12
    server.completion()(Completions(app).complete)  # type: ignore[no-untyped-call]  # the SDK's
    add_logging(server)
    add_subscriptions(server)
    add_cancellation(server)


class Completions(Completer):
    """Values for a prompt of the suite; for anything else the server's own."""

    async def complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        """As the scenario wants it."""
        if isinstance(ref, PromptReference) and ref.name == test_prompt_with_arguments.__name__:
            return Completion(values=[f"{argument.value}Value1"], total=1, has_more=False)
        return await super().complete(ref, argument, context)


def add_logging(server: Server) -> None:
    """The level is taken and forgotten: over HTTP this server keeps nothing between two requests."""

    async def set_level(_: Any, __: SetLevelRequestParams) -> EmptyResult:
        return EmptyResult()

    # Where the SDK's own documentation sends those who serve what the revision of 2026 took away.
    server._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)


def add_subscriptions(server: Server) -> None:
    """A stream that stays open. The server itself has none, since nothing that it lists ever changes."""
    bus = InMemorySubscriptionBus()

    async def test_trigger_tool_change() -> CallToolResult:
        """Says that the list of tools has changed."""
        await bus.publish(ToolsListChanged())
        return said("Said.")

    async def test_trigger_prompt_change() -> CallToolResult:
        """Says that the list of prompts has changed."""
        await bus.publish(PromptsListChanged())
        return said("Said.")

    for fn in (test_trigger_tool_change, test_trigger_prompt_change):
        server.add_tool(fn, structured_output=False)
    # The factory leaves it out, and the SDK takes it later only here.
    server._lowlevel_server.add_request_handler(
        "subscriptions/listen", SubscriptionsListenRequestParams, ListenHandler(bus)
    )


def add_cancellation(server: Server) -> None:
    """For a test of our own: no scenario of the suite has to do with calls that are cancelled."""
    cancelled = asyncio.Event()

    async def never_ends(ctx: Ctx) -> CallToolResult:
        """Reports that it runs, and goes on until it is cancelled."""
        try:
            await ctx.report_progress(0)
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return said("Ended by itself.")

    async def once_cancelled() -> CallToolResult:
        """Answers when the other one has been cancelled."""
        await cancelled.wait()
        return said("It was cancelled.")

    for fn in (never_ends, once_cancelled):
        server.add_tool(fn, structured_output=False)


async def serve(plane: str) -> None:
    """The one place that knows how the package puts a server together and serves it."""
    account = {"BL_API_URL": plane, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}
    settings = load({"BLAXEL_MCP_TRANSPORT": "http", "BLAXEL_MCP_PORT": "0"}, account, None)
    async with tool_state(plane) as app:
        server = build_server(app, select(allow_writes=False))
        add_fixtures(server, app)
        await serve_http(build_app(server, settings), settings, app.new_session({}).upstream.abort_in_flight)


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)  # logging is deprecated, and a scenario asks for it
    with control_plane.serve(control_plane.build_app()) as url:
        asyncio.run(serve(url))
