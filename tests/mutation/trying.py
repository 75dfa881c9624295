"""Tries mutants: a fork of this process, which has collected the tests already, runs those that reach the line."""

import contextlib
import functools
import gc
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from time import monotonic, process_time
from typing import NoReturn

import hypothesis
import pytest

from mutation.making import Mutant, stand_in
from mutation.measuring import Reach

KILLED, ENDLESS, HUNG, SURVIVED, NO_TEST = "killed", "endless", "hung", "survived", "no test"
OUT_OF_TIME = "out of time"
"""Stands where the test's name would: there were more tests than the budget allowed."""
NOTICED = {KILLED, ENDLESS, HUNG}
ASLEEP_SECONDS = 20
"""A process that has not wanted the processor for so long waits for something that never comes."""
_MORE_MEMORY = 1 << 30
_OWN_SHARE = 10
"""How much more time the tests of the file that is most about a module get than those of any other."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a mutant: one word, the test that noticed it, and the seconds of processor that it took."""

    word: str
    test: str
    seconds: float


@dataclass(slots=True)
class Fork:
    """A process that was forked, and what its parent knows about it."""

    pid: int
    pipe: int
    folder: Path
    done: Callable[[str, int], None]
    asleep: int = 0
    looked: float = field(default_factory=monotonic)


class Noticed:
    """A plugin that ends the process at the first failure, without the report, which would cost more than the test."""

    def __init__(self, tell: Callable[[str], NoReturn]) -> None:
        self.tell = tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Pytest's hook: what is made of each phase of a test."""
        if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
            self.tell(item.nodeid)


class Forks:
    """Forks of this process, some at a time, each of them ended when it sleeps for good."""

    def __init__(self, at_a_time: int) -> None:
        self.at_a_time = at_a_time
        self.running: dict[int, Fork] = {}
        self.root = Path(tempfile.mkdtemp(prefix="mutants-"))
        self._number = 0

    def start(self, work: Callable[[Path, Callable[[str], NoReturn]], None], done: Callable[[str, int], None]) -> None:
        """Run `work` in a fork as soon as there is room; `done` gets what it told, and how the process ended.

        `work` gets a folder of its own, and a function that tells its parent something and ends the process.
        """
        while len(self.running) >= self.at_a_time:
            self.wait()
        self._number += 1
        folder = self.root / str(self._number)
        folder.mkdir()
        reading, writing = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            _as_child(work, folder, writing)
        os.close(writing)
        self.running[reading] = Fork(pid, reading, folder, done)

    def finish(self) -> None:
        """Wait for all that are running."""
        while self.running:
            self.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def wait(self) -> None:
        """Wait until one has ended, or for a second."""
        ready, _, _ = select.select([*self.running], [], [], 1.0)
        for pipe in ready:
            fork = self.running.pop(pipe)
            told = b""
            while part := os.read(pipe, 65_536):
                told += part
            os.close(pipe)
            status = self._reap(fork)
            shutil.rmtree(fork.folder, ignore_errors=True)
            fork.done(told.decode(), status)
        now = monotonic()
        for fork in self.running.values():
            if now - fork.looked >= 1:
                fork.looked, fork.asleep = now, 0 if _wants_to_run(fork.pid) else fork.asleep + 1
                if fork.asleep >= ASLEEP_SECONDS:
                    os.kill(fork.pid, signal.SIGKILL)

    def _reap(self, fork: Fork) -> int:
        _, status = os.waitpid(fork.pid, 0)
        return os.waitstatus_to_exitcode(status)


def _wants_to_run(pid: int) -> bool:
    """Whether a thread of the process has, or waits for, the processor or the disk."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            if (thread / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "RD":
                return True
    return False


def _as_child(work: Callable[[Path, Callable[[str], NoReturn]], None], folder: Path, pipe: int) -> NoReturn:
    """Do the work with output, temporary folder and limits of its own, and end."""

    def tell(text: str) -> NoReturn:
        with contextlib.suppress(BaseException):
            os.write(pipe, text.encode())
        os._exit(0)

    try:
        output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        gc.disable()
        size = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + _MORE_MEMORY, size + _MORE_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        work(folder, tell)
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - also what would end a test run
        tell(f"!{type(error).__name__}: {error}"[:300])


def allow_cpu(seconds: float) -> None:
    """End this process by SIGXCPU after so many more seconds of processor, whatever runs beside it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(process_time() + seconds) + 1, hard))


