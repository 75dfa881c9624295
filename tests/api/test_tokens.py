"""Access tokens as values: when one is renewed, the request that renews it, and what its answer means."""

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr
from support.token_server import jwt

from blaxel_mcp.api.tokens import Token, initial_token, is_renewable, parse_token, parse_token_response, token_request
from blaxel_mcp.api.wire import Request, Response
from blaxel_mcp.errors import AnswerError, ApiError, BlaxelMcpError, CredentialsError
from blaxel_mcp.login import ApiKey, ClientCredentials, Credential, LoginTokens

NOW = 1_800_000_000.0
FOR_EVER = float("inf")
KEY = ApiKey("BL_API_KEY", SecretStr("bl-key"))
CLIENT = ClientCredentials("BL_CLIENT_CREDENTIALS", SecretStr("my-id"), SecretStr("my-secret"))
LASTING = "Trying again unchanged will not help."
ADDRESS = "Check BL_API_URL and BL_ENV."


def login(access: str | None = None, refresh: str | None = None, device: str | None = None) -> LoginTokens:
    """The tokens of a person who ran `bl login`."""
    held = [None if text is None else SecretStr(text) for text in (access, refresh, device)]
    return LoginTokens("the login of workspace w in ~/.blaxel/config.yaml", held[0], held[1], held[2])


@pytest.mark.parametrize(
    ("iat", "exp", "renew_at", "expires_at"),
    [
        pytest.param(-7200, 7200, 7200 - 2880, 7200, id="a fifth of four hours"),
        pytest.param(-60, 240, 180, 240, id="a fifth is a minute"),
        pytest.param(0, 200, 140, 200, id="at least a minute"),
        pytest.param(0, 120, 60, 120, id="half is a minute"),
        pytest.param(0, 90, 45, 90, id="at most half"),
        pytest.param(None, 1000, 800, 1000, id="counted from now without its beginning"),
        pytest.param(-300, None, 180, 300, id="five minutes more without its end"),
        pytest.param(None, None, 240, 300, id="five minutes if it says nothing"),
        pytest.param(-100, 0, -50, 0, id="ends now"),
        pytest.param(None, 0, 0, 0, id="ends now, its beginning unknown"),
        pytest.param(None, -100, -100, -100, id="ended, its beginning unknown"),
        pytest.param(-200, -100, -150, -100, id="ended"),
        pytest.param(None, 1e11 - NOW, 0.8 * (1e11 - NOW), 1e11 - NOW, id="the latest time"),
        pytest.param(None, 1e11 + 1 - NOW, 240, 300, id="no time any more"),
        pytest.param(1e11 + 1 - NOW, 1000, 800, 1000, id="a beginning that is no time"),
    ],
)
def test_a_logins_token_is_renewed_before_it_ends(
    iat: float | None, exp: float | None, renew_at: float, expires_at: float
) -> None:
    """When a fifth of its life is left, or a minute if that is more, but never more than half; seconds from now."""
    token = jwt("login", iat=None if iat is None else NOW + iat, exp=None if exp is None else NOW + exp)
    found = initial_token(login(token, "my-refresh"), NOW)
    assert found == Token(token, found.renew_at if found else 0, NOW + expires_at, "my-refresh")
    assert found.renew_at == pytest.approx(NOW + renew_at, rel=0, abs=1e-3)


