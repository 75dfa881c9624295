"""A thousand clients poll fifty executions: `python benchmarks/soak.py --seconds 600`. Exits 1 if a promise breaks.

Three processes, all on loopback: a scripted control plane, the real program over HTTP, and the clients, each with a
connection of its own, half of them of either era, each asking again as soon as it has its answer (or after a pause).
That is more than the server can answer, on purpose: what is promised is that it coalesces, stays flat and answers all.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.playback import Execution, Task
from blaxel_mcp.demo.wire import Job

JOB = "embed-corpus"
TASKS = 20
MOST_UPSTREAM = 8
SETTLING = 0.1
"""Part of the time, at its beginning, in which memory is not judged: connections are made, caches filled."""
ANSWER_SECONDS = 60.0
MODERN = "2026-07-28"
HANDSHAKE = "2025-11-25"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "soak", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


# The control plane, in a process of its own


class _Counted(H11Protocol):
    """Counts the connections."""

    most = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _Counted.most = max(_Counted.most, len(self.connections))


def _execution(number: int) -> str:
    return f"exec-{number:08x}"


def _jobs(executions: int) -> Callable[[datetime], tuple[Job, ...]]:
    def jobs(began: datetime) -> tuple[Job, ...]:
        running = tuple(
            Execution(
                job=JOB,
                id=_execution(number),
                workspace=script.WORKSPACE,
                created=began - timedelta(minutes=5),
                tasks=tuple(Task(600.0 + task) for task in range(TASKS)),
                parallelism=10,
                timeout=7200,
            )
            for number in range(executions)
        )
        return (Job(name=JOB, workspace=script.WORKSPACE, created=began, executions=running),)

    return jobs


async def _serve_plane(executions: int, delay: float) -> None:
    """Serve until standard input ends; then print what was counted."""
    app, calls = control_plane.build_app(jobs=_jobs(executions), kept=0), 0

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(delay)
        await app(scope, receive, send)

    config = uvicorn.Config(slow, http=_Counted, ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/v0", flush=True)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"calls": calls, "connections": _Counted.most}), flush=True)
    server.should_exit = True
    await serving


# The server, as a process


@contextlib.contextmanager
def _process(*command: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, *command],
        env=dict(env),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _memory(pid: int) -> float:
    """Resident, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _open_files(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/fd").iterdir()])


# The clients


@dataclass(slots=True)
class Seen:
    """What the clients saw, and what the server was seen to use."""

    answers: int = 0
    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    health: list[float] = field(default_factory=list)


def _request(port: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    content = json.dumps(body).encode()
    lines = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
        f"Content-Length: {len(content)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def _asking(port: int, execution: str, *, modern: bool) -> bytes:
    tool = "get_job_execution"
    params: dict[str, Any] = {"name": tool, "arguments": {"jobId": JOB, "executionId": execution}}
    headers = {"MCP-Protocol-Version": HANDSHAKE}
    if modern:
        params["_meta"] = ENVELOPE
        headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": tool}
    return _request(port, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers)


def _hello(port: int) -> bytes:
    params = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}}
    return _request(port, {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, {})


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of the next answer, whose length is given or which comes in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if length := re.search(rb"\r\ncontent-length: *(\d+)", head):
        return status, await reader.readexactly(int(length[1]))
    body = b""
    while size := int((await reader.readline()).strip() or b"0", 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return status, body


async def _client(port: int, number: int, asked: argparse.Namespace, until: float, seen: Seen) -> None:
    """Poll one execution until the time has come; whatever is not its answer is an error."""
    execution, modern = _execution(number % asked.executions), number // asked.executions % 2 == 1
    asking, expected = _asking(port, execution, modern=modern), f'"executionId":"{execution}"'.encode()
    await asyncio.sleep(number / asked.clients * max(asked.pause, 1))  # not all in the same instant
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if not modern:
            writer.write(_hello(port))
            status, body = await asyncio.wait_for(_answer(reader), ANSWER_SECONDS)
            if status != 200 or b'"serverInfo"' not in body:  # noqa: PLR2004
                seen.errors[f"initialize: {status}"] += 1
        while perf_counter() < until:
            began = perf_counter()
            writer.write(asking)
            status, body = await asyncio.wait_for(_answer(reader), ANSWER_SECONDS)
            seen.seconds.append(perf_counter() - began)
            if status == 200 and expected in body.replace(b" ", b"") and b'"outcome"' in body:  # noqa: PLR2004
                seen.answers += 1
            else:
                seen.errors[f"{status} {body[:100]!r}"] += 1
            await asyncio.sleep(asked.pause)
        writer.close()
    except (OSError, EOFError, TimeoutError, ValueError) as error:
        seen.errors[type(error).__name__] += 1


async def _watch(pid: int, port: int, until: float, seen: Seen) -> None:
    """Once a second: what it uses, and how long `/health` takes."""
    while perf_counter() < until:
        seen.memory.append(_memory(pid))
        seen.files.append(_open_files(pid))
        began = perf_counter()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET /health HTTP/1.1\r\nHost: health\r\nConnection: close\r\n\r\n")
                if not (await reader.read()).endswith(b"ok"):
                    seen.errors["health"] += 1
                writer.close()
        except (OSError, TimeoutError) as error:
            seen.errors[f"health: {type(error).__name__}"] += 1
        seen.health.append(perf_counter() - began)
        await asyncio.sleep(1)


# The report


def _third(values: list[float], which: int) -> float:
    values = values[int(len(values) * SETTLING) :]
    size = max(len(values) // 3, 1)
    part = values[:size] if which == 0 else values[-size:]
    return sum(part) / max(len(part), 1)


def _tenths(values: list[float]) -> list[float]:
    edges = [len(values) * tenth // 10 for tenth in range(11)]
    return [sum(values[low:high]) / (high - low) for low, high in pairwise(edges) if high > low]


def _report(asked: argparse.Namespace, seen: Seen, plane: Mapping[str, int], written: str, code: int) -> int:
    """Print it; answers how many promises are broken."""
    first, last = _third(seen.memory, 0), _third(seen.memory, 2)
    cuts = quantiles(seen.seconds, n=100) if len(seen.seconds) > 1 else [0.0] * 99
    per_answer = plane["calls"] / max(seen.answers, 1)
    print(f"{asked.clients:,} clients, {asked.executions} executions, {asked.seconds:g} s")
    print(f"waiting        {asked.pause:g} s before each next question, {asked.delay:g} s for each call upstream")
    print(f"answers        {seen.answers:,} ({seen.answers / asked.seconds:.0f}/s), {seen.errors.total()} errors")
    for what, count in seen.errors.most_common(5):
        print(f"               {count} x {what}")
    print(f"latency        p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s; /health at worst {max(seen.health):.2f} s")
    print(f"upstream       {plane['calls']:,} calls, {per_answer:.3f} per answer; {plane['connections']} connections")
    print(f"memory         {first:.1f} -> {last:.1f} MiB = {last / first:.3f}, at most {max(seen.memory):.1f} MiB")
    print(f"               {' '.join(f'{value:.0f}' for value in _tenths(seen.memory))} in the tenths of the time")
    print(f"open files     at most {max(seen.files)}, {seen.files[-1]} at the end")
    print(f"ended          exit code {code}, {len(written.splitlines())} lines on standard error after it listened")
    promises = {
        "no errors": not seen.errors,
        "everybody is answered": seen.answers >= asked.clients,
        "upstream calls are coalesced": per_answer < asked.coalesced,
        f"at most {MOST_UPSTREAM} upstream connections": plane["connections"] <= MOST_UPSTREAM,
        f"memory within {asked.flat:g}": last / first <= asked.flat,
        "a clean end": code == 0 and not written,
    }
    broken = [promise for promise, kept in promises.items() if not kept]
    print("broken         " + ("; ".join(broken) or "none"))
    return len(broken)


async def _load(pid: int, port: int, asked: argparse.Namespace) -> Seen:
    seen = Seen()
    until = perf_counter() + asked.seconds
    clients = [_client(port, number, asked, until, seen) for number in range(asked.clients)]
    await asyncio.gather(_watch(pid, port, until, seen), *clients)
    return seen


def main() -> int:
    """Start both, ask, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--executions", type=int, default=50)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds that each call upstream takes")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between an answer and the next question")
    parser.add_argument("--coalesced", type=float, default=0.5, help="upstream calls per answer that are too many")
    parser.add_argument("--flat", type=float, default=1.1, help="memory of the last third by the first: no more than")
    parser.add_argument("--plane", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.plane:
        asyncio.run(_serve_plane(asked.executions, asked.delay))
        return 0
    bare = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    plane_command = (__file__, "--plane", "--executions", str(asked.executions), "--delay", str(asked.delay))
    with _process(*plane_command, env=bare) as plane:
        account = {"BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE, "HOME": "/nonexistent"}
        account["BL_API_URL"] = _line(plane.stdout)
        with _process("-m", "blaxel_mcp", "--transport", "http", "--port", "0", env=bare | account) as server:
            port = int(_line(server.stderr).rsplit(":", 1)[1].split("/")[0])
            began = datetime.now(UTC)
            seen = asyncio.run(_load(server.pid, port, asked))
            server.terminate()
            _, written = server.communicate(timeout=10)
            counted, _ = plane.communicate()
            print(f"{began:%Y-%m-%d}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
            return 1 if _report(asked, seen, json.loads(counted), written, server.returncode) else 0


def _line(stream: Any) -> str:
    return str(stream.readline()).strip()


if __name__ == "__main__":
    sys.exit(main())
