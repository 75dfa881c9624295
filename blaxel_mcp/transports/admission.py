"""Whether there is room for a request and its body: how many at once, how large, and how slowly it may come."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 1024**2
"""Maximum size of a request's body."""
SMALL_BODY_BYTES = 8 * 1024
"""Up to this size bodies are limited by the number of requests alone; a tool call has a few hundred bytes."""
LARGE_BODIES = 8
"""Larger bodies under way at once. Measured: parsed, one of 1 MiB can take 28 MiB, until its request is answered."""
BODY_SECONDS = 20.0
"""Maximum time from the headers to the last byte of the body."""

BodyCheck = Callable[[Request, bytes], Response | None]
"""Looks at a whole body before anything is done with it; returns the response that rejects the request, or None."""


class AdmissionMiddleware:
    """Answers 503 when as many requests, or as many event streams, are under way as there may be.

    Args:
        app: The rest of the application.
        is_full: Whether as many MCP requests are under way as there may be. They are counted around the MCP request,
            since over SSE a POST is answered 202 and the work goes on behind it.
        max_streams: Event streams (GET) open at once.
    """

    def __init__(self, app: ASGIApp, is_full: Callable[[], bool], max_streams: int) -> None:
        self._app = app
        self._is_full = is_full
        self._streams_left = max_streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503, or pass the request on; HEAD is answered 405, since it would open a stream that says nothing."""
        method = scope["method"] if scope["type"] == "http" else None
        if method == "HEAD":
            await _NO_HEAD(scope, receive, send)
        elif method == "GET" and self._streams_left > 0:
            self._streams_left -= 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._streams_left += 1
        elif method == "GET" or (method is not None and self._is_full()):
            await _FULL(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class BodyMiddleware:
    """Receives a request's body whole, in time and within its size, before anything is done with the request.

    Args:
        app: The rest of the application; it receives the body in one message.
        repair: Returns the body that is passed on, or the response that rejects the request.
        check: Looks at the whole body.
        seconds: Maximum time for it to come; tests shorten it.
    """

    def __init__(
        self,
        app: ASGIApp,
        repair: Callable[[bytes], bytes | Response] = bytes,
        check: BodyCheck | None = None,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._repair = repair
        self._check = check
        self._seconds = seconds
        self._large_bodies_left = LARGE_BODIES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 408, 413 or 503, or what the check says, or pass the request on."""
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
            return
        # A large body keeps its place until its request is answered: what was parsed from it lives as long.
        with contextlib.ExitStack() as place:
            received = await self._receive(Request(scope, receive), place)
            if isinstance(received, bytes) and received:
                received = self._repair(received)
            rejection = received if isinstance(received, Response) else None
            if isinstance(received, bytes) and self._check is not None:
                rejection = self._check(Request(scope), received)
            if rejection is not None:
                await rejection(scope, receive, send)
                return
            messages: list[Message] = [{"type": "http.request", "body": received, "more_body": False}]

            async def replay() -> Message:
                return messages.pop() if messages else await receive()

            await self._app(scope, replay, send)

    async def _receive(self, request: Request, place: contextlib.ExitStack) -> bytes | Response:
        """Return the body, or the response that rejects it; `place` holds its place among the large ones."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > BODY_BYTES:
            return _TOO_LARGE
        body, more = bytearray(), True
        try:
            async with asyncio.timeout(self._seconds):
                while more:
                    message = await request.receive()
                    if message["type"] == "http.disconnect":
                        return _GONE
                    was_small = len(body) <= SMALL_BODY_BYTES
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > BODY_BYTES:
                        return _TOO_LARGE
                    if was_small and len(body) > SMALL_BODY_BYTES:
                        if self._large_bodies_left <= 0:
                            return _FULL
                        place.enter_context(self._large_body())
        except TimeoutError:
            return _SLOW
        return bytes(body)

    @contextlib.contextmanager
    def _large_body(self) -> Iterator[None]:
        self._large_bodies_left -= 1
        try:
            yield
        finally:
            self._large_bodies_left += 1


# The connection stays: what is left of a body is then read and thrown away, until the time for headers is up. To close
# it on a client that is still sending would be a reset, which can take the answer along before anybody has read it.
_FULL = PlainTextResponse("Too many requests are under way here.", 503, {"Retry-After": "1"})
_TOO_LARGE = PlainTextResponse(f"The request's body is larger than {BODY_BYTES // 1024**2} MiB.", 413)
_SLOW = PlainTextResponse("The request's body did not come in time.", 408, {"Connection": "close"})
_GONE = PlainTextResponse("", 499)
"""Nobody reads it; the status is what proxies log for a client that closed the connection."""
_NO_HEAD = PlainTextResponse("", 405, {"Allow": "GET, POST"})
