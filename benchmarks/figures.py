"""The measurements: every contender in turn, round after round, so that what else the machine does meets all alike."""

import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter

from benchmarks.clients import HttpClient, PipeClient
from benchmarks.executions import State, execution_id
from benchmarks.messages import ERAS, HANDSHAKE
from benchmarks.peers import FASTMCP, LOOKUPS, OURS, STOCK, Contender
from benchmarks.processes import BenchmarkError, Process
from benchmarks.report import Figure

IN_FLIGHT = 16
LEAST_ROUNDS = 3
_MANY = 10_000


@dataclass(slots=True)
class Bench:
    """What every measurement works with.

    Attributes:
        contenders: what is compared.
        url: the control plane's.
        home: an empty folder to run in.
        share: of the full time; `--quick` takes less.
        left_out: what could not be measured, and why.
    """

    contenders: Sequence[Contender]
    url: str
    home: Path
    share: float = 1.0
    left_out: list[str] = field(default_factory=list)
    _asked: int = 0

    def run(self, contender: Contender, *more: str, seconds: float = 120.0) -> Process:
        """Start a contender."""
        environment = contender.environment(self.url, self.home)
        return Process([*contender.command, *more], environment, seconds=seconds, cwd=self.home)

    def next_execution(self, state: State, tasks: int) -> str:
        """An execution that was not asked for before, so that nothing is shared or remembered."""
        self._asked += 1
        return execution_id(state, tasks, self._asked)

    def only(self, *names: str) -> list[Contender]:
        """The contenders of these names that there are."""
        return [one for one in self.contenders if one.name in names]

    @property
    def servers(self) -> list[Contender]:
        """The contenders that are MCP servers."""
        return [one for one in self.contenders if not one.reader]


def in_turn(
    bench: Bench,
    what: str,
    contenders: Iterable[Contender],
    measure: Callable[[Contender], None],
    *,
    rounds: int,
    seconds: float,
) -> None:
    """Measure each contender in each round; one that fails is left out from then on.

    Args:
        bench: counts what is left out.
        what: is measured.
        contenders: whom to measure.
        measure: takes one sample.
        rounds: how many at most.
        seconds: after so many no round begins, once there are `LEAST_ROUNDS`.
    """
    left = list(contenders)
    end = monotonic() + seconds * bench.share
    for number in range(max(round(rounds * bench.share), LEAST_ROUNDS)):
        if number >= LEAST_ROUNDS and monotonic() > end:
            break
        for contender in list(left):
            try:
                measure(contender)
            except BenchmarkError as error:
                left.remove(contender)
                bench.left_out.append(f"{contender.name}, {what}: {error}")
        left.append(left.pop(0)) if left else None  # nobody always runs after the same neighbour


def warm_up(bench: Bench) -> None:
    """Start everything once, so that bytecode and file caches are there; what does not start is left out."""

    def once(contender: Contender) -> None:
        with bench.run(contender) as process:
            client = _client(contender, process)
            client.open()
            client.call(execution_id("failed", 10))

    working = []
    for contender in bench.contenders:
        try:
            once(contender)
        except BenchmarkError as error:
            bench.left_out.append(f"{contender.name}: {error}")
        else:
            working.append(contender)
    bench.contenders = working


def start(bench: Bench) -> list[Figure]:
    """From the start of the process to the first tool result, in both eras."""
    goals = {FASTMCP: 0.46, STOCK: 0.92}
    figures = [Figure(f"start-{era}", f"start to first result, {era}", "ms", goals) for era in ERAS]
    figures.append(Figure("start-failed", f"the same of a failed execution, {HANDSHAKE}", "ms", goals))
    for figure, era, state in zip(figures, (*ERAS, HANDSHAKE), ("succeeded", "succeeded", "failed"), strict=True):
        # Readers know no eras: they stand in the first row.
        entered = bench.contenders if figure is figures[0] else bench.servers

        def once(contender: Contender, figure: Figure = figure, era: str = era, state: State = state) -> None:  # type: ignore[assignment]
            began = perf_counter()
            with bench.run(contender) as process:
                client = _client(contender, process, era)
                client.open()
                client.call(execution_id(state, 10))
                seconds = perf_counter() - began
            _add(figure, contender, seconds * 1000)

        in_turn(bench, figure.title, entered, once, rounds=15, seconds=30)
    return figures


def memory(bench: Bench) -> list[Figure]:
    """Resident memory after the first call, and after one of ten thousand tasks; its peak too."""
    first = Figure("memory-first", "resident memory after the first call", "MiB", {FASTMCP: 0.72, STOCK: 0.97})
    many = Figure("memory-many", "after one of 10,000 tasks", "MiB", {FASTMCP: 0.60})
    peak = Figure("memory-peak", "at its peak until then", "MiB")

    def once(contender: Contender) -> None:
        with bench.run(contender) as process:
            client = _client(contender, process)
            client.open()
            client.call(execution_id("succeeded", 10))
            seen = [(first, process.memory())]
            client.call(execution_id("succeeded", _MANY))
            seen += [(many, process.memory()), (peak, process.memory("VmHWM"))]
        for figure, mebibytes in seen:
            if mebibytes is None:
                raise BenchmarkError("only Linux says how much memory a process has")
            _add(figure, contender, mebibytes)

    in_turn(bench, "memory", bench.contenders, once, rounds=5, seconds=25)
    return [first, many, peak]


