"""Where each statement of a TOML file stands: tomlkit would remove a table with the comments that follow it."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[\[\]{}=\n]|[^\s"'#\[\]{}=]+''',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A header or a key with its value.

    Attributes:
        keys: the keys that lead to what it sets, from the top of the file; for a header, to its table.
        start: the index of the beginning of its first line.
        end: the index behind its last line, with that line's end.
        is_header: whether it is a table's header.
    """

    keys: tuple[str, ...]
    start: int
    end: int
    is_header: bool


def statements(text: str) -> list[Statement]:
    """All statements of a file that parses, in its order. Comments and blank lines belong to none."""
    found = list[Statement]()
    table: tuple[str, ...] = ()
    for start, equals, end in _spans(text):
        if equals is None:
            table = _keys(text[start:end])
            found.append(Statement(table, _line_start(text, start), _line_end(text, end), is_header=True))
        else:
            keys = _keys(f"{text[start:equals]}= 0")
            found.append(Statement(table + keys, _line_start(text, start), _line_end(text, end), is_header=False))
    return found


def comments(text: str) -> list[str]:
    """All comments of a file that parses."""
    return [each[0] for each in _TOKEN.finditer(text) if each[0].startswith("#")]


def _spans(text: str) -> Iterator[tuple[int, int | None, int]]:
    """Where each statement starts, where its first "=" is unless it is a header, and where it ends."""
    start = equals = None
    end = depth = 0
    for token in _TOKEN.finditer(text):
        what = token[0]
        if what == "\n" and depth == 0 and start is not None:
            yield start, equals, end
            start = equals = None
        if what == "\n" or what.startswith("#"):
            continue
        start = token.start() if start is None else start
        end = token.end()
        depth += (what in {"[", "{"}) - (what in {"]", "}"})
        if what == "=" and equals is None and depth == 0:
            equals = token.start()
    if start is not None:
        yield start, equals, end


def _keys(text: str) -> tuple[str, ...]:
    """The keys on the way into the value, of a text that is one header, or one key with the value 0."""
    keys = list[str]()
    value: Any = tomllib.loads(text)
    while isinstance(value, dict) and value:
        ((key, value),) = value.items()
        keys.append(key)
        value = value[0] if isinstance(value, list) else value
    return tuple(keys)


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1
