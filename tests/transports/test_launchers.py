"""A stdio server ends when its client has gone, and only then, whatever launched it."""

import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.program import ENVELOPE, HANDSHAKE, Program

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by pidfd")]

CLIENT = Path(support.__file__).parent / "client.py"
# The server tells its pid, and each look at its client: as many are waited for as silence would need to end it.
SERVER = """
import os, sys
from blaxel_mcp.transports import client_watch
client_watch.CHECK_SECONDS, client_watch.PING_SECONDS = 0.1, 0.5
looked = client_watch.reader_has_gone
def reader_has_gone(fd):
    print("looks", file=sys.stderr)
    return looked(fd)
client_watch.reader_has_gone = reader_has_gone
print("server", os.getpid(), file=sys.stderr, flush=True)
from blaxel_mcp.__main__ import main; sys.exit(main())
"""
ENDS_WITHIN = 5.0
LOOKS = 8
STAYING = (
    "directly",
    "in a thread",
    "env",
    "shell that executes it",
    "shell that waits for it",
    "shell in a shell",
    "wrapper that waits for it",
    "wrapper in a wrapper",
    "wrapper that copies",
    "nohup",
    "setsid",
)
LEAVING = ("launcher that exits", "shell's background", "double fork", "child of init")


class Launched:
    """A client, its server, and perhaps another child of the client, each a process."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.others: list[int] = []
        self.modern = False
        self._id = 0
        self.launcher = 0
        while (words := program.next_line().split())[0] != "client":
            self.others.append(int(words[1]))
            if words[0] == "launcher":
                self.launcher = int(words[1])
        self.client = int(words[1])
        while (words := program.next_error().split())[0] != "server":
            pass
        self.server = int(words[1])
        self.others += [self.client, self.server]
        self._gone = os.pidfd_open(self.server)

    def ask(self, method: str, **params: Any) -> None:
        """Have the client ask, and see the answer."""
        self._id += 1
        given = {"_meta": ENVELOPE} if self.modern else params
        self.program.send(json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": given}))
        assert self.program.next_line().split() == ["answer", str(self._id)]

    def begin(self, *, modern: bool = False) -> None:
        """Open the conversation."""
        self.modern = modern
        if modern:
            self.ask("tools/list")
        else:
            client = {"name": "tests", "version": "1"}
            self.ask("initialize", protocolVersion=HANDSHAKE, capabilities={}, clientInfo=client)
            self.program.send('{"jsonrpc":"2.0","method":"notifications/initialized"}')

    def wait_for_looks(self) -> None:
        """Wait until the server has looked some times whether its client is there."""
        for _ in range(LOOKS):
            while self.program.next_error() != "looks\n":
                pass

    def has_ended(self, seconds: float = ENDS_WITHIN) -> bool:
        """Whether the server's process ends within this time."""
        poll = select.poll()
        poll.register(self._gone, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        """End what is left."""
        os.close(self._gone)
        for pid in self.others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def launched(how: str, leaks: str = "nothing", pipes: str = "pipes") -> Iterator[Launched]:
    """Launch a server in a client's way."""
    command = (sys.executable, str(CLIENT), how, leaks, pipes, sys.executable, "-c", SERVER)
    with Program(command=command, env={"PYTHONWARNINGS": "default"}) as program:
        launched = Launched(program)
        try:
            yield launched
        finally:
            launched.close()


@pytest.mark.parametrize(
    ("how", "pipes"),
    [(how, "pipes") for how in (*STAYING, *LEAVING)]
    + [(how, "sockets") for how in ("directly", "shell that waits for it", "launcher that exits")],
)
def test_it_lives_as_long_as_its_client(how: str, pipes: str) -> None:
    """Past several looks at its client it still answers; once the client is killed, it ends."""
    with launched(how, pipes=pipes) as one:
        one.begin()
        one.wait_for_looks()
        one.ask("ping")
        assert not one.has_ended(0)
        os.kill(one.client, signal.SIGKILL)
        assert one.has_ended()


@pytest.mark.parametrize("how", [*STAYING, *LEAVING])
def test_it_ends_with_its_input(how: str) -> None:
    """A client that stays, but has closed its end of the pipe, wants no more."""
    with launched(how) as one:
        one.begin(modern=True)
        one.program.send("close")
        assert one.has_ended()
        assert one.program.process.poll() is None


@pytest.mark.parametrize(
    ("how", "leaks"),
    [(how, "to sibling") for how in STAYING]
    + [(how, "to wrapper") for how in ("shell that waits for it", "wrapper in a wrapper", "wrapper that copies")],
)
def test_it_ends_though_others_hold_the_far_ends(how: str, leaks: str) -> None:
    """Neither end of input nor broken output come: the client, not the parent, is watched; it answers no ping."""
    with launched(how, leaks) as one:
        one.begin(modern=how == "directly")
        one.wait_for_looks()
        one.ask("tools/list")
        os.kill(one.client, signal.SIGKILL)
        assert one.has_ended()


def test_it_ends_though_others_hold_the_far_ends_of_sockets() -> None:
    """The maker of a pair of sockets is known to the system."""
    with launched("launcher that exits", "to sibling", "sockets") as one:
        one.begin()
        one.wait_for_looks()
        os.kill(one.client, signal.SIGKILL)
        assert one.has_ended()


def test_a_client_that_was_handed_the_pipes_is_asked_whether_it_is_there() -> None:
    """What made the pipes and launched both has exited: the client's answer to a ping keeps the server."""
    with launched("handed over") as one:
        one.begin()
        one.wait_for_looks()
        os.kill(one.launcher, signal.SIGKILL)
        one.wait_for_looks()
        one.ask("ping")
        assert not one.has_ended(0)
        os.kill(one.client, signal.SIGKILL)
        assert one.has_ended()


def test_a_client_that_begins_after_its_launcher_has_exited_is_waited_for() -> None:
    """Silence counts once it has spoken: before that, it has longer."""
    with launched("handed over") as one:
        one.wait_for_looks()
        os.kill(one.launcher, signal.SIGKILL)
        one.wait_for_looks()
        one.begin()
        one.ask("ping")
        os.kill(one.client, signal.SIGKILL)
        assert one.has_ended()


@pytest.mark.parametrize("client", ["late", "idle", "busy"])
def test_a_client_that_a_launcher_gave_the_pipes_is_watched(client: str) -> None:
    """The launcher has exited: the server lives as long as the process that has the pipes as its standard files.

    It does so for a client that begins late, one of the 2026 era that says nothing, and one that answers no ping.
    """
    with launched("given") as one:
        if client != "late":
            one.begin(modern=client == "idle")
            one.program.send("be busy")
            one.ask("tools/list")
        one.wait_for_looks()
        os.kill(one.launcher, signal.SIGKILL)
        one.wait_for_looks()
        if client == "late":
            one.begin()
        one.ask("tools/list")
        assert not one.has_ended(0)
        os.kill(one.client, signal.SIGKILL)
        assert one.has_ended()


@pytest.mark.parametrize("era", ["2025", "2026"])
def test_it_ends_with_the_client_that_was_given_the_pipes(era: str) -> None:
    """Also where another process holds the far ends: the client's death then counts as the launcher's."""
    with launched("given", "to sibling") as one:
        one.begin(modern=era == "2026")
        one.wait_for_looks()
        os.kill(one.launcher, signal.SIGKILL)
        one.wait_for_looks()
        one.ask("tools/list")
        os.kill(one.client, signal.SIGKILL)
        assert one.has_ended()
