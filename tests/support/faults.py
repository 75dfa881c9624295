"""What can go wrong between here and the API, put in front of any ASGI app that `control_plane.serve` serves.

    faults = Faults(build_app())
    faults.add(Answer(503), Drop(), path="/executions/")    # the next two matching requests
    with serve(faults) as base_url: ...

A request takes the first fault in line whose path matches, and only that one; then the app answers as usual.
`refused()` and `silent()` are for what happens before there is any HTTP.
"""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(Protocol):
    """Something done instead of, or before, the app's answer."""

    async def __call__(self, exchange: "Exchange") -> None:
        """Do it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request under a fault: the app, its three ASGI arguments, and whether the client has gone away."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    gone: Event
    read: list[Message] = field(default_factory=list)

    async def proceed(self, then: Fault | None) -> None:
        """Do the next thing, or let the app answer."""
        if then is not None:
            await then(self)
        else:
            await self.app(self.scope, self._read_again, self.send)

    async def _read_again(self) -> Message:
        """What was received while watching, then what comes."""
        return self.read.pop(0) if self.read else await self.receive()

    async def start(self, status: int, headers: dict[str, str]) -> None:
        """Send the status line and the headers."""
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})

    async def body(self, part: bytes, *, more: bool = False) -> None:
        """Send a part of the body."""
        await self.send({"type": "http.response.body", "body": part, "more_body": more})

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator["asyncio.Task[None]"]:
        """A task that is done once the client has gone away; what it reads of the request is kept."""

        async def hangs_up() -> None:
            while (message := await self.receive())["type"] != "http.disconnect":
                self.read.append(message)
            self.gone.set()

        watching = asyncio.create_task(hangs_up())
        try:
            yield watching
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def close(self, *, reset: bool) -> None:
        """Cut the connection here and now, whatever has been sent."""
        # ASGI has no word for this: an app that returns or raises early still gets a 500 sent for it. So reach for
        # the socket, which uvicorn keeps on the object that `send` is a method of.
        transport: asyncio.Transport | None = getattr(getattr(self.send, "__self__", None), "transport", None)
        if transport is None:
            raise RuntimeError("Drop and Cut work right under uvicorn only: no app may wrap Faults.")
        if reset:  # a reset is what closing without lingering sends
            without_lingering = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, without_lingering)
        transport.close()
        while (await self.receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True, slots=True)
class Answer:
    """This answer instead of the app's. `body` is sent as it is; `json_body` as JSON."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    json_body: Any = None

    async def __call__(self, exchange: Exchange) -> None:
        """Send it with its length."""
        body, headers = self.body, dict(self.headers)
        if self.json_body is not None:
            body = json.dumps(self.json_body).encode()
            headers.setdefault("content-type", "application/json")
        headers.setdefault("content-length", str(len(body)))
        await exchange.start(self.status, headers)
        await exchange.body(body)


def redirect(location: str, status: int = 302) -> Answer:
    """Sends the client elsewhere, where no credential may follow."""
    return Answer(status, headers={"location": location})


def not_json() -> Answer:
    """A 200 with a page for people, as a proxy gives."""
    return Answer(200, b"<html><body>Please sign in</body></html>", {"content-type": "text/html"})


