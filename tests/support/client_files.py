"""`blaxel-mcp setup` run in this process as a user of a folder, and what it made of the files there."""

import json
import sys
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from blaxel_mcp.command_line import parse
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.setup.command import run_setup
from blaxel_mcp.setup.machine import Machine

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ACCOUNT = {"BL_WORKSPACE": "my-ws", "BL_API_KEY": "bl_secret"}


def variables_of(folder: Path) -> dict[str, str]:
    """The variables of a user whose home is this folder."""
    return {"HOME": str(folder), "USERPROFILE": str(folder), "APPDATA": str(folder / "AppData")}


def setup(
    user: dict[str, str],
    *arguments: str,
    first: Sequence[str] = (),
    interpreter: Path = Path(sys.executable),
) -> str:
    """Run the command in this process, on this machine as that user; answers what it printed."""
    command = parse([*first, "setup", *arguments])
    machine = Machine(
        platform=sys.platform,
        user_folder=Path(user["HOME"]),
        variables=user,
        program=interpreter,
        which={"uvx": "/opt/uvx"}.get,
        exists=lambda path: Path(path).exists(),
        same_file=lambda path, other: Path(path).samefile(other),
    )
    login = Path(user["HOME"]) / ".blaxel" / "config.yaml"
    printed = list[str]()
    text = login.read_text(encoding="utf-8") if login.exists() else None
    run_setup(command, machine, program=("blaxel-mcp",), login=text, now=NOW, write=printed.append)
    return "".join(printed)


def refused(user: dict[str, str], *arguments: str, first: Sequence[str] = ()) -> str:
    """Run the command, which is refused; answers why."""
    with pytest.raises(ConfigurationError) as error:
        setup(user, *arguments, first=first)
    (problem,) = error.value.problems
    return problem


def files(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def read(path: Path) -> dict[str, Any]:
    """A client's file as values."""
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".toml":
            return tomllib.loads(text)
        case ".yaml":
            document: dict[str, Any] = yaml.safe_load(text)
            return document
        case _:
            loaded: dict[str, Any] = json.loads(text)
            return loaded
