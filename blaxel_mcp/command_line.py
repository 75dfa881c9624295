"""The command line: which commands and options there are, and parsing them. Pure.

A command is a row of `_COMMANDS` and the function in it, which adds the command's own arguments and options. What runs
a command is imported by `cli`, in the branch for that command. A tool's command has the arguments of the tool's schema:
ids by their place, the others as options (`command_arguments`).
"""

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from blaxel_mcp import __version__
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.settings import OPTIONS, choices, option_for

PROGRAM = "blaxel-mcp"
TOOLS = {
    "get": "get_job_execution",
    "jobs": "list_jobs",
    "executions": "list_job_executions",
    "tasks": "list_job_execution_tasks",
    "logs": "get_job_execution_logs",
    "compare": "compare_job_executions",
    "wait": "wait_for_job_execution",
}
"""Commands that answer as a tool does, and those tools."""
_SETTINGS = {name: {"BLAXEL_MCP_LOOKUPS"} for name in TOOLS} | {"setup": set(OPTIONS)}
"""Settings that a command takes notice of, by variable; their options stand before it. `setup` refuses some itself."""
_DEMO = "use an embedded control plane instead of Blaxel, without an account"
SHELLS = ("bash", "zsh", "fish", "tcsh")
FILES = {
    "bash": "_shtab_compgen_files",
    "zsh": "_files",
    "fish": "(__fish_complete_path (commandline -ct))",
    "tcsh": "f",
}
"""The code that completes the name of a file in the scripts that shtab makes, by shell."""
_NUMBER = re.compile(r"-\d+|-\d*\.\d+")
"""Negative numbers, which argparse takes for values, though they begin with a dash as options do."""


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed command line.

    Attributes:
        name: the command; `serve` without one.
        flags: settings, by the variable that each option stands for, as `load` takes them.
        arguments: the arguments of the command's tool, by the tool's names for them.
        quiet: whether to print nothing but the answer.
        shell: the shell for which `completion` prints a script.
        client: the client that `setup` configures; the fields below it are options of `setup`.
    """

    name: str
    flags: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str | int] = field(default_factory=dict)
    demo: bool = False
    as_json: bool = False
    quiet: bool = False
    watch: bool = False
    html: str | None = None
    open_report: bool = False
    shell: str = ""
    client: str | None = None
    write: bool = False
    remove: bool = False
    with_key: bool = False
    force: bool = False
    file: str | None = None


class _Parser(argparse.ArgumentParser):
    """Raises errors instead of printing the usage; what was not given is not in its result."""

    def __init__(self, **arguments: Any) -> None:
        self.known: dict[str, argparse.Action] = {}
        self.places: list[str] = []
        super().__init__(**arguments, argument_default=argparse.SUPPRESS, allow_abbrev=False)

    def add_argument(self, *names: Any, **arguments: Any) -> argparse.Action:
        """Add it, and remember the option's names, or the argument's placeholder."""
        action = super().add_argument(*names, **arguments)
        self.known |= dict.fromkeys(action.option_strings, action)
        if not action.option_strings:
            self.places.append(f"[{action.metavar}]" if action.nargs == "?" else str(action.metavar))
        return action

    def read(self, argv: Sequence[str]) -> dict[str, Any]:
        """Parse what belongs to this parser.

        Raises:
            ConfigurationError: an argument is missing, wrong or too much.
            SystemExit: after --help or --version, which argparse prints.
        """
        given, left = self.parse_known_args(argv)
        if left:
            takes = " ".join(self.places) or "options alone"
            raise self.wrong(f"{' '.join(left)!r} is too much: {self.prog} takes {takes}.")
        return vars(given)

    def error(self, message: str) -> NoReturn:
        raise self.wrong(message[:1].upper() + message[1:] + "." * (not message.endswith("?")))

    def wrong(self, problem: str) -> ConfigurationError:
        """The error about one thing that is wrong."""
        return ConfigurationError([problem], f"See {self.prog} --help.")


class _Program(_Parser):
    """Parses what stands before the command. Only its help needs all commands' parsers."""

    def format_help(self) -> str:
        return build_parser().format_help()


