"""The demo control plane: Blaxel's API for jobs and executions, served on loopback from the scripted workspace.

It rejects what the real API is known or documented to reject, so that a client that works with it sends the right
headers, paths and page parameters.
"""

import asyncio
import contextlib
import secrets
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
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
from blaxel_mcp.demo.formats import StatusError
from blaxel_mcp.demo.operations import ApiRequest, ControlPlane
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
    kept: int = KEPT_REQUESTS,
    knows_tasks: bool = True,
) -> Starlette:
    """The control plane as an ASGI app whose story starts at `clock()`, which must be UTC.

    `app.state.requests` is the list of the last `kept` `ReceivedRequest`s, `app.state.tokens` what was issued. Unless
    it `knows_tasks`, the log finds nothing where it is asked for one task's lines.
    """
    plane = ControlPlane(jobs(clock()), knows_tasks=knows_tasks)
    requests: list[ReceivedRequest] = []

    async def handle(request: Request) -> Response:
        # The path as decoded by the server has lost which slashes were part of an id: take it apart undecoded.
        raw = request.scope["raw_path"].decode("ascii")
        headers = dict(request.headers)
        # Not `request.url`, which starlette before 1.9 makes of the decoded path, with a "?" of an id in it.
        query_string = request.scope["query_string"].decode("ascii")
        requests.append(ReceivedRequest(request.method, raw, query_string, headers))
        if len(requests) > kept:
            del requests[0]
        segments = tuple(unquote(segment) for segment in raw.split("/")[1:])
        query, body = dict(request.query_params), await request.body()
        # Support asks for these: one of the API and one of the network in front of it, whose end is an airport.
        ids = {"x-cf-request-id": str(uuid.uuid4()), "cf-ray": f"{secrets.token_hex(8)}-PDX"}
        try:
            answer = plane.answer(ApiRequest(request.method, segments, query, headers, body, clock()))
        except StatusError as other:
            return JSONResponse(other.body, other.status, other.headers | ids)
        return JSONResponse(answer, headers=ids)

    app = Starlette(routes=[Route("/{path:path}", handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])])
    app.state.requests = requests
    app.state.tokens = plane.tokens
    return app


_HOST = "127.0.0.1"
_STEPS = 10
_STOP_SECONDS = 5.0
"""How long the end waits for requests that do not let themselves be cancelled."""


class _Cancellable:
    """An ASGI app whose requests under way can be cancelled."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if request := asyncio.current_task():
            self._under_way.add(request)
            request.add_done_callback(self._under_way.discard)
        with contextlib.suppress(asyncio.CancelledError):  # which uvicorn would log with a traceback
            await self._app(scope, receive, send)

    async def cancel(self) -> None:
        """Cancel the requests under way, and wait until they have ended."""
        requests = list(self._under_way)
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)


@contextlib.contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve an ASGI app on a free port from a thread of its own; yields the base URL, including `/v0`.

    In the end it stops at once: connections are aborted and requests in flight are cancelled.
    """
    loop = asyncio.new_event_loop()
    serving = served(app)

    def run() -> None:
        loop.run_forever()
        loop.close()

    thread = threading.Thread(target=run, name="demo-control-plane", daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result()
    finally:
        with contextlib.suppress(TimeoutError):
            ended = serving.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(ended, loop).result(timeout=_STOP_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=_STOP_SECONDS)


@contextlib.asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an ASGI app as `serve` does, but in the running event loop."""
    cancellable = _Cancellable(app)
    connections: dict[asyncio.Protocol, asyncio.Transport] = {}

    # Quiet, and without touching the log levels: the program may serve with uvicorn in the same process.
    config = uvicorn.Config(
        cancellable, http="h11", ws="none", lifespan="off", proxy_headers=False, log_config=None, access_log=False
    )
    config.load()

    class Tracked(config.http_protocol_class):  # type: ignore[misc, name-defined] # the class is known at run time only
        """uvicorn's HTTP, with its connections written down, so that they can be aborted."""

        def connection_made(self, transport: asyncio.Transport) -> None:
            connections[self] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self, None)
            super().connection_lost(exc)

    config.http_protocol_class = Tracked
    server = uvicorn.Server(config)
    listening = socket.create_server((_HOST, 0))
    # asyncio turns TCP_NODELAY on only for sockets that name their protocol, and these do not; without it, every answer
    # after a connection's first one waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Not `uvicorn.Server.serve()`, which looks only ten times a second whether it is to stop; and its `shutdown()`
    # sleeps for a tenth of a second and then waits for requests, which is long for tests that start hundreds of these.
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    try:
        yield f"http://{_HOST}:{listening.getsockname()[1]}/v0"
    finally:
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().remove_reader(listening)
        # A connection that was accepted a moment ago takes some steps of the loop to reach its protocol, and one that
        # is aborted takes one to be closed: then uvicorn knows, and does not complain about missing answers.
        for _ in range(_STEPS):
            for transport in list(connections.values()):
                transport.abort()
            await asyncio.sleep(0)
        await cancellable.cancel()
        # Only now: before Python 3.12, a server that is closed leaks the sockets of connections on their way in.
        for listener in server.servers:
            listener.close()
