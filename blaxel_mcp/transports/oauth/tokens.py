"""Whether an access token is one that the issuer made for this server. Pure, but for the time, which PyJWT takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from mcp.server.auth.provider import AccessToken

LONGEST = 8_192
"""Characters; with many claims a token has two thousand."""
LEEWAY_SECONDS = 30.0
"""By which the issuer's clock may differ from ours."""
RSA_BITS = 2_048
"""A key with fewer (NIST SP 800-131A) is passed over."""
TYPES = frozenset({"jwt", "at+jwt"})
"""What the header may say it is (RFC 9068); nothing is taken for the first. A logout token, say, is another kind."""

# Public keys only: with HS256 whoever knows the public key could sign, and with `none` anybody.
_ALGORITHMS: dict[str, frozenset[str]] = {
    "RSA": frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA"}),
    "Ed448": frozenset({"EdDSA"}),
}
ALGORITHMS = frozenset().union(*_ALGORITHMS.values())


class RefusedError(Exception):
    """The token is not accepted; its text may be shown, and is never the token's own."""


class UnknownKeyError(RefusedError):
    """None of these keys signed it; newer ones may have."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of the issuer, and the algorithms that it may be used with."""

    kid: str | None
    algorithms: frozenset[str]
    public: Any = field(repr=False)


def keys_of(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """The keys of a JWK set that can verify a signature; others are passed over, as RFC 7517 has it."""
    listed = document.get("keys")
    found = (_key(jwk) for jwk in (listed if isinstance(listed, list) else []))
    return tuple(key for key in found if key is not None)


def _key(jwk: Any) -> Key | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        return None
    kind = "RSA" if jwk.get("kty") == "RSA" else jwk.get("crv")
    algorithms = _ALGORITHMS.get(kind, frozenset()) if isinstance(kind, str) else frozenset()
    if "alg" in jwk:
        algorithms &= {jwk["alg"]}
    kid = jwk.get("kid")
    if not algorithms or not isinstance(kid, str | None):
        return None
    try:
        public = jwt.PyJWK(jwk, min(algorithms)).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(public, RSAPublicKey) and public.key_size < RSA_BITS:
        return None
    return Key(kid, algorithms, public)


def glance(token: str) -> tuple[str, str | None]:
    """The algorithm and the key that a token names, if it can be one at all. What else its header names is ignored.

    Raises:
        RefusedError: it cannot.
    """
    if len(token) > LONGEST:
        raise RefusedError("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise RefusedError("The token is no JWT.") from None
    algorithm, kind = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in TYPES:
        raise RefusedError("The token is no access token.")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise RefusedError("The token is signed in a way that is not accepted.")
    return algorithm, header.get("kid")


def verify(token: str, keys: Sequence[Key], *, issuer: str, resource: str) -> AccessToken:
    """Who the token is from and what it allows; without the token itself.

    Args:
        token: as it came.
        keys: the issuer's.
        issuer: who must have made it.
        resource: what it must be for.

    Raises:
        UnknownKeyError: the issuer's newest keys may know better.
        RefusedError: it is not accepted.
    """
    algorithm, kid = glance(token)
    fitting = [key for key in keys if algorithm in key.algorithms and kid in {None, key.kid}]
    if not fitting:
        raise UnknownKeyError("The token is signed with a key that is none of the issuer's.")
    if len(fitting) > 1:
        raise RefusedError("The token does not say which of the issuer's keys signed it.")
    try:
        claims = jwt.decode(
            token,
            fitting[0].public,
            algorithms=[algorithm],
            issuer=issuer,
            audience=resource,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
        return AccessToken(
            token="",  # nobody behind the door needs it
            client_id=_text(claims, "client_id", "azp") or "",
            scopes=_scopes(claims),
            expires_at=int(claims["exp"]),
            resource=resource,
            subject=_named(claims),
            claims={"iss": issuer},
        )
    except jwt.InvalidSignatureError:
        raise UnknownKeyError("The token's signature is none of the issuer's.") from None
    # Not all that a signed claim can hold is foreseen by the library: an infinite `exp`, say.
    except (jwt.PyJWTError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
        raise RefusedError(_REASONS.get(type(error), "The token's claims cannot be read.")) from None


_REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.MissingRequiredClaimError: "The token lacks one of iss, aud and exp.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.InvalidAudienceError: "The token is for another resource.",
}


def _named(claims: Mapping[str, Any]) -> str | None:
    """The subject; a token that names neither subject nor client would make one caller of many."""
    subject = _text(claims, "sub")
    if subject is None and _text(claims, "client_id", "azp") is None:
        raise jwt.InvalidTokenError
    return subject


def _text(claims: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := claims.get(name), str) and value), None)


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """The scopes, under either name that issuers use."""
    given = claims.get("scope", claims.get("scp"))
    if isinstance(given, str):
        return given.split()
    return [item for item in given if isinstance(item, str)] if isinstance(given, list) else []
