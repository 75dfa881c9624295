"""The generated pages of docs/: `tools.md`, and the tables of `configuration.md`, as the program would have them."""

import asyncio
import json
import re
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from mcp.server.mcpserver.tools import Tool

from blaxel_mcp.command_arguments import POSITIONAL, option_name
from blaxel_mcp.command_line import TOOLS
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.settings import OPTIONS, VARIABLES, format_default, load
from blaxel_mcp.tools.registry import select
from blaxel_mcp.tools.spec import FOR_VIEWS
from support.caller import Answer, caller
from support.plane import clock

WIDTH = 80
"""Columns at which answers are wrapped."""
CALLS: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "list_jobs": (("Which of my jobs need me?", {"search": "nightly"}),),
    "list_job_executions": (("Did the nightly report run?", {"jobId": "nightly-report", "limit": 2}),),
    "get_job_execution": (
        ("Why did the nightly import fail?", {"jobId": "nightly-import", "executionId": "latest"}),
        ("When will the corpus be embedded?", {"jobId": "embed-corpus", "executionId": "latest"}),
    ),
    "compare_job_executions": (("What changed since it last worked?", {"jobId": "image-resize"}),),
    "list_job_execution_tasks": (
        ("Which tasks failed?", {"jobId": "image-resize", "executionId": "latest failed", "limit": 4}),
    ),
    "get_job_execution_logs": (
        ("What did it log?", {"jobId": "nightly-import", "executionId": "latest", "taskName": "task-5", "limit": 6}),
    ),
    "wait_for_job_execution": (
        ("Tell me when it is done.", {"jobId": "nightly-report", "executionId": script.SUCCEEDED}),
    ),
    "run_job": (
        ("Run the report again for Monday.", {"jobId": "nightly-report", "env": {"REPORT_DATE": "2026-11-23"}}),
    ),
    "cancel_job_execution": (("Stop it.", {"jobId": "embed-corpus", "executionId": script.RUNNING}),),
}
"""For each tool what somebody asks, and the arguments of the call that an assistant would make of it."""
NEW_EXECUTION = "exec-5e1f0c2a"
"""Stands for the id of the execution that `run_job` starts, another one each time."""


def tools() -> list[Tool]:
    """The tools that models are shown, in the order in which they are listed."""
    return [tool for tool in select(allow_writes=True) if tool.meta != FOR_VIEWS]


def wrap(text: str) -> str:
    """Each line of an answer, wrapped; what belongs to a line is indented below it."""
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in text.splitlines()
    )


def ask_all(calls: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Answer]:
    """The answers to calls, each about a demo workspace of its own at nine o'clock."""

    async def ask(tool: str, arguments: Mapping[str, Any]) -> Answer:
        with control_plane.serve(control_plane.build_app(clock=clock)) as url:
            async with caller(url, clock=clock, allow_writes=True) as client:
                return await client.answer(tool, **arguments)

    async def run() -> list[Answer]:
        return [await ask(tool, arguments) for tool, arguments in calls]

    return asyncio.run(run())


def render_tools() -> str:
    """The page `docs/tools.md`."""
    asked = [(tool, arguments) for tool, rows in CALLS.items() for _, arguments in rows]
    answers = iter(ask_all(asked))
    parts = [
        _TOOLS_HEAD.format(contents="\n".join(f"- [`{tool.name}`](#{tool.name}): {_access(tool)}" for tool in tools()))
    ]
    for tool in tools():
        parts += [f"## `{tool.name}`", tool.description or "", _parameters(tool)]
        for question, arguments in CALLS[tool.name]:
            answer = next(answers)
            assert not answer.is_error, answer.text
            in_shell = f", in a shell `{shell_command(tool.name, arguments)}`" if tool.name in TOOLS.values() else ""
            call = f"`{json.dumps(arguments)}`{in_shell}"
            parts.append(f"> **{question}**\n\n{call}\n\n```text\n{wrap(_steady(tool, answer))}\n```")
            if tool.name == "get_job_execution" and not answer.structured["done"]:  # type: ignore[index]
                parts.append(_fields(answer))
    return "\n\n".join(parts) + "\n"


