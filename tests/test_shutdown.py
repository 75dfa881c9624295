"""How it ends: in time, whatever it is doing, with the code its caller expects, and without a trace."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest
from faults import Faults, Hold
from program import COMMAND, ENVELOPE, PATIENCE, Program, account, nobody

from blaxel_mcp.demo import control_plane, script

STDIO_SECONDS = 2.0
HTTP_SECONDS = 5.0
CALL = {"name": "get_job_execution", "arguments": {"jobId": "image-resize", "executionId": script.FAILED}}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "get_job_execution",
}
BODY = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL | {"_meta": ENVELOPE}}


class Upstream:
    """A control plane that keeps every call until it is told otherwise."""

    def __init__(self, url: str, faults: Faults, hold: Hold) -> None:
        self.env = account(url)
        self.faults = faults
        self.hold = hold


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Where a call stays in flight."""
    faults, hold = Faults(control_plane.build_app()), Hold()
    faults.always(hold)
    with control_plane.serve(faults) as url:
        yield Upstream(url, faults, hold)


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
        assert program.wait(STDIO_SECONDS) == code
        assert program.is_gone()
        assert program.errors() == ""
    assert not modern or upstream.faults.gone.wait(PATIENCE)


def test_an_answer_that_nobody_can_read_is_not_worth_a_traceback() -> None:
    """A client that dies takes both pipes along, and an answer may be on its way."""
    with nobody() as pipe, Program(stdout=pipe) as program:
        program.ask("ping")
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")


def test_it_does_not_outlive_its_parent() -> None:
    """It ends once its parent process has gone, even though somebody else holds its standard input open."""
    parent = "import signal, subprocess, sys; subprocess.Popen(sys.argv[1:]); signal.pause()"
    with Program(*COMMAND, command=(sys.executable, "-c", parent)) as program:
        program.shake_hands()
        program.signal(signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL
        assert program.output().count("\n") == 1
        assert program.errors() == ""


def test_a_look_up_that_hangs_does_not_keep_it() -> None:
    """A host name's look-up sits in a thread that nothing can stop: the program ends without it."""
    hanging = (
        "import socket, sys, threading; "
        "said = lambda: print('looking up', file=sys.stderr, flush=True); "
        "socket.getaddrinfo = lambda *_, **__: (said(), threading.Event().wait()); "
        "from blaxel_mcp.cli import main; sys.exit(main())"
    )
    env = account("https://api.invalid/v0")
    with Program(command=(sys.executable, "-c", hanging), env=env) as program:
        program.ask("tools/call", CALL, modern=True)
        assert program.next_error() == "looking up\n"
        program.close_input()
        assert program.wait(STDIO_SECONDS) == 0
        assert program.errors() == "looking up\n"


@pytest.mark.parametrize(
    ("transport", "busy", "number", "code"),
    [
        ("http", False, signal.SIGTERM, 0),
        ("http", True, signal.SIGTERM, 0),
        ("sse", True, signal.SIGTERM, 0),
        ("sse", False, signal.SIGINT, 130),
    ],
    ids=["idle", "call in flight", "open stream", "interrupted"],
)
def test_http_ends_within_five_seconds(
    upstream: Upstream, transport: str, number: signal.Signals, code: int, *, busy: bool
) -> None:
    """A signal ends it with all that is under way; a SIGTERM is a service's orderly end."""
    with (
        Program("--transport", transport, "--port", "0", env=upstream.env) as program,
        httpx.Client(base_url=program.listening(), timeout=PATIENCE) as client,
        ThreadPoolExecutor() as threads,
    ):
        if busy and transport == "http":
            threads.submit(client.post, "/mcp", json=BODY, headers=HEADERS)
            assert upstream.hold.arrived.wait(PATIENCE)
        elif busy:
            threads.submit(_read_stream, client, opened := Event())
            assert opened.wait(PATIENCE)
        program.signal(number)
        assert program.wait(HTTP_SECONDS) == code
        assert program.is_gone()
        assert program.errors().count("\n") == 1
    assert upstream.faults.gone.is_set() == upstream.hold.arrived.is_set()


def _read_stream(client: httpx.Client, opened: Event) -> None:
    with client.stream("GET", "/sse") as stream:
        for _ in stream.iter_lines():
            opened.set()


def test_a_second_interrupt_ends_http_at_once(upstream: Upstream) -> None:
    """Who presses Ctrl-C twice does not wait for the call in flight."""
    with (
        Program("--transport", "http", "--port", "0", env=upstream.env) as program,
        httpx.Client(base_url=program.listening(), timeout=PATIENCE) as client,
        ThreadPoolExecutor() as threads,
    ):
        threads.submit(client.post, "/mcp", json=BODY, headers=HEADERS)
        assert upstream.hold.arrived.wait(PATIENCE)
        program.signal(signal.SIGINT)
        _wait_until_refused(client)
        program.signal(signal.SIGINT)
        assert program.wait(1) == 130
        assert program.errors().count("\n") == 1


def _wait_until_refused(client: httpx.Client) -> None:
    """Until nobody listens any more, which is the first thing that a signal brings about."""
    with contextlib.suppress(httpx.ConnectError):
        while True:
            httpx.get(f"{client.base_url}/health", timeout=PATIENCE)