def parse(argv: Sequence[str]) -> Command:
    """Parse the command line, without the name of the program.

    Raises:
        ConfigurationError: an argument is unknown, missing or too much.
        SystemExit: after --help or --version, which argparse prints.
    """
    program = _Program(prog=PROGRAM)
    _add_program(program)
    before, name, after = _split(argv, program)
    parser = _command_parser(name) if name is not None and name in _COMMANDS else None
    _check_options(before, program, name, parser)
    given = program.read(before)
    flags = {variable: given.pop(variable) for variable in OPTIONS if variable in given}
    if name is None:
        return Command("serve", flags, **given)
    if parser is None:
        from blaxel_mcp.command_mistakes import unknown_command  # noqa: PLC0415 - only for what is misspelt

        raise program.wrong(unknown_command(name, [*_COMMANDS, "--help"]))
    _check_settings(flags, name, parser)
    _check_options(after, parser, name, program)
    given |= parser.read(after)
    arguments = {key: given.pop(key) for key in [*given] if key not in Command.__dataclass_fields__}
    return Command(name, flags, arguments, **given)


def _split(argv: Sequence[str], program: _Parser) -> tuple[Sequence[str], str | None, Sequence[str]]:
    """What stands before the command, the command, and what follows it."""
    words = iter(enumerate(argv))
    for at, word in words:
        if word == "--" or not word.startswith("-"):
            behind = at + 1 if word == "--" else at
            return argv[:at], next(iter(argv[behind:]), None), argv[behind + 1 :]
        if (action := program.known.get(word)) and action.nargs is None:  # its value is the next word
            next(words, None)
    return argv, None, ()


def _check_options(given: Sequence[str], parser: _Parser, command: str | None, other: _Parser | None) -> None:
    """Look for options that the parser doesn't have, before it complains of what else is missing.

    Raises:
        ConfigurationError: there is one; names the nearest that there is, or where this one belongs.
    """
    words = iter(given)
    for word in words:
        name = word.partition("=")[0]
        if word == "--":
            return
        if not word.startswith("-") or word == "-" or _NUMBER.fullmatch(word):
            continue
        if action := parser.known.get(name):
            if action.nargs == 0 and name != word and name.startswith("--"):
                raise parser.wrong(f"Option {name} takes no value.")
            if action.nargs is None and name == word:
                next(words, None)
        elif other and name in other.known:
            _check_settings([variable for variable in OPTIONS if option_for(variable) == name], command, parser)
            place = "before" if isinstance(other, _Program) else "behind"
            raise parser.wrong(f"Option {name} belongs {place} the command {command}.")
        else:
            from blaxel_mcp.command_mistakes import unknown_option  # noqa: PLC0415 - only for what is misspelt

            having = [row for row in _COMMANDS if name in _command_parser(row).known]
            raise parser.wrong(unknown_option(name, command, parser.known, having))


