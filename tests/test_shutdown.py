"""How it ends: in time, whatever it is doing, with the code its caller expects, and without a trace."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp_types import TextContent
from support.faults import Faults, Hold
from support.program import (
    AT_ONCE_SECONDS,
    HTTP_SECONDS,
    LOGGED,
    MODERN,
    PATIENCE,
    STDIO_SECONDS,
    Program,
    account,
    nobody,
    side_by_side,
)
from support.sockets import ERAS, call, message, said

from blaxel_mcp.demo import control_plane, script

pytestmark = pytest.mark.slow

CALL: dict[str, Any] = {
    "name": "get_job_execution",
    "arguments": {"jobId": "image-resize", "executionId": script.FAILED},
}


class Upstream:
    """A control plane that keeps every call until it is told otherwise."""

    def __init__(self, url: str, faults: Faults, hold: Hold) -> None:
        self.env = account(url) | LOGGED
        self.faults = faults
        self.hold = hold


@contextlib.contextmanager
def holding() -> Iterator[Upstream]:
    """Where a call stays in flight."""
    faults, hold = Faults(control_plane.build_app()), Hold()
    faults.always(hold)
    with control_plane.serve(faults) as url:
        yield Upstream(url, faults, hold)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """The same, for one test."""
    with holding() as upstream:
        yield upstream


ENDS: dict[str, tuple[Callable[[Program], None], int]] = {
    "end of input": (Program.close_input, 0),
    "SIGINT": (lambda program: program.signal(signal.SIGINT), 130),
    "SIGTERM": (lambda program: program.signal(signal.SIGTERM), 143),
}


@pytest.mark.parametrize("modern", [False, True], ids=["idle", "in flight"])
@pytest.mark.parametrize("end", ENDS)
def test_stdio_ends_within_two_seconds(upstream: Upstream, end: str, *, modern: bool) -> None:
    """End of input and both signals end it at once, with its own code and no traceback, a call in flight or not."""
    tell, code = ENDS[end]
    with Program(env=upstream.env) as program:
        if modern:
            program.ask("tools/call", CALL, modern=True)
            assert upstream.hold.arrived.wait(PATIENCE)
        else:
            program.shake_hands()
            program.request("ping")
        tell(program)
        assert program.ends_within(STDIO_SECONDS) == code
        assert program.is_gone()
        assert program.warnings() == ""
    assert not modern or upstream.faults.gone.wait(PATIENCE)


def test_an_answer_that_nobody_can_read_is_not_worth_a_traceback() -> None:
    """A client that dies takes both pipes along, and an answer may be on its way."""
    with nobody() as pipe, Program(stdout=pipe) as program:
        program.ask("ping")
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")


def test_a_look_up_that_hangs_does_not_keep_it() -> None:
    """A host name's look-up sits in a thread that nothing can stop: the program ends without it."""
    hanging = (
        "import socket, sys, threading; "
        "said = lambda: print('looking up', file=sys.stderr, flush=True); "
        "socket.getaddrinfo = lambda *_, **__: (said(), threading.Event().wait()); "
        "from blaxel_mcp.cli import main; sys.exit(main())"
    )
    env = account("https://api.invalid/v0") | LOGGED
    with Program(command=(sys.executable, "-c", hanging), env=env) as program:
        program.ask("tools/call", CALL, modern=True)
        while program.next_error() != "looking up\n":
            pass
        program.close_input()
        assert program.ends_within(STDIO_SECONDS) == 0
        assert program.warnings() == "looking up\n"


@pytest.mark.parametrize("module", ["blaxel_mcp.cli", "blaxel_mcp.runtime", "mcp.server.mcpserver"])
@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_an_interruption_while_it_starts_is_quiet(module: str, transport: str) -> None:
    """In the middle of an import, where Python would show fifty lines of traceback."""
    interrupts = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(name, *_):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
        "from blaxel_mcp.__main__ import main; sys.exit(main())"
    )
    command = (sys.executable, "-c", interrupts)
    with Program("--transport", transport, "--port", "0", command=command) as program:
        assert (program.wait(), program.output(), program.errors()) == (130, "", "")


def call_over_http(client: httpx.Client, upstream: Upstream, threads: ThreadPoolExecutor) -> None:
    """Have a tool called, and held upstream."""
    body, headers = message("tools/call", CALL, MODERN)
    threads.submit(client.post, "/mcp", json=body, headers=headers)
    assert upstream.hold.arrived.wait(PATIENCE)


def open_stream(client: httpx.Client, _: Upstream, threads: ThreadPoolExecutor) -> None:
    """Have an SSE stream opened, and read for as long as there is one."""
    opened = Event()

    def read() -> None:
        with client.stream("GET", "/sse") as stream:
            for _ in stream.iter_lines():
                opened.set()

    threads.submit(read)
    assert opened.wait(PATIENCE)


def nothing(client: httpx.Client, upstream: Upstream, threads: ThreadPoolExecutor) -> None:
    """Leave it idle."""


