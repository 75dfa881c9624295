"""What a tool is here, and how the SDK is told about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver.tools import Tool
from mcp_types import ToolAnnotations
from pydantic import model_validator


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
