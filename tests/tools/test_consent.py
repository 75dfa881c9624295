"""One yes of a person is one start: a question's sealed state, sent again in every way that a client could."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any

import pytest
from mcp import Client
from mcp.client._memory import InMemoryTransport  # what `Client` takes for a server in memory; here without the client
from mcp.client._transport import TransportStreams
from mcp.server.request_state import AESGCMRequestStateCodec
from mcp.shared.message import SessionMessage
from mcp_types import ElicitResult, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.caller import ACCOUNT, another, client_for, tool_state
from support.faults import Answer, Faults
from support.plane import clock
from support.program import ENVELOPE, HANDSHAKE

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.server import build_server
from blaxel_mcp.tools.consents import CONSENT_SECONDS, AnsweredQuestions, execution_id_for
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.registry import select

KEY = b"one key of all processes of a server"
YES: dict[str, Any] = {"action": "accept", "content": {}}
NO: dict[str, Any] = {"action": "decline"}
RUN: dict[str, Any] = {
    "name": "run_job",
    "arguments": {"jobId": "backfill", "tasks": [{"day": 1}], "env": {"MODE": "fast"}, "memory": 512},
}
CANCEL: dict[str, Any] = {
    "name": "cancel_job_execution",
    "arguments": {"jobId": "backfill", "executionId": script.PENDING},
}
USED = (
    "This answer of the person was used already, so nothing was sent: one yes is for one call. "
    "Trying again unchanged will not help. "
    "See with list_job_executions what it did; to do it again, call the tool anew, which asks the person."
)
REFUSED = (
    "Invalid or expired requestState, so nothing was sent: an answer counts for the very question, arguments and "
    "caller that it was asked for, within 10 minutes. "
    "Call again without requestState and inputResponses; the person is then asked anew."
)


class Caller:
    """Sends the requests that a client of protocol version 2026-07-28 would, one by one or at once."""

    def __init__(self, streams: TransportStreams) -> None:
        self._read, self._write = streams
        self._ids = count(1)

    async def send(self, call: dict[str, Any]) -> int:
        """Send a `tools/call`; its id."""
        meta = ENVELOPE | {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}
        number = next(self._ids)
        params = call | {"_meta": meta}
        request = JSONRPCRequest(jsonrpc="2.0", id=number, method="tools/call", params=params)
        await self._write.send(SessionMessage(request))
        return number

    async def receive(self) -> dict[str, Any]:
        """The server's next message."""
        received = await self._read.receive()
        assert isinstance(received, SessionMessage)
        return received.message.model_dump(by_alias=True, exclude_none=True)

    async def call(self, call: dict[str, Any]) -> dict[str, Any]:
        """Send a `tools/call` and return the answer's result or error."""
        await self.send(call)
        answer = await self.receive()
        found: dict[str, Any] = answer.get("result") or answer["error"]
        return found

    async def ask(self, call: dict[str, Any], answer: dict[str, Any] = YES) -> dict[str, Any]:
        """Have the question asked; the second request, which brings the person's answer."""
        question = await self.call(call)
        (name,) = question["inputRequests"]
        return call | {"inputResponses": {name: answer}, "requestState": question["requestState"]}


class Bodies:
    """Keeps what is sent to an app, parsed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.sent: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def keep() -> Message:
            message = await receive()
            if message.get("body"):
                self.sent.append(json.loads(message["body"]))
            return message

        await self._app(scope, keep, send)


class World:
    """A control plane with faults, and servers that call it, each a process of its own as far as memory goes."""

    def __init__(self, url: str, faults: Faults, bodies: list[Any], stack: AsyncExitStack) -> None:
        self.url = url
        self.faults = faults
        self.bodies = bodies
        self._stack = stack

    async def caller(self, *, key: bytes | None = KEY, workspace: str = script.WORKSPACE) -> Caller:
        """A client of a new server, with its own memory."""
        session = client_for(self.url, variables=ACCOUNT | {"BL_WORKSPACE": workspace})
        self._stack.push_async_callback(session.upstream.aclose)
        app = AppContext(lambda _: another(session), clock)
        server = build_server(app, select(allow_writes=True), state_key=key)
        return Caller(await self._stack.enter_async_context(InMemoryTransport(server)))

    @property
    def writes(self) -> int:
        """How many requests that change something reached the control plane."""
        return sum(seen.method != "GET" for seen in self.faults.seen)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A control plane with the demo's jobs."""
    bodies = Bodies(control_plane.build_app(clock=clock))
    faults = Faults(bodies)
    with control_plane.serve(faults) as url:
        async with AsyncExitStack() as stack:
            yield World(url, faults, bodies.sent, stack)


