"""`setup --write` of a file in which a person has changed the entry: what they have changed stays."""

import json
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import yaml
from support.client_files import ACCOUNT, read, setup, variables_of

from blaxel_mcp.setup.clients import CLIENTS, Client, client_named
from blaxel_mcp.setup.machine import Launch
from blaxel_mcp.setup.merge import difference, merge_entry
from blaxel_mcp.setup.shapes import Credential

LAUNCH = Launch("/v/bin/blaxel-mcp", ("--demo",))
NAMES = Credential(("BL_WORKSPACE", "BL_API_KEY"))
VALUES = Credential(("BL_WORKSPACE", "BL_API_KEY"), ACCOUNT)
WITH_FILES = [client for client in CLIENTS if client.path]
ENVIRONMENT = {"goose": "envs", "opencode": "environment"}
RESTRICTED: dict[str, dict[str, Any]] = {
    "copilot": {"tools": ["get_job_execution"]},
    "goose": {"enabled": False, "timeout": 20},
    "opencode": {"enabled": False},
    "codex": {"startup_timeout_sec": 120},
}
"""What a person may have set otherwise than setup does."""


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The variables of a user whose home folder is empty."""
    return variables_of(tmp_path)


def write_entry(client: Client, entry: dict[str, Any], path: Path) -> None:
    """A file of the client with this entry."""
    document: dict[str, Any] = {"blaxel": entry}
    for key in reversed(client.servers):
        document = {key: document}
    match client.format:
        case "json":
            text = json.dumps(document)
        case "toml":
            text = tomlkit.dumps(document)
        case "yaml":
            text = yaml.safe_dump(document)
    path.write_text(text, encoding="utf-8")


def entry_in(client: Client, path: Path) -> dict[str, Any]:
    """The entry in a file of the client."""
    found: dict[str, Any] = read(path)
    for key in (*client.servers, "blaxel"):
        found = found[key]
    return found


@pytest.mark.parametrize("options", [[], ["--demo"]], ids=["account", "demo"])
@pytest.mark.parametrize("client", WITH_FILES, ids=lambda client: client.name)
def test_what_a_person_added_to_the_entry_is_kept(
    client: Client, options: list[str], user: dict[str, str], tmp_path: Path
) -> None:
    """Keys of their own, a key in clear, other variables, and what restricts the server."""
    path = tmp_path / f"file.{client.format}"
    environment = ENVIRONMENT.get(client.name, "env")
    theirs = {"BL_WORKSPACE": "ws", "BL_API_KEY": "literal", "BLAXEL_MCP_RAW": "never"}
    old = client.entry(Launch("uvx", ("blaxel-mcp",)), Credential())
    added = {"mine": 5, environment: theirs, **RESTRICTED.get(client.name, {})}
    write_entry(client, old | added, path)
    said = setup(user | ACCOUNT, client.name, "--write", *options, "--file", str(path))
    after = entry_in(client, path)
    assert {key: after[key] for key in added} == added
    start = {key: after.get(key) for key in ("command", "cmd", "args")}
    assert start != {key: old.get(key) for key in start}
    assert after == old | added | {key: value for key, value in start.items() if value is not None}
    if not options:
        assert said.endswith("It uses the key that its entry had before.\n")
    again = setup(user | ACCOUNT, client.name, "--write", *options, "--file", str(path))
    assert again == f'{path} has "blaxel" as it should be; nothing was changed.\n'


@pytest.mark.parametrize("client", WITH_FILES, ids=lambda client: client.name)
def test_a_key_that_was_asked_for_wins_over_what_the_entry_had(
    client: Client, user: dict[str, str], tmp_path: Path
) -> None:
    """Also over another kind of key, which the server would prefer; other variables stay."""
    path = tmp_path / f"file.{client.format}"
    environment = ENVIRONMENT.get(client.name, "env")
    theirs = {"BL_WORKSPACE": "old", "BL_API_KEY": "old", "BLAXEL_MCP_RAW": "never"}
    write_entry(client, {**client.entry(LAUNCH, NAMES), environment: theirs}, path)
    given = {"BL_WORKSPACE": "ws", "BL_CLIENT_CREDENTIALS": "id:secret"}
    setup(user | given, client.name, "--write", "--with-key", "--file", str(path))
    after = entry_in(client, path)
    assert after[environment] == {**given, "BLAXEL_MCP_RAW": "never"}
    assert not after.get("env_vars")
    assert not after.get("env_keys")


@pytest.mark.parametrize(
    ("name", "there", "credential", "expected"),
    [
        (
            "cursor",
            {"command": "uvx", "args": ["blaxel-mcp"], "env": {"BLAXEL_MCP_RAW": "never"}},
            NAMES,
            {
                "env": {
                    "BLAXEL_MCP_RAW": "never",
                    "BL_WORKSPACE": "${env:BL_WORKSPACE}",
                    "BL_API_KEY": "${env:BL_API_KEY}",
                }
            },
        ),
        (
            "gemini",
            {"command": "uvx", "args": ["blaxel-mcp"], "env": {"BL_CLIENT_CREDENTIALS": "a:b"}},
            NAMES,
            {"env": {"BL_CLIENT_CREDENTIALS": "a:b", "BL_WORKSPACE": "${BL_WORKSPACE}"}},
        ),
        (
            "codex",
            {"command": "uvx", "args": ["blaxel-mcp"], "startup_timeout_sec": 9, "env_vars": ["MINE", "BL_API_KEY"]},
            NAMES,
            {"startup_timeout_sec": 9, "env_vars": ["MINE", "BL_API_KEY", "BL_WORKSPACE"]},
        ),
        (
            "codex",
            {"command": "uvx", "args": ["blaxel-mcp"], "startup_timeout_sec": 9, "env_vars": ["MINE", "BL_API_KEY"]},
            VALUES,
            {"startup_timeout_sec": 9, "env_vars": ["MINE"], "env": ACCOUNT},
        ),
        (
            "zed",
            {"source": "custom", "command": {"path": "/old/blaxel-mcp", "args": [], "env": {"BL_API_KEY": "k"}}},
            Credential(),
            {"source": "custom", "env": {"BL_API_KEY": "k"}},
        ),
    ],
    ids=["added beside others", "another kind of key", "passed on", "passed on, then written", "Zed's older shape"],
)
def test_an_entry_is_merged_variable_by_variable(
    name: str, there: dict[str, Any], credential: Credential, expected: dict[str, Any]
) -> None:
    """What is there already stays, and what is missing is added; the program is the one that runs."""
    merged = merge_entry(there, client_named(name).entry, LAUNCH, credential)
    assert merged == {"command": "/v/bin/blaxel-mcp", "args": ["--demo"], **expected}


def test_a_difference_is_what_an_edit_has_to_change() -> None:
    """As deep as both have the same keys, so that comments between them stay."""
    before = {"a": 1, "env": {"x": "1", "y": "2"}, "gone": 1, "flag": True}
    after = {"a": 1, "env": {"x": "1", "z": "3"}, "flag": 1, "new": {"k": "v"}}
    assert difference(before, after, ("s",)) == (
        [(("s", "env", "z"), "3"), (("s", "flag"), 1), (("s", "new"), {"k": "v"})],
        [("s", "gone"), ("s", "env", "y")],
    )
