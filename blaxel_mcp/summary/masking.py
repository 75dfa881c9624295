"""Masks what is secret in JSON of the API's, and removes what a reader would not see there; both are counted."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, filterfalse
from typing import Any, NamedTuple

from blaxel_mcp.models import parse_env_override
from blaxel_mcp.summary.invisible import remove_invisible
from blaxel_mcp.summary.redact import MASK as _MASK
from blaxel_mcp.summary.redact import OVERRIDE_FORMS, is_harmless, redact, redact_field
from blaxel_mcp.summary.secret_words import kind_of_name

# `envOverride`, `env_overrides`, `spec.envOverride`, `ENVIRONMENT-OVERRIDE`, `envVarOverrides`, separators left out:
# other services, and other versions of this API, may write it otherwise.
_OVERRIDE = re.compile(rf"env(?:ironment)?(?:var(?:iable)?s?)?overrides?{OVERRIDE_FORMS}*\d*\Z")
_SEPARATOR = re.compile(r"[\W_]+")
_PATH_SEPARATOR = re.compile(r"[./\[\]]+")
_OVERRIDE_IN_TEXT = re.compile(r"(?i)env[\W\w]{0,40}override")
# What no rule for texts masks: `"password":{"value":"x"}`, `"password":["x"]`, `"password":1.25`.
_SECRET_IN_JSON = re.compile(
    r"(?i)(?:pass|pwd|pw|secret|token|key|cred|auth)\w{0,20}\\{0,7}\"\s{0,3}:\s{0,3}(?:[{\[]|-?\d)"
)
_NAMES_OF_PAIR = ("name", "key", "variable", "Name", "Key", "Variable")
_VALUES_OF_PAIR = frozenset({"value", "Value"})
_LONGEST_NAME = 200
_REMEMBERED = 1000


class Hidden(NamedTuple):
    """How much of some JSON does not travel: credentials that are masked, invisible characters that are removed."""

    masked: int = 0
    invisible: int = 0

    def plus(self, masked: int, invisible: int) -> "Hidden":
        """The sum."""
        return Hidden(self.masked + masked, self.invisible + invisible)


NOTHING_HIDDEN = Hidden()


class _Node:
    """An object or list on the way through the JSON, and its copy once something in it is masked."""

    __slots__ = ("copy", "field", "key", "parent", "value")

    def __init__(self, value: Any, parent: "_Node | None" = None, key: Any = None, field: str = "") -> None:
        self.value = value
        self.parent = parent
        self.key = key
        self.field = field
        self.copy: Any = None

    def make_copy(self) -> Any:
        """Copy this node and all that hold it, unless that is done already, and return the copy."""
        if self.copy is not None:
            return self.copy
        node: _Node | None = self
        while node is not None and node.copy is None:
            node.copy = node.value.copy()
            node = node.parent
        child = self
        while child.parent is not None and child.parent.copy[child.key] is not child.copy:
            child.parent.copy[child.key] = child.copy
            child = child.parent
        return self.copy


class Seen:
    """Keys and values that were looked through: tasks say the same words again and again."""

    def __init__(self) -> None:
        self.mask_leaf = lru_cache(_REMEMBERED, typed=True)(_mask_leaf)
        self.is_renamed = lru_cache(_REMEMBERED)(_is_renamed)


def _is_renamed(key: str) -> bool:
    return any(_mask_text(key)[1])


def _is_override(name: str) -> bool:
    """Whether the name of a field, or of one that holds it, says that it overrides environment variables."""
    return _says_override(name[:_LONGEST_NAME])


@lru_cache(_REMEMBERED)
def _says_override(name: str) -> bool:
    parts = _PATH_SEPARATOR.split(name)
    return any(_OVERRIDE.search(_SEPARATOR.sub("", whole).lower()) for whole in accumulate(parts))


def _mask_text(text: str) -> tuple[str, Hidden]:
    """A text without what does not show, which may stand within a credential, and then with credentials masked."""
    shown, invisible = remove_invisible(text)
    masked, count = redact(shown)
    return masked, Hidden(count, invisible)


def mask_credentials(value: Any, seen: Seen | None = None) -> tuple[Any, Hidden]:
    """JSON in which every credential in a string is masked and no character is invisible, and how many those were.

    So is every value under an `envOverride`, wherever it stands, that is not all asterisks already; the override keeps
    its form if it is an object or the JSON text of one, and anything else becomes `***`. A field whose name says that
    it holds a secret is masked whole. The argument is not changed, since other callers may share it, and what holds
    nothing to mask or remove is not copied.
    """
    if isinstance(value, str):
        return _mask_leaf("", value)
    if not isinstance(value, dict | list) or not may_hide_something(value):
        return value, NOTHING_HIDDEN
    seen = seen or Seen()
    root = _Node(value)
    pending = [root]
    renamed: list[_Node] = []
    count = NOTHING_HIDDEN
    while pending:
        node = pending.pop()
        items = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
        field_of_pair = _field_of_pair(node.value)
        if isinstance(node.value, dict) and any(map(seen.is_renamed, node.value)):
            renamed.append(node)
        for key, held in items:
            name = key if isinstance(key, str) else node.field
            if name in _VALUES_OF_PAIR:
                name = field_of_pair or node.field
            override = isinstance(key, str) and _is_override(name)
            if isinstance(held, dict | list) and not override:
                pending.append(_Node(held, node, key, name))
                continue
            if held is None or not (held or override):
                continue
            masked, found = _mask_override(held) if override else seen.mask_leaf(name, held)
            if override or any(found):
                node.make_copy()[key] = masked
                count = count.plus(*found)
    count = count.plus(*_rename_keys(renamed))
    return (value if root.copy is None else root.copy), count


def may_hide_something(value: Any) -> bool:
    """Whether JSON has a name or a text to look at closely: each different one is looked at once, and few have.

    An execution of ten tasks has 260 values, of which 50 differ.
    """
    names: set[str] = set()
    texts: set[str] = set()
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            names.update(node)
            names.add(_field_of_pair(node))
            node = node.values()
        for held in node:
            kind = type(held)
            if kind is str:
                texts.add(held)
            elif kind is dict or kind is list:
                pending.append(held)
    if any(map(kind_of_name, names)) or any(map(_is_override, names)):
        return True
    unclear = [*filterfalse(is_harmless, names | texts)]
    plain = all(map(str.isascii, unclear)) and all(map(str.isprintable, unclear))
    if not plain and any(remove_invisible(text)[1] for text in unclear):
        return True
    return any(redact(text).masked or _is_json_with_secrets(text) for text in unclear)


def _is_json_with_secrets(text: str) -> bool:
    """Whether a text may be JSON with an override or a secret that only its structure tells; names may have escapes."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return False
    return "\\u" in text or any(form.search(text) for form in (_OVERRIDE_IN_TEXT, _SECRET_IN_JSON))


