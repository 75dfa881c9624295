"""The table of clients: files on each platform, shapes of entries, and how the program is started."""

import base64
import json
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.setup.clients import CLIENTS, client_named, seems_installed
from blaxel_mcp.setup.links import install_links
from blaxel_mcp.setup.machine import Launch, Machine, find_launch
from blaxel_mcp.setup.shapes import Credential

LAUNCH = Launch("/v/bin/blaxel-mcp", ("--demo",))
NAMES = ("BL_WORKSPACE", "BL_API_KEY")
VALUES = {"BL_WORKSPACE": "ws", "BL_API_KEY": "key"}


def machine(
    platform: str = "linux",
    *,
    variables: dict[str, str] | None = None,
    program: str = "",
    on_path: dict[str, str] | None = None,
    files: frozenset[str] = frozenset(),
    links: dict[str, str] | None = None,
) -> Machine:
    """A user's machine; `links` leads from a path to the file that it is a link to."""
    path: type[PurePath] = PureWindowsPath if platform == "win32" else PurePosixPath
    folder = {"win32": r"C:\Users\me", "darwin": "/Users/me"}.get(platform, "/home/me")
    real = links or {}
    return Machine(
        platform=platform,
        user_folder=path(folder),
        variables=variables or {},
        program=path(program or "/v/bin/python"),
        which=(on_path or {}).get,
        exists=lambda path: str(path) in files,
        same_file=lambda one, other: real.get(str(one), str(one)) == real.get(str(other), str(other)),
    )


LINUX = {
    "claude-code": "/home/me/.claude.json",
    "claude-desktop": "/home/me/.config/Claude/claude_desktop_config.json",
    "cursor": "/home/me/.cursor/mcp.json",
    "vscode": "/home/me/.config/Code/User/mcp.json",
    "windsurf": "/home/me/.codeium/windsurf/mcp_config.json",
    "codex": "/home/me/.codex/config.toml",
    "gemini": "/home/me/.gemini/settings.json",
    "zed": "/home/me/.config/zed/settings.json",
    "goose": "/home/me/.config/goose/config.yaml",
    "jetbrains": "",
    "opencode": "/home/me/.config/opencode/opencode.json",
    "copilot": "/home/me/.copilot/mcp-config.json",
}
MACOS = {name: path.replace("/home/", "/Users/") for name, path in LINUX.items()} | {
    "claude-desktop": "/Users/me/Library/Application Support/Claude/claude_desktop_config.json",
    "vscode": "/Users/me/Library/Application Support/Code/User/mcp.json",
}
WINDOWS = {name: path.replace("/home/me", r"C:\Users\me").replace("/", "\\") for name, path in LINUX.items()} | {
    "claude-desktop": r"C:\Users\me\AppData\Roaming\Claude\claude_desktop_config.json",
    "vscode": r"C:\Users\me\AppData\Roaming\Code\User\mcp.json",
    "zed": r"C:\Users\me\AppData\Roaming\Zed\settings.json",
    "goose": r"C:\Users\me\AppData\Roaming\Block\goose\config\config.yaml",
}


def paths(where: Machine) -> dict[str, str]:
    """Each client's file on a machine; none is empty."""
    return {client.name: str(client.path(where)) if client.path else "" for client in CLIENTS}


@pytest.mark.parametrize(("platform", "expected"), [("linux", LINUX), ("darwin", MACOS), ("win32", WINDOWS)])
def test_every_client_has_its_file_on_every_platform(platform: str, expected: dict[str, str]) -> None:
    """As the clients' documentation says, and as those that could be run here were seen to read."""
    assert paths(machine(platform)) == expected


@pytest.mark.parametrize(
    ("platform", "name", "variable", "value", "expected"),
    [
        ("linux", "claude-code", "CLAUDE_CONFIG_DIR", "/x", "/x/.claude.json"),
        ("linux", "codex", "CODEX_HOME", "/x", "/x/config.toml"),
        ("linux", "gemini", "GEMINI_CLI_HOME", "/x", "/x/.gemini/settings.json"),
        ("linux", "copilot", "COPILOT_HOME", "/x", "/x/mcp-config.json"),
        ("linux", "vscode", "XDG_CONFIG_HOME", "/x", "/x/Code/User/mcp.json"),
        ("linux", "codex", "CODEX_HOME", " ", "/home/me/.codex/config.toml"),
        ("darwin", "zed", "XDG_CONFIG_HOME", "/x", "/Users/me/.config/zed/settings.json"),
        ("darwin", "opencode", "XDG_CONFIG_HOME", "/x", "/x/opencode/opencode.json"),
        ("win32", "vscode", "APPDATA", r"D:\A", r"D:\A\Code\User\mcp.json"),
    ],
)
def test_variables_move_a_clients_file(platform: str, name: str, variable: str, value: str, expected: str) -> None:
    """Those that the client itself goes by; a blank one counts as unset."""
    assert paths(machine(platform, variables={variable: value}))[name] == expected


