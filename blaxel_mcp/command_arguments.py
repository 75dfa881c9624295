"""A tool's arguments as a command's: ids by their place, all others as options, all from the tool's listed schema."""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import from_json

LATEST = "latest"
POSITIONAL = {"jobId": "JOB", "executionId": "EXECUTION", "baselineId": "BASELINE"}
"""Positional arguments, in this order, with their placeholders in `--help`."""
_PLACEHOLDERS = {
    "status": "STATUS",
    "limit": "NUMBER",
    "cursor": "CURSOR",
    "search": "TEXT",
    "taskName": "NAME",
    "severity": "SEVERITY",
    "timeoutSeconds": "SECONDS",
}
_HELP = {
    "executionId": 'id of the execution, or "latest"',
    "limit": "how many at most",
    "cursor": "go on where an answer ended, which names it",
    "timeoutSeconds": "how long to wait at most",
}
"""Help texts of arguments whose description in the schema is missing or made for a model."""


def option_name(argument: str) -> str:
    """The option for an argument: `--task-name` for `taskName`."""
    return "--" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", argument).lower()


@cache
def tool_parameters(tool: str) -> Mapping[str, Mapping[str, Any]]:
    """The schemas of a tool's arguments, by their names."""
    tools = from_json(Path(__file__).with_name("tools").joinpath("listed.json").read_bytes())
    parameters: Mapping[str, Mapping[str, Any]] = next(
        one["inputSchema"]["properties"] for one in tools if one["name"] == tool
    )
    return parameters


def add_tool_arguments(parser: argparse.ArgumentParser, tool: str) -> None:
    """Add the arguments of a tool to a command's parser."""
    parameters = tool_parameters(tool)
    for name, placeholder in POSITIONAL.items():
        if name == "executionId" and name in parameters:
            described = f"{_described(name, parameters[name])}; default {LATEST}"
            parser.add_argument(name, metavar=placeholder, nargs="?", default=LATEST, help=described)
        elif name in parameters:
            optional: dict[str, Any] = {} if name == "jobId" else {"nargs": "?"}
            parser.add_argument(name, metavar=placeholder, help=_described(name, parameters[name]), **optional)
    for name, schema in parameters.items():
        if name not in POSITIONAL:
            checks: dict[str, Any] = {"type": str}
            if schema["type"] == "integer":
                checks = {"type": _whole_number(schema["minimum"], schema["maximum"])}
            elif "enum" in schema:
                checks = {"type": one_of(schema["enum"]), "choices": schema["enum"]}
            parser.add_argument(
                option_name(name), dest=name, metavar=_PLACEHOLDERS[name], help=_described(name, schema), **checks
            )


def _described(name: str, schema: Mapping[str, Any]) -> str:
    """What `--help` says of an argument."""
    text = _HELP.get(name) or schema["description"]
    text = text[:1].lower() + text[1:]
    if "enum" in schema:
        text += f": {', '.join(schema['enum'])}"
    if schema["type"] == "integer":
        text += f", {schema['minimum']} to {schema['maximum']:,}; default {schema['default']}"
    return text.replace("%", "%%")


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,9}", text) else None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most:,}, not {text!r}")
        return number

    return read


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """Make a parser for one of these words, in any case; a beginning that only one of them has will do."""

    def read(text: str) -> str:
        folded = text.strip().casefold()
        meant = [word for word in words if folded and word.casefold().startswith(folded)]
        exact = [word for word in meant if word.casefold() == folded]
        if len(exact or meant) == 1:
            return (exact or meant)[0]
        from difflib import get_close_matches  # noqa: PLC0415 - only for what is misspelt

        near = get_close_matches(folded, [word.casefold() for word in words], 1, 0.6)
        nearest = next((f"; did you mean {word}?" for word in words if near == [word.casefold()]), "")
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(words)}{nearest}")

    return read