def not_an_object() -> Answer:
    """A 200 with JSON that no operation answers with."""
    return Answer(200, json_body="maintenance")


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait, then let the app (or `then`) answer; ends early, without an answer, if the client goes away."""

    seconds: float
    then: Fault | None = None

    async def __call__(self, exchange: Exchange) -> None:
        """Wait for either."""
        async with exchange.watched() as hangs_up:
            await asyncio.wait({hangs_up}, timeout=self.seconds)
            if hangs_up.done():
                return
        await exchange.proceed(self.then)


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the request until `release` is set, then let the app (or `then`) answer; `arrived` says that it is here."""

    arrived: Event = field(default_factory=Event)
    release: Event = field(default_factory=Event)
    then: Fault | None = None

    async def __call__(self, exchange: Exchange) -> None:
        """Look every few milliseconds: the events belong to the test's thread, the request to the server's."""
        self.arrived.set()
        async with exchange.watched() as hangs_up:
            while not self.release.is_set():
                await asyncio.wait({hangs_up}, timeout=0.002)
                if hangs_up.done():
                    return
        await exchange.proceed(self.then)


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection before any byte of an answer: in good order, or with a reset."""

    reset: bool = False

    async def __call__(self, exchange: Exchange) -> None:
        """Close it."""
        await exchange.close(reset=self.reset)


@dataclass(frozen=True, slots=True)
class Cut:
    """Promise `promised` bytes, send `body`, and close the connection."""

    body: bytes = b'{"metadata": {"id": "exec'
    promised: int = 1000

    async def __call__(self, exchange: Exchange) -> None:
        """Send some of it."""
        await exchange.start(200, {"content-type": "application/json", "content-length": str(self.promised)})
        await exchange.body(self.body, more=True)
        await exchange.close(reset=False)


@dataclass(frozen=True, slots=True)
class Trickle:
    """A 200 whose body comes one byte at a time, so that no single read is ever late."""

    body: bytes
    gap: float

    async def __call__(self, exchange: Exchange) -> None:
        """Send a byte, wait, and so on until the client has enough."""
        await exchange.start(200, {"content-type": "application/json", "content-length": str(len(self.body))})
        async with exchange.watched() as hangs_up:
            for index in range(len(self.body)):
                await exchange.body(self.body[index : index + 1], more=True)
                await asyncio.wait({hangs_up}, timeout=self.gap)
                if hangs_up.done():
                    return
        await exchange.body(b"")


@dataclass(frozen=True, slots=True)
class Oversize:
    """A 200 of at least `size` bytes of JSON, made as it is sent, `gap` seconds between chunks; it names no length."""

    size: int
    chunk: int = 65_536
    gap: float = 0.0

    async def __call__(self, exchange: Exchange) -> None:
        """Send until it is enough for somebody."""
        await exchange.start(200, {"content-type": "application/json"})
        async with exchange.watched() as hangs_up:
            await exchange.body(b'{"padding": "', more=True)
            for _ in range(-(-self.size // self.chunk)):
                await exchange.body(b"x" * self.chunk, more=True)
                await asyncio.sleep(self.gap)  # also 0: a send to a client that is gone lets nobody else run
                if hangs_up.done():
                    return
        await exchange.body(b'"}')


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came by: what it was, and the fault it met, if any."""

    method: str
    path: str
    fault: Fault | None
    query: str = ""


class Faults:
    """The app, with faults in front of it.

    Attributes:
        seen: every request, faulty or not, in order of arrival.
        gone: set once a client went away during `Delay`, `Hold`, `Trickle` or `Oversize`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._queue: list[tuple[str, Fault]] = []
        self._always: list[tuple[str, Fault]] = []
        self._lock = Lock()
        self.seen: list[Seen] = []
        self.gone = Event()

    def add(self, *faults: Fault, path: str = "") -> None:
        """Line them up for the next requests whose raw path contains `path`, one each."""
        with self._lock:
            self._queue += [(path, fault) for fault in faults]

    def always(self, fault: Fault, *, path: str = "") -> None:
        """Do this to every such request for which nothing is lined up."""
        with self._lock:
            self._always.append((path, fault))

    def clear(self) -> None:
        """From now on nothing goes wrong."""
        with self._lock:
            self._queue.clear()
            self._always.clear()

    @property
    def waiting(self) -> int:
        """How many faults that were lined up have not been met yet."""
        with self._lock:
            return len(self._queue)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["raw_path"].decode("ascii")
        fault = self._next(path)
        self.seen.append(Seen(scope["method"], path, fault, scope["query_string"].decode()))
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await fault(Exchange(self._app, scope, receive, send, self.gone))

    def _next(self, path: str) -> Fault | None:
        with self._lock:
            for index, (part, fault) in enumerate(self._queue):
                if part in path:
                    del self._queue[index]
                    return fault
            return next((fault for part, fault in self._always if part in path), None)


@contextlib.contextmanager
def refused() -> Iterator[str]:
    """A base URL where nobody listens, and nobody will as long as this lasts."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound but not listening: the port is taken, connections are refused
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v0"


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """A base URL that takes connections and requests and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v0"
