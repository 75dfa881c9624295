"""Removes each guard of `guards.toml` in turn, runs the tests that should notice: `python tests/mutate.py`.

A guard is a line that keeps something from happening: a limit, a check, a mask. Whoever deletes it by mistake sees no
difference until somebody attacks. Here each one is removed in a copy of the tree, and at least one of its tests must
fail. All of these tests must pass as long as nothing is removed, which is tried first.

What can be said of a guard:

- noticed: a test failed, or did not end.
- SURVIVED: all tests passed without it.
- ERROR: its text is not there exactly once, or the tests could not be run; nothing is known about it.

The exit code is 0 only if every guard was noticed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
GUARDS = ROOT / "tests" / "guards.toml"
COPIED = ("blaxel_mcp", "tests", "benchmarks", "docs", ".ci", ".github")
"""Folders that the tests read; the files beside them are copied too."""
LIMIT_SECONDS, INTACT_SECONDS = 300, 3_600
"""For the tests of one guard, and for all of them."""
NOTICED, SURVIVED, ERROR = "noticed", "SURVIVED", "ERROR"
_NOTHING_FAILED, _SOMETHING_FAILED, _ENDLESS = 0, 1, -1
"""Exit codes of pytest, and what stands for one where it had to be killed; any other means that no test was run."""


class Guard(NamedTuple):
    """One guard, and how it is removed.

    Attributes:
        name: what is guarded.
        file: where, from the root of the tree.
        text: what stands there exactly once.
        becomes: what replaces it.
        tests: pytest's names of the files or tests that must notice.
    """

    name: str
    file: str
    text: str
    becomes: str
    tests: list[str]

    def removed_from(self, source: str) -> str:
        """The source without the guard.

        Raises:
            ValueError: its text is not there exactly once.
        """
        if (times := source.count(self.text)) != 1:
            message = f"its text stands {times} times in {self.file}"
            raise ValueError(message)
        return source.replace(self.text, self.becomes)


class Verdict(NamedTuple):
    """What was found out about a guard: a word, the reason where it is not `noticed`, and the seconds it took."""

    guard: Guard
    word: str
    why: str = ""
    seconds: float = 0.0


def read_guards(file: Path) -> list[Guard]:
    """The guards of a file, in its order."""
    rows: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["guard"]
    return [Guard(**row) for row in rows]


def copy_tree(target: Path) -> None:
    """Copy what the tests need of the tree as it is, committed or not."""
    target.mkdir(parents=True)
    leftovers = shutil.ignore_patterns("__pycache__", ".hypothesis", "node_modules")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=leftovers)
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, target / file.name)


def run_tests(tree: Path, tests: Sequence[str], *, jobs: int = 0, seconds: float = LIMIT_SECONDS) -> tuple[int, str]:
    """Run tests in a copy of the tree until the first failure: pytest's exit code and its output."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        f"-n{jobs}",
        "-qx",
        "-m",
        "not nightly",
        "--hypothesis-profile=thorough",
        "-p",
        "no:cacheprovider",
        *tests,
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    environment = inherited | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own tests
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return _ENDLESS, ""
    return done.returncode, done.stdout + done.stderr


def try_without(guard: Guard, tree: Path) -> Verdict:
    """Remove the guard in a copy of the tree, run its tests, and put it back."""
    began, file = perf_counter(), tree / guard.file
    source = file.read_text(encoding="utf-8")
    try:
        weakened = guard.removed_from(source)
        compile(weakened, guard.file, "exec")
    except (ValueError, SyntaxError) as error:
        return Verdict(guard, ERROR, str(error))
    file.write_text(weakened, encoding="utf-8")
    try:
        code, output = run_tests(tree, guard.tests)
    finally:
        file.write_text(source, encoding="utf-8")
    seconds = perf_counter() - began
    if code == _NOTHING_FAILED:
        return Verdict(guard, SURVIVED, "no test failed: " + ", ".join(guard.tests), seconds)
    if code == _ENDLESS:
        return Verdict(guard, NOTICED, "its tests did not end", seconds)
    if code != _SOMETHING_FAILED or "ERROR collecting" in output:  # of a module that cannot even be imported now
        return Verdict(guard, ERROR, f"its tests were not run, pytest ended with {code}:\n{output[-1500:]}", seconds)
    return Verdict(guard, NOTICED, seconds=seconds)


def try_all(guards: Sequence[Guard], jobs: int) -> list[Verdict]:
    """Try each guard, some at a time, each of them in a copy of its own; prints a line for each that is done."""
    with tempfile.TemporaryDirectory(prefix="guards-") as folder, ThreadPoolExecutor(jobs) as threads:
        free: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            copy_tree(tree := Path(folder, str(number)))
            free.put(tree)

        def attempt(guard: Guard) -> Verdict:
            tree = free.get()
            try:
                verdict = try_without(guard, tree)
            finally:
                free.put(tree)
            reason = f" ({verdict.why})" if verdict.why else ""
            sys.stdout.write(f"{verdict.word:8} {verdict.seconds:5.1f} s  {guard.name}{reason}\n")
            sys.stdout.flush()
            return verdict

        return list(threads.map(attempt, guards))


def try_intact(guards: Sequence[Guard], jobs: int) -> tuple[int, str]:
    """Run all the tests that should notice something, with every guard in its place."""
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        copy_tree(tree := Path(folder, "intact"))
        tests = sorted({test for guard in guards for test in guard.tests})
        return run_tests(tree, tests, jobs=jobs, seconds=INTACT_SECONDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the guards that were asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="parts of the names of the guards to try; by default all")
    parser.add_argument("--guards", type=Path, default=GUARDS, help="the file that names them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many to try at a time")
    options = parser.parse_args(arguments)
    guards = [
        guard
        for guard in read_guards(options.guards)
        if not options.names or any(part.casefold() in guard.name.casefold() for part in options.names)
    ]
    if not guards:
        parser.error("no guard has such a name")
    code, output = try_intact(guards, options.jobs)
    if code != _NOTHING_FAILED:
        sys.stdout.write(f"{output[-3000:]}\nERROR: with every guard in its place, pytest ended with {code}.\n")
        return 2
    verdicts = try_all(guards, options.jobs)
    found = {word: sum(verdict.word == word for verdict in verdicts) for word in (NOTICED, SURVIVED, ERROR)}
    sys.stdout.write(", ".join(f"{count} {word}" for word, count in found.items()) + f", of {len(guards)} guards\n")
    return 0 if found[NOTICED] == len(guards) else 1


if __name__ == "__main__":
    sys.exit(main())
