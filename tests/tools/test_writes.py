"""The tools that change something: that they are off, that they ask, that they send once, and what they say."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mcp import Client
from mcp.client._memory import InMemoryTransport  # what `Client` takes for a server in memory; here without the client
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import (
    CallToolResult,
    ElicitResult,
    ErrorData,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    TextContent,
)
from support.caller import tool_state, without_request_id
from support.faults import Answer, Cut, Fault, Faults, not_an_object, not_json, refused
from support.in_process import serving
from support.plane import NOW
from support.program import ENVELOPE, HANDSHAKE, account

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.server import build_server
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.limits import NAME_CHARACTERS, PROSE_BYTES, STRUCTURE_BYTES
from blaxel_mcp.tools.registry import load_specs, select
from blaxel_mcp.tools.spec import describe

ERAS = ("legacy", "auto")
YES = ElicitResult(action="accept", content={})


class Outcome:
    """What came back, what the person was asked, and what reached the control plane as a write."""

    def __init__(self) -> None:
        self.result = CallToolResult(content=[])
        self.asked: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self.writes: list[str] = []

    @property
    def text(self) -> str:
        """The result's one text block, without the request id of an error."""
        (block,) = self.result.content
        assert isinstance(block, TextContent)
        return without_request_id(block.text)


def call(
    tool: str, arguments: dict[str, Any], *faults: Fault, era: str = "auto", consent: ElicitResult | None = None
) -> Outcome:
    """Call a tool on a fresh control plane; without `consent` the client cannot ask a person."""
    outcome = Outcome()

    async def answer(_: Any, params: Any) -> ElicitResult:
        outcome.asked.append(params.message)
        outcome.forms.append(params.requested_schema)
        assert consent is not None
        return consent

    async def ask(url: str) -> None:
        async with tool_state(url) as state:
            server = build_server(state, select(allow_writes=True))
            asked: dict[str, Any] = {"elicitation_callback": answer} if consent else {}
            async with Client(server, mode=era, **asked) as client:
                result = await client.call_tool(tool, arguments)
                assert isinstance(result, CallToolResult)
                outcome.result = result

    faulty = Faults(control_plane.build_app(clock=lambda: NOW))
    faulty.add(*faults, path="/jobs")
    with control_plane.serve(faulty) as url:
        asyncio.run(ask(url))
    outcome.writes = [f"{seen.method} {seen.path}" for seen in faulty.seen if seen.method != "GET"]
    return outcome


CANCEL = {"jobId": "backfill", "executionId": script.PENDING}


def test_write_tools_exist_only_with_allow_writes() -> None:
    """Without it, neither name is in the table."""
    reading, writing = ({tool.name for tool in select(allow_writes=allowed)} for allowed in (False, True))
    assert writing - reading == {"run_job", "cancel_job_execution"}


@pytest.mark.parametrize("era", ERAS)
def test_run_names_the_execution_and_what_to_call_next(era: str) -> None:
    """The answer has the execution's id, not the request's, and the call that follows."""
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
def test_the_question_says_what_will_be_started(era: str) -> None:
    """It names job, number of tasks, memory and overridden variables, but no value of a variable."""
    outcome = call(
        "run_job",
        {"jobId": "backfill", "tasks": [{}, {}], "env": {"TOKEN": "s3cret"}, "memory": 512},
        era=era,
        consent=YES,
    )
    assert outcome.asked == ['Start job "backfill" with 2 tasks, overrides for "TOKEN", 512 MB? It uses paid compute.']
    assert outcome.result.is_error is False
    assert len(outcome.writes) == 1


WRITES = pytest.mark.parametrize(
    ("tool", "arguments"), [("run_job", {"jobId": "backfill"}), ("cancel_job_execution", CANCEL)]
)


@pytest.mark.parametrize("era", ERAS)
@WRITES
@pytest.mark.parametrize("content", [{}, None, {"confirm": True}], ids=repr)
def test_accepting_the_form_is_consent(content: Any, era: str, tool: str, arguments: dict[str, str]) -> None:
    """The form has no fields, so clients may leave the content out; an older form of ours had `confirm`."""
    outcome = call(tool, arguments, era=era, consent=ElicitResult(action="accept", content=content))
    assert not outcome.result.is_error, outcome.text
    assert [form["properties"] for form in outcome.forms] == [{}]
    assert (len(outcome.asked), len(outcome.writes)) == (1, 1)


