"""Several processes behind one address: `uvicorn --workers`, and any of them answers any request."""

import contextlib
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.plane import slow_upstream
from support.program import ENVELOPE, HANDSHAKE, PATIENCE, Program, account, side_by_side
from support.sockets import Connection, port_of, request, rpc, rpc_headers, tool_call

from blaxel_mcp.demo import control_plane

UVICORN = (sys.executable, "-m", "uvicorn", "--factory", "blaxel_mcp.asgi:create_app")
TOKEN = "let-me-in"
BEARER = f"Authorization: Bearer {TOKEN}"
TOKENS = {"BLAXEL_MCP_AUTH_TOKEN": TOKEN}
MOST_TRIES = 500
CAN_ASK = ENVELOPE | {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}
RUN = {"name": "run_job", "arguments": {"jobId": "backfill"}, "_meta": CAN_ASK}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="which process has a connection is read from /proc"),
]


def process_of(connection: Connection, port: int, pids: list[int]) -> int:
    """Which of them has the other end of it."""
    ends = (f":{port:04X}", f":{connection.port:04X}")
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1])}
    (pid,) = [pid for pid in pids if any(file in inodes for file in files_of(pid))]
    return pid


def files_of(pid: int) -> Iterator[str]:
    """What a process has open."""
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(file.readlink())


@contextlib.contextmanager
def workers(env: Mapping[str, str]) -> Iterator[tuple[Program, int, list[int]]]:
    """Two of them, both ready: uvicorn, its port, and their process ids."""
    arguments = ("--workers", "2", "--port", "0", "--timeout-graceful-shutdown", "3")
    with Program(*arguments, command=UVICORN, env=env) as program:
        port, pids, ready = 0, list[int](), 0
        while ready < 2:
            line = program.next_error()
            if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
                port = int(found[1])
            if found := re.search(r"Started server process \[(\d+)\]", line):
                pids.append(int(found[1]))
            ready += "startup complete" in line
        yield program, port, pids


@contextlib.contextmanager
def one_to_each(port: int, pids: list[int]) -> Iterator[list[Connection]]:
    """A connection to each of the processes, which take them as they come."""
    with contextlib.ExitStack() as opened:
        found: dict[int, Connection] = {}
        for _ in range(MOST_TRIES):
            connection = opened.enter_context(Connection(port))
            connection.send(request("GET /health"))
            assert connection.answer().body == b"ok"
            found.setdefault(process_of(connection, port, pids), connection)
            if len(found) == len(pids):
                yield [found[pid] for pid in pids]
                return
        pytest.fail("One of them takes no connection.")


def ask(connection: Connection, method: str, params: Mapping[str, Any], *, modern: bool = True) -> dict[str, Any]:
    """One request of either era; the message that answers it."""
    connection.send(rpc(method, params, BEARER, modern=modern))
    return connection.answer().message


def answered(first: dict[str, Any], consent: str = "accept") -> dict[str, Any]:
    """The call again, with a person's answer to what was asked."""
    (key,) = first["inputRequests"]
    answer = {"action": consent, "content": {"confirm": True}}
    return RUN | {"inputResponses": {key: answer}, "requestState": first["requestState"]}


def shared(plane: str) -> dict[str, str]:
    """The settings that every process is given."""
    return account(plane) | TOKENS | {"BLAXEL_MCP_ALLOW_WRITES": "true"}


def test_any_worker_answers_any_request() -> None:
    """Two workers of uvicorn, asked in turn by a client of either era, and about one confirmed run."""
    with (
        control_plane.serve(control_plane.build_app()) as plane,
        workers(shared(plane)) as (program, port, pids),
        one_to_each(port, pids) as (one, other),
    ):
        hello = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
        assert ask(one, "initialize", hello, modern=False)["result"]["protocolVersion"] == HANDSHAKE
        other.send(
            request(
                "POST /mcp",
                BEARER,
                *(f"{name}: {value}" for name, value in rpc_headers("", modern=False).items()),
                body=b'{"jsonrpc": "2.0", "method": "notifications/initialized"}',
            )
        )
        assert other.answer().status == 202
        for modern in (False, True):
            for connection in (one, other, one, other):
                assert len(ask(connection, "tools/list", {}, modern=modern)["result"]["tools"]) > 2
                called = ask(connection, "tools/call", tool_call(), modern=modern)["result"]
                assert called["structuredContent"]["outcome"] == "failed"
        for asking, starting in ((one, other), (other, one)):
            first = ask(asking, "tools/call", RUN)["result"]
            assert first["resultType"] == "input_required"
            started = ask(starting, "tools/call", answered(first))["result"]
            assert started["structuredContent"]["jobId"] == "backfill"
        program.signal(signal.SIGTERM)
        assert program.wait() == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        assert "Traceback" not in program.errors()


