"""`python -m tests.mutation`: makes thousands of small changes of the program, says which ones no test notices."""

import argparse
import contextlib
import functools
import gc
import hashlib
import importlib
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, NoReturn

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS)]  # as pytest finds them

from mutation.known import Finding, Findings, read_reviewed, reason  # noqa: E402
from mutation.making import ROOT, Mutant, remembered_mutants  # noqa: E402
from mutation.measuring import Measured, Reach, by_file, key_of, measure, recall, shared_key  # noqa: E402
from mutation.trying import (  # noqa: E402
    NO_TEST,
    NOTICED,
    OUT_OF_TIME,
    SURVIVED,
    Forks,
    Outcome,
    Trial,
    few_examples,
    forget_what_was_remembered,
)

KEPT = ROOT / ".mutants"
"""Where findings and measurements are kept; deleting it makes the next run begin anew."""
_OF_SERVING = [
    "tests/api",
    "tests/tools",
    "tests/transports",
    *(f"tests/test_{name}.py" for name in ("faults", "login_file", "resources", "runtime", "secrets", "settings")),
]
_IN_PROCESSES = ["tests/transports/test_launchers.py"]
"""Left out: each of their tests starts a process, and without it waits in vain."""


class Part(NamedTuple):
    """What is changed in a run, and the tests that may notice it, with the slow ones or without."""

    files: list[str]
    tests: list[str]
    slow: bool


# What serves has tests that are slow since they wait; those of the summary are slow since they are thorough.
PARTS = {
    "summary": Part(["blaxel_mcp/summary/*.py"], ["tests/summary", "tests/question_bank", "tests/tools"], slow=False),
    "api": Part(["blaxel_mcp/api/*.py", "blaxel_mcp/login.py"], _OF_SERVING, slow=True),
    "transports": Part(["blaxel_mcp/transports/*.py", "blaxel_mcp/transports/*/*.py"], _OF_SERVING, slow=True),
}
_EVERY = 100
"""One in so many forks changes nothing: its tests must pass, or what the others say is worth nothing."""


@dataclass
class Options:
    """What the command takes."""

    parts: list[str]
    only: str
    function: str
    sample: int
    seed: int
    minutes: float
    budget: float
    jobs: int
    at_least: float
    again: bool
    list: bool


@dataclass
class Tally:
    """What came of the mutants of a file."""

    mutants: int = 0
    words: Counter[str] = field(default_factory=Counter)
    listed: int = 0
    seconds: float = 0


