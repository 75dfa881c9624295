"""The `cursor` argument of tools that list.

The API's cursor is passed on as it is (percent-encoded, since it is untrusted text). The API gives one only for the end
of a page; where an answer ends before that, its cursor is `N!` and the cursor of the page: N items of it were shown.
Tasks come whole from the API, so their cursor is an offset.
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple, TypeVar
from urllib.parse import quote, unquote

from pydantic import Field

from blaxel_mcp.advice import error_advice
from blaxel_mcp.api.call import Call
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import Listing
from blaxel_mcp.errors import ApiError, ArgumentError
from blaxel_mcp.summary.limits import CURSOR_BYTES
from blaxel_mcp.summary.listing import Page

T = TypeVar("T")

Cursor = Annotated[str | None, Field(description="nextCursor of the previous answer")]
_CURSOR = re.compile(rf"(?:(\d{{1,5}})!)?([!-~]{{0,{CURSOR_BYTES}}})", re.ASCII)
_OFFSET = re.compile(r"\d{1,6}", re.ASCII)


class Position(NamedTuple):
    """A place in a list: the API's cursor for a page (`None` for the first), and how many of its items to skip."""

    upstream: str | None = None
    skip: int = 0

    async def fetch(self, session: Session, call: Call[Listing[T]]) -> Listing[T]:
        """Send the call that lists from this position.

        Raises:
            BlaxelMcpError: any of them, in words about the cursor where the API refused the request for it.
        """
        try:
            return await session.send(call)
        except ApiError as error:
            if error.status != 400 or self.upstream is None:  # noqa: PLR2004
                raise
            raise ApiError(
                400,
                "Blaxel refused the cursor (400): it is valid for 24 hours, and with the same arguments only.",
                f"Leave {error_advice().argument('cursor')} out to start over.",
            ) from None

    def page(self, listing: Listing[T], limit: int, keep: Callable[[T], bool] = lambda _: True) -> Page[T]:
        """So many of the items to keep, of what the API answered for this position."""
        kept = [at for at, item in enumerate(listing.items) if keep(item)]
        skip = sum(at < self.skip for at in kept)

        def cursor_after(shown: int) -> str | None:
            used = skip + shown
            if used < len(kept):
                return _format_cursor(Position(self.upstream, kept[used - 1] + 1))
            return _format_cursor(Position(listing.cursor)) if listing.cursor else None

        items = [listing.items[at] for at in kept[skip:][:limit]]
        return Page(items, cursor_after, skip, len(kept), first=self.upstream is None)


def _format_cursor(position: Position) -> str:
    """The position as a cursor; empty where the API's own is too long."""
    upstream = quote(position.upstream or "", safe="=+/:,")
    if len(upstream) > CURSOR_BYTES:
        return ""
    return f"{position.skip}!{upstream}" if position.skip else upstream


def parse_cursor(cursor: str | None) -> Position:
    """The position that `nextCursor` of the previous answer stands for; the beginning if there is none.

    Raises:
        ArgumentError: no answer can have had this cursor. Whether the API takes its own, only the API can tell.
    """
    found = _CURSOR.fullmatch((cursor or "").strip())
    if found is None:
        raise _not_ours()
    return Position(unquote(found[2]) or None, int(found[1] or 0))


def parse_offset(cursor: str | None) -> int:
    """The offset that `nextCursor` of the previous answer stands for, 0 if there is none; raises `ArgumentError`."""
    text = (cursor or "").strip()
    if text and not _OFFSET.fullmatch(text):
        raise _not_ours()
    return int(text or 0)


def page_from(offset: int, limit: int, items: Sequence[T]) -> Page[T]:
    """So many of the items of a whole list, from an offset on."""
    skip = min(offset, len(items))

    def cursor_after(shown: int) -> str | None:
        return str(skip + shown) if skip + shown < len(items) else None

    return Page(items[skip:][:limit], cursor_after, skip, len(items))


def _not_ours() -> ArgumentError:
    cursor, given = map(error_advice().argument, ("cursor", "nextCursor"))
    return ArgumentError(
        f"{cursor} is not one that this tool gave, so nothing was sent.",
        f"Give {given} of the previous answer as it is, or leave {cursor} out to start over.",
    )
