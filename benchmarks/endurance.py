"""One client that never leaves: `python -m benchmarks.endurance --calls 100000`. Exits 1 if a promise breaks.

A client calls tools over one stdio process, then over HTTP, several calls at a time: successes, and everything that can
go wrong, in turn. After each tenth of the calls, when nothing is under way, the program itself counts its memory blocks
and asyncio tasks. Before and after, the client is silent for a while, and refuses whatever the server asks of it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks import control_plane
from benchmarks.executions import JOB, execution_id
from benchmarks.messages import ERAS, HANDSHAKE, INITIALIZED, MODERN, opening, over_http, request

IN_FLIGHT = 8
DIFFERENT = 40
"""Executions of each kind that are asked for; more would only fill caches, which are bounded, later."""
PATIENCE = 60.0
SAME_MEMORY, SAME_SPEED = 1.02, 1.2
"""What the last tenth may take of the first one's: blocks and resident memory; processor time and median latency."""
ARENA_KIB = 4_096
"""Resident memory that may come in all the same, when the allocator opens another arena."""
IN_PASSING = 2 * IN_FLIGHT
"""Tasks and files that may be there at one count and not at another: of connections that are kept or just closed."""

PROGRAM = """
import asyncio, gc, json, os, signal, sys
def count(*_):
    gc.collect()
    tasks = len(asyncio.all_tasks())
    held = {"blocks": sys.getallocatedblocks(), "tasks": tasks}
    os.write(int(os.environ["COUNTS"]), json.dumps(held).encode() + b"\\n")
signal.signal(signal.SIGUSR1, count)
sys.argv[0] = "blaxel-mcp"
from blaxel_mcp.__main__ import main
sys.exit(main())
"""
"""The program as it is, but that it writes what it holds into a pipe when it is sent SIGUSR1."""


# The control plane, with faults


def _fault(path: bytes) -> bytes | None:
    """The answer to a path whose job names a fault; empty where the connection is cut without one."""
    found = re.match(rb"/v0/jobs/(status-(\d+)|garbage|cut)/", path)
    if not found:
        return None
    if found[2]:
        return b"HTTP/1.1 %b Fault\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" % found[2]
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n<html>\n"
        if found[1] == b"garbage"
        else b""
    )


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            fault = _fault(path)
            if fault == b"":
                break
            writer.write(control_plane.answer(path) if fault is None else fault)
            await writer.drain()
    writer.close()


# The calls


class Kind(NamedTuple):
    """One kind of call: its tool, its arguments, and what its answer has in it."""

    tool: str
    arguments: dict[str, Any]
    telling: bytes


def _get(execution: str, telling: str, job: str = JOB) -> Kind:
    return Kind("get_job_execution", {"jobId": job, "executionId": execution}, telling.encode())


def _kinds(number: int) -> list[Kind]:
    """Twenty calls of which half succeed at once; the number makes executions differ."""
    fine = [_get(execution_id("succeeded", 10, number * 10 + each), "Succeeded") for each in range(10)]
    return [
        *fine,
        _get(execution_id("failed", 10, number), "Failed"),
        _get(execution_id("failed", 100, number), "Failed"),
        _get(execution_id("running", 10, number), "Running"),
        Kind("list_job_executions", {"jobId": JOB}, b"succeeded"),
        _get("nowhere", "(404)"),
        _get("one", "(500)", "status-500"),
        _get("one", "(403)", "status-403"),
        _get("one", "JSON", "garbage"),
        Kind("get_job_execution", {"jobId": JOB}, b"executionId"),
        Kind("no_such_tool", {}, b"no_such_tool"),
    ]


CALLS = [kind for number in range(DIFFERENT) for kind in _kinds(number)]
CUT_EVERY = 2_000
"""A connection that is cut is tried four times, with pauses between, so it comes more rarely."""


def _call(number: int) -> Kind:
    return _get("one", "connection", "cut") if number % CUT_EVERY == len(CALLS) // 20 else CALLS[number % len(CALLS)]


# The clients


Ask = Callable[[bytes, int], Awaitable[bytes]]
"""Sends a request with an id, and gives the answer to it."""


class Pipes:
    """A client over standard streams: many requests at once, each answered by its id."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._reading = asyncio.create_task(self._read())

    async def ask(self, line: bytes, number: int) -> bytes:
        """Send a request, wait for its answer."""
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self.tell(line)
        return await asyncio.wait_for(answer, PATIENCE)

    def tell(self, line: bytes) -> None:
        """Send what gets no answer."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        self._process.stdin.write(line)

    async def _read(self) -> None:
        assert self._process.stdout  # noqa: S101 - it is a pipe
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            if "method" in message and "id" in message:
                self.tell(
                    json.dumps(
                        {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}}
                    ).encode()
                    + b"\n"
                )
            elif message.get("id") in self._waiting:
                self._waiting.pop(message["id"]).set_result(line)