def in_world(scenario: Callable[[World], Awaitable[None]]) -> None:
    """Run a scenario."""

    async def run() -> None:
        async with world() as place:
            await scenario(place)

    asyncio.run(run())


def text(result: dict[str, Any]) -> str:
    """A tool result's one text, or an error's message."""
    return str(result["content"][0]["text"] if "content" in result else result["message"])


CALLS = pytest.mark.parametrize("call", [RUN, CANCEL], ids=["run", "cancel"])


@CALLS
def test_one_yes_is_one_change(call: dict[str, Any]) -> None:
    """The same answer sent again changes nothing, and says what to do."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(call)
        assert not (await caller.call(answered)).get("isError")
        for _ in range(3):
            again = await caller.call(answered)
            assert (again["isError"], text(again)) == (True, USED)
        assert place.writes == 1

    in_world(scenario)


@CALLS
def test_of_many_at_once_one_is_done(call: dict[str, Any]) -> None:
    """Also where they arrive before the first one has been answered."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(call)
        for _ in range(10):
            await caller.send(answered)
        results = [(await caller.receive())["result"] for _ in range(10)]
        assert sorted(bool(result.get("isError")) for result in results) == [False] + [True] * 9
        assert {text(result) for result in results if result.get("isError")} == {USED}
        assert place.writes == 1

    in_world(scenario)


def test_a_new_question_is_a_new_start() -> None:
    """The same arguments asked for again are another execution, if the person agrees again."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        first, second = await caller.ask(RUN), await caller.ask(RUN)
        started = [(await caller.call(one))["structuredContent"]["executionId"] for one in (second, first)]
        assert started == [execution_id_for(one["requestState"]) for one in (second, first)]
        assert len(set(started)) == 2
        assert place.writes == 2

    in_world(scenario)


@pytest.mark.parametrize("fault", [Answer(429), Answer(500), Answer(504), Answer(200, json_body={})], ids=str)
def test_a_yes_is_used_up_by_a_start_that_failed(fault: Answer) -> None:
    """It may have happened all the same; a new question may be asked."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(RUN)
        place.faults.add(fault, path="/executions")
        assert (await caller.call(answered))["isError"]
        assert text(await caller.call(answered)) == USED
        assert not (await caller.call(await caller.ask(RUN))).get("isError")
        assert place.writes == 2

    in_world(scenario)


@CALLS
def test_a_no_is_not_followed_by_a_yes_to_the_same_question(call: dict[str, Any]) -> None:
    """A question is answered once."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        declined = await caller.ask(call, NO)
        assert "did not agree" in text(await caller.call(declined))
        (name,) = declined["inputResponses"]
        assert text(await caller.call(declined | {"inputResponses": {name: YES}})) == USED
        assert place.writes == 0

    in_world(scenario)


def test_across_processes_a_yes_starts_one_execution() -> None:
    """They share no memory, so each sends it, with the same ids: the API then has one execution."""

    async def scenario(place: World) -> None:
        callers = [await place.caller() for _ in range(3)]
        answered = await callers[0].ask(RUN)
        results = [await caller.call(answered) for caller in callers]
        assert {result["structuredContent"]["executionId"] for result in results} == {
            execution_id_for(answered["requestState"])
        }
        listed = await callers[0].call({"name": "list_job_executions", "arguments": {"jobId": "backfill"}})
        ids = [row["id"] for row in listed["structuredContent"]["executions"]]
        assert ids[0] == execution_id_for(answered["requestState"])
        assert [one[:5] for one in ids[1:]] == ["exec-"] * (len(ids) - 1)
        assert place.writes == 3

    in_world(scenario)


def test_the_ids_follow_from_the_question_and_go_to_the_api() -> None:
    """`id` is what Blaxel documents for idempotency, `executionId` what it takes for the execution."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(RUN)
        await caller.call(answered)
        chosen = execution_id_for(answered["requestState"])
        asked = {name: value for name, value in RUN["arguments"].items() if name != "jobId"}
        assert place.bodies == [asked | {"id": chosen, "executionId": chosen}]

    in_world(scenario)


