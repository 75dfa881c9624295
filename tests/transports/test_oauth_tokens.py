"""Access tokens, and the keys that verify them, without a server: what a good one says, why a bad one is none."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from mcp.server.auth.provider import AccessToken
from support.authority import AuthorizationServer

from blaxel_mcp.transports.oauth.tokens import InvalidTokenError, UnknownKeyError, check_header, parse_keys, verify

RESOURCE = "https://mcp.example/mcp"
KEY = ECKey.generate_key("P-256", {"kid": "first", "alg": "ES256"})
SAME_NAME = ECKey.generate_key("P-256", {"kid": "first", "alg": "ES256"})
OTHER = ECKey.generate_key("P-256", {"kid": "second", "alg": "ES256"})
LARGER = ECKey.generate_key("P-384", {"kid": "third", "alg": "ES384"})
ISSUER = AuthorizationServer("https://id.example", [KEY])
"""Signs tokens; nobody asks it anything."""
LATER = 2_000_000_000


def verified(
    *keys: Any, signer: Any = KEY, header: Mapping[str, Any] | None = None, **claims: Any
) -> AccessToken | str:
    """Who a token with these claims is for, to whoever has these keys of the issuer; or why it is not accepted."""
    token = ISSUER.sign(ISSUER.claims(RESOURCE, **{"exp": LATER} | claims), key=signer, **header or {})
    known = parse_keys({"keys": [key.as_dict(private=False) for key in keys or (KEY,)]})
    try:
        return verify(token, known, issuer=ISSUER.url, resource=RESOURCE)
    except InvalidTokenError as error:
        return f"{type(error).__name__}: {error}"


USUAL: dict[str, Any] = {
    "client_id": "c",
    "scopes": ["jobs:read"],
    "expires_at": LATER,
    "resource": RESOURCE,
    "subject": "ada",
    "claims": {"iss": "https://id.example"},
}


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({}, {}),
        ({"aud": ["https://other.example", RESOURCE]}, {}),
        ({"exp": LATER + 0.5}, {}),
        ({"client_id": None, "azp": "z"}, {"client_id": "z"}),
        ({"azp": "z"}, {}),
        ({"client_id": "", "azp": "z"}, {"client_id": "z"}),
        ({"client_id": 7, "azp": "z"}, {"client_id": "z"}),
        ({"client_id": None}, {"client_id": ""}),
        ({"sub": None}, {"subject": None}),
        ({"sub": None, "client_id": None, "azp": "z"}, {"subject": None, "client_id": "z"}),
        ({"sub": ""}, {"subject": None}),
        ({"scope": "jobs:read  jobs:write"}, {"scopes": ["jobs:read", "jobs:write"]}),
        ({"scope": ["jobs:read", 7, "x"]}, {"scopes": ["jobs:read", "x"]}),
        ({"scope": None, "scp": "a b"}, {"scopes": ["a", "b"]}),
        ({"scope": None, "scp": ["a", "b"]}, {"scopes": ["a", "b"]}),
        ({"scp": ["a", "b"]}, {}),
        ({"scope": None}, {"scopes": []}),
        ({"scope": {"jobs:read": True}}, {"scopes": []}),
        ({"more": "x"}, {}),
    ],
)
def test_what_a_good_token_says(claims: dict[str, Any], says: dict[str, Any]) -> None:
    """Who it is for and what they may do, by each of the names that issuers use; the token itself is not kept."""
    assert verified(**claims) == AccessToken(token="", **USUAL | says)


OTHER_ISSUER = "InvalidTokenError: The token is from another issuer."
OTHER_RESOURCE = "InvalidTokenError: The token is for another resource."
LACKS = "InvalidTokenError: The token lacks one of iss, aud and exp."
UNREADABLE = "InvalidTokenError: The token's claims cannot be read."


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://id.example/"}, OTHER_ISSUER),
        ({"aud": "https://mcp.example"}, OTHER_RESOURCE),
        ({"aud": ["c"]}, OTHER_RESOURCE),
        ({"iss": None}, LACKS),
        ({"aud": None}, LACKS),
        ({"exp": None}, LACKS),
        ({"exp": "tomorrow"}, UNREADABLE),
        ({"exp": float("inf")}, UNREADABLE),
        ({"sub": None, "client_id": None}, UNREADABLE),
        ({"sub": "", "client_id": ""}, UNREADABLE),
        ({"nbf": LATER}, "InvalidTokenError: The token is not valid yet."),
        ({"exp": 1}, "InvalidTokenError: The token has expired."),
    ],
)
def test_why_a_token_is_not_accepted(claims: dict[str, Any], said: str) -> None:
    """By the claim that is wrong, and with nothing of what it says."""
    assert verified(**claims) == said


@pytest.mark.parametrize(("ago", "is_good"), [(25, True), (35, False)])
def test_the_issuers_clock_may_differ_by_half_a_minute(ago: int, *, is_good: bool) -> None:
    """Of a token that ended that long ago."""
    assert isinstance(verified(exp=int(time.time()) - ago), AccessToken) is is_good


NO_SUCH_KEY = "UnknownKeyError: The token is signed with a key that is none of the issuer's."
NOT_THEIRS = "UnknownKeyError: The token's signature is none of the issuer's."
WHICH = "InvalidTokenError: The token does not say which of the issuer's keys signed it."


@pytest.mark.parametrize(
    ("keys", "signer", "header", "said"),
    [
        ([KEY, OTHER, LARGER], KEY, {}, None),
        ([OTHER, LARGER, KEY], KEY, {}, None),
        ([OTHER, LARGER, KEY], LARGER, {}, None),
        ([KEY, LARGER], KEY, {"kid": None}, None),
        ([KEY, OTHER], KEY, {"kid": None}, WHICH),
        ([KEY, SAME_NAME], KEY, {}, WHICH),
        ([OTHER], KEY, {"kid": None}, NOT_THEIRS),
        ([SAME_NAME], KEY, {}, NOT_THEIRS),
        ([OTHER, LARGER], KEY, {}, NO_SUCH_KEY),
        ([KEY], LARGER, {"kid": "first"}, NO_SUCH_KEY),
        ([KEY], LARGER, {"kid": None}, NO_SUCH_KEY),
    ],
)
def test_the_key_that_signed_it(keys: list[Any], signer: Any, header: dict[str, Any], said: str | None) -> None:
    """The one of that name and kind, or the only one of that kind; newer keys may help where there is none."""
    expected = AccessToken(token="", **USUAL) if said is None else said
    assert verified(*keys, signer=signer, header=header) == expected
    assert issubclass(UnknownKeyError, InvalidTokenError)


def head(**header: Any) -> str:
    """A token with this header, that nobody signed."""
    return base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=") + ".e30.e30"


@pytest.mark.parametrize(
    ("token", "found"),
    [
        (head(alg="ES256", typ="at+jwt", kid="k"), ("ES256", "k")),
        (head(alg="RS512", typ="JWT"), ("RS512", None)),
        (head(alg="EdDSA"), ("EdDSA", None)),
        (head(alg="PS256", typ="application/AT+JWT"), ("PS256", None)),
        (head(alg="PS256", typ="Application/jwt", jku="https://evil.example"), ("PS256", None)),
        (head(alg="ES256", typ="logout+jwt"), "The token is no access token."),
        (head(alg="ES256", typ="at+jwt/application/"), "The token is no access token."),
        (head(alg="ES256", typ=""), "The token is no access token."),
        (head(alg="ES256", typ=7), "The token is no access token."),
        (head(alg="ES256", typ=None), "The token is no access token."),
        (head(alg="HS256"), "The token is signed in a way that is not accepted."),
        (head(alg="none"), "The token is signed in a way that is not accepted."),
        (head(alg=["ES256"]), "The token is signed in a way that is not accepted."),
        (head(), "The token is signed in a way that is not accepted."),
        (head(alg="ES256", kid=7), "The token is no JWT."),
        ("garbage", "The token is no JWT."),
        ("x" * 8_192, "The token is no JWT."),
        ("x" * 8_193, "The token is too long."),
    ],
)
def test_what_the_header_of_an_access_token_says(token: str, found: tuple[str, str | None] | str) -> None:
    """How it is signed and by which key; what cannot be an access token is told by its header alone."""
    try:
        answer: object = check_header(token)
    except InvalidTokenError as error:
        answer = str(error)
    assert answer == found


RSA = RSAKey.generate_key(2048, {"kid": "r"}).as_dict(private=False)
EC = KEY.as_dict(private=False)
RSA_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]


@pytest.mark.parametrize(
    ("listed", "algorithms"),
    [
        ([EC], ["ES256"]),
        ([{name: value for name, value in EC.items() if name != "alg"}], ["ES256"]),
        ([RSA], RSA_ALGORITHMS),
        ([RSA | {"alg": "PS384"}], ["PS384"]),
        ([RSA | {"use": "sig", "key_ops": ["sign", "verify"]}, EC], [*RSA_ALGORITHMS, "ES256"]),
        ([RSA | {"use": "enc"}, RSA | {"key_ops": ["sign"]}, RSA | {"alg": "RSA-OAEP"}, EC], ["ES256"]),
        ([OctKey.generate_key(256, {"alg": "HS256"}).as_dict(private=True)], []),
        ([7, None, {}, {"kty": "RSA"}, {"kty": "EC", "crv": []}, {"kty": "RSA", "n": "!", "e": 1}, EC], ["ES256"]),
        ([], []),
        ({"kid": EC}, []),
        (None, []),
    ],
)
def test_which_of_an_issuers_keys_verify_a_signature(listed: Any, algorithms: list[str]) -> None:
    """Those for signatures, public ones, each for what it can be used with; others are passed over."""
    assert [key.algorithm_name for key in parse_keys({"keys": listed})] == algorithms


def test_an_issuer_without_keys_has_none() -> None:
    """The document need not be one of keys."""
    assert parse_keys({}) == parse_keys({"issuer": "https://id.example"}) == ()
