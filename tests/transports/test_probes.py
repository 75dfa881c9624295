"""Clients that ask `server/discover`, give up and send `initialize`: each is served, however slow the start is.

A start is slowed down for as long as a test likes: the first large import waits for a named pipe to be opened.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.message import SessionMessage
from support.caller import tool_state
from support.gate import Gate
from support.program import ENVELOPE, HANDSHAKE, MODERN, PATIENCE, Program

from blaxel_mcp.server import build_server
from blaxel_mcp.tools.registry import select
from blaxel_mcp.tools.spec import FOR_VIEWS
from blaxel_mcp.transports.messages import read_message, write_message
from blaxel_mcp.transports.probes import serve_connections
from blaxel_mcp.transports.stale import drop_stale_probes

TOOLS = [tool.name for tool in select(allow_writes=False) if tool.meta != FOR_VIEWS]
# Never answers server/discover.
SILENT = """
import asyncio
from blaxel_mcp.middleware import RequestMiddleware
handle = RequestMiddleware.__call__
async def hold(self, ctx, call_next):
    if ctx.method == "server/discover":
        print("held", file=sys.stderr, flush=True)
        await asyncio.Event().wait()
    return await handle(self, ctx, call_next)
RequestMiddleware.__call__ = hold
"""


def message(method: str, number: int | None = None, **params: Any) -> str:
    """A request, or without a number a notification."""
    return json.dumps(
        {"jsonrpc": "2.0", **({} if number is None else {"id": number}), "method": method, "params": params}
    )


def discover(number: int) -> str:
    """The probe of a client of both eras."""
    return message("server/discover", number, _meta=ENVELOPE)


def initialize(number: int) -> str:
    """The handshake of a client of the older era, or of one that has given up on the newer."""
    client = {"name": "tests", "version": "1"}
    return message("initialize", number, protocolVersion=HANDSHAKE, capabilities={}, clientInfo=client)


def tools_list(number: int, *, modern: bool) -> str:
    """The first thing a client wants to know."""
    return message("tools/list", number, **({"_meta": ENVELOPE} if modern else {}))


CANCEL = message("notifications/cancelled", requestId=0, reason="timed out")
INITIALIZED = message("notifications/initialized")


class Slow:
    """A program that is still starting."""

    def __init__(self, program: Program, gate: Gate) -> None:
        self.program = program
        self.start = gate.open

    def answers(self, count: int) -> list[tuple[Any, str]]:
        """The next answers: to which id, and of what kind."""
        return [kind(json.loads(self.program.next_line())) for _ in range(count)]


def kind(answer: dict[str, Any]) -> tuple[Any, str]:
    """An answer's id, and what it answers or its error's code."""
    if "error" in answer:
        return answer["id"], str(answer["error"]["code"])
    telling = {"supportedVersions": "discover", "protocolVersion": "initialize", "tools": "tools"}
    return answer["id"], next((telling[key] for key in answer["result"] if key in telling), "other")


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    """A program whose imports wait."""
    gate = Gate(tmp_path / "gate", "blaxel_mcp.cli")
    with Program(command=gate.command, env=gate.env) as program:
        yield Slow(program, gate)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent",
    [
        [initialize(1)],
        [discover(0), initialize(1)],
        [discover(0), CANCEL, initialize(1)],
        [discover(0), discover(7), discover(8), initialize(1)],
        ["", "no json", "{}", discover(0), "\x00", "[]", CANCEL, '{"id": 3}', initialize(1)],
        [discover(1), initialize(1)],
    ],
    ids=["handshake only", "AI SDK", "with a cancellation", "asks again first", "with garbage", "same id"],
)
def test_who_gave_up_while_it_started_is_served_by_the_handshake(slow: Slow, sent: Sequence[str]) -> None:
    """`initialize` is the first thing that is answered, and a probe that nobody waits for isn't answered at all."""
    for line in sent:
        slow.program.send(line)
    slow.start()
    assert slow.answers(1) == [(1, "initialize")]
    for line in (INITIALIZED, tools_list(2, modern=False), discover(3)):
        slow.program.send(line)
    assert slow.answers(2) == [(2, "tools"), (3, "-32600")]
    slow.program.close_input()
    assert (slow.program.wait(), slow.program.errors()) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ([discover(0)], [(0, "discover")]),
        ([discover(0), discover(1), CANCEL], [(0, "discover"), (1, "discover")]),
        ([discover(0), tools_list(1, modern=True)], [(0, "discover"), (1, "tools")]),
        ([tools_list(1, modern=True)], [(1, "tools")]),
    ],
    ids=["asks once", "asks again", "goes on", "doesn't ask"],
)
def test_who_waits_while_it_starts_is_served_in_the_newer_era(
    slow: Slow, sent: Sequence[str], answered: list[tuple[int, str]]
) -> None:
    """Every probe is answered, and what follows is of the newer era; the handshake is refused from then on."""
    for line in sent:
        slow.program.send(line)
    slow.start()
    assert sorted(slow.answers(len(answered))) == answered
    slow.program.send(tools_list(2, modern=True))
    assert slow.answers(1) == [(2, "tools")]
    slow.program.send(initialize(3))
    assert slow.answers(1) == [(3, "-32022")]
    slow.program.close_input()
    assert (slow.program.wait(), slow.program.errors()) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("sent", [[], [discover(0)], [discover(0), initialize(1)], [initialize(1)]])