class Run:
    """A plugin of pytest which tries mutants where the tests would be run."""

    def __init__(self, options: Options, part: str) -> None:
        self.options, self.part = options, part
        self.findings = Findings(KEPT / "findings.jsonl")
        self.reviewed = read_reviewed()
        self.until = monotonic() + options.minutes * 60
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        self.left: list[tuple[Mutant, str]] = []
        self.wrong: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Pytest's hook: before the tests' files are imported, which is when they read hypothesis's profile."""
        few_examples()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Pytest's hook: instead of running the tests."""
        forks = Forks(self.options.jobs)
        files = self._files()
        for file in files:
            forks.start(functools.partial(_make, file), lambda _told, _status: None)
        measured = self._measure(session.items, forks)
        reach = Reach(measured)
        self.say(f"{len(session.items):,} tests, {len(reach.seconds):,} of them run for mutants")
        self._import(name for one in measured for name in one.modules)
        forget_what_was_remembered()
        self._import(file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files)
        trial = Trial(session.items, reach, self.options.budget)
        tests = stand_for(measured)
        gc.collect()
        gc.freeze()
        for file in files:
            self._try_file(file, trial, forks, tests)
            if monotonic() > self.until:
                break
        forks.finish()
        return True

    def _files(self) -> list[str]:
        """The files to change, from the root of the tree."""
        found = sorted({str(path.relative_to(ROOT)) for glob in PARTS[self.part].files for path in ROOT.glob(glob)})
        only = self.options.only.split(",")
        return [file for file in found if any(fnmatch(Path(file).stem, pattern) for pattern in only)]

    def _import(self, names: Iterable[str]) -> None:
        """Import what forks would, each of them anew."""
        for name in dict.fromkeys(names):
            with contextlib.suppress(Exception):
                importlib.import_module(name)

    def say(self, text: str) -> None:
        """Print a line."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def _measure(self, items: Sequence[pytest.Item], forks: Forks) -> list[Measured]:
        folder = KEPT / "tests" / ("with-slow" if PARTS[self.part].slow else "without-slow")
        folder.mkdir(parents=True, exist_ok=True)
        shared, found = shared_key(), []

        def one(path: Path, its: Sequence[pytest.Item], measured: Measured, kept: Path) -> None:
            running = kept.with_suffix(".running")

            def done(told: str, status: int) -> None:
                if again := recall(kept, measured.key):
                    found.append(again)
                    running.unlink(missing_ok=True)
                elif running.exists() and (name := running.read_text(encoding="utf-8")) not in measured.left_out:
                    measured.left_out[name] = f"ended its process: {told or status}"
                    one(path, its, measured, kept)
                else:
                    self.wrong.append(f"{path} could not be measured: {told or status}")

            def work(_folder: Path, _tell: object) -> None:
                measure(its, measured, kept, running)

            forks.start(work, done)

        for path, its in by_file(items):
            kept = folder / f"{path.stem}.json"
            key = key_of(path, its, shared)
            if known := recall(kept, key):
                found.append(known)
            else:
                one(path, its, Measured(key), kept)
        while forks.running:
            forks.wait()
        return found

    def _try_file(self, file: str, trial: Trial, forks: Forks, tests: str) -> None:
        tally = self.tallies[file]
        mutants = _mutants(file)
        tally.mutants = len(mutants)
        for entry in self.reviewed:
            if entry.file and file.endswith(entry.file) and not any(map(entry.covers, mutants)):
                self.wrong.append(f"the reviewed list has an entry that no mutant fits: {entry}")
        mutants = [mutant for mutant in mutants if fnmatch(mutant.function, self.options.function)]
        if self.options.sample:
            order = [*range(len(mutants))]
            random.Random(f"{self.options.seed} {file}").shuffle(order)  # noqa: S311
            mutants = [mutants[index] for index in sorted(order[: self.options.sample])]
        for number, mutant in enumerate(mutants):
            known = self.findings.by_key.get(mutant.key)
            if known and self._stands(known, tests):
                self._count(mutant, Outcome(known.word, known.test, known.seconds), tally)
                continue
            if monotonic() > self.until:
                break
            reaching = trial.tests(mutant)
            if not reaching:
                self._found(mutant, tally, tests, trial, Outcome(NO_TEST, "", 0))
                continue
            forks.start(trial.work(mutant, reaching), functools.partial(self._tried, mutant, tally, tests, trial))
            if number % _EVERY == 0:
                forks.start(trial.work(None, reaching), functools.partial(self._control, trial, mutant))
        while forks.running:
            forks.wait()
        words = ", ".join(f"{count} {word}" for word, count in tally.words.most_common())
        each = tally.seconds / max(1, tally.words.total())
        self.say(f"{file}: {tally.mutants} mutants, {words}; {tally.listed} listed; {each:.2f} s each")

    def _stands(self, known: Finding, tests: str) -> bool:
        """Whether a finding needs no second look: other tests, or more time, may notice what survived."""
        if known.word in NOTICED:
            return True
        enough = known.test != OUT_OF_TIME or known.seconds >= self.options.budget
        return known.tests == tests and enough and not self.options.again

    def _control(self, trial: Trial, mutant: Mutant, told: str, status: int) -> None:
        outcome = trial.read(told, status)
        if outcome.word != SURVIVED:
            self.wrong.append(
                f"nothing was changed, and yet: {outcome}, with the tests of {mutant.file} {mutant.function}"
            )
            self.say(self.wrong[-1])

    def _tried(self, mutant: Mutant, tally: Tally, tests: str, trial: Trial, *end: Any) -> None:
        self._found(mutant, tally, tests, trial, trial.read(*end))

    def _found(self, mutant: Mutant, tally: Tally, tests: str, trial: Trial, outcome: Outcome) -> None:
        if outcome.test and outcome.word in NOTICED:
            trial.noticed_by(mutant, outcome.test)
        self.findings.add(
            Finding(mutant.key, mutant.file, outcome.word, outcome.test, outcome.seconds, tests, str(mutant))
        )
        self._count(mutant, outcome, tally)

    def _count(self, mutant: Mutant, outcome: Outcome, tally: Tally) -> None:
        tally.words[outcome.word] += 1
        tally.seconds += outcome.seconds
        if outcome.word not in NOTICED:
            if reason(mutant, self.reviewed):
                tally.listed += 1
            else:
                self.left.append((mutant, outcome.word))


def _mutants(file: str) -> list[Mutant]:
    """A file's mutants, kept with what else is kept."""
    return remembered_mutants(file, KEPT / "made" / f"{file.replace('/', '-')}.json")


