"""The resource: everything that Blaxel says about an execution, for whoever wants more than the summary."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents
from support.caller import ACCOUNT, MODES, Mode, check, client_for, connected, ids, without_request_id
from support.faults import Answer, Fault, not_json
from support.plane import NOW, Plane, job, served, verbatim

from blaxel_mcp.demo import script
from blaxel_mcp.summary.raw import raw_uri

NOT_FOUND, INTERNAL = -32602, -32603


@pytest.fixture
def plane() -> Iterator[Plane]:
    """The demo's control plane."""
    yield from served()


def read(plane: Plane, uri: str, mode: Mode = "auto") -> Any:
    """The JSON of a resource."""

    async def run() -> Any:
        async with connected(client_for(plane.url), mode) as session:
            (content,) = (await session.read_resource(uri)).contents
            assert isinstance(content, TextResourceContents)
            assert (str(content.uri), content.mime_type) == (uri, "application/json")
            return json.loads(content.text)

    return asyncio.run(run())


def refused(plane: Plane, job_id: str, execution_id: str, mode: Mode, **variables: str) -> tuple[int, str, str]:
    """Code and message of the resource's error, and the text that the tool has for the same ids."""

    async def run() -> tuple[int, str, str]:
        client = client_for(plane.url, variables={**ACCOUNT, **variables})
        async with connected(client, mode) as session:
            with pytest.raises(MCPError) as error:
                await session.read_resource(raw_uri(job_id, execution_id))
            told = check(await session.call_tool("get_job_execution", ids(job_id, execution_id)))
            return error.value.error.code, without_request_id(error.value.error.message), told.text

    return asyncio.run(run())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("execution_id", [script.MANY_FAILED, "latest"])
def test_an_execution_is_read_whole(mode: Mode, execution_id: str, plane: Plane) -> None:
    """A thousand tasks, uncut, by the id and by `latest`."""
    load_test = next(one for one in script.jobs(NOW) if one.name == "load-test")
    assert read(plane, raw_uri("load-test", execution_id), mode) == load_test.executions[0].at(NOW)


@pytest.mark.parametrize("mode", MODES)
def test_overridden_values_are_masked(mode: Mode) -> None:
    """As in the tool's answer; everything else is as the API sent it."""
    override = '{"A": "secret", "B": "***"}'
    one = verbatim("exec-1", NOW - timedelta(hours=1), spec={"envOverride": override, "novel": None}, status="ODD")
    for plane in served(job("train", [one])):
        expected = {**one.body, "spec": {"envOverride": '{"A": "***", "B": "***"}', "novel": None}}
        assert read(plane, raw_uri("train", "exec-1"), mode) == expected


@pytest.mark.parametrize("mode", MODES)
def test_raw_uri_of_an_answer_is_the_resource(mode: Mode) -> None:
    """It works whatever characters the ids hold."""
    one = verbatim("größe/1?x=%2F", NOW - timedelta(hours=1), status="succeeded")
    for plane in served(job("a/b #c", [one])):

        async def run(url: str = plane.url) -> Any:
            async with connected(client_for(url), mode) as session:
                told = check(await session.call_tool("get_job_execution", ids("a/b #c", "größe/1?x=%2F")))
                assert told.structured is not None
                uri = told.structured["rawUri"]
                (content,) = (await session.read_resource(uri)).contents
                assert isinstance(content, TextResourceContents)
                return uri, json.loads(content.text)

        assert asyncio.run(run()) == ("blaxel://jobs/a%2Fb%20%23c/executions/gr%C3%B6%C3%9Fe%2F1%3Fx%3D%252F", one.body)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("job_id", "execution_id"),
    [("nope", "exec-1"), ("nightly-report", "exec-none"), ("old-import", "latest"), ("nope", "latest"), ("a/b", "c/d")],
)
def test_not_found_is_error_32602(job_id: str, execution_id: str, mode: Mode, plane: Plane) -> None:
    """Its message is the tool's, recent executions or nearest names included."""
    code, message, told = refused(plane, job_id, execution_id, mode)
    assert (code, message) == (NOT_FOUND, told)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", [Answer(401), Answer(403), Answer(500), not_json()], ids=repr)
def test_any_other_failure_is_error_32603(fault: Fault, mode: Mode, plane: Plane) -> None:
    """Its message is the tool's."""
    plane.faults.always(fault)
    code, message, told = refused(plane, "nightly-report", script.SUCCEEDED, mode)
    assert (code, message) == (INTERNAL, told)


@pytest.mark.parametrize("mode", MODES)
def test_missing_credentials_are_error_32603(mode: Mode, plane: Plane) -> None:
    """Its message is the tool's; nothing is sent."""
    code, message, told = refused(plane, "nightly-report", script.SUCCEEDED, mode, BL_API_KEY="")
    assert (code, message) == (INTERNAL, told)
    assert plane.requests == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("segment", "code"),
    [
        ("%20", INTERNAL),
        ("a%0Ab", INTERNAL),
        ("%E2%80%AE", INTERNAL),
        (".", INTERNAL),
        ("..", NOT_FOUND),
        ("%2E%2E", NOT_FOUND),
    ],
)
def test_an_invalid_id_sends_nothing(segment: str, code: int, mode: Mode, plane: Plane) -> None:
    """It is rejected by the tool's rules, or by the SDK's own as not found."""

    async def run() -> int:
        async with connected(client_for(plane.url), mode) as session:
            with pytest.raises(MCPError) as error:
                await session.read_resource(f"blaxel://jobs/{segment}/executions/latest")
            return error.value.error.code

    assert asyncio.run(run()) == code
    assert plane.requests == []


@pytest.mark.parametrize("mode", MODES)
def test_an_encoded_slash_stays_in_its_id(mode: Mode, plane: Plane) -> None:
    """`a%2Fb` is the job `a/b`, and not an endpoint below the job `a`."""
    refused(plane, "a/b", "e", mode)
    assert plane.requests[0].path == "/v0/jobs/a%2Fb/executions/e"
