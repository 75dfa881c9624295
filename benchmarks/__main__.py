"""blaxel-mcp beside its peers: `python -m benchmarks`, in under six minutes; with `--quick`, in under one.

Ratios mean something on another machine too, seconds hardly do. benchmarks/README.md says what is measured, and how.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import NoReturn

from benchmarks import peers, report
from benchmarks.figures import SECTIONS
from benchmarks.measuring import Bench, warm_up
from benchmarks.processes import BenchmarkError, Process
from benchmarks.report import Figure

ROOT = Path(__file__).parent.parent


def say(text: str) -> None:
    """Tell how far it is, beside the result."""
    print(text, file=sys.stderr, flush=True)


def measure(asked: argparse.Namespace, python: Path | None) -> tuple[list[Figure], Bench]:
    """Run the sections; answers the figures, and what else was seen."""
    environment = {"PATH": os.environ.get("PATH", "")}
    command = (sys.executable, "-m", "benchmarks.control_plane")
    with (
        tempfile.TemporaryDirectory() as home,
        Process(command, environment, seconds=3_600, cwd=ROOT) as plane,
    ):
        url = plane.read_line().decode().strip()
        compared = peers.contenders(asked.program, python)
        if asked.quick:
            compared = [one for one in compared if one.name not in {peers.LOOKUPS, peers.SDK}]
        bench = Bench(compared, url, Path(home), asked.program, asked.quick)
        warm_up(bench)
        figures: list[Figure] = []
        for name in asked.only or SECTIONS:
            began = perf_counter()
            figures += SECTIONS[name](bench)
            say(f"{name}: {perf_counter() - began:.0f} s")
        return figures, bench


def write(figures: list[Figure], about: str) -> None:
    """Put the tables between the markers of both READMEs."""
    for file, content in (
        (ROOT / "benchmarks" / "README.md", f"{about}\n\n{report.tables(figures)}"),
        (ROOT / "README.md", report.short(figures)),
    ):
        file.write_text(report.between(file.read_text(encoding="utf-8"), content), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer samples, neither look-ups nor instructions")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--program", default=sys.executable, metavar="PYTHON", help="the interpreter of blaxel-mcp")
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/README.md and README.md")
    asked = parser.parse_args(arguments)
    if asked.write and (asked.quick or asked.only):
        parser.error("--write is for all figures, of all samples")
    signal.signal(signal.SIGTERM, _interrupted)  # so that everything that was started is ended
    try:
        return _run(asked)
    except KeyboardInterrupt:
        return 130


def _run(asked: argparse.Namespace) -> int:
    try:
        python: Path | None = peers.environment(say)
    except BenchmarkError as error:
        python = None
        say(f"FastMCP and the blaxel SDK are left out, since their environment cannot be made: {error}")
    began = perf_counter()
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()}, {platform.machine()}, {os.cpu_count()} cores: "
        f"{peers.versions(asked.program, python)}"
    )
    figures, bench = measure(asked, python)
    print(f"{about}\n\n{report.tables(figures, aligned=True)}\n")
    for line in bench.remarks:
        print(line)
    print(report.verdict(figures))
    for line in bench.left_out:
        print(f"Left out: {line}")
    say(f"{perf_counter() - began:.0f} s in all")
    if asked.write:
        write(figures, about)
    return 0


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
