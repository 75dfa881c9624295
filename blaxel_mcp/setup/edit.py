"""A client's file as text: what it says of this server, and what it is with the server's entry put in or taken out.

Each edit is read back, and refused unless it changed what it was to change and nothing else.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from blaxel_mcp.setup import jsonc, toml_text, yaml_text
from blaxel_mcp.setup.clients import Client
from blaxel_mcp.setup.machine import Launch
from blaxel_mcp.setup.merge import difference, merge_entry
from blaxel_mcp.setup.problems import FileProblem
from blaxel_mcp.setup.shapes import SERVER, Credential, Entry

_BOM = "\ufeff"
_OURS = re.compile(r"(?:^|[/\\])blaxel[-_]mcp(?:\.exe)?(?:$|[@=<>~!\[])")


class Format(Protocol):
    """What the module of a format has."""

    def set_value(self, text: str, path: Sequence[str], value: Any) -> str:
        """Set the value at these keys."""

    def remove(self, text: str, path: Sequence[str]) -> str:
        """Remove what is at these keys."""

    def dump(self, value: dict[str, Any]) -> str:
        """Make a whole file that holds the value."""


_FORMATS: Mapping[str, Format] = {"json": jsonc, "toml": toml_text, "yaml": yaml_text}


def decode(data: bytes) -> str:
    """Decode a file's bytes.

    Raises:
        FileProblem: they are not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileProblem("this is not UTF-8", line, error.start - data.rfind(b"\n", 0, error.start)) from None


def parse(client: Client, text: str) -> dict[str, Any]:
    """Parse a client's file into plain values; an empty one is an empty mapping.

    Raises:
        FileProblem: it does not parse, or is not a mapping.
    """
    with _problems():
        return _parse(client.format, text.removeprefix(_BOM))


@lru_cache(maxsize=3)
def _parse(language: str, text: str) -> dict[str, Any]:
    """Parse a text once for all that is asked about it; nobody changes the result."""
    if language == "json":
        node = jsonc.parse(text)
        value = node.value if node else None
    else:
        value = toml_text.parse(text) if language == "toml" else yaml_text.parse(text)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FileProblem("the file should hold keys and values", 1, 1)
    copy: dict[str, Any] = _copy(value)
    return copy


@contextlib.contextmanager
def _problems() -> Iterator[None]:
    """Take what parsers can't cope with for a problem of the file, such as 2024-13-45 in YAML or lists 1,500 deep."""
    try:
        yield
    except RecursionError:
        raise FileProblem("this holds itself, or is nested too deep", 1, 1) from None
    except ValueError as error:
        what = str(error).partition(";")[0].partition("\n")[0]
        raise FileProblem(f"a value can't be read ({what})", 1, 1) from None


def find_entry(client: Client, text: str) -> Any:
    """What the file has under this server's name; None if nothing.

    Raises:
        FileProblem: as `parse` does.
    """
    found: Any = parse(client, text)
    for key in (*client.servers, SERVER):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def is_ours(entry: Any) -> bool:
    """Whether an entry starts this program, by whatever path, interpreter or version."""
    if not isinstance(entry, dict):
        return False
    command = entry.get("command")
    if isinstance(command, dict):  # as Zed had it
        return is_ours({"command": command.get("path"), "args": command.get("args")})
    words = [command, entry.get("cmd"), entry.get("args")]
    flat = [each for word in words for each in (word if isinstance(word, list) else [word])]
    return any(isinstance(each, str) and _OURS.search(each) for each in flat)


def add_entry(client: Client, text: str, launch: Launch, credential: Credential) -> str:
    """Put the entry into the file, and what the client is to ask for into its lists.

    An entry that starts this program already is merged with ours; one of another server is replaced.

    Raises:
        FileProblem: the file does not parse, or can't be edited safely.
    """
    path = (*client.servers, SERVER)
    before = find_entry(client, text)
    changes: list[tuple[Sequence[Any], Any]]
    removals: Sequence[Sequence[Any]] = []
    if is_ours(before):
        entry = merge_entry(before, client.entry, launch, credential)
        changed, removals = difference(before, entry, path)
        changes = [*changed]
    else:
        entry = client.entry(launch, credential)
        changes = [(path, entry)]
    present, referring = parse(client, text), json.dumps(entry, default=str)
    for key, items in client.inputs(credential).items():
        held = present.get(key)
        there = held if isinstance(held, list) else []
        known = {_id(each) for each in there}
        missing = [item for item in items if item["id"] not in known and _reference(item) in referring]
        changes += [((key, len(there) + number), item) for number, item in enumerate(missing)]
    return _edited(client, text, changes, removals)


def remove_entry(client: Client, text: str, extra: Mapping[str, list[Entry]]) -> str:
    """Take the entry out of the file, and the items of `extra` that nothing else in it refers to.

    Raises:
        FileProblem: the file does not parse, or can't be edited safely.
    """
    if find_entry(client, text) is None:
        return text
    text = _edited(client, text, [], [(*client.servers, SERVER)])
    present = parse(client, text)
    for key, items in extra.items():
        unused = {item["id"] for item in items if _reference(item) not in text}
        there = present.get(key)
        held = [_id(each) for each in there] if isinstance(there, list) else []
        text = _edited(
            client, text, [], [(key, place) for place in reversed(range(len(held))) if held[place] in unused]
        )
    return text


def dump(client: Client, value: dict[str, Any]) -> str:
    """A whole file of the client that holds the value."""
    return _FORMATS[client.format].dump(value)


def _reference(item: Entry) -> str:
    return f"${{input:{item['id']}}}"


def _id(item: Any) -> Any:
    return item.get("id") if isinstance(item, dict) else None


def _edited(
    client: Client, text: str, changes: Sequence[tuple[Sequence[Any], Any]], removals: Sequence[Sequence[Any]]
) -> str:
    """Make the changes and removals one by one, and read back what they made of the file."""
    expected: dict[str, Any] = _copy(parse(client, text))
    bom = _BOM if text.startswith(_BOM) else ""
    lines = text.removeprefix(_BOM)
    # tomlkit writes LF whatever it has read.
    crlf = client.format == "toml" and "\r\n" in lines and "\n" not in lines.replace("\r\n", "")
    lines = lines.replace("\r\n", "\n") if crlf else lines
    edits = _FORMATS[client.format]
    with _problems():
        for path, value in changes:
            lines = edits.set_value(lines, path, value)
            _set(expected, path, value)
        for path in removals:
            lines = edits.remove(lines, path)
            _remove(expected, path)
    lines = lines.replace("\n", "\r\n") if crlf else lines
    try:
        result = parse(client, lines)
    except FileProblem:
        result = None
    if result not in (expected, _without_empty(expected, client.servers)):
        raise FileProblem("it can't be edited here without changing something else; do it by hand", 1, 1)
    return bom + lines


def _copy(value: Any) -> Any:
    """Copy a parsed value, so that each place can be changed alone: in YAML, aliases make several places one object.

    Raises:
        RecursionError: the value holds itself.
    """
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _without_empty(value: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """The same without the table of servers if that is empty: a TOML file whose last server is removed has none."""
    return {key: each for key, each in value.items() if key != path[0] or each}


def _set(value: Any, path: Sequence[Any], new: Any) -> None:
    for key in path[:-1]:
        if isinstance(value, dict) and value.get(key) is None:
            value[key] = [] if isinstance(path[-1], int) else {}
        value = value[key]
    if isinstance(value, list):
        value.append(new)
    else:
        value[path[-1]] = new


def _remove(value: Any, path: Sequence[Any]) -> None:
    for key in path[:-1]:
        value = value[key]
    del value[path[-1]]
