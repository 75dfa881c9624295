"""Clients that take their time: with headers, bodies and answers; and a great many that open a stream and say no more.

No test waits for a deadline: the connections' timers are held here, and a deadline has passed when the test says so.
"""

import asyncio
import contextlib
import itertools
import json
import resource
import select
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from support.program import COMMAND, HANDSHAKE, HTTP_SECONDS, LOGGED, PATIENCE, Program
from support.sockets import Answer, Connection, exchange, port_of, request, resident, rpc_body

from blaxel_mcp.telemetry import Observers
from blaxel_mcp.transports.access_log import AccessLogMiddleware
from blaxel_mcp.transports.admission import BodyMiddleware
from blaxel_mcp.transports.deadlines import STALLED_SECONDS, DeadlineProtocol
from blaxel_mcp.transports.http import SPARE_FILES, listen

pytestmark = pytest.mark.slow

LARGE = 8 * 1024**2
LITTLE = 90_000
"""More than the system keeps for a client, and less than makes asyncio pause."""
STREAMS = 300
"""Enough that one which is forgotten would be seen in the memory, and few enough for a busy machine to end in time."""


class Timer:
    """A call that waits until the test says that its time has come."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        """As that of the loop's own handle."""
        self.is_cancelled = True


class Clock:
    """Stands in for the loop of a connection: everything but the passing of time is the loop's own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._looks: list[Timer] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(self, seconds: float, callback: Callable[..., None], *args: Any) -> Timer:
        """Keep the connection's own timer; uvicorn's, for idle connections, never comes to its end."""
        timer = Timer(lambda: callback(*args))
        if seconds == STALLED_SECONDS:
            self._looks.append(timer)
        return timer

    def look(self) -> None:
        """Let the time until the connection's next look pass."""
        due, self._looks = self._looks, []
        for timer in due:
            if not timer.is_cancelled:
                timer.call()


class Served:
    """A server in a thread whose connections' time passes only when a test calls `look`."""

    def __init__(self, app: ASGIApp, max_connections: int = DeadlineProtocol.max_connections) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        connections = max_connections

        class Timed(DeadlineProtocol):
            max_connections = connections

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.loop: Any = Clock(self.loop)

        config = uvicorn.Config(
            app, http=Timed, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._socket = listen("127.0.0.1", 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # what is not taken stays in the process
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])

    @property
    def connections(self) -> list[Any]:
        """Those that are open."""
        return [*self._server.server_state.connections]

    def look(self) -> None:
        """Have the server look at each of its connections; returns when it has."""
        looked = threading.Event()

        def look() -> None:
            for connection in self.connections:
                connection.loop.look()
            looked.set()

        assert self._loop is not None
        self._loop.call_soon_threadsafe(look)
        assert looked.wait(PATIENCE)

    def until(self, is_so: Callable[[list[Any]], bool]) -> None:
        """Wait until something is true of the open connections: it has connected, or what was sent has arrived."""
        tries = itertools.count()
        while not is_so(self.connections):
            assert next(tries) < PATIENCE * 1_000, self.connections
            threading.Event().wait(0.001)

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()


def served(app: ASGIApp, **limits: int) -> contextlib.closing[Served]:
    """An app behind our protocol."""
    return contextlib.closing(Served(app, **limits))


@pytest.fixture(scope="module")
def hello() -> Iterator[Served]:
    """A server that says a word to everybody who asks properly."""
    with served(PlainTextResponse("hello")) as server:
        yield server


def received(server: Served, text: bytes) -> None:
    """Wait until the server's only connection has received this as the last of headers that are not complete."""
    server.until(lambda open_ones: [one.conn.trailing_data[0][-len(text) :] for one in open_ones] == [text])


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_headers_that_stop_coming_close_the_connection(hello: Served, begun: bytes) -> None:
    """The connection ends without an answer at the first look."""
    with Connection(hello.port) as connection:
        connection.send(begun)
        hello.until(lambda open_ones: len(open_ones) == 1)
        received(hello, begun)
        hello.look()
        assert connection.rest() == b""
    hello.until(lambda open_ones: not open_ones)


@pytest.mark.parametrize(("requests_before", "looks"), [(0, 1), (3, 2)])
def test_headers_that_never_end_close_the_connection(hello: Served, requests_before: int, looks: int) -> None:
    """One more header before each look is not progress, on a new connection or on one that was kept."""
    with Connection(hello.port) as connection:
        for _ in range(requests_before):
            connection.send(request("GET /"))
            assert connection.answer().body == b"hello"
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        for number in range(looks):
            connection.send(b"X-%d: 1\r\n" % number)
            received(hello, b"X-%d: 1\r\n" % number)
            hello.look()
        assert connection.rest() == b""
    hello.until(lambda open_ones: not open_ones)


