"""Sends calls: the only file that awaits the Blaxel API.

At most eight at once, by a fair semaphore in front of the pool (the pool's own queue is not fair); each attempt is
bounded as a whole, because httpx bounds single reads only; identical GETs of one identity share one flight.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar

import httpx
import stamina

from blaxel_mcp import __version__
from blaxel_mcp.api import retry, wire
from blaxel_mcp.api.call import Call
from blaxel_mcp.auth import BlaxelAuth
from blaxel_mcp.errors import AnswerError, BlaxelMcpError, ConnectionFailedError

T = TypeVar("T")
logger = logging.getLogger(__name__)

CONCURRENCY = 8
BODY_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class CertificateSource:
    """Which certificate authorities to trust: the given file or folder, else the operating system's."""

    file: Path | None = None
    folder: Path | None = None

    def context(self) -> ssl.SSLContext:
        """A context for one client. Reads the disk."""
        if self.file or self.folder:
            return ssl.create_default_context(cafile=self.file, capath=self.folder)
        import truststore  # noqa: PLC0415 - start-up does not need it

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(slots=True)
class _Flight:
    """One GET on its way for everybody who waits for it; `end` is when the most patient of them gives up."""

    end: float
    waiting: int = 0
    task: "asyncio.Task[Any]" = field(init=False)


class BlaxelClient:
    """One per process; the composition root closes it. The connection pool is made on the first call.

    Args:
        api_url: base URL including `/v0`, without a slash at the end.
        api_version: the `Blaxel-Version` header.
        auth: signs requests; tells identities apart.
        timeout: seconds for one attempt, from connecting to the last byte.
        certificates: whom to trust.
        first_wait: seconds before the second attempt; tests shorten it.
    """

    def __init__(
        self,
        *,
        api_url: str,
        api_version: str,
        auth: BlaxelAuth,
        timeout: float,
        certificates: CertificateSource = CertificateSource(),
        first_wait: float = retry.FIRST_WAIT,
    ) -> None:
        self._api_url = api_url
        self._headers = {
            "Accept": "application/json",
            "Blaxel-Version": api_version,
            "User-Agent": f"blaxel-mcp/{__version__}",
        }
        self._auth = auth
        self._timeout = timeout
        self._certificates = certificates
        self._first_wait = first_wait
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._flights: dict[tuple[Any, ...], _Flight] = {}
        self._pool: httpx.AsyncClient | None = None

    @property
    def workspace(self) -> str | None:
        """The workspace that calls go to, where it is known before the first of them."""
        return self._auth.workspace

    @property
    def identity(self) -> str:
        """Tells whose answers may be kept together."""
        return self._auth.identity

    def session(self, seconds: float = retry.TOTAL_SECONDS) -> "Session":
        """For the calls that one tool call makes, which share a budget of time."""
        return Session(self, asyncio.get_running_loop().time() + seconds)

    async def aclose(self) -> None:
        """Give up what is in flight and close the pool."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._pool is not None:
            await self._pool.aclose()

    async def send(self, call: Call[T], *, seconds: float) -> T:
        """Send it, or join an identical GET that is under way; answers or fails within `seconds`.

        Raises:
            BlaxelMcpError: any of them.
        """
        try:
            async with asyncio.timeout(seconds):
                return await (self._share(call, seconds) if call.idempotent else self._attempt(call))
        except TimeoutError:
            raise ConnectionFailedError(*_TOTAL_TIMEOUT, transient=True) from None

    async def _share(self, call: Call[T], seconds: float) -> T:
        key = (self._auth.identity, call.segments, call.query)
        end = asyncio.get_running_loop().time() + seconds
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(end)
            flight.task = asyncio.create_task(self._persist(call, flight))
            flight.task.add_done_callback(lambda task: self._land(key, task))
        flight.end = max(flight.end, end)
        flight.waiting += 1
        try:
            # Shielded: a caller that goes away must not take the others' answer along.
            answer: T = await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._flights.pop(key, None)
                flight.task.cancel()
        return answer

    def _land(self, key: tuple[Any, ...], task: "asyncio.Task[Any]") -> None:
        flight = self._flights.get(key)
        if flight is not None and flight.task is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # seen, even if the last caller has just gone

    async def _persist(self, call: Call[T], flight: _Flight) -> T:
        """Attempts until one succeeds or `retry` gives up."""
        clock = asyncio.get_running_loop().time
        async for attempt in stamina.retry_context(
            on=lambda error: retry.backoff(error, flight.end - clock()),
            attempts=retry.ATTEMPTS,
            timeout=None,  # `backoff` knows what is left
            wait_initial=self._first_wait,
            wait_max=retry.LONGEST_WAIT,
            wait_jitter=self._first_wait,
        ):
            with attempt:
                try:
                    return await self._attempt(call)
                except BlaxelMcpError as error:
                    logger.info("Attempt %d at GET %s failed. %s", attempt.num, call.path, error.what)
                    raise
        raise AssertionError("stamina yields until an attempt returns or raises")  # pragma: no cover

    async def _attempt(self, call: Call[T]) -> T:
        pool = self._open()
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    request = pool.build_request(
                        call.method, self._api_url + call.path, params=call.query, json=call.body
                    )
                    response = await pool.send(request, auth=self._auth, stream=True)
                    async with aclosing(response):
                        body = await _read(response)
            except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError, TimeoutError) as error:
                raise translate(error) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return call.parse(wire.decode(response.status_code, headers, body, accepts=call.accepts, now=datetime.now(UTC)))

    def _open(self) -> httpx.AsyncClient:
        if self._pool is not None:
            return self._pool
        # httpcore's debug lines show headers; httpx's show each URL; stamina's warnings do not say what went wrong.
        for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("stamina", logging.ERROR)):
            logging.getLogger(name).setLevel(level)
        secure = self._api_url.startswith("https:")
        try:
            certificates = self._certificates.context() if secure else None
        except OSError:  # an SSLError is one too
            raise ConnectionFailedError(*_NO_CERTIFICATES) from None
        try:
            self._pool = httpx.AsyncClient(
                headers=self._headers,
                timeout=None,  # noqa: S113 - the attempt as a whole is bounded
                verify=certificates or False,  # plain HTTP is for loopback only, see config.py
                trust_env=secure,  # HTTPS_PROXY and the like; no proxy can reach this machine's own loopback
                follow_redirects=False,
                # None is kept: one caller's must not go out with another's calls.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx.Limits(max_connections=CONCURRENCY),
            )
        except (ImportError, ValueError, httpx.InvalidURL):  # a SOCKS proxy, or none that is known
            raise ConnectionFailedError(*_BAD_PROXY) from None
        return self._pool


@dataclass(frozen=True, slots=True)
class Session:
    """A client with a deadline, in seconds of the loop's clock."""

    client: BlaxelClient
    deadline: float

    async def send(self, call: Call[T], *, at_most: float = retry.TOTAL_SECONDS) -> T:
        """Send a call within what is left, or `at_most` so many seconds of it."""
        left = self.deadline - asyncio.get_running_loop().time()
        return await self.client.send(call, seconds=min(left, at_most))


