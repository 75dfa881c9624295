"""Whether there is room for a request, and its body: in good time, of bearable size, before anything is begun."""

import asyncio
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 4 * 1024**2
"""Of one request: the SDK's own limit."""
BODIES_BYTES = 64 * 1024**2
"""Of all bodies that are being received, so that many large ones cannot fill the memory."""
BODY_SECONDS = 20.0
"""From the headers to the last byte of the body."""


class Admission:
    """Counts requests and streams; answers 503 rather than grow without bound.

    Args:
        app: what is behind it.
        most_requests: under way at once; a stream (GET) is not among them.
        most_streams: open at once.
        turned_away: told of each refusal, with the path and the status.
        body_seconds: how long a body may take; tests shorten it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_requests: int,
        most_streams: int,
        turned_away: Callable[[str, int], None],
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._room = {False: most_requests, True: most_streams}
        self._body_room = BODIES_BYTES
        self._turned_away = turned_away
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stream = scope["method"] == "GET"
        if self._room[stream] <= 0:
            await self._refuse(_FULL, scope, receive, send)
            return
        self._room[stream] -= 1
        try:
            if stream:
                await self._app(scope, receive, send)
            else:
                await self._with_body(scope, receive, send)
        finally:
            self._room[stream] += 1

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                refusal = await self._read(body, receive)
        except TimeoutError:
            refusal = _SLOW
        finally:
            self._body_room += len(body)
        if refusal is not None:
            await self._refuse(refusal, scope, receive, send)
            return
        parts: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return parts.pop() if parts else await receive()

        await self._app(scope, replay, send)

    async def _read(self, body: bytearray, receive: Receive) -> PlainTextResponse | None:
        """Receive all of it; answers why not. What is in `body` has been taken from the room for bodies."""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return _GONE
            part = message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) + len(part) > BODY_BYTES:
                return _LARGE
            if len(part) > self._body_room:
                return _FULL
            self._body_room -= len(part)
            body += part
        return None

    async def _refuse(self, refusal: PlainTextResponse, scope: Scope, receive: Receive, send: Send) -> None:
        self._turned_away(scope["path"], refusal.status_code)
        await refusal(scope, receive, send)


_FULL = PlainTextResponse("Too many requests are under way here.", 503, {"Retry-After": "1", "Connection": "close"})
_LARGE = PlainTextResponse(
    f"The request's body is larger than {BODY_BYTES // 1024**2} MiB.", 413, {"Connection": "close"}
)
_SLOW = PlainTextResponse("The request's body did not come in time.", 408, {"Connection": "close"})
_GONE = PlainTextResponse("", 499)
"""Nobody reads it; the status is what proxies log for a client that has gone."""
