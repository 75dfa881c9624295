"""Standard input and output as the event loop's own pipes: what goes through them, and what never does."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.server.mcpserver import Context
from support.plane import slow_upstream
from support.program import COMMAND, ENVELOPE, LOGGED, PATIENCE, STDIO_SECONDS, Program, nobody
from support.sockets import tool_call
from support.virtual_time import now, run, until
from support.wire import Wire, standard_descriptors, wire

from blaxel_mcp.runtime import compose, create_server
from blaxel_mcp.settings import load
from blaxel_mcp.transports.front import Front
from blaxel_mcp.transports.stdio import serve_stdio

# The program, with tools/list printing in each way a library could.
PRINTING = """
import os, subprocess, sys
from mcp.server import MCPServer
list_tools = MCPServer.list_tools
async def printing(self):
    print("printed")
    print("flushed", flush=True)
    os.write(1, b"written\\n")
    subprocess.run(["echo", "echoed"])
    assert sys.stdin.read() == ""
    return await list_tools(self)
MCPServer.list_tools = printing
from blaxel_mcp.__main__ import main; sys.exit(main())
"""
MEBIBYTE = 1 << 20


def test_what_libraries_print_reaches_standard_error() -> None:
    """Buffered or not, from Python, a descriptor or a child process; and nothing reads messages away."""
    with Program(command=(sys.executable, "-c", PRINTING)) as program:
        program.shake_hands()
        assert program.request("tools/list")["result"]["tools"]
        program.close_input()
        assert (program.wait(), program.output().count("\n")) == (0, 2)
        assert sorted(program.errors().split()) == ["echoed", "flushed", "printed", "written"]


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """One program for what leaves it as it was: its client has shaken hands."""
    with Program() as program:
        program.shake_hands()
        yield program


def test_lines_may_be_long(program: Program) -> None:
    """A request of 8 MiB is answered; the answer that repeats its id is one line, though it takes many writes."""
    word = "é" * (4 * MEBIBYTE)
    program.send(json.dumps({"jsonrpc": "2.0", "id": word, "method": "ping"}, ensure_ascii=False))
    assert json.loads(program.next_line()) == {"jsonrpc": "2.0", "id": word, "result": {}}
    assert program.request("ping") == {"result": {}}


def test_bytes_that_are_no_utf_8_are_replaced(program: Program) -> None:
    """The message around them is answered; line ends of Windows are."""
    assert program.process.stdin
    line = b'{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"\xff"}}'
    for ending in (b"\n", b"\r\n", b" \t\n\n"):
        program.process.stdin.write(line + ending)
        program.process.stdin.flush()
        assert "\ufffd" in json.loads(program.next_line())["result"]["content"][0]["text"]


def test_requests_may_come_in_pieces_and_together(program: Program) -> None:
    """Where a read ends says nothing about where a message does."""
    ping = '{"jsonrpc": "2.0", "id": %d, "method": "ping"}'
    assert program.process.stdin
    for byte in (ping % 7).encode():
        program.process.stdin.write(bytes([byte]))
        program.process.stdin.flush()
    program.send("\n" + ping % 8 + "\n" + ping % 9)
    assert [json.loads(program.next_line())["id"] for _ in range(3)] == [7, 8, 9]


def test_over_sockets() -> None:
    """Some clients give one socket for both directions."""
    ours, theirs = socket.socketpair()
    with ours, theirs, Program(stdin=theirs.fileno(), stdout=theirs.fileno()) as program, ours.makefile("rw") as client:
        theirs.close()
        client.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        client.flush()
        assert json.loads(client.readline()) == {"jsonrpc": "2.0", "id": 1, "result": {}}
        ours.shutdown(socket.SHUT_WR)
        assert (program.wait(), client.read(), program.errors()) == (0, "", "")


def test_over_files(tmp_path: Path) -> None:
    """No event loop can wait for them; the SDK's threads read and write them."""
    asked, answered = tmp_path / "in", tmp_path / "out"
    asked.write_text('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n' * 2, encoding="utf-8")
    with (
        asked.open("rb") as stdin,
        answered.open("wb") as stdout,
        Program(stdin=stdin.fileno(), stdout=stdout.fileno()) as program,
    ):
        assert (program.wait(), program.errors()) == (0, "")
    answers = [json.loads(line) for line in answered.read_text(encoding="utf-8").splitlines()]
    assert [answer["result"] for answer in answers] == [{}, {}]


