"""Bounds the JSON-RPC errors that the SDK's HTTP transport answers with before a request reaches the MCP middleware."""

from mcp_types import JSONRPCError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blaxel_mcp.transports.messages import write_message

_ERROR_STATUS = 400
_LONG = 1_000
"""Bytes from which a body is looked at; the longest of the SDK's own texts has a few hundred."""


class ErrorBodyMiddleware:
    """Cuts what an error's body repeats of the request, such as a protocol version of 50 kB."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but long error bodies; those consist of one message."""
        start: Message | None = None

        async def send_bounded(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] >= _ERROR_STATUS:
                start = message
                return
            if start is not None:
                body = message.get("body", b"")
                if len(body) > _LONG and not message.get("more_body"):
                    message = {**message, "body": _bounded(body)}
                    MutableHeaders(scope=start)["content-length"] = str(len(message["body"]))
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, send_bounded)


def _bounded(body: bytes) -> bytes:
    try:
        return write_message(JSONRPCError.model_validate_json(body)).encode()
    except ValueError:  # none of the SDK's
        return body
