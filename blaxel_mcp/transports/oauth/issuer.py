"""The issuer's keys: found by its metadata, kept for a while, fetched anew where they do not do, but not too often."""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from blaxel_mcp import __version__
from blaxel_mcp.setting_types import is_loopback
from blaxel_mcp.transports.oauth.tokens import Key, keys_of

KEPT_SECONDS = 600.0
"""How long keys are used before they are fetched again."""
AGAIN_SECONDS = 30.0
"""At least between two fetches that a token with an unknown key makes: anybody can make one up."""
FAILED_SECONDS = 5.0
"""At least between a fetch that failed and the next one."""
OLD_SECONDS = 60.0
"""How long older keys are used after a fetch that failed."""
FETCH_SECONDS = 10.0
"""For all requests of one fetch."""
PATIENCE_SECONDS = 2.0
"""How long who could go on with older keys waits for newer ones."""
BODY_BYTES = 1024**2

logger = logging.getLogger(__name__)


class UnreachableError(Exception):
    """There are no keys to verify anything with."""


class Issuer:
    """One authorization server's keys, for everybody who needs them.

    Args:
        url: the issuer, exactly as it calls itself.
        certificates: whom to trust; called once, when first needed.
        clock: seconds that are never set back.
        fetch_seconds: for one fetch; tests shorten it.
    """

    def __init__(
        self,
        url: str,
        *,
        certificates: Callable[[], ssl.SSLContext],
        clock: Callable[[], float] = time.monotonic,
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self.url = url
        self._certificates = certificates
        self._context: ssl.SSLContext | None = None
        self._clock = clock
        self._fetch_seconds = fetch_seconds
        self._keys: tuple[Key, ...] | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._old_at = self._paused_until = self._again_at = float("-inf")

    async def keys(self, *, but: tuple[Key, ...] | None = None) -> tuple[Key, ...]:
        """The keys, fetched if need be.

        Args:
            but: did not do; others are wanted. The same come back where there are none, or it is too soon to ask.

        Raises:
            UnreachableError: there are none.
        """
        now = self._clock()
        had = self._keys
        unknown = but is not None and but is had
        wanted = unknown or had is None or now >= self._old_at
        if wanted and self._fetching is None and now >= self._paused_until and (not unknown or now >= self._again_at):
            if unknown:
                self._again_at = now + AGAIN_SECONDS
            self._fetching = asyncio.create_task(self._renew())
        if wanted and self._fetching is not None:
            # A task of its own: who goes away does not take it along.
            patience = None if had is None or unknown else PATIENCE_SECONDS
            await asyncio.wait({self._fetching}, timeout=patience)
        if self._keys is None:
            raise UnreachableError
        return self._keys

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(self._fetch_seconds):
                self._keys = await self._fetch()
            self._old_at = self._clock() + KEPT_SECONDS
        except _FAILURES as error:
            # In our own words only: httpx's may hold what the issuer said.
            reason = str(error) if isinstance(error, _UnusableError) else "it cannot be reached"
            kept = "" if self._keys is None else " The keys at hand stay in use."
            logger.warning("The keys of %s could not be fetched: %s.%s", self.url, reason, kept)
            self._paused_until = self._clock() + FAILED_SECONDS
            self._old_at = max(self._old_at, self._clock() + OLD_SECONDS)
        finally:
            self._fetching = None

    async def _fetch(self) -> tuple[Key, ...]:
        """From the first of its metadata documents that leads to keys."""
        problem: _UnusableError | None = None
        for url in metadata_urls(self.url):
            try:
                return await self._keys_by(url)
            except _UnusableError as error:
                problem = problem or error
        raise problem or _UnusableError("it has no metadata")

    async def _keys_by(self, url: str) -> tuple[Key, ...]:
        metadata = await self._get(url)
        if metadata.get("issuer") != self.url:
            raise _UnusableError("its metadata is that of another issuer")
        where = metadata.get("jwks_uri")
        if not isinstance(where, str) or not _is_safe(where):
            raise _UnusableError("its metadata names no https address of its keys")
        if not (keys := keys_of(await self._get(where))):
            raise _UnusableError("it has no key that can be used")
        return keys

    async def _get(self, url: str) -> dict[str, Any]:
        """A JSON object."""
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
    """What the issuer answers is of no use; the text completes "could not be fetched"."""


# A timeout is an OSError; a ValueError is an address that is none; the other is a proxy that needs another package.
_FAILURES = (_UnusableError, httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError, ImportError)


def metadata_urls(issuer: str) -> list[str]:
    """Where an issuer's metadata may be, in the order in which clients look too."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    urls = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
        f"{origin}{path}/.well-known/openid-configuration",
    ]
    return list(dict.fromkeys(urls))


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can change what is read there."""
    parts = urlsplit(url)  # a ValueError is one of those that a fetch can end with
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
