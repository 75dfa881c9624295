"""What is measured, section by section; README.md says how each figure is to be read."""

import json
from collections.abc import Callable, Mapping
from time import perf_counter

from benchmarks import instructions
from benchmarks.executions import State, execution_id
from benchmarks.measuring import IN_FLIGHT, Bench, http_clients, in_turn, pipe_client, pipe_clients
from benchmarks.messages import ERAS, HANDSHAKE
from benchmarks.peers import FASTMCP, OURS, STOCK, Contender, run_here
from benchmarks.processes import BenchmarkError
from benchmarks.report import JSON_LOADS, Figure

_MANY = 10_000
START = {FASTMCP: 0.46, STOCK: 0.92}
CALLS: Mapping[int, Mapping[str, float]] = {
    10: {FASTMCP: 0.85, STOCK: 0.95},
    100: {FASTMCP: 0.65, STOCK: 0.70},
    1_000: {FASTMCP: 0.25, STOCK: 0.25},
    _MANY: {FASTMCP: 0.15, STOCK: 0.15},
}
"""The goals, as parts of the peers' figures."""
_ROUNDS = {10: (300, 60), 100: (150, 40), 1_000: (50, 12), _MANY: (12, 3)}


def start(bench: Bench) -> list[Figure]:
    """From the start of the process to the first tool result."""
    plan: list[tuple[Figure, str, State]] = [
        (Figure(f"start-{era}", f"start to first result, {era}", "ms", START), era, "succeeded") for era in ERAS
    ]
    if not bench.quick:
        plan.append((Figure("start-failed", f"… of a failed execution, {HANDSHAKE}", "ms", START), HANDSHAKE, "failed"))
    for index, (figure, era, state) in enumerate(plan):

        def once(contender: Contender, figure: Figure = figure, era: str = era, state: State = state) -> None:
            began = perf_counter()
            with bench.run(contender) as process:
                client = pipe_client(contender, process, era)
                client.open()
                client.call(execution_id(state, 10))
                seconds = perf_counter() - began
            figure.add(contender.name, seconds * 1000)

        entered = bench.servers if index else bench.contenders  # readers know no eras, and stand in the first row
        in_turn(bench, figure.title, entered, once, rounds=(11, 1), seconds=18)
    return [figure for figure, *_ in plan]


def memory(bench: Bench) -> list[Figure]:
    """Resident memory after the first call and after one of ten thousand tasks, and its peak."""
    first = Figure("memory-first", "resident memory after the first call", "MiB", {FASTMCP: 0.72, STOCK: 0.97})
    many = Figure("memory-many", "… after one of 10,000 tasks", "MiB", {FASTMCP: 0.60})
    peak = Figure("memory-peak", "… at its peak until then", "MiB")

    def once(contender: Contender) -> None:
        with bench.run(contender) as process:
            client = pipe_client(contender, process)
            client.open()
            client.call(execution_id("succeeded", 10))
            seen = [(first, process.memory())]
            client.call(execution_id("succeeded", _MANY))
            seen += [(many, process.memory()), (peak, process.memory("VmHWM"))]
        for figure, mebibytes in seen:
            if mebibytes is None:
                raise BenchmarkError("only Linux says how much memory a process has")
            figure.add(contender.name, mebibytes)

    in_turn(bench, "memory", bench.contenders, once, rounds=(5, 1), seconds=25)
    return [first, many, peak]