def test_opencodes_file_with_comments_wins_where_it_exists() -> None:
    """Opencode reads both, and writes into that one."""
    jsonc = "/home/me/.config/opencode/opencode.jsonc"
    assert paths(machine(files=frozenset({jsonc})))["opencode"] == jsonc


STANDARD = {"command": "/v/bin/blaxel-mcp", "args": ["--demo"]}
ENTRIES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # Without variables, with what is added for their names, and for their values.
    "claude-code": ({"type": "stdio"} | STANDARD, {}, {"env": VALUES}),
    "claude-desktop": (STANDARD, {}, {"env": VALUES}),
    "cursor": (STANDARD, {"env": {name: f"${{env:{name}}}" for name in NAMES}}, {"env": VALUES}),
    "vscode": (
        {"type": "stdio"} | STANDARD,
        {"env": {"BL_WORKSPACE": "${input:bl-workspace}", "BL_API_KEY": "${input:bl-api-key}"}},
        {"env": VALUES},
    ),
    "windsurf": (STANDARD, {"env": {name: f"${{env:{name}}}" for name in NAMES}}, {"env": VALUES}),
    "codex": (STANDARD | {"startup_timeout_sec": 30}, {"env_vars": [*NAMES]}, {"env": VALUES}),
    "gemini": (STANDARD, {"env": {name: f"${{{name}}}" for name in NAMES}}, {"env": VALUES}),
    "zed": (STANDARD, {}, {"env": VALUES}),
    "goose": (
        {
            "enabled": True,
            "type": "stdio",
            "name": "blaxel",
            "description": "Blaxel batch jobs",
            "cmd": "/v/bin/blaxel-mcp",
            "args": ["--demo"],
            "envs": {},
            "env_keys": [],
            "timeout": 300,
        },
        {"env_keys": [*NAMES]},
        {"envs": VALUES},
    ),
    "jetbrains": (STANDARD, {}, {"env": VALUES}),
    "opencode": (
        {"type": "local", "command": ["/v/bin/blaxel-mcp", "--demo"], "enabled": True},
        {},
        {"environment": VALUES},
    ),
    "copilot": ({"type": "local", "tools": ["*"]} | STANDARD, {}, {"env": VALUES}),
}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_every_entry_has_its_clients_shape(client: Any) -> None:
    """A secret is in it only as a value that was asked for; else the client's own reference is, where it has one."""
    bare, named, valued = ENTRIES[client.name]
    assert client.entry(LAUNCH, Credential()) == bare
    assert client.entry(LAUNCH, Credential(NAMES)) == bare | named
    assert client.entry(LAUNCH, Credential(NAMES, VALUES)) == bare | valued
    assert "key" not in json.dumps(client.entry(LAUNCH, Credential(NAMES))).replace("api-key", "").replace("keys", "")


def test_vscode_asks_for_what_its_entry_refers_to() -> None:
    """Once, hidden where it is a secret; nothing where there is a login or the values are in the file."""
    vscode = client_named("vscode")
    assert vscode.inputs(Credential(NAMES)) == {
        "inputs": [
            {"type": "promptString", "id": "bl-workspace", "description": "Blaxel: BL_WORKSPACE"},
            {"type": "promptString", "id": "bl-api-key", "description": "Blaxel: BL_API_KEY", "password": True},
        ]
    }
    assert vscode.inputs(Credential()) == vscode.inputs(Credential(NAMES, VALUES)) == {}


def test_own_commands_start_the_same_program() -> None:
    """As each client's `mcp add` takes it; Gemini's takes no `--`."""
    words = ("/v/bin/blaxel-mcp", "--demo")
    assert {client.name: client.command(LAUNCH) for client in CLIENTS if client.command} == {
        "claude-code": ("claude", "mcp", "add", "--scope", "user", "blaxel", "--", *words),
        "vscode": (
            "code",
            "--add-mcp",
            '{"name":"blaxel","type":"stdio","command":"/v/bin/blaxel-mcp","args":["--demo"]}',
        ),
        "codex": ("codex", "mcp", "add", "blaxel", "--", *words),
        "gemini": ("gemini", "mcp", "add", "-s", "user", "blaxel", *words),
        "opencode": ("opencode", "mcp", "add", "blaxel", "--", *words),
        "copilot": ("copilot", "mcp", "add", "blaxel", "--", *words),
    }


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("claude-code", "claude-code"),
        ("Claude Code", "claude-code"),
        ("claude", "claude-code"),
        ("VSCode", "vscode"),
        ("vs-code", "vscode"),
        ("gemini-cli", "gemini"),
        ("Codex CLI", "codex"),
        ("github-copilot", "copilot"),
        ("pycharm", "jetbrains"),
    ],
)
def test_clients_are_found_by_what_people_call_them(said: str, name: str) -> None:
    """Whatever the case, spaces, dashes, or a "CLI" at the end."""
    assert client_named(said).name == name


