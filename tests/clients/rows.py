"""The rows of `clients.toml`: which clients are run, and how."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

Transport = Literal["stdio", "sse", "http"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
FILE = Path(__file__).parent / "clients.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client as `clients.toml`, whose comment explains each key, describes it."""

    name: str
    title: str
    kind: Literal["library", "bridge", "inspector", "agent"]
    registry: Literal["pypi", "npm"]
    packages: tuple[str, ...]
    transports: tuple[Transport, ...]
    script: str
    runs_in: Literal["python", "node", "harness"]
    seen_by: Literal["model", "caller"]
    small: bool
    delay: int = 0
    fails: Mapping[str, str] = field(default_factory=dict)


def read(text: str) -> list[Client]:
    """The rows of a table like `clients.toml`, in its order."""
    rows = tomllib.loads(text)["client"]
    return [
        Client(**row | {"packages": tuple(row["packages"]), "transports": tuple(row["transports"])}) for row in rows
    ]


def select(rows: list[Client], names: list[str], *, small: bool) -> list[Client]:
    """Those with these names, or all if there are none; with `small`, those of the small subset among them.

    Raises:
        KeyError: no client has a name that is asked for.
    """
    by_name = {row.name: row for row in rows}
    if unknown := [name for name in names if name not in by_name]:
        raise KeyError(", ".join(unknown))
    return [row for row in rows if (not names or row.name in names) and (row.small or not small)]
