"""The token endpoint `/oauth/token`: issues access tokens and remembers which are valid. They are unsigned JWTs."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from blaxel_mcp.demo.script import CLIENT_ID, CLIENT_SECRET, DEVICE_CODE, REFRESH_TOKEN

TWO_HOURS = 7200


class GrantRejectedError(Exception):
    """A rejected token request, which is a 400: `error` is OAuth's code, `description` says why."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


class Tokens:
    """The access tokens issued so far, each valid for the same number of seconds."""

    def __init__(self, seconds: int = TWO_HOURS) -> None:
        self._seconds = seconds
        self._expires: dict[str, datetime] = {}
        self._issued = 0

    def grant(self, authorization: str, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Answer a token request with its `Authorization` header and JSON body; raises `GrantRejectedError`."""
        match body.get("grant_type"):
            case "client_credentials":
                pair = _basic(authorization) or (body.get("client_id"), body.get("client_secret"))
                if pair != (CLIENT_ID, CLIENT_SECRET):
                    raise GrantRejectedError("invalid_client", "Unknown client or wrong secret")
                return {**self._issue(CLIENT_ID, now), "refresh_token": REFRESH_TOKEN}
            case "refresh_token":
                given = (body.get("client_id"), body.get("refresh_token"), body.get("device_code"))
                if given != ("blaxel", REFRESH_TOKEN, DEVICE_CODE):
                    raise GrantRejectedError("invalid_grant", "The refresh token is invalid or expired")
                # No new refresh token: the old one stays valid.
                return self._issue("somebody@example.com", now)
            case _:
                raise GrantRejectedError("unsupported_grant_type", "Use client_credentials or refresh_token")

    def good(self, token: str, now: datetime) -> bool:
        """Whether the token was issued here and is neither expired nor revoked."""
        expires = self._expires.get(token)
        return expires is not None and now < expires

    def revoke(self) -> None:
        """Invalidate every token issued so far."""
        self._expires.clear()

    def _issue(self, subject: str, now: datetime) -> dict[str, Any]:
        self._issued += 1
        issued = int(now.timestamp())
        claims = {"sub": subject, "jti": str(self._issued), "iat": issued, "exp": issued + self._seconds}
        token = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
        self._expires[token] = datetime.fromtimestamp(issued + self._seconds, now.tzinfo)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._seconds}


def _part(value: dict[str, Any]) -> str:
    """One part of a JWT: base64url of compact JSON, without padding."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _basic(authorization: str) -> tuple[str, str] | None:
    """Client id and secret of an `Authorization: Basic …` header; `None` if it is not one."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret
