"""The program where the facts of Windows hold that matter to it, as far as another system can pretend to be one.

A real process is told before it starts: text files make CRLF of a line feed, the console's encoding has few characters,
modules and functions of POSIX are missing, and the event loop can neither wait for a pipe nor handle a signal.
"""

import json
import signal
import sys
from pathlib import Path

import httpx
import pytest
from support.program import Program, account

from blaxel_mcp.demo import control_plane, script

pytestmark = pytest.mark.slow

SHIM = """
import asyncio, io, os, pathlib, selectors, signal, socket, subprocess, sys, threading

import mcp.server.stdio, uvicorn  # which ask for the platform by themselves
for name in ("fcntl", "resource", "termios", "pwd", "grp", "tty", "pty"):
    sys.modules[name] = None
for name in ("set_blocking", "get_blocking", "fork", "killpg", "getpgid", "openpty", "mkfifo", "getuid", "geteuid"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGCHLD", "SIGQUIT"):
    delattr(signal, name)
import select
del select.poll, select.epoll
def refuse(*_):
    raise NotImplementedError
for name in ("add_signal_handler", "remove_signal_handler"):
    setattr(asyncio.SelectorEventLoop, name, refuse)
waits = asyncio.SelectorEventLoop.add_reader
def add_reader(self, fd, *rest):
    assert not isinstance(fd, int), "the event loop waits for a pipe"
    return waits(self, fd, *rest)
asyncio.SelectorEventLoop.add_reader = asyncio.SelectorEventLoop.add_writer = add_reader
os.linesep, os.name = "\\r\\n", "windows"
class TextIOWrapper(io.TextIOWrapper):
    def __init__(self, buffer, encoding=None, errors=None, newline=None, *rest, **named):
        super().__init__(buffer, encoding or "cp1252", errors, "\\r\\n" if newline is None else newline, *rest, **named)
io.TextIOWrapper = TextIOWrapper
for name, errors in (("stdin", "strict"), ("stdout", "strict"), ("stderr", "backslashreplace")):
    stream = getattr(sys, name)
    setattr(sys, name, TextIOWrapper(stream.detach(), "cp1252", errors, line_buffering=name == "stderr"))
from blaxel_mcp.__main__ import main; sys.exit(main())
"""
PRINTING = """
async def printing(self, before=mcp.server.MCPServer.list_tools):
    print("printed \\u2713")
    os.write(1, b"written\\n")
    return await before(self)
mcp.server.MCPServer.list_tools = printing
"""
ON_WINDOWS = (sys.executable, "-c", SHIM)
# A library of a dependency may open files with the locale's encoding, which isn't ours to forbid there.
ENV = {"PYTHONWARNINGS": "default"}


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """A user's variables."""
    return ENV | {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}


def test_standard_output_carries_line_feeds_alone_and_utf_8(user: dict[str, str]) -> None:
    """Whatever the platform's text files and its code page make of text; the input is UTF-8 too."""
    with (
        control_plane.serve(control_plane.build_app()) as url,
        Program(command=ON_WINDOWS, env=user | account(url)) as program,
    ):
        program.shake_hands()
        assert program.process.stdin
        text = {"jsonrpc": "2.0", "id": "\U0001f600é\u2028", "method": "ping"}
        program.process.stdin.write(json.dumps(text, ensure_ascii=False).encode() + b"\r\n")
        program.process.stdin.flush()
        assert program.next_line() == '{"jsonrpc":"2.0","id":"\U0001f600é\u2028","result":{}}\n'
        arguments = {"jobId": "image-resize", "executionId": script.FAILED}
        answer = program.request("tools/call", {"name": "get_job_execution", "arguments": arguments})
        assert answer["result"]["structuredContent"]["status"] == "failed"
        program.close_input()
        assert program.wait() == 0
        assert "\r" not in program.output()
        assert program.errors() == ""