async def _read(response: httpx.Response) -> bytes:
    """The decoded body, counted as it comes: an announced length may be absent, or that of the packed form."""
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > BODY_BYTES:
            raise wire.too_large(BODY_BYTES)
        chunks.append(chunk)
    return b"".join(chunks)


_CUT = ("The connection to Blaxel was cut before the answer was whole.", "Ask again; if it goes on, check the network.")
_TIMEOUT = ("Blaxel did not answer in time.", "Ask again later; BLAXEL_MCP_TIMEOUT sets how long one attempt may take.")
_TOTAL_TIMEOUT = ("Blaxel did not answer in the time that one question may take.", "Ask again later.")
_BAD_PROXY = (
    "The proxy settings cannot be used.",
    "Check HTTPS_PROXY and ALL_PROXY: http:// and https:// proxies work.",
)
_NO_CERTIFICATES = (
    "The certificate authorities to trust could not be read.",
    "Check that SSL_CERT_FILE and SSL_CERT_DIR name PEM files, or unset them to trust the system's.",
)
_PROXY = ("The proxy between here and Blaxel refused or failed.", "Check HTTPS_PROXY and NO_PROXY.")
_UNSENDABLE = ("The request to Blaxel could not be formed.", "Check BL_API_URL and the ids.")
_UNREADABLE = ("Blaxel's answer could not be decoded.", "Check whether a proxy changes the answers; else report it.")
_REACH = ("Blaxel could not be reached.", "Check the network, and BL_API_URL if you set it.")
_DNS = ("Blaxel's address could not be looked up (DNS).", "Check the network connection, and BL_API_URL if you set it.")
_REFUSED = ("The connection to Blaxel was refused.", "Check BL_API_URL, and that no firewall is in between.")
_TLS = (
    "No secure connection to Blaxel could be made (TLS).",
    "Check BL_API_URL, and that no proxy or firewall answers in its place.",
)
_CERTIFICATE = (
    "Blaxel's certificate could not be verified (TLS).",
    (
        "Behind a company proxy, add its certificate to the system's store or name it in SSL_CERT_FILE "
        "(uvx itself needs UV_SYSTEM_CERTS=1), and check HTTPS_PROXY."
    ),
)

# Every exception that httpx raises for a request, the first matching row counts; tests/api/test_client.py holds the
# table against httpx's own list.
TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], type[BlaxelMcpError], tuple[str, str], bool], ...] = (
    ((httpx.TimeoutException, TimeoutError), ConnectionFailedError, _TIMEOUT, True),
    ((httpx.ProxyError,), ConnectionFailedError, _PROXY, True),
    ((httpx.ConnectError,), ConnectionFailedError, _REACH, True),
    ((httpx.NetworkError, httpx.RemoteProtocolError), ConnectionFailedError, _CUT, True),
    (
        (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError),
        ConnectionFailedError,
        _UNSENDABLE,
        False,
    ),
    ((httpx.DecodingError,), AnswerError, _UNREADABLE, False),
    ((httpx.HTTPError, httpx.StreamError), ConnectionFailedError, _CUT, True),
)


def translate(error: Exception) -> BlaxelMcpError:
    """What an exception of httpx means to a user. Its own text is dropped: it may hold addresses or headers."""
    kind, (what, advice), transient = next(row[1:] for row in TRANSLATIONS if isinstance(error, row[0]))
    # Only while connecting: an SSLError later on is a connection that was cut.
    for cause in _causes(error) if isinstance(error, httpx.ConnectError) else ():
        for type_, sentences, passing in _CONNECTING:
            if isinstance(cause, type_):
                return ConnectionFailedError(*sentences, transient=passing)
    return kind(what, advice, transient=transient)


_CONNECTING: tuple[tuple[type[Exception], tuple[str, str], bool], ...] = (
    (ssl.SSLCertVerificationError, _CERTIFICATE, False),
    (ssl.SSLError, _TLS, False),
    (socket.gaierror, _DNS, True),
    (ConnectionRefusedError, _REFUSED, True),
)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it, into groups too."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        current = queue.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            queue += current.exceptions
