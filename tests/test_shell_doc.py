"""docs/shell.md against the program: commands, options, exit codes, completion, and an answer as it is printed."""

import re
import shlex
from collections import defaultdict
from pathlib import Path

import pytest
from support.commands import ask
from support.plane import NOW
from support.screen import Emulator

from blaxel_mcp.command_arguments import POSITIONAL, option_name, tool_parameters
from blaxel_mcp.command_line import _COMMANDS, SHELLS, TOOLS, build_parser, parse
from blaxel_mcp.demo import control_plane
from blaxel_mcp.process import EXIT_CODES

ROOT = Path(__file__).parents[1]
DOC = (ROOT / "docs" / "shell.md").read_text(encoding="utf-8")


def table(first: str) -> list[tuple[str, ...]]:
    """The rows of the table whose first column has this heading."""
    rows = DOC.partition(f"| {first} |")[2].split("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]) for row in rows]


def usage(command: str) -> str:
    """A command with its places: `tasks JOB [EXECUTION]`."""
    places = [name for name in POSITIONAL if name in tool_parameters(TOOLS[command])] if command in TOOLS else []
    shown = [POSITIONAL[name] if name == "jobId" else f"[{POSITIONAL[name]}]" for name in places]
    return " ".join([command, *shown, *{"completion": ["SHELL"], "setup": ["[CLIENT]"]}.get(command, [])])


def test_every_command_is_told() -> None:
    """With what `--help` says of it, and the tool that answers the same."""
    expected = [
        (f"`{usage(name)}`", summary, f"`{TOOLS[name]}`" if name in TOOLS else "")
        for name, (summary, _) in _COMMANDS.items()
    ]
    linked = [(re.sub(r"^\[(.*)\]\(\w+\.md\)$", r"\1", command), *rest) for command, *rest in table("command")]
    assert linked == expected


def test_every_option_of_a_tool_is_told() -> None:
    """With the commands that have it."""
    commands: dict[str, list[str]] = defaultdict(list)
    for command, tool in TOOLS.items():
        for name in tool_parameters(tool):
            if name not in POSITIONAL:
                commands[f"`{option_name(name)}`"].append(command)
    told = {re.sub(r" [A-Z]+`", "`", option): by.split(", ") for option, by, _ in table("option")}
    assert told == dict(commands)


def test_options_and_commands_in_it_exist() -> None:
    """Every option is one of the program's, and every line that begins with the program's name is parsed."""
    known = set(re.findall(r"--[a-z-]+", build_parser().format_help()))
    for name in _COMMANDS:
        with pytest.raises(SystemExit):
            parse([name, "--help"])
    lines = re.findall(r"^(?:\$ )?blaxel-mcp ([^|>\n]*)", DOC, re.MULTILINE)
    assert lines
    for line in lines:
        parse(shlex.split(line))
    own = {"--json", "--quiet", "--watch", "--html", "--open"} | known
    own |= {option_name(name) for tool in TOOLS.values() for name in tool_parameters(tool)}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOC)) <= own


def test_every_exit_code_is_told() -> None:
    """In the words of `--help`."""
    assert table("code") == [(str(int(code)), meaning) for code, meaning in EXIT_CODES.items()]


def test_completion_is_told_for_every_shell() -> None:
    """One line for each, to go into its start-up file."""
    assert [shell for shell, _ in table("shell")] == list(SHELLS)
    assert all(f"blaxel-mcp completion {shell}" in line for shell, line in table("shell"))


def test_the_answer_in_it_is_the_programs() -> None:
    """As it is drawn on a terminal of 80 columns."""
    line, shown = re.findall(r"```text\n\$ blaxel-mcp ([^\n]*)\n(.*?)```", DOC, re.DOTALL)[0]
    with control_plane.serve(control_plane.build_app(clock=lambda: NOW)) as url:
        screen = Emulator()
        screen.write(ask(url, line, 80).text.replace("\n", "\r\n"))
    assert shown == screen.text
