"""The issuer's keys: found by its metadata, cached, and fetched again for an unknown key, but not too often."""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from jwt import PyJWK

from blaxel_mcp import __version__
from blaxel_mcp.setting_types import is_loopback
from blaxel_mcp.transports.oauth.tokens import parse_keys

CACHE_SECONDS = 600.0
"""How long keys are used before they are fetched again."""
UNKNOWN_KEY_SECONDS = 30.0
"""Minimum time between two fetches for a token with an unknown key: anybody can make one up."""
RETRY_SECONDS = 5.0
"""Minimum time between a fetch that failed and the next one."""
STALE_SECONDS = 60.0
"""How long the keys at hand are used after a fetch that failed."""
FETCH_SECONDS = 10.0
"""Maximum time for all requests of one fetch."""
REFRESH_SECONDS = 2.0
"""How long a request waits for newer keys that could go on with the keys at hand."""
BODY_BYTES = 1024**2

logger = logging.getLogger(__name__)


class UnreachableError(Exception):
    """The issuer has not been reached, so there are no keys to verify tokens with."""


class Issuer:
    """One authorization server and its keys, shared by all requests.

    Args:
        url: The issuer's identifier, exactly as its metadata and its tokens have it.
        certificates: Makes the trust store; called once, when first needed.
        clock: Returns seconds that are never set back.
        fetch_seconds: Maximum time for one fetch; tests shorten it.
        refresh_seconds: Maximum wait for newer keys while there are older ones; tests shorten it.
    """

    def __init__(
        self,
        url: str,
        *,
        certificates: Callable[[], ssl.SSLContext],
        clock: Callable[[], float] = time.monotonic,
        fetch_seconds: float = FETCH_SECONDS,
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self.url = url
        self.fetch_seconds = fetch_seconds
        self._refresh_seconds = refresh_seconds
        self._certificates = certificates
        self._context: ssl.SSLContext | None = None
        self._clock = clock
        self._keys: tuple[PyJWK, ...] | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._stale_at = self._retry_at = self._unknown_key_at = float("-inf")

    async def keys(self, *, newer_than: tuple[PyJWK, ...] | None = None) -> tuple[PyJWK, ...]:
        """Return the keys; fetch them if there are none, or if they are stale.

        Args:
            newer_than: Keys among which a token's key is not. They are returned again where the issuer has no others,
                or where it is too soon to ask.

        Raises:
            UnreachableError: There are none, and none could be fetched.
        """
        now = self._clock()
        had = self._keys
        unknown = newer_than is not None and newer_than is had
        wanted = unknown or had is None or now >= self._stale_at
        if wanted and self._fetching is None and now >= self._retry_at and (not unknown or now >= self._unknown_key_at):
            if unknown:
                self._unknown_key_at = now + UNKNOWN_KEY_SECONDS
            self._fetching = asyncio.create_task(self._refresh())
        if wanted and self._fetching is not None:
            # A task of its own: a request that is cancelled does not take it along.
            seconds = None if had is None or unknown else self._refresh_seconds
            await asyncio.wait({self._fetching}, timeout=seconds)
        if self._keys is None:
            raise UnreachableError
        return self._keys

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(self.fetch_seconds):
                self._keys = await self._fetch()
            self._stale_at = self._clock() + CACHE_SECONDS
        except _FAILURES as error:
            # In our own words only: httpx's may hold what the issuer said.
            reason = str(error) if isinstance(error, _UnusableError) else "it cannot be reached"
            kept = "" if self._keys is None else " The keys at hand stay in use."
            logger.warning("The keys of %s could not be fetched: %s.%s", self.url, reason, kept)
            self._retry_at = self._clock() + RETRY_SECONDS
            self._stale_at = max(self._stale_at, self._clock() + STALE_SECONDS)
        finally:
            self._fetching = None

    async def _fetch(self) -> tuple[PyJWK, ...]:
        """Fetch the keys by the first of the metadata documents that leads to some."""
        problems: list[_UnusableError] = []
        for url in metadata_urls(self.url):
            try:
                return await self._fetch_by(url)
            except _UnusableError as error:
                problems.append(error)
        raise problems[0]

    async def _fetch_by(self, url: str) -> tuple[PyJWK, ...]:
        metadata = await self._get(url)
        if metadata.get("issuer") != self.url:
            raise _UnusableError("its metadata is that of another issuer")
        where = metadata.get("jwks_uri")
        if not isinstance(where, str) or not _is_safe(where):
            raise _UnusableError("its metadata names no https address of its keys")
        if not (keys := parse_keys(await self._get(where))):
            raise _UnusableError("it has no key that can be used")
        return keys

    async def _get(self, url: str) -> dict[str, Any]:
        """Fetch a JSON object."""
        # httpcore's debug lines show headers, httpx's each URL.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        secure = url.startswith("https:")
        if secure and self._context is None:
            try:
                self._context = self._certificates()
            except OSError:
                raise _UnusableError("the certificates to trust cannot be read") from None
        # Identity, because the limit counts bytes as they come and a packed answer can unfold to any size.
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"blaxel-mcp/{__version__}",
        }
        async with (
            httpx.AsyncClient(
                headers=headers,
                timeout=None,  # noqa: S113 - the fetch as a whole is bounded
                verify=self._context or False,  # plain HTTP is for loopback only
                trust_env=secure,
                follow_redirects=False,
            ) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise _UnusableError(f"it answers {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise _UnusableError("its answer is packed")
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > BODY_BYTES:
                    raise _UnusableError("its answer is too large")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise _UnusableError("its answer is no JSON object")
        return document


class _UnusableError(Exception):
    """What the issuer answers cannot be used; the text completes "could not be fetched: …"."""


# A timeout is an OSError; a ValueError is an address that is none; the other is a proxy that needs another package.
_FAILURES = (_UnusableError, httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError, ImportError)


def metadata_urls(issuer: str) -> list[str]:
    """Return the URLs where an issuer's metadata may be, in the order in which clients try them."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    urls = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
        f"{origin}{path}/.well-known/openid-configuration",
    ]
    return list(dict.fromkeys(urls))


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can change what is read there: https, or loopback."""
    parts = urlsplit(url)  # a ValueError is one of those that a fetch can end with
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
