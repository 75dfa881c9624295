"""What a tool is here, what it is handed, and how the SDK is told about it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp_types import ToolAnnotations
from pydantic import model_validator

from blaxel_mcp.api.client import BlaxelClient
from blaxel_mcp.summary.limits import RAW_BYTES
from blaxel_mcp.summary.raw import RawMode
from blaxel_mcp.tools.history import History


@dataclass(frozen=True, slots=True)
class ToolState:
    """What every tool and resource is handed: made once by the composition root.

    `clock` gives the present in UTC. `raw` and `raw_limit` say how much raw JSON a result carries. `sleep` and `timer`
    are for waiting; a timer counts seconds and is never set back. `client_of` gives the client that acts for whoever
    sent a request, by its headers, on a server where each caller brings a credential.
    """

    client: BlaxelClient
    clock: Callable[[], datetime]
    raw: RawMode = "auto"
    raw_limit: int = RAW_BYTES
    history: History = field(default_factory=History)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    timer: Callable[[], float] = time.monotonic
    client_of: Callable[[Mapping[str, str]], BlaxelClient] | None = None

    def for_request(self, headers: Mapping[str, str] | None) -> "ToolState":
        """The state that one request works with: its caller's identity, and a count of its own of calls to Blaxel."""
        acting = self.client_of(headers or {}) if self.client_of else self.client.acting_for()
        return replace(self, client=acting)


def state_of(ctx: Context[ToolState]) -> ToolState:
    """Injects the state; invisible in a tool's schema."""
    return ctx.request_context.lifespan_context


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A row of the table: an undecorated coroutine function and what clients are told of it."""

    fn: Callable[..., Any]
    title: str
    description: str
    annotations: ToolAnnotations
    writes: bool = False


def bind(spec: ToolSpec) -> Tool:
    """The SDK's tool, with schemas that refuse unknown arguments and carry nothing generated that says nothing.

    The SDK drops unknown arguments in silence, and clients pay for every byte of a schema. Its `Tool` is marked
    internal there: hence the upper bound on `mcp` and the reviewed snapshot of tools/list in the tests.
    """
    tool = Tool.from_function(
        spec.fn, title=spec.title, description=spec.description, annotations=spec.annotations, structured_output=True
    )
    model = tool.fn_metadata.arg_model

    class Strict(model, extra="forbid"):  # type: ignore[valid-type, misc, call-arg]  # its base is made at run time
        @model_validator(mode="before")
        @classmethod
        def without_nulls(cls, given: dict[str, Any]) -> dict[str, Any]:
            """Null for what may be left out is as good as leaving it out."""
            optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
            return {name: value for name, value in given.items() if value is not None or name not in optional}

    tool.parameters = _tidy(Strict.model_json_schema())
    tool.fn_metadata = tool.fn_metadata.model_copy(
        update={"arg_model": Strict, "output_schema": _tidy(tool.fn_metadata.output_schema)}
    )
    return tool


def _tidy(schema: Any, definitions: Mapping[str, Any] | None = None) -> Any:
    """Without the titles and class docstrings that pydantic generates, and with each definition where it is used.

    Descriptions of single fields stay: somebody wrote them.
    """
    if isinstance(schema, list):
        return [_tidy(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    definitions = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        return _tidy(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    generated = {"$defs", "title"} | ({"description"} if "properties" in schema else set())
    if schema.get("additionalProperties") is True:  # says what is so without it
        generated.add("additionalProperties")
    tidied = {
        key: {name: _tidy(part, definitions) for name, part in value.items()}
        if key == "properties"
        else _tidy(value, definitions)
        for key, value in schema.items()
        if key not in generated
    }
    return _optional(tidied)


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    """An argument that may be left out as just that: null is accepted for it, but nobody needs to be told."""
    match schema:
        case {"anyOf": [dict(wanted), {"type": "null"}], "default": None}:
            rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
            return {**wanted, **rest}
    return schema
