"""Whether the client of a stdio server is still there, for every way to launch the server.

Three things end a stdio server by themselves: the end of its input, a signal, and an output that nobody can read any
more. The first and the last come as soon as the client has gone, whoever launched the server, as long as the client
alone holds the far ends of the pipes: a launcher that exits, a wrapper such as `uvx` or a shell that lives on, a double
fork and a container's init make no difference, and the parent process says nothing about the client.

They don't come where another process has inherited a copy of the far ends, such as a sibling of the server, or where a
wrapper with pipes of its own doesn't pass the end on. For these cases the processes that made the pipes are watched:

- of a pipe, the outermost ancestor that held the end to write to our input when we started (Linux, `/proc`);
- of a socket, the process that made the pair (`SO_PEERCRED`);
- as it could be a wrapper, the process that made the pipe of its standard input in turn, and so on;
- where none of this can be known, the parent.

A launcher may make the pipes, start both the server and the client with them, and exit. So where one of them has died,
a living process whose standard output is what the dead one wrote to is watched in its place: it was given the pipe on
purpose, while copies that were leaked have descriptors from 3 up. A process that shares our ends, or only reads what
we write (`blaxel-mcp | tee`), is not taken for the client. Which socket is the far end of another isn't known.

When nobody took its place and our input still doesn't end, the protocol decides: anything that comes shows that a
client is there, and a client of a 2025 era is sent a `ping`, which it must answer. Silence ends the server; a client
that has said nothing yet has longer. Without a ping (2026 era) only the death of our own pipe's maker counts, or of the
process in its place: a client may well outlive whoever launched it.
"""

import asyncio
import contextlib
import os
import select
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blaxel_mcp.transports.pipes import PipeReader, PipeWriter

CHECK_SECONDS = 1.0
"""Between two looks at the output and the watched process."""
PING_SECONDS = 3.0
"""For a client that has spoken to show that it is there, once the watched process has died with nobody in its place.

The process ends within 5 s of a client that made the pipes, though others hold their far ends."""
FIRST_SECONDS = 10.0
"""The same for a client that hasn't spoken yet: launchers exit early, and some clients begin late."""
_PING = '{"jsonrpc":"2.0","id":"blaxel-mcp-are-you-there","method":"ping"}\n'
_GENERATIONS, _WRAPPERS = 64, 8
"""Ancestors that are looked at, and makers of pipes that are watched."""


@dataclass(frozen=True)
class ProcessStat:
    """What Linux says of a process (proc_pid_stat(5)).

    Attributes:
        state: one letter, such as `R` (it runs), `S` (it sleeps) or `Z` (a zombie).
        parent: its parent's id, 0 if it has none that can be seen.
        started: when, in clock ticks since the machine's start.
    """

    state: str
    parent: int
    started: str

    @property
    def has_ended(self) -> bool:
        """Whether it is dead, or waits as a zombie for its own parent to notice."""
        return self.state in "ZX"


