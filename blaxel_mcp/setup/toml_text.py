"""TOML: edits that keep comments, order and layout, with tomlkit; what they make of the file is read back with tomllib.

tomlkit reads a file of LF line ends only as it should, so a file of CRLF is edited as one of LF.
"""

import re
import tomllib
from collections.abc import MutableMapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import InlineTable

from blaxel_mcp.setup.problems import FileProblem, problem_at
from blaxel_mcp.setup.toml_statements import comments, statements


def parse(text: str) -> dict[str, Any]:
    """Parse a file.

    Raises:
        FileProblem: it is not TOML; a key that is there twice is an error of the format.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).rstrip(")").rpartition(" (at ")
        found = re.fullmatch(r"line (\d+), column (\d+)", place)
        line, column = (int(found[1]), int(found[2])) if found else (text.count("\n") + 1, 1)
        raise FileProblem(what[:1].lower() + what[1:], line, column) from None


def set_value(text: str, path: Sequence[str], value: Any) -> str:
    """Set the value at these keys; a table that is new is added at the end of the file.

    Raises:
        FileProblem: the text does not parse, what a key on the way has is not a table, or a comment would be lost.
    """
    parse(text)
    document = tomlkit.parse(text)
    table: MutableMapping[str, Any] = document
    for depth, key in enumerate(path[:-1]):
        if key not in table:
            if depth <= 1:
                return _append(text, path, value)
            return _checked(text, _set(document, table, key, path[depth + 1 :], value))
        table = _table_of(text, table, key)
    inline = isinstance(table, InlineTable)
    if isinstance(value, dict) and not inline:
        return _append(remove(text, path), path, value)
    if path[-1] not in table and not inline and (edited := _insert(text, path, value)):
        return edited
    return _checked(text, _set(document, table, path[-1], (), value))


def remove(text: str, path: Sequence[str]) -> str:
    """Remove what is at these keys, with a blank line that would end the file; the same text if it isn't there.

    Raises:
        FileProblem: as `set_value` does.
    """
    parse(text)
    text = _cut(text, tuple(path))
    document = tomlkit.parse(text)
    table: MutableMapping[str, Any] = document
    for key in path[:-1]:
        if key not in table:
            return text
        table = _table_of(text, table, key)
    if path[-1] not in table:
        return text
    del table[path[-1]]  # in braces, on the line of another key
    return _checked(text, tomlkit.dumps(document))


def _cut(text: str, path: tuple[str, ...]) -> str:
    """Cut the lines of the statements that begin with these keys, with the comments between but none behind them."""
    runs = list[list[int]]()
    follows = False
    for each in statements(text):
        if each.keys[: len(path)] != path:
            follows = False
        elif follows:
            runs[-1][1] = each.end
        else:
            runs.append([each.start, each.end])
            follows = True
    for start, end in reversed(runs):
        before, after = text[:start], text[end:]
        blank_line = (before == "\n" or before.endswith("\n\n")) and (not after or after.startswith("\n"))
        text = (before[:-1] if blank_line else before) + after
    return text


def _insert(text: str, path: Sequence[str], value: Any) -> str | None:
    """Put a key that is new behind the last one of its table, before comments that follow; None if it has no header."""
    table = tuple(path[:-1])
    here, end = False, None
    for each in statements(text):
        here = each.keys == table if each.is_header else here
        end = each.end if here else end
    if end is None:
        return None
    line = tomlkit.dumps({path[-1]: value})
    before = text[:end]
    return f"{before}{'' if before.endswith(chr(10)) else chr(10)}{line}{text[end:]}"


def _checked(text: str, edited: str) -> str:
    """What tomlkit made of a text, if every comment is still there."""
    if comments(edited) != comments(text):
        raise FileProblem("it can't be edited here without losing a comment; do it by hand", 1, 1)
    return edited


def dump(value: dict[str, Any]) -> str:
    """A whole file that holds the value, each table under a header of its own."""
    return tomlkit.dumps(_table(value))


def _set(
    document: tomlkit.TOMLDocument, table: MutableMapping[str, Any], key: str, rest: Sequence[str], value: Any
) -> str:
    for each in reversed(rest):
        value = {each: value}
    table[key] = tomlkit.item(value) if not isinstance(value, dict) else _inline(value)
    return tomlkit.dumps(document)


def _append(text: str, path: Sequence[str], value: Any) -> str:
    """Put a table under its header at the end, behind a blank line: nothing else of the text can change by that."""
    for key in reversed(path):
        value = {key: value}
    ended = text if not text or text.endswith("\n") else text + "\n"
    return ended + ("\n" if ended.strip() else "") + dump(value)


def _table_of(text: str, table: MutableMapping[str, Any], key: str) -> MutableMapping[str, Any]:
    found = table[key]
    if not isinstance(found, MutableMapping):
        raise problem_at(text, max(0, text.find(key)), f"{key} is not a table")
    return found


def _table(value: dict[str, Any]) -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    document.update(value)
    return document


def _inline(value: dict[str, Any]) -> InlineTable:
    table = tomlkit.inline_table()
    table.update(value)
    return table
