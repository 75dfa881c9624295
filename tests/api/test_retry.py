"""Whether a failed attempt is repeated: a pure decision."""

import pytest

from blaxel_mcp.api.retry import backoff
from blaxel_mcp.errors import AnswerError, ApiError, ArgumentError, ConnectionFailedError, CredentialsError

CUT = ConnectionFailedError("", "", transient=True)
UNTRUSTED = ConnectionFailedError("", "")


def status(number: int, retry_after: float | None = None) -> ApiError:
    """An ApiError with that status."""
    return ApiError(number, "", "", transient=True, retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "left", "expected"),
    [
        *((status(number), 20.0, True) for number in (408, 429, 502, 503, 504)),
        *((status(number), 20.0, False) for number in (400, 401, 402, 403, 404, 409, 500, 501, 505, 529)),
        (CUT, 20.0, True),
        (UNTRUSTED, 20.0, False),
        (AnswerError("", ""), 20.0, False),
        (ArgumentError("", ""), 20.0, False),
        (CredentialsError("", ""), 20.0, False),
        (ValueError(), 20.0, False),
        # What is left of the total.
        (status(503), 0.9, False),
        (CUT, 0.9, False),
        (CUT, 1.0, False),
        (CUT, 1.1, True),
        (status(503), -1.0, False),
        # What the API asks for.
        (status(429, 0.0), 20.0, 0.0),
        (status(429, 3.0), 20.0, 3.0),
        (status(503, 19.0), 20.0, 19.0),
        (status(503, 19.5), 20.0, False),
        (status(429, 3600.0), 20.0, False),
        (status(500, 1.0), 20.0, False),
    ],
)
def test_backoff(error: Exception, left: float, expected: bool | float) -> None:  # noqa: FBT001 - True, False or seconds
    """Only transient failures are, and only where the wait and another attempt fit into the budget."""
    actual = backoff(error, left)
    assert (actual, type(actual)) == (expected, type(expected))
