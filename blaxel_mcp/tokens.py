"""Access tokens as values: what a token answer or a login holds, and when that is to be renewed. No I/O."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from blaxel_mcp.login import is_header_safe

# A token is renewed when less than this share of its life, or this many seconds, is left; whichever is more.
RENEW_SHARE, RENEW_SECONDS = 0.2, 60.0
UNKNOWN_LIFE = 300.0  # seconds; of a token that does not say when it ends
LATEST_TIME = 1e11  # seconds since 1970; a number in a token beyond it is junk


@dataclass(frozen=True)
class Token:
    """An access token, when to renew it and when it ends, and the refresh token to do so with."""

    value: str = field(repr=False)
    renew_at: float
    expires_at: float
    refresh_token: str | None = field(repr=False)


def from_login(value: str, now: float, refresh_token: str | None) -> Token:
    """An access token of the login file, whose `expires_in` has no start time and so says nothing."""
    issued, expires = _times(value)
    expires = expires or now + UNKNOWN_LIFE
    return _token(value, expires, expires - (issued or now), refresh_token)


def from_answer(content: bytes, now: float, refresh_token: str | None) -> Token | None:
    """The token of an answer to a token request, None if it holds none that can be sent.

    Without a new refresh token in it, the one at hand stays. Unknown fields are ignored.
    """
    fields = _json_object(content)
    value, newer = fields.get("access_token"), fields.get("refresh_token")
    if not isinstance(value, str) or not value or not is_header_safe(value):
        return None
    issued, expires = _times(value)
    # The life is counted from now where the token tells its length, so that this machine's clock need not be right.
    stated = expires - issued if issued and expires else None
    left = expires - now if expires else None
    lives = (stated, left, positive(fields.get("expires_in")))
    life = next((life for life in lives if life is not None and life > 0), UNKNOWN_LIFE)
    return _token(value, now + life, life, newer if isinstance(newer, str) and newer else refresh_token)


def positive(value: object) -> float | None:
    """A positive number of seconds, written as a number or as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < len(str(int(LATEST_TIME))):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LATEST_TIME:
        return None
    return float(value)


def _token(value: str, expires_at: float, life: float, refresh_token: str | None) -> Token:
    # Half of the life at most, or a token that lives a minute would be renewed by every request.
    margin = min(max(RENEW_SHARE * life, RENEW_SECONDS), max(life, 0) / 2)
    return Token(value, expires_at - margin, expires_at, refresh_token)


def _times(token: str) -> tuple[float | None, float | None]:
    """When a token was issued and when it ends, if it is a JWT that says so. Verifying it is the API's business."""
    payload = f"{token}..".split(".")[1]
    try:
        claims = _json_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return None, None
    return positive(claims.get("iat")), positive(claims.get("exp"))


def _json_object(content: bytes) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
