"""The demo control plane: Blaxel's API for jobs and executions, served on loopback from the scripted workspace.

It rejects what the real API is known or documented to reject, so that a client that works with it sends the right
headers, paths and page parameters.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.demo import script
from blaxel_mcp.demo.operations import ApiRequest, ControlPlane, StatusError, error
from blaxel_mcp.demo.paging import InvalidQueryError
from blaxel_mcp.demo.tokens import TWO_HOURS, Tokens
from blaxel_mcp.demo.wire import Job

KEPT_REQUESTS = 2_000
"""Requests remembered for tests. `--demo` may run for days, so the list must not grow without bound."""


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request that the control plane received. `path` is undecoded, header names are lower-case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


def utc_now() -> datetime:
    """The present, in UTC, by the wall clock."""
    return datetime.now(UTC)


def build_app(
    *,
    clock: Callable[[], datetime] = utc_now,
    jobs: Callable[[datetime], Sequence[Job]] = script.jobs,
    token_seconds: int = TWO_HOURS,
    kept: int = KEPT_REQUESTS,
) -> Starlette:
    """The control plane as an ASGI app whose story starts at `clock()`, which must be UTC.

    `app.state.requests` is the list of the last `kept` `ReceivedRequest`s, `app.state.tokens` what was issued.
    """
    plane = ControlPlane(jobs(clock()), Tokens(token_seconds))
    requests: list[ReceivedRequest] = []

    async def handle(request: Request) -> Response:
        # The path as decoded by the server has lost which slashes were part of an id: take it apart undecoded.
        raw = request.scope["raw_path"].decode("ascii")
        headers = {name.lower(): value for name, value in request.headers.items()}
        requests.append(ReceivedRequest(request.method, raw, request.url.query, headers))
        del requests[:-kept]
        segments = tuple(unquote(segment) for segment in raw.split("/")[1:])
        query, body = dict(request.query_params), await request.body()
        parsed = ApiRequest(request.method, raw, segments, query, headers, body, clock())
        try:
            return JSONResponse(plane.answer(parsed))
        except StatusError as response:
            answer = response
        except InvalidQueryError as invalid:
            answer = error(400, str(invalid))
        return JSONResponse(answer.body, answer.status, answer.headers)

    app = Starlette(routes=[Route("/{path:path}", handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])])
    app.state.requests = requests
    app.state.tokens = plane.tokens
    return app


class _Server(uvicorn.Server):
    """A uvicorn server for a thread: it signals when it is ready, and stops at once, cancelling calls in flight."""

    def __init__(self, app: ASGIApp) -> None:
        # Quiet, and without touching the log levels: the program may serve with uvicorn in the same process.
        super().__init__(
            uvicorn.Config(
                self._call,
                interface="asgi3",  # uvicorn cannot tell by itself what a method is
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                proxy_headers=False,
                log_config=None,
                access_log=False,
            )
        )
        self._app = app
        self._calls: set[asyncio.Future[None]] = set()
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked_to_stop = asyncio.Event()

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = asyncio.ensure_future(_run(self._app, scope, receive, send))
        self._calls.add(call)
        try:
            await asyncio.wait({call})
        finally:
            self._calls.discard(call)
        if not call.cancelled():
            call.result()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._asked_to_stop.wait()  # uvicorn looks ten times a second, which a thousand tests would feel

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # uvicorn now knows that they are gone, and does not complain about missing answers
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)

    def stop(self) -> None:
        """Ask the server to stop; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._asked_to_stop.set)


async def _run(
    app: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope, receive: Receive, send: Send
) -> None:
    await app(scope, receive, send)


@contextlib.contextmanager
def serve(app: ASGIApp, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve an ASGI app on a free port from a thread of its own; yields the base URL, including `/v0`."""
    listening = socket.create_server((host, 0))
    # asyncio turns TCP_NODELAY on only for sockets that name their protocol, and these do not; without it, every answer
    # after a connection's first one waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listening.getsockname()[1]
    server = _Server(app)

    def run() -> None:
        try:
            asyncio.run(server.serve(sockets=[listening]))
        finally:
            server.ready.set()  # also where it could not start, so that nobody waits for ever
            listening.close()

    thread = threading.Thread(target=run, name="demo-control-plane", daemon=True)
    thread.start()
    server.ready.wait()
    if not server.started:
        raise RuntimeError("The demo control plane could not start.")
    try:
        yield f"http://{host}:{port}/v0"
    finally:
        server.stop()
        thread.join(timeout=2)
