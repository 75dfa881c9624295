"""Standard input and output as the event loop's own pipes: what goes through them, and what never does."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.plane import slow_upstream
from support.program import COMMAND, PATIENCE, Program, nobody
from support.sockets import tool_call

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
    with os.fdopen(reading, "rb") as answers, Program(stdout=writing) as program:
        for _ in range(50):
            program.ask("tools/list")
        assert answers.read(1) == b"{"
        assert not os.get_blocking(writing)
        end(program)
        assert (program.wait(2), program.errors()) == (code, "")
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
