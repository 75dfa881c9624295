"""Whether a failed attempt is repeated, and after how long. Pure; `client` does the waiting with stamina."""

from blaxel_mcp.errors import ApiError, ConnectionFailedError

ATTEMPTS = 4
TOTAL_SECONDS = 30.0
"""The usual budget of a `Session`: for all calls of one MCP request, retries and the waits between them included."""
FIRST_WAIT = 0.25
"""Seconds before the second attempt; doubled each time, with up to as much jitter on top."""
LONGEST_WAIT = 5.0
_STATUSES = frozenset({408, 429, 502, 503, 504})
_ATTEMPT_SECONDS = 1.0
"""What must be left of the budget for another attempt to make sense."""


def backoff(error: Exception, left: float) -> bool | float:
    """How to go on after a failed attempt, in the form that stamina takes.

    Args:
        error: what the attempt failed with.
        left: what remains of the budget, in seconds.

    Returns:
        `False` to give up, `True` for exponential backoff, or the seconds of a Retry-After. One that does not fit into
        `left` is not waited for: the caller learns at once what is wrong and how long the API asks to wait.
    """
    repeatable = isinstance(error, ConnectionFailedError) and error.transient
    if isinstance(error, ApiError):
        repeatable = error.status in _STATUSES
        if repeatable and error.retry_after is not None:
            return error.retry_after if error.retry_after + _ATTEMPT_SECONDS <= left else False
    return repeatable and left > _ATTEMPT_SECONDS
