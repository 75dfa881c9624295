"""The tools as commands of a shell: call one, print its answer or draw it, and say with which exit code to end."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from blaxel_mcp.answer_parts import without_advice
from blaxel_mcp.process import ExitCode
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.direct import call_directly


class Pages(Protocol):
    """Where answers are drawn: `blaxel_mcp.terminal.screen`."""

    def show_answer(self, command: str, arguments: Mapping[str, Any], facts: Mapping[str, Any], text: str) -> None:
        """Draw the answer of a command."""


async def answer(
    app: AppContext,
    tool: str,
    arguments: Mapping[str, Any],
    *,
    command: str,
    output: Pages | Callable[[str], None],
    as_json: bool = False,
    quiet: bool = False,
    in_full: Callable[[str], str] = str,
    on_progress: Callable[[str], None] = lambda _: None,
) -> ExitCode:
    """Call the tool, print what it answers, and return the exit code.

    Args:
        app: what the tool works with.
        tool: the tool's name.
        arguments: its arguments.
        command: the name of the command that was typed.
        output: draws the answer on a terminal, or writes text.
        as_json: whether to print the tool's structured result.
        quiet: whether to print no advice on what to do next.
        in_full: replaces the program's short name in a text's advice by the words that start the program.
        on_progress: called with a sentence on how far the execution is, when that has changed during a wait.

    Raises:
        BlaxelMcpError: there is no answer.
    """
    said: list[str] = []

    def tell(message: str) -> None:
        if message not in said[-1:]:
            said.append(message)
            on_progress(message)

    answered = await call_directly(app, tool, arguments, tell)
    if not callable(output):
        output.show_answer(command, arguments, answered.facts, answered.text)
    elif as_json:
        output(json.dumps(answered.facts, indent=2) + "\n")  # escaped, so that any encoding of standard output will do
    else:
        text = without_advice(answered.facts, answered.text) if quiet else in_full(answered.text)
        output(f"{text}\n" if text else "")  # a log without a line, with --quiet
    return exit_code_of_wait(answered.facts) if command == "wait" else ExitCode.SUCCESS


def exit_code_of_wait(facts: Mapping[str, Any]) -> ExitCode:
    """What `wait` ends with: whether the execution is done, and how it ended."""
    if not facts["done"]:
        return ExitCode.NOT_DONE
    return ExitCode.SUCCESS if facts["outcome"] == "succeeded" else ExitCode.NOT_SUCCEEDED
