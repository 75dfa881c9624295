"""Time, memory and the event loop's longest gap against size: `python -m benchmarks.growth`, under two minutes.

Each row is a process of its own that asks a control plane on loopback, in a third process, a few times for the same
thing, through the tools' own functions without the MCP protocol: executions of 1 to 100,000 tasks, pages of executions,
logs. Meanwhile a task wakes up every millisecond and takes note of the longest it had to wait: so long was the event
loop held, the median of the calls. The exponent says how time grows from the row before: 1 is linear. At the end, the
program itself serves 1 to 256 clients over Streamable HTTP, each of which asks again as soon as it is answered.
"""

import asyncio
import gc
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks import peers
from benchmarks.clients import HttpClient
from benchmarks.executions import JOB, WORKSPACE, execution
from benchmarks.measuring import Bench, free_port
from benchmarks.processes import Process
from blaxel_mcp.process import end_startup
from blaxel_mcp.runtime import compose
from blaxel_mcp.settings import load
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.get_execution import get_job_execution
from blaxel_mcp.tools.get_logs import get_job_execution_logs
from blaxel_mcp.tools.list_executions import list_job_executions

ROWS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("tasks, 10 % failed", "failed", (1, 10, 100, 1_000, 10_000, 30_000, 100_000)),
    ("tasks, none failed", "succeeded", (1, 10_000, 100_000)),
    ("tasks, all failed, distinct messages", "distinct", (1, 10_000, 100_000)),
    ("executions in a list", "list", (1, 10, 100)),
    ("lines of log", "log", (1, 10, 100, 500)),
)
CLIENTS = (1, 4, 16, 64, 256)
_CALLS = 400
"""How many are measured for each number of clients, or two for each client."""
_TICK = 0.001
_LARGE = 1_000
"""From so many tasks on, a call takes long enough for few of them to do."""
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def _body(kind: str, size: int) -> bytes:
    if kind == "list":
        made = [execution("failed", 10, now=NOW) for _ in range(size)]
        for number, one in enumerate(made):
            one["metadata"]["id"] = f"exec-{number}"
        return json.dumps({"data": made, "meta": {"hasMore": False}}).encode()
    if kind == "log":
        lines = [
            {"timestamp": (NOW - timedelta(seconds=number)).isoformat(), "message": f"line {number} " + "x" * 200}
            for number in range(size)
        ]
        return json.dumps({JOB: {"logs": lines, "totalCount": size}}).encode()
    if kind == "distinct":
        return json.dumps(execution("failed", size, now=NOW, every=1, distinct=True)).encode()
    return json.dumps(execution("succeeded" if kind == "succeeded" else "failed", size, now=NOW)).encode()


