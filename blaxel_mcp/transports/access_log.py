"""The outermost middleware: records requests that are rejected before they reach MCP, and turns WebSockets away."""

import asyncio
from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blaxel_mcp.telemetry import McpRequestWatch, Observers

_POLICY_VIOLATION = 1008
"""Close code of WebSockets, RFC 6455."""


class AccessLogMiddleware:
    """Tells the observers of each HTTP request that was answered with an error before it reached MCP.

    What reached MCP is recorded there, with its method and outcome, whatever its HTTP status.

    Args:
        app: The rest of the application.
        observers: Are told the path and the status.
        routes: Paths that are named as they are; any other path is recorded as `other`, since callers choose it.
    """

    def __init__(self, app: ASGIApp, observers: Observers, routes: Collection[str]) -> None:
        self._app = app
        self._observers = observers
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HTTP requests and the lifespan on; close WebSockets, since nothing here speaks them."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with McpRequestWatch() as mcp:
            try:
                await self._app(scope, receive, send_noting_status)
            except asyncio.CancelledError:
                # uvicorn's time for shutdown is over; by itself it would write a traceback and answer 500.
                if not status:
                    await _SHUTTING_DOWN(scope, receive, send_noting_status)
            except Exception:
                status = 500
                raise
            finally:
                if status >= 400 and not mcp.recorded:  # noqa: PLR2004 - errors, RFC 9110
                    path: str = scope["path"]
                    self._observers.rejected(path if path in self._routes else "other", status)


_SHUTTING_DOWN = PlainTextResponse("The server is shutting down.", 503, {"Retry-After": "1"})