def _make(file: str, _folder: Path, _tell: object) -> None:
    """What a fork does to have a file's mutants made while others measure the tests."""
    _mutants(file)


def stand_for(measured: Sequence[Measured]) -> str:
    """A word that stands for the tests as they are."""
    return hashlib.sha256("".join(sorted(one.key for one in measured)).encode()).hexdigest()[:12]


def run_part(options: Options, part: str) -> Run:
    """Try the mutants of one part of the program."""
    run = Run(options, part)
    arguments = ["-n0", "-sq", "--assert=plain", "-p", "no:cacheprovider", "-o", "addopts=", "-o", "timeout=0"]
    arguments += [f"--ignore={ROOT / path}" for path in _IN_PROCESSES]
    marked = ["-m", f"not nightly and not browser{'' if PARTS[part].slow else ' and not slow'}"]
    code = pytest.main([*arguments, *marked, *(str(ROOT / path) for path in PARTS[part].tests)], plugins=[run])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        run.wrong.append(f"pytest ended with {code!r}")
    return run


def parse(arguments: Sequence[str] | None) -> Options:
    """What was asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    asked.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to change; by default everything")
    asked.add_argument(
        "--only", default="*", metavar="MODULES", help="names of modules, with * and separated by commas"
    )
    asked.add_argument("--function", default="*", help="names of functions, with *")
    asked.add_argument("--sample", type=int, default=0, metavar="N", help="so many mutants of each module, by chance")
    asked.add_argument("--seed", type=int, default=1, help="another number, another sample (%(default)s)")
    asked.add_argument("--minutes", type=float, default=600, help="stop after so long; the next run goes on")
    asked.add_argument(
        "--budget", type=float, default=3, metavar="SECONDS", help="of processor for one mutant (%(default)g)"
    )
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time (%(default)s)")
    asked.add_argument(
        "--at-least", type=float, default=98, metavar="PERCENT", help="that must be noticed or listed (%(default)g)"
    )
    asked.add_argument("--again", action="store_true", help="try what survived again, though the tests are the same")
    asked.add_argument("--list", action="store_true", help="show each survivor that is not in the reviewed list")
    return Options(**vars(asked.parse_args(arguments)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what was asked for; the exit code is 0 if each survivor is in the reviewed list, or enough of them."""
    options = parse(arguments)
    os.chdir(ROOT)
    KEPT.mkdir(exist_ok=True)
    wrong = left = 0
    for part in options.parts or [*PARTS]:
        pid = os.fork()  # each part has a process with its own tests only
        if not pid:
            _part_alone(options, part)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        left += code == 1
        wrong += code not in {0, 1}
    return 2 if wrong else int(left > 0)


def _part_alone(options: Options, part: str) -> NoReturn:
    run = run_part(options, part)
    total: Counter[str] = Counter()
    for tally in run.tallies.values():
        total += tally.words
    tried, noticed = total.total(), sum(total[word] for word in NOTICED)
    mutants, listed = (sum(getattr(tally, name) for tally in run.tallies.values()) for name in ("mutants", "listed"))
    if options.list:
        for mutant, word in run.left:
            run.say(f"{word}: {mutant}")
    run.say(
        f"{part}: {mutants:,} mutants, {tried:,} tried, {noticed:,} noticed ({noticed / max(1, tried):.1%}), "
        f"{listed} listed, {len(run.left)} left: {100 * (1 - len(run.left) / max(1, tried)):.1f}% noticed or listed"
    )
    enough = len(run.left) <= tried * (1 - options.at_least / 100)
    for line in run.wrong:
        run.say(f"WRONG: {line}")
    sys.stdout.flush()
    os._exit(2 if run.wrong else int(not enough))


if __name__ == "__main__":
    sys.exit(main())
