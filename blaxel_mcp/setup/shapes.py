"""What a server's entry looks like in the file of each client, and how it refers to variables. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from blaxel_mcp.setup.machine import Launch

SERVER = "blaxel"
"""The name that a client knows this server by."""

WORKSPACE = "BL_WORKSPACE"
KEYS = ("BL_API_KEY", "BL_CLIENT_CREDENTIALS")
"""The variables of which the server needs one where there is no login."""

ENVIRONMENTS = ("env", "envs", "environment")
"""The keys under which entries set variables, each client having one of them."""

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Credential:
    """The variables that the server needs, by name; with values only where a person has asked for them in the file."""

    names: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    def environment(self, reference: str | None) -> dict[str, str]:
        """What an entry's `env` says: the values, else the client's own references, else nothing."""
        if self.values:
            return dict(self.values)
        return {name: reference.replace("NAME", name) for name in self.names} if reference else {}


def holds_key(entry: Any) -> bool:
    """Whether an entry has a variable of a credential with a value, and not with a reference to one."""
    if not isinstance(entry, dict):
        return False
    parts = [each.get(key) for each in (entry, entry.get("command")) if isinstance(each, dict) for key in ENVIRONMENTS]
    values = [part.get(name) for part in parts if isinstance(part, dict) for name in KEYS]
    return any(isinstance(value, str) and value and not value.startswith(("$", "{")) for value in values)


def entry_shape(reference: str | None = None, **more: Any) -> Callable[[Launch, Credential], Entry]:
    """Make the shape that most clients have, with some keys before and a way to refer to variables."""

    def shape(launch: Launch, credential: Credential) -> Entry:
        env = credential.environment(reference)
        return {**more, "command": launch.command, "args": [*launch.args], **({"env": env} if env else {})}

    return shape


def codex_shape(launch: Launch, credential: Credential) -> Entry:
    """Make Codex's entry. Its documentation allows a start 10 seconds unless told, 0.171 was seen to allow 30."""
    entry = entry_shape()(launch, credential) | {"startup_timeout_sec": 30}
    return entry | ({"env_vars": [*credential.names]} if credential.names and not credential.values else {})


def goose_shape(launch: Launch, credential: Credential) -> Entry:
    """Make Goose's entry, with names of its own; its time limit is in seconds."""
    keys = [] if credential.values else [*credential.names]
    return {
        "enabled": True,
        "type": "stdio",
        "name": SERVER,
        "description": "Blaxel batch jobs",
        "cmd": launch.command,
        "args": [*launch.args],
        "envs": dict(credential.values),
        "env_keys": keys,
        "timeout": 300,
    }


def opencode_shape(launch: Launch, credential: Credential) -> Entry:
    """Make opencode's entry: command and arguments are one list."""
    env = credential.environment(None)
    return {"type": "local", "command": [*launch.words], "enabled": True, **({"environment": env} if env else {})}


def _input_id(variable: str) -> str:
    return variable.lower().replace("_", "-")


def vscode_shape(launch: Launch, credential: Credential) -> Entry:
    """Make VS Code's entry, which refers to what `vscode_inputs` asks for."""
    env = dict(credential.values) or {name: f"${{input:{_input_id(name)}}}" for name in credential.names}
    return entry_shape(None, type="stdio")(launch, Credential()) | ({"env": env} if env else {})


def vscode_inputs(credential: Credential) -> Mapping[str, list[Entry]]:
    """Make what VS Code asks a person for at the first start, and keeps in the system's key store."""
    if credential.values or not credential.names:
        return {}
    return {
        "inputs": [
            {
                "type": "promptString",
                "id": _input_id(name),
                "description": f"Blaxel: {name}",
                **({} if name == WORKSPACE else {"password": True}),
            }
            for name in credential.names
        ]
    }


def vscode_command(launch: Launch) -> tuple[str, ...]:
    """Make VS Code's own command that adds the server."""
    server = {"name": SERVER, **vscode_shape(launch, Credential())}
    return ("code", "--add-mcp", json.dumps(server, separators=(",", ":")))
