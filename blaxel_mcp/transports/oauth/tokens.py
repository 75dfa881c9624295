"""Verification of access tokens against the issuer's keys. Pure, but for the time, which PyJWT takes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from mcp.server.auth.provider import AccessToken

TOKEN_CHARACTERS = 8_192
"""Maximum length of a token; with many claims one has two thousand."""
LEEWAY_SECONDS = 30.0
"""By which the issuer's clock may differ from ours."""
RSA_BITS = 2_048
"""A key with fewer (NIST SP 800-131A) is passed over."""
TYPES = frozenset({"jwt", "at+jwt"})
"""Accepted values of `typ` (RFC 9068), which may be left out. A logout token, say, has another."""

# Public keys only: with HS256 whoever knows the public key could sign, and with `none` anybody.
_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = frozenset({*_RSA_ALGORITHMS, "ES256", "ES384", "ES512", "EdDSA"})


class InvalidTokenError(Exception):
    """The token is not accepted. The text may be shown to the caller, and has nothing of the token in it."""


class UnknownKeyError(InvalidTokenError):
    """None of these keys signed the token; newer ones may have."""


def parse_keys(document: Mapping[str, Any]) -> tuple[jwt.PyJWK, ...]:
    """Parse the keys of a JWK set that can verify a signature; others are passed over, as RFC 7517 has it.

    An RSA key that names no algorithm is returned once for each that it can be used with.
    """
    listed = document.get("keys")
    return tuple(key for jwk in (listed if isinstance(listed, list) else []) for key in _parse_key(jwk))


def _parse_key(jwk: Any) -> Iterator[jwt.PyJWK]:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        return
    for algorithm in _RSA_ALGORITHMS if jwk.get("kty") == "RSA" and "alg" not in jwk else (None,):
        try:
            key = jwt.PyJWK(jwk, algorithm)
        except (jwt.PyJWTError, ValueError, TypeError):
            return
        too_short = isinstance(key.key, RSAPublicKey) and key.key.key_size < RSA_BITS
        if key.algorithm_name in ALGORITHMS and not too_short:
            yield key


def check_header(token: str) -> tuple[str, str | None]:
    """Return the `alg` and the `kid` that a token's header names. What else it names is ignored.

    Raises:
        InvalidTokenError: It cannot be an access token, whoever may have signed it.
    """
    if len(token) > TOKEN_CHARACTERS:
        raise InvalidTokenError("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise InvalidTokenError("The token is no JWT.") from None
    algorithm, kind = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in TYPES:
        raise InvalidTokenError("The token is no access token.")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise InvalidTokenError("The token is signed in a way that is not accepted.")
    return algorithm, header.get("kid")


def verify(token: str, keys: Sequence[jwt.PyJWK], *, issuer: str, resource: str) -> AccessToken:
    """Return who the token is for and what it allows, without the token itself.

    Args:
        token: The token as it came.
        keys: The issuer's keys.
        issuer: The expected `iss`.
        resource: The expected `aud`.

    Raises:
        UnknownKeyError: None of the keys signed it.
        InvalidTokenError: It is not accepted for another reason.
    """
    algorithm, kid = check_header(token)
    fitting = [key for key in keys if key.algorithm_name == algorithm and (kid is None or kid == key.key_id)]
    if not fitting:
        raise UnknownKeyError("The token is signed with a key that is none of the issuer's.")
    if len(fitting) > 1:
        raise InvalidTokenError("The token does not say which of the issuer's keys signed it.")
    try:
        claims = jwt.decode(
            token,
            fitting[0],
            algorithms=[algorithm],
            issuer=issuer,
            audience=resource,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
        return AccessToken(
            token="",  # nobody needs it after this
            client_id=_text(claims, "client_id", "azp") or "",
            scopes=_scopes(claims),
            expires_at=int(claims["exp"]),
            resource=resource,
            subject=_subject(claims),
            claims={"iss": issuer},
        )
    except jwt.InvalidSignatureError:
        raise UnknownKeyError("The token's signature is none of the issuer's.") from None
    # Not all that a signed claim can hold is foreseen by the library: an infinite `exp`, say.
    except (jwt.PyJWTError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
        raise InvalidTokenError(_REASONS.get(type(error), "The token's claims cannot be read.")) from None


_REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.MissingRequiredClaimError: "The token lacks one of iss, aud and exp.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.InvalidAudienceError: "The token is for another resource.",
}


def _subject(claims: Mapping[str, Any]) -> str | None:
    """Return the subject; refuse a token without subject and client, since it would make one caller of many."""
    subject = _text(claims, "sub")
    if subject is None and _text(claims, "client_id", "azp") is None:
        raise jwt.InvalidTokenError
    return subject


def _text(claims: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := claims.get(name), str) and value), None)


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """Return the scopes, under either name that issuers use."""
    given = claims.get("scope", claims.get("scp"))
    if isinstance(given, str):
        return given.split()
    return [item for item in given if isinstance(item, str)] if isinstance(given, list) else []