def test_an_idle_connection_is_kept(hello: Served) -> None:
    """For uvicorn's keep-alive time: between two requests a client owes nothing."""
    with Connection(hello.port) as connection:
        for _ in range(3):
            connection.send(request("GET /"))
            assert connection.answer().body == b"hello"
            hello.look()
            hello.look()
    hello.until(lambda open_ones: not open_ones)


def test_each_request_has_the_time_for_its_own_headers(hello: Served) -> None:
    """A look that finds the next request's headers incomplete, as the look before found this one's, is no reason."""
    with Connection(hello.port) as connection:
        connection.send(request("GET /"))
        assert connection.answer().body == b"hello"
        for _ in range(3):
            connection.send(b"GET / HTTP/1.1\r\n")
            received(hello, b"GET / HTTP/1.1\r\n")
            hello.look()
            connection.send(b"Host: localhost\r\n\r\n")
            assert connection.answer().body == b"hello"
    hello.until(lambda open_ones: not open_ones)


def test_the_rest_of_a_refused_body_is_read_for_a_while_only(hello: Served) -> None:
    """The request was answered before the end of its body; a client that goes on sending is cut off."""
    with Connection(hello.port) as connection:
        connection.send(request("POST /", length=10**9))
        assert connection.answer().body == b"hello"
        for _ in range(2):
            connection.send(b"x")
            hello.look()
        assert connection.rest() == b""
    hello.until(lambda open_ones: not open_ones)