@pytest.mark.parametrize("era", ERAS)
@WRITES
@pytest.mark.parametrize(
    "consent",
    [
        ElicitResult(action="decline"),
        ElicitResult(action="cancel"),
        ElicitResult(action="accept", content={"confirm": False}),
        ElicitResult(action="accept", content={"confirm": "maybe"}),
    ],
    ids=lambda result: f"{result.action}-{result.content}",
)
def test_without_consent_nothing_is_sent(consent: ElicitResult, era: str, tool: str, arguments: dict[str, str]) -> None:
    """Declining or closing the question is final, and so is an acceptance that is no clear yes."""
    outcome = call(tool, arguments, era=era, consent=consent)
    assert outcome.result.is_error
    assert outcome.text == (
        "The person was asked and did not agree, so nothing was sent. Trying again unchanged will not help. "
        "Ask them what they want instead."
    )
    assert len(outcome.asked) == 1
    assert outcome.writes == []


class RawClient:
    """Sends the messages that a client would, one by one, to a server in memory."""

    def __init__(self, streams: TransportStreams) -> None:
        self._read, self._write = streams
        self._last_id = 0

    async def send(self, message: JSONRPCMessage) -> None:
        """Send one message."""
        await self._write.send(SessionMessage(message))

    async def ask(self, method: str, params: dict[str, Any]) -> None:
        """Send a request."""
        self._last_id += 1
        await self.send(JSONRPCRequest(jsonrpc="2.0", id=self._last_id, method=method, params=params))

    async def next(self) -> dict[str, Any]:
        """The server's next message."""
        received = await self._read.receive()
        assert isinstance(received, SessionMessage)
        return received.message.model_dump(by_alias=True, exclude_none=True)

    async def call(self, era: str, elicitation: dict[str, Any]) -> dict[str, Any]:
        """Call `run_job` as a client with this elicitation capability; return the server's next message."""
        client = {"name": "tests", "version": "1"}
        capabilities = {"elicitation": elicitation}
        params: dict[str, Any] = {"name": "run_job", "arguments": {"jobId": "backfill"}}
        if era == "legacy":
            hello = {"protocolVersion": HANDSHAKE, "capabilities": capabilities, "clientInfo": client}
            await self.ask("initialize", hello)
            await self.next()
            await self.send(JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized"))
        else:
            params["_meta"] = ENVELOPE | {"io.modelcontextprotocol/clientCapabilities": capabilities}
        await self.ask("tools/call", params)
        return await self.next()


def speak(conversation: Callable[[RawClient], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Have a conversation with a server that may write; the message that it ends with."""

    async def run(url: str) -> dict[str, Any]:
        async with (
            tool_state(url) as state,
            InMemoryTransport(build_server(state, select(allow_writes=True))) as streams,
        ):
            return await conversation(RawClient(streams))

    with control_plane.serve(control_plane.build_app(clock=lambda: NOW)) as url:
        return asyncio.run(run(url))


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("elicitation", "asks"), [({"url": {}}, False), ({}, True), ({"form": {}, "url": {}}, True)])
def test_only_clients_that_show_forms_are_asked(era: str, elicitation: dict[str, Any], *, asks: bool) -> None:
    """A client that only opens URLs cannot ask; `{}` means forms, from before there was a choice."""
    line = speak(lambda client: client.call(era, elicitation))
    asked = line.get("method") == "elicitation/create" or "inputRequests" in line.get("result", {})
    started = line.get("result", {}).get("structuredContent", {}).get("executionId")
    assert (asked, bool(started)) == (asks, not asks), line


@pytest.mark.parametrize("era", ERAS)
def test_an_unreadable_answer_is_no_consent(era: str) -> None:
    """Nothing is sent, and the error names no module of ours."""

    async def answer(client: RawClient) -> dict[str, Any]:
        line = await client.call(era, {"form": {}})
        if era == "legacy":
            await client.send(JSONRPCResponse(jsonrpc="2.0", id=line["id"], result={"action": "yes"}))
        else:
            (question,) = line["result"]["inputRequests"]
            again = {"inputResponses": {question: {"roots": []}}, "requestState": line["result"]["requestState"]}
            capabilities: dict[str, Any] = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}
            call = {"name": "run_job", "arguments": {"jobId": "backfill"}}
            await client.ask("tools/call", call | again | {"_meta": ENVELOPE | capabilities})
        return await client.next()

    result = speak(answer)["result"]
    assert result["isError"]
    assert result["content"][0]["text"] == (
        "The client's answer to the question whether to go ahead could not be read, so nothing was sent. "
        "Trying again unchanged will not help. Report it to the maker of the client; "
        "the Blaxel console can do the same."
    )


def test_over_http_an_older_client_is_not_asked() -> None:
    """Stateless Streamable HTTP has no way back to the client up to version 2025-11-25, as the README says."""
    faulty = Faults(control_plane.build_app(clock=lambda: NOW))
    asked = []

    async def answer(context: Any, params: Any) -> ElicitResult | ErrorData:
        del context
        asked.append(params.message)
        return ElicitResult(action="decline")

    async def run(url: str, mode: Any) -> bool:
        async with Client(f"{url}/mcp", mode=mode, elicitation_callback=answer) as client:
            return bool((await client.call_tool("run_job", {"jobId": "backfill"})).is_error)

    with (
        control_plane.serve(faulty) as plane,
        serving("--allow-writes", env=account(plane)) as url,
    ):
        assert [asyncio.run(run(url, era)) for era in ERAS] == [False, True]
    assert len(asked) == 1
    assert len([seen for seen in faulty.seen if seen.method == "POST"]) == 1


@pytest.mark.parametrize("era", ERAS)
def test_cancel_says_that_running_tasks_finish_first(era: str) -> None:
    """The question says so to the person, and the answer to the model."""
    outcome = call("cancel_job_execution", CANCEL, era=era, consent=YES)
    assert outcome.asked == [
        (
            f'Cancel execution "{script.PENDING}" of job "backfill"? '
            "Running tasks finish first; no new ones start. This cannot be undone."
        )
    ]
    answer = outcome.result.structured_content
    assert answer is not None
    assert (answer["status"], answer["done"]) == ("cancelling", False)
    assert answer["summary"].startswith(f"{SENT} Being cancelled, not over yet")
    assert outcome.text == answer["summary"]
    assert outcome.writes == [f"DELETE /v0/jobs/backfill/executions/{script.PENDING}"]


SENT = "Cancellation sent: running tasks finish first, no new ones start."
STALE = {"metadata": {"id": script.PENDING}, "status": "running", "stats": {"total": 4, "running": 2}}
WORDY = {"status": "running", "envOverride": {f"{'é' * 40}{number}": "***" for number in range(50)}}


@pytest.mark.parametrize(
    ("fault", "stands"),
    [
        (Answer(204), "Not started yet: pending"),
        (Answer(202), "Not started yet: pending"),
        (Answer(200, json_body={}), "Not started yet: pending"),
        (Answer(200, json_body=STALE), "Running: 0 of 4 tasks finished (0%), 2 running, 2 waiting."),
        (Answer(200, json_body={"metadata": {"id": ""}, "spec": WORDY, "status": "x" * 99}), "Not known"),
    ],
)
def test_a_cancellation_says_that_it_was_sent_and_how_the_execution_stands(fault: Fault, stands: str) -> None:
    """Whatever the DELETE is answered with; an answer without a status takes one more call."""
    outcome = call("cancel_job_execution", CANCEL, fault)
    answer = outcome.result.structured_content
    assert answer is not None, outcome.text
    assert answer["summary"].startswith(f"{SENT} {stands}")
    assert outcome.text == answer["summary"]
    assert len(outcome.text.encode()) <= PROSE_BYTES
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()) <= STRUCTURE_BYTES
    assert len(outcome.writes) == 1


def test_a_cancellation_whose_status_is_unknown_was_sent() -> None:
    """The call that would get the status fails, which is no error of the cancellation."""
    outcome = call("cancel_job_execution", CANCEL, Answer(204), *[Answer(500)] * 9)
    answer = outcome.result.structured_content
    assert answer is not None, outcome.text
    assert answer["summary"].startswith(f"{SENT} Not known to be finished (no status given).")
    assert (answer["outcome"], answer["done"]) == ("unknown", False)


@pytest.mark.parametrize(
    ("status", "more", "text"),
    [
        (
            400,
            {},
            (
                "Not started: Blaxel refused the request as invalid (400). Nothing was created. "
                "Trying again unchanged will not help. Check tasks, env and memory."
            ),
        ),
        (
            400,
            {"allowQueue": False},
            (
                "Not started: Blaxel refused the request as invalid, or as one that can never fit the workspace's "
                "quota (400). Nothing was created. Trying again unchanged will not help. "
                "Check tasks, env and memory; with fewer tasks or less memory it may fit."
            ),
        ),
        (
            409,
            {},
            (
                "Not started: Blaxel reports a conflict with the job's present state (409). Nothing was created. "
                "Trying again in a moment can help. See with list_jobs whether the job is deployed."
            ),
        ),
        (
            429,
            {},
            (
                "Not started: Blaxel is asked too often, or the workspace is at a limit (429). Nothing was created. "
                "Trying again in a moment can help. If it goes on, wait until running executions end."
            ),
        ),
    ],
)
def test_refusals_without_a_known_cause(status: int, more: dict[str, Any], text: str) -> None:
    """The error says what the status may mean for a start."""
    outcome = call("run_job", {"jobId": "backfill", **more}, Answer(status))
    assert outcome.text == text
    assert len(outcome.writes) == 1


def test_a_400_for_every_request_keeps_its_own_hint() -> None:
    """Where Blaxel refuses to describe the job too, the job is not the cause."""
    unknown = Answer(400, json_body={"error": "invalid_api_version"})
    outcome = call("run_job", {"jobId": "backfill"}, unknown, unknown)
    assert outcome.text.endswith("Unset BL_API_VERSION.")


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
def test_refusals_with_a_known_cause(arguments: dict[str, Any], text: str) -> None:
    """The error says what refused it, that nothing was created, and what to do."""
    outcome = call("run_job", arguments)
    assert outcome.result.is_error
    assert outcome.text == text
    assert len(outcome.writes) == 1


UNCLEAR = pytest.mark.parametrize(
    ("fault", "what"),
    [
        (Answer(500), "Blaxel failed with an internal error (500)."),
        (Answer(504), "Blaxel's gateway timed out waiting for the service (504)."),
        (Answer(408), "Blaxel timed out waiting for the request (408)."),
        (Cut(b'{"executionId": "exec', 100), "The connection to Blaxel was cut before the answer was whole."),
        (Answer(200, b'{"executionId": "exec'), "The Blaxel address answered (200) with something that is not JSON."),
        (not_json(), "The Blaxel address answered (200) with something that is not JSON."),
        (not_an_object(), "Blaxel answered (200) with JSON that is not an object."),
    ],
)


@UNCLEAR
def test_a_start_with_an_unknown_outcome_is_not_retried(fault: Fault, what: str) -> None:
    """It is sent once; the error says that the job may have been started and where to look."""
    outcome = call("run_job", {"jobId": "backfill"}, fault)
    assert outcome.result.is_error
    assert outcome.text == (
        f"{what} Whether the job was started is not known. Trying again may start it a second time. "
        "Look with list_job_executions for a new execution before trying again."
    )
    assert len(outcome.writes) == 1


@pytest.mark.parametrize(("tool", "arguments"), [("run_job", {"jobId": "backfill"}), ("cancel_job_execution", CANCEL)])
def test_a_write_that_was_never_sent_has_a_known_outcome(tool: str, arguments: dict[str, str]) -> None:
    """Without a connection nothing can have been done, so trying again is harmless."""

    async def ask(url: str) -> str:
        async with tool_state(url) as state, Client(build_server(state, select(allow_writes=True))) as client:
            result = await client.call_tool(tool, arguments)
            assert isinstance(result, CallToolResult)
            assert isinstance(result.content[0], TextContent)
            return result.content[0].text

    with refused() as url:
        assert asyncio.run(ask(url)) == (
            "The connection to Blaxel was refused. Nothing was sent. Trying again in a moment can help. "
            "Check BL_API_URL, and that no firewall is in between."
        )


def test_a_start_answered_with_204_has_an_unknown_outcome() -> None:
    """The answer names no execution."""
    outcome = call("run_job", {"jobId": "backfill"}, Answer(204))
    assert "Whether the job was started is not known." in outcome.text


NOT_KNOWN = (
    "Whether the job was started is not known. Trying again may start it a second time. "
    "Look with list_job_executions for a new execution before trying again."
)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "request-1"},
        {"id": "request-1", "jobId": "backfill", "tasks": [{}], "workspaceId": "acme"},
        {"metadata": {"id": "exec-1", "job": "backfill"}, "spec": {}, "status": "queued"},
        {"execution_id": "exec-1"},
        {"error": "Maximum parallel executions limit reached", "code": 429},
        *({"executionId": odd} for odd in (None, "", " ", ".", "..", 7, True, 1.5, [], ["exec-1"], {"id": "exec-1"})),
        *({"executionId": odd} for odd in ("exec\n1", "exec\u202e1", "\u200b", "exec-1\u0000", "\x1b[2J", "x" * 513)),
    ],
    ids=repr,
)
def test_a_200_without_an_executions_id_is_no_start(body: dict[str, Any]) -> None:
    """Only `executionId` is one, as the operation documents: `id` is the request's. The start is never told as one."""
    outcome = call("run_job", {"jobId": "backfill"}, Answer(200, json_body=body))
    assert outcome.result.is_error
    assert outcome.text == f"Blaxel answered (200) without the id of an execution. {NOT_KNOWN}"
    assert len(outcome.writes) == 1


@pytest.mark.parametrize("other", ["other", "Backfill", "backfill ", "b" * 600, 'x". Next: "'])
def test_a_start_of_another_job_is_not_told_as_one_of_this_job(other: str) -> None:
    """Whether this one was started is not known then, whatever id the answer has."""
    answer = Answer(200, json_body={"executionId": "exec-1", "jobId": other})
    outcome = call("run_job", {"jobId": "backfill"}, answer)
    assert outcome.result.is_error
    shown = clean(other, NAME_CHARACTERS).replace('"', "'")
    assert outcome.text == f'Blaxel answered about job "{shown}" instead of "backfill". {NOT_KNOWN}'


@pytest.mark.parametrize("job", [None, "", "backfill", "back%66ill", 7, ["backfill"]])
def test_a_start_is_told_where_the_answer_names_no_other_job(job: Any) -> None:
    """An absent, unreadable or percent-encoded name is no other one."""
    outcome = call("run_job", {"jobId": "backfill"}, Answer(200, json_body={"executionId": "exec-1", "jobId": job}))
    assert outcome.text.startswith('Started execution "exec-1" of job "backfill" with 1 task.')


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"id": "exec-2"}, f'execution "exec-2" instead of "{script.PENDING}"'),
        ({"id": script.PENDING, "job": "other"}, 'job "other" instead of "backfill"'),
        (
            {"id": "exec-2", "job": "other"},
            f'job "other" instead of "backfill" and execution "exec-2" instead of "{script.PENDING}"',
        ),
    ],
)
@pytest.mark.parametrize("status", ["cancelling", "cancelled", "running", None])
def test_a_cancellation_of_another_execution_is_not_told_as_this_ones(
    metadata: dict[str, str], said: str, status: str | None
) -> None:
    """Whether this one was cancelled is not known then; no further call is made to find out."""
    body = {"metadata": metadata, "spec": {}, "status": status}
    outcome = call("cancel_job_execution", CANCEL, Answer(200, json_body=body))
    assert outcome.result.is_error
    assert outcome.text == (
        f"Blaxel answered about {said}. Whether the cancellation arrived is not known. "
        "Trying again does no harm. See with get_job_execution how it stands."
    )
    assert len(outcome.writes) == 1


