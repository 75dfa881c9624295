"""Sends calls: `Upstream` is what the process shares, `Session` what one MCP request holds.

Each attempt is bounded as a whole, because httpx bounds single reads only.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import httpx
import stamina
from opentelemetry.trace import SpanKind, Status, StatusCode, get_tracer

from blaxel_mcp import __version__
from blaxel_mcp.api import network_errors, retry, wire
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.call import Call
from blaxel_mcp.api.wire import BODY_BYTES, ERROR_BODY_BYTES, Request, Response
from blaxel_mcp.errors import ApiError, BlaxelMcpError, ConnectionFailedError, CredentialsError, StoppingError

T = TypeVar("T")
Observe = Callable[[str, int | None, float], None]
"""Told of each attempt: the operation, the status (`None` without an answer), and the seconds it took."""

logger = logging.getLogger(__name__)
_tracer = get_tracer("blaxel-mcp", __version__)

CONCURRENCY = 8
"""Calls under way at once. More do not go faster, and they would be less polite."""
PER_CALLER = 6
"""How many of them may be one caller's calls of one operation, so that slow or many ones leave room for others."""


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
    """One call that is under way for all its waiters (single flight).

    Attributes:
        end: when the most patient waiter stops waiting, in seconds of the loop's clock.
        published: what all waiters await.
        waiting: how many there are.
        task: sends the call.
    """

    end: float
    published: "asyncio.Future[Any]"
    waiting: int = 0
    task: "asyncio.Task[Any]" = field(init=False)

    def publish(self, error: BaseException | None, answer: Any = None) -> None:
        """Give all waiters the error or the answer, unless they have one already."""
        if self.published.done():
            return
        if error is None:
            self.published.set_result(answer)
        else:
            self.published.set_exception(error)
            self.published.exception()  # retrieved, even if the last waiter has just left


