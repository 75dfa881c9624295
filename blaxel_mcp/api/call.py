"""A call of an API operation as a value, and what an id must be to become part of its path."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from blaxel_mcp.advice import error_advice
from blaxel_mcp.api.wire import BODY_BYTES
from blaxel_mcp.errors import ArgumentError

T = TypeVar("T")

LONGEST_ID = 512
"""Characters. The API documents 49 for a job's name and nothing for an execution's id, which callers may choose."""
# Unicode categories that no id contains: control, format, surrogate, line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call of an API operation: what to send, and how to parse a good answer.

    Attributes:
        operation: its `operationId` in the OpenAPI document; the name in metrics and traces.
        method: the HTTP method; only a GET is repeated or shared.
        segments: the path below the base URL, not yet percent-encoded.
        parse: from decoded JSON to a value; must not fail on what `accepts` lets through.
        query: parameters in the order in which they are sent.
        accepts: the JSON types that a good answer may have, and `wire.NoContent` if it may be empty.
        body: sent as JSON, if anything.
        retried: whether a GET that fails is sent again; not where an answer does without it.
        most_bytes: a larger answer is an error, and so is one that takes as many times the memory once it is parsed.
        owned: of a large answer, the object that is dropped last and the list that makes it large, if there is one; so
            that the list is freed a part at a time.
        sized: whether `parse` is also given the number of bytes that the JSON took.
    """

    operation: str
    method: str
    segments: tuple[str, ...]
    parse: Callable[..., T]
    query: tuple[tuple[str, str], ...] = ()
    accepts: tuple[type, ...] = (dict,)
    body: Mapping[str, Any] | None = None
    retried: bool = True
    most_bytes: int = BODY_BYTES
    sized: bool = False
    owned: Callable[[T], tuple[object, Sequence[Any]]] | None = None

    @property
    def path(self) -> str:
        """The percent-encoded path below the base URL; an id stays one segment whatever is in it."""
        return "/" + "/".join(quote(segment, safe="") for segment in self.segments)

    @property
    def idempotent(self) -> bool:
        """Whether the call may be sent twice, or one answer serve two callers."""
        return self.method == "GET"


def checked_id(value: str, parameter: str) -> str:
    """Return the id unchanged if it can be sent as the value of `parameter`, "jobId" or "executionId".

    `.` and `..` are refused because percent-encoding leaves them be and URL libraries collapse them, which would
    reach another endpoint.

    Raises:
        ArgumentError: the id is blank, `.`, `..`, too long, or holds control characters. Nothing was sent.
    """
    problem = problem_of_id(value)
    if problem:
        hint = "Give the job's name as Blaxel shows it."
        if parameter == "executionId":
            hint = 'Give the execution\'s id, or "latest" for the newest one.'
        raise ArgumentError(f"{error_advice().argument(parameter)} {problem}, so nothing was sent.", hint)
    return value


def problem_of_id(value: str) -> str | None:
    """Why an id cannot be part of a path, as what is said of it: `is empty`; `None` if it can."""
    if not value.strip():
        return "is empty"
    if value in {".", ".."}:
        return "is a dot segment"
    if len(value) > LONGEST_ID:
        return f"is longer than {LONGEST_ID} characters"
    plain = value.isascii() and value.isprintable()
    if not plain and any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value):
        return "contains control characters"
    return None
