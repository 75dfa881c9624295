"""The HTTP connections to Blaxel; beside `network_errors` the only file that imports httpx, which start-up does not."""

import logging
import ssl
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from blaxel_mcp.api import network_errors
from blaxel_mcp.api.unpack import ENCODINGS, read_body
from blaxel_mcp.api.wire import ERROR_BODY_BYTES, Request, Response
from blaxel_mcp.errors import ConnectionFailedError

_NO_BODY = httpx.ByteStream(b"")


class ConnectionPool:
    """Connections to one address, opened on the first request.

    It sends through httpx's transport and not through its client: there is nothing to redirect, to sign or to remember
    in cookies here, and a client takes a quarter more processor time per request.

    Args:
        address: the base URL that all requests go to. Plain HTTP is for loopback only, see `settings`.
        headers: sent with every request.
        connections: how many there are at most.
        certificates: makes the TLS context; called once, when first needed.
    """

    def __init__(
        self, address: str, *, headers: Mapping[str, str], connections: int, certificates: Callable[[], ssl.SSLContext]
    ) -> None:
        self._address = address
        self._headers = {"Accept-Encoding": ENCODINGS, **headers}
        self._connections = connections
        self._certificates = certificates
        self._base: httpx.Request | None = None
        self._proxied = False
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def round_trip(self, request: Request) -> Response:
        """Send one request as it is and read the answer. Sets no limit on the time: httpx's are of single reads.

        Raises:
            ConnectionFailedError: no whole answer arrived.
            AnswerError: its body could not be decoded.
        """
        transport = self._opened()
        try:
            sent = self._prepare(request)
            response = await transport.handle_async_request(sent)
            try:
                unpacked = sent.headers["Accept-Encoding"] == "identity"
                body = await _read_body(response, request.most_bytes, unpacked=unpacked)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError) as error:
            raise network_errors.translate(error) from None
        return Response(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.aclose()

    def _prepare(self, request: Request) -> httpx.Request:
        """The request as httpx sends it.

        The address is parsed once, and what differs between requests is given as httpx's extension `target`: to parse a
        URL takes longer than all else here. Where there is no body, none is encoded, for the same reason.
        """
        base = self._base = self._base or httpx.Request("GET", self._address)
        url = base.url
        target = url.raw_path.removesuffix(b"/") + request.url.removeprefix(self._address).encode()
        if request.query:
            target += b"?" + urlencode(request.query).encode()
        if self._proxied:  # httpcore asks the proxy itself for the target that a request brings along
            url = url.copy_with(raw_path=target)
        return httpx.Request(
            request.method,
            url,
            headers={"Host": base.headers["Host"], **self._headers, **request.headers},
            json=request.body,
            stream=_NO_BODY if request.body is None else None,
            extensions={} if self._proxied else {"target": target},
        )

    def _opened(self) -> httpx.AsyncHTTPTransport:
        if self._transport is not None:
            return self._transport
        logging.getLogger("httpcore").setLevel(logging.WARNING)  # its debug lines show headers
        address = urlsplit(self._address)
        secure = address.scheme == "https"
        try:
            certificates = self._certificates() if secure else None
        except OSError:  # an SSLError is one too
            raise ConnectionFailedError(
                "The certificate authorities to trust could not be read.",
                "Check that SSL_CERT_FILE and SSL_CERT_DIR name PEM files, or unset them to trust the system's.",
                unsent=True,
            ) from None
        # No proxy can reach this machine's own loopback.
        proxy = _proxy_for(address.hostname or "") if secure else None
        self._proxied = proxy is not None
        try:
            self._transport = httpx.AsyncHTTPTransport(
                verify=certificates or False,
                proxy=proxy,
                limits=httpx.Limits(max_connections=self._connections),
            )
        except (ImportError, ValueError, httpx.InvalidURL):  # a SOCKS proxy, or none that is known
            raise ConnectionFailedError(
                "The proxy settings cannot be used.",
                "Check HTTPS_PROXY and ALL_PROXY: http:// and https:// proxies work.",
                unsent=True,
            ) from None
        return self._transport


def _proxy_for(host: str) -> str | None:
    """The proxy to reach a host by HTTPS: from HTTPS_PROXY, ALL_PROXY and NO_PROXY, or the operating system's."""
    named = getproxies()
    proxy = named.get("https") or named.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


async def _read_body(response: httpx.Response, limit: int, *, unpacked: bool) -> bytes | None:
    """The unpacked body, or `None` if it has more bytes than `limit`, or than `ERROR_BODY_BYTES` for an error.

    A body that is packed although the request asked for it `unpacked` is not read. Neither is that of an error that
    cannot be unpacked: its status says enough.

    Raises:
        httpx.DecodingError: it cannot be unpacked.
    """
    encoding = response.headers.get("content-encoding", "")
    if unpacked and encoding not in {"", "identity"}:
        return None
    try:
        return await read_body(response.aiter_raw(), encoding, limit if response.is_success else ERROR_BODY_BYTES)
    except zlib.error as error:
        if not response.is_success:
            return None
        raise httpx.DecodingError(str(error)) from None