def calls(bench: Bench) -> list[Figure]:
    """One call after the other over pipes, of servers that run and are warm; and how large their answers are."""
    states: tuple[State, ...] = ("succeeded",) if bench.quick else ("succeeded", "failed", "running")
    plan: list[tuple[Figure, State, int]] = [
        (Figure(f"call-{tasks}-{state}", f"a call, {tasks:,} tasks, {state}", "ms", CALLS[tasks]), state, tasks)
        for state in states
        for tasks in (CALLS if state == "succeeded" else (10, 1_000))
    ]
    sizes = {tasks: Figure(f"bytes-{tasks}", f"an answer, {tasks:,} tasks, succeeded", "kB") for tasks in CALLS}
    with pipe_clients(bench, "calls", bench.contenders) as clients:
        for figure, state, tasks in sorted(plan, key=lambda one: one[2]):  # the largest last: they leave memory behind

            def once(contender: Contender, figure: Figure = figure, state: State = state, tasks: int = tasks) -> None:
                seconds, size = clients[contender.name].call(bench.next_execution(state, tasks))
                figure.add(contender.name, seconds * 1000)
                if state == "succeeded" and not contender.reader:
                    sizes[tasks].add(contender.name, size / 1000)

            entered = [one for one in bench.contenders if one.name in clients]
            in_turn(bench, figure.title, entered, once, rounds=(2, 1), seconds=5)  # warm-up
            figure.samples.clear()
            in_turn(bench, figure.title, entered, once, rounds=_ROUNDS[tasks], seconds=6)
    return [*(figure for figure, *_ in plan), *sizes.values()]


def throughput(bench: Bench) -> list[Figure]:
    """Calls per second with sixteen under way, each of another execution of ten tasks."""
    goals = {FASTMCP: 2.0, STOCK: 1.2}
    over_pipes = Figure("throughput-stdio", f"calls, {IN_FLIGHT} in flight, stdio", "/s", goals)
    over_http = Figure("throughput-http", f"calls, {IN_FLIGHT} in flight, HTTP", "/s", goals)
    number = 48 if bench.quick else 240

    def load(figure: Figure, burst: Callable[[str, list[str]], float], names: Mapping[str, object]) -> None:
        def once(contender: Contender) -> None:
            wanted = [bench.next_execution("succeeded", 10) for _ in range(number)]
            figure.add(contender.name, number / burst(contender.name, wanted))

        entered = [one for one in bench.servers if one.name in names]
        in_turn(bench, figure.title, entered, once, rounds=(1, 1), seconds=5)  # warm-up
        figure.samples.clear()
        in_turn(bench, figure.title, entered, once, rounds=(7, 2), seconds=9)

    with pipe_clients(bench, over_pipes.title, bench.servers) as clients:
        load(over_pipes, lambda name, wanted: clients[name].burst(wanted, IN_FLIGHT), clients)
    with http_clients(bench, over_http.title) as connected:
        load(over_http, lambda name, wanted: connected[name].burst(wanted), connected)
    return [over_pipes, over_http]


def summary(bench: Bench) -> list[Figure]:
    """From the bytes of 10,000 tasks to the answer, in one process, beside `json.loads` of them."""
    try:
        told = json.loads(run_here(bench.program, "benchmarks.answering", "3" if bench.quick else "15"))
    except BenchmarkError as error:
        bench.left_out.append(f"summary: {error}")
        return []
    bench.remarks += told["sizes"]
    figures = []
    for case, (answering, parsing) in told["milliseconds"].items():
        samples = {OURS: answering, JSON_LOADS: parsing}
        figures.append(Figure(f"summary {case}", f"summarising 10,000 tasks, {case}", "ms", {JSON_LOADS: 1.2}, samples))
    return figures


def count(bench: Bench) -> list[Figure]:
    """Retired instructions, which do not depend on what else the machine does."""
    counted = [
        Figure("instructions-listed", f"start to the list of tools, {HANDSHAKE}", "M instructions", {}),
        Figure("instructions-start", f"start to first result, {HANDSHAKE}", "M instructions", START),
        *(
            Figure(f"instructions-{tasks}-{state}", f"a call, {tasks:,} tasks, {state}", "M instructions", CALLS[tasks])
            for state, tasks in instructions.CALLS
        ),
    ]
    if bench.quick:
        bench.left_out.append("instructions: they take over a minute, and it was to be quick")
        return []
    entered = [one for one in bench.servers if one.name in {OURS, FASTMCP, STOCK}]
    for name, numbers in instructions.count(bench, entered).items():
        for figure, number in zip(counted, (numbers.listed, numbers.first, *numbers.calls), strict=True):
            figure.add(name, number / 1e6)
    return [figure for figure in counted if figure.samples]


SECTIONS: dict[str, Callable[[Bench], list[Figure]]] = {
    "start": start,
    "memory": memory,
    "calls": calls,
    "throughput": throughput,
    "summary": summary,
    "instructions": count,
}
