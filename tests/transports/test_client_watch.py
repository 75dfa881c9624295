"""Whether the client of a stdio server is there: what the operating system tells, and what follows from it."""

import asyncio
import contextlib
import io
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.virtual_time import now, run
from support.wire import Wire, standard_descriptors, wire

from blaxel_mcp.transports.client_watch import (
    ClientWatch,
    ProcessStat,
    ProcessTable,
    Watched,
    find_makers,
    reader_has_gone,
)
from blaxel_mcp.transports.pipes import PipeReader

pytestmark = pytest.mark.skipif(not hasattr(select, "poll"), reason="pipes are not polled here")


@pytest.fixture(params=["pipe", "socket"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[io.FileIO, int]]:
    """The end to read, which a test may close, and the end to write, which doesn't wait."""
    if request.param == "pipe":
        reader, writer = os.pipe()
    else:
        reader, writer = (end.detach() for end in socket.socketpair())
    os.set_blocking(writer, False)
    with io.FileIO(reader) as file:
        yield file, writer
    os.close(writer)


class QuietPoll:
    """`select.poll` as macOS has it: a descriptor that is registered for no events is not looked at."""

    _real = select.poll

    def __init__(self) -> None:
        self._poll = QuietPoll._real()

    def register(self, fd: int, events: int) -> None:
        """Look at a descriptor."""
        if events:
            self._poll.register(fd, events)

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        """What happened."""
        return self._poll.poll(timeout)


def fill(writer: int) -> None:
    """Write until there is no room."""
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(65536))


@pytest.mark.parametrize("room", ["room", "no room"])
def test_a_reader_is_there_until_it_closes(ends: tuple[io.FileIO, int], room: str) -> None:
    """Whether or not there is room to write."""
    reader, writer = ends
    if room == "no room":
        fill(writer)
    assert not reader_has_gone(writer)
    reader.close()
    assert reader_has_gone(writer)