def calls(bench: Bench) -> list[Figure]:
    """One call after the other over pipes, of servers that run and are warm."""
    both = {10: (0.85, 0.95), 100: (0.65, 0.70), 1_000: (0.25, 0.25), _MANY: (0.15, 0.15)}
    counts = {10: 300, 100: 150, 1_000: 40, _MANY: 10}
    states: tuple[State, ...] = ("succeeded", "failed", "running")
    figures = []
    for state in states:
        sizes = counts if state == "succeeded" else (10, 1_000)
        for tasks in sizes:
            title = f"a call, {tasks:,} tasks, {state}"
            figure = Figure(f"call-{tasks}-{state}", title, "ms", dict(zip((FASTMCP, STOCK), both[tasks], strict=True)))
            figures.append(figure)
            with _open_clients(bench, title) as clients:
                for client in clients.values():
                    for _ in range(3 if tasks < _MANY else 1):
                        client.call(bench.next_execution(state, tasks))

                def once(
                    contender: Contender, figure: Figure = figure, state: State = state, tasks: int = tasks
                ) -> None:
                    seconds = clients[contender.name].call(bench.next_execution(state, tasks))  # noqa: B023
                    _add(figure, contender, seconds * 1000)

                entered = [one for one in bench.contenders if one.name in clients]
                in_turn(bench, title, entered, once, rounds=counts[tasks], seconds=10)
    return figures


def throughput(bench: Bench) -> list[Figure]:
    """Calls per second with sixteen under way, each of another execution of ten tasks."""
    goals = {FASTMCP: 2.0, STOCK: 1.2}
    figures = []
    number = max(round(320 * bench.share), 64)
    for transport in ("stdio", "HTTP"):
        title = f"calls per second, {IN_FLIGHT} in flight, {transport}"
        figure = Figure(f"throughput-{transport.lower()}", title, "/s", goals)
        figures.append(figure)

        with contextlib.ExitStack() as stack:
            bursts: dict[str, Callable[[list[str]], float]] = {}
            if transport == "stdio":
                clients = stack.enter_context(_open_clients(bench, title, bench.servers))
                for name, client in clients.items():
                    bursts[name] = lambda wanted, client=client: client.burst(wanted, IN_FLIGHT)  # type: ignore[misc]
            else:
                for contender in bench.servers:
                    with _left_out(bench, contender, title):
                        bursts[contender.name] = _http(bench, contender, stack).burst

            def once(contender: Contender, figure: Figure = figure) -> None:
                wanted = [bench.next_execution("succeeded", 10) for _ in range(number)]
                _add(figure, contender, number / bursts[contender.name](wanted))  # noqa: B023

            entered = [one for one in bench.servers if one.name in bursts]
            for contender in entered:
                with _left_out(bench, contender, title):
                    bursts[contender.name]([bench.next_execution("succeeded", 10) for _ in range(64)])
            in_turn(bench, title, entered, once, rounds=7, seconds=20)
    return figures


SECTIONS: dict[str, Callable[[Bench], list[Figure]]] = {
    "start": start,
    "memory": memory,
    "calls": calls,
    "throughput": throughput,
}


def _client(contender: Contender, process: Process, era: str = HANDSHAKE) -> PipeClient:
    return PipeClient(process, "" if contender.reader else era)


def _add(figure: Figure, contender: Contender, value: float) -> None:
    figure.samples.setdefault(contender.name, []).append(value)


@contextlib.contextmanager
def _left_out(bench: Bench, contender: Contender, what: str) -> Iterator[None]:
    try:
        yield
    except BenchmarkError as error:
        bench.left_out.append(f"{contender.name}, {what}: {error}")


@contextlib.contextmanager
def _open_clients(
    bench: Bench, what: str, contenders: Iterable[Contender] | None = None
) -> Iterator[dict[str, PipeClient]]:
    """Running servers with a connection each, by name."""
    with contextlib.ExitStack() as stack:
        clients = {}
        for contender in contenders or bench.contenders:
            with _left_out(bench, contender, what):
                client = _client(contender, stack.enter_context(bench.run(contender)))
                client.open()
                clients[contender.name] = client
        yield clients


def _http(bench: Bench, contender: Contender, stack: contextlib.ExitStack) -> HttpClient:
    """A server that listens on loopback, with sixteen connections."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = stack.enter_context(bench.run(contender, *(word.format(port=port) for word in contender.http)))
    client = HttpClient(process, port, IN_FLIGHT)
    stack.callback(client.close)
    return client


__all__ = ["LOOKUPS", "OURS", "SECTIONS", "Bench", "in_turn", "warm_up"]
