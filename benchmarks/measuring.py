"""How things are measured: every contender in turn, round after round, so that what else the machine does meets all."""

import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from benchmarks.clients import HttpClient, PipeClient
from benchmarks.executions import State, execution_id
from benchmarks.messages import HANDSHAKE
from benchmarks.peers import Contender
from benchmarks.processes import BenchmarkError, Process

IN_FLIGHT = 16
LEAST_ROUNDS = 3


@dataclass(slots=True)
class Bench:
    """What every measurement works with.

    Attributes:
        contenders: what is compared.
        url: the control plane's.
        home: an empty folder to run in.
        program: the interpreter that runs blaxel-mcp.
        quick: whether to take few samples.
        left_out: what could not be measured, and why.
        remarks: what was seen that is no figure.
    """

    contenders: Sequence[Contender]
    url: str
    home: Path
    program: str
    quick: bool = False
    left_out: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _asked: int = 0

    def run(self, contender: Contender, *more: str, seconds: float = 120.0) -> Process:
        """Start a contender with more arguments, for at most so many seconds."""
        environment = contender.environment(self.url, self.home)
        return Process([*contender.command, *more], environment, seconds=seconds, cwd=self.home)

    def next_execution(self, state: State, tasks: int) -> str:
        """An execution that was not asked for before, so that no answer is shared or remembered."""
        self._asked += 1
        return execution_id(state, tasks, self._asked)

    @property
    def servers(self) -> list[Contender]:
        """The contenders that are MCP servers."""
        return [one for one in self.contenders if not one.reader]

    @contextlib.contextmanager
    def without(self, contender: Contender, what: str) -> Iterator[None]:
        """Leave out what fails inside the `with`, with its reason."""
        try:
            yield
        except BenchmarkError as error:
            self.left_out.append(f"{contender.name}, {what}: {error}")


def in_turn(
    bench: Bench,
    what: str,
    contenders: Iterable[Contender],
    measure: Callable[[Contender], None],
    *,
    rounds: tuple[int, int],
    seconds: float,
) -> None:
    """Measure each contender in each round; one that fails is left out from then on.

    Args:
        bench: notes what is left out.
        what: is measured.
        contenders: whom to measure.
        measure: takes one sample.
        rounds: how many; the second number if it is to be quick.
        seconds: no round begins after so many, or a fifth of them if it is to be quick, once there are `LEAST_ROUNDS`.
    """
    left = list(contenders)
    end = monotonic() + (seconds / 5 if bench.quick else seconds)
    for number in range(rounds[bench.quick]):
        if number >= LEAST_ROUNDS and monotonic() > end:
            return
        for contender in list(left):
            try:
                measure(contender)
            except BenchmarkError as error:
                left.remove(contender)
                bench.left_out.append(f"{contender.name}, {what}: {error}")
        left[:] = [*left[1:], *left[:1]]  # nobody always runs after the same neighbour


def warm_up(bench: Bench) -> None:
    """Start everything once, so that bytecode and file caches are there; what does not work is left out."""
    working = []
    for contender in bench.contenders:
        with bench.without(contender, "at all"), bench.run(contender) as process:
            client = pipe_client(contender, process)
            client.open()
            client.call(execution_id("failed", 10))
            working.append(contender)
    bench.contenders = working


def pipe_client(contender: Contender, process: Process, era: str = HANDSHAKE) -> PipeClient:
    """A client of a contender that runs; readers know no eras."""
    return PipeClient(process, "" if contender.reader else era)


@contextlib.contextmanager
def pipe_clients(bench: Bench, what: str, contenders: Iterable[Contender]) -> Iterator[dict[str, PipeClient]]:
    """Clients of contenders that run side by side, by name."""
    with contextlib.ExitStack() as stack:
        clients = {}
        for contender in contenders:
            with bench.without(contender, what):
                client = pipe_client(contender, stack.enter_context(bench.run(contender, seconds=300)))
                client.open()
                clients[contender.name] = client
        yield clients


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def http_clients(bench: Bench, what: str) -> Iterator[dict[str, HttpClient]]:
    """Clients of servers that listen on loopback side by side, by name; each has `IN_FLIGHT` connections."""
    with contextlib.ExitStack() as stack:
        clients = {}
        for contender in bench.servers:
            port = free_port()
            with bench.without(contender, what):
                more = [word.format(port=port) for word in contender.http]
                process = stack.enter_context(bench.run(contender, *more, seconds=300))
                clients[contender.name] = HttpClient(process, port, IN_FLIGHT)
        yield clients
