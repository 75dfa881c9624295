"""Commands that answer as tools do, run in the tests' process over a demo workspace whose time stands still."""

import asyncio
import io
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, NamedTuple

from blaxel_mcp.advice import Advice, advise
from blaxel_mcp.command_line import TOOLS, Command, parse
from blaxel_mcp.commands import answer
from blaxel_mcp.shell_advice import ShellAdvice
from blaxel_mcp.terminal.screen import Screen
from blaxel_mcp.tools.context import AppContext
from support.caller import caller, tool_state
from support.plane import NOW


class Clock:
    """Time that passes while something sleeps, and not otherwise."""

    def __init__(self) -> None:
        self.passed = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds


class Answered(NamedTuple):
    """What a command printed, with its exit code and the commands that it advised, in their parts."""

    text: str
    code: int
    advised: Mapping[str, Sequence[str]] = {}


class Output(io.StringIO):
    """Standard output, as far as commands use it."""

    encoding = "utf-8"

    def print(self, text: str) -> None:
        """Print as the program does on standard output."""
        self.write(text)


@asynccontextmanager
async def demo_app(url: str) -> AsyncIterator[AppContext]:
    """What tools work with: a demo workspace whose time stands still but for waits."""
    clock = Clock()
    async with tool_state(url, lambda: NOW, sleep=clock.sleep, timer=lambda: clock.passed) as app:
        yield app


async def answered(url: str, command: Command, columns: int = 0) -> Answered:
    """Run a command: in a pipe, or on a terminal of so many columns."""
    words = ShellAdvice(["blaxel-mcp"], TOOLS[command.name], command.arguments, demo=command.demo)
    output = Output()
    environ = {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": str(columns), "LINES": "40"}
    screen = Screen(output, environ, commands=words.commands, quiet=command.quiet)
    async with demo_app(url) as app:
        with advise(answers=Advice() if command.as_json else words, errors=words):
            code = await answer(
                app,
                TOOLS[command.name],
                command.arguments,
                command=command.name,
                output=screen if columns else output.print,
                as_json=command.as_json,
                quiet=command.quiet,
                in_full=words.in_full,
            )
    return Answered(output.getvalue(), code, words.commands)


@cache
def ask(url: str, line: str, columns: int = 0) -> Answered:
    """Run a command line: in a pipe, or on a terminal of so many columns."""
    return asyncio.run(answered(url, parse(shlex.split(line)), columns))


@cache
def tool_answer(url: str, line: str) -> tuple[str, Any]:
    """What the tool of a command answers over MCP: its text and its object."""
    command = parse(shlex.split(line))

    async def call() -> tuple[str, Any]:
        clock = Clock()
        async with caller(url, clock=lambda: NOW, sleep=clock.sleep, timer=lambda: clock.passed) as calls:
            result = await calls.answer(TOOLS[command.name], **command.arguments)
            return result.text, result.structured

    return asyncio.run(call())
