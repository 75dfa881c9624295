"""What the answer about an execution costs in the process itself, from the bytes of the API's answer to the result.

`python -m benchmarks` runs it in the interpreter of blaxel-mcp, with the number of rounds; it prints one JSON object.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from gc import collect, freeze, set_threshold
from time import perf_counter
from typing import Any, TypeVar

from benchmarks.executions import JOB, WORKSPACE, body, execution, execution_id
from blaxel_mcp.api import wire
from blaxel_mcp.api.attempts import read_answer
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.call import Call
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.settings import Settings, load
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.wording import json_size
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.get_execution import answer_for

T = TypeVar("T")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TASKS = 10_000
SIZES = (1, 10, 100, 1_000, 10_000, 100_000)


@dataclass
class Arrived(Session):
    """A session to which the body of every answer has come already: what is left is to read it."""

    content: bytes = b""

    async def send(self, call: Call[T], *, at_most: float = 0.0) -> T:  # noqa: ARG002
        """As `Upstream` does it once the last byte is there."""
        return read_answer(call, wire.Response(200, {}, self.content))


def answer(content: bytes) -> ExecutionAnswer:
    """The finished answer, its raw JSON included, made of these bytes alone."""
    return asyncio.run(answer_in_loop(content, account()))


def account() -> Settings:
    """The settings of a server."""
    return load({}, {"BL_API_KEY": "benchmark", "BL_WORKSPACE": WORKSPACE}, None)


async def answer_in_loop(content: bytes, settings: Settings) -> ExecutionAnswer:
    """The finished answer, where an event loop runs already."""
    upstream = Upstream(api_url=settings.api_url, api_version=settings.api_version, timeout=1)
    session = Arrived(upstream, BlaxelAuth.from_settings(settings, lambda: None), content=content)
    app = AppContext(lambda _: session, lambda: NOW, lookups=False)
    try:
        return await answer_for(session, app, JOB, execution_id("failed", TASKS))
    finally:
        await upstream.aclose()


def sizes() -> list[str]:
    """What an answer costs to read beside the API's own JSON, with a token for every four bytes as a rule of thumb."""
    lines = []
    for tasks in SIZES:
        content = body(execution("failed", tasks, now=NOW))
        got = answer(content)
        prose = len(got["summary"].encode())
        got.pop("raw", None)
        told = (("prose", prose), ("fields", json_size(got)), ("the API's JSON", len(content)))
        said = ", ".join(f"{name} {size:,} B (~{size // 4:,} tokens)" for name, size in told)
        lines.append(f"{tasks:,} tasks, 10 % failed: {said}")
    return lines


def milliseconds(content: bytes, rounds: int) -> tuple[list[float], list[float]]:
    """Of the answer and of `json.loads`, in turn."""
    answering, parsing = [], []
    answer(content)  # what is imported at the first call
    for _ in range(rounds):
        answering.append(_timed(answer, content))
        parsing.append(_timed(json.loads, content))
    return answering, parsing


def _timed(work: Callable[[bytes], Any], content: bytes) -> float:
    collect()
    began = perf_counter()
    kept = work(content)
    taken = perf_counter() - began
    del kept
    return taken * 1000


def main() -> None:
    """Measure and print."""
    # As the program runs (blaxel_mcp/process.py): both sides of the ratio make a hundred thousand objects.
    freeze()
    set_threshold(50_000, 20, 3)
    cases = {"10 % failed": (10, False), "all failed, distinct messages": (1, True)}
    measured = {}
    for name, (every, distinct) in cases.items():
        content = body(execution("failed", TASKS, now=NOW, every=every, distinct=distinct))
        measured[name] = milliseconds(content, int(sys.argv[1]))
    print(json.dumps({"milliseconds": measured, "sizes": sizes()}))


if __name__ == "__main__":
    main()
