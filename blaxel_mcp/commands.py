"""The tools as commands of a shell: call one, print its answer or draw it, and say with which exit code to end."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from blaxel_mcp.process import ExitCode
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.direct import DirectAnswer, call_directly

ROWS = ("jobs", "executions", "tasks")
"""Under which an answer that lists something has its rows."""


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
        command: what the shell calls it.
        output: draws the answer on a terminal, or writes text.
        as_json: whether to print the tool's structured result.
        quiet: whether to print no advice on what to do next.
        in_full: writes out what the advice in a text has abbreviated.
        on_progress: is told how far an execution is that is waited for.

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
        output((without_advice(answered) if quiet else in_full(answered.text)) + "\n")
    return exit_code_of_wait(answered.facts) if command == "wait" else ExitCode.SUCCESS


def without_advice(answered: DirectAnswer) -> str:
    """An answer's text without what to do next; of a log only the lines."""
    facts, text = answered
    if "lines" in facts:
        return "\n".join(facts["lines"])
    for noun in ROWS:
        if isinstance(facts.get(noun), list):
            return "\n".join(text.split("\n")[: 1 + len(facts[noun])])
    step = f"Next: {facts.get('nextStep')}"
    return text.replace(f" {step}", "").replace(f"\n{step}", "")


def exit_code_of_wait(facts: Mapping[str, Any]) -> ExitCode:
    """What `wait` ends with: whether the execution is done, and how it ended."""
    if not facts["done"]:
        return ExitCode.NOT_DONE
    return ExitCode.SUCCESS if facts["outcome"] == "succeeded" else ExitCode.NOT_SUCCEEDED
