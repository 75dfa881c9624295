"""Names and numbers that several files must agree on: pyproject.toml, package, server.json, README, CHANGELOG."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from blaxel_mcp import __version__
from blaxel_mcp.settings import SECRETS, Settings

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SERVER: dict[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
# The registry's schema lets unknown keys pass, so what may be there is listed here (schema 2025-12-11).
KEYS = {"$schema", "name", "title", "description", "version", "websiteUrl", "repository", "packages"}
PACKAGE_KEYS = {"registryType", "identifier", "version", "runtimeHint", "transport", "environmentVariables"}
VARIABLE_KEYS = {"name", "description", "isRequired", "isSecret", "format", "default", "placeholder", "choices"}


def test_server_json_names_this_program() -> None:
    """Version, identifier, script and name agree, and a client that runs `uvx identifier@version` gets stdio."""
    (package,) = SERVER["packages"]
    assert (SERVER["version"], package["version"]) == (__version__, __version__)
    assert package["identifier"] == PROJECT["name"] == "blaxel-mcp"
    assert PROJECT["scripts"] == {"blaxel-mcp": "blaxel_mcp.__main__:main"}
    assert package["registryType"] == "pypi"
    assert package["runtimeHint"] == "uvx"
    assert package["transport"] == {"type": "stdio"}
    assert re.fullmatch(r"io\.github\.[A-Za-z0-9-]+/blaxel-mcp", SERVER["name"])
    assert len(SERVER["description"]) <= 100


def test_server_json_has_known_keys_only() -> None:
    """No key that the registry would ignore or a client would trip over, such as registryBaseUrl."""
    (package,) = SERVER["packages"]
    assert set(SERVER) <= KEYS
    assert set(package) <= PACKAGE_KEYS
    assert all(set(variable) <= VARIABLE_KEYS for variable in package["environmentVariables"])
    assert SERVER["$schema"] == "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


def test_server_json_variables_are_settings() -> None:
    """Each variable that clients ask for exists, is optional, and is marked secret if it is."""
    known = {field.alias: field for field in Settings.model_fields.values() if field.alias}
    variables = SERVER["packages"][0]["environmentVariables"]
    assert len(variables) <= 4
    for variable in variables:
        assert variable["name"] in known
        assert variable["isSecret"] == (variable["name"] in SECRETS)
        assert variable["isRequired"] is False
        if "default" in variable:
            assert variable["default"] == known[variable["name"]].default


def test_the_readme_carries_the_registry_marker() -> None:
    """The registry looks for the server's name in the published README, with a space on both sides."""
    assert f"<!-- mcp-name: {SERVER['name']} -->" in README


def test_the_changelog_knows_the_version() -> None:
    """The newest heading is of this version."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_every_dependency_is_bounded(requirement: str) -> None:
    """A floor, and a bound below the next major version, or minor one for uvicorn; nothing is pinned."""
    assert re.fullmatch(r"[A-Za-z-]+(\[[a-z]+\])?>=\d+(\.\d+)*,<(\d+|0\.\d+)", requirement)


def test_python_is_not_capped() -> None:
    """An upper bound on Python breaks installs on the day a new one comes out."""
    assert PROJECT["requires-python"] == ">=3.11"