@pytest.mark.parametrize("said", ["emacs", ""])
def test_a_client_that_is_not_known_is_an_error_that_names_those_that_are(said: str) -> None:
    """None of them is near, so all are named."""
    with pytest.raises(ConfigurationError, match=f'No client is called "{said}". There are claude-code, .*copilot'):
        client_named(said)


@pytest.mark.parametrize(
    ("name", "where", "expected"),
    [
        ("codex", machine(on_path={"codex": "/usr/bin/codex"}), True),
        ("cursor", machine(files=frozenset({"/home/me/.cursor"})), True),
        ("claude-code", machine(files=frozenset({"/home/me"})), False),
        ("claude-code", machine(files=frozenset({"/home/me/.claude.json"})), True),
        ("jetbrains", machine(), False),
        ("zed", machine(), False),
    ],
)
def test_a_client_seems_installed_by_its_program_or_its_folder(name: str, where: Machine, *, expected: bool) -> None:
    """The user's own folder tells of none."""
    assert seems_installed(client_named(name), where) is expected


UVX = "/home/me/.cache/uv/archive-v0/Ab3/bin/python"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (machine(files=frozenset({"/v/bin/blaxel-mcp"})), Launch("/v/bin/blaxel-mcp")),
        (machine(), Launch("/v/bin/python", ("-m", "blaxel_mcp"))),
        (
            machine(
                files=frozenset({"/v/bin/blaxel-mcp"}),
                on_path={"blaxel-mcp": "/home/me/.local/bin/blaxel-mcp"},
                links={"/home/me/.local/bin/blaxel-mcp": "/v/bin/blaxel-mcp"},
            ),
            Launch("/home/me/.local/bin/blaxel-mcp"),
        ),
        (
            machine(files=frozenset({"/v/bin/blaxel-mcp"}), on_path={"blaxel-mcp": "/usr/bin/blaxel-mcp"}),
            Launch("/v/bin/blaxel-mcp"),
        ),
        (machine(program=UVX, on_path={"uvx": "/usr/bin/uvx"}), Launch("/usr/bin/uvx", ("blaxel-mcp",))),
        (
            machine(program=UVX, variables={"UV": "/opt/uv/uv"}, files=frozenset({"/opt/uv/uvx"})),
            Launch("/opt/uv/uvx", ("blaxel-mcp",)),
        ),
        (machine(program=UVX), Launch(UVX, ("-m", "blaxel_mcp"))),
        (
            machine(
                "win32",
                program=r"C:\v\Scripts\python.exe",
                files=frozenset({r"C:\v\Scripts\blaxel-mcp.exe"}),
            ),
            Launch(r"C:\v\Scripts\blaxel-mcp.exe"),
        ),
    ],
    ids=[
        "script",
        "no script",
        "tool with a link",
        "another program on the PATH",
        "uvx",
        "uv says where",
        "no uvx",
        "Windows",
    ],
)
def test_the_program_that_runs_is_what_clients_start(where: Machine, expected: Launch) -> None:
    """By an absolute path, and never by one in uv's cache, which may be emptied."""
    assert find_launch(where) == expected


def test_links_install_the_published_program() -> None:
    """Each decodes to the entry that setup writes for it, and carries no variable."""
    links = install_links()
    assert set(links) == {"cursor", "vscode", "goose"}
    cursor = parse_qs(urlsplit(links["cursor"]).query)
    assert cursor["name"] == ["blaxel"]
    assert json.loads(base64.b64decode(cursor["config"][0])) == {"command": "uvx", "args": ["blaxel-mcp"]}
    vscode = parse_qs(urlsplit(links["vscode"]).query)
    assert (vscode["name"], json.loads(vscode["config"][0])) == (
        ["blaxel"],
        {"type": "stdio", "command": "uvx", "args": ["blaxel-mcp"]},
    )
    assert parse_qsl(urlsplit(links["goose"]).query) == [
        ("cmd", "uvx"),
        ("arg", "blaxel-mcp"),
        ("id", "blaxel"),
        ("name", "Blaxel"),
        ("description", "Blaxel batch jobs"),
    ]
