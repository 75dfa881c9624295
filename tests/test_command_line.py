"""The command line: how arguments are parsed, what `--help` says, and what a mistake is answered with."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import blaxel_mcp
from blaxel_mcp import __version__
from blaxel_mcp.command_arguments import POSITIONAL, option_name, tool_parameters
from blaxel_mcp.command_line import TOOLS, Command, build_parser, parse
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.process import EXIT_CODES, ExitCode
from blaxel_mcp.settings import OPTIONS, VARIABLES, format_default, option_for

JOB_AND_EXECUTION = {"jobId": "j", "executionId": "e"}


def _described(variable: str) -> str:
    """A variable's meaning and default, as `--help` shows them."""
    default = format_default(variable)
    return f"{VARIABLES[variable].description}{f'; default {default}' if default else ''} "


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        ([], Command("serve", {})),
        (["--demo"], Command("serve", {}, demo=True)),
        (
            ["--transport", "http", "--port=0"],
            Command("serve", {"BLAXEL_MCP_TRANSPORT": "http", "BLAXEL_MCP_PORT": "0"}),
        ),
        (
            ["--host", "::1", "--auth", "token"],
            Command("serve", {"BLAXEL_MCP_HOST": "::1", "BLAXEL_MCP_AUTH": "token"}),
        ),
        (["--allow-writes"], Command("serve", {"BLAXEL_MCP_ALLOW_WRITES": "true"})),
        (["get", "j", "e"], Command("get", {}, arguments=JOB_AND_EXECUTION)),
        (
            ["get", "j", "e", "--json", "--watch"],
            Command("get", {}, arguments=JOB_AND_EXECUTION, as_json=True, watch=True),
        ),
        (["--demo", "get", "j", "e"], Command("get", {}, demo=True, arguments=JOB_AND_EXECUTION)),
        (["get", "j", "e", "--demo"], Command("get", {}, demo=True, arguments=JOB_AND_EXECUTION)),
        (["get", "--", "-j", "e"], Command("get", {}, arguments={"jobId": "-j", "executionId": "e"})),
        (["--lookups", "never", "get", "j", "e"], Command("get", {"BLAXEL_MCP_LOOKUPS": "never"}, JOB_AND_EXECUTION)),
        (["--allow-writes", "setup"], Command("setup", {"BLAXEL_MCP_ALLOW_WRITES": "true"})),
        (["demo"], Command("demo", {})),
        (["doctor", "--demo"], Command("doctor", {}, demo=True)),
    ],
)
def test_arguments_are_parsed(argv: Sequence[str], command: Command) -> None:
    """Options and commands, with --demo before a command or after it."""
    assert parse(argv) == command


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--bogus"], "--bogus"),
        (["--trans=http"], "--trans"),
        (["bogus"], "'bogus'"),
        (["get"], "JOB"),
        (["jobs", "j"], "j"),
        (["get", "j", "e", "f"], "f"),
        (["--port"], "--port"),
    ],
)
def test_unknown_and_missing_arguments_are_refused(argv: Sequence[str], said: str) -> None:
    """With one problem that names the argument; abbreviated options count as unknown."""
    with pytest.raises(ConfigurationError) as refused:
        parse(argv)
    (problem,) = refused.value.problems
    assert said in problem


def test_help_names_every_option_command_and_variable(capsys: pytest.CaptureFixture[str]) -> None:
    """Each variable with its meaning and default, so that no other page is needed."""
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    printed = re.sub(r"\s+", " ", re.sub(r"-\n +", "-", capsys.readouterr().out))
    assert ended.value.code == 0
    options = ["--version", "--help", "--demo", *(f"{option} {_described(name)}" for name, option in OPTIONS.items())]
    variables = [f"{name} {f'as {option_for(name)}' if name in OPTIONS else _described(name)}" for name in VARIABLES]
    assert [text for text in [*options, *variables, "get", "demo", "doctor"] if text not in printed] == []


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints name and version, for scripts and bug reports."""
    with pytest.raises(SystemExit) as ended:
        parse(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"blaxel-mcp {__version__}\n")


LISTED = json.loads(Path(blaxel_mcp.__file__).with_name("tools").joinpath("listed.json").read_text(encoding="utf-8"))
"""What clients are told of the tools."""
READING = {
    tool["name"]
    for tool in LISTED
    if tool["annotations"]["readOnlyHint"] and "for the view" not in tool["description"].lower()
}


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """What `--help` prints, in one line."""
    with pytest.raises(SystemExit) as ended:
        parse([*command, "--help"])
    assert ended.value.code == 0
    return re.sub(r"\s+", " ", re.sub(r"-\n +", "-", capsys.readouterr().out))


def test_every_tool_that_only_reads_is_a_command() -> None:
    """So that a shell answers what an assistant is asked; those that change something are an assistant's alone."""
    assert set(TOOLS.values()) == READING


