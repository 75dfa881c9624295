"""docs/setup.md against the program: files, options, links and the words about variables."""

import re
import shlex
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from blaxel_mcp.command_line import build_parser, parse
from blaxel_mcp.setup.clients import CLIENTS, Client, client_named
from blaxel_mcp.setup.links import install_links
from blaxel_mcp.setup.machine import Launch, Machine
from blaxel_mcp.setup.shapes import Credential

DOC = (Path(__file__).parents[2] / "docs" / "setup.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", DOC, re.DOTALL | re.MULTILINE))


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without the two of its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


def machine(platform: str) -> Machine:
    """A user's machine, with the folders' names as the page has them."""
    windows = platform == "win32"
    path = PureWindowsPath if windows else PurePosixPath
    variables = {"APPDATA": "%APPDATA%"} if windows else {}
    return Machine(platform, path("~"), variables, path("python"), lambda _: None, lambda _: False, lambda *_: False)


def files(client: Client) -> list[str]:
    """The last three cells of a client's row."""
    if client.path is None:
        return ["none: it is pasted", "", ""]
    linux, macos, windows = (str(client.path(machine(platform))) for platform in ("linux", "darwin", "win32"))
    same = windows.replace("\\", "/") == linux
    return [f"`{linux}`", "the same" if macos == linux else f"`{macos}`", "the same" if same else f"`{windows}`"]


def test_every_client_stands_with_its_files() -> None:
    """In the program's order, and no other does."""
    table = rows(SECTIONS["Clients and their files"])
    assert table == [[f"`{client.name}`", client.title, *files(client)] for client in CLIENTS]


def test_the_options_are_those_of_the_command() -> None:
    """With what `--help` says of them."""
    (choices,) = (action.choices for action in build_parser()._actions if isinstance(action.choices, dict))
    actions = [each for each in choices["setup"]._actions if each.option_strings and each.dest != "help"]
    assert rows(DOC.partition("\n## ")[0]) == [
        [f"`{' '.join([*each.option_strings, *([each.metavar] if each.metavar else [])])}`", each.help]
        for each in actions
    ]


def test_the_commands_are_parsed() -> None:
    """Every line of the shell."""
    (block,) = re.findall(r"```sh\n(.*?)```", DOC, re.DOTALL)
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    lines += [shlex.split(line) for line in re.findall(r"`(blaxel-mcp [^`]*setup cursor)`", DOC)]
    assert len(lines) == 6
    for program, *arguments in lines:
        assert (program, parse(arguments).name) == ("blaxel-mcp", "setup")
        assert parse(arguments).client in {None, "cursor"}


def test_the_links_are_the_programs() -> None:
    """Each that the page has."""
    links = re.findall(r"\[link\]\(([^)]+)\)", DOC)
    assert links == [install_links()["cursor"], install_links()["vscode"]]


def test_variables_reach_servers_as_the_page_says() -> None:
    """The rows name every client once, and quote what the entries hold."""
    table = rows(SECTIONS["The key"])
    titles = {"JetBrains": "JetBrains AI Assistant"}
    named = [titles.get(name, name) for row in table for name in row[0].split(", ")]
    assert sorted(named) == sorted(client.title for client in CLIENTS)
    for names, how in table:
        for name in names.split(", "):
            client = client_named(titles.get(name, name))
            entry = client.entry(Launch("x"), Credential(("BL_WORKSPACE", "BL_API_KEY")))
            for quoted in re.findall(r"`(\$\{.+?\})`", how):
                assert quoted in str(entry)
            for key in re.findall(r"`(env_\w+)`", how):
                assert entry[key] == ["BL_WORKSPACE", "BL_API_KEY"]
            if "not at all" in how or "all variables" in how:
                assert entry == client.entry(Launch("x"), Credential())


@pytest.mark.parametrize("name", ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "COPILOT_HOME"])
def test_the_variables_that_move_a_file_do(name: str) -> None:
    """Each moves the file of one client."""
    assert f"`{name}`" in DOC
    usual = machine("linux")
    moved = Machine("linux", usual.user_folder, {name: "/x"}, usual.program, usual.which, usual.exists, usual.same_file)
    paths = [(client.path(usual), client.path(moved)) for client in CLIENTS if client.path]
    assert sum(before != after for before, after in paths) == 1


def test_the_bundles_are_those_that_are_built() -> None:
    """By the names that the command gives them, in the folder where it puts them, from where they are installed."""
    names = ["blaxel-mcp-VERSION.mcpb", "claude-code-plugin/", "codex-plugin/"]
    table = rows(SECTIONS["Bundles, plugins and links"])
    program = (Path(__file__).parents[2] / ".ci" / "bundles.py").read_text(encoding="utf-8")
    (folder,) = re.findall(r'"--output".*default=ROOT / "(\w+)"', program)
    assert [row[0] for row in table[:3]] == [f"`{folder}/{name}`" for name in names]
    for name, _, how in table[1:3]:
        assert f"marketplace add ./{name.strip('`/')}`" in how