def test_what_is_under_way_when_the_input_ends_is_answered() -> None:
    """As with `printf … | blaxel-mcp`: an answer of the API's that comes half a second later is waited for."""
    with slow_upstream() as (slow, env), Program(env=env) as program:
        program.shake_hands()
        number = program.ask("tools/call", tool_call())
        assert slow.hold.arrived.wait(PATIENCE)
        program.close_input()
        slow.hold.release.set()
        answer = json.loads(program.next_line())
        assert (answer["id"], answer["result"]["isError"]) == (number, False)
        assert (program.wait(), program.errors()) == (0, "")


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", ["", "--version"])
def test_descriptors_that_are_closed_are_no_error(closed: str, arguments: str) -> None:
    """Whoever launches it may have closed them; then there is nothing to serve, and nobody to tell."""
    shell = f'"$@" {closed} </dev/null' if "<" not in closed else f'"$@" {closed}'
    with Program(command=("sh", "-c", shell, "sh", *COMMAND, *arguments.split())) as program:
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")


def test_a_terminal_that_closes_ends_it() -> None:
    """Without a traceback."""
    ours, theirs = os.openpty()
    with Program(stdin=theirs) as program:
        os.close(theirs)
        assert "waits for an MCP client" in program.next_error()
        os.close(ours)
        assert (program.wait(), program.errors().partition("Traceback")[1]) == (0, "")


def close(program: Program) -> None:
    """End its input, which is when its client has gone, or lost interest."""
    program.close_input()


def terminate(program: Program) -> None:
    """End it, though its input goes on."""
    program.process.terminate()


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize(("end", "code"), [(close, 0), (terminate, 143)])
def test_a_client_that_reads_nothing_does_not_keep_it(end: Callable[[Program], None], code: int) -> None:
    """It ends within two seconds, with half an answer in the pipe and more behind it; the pipe blocks again."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as answers, Program(stdout=writing, env=LOGGED) as program:
        for _ in range(50):
            program.ask("tools/list")
        assert answers.read(1) == b"{"
        assert not os.get_blocking(writing)
        end(program)
        assert (program.ends_within(STDIO_SECONDS), program.warnings()) == (code, "")
        assert os.get_blocking(writing)
        os.close(writing)


@pytest.mark.slow
def test_a_client_that_closes_its_end_while_it_asks() -> None:
    """Nobody reads the answers, and more requests than one are on their way: it ends without a traceback."""
    with nobody() as pipe, Program(stdout=pipe) as program:
        assert program.process.stdin
        program.process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n' * 100)
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")


def test_the_last_answers_are_written_after_the_input_has_ended() -> None:
    """For a client that takes them slowly: each one whole."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as answers, Program(stdout=writing) as program:
        os.close(writing)
        ids: list[Any] = [program.ask("tools/list") for _ in range(50)]
        assert answers.read(1) == b"{"
        program.close_input()
        lines = [json.loads(line) for line in (b"{" + answers.read()).splitlines()]
        assert [line["id"] for line in lines] == ids
        assert program.wait(PATIENCE) == 0


# What follows is asked of a server in the tests' process, whose seconds take no time.


async def rest(seconds: float, after: float = 0) -> str:
    """A tool that takes some seconds, and some more to end after it was cancelled."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            await asyncio.sleep(after)
        raise
    return "rested"


async def report(ctx: Context) -> str:
    """A tool that tells of its progress."""
    await ctx.report_progress(1, 2)
    return "reported"


SERVER = create_server(compose(load({}, {}, None), lambda: None))
SERVER.add_tool(rest)
SERVER.add_tool(report)
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
PONG = {"jsonrpc": "2.0", "id": 1, "result": {}}


def call(number: int, seconds: float, after: float = 0) -> dict[str, Any]:
    """A call of the tool, of the era that needs no handshake."""
    params = {"name": "rest", "arguments": {"seconds": seconds, "after": after}, "_meta": ENVELOPE}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


CANCEL = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}


@dataclass
class Client:
    """The client of a server in the tests' process."""

    pipes: Wire
    front: Front
    heard: list[str] = field(default_factory=list)
    begun: bytes = b""

    def send(self, *messages: object) -> None:
        """Send what is JSON or becomes it, all at once."""
        lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages]
        self.pipes.sends.write(b"".join(line + b"\n" for line in lines))

    def read(self) -> list[str]:
        """All whole lines of the server's so far."""
        *lines, self.begun = (self.begun + self.pipes.heard()).split(b"\n")
        self.heard += [one.decode() for one in lines]
        return self.heard

    async def hear(self, count: int) -> list[Any]:
        """The first lines of the server's, as JSON."""
        await until(lambda: len(self.read()) >= count)
        return [json.loads(one) for one in self.heard]

    def end(self) -> None:
        """End the server's input."""
        self.pipes.sends.close()