@pytest.mark.parametrize("command", TOOLS)
def test_a_command_takes_what_its_tool_takes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids by their place, every other argument as an option, with the schema's words, bounds and default."""
    schema = next(tool["inputSchema"] for tool in LISTED if tool["name"] == TOOLS[command])
    said = help_of(capsys, command)
    for name, parameter in schema["properties"].items():
        shown = POSITIONAL.get(name) or f"{option_name(name)} "
        assert shown in said
        assert all(word in said for word in parameter.get("enum", ()))
        if parameter["type"] == "integer":
            assert f"{parameter['minimum']} to {parameter['maximum']}; default {parameter['default']}" in said
    own = {"help", "json", "quiet", "demo"} | ({"watch", "html", "open"} if command == "get" else set())
    options = {option_name(name)[2:] for name in schema["properties"] if name not in POSITIONAL}
    assert set(re.findall(r"--([a-z-]+)", said.partition("options:")[2])) == own | options


@pytest.mark.parametrize(
    ("argv", "arguments"),
    [
        (["get", "j"], {"jobId": "j", "executionId": "latest"}),
        (["tasks", "j"], {"jobId": "j", "executionId": "latest"}),
        (["logs", "j"], {"jobId": "j", "executionId": "latest"}),
        (["wait", "j"], {"jobId": "j", "executionId": "latest"}),
        (["compare", "j"], {"jobId": "j", "executionId": "latest"}),
        (["compare", "j", "e", "b"], {"jobId": "j", "executionId": "e", "baselineId": "b"}),
        (["executions", "j"], {"jobId": "j"}),
        (["jobs"], {}),
        (["jobs", "--search", "x", "--limit", "3", "--cursor=1!"], {"search": "x", "limit": 3, "cursor": "1!"}),
        (["tasks", "j", "--status", "FAILED"], {"jobId": "j", "executionId": "latest", "status": "failed"}),
        (["logs", "j", "--severity", "warn"], {"jobId": "j", "executionId": "latest", "severity": "WARNING"}),
        (["logs", "--task-name", "t", "j", "e"], {"jobId": "j", "executionId": "e", "taskName": "t"}),
        (["wait", "j", "--timeout-seconds", "5"], {"jobId": "j", "executionId": "latest", "timeoutSeconds": 5}),
        (["executions", "--", "-j"], {"jobId": "-j"}),
        (["get", "j", "-1"], {"jobId": "j", "executionId": "-1"}),
    ],
)
def test_arguments_are_the_tools(argv: Sequence[str], arguments: Mapping[str, Any]) -> None:
    """By the tool's names; the newest execution is meant where none is named."""
    assert parse(argv) == Command(argv[0], {}, arguments)


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["get", "j", "--jsn"], "Unknown option --jsn; did you mean --json?"),
        (["get", "--jsn"], "Unknown option --jsn; did you mean --json?"),
        (["--alow-writes"], "Unknown option --alow-writes; did you mean --allow-writes?"),
        (["tasks", "j", "--task-name", "t"], "The command tasks has no option --task-name; logs has it."),
        (["jobs", "--watch"], "The command jobs has no option --watch; get has it."),
        (["get", "x", "--search", "y"], "The command get has no option --search; jobs and logs have it."),
        (
            ["wait", "x", "--limit=5"],
            "The command wait has no option --limit; jobs, executions, tasks and logs have it.",
        ),
        (["--watch"], "Option --watch follows a command; get has it."),
        (["executions", "j", "latest"], "'latest' is too much: blaxel-mcp executions takes JOB."),
        (["get", "j", "e", "f", "g"], "'f g' is too much: blaxel-mcp get takes JOB [EXECUTION]."),
        (["jobs", "x"], "'x' is too much: blaxel-mcp jobs takes options alone."),
        (["--demo=1"], "Option --demo takes no value."),
        (["get", "j", "--json=yes", "--watch=1"], "Option --json takes no value."),
        (["--transport", "http", "jobs"], "Option --transport is the server's; the command jobs has no use for it."),
        (["--port", "99", "get", "j"], "Option --port is the server's; the command get has no use for it."),
        (["--allow-writes", "jobs"], "Option --allow-writes is the server's; the command jobs has no use for it."),
        (["--lookups=auto", "doctor"], "Option --lookups is the server's; the command doctor has no use for it."),
        (["logs", "j", "--taskname", "t"], "Unknown option --taskname; did you mean --task-name?"),
        (["gte", "j"], "Unknown command 'gte'; did you mean get?"),
        (["execution", "j"], "Unknown command 'execution'; did you mean executions?"),
        (["frobnicate"], "Unknown command 'frobnicate'."),
        (["get", "j", "--port", "1"], "Option --port is the server's; the command get has no use for it."),
        (["get", "j", "--lookups", "never"], "Option --lookups belongs before the command get."),
        (["--json", "get", "j"], "Option --json belongs behind the command get."),
        (["get", "-x"], "Unknown option -x; what is no option but begins with - goes behind --."),
        (
            ["tasks", "j", "--status", "faild"],
            (
                "Argument --status: 'faild' is none of failed, cancelled, running, reconciling, pending, unspecified, "
                "succeeded, any; did you mean failed?"
            ),
        ),
        (
            ["executions", "j", "--status", "cancel"],
            (
                "Argument --status: 'cancel' is none of queued, pending, running, cancelling, cancelled, failed, "
                "succeeded, timeout, any; did you mean cancelled?"
            ),
        ),
        (["jobs", "--limit", "0"], "Argument --limit: must be a whole number from 1 to 50, not '0'."),
        (["jobs", "--limit", "many"], "Argument --limit: must be a whole number from 1 to 50, not 'many'."),
        (["completion", "bsh"], "Argument SHELL: 'bsh' is none of bash, zsh, fish, tcsh; did you mean bash?"),
    ],
)
def test_a_mistake_is_answered_with_what_was_meant(argv: Sequence[str], problem: str) -> None:
    """What is misspelt with the nearest that there is, before anything else that is wrong or missing."""
    with pytest.raises(ConfigurationError) as refused:
        parse(argv)
    assert refused.value.problems == [problem]


