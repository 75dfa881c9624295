"""How values are written: durations, timestamps, ages, numbers, quotations and sizes."""

from datetime import timedelta
from typing import Any

import pytest
from support.builders import NOW

from blaxel_mcp.summary.wording import (
    drop_empty,
    format_age,
    format_duration,
    format_moment,
    format_timestamp,
    json_size,
    lower_first,
    plural,
    quote,
    truncate_bytes,
)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0s"),
        (0, "0s"),
        (0.4, "0s"),
        (42, "42s"),
        (59.6, "1m"),
        (60, "1m"),
        (747, "12m 27s"),
        (3599, "59m 59s"),
        (3600, "1h"),
        (3900, "1h 5m"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (76 * 3600, "3d 4h"),
    ],
)
def test_a_duration_is_in_its_two_largest_units(seconds: float, expected: str) -> None:
    """Seconds, minutes, hours and days, without units that are zero."""
    assert format_duration(seconds) == expected


def test_a_timestamp_is_utc_with_whole_seconds() -> None:
    """Timestamps are RFC 3339; fractions of a second are dropped."""
    assert format_timestamp(NOW + timedelta(milliseconds=999)) == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(("seconds", "expected"), [(0, " 0s ago"), (300, " 5m ago"), (-1, ""), (None, "")])
def test_an_age_is_empty_where_it_is_not_known_or_negative(seconds: float | None, expected: str) -> None:
    """The text begins with a space, so that a sentence reads well without it."""
    moment = None if seconds is None else NOW - timedelta(seconds=seconds)
    assert format_age(moment, NOW) == expected


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (-36, "2026-11-26 at 00:00 UTC"),
        (-12, "tomorrow at 00:00 UTC"),
        (0, "today at 12:00 UTC"),
        (12, "today at 00:00 UTC"),
        (12.5, "yesterday at 23:30 UTC"),
        (36.5, "2026-11-22 at 23:30 UTC"),
    ],
)
def test_a_moment_is_told_by_its_day(hours: float, expected: str) -> None:
    """By name where that is the day before, the same or the next."""
    assert format_moment(NOW - timedelta(hours=hours), NOW) == expected


def test_only_the_first_letter_becomes_small() -> None:
    """The rest may be a name."""
    assert [lower_first(text) for text in ("", "A", "API key", "already")] == ["", "a", "aPI key", "already"]


def test_numbers_are_grouped_and_have_their_noun_in_the_plural() -> None:
    """Only one is singular."""
    assert [plural(number, "task") for number in (0, 1, 2, 1000)] == ["0 tasks", "1 task", "2 tasks", "1,000 tasks"]


def test_empty_values_are_dropped_and_zero_and_false_are_kept() -> None:
    """What is empty has nothing to say, what is zero or false does."""
    given: dict[str, Any] = {"none": None, "text": "", "list": [], "object": {}, "zero": 0, "false": False, "word": "x"}
    assert drop_empty(given) == {"zero": 0, "false": False, "word": "x"}


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghijk", 10, "abcdefg…"),
        ("ééééé", 10, "ééééé"),
        ("éééééé", 10, "ééé…"),
        ("🚀🚀🚀", 12, "🚀🚀🚀"),
        ("🚀🚀🚀🚀", 12, "🚀🚀…"),
        ("\\\\\\", 5, "\\…"),
        ('""', 4, '""'),
        ("ab cdef", 6, "ab…"),
        ("XAXBXC", 6, "XAXBXC"),
        ("", 5, ""),
    ],
)
def test_a_cut_by_bytes_keeps_whole_characters(text: str, limit: int, expected: str) -> None:
    """The limit counts what stands inside a JSON string: several bytes a character, two for quotes and backslashes."""
    assert truncate_bytes(text, limit) == expected
    assert json_size(expected) - 2 <= limit


def test_a_quotation_cannot_be_closed_from_inside() -> None:
    """Double quotes inside become single ones."""
    assert quote('a" and "b', 20) == "\"a' and 'b\""


def test_json_size_counts_bytes_of_compact_unescaped_json() -> None:
    """Sizes are in bytes, not characters, and nothing that is not ASCII is escaped."""
    assert json_size({"a": ["é", 1]}) == len('{"a":["é",1]}'.encode()) == 14
