"""The command line: which commands and options there are, what `--help` says of them, and parsing them. Pure.

A command is a row of `_COMMANDS` and the function in it, which adds the command's own arguments and options. What runs
a command is imported by `cli`, in the branch for that command.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from blaxel_mcp import __version__
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.settings import HOSTED_NAMES, OPTIONS, VARIABLES, format_default, option_for

_DESCRIPTION = """\
MCP server that answers questions about Blaxel batch jobs: is it done, why did it fail, when will it finish.
Without a command it serves MCP over stdio."""
_DEMO = "use an embedded control plane instead of Blaxel, without an account"
_EXIT_CODES = """\
exit codes: 0 done (also get of a failed execution), 1 the API refused or cannot be reached, 2 bad usage or
configuration, 3 get --watch of an execution that ended otherwise than succeeded"""


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed command line; `flags` are settings by the variable that each option stands for, as `load` takes them."""

    name: str
    flags: Mapping[str, str]
    demo: bool = False
    job: str = ""
    execution: str = ""
    as_json: bool = False
    watch: bool = False
    html: str | None = None
    open_report: bool = False
    client: str | None = None
    write: bool = False
    remove: bool = False
    with_key: bool = False
    force: bool = False
    file: str | None = None


class _Parser(argparse.ArgumentParser):
    """Raises its errors instead of printing the usage; leaves out of its result what was not given."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments, argument_default=argparse.SUPPRESS, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError([message[:1].upper() + message[1:] + "."])


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of every command and option; settings become options as their fields say."""
    parser = _Parser(
        prog="blaxel-mcp",
        description=_DESCRIPTION,
        epilog=f"{_variables_help()}\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"blaxel-mcp {__version__}")
    for name, option in OPTIONS.items():
        flag, _, placeholder = option.partition(" ")
        value: dict[str, Any] = {"metavar": placeholder} if placeholder else {"action": "store_const", "const": "true"}
        parser.add_argument(flag, dest=name, help=_describe(name), **value)
    _add_demo(parser)
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", title="commands")
    parser.set_defaults(name="serve")
    for name, (summary, add_arguments) in _COMMANDS.items():
        add_arguments(commands.add_parser(name, help=summary))
    return parser


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help=_DEMO)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--html", metavar="FILE", help="also write a page that draws the execution")
    parser.add_argument("--open", dest="open_report", action="store_true", help="also open that page in a browser")


def _add_get(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="name of the job")
    parser.add_argument("execution", metavar="EXECUTION", help='id of the execution, or "latest"')
    parser.add_argument("--json", dest="as_json", action="store_true", help="print the tool's structured result")
    parser.add_argument("--watch", action="store_true", help="follow until it is done")
    _add_report(parser)
    _add_demo(parser)


def _add_setup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("client", metavar="CLIENT", nargs="?", help="name of the client; without it, list them")
    parser.add_argument("--write", action="store_true", help="put it into the client's file, and keep a backup")
    parser.add_argument("--remove", action="store_true", help="take it out of the client's file again")
    parser.add_argument("--with-key", action="store_true", help="write the key into the file, for its owner alone")
    parser.add_argument("--force", action="store_true", help="also in place of another server of the same name")
    parser.add_argument("--file", metavar="PATH", help="another file than the client's own")
    _add_demo(parser)


_COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "get": ("print the summary of an execution", _add_get),
    "demo": ("see four answers without an account", _add_report),
    "setup": ("tell a client of this server: print what to put where, or put it there", _add_setup),
    "doctor": ("say which credentials are used and whether a call works", _add_demo),
}
"""Each command with what `--help` says of it, and what adds its own arguments and options to its parser.

Those are named (`dest`) as the fields of `Command` that they set.
"""


def _describe(variable: str) -> str:
    default = format_default(variable)
    return f"{VARIABLES[variable].description}{f'; default {default}' if default else ''}"


def _variables_help() -> str:
    rows = [(name, f"as {option_for(name)}" if name in OPTIONS else _describe(name)) for name in VARIABLES]
    width = max(len(name) for name in VARIABLES)
    lines = [f"  {name:<{width}}  {meaning}" for name, meaning in rows]
    hosted = " and ".join(HOSTED_NAMES.values())
    lines.append(f"  {hosted} count only on Blaxel's hosting, where BL_NAME is set")
    return "environment variables (options win; blanks and a literal ${...} count as unset):\n" + "\n".join(lines)


def parse(argv: Sequence[str]) -> Command:
    """Parse the command line, without the name of the program.

    Raises:
        ConfigurationError: an argument is unknown, missing or too much.
        SystemExit: after --help or --version, which argparse prints.
    """
    given = vars(build_parser().parse_args(argv))
    flags = {name: given.pop(name) for name in OPTIONS if name in given}
    return Command(flags=flags, **given)
