"""Remembers over Streamable HTTP that a client declared the extension MCP Apps, without keeping a session.

Clients of the 2025 protocol say what they can do once, in their handshake, and each of their requests stands alone
here. So the handshake of one that declares the extension is answered with a session id that says so: the client sends
it with all that follows, and nothing is stored. Other clients get no session id.
"""

import secrets

from pydantic_core import from_json
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blaxel_mcp.apps import SESSION_HEADER, SESSION_MARK
from blaxel_mcp.ui import EXTENSION, declared_by

_OK = 200
_MOST_BYTES = 64 * 1024
"""A larger body is no handshake."""


class AppsSessionMiddleware:
    """Gives the session id; the body has been received by now, in one message."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the request's body, and pass it on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        received: list[Message] = [await receive()]

        async def replay() -> Message:
            return received.pop() if received else await receive()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _OK:
                MutableHeaders(scope=message)[SESSION_HEADER] = f"{SESSION_MARK}-{secrets.token_hex(16)}"
            await send(message)

        declared = _is_handshake_with_apps(received[0].get("body", b""))
        await self._app(scope, replay, send_with_id if declared else send)


def _is_handshake_with_apps(body: bytes) -> bool:
    # Without its slash, which some clients escape.
    if len(body) > _MOST_BYTES or EXTENSION.partition("/")[0].encode() not in body:
        return False
    try:
        message = from_json(body)
    except ValueError:
        return False
    match message:
        case {  # one that the SDK will accept
            "method": "initialize",
            "params": {
                "protocolVersion": str(),
                "capabilities": capabilities,
                "clientInfo": {"name": str(), "version": str()},
            },
        }:
            return declared_by(capabilities)
    return False
