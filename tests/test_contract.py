"""The wire surface, as reviewed files: what clients list, and that answers keep to it.

`pytest --update-contract tests/test_contract.py` writes the files anew; what changed is then there to be reviewed.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support.caller import EXECUTION_KEYS, MODES, Mode, ask, client_for, compact, connected, facts, ids
from support.plane import NOW, clock

from blaxel_mcp.api.jobs import get_execution
from blaxel_mcp.apps import is_only_for_apps
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.control_plane import serve
from blaxel_mcp.resources import EXECUTION
from blaxel_mcp.summary.limits import PROSE_BYTES, STRUCTURE_BYTES
from blaxel_mcp.tools.registry import LISTED, load_specs
from blaxel_mcp.tools.spec import describe

CONTRACT = Path(__file__).parent / "contract"
TOOLS_BYTES = 9_000
TOOLS_WITH_WRITES_BYTES = 10_800
"""Every client pays for the listing in every conversation."""
INSTRUCTIONS_BYTES = 1_200


def contract(name: str) -> Any:
    """The parsed JSON of a snapshot."""
    return json.loads((CONTRACT / f"{name}.json").read_text(encoding="utf-8"))


def reviewed_tools(*, allow_writes: bool) -> list[dict[str, Any]]:
    """The tools in the reviewed file that the program lists them from, as clients without MCP Apps see them."""
    tools: list[dict[str, Any]] = json.loads(LISTED.read_text(encoding="utf-8"))
    listed = [tool for tool in tools if not is_only_for_apps(tool)]
    return [tool for tool in listed if allow_writes or tool["annotations"]["readOnlyHint"]]


def test_the_reviewed_file_says_what_the_tools_say(request: pytest.FixtureRequest) -> None:
    """Titles, descriptions, annotations and schemas are those of the tools' own rows, in the same order."""
    actual = [describe(spec) for spec in load_specs()]
    if request.config.getoption("--update-contract"):
        LISTED.write_text(json.dumps(actual, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert json.loads(LISTED.read_text(encoding="utf-8")) == actual


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["tools", "tools_with_writes"])
def test_what_is_listed_is_the_reviewed_file(name: str, mode: Mode) -> None:
    """Compared as parsed JSON, in both eras."""
    assert listed(mode)[name] == reviewed_tools(allow_writes=name == "tools_with_writes")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The demo's control plane at NOW."""
    with serve(control_plane.build_app(clock=clock)) as url:
        yield url


def listed(mode: Mode) -> dict[str, Any]:
    """What a client is told when it connects, as JSON; the tools also as they are with --allow-writes."""

    async def run() -> dict[str, Any]:
        async with connected(client_for("http://127.0.0.1:1/v0"), mode, allow_writes=True) as session:
            all_tools = await session.list_tools()
        async with connected(client_for("http://127.0.0.1:1/v0"), mode) as session:
            tools = await session.list_tools()
            templates = await session.list_resource_templates()
            return {
                "tools": tools.model_dump(mode="json", by_alias=True, exclude_none=True)["tools"],
                "tools_with_writes": all_tools.model_dump(mode="json", by_alias=True, exclude_none=True)["tools"],
                "resource_templates": templates.model_dump(mode="json", by_alias=True, exclude_none=True)[
                    "resourceTemplates"
                ],
                "instructions": session.instructions,
            }

    return asyncio.run(run())


def the_tool() -> dict[str, Any]:
    """`get_job_execution` as it is listed."""
    return next(tool for tool in listed("auto")["tools"] if tool["name"] == "get_job_execution")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["resource_templates", "instructions"])