def converse(act: Callable[[Client], Awaitable[None]]) -> tuple[int, float, list[Any]]:
    """Have a client act: the server's exit code, when it ended, and all that it has said that was still read."""

    async def serve() -> tuple[int, float, list[Any]]:
        with wire() as pipes:
            client = Client(pipes, Front(pipes.reader, pipes.writer, allow_writes=False))
            serving = asyncio.create_task(serve_stdio(SERVER, client.front))
            await act(client)
            async with asyncio.timeout(60):
                code = await serving
            ended = now()
            return code, ended, [] if pipes.hears.closed else [json.loads(one) for one in client.read()]

    return run(serve)


async def takes_nothing(client: Client) -> None:
    """Ask for more than a pipe holds, and read none of it."""
    lists = [{"jsonrpc": "2.0", "id": at, "method": "tools/list", "params": {"_meta": ENVELOPE}} for at in range(20)]
    client.send(*lists)
    client.end()


async def ends(client: Client) -> None:
    """End the server's input."""
    client.end()


async def interrupts(client: Client) -> None:
    """Have the server interrupted twice."""
    client.send(PING)
    await client.hear(1)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)


async def leaves(client: Client) -> None:
    """Leave without a word, while another process keeps the server's input open."""
    client.send(PING)
    await client.hear(1)
    client.pipes.hears.close()


async def asks_and_leaves(client: Client) -> None:
    """Leave with a question on its way, while another process keeps the server's input open."""
    await leaves(client)
    client.send(PING)


def test_what_is_no_message_is_answered_in_its_place() -> None:
    """Each line that has an id, a batch once for each of its requests; what has none is left out."""

    async def act(client: Client) -> None:
        client.send(b"no json", {**PING, "id": 1.5}, [{**PING, "id": 2}, {**PING, "id": "3"}], b"", PING)
        client.end()

    no_request = "The message is not a JSON-RPC 2.0 request, whose id is a string or a whole number."
    batch = "The protocol has no batches: send each request by itself."
    assert converse(act) == (
        0,
        0,
        [
            {"jsonrpc": "2.0", "id": 1.5, "error": {"code": -32600, "message": no_request}},
            {"jsonrpc": "2.0", "id": 2, "error": {"code": -32600, "message": batch}},
            {"jsonrpc": "2.0", "id": "3", "error": {"code": -32600, "message": batch}},
            PONG,
        ],
    )


@pytest.mark.parametrize(
    ("sent", "ended", "answered"),
    [
        ([], 0, []),
        ([PING], 0, [1]),
        ([call(1, 0.9)], 0.9, [1]),
        ([call(1, 0.5), call("two", 0.9)], 0.9, [1, "two"]),  # type: ignore[arg-type]
        ([call(1, 0.9), call(2, 0.5)], 0.9, [2, 1]),
        ([call(1, 1.1)], 1, []),
        ([call(1, 0.9), call(2, 1.1)], 1, [1]),
        ([call(1, 0.9), CANCEL], 0, []),
        ([call(1, 0.9), call(2, 0.5), CANCEL], 0.5, [2]),
        ([call(1, 0.5), {**CANCEL, "params": {"requestId": 2}}], 0.5, [1]),
        ([call(1, 0.5), {"jsonrpc": "2.0", "method": "notifications/cancelled"}], 0.5, [1]),
        ([call(1, 0.5), {**CANCEL, "params": {"requestId": [1]}}], 0.5, [1]),
        ([call(1, 0.5), {**CANCEL, "method": "notifications/other"}], 0.5, [1]),
    ],
)
def test_what_is_under_way_when_the_input_ends_is_waited_for_one_second(
    sent: Sequence[object], ended: float, answered: list[Any]
) -> None:
    """Not for what the client has cancelled, nor longer than for the last answer."""

    async def act(client: Client) -> None:
        client.send(*sent)
        client.end()

    code, at, said = converse(act)
    assert (code, at, [one["id"] for one in said if "result" in one]) == (0, ended, answered)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("calls", "seconds"), [([], 0), ([call(7, 9)], 0), ([call(7, 9, 0.2)], 0.2), ([call(7, 9, 0.4)], 0.3)]
)
def test_a_signal_ends_it_with_its_code(
    number: signal.Signals, code: int, calls: Sequence[object], seconds: float
) -> None:
    """What is under way has 0.3 s to clean up; a second signal changes nothing."""

    async def act(client: Client) -> None:
        client.send(*calls, call(8, 0))
        await client.hear(1)
        signal.raise_signal(number)
        signal.raise_signal(signal.SIGTERM)

    ended, at, said = converse(act)
    assert (ended, at, [one["id"] for one in said if "result" in one]) == (code, seconds, [8])


def test_a_client_that_takes_no_answers_keeps_it_no_longer_than_a_second_and_a_half() -> None:
    """One second for what is under way, half of one for the client to read what is left."""
    code, at, _ = converse(takes_nothing)
    assert (code, at) == (0, 1.5)


