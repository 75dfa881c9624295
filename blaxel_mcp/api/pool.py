"""The HTTP connections to Blaxel; the only file, beside `network_errors`, that knows httpx."""

import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import aclosing
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx

from blaxel_mcp.api import network_errors
from blaxel_mcp.api.wire import ERROR_BODY_BYTES, Request, Response
from blaxel_mcp.errors import ConnectionFailedError


def load_certificates(file: Path | None = None, folder: Path | None = None) -> ssl.SSLContext:
    """A new TLS context that trusts the authorities in the file or folder, else the operating system's."""
    if file or folder:
        return ssl.create_default_context(cafile=file, capath=folder)
    import truststore  # noqa: PLC0415 - start-up does not need it

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class ConnectionPool:
    """Connections to one address, opened on the first request.

    Args:
        secure: whether the address is an HTTPS one. Plain HTTP is for loopback only, see `settings`.
        headers: sent with every request.
        connections: how many there are at most.
        certificates: makes the TLS context; called once, when first needed.
    """

    def __init__(
        self, *, secure: bool, headers: Mapping[str, str], connections: int, certificates: Callable[[], ssl.SSLContext]
    ) -> None:
        self._secure = secure
        self._headers = headers
        self._connections = connections
        self._certificates = certificates
        self._http: httpx.AsyncClient | None = None

    async def round_trip(self, request: Request) -> Response:
        """Send one request as it is and read the answer. Sets no limit on the time: httpx's are of single reads.

        Raises:
            ConnectionFailedError: no whole answer arrived.
            AnswerError: its body could not be decoded.
        """
        http = self._opened()
        try:
            sent = http.build_request(
                request.method, request.url, params=request.query, json=request.body, headers=request.headers
            )
            async with aclosing(await http.send(sent, stream=True)) as response:
                body = await _read_body(response, request.most_bytes if response.is_success else ERROR_BODY_BYTES)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError) as error:
            raise network_errors.translate(error) from None
        return Response(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    def _opened(self) -> httpx.AsyncClient:
        if self._http is not None:
            return self._http
        # httpcore's debug lines show headers, and httpx's show each URL.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            certificates = self._certificates() if self._secure else None
        except OSError:  # an SSLError is one too
            raise ConnectionFailedError(
                "The certificate authorities to trust could not be read.",
                "Check that SSL_CERT_FILE and SSL_CERT_DIR name PEM files, or unset them to trust the system's.",
                unsent=True,
            ) from None
        try:
            self._http = httpx.AsyncClient(
                headers=self._headers,
                timeout=None,  # noqa: S113 - the attempt as a whole is bounded by whoever makes it
                verify=certificates or False,
                trust_env=self._secure,  # HTTPS_PROXY and the like; no proxy can reach this machine's own loopback
                follow_redirects=False,
                # Store no cookies: one caller's must not be sent with another caller's request.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx.Limits(max_connections=self._connections),
            )
        except (ImportError, ValueError, httpx.InvalidURL):  # a SOCKS proxy, or none that is known
            raise ConnectionFailedError(
                "The proxy settings cannot be used.",
                "Check HTTPS_PROXY and ALL_PROXY: http:// and https:// proxies work.",
                unsent=True,
            ) from None
        return self._http


async def _read_body(response: httpx.Response, limit: int) -> bytes | None:
    """The decoded body, or `None` if it has more bytes than `limit`.

    They are counted as they come, since an announced length may be absent, or that of the packed form. A body that is
    packed although the request asked for it unpacked is not read either: it can unfold to any size.
    """
    asked = response.request.headers.get("accept-encoding")
    if asked == "identity" and response.headers.get("content-encoding", asked) != asked:
        return None
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
