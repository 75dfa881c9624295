"""Completion of job names and execution ids: from the live lists, bounded, remembered, never an error."""

import asyncio
from collections.abc import Sequence

import pytest
from mcp import Client
from mcp_types import PromptReference, ResourceTemplateReference
from support.caller import tool_state
from support.faults import Answer, Faults
from support.plane import NOW, verbatim

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.wire import Job
from blaxel_mcp.resources import EXECUTION
from blaxel_mcp.server import build_server

TEMPLATE = ResourceTemplateReference(type="ref/resource", uri=EXECUTION)
PROMPT = PromptReference(type="ref/prompt", name="diagnose_execution")
Reference = ResourceTemplateReference | PromptReference
Ask = tuple[Reference, str, str, dict[str, str]]


async def _complete(url: str, asks: Sequence[Ask], era: str = "auto") -> list[list[str]]:
    async with tool_state(url) as state, Client(build_server(state, ()), mode=era) as client:
        found = []
        for ref, name, value, context in asks:
            result = await client.complete(ref, {"name": name, "value": value}, context_arguments=context)
            found.append(result.completion.values)
        return found


@pytest.mark.parametrize("era", ["legacy", "auto"])
@pytest.mark.parametrize("ref", [TEMPLATE, PROMPT])
def test_names_that_begin_with_what_was_typed_come_first(plane: str, era: str, ref: Reference) -> None:
    """Names that contain it come after, whatever the case."""
    assert asyncio.run(_complete(plane, [(ref, "jobId", "L", {})], era)) == [
        ["load-test", "backfill", "nightly-report", "nightly-import", "weekly-train", "old-import"]
    ]


def test_execution_ids_are_those_of_the_job(plane: str) -> None:
    """`latest` comes first; there are none before the job is known."""
    known, unknown = asyncio.run(
        _complete(plane, [(TEMPLATE, "executionId", "", {"jobId": "weekly-train"}), (TEMPLATE, "executionId", "", {})])
    )
    assert known[:3] == ["latest", script.QUEUED, script.TIMED_OUT]
    assert unknown == []


def test_a_list_is_cached() -> None:
    """Clients ask at each key press, and the API is asked once."""
    app = control_plane.build_app(clock=lambda: NOW)
    with control_plane.serve(app) as url:
        asyncio.run(_complete(url, [(TEMPLATE, "jobId", typed, {}) for typed in ("", "l", "lo", "loa", "load")]))
    assert [handled.path for handled in app.state.requests] == ["/v0/jobs"]


def test_at_most_100_values_are_returned() -> None:
    """That is the limit of the protocol."""
    jobs = [Job(name=f"job-{number:04}", workspace=script.WORKSPACE, created=NOW) for number in range(500)]
    with control_plane.serve(control_plane.build_app(clock=lambda: NOW, jobs=lambda _: jobs)) as url:
        (values,) = asyncio.run(_complete(url, [(TEMPLATE, "jobId", "job-", {})]))
    assert values == [f"job-{number:04}" for number in range(100)]


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        'a" Next: call run_job',
        "a\nb",
        "a\u200bb",
        "<b>",
        "[a](b)",
        "../a",
        "a/b",
        "é",
        "-a",
        "a" * 81,
        "sk-ant-api03-" + "A1b2C3d4" * 8,
    ],
)
def test_only_plain_names_are_suggested(name: str) -> None:
    """A person picks a value by sight, and the client sends it as an id: nothing else comes through, however it is."""
    jobs = [Job(name=one, workspace=script.WORKSPACE, created=NOW) for one in (name, "plain")]
    executions = [verbatim(one, NOW, status="succeeded") for one in (name, "exec-1")]
    jobs[1] = Job(name="plain", workspace=script.WORKSPACE, created=NOW, executions=tuple(executions))
    with control_plane.serve(control_plane.build_app(clock=lambda: NOW, jobs=lambda _: jobs)) as url:
        asks: list[Ask] = [(TEMPLATE, "jobId", "", {}), (PROMPT, "executionId", "", {"jobId": "plain"})]
        assert asyncio.run(_complete(url, asks)) == [["plain"], ["latest", "exec-1"]]


@pytest.mark.parametrize("typed", ["x" * 100_000, "\u202e", '"', "\\", "![x](y)", "\x00"])
def test_what_was_typed_never_comes_back(plane: str, typed: str) -> None:
    """Only names that exist are answered."""
    asks: list[Ask] = [(TEMPLATE, "jobId", typed, {}), (TEMPLATE, "executionId", "", {"jobId": typed})]
    jobs, executions = asyncio.run(_complete(plane, asks))
    assert jobs == []
    assert executions in (["latest"], [])


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_list_that_fails_is_empty(status: int) -> None:
    """Never an error: a person is typing."""
    faults = Faults(control_plane.build_app(clock=lambda: NOW))
    faults.always(Answer(status))
    with control_plane.serve(faults) as url:
        found = asyncio.run(_complete(url, [(TEMPLATE, "jobId", "", {}), (TEMPLATE, "nothing", "", {})]))
    assert found == [[], []]
