"""Advice for a person in a shell: what a tool answers about other tools, as commands that can be pasted. Pure."""

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from blaxel_mcp.advice import Advice
from blaxel_mcp.command_arguments import POSITIONAL, option_name
from blaxel_mcp.command_line import PROGRAM, TOOLS

_COMMANDS = {tool: command for command, tool in TOOLS.items()}
_EXECUTION = ("jobId", "executionId")


class ShellAdvice(Advice):
    """Names commands instead of tools, and options instead of arguments.

    Args:
        program: the words that start the program.
        tool: the tool whose command is running.
        given: that command's arguments, by the tool's names; advice to go on repeats them.
        demo: whether the commands in the advice get `--demo`.
        brief: whether advice names the program `blaxel-mcp`, since the length of an answer is limited and a path may be
            long; `in_full` then replaces that by `program`.

    Attributes:
        commands: the commands in the advice so far, as they stand between its backticks, each with its parts in full;
            an option and its value are one item.
    """

    repeat = "run this"

    def __init__(
        self, program: Sequence[str], tool: str, given: Mapping[str, str | int], *, demo: bool, brief: bool = True
    ) -> None:
        self._program = " ".join(map(quote_word, program))
        self._name = PROGRAM if brief else self._program
        self._tool, self._given, self._demo = tool, given, demo
        self.commands: dict[str, Sequence[str]] = {}

    def argument(self, name: str) -> str:
        """The argument's placeholder or option; `nextCursor`, which answers give and no command takes, in words."""
        return "the cursor" if name == "nextCursor" else POSITIONAL.get(name) or option_name(name)

    def tool(self, name: str, arguments: Mapping[str, str]) -> str:
        """The command."""
        return self._command(name, arguments)

    def call(self, name: str, arguments: Mapping[str, str]) -> str:
        """The beginning of a sentence: "Run `blaxel-mcp logs a b`"."""
        return f"Run {self._command(name, arguments)}"

    def look_again(self, arguments: Mapping[str, str], when: str) -> str:
        """A sentence that advises to ask for the same execution again."""
        if self._tool == TOOLS["get"]:
            return f"Run this again {when}, or with --watch."
        return f"Run {self._command(TOOLS['get'], arguments)} {when}."

    def wait_again(self, arguments: Mapping[str, str]) -> str:
        """A sentence that advises to follow the execution, for as long as it takes."""
        return f"Follow it with {self._command(TOOLS['get'], arguments, '--watch')}."

    def ask(self, name: str, arguments: Mapping[str, str], question: str) -> str:
        """The beginning of a sentence: "Run `blaxel-mcp get a b` to see why it stands still"."""
        return f"Run {self._command(name, arguments)} to see {question}"

    def see(self, name: str, arguments: Mapping[str, str], question: str) -> str:
        """The beginning of a sentence: "Run `blaxel-mcp executions a` to see what is left"."""
        return self.ask(name, arguments, question)

    def cancel(self, arguments: Mapping[str, str]) -> str:  # noqa: ARG002 - no command cancels
        """The beginning of a sentence that advises to cancel the execution."""
        return "Cancel it in the Blaxel console"

    def go_on(self, cursor: str, arguments: Mapping[str, str]) -> str:
        """A sentence on how to get the rest of a list."""
        given = {name: str(value) for name, value in self._given.items()}
        return f"To go on, run {self._command(self._tool, {**given, **arguments, 'cursor': cursor})}."

    def _command(self, tool: str, arguments: Mapping[str, str], *options: str) -> str:
        """The command for a call, between backticks; ids that `arguments` lacks are taken from the running command."""
        known = {name: str(self._given[name]) for name in _EXECUTION if name in self._given and tool != TOOLS["jobs"]}
        known = {name: value for name, value in known.items() if tool != TOOLS["executions"] or name == "jobId"}
        known |= arguments
        named = [known[name] for name in POSITIONAL if name in known]
        chosen = [*(_option(name, known[name]) for name in known if name not in POSITIONAL), *options]
        chosen += ["--demo"] * self._demo
        ids = [quote_word(name) for name in named]
        rest = [*chosen, "--", *ids] if any(name.startswith("-") for name in named) else [*ids, *chosen]
        command = " ".join([self._name, _COMMANDS[tool], *rest])
        self.commands[command] = [self._program, _COMMANDS[tool], *rest]
        return f"`{command}`"

    def in_full(self, text: str) -> str:
        """Replace the short name of the program in the commands of a text by the words that start the program."""
        for command, parts in self.commands.items():
            text = text.replace(f"`{command}`", f"`{' '.join(parts)}`")
        return text


def _option(argument: str, value: str) -> str:
    """An option with its value, as one word where the value could be taken for an option."""
    between = "=" if value.startswith("-") else " "
    return f"{option_name(argument)}{between}{quote_word(value)}"


def quote_word(word: str) -> str:
    """A word as a shell reads it back; only what cannot be seen is escaped, as the bytes that it has in UTF-8.

    Escapes are those of `$'…'`, which bash, zsh and POSIX of 2024 have. dash, fish and tcsh lack them: since no single
    quote stands inside, they read one word, which is another one, or refuse the line; nothing of the word is run.
    """
    if not word.isprintable():
        return f"$'{''.join(map(_escaped, word))}'"
    # A backslash would escape in fish what follows it between single quotes, so it stands outside of them.
    parts = re.split(r"(['\\])", word)
    return "".join(f"\\{part}" if part in {"'", "\\"} else shlex.quote(part) for part in parts if part) or "''"


def _escaped(character: str) -> str:
    if character.isprintable() and character not in "\\'":
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))


def program_words(
    started_as: str, python: str, folder: str, find: Callable[[str], str | None], *, by_uv: bool
) -> Sequence[str]:
    """The words that start this program in the shell that started it.

    Args:
        started_as: the path of the script, or of the package's `__main__.py`.
        python: the interpreter.
        folder: the working directory; empty where it is not known.
        find: the path of a program on PATH, if there is one of that name.
        by_uv: whether uv has started it, which puts an environment on PATH that the shell does not have there.
    """
    if os.path.basename(started_as) == "__main__.py" or not started_as:  # noqa: PTH119 - a path of any system
        return [python, "-m", PROGRAM.replace("-", "_")]
    if not by_uv and (found := find(PROGRAM)) and os.path.realpath(found) == os.path.realpath(started_as):
        return [PROGRAM]
    below = os.path.relpath(started_as, folder) if folder else started_as
    return [started_as if below.startswith(os.pardir) or os.sep not in below else below]
