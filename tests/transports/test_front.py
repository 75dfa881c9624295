"""The opening requests, answered before the SDK is imported: in its words, once each, whatever the client does next.

The import of the server waits for a named pipe to be opened: until then, only the front can have answered.
"""

import asyncio
import fcntl
import itertools
import json
import os
import termios
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import PIPE
from threading import Event
from typing import Any

import anyio
import pytest
import support.virtual_time
import support.wire
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest, JSONRPCResponse
from support.gate import Gate
from support.program import ENVELOPE, HANDSHAKE, MODERN, PATIENCE, Program, nobody

from blaxel_mcp.runtime import compose, create_server
from blaxel_mcp.settings import load
from blaxel_mcp.transports import front
from blaxel_mcp.transports.pipes import PipeReader, PipeWriter
from blaxel_mcp.transports.probes import serve_connections
from blaxel_mcp.transports.stdio import serve_stdio

OPENING = Path(front.__file__).with_name("opening.json")
VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", HANDSHAKE]
# Lets the front answer other words than the SDK's.
SPOILT = """
from blaxel_mcp.transports.front import Front
make = Front.__init__
def spoil(self, *args, **options):
    make(self, *args, **options)
    self._results = dict.fromkeys(self._results, '{"tools":[]}')
Front.__init__ = spoil
"""
PROTOCOL = "io.modelcontextprotocol/protocolVersion"
MODERN_PARAMS = {"_meta": ENVELOPE}


APPS = {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}}
"""The capabilities of a client that declares the extension MCP Apps."""
MODERN_PARAMS_WITH_APPS = {"_meta": {**ENVELOPE, "io.modelcontextprotocol/clientCapabilities": APPS}}


