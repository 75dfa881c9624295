"""Retired instructions of a start and of a call: by `perf stat` where the machine allows it, else by callgrind.

They are the user's own, of the one process. A start under callgrind takes half a minute or more, so that there one
process is asked for everything, and says in between how far its count is; under perf each count is a run of its own.
"""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.executions import State, execution_id
from benchmarks.measuring import Bench, pipe_client
from benchmarks.peers import Contender
from benchmarks.processes import BenchmarkError, Process

SECONDS = 300.0
"""For one process under callgrind; they run side by side."""
CALLS: tuple[tuple[State, int], ...] = (
    ("succeeded", 10),
    ("succeeded", 1_000),
    ("failed", 10),
    ("failed", 1_000),
    ("running", 10),
)
"""The executions whose calls are counted, by state and tasks."""
_FIRST = execution_id("succeeded", 10)
_WARM, _COUNTED = {10: 4, 1_000: 1}, {10: 10, 1_000: 4}
"""By tasks, how many calls come before those that are counted, and how many are."""


class Counts(NamedTuple):
    """Instructions: of the start until the tools are listed, until the first result; of one call of each of `CALLS`."""

    listed: float
    first: float
    calls: tuple[float, ...]

    def __str__(self) -> str:
        """In millions."""
        return ", ".join(f"{number / 1e6:,.2f} M" for number in (self.listed, self.first, *self.calls))


def count(bench: Bench, contenders: Sequence[Contender]) -> dict[str, Counts]:
    """The counts of each contender, by name; where nothing can count, that is noted."""
    if perf_works():
        found = {}
        for contender in contenders:
            with bench.without(contender, "instructions by perf"):
                found[contender.name] = _by_perf(bench, contender)
        return found
    if callgrind_works():
        return by_callgrind(bench, contenders)
    bench.left_out.append("instructions: there is neither a perf that may count them nor valgrind")
    return {}


# perf


def perf_works(event: str = "instructions:u") -> bool:
    """Whether `perf stat` is there and may count: in containers and virtual machines it often may not."""
    try:
        done = subprocess.run(  # noqa: S603 - written here
            ["perf", "stat", "-x", ",", "-e", event, "--", "true"],  # noqa: S607 - as the user's PATH has it
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return read_perf(done.stderr) is not None


def read_perf(text: str) -> float | None:
    """The number in what `perf stat -x ,` writes; `None` if it could not count."""
    found = re.search(r"^([\d.]+),", text, re.MULTILINE)
    return float(found[1]) if found else None


def _by_perf(bench: Bench, contender: Contender, event: str = "instructions:u") -> Counts:
    output = bench.home / "perf"

    def total(*executions: str) -> float:
        """Of a run that asks for these."""
        with _wrapped(bench, contender, "perf", "stat", "-x", ",", "-e", event, "-o", str(output), "--") as process:
            client = pipe_client(contender, process)
            client.open()
            client.settle()
            for execution in executions:
                client.call(execution)
            process.finish()
        number = read_perf(output.read_text(encoding="utf-8"))
        if number is None:
            raise BenchmarkError("perf could not count")
        return number

    def each(state: State, tasks: int) -> float:
        execution = execution_id(state, tasks)
        warm, counted = [execution] * _WARM[tasks], [execution] * _COUNTED[tasks]
        return (total(_FIRST, *warm, *counted) - total(_FIRST, *warm)) / len(counted)

    return Counts(total(), total(_FIRST), tuple(each(*call) for call in CALLS))


# callgrind


def callgrind_works() -> bool:
    """Whether valgrind is there, with what it is asked through in between."""
    return bool(shutil.which("valgrind") and shutil.which("vgdb"))


@dataclass(frozen=True, slots=True)
class _Counted:
    """A process under callgrind, with a folder of its own for what it writes."""

    process: Process
    folder: Path

    def since_last(self, what: str) -> int:
        """Instructions since the start, or since this was last asked."""
        asked = subprocess.run(  # noqa: S603 - written here
            ["vgdb", "--wait=5", f"--vgdb-prefix={self.folder}/vgdb", f"--pid={self.process.pid}", "dump", what],  # noqa: S607
            capture_output=True,
            timeout=60,
            check=False,
        )
        for file in self.folder.glob("counts.*"):
            text = file.read_text(encoding="utf-8", errors="replace")
            if f"Trigger: dump {what}\n" in text and (found := re.search(r"^totals: (\d+)", text, re.MULTILINE)):
                return int(found[1])
        raise BenchmarkError(f"vgdb ended with {asked.returncode}, and callgrind wrote nothing")


def by_callgrind(bench: Bench, contenders: Sequence[Contender]) -> dict[str, Counts]:
    """The counts of each contender, by name; all run side by side, which takes a minute for two on two cores."""
    # Left in the opposite order: when this is interrupted, the processes end first, and with them the threads.
    with ThreadPoolExecutor(max(len(contenders), 1)) as threads, contextlib.ExitStack() as stack:
        running = {}
        for contender in contenders:
            folder = bench.home / f"callgrind-{contender.name}"
            folder.mkdir()
            options = (f"--callgrind-out-file={folder}/counts", f"--vgdb-prefix={folder}/vgdb")
            process = stack.enter_context(_wrapped(bench, contender, "valgrind", "--tool=callgrind", *options))
            running[contender.name] = threads.submit(_counts, contender, _Counted(process, folder))
        found = {}
        for contender in contenders:
            with bench.without(contender, "instructions by callgrind"):
                found[contender.name] = running[contender.name].result()
        return found


def _counts(contender: Contender, counted: _Counted) -> Counts:
    client = pipe_client(contender, counted.process)

    def each(state: State, tasks: int) -> float:
        execution = execution_id(state, tasks)
        for _ in range(_WARM[tasks]):
            client.call(execution)
        counted.since_last(f"warm-{execution}")
        for _ in range(_COUNTED[tasks]):
            client.call(execution)
        return counted.since_last(f"counted-{execution}") / _COUNTED[tasks]

    client.open()
    client.settle()
    listed = counted.since_last("listed")
    client.call(_FIRST)
    first = listed + counted.since_last("first")
    return Counts(listed, first, tuple(each(*call) for call in CALLS))


def _wrapped(bench: Bench, contender: Contender, *wrapper: str) -> Process:
    """A contender under a program that counts. Hashes are the same in every run, so that counts are too."""
    environment = contender.environment(bench.url, bench.home) | {"PYTHONHASHSEED": "0"}
    return Process([*wrapper, *contender.command], environment, seconds=SECONDS, cwd=bench.home)