class Upstream:
    """The Blaxel API as the whole process shares it: one connection pool, the limits, the calls under way.

    At most `CONCURRENCY` calls are under way at once, by a fair semaphore in front of the pool (the pool's own queue is
    not fair), and at most `PER_CALLER` of them are the same caller's calls of the same operation. Identical GETs of one
    identity share one flight. The pool is made on the first call; whoever made the `Upstream` closes it.

    Args:
        api_url: base URL including `/v0`, without a slash at the end.
        api_version: the `Blaxel-Version` header.
        timeout: seconds for one attempt, from connecting to the last byte.
        certificates: the certificate authorities to trust.
        first_wait: seconds before the second attempt; tests shorten it.
        observe: told of each attempt, for metrics.
    """

    def __init__(
        self,
        *,
        api_url: str,
        api_version: str,
        timeout: float,
        certificates: CertificateSource = CertificateSource(),
        first_wait: float = retry.FIRST_WAIT,
        observe: Observe | None = None,
    ) -> None:
        self._api_url = api_url
        self._headers = {
            "Accept": "application/json",
            "Blaxel-Version": api_version,
            "User-Agent": f"blaxel-mcp/{__version__}",
        }
        self._timeout = timeout
        self._certificates = certificates
        self._first_wait = first_wait
        self._observe = observe
        self._slots = asyncio.Semaphore(CONCURRENCY)
        # By caller and operation; each is forgotten with the last call that uses it.
        self._caller_slots: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = WeakValueDictionary()
        self._flights: dict[Hashable, _Flight] = {}
        self._stopping = asyncio.Event()
        self._pool: httpx.AsyncClient | None = None

    async def sleep(self, seconds: float) -> None:
        """Pause between two calls.

        Raises:
            StoppingError: at once, when the process is told to end.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
        raise StoppingError

    def abort_in_flight(self) -> None:
        """Fail every call under way, every pause, and every call that is still to come with a `StoppingError`."""
        self._stopping.set()
        for flight in [*self._flights.values()]:
            flight.publish(StoppingError())
            flight.task.cancel()

    async def aclose(self) -> None:
        """Cancel the calls under way and close the pool."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._pool is not None:
            await self._pool.aclose()

    async def send(self, call: Call[T], session: "Session", *, seconds: float) -> T:
        """Send a call for a session, or join an identical GET that is under way.

        Raises:
            BlaxelMcpError: any of them; after `seconds` at the latest.
        """
        if self._stopping.is_set():
            raise StoppingError
        try:
            async with asyncio.timeout(seconds):
                return await self._send_shared(call, session, seconds)
        except TimeoutError:
            raise ConnectionFailedError(*network_errors.TOTAL_TIMEOUT, transient=True) from None

    async def _send_shared(self, call: Call[T], session: "Session", seconds: float) -> T:
        """Await the flight of this call, which is made if there is none; a write always gets one of its own."""
        key: Hashable = (session.identity, call.segments, call.query) if call.idempotent else object()
        end = asyncio.get_running_loop().time() + seconds
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(end, asyncio.get_running_loop().create_future())
            sending = self._send_retrying(call, session, flight) if call.idempotent else self._send_once(call, session)
            flight.task = asyncio.create_task(sending)
            flight.task.add_done_callback(lambda task: self._publish(key, task))
        flight.end = max(flight.end, end)
        flight.waiting += 1
        try:
            # Shielded: a waiter that is cancelled must not take the others' answer along.
            answer: T = await asyncio.shield(flight.published)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._flights.pop(key, None)
                flight.task.cancel()
        return answer

    def _publish(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        """Give what a flight's task ended with to its waiters; from now on nobody can join it."""
        error = None if task.cancelled() else task.exception()
        flight = self._flights.get(key)
        if flight is None or flight.task is not task:
            return  # the last waiter has left
        del self._flights[key]
        if task.cancelled():
            flight.published.cancel()
        else:
            flight.publish(error, None if error else task.result())

    async def _send_retrying(self, call: Call[T], session: "Session", flight: _Flight) -> T:
        """Send until an attempt succeeds or `retry` gives up."""
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
                    return await self._send_once(call, session)
                except BlaxelMcpError as error:
                    logger.info("Attempt %d at GET %s failed. %s", attempt.num, call.path, error.message)
                    raise
        raise AssertionError("stamina yields until an attempt returns or raises")  # pragma: no cover

    async def _send_once(self, call: Call[T], session: "Session") -> T:
        """Make one attempt: within the limits, traced, counted."""
        caller_slots = self._caller_slots.setdefault((session.identity, call.operation), asyncio.Semaphore(PER_CALLER))
        # The caller's own limit first: whoever waits for it must not hold a slot meanwhile.
        async with caller_slots, self._slots:
            began, status, sent = perf_counter(), None, True
            with _tracer.start_as_current_span(
                call.operation,
                kind=SpanKind.CLIENT,
                attributes={"http.request.method": call.method},
                record_exception=False,  # ours say what an operator needs, httpx's may hold addresses
                set_status_on_exception=False,
            ) as span:
                try:
                    response = await self._send_signed(call, session.auth)
                    status = response.status
                    span.set_attribute("http.response.status_code", status)
                    return call.parse(wire.decode(response, accepts=call.accepts, now=datetime.now(UTC)))
                except BlaxelMcpError as error:
                    sent = not isinstance(error, CredentialsError) and not getattr(error, "unsent", False)
                    span.set_attribute("error.type", type(error).__name__)
                    span.set_status(Status(StatusCode.ERROR))
                    raise (session.auth.explain(error) if isinstance(error, ApiError) else error) from None
                finally:
                    session.attempts += sent
                    if sent and self._observe is not None:
                        self._observe(call.operation, status, perf_counter() - began)

    async def _send_signed(self, call: Call[Any], auth: BlaxelAuth) -> Response:
        """Send a call as this caller, within the time of one attempt; renewing a token is part of it."""
        url = self._api_url + call.path
        request = Request(call.method, url, query=call.query, body=call.body, most_bytes=BODY_BYTES)
        try:
            async with asyncio.timeout(self._timeout):
                return await auth.send(request, self._round_trip)
        except TimeoutError as error:
            raise network_errors.translate(error) from None

    async def _round_trip(self, request: Request) -> Response:
        """Send one request as it is and read the answer.

        Raises:
            ConnectionFailedError: no whole answer arrived.
            AnswerError: its body could not be decoded.
        """
        pool = self._open()
        try:
            sent = pool.build_request(
                request.method, request.url, params=request.query, json=request.body, headers=request.headers
            )
            async with aclosing(await pool.send(sent, stream=True)) as response:
                limit = request.most_bytes if response.is_success else ERROR_BODY_BYTES
                body = await _read_body(response, limit)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError) as error:
            raise network_errors.translate(error) from None
        return Response(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    def _open(self) -> httpx.AsyncClient:
        """The connection pool, made on the first call."""
        if self._pool is not None:
            return self._pool
        # httpcore's debug lines show headers; httpx's show each URL; stamina's warnings do not say what went wrong.
        for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("stamina", logging.ERROR)):
            logging.getLogger(name).setLevel(level)
        secure = self._api_url.startswith("https:")
        try:
            certificates = self._certificates.context() if secure else None
        except OSError:  # an SSLError is one too
            raise ConnectionFailedError(*network_errors.NO_CERTIFICATES) from None
        try:
            self._pool = httpx.AsyncClient(
                headers=self._headers,
                timeout=None,  # noqa: S113 - the attempt as a whole is bounded
                verify=certificates or False,  # plain HTTP is for loopback only, see settings.py
                trust_env=secure,  # HTTPS_PROXY and the like; no proxy can reach this machine's own loopback
                follow_redirects=False,
                # Store no cookies: one caller's must not be sent with another caller's request.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx.Limits(max_connections=CONCURRENCY),
            )
        except (ImportError, ValueError, httpx.InvalidURL):  # a SOCKS proxy, or none that is known
            raise ConnectionFailedError(*network_errors.BAD_PROXY) from None
        return self._pool


@dataclass(slots=True)
class Session:
    """One MCP request's access to the Blaxel API: whose it is, how long it may take, how much it asked.

    Attributes:
        upstream: sends the calls.
        auth: signs them, and tells identities apart.
        budget: seconds that all calls may take together, counted from the first one; what comes before that, such as a
            question to the person, takes nothing of it. A handler may set another budget at any time.
        attempts: how many requests were sent for this session; a call that joined another one's flight sent none.
    """

    upstream: Upstream
    auth: BlaxelAuth
    budget: float = retry.TOTAL_SECONDS
    attempts: int = 0
    _began: float | None = None

    @property
    def workspace(self) -> str | None:
        """The workspace that calls go to; `None` if only a login that is still to be read can tell."""
        return self.auth.workspace

    @property
    def identity(self) -> str:
        """A digest of credential, workspace and address: sessions with the same one may share answers."""
        return self.auth.identity

    async def send(self, call: Call[T], *, at_most: float = retry.TOTAL_SECONDS) -> T:
        """Send a call, within what is left of the budget and within `at_most` seconds.

        Raises:
            BlaxelMcpError: any of them.
        """
        now = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = now
        return await self.upstream.send(call, self, seconds=min(self._began + self.budget - now, at_most))


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