def _rename_keys(nodes: Sequence[_Node]) -> Hidden:
    """Mask the keys of these objects, and count; inside out, since copies are found by the keys as sent."""
    count = NOTHING_HIDDEN
    for node in reversed(nodes):
        copy = node.make_copy()
        names, found = _mask_keys(copy)
        renewed = dict(zip(names, copy.values(), strict=True))
        copy.clear()
        copy.update(renewed)
        count = count.plus(*found)
    return count


def _mask_keys(keys: Iterable[str]) -> tuple[list[str], Hidden]:
    """Keys with what they hide masked or removed, told apart where they then read the same, and how much that was."""
    names: dict[str, None] = {}
    numbers: Counter[str] = Counter()
    count = NOTHING_HIDDEN
    for key in keys:
        masked, found = _mask_text(key)
        count = count.plus(*found)
        name = masked
        while name in names:
            numbers[masked] += 1
            name = f"{masked} ({numbers[masked] + 1})"
        names[name] = None
    return list(names), count


def _field_of_pair(value: Any) -> str:
    """The name in `{"name": "DB_PASSWORD", "value": "x"}`, as environments are often written; one of a secret first."""
    if not isinstance(value, dict) or _VALUES_OF_PAIR.isdisjoint(value):
        return ""
    names = [name for key in _NAMES_OF_PAIR if isinstance(name := value.get(key), str)]
    return next((name for name in names if kind_of_name(name) or _is_override(name)), names[0] if names else "")


def _mask_leaf(name: str, value: Any) -> tuple[Any, Hidden]:
    """A value that is no object or list, beside the name of its field."""
    if isinstance(value, str):
        shown, invisible = remove_invisible(value)
        if _is_json_with_secrets(shown) and (inner := _parse_json(shown)) is not None:
            masked, found = mask_credentials(inner)
            if any(found) or _OVERRIDE_IN_TEXT.search(shown):
                return json.dumps(masked, ensure_ascii=False), found.plus(0, invisible)
        text, count = redact_field(remove_invisible(name)[0], shown)
        return text, Hidden(count, invisible)
    if type(value) is int and redact_field(name, str(abs(value))).masked:
        return _MASK, Hidden(1)
    if type(value) is float and kind_of_name(name) == "password":
        return _MASK, Hidden(1)
    return value, NOTHING_HIDDEN


def _parse_json(text: str) -> Any:
    """What a text is the JSON of; `None` where it is cut off or odd."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _mask_override(given: Any) -> tuple[Any, Hidden]:
    values = parse_env_override(given)
    if values is None:
        return _MASK, Hidden(int(given != _MASK))
    names, count = _mask_keys(values)
    masked = {
        name: value if isinstance(value, str) and value and set(value) == {"*"} else _MASK
        for name, value in zip(names, values.values(), strict=True)
    }
    different = sum(shown != value for shown, value in zip(masked.values(), values.values(), strict=True))
    # Written anew even if nothing changed: a name that comes twice hides its first value from the parser.
    return (json.dumps(masked, ensure_ascii=False) if isinstance(given, str) else masked), count.plus(different, 0)