Busy = Callable[[httpx.Client, Upstream, ThreadPoolExecutor], None]
HTTP: dict[str, tuple[str, Busy, Sequence[signal.Signals]]] = {
    "idle": ("http", nothing, [signal.SIGTERM]),
    "call in flight": ("http", call_over_http, [signal.SIGTERM]),
    "open stream": ("sse", open_stream, [signal.SIGTERM]),
    "interrupted": ("sse", nothing, [signal.SIGINT]),
    "interrupted twice": ("http", call_over_http, [signal.SIGINT, signal.SIGINT]),
}


@dataclass(frozen=True)
class Ended:
    """How a server over HTTP ended: its code, what it had written, and whether its call upstream was given up."""

    code: int
    is_gone: bool
    lines: int
    gave_up: bool


def end_http(transport: str, busy: Busy, signals: Sequence[signal.Signals]) -> Ended:
    """Start a server, make it busy, and signal it; with two signals, the second once the first is seen to work."""
    with (
        holding() as upstream,
        Program("--transport", transport, "--port", "0", env=upstream.env) as program,
        httpx.Client(base_url=program.listening(), timeout=PATIENCE) as client,
        ThreadPoolExecutor() as threads,
    ):
        busy(client, upstream, threads)
        for number in signals[:-1]:
            program.signal(number)
            with contextlib.suppress(httpx.TransportError):  # it stops listening, and drops what nobody has begun
                while True:
                    httpx.get(f"{client.base_url}/health", timeout=PATIENCE)
        program.signal(signals[-1])
        if len(signals) == 1:
            code = program.ends_within(HTTP_SECONDS)
        else:
            code = program.ends_within(AT_ONCE_SECONDS, "Ending at once: ")
        gave_up = upstream.hold.arrived.is_set() and upstream.faults.gone.wait(PATIENCE)
        return Ended(code, program.is_gone(), program.warnings().count("\n"), gave_up)


@pytest.fixture(scope="module")
def http_ends() -> dict[str, Ended]:
    """All of them, side by side."""
    return side_by_side({name: partial(end_http, *case) for name, case in HTTP.items()})


@pytest.mark.parametrize(
    ("name", "code", "gave_up"),
    [
        ("idle", 0, False),
        ("call in flight", 0, True),
        ("open stream", 0, False),
        ("interrupted", 0, False),
        ("interrupted twice", 130, True),
    ],
)
def test_http_ends_in_time(http_ends: dict[str, Ended], name: str, code: int, *, gave_up: bool) -> None:
    """Within 5 s of a signal and at once after a second; nothing is left, nothing said, the call upstream given up.

    A SIGTERM is a service's orderly end, so its code is 0.
    """
    assert http_ends[name] == Ended(code, is_gone=True, lines=1, gave_up=gave_up)


GIVEN_UP = (
    "blaxel-mcp is shutting down and gave the call up. Trying again in a moment can help. Ask again, once it is back."
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_callers_in_flight_are_told(number: signal.Signals) -> None:
    """In both eras: a whole answer with an error that says why; whoever waits for an end learns how it stands."""
    with holding() as upstream, ThreadPoolExecutor() as threads:
        with Program("--transport", "http", "--port", "0", env=upstream.env) as program:
            base = program.listening()
            waiting = {
                "jobId": "embed-corpus",
                "executionId": script.RUNNING,
                "timeoutSeconds": 45,
            }
            upstream.faults.clear()
            upstream.faults.always(upstream.hold, path=script.FAILED)
            asked = [threads.submit(call, base, CALL["name"], CALL["arguments"], era=era) for era in ERAS]
            waits = [threads.submit(call, base, "wait_for_job_execution", waiting, era=era) for era in ERAS]
            assert upstream.hold.arrived.wait(PATIENCE)
            while sum(script.RUNNING in one.path for one in upstream.faults.seen) < 1:
                httpx.get(f"{base}/health")
            program.signal(number)
            assert program.ends_within(HTTP_SECONDS) == 0
            assert program.warnings().count("\n") == 1
        assert [(one.result()["isError"], said(one.result())) for one in asked] == [(True, GIVEN_UP)] * 2
        for one in waits:
            answer = one.result()["structuredContent"]
            assert (answer["done"], answer["status"]) == (False, "running")
            assert "blaxel-mcp is shutting down and gave the call up." in answer["summary"]


def test_callers_over_sse_are_told() -> None:
    """On the stream that is open, before it is closed."""
    with holding() as upstream, ThreadPoolExecutor() as threads:
        with Program("--transport", "sse", "--port", "0", env=upstream.env) as program:
            base = program.listening()

            async def ask() -> str:
                async with Client(sse_client(f"{base}/sse"), mode="legacy") as client:
                    result = await client.call_tool(CALL["name"], CALL["arguments"])
                    assert isinstance(result.content[0], TextContent)
                    return result.content[0].text

            asked = threads.submit(lambda: asyncio.run(ask()))
            assert upstream.hold.arrived.wait(PATIENCE)
            program.signal(signal.SIGTERM)
            assert program.ends_within(HTTP_SECONDS) == 0
            assert program.warnings().count("\n") == 1
        assert asked.result(PATIENCE) == GIVEN_UP
