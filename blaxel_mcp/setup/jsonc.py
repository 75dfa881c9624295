"""JSON with comments and trailing commas: values with their places, and edits that change nothing else of the text.

By hand, since no library for Python does it: json-five keeps
everything, but takes 2.5 seconds for 74 KB where Claude Code's file often has more, and accepts the rest of JSON5;
tree-sitter-json and jsoncgx know no trailing commas; jsonc-edit needs Node and npm; json5-document needs Python 3.12.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from blaxel_mcp.setup.problems import problem_at

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_BLANKS = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(r"[ \t]*\r?\n")
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DEEPEST = 200
_DEFAULT_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it is: `start` is the index of its first character, `end` that behind its last one."""

    value: Any
    start: int
    end: int
    members: tuple["Member", ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A key of an object with its value, or an index of an array; `comma` is the index behind a comma that follows."""

    key: str | int
    start: int
    node: Node
    comma: int | None


@dataclass(frozen=True, slots=True)
class _Style:
    """How a file is laid out: what one level is indented by, and how its lines end."""

    unit: str = _DEFAULT_INDENT
    newline: str = "\n"


@lru_cache(maxsize=2)
def parse(text: str) -> Node | None:
    """Parse a file; None if it holds nothing but space and comments.

    An edit needs it of the file before and after, several times each, and a megabyte takes a second.

    Raises:
        FileProblem: it is not JSON, comments and trailing commas aside.
    """
    return _Parser(text).document()


@dataclass
class _Parser:
    text: str
    at: int = 0
    depth: int = field(default=0)

    def document(self) -> Node | None:
        self._skip()
        if self.at == len(self.text):
            return None
        node = self._value()
        self._skip()
        if self.at < len(self.text):
            raise problem_at(self.text, self.at, "something follows the end of the document")
        return node

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        if self.text.startswith("/*", self.at):
            raise problem_at(self.text, self.at, "this comment has no end")

    def _value(self) -> Node:
        start, first = self.at, self.text[self.at : self.at + 1]
        if first in {"{", "["}:
            self.depth += 1
            if self.depth > _DEEPEST:
                raise problem_at(self.text, start, f"this is nested more than {_DEEPEST} deep")
            node = self._object() if first == "{" else self._array()
            self.depth -= 1
            return node
        if first == '"':
            return Node(self._string(), start, self.at)
        found = _SCALAR.match(self.text, start)
        if not found:
            raise problem_at(self.text, start, "a value is expected here")
        self.at = found.end()
        return Node(json.loads(found[0]), start, self.at)

    def _string(self) -> str:
        found = _STRING.match(self.text, self.at)
        try:
            value: str = json.loads(found[0] if found else "")
        except json.JSONDecodeError:
            raise problem_at(self.text, self.at, "this string has no end, or holds what JSON does not allow") from None
        self.at += len(found[0]) if found else 0
        return value

    def _object(self) -> Node:
        start, members = self.at, list[Member]()
        self.at += 1
        while not self._ends("}"):
            key_start = self.at
            if self.text[self.at : self.at + 1] != '"':
                raise problem_at(self.text, self.at, 'a key in double quotes or "}" is expected here')
            key = self._string()
            self._skip()
            if self.text[self.at : self.at + 1] != ":":
                raise problem_at(self.text, self.at, 'a ":" is expected here')
            self.at += 1
            self._skip()
            node = self._value()
            members.append(Member(key, key_start, node, self._comma("}")))
        return Node({each.key: each.node.value for each in members}, start, self.at, tuple(members))

    def _array(self) -> Node:
        start, members = self.at, list[Member]()
        self.at += 1
        while not self._ends("]"):
            node = self._value()
            members.append(Member(len(members), node.start, node, self._comma("]")))
        return Node([each.node.value for each in members], start, self.at, tuple(members))

    def _ends(self, closing: str) -> bool:
        self._skip()
        if self.text[self.at : self.at + 1] != closing:
            return False
        self.at += 1
        return True

    def _comma(self, closing: str) -> int | None:
        self._skip()
        following = self.text[self.at : self.at + 1]
        if following == ",":
            self.at += 1
            return self.at
        if following != closing:
            raise problem_at(self.text, self.at, f'a "," or "{closing}" is expected here')
        return None


def set_value(text: str, path: Sequence[str | int], value: Any) -> str:
    """Set the value at these keys, with the objects on the way where they are missing; keep all else as it is.

    An index of an array is a key too; the one behind its last item adds an item.

    Raises:
        FileProblem: the text does not parse, a key on the way is there twice, or what it has is not an object.
    """
    root = parse(text)
    style = _style_of(text, root)
    if root is None:
        before = text + style.newline if text and not text.endswith("\n") else text
        return before + _dump(_nested(path, value), "", style) + style.newline
    node = root
    for depth, key in enumerate(path):
        _require_container(text, node, key)
        member = find_member(text, node, key)
        if member is None:
            return _insert(text, node, key, _nested(path[depth + 1 :], value), style)
        node = member.node
        if node.value is None and depth + 1 < len(path):
            value, path = _nested(path[depth + 1 :], value), path[: depth + 1]
            break
    indent = _line_indent(text, node.start)
    return text[: node.start] + _dump(value, indent, style) + text[node.end :]


def remove(text: str, path: Sequence[str | int]) -> str:
    """Remove the last of these keys from its object, with the comma that goes with it; the same text if it isn't there.

    Raises:
        FileProblem: as `set_value` does.
    """
    node = parse(text)
    for key in path[:-1]:
        if node is None or node.value is None:
            return text
        _require_container(text, node, key)
        member = find_member(text, node, key)
        node = member.node if member else None
    if node is None or (member := find_member(text, node, path[-1])) is None:
        return text
    place = node.members.index(member)
    start, end = member.start, member.comma or member.node.end
    line = text.rfind("\n", 0, start) + 1
    rest = _REST_OF_LINE.match(text, end)
    if not text[line:start].strip() and rest:
        start, end = line, rest.end()  # lines of its own: the whole of them
    elif place > 0 and text[node.members[place - 1].node.end : start].strip() == ",":  # no comment of the other's
        start = node.members[place - 1].node.end if member.comma is None else node.members[place - 1].comma or start
    elif member.comma is not None:
        blanks = _BLANKS.match(text, end)
        end = blanks.end() if blanks else end
    inside = text[node.start + 1 : start] + text[end : node.end - 1]
    if not inside.strip():
        return text[: node.start + 1] + text[node.end - 1 :]
    text = text[:start] + text[end:]
    before = node.members[place - 1].comma if place > 0 else None
    if member.comma is None and before is not None and before <= start:  # it was the last one, so that one is now
        return text[: before - 1] + text[before:]
    return text


def find_member(text: str, node: Node, key: str | int) -> Member | None:
    """Find a key of an object or an index of an array; None if it isn't there.

    Raises:
        FileProblem: it is there twice, so that programs differ in which one counts.
    """
    found = [member for member in node.members if member.key == key]
    if len(found) > 1:
        raise problem_at(text, found[1].start, f"the key {json.dumps(key)} is there twice")
    return found[0] if found else None


def _require_container(text: str, node: Node, key: str | int) -> None:
    wanted, name = (dict, "an object") if isinstance(key, str) else (list, "an array")
    if not isinstance(node.value, wanted):
        raise problem_at(text, node.start, f"{name} is expected here")


def _nested(path: Sequence[str | int], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value} if isinstance(key, str) else [value]
    return value


def _insert(text: str, node: Node, key: str | int, value: Any, style: _Style) -> str:
    """Add a member at the end: on lines of its own, unless the object or array has all its members on one line."""
    name = f"{json.dumps(key)}: " if isinstance(key, str) else ""
    closing = node.end - 1
    last = node.members[-1] if node.members else None
    one_line = "\n" not in text[node.start : node.end]
    if one_line and last:
        member = name + json.dumps(value, ensure_ascii=False)
        end = last.comma or last.node.end
        separator = " " if last.comma else ", "
        return f"{text[:end]}{separator}{member}{',' if last.comma else ''}{text[end:]}"
    outer = _line_indent(text, node.start)
    inner = _line_indent(text, last.start) if last else outer + style.unit
    newline = style.newline
    member = inner + name + _dump(value, inner, style)
    if last is None:
        inside = text[node.start + 1 : closing].rstrip()  # comments stay
        return f"{text[: node.start + 1]}{inside}{newline}{member}{newline}{outer}{text[closing:]}"
    comma = "" if last.comma else ","
    end = last.comma or last.node.end
    between = text[end:closing]  # comments, which may end the last member's line or stand on lines of their own
    kept = between.rstrip()
    tail = between[len(kept) :]
    if "\n" not in tail:  # the brace is on the line of the last member
        tail = newline + outer
    return f"{text[:end]}{comma}{kept}{newline}{member}{',' if last.comma else ''}{tail}{text[closing:]}"


def dump(value: Any) -> str:
    """A whole file that holds the value."""
    return _dump(value, "", _Style()) + "\n"


def _dump(value: Any, indent: str, style: _Style) -> str:
    """A value as JSON over several lines, of which the first stands behind a key; short lists stay on one line."""
    inner, newline = indent + style.unit, style.newline
    if isinstance(value, dict) and value:
        rows = (f"{inner}{json.dumps(key)}: {_dump(each, inner, style)}" for key, each in value.items())
        return "{" + newline + ("," + newline).join(rows) + newline + indent + "}"
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        rows = (f"{inner}{_dump(each, inner, style)}" for each in value)
        return "[" + newline + ("," + newline).join(rows) + newline + indent + "]"
    return json.dumps(value, ensure_ascii=False)


def _line_indent(text: str, index: int) -> str:
    """The blanks at the beginning of the line that this index is in."""
    found = _BLANKS.match(text, text.rfind("\n", 0, index) + 1)
    return found[0] if found else ""


def _style_of(text: str, root: Node | None) -> _Style:
    """The file's own layout: a level is what is before its first key, if that has a line of its own."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if root is None or not root.members:
        return _Style(newline=newline)
    start = root.members[0].start
    blanks = text[text.rfind("\n", 0, start) + 1 : start]
    return _Style(blanks if blanks and not blanks.strip() else _DEFAULT_INDENT, newline)
