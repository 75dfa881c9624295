"""Over Streamable HTTP a call is answered with one JSON object, unless something can come before its answer."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from support import in_process
from support.plane import slow_upstream
from support.program import PATIENCE
from support.sockets import ERAS, Connection, call, message, port_of, post, read, rpc, said, tool_call

from blaxel_mcp.demo import script
from blaxel_mcp.transports.json_responses import JsonResponses

HANDSHAKE, _ = ERAS
WATCHED: dict[str, Any] = {"_meta": {"progressToken": "t"}}
WAIT = {
    "name": "wait_for_job_execution",
    "arguments": {"jobId": "image-resize", "executionId": script.FAILED, "seconds": 0},
}


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        pytest.param(tool_call(), "application/json", id="a call"),
        pytest.param(tool_call() | WATCHED, "text/event-stream", id="a call whose progress is wanted"),
        pytest.param(WAIT, "text/event-stream", id="a call that may be silent for long"),
    ],
)
def test_what_can_report_or_be_silent_is_streamed(params: Mapping[str, Any], kind: str) -> None:
    """The client said that it takes either kind; the answer in it is the same."""
    with in_process.serving("--demo") as base:
        answer = post(base, "tools/call", params, era=HANDSHAKE)
        assert answer.headers["content-type"].partition(";")[0] == kind
        assert said(read(answer)["result"]) == said(call(base, params["name"], params["arguments"]))


def test_a_token_in_escapes_is_one_too() -> None:
    """JSON may write any letter as its number."""
    body, headers = message("tools/call", tool_call() | WATCHED, HANDSHAKE)
    escaped = json.dumps(body).replace("progressToken", r"progress\u0054oken")
    with in_process.serving("--demo") as base:
        answer = httpx.post(f"{base}/mcp", content=escaped, headers=headers, timeout=PATIENCE)
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_a_client_that_names_one_kind_is_answered_as_before(accept: str) -> None:
    """By the SDK: 406 without both, and a stream for a client that takes anything."""
    with in_process.serving("--demo") as base:
        answer = post(base, "tools/call", tool_call(), {"Accept": accept}, era=HANDSHAKE)
    expected = (200, "text/event-stream") if accept == "*/*" else (406, "application/json")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == expected


@pytest.mark.parametrize("modern", [False, True], ids=ERAS)
@pytest.mark.parametrize("params", [tool_call(), tool_call() | WATCHED], ids=["whole", "streamed"])
def test_a_call_ends_when_its_client_has_gone(params: dict[str, Any], modern: bool) -> None:  # noqa: FBT001
    """So does what it asked of Blaxel, whichever kind the answer would have been."""
    patient = {"BLAXEL_MCP_TIMEOUT": "30"}  # it does not end by itself meanwhile
    with slow_upstream() as (slow, env), in_process.serving(env=env | patient) as base:
        if modern and "_meta" in params:
            params = message("tools/call", params, ERAS[1])[0]["params"]
        with Connection(port_of(base)) as connection:
            connection.send(rpc("tools/call", params, modern=modern))
            assert slow.hold.arrived.wait(PATIENCE)
            assert not slow.gone.is_set()
        assert slow.gone.wait(10)


BODY: Message = {"type": "http.request", "body": b'{"method": "tools/list"}', "more_body": False}
LATER: Message = {"type": "http.request", "body": b"", "more_body": False}
GONE: Message = {"type": "http.disconnect"}
JSON, STREAM, BOTH = b"application/json", b"text/event-stream", b"application/json, text/event-stream"


class Chosen:
    """One of the two applications: keeps what it receives, and answers with its name."""

    def __init__(self, name: str, messages: int = 1) -> None:
        self.received: list[Message] = []
        self._name = name
        self._messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Receive so many messages, and answer."""
        self.received += [await receive() for _ in range(self._messages)]
        await PlainTextResponse(self._name)(scope, receive, send)


@pytest.mark.parametrize(
    ("headers", "body", "chosen"),
    [
        ([(b"accept", BOTH)], b'{"method": "tools/list"}', "json"),
        ([(b"accept", b"text/event-stream;q=1,application/json;q=0.5")], b"{}", "json"),
        ([(b"accept", JSON), (b"accept", STREAM)], b"{}", "json"),
        ([(b"accept", JSON), (b"x-accept", STREAM)], b"{}", "stream"),
        ([(b"accept", JSON)], b"{}", "stream"),
        ([(b"accept", STREAM)], b"{}", "stream"),
        ([(b"accept", b"application/json+text/event-stream")], b"{}", "json"),  # the SDK refuses what is neither
        ([], b"{}", "stream"),
        ([(b"accept", BOTH)], b'{"_meta": {"progressToken": 1}}', "stream"),
        ([(b"accept", BOTH)], b'{"name": "wait_for_job_execution"}', "stream"),
        ([(b"accept", BOTH)], b'{"name": "\\u0077ait"}', "stream"),
        ([(b"accept", BOTH)], b"", "json"),
    ],
)
def test_which_application_answers(headers: Sequence[tuple[bytes, bytes]], body: bytes, chosen: str) -> None:
    """By what the client accepts and what it asks for; the body, and what comes behind it, is passed on as it came."""

    async def ask(messages: Sequence[Message]) -> tuple[bytes, list[Message]]:
        coming, sent = [*messages], list[Message]()
        apps = {"json": Chosen("json"), "stream": Chosen("stream", messages=2)}

        async def receive() -> Message:
            if not coming:
                await asyncio.Event().wait()
            return coming.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        await JsonResponses(*apps.values())({"type": "http", "headers": headers}, receive, send)
        return sent[-1]["body"], [*apps["json"].received, *apps["stream"].received]

    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}, LATER]
    assert asyncio.run(ask(given)) == (chosen.encode(), given[: 1 if chosen == "json" else 2])


ANSWER: list[Message] = [
    {"type": "http.response.start", "status": 200, "headers": []},
    {"type": "http.response.body", "body": b"hello"},
]


def test_a_call_is_cancelled_when_its_client_goes_before_its_answer() -> None:
    """Not by anything else that comes, and not once its answer is written: what is left to do then is done."""

    async def call(*messages: Message, answered: int = 0) -> list[str]:
        coming, steps = [BODY, *messages], list[str]()

        async def receive() -> Message:
            if not coming:
                await asyncio.Event().wait()
            return coming.pop(0)

        async def json_app(scope: Scope, receive: Receive, send: Send) -> None:
            assert (scope["type"], await receive()) == ("http", BODY)
            for part in ANSWER[:answered]:
                await send(part)
            try:
                for _ in range(10):
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                steps.append("cancelled")
                raise
            steps.append("done")

        async def send(message: Message) -> None:
            steps.append(message["type"])

        await JsonResponses(json_app, PlainTextResponse("stream"))(
            {"type": "http", "headers": [(b"accept", BOTH)]}, receive, send
        )
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing watches any more"
        return steps

    kinds = [message["type"] for message in ANSWER]
    assert asyncio.run(call(GONE)) == ["cancelled"]
    assert asyncio.run(call(LATER, GONE)) == ["cancelled"]
    assert asyncio.run(call(LATER)) == ["done"]
    assert asyncio.run(call(GONE, answered=1)) == [*kinds[:1], "cancelled"]
    assert asyncio.run(call(GONE, answered=2)) == [*kinds, "done"]
