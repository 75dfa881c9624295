"""What each test costs, and which lines it reaches: measured once, kept until its file or the program changes."""

import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from time import perf_counter, process_time

import coverage
import pytest

from mutation.making import ROOT

LONGEST_CPU, LONGEST_WALL = 0.6, 10.0
"""Seconds of processor, and on the clock, of the longest test that is run for a mutant."""
STARTS_A_PROCESS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec"}
"""Audit events of what would notice nothing: another process has no mutant, or takes too long to have one."""


@dataclass(slots=True)
class Measured:
    """What is known about the tests of one file.

    Attributes:
        key: Changes with the file, and with the program and whatever the tests share.
        seconds: Of processor, by the test's name; only of those that can be run for a mutant.
        left_out: Why, by the name of the test that can't.
        reached: By test and file, a number whose bit n is set if the test ran line n.
        modules: What the tests imported as they ran: whoever forks does it before, once.
    """

    key: str
    seconds: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    reached: dict[str, dict[str, int]] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)


def shared_key() -> str:
    """What all tests depend on, as one word: the program, and the helpers of the tests."""
    files = sorted(
        [*(ROOT / "blaxel_mcp").rglob("*.py"), *(ROOT / "tests/support").glob("*.py"), ROOT / "tests/conftest.py"]
    )
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:20]


def key_of(test_file: Path, items: Iterable[pytest.Item], shared: str) -> str:
    """What the tests of a file that were collected depend on, as one word."""
    names = "\n".join(item.nodeid for item in items)
    return hashlib.sha256(f"{shared}\n{names}\n".encode() + test_file.read_bytes()).hexdigest()[:20]


def recall(kept: Path, key: str) -> Measured | None:
    """What was measured before, if it still holds."""
    if not kept.exists():
        return None
    known = Measured(**json.loads(kept.read_text(encoding="utf-8")))
    return known if known.key == key else None


class Watching:
    """A plugin that remembers whether the test that runs has failed, and the processes that it wanted to start."""

    def __init__(self) -> None:
        self.failed = ""
        self.events: list[str] = []
        self.watches = True
        sys.addaudithook(self._refuse)

    def _refuse(self, event: str, _arguments: tuple[object, ...]) -> None:
        if self.watches and event in STARTS_A_PROCESS:
            self.events.append(event)
            raise PermissionError(event)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Pytest's hook: each phase of a test ends in one."""
        if not report.passed:
            self.failed = self.failed or f"{report.outcome} in {report.when}"


def measure(items: Sequence[pytest.Item], measured: Measured, kept: Path, running: Path) -> None:
    """Run tests one after the other, in a process of its own, and write what they cost and reach into a file.

    Args:
        items: The tests, all of one file.
        measured: What is known so far; its `left_out` are not run.
        kept: The file.
        running: A file that names the test that runs, for whoever has to end this process.
    """
    plugin = Watching()
    items[0].config.pluginmanager.register(plugin)
    tracer = coverage.Coverage(data_file=None, config_file=False, source=[str(ROOT / "blaxel_mcp")])
    tracer.set_option("run:core", "ctrace")  # the newer one knows no contexts
    tracer.start()
    imported = set(sys.modules)
    run = [item for item in items if item.nodeid not in measured.left_out]
    for item, following in zip_longest(run, run[1:]):
        running.write_text(item.nodeid, encoding="utf-8")
        plugin.failed, plugin.events = "", []
        tracer.switch_context(item.nodeid)
        cpu, wall = process_time(), perf_counter()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        cpu, wall = process_time() - cpu, perf_counter() - wall
        tracer.switch_context("between tests")
        if plugin.events:
            measured.left_out[item.nodeid] = "starts a process"
        elif plugin.failed:
            measured.left_out[item.nodeid] = plugin.failed
        elif cpu > LONGEST_CPU or wall > LONGEST_WALL:
            measured.left_out[item.nodeid] = f"takes {cpu:.1f} s of processor and {wall:.1f} s on the clock"
        else:
            measured.seconds[item.nodeid] = round(cpu, 4)
    plugin.watches = False
    tracer.stop()
    measured.modules = [name for name in sys.modules if name not in imported]
    measured.reached = _reached(tracer.get_data(), measured.seconds)
    kept.write_text(json.dumps({name: getattr(measured, name) for name in Measured.__slots__}), encoding="utf-8")


def _reached(data: coverage.CoverageData, tests: dict[str, float]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in data.measured_files():
        file = os.path.relpath(path, ROOT)
        for line, contexts in data.contexts_by_lineno(path).items():
            for test in contexts:
                if test in tests:
                    found[test][file] |= 1 << line
    return found


class Reach:
    """All tests that can be run for a mutant, and the lines that they reach."""

    def __init__(self, measured: Sequence[Measured]) -> None:
        self.seconds = {name: cost for file in measured for name, cost in file.seconds.items()}
        self._by_file: dict[str, dict[str, int]] = defaultdict(dict)
        self._lines: dict[str, int] = {}
        for one in measured:
            for test, files in one.reached.items():
                self._lines[test] = sum(lines.bit_count() for lines in files.values())
                for file, lines in files.items():
                    self._by_file[file][test] = lines

    def tests(self, file: str, first: int, last: int) -> list[str]:
        """The tests that reach one of these lines; those of the line before where nothing is ever run on them."""
        lines = self._by_file.get(file, {})
        for begin in range(first, max(0, first - 4), -1):
            asked = (1 << last + 1) - (1 << begin)
            if found := [test for test, reached in lines.items() if reached & asked]:
                return found
        return []

    def share(self, test: str, file: str) -> float:
        """How much of what a test runs is in this file: a test of this module runs little else."""
        return self._by_file[file][test].bit_count() / self._lines[test]


def by_file(items: Sequence[pytest.Item]) -> Iterator[tuple[Path, list[pytest.Item]]]:
    """Tests by the file that they are in."""
    files: dict[Path, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.path].append(item)
    yield from files.items()
