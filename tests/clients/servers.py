"""The real server with the demo workspace for a client to meet, and a recorder of all that crosses.

Over stdio, the client starts `record_stdio.py`, which starts the server. Over HTTP, the server is started here, and the
client is given the address of a relay in front of it, which passes every byte on as it comes.
"""

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from support.program import COMMAND, Program, environment

from clients.crossed import Crossed, from_http, from_stdio
from clients.rows import Transport

RECORDER = Path(__file__).parent / "record_stdio.py"
PATHS = {"http": "/mcp", "sse": "/sse"}
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Server:
    """A server for one run of a client.

    Attributes:
        command: what starts it over stdio, recorded; empty over HTTP.
        url: its address over HTTP; empty over stdio.
    """

    command: Sequence[str]
    url: str
    _log: Path
    _relay: "Relay | None"

    def crossed(self) -> Crossed:
        """What has crossed so far."""
        if self._relay:
            return from_http(self._relay.connections())
        return from_stdio(self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else "")


def stdio_command(log: Path, *, delay: int = 0, arguments: Sequence[str] = ("--demo",)) -> list[str]:
    """The command that starts the server over stdio with a recorder in front, `delay` milliseconds late."""
    recorder = (sys.executable, str(RECORDER), str(log), str(delay), environment()["PYTHONPATH"])
    return [*recorder, *COMMAND, *arguments]


@contextlib.contextmanager
def start(
    transport: Transport, folder: Path, *, delay: int = 0, arguments: Sequence[str] = ("--demo",)
) -> Iterator[Server]:
    """A server over a transport, which ends with the `with`; over stdio, the client ends what it starts."""
    log = folder / "crossed.log"
    if transport == "stdio":
        yield Server(stdio_command(log, delay=delay, arguments=arguments), "", log, None)
        return
    with Program(*arguments, "--transport", transport, "--port", "0") as program:
        address = urlsplit(program.listening())
        with relay(address.port or 0) as between:
            yield Server((), f"http://127.0.0.1:{between.port}{PATHS[transport]}", log, between)


@dataclass(slots=True)
class Relay:
    """Passes TCP connections on to a port of this machine and keeps what crossed."""

    listener: socket.socket
    to: int
    _kept: list[tuple[bytearray, bytearray]] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.listener.getsockname()[1])

    def connections(self) -> list[tuple[bytes, bytes]]:
        """For each connection so far, in order: what the client sent, and what it received."""
        return [(bytes(sent), bytes(received)) for sent, received in self._kept]

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            sent, received = bytearray(), bytearray()
            self._kept.append((sent, received))
            self._open += [client, server]
            for source, target, kept in ((client, server, sent), (server, client, received)):
                threading.Thread(target=_copy, args=(source, target, kept), daemon=True).start()

    def close(self) -> None:
        """Take no more connections, and end those that are left."""
        for one in (self.listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def relay(to: int) -> Iterator[Relay]:
    """A relay to a port of this machine, which ends with the `with`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = Relay(listener, to)
        thread = threading.Thread(target=one.serve, daemon=True)
        thread.start()
        try:
            yield one
        finally:
            one.close()
            thread.join()


def _copy(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            kept += data
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
