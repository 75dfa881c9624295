"""The one place that bounds and cleans what a protocol error repeats of the request: a name, a URI, a method."""

from typing import Any

from mcp_types import ErrorData

from blaxel_mcp.summary.clean import clean, visible
from blaxel_mcp.summary.limits import ERROR_CHARACTERS, NAME_CHARACTERS

_ITEMS, _DEPTH = 20, 3


def bound_error(error: ErrorData) -> ErrorData:
    """The same error if its texts are short and visible, otherwise one whose texts are."""
    message, data = bound_text(error.message, ERROR_CHARACTERS), _bound_data(error.data, _DEPTH)
    if message == error.message and data == error.data:
        return error
    return error.model_copy(update={"message": message} if data is None else {"message": message, "data": data})


def bound_text(text: str, limit: int = NAME_CHARACTERS) -> str:
    """The text as it is if it is short and visible, otherwise cleaned and cut."""
    return text if len(text) <= limit and visible(text) else clean(text, limit)


def _bound_data(data: Any, depth: int) -> Any:
    """Strings bounded, lists and objects up to so many items and levels; numbers that no double holds become text."""
    match data:
        case str():
            return bound_text(data)
        case dict() if depth:
            items = list(data.items())[:_ITEMS]
            return {bound_text(str(key)): _bound_data(value, depth - 1) for key, value in items}
        case list() if depth:
            return [_bound_data(value, depth - 1) for value in data[:_ITEMS]]
        case dict() | list():
            return None
        case int() if data.bit_length() > 64:  # noqa: PLR2004 - a double or a 64-bit number
            return "…"
    return data
