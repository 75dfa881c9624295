"""The outermost layer over HTTP: what holds for every request, whatever becomes of it further in."""

import asyncio
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blaxel_mcp.telemetry import ANSWERED

REFUSED = "blaxel_mcp.refused"
"""A key of the request's state: whether it was answered with a client's error."""
_POLICY_VIOLATION = 1008
"""Of WebSockets, RFC 6455."""


class Edge:
    """Lets plain HTTP through, and notes what came of it without getting as far as MCP.

    Args:
        app: what is behind it.
        turned_away: told of each such request that was answered with an error, with the path and the status.
    """

    def __init__(self, app: ASGIApp, rejected: Callable[[str, int], None]) -> None:
        self._app = app
        self._turned_away = rejected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})  # nothing here speaks them
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                state[REFUSED] = 400 <= status < 500  # noqa: PLR2004 - client errors, RFC 9110
            await send(message)

        app = _AMBIGUOUS if _is_ambiguous(scope) else self._app
        try:
            await app(scope, receive, noting)
        except asyncio.CancelledError:
            # What serves this is ending and waits no longer: it would write a traceback and answer 500.
            if not status:
                await _ENDING(scope, receive, noting)
        finally:
            if status >= 400 and not state.get(ANSWERED):  # noqa: PLR2004
                self._turned_away(scope["path"], status)


def _is_ambiguous(scope: Scope) -> bool:
    """Whether what stands in front may have read it in another way: a body with two ends, a path with a break."""
    names = {name for name, _ in scope["headers"]}
    return names >= {b"content-length", b"transfer-encoding"} or not scope["path"].isprintable()


_AMBIGUOUS = PlainTextResponse(
    "The request can be read in two ways: give either a length or chunks, and a plain path.",
    400,
    {"Connection": "close"},
)
_ENDING = PlainTextResponse("The server is ending.", 503, {"Retry-After": "1"})
