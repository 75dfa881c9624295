"""blaxel-mcp beside its peers: `python -m benchmarks`, in under six minutes; with `--quick`, in under one.

Ratios mean something on another machine too, seconds hardly do. README.md says what is measured and how.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import NoReturn

from benchmarks import peers, report
from benchmarks.figures import SECTIONS, Bench, warm_up
from benchmarks.processes import BenchmarkError, Process
from benchmarks.report import Figure

ROOT = Path(__file__).parent.parent
QUICK = 0.12
"""The part of the full time that `--quick` takes."""


def say(text: str) -> None:
    """Tell how far it is, beside the result."""
    print(text, file=sys.stderr, flush=True)


def measure(asked: argparse.Namespace, python: Path | None) -> tuple[list[Figure], list[str]]:
    """Run the sections; answers the figures, and what was left out."""
    environment = {**peers.Contender("", ()).environment("", ROOT)}
    command = (sys.executable, "-m", "benchmarks.control_plane")
    with (
        tempfile.TemporaryDirectory() as home,
        Process(command, environment, seconds=3600, cwd=ROOT) as plane,
    ):
        url = plane.read_line().decode().strip()
        share = QUICK if asked.quick else 1.0
        bench = Bench(peers.contenders(asked.program, python), url, Path(home), share)
        warm_up(bench)
        figures = []
        for name in asked.only or SECTIONS:
            began = perf_counter()
            figures += SECTIONS[name](bench)
            say(f"{name}: {perf_counter() - began:.0f} s")
        return figures, bench.left_out


def main(arguments: list[str] | None = None) -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer samples, and no instructions")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--program", default=sys.executable, metavar="PYTHON", help="the interpreter of blaxel-mcp")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupted)  # so that everything that was started is ended
    try:
        python: Path | None = peers.environment(say)
    except BenchmarkError as error:
        python = None
        say(f"Without FastMCP and the blaxel SDK, whose environment cannot be made: {error}")
    began = perf_counter()
    try:
        say(peers.versions(asked.program, python))
        figures, left_out = measure(asked, python)
    except KeyboardInterrupt:
        return 130
    print(report.markdown(report.rows(figures), aligned=True))
    print(report.verdict(figures))
    for line in left_out:
        print(f"- left out: {line}")
    say(f"{perf_counter() - began:.0f} s in all")
    return 0


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