class Posts:
    """A client over Streamable HTTP: as many connections as calls at a time, made anew where the server closed them."""

    def __init__(self, port: int, era: str) -> None:
        self._port = port
        self._era = era
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, line: bytes, _: int) -> bytes:
        """Send a request on a connection of its own, wait for its answer.

        Raises:
            ConnectionError, asyncio.IncompleteReadError: no answer came over a new connection. Those that were kept may
                have been closed since, because they were idle for too long.
        """
        data = over_http(self._era, self._port, line)
        if self._era == MODERN and b'"tools/call"' in line:  # the header names the tool
            data = re.sub(rb"Mcp-Name: \w+", b"Mcp-Name: " + json.loads(line)["params"]["name"].encode(), data)
        while True:
            kept = bool(self._free)
            reader, writer = self._free.pop() if kept else await asyncio.open_connection("127.0.0.1", self._port)
            try:
                writer.write(data)
                answer = await asyncio.wait_for(_response(reader), PATIENCE)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                if not kept:
                    raise
            else:
                self._free.append((reader, writer))
                return answer

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        for _, writer in self._free:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _response(reader: asyncio.StreamReader) -> bytes:
    """The body of the next response, whose length is given or which comes in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if length := re.search(rb"\r\ncontent-length: *(\d+)", head):
        return await reader.readexactly(int(length[1]))
    body = b""
    while size := int((await reader.readline()).strip() or b"0", 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


# What is measured


class Tenth(NamedTuple):
    """What the program held after a tenth of the calls, and what those calls took.

    Attributes:
        processor: milliseconds of processor time per call, which other work on the machine hardly changes.
        latency: milliseconds until the client had the answer to the median call.
    """

    blocks: int
    tasks: int
    memory_kib: int
    files: int
    threads: int
    processor: float
    latency: float


class Program:
    """The program, which counts what it holds when asked."""

    def __init__(self, process: asyncio.subprocess.Process, counts: asyncio.StreamReader) -> None:
        self.process = process
        self._counts = counts
        self._processor_seconds = 0.0

    async def held(self, latencies: Sequence[float]) -> Tenth:
        """Count, now that nothing is under way."""
        self.process.send_signal(signal.SIGUSR1)
        counted = json.loads(await asyncio.wait_for(self._counts.readline(), PATIENCE))
        home = Path("/proc", str(self.process.pid))
        found = re.search(
            r"^VmRSS:\s+(\d+) kB", (home / "status").read_text(encoding="ascii", errors="replace"), re.MULTILINE
        )
        return Tenth(
            blocks=counted["blocks"],
            tasks=counted["tasks"],
            memory_kib=int(found[1]) if found else 0,
            files=len([*(home / "fd").iterdir()]),
            threads=len([*(home / "task").iterdir()]),
            processor=self.processor_since() * 1000 / len(latencies),
            latency=median(latencies) * 1000,
        )

    def processor_since(self) -> float:
        """Seconds of processor time that the program took since this was last asked, or since it started."""
        ticks = Path("/proc", str(self.process.pid), "stat").read_text(encoding="ascii", errors="replace")
        spent = sum(map(int, ticks.rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
        since, self._processor_seconds = spent - self._processor_seconds, spent
        return since


@contextlib.asynccontextmanager
async def _program(url: str, *arguments: str) -> AsyncIterator[Program]:
    theirs, ours = socket.socketpair()
    env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ} | {
        "BL_API_URL": url,
        "BL_API_KEY": "a-key",
        "BL_WORKSPACE": "acme",
        "HOME": "/nonexistent",
        "COUNTS": str(theirs.fileno()),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, *arguments),
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=[theirs.fileno()],
        limit=1 << 22,
    )
    theirs.close()
    counts, writer = await asyncio.open_connection(sock=ours)
    try:
        yield Program(process, counts)
    finally:
        writer.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _work(program: Program, asks: Sequence[tuple[str, Ask]], calls: int) -> list[Tenth]:
    """Make the calls, in turn over each client; raise where an answer is not what it should be."""
    numbers = iter(range(calls))
    tenths: list[Tenth] = []
    program.processor_since()  # that of its start belongs to no call
    wrong: Counter[str] = Counter()
    for _ in range(10):
        latencies: list[float] = []

        async def caller(latencies: list[float] = latencies) -> None:
            while len(latencies) < calls // 10 and (number := next(numbers, None)) is not None:
                kind, (era, ask) = _call(number), asks[number % len(asks)]
                line = request(era, number + 10, "tools/call", {"name": kind.tool, "arguments": kind.arguments})
                began = perf_counter()
                answer = await ask(line, number + 10)
                latencies.append(perf_counter() - began)
                if kind.telling not in answer:
                    wrong[f"{kind.tool} {kind.arguments}: {answer[:300]!r}"] += 1

        await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
        if wrong:
            sys.exit(f"wrong answers: {wrong.most_common(3)}")
        tenths.append(await program.held(latencies))
    return tenths


def broken(tenths: Sequence[Tenth], *, timed: bool) -> list[str]:
    """Which promises the last tenth breaks, against the first."""
    first, last = tenths[0], tenths[-1]
    kept = {
        f"memory blocks within {SAME_MEMORY}": last.blocks <= first.blocks * SAME_MEMORY,
        f"resident memory within {SAME_MEMORY}": last.memory_kib <= first.memory_kib * SAME_MEMORY + ARENA_KIB,
        "no more tasks": last.tasks <= first.tasks + IN_PASSING,
        "no more open files": last.files <= first.files + IN_PASSING,
        "no more threads": last.threads <= first.threads,
        f"processor time within {SAME_SPEED}": not timed or last.processor <= first.processor * SAME_SPEED,
        f"median latency within {SAME_SPEED}": not timed or last.latency <= first.latency * SAME_SPEED,
    }
    return [promise for promise, is_kept in kept.items() if not is_kept]


async def by_stdio(url: str, calls: int, idle: float, era: str) -> list[Tenth]:
    """Make the calls over one process; silent before and after."""
    async with _program(url) as program:
        pipes = Pipes(program.process)
        await pipes.ask(opening(era), 0)
        if era == HANDSHAKE:
            pipes.tell(INITIALIZED)
        await asyncio.sleep(idle)
        tenths = await _work(program, [(era, pipes.ask)], calls)
        await asyncio.sleep(idle)
        await pipes.ask(request(era, 1, "tools/list"), 1)
    return tenths


async def by_http(url: str, calls: int, idle: float) -> list[Tenth]:
    """Make the calls over one server, by two clients of either era; silent before and after."""
    async with _program(url, "--transport", "http", "--port", "0") as program:
        assert program.process.stderr  # noqa: S101 - it is a pipe
        port = int((await program.process.stderr.readline()).decode().rsplit(":", 1)[1].split("/")[0])
        clients = {era: Posts(port, era) for era in ERAS}
        for era, client in clients.items():
            await client.ask(opening(era), 0)
        await asyncio.sleep(idle)
        tenths = await _work(program, [(era, client.ask) for era, client in clients.items()], calls)
        await asyncio.sleep(idle)
        for era, client in clients.items():
            await client.ask(request(era, 1, "tools/list"), 1)
            await client.aclose()
    return tenths


def _report(name: str, tenths: Sequence[Tenth], found: Sequence[str]) -> None:
    """Print a row for each tenth, and what is broken."""
    print(name)
    print("blocks     tasks  KiB      files  threads  processor ms  median ms")
    for each in tenths:
        print(
            f"{each.blocks:<9,}  {each.tasks:<5}  {each.memory_kib:<7,}  {each.files:<5}  "
            f"{each.threads:<7}  {each.processor:<12.2f}  {each.latency:.2f}"
        )
    ratios = [
        f"{label} {after / before:.3f}"
        for label, before, after in zip(Tenth._fields, tenths[0], tenths[-1], strict=True)
    ]
    print("last by first: " + ", ".join(ratios))
    print("broken: " + ("; ".join(found) or "none") + "\n", flush=True)


async def _main(asked: argparse.Namespace) -> int:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v0"
        works = {f"stdio, {era}": partial(by_stdio, url, asked.calls // 2, asked.idle, era) for era in ERAS}
        works["HTTP, both eras"] = partial(by_http, url, asked.calls, asked.idle)
        failures = 0
        for name, work in works.items():
            tenths = await work()
            found = broken(tenths, timed=not asked.counts)
            _report(f"{name}: {asked.idle:g} s of silence before and after", tenths, found)
            failures += len(found)
    return 1 if failures else 0


def main() -> int:
    """Do it all and judge; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000, help="over stdio (half in either era), and over HTTP")
    parser.add_argument("--idle", type=float, default=120.0, help="seconds of silence")
    parser.add_argument("--counts", action="store_true", help="do not judge latency, which other work upsets")
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
