"""The commands that answer as a tool does, in the shell that they were started from: words, terminal, exit code."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blaxel_mcp import process
from blaxel_mcp.advice import Advice, advise
from blaxel_mcp.command_line import TOOLS, Command
from blaxel_mcp.process import ExitCode, printable_line
from blaxel_mcp.shell_advice import ShellAdvice, program_words

if TYPE_CHECKING:
    from blaxel_mcp.commands import Pages
    from blaxel_mcp.report import ReportWriter
    from blaxel_mcp.runtime import Runtime


class Shell(NamedTuple):
    """What a command knows of the shell that started it: its environment, and the path of the program."""

    environment: Mapping[str, str]
    started_as: str

    def program(self) -> Sequence[str]:
        """The words that start the program again."""
        folder, by_uv = self.environment.get("PWD", ""), bool(self.environment.get("UV"))
        return program_words(self.started_as, sys.executable, folder, shutil.which, by_uv=by_uv)

    def draws(self, command: Command) -> bool:
        """Whether the answer of a command is drawn, and not printed as a pipe gets it."""
        return not command.as_json and sys.stdout.isatty() and self.environment.get("TERM") not in {"dumb", "unknown"}

    def colours(self) -> bool:
        """Whether standard output is a terminal that colours are wanted on."""
        return sys.stdout.isatty() and not self.environment.get("NO_COLOR") and self.environment.get("TERM") != "dumb"

    def advice(self, command: Command) -> tuple[ShellAdvice, ShellAdvice]:
        """Make the wording of advice for the command's answer and for its errors: commands instead of tools."""
        given = (self.program(), TOOLS[command.name], command.arguments)
        return ShellAdvice(*given, demo=command.demo), ShellAdvice(*given, demo=command.demo, brief=False)

    def report_writer(self, command: Command) -> "ReportWriter | None":
        """What writes the page that `--html` and `--open` ask for; None without either.

        Raises:
            ConfigurationError: the page can't be written there.
        """
        if command.html is None and not command.open_report:
            return None
        from blaxel_mcp.report import ReportWriter

        return ReportWriter(command.html, self.environment if command.open_report else None, quiet=command.quiet)


async def run_get(command: Command, shell: Shell, runtime: "Runtime") -> int:
    """Draw the answer of `get` on a terminal or print it, and write its page if that is wanted."""
    from blaxel_mcp import get

    ids = (str(command.arguments["jobId"]), str(command.arguments["executionId"]))
    watch, quiet = command.watch, command.quiet
    words, error_words = shell.advice(command)
    write_report = shell.report_writer(command)
    if shell.draws(command):
        from blaxel_mcp.terminal.screen import Screen

        with (
            advise(answers=words, errors=error_words),
            Screen(sys.stdout, shell.environment, in_place=watch, commands=words.commands, quiet=quiet) as screen,
        ):
            last = await get.show(runtime.app, *ids, watch=watch, screen=screen)
    else:
        # The answer itself is the tool's, word for word.
        with advise(answers=Advice(), errors=error_words):
            json, write = command.as_json, process.write
            last = await get.get(runtime.app, *ids, as_json=json, watch=watch, write=write, quiet=quiet)
    if write_report:
        from blaxel_mcp.report import fetch_view

        # By the ids that were found: `latest` may have become another one.
        view = last.view or await fetch_view(runtime.app, last.job_id, last.execution_id)
        write_report([view])
    failed = watch and last.answer["outcome"] != "succeeded"
    return ExitCode.NOT_SUCCEEDED if failed else ExitCode.SUCCESS


async def run_tool(command: Command, shell: Shell, runtime: "Runtime") -> int:
    """Call the tool of a command, and draw its answer on a terminal or print it."""
    from blaxel_mcp.commands import answer

    words, error_words = shell.advice(command)
    output: Pages | Callable[[str], None] = process.write
    if shell.draws(command):
        from blaxel_mcp.terminal.screen import Screen

        output = Screen(sys.stdout, shell.environment, commands=words.commands, quiet=command.quiet)
    with advise(answers=Advice() if command.as_json else words, errors=error_words):
        return await answer(
            runtime.app,
            TOOLS[command.name],
            command.arguments,
            command=command.name,
            output=output,
            as_json=command.as_json,
            quiet=command.quiet,
            in_full=words.in_full,
            on_progress=_tell_progress if sys.stderr.isatty() and not command.quiet else lambda _: None,
        )


def _tell_progress(message: str) -> None:
    sys.stderr.write(f"{printable_line(message)}\n")
    sys.stderr.flush()