def test_a_poll_that_is_asked_for_nothing_tells_nothing(
    ends: tuple[io.FileIO, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is asked whether there is room, and macOS tells that the reader has gone as well."""
    monkeypatch.setattr(select, "poll", QuietPoll)
    reader, writer = ends
    assert not reader_has_gone(writer)
    reader.close()
    assert reader_has_gone(writer)


@dataclass
class Process:
    """What a table of processes says of one: descriptors by their number, each a pipe's name and `r` or `w`."""

    parent: int = 0
    fds: dict[int, tuple[str, str]] = field(default_factory=dict)
    state: str = "S"
    started: str = ""


class Table(ProcessTable):
    """A table of processes that changes as a test says; 1,000 is the server.

    Args:
        parent: The server's parent.
        processes: All others, by their ids; each started at ten times its id.
        stdin: The pipe that the server has as its standard input, if it is one.
        maker: The process that made the pair of sockets which is its standard input.
    """

    def __init__(
        self, parent: int | None, processes: dict[int, Process], stdin: str = "pipe:[1]", maker: int | None = None
    ) -> None:
        self.server = Process(parent or 0, {0: (stdin, "r"), 1: ("pipe:[2]", "w")} if stdin else {})
        self.processes = processes
        self.up, self.maker, self.linux = parent, maker, True

    def _find(self, pid: int) -> Process | None:
        return self.server if pid == ME else self.processes.get(pid)

    def is_readable(self) -> bool:
        """As on Linux."""
        return self.linux

    def own_pid(self) -> int:
        """The server."""
        return ME

    def parent_pid(self) -> int | None:
        """Its parent."""
        return self.up

    def pids(self) -> Iterator[int]:
        """All."""
        return iter([*self.processes, ME])

    def stat_of(self, pid: int) -> ProcessStat | None:
        """By the table."""
        found = self._find(pid)
        return ProcessStat(found.state, found.parent, found.started or str(pid * 10)) if found else None

    def pipe_of(self, pid: int, fd: int) -> Path | None:
        """By the table."""
        found = self._find(pid)
        return Path(found.fds[fd][0]) if found and fd in found.fds else None

    def writes_to(self, pid: int, pipe: Path) -> bool:
        """By the table."""
        found = self._find(pid)
        return bool(found and (str(pipe), "w") in found.fds.values())

    def has_as_output(self, pid: int, pipe: Path) -> bool:
        """By the table."""
        found = self._find(pid)
        return bool(found and found.fds.get(1) == (str(pipe), "w"))

    def maker_of_socket(self, fd: int) -> int | None:  # noqa: ARG002 - the server has one input
        """As it was told."""
        return self.maker


ME = 1000
OURS, OTHER, THIRD = "pipe:[1]", "pipe:[3]", "pipe:[4]"
CLIENT = {7: (OURS, "w"), 8: ("pipe:[2]", "r")}
"""Descriptors of who made our pipes."""


def maker(pid: int, pipe: str | None = OURS, *, first: bool = True) -> Watched:
    """A process that is watched."""
    return Watched(pid, str(pid * 10), is_maker=first, pipe=Path(pipe) if pipe else None)


def chain(count: int) -> dict[int, Process]:
    """So many processes from the server's parent upwards, the outermost of which made the pipe."""
    ancestors = {pid: Process(pid + 1) for pid in range(1, count)}
    return ancestors | {count: Process(0, CLIENT)}


def wrappers(count: int) -> dict[int, Process]:
    """So many wrappers from the server's parent upwards, each with a pipe of its own to the next."""
    return {
        pid: Process(pid + 1, {0: (f"pipe:[1{pid}]", "r"), 5: (f"pipe:[1{pid - 1}]", "w") if pid > 1 else (OURS, "w")})
        for pid in range(1, count + 1)
    }


@pytest.mark.parametrize(
    ("table", "found"),
    [
        pytest.param(Table(10, {10: Process(1, CLIENT), 1: Process()}), [maker(10)], id="the client itself"),
        pytest.param(
            Table(20, {20: Process(10, CLIENT), 10: Process(1, CLIENT), 1: Process()}),
            [maker(10)],
            id="behind a shell that inherited its ends",
        ),
        pytest.param(
            Table(20, {20: Process(15), 15: Process(10), 10: Process(1, CLIENT), 1: Process()}),
            [maker(10)],
            id="behind launchers that have closed them",
        ),
        pytest.param(
            Table(20, {20: Process(10, {0: (OURS, "r")}), 10: Process(0, {0: (OURS, "r")})}),
            [],
            id="nobody who could write",
        ),
        pytest.param(
            Table(20, {20: Process(10, {0: (OTHER, "r"), 5: (OURS, "w")}), 10: Process(0, {6: (OTHER, "w")})}),
            [maker(20), maker(10, OTHER, first=False)],
            id="a wrapper with pipes of its own",
        ),
        pytest.param(
            Table(20, {20: Process(10, {0: (OTHER, "r"), 5: (OURS, "w")}), 10: Process(0)}),
            [maker(20)],
            id="a wrapper whose client has gone",
        ),
        pytest.param(
            Table(1, wrappers(3)),
            [maker(1), maker(2, "pipe:[11]", first=False), maker(3, "pipe:[12]", first=False)],
            id="wrappers in wrappers",
        ),
        pytest.param(
            Table(1, wrappers(9)),
            [maker(1), *(maker(pid, f"pipe:[1{pid - 1}]", first=False) for pid in range(2, 9))],
            id="more than eight of them",
        ),
        pytest.param(Table(1, chain(64)), [maker(64)], id="64 generations"),
        pytest.param(Table(1, chain(65)), [], id="65 generations"),
        pytest.param(Table(10, {}), [], id="a parent that cannot be seen"),
        pytest.param(Table(0, {0: Process(0, CLIENT)}), [], id="no parent"),
        pytest.param(Table(5, {10: Process()}, "", maker=10), [maker(10, None)], id="sockets"),
        pytest.param(
            Table(5, {20: Process(10, {0: (OTHER, "r")}), 10: Process(0, {6: (OTHER, "w")})}, "", maker=20),
            [maker(20, None), maker(10, OTHER, first=False)],
            id="sockets of a wrapper",
        ),
        pytest.param(Table(5, {10: Process()}, "", maker=0), [], id="sockets of another container"),
        pytest.param(Table(5, {10: Process()}, "", maker=ME), [], id="sockets of its own"),
        pytest.param(Table(5, {10: Process()}, "", maker=11), [], id="sockets of who has died"),
        pytest.param(Table(5, {10: Process()}, ""), [], id="a file"),
    ],
)
def test_who_made_the_pipes_is_found(table: Table, found: list[Watched]) -> None:
    """The outermost ancestor that can write to ours; of a wrapper, who made that of its own input in turn."""
    assert find_makers(0, table) == found


@pytest.mark.parametrize(("parent", "found"), [(10, [Watched(10, None, is_maker=False)]), (None, [])])
def test_where_the_system_tells_nothing_the_parent_is_watched(parent: int | None, found: list[Watched]) -> None:
    """Not on Windows, where it stays the same when it has died."""
    table = Table(parent, {10: Process(0, CLIENT)})
    table.linux = False
    assert find_makers(0, table) == found


def test_a_process_has_died_if_another_has_its_number() -> None:
    """Or none has, or it is a zombie; without its start, if we have another parent."""
    table = Table(10, {10: Process(), 11: Process(state="Z"), 12: Process(state="X"), 13: Process(state="T")})
    died = {pid: maker(pid).has_died(table) for pid in (10, 11, 12, 13, 14)}
    assert died == {10: False, 11: True, 12: True, 13: False, 14: True}
    assert Watched(10, "99", is_maker=True).has_died(table)
    assert not Watched(10, None, is_maker=False).has_died(table)
    assert Watched(11, None, is_maker=False).has_died(table)


@pytest.mark.parametrize(
    ("processes", "heir"),
    [
        ({20: Process(fds={1: (OURS, "w")})}, 20),
        ({20: Process(fds={1: (OURS, "w")}), 30: Process(fds={1: (OURS, "w")})}, 20),
        ({20: Process(fds={1: (OURS, "w")}, started="900"), 101: Process(fds={1: (OURS, "w")}, started="1000")}, 20),
        ({20: Process(fds={1: (OURS, "w")}, started="1000"), 30: Process(fds={1: (OURS, "w")}, started="900")}, 30),
        ({30: Process(fds={1: (OURS, "w")}, started="7"), 20: Process(fds={1: (OURS, "w")}, started="7")}, 20),
        ({20: Process(fds={1: (OURS, "w")}, state="Z"), 30: Process(fds={1: (OURS, "w")})}, 30),
        ({20: Process(fds={3: (OURS, "w")})}, None),
        ({20: Process(fds={1: (OURS, "r")})}, None),
        ({20: Process(fds={1: (OTHER, "w")})}, None),
        ({10: Process(fds={1: (OURS, "w")})}, None),
        ({}, None),
    ],
    ids=[
        "one",
        "the older",
        "the older by number, not by letter",
        "the older one has the higher id",
        "of the same age",
        "a zombie",
        "a copy that was leaked",
        "an end to read",
        "another pipe",
        "itself",
        "nobody",
    ],
)
def test_who_was_given_the_pipe_is_watched_in_its_makers_place(processes: dict[int, Process], heir: int | None) -> None:
    """The living process whose standard output it is, the oldest if there are several."""
    table = Table(1, processes)
    for first in (True, False):
        found = maker(10, first=first).find_heir(table)
        if heir is None:
            assert found is None
        else:
            started = processes[heir].started or str(heir * 10)
            assert found == Watched(heir, started, is_maker=first)


def test_the_server_is_no_heir() -> None:
    """Its own output can be the pipe that it reads, in a test of somebody's; and of no pipe there is none."""
    table = Table(1, {})
    table.server.fds[1] = (OURS, "w")
    assert maker(10).find_heir(table) is None
    assert maker(10, None).find_heir(Table(1, {20: Process(fds={1: ("None", "w")})})) is None


PING = b'{"jsonrpc":"2.0","id":"blaxel-mcp-are-you-there","method":"ping"}\n'
Step = Callable[[Wire, Table, ClientWatch], object]


def dies(*pids: int) -> Step:
    """Processes end."""

    def step(_wire: Wire, table: Table, _watch: ClientWatch) -> None:
        for pid in pids:
            del table.processes[pid]

    return step


def speaks(wire: Wire, _table: Table, _watch: ClientWatch) -> None:
    """The client sends something."""
    wire.sends.write(b"{}\n")


def shakes_hands(_wire: Wire, _table: Table, watch: ClientWatch) -> None:
    """The client is of a 2025 era."""
    watch.may_ping = True


def closes(wire: Wire, _table: Table, _watch: ClientWatch) -> None:
    """The client reads no more."""
    wire.hears.close()


ONE = {10: Process(1, CLIENT), 1: Process()}
WRAPPED = {20: Process(10, {0: (OTHER, "r"), 5: (OURS, "w")}), 10: Process(0, {6: (OTHER, "w")})}
GIVEN = ONE | {30: Process(1, {0: ("pipe:[2]", "r"), 1: (OURS, "w")})}


async def read(reader: PipeReader) -> None:
    """Read what the client sends, as the server would."""
    while await reader.read_lines() is not None:
        pass


@pytest.mark.parametrize(
    ("processes", "steps", "gone", "pings"),
    [
        pytest.param(ONE, [], None, 0, id="a client that stays"),
        pytest.param(ONE, [(0.5, closes)], 1, 0, id="its output is broken"),
        pytest.param(ONE, [(0.5, dies(10))], 11, 0, id="dies unheard"),
        pytest.param(ONE, [(0.5, speaks), (1.5, dies(10))], 5, 0, id="dies after it has spoken"),
        pytest.param(ONE, [(0.5, speaks), (0.5, shakes_hands), (1.5, dies(10))], 5, 1, id="answers no ping"),
        pytest.param(ONE, [(0.5, shakes_hands), (1.5, dies(10))], 12, 1, id="answers no ping, and said nothing"),
        pytest.param(ONE, [(0.5, speaks), (1.5, dies(10)), (4.5, speaks)], None, 0, id="speaks again in time"),
        pytest.param(ONE, [(0.5, speaks), (1.5, dies(10)), (5.5, speaks)], 5, 0, id="speaks again too late"),
        pytest.param(ONE, [(1.5, dies(10)), (11.5, speaks)], None, 0, id="begins late"),
        pytest.param(WRAPPED, [(0.5, dies(10))], None, 0, id="a wrapper's client of the 2026 era"),
        pytest.param(WRAPPED, [(0.5, speaks), (0.5, shakes_hands), (1.5, dies(10))], 5, 1, id="a wrapper's client"),
        pytest.param(WRAPPED, [(0.5, speaks), (1.5, dies(20))], 5, 0, id="a wrapper"),
        pytest.param(WRAPPED, [(0.5, speaks), (0.5, shakes_hands), (1.5, dies(10, 20))], 5, 2, id="both at once"),
        pytest.param(GIVEN, [(0.5, speaks), (1.5, dies(10))], None, 0, id="a launcher"),
        pytest.param(GIVEN, [(0.5, speaks), (1.5, dies(10)), (3.5, dies(30))], 7, 0, id="a launcher, then its client"),
        pytest.param(GIVEN, [(0.5, speaks), (1.5, dies(10, 30))], 5, 0, id="a launcher and its client"),
    ],
)
def test_a_client_has_gone_once_its_makers_died_and_nobody_spoke(
    processes: dict[int, Process], steps: list[tuple[float, Step]], gone: float | None, pings: int
) -> None:
    """Three seconds after it was seen, ten for one that hadn't spoken; by the second, since it looks each second."""

    async def watch() -> tuple[float | None, bytes]:
        with wire() as pipes:
            table = Table(20 if 20 in processes else 10, dict(processes))
            table.server.fds = {pipes.reader.fd: (OURS, "r")}
            watch = ClientWatch(pipes.reader, pipes.writer, table)
            reading = asyncio.create_task(read(pipes.reader))
            for at, step in steps:
                asyncio.get_running_loop().call_later(at, step, pipes, table, watch)
            try:
                async with asyncio.timeout(60):
                    await watch.until_gone()
                ended: float | None = now()
            except TimeoutError:
                ended = None
            reading.cancel()
            await asyncio.wait((reading,))
            return ended, b"" if pipes.hears.closed else pipes.heard()

    assert run(watch) == (gone, PING * pings)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
NOBODY = 1 << 22
"""A process that there never is: Linux counts to one less."""


@pytest.fixture
def odd_name() -> Iterator[str]:
    """When this process started, by the system; its name looks like what comes behind it."""
    name = Path("/proc/self/comm")
    usual = name.read_text(encoding="utf-8")
    started = Path("/proc/self/stat").read_text(encoding="utf-8").removeprefix(f"{os.getpid()} ({usual.strip()}) ")
    name.write_text(") Z 1 (9", encoding="utf-8")
    yield started.split()[19]
    name.write_text(usual, encoding="utf-8")


@LINUX
def test_linux_tells_of_this_process(odd_name: str) -> None:
    """Whatever it is called; and that there is no other of some number."""
    table = ProcessTable()
    assert (table.is_readable(), table.own_pid(), table.parent_pid()) == (True, os.getpid(), os.getppid())
    assert table.stat_of(os.getpid()) == ProcessStat("R", os.getppid(), odd_name)
    assert table.stat_of(NOBODY) is None
    assert os.getpid() in set(table.pids())


def test_where_processes_do_not_fork_there_is_no_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows tells the same number when it has died, or another has it."""
    monkeypatch.delattr(os, "fork")
    assert ProcessTable().parent_pid() is None


@LINUX
def test_linux_tells_whose_a_pipe_is(tmp_path: Path) -> None:
    """Of each end which pipe it is; who writes to it is one who has the other end, perhaps as standard output."""
    table, me = ProcessTable(), os.getpid()
    reading, writing = os.pipe()
    pipe = Path(f"pipe:[{os.fstat(reading).st_ino}]")
    assert [table.pipe_of(me, fd) for fd in (reading, writing)] == [pipe, pipe]
    assert (table.writes_to(me, pipe), table.writes_to(NOBODY, pipe)) == (True, False)
    assert not table.writes_to(me, Path("pipe:[0]"))
    for fd, is_output in ((writing, True), (reading, False), (None, False)):
        with standard_descriptors({1: fd}):
            found = table.has_as_output(me, pipe)
        assert found == is_output
    os.close(writing)
    assert not table.writes_to(me, pipe)
    os.close(reading)
    assert table.pipe_of(me, reading) is None
    with (tmp_path / "file").open("wb") as file:
        assert table.pipe_of(me, file.fileno()) is None


@LINUX
def test_linux_tells_who_made_a_pair_of_sockets() -> None:
    """Of a pair only, and nothing stays open."""
    table = ProcessTable()
    pair, (reading, writing), other = socket.socketpair(), os.pipe(), socket.socket()
    with pair[0], pair[1], other:
        before = len(list(Path("/proc/self/fd").iterdir()))
        made = [table.maker_of_socket(fd) for fd in (pair[0].fileno(), other.fileno(), reading)]
        assert (made, len(list(Path("/proc/self/fd").iterdir()))) == ([os.getpid(), None, None], before)
    os.close(reading)
    os.close(writing)
    with pytest.raises(OSError, match="Bad file descriptor"):
        table.maker_of_socket(reading)


def test_a_closed_input_has_no_makers() -> None:
    """There is nobody to watch then, and that is no error."""

    async def watch() -> float:
        with wire() as pipes:
            watch = ClientWatch(PipeReader(NOBODY), pipes.writer)
            asyncio.get_running_loop().call_later(2.5, pipes.hears.close)
            await watch.until_gone()
            return now()

    assert run(watch) == 3
