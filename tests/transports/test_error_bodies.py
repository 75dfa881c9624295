"""What an error's body repeats of a request is cut, and everything else is passed on as it is."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blaxel_mcp.transports.error_bodies import ErrorBodyMiddleware


def error(size: int) -> bytes:
    """A JSON-RPC error of so many bytes, as the SDK writes it."""
    written = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": ""}}
    bare = len(json.dumps(written))
    return json.dumps(written).replace('""', json.dumps("x" * (size - bare))).encode()


async def ask(app: ASGIApp) -> tuple[int, str | None, bytes]:
    """What an application answers through the middleware: status, length and body."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await ErrorBodyMiddleware(app)({"type": "http", "method": "POST", "headers": []}, receive, send)
    start, *rest = sent
    told = dict(start["headers"])
    assert start["type"] == "http.response.start"
    length = told[b"content-length"].decode() if b"content-length" in told else None
    return start["status"], length, b"".join(one.get("body", b"") for one in rest)


@pytest.mark.parametrize(
    ("app", "is_cut"),
    [
        (Response(error(1_000), 400), False),
        (Response(error(1_001), 400), True),
        (Response(error(1_001), 406), True),
        (Response(error(50_000), 500), True),
        (Response(error(50_000), 399), False),
        (Response(error(50_000), 200), False),
        (PlainTextResponse("x" * 50_000, 400), False),
        (JSONResponse({"error": "x" * 50_000}, 400), False),
        (Response(b"", 400), False),
    ],
)
def test_a_long_error_of_the_protocol_is_cut(app: Response, *, is_cut: bool) -> None:
    """From 1,001 bytes on, with a status of an error; the length that is told is that of what is left."""
    status, length, body = asyncio.run(ask(app))
    assert (status, length) == (app.status_code, str(len(body)))
    if is_cut:
        found = json.loads(body)
        assert (found["jsonrpc"], found["id"], found["error"]["code"]) == ("2.0", 1, -32602)
        assert found["error"]["message"].startswith("xxx")
        assert len(body) < 1_000
    else:
        assert body == app.body


def test_an_error_that_is_streamed_is_passed_on() -> None:
    """Its length is not known before its end, and the SDK streams none."""

    async def parts() -> AsyncIterator[bytes]:
        for part in (error(2_000), b"\n", b""):
            yield part

    assert asyncio.run(ask(StreamingResponse(parts(), 400))) == (400, None, error(2_000) + b"\n")


def test_an_error_without_a_body_is_passed_on() -> None:
    """Its key may be left out."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 405, "headers": []})
        await send({"type": "http.response.body"})

    assert asyncio.run(ask(app)) == (405, None, b"")


def test_the_start_and_the_end_of_serving_are_passed_on() -> None:
    """They have no body."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": scope["type"], "status": 400, "received": await receive()})

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(ErrorBodyMiddleware(app)({"type": "lifespan"}, receive, send))
    assert sent == [{"type": "lifespan", "status": 400, "received": {"type": "lifespan.startup"}}]