def test_arguments_stay_in_the_order_that_they_were_typed_in() -> None:
    """So does advice that repeats them, whichever run it is."""
    assert [*parse(["tasks", "j", "e", "--limit", "1", "--status", "failed"]).arguments] == [
        *("executionId", "jobId", "limit", "status")
    ]


def test_an_error_names_the_help_of_its_command() -> None:
    """Which is shorter than the program's."""
    with pytest.raises(ConfigurationError) as refused:
        parse(["logs", "j", "--bogus"])
    assert refused.value.hint == "See blaxel-mcp logs --help."


def test_help_has_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """With what it means."""
    said = help_of(capsys)
    assert list(EXIT_CODES) == list(ExitCode)
    assert all(f" {code:d} {meaning}" in said for code, meaning in EXIT_CODES.items())


def test_the_whole_parser_takes_what_is_parsed_in_two_steps() -> None:
    """Help and completion are made of a parser of all commands, which parsing goes without."""
    argv = ["--demo", "logs", "j", "--limit", "5", "--quiet"]
    given = vars(build_parser().parse_args(argv))
    assert given == {"demo": True, "jobId": "j", "executionId": "latest", "limit": 5, "quiet": True}


def test_schemas_are_those_of_the_listed_tools() -> None:
    """Read without importing any tool."""
    assert tool_parameters("list_jobs") == next(
        tool["inputSchema"]["properties"] for tool in LISTED if tool["name"] == "list_jobs"
    )
