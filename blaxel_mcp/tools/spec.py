"""A tool as a row of the table, the types of arguments that tools share, and binding a row to the SDK."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from mcp.server.mcpserver.tools import Tool
from mcp_types import ToolAnnotations
from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from blaxel_mcp.ui import EXECUTION_PAGE

# White space around an id comes from copying it: no name has any, and in an error nobody would see it.
_Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# The parameters have the names of the operation's path parameters, and their descriptions begin as its own.
JobId = Annotated[_Id, Field(description="Name of the job")]
ExecutionId = Annotated[_Id, Field(description='Id of the execution, or "latest"')]
OneExecutionId = Annotated[_Id, Field(description="Id of the execution")]
_ANY = "any"


def plain_word(value: object) -> object:
    """One of a closed set of words, as a caller may write it: in any case; None for `any`."""
    word = value.strip().casefold() if isinstance(value, str) else value
    return None if word == _ANY else word


def filter_field(description: str) -> Any:
    """The field of an optional argument that is one of a closed set of words; its schema also lists `any`.

    Clients that make every argument required (strict mode) leave a model no other way to ask for all.
    """

    def add_any(schema: dict[str, Any]) -> None:
        schema["anyOf"][0]["enum"].append(_ANY)  # of `Literal[...] | None`

    return Field(description=description, json_schema_extra=add_any)


# All four hints are given, because clients assume the worst of those that are missing.
READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
ADDITIVE = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)
DESTRUCTIVE = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True)

# `_meta` by the extension MCP Apps: hosts draw the page beside such a tool's results, or keep the tool from the model.
OPENS_VIEW: Mapping[str, Any] = {"ui": {"resourceUri": EXECUTION_PAGE}}
FOR_VIEWS: Mapping[str, Any] = {"ui": {"visibility": ["app"]}}


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool: a coroutine function, whose name is the tool's, and what clients are told about it.

    `answer` is the typed dictionary of its `structuredContent`, as far as that is published. The function is declared
    to return a bare `CallToolResult`: for one with a type the SDK validates and copies every answer. `meta` is the
    tool's `_meta`.
    """

    fn: Callable[..., Any]
    title: str
    description: str
    answer: Any
    annotations: ToolAnnotations
    meta: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.fn.__name__

    @property
    def writes(self) -> bool:
        """Whether the tool changes something, and so exists only with --allow-writes."""
        return not self.annotations.read_only_hint


def bind(spec: ToolSpec) -> Tool:
    """Make the SDK's tool, which rejects unknown arguments; by itself the SDK drops them silently.

    The SDK documents `Tool` as internal and `fn_metadata` not at all, and has no other way to change either;
    tests/test_sdk_behaviour.py fails when that changes.
    """
    tool = Tool.from_function(
        spec.fn, title=spec.title, description=spec.description, annotations=spec.annotations, structured_output=False
    )
    model = tool.fn_metadata.arg_model

    class StrictArguments(model, extra="forbid"):  # type: ignore[valid-type, misc, call-arg]  # its base is made at run time
        @model_validator(mode="before")
        @classmethod
        def drop_blanks(cls, given: dict[str, Any]) -> dict[str, Any]:
            """Treat null or a blank text for an optional argument as if the argument were missing.

            Clients that make every argument required (strict mode) have their model write something for each.
            """
            required = {name for name, field in cls.model_fields.items() if field.is_required()}
            return {name: value for name, value in given.items() if name in required or not _is_blank(value)}

    tool.fn_metadata = tool.fn_metadata.model_copy(update={"arg_model": StrictArguments})
    return tool


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def describe(spec: ToolSpec) -> dict[str, Any]:
    """What `tools/list` says of a tool, with schemas that hold nothing that was only generated.

    Clients pay for every byte of it in every conversation. `registry` has it from a file that was made by this.
    """
    listed = {
        "name": spec.name,
        "title": spec.title,
        "description": spec.description,
        "annotations": spec.annotations.model_dump(mode="json", by_alias=True, exclude_none=True),
        "inputSchema": _compact(bind(spec).fn_metadata.arg_model.model_json_schema()),
        "outputSchema": _without_defaults(_compact(TypeAdapter(spec.answer).json_schema())),
    }
    return listed if spec.meta is None else {**listed, "_meta": dict(spec.meta)}


def _without_defaults(schema: Any) -> Any:
    """The schema without `additionalProperties` where it is true, as it is by default.

    Arguments keep it: a client's conversion that takes it for false there leaves a model nothing to fill in.
    """
    if isinstance(schema, list):
        return [_without_defaults(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_defaults(part) for key, part in schema.items() if (key, part) != ("additionalProperties", True)
    }


def _compact(schema: Any, definitions: Mapping[str, Any] | None = None) -> Any:
    """The schema without the titles and class docstrings that pydantic generates, and with definitions inlined.

    Descriptions of single fields stay: somebody wrote them.
    """
    if isinstance(schema, list):
        return [_compact(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    definitions = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        return _compact(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    dropped = {"$defs", "title"} | ({"description"} if "properties" in schema else set())
    compacted = {
        key: {name: _compact(part, definitions) for name, part in value.items()}
        if key == "properties"
        else _compact(value, definitions)
        for key, value in schema.items()
        if key not in dropped
    }
    match compacted:
        case {"anyOf": [dict(wanted), {"type": "null"}], "default": None}:
            # Null is accepted for an optional argument, but nobody needs to be told.
            return {**wanted, **{key: value for key, value in compacted.items() if key not in {"anyOf", "default"}}}
    return compacted
