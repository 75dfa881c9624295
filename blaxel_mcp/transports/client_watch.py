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

When one of them has died and our input still doesn't end, the protocol decides: anything that comes shows that a client
is there, and a client of a 2025 era is sent a `ping`, which it must answer. Silence ends the server. Without a ping
(2026 era) only the first one's death counts: a client may well outlive whoever launched it.
"""

import asyncio
import contextlib
import os
import select
import stat
from dataclasses import dataclass
from pathlib import Path

from blaxel_mcp.transports.pipes import PipeReader, PipeWriter

CHECK_SECONDS = 1.0
"""Between two looks at the output and the watched process."""
PING_SECONDS = 2.0
"""For a client to show that it is there, once the watched process has died. The process ends 5 s after its client."""
_PING = '{"jsonrpc":"2.0","id":"blaxel-mcp-are-you-there","method":"ping"}\n'
_GENERATIONS, _WRAPPERS = 64, 8
"""Ancestors that are looked at, and makers of pipes that are watched."""


@dataclass(frozen=True)
class Watched:
    """A process, known by its id and start time, which together are not used twice.

    Attributes:
        pid: its id.
        started: in clock ticks since the machine's start; None if only the parent's id is known (no `/proc`).
        is_maker: whether it made our own pipe, so that it was the client when we started.
    """

    pid: int
    started: str | None
    is_maker: bool

    def has_died(self) -> bool:
        """Whether it is gone, or waits as a zombie for its own parent to notice."""
        if self.started is None:
            return os.getppid() != self.pid
        state = _stat_of(self.pid)
        return state is None or state.started != self.started or state.letter in "ZX"


def find_makers(stdin: int) -> list[Watched]:
    """Find the processes that made the pipe of standard input, and the pipe of that process, as described above."""
    if not Path("/proc/self/stat").exists():
        return [Watched(os.getppid(), None, is_maker=False)] if hasattr(os, "fork") else []
    mode = os.fstat(stdin).st_mode
    pid: int | None = None
    if stat.S_ISSOCK(mode):
        pid = _maker_of_socket(stdin)
    elif stat.S_ISFIFO(mode):
        pid = _outermost_writer(f"/proc/self/fd/{stdin}", os.getppid())
    found: list[Watched] = []
    while pid and (state := _stat_of(pid)) and len(found) < _WRAPPERS:
        found.append(Watched(pid, state.started, is_maker=not found))
        pid = _outermost_writer(f"/proc/{pid}/fd/0", state.parent)
    return found


def reader_has_gone(stdout: int) -> bool:
    """Whether nobody can read any more what would be written to a pipe or socket."""
    poll = select.poll()
    poll.register(stdout, 0)  # errors and hanging up are always told
    return bool(poll.poll(0))


class ClientWatch:
    """Watches over the client of a pair of pipes.

    Args:
        reader: of what the client sends.
        writer: of what it is sent.

    Attributes:
        may_ping: whether the client speaks a protocol era that has `ping`.
    """

    may_ping = False

    def __init__(self, reader: PipeReader, writer: PipeWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._watched: list[Watched] = []
        with contextlib.suppress(OSError):
            self._watched = find_makers(reader.fd)

    async def until_gone(self) -> None:
        """Wait until the client has gone."""
        while not reader_has_gone(self._writer.fd):
            for one in [one for one in self._watched if one.has_died()]:
                self._watched.remove(one)
                if (one.is_maker or self.may_ping) and not await self._is_heard():
                    return
            await asyncio.sleep(CHECK_SECONDS)

    async def _is_heard(self) -> bool:
        """Whether somebody shows that they are the client, after a ping if the protocol has one."""
        reads = self._reader.reads
        if self.may_ping:
            self._writer.post(_PING)
        await asyncio.sleep(PING_SECONDS)
        return self._reader.reads > reads


@dataclass(frozen=True)
class _Stat:
    letter: str
    parent: int
    started: str


def _stat_of(pid: int) -> _Stat | None:
    """What Linux says of a process (proc_pid_stat(5)); None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return _Stat(fields[0], int(fields[1]), fields[19])


def _outermost_writer(link: str, pid: int) -> int | None:
    """The outermost of a process and its ancestors that can write to a pipe; those below can have inherited it.

    Args:
        link: to the pipe in `/proc`.
        pid: the process.
    """
    found = None
    try:
        if not Path(link).is_fifo():
            return None
        pipe = Path(link).readlink()
    except OSError:  # another user's, or closed
        return None
    for _ in range(_GENERATIONS):
        state = _stat_of(pid) if pid else None
        if state is None:
            break
        if _writes_to(pid, pipe):
            found = pid
        pid = state.parent
    return found


def _writes_to(pid: int, pipe: Path) -> bool:
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                if link.readlink() == pipe and link.lstat().st_mode & stat.S_IWUSR:
                    return True
    except OSError:  # another user's
        pass
    return False


def _maker_of_socket(fd: int) -> int | None:
    """The process that made a pair of sockets (unix(7)); None if it isn't a pair, or was made in another container."""
    import socket  # noqa: PLC0415 - only Node gives its children sockets
    import struct  # noqa: PLC0415

    with socket.socket(fileno=os.dup(fd)) as end:
        if end.family != socket.AF_UNIX:
            return None
        pid, _, _ = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return pid if pid not in {0, os.getpid()} else None
