"""A control plane that costs next to nothing: `python -m benchmarks.control_plane` prints its address and serves.

It answers from bytes that are made once per path, on connections that are kept, until its standard input ends.
"""

import asyncio
import contextlib
import re
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, get_args

from benchmarks.executions import JOB, WORKSPACE, State, body, execution, execution_id

LISTED = 20
_EXECUTION = re.compile(rf"/v0/jobs/{JOB}/executions/(\w+)-(\d+)-(\d{{4}})(/tasks)?".encode())


@cache
def _execution(state: State, tasks: int, apart: bool) -> tuple[bytes, bytes]:  # noqa: FBT001 - by the cache's key
    """What stands before and after the number in the id, of an execution or of the page of its tasks."""
    whole = execution(state, tasks, now=datetime.now(UTC), blunt=True)
    if apart:
        return body({"data": whole["tasks"][:200], "meta": {"hasMore": False}}), b""
    before, after = body(whole).split(f'"{execution_id(state, tasks)}"'.encode())
    return before + f'"{state}-{tasks}-'.encode(), b'"' + after


@cache
def _executions() -> bytes:
    """The newest executions of the job, without their tasks, as a list has them."""
    listed = []
    for number in range(LISTED):
        one = execution("succeeded", 10, now=datetime.now(UTC) - timedelta(hours=6 * number + 4)) | {"tasks": []}
        one["metadata"]["id"] = execution_id("older", 10, number)
        listed.append(one)
    return body({"data": listed, "meta": {"hasMore": False}})


@cache
def _job() -> bytes:
    return body({"metadata": {"name": JOB, "workspace": WORKSPACE}, "spec": {"enabled": True}, "status": "DEPLOYED"})


@cache
def _logs() -> bytes:
    """A log that tells why: a traceback, as lines of the newest moment first."""
    at = (datetime.now(UTC) - timedelta(hours=2, minutes=59)).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
    said = (
        "FileNotFoundError: [Errno 2] No such file or directory: '/data/in/part-0005.parquet'",
        '  File "/app/load.py", line 41, in load',
        "Traceback (most recent call last):",
        *(f"read {number} rows" for number in range(17)),
    )
    lines = [{"timestamp": at, "message": text, "severity": 17 if index < 3 else 9} for index, text in enumerate(said)]  # noqa: PLR2004
    return body({JOB: {"logs": lines, "totalCount": len(lines)}})


_FIXED: dict[bytes, Callable[[], bytes]] = {
    b"/v0/jobs": lambda: body({"data": [], "meta": {"hasMore": False}}),
    f"/v0/jobs/{JOB}".encode(): _job,
    f"/v0/jobs/{JOB}/revisions".encode(): lambda: b"[]",
    f"/v0/jobs/{JOB}/executions".encode(): _executions,
    b"/v0/observability/logs": _logs,
}


def answer(path: bytes) -> bytes:
    """The whole HTTP response to a GET of a path, which is without its query."""
    if found := _EXECUTION.fullmatch(path):
        state: Any = found[1].decode()
        if state in get_args(State):
            before, after = _execution(state, int(found[2]), bool(found[4]))
            return _response(b"200 OK", before + (found[3] + after if after else b""))
    elif path in _FIXED:
        return _response(b"200 OK", _FIXED[path]())
    return _response(b"404 Not Found", b'{"code":404,"error":"Not found"}')


def _response(status: bytes, content: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(content))
    return head + content


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection; they are GETs, which have no body."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            writer.write(answer(head.split(b" ", 2)[1].partition(b"?")[0]))
            await writer.drain()
    writer.close()


async def _main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    async with await asyncio.start_server(_serve, sock=listening):
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/v0", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
