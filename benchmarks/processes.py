"""Processes that are over when the benchmark is, whatever happens: each has a deadline, and ends with its `with`."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


class BenchmarkError(Exception):
    """A figure cannot be had of a contender; the text says why."""


class Process:
    """A program in a process group of its own, which is killed when the `with` ends or the deadline has come.

    Args:
        command: its words.
        env: its whole environment.
        seconds: until it is killed. Whatever reads from it then meets the end of its output.
        cwd: where it runs.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], *, seconds: float = 120.0, cwd: Path | None = None
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - named in `peers`
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=1 << 20,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._deadline = threading.Timer(seconds, self._kill)
        self._deadline.daemon = True
        self._deadline.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline.cancel()
        self._kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def write(self, data: bytes) -> None:
        """Write to its standard input."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise BenchmarkError(self.last_words()) from None

    def read_line(self) -> bytes:
        """The next line of its standard output.

        Raises:
            BenchmarkError: there is none.
        """
        assert self._process.stdout  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise BenchmarkError(self.last_words())
        return line

    def finish(self, seconds: float = 60.0) -> None:
        """End its standard input and wait until it has ended by itself."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise BenchmarkError("it does not end when its input does") from None

    def ended(self) -> bool:
        """Whether it is over."""
        return self._process.poll() is not None

    def errors(self) -> str:
        """What it has said on standard error so far."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def last_words(self) -> str:
        """What it said last on standard error."""
        lines = [line.strip() for line in self.errors().splitlines()]
        return next((line for line in reversed(lines) if line), "it said nothing and is gone")

    def memory(self, which: str = "VmRSS") -> float | None:
        """Its resident memory in MiB, now or (`VmHWM`) at its highest; `None` where there is no /proc."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        found = re.search(rf"^{which}:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) / 1024 if found else None

    def threads(self) -> int:
        """How many threads it has, where there is a /proc."""
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def _kill(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        else:
            self._process.kill()
