"""The tools that change something: that they are off, that they ask, that they send once, and what they say."""

import asyncio
import json
from typing import Any, Literal

import pytest
from asking import NOW, tool_state
from faults import Answer, Cut, Fault, Faults
from mcp import Client
from mcp_types import CallToolResult, ElicitResult, TextContent

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.server import build_server
from blaxel_mcp.tools import select

Consent = Literal["accept", "decline", "cancel"] | None
ERAS = ("legacy", "auto")


class Outcome:
    """What came back, what the person was asked, and what reached the control plane as a write."""

    def __init__(self) -> None:
        self.result = CallToolResult(content=[])
        self.asked: list[str] = []
        self.writes: list[str] = []

    @property
    def text(self) -> str:
        """The one text block."""
        (block,) = self.result.content
        assert isinstance(block, TextContent)
        return block.text


def call(
    tool: str, arguments: dict[str, Any], *, era: str = "auto", consent: Consent = None, fault: Fault | None = None
) -> Outcome:
    """Call a tool on a fresh control plane; without `consent` the client cannot ask a person."""
    outcome = Outcome()

    async def answer(_: Any, params: Any) -> ElicitResult:
        outcome.asked.append(params.message)
        assert consent is not None
        return ElicitResult(action=consent, content={"confirm": True} if consent == "accept" else None)

    async def ask(url: str) -> None:
        async with tool_state(url) as state:
            server = build_server(state, select(allow_writes=True))
            asked: dict[str, Any] = {"elicitation_callback": answer} if consent else {}
            async with Client(server, mode=era, **asked) as client:
                result = await client.call_tool(tool, arguments)
                assert isinstance(result, CallToolResult)
                outcome.result = result

    faults = Faults(control_plane.build_app(clock=lambda: NOW))
    if fault is not None:
        faults.add(fault, path="/executions")
    with control_plane.serve(faults) as url:
        asyncio.run(ask(url))
    outcome.writes = [f"{seen.method} {seen.path}" for seen in faults.seen if seen.method != "GET"]
    return outcome


CANCEL = {"jobId": "backfill", "executionId": script.PENDING}


def test_without_the_mode_they_do_not_exist() -> None:
    """Neither name is in the table unless writes are allowed."""
    reading, writing = ({spec.fn.__name__ for spec in select(allow_writes=allowed)} for allowed in (False, True))
    assert writing - reading == {"run_job", "cancel_job_execution"}


@pytest.mark.parametrize("era", ERAS)
def test_run_names_the_execution_and_what_to_call_next(era: str) -> None:
    """The answer holds the execution's id, not the request's, and the call that follows it."""
    outcome = call("run_job", {"jobId": "backfill", "tasks": [{"day": 1}, {"day": 2}]}, era=era)
    answer = outcome.result.structured_content
    assert answer is not None
    execution = answer["executionId"]
    step = f'Call wait_for_job_execution with jobId "backfill" and executionId "{execution}".'
    assert answer == {
        "summary": f'Started execution "{execution}" of job "backfill" with 2 tasks. Next: {step}',
        "jobId": "backfill",
        "executionId": execution,
        "nextStep": step,
    }
    assert outcome.text == answer["summary"]
    assert execution.startswith("exec-")
    assert outcome.writes == ["POST /v0/jobs/backfill/executions"]


@pytest.mark.parametrize("era", ERAS)
def test_the_person_is_told_what_will_happen(era: str) -> None:
    """The question names job, number of tasks, memory and overrides, but no value of an override."""
    outcome = call(
        "run_job",
        {"jobId": "backfill", "tasks": [{}, {}], "env": {"TOKEN": "s3cret"}, "memory": 512},
        era=era,
        consent="accept",
    )
    assert outcome.asked == ['Start job "backfill" with 2 tasks, overrides for "TOKEN", 512 MB? It uses paid compute.']
    assert outcome.result.is_error is False
    assert len(outcome.writes) == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("consent", ["decline", "cancel"])
@pytest.mark.parametrize(("tool", "arguments"), [("run_job", {"jobId": "backfill"}), ("cancel_job_execution", CANCEL)])
def test_without_consent_nothing_is_sent(era: str, consent: Consent, tool: str, arguments: dict[str, str]) -> None:
    """A person who declines or closes the question has the last word."""
    outcome = call(tool, arguments, era=era, consent=consent)
    assert outcome.result.is_error
    assert outcome.text == (
        "The person was asked and did not agree, so nothing was sent. Trying again unchanged will not help. "
        "Ask them what they want instead."
    )
    assert len(outcome.asked) == 1
    assert outcome.writes == []