@pytest.mark.slow
def test_setup_writes_a_clients_file_as_it_is(user: dict[str, str], tmp_path: Path) -> None:
    """UTF-8 and the file's own line ends, whatever the platform's text files and its code page make of text."""
    path = tmp_path / "\u00e9\u2713" / "settings.json"
    path.parent.mkdir()
    before = '{\r\n  "name": "\u00e9\u2713" // mine\r\n}\r\n'
    path.write_bytes(before.encode())
    for option in ("--write", "--remove", "--write"):
        with Program("setup", "zed", "--demo", option, "--file", str(path), command=ON_WINDOWS, env=user) as program:
            program.close_input()
            assert (program.wait(), program.errors()) == (0, "")
            assert "settings.json" in program.output()
    after = path.read_bytes().decode()
    assert after.startswith('{\r\n  "name": "\u00e9\u2713", // mine\r\n  "context_servers": {\r\n')
    assert after.count("\n") == after.count("\r\n")


@pytest.mark.slow
def test_libraries_may_print(user: dict[str, str]) -> None:
    """What they print goes to standard error, as elsewhere."""
    prints = SHIM.replace("from blaxel_mcp.__main__", f"{PRINTING}from blaxel_mcp.__main__")
    with Program(command=(sys.executable, "-c", prints), env=user) as program:
        program.shake_hands()
        assert program.request("tools/list")["result"]["tools"]
        program.close_input()
        assert (program.wait(), program.output().count("\n")) == (0, 2)
        assert sorted(program.errors().split()) == ["\\u2713", "printed", "written"]


@pytest.mark.slow
def test_http_serves_and_ends_at_a_signal(user: dict[str, str]) -> None:
    """Without signal handlers of the event loop, and without a limit of open files."""
    with Program("--transport", "http", "--port", "0", command=ON_WINDOWS, env=user) as program:
        assert httpx.get(f"{program.listening()}/health").text == "ok"
        program.signal(signal.SIGTERM)
        assert program.wait() == 0


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize(
    "arguments",
    [["get", "image-resize", "latest", "--demo"], ["doctor", "--demo"], ["--help"], ["setup", "goose"]],
    ids=lambda one: one[0],
)
def test_every_command_prints_what_the_console_has(user: dict[str, str], arguments: list[str]) -> None:
    """Other characters are written as escapes; nothing raises."""
    with Program(*arguments, command=ON_WINDOWS, env=user | {"PYTHONIOENCODING": "cp1252"}) as program:
        program.close_input()
        assert program.wait() == 0
        assert program.output()
        assert program.errors() == ""


@pytest.mark.sampled(every=13)
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "ascii:strict", "cp437", "utf-16"])
@pytest.mark.parametrize(
    "arguments",
    [["get", "image-resize", "latest", "--demo"], ["demo"], ["doctor", "--demo"], ["--help"], ["--nope-\u2713\udcff"]],
    ids=lambda one: one[0][:6],
)
def test_every_command_prints_in_every_encoding(arguments: list[str], encoding: str) -> None:
    """A console that has few characters gets escapes of the others, on standard error too."""
    with Program(*arguments, env={"PYTHONIOENCODING": encoding, "LANG": "C"}) as program:
        program.close_input()
        assert program.wait() == (2 if "nope" in arguments[0] else 0)
        assert "Traceback" not in program.errors()


def test_an_error_of_the_command_line_is_bounded() -> None:
    """It repeats what was given, cut and in visible characters."""
    with Program("--" + "x" * 100_000 + "\x1b[31m") as program:
        program.close_input()
        assert program.wait() == 2
        assert len(program.errors()) < 1_000
        assert "\x1b" not in program.errors()


def test_the_login_is_found_in_the_profile(tmp_path: Path) -> None:
    """As Go's os.UserHomeDir, which the Blaxel CLI uses, and Path.home() of Windows: USERPROFILE."""
    ask = "import ntpath, os, sys; os.environ.pop('HOME', None); sys.stdout.write(ntpath.expanduser('~'))"
    with Program(command=(sys.executable, "-c", ask), env={"USERPROFILE": str(tmp_path)}) as program:
        program.close_input()
        assert (program.wait(), program.output()) == (0, str(tmp_path))
