"""The program as its users meet it: a subprocess, spoken to over pipes, with a deadline on every wait.

The deadlines are generous (`PATIENCE`): they only keep a broken test from hanging. Where an end in time is what is
promised, the time is counted from the program's own log of why it ends (`ends_within`), so that how long a signal or
the end of a pipe takes to reach a program on a busy machine doesn't count.
"""

import contextlib
import io
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import blaxel_mcp
from blaxel_mcp.demo import script

T = TypeVar("T")

PATIENCE = 30.0
STDIO_SECONDS, HTTP_SECONDS, AT_ONCE_SECONDS = 2.0, 5.0, 1.5
"""Within which it ends: over stdio, over HTTP, and after a second signal."""
LOGGED = {"BLAXEL_MCP_LOG_LEVEL": "INFO"}
"""Has it log why it ends."""
HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
COMMAND = (
    sys.executable,
    "-P",
    "-m",
    "blaxel_mcp",
)  # not from the folder that the tests run in: from where they import it


def environment(**variables: str) -> dict[str, str]:
    """Nothing of this machine's environment but what a program needs to start; warnings are errors there too."""
    # But one: the SDK leaves streams of a connection that is cut off unclosed.
    package = Path(blaxel_mcp.__file__).parent.parent
    needed = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(package)}
    # Set by `pytest --cov`, so that what the program does is measured as well.
    needed |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATHEXT") if name in os.environ}  # of Windows
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return needed | measured | {"PYTHONWARNINGS": "error,ignore::ResourceWarning"} | variables


def account(url: str) -> dict[str, str]:
    """The variables of a user of the demo workspace on a control plane of the tests."""
    return {"BL_API_URL": url, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}


class Program:
    """A run of the program, in a process group of its own; whatever is left of it goes when the `with` ends.

    Its three streams are pipes, unless it is given others: those can then not be asked for.
    """

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
        cwd: Path | None = None,
        stdin: int = subprocess.PIPE,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [*command, *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment(**(env or {})),
            cwd=cwd,
            start_new_session=True,
        )
        self._out, self._err = _Lines(self.process.stdout), _Lines(self.process.stderr)
        self._last_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_gone():
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.close_input()
        self.process.wait(PATIENCE)
        for lines in (self._out, self._err):
            lines.close()

    def send(self, line: str) -> None:
        """Write one line to its standard input."""
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method: str, params: Mapping[str, Any] | None = None, *, modern: bool = False) -> int:
        """Send a request, in the 2026 era with its envelope; answers its id."""
        self._last_id += 1
        given = dict(params or {}) | ({"_meta": ENVELOPE} if modern else {})
        self.send(json.dumps({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": given}))
        return self._last_id

    def request(self, method: str, params: Mapping[str, Any] | None = None, *, modern: bool = False) -> dict[str, Any]:
        """Send a request and read the answer to it, which must be the next line."""
        number = self.ask(method, params, modern=modern)
        answer: dict[str, Any] = json.loads(self._out.next())
        assert (answer.pop("jsonrpc"), answer.pop("id")) == ("2.0", number)
        return answer

    def shake_hands(self) -> dict[str, Any]:
        """Open a connection of the 2025 era; answers what the server said of itself."""
        client = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
        answer = self.request("initialize", client)
        self.send('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
        return answer

    def listening(self) -> str:
        """The base URL that it says on standard error, once it serves HTTP."""
        while "listening on " not in (line := self._err.next()):
            pass
        return line.split()[-1].rsplit("/", 1)[0]

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, and only it."""
        self.process.send_signal(number)

    def close_input(self) -> None:
        """End its standard input."""
        if self.process.stdin:
            self.process.stdin.close()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit code, which must come within this time."""
        return self.process.wait(seconds)

    def ends_within(self, seconds: float, log: str = "Ending: ") -> int:
        """Its exit code, which must come within this time of its log of the reason; it must run with `LOGGED`."""
        while log not in self._err.next():
            pass
        return self.process.wait(seconds)

    def next_line(self) -> str:
        """The next line of its standard output."""
        return self._out.next()

    def output(self) -> str:
        """What is left of its standard output, to the end."""
        return self._out.rest()

    def errors(self) -> str:
        """All of its standard error, to the end."""
        return self._err.rest()

    def warnings(self) -> str:
        """The lines of its standard error that are no log of what goes as it should."""
        return "".join(line for line in self.errors().splitlines(keepends=True) if not line.startswith("INFO "))

    def next_error(self) -> str:
        """The next line of its standard error."""
        return self._err.next()

    def is_gone(self) -> bool:
        """Whether neither it nor any child of it is left."""
        ended = self.process.poll() is not None
        if not hasattr(os, "killpg"):  # Windows has no groups
            return ended
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


def run(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run it to its end without any input; answers exit code, output and errors."""
    with Program(*arguments, env=env, cwd=cwd) as program:
        program.close_input()
        return program.wait(), program.output(), program.errors()


def without_ages(text: str) -> str:
    """What the program said, without how long ago things were: of two runs one is always a little later."""
    return re.sub(r"\b\d+[dhms](?: \d+[hms])? ago\b", "ago", text)


def side_by_side(runs: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """Do things that have nothing to do with each other, a few at a time: most of a run is start-up."""
    with ThreadPoolExecutor(3) as threads:
        running = {name: threads.submit(do) for name, do in runs.items()}
        return {name: future.result() for name, future in running.items()}


class _Lines:
    """A pipe's lines, read by a thread, since a read of a pipe knows no deadline."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._pipe = pipe or io.BytesIO()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._pipe:
            self._lines.put(line.decode(errors="backslashreplace"))
        self._lines.put(None)

    def next(self) -> str:
        line = self._lines.get(timeout=PATIENCE)
        assert line is not None, f"It ended after {self._seen}"
        self._seen.append(line)
        return line

    def rest(self) -> str:
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self._seen.append(line)
        self._lines.put(None)
        return "".join(self._seen)

    def close(self) -> None:
        self._reader.join(PATIENCE)
        self._pipe.close()


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@contextlib.contextmanager
def terminal() -> Iterator[tuple[IO[bytes], int]]:
    """A terminal: what is shown on it, line by line, and the end for a program."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb") as screen:
        try:
            yield screen, theirs
        finally:
            os.close(theirs)
