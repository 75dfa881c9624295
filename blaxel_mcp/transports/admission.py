"""Whether there is room for a request, and its body: in good time, of bearable size, before anything is begun."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 4 * 1024**2
"""Of one request: the SDK's own limit."""
BODIES_BYTES = 64 * 1024**2
"""Of all requests under way, by `cost_of`, so that many large ones cannot fill the memory."""
BODY_COST = BODIES_BYTES // 4
"""Of one request, by `cost_of`."""
ITEM_BYTES = 50
"""For each bracket and comma. Measured: four MiB of empty arrays take a hundred."""
BODY_SECONDS = 20.0
"""From the headers to the last byte of the body."""


class Admission:
    """Counts requests and streams; answers 503 rather than grow without bound.

    Args:
        app: what is behind it.
        most_requests: under way at once; a stream (GET) is not among them.
        most_streams: open at once.
        full: whether there is no room behind it either: over SSE a request goes on after its POST has been answered.
        body_seconds: how long a body may take; tests shorten it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_requests: int,
        most_streams: int,
        full: Callable[[], bool],
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._room = {False: most_requests, True: most_streams}
        self._body_room = BODIES_BYTES
        self._full = full
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stream = scope["method"] == "GET"
        refusal = _NO_HEAD if scope["method"] == "HEAD" else _LARGE if _announced(scope) > BODY_BYTES else None
        if refusal is None and (self._room[stream] <= 0 or (not stream and self._full())):
            refusal = _FULL
        if refusal is not None:
            await refusal(scope, receive, send)
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
        body = _Body()
        try:
            refusal = await self._in_time(body, receive)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            parts: list[Message] = [{"type": "http.request", "body": bytes(body.read), "more_body": False}]

            async def replay() -> Message:
                return parts.pop() if parts else await receive()

            await self._app(scope, replay, send)
        finally:
            # Not before: what was made of the body lives as long as the request, and a call may take half a minute.
            self._body_room += body.cost

    async def _in_time(self, body: "_Body", receive: Receive) -> PlainTextResponse | None:
        try:
            async with asyncio.timeout(self._body_seconds):
                return await self._read(body, receive)
        except TimeoutError:
            return _SLOW

    async def _read(self, body: "_Body", receive: Receive) -> PlainTextResponse | None:
        """Receive all of it; answers why not. What it costs has been taken from the room for bodies."""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return _GONE
            part = message.get("body", b"")
            more = message.get("more_body", False)
            cost = cost_of(part)
            if len(body.read) + len(part) > BODY_BYTES or body.cost + cost > BODY_COST:
                return _LARGE
            if cost > self._body_room:
                return _FULL
            self._body_room -= cost
            body.cost += cost
            body.read += part
        return None


@dataclass(slots=True)
class _Body:
    """What has been received, and what it was reckoned at."""

    read: bytearray = field(default_factory=bytearray)
    cost: int = 0


def cost_of(part: bytes) -> int:
    """Bytes that some JSON takes once it is read: small parts take many times what they are written with."""
    return len(part) + ITEM_BYTES * sum(map(part.count, (b"[", b"{", b",")))


def _announced(scope: Scope) -> int:
    """How long the body is said to be; none of a length that is told in another way is known yet."""
    return next((int(value) for name, value in scope["headers"] if name == b"content-length" and value.isdigit()), 0)


# The connection stays: what is left of a body is then read and thrown away, until the time for headers is up. To close
# it on a client that is still sending would be a reset, which can take the answer along before anybody has read it.
_FULL = PlainTextResponse("Too many requests are under way here.", 503, {"Retry-After": "1"})
_LARGE = PlainTextResponse(
    f"The request's body is larger than {BODY_BYTES // 1024**2} MiB, or made of too many parts.", 413
)
_SLOW = PlainTextResponse("The request's body did not come in time.", 408, {"Connection": "close"})
_GONE = PlainTextResponse("", 499)
"""Nobody reads it; the status is what proxies log for a client that has gone."""
_NO_HEAD = PlainTextResponse("", 405, {"Allow": "GET, POST"})
"""The head of a stream would be one that says nothing and never ends."""