@pytest.mark.parametrize(
    ("credential", "token", "renewable"),
    [
        (None, None, False),
        (KEY, Token("bl-key", FOR_EVER, FOR_EVER, None), False),
        (CLIENT, None, True),
        (login(), None, False),
        (login(refresh="my-refresh"), None, True),
        (login("no-jwt"), Token("no-jwt", NOW + 240, NOW + 300, None), False),
        (login("no-jwt", "my-refresh"), Token("no-jwt", NOW + 240, NOW + 300, "my-refresh"), True),
    ],
)
def test_what_each_kind_of_credential_begins_with(
    credential: Credential | None,
    token: Token | None,
    renewable: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A key is sent for ever, a login's token until it ends; what has neither is exchanged first, if it can be."""
    assert (initial_token(credential, NOW), is_renewable(credential)) == (token, renewable)


@pytest.mark.parametrize("name", ["a", "ab", "abc", "abcd", "?>?>?>", "~~~~~~"])
def test_the_times_in_a_jwt_are_read_whatever_its_length_and_letters(name: str) -> None:
    """Its payload is base64 for URLs without padding, of any length."""
    assert parse_token(json.dumps({"access_token": jwt(name, iat=NOW, exp=NOW + 1000)}).encode(), NOW, None) == Token(
        jwt(name, iat=NOW, exp=NOW + 1000), NOW + 800, NOW + 1000, None
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param({"access_token": "a", "expires_in": 1}, ("a", 0.5, 1, "old"), id="a second"),
        pytest.param({"access_token": "a", "expires_in": 0}, ("a", 240, 300, "old"), id="no life"),
        pytest.param({"access_token": "a", "expires_in": 1e11}, ("a", 8e10, 1e11, "old"), id="the longest life"),
        pytest.param({"access_token": "a", "expires_in": 1e11 + 1}, ("a", 240, 300, "old"), id="junk"),
        pytest.param(
            {"access_token": jwt("a", iat=NOW + 100, exp=NOW + 50), "expires_in": 1000},
            (jwt("a", iat=NOW + 100, exp=NOW + 50), 25, 50, "old"),
            id="ends before it begins",
        ),
        pytest.param(
            {"access_token": jwt("a", iat=NOW, exp=NOW), "expires_in": 1000},
            (jwt("a", iat=NOW, exp=NOW), 800, 1000, "old"),
            id="ends as it begins",
        ),
        pytest.param(
            {"access_token": jwt("a", iat=NOW), "expires_in": 1000},
            (jwt("a", iat=NOW), 800, 1000, "old"),
            id="does not say when it ends",
        ),
        pytest.param({"access_token": "a", "refresh_token": "new"}, ("a", 240, 300, "new"), id="a new refresh token"),
        pytest.param({"access_token": "a", "refresh_token": ""}, ("a", 240, 300, "old"), id="an empty refresh token"),
        pytest.param({"access_token": "a", "refresh_token": 7}, ("a", 240, 300, "old"), id="a number"),
        pytest.param({"access_token": ""}, None, id="an empty token"),
        pytest.param({"access_token": 7}, None, id="a number for a token"),
        pytest.param({"access_token": "caf\u00e9"}, None, id="not for a header"),
        pytest.param({"ACCESS_TOKEN": "a"}, None, id="no token"),
        pytest.param(["access_token"], None, id="no object"),
    ],
)
def test_an_answers_token_lives_from_its_receipt(
    answer: Any, expected: tuple[str, float, float, str | None] | None
) -> None:
    """As long as it says itself, else as the answer says; without a new refresh token, the old one stays."""
    token = expected and Token(expected[0], NOW + expected[1], NOW + expected[2], expected[3])
    assert parse_token(json.dumps(answer).encode(), NOW, "old") == token


def exchange(body: dict[str, str], **headers: str) -> Request:
    """The request for a token, its answer unpacked and of a mebibyte at the most."""
    return Request(
        "POST",
        "https://h/v0/oauth/token",
        {"Accept-Encoding": "identity", **headers},
        body=body,
        most_bytes=1_048_576,
    )


REFRESH = {"grant_type": "refresh_token", "client_id": "blaxel"}


