"""Access tokens as values: when one is due for renewal, the request that renews it, and what the answer to that means.

Blaxel's token endpoint is OAuth's (RFC 6749): client credentials and refresh tokens are exchanged at `/oauth/token`.
Nothing here does I/O; `auth` keeps the tokens and sends the requests.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from blaxel_mcp.api.wire import Request, Response, is_transient, parse_number, parse_retry_after, read_request_id
from blaxel_mcp.errors import AnswerError, ApiError, CredentialsError
from blaxel_mcp.login import ApiKey, ClientCredentials, Credential, LoginTokens, is_header_safe

TOKEN_ANSWER_BYTES = 1024 * 1024
"""A larger answer to a token request is not read."""

# A token is renewed when less than this share of its life, or this many seconds, is left; whichever is more.
RENEW_SHARE, RENEW_SECONDS = 0.2, 60.0
UNKNOWN_LIFE = 300.0  # seconds; of a token that does not say when it expires
LATEST_TIME = 1e11  # seconds since 1970; a number in a token beyond it is junk

_REFUSALS = frozenset({400, 401, 403})  # Blaxel answers 400 to a wrong client secret
_CHECK_URL = "Check BL_API_URL and BL_ENV."


@dataclass(frozen=True)
class Token:
    """An access token, when to renew it, when it expires (seconds since 1970), and the refresh token that came along.

    An API key is a token that never expires.
    """

    value: str = field(repr=False)
    renew_at: float
    expires_at: float
    refresh_token: str | None = field(repr=False)


def initial_token(credential: Credential | None, now: float) -> Token | None:
    """The token that a credential holds itself: an API key, or a login's access token; `None` without one."""
    match credential:
        case ApiKey(key=key):
            return Token(key.get_secret_value(), float("inf"), float("inf"), None)
        case LoginTokens(access_token=access, refresh_token=refresh) if access:
            # A login's `expires_in` has no start time and so says nothing.
            issued, expires = _jwt_times(access.get_secret_value())
            expires = expires or now + UNKNOWN_LIFE
            secret = refresh.get_secret_value() if refresh else None
            return _token(access.get_secret_value(), expires, expires - (issued or now), secret)
    return None


def is_renewable(credential: Credential | None) -> bool:
    """Whether the token endpoint gives a new access token for the credential."""
    return isinstance(credential, ClientCredentials) or (
        isinstance(credential, LoginTokens) and credential.refresh_token is not None
    )


def token_request(credential: Credential, refresh_token: str | None, api_url: str) -> Request:
    """The request that exchanges a renewable credential for an access token.

    `refresh_token` is the newest one, if an earlier answer replaced the login's own.
    """
    # Unpacked, so that the limit on the answer counts what is received: a packed one can unfold to any size.
    headers = {"Accept-Encoding": "identity"}
    body = {"grant_type": "client_credentials"}
    if isinstance(credential, ClientCredentials):
        pair = f"{credential.client_id.get_secret_value()}:{credential.client_secret.get_secret_value()}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif isinstance(credential, LoginTokens):
        own = credential.refresh_token.get_secret_value() if credential.refresh_token else ""
        body = {"grant_type": "refresh_token", "client_id": "blaxel", "refresh_token": refresh_token or own}
        if credential.device_code:
            body["device_code"] = credential.device_code.get_secret_value()
    return Request("POST", f"{api_url}/oauth/token", headers, body=body, most_bytes=TOKEN_ANSWER_BYTES)


def parse_token_response(response: Response, credential: Credential, refresh_token: str | None, now: float) -> Token:
    """The token of an answer to a token request; without a new refresh token in it, the given one stays.

    Raises:
        CredentialsError: the credential was refused.
        ApiError: the endpoint failed.
        AnswerError: it answered with something else than a token.
    """
    if response.status in _REFUSALS:
        raise refusal(credential)
    if 200 <= response.status < 300:  # noqa: PLR2004 - success, RFC 9110
        if token := parse_token(response.body or b"", now, refresh_token):
            return token
        raise AnswerError("The Blaxel API answered a token request with something else than a token.", _CHECK_URL)
    transient = is_transient(response.status)
    wait = parse_retry_after(response.headers.get("retry-after"), datetime.fromtimestamp(now, UTC))
    raise ApiError(
        response.status,
        f"The Blaxel API did not issue a token (status {response.status}).",
        "If it goes on, the Blaxel API is down." if transient else _CHECK_URL,
        transient=transient,
        retry_after=wait if transient else None,
        request_id=read_request_id(response.headers),
    )


def refusal(credential: Credential) -> CredentialsError:
    """The error for a credential that the token endpoint does not accept."""
    if isinstance(credential, LoginTokens):
        message = f"The Blaxel API refused to renew {credential.source}."
        return CredentialsError(message, "Run `bl login`: the next call picks that up.")
    message = f"The Blaxel API refused to issue a token for the client credentials from {credential.source}."
    return CredentialsError(message, "Check their id and secret, or make new ones, and restart blaxel-mcp.")


def parse_token(content: bytes, now: float, refresh_token: str | None) -> Token | None:
    """The token in the JSON of a token answer; `None` if it holds none that a header can carry.

    Unknown fields are ignored.
    """
    fields = _json_object(content)
    value, newer = fields.get("access_token"), fields.get("refresh_token")
    if not isinstance(value, str) or not value or not is_header_safe(value):
        return None
    issued, expires = _jwt_times(value)
    # The life is counted from now where the token tells its length, so that this machine's clock need not be right.
    stated = expires - issued if issued and expires else None
    left = expires - now if expires else None
    lives = (stated, left, parse_number(fields.get("expires_in"), LATEST_TIME))
    life = next((life for life in lives if life is not None and life > 0), UNKNOWN_LIFE)
    return _token(value, now + life, life, newer if isinstance(newer, str) and newer else refresh_token)


def _token(value: str, expires_at: float, life: float, refresh_token: str | None) -> Token:
    # Half of the life at most, or a token that lives a minute would be renewed by every request.
    margin = min(max(RENEW_SHARE * life, RENEW_SECONDS), max(life, 0) / 2)
    return Token(value, expires_at - margin, expires_at, refresh_token)


def _jwt_times(token: str) -> tuple[float | None, float | None]:
    """`iat` and `exp` of a token that is a JWT, unverified: verifying it is the API's business."""
    payload = f"{token}..".split(".")[1]
    try:
        claims = _json_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return None, None
    return parse_number(claims.get("iat"), LATEST_TIME), parse_number(claims.get("exp"), LATEST_TIME)


def _json_object(content: bytes) -> dict[str, Any]:
    """The JSON object that the bytes hold; empty if they hold anything else."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