class Rejections:
    """An observer that keeps what was rejected."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def rejected(self, route: str, status: int) -> None:
        """Keep it."""
        self.seen.append((route, status))

    def handled(self, *_: object) -> None:
        """Not asked for."""

    def upstream_attempt(self, *_: object) -> None:
        """Not asked for."""


@pytest.mark.parametrize(
    ("headers", "part"),
    [(["Content-Length: 1000"], b"x"), (["Transfer-Encoding: chunked"], b"1\r\nx\r\n")],
    ids=["length", "chunks"],
)
def test_a_body_that_comes_too_slowly_is_answered_408(headers: list[str], part: bytes) -> None:
    """Also where some of it comes all the time; it has reached nobody, and the connection ends."""
    reached: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await PlainTextResponse("hello")(scope, receive, send)

    rejections = Rejections()
    impatient, patient = BodyMiddleware(app, seconds=0), BodyMiddleware(app, seconds=PATIENCE)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        await (impatient if scope["path"] == "/slow" else patient)(scope, receive, send)

    log = AccessLogMiddleware(dispatch, Observers([rejections]), routes={"/slow"})
    with served(log) as server, Connection(server.port) as connection:
        connection.send("\r\n".join(["POST /slow HTTP/1.1", "Host: localhost", *headers, "", ""]).encode() + part)
        while not select.select([connection], [], [], 0.001)[0]:
            connection.send(part)
        assert connection.answer().status == 408
        assert connection.rest() == b""
        assert exchange(server.port, request("POST /quick", body=b"all of it")).body == b"hello"
    assert (reached, rejections.seen) == (["/quick"], [("/slow", 408)])


@pytest.mark.parametrize("close", [[], ["Connection: close"]], ids=["kept", "closed"])
@pytest.mark.parametrize("size", [LARGE, LITTLE])
def test_an_answer_that_nobody_reads_is_given_up(size: int, close: list[str]) -> None:
    """Neither the connection nor what was written to it stays, however little of it is left."""
    with served(PlainTextResponse(b"x" * size)) as server, Connection(server.port, window=4096) as connection:
        connection.send(request("GET /", *close))
        assert select.select([connection], [], [], PATIENCE)[0]  # it was answered
        while server.connections:
            server.look()
        assert len(connection.rest()) < size


def test_an_answer_that_is_read_slowly_is_not_given_up() -> None:
    """As long as some of it is taken between two looks, all of it comes."""
    with served(PlainTextResponse(b"x" * LARGE)) as server, Connection(server.port, window=65_536) as connection:
        connection.send(request("GET /"))
        head = connection.head()
        taken = 0
        for _ in range(5):
            taken += len(connection.some(500_000))  # more than the system keeps: the process has written since
            server.look()
        assert taken + len(connection.some(LARGE - taken)) == int(head.headers["content-length"]) == LARGE


def files(wanted: int) -> None:
    """Have room for so many connections in this process too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in {-1, resource.RLIM_INFINITY} and hard < wanted:
        pytest.skip(f"No process here may open {wanted} files.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def test_hundreds_of_streams_that_say_nothing() -> None:
    """Hundreds are held, as many more are told when to come back, the rest goes on; and there is room afterwards."""
    files(3 * STREAMS)
    with (
        Program("--transport", "sse", "--port", "0", "--demo", "--max-streams", str(STREAMS)) as program,
        contextlib.ExitStack() as opened,
    ):
        port, pid = port_of(program.listening()), program.process.pid
        heads = [opening(opened.enter_context(Connection(port))) for _ in range(2 * STREAMS)]
        assert [head.status for head in heads] == [200] * STREAMS + [503] * STREAMS
        assert {head.headers["retry-after"] for head in heads[STREAMS:]} == {"1"}
        assert exchange(port, request("GET /health")).body == b"ok"
        full = resident(pid)
        assert full < 400
        opened.close()
        for _ in range(STREAMS):
            while opening(opened.enter_context(Connection(port))).status == 503:
                pass  # until it has seen that those before are gone
        assert resident(pid) < 1.2 * full
        program.process.terminate()
        assert program.wait() == 0
        assert program.errors().count("\n") == 1


MOST_POSTS = 10_000
"""By far more than the answers that the system takes for a client which reads nothing."""


def posts(stream: Connection) -> Iterator[bytes]:
    """What a client posts for a stream it has just opened: the handshake, then one question again and again."""
    assert opening(stream).status == 200
    while not (line := stream.line()).startswith(b"data: "):
        pass
    post = f"POST {line.removeprefix(b'data: ').strip().decode()}"
    hello = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    questions = (rpc_body("tools/list", modern=False, number=number) for number in range(MOST_POSTS))
    notified = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    for message in (rpc_body("initialize", hello, modern=False), notified, *questions):
        yield request(post, "Content-Type: application/json", body=json.dumps(message).encode())


def test_a_stream_that_nobody_reads_does_not_keep_it_from_ending() -> None:
    """More answers wait there than the system takes for it; when the time for a shutdown is over it is cut off."""
    with (
        Program("--transport", "sse", "--port", "0", "--demo", env=LOGGED) as program,
        Connection(port := port_of(program.listening()), window=4096) as stream,
        Connection(port) as posting,
    ):
        for post in itertools.islice(posts(stream), 1_000):
            posting.send(post)
            assert posting.answer().status == 202
        program.process.terminate()
        assert program.ends_within(HTTP_SECONDS) == 0
        assert program.warnings().count("\n") == 1


def test_answers_that_nobody_reads_do_not_pile_up() -> None:
    """As many as there may be requests wait to be written; then 503, until they are taken or their reader has gone."""
    with (
        Program("--transport", "sse", "--port", "0", "--demo", "--max-requests", "20") as program,
        Connection(port := port_of(program.listening()), window=4096) as stream,
        Connection(port) as posting,
    ):
        answer = Answer(0, {}, b"")
        for post in posts(stream):
            posting.send(post)
            if (answer := posting.answer()).status != 202:
                break
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert exchange(port, request("GET /health")).body == b"ok"
        stream.close()
        with Connection(port) as again:
            hello = next(posts(again))
            while (status := exchange(port, hello).status) == 503:
                pass  # until it has seen that its reader has gone
            assert status == 202
            while b"serverInfo" not in again.line():
                pass


def opening(connection: Connection) -> Answer:
    """Ask for a stream; what is answered before anything is sent on it."""
    connection.send(request("GET /sse"))
    return connection.head()


@pytest.mark.parametrize("limit", ["-Sn 100", "-n 200"], ids=["can be raised", "cannot"])
def test_a_system_that_allows_few_files_is_asked_for_more(limit: str) -> None:
    """Where it says no, fewer connections are taken, and the others turned away as usual; nothing runs out."""
    command = ("/bin/sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *COMMAND)
    with (
        Program("--transport", "http", "--port", "0", "--demo", command=command) as program,
        contextlib.ExitStack() as opened,
    ):
        port = port_of(program.listening())
        statuses = []
        for _ in range(300):
            connection = opened.enter_context(Connection(port))
            connection.send(request("GET /health"))
            statuses.append(connection.head().status)
        assert set(statuses) == ({200} if "S" in limit else {200, 503})
        assert "S" in limit or statuses.count(200) == 200 - SPARE_FILES
        opened.close()
        program.process.terminate()
        assert program.wait() == 0
        assert program.errors().count("\n") == (1 if "S" in limit else 2)  # that all of them are taken is said once


def test_a_connection_too_many_is_answered_503(caplog: pytest.LogCaptureFixture) -> None:
    """Those that are open go on; the log says it once a minute."""
    with served(PlainTextResponse("hello"), max_connections=2) as server, contextlib.ExitStack() as opened:
        first, second = (opened.enter_context(Connection(server.port)) for _ in range(2))
        server.until(lambda open_ones: len(open_ones) == 2)
        for _ in range(3):
            with Connection(server.port) as third:
                assert (third.head().status, third.rest()) == (503, b"")
            server.until(lambda open_ones: len(open_ones) == 2)
        for connection in (first, second):
            connection.send(request("GET /"))
            assert connection.answer().body == b"hello"
    assert caplog.messages.count("All 2 connections are taken; new ones are answered 503.") == 1