def test_a_conflict_on_ids_that_were_sent_before_is_said() -> None:
    """An API that refuses an id it knows, rather than answer as before, has not started it again."""

    async def scenario(place: World) -> None:
        answered = await (await place.caller()).ask(RUN)
        place.faults.add(Answer(409), path="/executions")
        said = text(await (await place.caller()).call(answered))
        assert said.startswith(
            "Nothing was started now: Blaxel reports a conflict (409), perhaps since this yes was sent before."
        )
        assert "Look with list_job_executions for a new execution" in said

    in_world(scenario)


OTHERS: list[dict[str, Any]] = [
    {"tasks": [{"day": 2}]},
    {"tasks": [{"day": 1}, {"day": 1}]},
    {"tasks": [{"day": 1.0}]},
    {"env": {"MODE": "slow"}},
    {"env": {"MODE": "fast", "MORE": "x"}},
    {"env": None},
    {"memory": 1024},
    {"memory": None},
    {"allowQueue": False},
    {"jobId": "nightly-report"},
    {"jobId": " backfill"},
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_a_yes_is_for_the_arguments_that_were_shown(other: dict[str, Any]) -> None:
    """Whatever differs, values of variables included, which the question does not show."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(RUN)
        changed = answered | {"arguments": RUN["arguments"] | other}
        assert await caller.call(changed) == {
            "code": -32602,
            "message": REFUSED,
            "data": {"reason": "invalid_request_state"},
        }
        assert place.writes == 0
        assert not (await caller.call(answered)).get("isError")  # the true one is not used up by it

    in_world(scenario)


def test_a_yes_to_one_tool_is_none_to_another() -> None:
    """Neither way, even if the arguments were the same."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        for asked, other in ((RUN, CANCEL), (CANCEL, RUN)):
            answered = await caller.ask(asked)
            assert text(await caller.call(answered | other)) == REFUSED
            assert text(await caller.call(answered | {"name": other["name"]})) == REFUSED
        assert place.writes == 0

    in_world(scenario)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda state: state[:-1],
        lambda state: f"{state}A",
        lambda state: f"{state}=",
        lambda state: state[:40] + ("A" if state[40] != "A" else "B") + state[41:],
        lambda state: state.replace("v1.", "v2."),
        lambda _: "",
        lambda _: "{}",
        lambda _: '{"v":3,"outcomes":{}}',
        lambda _: "\ud800",
        lambda _: "x" * 1_000_000,
    ],
)
def test_a_state_that_is_not_ours_is_refused(tamper: Callable[[str], str]) -> None:
    """Changed, cut, made up; nothing is sent."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(RUN)
        assert text(await caller.call(answered | {"requestState": tamper(answered["requestState"])})) == REFUSED
        assert place.writes == 0

    in_world(scenario)


def test_a_yes_without_a_question_is_none() -> None:
    """Answers that come without the state of a question are asked for again."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(RUN)
        del answered["requestState"]
        assert "inputRequests" in await caller.call(answered)
        assert place.writes == 0

    in_world(scenario)