_TOOLS_HEAD = """\
# Tools

What an assistant is offered, and what it is answered. This page is written by a program: descriptions and arguments are
those that `tools/list` sends, and the answers are those of the demo workspace at nine in the morning, so that
`blaxel-mcp --demo` answers alike. Fields, sizes and errors of answers are in [answers.md](answers.md).

{contents}

What people paste is understood wherever `jobId` and `executionId` are asked for: an address of Blaxel's console,
`job/execution`, the first six or more characters of an id, `latest`, `latest failed`, `latest succeeded` and
`latest running`. One more tool, `get_job_execution_view`, is for the [picture](view.md) and never shown to a model."""


def _access(tool: Tool) -> str:
    hints = tool.annotations
    assert hints
    if hints.read_only_hint:
        return "reads only"
    what = "cannot be undone" if hints.destructive_hint else "starts something new each time"
    return f"changes something ({what}); exists only with `--allow-writes`"


def _parameters(tool: Tool) -> str:
    """A table of a tool's arguments, from its input schema."""
    required = tool.parameters.get("required", [])
    rows = [
        f"| `{name}` | {_type(schema)} | {'yes' if name in required else ''} | {_meaning(schema)} |"
        for name, schema in tool.parameters["properties"].items()
    ]
    table = "\n".join(["| argument | type | required | meaning |", "| --- | --- | --- | --- |", *rows])
    return re.sub(r"\|  +\|", "| |", table)


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if schema["type"] == "array":
        return f"list of {schema['items']['type']}s"
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f", {low} to {high}" if high else f", from {low}" if low else ""
    return f"{schema['type']}{bounds}"


def _meaning(schema: Mapping[str, Any]) -> str:
    default = f"default `{json.dumps(schema['default'])}`" if "default" in schema else ""
    return "; ".join(filter(None, (schema.get("description", ""), default)))


def _steady(tool: Tool, answer: Answer) -> str:
    """The text of an answer, with the id of an execution that was started just now replaced."""
    if tool.name != "run_job" or answer.structured is None:
        return answer.text
    return answer.text.replace(answer.structured["executionId"], NEW_EXECUTION)


def _fields(answer: Answer) -> str:
    shown = {key: value for key, value in (answer.structured or {}).items() if key not in {"summary", "raw"}}
    text = json.dumps(shown, ensure_ascii=False, indent=2)
    return (
        "The same answer as fields, without `summary`, which is the text above, and `raw`, which is the API's own JSON:"
        f"\n\n```json\n{text}\n```"
    )


def shell_command(tool: str, arguments: Mapping[str, Any]) -> str:
    """The command that asks the same in a shell."""
    command = next(name for name, answers_as in TOOLS.items() if answers_as == tool)
    places = [str(arguments[name]) for name in POSITIONAL if name in arguments]
    options = [
        part for name in arguments if name not in POSITIONAL for part in (option_name(name), str(arguments[name]))
    ]
    return shlex.join(["blaxel-mcp", command, *places, *options])


def render_options() -> list[str]:
    """The rows of the table of options in `docs/configuration.md`, in the order of `--help`."""
    return [f"| `{option}` | `{name}` |" for name, option in OPTIONS.items()]


def render_variables() -> list[str]:
    """The rows of the table of variables in `docs/configuration.md`: meaning, what is allowed, default."""
    rows = (
        f"| `{name}` | {field.description} | {allowed_values(name)} | {_default(name)} |"
        for name, field in VARIABLES.items()
    )
    return [re.sub(r" {2,}", " ", row) for row in rows]


def _default(variable: str) -> str:
    if VARIABLES[variable].default is False:
        return "`false`"
    return f"`{default}`" if (default := format_default(variable)) else ""


def allowed_values(variable: str) -> str:
    """What may be set: what the program says that a wrong value must be."""
    try:
        load({}, {variable: "é ü"}, None)
    except ConfigurationError as error:
        (problem,) = error.problems
        return problem.partition("; it must be ")[2].removesuffix(".")
    return "a path" if variable.startswith("SSL_") else "any text"
