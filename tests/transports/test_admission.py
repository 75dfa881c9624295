"""Whether there is room for a request and its body, asked of the two middlewares that decide it, without a server."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blaxel_mcp.transports.admission import AdmissionMiddleware, BodyMiddleware

Answer = tuple[int, dict[str, str], bytes]
FULL: Answer = (503, {"retry-after": "1"}, b"Too many requests are under way here.")
GONE: Message = {"type": "http.disconnect"}
MEBIBYTE = 1_048_576


def part(body: bytes, *, more: bool = False) -> Message:
    """A part of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def ask(
    app: ASGIApp, *messages: Message, method: str = "POST", length: str | None = None, kind: str = "http"
) -> Answer:
    """Send a request whose body comes in these messages; status, headers that say what to do, and body."""
    sent: list[Message] = []
    coming = [*messages]

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [] if length is None else [(b"content-length", length.encode())]
    await app({"type": kind, "method": method, "path": "/mcp", "headers": headers}, receive, send)
    start, *rest = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    shown = {name: told[name] for name in ("retry-after", "allow", "connection") if name in told}
    return start["status"], shown, b"".join(one["body"] for one in rest)


HELLO: Answer = (200, {}, b"hello")


class Held:
    """Says hello when it is released, and can fail instead."""

    def __init__(self) -> None:
        self.inside = 0
        self.released = asyncio.Event()
        self.fails = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, and answer."""
        self.inside += 1
        await self.released.wait()
        if self.fails:
            raise ZeroDivisionError
        await PlainTextResponse("hello")(scope, receive, send)


async def settle() -> None:
    """Let what was started run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def at_once(asking: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer to what must not wait."""
    task = asyncio.create_task(asking)
    await settle()
    assert task.done()
    return await task


@pytest.mark.parametrize("fails", [False, True])
def test_so_many_streams_are_open_at_once(*, fails: bool) -> None:
    """One more is told when to come back, and what is no stream is let in; each that ends, well or not, makes room."""

    async def open_streams() -> None:
        held = Held()
        admission = AdmissionMiddleware(held, lambda: False, max_streams=2)
        streams = [asyncio.create_task(ask(admission, method="GET")) for _ in range(2)]
        await settle()
        assert (held.inside, await at_once(ask(admission, method="GET"))) == (2, FULL)
        posted = asyncio.create_task(ask(admission))
        await settle()
        assert held.inside == 3
        held.fails = fails
        held.released.set()
        ended = await asyncio.gather(*streams, posted, return_exceptions=True)
        assert [isinstance(one, ZeroDivisionError) for one in ended] == [fails] * 3
        held.fails = False
        held.released.clear()
        streams = [asyncio.create_task(ask(admission, method="GET")) for _ in range(3)]
        await settle()
        held.released.set()
        assert await asyncio.gather(*streams) == [HELLO, HELLO, FULL]

    asyncio.run(open_streams())


@pytest.mark.parametrize(
    ("method", "full", "kind", "expected"),
    [
        ("POST", False, "http", HELLO),
        ("POST", True, "http", FULL),
        ("DELETE", True, "http", FULL),
        ("GET", True, "http", HELLO),
        ("HEAD", False, "http", (405, {"allow": "GET, POST"}, b"")),
        ("HEAD", True, "http", (405, {"allow": "GET, POST"}, b"")),
        ("POST", True, "lifespan", HELLO),
    ],
)
def test_who_is_let_in_when_there_is_no_room(method: str, full: bool, kind: str, expected: Answer) -> None:  # noqa: FBT001 - columns of the table
    """Streams have a number of their own; HEAD would open one that says nothing."""
    admission = AdmissionMiddleware(PlainTextResponse("hello"), lambda: full, max_streams=1)
    assert asyncio.run(ask(admission, method=method, kind=kind)) == expected


class Behind:
    """What is behind the middleware: keeps what it receives, and says hello."""

    def __init__(self, messages: int = 1) -> None:
        self.received: list[Message] = []
        self._messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Receive so many messages, and answer."""
        self.received += [await receive() for _ in range(self._messages)]
        await PlainTextResponse("hello")(scope, receive, send)


@pytest.mark.parametrize(
    "messages",
    [
        [part(b"all of it")],
        [part(b"all ", more=True), part(b"of it")],
        [part(b"all of", more=True), {"type": "http.request", "more_body": True}, part(b" it")],
        [part(b"all of it", more=True), {"type": "http.request"}],
    ],
)
def test_a_body_is_passed_on_whole(messages: Sequence[Message]) -> None:
    """In one message, however it came; what comes afterwards is passed on as it comes."""
    behind = Behind(messages=2)
    assert asyncio.run(ask(BodyMiddleware(behind), *messages, GONE)) == HELLO
    assert behind.received == [part(b"all of it"), GONE]


def test_what_has_no_body_is_not_received() -> None:
    """A GET, and the start of serving: whoever handles it receives what there is."""
    for method, kind in (("GET", "http"), ("POST", "lifespan")):
        behind = Behind()
        assert asyncio.run(ask(BodyMiddleware(behind), GONE, method=method, kind=kind)) == HELLO
        assert behind.received == [GONE]


TOO_LARGE: Answer = (413, {}, b"The request's body is larger than 1 MiB.")


@pytest.mark.parametrize(
    ("messages", "length", "expected"),
    [
        ([], "1048577", TOO_LARGE),
        ([part(b"x")], "1048576", HELLO),
        ([part(b"x")], "none", HELLO),
        ([part(b"x" * MEBIBYTE)], None, HELLO),
        ([part(b"x" * MEBIBYTE, more=True), part(b"x", more=True)], None, TOO_LARGE),
        ([part(b"x", more=True), GONE], None, (499, {}, b"")),
        ([GONE], None, (499, {}, b"")),
    ],
)
def test_a_body_that_is_too_large_or_does_not_come_reaches_nobody(
    messages: Sequence[Message], length: str | None, expected: Answer
) -> None:
    """As soon as it is known; 499 is for logs alone, since its client has gone."""
    behind = Behind()
    assert asyncio.run(ask(BodyMiddleware(behind), *messages, length=length)) == expected
    assert len(behind.received) == (expected == HELLO)


def test_a_body_that_takes_too_long_ends_its_connection() -> None:
    """What is left of it would be read as the next request."""

    async def slow(_: Scope, __: Receive, send: Send) -> None:
        async def receive() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": []}
        await BodyMiddleware(Behind(), seconds=0)(scope, receive, send)

    expected = (408, {"connection": "close"}, b"The request's body did not come in time.")
    assert asyncio.run(ask(slow)) == expected


def test_eight_large_bodies_have_a_place_until_they_are_answered() -> None:
    """8,193 bytes are large; a smaller body is let in beside them, and a ninth when one of them is answered."""

    async def post() -> None:
        held = Held()
        body = BodyMiddleware(held)
        large, small = (part(b"x" * 8_192, more=True), part(b"x", more=True), part(b"x")), part(b"x" * 8_192)
        callers = [asyncio.create_task(ask(body, *large)) for _ in range(8)]
        await settle()
        assert (held.inside, await at_once(ask(body, *large))) == (8, FULL)
        callers.append(asyncio.create_task(ask(body, small)))
        await settle()
        assert held.inside == 9
        held.released.set()
        assert await asyncio.gather(*callers) == [HELLO] * 9
        assert await asyncio.gather(*(ask(body, *large) for _ in range(8))) == [HELLO] * 8

    asyncio.run(post())


NO = PlainTextResponse("no", 400)


@pytest.mark.parametrize(
    ("sent", "repaired", "checked", "received", "expected"),
    [
        (b"{]", b"{}", b"{}", b"{}", HELLO),
        (b"{]", NO, None, None, (400, {}, b"no")),
        (b"no", b"no", b"no", None, (400, {}, b"no")),
        (b"", NO, b"", b"", HELLO),
    ],
)
def test_a_body_is_repaired_and_then_checked(
    sent: bytes, repaired: bytes | Response, checked: bytes | None, received: bytes | None, expected: Answer
) -> None:
    """Either may refuse it; a request without a body has nothing to repair."""
    seen: list[Any] = []

    def check(request: Request, body: bytes) -> Response | None:
        seen.append((request.method, body))
        return NO if body == b"no" else None

    behind = Behind()
    assert asyncio.run(ask(BodyMiddleware(behind, lambda _: repaired, check), part(sent))) == expected
    assert seen == ([] if checked is None else [("POST", checked)])
    assert behind.received == ([] if received is None else [part(received)])
