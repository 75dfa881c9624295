"""Over Streamable HTTP a client that declares MCP Apps in its handshake is given a session id that says so."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from blaxel_mcp.transports.apps_session import AppsSessionMiddleware

POST: Scope = {"type": "http", "method": "POST", "headers": []}
APPS = {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}}
PARAMS: Mapping[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": APPS,
    "clientInfo": {"name": "tests", "version": "1"},
}
HANDSHAKE: Mapping[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": PARAMS}
LARGEST = 65_536
"""Bytes of a body that may be a handshake."""


def body(message: Any = HANDSHAKE, size: int = 0) -> bytes:
    """JSON text, with blanks up to a size."""
    return json.dumps(message).encode().ljust(size)


def with_params(**changed: Any) -> bytes:
    """A handshake with other parameters."""
    return body({**HANDSHAKE, "params": {**PARAMS, **changed}})


def asked(received: list[Message], scope: Scope = POST, status: int = 200) -> tuple[list[Message], list[Message]]:
    """What the application behind it receives until there is no more, and what the client is sent."""
    inside: list[Message] = []
    outside: list[Message] = []
    waiting = [*received]

    async def app(given: Scope, receive: Receive, send: Send) -> None:
        assert given is scope
        while waiting or len(inside) < len(received):
            inside.append(await receive())
        await send({"type": "http.response.start", "status": status, "headers": [(b"x-of", b"the application")]})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        outside.append(message)

    asyncio.run(AppsSessionMiddleware(app)(scope, receive, send))
    return inside, outside


def session_id(text: bytes, scope: Scope = POST, status: int = 200) -> str | None:
    """The session id in the answer to a body; all else must be as the application sent it."""
    request: Message = {"type": "http.request", "body": text, "more_body": False}
    leaving: Message = {"type": "http.disconnect"}
    inside, (start, end) = asked([request, leaving], scope, status)
    assert inside == [request, leaving]
    assert end == {"type": "http.response.body", "body": b"{}"}
    (own, *added) = start.pop("headers")
    assert (own, start) == ((b"x-of", b"the application"), {"type": "http.response.start", "status": status})
    if not added:
        return None
    ((name, value),) = added
    assert name == b"mcp-session-id"
    return str(value, "ascii")


@pytest.mark.parametrize(
    "text",
    [
        body(),
        body(size=LARGEST),
        body().replace(b"/", b"\\/"),
        with_params(capabilities={"extensions": {"io.modelcontextprotocol/ui": {}}}),
        with_params(capabilities={"extensions": {"io.modelcontextprotocol/ui": {}}}).replace(b"/", rb"\u002f"),
    ],
    ids=["plain", "64 KiB", "slashes escaped", "any type of page", "slashes by their number"],
)
def test_a_handshake_that_declares_the_extension_is_given_a_session_id(text: bytes) -> None:
    """It says that the client has apps, and nobody can guess the rest; another one each time."""
    first, second = session_id(text), session_id(text)
    assert first != second
    for given in (first, second):
        assert given
        assert re.fullmatch("with-apps-[0-9a-f]{32}", given)


@pytest.mark.parametrize(
    "text",
    [
        body(size=LARGEST + 1),
        body(HANDSHAKE)[:-1],
        b"",
        b"[]",
        with_params(capabilities={}),
        with_params(capabilities={"extensions": {"io.modelcontextprotocol/tasks": {}}}),
        with_params(protocolVersion=7),
        with_params(clientInfo=7),
        with_params(clientInfo={"name": "tests"}),
        with_params(clientInfo={"name": 7, "version": "1"}),
        body({**HANDSHAKE, "method": "tools/list"}),
        body([HANDSHAKE]),
    ],
    ids=[
        "over 64 KiB",
        "cut off",
        "nothing",
        "a list",
        "no extensions",
        "another extension",
        "a number as version",
        "a number as client",
        "half a client",
        "a number as name",
        "another method",
        "a batch",
    ],
)
def test_nothing_else_is_given_one(text: bytes) -> None:
    """Also what the SDK will refuse: a client without a session must not be told that it has one."""
    assert session_id(text) is None


@pytest.mark.parametrize("status", [199, 201, 202, 400])
def test_a_handshake_that_fails_is_given_none(status: int) -> None:
    """The SDK answers with 200 if it accepts it."""
    assert session_id(body(), status=status) is None


@pytest.mark.parametrize(
    "scope", [{"type": "http", "method": "GET"}, {"type": "http", "method": "DELETE"}, {"type": "websocket"}]
)
def test_what_has_no_handshake_is_passed_on(scope: Scope) -> None:
    """A body that would be one counts for nothing there."""
    assert session_id(body(), scope) is None


def test_a_client_that_leaves_before_its_body_is_passed_on() -> None:
    """What tells of that has no body."""
    leaving: Message = {"type": "http.disconnect"}
    inside, (start, _) = asked([leaving])
    assert (inside, start["headers"]) == ([leaving], [(b"x-of", b"the application")])
