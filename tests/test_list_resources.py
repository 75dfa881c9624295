"""The resources beside the one execution: a job's executions, and an execution's tasks."""

import asyncio
import json
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents
from support.caller import tool_state, without_request_id
from support.faults import Answer, Faults
from support.plane import execution, job
from support.plane import plane as plane_of

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.server import build_server

ERAS = ("legacy", "auto")


async def _read(url: str, era: str, uri: str) -> Any:
    """The JSON, or the error's code and message without a request id."""
    async with tool_state(url) as state, Client(build_server(state, ()), mode=era) as client:
        try:
            (contents,) = (await client.read_resource(uri)).contents
        except MCPError as error:
            return error.error.code, without_request_id(error.error.message)
    assert isinstance(contents, TextResourceContents)
    assert contents.mime_type == "application/json"
    return json.loads(contents.text)


@pytest.mark.parametrize("era", ERAS)
def test_executions_of_a_job_are_read_newest_first(plane: str, era: str) -> None:
    """As the API lists them, with overridden values masked."""
    executions = asyncio.run(_read(plane, era, "blaxel://jobs/weekly-train/executions"))
    assert [execution["metadata"]["id"] for execution in executions][:2] == [script.QUEUED, script.TIMED_OUT]
    assert set(executions[0]["spec"]["envOverride"].values()) == {"***"}


@pytest.mark.parametrize("era", ERAS)
def test_all_tasks_of_an_execution_are_read(plane: str, era: str) -> None:
    """However many there are, by the id and by `latest`."""
    many = asyncio.run(_read(plane, era, f"blaxel://jobs/load-test/executions/{script.MANY_FAILED}/tasks"))
    newest = asyncio.run(_read(plane, era, "blaxel://jobs/image-resize/executions/latest/tasks"))
    assert (len(many), len(newest)) == (1_000, 40)


@pytest.mark.parametrize("era", ERAS)
def test_tasks_that_are_not_inline_are_fetched(era: str) -> None:
    """All pages as the API has them, or an error; never a part of them."""
    stats = {"total": 1_500, "success": 1_500}
    faults = Faults(plane_of(job("a", [execution("e", age=100, stats=stats)])))
    items = [{"metadata": {"name": f"t{number}"}, "novel": number} for number in range(1_500)]
    pages = [
        Answer(200, json_body={"data": items[at : at + 200], "meta": {"nextCursor": str(at)} if at < 1_400 else {}})
        for at in range(0, 1_500, 200)
    ]
    with control_plane.serve(faults) as url:
        faults.add(*pages, path="/tasks")
        assert asyncio.run(_read(url, era, "blaxel://jobs/a/executions/latest/tasks")) == items
        faults.add(pages[0], Answer(500), path="/tasks")
        code, message = asyncio.run(_read(url, era, "blaxel://jobs/a/executions/e/tasks"))
    assert (code, message.split(".")[0]) == (-32603, "Blaxel failed with an internal error (500)")


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("tail", ["executions", "executions/latest/tasks"])
def test_an_unknown_job_is_error_32602(plane: str, era: str, tail: str) -> None:
    """Its message is the tool's, and suggests the nearest name."""
    assert asyncio.run(_read(plane, era, f"blaxel://jobs/embed-corpu/{tail}")) == (
        -32602,
        (
            'There is no job "embed-corpu" in this workspace (404). Trying again unchanged will not help. '
            'Did you mean "embed-corpus"?'
        ),
    )
