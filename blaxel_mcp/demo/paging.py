"""Pagination of lists: `limit`, `sort`, `q` and cursors, as since API version 2026-04-28; before that, `offset`."""

import base64
import binascii
import hashlib
import json
import operator
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from blaxel_mcp.demo.formats import Json, error

_SORTS = ("createdAt:desc", "createdAt:asc", "name:asc", "name:desc")
_SHORTEST_QUERY, _LONGEST_QUERY = 2, 200
_CURSOR_LIFE = timedelta(hours=24)


class Row(NamedTuple):
    """One item of a list: the key that cursors point to, its age and JSON, its name, and the words `q` looks at."""

    key: str
    created: datetime
    body: Any
    name: str = ""
    words: Sequence[str] = ()


class PageSize(NamedTuple):
    """Page sizes of one list: the default, the maximum, and whether a larger `limit` is clamped or rejected."""

    default: int
    most: int
    clamps: bool


EXECUTIONS = PageSize(default=20, most=100, clamps=False)
OTHERS = PageSize(default=50, most=200, clamps=True)


def page(
    rows: Sequence[Row], query: Mapping[str, str], size: PageSize, *, path: str, total: int, now: datetime
) -> Json:
    """One page: `{data, meta}`.

    `total` ignores every filter, as the API's does. A cursor is bound to `path`, sort and filters, and expires.
    """
    limit = _read_limit(query, size)
    sort = query.get("sort") or _SORTS[0]
    if sort not in _SORTS:
        raise error(400, f"sort must be one of {', '.join(_SORTS)}")
    search = query.get("q", "").strip().lower()
    if len(search) > _LONGEST_QUERY:
        raise error(400, f"q must not be longer than {_LONGEST_QUERY}")
    if len(search) < _SHORTEST_QUERY:
        search = ""
    bound = hashlib.sha256(json.dumps([path, sort, search, query.get("status", "")]).encode()).hexdigest()[:16]
    found = [row for row in rows if search in "\n".join(row.words).lower()]
    # Rows that compare equal keep their order in both directions.
    by_name, backwards = sort.startswith("name"), sort.endswith("desc")
    found.sort(key=operator.attrgetter("name" if by_name else "created"), reverse=backwards)

    start = 0
    if cursor := query.get("cursor"):
        after = _decode_cursor(cursor, bound, now)
        start = 1 + next((index for index, row in enumerate(found) if row.key == after), len(found))
    elif anchor := query.get("anchor"):
        if anchor != "end" or by_name:
            raise error(400, "anchor must be end, and only with a createdAt sort")
        start = max(0, len(found) - limit)
    shown, more = found[start : start + limit], start + limit < len(found)
    following = _encode_cursor(shown[-1].key, bound, now) if more else ""
    return {
        "data": [row.body for row in shown],
        "meta": {"hasMore": more, "nextCursor": following, "total": total},
    }


def bare_page(rows: Sequence[Row], query: Mapping[str, str], size: PageSize) -> list[Any]:
    """One page as an array, newest first, of which `offset` skips the beginning: the contract before 2026-04-28."""
    found = sorted(rows, key=operator.attrgetter("created"), reverse=True)
    start = read_number(query, "offset", 0)
    return [row.body for row in found[start : start + _read_limit(query, size)]]


def _read_limit(query: Mapping[str, str], size: PageSize) -> int:
    limit = read_number(query, "limit", size.default)
    if limit < 1 or (limit > size.most and not size.clamps):
        raise error(400, f"limit must be between 1 and {size.most}")
    return min(limit, size.most)


def read_number(query: Mapping[str, str], name: str, default: int) -> int:
    """A query parameter that must be a whole number from zero; the default if it is absent or empty."""
    text = query.get(name) or str(default)
    if not text.isdecimal():
        raise error(400, f"{name} must be a whole number")
    return int(text)


def _encode_cursor(after: str, bound: str, now: datetime) -> str:
    return base64.urlsafe_b64encode(json.dumps([after, bound, now.isoformat()]).encode()).decode()


def _decode_cursor(cursor: str, bound: str, now: datetime) -> str:
    """The key of the last item of the previous page; raises a 400 if the cursor is not this query's."""
    try:
        after, query, issued = json.loads(base64.urlsafe_b64decode(cursor))
        age = now - datetime.fromisoformat(issued)
    except (binascii.Error, ValueError, TypeError):
        raise error(400, "invalid cursor") from None
    if query != bound:
        raise error(400, "cursor is bound to a different query")
    if age > _CURSOR_LIFE:
        raise error(400, "cursor has expired")
    return str(after)