def test_a_yes_counts_for_minutes() -> None:
    """A state that is a second too old is refused; one that is not is taken."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        answered = await caller.ask(RUN)
        codec = AESGCMRequestStateCodec([KEY])
        claims = json.loads(codec.unseal(answered["requestState"]))
        assert claims["exp"] - claims["iat"] == CONSENT_SECONDS <= 600
        results = []
        for age in (CONSENT_SECONDS + 1, CONSENT_SECONDS - 60):
            moved = claims | {"iat": claims["iat"] - age, "exp": claims["exp"] - age}
            state = codec.seal(json.dumps(moved, separators=(",", ":")).encode())
            results.append(await caller.call(answered | {"requestState": state}))
        old, young = results
        assert text(old) == REFUSED
        assert not young.get("isError")
        assert place.writes == 1

    in_world(scenario)


def test_a_yes_is_for_the_credential_in_use_when_it_was_asked_for() -> None:
    """Another account with the same key to seal with, as two processes of one machine may have, is not the one."""

    async def scenario(place: World) -> None:
        answered = await (await place.caller()).ask(RUN)
        other = await place.caller(workspace="another")
        assert text(await other.call(answered)) == REFUSED
        without = await place.caller(key=None)
        assert text(await without.call(answered)) == REFUSED
        assert place.writes == 0

    in_world(scenario)


def test_a_sealed_state_is_small_whatever_is_asked() -> None:
    """It holds digests, so a client carries as little for 1,000 tasks as for one."""

    async def scenario(place: World) -> None:
        caller = await place.caller()
        large: dict[str, Any] = {
            "jobId": "backfill",
            "tasks": [{"x": "y" * 1000}] * 1000,
            "env": {"A" * 5000: "b" * 9000},
        }
        sizes = [
            len((await caller.ask(RUN | {"arguments": arguments}))["requestState"])
            for arguments in ({"jobId": "backfill"}, large)
        ]
        assert max(sizes) - min(sizes) <= 8
        assert max(sizes) <= 800

    in_world(scenario)


def test_an_older_client_is_asked_within_its_one_request() -> None:
    """Up to version 2025-11-25 the answer belongs to a question that is under way, so a second one belongs to none."""

    async def scenario(place: World) -> None:
        async with tool_state(place.url) as app:
            server = build_server(app, select(allow_writes=True), state_key=KEY)
            async with InMemoryTransport(server) as streams:
                caller = Caller(streams)
                hello = {
                    "protocolVersion": HANDSHAKE,
                    "capabilities": {"elicitation": {}},
                    "clientInfo": {"name": "tests", "version": "1"},
                }
                _, write = streams
                first = JSONRPCRequest(jsonrpc="2.0", id="hello", method="initialize", params=hello)
                await write.send(SessionMessage(first))
                await caller.receive()
                ready = JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized")
                await write.send(SessionMessage(ready))
                call = JSONRPCRequest(jsonrpc="2.0", id="call", method="tools/call", params=RUN)
                await write.send(SessionMessage(call))
                question = await caller.receive()
                for _ in range(3):
                    yes = JSONRPCResponse(jsonrpc="2.0", id=question["id"], result=YES)
                    await write.send(SessionMessage(yes))
                started = await caller.receive()
                assert "executionId" in started["result"]["structuredContent"]
        assert place.writes == 1

    in_world(scenario)


def test_a_client_that_retries_is_told_and_not_obeyed() -> None:
    """The SDK's own client, which carries state and answer by itself, starts one execution with each call."""

    async def scenario(place: World) -> None:
        async def agree(context: Any, params: Any) -> ElicitResult:
            del context, params
            return ElicitResult(action="accept", content={})

        async with (
            tool_state(place.url) as app,
            Client(build_server(app, select(allow_writes=True)), mode="auto", elicitation_callback=agree) as client,
        ):
            started = [(await client.call_tool("run_job", RUN["arguments"])).structured_content for _ in range(2)]
        assert len({one["executionId"] for one in started if one}) == 2
        assert place.writes == 2

    in_world(scenario)


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        """The present."""
        return self.now


def used(questions: AnsweredQuestions, state: str, identity: str = "a") -> str:
    """What is said of an answer that is used again, or of one for which there is no room; else nothing."""
    try:
        questions.use(state, identity)
    except ArgumentError as error:
        return error.message
    return ""


def test_an_answer_is_remembered_for_as_long_as_its_state_is_good() -> None:
    """And forgotten after, so that the memory is bounded by time."""
    clock = Clock()
    questions = AnsweredQuestions(clock)
    assert used(questions, "q") == ""
    clock.now = CONSENT_SECONDS - 0.001
    assert used(questions, "q").startswith("This answer of the person was used already")
    clock.now = CONSENT_SECONDS
    assert used(questions, "q2") == ""
    assert len(questions) == 1


def test_the_memory_of_answers_is_bounded_and_refuses_rather_than_forgets() -> None:
    """One identity cannot take the room of all; nothing is forgotten before its time."""
    clock = Clock()
    questions = AnsweredQuestions(clock, most=5, most_of_one=3)
    assert [bool(used(questions, str(number))) for number in range(5)] == [False, False, False, True, True]
    assert [bool(used(questions, str(number), "b")) for number in range(10, 14)] == [False, False, True, True]
    assert used(questions, "0").startswith("This answer of the person was used already")
    assert used(questions, "20", "c").startswith("Too many questions were answered here")
    clock.now = CONSENT_SECONDS
    assert used(questions, "0") == ""
    assert len(questions) == 1


def test_ids_are_uuids_that_tell_nothing_of_the_state() -> None:
    """One for each state, the same in every process."""
    ids = [execution_id_for(state) for state in ("v1.a", "v1.b", "\ud800", "v1.a")]
    assert ids[0] == ids[3]
    assert len(set(ids)) == 3
    assert all(len(one) == 36 and one[14] == "4" for one in ids)