def test_who_leaves_while_it_starts_leaves_nothing_behind(slow: Slow, sent: Sequence[str]) -> None:
    """It ends like any other whose client has gone."""
    for line in sent:
        slow.program.send(line)
    slow.program.close_input()
    slow.start()
    assert (slow.program.wait(), slow.program.errors()) == (0, "")


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("between", ["", CANCEL, "no json"])
def test_a_handshake_after_answered_probes_is_served(between: str) -> None:
    """The answer was on its way when the client gave up, or it wants the older era all the same (Copilot CLI)."""
    with Program() as program:
        for _ in range(2):
            assert program.request("server/discover", modern=True)["result"]["supportedVersions"] == [MODERN]
        program.send(between)
        assert program.shake_hands()["result"]["protocolVersion"] == HANDSHAKE
        assert [tool["name"] for tool in program.request("tools/list")["result"]["tools"]] == TOOLS
        program.close_input()
        assert (program.wait(), program.output().count("\n"), program.errors()) == (0, 4, "")


@pytest.mark.slow
def test_a_probe_that_is_being_answered_is_given_up(tmp_path: Path) -> None:
    """The client has given up on it, and may use its id again."""
    gate = Gate(tmp_path / "gate", "blaxel_mcp.server", SILENT)
    with Program(command=gate.command, env=gate.env) as program:
        program.send(discover(1))
        assert kind(json.loads(program.next_line())) == (1, "discover")  # by the front, which answers one
        gate.open()
        program.send(discover(2))
        assert [program.next_error() for _ in range(2)] == ["held\n"] * 2
        program.send(initialize(2))
        assert kind(json.loads(program.next_line())) == (2, "initialize")
        program.send(tools_list(3, modern=False))
        assert kind(json.loads(program.next_line())) == (3, "tools")
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "held\n" * 2)


def converse(*steps: str | int | Exception) -> list[tuple[Any, str]]:
    """Say this to a server in this process, where a number waits for so many answers in all; what is answered."""
    answers: list[tuple[Any, str]] = []
    answered = asyncio.Condition()

    async def messages() -> AsyncIterator[SessionMessage | Exception]:
        for step in steps:
            if isinstance(step, int):
                async with answered, asyncio.timeout(PATIENCE):
                    while len(answers) < step:
                        await answered.wait()
            elif isinstance(step, Exception):
                yield step
            else:
                message = read_message(step.encode())
                assert not isinstance(message, list)
                yield SessionMessage(message)

    async def send(item: SessionMessage) -> None:
        async with answered:
            answers.append(kind(json.loads(write_message(item.message))))
            answered.notify()

    async def serve() -> None:
        async with tool_state("https://api.invalid/v0") as state:
            await serve_connections(build_server(state, select(allow_writes=False)), messages(), send)

    asyncio.run(serve())
    return answers


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [initialize(1), 1, INITIALIZED, tools_list(2, modern=False), 2],
            [(1, "initialize"), (2, "tools")],
            id="handshake",
        ),
        pytest.param(
            [discover(0), 1, tools_list(1, modern=True), 2, initialize(2), 3],
            [(0, "discover"), (1, "tools"), (2, "-32022")],
            id="goes on in the newer era, and cannot change its mind",
        ),
        pytest.param([tools_list(0, modern=True), 1, initialize(1), 2], [(0, "tools"), (1, "-32022")], id="never asks"),
        pytest.param(
            [tools_list(0, modern=True), 1, discover(1), 2, initialize(2), 3],
            [(0, "tools"), (1, "discover"), (2, "-32022")],
            id="asks too late",
        ),
        pytest.param(
            [discover(0), 1, initialize(1), 2, INITIALIZED, tools_list(2, modern=False), 3, discover(3), 4],
            [(0, "discover"), (1, "initialize"), (2, "tools"), (3, "-32600")],
            id="gives up after the answer",
        ),
        pytest.param(
            [discover(0), initialize(0), 1, INITIALIZED, tools_list(1, modern=False), 2],
            [(0, "initialize"), (1, "tools")],
            id="gives up before the answer, and counts anew",
        ),
        pytest.param(
            [discover(0), 1, CANCEL, ValueError(), initialize(1), 2],
            [(0, "discover"), (1, "initialize")],
            id="what is no request decides nothing",
        ),
    ],
)
def test_the_first_request_but_a_probe_decides_the_era(
    said: list[str | int | Exception], answered: list[tuple[int, str]]
) -> None:
    """A handshake behind nothing but probes is served, and answers that are still owed to these are dropped."""
    assert converse(*said) == answered


LINES = {
    "probe": discover(0),
    "handshake": initialize(1),
    "request": tools_list(2, modern=True),
    "notification": CANCEL,
    "garbage": '{"method": "initialize"',
    "mention": message("tools/call", 3, name='"initialize" "server/discover"'),
}


@given(st.lists(st.sampled_from(sorted(LINES)), max_size=8))
def test_a_probe_is_stale_if_the_next_other_request_is_a_handshake(names: list[str]) -> None:
    """Nothing else is left out, and the order stays."""

    def is_stale(behind: Sequence[str]) -> bool:
        requests = (name for name in behind if name in {"handshake", "request", "mention"})
        return next(requests, "") == "handshake"

    expected = [name for at, name in enumerate(names) if name != "probe" or not is_stale(names[at:])]
    assert list(drop_stale_probes([LINES[name].encode() for name in names])) == [
        LINES[name].encode() for name in expected
    ]
