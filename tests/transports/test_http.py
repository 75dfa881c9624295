"""Serving over HTTP from its start to its end: where it listens, what it says, and how it takes a signal.

The server runs in the tests' process, in the loop that also asks it over a socket, whose seconds take no time.
"""

import asyncio
import logging
import re
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from support.sockets import request
from support.virtual_time import run, until

from blaxel_mcp import __version__
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.settings import Settings, load
from blaxel_mcp.transports.http import listen, raise_file_limit, serve_http

SIGINT, SIGTERM = signal.SIGINT, signal.SIGTERM


def has_ipv6() -> bool:
    """Whether this machine can be reached by IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return socket.has_dualstack_ipv6()


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="There is no IPv6 here.")


class App:
    """Says hello: at once; to `/held` when it is released; to `/never` not at all; to `/stream` in one that stays."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cut_off: list[str] = []
        self.released = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and note a lifespan's messages too."""
        if scope["type"] != "http":
            while True:
                self.asked.append((await receive())["type"])
                await send({"type": f"{self.asked[-1]}.complete"})
        path = scope["path"]
        self.asked.append(path)
        if path == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"hello", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        try:
            if path in {"/held", "/never"}:
                await (self.released if path == "/held" else asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cut_off.append(path)
            for name in ("mcp.server.lowlevel.server", "uvicorn.error"):
                logging.getLogger(name).critical("A traceback.")
            raise
        await PlainTextResponse("hello")(scope, receive, send)


class Served:
    """A server that is asked, and told to end, in the loop that it runs in."""

    def __init__(self, app: App, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self.app = app
        self.said = ""
        self.aborted = 0
        self._settings = settings
        self._capsys = capsys
        self._port = 0
        self._opened: list[asyncio.StreamWriter] = []
        self._serving: asyncio.Task[int] | None = None

    def _abort_in_flight(self) -> None:
        self.aborted += 1
        self.app.released.set()

    async def run(self, test: "Test") -> int:
        """Start, run the test, which has to end it, and return the exit code."""
        self._serving = asyncio.create_task(serve_http(self.app, self._settings, self._abort_in_flight))
        await until(lambda: self.is_over or self._heard())
        if self.is_over:
            return await self._serving
        self._port = int(self.said.rpartition(":")[2].partition("/")[0])
        try:
            await test(self)
            await until(lambda: self.is_over)
            self._heard()
            return await self._serving
        finally:
            for writer in self._opened:
                writer.close()
            self._serving.cancel()

    def _heard(self) -> str:
        self.said += self._capsys.readouterr().err
        return self.said

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._serving is not None and self._serving.done()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        reader, writer = await asyncio.open_connection(self._settings.host, self._port)
        self._opened.append(writer)
        return reader, writer

    async def ask(self, path: str, method: str = "POST") -> asyncio.StreamReader:
        """Send a request, on a connection of its own, and wait until it has arrived; what comes back can be read."""
        reader, writer = await self.connect()
        before = self.app.asked.count(path)
        writer.write(request(f"{method} {path}"))
        await until(lambda: self.app.asked.count(path) > before)
        return reader

    async def signal(self, number: int) -> None:
        """Send this process a signal, and wait until it is handled."""
        signal.raise_signal(number)
        for _ in range(5):
            await asyncio.sleep(0)


Test = Callable[[Served], Awaitable[None]]


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """What belongs to the process is afterwards as it was: handlers of signals, the limit of files, loggers."""
    handlers = {number: signal.signal(number, lambda *_: None) for number in (SIGINT, SIGTERM)}
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    loggers = [logging.getLogger(name) for name in ("", "uvicorn.error", "uvicorn.access", "mcp")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.propagate = True
    yield
    for logger, (level, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate
    resource.setrlimit(resource.RLIMIT_NOFILE, files)
    for number, handler in handlers.items():
        signal.signal(number, handler)


Serve = Callable[..., tuple[int, Served]]


@pytest.fixture
def serve(capsys: pytest.CaptureFixture[str]) -> Serve:
    """Serves for a test, with these variables; the exit code, and the server as it was in the end."""

    def serve(test: Test, **env: str) -> tuple[int, Served]:
        usual = {"BLAXEL_MCP_TRANSPORT": "http", "BLAXEL_MCP_PORT": "0", "BL_API_KEY": "key", "BL_WORKSPACE": "ws"}
        served = Served(App(), load({}, usual | env, None), capsys)
        return run(lambda: served.run(test)), served

    return serve


async def end(served: Served) -> None:
    """Tell it to end while nothing is under way."""
    await served.signal(SIGTERM)
    await asyncio.sleep(0.5)


@pytest.mark.parametrize(
    ("env", "address"),
    [
        ({}, "http://127.0.0.1:{port}/mcp"),
        pytest.param({"BLAXEL_MCP_HOST": "::1"}, "http://[::1]:{port}/mcp", marks=IPV6),
        ({"BLAXEL_MCP_TRANSPORT": "sse"}, "http://127.0.0.1:{port}/sse"),
    ],
)
def test_it_says_where_it_listens_and_serves_there(serve: Serve, env: dict[str, str], address: str) -> None:
    """One line, and no other until its end; the application has been started, and is told of the end."""
    answers = []

    async def use(served: Served) -> None:
        answers.append(await (await served.ask("/")).readuntil(b"hello"))
        await end(served)

    code, served = serve(use, **env)
    port = served.said.rpartition(":")[2].partition("/")[0]
    assert (code, served.said) == (0, f"blaxel-mcp {__version__} listening on {address.format(port=port)}\n")
    assert served.app.asked == ["lifespan.startup", "/", "lifespan.shutdown"]
    names = {line.partition(b":")[0] for line in answers[0].splitlines()[1:-2]}
    assert names == {b"date", b"content-length", b"content-type"}  # nothing tells by which software it is served


def test_no_address_that_is_asked_for_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """It may have a credential in its query."""

    async def use(served: Served) -> None:
        _, writer = await served.connect()
        writer.write(request("GET /?token=hunter2"))
        await until(lambda: "/" in served.app.asked)
        await end(served)

    with caplog.at_level(logging.DEBUG):
        serve(use)
    assert "Started server process" in caplog.text
    assert "hunter2" not in caplog.text


def test_the_start_warns_of_what_will_not_work(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """And serves all the same."""
    assert serve(end, BL_API_KEY="")[0] == 0
    assert caplog.messages == [
        "No Blaxel credential was found, so every call will fail; `blaxel-mcp doctor` says where it is looked for."
    ]


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"BLAXEL_MCP_HOST": "0.0.0.0"}, "0.0.0.0 can be reached from other machines, and nobody would be kept out."),  # noqa: S104
        ({"BLAXEL_MCP_HOST": "192.0.2.1", "BLAXEL_MCP_AUTH_TOKEN": "0123456789abcdef"}, "Cannot listen on 192.0.2.1, "),
    ],
)
def test_what_may_not_or_cannot_be_listened_on_is_refused(serve: Serve, env: dict[str, str], problem: str) -> None:
    """Before anything is served or said."""
    with pytest.raises(ConfigurationError, match="^" + re.escape(problem)):
        serve(end, **env)


def test_an_idle_connection_is_kept_for_75_seconds(serve: Serve) -> None:
    """Longer than the minute after which clients and proxies give up theirs."""

    async def use(served: Served) -> None:
        reader, writer = await served.connect()
        for idle in (0, 74.9):
            await asyncio.sleep(idle)
            writer.write(request("GET /"))
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(75)
        assert await reader.read() == b""
        await end(served)

    assert serve(use)[0] == 0


def test_there_are_200_connections_beyond_those_for_requests_and_streams(serve: Serve) -> None:
    """One more is answered 503; the system is asked for as many files, and 64 for the process itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    files = []

    async def use(served: Served) -> None:
        files.append(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        resource.setrlimit(resource.RLIMIT_NOFILE, (2_000, hard))  # both ends of them are in this process
        opened = [await served.connect() for _ in range(206)]
        assert (await opened[205][0].read()).startswith(b"HTTP/1.1 503 ")
        opened[204][1].write(request("GET /"))
        assert (await opened[204][0].readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
        for _, writer in opened:
            writer.close()
        await end(served)

    assert serve(use, BLAXEL_MCP_MAX_REQUESTS="2", BLAXEL_MCP_MAX_STREAMS="3")[0] == 0
    assert files == [205 + 64]


# Its end


def test_calls_in_flight_have_a_second_and_a_half(serve: Serve) -> None:
    """Then they are told to end with an error, which is still written; nobody new is let in meanwhile."""
    answers = []

    async def use(served: Served) -> None:
        call = await served.ask("/held")
        await served.signal(SIGTERM)
        await asyncio.sleep(1.4)
        assert (served.aborted, served.is_over) == (0, False)
        with pytest.raises(ConnectionRefusedError):
            await served.connect()
        await asyncio.sleep(0.1)
        assert served.aborted == 1
        await asyncio.sleep(0.5)
        answers.append(await call.read())

    code, served = serve(use)
    assert (code, served.aborted, served.app.cut_off, answers[0][-5:]) == (0, 1, [], b"hello")


def test_a_stream_is_closed_once_the_last_answers_can_have_been_written_to_it(serve: Serve) -> None:
    """It does not end by itself, and the calls in flight, whose answers it may carry, have a second and a half."""

    async def use(served: Served) -> None:
        stream = await served.ask("/stream", "GET")
        assert (await stream.readuntil(b"hello\r\n")).startswith(b"HTTP/1.1 200 ")
        await served.signal(SIGTERM)
        await asyncio.sleep(1.8)
        assert (stream.at_eof(), served.aborted) == (False, 1)
        await asyncio.sleep(0.1)
        await until(stream.at_eof)
        await asyncio.sleep(0.2)
        assert served.is_over

    code, served = serve(use)
    assert (code, served.app.cut_off) == (0, [])


def test_what_does_not_end_is_cut_off_after_three_seconds(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Without a word, though what is cut off would log a traceback; others log as before."""

    async def use(served: Served) -> None:
        call = await served.ask("/never")
        await served.signal(SIGTERM)
        await asyncio.sleep(3)
        assert (served.app.cut_off, call.at_eof(), served.is_over) == ([], False, False)
        await asyncio.sleep(0.3)
        assert served.app.cut_off == ["/never"]
        logging.getLogger("blaxel_mcp").warning("All is well.")

    code, served = serve(use)
    assert (code, served.app.asked) == (0, ["lifespan.startup", "/never", "lifespan.shutdown"])
    assert caplog.messages == ["All is well."]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [(SIGINT, SIGINT, 130), (SIGTERM, SIGINT, 130), (SIGINT, SIGTERM, 0), (SIGTERM, SIGTERM, 0)],
)
def test_a_second_signal_ends_it_now(
    serve: Serve, first: signal.Signals, second: signal.Signals, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The call in flight is told at once, and the application is not asked to wind down, which may take its time."""
    caplog.set_level("INFO", "blaxel_mcp")

    async def use(served: Served) -> None:
        await served.ask("/held")
        await served.signal(first)
        await asyncio.sleep(0.3)
        assert (served.aborted, served.is_over) == (0, False)
        await served.signal(second)
        await until(lambda: served.aborted)
        await asyncio.sleep(0.3)
        assert served.is_over

    ended, served = serve(use)
    assert (ended, served.app.asked) == (code, ["lifespan.startup", "/held"])
    assert caplog.messages == [f"Ending: {first.name}.", f"Ending at once: {second.name}."]


def test_one_interruption_is_an_orderly_end(serve: Serve) -> None:
    """As by SIGTERM: the code says that all is well, and connections on which nothing was asked are closed."""

    async def use(served: Served) -> None:
        idle, _ = await served.connect()
        await (await served.ask("/")).readuntil(b"hello")
        await served.signal(SIGINT)
        await asyncio.sleep(0.5)
        assert (await idle.read(), served.is_over) == (b"", True)

    code, served = serve(use)
    assert (code, served.app.asked) == (0, ["lifespan.startup", "/", "lifespan.shutdown"])


# Sockets and files


def test_an_answer_does_not_wait_for_an_acknowledgement() -> None:
    """TCP_NODELAY, which connections have from the socket that listens."""
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


@IPV6
@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("localhost", ["127.0.0.1"]),
        ("::1", ["::1"]),
        ("[::1]", ["::1"]),
        ("::", ["127.0.0.1", "::1"]),
        ("[::]", ["127.0.0.1", "::1"]),
    ],
)
def test_where_a_socket_can_be_reached(host: str, reached: list[str]) -> None:
    """At its address, with brackets or without; under `::` by IPv4 too."""
    found = []
    with listen(host, 0) as listening:
        for address in ("127.0.0.1", "::1"):
            try:
                socket.create_connection((address, listening.getsockname()[1])).close()
            except ConnectionRefusedError:
                continue
            found.append(address)
    assert found == reached


def test_an_address_that_cannot_be_listened_on_is_told() -> None:
    """With the reason, in the system's words where it has some."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        for host, number, reason in (
            ("127.0.0.1", port, "Address already in use"),
            ("192.0.2.1", 8000, "Cannot assign requested address"),
            ("a..b", 8000, "the name is not known"),
        ):
            with pytest.raises(ConfigurationError) as refused:
                listen(host, number)
            assert refused.value.problems == [f"Cannot listen on {host}, port {number}: {reason}."]


INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("allowed", "wanted", "fit", "then"),
    [
        ((1_024, 4_096), 960, 960, (1_024, 4_096)),
        ((1_024, 4_096), 961, 961, (1_025, 4_096)),
        ((1_024, 4_096), 4_032, 4_032, (4_096, 4_096)),
        ((1_024, 4_096), 4_033, 4_032, (4_096, 4_096)),
        ((1_024, INFINITE), 100_000, 100_000, (100_064, INFINITE)),
        ((INFINITE, INFINITE), 100_000, 100_000, (INFINITE, INFINITE)),
        ((66, 66), 100, 2, (66, 66)),
        ((64, 64), 100, 1, (64, 64)),
    ],
)
def test_so_many_connections_as_there_may_be_files(
    monkeypatch: pytest.MonkeyPatch, allowed: tuple[int, int], wanted: int, fit: int, then: tuple[int, int]
) -> None:
    """The soft limit is raised as far as it must, and the hard one allows; 64 files are for the process itself."""
    limits = {resource.RLIMIT_NOFILE: allowed}
    monkeypatch.setattr(resource, "getrlimit", limits.__getitem__)
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    assert (raise_file_limit(wanted), limits) == (fit, {resource.RLIMIT_NOFILE: then})


def test_a_system_without_such_a_limit_takes_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows."""
    monkeypatch.setitem(sys.modules, "resource", None)
    assert raise_file_limit(100_000) == 100_000
