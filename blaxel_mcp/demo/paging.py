"""Pagination of lists: `limit`, `sort`, `q` and cursors since API version 2026-04-28, `offset` before it."""

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


class InvalidQueryError(Exception):
    """The query parameters are invalid; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a list: the key that cursors point to, what it is sorted and searched by, and its JSON."""

    key: str
    created: datetime
    body: dict[str, Any]
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """Page sizes of one list: the default, the maximum, and whether a larger `limit` is clamped or rejected."""

    default: int
    most: int
    clamps: bool

    def read(self, query: Mapping[str, str]) -> int:
        """The page size that the query asks for; raises `InvalidQueryError` if it is out of range."""
        limit = _integer(query, "limit", self.default)
        if limit < 1 or (limit > self.most and not self.clamps):
            raise InvalidQueryError(f"limit must be between 1 and {self.most}")
        return min(limit, self.most)


EXECUTIONS = Limit(default=20, most=100, clamps=False)
OTHERS = Limit(default=50, most=200, clamps=True)


def by_offset(rows: Sequence[Row], query: Mapping[str, str], limit: Limit) -> list[dict[str, Any]]:
    """One page as API versions before 2026-04-28 return it: newest first, starting at `offset`."""
    offset = _integer(query, "offset", 0)
    if offset < 0:
        raise InvalidQueryError("offset must not be negative")
    newest = _sorted(rows, "createdAt:desc")
    return [row.body for row in newest[offset : offset + limit.read(query)]]


def by_cursor(
    rows: Sequence[Row], query: Mapping[str, str], limit: Limit, *, path: str, total: int, now: datetime
) -> dict[str, Any]:
    """One page as API versions since 2026-04-28 return it.

    `total` ignores every filter, as the API's does. A cursor is bound to `path`, sort and filters, and expires.
    """
    size = limit.read(query)
    sort = query.get("sort") or _SORTS[0]
    if sort not in _SORTS:
        raise InvalidQueryError(f"sort must be one of {', '.join(_SORTS)}")
    search = query.get("q", "").strip().lower()
    if len(search) > _LONGEST_QUERY:
        raise InvalidQueryError(f"q must not be longer than {_LONGEST_QUERY}")
    if len(search) < _SHORTEST_QUERY:
        search = ""
    bound = hashlib.sha256(json.dumps([path, sort, search, query.get("status", "")]).encode()).hexdigest()[:16]
    found = [row for row in _sorted(rows, sort) if search in _searched(row.metadata)]

    start = 0
    if cursor := query.get("cursor"):
        after = _decode_cursor(cursor, bound, now)
        start = 1 + next((index for index, row in enumerate(found) if row.key == after), len(found))
    elif anchor := query.get("anchor"):
        if anchor != "end" or not sort.startswith("createdAt"):
            raise InvalidQueryError("anchor must be end, and only with a createdAt sort")
        start = max(0, len(found) - size)
    page = found[start : start + size]
    more = start + size < len(found)
    following = _encode_cursor(page[-1].key, bound, now) if more else ""
    return {
        "data": [row.body for row in page],
        "meta": {"hasMore": more, "nextCursor": following, "total": total},
    }


def _sorted(rows: Sequence[Row], sort: str) -> list[Row]:
    """The rows in the order of `sort`; rows that compare equal keep their order in both directions."""
    key, _, direction = sort.partition(":")
    backwards = direction == "desc"
    if key == "name":
        return sorted(rows, key=lambda row: str(row.metadata.get("name") or ""), reverse=backwards)
    return sorted(rows, key=lambda row: row.created, reverse=backwards)


def _searched(metadata: Mapping[str, Any]) -> str:
    """The text that `q` is matched with: name, display name and labels, none of which an execution has."""
    labels = metadata.get("labels") or {}
    words = [metadata.get("name"), metadata.get("displayName"), *labels.keys(), *labels.values()]
    return "\n".join(str(word) for word in words if word).lower()


def _integer(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name) or default)
    except ValueError:
        raise InvalidQueryError(f"{name} must be an integer") from None


def _encode_cursor(after: str, bound: str, now: datetime) -> str:
    return base64.urlsafe_b64encode(json.dumps([after, bound, now.isoformat()]).encode()).decode()


def _decode_cursor(cursor: str, bound: str, now: datetime) -> str:
    """The key of the last item of the previous page; raises `InvalidQueryError` if it is not this query's."""
    try:
        after, query, issued = json.loads(base64.urlsafe_b64decode(cursor))
        age = now - datetime.fromisoformat(issued)
    except (binascii.Error, ValueError, TypeError):
        raise InvalidQueryError("invalid cursor") from None
    if query != bound:
        raise InvalidQueryError("cursor is bound to a different query")
    if age > _CURSOR_LIFE:
        raise InvalidQueryError("cursor has expired")
    return str(after)
