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


def parse_in_parts(body: bytes, parse: Callable[[bytes], Any]) -> Any:
    """The JSON that `parse` makes of the whole, with the list under `tasks` parsed in parts.

    A list is cut where an object seems to end and the next one to begin with the same key as the first. The cut is
    right exactly if what precedes it parses as a list: JSON that is cut inside a string, an object or an inner list
    does not, and is then parsed at once.

    Raises:
        ValueError: it is not JSON.
    """
    opening = _LIST.search(body)
    key = opening and _FIRST_KEY.match(body, opening.end())
    if not opening or not key:
        return parse(body)
    boundary = re.compile(rb"\}\s*(,)\s*" + re.escape(key[0]))
    start, tasks = opening.end(), []
    try:
        while cut := boundary.search(body, start + PART_BYTES):
            tasks += parse(b"[%b]" % body[start : cut.start(1)])
            start = cut.end(1)
        value = parse(b"%b%b%b" % (body[: opening.end()], _MARKER_JSON, body[start:]))
    except ValueError:
        return parse(body)
    spec = value.get("spec") if isinstance(value, dict) else None
    for holder in (value, spec):
        found = holder.get("tasks") if isinstance(holder, dict) else None
        if isinstance(found, list) and found[:1] == [_MARKER]:
            found[:1] = tasks
            return value
    return parse(body)  # the list was another one than that of an execution's tasks