def test_the_status_of_another_execution_is_not_told_as_the_cancelled_ones() -> None:
    """Where the answer to the DELETE has no status and the call for it answers about another one, there is none."""
    other = Answer(200, json_body={"metadata": {"id": "exec-2"}, "spec": {}, "status": "succeeded"})
    outcome = call("cancel_job_execution", CANCEL, Answer(204), other)
    assert outcome.text.startswith(f"{SENT} Not known to be finished (no status given).")
    assert "exec-2" not in outcome.text


@UNCLEAR
def test_a_cancellation_with_an_unknown_outcome_is_not_retried(fault: Fault, what: str) -> None:
    """It is sent once; the error says where to look."""
    outcome = call("cancel_job_execution", CANCEL, fault)
    assert outcome.result.is_error
    assert outcome.text == (
        f"{what} Whether the cancellation arrived is not known. Trying again does no harm. "
        "See with get_job_execution how it stands."
    )
    assert len(outcome.writes) == 1


def test_a_finished_execution_cannot_be_cancelled() -> None:
    """The error says so, and which tool shows how the execution stands."""
    outcome = call("cancel_job_execution", {"jobId": "nightly-report", "executionId": script.SUCCEEDED})
    assert outcome.text == (
        "Not cancelled: Blaxel refused (400); an execution that is over cannot be cancelled. "
        "Trying again unchanged will not help. See with get_job_execution how it stands."
    )


