"""A request as a value, and the rules an id must keep before it becomes part of a path."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from blaxel_mcp.errors import ArgumentError

T = TypeVar("T")

LONGEST_ID = 512
"""Characters. The API documents 49 for a job's name and nothing for an execution's id, which callers may choose."""
# Characters that have no place in an id: control, format, surrogate, line and paragraph separators.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What to send, and how to read a good answer.

    Attributes:
        operation: what the OpenAPI document calls it; names it in metrics and traces.
        method: the HTTP method; only GET is repeated or shared.
        segments: the path below the base URL, not yet percent-encoded.
        parse: from decoded JSON to a value; must not fail on what `accepts` lets through.
        query: in the order it is sent.
        accepts: the JSON types that a good answer may have.
        body: what goes along as JSON, if anything.
    """

    operation: str
    method: str
    segments: tuple[str, ...]
    parse: Callable[[Any], T]
    query: tuple[tuple[str, str], ...] = ()
    accepts: tuple[type, ...] = (dict,)
    body: Mapping[str, Any] | None = None

    @property
    def path(self) -> str:
        """Percent-encoded, each segment one segment whatever is in it."""
        return "/" + "/".join(quote(segment, safe="") for segment in self.segments)

    @property
    def idempotent(self) -> bool:
        """Whether it may be sent twice, or answer two callers."""
        return self.method == "GET"


def checked_id(value: str, parameter: str) -> str:
    """The id as it is, if it can be one.

    `.` and `..` are refused because percent-encoding leaves them be and URL libraries collapse them, which would
    reach another endpoint.

    Raises:
        ArgumentError: it is blank, `.`, `..`, too long, or holds control characters. Nothing was sent.
    """
    problem = None
    if not value.strip():
        problem = "is empty"
    elif value in {".", ".."}:
        problem = "is a dot segment"
    elif len(value) > LONGEST_ID:
        problem = f"is longer than {LONGEST_ID} characters"
    elif any(unicodedata.category(character) in _REFUSED for character in value):
        problem = "contains control characters"
    if problem:
        raise ArgumentError(f"{parameter} {problem}, so nothing was sent.", _ADVICE.get(parameter, "Give a plain id."))
    return value


_ADVICE = {
    "jobId": "Give the job's name as Blaxel shows it.",
    "executionId": 'Give the execution\'s id, or "latest" for the newest one.',
}
