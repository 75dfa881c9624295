"""YAML: edits at the places that PyYAML gives, which change nothing else of the text.

ruamel.yaml keeps comments, but writes the whole file anew: blanks inside lists, indentation and the place of comments
change. A new block is written in flow style where the one that it is put into has that.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import yaml

from blaxel_mcp.setup.problems import FileProblem, problem_at

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's parser in C, which is some 20 times as fast; its wheels have it, a build without libyaml does not."""
_DEFAULT_INDENT = 2
_PLAIN = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML takes for no character, or for the end of a line."""


def parse(text: str) -> Any:
    """Parse a file; None if it is empty.

    Raises:
        FileProblem: it is not YAML, or not one document.
    """
    _compose(text)
    try:
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - it is safe
    except (yaml.YAMLError, LookupError, AttributeError) as error:  # such as a tag of its own, or !!timestamp x
        raise _problem(error) from None


@lru_cache(maxsize=2)
def _compose(text: str) -> yaml.Node | None:
    """Parse a file into nodes with their places, which nobody changes."""
    node: yaml.Node | None
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:  # the parser in Python says better what is wrong
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError) as error:
            raise _problem(error) from None
    return node


def _problem(error: Exception) -> FileProblem:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        return FileProblem(error.problem or "this is not YAML", mark.line + 1, mark.column + 1)
    return FileProblem(f"this is not YAML ({str(error).splitlines()[0]})", 1, 1)


def set_value(text: str, path: Sequence[str], value: Any) -> str:
    """Set the value at these keys, with the mappings on the way where they are missing; keep all else as it is.

    Raises:
        FileProblem: the text does not parse, a key on the way is there twice, or what it has is not a mapping.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    node = _compose(text)
    if node is None:
        before = text if not text or text.endswith("\n") else text + newline
        return before + _block(path[0], _nested(path[1:], value), 0, newline)
    for depth, key in enumerate(path):
        found = _find(text, _mapping(text, node), key)
        if found is None:
            return _insert(text, _mapping(text, node), key, _nested(path[depth + 1 :], value), newline)
        flow = bool(_mapping(text, node).flow_style)
        node = found[1]
        if depth + 1 == len(path) or _is_empty(node):
            return _replace(text, found, _nested(path[depth + 1 :], value), newline, flow=flow)
    raise AssertionError("a path has a key")


def remove(text: str, path: Sequence[str]) -> str:
    """Remove the last of these keys from its mapping; the same text if it isn't there.

    Raises:
        FileProblem: as `set_value` does, or it stands in flow style among comments.
    """
    node = _compose(text)
    names = list[yaml.Node]()
    holders = list[yaml.MappingNode]()
    for key in path:
        if node is None or _is_null(node):
            return text
        holders.append(_mapping(text, node))
        found = _find(text, holders[-1], key)
        if found is None:
            return text
        name, node = found
        names.append(name)
    if node is None:
        raise AssertionError("a path has a key")
    if holders[-1].flow_style:
        return _remove_from_flow(text, holders[-1], names[-1], node)
    start = text.rfind("\n", 0, names[-1].start_mark.index) + 1
    before, after = text[:start], text[_line_end(text, _last_index(node)) :]
    if len(holders[-1].value) == 1 and len(names) > 1:  # without any key, the mapping would be null
        colon = text.index(":", names[-2].end_mark.index) + 1
        before = f"{before[:colon]} {{}}{before[colon:]}"
    return before + after


def _remove_from_flow(text: str, holder: yaml.MappingNode, name: yaml.Node, node: yaml.Node) -> str:
    """Remove a key from a mapping in braces, with the comma that goes with it."""
    place = next(index for index, (each, _) in enumerate(holder.value) if each is name)
    start, end = name.start_mark.index, node.end_mark.index
    if len(holder.value) == 1:
        start, end = holder.start_mark.index + 1, holder.end_mark.index - 1
    elif place + 1 < len(holder.value):
        end = holder.value[place + 1][0].start_mark.index
    else:
        start = holder.value[place - 1][1].end_mark.index
    around = text[start : name.start_mark.index] + text[node.end_mark.index : end]
    if "#" in around:
        raise problem_at(text, name.start_mark.index, "this is in flow style, among comments; remove it by hand")
    return text[:start] + text[end:]


def dump(value: dict[str, Any]) -> str:
    """A whole file that holds the value."""
    return "".join(_block(key, each, 0, "\n") for key, each in value.items())


def _mapping(text: str, node: yaml.Node) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise problem_at(text, node.start_mark.index, "a mapping is expected here")
    return node


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _is_empty(node: yaml.Node) -> bool:
    return _is_null(node) or (isinstance(node, yaml.MappingNode) and not node.value)


def _find(text: str, node: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    found = [(name, value) for name, value in node.value if name.value == key]
    if len(found) > 1:
        raise problem_at(text, found[1][0].start_mark.index, f"the key {key} is there twice")
    return found[0] if found else None


def _nested(path: Sequence[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _insert(text: str, node: yaml.MappingNode, key: str, value: Any, newline: str) -> str:
    """Add a key behind the last one of its mapping."""
    if node.flow_style:
        closing = node.end_mark.index - 1
        comma = ", " if node.value else ""
        inside = text[:closing].rstrip().removesuffix(",")
        return f"{inside}{comma}{_json(key)}: {_json(value)}{text[closing:]}"
    indent = node.start_mark.column
    end = _line_end(text, _last_index(node.value[-1][1]))
    before = text[:end] if text[:end].endswith("\n") else text[:end] + newline
    return before + _block(key, value, indent, newline) + text[end:]


def _replace(text: str, pair: tuple[yaml.Node, yaml.Node], value: Any, newline: str, *, flow: bool) -> str:
    """Put another value in the place of a key's."""
    name, node = pair
    colon = text.index(":", name.end_mark.index) + 1
    end = max(_last_index(node), colon)
    if not (isinstance(value, dict) and value and not flow):
        return f"{text[:colon]} {_flow(value)}{text[end:]}"
    lines = _block(name.value, value, name.start_mark.column, newline).partition(newline)[2]
    if not _is_empty(node):
        return text[:colon] + newline + lines.removesuffix(newline) + text[end:]
    rest = text[end : _line_end(text, end)] or newline  # with a comment, perhaps
    return text[:colon] + rest + lines + text[_line_end(text, end) :]


def _last_index(node: yaml.Node) -> int:
    """The index behind what a node consists of: PyYAML counts the comments and blank lines after a block to it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_index(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    """The index behind the line that this one is in, and at the line's beginning if the index is there."""
    if index and text[index - 1] == "\n":  # a block scalar ends with its line
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _block(key: str, value: Any, indent: int, newline: str) -> str:
    blanks = " " * indent
    if isinstance(value, dict) and value:
        rows = "".join(_block(name, each, indent + _DEFAULT_INDENT, newline) for name, each in value.items())
        return f"{blanks}{_scalar(key)}:{newline}{rows}"
    return f"{blanks}{_scalar(key)}: {_flow(value)}{newline}"


def _flow(value: Any) -> str:
    """JSON is YAML in flow style, but for some characters; a plain word needs no quotes."""
    return _scalar(value) if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) is not None
    return text if plain and yaml.safe_load(text) == text else _json(text)