def test_processes_of_other_secrets_do_not_answer_for_each_other() -> None:
    """What one asked, another with the same secrets takes the answer to; one with others starts nothing."""
    app = control_plane.build_app()
    with control_plane.serve(app) as plane, contextlib.ExitStack() as stack:
        keys = ("a" * 32, "a" * 32, "b" * 32)
        arguments = ("--transport", "http", "--port", "0")
        programs = [Program(*arguments, env=shared(plane) | {"BLAXEL_MCP_STATE_KEY": key}) for key in keys]
        ports = [port_of(stack.enter_context(program).listening()) for program in programs]
        one, same, foreign = (stack.enter_context(Connection(port)) for port in ports)
        first = ask(one, "tools/call", RUN)["result"]
        assert "error" in ask(foreign, "tools/call", answered(first))
        tampered = first | {"requestState": first["requestState"][:-2] + "AA"}
        assert "error" in ask(same, "tools/call", answered(tampered))
        assert [handled.method for handled in app.state.requests].count("POST") == 0
        assert "structuredContent" in ask(same, "tools/call", answered(first))["result"]
        assert [handled.method for handled in app.state.requests].count("POST") == 1


def listening(program: Program) -> int:
    """The port of a single uvicorn, once it has said so."""
    while not (found := re.search(r"running on http://127\.0\.0\.1:(\d+)", program.next_error())):
        pass
    return int(found[1])


def test_start_up_warnings_are_logged_under_uvicorn_too() -> None:
    """As the program's own server says it."""
    with Program("--port", "0", command=UVICORN, env={"BLAXEL_MCP_AUTH": "gateway"}) as program:
        listening(program)
        program.signal(signal.SIGTERM)
        program.wait(PATIENCE)
        assert (
            "WARNING blaxel_mcp.transports.exposure: --auth gateway: whoever reaches this port is let in;"
            in program.errors()
        )


def test_calls_that_are_cut_off_are_told_so() -> None:
    """Once uvicorn waits no longer, who has no answer yet gets a 503 and not a 500; nobody gets a traceback."""
    arguments = ("--port", "0", "--timeout-graceful-shutdown", "1")
    with slow_upstream() as (slow, env), Program(*arguments, command=UVICORN, env=env | TOKENS) as program:
        port = listening(program)
        with Connection(port) as modern, Connection(port) as legacy, Connection(port) as streamed:
            modern.send(rpc("tools/call", tool_call(), BEARER))
            legacy.send(rpc("tools/call", tool_call(), BEARER, modern=False))
            watched = {"_meta": {"progressToken": 1}}
            streamed.send(rpc("tools/call", tool_call() | watched, BEARER, modern=False))
            assert streamed.head().status == 200  # that era's streams begin at once
            assert slow.hold.arrived.wait(PATIENCE)
            program.signal(signal.SIGTERM)
            for told in (modern.answer(), legacy.answer()):
                assert (told.status, told.headers["retry-after"]) == (503, "1")
            program.wait()
            assert "Traceback" not in program.errors()


def test_calls_in_flight_are_answered_while_there_is_time() -> None:
    """With three seconds for it, both eras get the error that says why, and uvicorn ends as it should."""
    arguments = ("--port", "0", "--timeout-graceful-shutdown", "3")
    with slow_upstream() as (slow, env), Program(*arguments, command=UVICORN, env=env | TOKENS) as program:
        port = listening(program)
        with Connection(port) as modern, Connection(port) as legacy:
            for connection, era in ((modern, True), (legacy, False)):
                connection.send(rpc("tools/call", tool_call(), BEARER, modern=era))
            assert slow.hold.arrived.wait(PATIENCE)
            program.signal(signal.SIGTERM)
            for connection in (modern, legacy):
                result = connection.answer().message["result"]
                assert (result["isError"], result["content"][0]["text"].split(".")[0]) == (
                    True,
                    "blaxel-mcp is shutting down and gave the call up",
                )
            assert program.wait() in {0, -signal.SIGTERM}  # as uvicorn has it
            assert "Traceback" not in program.errors()


def run_uvicorn(number: int, env: Mapping[str, str]) -> tuple[int, str]:
    """Let it fail to start with so many workers; its exit code and what it wrote."""
    with Program("--workers", str(number), "--port", "0", command=UVICORN, env=env) as program:
        return program.wait(), program.errors()


WRONG = "blaxel-mcp: BLAXEL_MCP_PORT is 'x'; it must be a whole number from 0 to 65535. See blaxel-mcp --help.\n"
OPEN = "blaxel-mcp: What serves this application can be reached from other machines, and nobody would be kept out."


def test_bad_settings_are_one_line_for_each_worker() -> None:
    """No traceback; and uvicorn does not start what cannot start again and again."""
    ended = side_by_side(
        {
            "wrong": partial(run_uvicorn, 1, {"BLAXEL_MCP_PORT": "x"}),
            "open": partial(run_uvicorn, 1, {}),
            "two": partial(run_uvicorn, 2, {"BLAXEL_MCP_PORT": "x"}),
        }
    )
    assert ended["wrong"] == (3, WRONG)
    assert (ended["open"][0], ended["open"][1].startswith(OPEN), ended["open"][1].count("\n")) == (3, True, 1)
    assert ended["two"][1].count(WRONG) == 2
    assert "failed to start, stopping the parent process" in ended["two"][1]
    assert "Traceback" not in ended["two"][1]
