"""Brings an entry of this server up to date that a person may have edited: its command and its credential. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from blaxel_mcp.setup.machine import Launch
from blaxel_mcp.setup.shapes import ENVIRONMENTS, KEYS, WORKSPACE, Credential, Entry

_START = {"command", "args", "cmd"}
_PASSED_ON = ("env_vars", "env_keys")
"""Keys whose value is a list of names of variables that the client passes on."""


def merge_entry(
    there: Entry, shape: Callable[[Launch, Credential], Entry], launch: Launch, credential: Credential
) -> Entry:
    """Make the entry that starts the server by `launch` and keeps what a person has changed or added.

    Command and arguments are set. A variable that the entry has already, or another key than the credential's, stays as
    it is, unless the credential has values, which a person has asked for. All else is set only where it is missing.

    Args:
        there: the entry as it is; it starts this program.
        shape: makes the client's entry.
        launch: how the program is started.
        credential: what the server needs.
    """
    merged = dict(there)
    if isinstance(command := there.get("command"), dict):  # as Zed had it: {"path": …, "args": …, "env": …}
        merged |= {"env": _mapping(command.get("env")) | _mapping(there.get("env"))}
    needed = credential if credential.values else _missing(merged, credential)
    for key, value in shape(launch, needed).items():
        if key in _START:
            merged[key] = value
        elif key in ENVIRONMENTS:
            merged[key] = _mapping(merged.get(key)) | value
        elif key in _PASSED_ON:
            names = _list(merged.get(key))
            merged[key] = [*names, *(name for name in value if name not in names)]
        else:
            merged.setdefault(key, value)
    return _without_others(merged, credential) if credential.values else merged


def difference(
    before: Entry, after: Entry, path: tuple[str, ...]
) -> tuple[list[tuple[tuple[str, ...], Any]], list[tuple[str, ...]]]:
    """What to set and what to remove, by keys that begin with `path`, to make the one entry of the other."""
    changes = list[tuple[tuple[str, ...], Any]]()
    removals = [(*path, key) for key in before if key not in after]
    for key, value in after.items():
        old = before.get(key, ...)
        if isinstance(value, dict) and isinstance(old, dict) and old and value:
            more, less = difference(old, value, (*path, key))
            changes += more
            removals += less
        elif old is ... or old != value or type(old) is not type(value):
            changes.append(((*path, key), value))
    return changes, removals


def _missing(entry: Entry, credential: Credential) -> Credential:
    """The variables that the entry neither sets nor passes on; no second key beside one that it has."""
    held = {*_variables(entry)}
    if held & {*KEYS}:
        held |= {*KEYS}
    return Credential(tuple(name for name in credential.names if name not in held))


def _variables(entry: Entry) -> Iterator[str]:
    for key in ENVIRONMENTS:
        yield from _mapping(entry.get(key))
    for key in _PASSED_ON:
        yield from _list(entry.get(key))


def _without_others(entry: Entry, credential: Credential) -> Entry:
    """Without what would win over the values: another key, and the same variables passed on."""
    others = {*KEYS} - {*credential.values}
    ours = {WORKSPACE, *KEYS}
    without: Entry = {}
    for key, value in entry.items():
        if key in ENVIRONMENTS:
            without[key] = {name: each for name, each in _mapping(value).items() if name not in others}
        elif key in _PASSED_ON:
            without[key] = [name for name in _list(value) if name not in ours]
        else:
            without[key] = value
    return without


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list) else []