def hello(version: str = HANDSHAKE, capabilities: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a client says of itself in the handshake."""
    return {
        "protocolVersion": version,
        "capabilities": capabilities or {},
        "clientInfo": {"name": "tests", "version": "1"},
    }


def line(method: str, number: Any = None, params: Any = None) -> str:
    """A request, or without an id a notification."""
    given = {} if params is None else {"params": params}
    return json.dumps({"jsonrpc": "2.0", **({} if number is None else {"id": number}), "method": method, **given})


INITIALIZE, INITIALIZED = line("initialize", 1, hello()), line("notifications/initialized")
LIST = line("tools/list", 2)
PROBE, MODERN_LIST = line("server/discover", 0, MODERN_PARAMS), line("tools/list", 2, MODERN_PARAMS)
PING = line("ping", 5)


def in_the_words_of_the_sdk(flags: dict[str, str]) -> dict[str, str]:
    """What the SDK answers to each opening request, as it writes it."""
    server = create_server(compose(load(flags, {}, None), lambda: None))

    async def ask(*requests: tuple[str, dict[str, Any]]) -> list[str]:
        sending, messages = anyio.create_memory_object_stream[SessionMessage | Exception](len(requests))
        results: dict[Any, str] = {}
        for number, (method, params) in enumerate(requests):
            sending.send_nowait(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params)))

        async def send(item: SessionMessage) -> None:
            assert isinstance(item.message, JSONRPCResponse)
            text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
            results[item.message.id] = text.removeprefix(f'{{"jsonrpc":"2.0","id":{item.message.id},"result":')[:-1]
            if len(results) == len(requests):
                sending.close()

        with sending, messages:
            await serve_connections(server, messages, send)
        return [results[number] for number in range(len(requests))]

    async def run() -> dict[str, str]:
        words: dict[str, str] = {}
        for version in VERSIONS:
            words[f"initialize {version}"], words["tools/list"] = await ask(
                ("initialize", hello(version)), ("tools/list", {})
            )
        words["server/discover"], words["tools/list 2026-07-28"] = await ask(
            ("server/discover", MODERN_PARAMS), ("tools/list", MODERN_PARAMS)
        )
        _, words["tools/list with apps"] = await ask(("initialize", hello(capabilities=APPS)), ("tools/list", {}))
        (words["tools/list 2026-07-28 with apps"],) = await ask(("tools/list", MODERN_PARAMS_WITH_APPS))
        return words

    return asyncio.run(run())


def test_the_front_has_the_words_of_the_sdk(request: pytest.FixtureRequest) -> None:
    """`opening.json` holds each answer to the letter, in every version and with --allow-writes; a flag writes it."""
    modes = {"read-only": {}, "with writes": {"BLAXEL_MCP_ALLOW_WRITES": "true"}}
    actual = {mode: in_the_words_of_the_sdk(flags) for mode, flags in modes.items()}
    if request.config.getoption("--update-contract"):
        OPENING.write_text(json.dumps(actual, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert json.loads(OPENING.read_text(encoding="utf-8")) == actual


class Gated:
    """A program that cannot import its server yet."""

    def __init__(self, program: Program, gate: Gate) -> None:
        self.program = program
        self.open = gate.open

    def send(self, lines: Sequence[str]) -> None:
        """Send it lines."""
        for one in lines:
            self.program.send(one)

    def answers(self, count: int) -> list[Any]:
        """To which ids its next answers are."""
        return [json.loads(self.program.next_line())["id"] for _ in range(count)]

    def end(self) -> tuple[int, int, str]:
        """Its exit code, how many answers it has written in all, and its standard error, once its input has ended."""
        self.program.close_input()
        return self.program.wait(), self.program.output().count("\n"), self.program.errors()


@pytest.fixture
def gate(tmp_path: Path) -> Callable[..., Gated]:
    """Makes such programs."""
    numbers = itertools.count()

    def make(*arguments: str, stdout: int = PIPE, before: str = "") -> Gated:
        held = Gate(tmp_path / str(next(numbers)), "blaxel_mcp.server", before)
        return Gated(Program(*arguments, command=held.command, env=held.env, stdout=stdout), held)

    return make


@pytest.fixture
def gated(gate: Callable[..., Gated]) -> Iterator[Gated]:
    """One of them."""
    one = gate()
    with one.program:
        yield one


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ([INITIALIZE, INITIALIZED, LIST], [1, 2]),
        ([INITIALIZE, INITIALIZED, line("tools/list", 2, {})], [1, 2]),
        ([INITIALIZE, INITIALIZED, line("tools/list", 2, {"_meta": {"progressToken": 0}})], [1, 2]),
        ([PROBE, MODERN_LIST], [0, 2]),
        ([MODERN_LIST], [2]),
        ([PROBE, line("initialize", 0, hello("2025-03-26")), INITIALIZED, LIST], [0, 0, 2]),
        ([line("initialize", "née", hello("2024-11-05")), INITIALIZED], ["née"]),
    ],
    ids=[
        "handshake",
        "empty parameters",
        "a token for progress (Codex)",
        "modern",
        "modern without a probe",
        "gives up",
        "older, with a word as id",
    ],
)
def test_each_opening_is_answered_before_the_sdk_is_there(
    gated: Gated, sent: Sequence[str], answered: list[Any]
) -> None:
    """Each request once; what comes next is answered by the SDK, which knows what was before."""
    seen = []
    for one in sent:
        gated.send([one])
        if "id" in json.loads(one):
            seen += gated.answers(1)
    assert seen == answered
    gated.open()
    gated.send([line("prompts/list", 7, MODERN_PARAMS if sent[-1] == MODERN_LIST else {})])
    assert "prompts" in json.loads(gated.program.next_line())["result"]
    assert gated.end() == (0, len(answered) + 1, "")


class Wire:
    """A server in the tests' process, over two pipes, whose SDK is there as soon as somebody says so."""

    def __init__(self, *, answers: bool) -> None:
        to_server, self._requests = os.pipe()
        self._answers, to_client = os.pipe()
        for fd in (to_server, to_client):
            os.set_blocking(fd, False)
        self.front = front.Front(PipeReader(to_server), PipeWriter(to_client), allow_writes=False)
        if not answers:
            self.front._last = None
        self.got: list[dict[str, Any]] = []
        self._client = PipeReader(self._answers)
        self._fds = (to_server, to_client, self._answers)

    def send(self, lines: Sequence[str]) -> None:
        """Send lines, all at once."""
        os.write(self._requests, "".join(f"{one}\n" for one in lines).encode())

    async def receive(self, enough: Callable[[], bool]) -> None:
        """Read answers until there are enough."""
        while not enough() and (lines := await self._client.read_lines()) is not None:
            self.got += [json.loads(one) for one in lines]

    async def talk(self, early: Sequence[str], late: Sequence[str], wanted: set[int]) -> None:
        """Send some lines before the SDK is there, the others after that, and read what is wanted and whatever else."""
        there = Event()
        self.send(early)
        fronting = asyncio.create_task(self.front.answer_during(lambda: there.wait(PATIENCE)))
        while unread(self._fds[0]):  # noqa: ASYNC110 - nothing tells when the front has read
            await asyncio.sleep(0)
        there.set()
        await fronting
        serving = asyncio.create_task(serve_stdio(SERVER, self.front))
        self.send(late)
        async with asyncio.timeout(PATIENCE):
            await self.receive(lambda: wanted <= {one["id"] for one in self.got})
        os.close(self._requests)
        assert await serving == 0
        os.close(self._fds[1])
        await self.receive(lambda: False)
        os.close(self._fds[0])
        os.close(self._fds[2])


def unread(fd: int) -> int:
    """How many bytes are in a pipe."""
    count = array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


SERVER = create_server(compose(load({}, {}, None), lambda: None))
REQUESTS: dict[str, tuple[str, Any]] = {
    "handshake": ("initialize", hello()),
    "older handshake": ("initialize", hello("2024-11-05")),
    "unknown version": ("initialize", hello("1999-01-01")),
    "half a handshake": ("initialize", {"protocolVersion": HANDSHAKE}),
    "probe": ("server/discover", MODERN_PARAMS),
    "probe of a newer version": ("server/discover", {"_meta": ENVELOPE | {PROTOCOL: "2099-01-01"}}),
    "half an envelope": ("server/discover", {"_meta": {PROTOCOL: MODERN}}),
    "list": ("tools/list", {}),
    "list without parameters": ("tools/list", None),
    "list with a token": ("tools/list", {"_meta": {"progressToken": "t"}}),
    "list with half a token": ("tools/list", {"_meta": {"progressToken": 0.5}}),
    "list with more": ("tools/list", {"_meta": {"progressToken": 0, PROTOCOL: MODERN}}),
    "modern list": ("tools/list", MODERN_PARAMS),
    "a page": ("tools/list", {"cursor": "x"}),
    "ping": ("ping", None),
}
OTHERS = {
    "initialized": INITIALIZED,
    "cancelled": line("notifications/cancelled", None, {"requestId": 99}),
    "garbage": "no json",
    "array": "[]",
    "blank": "",
    "answer": '{"jsonrpc": "2.0", "id": 98, "result": {}}',
    "true as id": line("tools/list", True),
    "no JSON-RPC": '{"id": 97, "method": "tools/list"}',
}


def conversation(names: Sequence[str]) -> list[str]:
    """The lines of these names, each request with an id of its own."""
    return [
        line(REQUESTS[one][0], at, REQUESTS[one][1]) if one in REQUESTS else OTHERS[one] for at, one in enumerate(names)
    ]


USUAL = ["handshake", "initialized", "list"], ["probe", "modern list"], ["probe", "handshake", "initialized", "list"]


@pytest.mark.slow
@given(
    st.one_of(
        st.lists(st.sampled_from([*REQUESTS, *OTHERS]), max_size=7),
        st.tuples(st.sampled_from(USUAL), st.lists(st.sampled_from([*REQUESTS, *OTHERS]), max_size=4)).map(
            lambda parts: [*parts[0], *parts[1]]
        ),
    ),
    st.integers(0, 7),
)
@settings(max_examples=150, deadline=None)
def test_a_client_cannot_tell_that_there_is_a_front(names: list[str], early: int) -> None:
    """Whatever it sends, and however much of it before the SDK is there: the same answers, each once, but of probes.

    Whether a probe is answered before the handshake is seen depends on when it is read; never after, and never twice.
    """
    lines = [*conversation(names), line("ping", 90)]
    probes = {at for at, one in enumerate(names) if REQUESTS.get(one, "")[:1] == ("server/discover",)}
    wanted = {90} | {at for at, one in enumerate(names) if one in REQUESTS} - probes

    async def run(*, answers: bool) -> list[dict[str, Any]]:
        wire = Wire(answers=answers)
        await wire.talk(lines[:early], lines[early:], wanted)
        return wire.got

    with_front, without = (asyncio.run(run(answers=answers)) for answers in (True, False))
    assert by_id(with_front, probes) == by_id(without, probes)
    # True is 1 for Python. What is refused can have been sent twice.
    ids = [one for answer in with_front if (one := json.dumps(answer["id"])) not in {"true", "97"}]
    assert len(ids) == len(set(ids))


def by_id(answers: Sequence[dict[str, Any]], probes: set[int]) -> list[dict[str, Any]]:
    """Answers in the order of their requests, without those to probes."""
    return sorted((one for one in answers if one["id"] not in probes), key=lambda one: json.dumps(one["id"]))


# Openings that the front answers: reads of lines, and for each answer the id and which of `opening.json` it is.
ANSWERED: dict[str, tuple[Sequence[Sequence[str]], Sequence[tuple[Any, str]]]] = {
    "handshake": ([[INITIALIZE]], [(1, f"initialize {HANDSHAKE}")]),
    "handshake and list": ([[INITIALIZE, INITIALIZED, LIST]], [(1, f"initialize {HANDSHAKE}"), (2, "tools/list")]),
    "one read after the other": (
        [[INITIALIZE], [INITIALIZED], [LIST]],
        [(1, f"initialize {HANDSHAKE}"), (2, "tools/list")],
    ),
    "empty parameters": (
        [[INITIALIZE, INITIALIZED, line("tools/list", 2, {})]],
        [(1, f"initialize {HANDSHAKE}"), (2, "tools/list")],
    ),
    "a number for progress": (
        [[INITIALIZE, INITIALIZED, line("tools/list", 2, {"_meta": {"progressToken": 0}})]],
        [(1, f"initialize {HANDSHAKE}"), (2, "tools/list")],
    ),
    "a word for progress": (
        [[INITIALIZE, INITIALIZED, line("tools/list", 2, {"_meta": {"progressToken": "t"}})]],
        [(1, f"initialize {HANDSHAKE}"), (2, "tools/list")],
    ),
    "with apps": (
        [[line("initialize", 1, hello(capabilities=APPS)), INITIALIZED, LIST]],
        [(1, f"initialize {HANDSHAKE}"), (2, "tools/list with apps")],
    ),
    **{
        f"in {version}": ([[line("initialize", 1, hello(version))]], [(1, f"initialize {version}")])
        for version in VERSIONS
    },
    **{
        f"with {number!r} as id": ([[line("initialize", number, hello())]], [(number, f"initialize {HANDSHAKE}")])
        for number in (0, -7, 10**20, "", "née", '"')
    },
    "modern": ([[PROBE, MODERN_LIST]], [(0, "server/discover"), (2, "tools/list 2026-07-28")]),
    "modern without a probe": ([[MODERN_LIST]], [(2, "tools/list 2026-07-28")]),
    "modern with apps": (
        [[line("server/discover", 0, MODERN_PARAMS_WITH_APPS), line("tools/list", 2, MODERN_PARAMS_WITH_APPS)]],
        [(0, "server/discover"), (2, "tools/list 2026-07-28 with apps")],
    ),
    "modern without apps after a probe with them": (
        [[line("server/discover", 0, MODERN_PARAMS_WITH_APPS), MODERN_LIST]],
        [(0, "server/discover"), (2, "tools/list 2026-07-28")],
    ),
    "gives up after the answer": (
        [[PROBE], [INITIALIZE, INITIALIZED, LIST]],
        [(0, "server/discover"), (1, f"initialize {HANDSHAKE}"), (2, "tools/list")],
    ),
    "gives up a probe with apps": (
        [[line("server/discover", 0, MODERN_PARAMS_WITH_APPS)], [INITIALIZE, INITIALIZED, LIST]],
        [(0, "server/discover"), (1, f"initialize {HANDSHAKE}"), (2, "tools/list")],
    ),
    "gave up before it was read": ([[PROBE, INITIALIZE]], [(1, f"initialize {HANDSHAKE}")]),
    # From the first line that is none of an opening, the SDK answers.
    "a ping behind it": ([[INITIALIZE, INITIALIZED, PING, LIST]], [(1, f"initialize {HANDSHAKE}")]),
    "two handshakes": ([[INITIALIZE, line("initialize", 3, hello())]], [(1, f"initialize {HANDSHAKE}")]),
    "two probes": ([[PROBE, line("server/discover", 3, MODERN_PARAMS), MODERN_LIST]], [(0, "server/discover")]),
    "two lists": ([[MODERN_LIST, line("tools/list", 3, MODERN_PARAMS)]], [(2, "tools/list 2026-07-28")]),
    "a probe behind the list": (
        [[MODERN_LIST, line("server/discover", 3, MODERN_PARAMS)]],
        [(2, "tools/list 2026-07-28")],
    ),
    "no notification": ([[INITIALIZE, LIST, INITIALIZED]], [(1, f"initialize {HANDSHAKE}")]),
    "a notification with an id": (
        [[INITIALIZE, line("notifications/initialized", 5), LIST]],
        [(1, f"initialize {HANDSHAKE}")],
    ),
    "the other era's list": ([[INITIALIZE, INITIALIZED, MODERN_LIST]], [(1, f"initialize {HANDSHAKE}")]),
    "the other era's list behind a probe": ([[PROBE, LIST]], [(0, "server/discover")]),
    "a list with more": (
        [[INITIALIZE, INITIALIZED, line("tools/list", 2, {"_meta": {"progressToken": 0, PROTOCOL: MODERN}})]],
        [(1, f"initialize {HANDSHAKE}")],
    ),
    "a list with a token and more": (
        [[INITIALIZE, INITIALIZED, line("tools/list", 2, {"_meta": {"progressToken": 0}, "cursor": "x"})]],
        [(1, f"initialize {HANDSHAKE}")],
    ),
    "a list with half a token": (
        [[INITIALIZE, INITIALIZED, line("tools/list", 2, {"_meta": {"progressToken": 0.5}})]],
        [(1, f"initialize {HANDSHAKE}")],
    ),
    "a page": ([[INITIALIZE, INITIALIZED, line("tools/list", 2, {"cursor": "x"})]], [(1, f"initialize {HANDSHAKE}")]),
    "no parameters": (
        [[INITIALIZE, INITIALIZED, '{"jsonrpc":"2.0","id":2,"method":"tools/list","params":null}']],
        [(1, f"initialize {HANDSHAKE}")],
    ),
}
# First lines of a client that the SDK answers, and all that follows.
LEFT_ALONE: dict[str, str] = {
    "blank": "",
    "no JSON": "no json",
    "a number": "7",
    "an array": f"[{INITIALIZE}]",
    "the notification": INITIALIZED,
    "the list": LIST,
    "a ping": PING,
    "no version of JSON-RPC": INITIALIZE.replace('"jsonrpc": "2.0", ', ""),
    "another version of JSON-RPC": INITIALIZE.replace('"2.0"', '"2.1"'),
    "no id": line("initialize", None, hello()),
    "null as id": INITIALIZE.replace('"id": 1', '"id": null'),
    "true as id": line("initialize", True, hello()),
    "a fraction as id": line("initialize", 1.5, hello()),
    "another method": line("initialise", 1, hello()),
    "no method": INITIALIZE.replace('"method": "initialize", ', ""),
    "a version that nobody knows": line("initialize", 1, hello("1999-01-01")),
    "the modern version": line("initialize", 1, hello(MODERN)),
    "a number as version": line("initialize", 1, hello() | {"protocolVersion": 7}),
    "a list as capabilities": line("initialize", 1, hello() | {"capabilities": []}),
    "a client without a version": line("initialize", 1, hello() | {"clientInfo": {"name": "tests"}}),
    "a client with a number as name": line("initialize", 1, hello() | {"clientInfo": {"name": 7, "version": "1"}}),
    "a client with a number as version": line("initialize", 1, hello() | {"clientInfo": {"name": "a", "version": 1}}),
    "a probe of another version": line("server/discover", 1, {"_meta": ENVELOPE | {PROTOCOL: "2099-01-01"}}),
    "half an envelope": line("server/discover", 1, {"_meta": {PROTOCOL: MODERN}}),
    "a probe without an envelope": line("server/discover", 1),
    "a probe with more": line("server/discover", 1, MODERN_PARAMS | {"more": 1}),
    "a modern page": line("tools/list", 1, MODERN_PARAMS | {"cursor": "x"}),
}


async def fronted(
    pipes: support.wire.Wire, reads: Sequence[Sequence[str]], *, allow_writes: bool = False
) -> tuple[str, front.Front]:
    """What the front answers to lines, as they come one read after the other while the SDK is loaded."""
    there = Event()
    made = front.Front(pipes.reader, pipes.writer, allow_writes=allow_writes)
    fronting = asyncio.create_task(made.answer_during(lambda: ("loaded", there.wait(PATIENCE))))
    try:
        for lines in reads:
            pipes.sends.write("".join(f"{one}\n" for one in lines).encode())
            await support.virtual_time.until(lambda: not unread(pipes.reader.fd))
    finally:
        there.set()
    assert await fronting == ("loaded", True)
    return pipes.heard().decode(), made


def answers_of(expected: Sequence[tuple[Any, str]], mode: str = "read-only") -> dict[Any, str]:
    """The answers by their ids, as `opening.json` has them."""
    words = json.loads(OPENING.read_text(encoding="utf-8"))[mode]
    return {
        number: f'{{"jsonrpc":"2.0","id":{json.dumps(number, ensure_ascii=False)},"result":{words[which]}}}'
        for number, which in expected
    }


@pytest.mark.parametrize("name", ANSWERED)
def test_an_opening_is_answered_by_the_front_to_the_letter(name: str) -> None:
    """Each request once, until a line is none of an opening; the SDK is given what it was, but for probes given up."""
    reads, expected = ANSWERED[name]
    with support.wire.wire() as pipes:
        told, made = asyncio.run(fronted(pipes, reads))
    answers = answers_of(expected)
    assert told.splitlines() == [*answers.values()]
    sent = [one for lines in reads for one in lines]
    given_up = int(INITIALIZE in sent and "server/discover" in sent[0])
    if given_up:
        answers.pop(0, None)
    assert made.lines == [one.encode() for one in sent[given_up:]]
    assert made.answered == answers


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_no_opening_is_left_to_the_sdk(name: str) -> None:
    """And all that comes after it, in the order in which it came."""
    sent = [LEFT_ALONE[name], INITIALIZE, INITIALIZED, LIST]
    with support.wire.wire() as pipes:
        told, made = asyncio.run(fronted(pipes, [sent[:1], sent[1:]]))
    assert (told, made.answered, made.lines) == ("", {}, [one.encode() for one in sent])


@pytest.mark.parametrize(("allow_writes", "mode"), [(False, "read-only"), (True, "with writes")])
def test_the_front_of_standard_input_and_output(mode: str, *, allow_writes: bool) -> None:
    """Where both are pipes; it answers with the tools of its mode. Files have none."""

    async def run(pipes: support.wire.Wire) -> None:
        pipes.sends.write(f"{MODERN_LIST}\n".encode())
        with front.front_on_standard_pipes(allow_writes=allow_writes) as made:
            assert made
            await made.answer_during(lambda: until_read(made.reader.fd))
        os.close(made.reader.fd)
        os.close(made.writer.fd)

    with support.wire.wire() as pipes:
        with support.wire.standard_descriptors({0: pipes.reader.fd, 1: pipes.writer.fd}):
            asyncio.run(run(pipes))
        assert pipes.heard().decode().splitlines() == [*answers_of([(2, "tools/list 2026-07-28")], mode).values()]


def until_read(fd: int) -> None:
    """Wait in a thread until a pipe is empty, which does not take long."""
    for _ in range(200_000):
        if not unread(fd):
            return
        os.sched_yield()
    raise TimeoutError


def test_files_have_no_front(tmp_path: Path) -> None:
    """The event loop can't wait for them."""
    with (
        (tmp_path / "file").open("w+b") as file,
        support.wire.standard_descriptors({0: file.fileno()}),
        front.front_on_standard_pipes(allow_writes=False) as made,
    ):
        assert made is None


@pytest.mark.parametrize("reads", [True, False])
def test_a_client_that_ends_its_input_at_the_opening_is_answered(*, reads: bool) -> None:
    """If it still reads: the front loads the SDK to the end, and says nothing of a pipe that nobody reads."""

    async def run(pipes: support.wire.Wire) -> None:
        pipes.sends.write(f"{INITIALIZE}\n{INITIALIZED}".encode())
        pipes.sends.close()
        made = front.Front(pipes.reader, pipes.writer, allow_writes=False)
        if not reads:
            pipes.hears.close()
        loaded = Event()
        fronting = asyncio.create_task(made.answer_during(lambda: loaded.wait(PATIENCE)))
        try:
            await support.virtual_time.until(lambda: len(made.lines) == 2)
            for _ in range(10):
                await asyncio.sleep(0)
            assert not fronting.done()
        finally:
            loaded.set()
        assert await fronting is True
        assert made.lines == [INITIALIZE.encode(), INITIALIZED.encode()]
        assert pipes.writer.broken is not reads

    with support.wire.wire() as pipes:
        asyncio.run(run(pipes))
        if reads:
            assert pipes.heard().decode().splitlines() == [*answers_of([(1, f"initialize {HANDSHAKE}")]).values()]


def test_what_fails_to_load_fails() -> None:
    """With its own error, though the client still says nothing."""

    def load() -> None:
        raise ImportError("no SDK")

    async def run(pipes: support.wire.Wire) -> None:
        made = front.Front(pipes.reader, pipes.writer, allow_writes=False)
        with pytest.raises(ImportError, match="no SDK"):
            await made.answer_during(load)

    with support.wire.wire() as pipes:
        asyncio.run(run(pipes))


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("writes", [False, True])
def test_the_front_knows_which_tools_there_are(gate: Callable[..., Gated], *, writes: bool) -> None:
    """With --allow-writes it lists those too."""
    one = gate(*(["--allow-writes"] if writes else []))
    with one.program:
        one.send([INITIALIZE, INITIALIZED, LIST])
        one.program.next_line()
        names = {tool["name"] for tool in json.loads(one.program.next_line())["result"]["tools"]}
        assert ("run_job" in names) is writes
        one.open()
        assert one.end() == (0, 2, "")


def test_other_words_than_the_sdks_are_reported(gate: Callable[..., Gated]) -> None:
    """The client has been told them, and isn't told twice; whoever runs the server reads it on standard error."""
    one = gate(before=SPOILT)
    with one.program:
        one.send([INITIALIZE])
        assert json.loads(one.program.next_line())["result"] == {"tools": []}
        one.open()
        one.send([PING])
        assert one.answers(1) == [5]
        code, answers, errors = one.end()
        assert (code, answers, errors.count("\n")) == (0, 2, 1)
        assert "The client was told at the opening what the SDK says otherwise" in errors


def test_a_client_that_leaves_at_the_opening(gate: Callable[..., Gated]) -> None:
    """It reads no answer, or it has closed its input: the server ends without a word."""
    with nobody() as pipe:
        one = gate(stdout=pipe)
        with one.program:
            one.send([INITIALIZE, INITIALIZED, LIST])
            one.program.close_input()
            one.open()
            assert (one.program.wait(), one.program.errors()) == (0, "")


@pytest.mark.parametrize("wrong", [["--transport", "carrier-pigeon"], ["--tiemout", "3"]])
def test_a_wrong_setting_is_said_before_anything_is_answered(gate: Callable[..., Gated], wrong: Sequence[str]) -> None:
    """A client that was answered would take the server for a working one."""
    one = gate(*wrong)
    with one.program:
        assert (one.program.wait(), one.program.output()) == (2, "")
