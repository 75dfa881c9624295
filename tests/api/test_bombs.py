"""Answers that unfold to far more than was sent: each is refused within bounds of memory, and others are answered.

The program runs as a subprocess, and what it took is the peak that the operating system counted for it.
"""

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.faults import Answer, Exchange, Faults, Hold
from support.plane import clock
from support.program import Program, account

from blaxel_mcp.demo import control_plane, script

MEBIBYTE = 1024**2
MOST_MEBIBYTES = 350
"""What an answer may take above the idle program."""
STATUS = Path("/proc/self/status")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not STATUS.exists(), reason="reads the peak of memory from /proc"),
]
GZIP = {"content-encoding": "gzip"}
DEFLATE = {"content-encoding": "deflate"}
TOO_LARGE = "Blaxel's answer is larger than 64 MiB and was not read."
TOO_MANY = "Blaxel's answer is too large once unfolded and was not read."
UNDECODABLE = "Blaxel's answer could not be decoded."
ARGUMENTS = {"jobId": "nightly-report", "executionId": "bomb"}


def zeros(mebibytes: int, packer: Any) -> bytes:
    """So many mebibytes of zeros, packed, but for the end, which nobody gets to."""
    first, other = (packer.compress(bytes(MEBIBYTE)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return bytes(first + other * (mebibytes - 1))


def gzipped(body: bytes) -> Answer:
    """A 200 with a body that is packed once."""
    return Answer(200, gzip.compress(body, 6), GZIP)


def gzip_bomb() -> bytes:
    """700 MiB in 800 kB."""
    return zeros(700, zlib.compressobj(9, wbits=31))


def tasks(unit: bytes, count: int) -> Answer:
    """A failed execution with this many tasks."""
    return Answer(200, b'{"status":"failed","tasks":[' + b",".join([unit] * count) + b"]}")


def message(text: bytes) -> bytes:
    """A task that failed with a message."""
    return b'{"status":"failed","conditions":[{"message":"%b"}]}' % text


@dataclass(frozen=True, slots=True)
class Unannounced:
    """A 200 whose body comes in chunks, its length not announced."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, exchange: Exchange) -> None:
        """Send it in 64 parts."""
        await exchange.start(200, self.headers)
        step = len(self.body) // 64 + 1
        async with exchange.watched() as hangs_up:
            for start in range(0, len(self.body), step):
                await exchange.body(self.body[start : start + step], more=True)
                if hangs_up.done():
                    return
        await exchange.body(b"")


Fault = Answer | Unannounced
SMILE = "\U0001f600".encode()
BOMBS: dict[str, tuple[Callable[[], Fault], str]] = {
    "gzip": (lambda: Answer(200, gzip_bomb(), GZIP), TOO_LARGE),
    "gzip, in chunks": (lambda: Unannounced(gzip_bomb(), GZIP), TOO_LARGE),
    "gzip of gzip": (lambda: Answer(200, gzip.compress(gzip_bomb()), {"content-encoding": "gzip, gzip"}), UNDECODABLE),
    "deflate": (lambda: Answer(200, zeros(700, zlib.compressobj(9)), DEFLATE), TOO_LARGE),
    "deflate without a header": (lambda: Answer(200, zeros(700, zlib.compressobj(9, wbits=-15)), DEFLATE), TOO_LARGE),
    "an error with gzip": (lambda: Answer(500, gzip_bomb(), GZIP), "Blaxel failed with an internal error (500)."),
    "an error with lists": (lambda: Answer(404, b"[" * 60 * MEBIBYTE), "Blaxel found no such execution"),
    "lists, packed": (lambda: gzipped(b"[" + b"[]," * 8 * MEBIBYTE + b"0]"), TOO_MANY),
    "lists in lists": (lambda: Answer(200, b"[" * 60 * MEBIBYTE), TOO_MANY),
    "tasks without fields": (lambda: tasks(b"{}", 8 * MEBIBYTE), TOO_MANY),
    "tasks of one field": (lambda: tasks(b'{"a":0}', 3 * MEBIBYTE), TOO_MANY),
    "numbers": (lambda: tasks(b"0", 20 * MEBIBYTE), TOO_MANY),
    "keys": (
        lambda: Answer(200, b'{"metadata":{%b}}' % b",".join(b'"%x":0' % n for n in range(4 * MEBIBYTE))),
        TOO_MANY,
    ),
    "half of a character": (lambda: tasks(message(b"\\ud83d" * 10 * MEBIBYTE), 1), "something that is not JSON"),
    # What is just within the limit.
    "a message": (lambda: tasks(message(b"a" * 60 * MEBIBYTE), 1), "Failed: its one task failed."),
    "a wide message": (lambda: tasks(message(SMILE + b"a" * 58 * MEBIBYTE), 1), "Failed: its one task failed."),
    "wide messages": (lambda: tasks(message(SMILE + b"a" * MEBIBYTE), 58), "Failed: 58 of 58 tasks failed."),
    "half as many tasks": (lambda: tasks(b'{"a":0}', 1 * MEBIBYTE), "Failed: 1,048,576 tasks."),
    "blanks": (lambda: Answer(200, b" " * 60 * MEBIBYTE + b"{}"), "Not known to be finished"),
}


def memory(program: Program, figure: str) -> float:
    """A figure about the program's memory, in MiB."""
    status = Path(f"/proc/{program.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition(f"{figure}:")[2].split()[0]) / 1024


def text_of(answer: dict[str, Any]) -> str:
    """The text of a tool's answer."""
    text: str = answer["result"]["content"][0]["text"]
    return text


ALWAYS = {"gzip", "gzip of gzip", "an error with gzip", "lists, packed", "a wide message"}
"""The others, most of which take seconds to make and to send, are for the night."""


@pytest.mark.parametrize(
    ("make", "said"),
    [pytest.param(*bomb, id=name, marks=() if name in ALWAYS else pytest.mark.nightly) for name, bomb in BOMBS.items()],
)
def test_no_answer_takes_more_memory_than_is_promised(make: Callable[[], Fault], said: str) -> None:
    """Every answer of the API's is the bomb, those to look-ups included; another call is answered meanwhile."""
    faults = Faults(control_plane.build_app(clock=clock))
    faults.always(make(), path="/executions")
    with control_plane.serve(faults) as url, Program(env=account(url)) as program:
        program.shake_hands()
        idle = memory(program, "VmRSS")
        first = program.ask("tools/call", {"name": "get_job_execution", "arguments": ARGUMENTS})
        second = program.ask("tools/list")
        answers = {answer["id"]: answer for answer in (json.loads(program.next_line()) for _ in range(2))}
        assert [*answers] == [second, first]
        assert said in text_of(answers[first])
        assert memory(program, "VmHWM") - idle <= MOST_MEBIBYTES


@pytest.mark.nightly
@pytest.mark.parametrize(
    "name",
    [
        "list_job_executions",
        "list_job_execution_tasks",
        "get_job_execution_logs",
        "list_jobs",
        "compare_job_executions",
    ],
)
def test_no_operation_takes_more_memory_than_is_promised(name: str) -> None:
    """Lists, tasks, logs and jobs have the same bounds."""
    path = {"get_job_execution_logs": "/logs", "list_jobs": "/jobs"}.get(name, "/executions")
    arguments = {} if name == "list_jobs" else {"jobId": "nightly-report"}
    if name in {"list_job_execution_tasks", "get_job_execution_logs"}:
        arguments["executionId"] = script.SUCCEEDED
    make, said = BOMBS["lists, packed"]
    faults = Faults(control_plane.build_app(clock=clock))
    faults.always(make(), path=path)
    with control_plane.serve(faults) as url, Program(env=account(url)) as program:
        program.shake_hands()
        idle = memory(program, "VmRSS")
        answer = program.request("tools/call", {"name": name, "arguments": arguments})
        assert answer["result"]["isError"]
        assert said in text_of(answer)
        assert memory(program, "VmHWM") - idle <= MOST_MEBIBYTES


def test_other_calls_go_to_the_api_while_a_bomb_unfolds() -> None:
    """One that has to wait for the API, too: it is answered before the bomb is counted to its end."""
    hold = Hold(then=Answer(200, gzip_bomb(), GZIP))
    faults = Faults(control_plane.build_app(clock=clock))
    faults.always(hold, path="/executions/bomb")
    with control_plane.serve(faults) as url, Program(env=account(url)) as program:
        program.shake_hands()
        bomb = program.ask("tools/call", {"name": "get_job_execution", "arguments": ARGUMENTS})
        assert hold.arrived.wait(30)
        hold.release.set()
        other = program.ask("tools/call", {"name": "list_jobs", "arguments": {}})
        answers = [json.loads(program.next_line())["id"] for _ in range(2)]
        assert sorted(answers) == [bomb, other]
