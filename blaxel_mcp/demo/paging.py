"""Pages of the listings: `limit`, `sort`, `q` and cursors as from 2026-04-28 on, `offset` as before."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_SORTS = ("createdAt:desc", "createdAt:asc", "name:asc", "name:desc")
_SHORTEST_QUERY, _LONGEST_QUERY = 2, 200
_CURSOR_LIFE = timedelta(hours=24)


class PageRefusedError(Exception):
    """The query cannot be answered; says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a listing: what it is found and sorted by, and its JSON."""

    key: str
    created: datetime
    body: dict[str, Any]
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a page is unless asked, at most, and whether asking for more is cut or refused."""

    default: int
    most: int
    clamps: bool

    def read(self, query: Mapping[str, str]) -> int:
        """The number of items asked for."""
        limit = _integer(query, "limit", self.default)
        if limit < 1 or (limit > self.most and not self.clamps):
            raise PageRefusedError(f"limit must be between 1 and {self.most}")
        return min(limit, self.most)


EXECUTIONS = Limit(default=20, most=100, clamps=False)
OTHERS = Limit(default=50, most=200, clamps=True)


def by_offset(rows: Sequence[Row], query: Mapping[str, str], limit: Limit) -> list[dict[str, Any]]:
    """A page of an older version: newest first, from `offset` on."""
    offset = _integer(query, "offset", 0)
    if offset < 0:
        raise PageRefusedError("offset must not be negative")
    newest = _sorted(rows, "createdAt:desc")
    return [row.body for row in newest[offset : offset + limit.read(query)]]


def by_cursor(
    rows: Sequence[Row], query: Mapping[str, str], limit: Limit, *, path: str, total: int, now: datetime
) -> dict[str, Any]:
    """A page from 2026-04-28 on. `total` ignores every filter, as the API's does; `path` is what the cursor is for."""
    size = limit.read(query)
    sort = query.get("sort") or _SORTS[0]
    if sort not in _SORTS:
        raise PageRefusedError(f"sort must be one of {', '.join(_SORTS)}")
    search = query.get("q", "").strip().lower()
    if len(search) > _LONGEST_QUERY:
        raise PageRefusedError(f"q must not be longer than {_LONGEST_QUERY}")
    if len(search) < _SHORTEST_QUERY:
        search = ""
    bound = hashlib.sha256(json.dumps([path, sort, search, query.get("status", "")]).encode()).hexdigest()[:16]
    found = [row for row in _sorted(rows, sort) if search in _searched(row.metadata)]

    start = 0
    if cursor := query.get("cursor"):
        after = _opened(cursor, bound, now)
        start = 1 + next((index for index, row in enumerate(found) if row.key == after), len(found))
    elif anchor := query.get("anchor"):
        if anchor != "end" or not sort.startswith("createdAt"):
            raise PageRefusedError("anchor must be end, and only with a createdAt sort")
        start = max(0, len(found) - size)
    page = found[start : start + size]
    more = start + size < len(found)
    following = _closed(page[-1].key, bound, now) if more else ""
    return {
        "data": [row.body for row in page],
        "meta": {"hasMore": more, "nextCursor": following, "total": total},
    }


def _sorted(rows: Sequence[Row], sort: str) -> list[Row]:
    """Equal ones keep their order in both directions."""
    key, _, direction = sort.partition(":")
    backwards = direction == "desc"
    if key == "name":
        return sorted(rows, key=lambda row: str(row.metadata.get("name") or ""), reverse=backwards)
    return sorted(rows, key=lambda row: row.created, reverse=backwards)


def _searched(metadata: Mapping[str, Any]) -> str:
    """What `q` looks into: name, display name and labels. An execution has none of them, so it is never found."""
    labels = metadata.get("labels") or {}
    words = [metadata.get("name"), metadata.get("displayName"), *labels.keys(), *labels.values()]
    return "\n".join(str(word) for word in words if word).lower()


def _integer(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name) or default)
    except ValueError:
        raise PageRefusedError(f"{name} must be an integer") from None


def _closed(after: str, bound: str, now: datetime) -> str:
    return base64.urlsafe_b64encode(json.dumps([after, bound, now.isoformat()]).encode()).decode()


def _opened(cursor: str, bound: str, now: datetime) -> str:
    """The key of the item it points behind."""
    try:
        after, query, issued = json.loads(base64.urlsafe_b64decode(cursor))
        age = now - datetime.fromisoformat(issued)
    except (binascii.Error, ValueError, TypeError):
        raise PageRefusedError("invalid cursor") from None
    if query != bound:
        raise PageRefusedError("cursor is bound to a different query")
    if age > _CURSOR_LIFE:
        raise PageRefusedError("cursor has expired")
    return str(after)
