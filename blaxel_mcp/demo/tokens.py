"""The token endpoint `/oauth/token`: issues access tokens and remembers which are valid. They are unsigned JWTs."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from blaxel_mcp.demo.formats import Json, StatusError
from blaxel_mcp.demo.script import CLIENT_ID, CLIENT_SECRET, DEVICE_CODE, REFRESH_TOKEN

_TWO_HOURS = 7200


class Tokens:
    """The access tokens issued so far."""

    def __init__(self) -> None:
        self._expires: dict[str, int] = {}
        self._issued = 0

    def grant(self, authorization: str, body: Mapping[str, Any], now: datetime) -> Json:
        """Answer a token request with its `Authorization` header and JSON body; raises a 400 with OAuth's `error`."""
        match body.get("grant_type"):
            case "client_credentials":
                pair = _basic(authorization) or (body.get("client_id"), body.get("client_secret"))
                if pair != (CLIENT_ID, CLIENT_SECRET):
                    raise _rejected("invalid_client", "Unknown client or wrong secret")
                return {**self._issue(CLIENT_ID, now), "refresh_token": REFRESH_TOKEN}
            case "refresh_token":
                # Blaxel's TypeScript client sends no client_id.
                given = (body.get("client_id", "blaxel"), body.get("refresh_token"), body.get("device_code"))
                if given != ("blaxel", REFRESH_TOKEN, DEVICE_CODE):
                    raise _rejected("invalid_grant", "The refresh token is invalid or expired")
                # An empty refresh token means that the old one stays valid; Blaxel's Python client needs the key.
                return {**self._issue("somebody@example.com", now), "refresh_token": ""}
            case _:
                raise _rejected("unsupported_grant_type", "Use client_credentials or refresh_token")

    def is_valid(self, token: str, now: datetime) -> bool:
        """Whether the token was issued here and is neither expired nor revoked."""
        return now.timestamp() < self._expires.get(token, 0)

    def revoke(self) -> None:
        """Invalidate every token issued so far."""
        self._expires.clear()

    def _issue(self, subject: str, now: datetime) -> Json:
        self._issued += 1
        issued = int(now.timestamp())
        expires = issued + _TWO_HOURS
        claims = {"sub": subject, "jti": str(self._issued), "iat": issued, "exp": expires}
        token = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
        self._expires[token] = expires
        return {"access_token": token, "token_type": "Bearer", "expires_in": _TWO_HOURS}


def _rejected(code: str, description: str) -> StatusError:
    return StatusError(400, {"error": code, "error_description": description})


def _part(value: Json) -> str:
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
