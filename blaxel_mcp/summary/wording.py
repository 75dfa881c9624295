"""How values are written: numbers with a noun, durations, timestamps, quotations, byte sizes, empty keys dropped."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import accumulate
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from blaxel_mcp.summary.clean import clean, in_quotes


def plural(number: int, noun: str) -> str:
    """A number with its noun: `1 task`, `2 tasks`, `1,000 tasks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def lower_first(text: str) -> str:
    """A sentence of ours, to go on after a comma or a colon."""
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    """A text of ours, to begin a sentence."""
    return text[:1].upper() + text[1:]


def format_duration(seconds: float) -> str:
    """A duration for people, in its two largest units that are not zero: `42s`, `12m 27s`, `1h 5m`, `3d 4h`."""
    whole = max(0, round(seconds))
    if whole < 60:  # noqa: PLR2004 - units of time
        return f"{whole}s"
    minutes, second = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes}m {second}s" if second else f"{minutes}m"
    hours, minute = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004
        return f"{hours}h {minute}m" if minute else f"{hours}h"
    days, hour = divmod(hours, 24)
    return f"{days}d {hour}h" if hour else f"{days}d"


def format_timestamp(moment: datetime) -> str:
    """A moment in UTC as RFC 3339 with whole seconds: `2025-01-15T10:30:00Z`."""
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def format_age(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was, as ` 5m ago` with the space; empty where it is not known, or still to come."""
    return f" {format_duration((now - moment).total_seconds())} ago" if moment and moment <= now else ""


def format_moment(moment: datetime, now: datetime) -> str:
    """A moment in UTC as people tell it: `today at 02:00 UTC`, `yesterday at 23:30 UTC`, `2026-11-20 at 02:00 UTC`."""
    day = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((moment.date() - now.date()).days, moment.date().isoformat())
    return f"{day} at {moment:%H:%M} UTC"


def quote(text: str, limit: int) -> str:
    """Untrusted text, cleaned and cut, in double quotes; those inside become single ones, so none can end it early."""
    return in_quotes(clean(text, limit))


def truncate_bytes(text: str, limit: int) -> str:
    """Clean text, cut so that inside a JSON string it takes at most `limit` bytes; a cut is marked with `…`."""
    # JSON escapes only these two of the characters that clean text can have.
    ends = list(accumulate(len(character.encode()) + (character in '"\\') for character in text))
    if not ends or ends[-1] <= limit:
        return text
    return text[: sum(end <= limit - len("…".encode()) for end in ends)].rstrip() + "…"


def drop_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without the keys whose value is None or an empty text, list or object; zero and False stay."""
    return {key: value for key, value in values.items() if value or value == 0}


def json_size(value: Any) -> int:
    """The size of a value as compact, unescaped JSON in UTF-8 bytes, which is what every byte budget counts."""
    try:
        return len(to_json(value))
    except PydanticSerializationError:  # half of a surrogate pair, which is no character
        return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
