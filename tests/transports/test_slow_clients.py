"""Clients that take their time: with headers, bodies and answers; and a great many that open a stream and say no more.

How long they may take is shortened where it is judged: the same classes serve, in this process.
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

import pytest
import uvicorn
from program import COMMAND, HANDSHAKE, PATIENCE, Program
from raw_http import Answer, Connection, exchange, port_of, request, resident, rpc_body
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from blaxel_mcp.transports.admission import Admission
from blaxel_mcp.transports.edge import Edge
from blaxel_mcp.transports.http import GRACE_SECONDS, SPARE_FILES, listen
from blaxel_mcp.transports.protocol import Protocol

SHORT = 0.2
LARGE = 8 * 1024**2
LITTLE = 90_000
"""More than the system keeps for a client, and less than makes asyncio pause."""
STREAMS = 1_000


class Watched(Protocol):
    """With short deadlines, and a note of each look at a client that does not read."""

    header_seconds = SHORT
    stalled_seconds = 2 * SHORT
    refused_seconds = 0
    looked = threading.Event()

    def _check_reading(self, before: int) -> None:
        super()._check_reading(before)
        self.looked.set()


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[tuple[int, uvicorn.Server]]:
    """An app behind our protocol, in a thread: its port, and the server."""
    config = uvicorn.Config(app, http=Watched, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    listening = listen("127.0.0.1", 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # what is not taken is to stay in the process
    port: int = listening.getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
    thread.start()
    try:
        yield port, server
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listening.close()


@pytest.fixture(scope="module")
def quick() -> Iterator[int]:
    """The port of a server that says a word to everybody who asks properly."""
    with served(PlainTextResponse("hello")) as (port, _):
        yield port


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_who_begins_a_request_and_stops_is_not_waited_for(quick: int, begun: bytes) -> None:
    """The connection ends without an answer."""
    with Connection(quick) as connection:
        connection.send(begun)
        assert connection.rest() == b""


def drip(connection: Connection, part: Callable[[int], bytes]) -> int:
    """Send a little again and again until the other side has something to say or is gone; how often that was."""
    for count in range(100_000):
        readable, _, _ = select.select([connection], [], [], SHORT / 20)
        if readable:
            return count
        connection.send(part(count))
    raise AssertionError("It would take this for ever.")


def test_headers_that_never_end_do_not_keep_a_connection(quick: int) -> None:
    """A header more with every breath is not progress: the time is that of all of them together."""
    with Connection(quick) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert drip(connection, lambda number: b"X-%d: 1\r\n" % number) > 0
        assert connection.rest() == b""


def test_who_is_turned_away_holds_no_connection() -> None:
    """It is closed soon, while that of a welcome client is kept for its next request."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status = 401 if scope["path"] == "/no" else 200
        await PlainTextResponse("hello", status)(scope, receive, send)

    with served(Edge(app, lambda *_: None)) as (port, _), Connection(port) as welcome, Connection(port) as refused:
        refused.send(request("GET /no"))
        assert refused.answer().status == 401
        assert refused.rest() == b""
        for _ in range(2):
            welcome.send(request("GET /yes"))
            assert welcome.answer().status == 200


def test_the_second_request_has_no_more_time_than_the_first(quick: int) -> None:
    """On a connection that is kept, too."""
    with Connection(quick) as connection:
        for _ in range(3):
            connection.send(request("GET /"))
            assert connection.answer().body == b"hello"
        connection.send(b"GET / HTTP/1.1\r\n")
        assert drip(connection, lambda number: b"X-%d: 1\r\n" % number) > 0
        assert connection.rest() == b""


def test_what_is_left_of_a_refused_body_is_read_for_a_while_only(quick: int) -> None:
    """It was answered before its end; who goes on sending is cut off, and not read for ever."""
    with Connection(quick) as connection:
        connection.send(request("POST /", length=10**9))
        assert connection.answer().body == b"hello"
        assert drip(connection, lambda _: b"x") > 0
        assert connection.rest() == b""


@pytest.mark.parametrize(
    "headers", [["Content-Length: 1000"], ["Transfer-Encoding: chunked"]], ids=["length", "chunks"]
)
def test_a_body_that_comes_too_slowly_is_not_waited_for(headers: list[str]) -> None:
    """408, also where some of it comes all the time; its place is free again, and it has reached nobody."""
    reached: list[str] = []
    refused: list[tuple[str, int]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await PlainTextResponse("hello")(scope, receive, send)

    admission = Admission(
        app,
        most_requests=1,
        most_streams=1,
        full=lambda: False,
        body_seconds=SHORT,
    )
    edge = Edge(admission, lambda path, status: refused.append((path, status)))
    with served(edge) as (port, _), Connection(port) as connection:
        connection.send("\r\n".join(["POST /slow HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())
        assert drip(connection, lambda _: b"1\r\nx\r\n" if "chunked" in headers[0] else b"x") > 0
        assert connection.answer().status == 408
        assert connection.rest() == b""
        assert exchange(port, request("POST /quick", body=b"all of it")).body == b"hello"
    assert (reached, refused) == (["/quick"], [("/slow", 408)])


@pytest.mark.parametrize("close", [[], ["Connection: close"]], ids=["kept", "closed"])
@pytest.mark.parametrize("size", [LARGE, LITTLE])
def test_an_answer_that_nobody_takes_is_given_up(size: int, close: list[str]) -> None:
    """Neither the connection nor what was written to it stays, however little of it is left."""
    with served(PlainTextResponse(b"x" * size)) as (port, server), Connection(port, window=4096) as connection:
        connection.send(request("GET /", *close))
        assert select.select([connection], [], [], PATIENCE)[0]  # it was answered
        Watched.looked.clear()
        assert Watched.looked.wait(PATIENCE)
        while server.server_state.connections:
            assert Watched.looked.wait(PATIENCE)
        assert len(connection.rest()) < size


def test_an_answer_that_is_taken_slowly_is_not() -> None:
    """As long as some of it is taken between two looks, all of it comes."""
    with served(PlainTextResponse(b"x" * LARGE)) as (port, _), Connection(port, window=65_536) as connection:
        connection.send(request("GET /"))
        head = connection.head()
        taken = 0
        for _ in range(3):
            Watched.looked.clear()
            taken += len(connection.some(500_000))
            assert Watched.looked.wait(PATIENCE)
        assert taken + len(connection.some(LARGE - taken)) == int(head.headers["content-length"]) == LARGE


def files(wanted: int) -> None:
    """Have room for so many connections in this process too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in {-1, resource.RLIM_INFINITY} and hard < wanted:
        pytest.skip(f"No process here may open {wanted} files.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def test_thousands_of_streams_that_say_nothing() -> None:
    """A thousand are held, as many more are told when to come back, the rest goes on; and there is room afterwards."""
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
        assert program.wait(5) == 0
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
    """More answers wait there than the system takes; it is cut off without the time that those who read are given."""
    with (
        Program("--transport", "sse", "--port", "0", "--demo") as program,
        Connection(port := port_of(program.listening()), window=4096) as stream,
        Connection(port) as posting,
    ):
        for post in itertools.islice(posts(stream), 1_000):
            posting.send(post)
            assert posting.answer().status == 202
        program.process.terminate()
        assert program.wait(GRACE_SECONDS) == 0
        assert program.errors().count("\n") == 1


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