@pytest.mark.parametrize("era", ERAS)
def test_cancel_says_that_running_tasks_finish_first(era: str) -> None:
    """To the person before, and to the model after."""
    outcome = call("cancel_job_execution", CANCEL, era=era, consent="accept")
    assert outcome.asked == [
        (
            f'Cancel execution "{script.PENDING}" of job "backfill"? '
            "Running tasks finish first; no new ones start. This cannot be undone."
        )
    ]
    answer = outcome.result.structured_content
    assert answer is not None
    assert (answer["status"], answer["done"]) == ("cancelling", False)
    assert outcome.writes == [f"DELETE /v0/jobs/backfill/executions/{script.PENDING}"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"jobId": "old-import"},
            (
                "Not started: the job is disabled (400). Nothing was created. Trying again unchanged will not help. "
                "Enable it in the Blaxel console first."
            ),
        ),
        (
            {"jobId": "backfill", "memory": 999_999},
            (
                "Not started: memory may be at most the job's own 2,048 MB (400). Nothing was created. "
                "Trying again unchanged will not help. Ask for less, or raise the job's memory and deploy it."
            ),
        ),
        (
            {"jobId": "backfill", "allowQueue": False},
            (
                "Not started: the workspace is at its limit of parallel executions (429). Nothing was created. "
                "Trying again in a moment can help. Call again with allowQueue true to let it wait in the queue."
            ),
        ),
    ],
)
def test_refusals_have_their_own_sentences(arguments: dict[str, Any], text: str) -> None:
    """What refused it, that nothing was created, and what to do."""
    outcome = call("run_job", arguments)
    assert outcome.result.is_error
    assert outcome.text == text
    assert len(outcome.writes) == 1


@pytest.mark.parametrize("fault", [Answer(503), Answer(504), Cut(b'{"executionId": "exec', 100)])
def test_a_start_without_a_clear_answer_is_not_repeated(fault: Fault) -> None:
    """It is sent once, and the answer says that it may have been started and where to look."""
    outcome = call("run_job", {"jobId": "backfill"}, fault=fault)
    assert outcome.result.is_error
    assert outcome.text.endswith(
        "Whether the job was started is not known. Trying again unchanged will not help. "
        "Look with list_job_executions for a new execution before trying again."
    )
    assert len(outcome.writes) == 1


def test_a_cancel_without_a_clear_answer_is_not_repeated() -> None:
    """It is sent once, and the answer says where to look."""
    outcome = call("cancel_job_execution", CANCEL, fault=Cut(b"{", 100))
    assert outcome.result.is_error
    assert "Whether the cancellation arrived is not known." in outcome.text
    assert len(outcome.writes) == 1


def test_one_that_is_over_cannot_be_cancelled() -> None:
    """The refusal says so, and which tool shows how it stands."""
    outcome = call("cancel_job_execution", {"jobId": "nightly-report", "executionId": script.SUCCEEDED})
    assert outcome.text == (
        "Not cancelled: Blaxel refused (400); an execution that is over cannot be cancelled. "
        "Trying again unchanged will not help. See with get_job_execution how it stands."
    )


@pytest.mark.parametrize("tool", ["run_job", "cancel_job_execution"])
def test_bad_ids_are_refused_before_anyone_is_asked(tool: str) -> None:
    """A person is not bothered with what would be refused anyway."""
    arguments = {"jobId": ".."} | ({"executionId": "x"} if tool == "cancel_job_execution" else {})
    outcome = call(tool, arguments, consent="accept")
    assert outcome.text.startswith("jobId is a dot segment, so nothing was sent.")
    assert (outcome.asked, outcome.writes) == ([], [])


def test_annotations_are_true_to_what_they_do() -> None:
    """Starting adds, and adds again when repeated; cancelling destroys, once."""
    hints = {
        spec.fn.__name__: json.loads(spec.annotations.model_dump_json(by_alias=True, exclude_none=True))
        for spec in select(allow_writes=True)
        if spec.writes
    }
    assert hints == {
        "run_job": {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": True},
        "cancel_job_execution": {
            "readOnlyHint": False,
            "destructiveHint": True,
            "idempotentHint": True,
            "openWorldHint": True,
        },
    }