def test_an_output_that_nobody_reads_ends_it_quietly(caplog: pytest.LogCaptureFixture) -> None:
    """Be it an answer of ours or of the SDK's that can't be written."""

    async def errs_and_leaves(client: Client) -> None:
        await leaves(client)
        client.send({**PING, "id": 1.5}, PING)

    assert [converse(act) for act in (asks_and_leaves, errs_and_leaves)] == [(0, 0, [])] * 2
    assert caplog.text == ""


def test_it_ends_when_its_client_has_gone() -> None:
    """Though its input goes on: the next look at its output finds nobody."""
    assert converse(leaves) == (0, 1, [])


CLOSED = "Ending: the client has closed standard input."


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (ends, [CLOSED]),
        (takes_nothing, [CLOSED, "Ending: the last answers took too long."]),
        (interrupts, ["Ending: SIGINT."]),
        (leaves, ["Ending: the client has gone."]),
        (asks_and_leaves, ["Ending: nobody reads standard output any more."]),
    ],
)
def test_it_logs_why_it_ends(
    act: Callable[[Client], Awaitable[None]], said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """For whoever runs it, with the log's level at INFO."""
    with caplog.at_level("INFO", "blaxel_mcp"):
        converse(act)
    assert [one for one in caplog.messages if "Ending" in one] == said


@pytest.mark.parametrize(
    ("sent", "may_ping"),
    [(PING, False), (call(1, 0), False), ({**PING, "method": "initialize", "params": {}}, True)],
)
def test_a_client_that_shakes_hands_may_be_pinged(sent: object, may_ping: bool) -> None:  # noqa: FBT001
    """The protocol of those that don't has no ping of the server's."""
    fronts: list[Front] = []

    async def act(client: Client) -> None:
        fronts.append(client.front)
        client.send(sent)
        client.end()

    converse(act)
    assert [one.watch.may_ping for one in fronts] == [may_ping]


@pytest.mark.parametrize("words", [None, "other"])
def test_what_the_front_has_answered_is_not_answered_again(words: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """If it was in other words, whoever runs the server reads those of the SDK, to 200 characters."""
    sdk = {"jsonrpc": "2.0", "id": 1, "result": {}}
    long = "x" * 300
    texts: dict[int | str, str] = {
        1: json.dumps(sdk, separators=(",", ":")),
        long: f'{{"jsonrpc":"2.0","id":"{long}","result":{{}}}}',
    }

    async def act(client: Client) -> None:
        client.front.lines = [json.dumps({**PING, "id": number}).encode() for number in texts]
        client.front.answered = {number: words or text for number, text in texts.items()} | {"of nobody": ""}
        client.send(PING, {**PING, "id": 2})
        client.end()

    assert converse(act) == (0, 0, [PONG, {**PONG, "id": 2}])
    told = "The client was told at the opening what the SDK says otherwise: "
    assert caplog.messages == ([told + text[:200] for text in texts.values()] if words else [])


def test_what_the_server_says_of_itself_is_not_taken_for_an_answer() -> None:
    """While the front has answered what the SDK still owes: progress of a call has no id."""
    params = {"name": "report", "arguments": {}, "_meta": {**ENVELOPE, "progressToken": "t"}}

    async def act(client: Client) -> None:
        client.front.answered = {"of nobody": ""}
        client.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        client.end()

    code, _, said = converse(act)
    assert (code, [one.get("method", one.get("id")) for one in said]) == (0, ["notifications/progress", 1])


def test_a_probe_that_was_given_up_before_is_not_answered() -> None:
    """What comes together is looked at together."""
    probe = {"jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": {"_meta": ENVELOPE}}
    client_info = {"name": "tests", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client_info}

    async def act(client: Client) -> None:
        client.send(probe, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
        client.end()

    code, at, said = converse(act)
    assert (code, at, [one["id"] for one in said]) == (0, 0, [1])


@pytest.mark.parametrize("kind", ["pipe", "terminal"])
def test_without_a_front_standard_input_and_output_are_served(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By threads; who started it by hand at a terminal is told what it waits for."""
    reading, writing = os.openpty() if kind == "terminal" else os.pipe()
    text = json.dumps(PING).encode() + b"\n"
    if kind == "terminal":
        reading, writing = writing, reading
        text += b"\x04"  # what ends a terminal's input
    with wire() as pipes:
        os.write(writing, text)
        if kind == "pipe":
            os.close(writing)
        with standard_descriptors({0: reading, 1: pipes.writer.fd}):
            assert asyncio.run(serve_stdio(SERVER, None)) == 0
        assert json.loads(pipes.heard()) == PONG
    if kind == "terminal":
        os.close(writing)
    os.close(reading)
    waits = "blaxel-mcp waits for an MCP client on standard input; to see it at work: blaxel-mcp demo\n"
    assert capsys.readouterr() == ("", waits if kind == "terminal" else "")
