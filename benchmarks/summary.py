"""What a summary costs to read and to make: `python benchmarks/summary.py`. It measures and asserts nothing.

Sizes: bytes of prose and structure (without `raw`) beside the API's own compact JSON, and tokens taken as a quarter of
the bytes, which is a rule of thumb. Speed: seconds for a whole summary of an already parsed body beside the seconds of
`json.loads` for it, in one run, the median of several: the best would leave garbage collection out of one side.
"""

import json
import string
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from gc import collect, freeze, set_threshold
from statistics import median
from time import perf_counter
from typing import Any

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.wording import json_size

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ROUNDS = 15
TARGET = 3.0


def _stamp(seconds: float) -> str:
    return (NOW - timedelta(hours=3) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def _letters(number: int) -> str:
    """A word of letters only, different for every number, so that grouping has nothing to fold away."""
    return "".join(string.ascii_lowercase[number // 26**place % 26] for place in range(4))


def _task(number: int, *, failed: bool, distinct: bool) -> dict[str, Any]:
    word = f"{_letters(number)} failed" if distinct else "error"
    condition = {
        "type": "Completed",
        "reason": "NonZeroExitCode",
        "executionReason": "NON_ZERO_EXIT_CODE",
        "severity": "ERROR" if failed else "INFO",
        "state": "CONDITION_FAILED" if failed else "CONDITION_SUCCEEDED",
        "message": f"The container exited with code 1: {word} on shard {number} reading /data/in/{number}.parquet",
    }
    return {
        "metadata": {
            "name": f"task-{number}",
            "createdAt": _stamp(0),
            "scheduledAt": _stamp(1),
            "startedAt": _stamp(number % 50 + 0.123456),
            "completedAt": _stamp(number % 50 + 30.5 + number % 7),
            "updatedAt": _stamp(100),
        },
        "spec": {"maxRetries": 2, "timeout": "30m"},
        "status": "failed" if failed else "succeeded",
        "conditions": [condition] if failed else [],
    }


def execution(tasks: int, *, every: int, distinct: bool = False) -> dict[str, Any]:
    """An execution with this many tasks, of which every `every`-th failed."""
    failed = -(-tasks // every)
    return {
        "metadata": {
            "id": "exec-51be07aa",
            "job": "image-resize",
            "workspace": "acme",
            "createdAt": _stamp(0),
            "startedAt": _stamp(4),
            "completedAt": _stamp(200),
        },
        "spec": {"timeout": 3600, "parallelism": 50},
        "status": "failed",
        "stats": {"total": tasks, "failure": failed, "success": tasks - failed},
        "tasks": [_task(number, failed=number % every == 0, distinct=distinct) for number in range(tasks)],
    }


def _answer(raw: Any) -> tuple[ExecutionAnswer, JobExecution]:
    """The answer and the model it was made from, which is kept so that freeing it is not timed."""
    parsed = JobExecution.model_validate(raw)
    asked = ("image-resize", "exec-51be07aa")
    return build_answer(summarize(parsed, asked=asked, workspace="acme", now=NOW)), parsed


def _timed(work: Callable[[Any], Any], argument: Any) -> tuple[float, Any]:
    start = perf_counter()
    result = work(argument)
    return perf_counter() - start, result


def ratio(body: bytes) -> tuple[float, float]:
    """Seconds that `json.loads` takes, and seconds from its result to the answer."""
    parsing, summing = [], []
    for _ in range(ROUNDS):
        collect()
        seconds, raw = _timed(json.loads, body)
        parsing.append(seconds)
        seconds, kept = _timed(_answer, raw)
        summing.append(seconds)
        del raw, kept
    return median(parsing), median(summing)


def main() -> None:
    """Print the table of sizes and the table of times."""
    # As the program runs (cli.py): both sides of the ratio make a hundred thousand objects.
    freeze()
    set_threshold(50_000, 20, 3)
    out = sys.stdout.write
    out("10 % failed; tokens are bytes / 4, a rule of thumb\n")
    out(f"{'tasks':>8} {'prose':>16} {'structure':>16} {'raw JSON':>24}\n")
    for tasks in (1, 10, 100, 1_000, 10_000, 100_000):
        raw = execution(tasks, every=10)
        got, _ = _answer(raw)
        sizes = (len(got["summary"].encode()), json_size(got), json_size(raw))
        prose, structure, whole = (f"{value:,} B ~{value // 4:,} t" for value in sizes)
        out(f"{tasks:>8,} {prose:>16} {structure:>16} {whole:>24}\n")
    out(f"\n10,000 tasks: seconds of a summary beside json.loads (target: at most {TARGET:g} times)\n")
    for name, every, distinct in (("10 % failed", 10, False), ("all failed, distinct messages", 1, True)):
        parsing, summing = ratio(json.dumps(execution(10_000, every=every, distinct=distinct)).encode())
        times = f"{summing * 1000:6.1f} ms / {parsing * 1000:5.1f} ms = {summing / parsing:.2f}"
        out(f"{name:>32}: {times}\n")


if __name__ == "__main__":
    main()
