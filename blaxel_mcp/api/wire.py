"""HTTP requests and responses as values, and what a response means: the JSON of its body, or one of our errors.

Every shape of error body that Blaxel's documentation and the tests of its clients show is read for its code and the
wait it asks for. The text of a body never leaves this module: Blaxel's own SDK treats bodies as sensitive, some carry a
`stack`, and some give orders to language models (`action`, `do_not`).
"""

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json

from blaxel_mcp.api.large_json import TooLargeError, parse_in_parts
from blaxel_mcp.errors import AnswerError, ApiError, NotFoundError

BODY_BYTES = 64 * 1024**2
"""A larger answer to a call is an error."""
ERROR_BODY_BYTES = 64 * 1024
"""A larger error body is not read; the status says enough."""

LARGE_BYTES = 1024**2
"""From here on, a body is decoded in parts, and best in a thread, since it holds the event loop for too long."""
HELD_BYTES = 304 * 1024**2
"""The memory that an answer and what it is parsed to may take together, by an upper bound: 24 MiB of `[]` would take
600 MiB. For an execution of 100,000 tasks the bound is 277 MiB, of which it takes 170.
"""

LONGEST_WAIT = 86_400.0
"""Seconds. A Retry-After of more than a day is a mistake, or not meant for this client."""

_REQUEST_ID_HEADERS = ("x-cf-request-id", "x-amz-cf-id", "cf-ray", "x-request-id")  # the first three: sdk-python 0.4.17
_REQUEST_ID = re.compile(r"[A-Za-z0-9_=.:-]{1,80}")

