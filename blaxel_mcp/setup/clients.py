"""The clients that `setup` knows, as one table: each one's file, where servers are in it, and an entry's shape.

What was seen of each, and what is only documented, is in docs/setup.md.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from blaxel_mcp.setup.machine import Launch, Machine
from blaxel_mcp.setup.problems import refusal
from blaxel_mcp.setup.shapes import (
    SERVER,
    Credential,
    Entry,
    codex_shape,
    entry_shape,
    goose_shape,
    opencode_shape,
    vscode_command,
    vscode_inputs,
    vscode_shape,
)


@dataclass(frozen=True, slots=True)
class Client:
    """A client of MCP.

    Attributes:
        name: what `setup` takes for it.
        title: what people call it.
        path: its file on a machine; None if it has none to write to.
        format: the language of that file.
        servers: the keys that lead to its servers.
        entry: the shape of a server in it.
        graphical: whether it starts from a desktop, where the PATH is short, and needs absolute paths.
        login_alternative: what a person can do in place of `bl login`: the end of a sentence, in which NAMES stands for
            the names of the variables.
        then: what to do when its file has changed, as a sentence.
        command: its own command that does the same, if it has one.
        programs: names of its program on the PATH.
        folder_is_its_own: whether only this client uses the folder of its file, so that the client is here if the
            folder is.
        aliases: other names that `setup` takes for it.
        inputs: what its file has beside the entry, by the key of a list: what to ask the person for.
    """

    name: str
    title: str
    path: Callable[[Machine], PurePath] | None
    format: Literal["json", "toml", "yaml"]
    servers: tuple[str, ...]
    entry: Callable[[Launch, Credential], Entry]
    graphical: bool
    login_alternative: str
    then: str
    command: Callable[[Launch], tuple[str, ...]] | None = None
    programs: tuple[str, ...] = ()
    folder_is_its_own: bool = True
    aliases: tuple[str, ...] = ()
    inputs: Callable[[Credential], Mapping[str, list[Entry]]] = lambda _: {}


_INHERITED = "or set NAMES: it passes the variables of its own environment on"
_REFERRED = "or set NAMES for it: its file refers to them"
_NOTHING = "or write NAMES into its file, with --write --with-key: it passes no variables on"


def _opencode_path(machine: Machine) -> PurePath:
    """Choose between the two names that opencode reads: people edit the one with comments where it exists."""
    folder = machine.config_folder / "opencode"
    with_comments = folder / "opencode.jsonc"
    return with_comments if machine.exists(with_comments) else folder / "opencode.json"


def _zed_path(machine: Machine) -> PurePath:
    if machine.windows:
        return machine.app_folder / "Zed" / "settings.json"
    folder = machine.user_folder / ".config" if machine.platform == "darwin" else machine.config_folder
    return folder / "zed" / "settings.json"


def _goose_path(machine: Machine) -> PurePath:
    if machine.windows:
        return machine.app_folder / "Block" / "goose" / "config" / "config.yaml"
    return machine.config_folder / "goose" / "config.yaml"


CLIENTS = (
    Client(
        name="claude-code",
        title="Claude Code",
        path=lambda machine: machine.own_folder("CLAUDE_CONFIG_DIR", "") / ".claude.json",
        format="json",
        servers=("mcpServers",),
        entry=entry_shape(type="stdio"),
        graphical=False,
        login_alternative=_INHERITED,
        then="Start a new session, and see `claude mcp list`.",
        command=lambda launch: ("claude", "mcp", "add", "--scope", "user", SERVER, "--", *launch.words),
        programs=("claude",),
        folder_is_its_own=False,
        aliases=("claude",),
    ),
    Client(
        name="claude-desktop",
        title="Claude Desktop",
        path=lambda machine: machine.app_folder / "Claude" / "claude_desktop_config.json",
        format="json",
        servers=("mcpServers",),
        entry=entry_shape(),
        graphical=True,
        login_alternative=_NOTHING,
        then="Quit it fully, from its menu, and start it again.",
    ),
    Client(
        name="cursor",
        title="Cursor",
        path=lambda machine: machine.user_folder / ".cursor" / "mcp.json",
        format="json",
        servers=("mcpServers",),
        entry=entry_shape("${env:NAME}"),
        graphical=True,
        login_alternative=_REFERRED,
        then="Switch the server on under Settings, MCP.",
        programs=("cursor",),
    ),
    Client(
        name="vscode",
        title="VS Code",
        path=lambda machine: machine.app_folder / "Code" / "User" / "mcp.json",
        format="json",
        servers=("servers",),
        entry=vscode_shape,
        graphical=True,
        login_alternative="or give NAMES when it asks: it does so once and keeps them",
        then="Start the server with the command `MCP: List Servers`. For one workspace: --file .vscode/mcp.json.",
        command=vscode_command,
        programs=("code",),
        aliases=("code", "visualstudiocode"),
        inputs=vscode_inputs,
    ),
    Client(
        name="windsurf",
        title="Windsurf",
        path=lambda machine: machine.user_folder / ".codeium" / "windsurf" / "mcp_config.json",
        format="json",
        servers=("mcpServers",),
        entry=entry_shape("${env:NAME}"),
        graphical=True,
        login_alternative=_REFERRED,
        then="Refresh the list of servers in Cascade.",
        programs=("windsurf",),
    ),
    Client(
        name="codex",
        title="Codex",
        path=lambda machine: machine.own_folder("CODEX_HOME", ".codex") / "config.toml",
        format="toml",
        servers=("mcp_servers",),
        entry=codex_shape,
        graphical=False,
        login_alternative="or set NAMES for it: it passes on what `env_vars` names, and nothing else",
        then="Start a new session, and see `codex mcp list`.",
        command=lambda launch: ("codex", "mcp", "add", SERVER, "--", *launch.words),
        programs=("codex",),
    ),
    Client(
        name="gemini",
        title="Gemini CLI",
        path=lambda machine: machine.own_folder("GEMINI_CLI_HOME", "") / ".gemini" / "settings.json",
        format="json",
        servers=("mcpServers",),
        entry=entry_shape("${NAME}"),
        graphical=False,
        login_alternative="or set NAMES for it: its file refers to them, since it drops others that look like keys",
        then="Start a new session in a folder that it trusts: it starts no servers elsewhere. See `gemini mcp list`.",
        command=lambda launch: ("gemini", "mcp", "add", "-s", "user", SERVER, *launch.words),
        programs=("gemini",),
    ),
    Client(
        name="zed",
        title="Zed",
        path=_zed_path,
        format="json",
        servers=("context_servers",),
        entry=entry_shape(),
        graphical=True,
        login_alternative=_NOTHING,
        then="Zed reads the file again by itself; see the settings of its agent panel.",
        programs=("zed", "zeditor"),
    ),
    Client(
        name="goose",
        title="Goose",
        path=_goose_path,
        format="yaml",
        servers=("extensions",),
        entry=goose_shape,
        graphical=True,
        login_alternative="or set NAMES for it, or put them into its key store with `goose configure`",
        then="Start a new session.",
        programs=("goose",),
    ),
    Client(
        name="jetbrains",
        title="JetBrains AI Assistant",
        path=None,
        format="json",
        servers=("mcpServers",),
        entry=entry_shape(),
        graphical=True,
        login_alternative='or put NAMES under "env": it passes no variables on',
        then="Paste it under Settings, Tools, AI Assistant, Model Context Protocol (MCP), Add, As JSON.",
        aliases=("intellij", "idea", "pycharm", "junie"),
    ),
    Client(
        name="opencode",
        title="opencode",
        path=_opencode_path,
        format="json",
        servers=("mcp",),
        entry=opencode_shape,
        graphical=False,
        login_alternative=_INHERITED,
        then="Start a new session, and see `opencode mcp list`.",
        command=lambda launch: ("opencode", "mcp", "add", SERVER, "--", *launch.words),
        programs=("opencode",),
    ),
    Client(
        name="copilot",
        title="Copilot CLI",
        path=lambda machine: machine.own_folder("COPILOT_HOME", ".copilot") / "mcp-config.json",
        format="json",
        servers=("mcpServers",),
        entry=entry_shape(type="local", tools=["*"]),
        graphical=False,
        login_alternative=_INHERITED,
        then="Start a new session, and see `copilot mcp list`.",
        command=lambda launch: ("copilot", "mcp", "add", SERVER, "--", *launch.words),
        programs=("copilot",),
        aliases=("githubcopilot",),
    ),
)


NAMES = tuple(client.name for client in CLIENTS)


def client_named(name: str) -> Client:
    """Find a client by its name, its title or an alias, whatever the case, spaces and dashes.

    Raises:
        ConfigurationError: there is none; names the nearest.
    """
    wanted = _folded(name)
    for client in CLIENTS:
        if wanted in {_folded(each) for each in (client.name, client.title, *client.aliases)}:
            return client
    near = difflib.get_close_matches(name.lower(), NAMES, 1)
    hint = f'Did you mean "{near[0]}"?' if near else f"There are {', '.join(NAMES)}."
    raise refusal(f'No client is called "{name}". {hint}')


def _folded(name: str) -> str:
    letters = "".join(character for character in name.lower() if character.isalnum())
    return letters.removesuffix("cli")


def seems_installed(client: Client, machine: Machine) -> bool:
    """Whether its program is on the PATH, or its file or the folder for it is there."""
    if any(machine.which(program) for program in client.programs):
        return True
    path = client.path(machine) if client.path else None
    return path is not None and (machine.exists(path) or (client.folder_is_its_own and machine.exists(path.parent)))


def paste(client: Client, entry: Entry, extra: Mapping[str, list[Entry]]) -> Entry:
    """What a file of the client would hold that had nothing else in it."""
    servers: Entry = {SERVER: entry}
    for key in reversed(client.servers):
        servers = {key: servers}
    return {**extra, **servers}