class _Plane(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one write, or Nagle's algorithm makes every answer wait
    answer: Callable[[str, Mapping[str, list[str]]], bytes]

    def do_GET(self) -> None:  # the standard library's name
        address = urlsplit(self.path)
        body = type(self).answer(address.path, parse_qs(address.query))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


async def _gaps(into: list[float]) -> None:
    while True:
        began = perf_counter()
        await asyncio.sleep(_TICK)
        into.append(perf_counter() - began - _TICK)


def _peak() -> int:
    """The most memory that this process was resident in, in KiB. What `getrusage` tells counts the parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def _asking(kind: str, size: int, app: AppContext) -> Callable[[], Awaitable[object]]:
    def once() -> Awaitable[object]:
        session = app.new_session({})
        if kind == "list":
            return list_job_executions(JOB, session, app, limit=min(size, 50))
        if kind == "log":
            return get_job_execution_logs(JOB, "small", session, app, limit=size)
        return get_job_execution(JOB, "large", session, app)

    return once


async def _measure(kind: str, size: int, url: str) -> dict[str, float]:
    variables = {"BL_API_URL": url, "BL_API_KEY": "key", "BL_WORKSPACE": WORKSPACE, "BLAXEL_MCP_LOOKUPS": "never"}
    runtime = compose(load({}, variables, None), lambda: None)
    app = runtime.app
    await get_job_execution(JOB, "small", app.new_session({}), app)
    before = _peak()
    ask, seconds, longest = _asking(kind, size, app), [], []
    gaps: list[float] = []
    ticking = asyncio.create_task(_gaps(gaps))
    for _ in range(5 if size > _LARGE else 20):
        gaps[:] = [0.0]
        began = perf_counter()
        await ask()
        seconds.append(perf_counter() - began)
        await asyncio.sleep(5 * _TICK)  # for what is freed only now
        longest.append(max(gaps))
    ticking.cancel()
    peak = _peak() - before
    await runtime.aclose()
    return {"seconds": median(seconds), "gap": median(longest), "peak": peak / 1024}


def _child(kind: str, size: int) -> dict[str, float]:
    """Measure one row, in a process of its own; the control plane is here, in this one."""
    large, small = _body(kind, size), _body("failed", 1)

    def answer(path: str, _: Mapping[str, list[str]]) -> bytes:
        return small if path.endswith("/small") else large

    plane = ThreadingHTTPServer(("127.0.0.1", 0), type("Plane", (_Plane,), {"answer": staticmethod(answer)}))
    Thread(target=plane.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{plane.server_port}/v0"
    command = [sys.executable, "-m", "benchmarks.growth", kind, str(size), url]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - this very program
    plane.shutdown()
    plane.server_close()
    measured: dict[str, float] = json.loads(found.stdout)
    return {**measured, "bytes": len(large)}


def _by_clients() -> Iterator[tuple[int, float, float]]:
    """For each number of clients the seconds of a call, and the MiB that the server is resident in."""
    root, environment = Path(__file__).parents[1], {"PATH": os.environ.get("PATH", "")}
    command = (sys.executable, "-m", "benchmarks.control_plane")
    ours = next(one for one in peers.contenders(sys.executable, None) if one.name == peers.OURS)
    with tempfile.TemporaryDirectory() as home, Process(command, environment, seconds=600, cwd=root) as plane:
        bench = Bench([ours], plane.read_line().decode().strip(), Path(home), sys.executable)
        for clients in CLIENTS:
            port = free_port()
            with bench.run(ours, *(word.format(port=port) for word in ours.http)) as process:
                connected = HttpClient(process, port, clients)
                calls = max(_CALLS, 2 * clients)
                for _ in range(2):  # the first time warms up
                    seconds = connected.burst([bench.next_execution("succeeded", 10) for _ in range(calls)])
                yield clients, seconds / calls, process.memory() or 0.0


def main() -> None:
    """Print the tables, or as a child the figures of one row as JSON."""
    if len(sys.argv) > 1:
        asked, tasks, url = sys.argv[1:]
        end_startup()  # collects garbage as the program does
        sys.stdout.write(json.dumps(asyncio.run(_measure(asked, int(tasks), url))))
        return
    out = partial(print, flush=True)
    for title, kind, sizes in ROWS:
        out(f"\n{title:>36} {'bytes':>12} {'seconds':>9} {'exponent':>9} {'peak MiB':>9} {'gap ms':>7}")
        before: tuple[int, float] | None = None
        for size in sizes:
            row = _child(kind, size)
            slope = ""
            if before:
                slope = f"{math.log(row['seconds'] / before[1]) / math.log(size / before[0]):.2f}"
            before = size, row["seconds"]
            figures = (
                f"{row['bytes']:>12,} {row['seconds']:>9.4f} {slope:>9} {row['peak']:>9.1f} {row['gap'] * 1e3:>7.1f}"
            )
            out(f"{size:>36,} {figures}")
            gc.collect()
    out(f"\n{'clients over Streamable HTTP':>36} {'calls/s':>12} {'seconds':>9} {'':>9} {'MiB':>9}")
    for clients, seconds, memory in _by_clients():
        out(f"{clients:>36,} {1 / seconds:>12.0f} {seconds:>9.4f} {'':>9} {memory:>9.1f}")


if __name__ == "__main__":
    main()