def test_what_is_listed_equals_the_snapshot(name: str, mode: Mode, request: pytest.FixtureRequest) -> None:
    """Compared as parsed JSON, in both eras; a missing snapshot is a failure."""
    actual = listed(mode)[name]
    file = CONTRACT / f"{name}.json"
    if request.config.getoption("--update-contract"):
        file.write_text(json.dumps(actual, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert file.exists(), "There is no reviewed snapshot: write it with --update-contract, and review it."
    assert contract(name) == actual


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["tools", "tools_with_writes"])
def test_tools_list_is_small(name: str, mode: Mode) -> None:
    """Input and output schemas included, with and without the write tools."""
    size = compact(listed(mode)[name])
    most = TOOLS_BYTES if name == "tools" else TOOLS_WITH_WRITES_BYTES
    assert size < most, f"tools/list takes {size} bytes"


@pytest.mark.parametrize("mode", MODES)
def test_the_instructions_are_short(mode: Mode) -> None:
    """At most 1,200 bytes with all tools, since they stand in every conversation."""

    async def instructions() -> str:
        async with connected(client_for("http://127.0.0.1:1/v0"), mode, allow_writes=True) as session:
            return session.instructions or ""

    assert 0 < len(asyncio.run(instructions()).encode()) <= INSTRUCTIONS_BYTES


def test_the_input_has_the_parameters_of_the_operation() -> None:
    """Names, types and the required list are those of GetJobExecution, and its descriptions begin ours."""
    operation, schema = contract("operation"), the_tool()["inputSchema"]
    parameters = operation["parameters"]
    assert [parameter["in"] for parameter in parameters] == ["path"] * len(parameters)
    assert [*schema["properties"]] == [parameter["name"] for parameter in parameters]
    assert schema["required"] == [parameter["name"] for parameter in parameters if parameter["required"]]
    for parameter in parameters:
        ours = schema["properties"][parameter["name"]]
        assert ours["type"] == parameter["type"]
        assert ours["description"][: len(parameter["description"])] == parameter["description"]


def test_the_call_and_the_resource_have_the_path_of_the_operation() -> None:
    """Both are made from the same two ids."""
    operation = contract("operation")
    call = get_execution("my-job", "my-execution")
    expected = operation["path"].format(jobId="my-job", executionId="my-execution")
    assert (call.method, call.path, call.query) == (operation["method"], expected, ())
    assert f"blaxel:/{operation['path']}" == EXECUTION


def test_the_input_schema_is_exactly_this() -> None:
    """It holds nothing that was only generated."""
    assert the_tool()["inputSchema"] == {
        "type": "object",
        "properties": {
            "jobId": {"type": "string", "description": "Name of the job", "minLength": 1},
            "executionId": {"type": "string", "description": 'Id of the execution, or "latest"', "minLength": 1},
        },
        "required": ["jobId", "executionId"],
        "additionalProperties": False,
    }


def keywords(schema: Any) -> Iterator[str]:
    """Every keyword of a schema, at any depth; names of properties are no keywords."""
    for key, value in schema.items():
        yield key
        if key == "properties":
            for part in value.values():
                yield from keywords(part)
        elif isinstance(value, dict):
            yield from keywords(value)


def test_the_output_schema_is_compact() -> None:
    """It has no titles, nulls, unions or references; `raw` is open."""
    schema = the_tool()["outputSchema"]
    Draft202012Validator.check_schema(schema)
    assert set(keywords(schema)) == {"type", "properties", "required", "items", "enum"}
    assert schema["properties"]["raw"] == {"type": "object"}


def test_the_annotations_say_that_it_only_reads() -> None:
    """All four hints are given, since a client may take a missing one for the worst."""
    assert the_tool()["annotations"] == {
        "readOnlyHint": True,
        "destructiveHint": False,
        "idempotentHint": True,
        "openWorldHint": True,
    }


SCRIPTED = [(job.name, execution.id) for job in script.jobs(NOW) for execution in job.executions]


def test_every_scripted_execution_keeps_the_contract(url: str) -> None:
    """Its answer is valid by the schema and within the budgets, with its keys in order."""
    schema = the_tool()["outputSchema"]
    validator = Draft202012Validator(schema)
    order = EXECUTION_KEYS
    answers = ask(client_for(url), *[ids(*one) for one in SCRIPTED])
    for one, answer in zip(SCRIPTED, answers, strict=True):
        found = facts(answer)
        assert [error.message for error in validator.iter_errors(found)] == []
        assert answer.text == found["summary"]
        assert (found["jobId"], found["executionId"]) == one
        assert [*found] == [key for key in order if key in found]
        assert len(answer.text.encode()) <= PROSE_BYTES
        assert compact({key: value for key, value in found.items() if key != "raw"}) <= STRUCTURE_BYTES


def test_the_output_schema_has_exactly_these_keys() -> None:
    """No key is sent that the schema does not describe."""
    assert {*the_tool()["outputSchema"]["properties"]} == {*EXECUTION_KEYS}
