"""Access tokens as values: when they are renewed, with which request, and what each answer to it means."""

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr
from support.token_server import jwt

from blaxel_mcp.api.tokens import (
    Token,
    initial_token,
    is_renewable,
    parse_token,
    parse_token_response,
    refusal,
    token_request,
)
from blaxel_mcp.api.wire import Request, Response
from blaxel_mcp.errors import AnswerError, ApiError, CredentialsError
from blaxel_mcp.login import ApiKey, ClientCredentials, Credential, LoginTokens

NOW = 1_800_000_000.0
KEY = ApiKey("BL_API_KEY", SecretStr("bl-key"))
CLIENT = ClientCredentials("BL_CLIENT_CREDENTIALS", SecretStr("my-id"), SecretStr("my-secret"))
URL = "https://api.blaxel.ai/v0"
FOR_EVER = float("inf")


def login(access: str | None = None, refresh: str | None = None, device: str | None = None) -> LoginTokens:
    """A login with these tokens."""
    return LoginTokens("the login of w", *(SecretStr(text) if text else None for text in (access, refresh, device)))


@pytest.mark.parametrize(
    ("credential", "expected"),
    [
        (None, None),
        (CLIENT, None),
        (login(refresh="r"), None),
        (KEY, Token("bl-key", FOR_EVER, FOR_EVER, None)),
        (login("opaque"), Token("opaque", NOW + 240, NOW + 300, None)),
        (login("opaque", "r"), Token("opaque", NOW + 240, NOW + 300, "r")),
        (
            login(hour := jwt("a", iat=NOW - 600, exp=NOW + 3000), "r"),
            Token(hour, NOW + 3000 - 720, NOW + 3000, "r"),
        ),
        (login(unborn := jwt("a", exp=NOW + 1000)), Token(unborn, NOW + 800, NOW + 1000, None)),
        (login(over := jwt("a", exp=NOW - 1000)), Token(over, NOW - 1000, NOW - 1000, None)),
    ],
)
def test_a_credential_may_hold_a_token_itself(credential: Credential | None, expected: Token | None) -> None:
    """An API key lasts for ever, a login's token until it says, or for five minutes from now where it says nothing."""
    assert initial_token(credential, NOW) == expected


@pytest.mark.parametrize(
    ("life", "margin"), [(2, 1), (60, 30), (100, 50), (120, 60), (200, 60), (300, 60), (400, 80), (7200, 1440)]
)
def test_a_token_is_renewed_a_fifth_or_a_minute_before_its_end(life: int, margin: int) -> None:
    """Whichever is more, but half of its life at most."""
    answer = json.dumps({"access_token": "a", "expires_in": life}).encode()
    assert parse_token(answer, NOW, None) == Token("a", NOW + life - margin, NOW + life, None)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ({}, "old"),
        ({"refresh_token": "new"}, "new"),
        ({"refresh_token": ""}, "old"),
        ({"refresh_token": 7}, "old"),
    ],
)
def test_the_newest_refresh_token_is_kept(answer: dict[str, Any], kept: str) -> None:
    """That of the answer, if it has one."""
    token = parse_token(json.dumps({"access_token": "a", **answer}).encode(), NOW, "old")
    assert token == Token("a", NOW + 240, NOW + 300, kept)


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        ({"access_token": "a", "expires_in": 0}, 300),
        ({"access_token": "a", "expires_in": 0.5}, 0.5),
        ({"access_token": "a", "expires_in": 1e11}, 1e11),
        ({"access_token": "a", "expires_in": 1.1e11}, 300),
        ({"access_token": jwt("a", iat=NOW, exp=NOW), "expires_in": 50}, 50),
        ({"access_token": jwt("a", iat=NOW + 9, exp=NOW), "expires_in": 50}, 50),
        ({"access_token": jwt("a", iat=NOW + 100, exp=NOW + 90), "expires_in": 50}, 90),
        ({"access_token": jwt("a", iat=2e11, exp=NOW + 90), "expires_in": 50}, 90),
    ],
)
def test_a_life_that_cannot_be_is_passed_over(answer: dict[str, Any], life: float) -> None:
    """No seconds, fewer, or more than three thousand years: the next best statement counts."""
    token = parse_token(json.dumps(answer).encode(), NOW, None)
    assert token is not None
    assert token.expires_at == NOW + life


