"""The life of the process around a command: logging, garbage collection, standard streams, exit codes.

Ctrl-C is not here: `__main__.py` handles it before it imports anything.
"""

import gc
import io
import logging
import os
import sys
import threading
from collections.abc import Callable
from enum import IntEnum
from typing import TextIO

from blaxel_mcp.standard_error import flush_stderr, never_wait_for_stderr


class ExitCode(IntEnum):
    """What the program tells the shell."""

    SUCCESS = 0
    API_ERROR = 1
    USAGE_ERROR = 2
    NOT_SUCCEEDED = 3
    NOT_DONE = 4
    OUTPUT_ERROR = 5
    # As shells count: 128 and the signal's number.
    INTERRUPTED = 130
    TERMINATED = 143


EXIT_CODES = {
    ExitCode.SUCCESS: "done: answered, also about a failed execution; also if the reader of a pipe has gone",
    ExitCode.API_ERROR: "the API refused or could not be reached",
    ExitCode.USAGE_ERROR: "bad usage or configuration",
    ExitCode.NOT_SUCCEEDED: "get --watch and wait: the execution ended otherwise than succeeded",
    ExitCode.NOT_DONE: "wait: the time was up before the execution was done",
    ExitCode.OUTPUT_ERROR: "standard output could not be written, as on a full disk",
    ExitCode.INTERRUPTED: "interrupted, as by Ctrl-C",
    ExitCode.TERMINATED: "ended by SIGTERM (a server over HTTP: 0)",
}
"""What each means, for `--help` and the documentation."""

_LINE_CHARACTERS = 700
"""The longest line of an error that is printed whole."""


class OutputError(Exception):
    """Standard output can't be written, though its reader has not gone; why is its cause."""


def run(command: Callable[[], int]) -> int:
    """Run a command, write out what it printed, and return its exit code.

    Where threads are left that Python would wait for, the process ends here and now instead.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a job's messages can be in any alphabet
    try:
        code = command()
    except SystemExit as ended:  # argparse, after --help or --version
        code = ended.code if isinstance(ended.code, int) else ExitCode.SUCCESS
    except BrokenPipeError:  # the reader has gone, as with `| head`
        code = ExitCode.SUCCESS
    except OutputError as failed:
        code = _report_output_error(failed.__cause__)
    if (failure := _flush()) and code != ExitCode.OUTPUT_ERROR:  # such as after --help, which argparse prints
        code = _report_output_error(failure)
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        exit_now(code)  # such as the SDK's read of standard input
    return code


def exit_now(code: int) -> None:
    """End the process without waiting for its threads."""
    _flush()
    os._exit(code)


def write(text: str) -> None:
    """Print text on standard output at once.

    Raises:
        BrokenPipeError: its reader has gone.
        OutputError: it can't be written for another reason.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError from error


def printable_line(line: str) -> str:
    """A line that may repeat an argument or a variable: bounded, and with escapes for a terminal's controls."""
    cut = line if len(line) <= _LINE_CHARACTERS else f"{line[: _LINE_CHARACTERS - 1]}…"
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in cut)


def _report_output_error(error: BaseException | None) -> ExitCode:
    reason = error.strerror if isinstance(error, OSError) else None
    sys.stderr.write(f"blaxel-mcp: Standard output can't be written: {reason or error}.\n")
    _flush_or_drop(flush_stderr, sys.stderr)
    return ExitCode.OUTPUT_ERROR


def _flush() -> OSError | None:
    """Write out both streams; return why standard output can't be, unless its reader has gone."""
    failure = _flush_or_drop(sys.stdout.flush, sys.stdout)
    _flush_or_drop(flush_stderr, sys.stderr)
    return None if isinstance(failure, BrokenPipeError) else failure


def _flush_or_drop(flush: Callable[[], None], stream: TextIO) -> OSError | None:
    try:
        flush()
    except OSError as error:  # Python's own flush at exit would fail again, and say so
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None


def configure_logging(level: str) -> None:
    """Log to standard error, one line for each record; standard output belongs to the protocol."""
    never_wait_for_stderr()
    logging.raiseExceptions = False  # a client that closes stderr must not make the server spin
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("sse_starlette").setLevel(logging.INFO)  # its debug lines hold whole answers and session ids


def begin_startup() -> None:
    """Make start-up cheap; to be called before pydantic is imported. `end_startup` turns the collector on again.

    Standard error never waits for its reader from here on (`standard_error`).

    - No garbage collection: start-up's objects live as long as the process.
    - No search for plugins of pydantic, which reads the metadata of everything that is installed.
    - Models are built when they are first used (pydantic's `defer_build`): the SDK declares 550 for two eras of the
      protocol, of which one client uses a few dozen.
    """
    gc.disable()
    _open_standard_streams()
    never_wait_for_stderr()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    from pydantic import BaseModel  # noqa: PLC0415 - after the line above

    BaseModel.model_config["defer_build"] = True  # models that don't say otherwise inherit it


def _open_standard_streams() -> None:
    """Make sure that descriptors 0 to 2 are there: else the next file to be opened would be taken for one of them."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def end_startup() -> None:
    """Turn garbage collection on, but for the objects of start-up: collecting among them takes a tenth of a second."""
    gc.enable()
    gc.freeze()
    # An execution of a thousand tasks is a hundred thousand objects, hence high thresholds for the young generations.
    # The oldest one's is low: with a thousand requests under way, what is in use at two collections counts as old, and
    # would otherwise stay for a million requests after it is done with.
    gc.set_threshold(50_000, 20, 3)