@pytest.mark.parametrize("tool", ["run_job", "cancel_job_execution"])
def test_invalid_ids_are_rejected_before_the_person_is_asked(tool: str) -> None:
    """Nobody is asked about a call that would fail anyway."""
    arguments = {"jobId": ".."} | ({"executionId": "x"} if tool == "cancel_job_execution" else {})
    outcome = call(tool, arguments, consent=YES)
    assert outcome.text.startswith("jobId is a dot segment, so nothing was sent.")
    assert (outcome.asked, outcome.writes) == ([], [])


ONE = "Trying again unchanged will not help. Give one execution's id; list_job_executions names them."


@pytest.mark.parametrize(
    ("execution", "problem"),
    [
        ("latest", 'executionId is "latest", which may change before the person answers, so nothing was sent.'),
        (" Latest ", 'executionId is "latest", which may change before the person answers, so nothing was sent.'),
        ("..", "executionId is a dot segment, so nothing was sent."),
    ],
)
@pytest.mark.parametrize("consent", [YES, None])
def test_latest_cannot_be_cancelled(execution: str, problem: str, consent: ElicitResult | None) -> None:
    """What `latest` is may change between the question and the answer; the person is not asked."""
    outcome = call("cancel_job_execution", {"jobId": "backfill", "executionId": execution}, consent=consent)
    assert outcome.text == f"{problem} {ONE}"
    assert (outcome.asked, outcome.writes) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "faults", "said"),
    [
        (CANCEL | {"executionId": "nope"}, [], f'The recent ones are "{script.PENDING}" (pending, '),
        (CANCEL, [Answer(404), Answer(500)], "Check both ids; old executions are removed after a time."),
    ],
)
def test_the_404_of_a_cancellation_does_not_suggest_latest(
    arguments: dict[str, str], faults: list[Fault], said: str
) -> None:
    """The tool would not take it."""
    outcome = call("cancel_job_execution", arguments, *faults)
    assert said in outcome.text
    assert "latest" not in outcome.text


@pytest.mark.parametrize("status", [400, 409])
def test_a_refused_cancellation_has_a_known_outcome(status: int) -> None:
    """The execution was not cancelled."""
    outcome = call("cancel_job_execution", CANCEL, Answer(status))
    assert outcome.text.startswith(f"Not cancelled: Blaxel refused ({status})")


def writes(listed: dict[str, Any]) -> bool:
    """Whether a tool, as it is listed, exists only with --allow-writes."""
    return listed["name"] not in {tool.name for tool in select(allow_writes=False)}


def test_annotations_of_the_write_tools() -> None:
    """Starting adds, and adds again when repeated; cancelling is destructive, and repeating it changes nothing."""
    hints = {tool["name"]: tool["annotations"] for tool in map(describe, load_specs()) if writes(tool)}
    assert hints == {
        "run_job": {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": True},
        "cancel_job_execution": {
            "readOnlyHint": False,
            "destructiveHint": True,
            "idempotentHint": True,
            "openWorldHint": True,
        },
    }
