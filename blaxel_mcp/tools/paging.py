"""Our cursors: which page of the API to ask for, and where in it to go on. They are bound to what was asked.

A page of the API may hold more than fits an answer, or more than is meant; then the same page is asked for again, and
what was shown of it is passed over. The last item shown is found by its name, since a list grows at its head between
two calls; where it is gone, its position counts.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple, TypeVar
from urllib.parse import quote, unquote

from pydantic import Field

from blaxel_mcp.errors import ApiError, ArgumentError
from blaxel_mcp.summary.limits import CURSOR_CHARACTERS
from blaxel_mcp.summary.listing import Window

T = TypeVar("T")

Cursor = Annotated[str | None, Field(description="nextCursor of the answer before")]
_FORM = re.compile(r"(\d{1,6})\.(\d{1,3})\.([0-9a-f]{8})\.([0-9a-f]{6})~([!-~]*)", re.ASCII)
_AGAIN = "Give nextCursor as it was, with the same other arguments, or leave cursor out to begin anew."


class Place(NamedTuple):
    """How many items of a page were passed, the page's size (0 if it is for us to choose), and the API's own cursor.

    `last` is a digest of the last item passed, so that it can be found again.
    """

    skip: int = 0
    size: int = 0
    last: str = ""
    upstream: str | None = None


def read(cursor: str | None, *query: str | None) -> Place | None:
    """Where to go on; nothing if there is no cursor.

    Raises:
        ArgumentError: it is no cursor of ours, or was given for another query.
    """
    found = check_form(cursor)
    if found is None:
        return None
    skip, size, last, bound, upstream = found.groups()
    if bound != _digest(*query)[:6]:
        raise ArgumentError("cursor was given for another query.", _AGAIN)
    return Place(int(skip), int(size), last, unquote(upstream) or None)


def check_form(cursor: str | None) -> re.Match[str] | None:
    """Its parts; nothing if there is no cursor.

    Raises:
        ArgumentError: it is no cursor of ours.
    """
    if cursor is None or not cursor.strip():
        return None
    found = _FORM.fullmatch(cursor.strip())
    if found is None:
        raise ArgumentError("cursor is not one that this tool gave.", _AGAIN)
    return found


def plain_word(value: object) -> object:
    """A status as a caller may write it: in any case, blank for none."""
    return (value.strip().casefold() or None) if isinstance(value, str) else value


def _write(place: Place, query: Sequence[str | None]) -> str:
    upstream = quote(place.upstream or "", safe="=+/:,~")
    if len(upstream) > CURSOR_CHARACTERS:
        return ""
    return f"{place.skip}.{place.size}.{place.last or '0' * 8}.{_digest(*query)[:6]}~{upstream}"


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]


def window(
    items: Sequence[T],
    name: Callable[[T], str | None],
    place: Place | None,
    *query: str | None,
    size: int = 0,
    following: str | None = None,
) -> Window[T]:
    """The page that was read at this place, with what continues it.

    Args:
        items: the page.
        name: what an item is found again by.
        place: where we are; nothing at the beginning.
        query: what the cursor is bound to.
        size: how many items of the page were asked for.
        following: the API's cursor to the next page, if there is one.
    """
    here = place or Place()

    def cursor(passed: int) -> str | None:
        if passed < len(items):
            return _write(Place(passed, size, _digest(name(items[passed - 1])), here.upstream), query)
        return _write(Place(upstream=following), query) if following else None

    return Window(items, cursor, _passed(items, name, here), first=place is None)


def _passed(items: Sequence[T], name: Callable[[T], str | None], place: Place) -> int:
    usual = min(place.skip, len(items))
    if usual == 0 or _digest(name(items[usual - 1])) == place.last:
        return usual
    return next((at for at, item in enumerate(items, 1) if _digest(name(item)) == place.last), usual)


def refused(error: ApiError, place: Place | None) -> ApiError:
    """The API's refusal, as one of the cursor where it is one."""
    if error.status != 400 or place is None or place.upstream is None:  # noqa: PLR2004
        return error
    return ApiError(
        400,
        "Blaxel refused the cursor (400): it keeps one for 24 hours, and for one query.",
        "Call again without cursor to begin anew.",
    )
