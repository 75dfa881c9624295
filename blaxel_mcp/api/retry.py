"""When a failed attempt is made again, and after how long. Pure; `client` does the waiting with stamina."""

from blaxel_mcp.errors import ApiError, ConnectionFailedError

ATTEMPTS = 4
TOTAL_SECONDS = 30.0
"""For everything one tool call asks of the API, look-ups and waits included."""
FIRST_WAIT = 0.25
"""Seconds before the second attempt; doubled each time, with as much jitter on top."""
LONGEST_WAIT = 5.0
_STATUSES = frozenset({408, 429, 502, 503, 504})
_ATTEMPT_SECONDS = 1.0
"""What must be left of the total for another attempt to make sense."""


def backoff(error: Exception, left: float) -> bool | float:
    """False to give up, True for the usual exponential wait, or the seconds that the API asked for.

    `left` is what remains of the total, in seconds. A wait that does not fit it is not begun: the caller learns at once
    what is wrong, and how long the API wants to be left alone.
    """
    repeatable = isinstance(error, ConnectionFailedError) and error.transient
    if isinstance(error, ApiError):
        repeatable = error.status in _STATUSES
        if repeatable and error.retry_after is not None:
            return error.retry_after if error.retry_after + _ATTEMPT_SECONDS <= left else False
    return repeatable and left > _ATTEMPT_SECONDS
