"""JSON of a large execution, parsed a part at a time: a parser holds Python's global lock (GIL) until it returns.

Even in a thread of its own it would stop the event loop for as long as it takes, a third of a second at 100,000 tasks.
Between two parts the event loop gets its turn.
"""

import re
from collections.abc import Callable
from typing import Any

PART_BYTES = 128 * 1024
"""How much is parsed at once, which takes a few milliseconds."""

_LIST = re.compile(rb'"tasks"\s*:\s*\[\s*(?=\{)')
_FIRST_KEY = re.compile(rb'\{\s*"[^"\\]*"')
_MARKER = {"\0": "the tasks that were parsed apart belong here"}
_MARKER_JSON = rb'{"\u0000":"the tasks that were parsed apart belong here"},'


class TooLargeError(Exception):
    """The JSON would take more memory than is allowed, once parsed."""


def parse_in_parts(body: bytes, parse: Callable[[bytes], Any], memory: int) -> Any:
    """The JSON that `parse` makes of the whole, with the list under `tasks` parsed in parts.

    A list is cut where an object seems to end and the next one to begin with the same key as the first. The cut is
    right exactly if what precedes it parses as a list: JSON that is cut inside a string, an object or an inner list
    does not, and is then parsed at once.

    Args:
        body: the JSON.
        parse: parses a part of it.
        memory: how many bytes the JSON and all that it is parsed to may take together, by `memory_of`.

    Raises:
        ValueError: it is not JSON.
        TooLargeError: it would take more memory than that.
    """
    left = memory - len(body)
    limited = _Limited(parse, left)
    try:
        return _parse_cut(body, limited)
    except _NotCutError:
        pass  # what was parsed so far is gone by now
    return _Limited(parse, left)(body)


def memory_of(json: bytes) -> int:
    """The most bytes of memory that parsed JSON takes, by what makes it up: objects, lists, values and characters.

    Counted without parsing: a bound may be too high, as where a string has commas, but not too low. Measured with
    CPython 3.11 to 3.14 on 64-bit machines; `tests/api/test_large_json.py` compares.
    """
    # In a long list or object values take twice the room, because what holds them grows by doubling.
    value = _VALUE_BYTES if len(json) <= _LARGE_PARTS * PART_BYTES else 2 * _VALUE_BYTES
    structure = json.count(b"{") * _OBJECT_BYTES + json.count(b"[") * _LIST_BYTES + (json.count(b",") + 1) * value
    return structure + len(json) + _wide_bytes(json)


_LARGE_PARTS = 4
_OBJECT_BYTES, _LIST_BYTES, _VALUE_BYTES = 200, 80, 56
# A string takes one byte for each of its characters, but two or four if a single one of them needs as many (PEP 393).
_WIDE_STRING = re.compile(rb'"(?:[^"\\\xc4-\xff]++|\\[^u])*+"|("(?:[^"\\]++|\\.)*+"?)', re.DOTALL)
_WIDEST = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
_WIDEST_STARTS = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4", rb"\ud", rb"\uD")


def _wide_bytes(json: bytes) -> int:
    """What strings take beyond one byte for each of theirs.

    In more than a few parts strings are not looked at one by one, which would take seconds and as much memory as
    parsing them: all are then taken for as wide as the widest.
    """
    if json.isascii() and b"\\u" not in json:
        return 0
    if len(json) > _LARGE_PARTS * PART_BYTES:
        return len(json) * (3 if any(start in json for start in _WIDEST_STARTS) else 1)
    wide = filter(None, _WIDE_STRING.findall(json))
    return sum(len(string) * (3 if _WIDEST.search(string) else 1) for string in wide)


class _Limited:
    """A parser that refuses what would make all that it has parsed take more memory than is allowed."""

    def __init__(self, parse: Callable[[bytes], Any], memory: int) -> None:
        self._parse, self._left = parse, memory

    def __call__(self, json: bytes) -> Any:
        self._left -= memory_of(json)
        if self._left < 0:
            raise TooLargeError
        return self._parse(json)


class _NotCutError(Exception):
    """The JSON has no list of tasks that can be parsed in parts."""


def _parse_cut(body: bytes, parse: Callable[[bytes], Any]) -> Any:
    opening = _LIST.search(body)
    key = opening and _FIRST_KEY.match(body, opening.end())
    if not opening or not key:
        raise _NotCutError
    boundary = re.compile(rb"\}\s*(,)\s*" + re.escape(key[0]))
    start, tasks = opening.end(), []
    try:
        while cut := boundary.search(body, start + PART_BYTES):
            tasks += parse(b"[%b]" % body[start : cut.start(1)])
            start = cut.end(1)
        if not tasks:
            raise _NotCutError
        value = parse(b"%b%b%b" % (body[: opening.end()], _MARKER_JSON, body[start:]))
    except ValueError:
        raise _NotCutError from None
    spec = value.get("spec") if isinstance(value, dict) else None
    for holder in (value, spec):
        found = holder.get("tasks") if isinstance(holder, dict) else None
        if isinstance(found, list) and found[:1] == [_MARKER]:
            found[:1] = tasks
            return value
    raise _NotCutError  # the list was another one than that of an execution's tasks