@pytest.mark.parametrize(
    ("credential", "newest", "expected"),
    [
        (
            CLIENT,
            None,
            exchange(
                {"grant_type": "client_credentials"},
                Authorization="Basic " + base64.b64encode(b"my-id:my-secret").decode(),
            ),
        ),
        (login("a", "own", "device"), None, exchange(REFRESH | {"refresh_token": "own", "device_code": "device"})),
        (login("a", "own"), None, exchange(REFRESH | {"refresh_token": "own"})),
        (login("a", "own"), "newest", exchange(REFRESH | {"refresh_token": "newest"})),
    ],
    ids=["client credentials", "login", "without a device code", "renewed before"],
)
def test_the_request_for_a_token(credential: Credential, newest: str | None, expected: Request) -> None:
    """The id and the secret go into the header of Basic authentication, a refresh token into the body."""
    assert token_request(credential, newest, "https://h/v0") == expected


IN_A_MINUTE = format_datetime(datetime.fromtimestamp(NOW + 60, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("status", "retry_after", "text", "transient", "wait"),
    [
        (199, "7", f"{LASTING} {ADDRESS}", False, None),
        (300, "7", f"{LASTING} {ADDRESS}", False, None),
        (404, "7", f"{LASTING} {ADDRESS}", False, None),
        (429, "7", "Trying again in 7s can help. If it goes on, the Blaxel API is down.", True, 7.0),
        (503, IN_A_MINUTE, "Trying again in 60s can help. If it goes on, the Blaxel API is down.", True, 60.0),
        (503, "", "Trying again in a moment can help. If it goes on, the Blaxel API is down.", True, None),
    ],
)
def test_a_token_endpoint_that_fails(
    status: int,
    retry_after: str,
    text: str,
    transient: bool,  # noqa: FBT001 - a column of the table
    wait: float | None,
) -> None:
    """The error tells whether to try again and when, and has the id that the API gave the request."""
    headers = {"retry-after": retry_after, "x-request-id": "req-1"}
    with pytest.raises(ApiError) as caught:
        parse_token_response(Response(status, headers, b'{"access_token": "a"}'), CLIENT, None, NOW)
    error = caught.value
    assert str(error) == f"The Blaxel API did not issue a token (status {status}). {text} Blaxel's request id is req-1."
    assert (error.status, error.transient, error.retry_after) == (status, transient, wait)


@pytest.mark.parametrize("status", [200, 201, 299])
def test_any_success_brings_a_token(status: int) -> None:
    """Of whatever kind; the answer's lack of a refresh token leaves the one at hand."""
    answer = Response(status, {}, b'{"access_token": "a"}')
    assert parse_token_response(answer, CLIENT, "old", NOW) == Token("a", NOW + 240, NOW + 300, "old")


@pytest.mark.parametrize(
    ("response", "credential", "error", "text"),
    [
        (
            Response(200, {}, b"{}"),
            CLIENT,
            AnswerError,
            f"The Blaxel API answered a token request with something else than a token. {LASTING} {ADDRESS}",
        ),
        (
            Response(200, {}, None),
            CLIENT,
            AnswerError,
            f"The Blaxel API answered a token request with something else than a token. {LASTING} {ADDRESS}",
        ),
        (
            Response(401, {}, b""),
            CLIENT,
            CredentialsError,
            (
                "The Blaxel API refused to issue a token for the client credentials from BL_CLIENT_CREDENTIALS. "
                f"{LASTING} Check their id and secret, or make new ones, and restart blaxel-mcp."
            ),
        ),
        (
            Response(400, {}, b""),
            login("a", "r"),
            CredentialsError,
            (
                "The Blaxel API refused to renew the login of workspace w in ~/.blaxel/config.yaml. "
                f"{LASTING} Run `bl login`: the next call picks that up."
            ),
        ),
    ],
    ids=["no token", "too large", "credentials refused", "login refused"],
)
def test_an_answer_without_a_token(
    response: Response, credential: Credential, error: type[BlaxelMcpError], text: str
) -> None:
    """What failed, and what to do about it."""
    with pytest.raises(error) as caught:
        parse_token_response(response, credential, None, NOW)
    assert str(caught.value) == text
