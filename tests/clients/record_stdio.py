"""Starts a stdio server and writes every line that crosses to a file: `record_stdio.py LOG DELAY_MS PATH COMMAND…`.

It stands between a client and the server's command, and needs nothing but the standard library. Each line of the log is
`>` and what the client sent, or `<` and what the server sent; a line `=` begins each start. PATH is set as PYTHONPATH,
since most clients pass no more of the environment on than the system needs. The server ends when its input does.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from typing import IO


def copy(source: IO[bytes], target: IO[bytes], log: int, mark: bytes) -> None:
    """Pass lines on until there are no more or nobody takes them, then close the far end."""
    with contextlib.suppress(BrokenPipeError):
        for line in source:
            os.write(log, mark + line.rstrip(b"\r\n") + b"\n")
            target.write(line)
            target.flush()
    with contextlib.suppress(BrokenPipeError):
        target.close()


def main() -> int:
    """Start it, copy both ways; answers its exit code."""
    _, path, delay, packages, *command = sys.argv
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(log, b"=\n")
    time.sleep(int(delay) / 1000)
    environment = os.environ | {"PYTHONPATH": packages}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)  # noqa: S603
    assert server.stdin
    assert server.stdout
    threading.Thread(target=copy, args=(sys.stdin.buffer, server.stdin, log, b">"), daemon=True).start()
    copy(server.stdout, sys.stdout.buffer, log, b"<")
    return server.wait()


if __name__ == "__main__":
    # Not sys.exit: the thread that reads standard input may be waiting, and Python would wait for its lock.
    os._exit(main())