def _check_settings(variables: Iterable[str], command: str | None, parser: _Parser) -> None:
    """Refuse options of the server that a command does nothing with.

    Raises:
        ConfigurationError: there is one; names its option.
    """
    for variable in variables:
        if command and variable not in _SETTINGS.get(command, set()):
            raise parser.wrong(
                f"Option {option_for(variable)} is the server's; the command {command} has no use for it."
            )


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of the whole command line, for its help and for completion."""
    from blaxel_mcp.command_help import DESCRIPTION, describe_setting, epilog  # noqa: PLC0415 - parsing needs no help

    parser = _Parser(
        prog=PROGRAM, description=DESCRIPTION, epilog=epilog(), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _add_program(parser)
    for variable in OPTIONS:
        parser.known[option_for(variable)].help = describe_setting(variable)
        if words := choices(variable):  # for completion: what is parsed is checked by the settings, in their words
            parser.known[option_for(variable)].choices = words
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=_Parser)
    for name, (summary, add_arguments) in _COMMANDS.items():
        add_arguments(commands.add_parser(name, help=summary))
    return parser


def _add_program(parser: _Parser) -> None:
    """Add what stands before a command; settings become options as their fields say."""
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    for name, option in OPTIONS.items():
        flag, _, placeholder = option.partition(" ")
        value: dict[str, Any] = {"metavar": placeholder} if placeholder else {"action": "store_const", "const": "true"}
        parser.add_argument(flag, dest=name, **value)
    _add_demo(parser)


def _command_parser(name: str) -> _Parser:
    """Make the parser of what follows a command."""
    summary, add_arguments = _COMMANDS[name]
    answers = f" Answers as the tool {TOOLS[name]} does." if name in TOOLS else ""
    parser = _Parser(
        prog=f"{PROGRAM} {name}",
        description=f"{summary[:1].upper()}{summary[1:]}.{answers}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    return parser


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help=_DEMO)


def _add_report(parser: argparse.ArgumentParser) -> None:
    html = parser.add_argument("--html", metavar="FILE", help="also write a page that draws the execution")
    html.complete = FILES  # type: ignore[attr-defined]  # shtab looks for it
    parser.add_argument("--open", dest="open_report", action="store_true", help="also open that page in a browser")


def _add_tool(name: str) -> Callable[[argparse.ArgumentParser], None]:
    """What adds the arguments of a tool, and the options of all commands that answer as tools do."""

    def add(parser: argparse.ArgumentParser) -> None:
        from blaxel_mcp.command_arguments import add_tool_arguments  # noqa: PLC0415 - reads the tools' schemas

        add_tool_arguments(parser, TOOLS[name])
        parser.add_argument("--json", dest="as_json", action="store_true", help="print the tool's structured result")
        quiet = "print only the answer: no heading, progress, notice or advice (logs: only the lines); errors stay"
        parser.add_argument("--quiet", action="store_true", help=quiet)
        _add_demo(parser)

    return add


def _add_get(parser: argparse.ArgumentParser) -> None:
    _add_tool("get")(parser)
    parser.add_argument("--watch", action="store_true", help="follow until it is done")
    _add_report(parser)


def _add_completion(parser: argparse.ArgumentParser) -> None:
    from blaxel_mcp.command_arguments import one_of  # noqa: PLC0415 - for this command

    parser.add_argument("shell", metavar="SHELL", type=one_of(SHELLS), choices=SHELLS, help=", ".join(SHELLS))


def _add_setup(parser: argparse.ArgumentParser) -> None:
    from blaxel_mcp.setup.clients import NAMES, client_named  # noqa: PLC0415 - for this command

    client: dict[str, Any] = {"type": lambda name: client_named(name).name, "choices": NAMES, "default": None}
    parser.add_argument("client", metavar="CLIENT", nargs="?", **client, help="the client; without it, list them")
    parser.add_argument("--write", action="store_true", help="put it into the client's file, and keep a backup")
    parser.add_argument("--remove", action="store_true", help="take it out of the client's file again")
    parser.add_argument("--with-key", action="store_true", help="write the key into the file, for its owner alone")
    parser.add_argument("--force", action="store_true", help="also in place of another server of the same name")
    file = parser.add_argument("--file", metavar="PATH", help="another file than the client's own")
    file.complete = FILES  # type: ignore[attr-defined]  # shtab looks for it
    _add_demo(parser)


_COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "get": ("how an execution stands, and why it failed", _add_get),
    "jobs": ("the workspace's jobs, those that need attention first", _add_tool("jobs")),
    "executions": ("a job's executions, newest first, and how the job has been doing", _add_tool("executions")),
    "tasks": ("an execution's tasks, failed ones first", _add_tool("tasks")),
    "logs": ("the newest lines of an execution's log", _add_tool("logs")),
    "compare": ("what differs between two executions, such as since it last worked", _add_tool("compare")),
    "wait": ("wait until an execution is done, then say how it ended", _add_tool("wait")),
    "demo": ("see four answers without an account", _add_report),
    "setup": ("tell a client of this server: print what to put where, or put it there", _add_setup),
    "doctor": ("say which credentials are used and whether a call works", _add_demo),
    "completion": ("print a script with which a shell completes commands and options", _add_completion),
}
"""Each command with what `--help` says of it, and what adds its own arguments and options to its parser.

Those are named (`dest`) as the fields of `Command` that they set, or as the arguments of a tool.
"""