class ProcessTable:
    """What the operating system says of this process and of all others; a test has a table of its own."""

    def is_readable(self) -> bool:
        """Whether the operating system says anything of other processes: Linux does, where `/proc` is mounted."""
        return Path("/proc/self/stat").exists()

    def own_pid(self) -> int:
        """The id of this process."""
        return os.getpid()

    def parent_pid(self) -> int | None:
        """The id of this process's parent, another one once that has died; None on Windows, which keeps it for ever."""
        return os.getppid() if hasattr(os, "fork") else None

    def pids(self) -> Iterator[int]:
        """The ids of all processes."""
        return (int(directory.name) for directory in Path("/proc").glob("[1-9]*"))

    def stat_of(self, pid: int) -> ProcessStat | None:
        """What is known of a process; None if there is none."""
        try:
            text = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        fields = text.rpartition(b")")[2].decode().split()
        return ProcessStat(fields[0], int(fields[1]), fields[19])

    def pipe_of(self, pid: int, fd: int) -> Path | None:
        """The pipe that a descriptor is an end of; None if it is something else, or can't be known."""
        link = Path(f"/proc/{pid}/fd/{fd}")
        try:
            return link.readlink() if link.is_fifo() else None
        except OSError:  # another user's, or closed
            return None

    def writes_to(self, pid: int, pipe: Path) -> bool:
        """Whether any descriptor of a process is an end to write to a pipe."""
        try:
            return any(_can_write(link, pipe) for link in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:  # another user's
            return False

    def has_as_output(self, pid: int, pipe: Path) -> bool:
        """Whether the standard output of a process is an end to write to a pipe."""
        return _can_write(Path(f"/proc/{pid}/fd/1"), pipe)

    def maker_of_socket(self, fd: int) -> int | None:
        """The process that made a pair of sockets (unix(7)): 0 if in another container, None if it is no pair."""
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return None
        import socket  # noqa: PLC0415 - only Node gives its children sockets
        import struct  # noqa: PLC0415

        with socket.socket(fileno=os.dup(fd)) as end:
            if end.family != socket.AF_UNIX:
                return None
            told = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", told)[0]
        return pid


def _can_write(link: Path, pipe: Path) -> bool:
    """Whether a descriptor, a link in `/proc`, is an end to write to a pipe."""
    try:
        return link.readlink() == pipe and bool(link.lstat().st_mode & stat.S_IWUSR)
    except OSError:  # another user's, or closed meanwhile
        return False


@dataclass(frozen=True)
class Watched:
    """A process, known by its id and start time, which together are not used twice.

    Attributes:
        pid: its id.
        started: in clock ticks since the machine's start; None if only the parent's id is known (no `/proc`).
        is_maker: whether it made our own pipe, so that it was the client when we started, or is in that one's place.
        pipe: that it made, as `/proc` names it; None if another process in its place can't be known.
    """

    pid: int
    started: str | None
    is_maker: bool
    pipe: Path | None = None

    def has_died(self, table: ProcessTable) -> bool:
        """Whether it is gone, or waits as a zombie for its own parent to notice."""
        if self.started is None:
            return table.parent_pid() != self.pid
        state = table.stat_of(self.pid)
        return state is None or state.started != self.started or state.has_ended

    def find_heir(self, table: ProcessTable) -> "Watched | None":
        """Find the living process that was given the end to write to this one's pipe as its standard output.

        Of several it is the oldest, as the others can have inherited it. It has no heir in turn: its own children may
        well have its standard output.
        """
        if self.pipe is None:
            return None
        heirs: list[tuple[int, int, Watched]] = []
        for pid in table.pids():
            if pid not in {self.pid, table.own_pid()} and table.has_as_output(pid, self.pipe):
                state = table.stat_of(pid)
                if state and not state.has_ended:
                    heirs.append((int(state.started), pid, Watched(pid, state.started, self.is_maker)))
        return min(heirs)[2] if heirs else None


def find_makers(stdin: int, table: ProcessTable) -> list[Watched]:
    """Find the processes that made the pipe of standard input, and the pipe of that process, as described above."""
    parent = table.parent_pid()
    if not table.is_readable():
        return [] if parent is None else [Watched(parent, None, is_maker=False)]
    pipe = table.pipe_of(table.own_pid(), stdin)
    pid = _outermost_writer(pipe, parent, table) if pipe else table.maker_of_socket(stdin)
    if pid == table.own_pid():
        return []
    found: list[Watched] = []
    while pid and (state := table.stat_of(pid)) and len(found) < _WRAPPERS:
        found.append(Watched(pid, state.started, is_maker=not found, pipe=pipe))
        pipe = table.pipe_of(pid, 0)
        pid = _outermost_writer(pipe, state.parent, table) if pipe else None
    return found


def _outermost_writer(pipe: Path, pid: int | None, table: ProcessTable) -> int | None:
    """The outermost of a process and its ancestors that can write to a pipe; those below can have inherited it."""
    found = None
    for _ in range(_GENERATIONS):
        if not pid or (state := table.stat_of(pid)) is None:
            break
        if table.writes_to(pid, pipe):
            found = pid
        pid = state.parent
    return found


def reader_has_gone(stdout: int) -> bool:
    """Whether nobody can read any more what would be written to a pipe or socket."""
    poll = select.poll()
    poll.register(stdout, select.POLLOUT)  # macOS tells of errors and hanging up only if it is asked for something
    return any(events & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))


class ClientWatch:
    """Watches over the client of a pair of pipes.

    Args:
        reader: of what the client sends.
        writer: of what it is sent.
        table: what the operating system says of processes.

    Attributes:
        may_ping: whether the client speaks a protocol era that has `ping`.
    """

    may_ping = False

    def __init__(self, reader: PipeReader, writer: PipeWriter, table: ProcessTable | None = None) -> None:
        self._reader = reader
        self._writer = writer
        self._table = table or ProcessTable()
        self._watched: list[Watched] = []
        self._doubt: tuple[int, float] | None = None  # how often something had been read, and until when to wait
        with contextlib.suppress(OSError):
            self._watched = find_makers(reader.fd, self._table)

    async def until_gone(self) -> None:
        """Wait until the client has gone."""
        now = asyncio.get_running_loop().time
        while not reader_has_gone(self._writer.fd):
            if self._is_silent(now()):
                return
            for one in [one for one in self._watched if one.has_died(self._table)]:
                self._watched.remove(one)
                if heir := one.find_heir(self._table):
                    self._watched.append(heir)
                elif one.is_maker or self.may_ping:
                    self._ask_for_a_sign(now())
            await asyncio.sleep(CHECK_SECONDS)

    def _ask_for_a_sign(self, now: float) -> None:
        """Have the client show that it is there, with a ping if the protocol has one."""
        reads = self._reader.reads
        self._doubt = reads, now + (PING_SECONDS if reads else FIRST_SECONDS)
        if self.may_ping:
            self._writer.post(_PING)

    def _is_silent(self, now: float) -> bool:
        """Whether nobody has shown in time that they are the client."""
        if self._doubt is None:
            return False
        reads, until = self._doubt
        if self._reader.reads > reads:
            self._doubt = None
            return False
        return now >= until