@pytest.mark.parametrize(
    ("credential", "renewable"),
    [(None, False), (KEY, False), (CLIENT, True), (login("a"), False), (login("a", "r"), True), (login("", "r"), True)],
)
def test_client_credentials_and_refresh_tokens_can_be_exchanged(
    credential: Credential | None, *, renewable: bool
) -> None:
    """An API key and an access token alone cannot."""
    assert is_renewable(credential) == renewable


@pytest.mark.parametrize(
    ("credential", "newest", "headers", "body"),
    [
        (
            CLIENT,
            None,
            {"Authorization": "Basic " + base64.b64encode(b"my-id:my-secret").decode()},
            {"grant_type": "client_credentials"},
        ),
        (
            login("a", "first"),
            None,
            {},
            {"grant_type": "refresh_token", "client_id": "blaxel", "refresh_token": "first"},
        ),
        (
            login("a", "first", "d"),
            "second",
            {},
            {"grant_type": "refresh_token", "client_id": "blaxel", "refresh_token": "second", "device_code": "d"},
        ),
    ],
)
def test_a_token_is_asked_for_as_oauth_says(
    credential: Credential, newest: str | None, headers: dict[str, str], body: dict[str, str]
) -> None:
    """The answer may have 1 MiB and must not be packed."""
    assert token_request(credential, newest, URL) == Request(
        "POST",
        "https://api.blaxel.ai/v0/oauth/token",
        {"Accept-Encoding": "identity", **headers},
        body=body,
        most_bytes=1024 * 1024,
    )


def answered(status: int, headers: dict[str, str] | None = None, body: bytes | None = b"{}") -> Token:
    """What an answer to a token request means."""
    return parse_token_response(Response(status, headers or {}, body), CLIENT, "old", NOW)


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_success_with_a_token_is_a_token(status: int) -> None:
    """Its life is counted from now."""
    answer = b'{"access_token": "a", "expires_in": 600}'
    assert answered(status, body=answer) == Token("a", NOW + 480, NOW + 600, "old")


@pytest.mark.parametrize("body", [None, b"", b"{}", b"[]", b'{"access_token": ""}', b'{"access_token": "\\n"}'])
def test_a_success_without_a_token_is_a_wrong_address(body: bytes | None) -> None:
    """Nothing, or something that is no token."""
    with pytest.raises(AnswerError) as error:
        answered(200, body=body)
    assert str(error.value) == (
        "The Blaxel API answered a token request with something else than a token. "
        "Trying again unchanged will not help. Check BL_API_URL and BL_ENV."
    )


@pytest.mark.parametrize(
    ("status", "headers", "text", "wait"),
    [
        (199, {}, "Trying again unchanged will not help. Check BL_API_URL and BL_ENV.", None),
        (300, {"retry-after": "7"}, "Trying again unchanged will not help. Check BL_API_URL and BL_ENV.", None),
        (404, {}, "Trying again unchanged will not help. Check BL_API_URL and BL_ENV.", None),
        (429, {"retry-after": "7"}, "Trying again in 7s can help. If it goes on, the Blaxel API is down.", 7.0),
        (500, {}, "Trying again in a moment can help. If it goes on, the Blaxel API is down.", None),
        (
            503,
            {"retry-after": format_datetime(datetime.fromtimestamp(NOW + 40, UTC), usegmt=True)},
            "Trying again in 40s can help. If it goes on, the Blaxel API is down.",
            40.0,
        ),
    ],
)
def test_an_endpoint_that_fails_says_whether_to_wait(
    status: int, headers: dict[str, str], text: str, wait: float | None
) -> None:
    """Its Retry-After counts where asking again can help; the id of the request is quoted."""
    with pytest.raises(ApiError) as error:
        answered(status, {**headers, "x-request-id": "id-1"})
    message = f"The Blaxel API did not issue a token (status {status})."
    assert str(error.value) == f"{message} {text} Blaxel's request id is id-1."
    assert (error.value.status, error.value.retry_after) == (status, wait)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_names_where_the_credential_is_from(status: int) -> None:
    """Client credentials are set anew, a login is made again."""
    with pytest.raises(CredentialsError, match="client credentials from BL_CLIENT_CREDENTIALS"):
        answered(status)
    assert str(refusal(login("a"))) == (
        "The Blaxel API refused to renew the login of w. Trying again unchanged will not help. "
        "Run `bl login`: the next call picks that up."
    )
