"""The `cursor` argument: what is one, how long it may be, and how the API's own is passed on."""

import pytest

from blaxel_mcp.api.jobs import Listing
from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.tools.paging import Position, parse_cursor, parse_offset


def refused(cursor: str, *, offset: bool = False) -> bool:
    """Whether this is refused before anything is sent."""
    try:
        (parse_offset if offset else parse_cursor)(cursor)
    except ArgumentError as error:
        return error.message == "cursor is not one that this tool gave, so nothing was sent."
    return False


@pytest.mark.parametrize("cursor", ["a b", "a\nb", "a\x00", "caf\u00e9", "\u0661", "a\u200bb", "1!a b", "a\U000e0041"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """A cursor is visible ASCII, an offset is ASCII digits: everything else was made up."""
    assert refused(cursor)
    assert refused(cursor, offset=True)


def test_how_long_a_cursor_may_be() -> None:
    """1,000 characters with a number of five digits in front; an offset has six digits."""
    longest = "9" * 5 + "!" + "a" * 1_000
    assert parse_cursor(longest) == Position("a" * 1_000, 99_999)
    assert refused(f"{longest}a")
    assert parse_cursor("1" * 6 + "!a") == Position("111111!a")
    assert parse_offset("9" * 6) == 999_999
    assert refused("9" * 7, offset=True)


def after(cursor: str, used: int) -> str | None:
    """The cursor behind so many rows of a page of two that ends with this cursor of the API's."""
    return Position("here").page(Listing(["a", "b"], cursor), limit=2).cursor_after(used)


def test_a_cursor_of_the_api_is_passed_on_encoded() -> None:
    """It is untrusted text: no control character, quote or invisible character of it gets into an answer."""
    odd = 'a"b\u202ec\nd \u2066[x](y)'
    given = after(odd, 2)
    assert given == "a%22b%E2%80%AEc%0Ad%20%E2%81%A6%5Bx%5D%28y%29"
    assert parse_cursor(given) == Position(odd)
    assert after(odd, 1) == "1!here"


def test_too_long_a_cursor_of_the_api_is_left_out() -> None:
    """1,000 bytes as it would be passed on; a longer one would leave no room for rows."""
    assert after("a" * 1_000, 2) == "a" * 1_000
    assert after("a" * 1_001, 2) == ""
    assert after("\u00e9" * 166, 2) == "%C3%A9" * 166
    assert after("\u00e9" * 167, 2) == ""