class Trial:
    """Tries mutants with the tests of one session."""

    def __init__(self, items: Sequence[pytest.Item], reach: Reach, budget: float) -> None:
        self.items = {item.nodeid: item for item in items if item.nodeid in reach.seconds}
        self.reach = reach
        self.budget = budget
        self._killers: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._orders: dict[tuple[str, int, int], list[str]] = {}
        self._by_file: dict[Path, list[str]] = defaultdict(list)
        for name, item in self.items.items():
            self._by_file[item.path].append(name)

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that reach the mutant, the likeliest to notice it first.

        What noticed others in its function comes before all else.
        """
        ordered = self._ordered(mutant.file, mutant.first, mutant.last)
        likely = self._killers[mutant.file, mutant.function]
        return list(dict.fromkeys([*filter(set(ordered).__contains__, likely), *ordered]))

    def _ordered(self, file: str, first: int, last: int) -> list[str]:
        """The tests for a change of these lines, in the order in which they are run.

        Each file of tests gets as much time as any other, since the tests of a file are often much alike, but the one
        that is most about this module gets more; within a file, its functions take turns. Last come the other tests of
        these files: what is made once and remembered is reached by the first test alone, and seen by the others.
        """
        if (known := self._orders.get((file, first, last))) is not None:
            return known
        reaching: dict[Path, list[str]] = defaultdict(list)
        for name in self.reach.tests(file, first, last):
            if name in self.items:
                reaching[self.items[name].path].append(name)

        def about_this(path: Path) -> float:
            return sum(self.reach.share(name, file) for name in reaching[path]) / len(reaching[path])

        files = sorted(reaching, key=about_this, reverse=True)
        timed: list[tuple[float, str]] = []
        for path in files:
            seconds = 0.0
            for name in self._in_turns(reaching[path]):
                seconds += self.reach.seconds[name] / (_OWN_SHARE if path == files[0] else 1)
                timed.append((seconds, name))
        rest = zip_longest(*[self._by_file[path] for path in files])
        found = [*(name for _, name in sorted(timed)), *(name for turn in rest for name in turn if name)]
        self._orders = {(file, first, last): list(dict.fromkeys(found))}  # the next mutant is of the same statement
        return self._orders[file, first, last]

    def _in_turns(self, names: Iterable[str]) -> list[str]:
        """One test of each function, the quickest first, then the second of each."""
        functions: dict[str, list[str]] = defaultdict(list)
        for name in sorted(names, key=self.reach.seconds.__getitem__):
            functions[name.partition("[")[0]].append(name)
        return [name for turn in zip_longest(*functions.values()) for name in turn if name]

    def noticed_by(self, mutant: Mutant, test: str) -> None:
        """Remember what noticed a mutant, for the next ones of its function."""
        killers = self._killers[mutant.file, mutant.function]
        if test in killers:
            killers.remove(test)
        killers.insert(0, test)
        del killers[8:]

    def work(self, mutant: Mutant | None, tests: Sequence[str]) -> Callable[[Path, Callable[[str], NoReturn]], None]:
        """What a fork does: become the mutant, and run tests until one fails or the budget is used up."""

        def run(folder: Path, tell: Callable[[str], NoReturn]) -> None:
            began = process_time()

            def said(word: str, test: str = "") -> NoReturn:
                tell(json.dumps([word, test, round(process_time() - began, 3)]))

            allow_cpu(20)
            items = [self.items[name] for name in tests]
            config = items[0].config
            manager = config.pluginmanager
            manager.register(Noticed(lambda test: said(KILLED, test)))
            manager.unregister(name="terminalreporter")
            config._tmp_path_factory._basetemp = folder  # type: ignore[attr-defined] # each fork has a folder of its own
            if mutant:
                stand_in(mutant)
            for item, following in zip(items, [*items[1:], None], strict=True):
                allow_cpu(3 + 20 * self.reach.seconds[item.nodeid])
                try:
                    item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
                except BaseException:  # noqa: BLE001 - such as SystemExit
                    said(KILLED, item.nodeid)
                if process_time() - began > self.budget:
                    said(SURVIVED, OUT_OF_TIME)
            said(SURVIVED)

        return run

    def read(self, told: str, status: int) -> Outcome:
        """What a fork told about its mutant, or what its end says."""
        if status == -signal.SIGXCPU:
            return Outcome(ENDLESS, "", 0)
        if status == -signal.SIGKILL:
            return Outcome(HUNG, "", 0)
        if not told or told.startswith("!"):
            return Outcome("error", told or f"ended with {status}", 0)
        return Outcome(*json.loads(told))


def few_examples() -> None:
    """Let hypothesis try few examples, always the same, and look for no smaller one."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    health = list(hypothesis.HealthCheck)
    hypothesis.settings.register_profile(
        "mutants",
        derandomize=True,
        max_examples=20,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=health,
    )
    hypothesis.settings.load_profile("mutants")


def forget_what_was_remembered() -> None:
    """Empty the caches of the program's functions and objects, which were filled while tests were collected."""
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper) and one.__module__.startswith("blaxel_mcp"):
            one.cache_clear()
        elif str(type(one).__module__).startswith("blaxel_mcp"):
            for name, member in vars(type(one)).items():
                if isinstance(member, functools.cached_property):
                    vars(one).pop(name, None)
