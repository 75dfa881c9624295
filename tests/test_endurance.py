"""What one process holds does not grow with the calls that it has answered."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))  # last, so that the blaxel_mcp beside the benchmarks is not taken for the installed one

from benchmarks.endurance import Tenth, broken  # noqa: E402


@pytest.mark.slow
def test_thousands_of_calls_leave_nothing_behind() -> None:
    """A short run of the benchmark, by counts: memory blocks, tasks, files and threads, over stdio and HTTP."""
    command = [sys.executable, "-m", "benchmarks.endurance", "--calls", "2000", "--idle", "0.1", "--counts"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert done.stdout.count("broken: none") == 3


def test_what_grows_is_told() -> None:
    """Each of the promises is looked at."""
    first = Tenth(blocks=300_000, tasks=6, memory_kib=80_000, files=15, threads=1, processor=1.0, latency=2.0)
    assert broken([first, first], timed=True) == []
    worse = Tenth(blocks=306_001, tasks=23, memory_kib=85_697, files=32, threads=2, processor=1.21, latency=2.41)
    assert len(broken([first, worse], timed=True)) == 7
    assert len(broken([first, worse], timed=False)) == 5
    assert broken([first, worse, first], timed=True) == []