_CONSOLE = "the Blaxel console"
_SENTENCES = {  # by status: what failed, and what to do
    400: (
        "Blaxel refused the request as invalid (400).",
        "Check the job's name, the execution's id, and that BL_WORKSPACE names your workspace.",
    ),
    401: (
        "Blaxel did not accept the credential (401).",
        "Set a valid BL_API_KEY, or run `bl login` again; `blaxel-mcp doctor` says which credential is in use.",
    ),
    402: (
        "Blaxel refused because the workspace is past the limit of its plan (402).",
        f"See the workspace's usage and billing in {_CONSOLE}.",
    ),
    403: (
        "The credential is valid but may not do this here (403).",
        "Usually the workspace is the wrong one: set BL_WORKSPACE, or ask its admin for access to jobs.",
    ),
    404: (
        "Blaxel found no such execution, job or workspace (404).",
        'Check both ids, or ask for "latest"; old executions are removed after a time.',
    ),
    408: ("Blaxel timed out waiting for the request (408).", "Ask again."),
    409: (
        "Blaxel reports a conflict with the present state (409).",
        "Look at the execution's state first, then decide.",
    ),
    429: ("Blaxel's rate limit is reached (429).", "Ask less often."),
    500: ("Blaxel failed with an internal error (500).", f"If it goes on, see {_CONSOLE} or Blaxel's status page."),
    502: ("Blaxel's gateway got no good answer from the service (502).", "Ask again later."),
    503: ("Blaxel is not available at the moment (503).", "Ask again later."),
    504: ("Blaxel's gateway timed out waiting for the service (504).", "Ask again later."),
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        url: without the query.
        headers: in addition to those that every request gets.
        query: parameters in the order in which they are sent.
        body: sent as JSON, unless it is `None`.
        most_bytes: how many decoded bytes of a good answer are read; of an error it is `ERROR_BODY_BYTES`.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    most_bytes: int = BODY_BYTES


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a `Request`: header names in lower case, the body decoded, or `None` if it was too large."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class NoContent:
    """An answer without a body, for the operations that may answer so: those that name it in `accepts`."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error body that are used: its machine-readable code, and the seconds it asks to wait."""

    code: str | None = None
    retry_after: float | None = None


def is_large(response: Response) -> bool:
    """Whether an answer is best decoded in a thread."""
    return response.body is not None and len(response.body) >= LARGE_BYTES


def decode(response: Response, *, accepts: tuple[type, ...], now: datetime, most_bytes: int = BODY_BYTES) -> Any:
    """The JSON of a good answer.

    Args:
        response: the answer.
        accepts: the JSON types that are good, and `NoContent` if an empty body is.
        most_bytes: of the body. The memory that it may take once parsed is bounded in proportion.
        now: what a date in Retry-After is compared with.

    Raises:
        ApiError: any status that is not a success; `NotFoundError` for 404.
        AnswerError: a redirect, too large, not JSON, or JSON of another type than `accepts`.
    """
    status, body = response.status, response.body
    if 300 <= status < 400:  # noqa: PLR2004 - redirection, RFC 9110
        message = f"The Blaxel address answered with a redirect ({status}), which is not followed."
        raise AnswerError(message, "Check BL_API_URL.")
    if not 200 <= status < 300:  # noqa: PLR2004 - success, RFC 9110
        raise error_for(response, now)
    if body is None:
        raise _too_large(f"larger than {BODY_BYTES // 1024**2} MiB")
    if NoContent in accepts and not body.strip():
        return NoContent()
    try:
        value = (
            parse_in_parts(body, _parse, HELD_BYTES * most_bytes // BODY_BYTES) if is_large(response) else _parse(body)
        )
    except TooLargeError:
        raise _too_large("too large once unfolded") from None
    except ValueError:
        raise AnswerError(
            f"The Blaxel address answered ({status}) with something that is not JSON.",
            "Check BL_API_URL, and whether a proxy answers in Blaxel's place.",
        ) from None
    if not isinstance(value, accepts):
        raise AnswerError(
            f"Blaxel answered ({status}) with JSON that is not an object.",
            "Check BL_API_URL and BL_API_VERSION; if both are right, report it to blaxel-mcp.",
        )
    return value


def _too_large(how: str) -> AnswerError:
    return AnswerError(
        f"Blaxel's answer is {how} and was not read.",
        f"See the execution in {_CONSOLE}; one with so many tasks is better split.",
    )


# An escaped backslash, a pair of surrogates, or half of one.
_ESCAPES = re.compile(r"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")


def _parse(body: bytes) -> Any:
    """Parse JSON in UTF-8, with or without a byte order mark.

    What is no character, and half of a surrogate pair, left where a workload's message was cut, become U+FFFD.
    """
    try:
        return from_json(body.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError:
        if len(body) > LARGE_BYTES:  # mending takes many times its memory; the tasks of a large answer come in parts
            raise
        text = body.decode("utf-8-sig", "replace")
        mended = _ESCAPES.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
        return from_json(mended, allow_inf_nan=False)


def error_for(response: Response, now: datetime) -> ApiError:
    """The error that the status of an answer means, with the wait that its header or its body asks for."""
    status = response.status
    request_id = read_request_id(response.headers)
    read = read_error_body(response.body or b"")
    retry_after = parse_retry_after(response.headers.get("retry-after"), now)
    wait = retry_after if retry_after is not None else read.retry_after
    if status == 400 and read.code == "invalid_api_version":  # noqa: PLR2004
        message = "Blaxel does not know the API version that was asked for (400)."
        return ApiError(status, message, "Unset BL_API_VERSION.", request_id=request_id)
    message, hint = _SENTENCES.get(status) or (
        (f"Blaxel failed to answer ({status}).", "Ask again later.")
        if status >= 500  # noqa: PLR2004 - server errors, RFC 9110
        else (f"Blaxel answered with a status that means nothing here ({status}).", "Check BL_API_URL.")
    )
    kind = NotFoundError if status == 404 else ApiError  # noqa: PLR2004
    transient = is_transient(status)
    retry_after = wait if transient else None
    return kind(status, message, hint, transient=transient, retry_after=retry_after, request_id=request_id)


def read_request_id(headers: Mapping[str, str]) -> str | None:
    """The id that the API gave the request: the first of the known headers that looks like one.

    Anybody between here and the API can set these headers, so nothing that could be read as a sentence is taken.
    """
    values = (headers.get(name, "").strip() for name in _REQUEST_ID_HEADERS)
    return next((value for value in values if _REQUEST_ID.fullmatch(value)), None)


def is_transient(status: int) -> bool:
    """Whether the same request may be answered otherwise later: a timeout, a rate limit, a failure of the server."""
    return status >= 500 or status in {408, 429}  # noqa: PLR2004 - server errors, RFC 9110


def read_error_body(body: bytes) -> ErrorBody:
    """Read the code and the wait; `error` may be a string or an object, `code` a number or a word."""
    try:
        value = from_json(body)
    except ValueError:
        return ErrorBody()
    if not isinstance(value, dict):
        return ErrorBody()
    inner = value.get("error")
    parts = [inner, value] if isinstance(inner, dict) else [value]
    codes = [part.get("code") for part in parts] + [inner]
    code = next((code for code in codes if isinstance(code, str)), None)
    keys = ("retry_after", "retryAfter", "retry_after_seconds")
    waits = (parse_number(part.get(key), LONGEST_WAIT) for part in parts for key in keys)
    return ErrorBody(code, next((wait for wait in waits if wait is not None), None))


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number of seconds or an HTTP date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    seconds = parse_number(value.strip(), LONGEST_WAIT)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return parse_number(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT)


def parse_number(value: Any, most: float) -> float | None:
    """A number from 0 to `most`, written as a number or as text; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= most else None  # NaN compares as false
