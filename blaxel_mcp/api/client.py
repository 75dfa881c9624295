"""Sends calls: the only file that awaits the Blaxel API.

At most eight at once, by a fair semaphore in front of the pool (the pool's own queue is not fair); each attempt is
bounded as a whole, because httpx bounds single reads only; identical GETs of one identity share one flight.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Hashable
from contextlib import aclosing
from copy import copy
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
from blaxel_mcp.api.call import Call
from blaxel_mcp.auth import BlaxelAuth
from blaxel_mcp.errors import ApiError, BlaxelMcpError, ConnectionFailedError, CredentialsError, StoppingError

T = TypeVar("T")
Observe = Callable[[str, int | None, float], None]
"""Told of each attempt: the operation, the status (`None` without an answer), and the seconds it took."""

logger = logging.getLogger(__name__)
_tracer = get_tracer("blaxel-mcp", __version__)

CONCURRENCY = 8
LANE = 6
"""How many of them may be one caller's and the same operation: slow or many ones leave room for others."""
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
    """One call on its way for everybody who waits for it; `end` is when the most patient of them gives up."""

    end: float
    landed: "asyncio.Future[Any]"
    waiting: int = 0
    task: "asyncio.Task[Any]" = field(init=False)

    def settle(self, error: BaseException | None, answer: Any = None) -> None:
        """Tell everybody, unless they were told already."""
        if self.landed.done():
            return
        if error is None:
            self.landed.set_result(answer)
        else:
            self.landed.set_exception(error)
            self.landed.exception()  # seen, even if the last caller has just gone


@dataclass(slots=True)
class _Upstream:
    """What all callers of the process share: the pool, the slots, the calls under way, and the end of it all."""

    api_url: str
    headers: dict[str, str]
    timeout: float
    certificates: CertificateSource
    first_wait: float
    observe: Observe | None
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENCY))
    lanes: "WeakValueDictionary[tuple[str, str], asyncio.Semaphore]" = field(default_factory=WeakValueDictionary)
    flights: dict[Hashable, _Flight] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    pool: httpx.AsyncClient | None = None


class BlaxelClient:
    """One per process, and a view of it for each other caller; the composition root closes it.

    The connection pool is made on the first call.

    Args:
        api_url: base URL including `/v0`, without a slash at the end.
        api_version: the `Blaxel-Version` header.
        auth: signs requests; tells identities apart.
        timeout: seconds for one attempt, from connecting to the last byte.
        certificates: whom to trust.
        first_wait: seconds before the second attempt; tests shorten it.
        observe: told of each attempt, for metrics.
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
        observe: Observe | None = None,
    ) -> None:
        headers = {
            "Accept": "application/json",
            "Blaxel-Version": api_version,
            "User-Agent": f"blaxel-mcp/{__version__}",
        }
        self._upstream = _Upstream(api_url, headers, timeout, certificates, first_wait, observe)
        self._auth = auth
        self.attempts = 0
        """How many requests went out through this view; one that joined another's call made none."""

    def acting_for(self, auth: BlaxelAuth | None = None) -> "BlaxelClient":
        """A view with its own count of attempts, and its own identity if one is given; everything else is shared."""
        view = copy(self)
        view._auth, view.attempts = auth or self._auth, 0  # noqa: SLF001 - it is one of us
        return view

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

    async def sleep(self, seconds: float) -> None:
        """Pause between two calls.

        Raises:
            StoppingError: at once, when the process is told to end.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._upstream.stopping.wait()
        except TimeoutError:
            return
        raise StoppingError

    def give_up(self) -> None:
        """Answer everybody who waits with a `StoppingError`, and whoever comes from now on."""
        self._upstream.stopping.set()
        for flight in [*self._upstream.flights.values()]:
            flight.settle(StoppingError())
            flight.task.cancel()

    async def aclose(self) -> None:
        """Give up what is in flight and close the pool."""
        tasks = [flight.task for flight in self._upstream.flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._upstream.pool is not None:
            await self._upstream.pool.aclose()

    async def send(self, call: Call[T], *, seconds: float) -> T:
        """Send it, or join an identical GET that is under way; answers or fails within `seconds`.

        Raises:
            BlaxelMcpError: any of them.
        """
        if self._upstream.stopping.is_set():
            raise StoppingError
        try:
            async with asyncio.timeout(seconds):
                return await self._share(call, seconds)
        except TimeoutError:
            raise ConnectionFailedError(*network_errors.TOTAL_TIMEOUT, transient=True) from None

    async def _share(self, call: Call[T], seconds: float) -> T:
        flights = self._upstream.flights
        # What is not idempotent shares nothing: its key equals no other.
        key: Hashable = (self._auth.identity, call.segments, call.query) if call.idempotent else object()
        end = asyncio.get_running_loop().time() + seconds
        flight = flights.get(key)
        if flight is None:
            flight = flights[key] = _Flight(end, asyncio.get_running_loop().create_future())
            flight.task = asyncio.create_task(self._persist(call, flight) if call.idempotent else self._attempt(call))
            flight.task.add_done_callback(lambda task: _land(flights, key, task))
        flight.end = max(flight.end, end)
        flight.waiting += 1
        try:
            # Shielded: a caller that goes away must not take the others' answer along.
            answer: T = await asyncio.shield(flight.landed)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                flights.pop(key, None)
                flight.task.cancel()
        return answer

    async def _persist(self, call: Call[T], flight: _Flight) -> T:
        """Attempts until one succeeds or `retry` gives up."""
        clock = asyncio.get_running_loop().time
        first_wait = self._upstream.first_wait
        async for attempt in stamina.retry_context(
            on=lambda error: retry.backoff(error, flight.end - clock()),
            attempts=retry.ATTEMPTS,
            timeout=None,  # `backoff` knows what is left
            wait_initial=first_wait,
            wait_max=retry.LONGEST_WAIT,
            wait_jitter=first_wait,
        ):
            with attempt:
                try:
                    return await self._attempt(call)
                except BlaxelMcpError as error:
                    logger.info("Attempt %d at GET %s failed. %s", attempt.num, call.path, error.message)
                    raise
        raise AssertionError("stamina yields until an attempt returns or raises")  # pragma: no cover

    async def _attempt(self, call: Call[T]) -> T:
        # A lane is one caller's for one operation, and is forgotten with the last who is in it.
        lane = self._upstream.lanes.setdefault((self._auth.identity, call.operation), asyncio.Semaphore(LANE))
        # The lane first: whoever waits in it must not hold a slot meanwhile.
        async with lane, self._upstream.slots:
            began, status, sent = perf_counter(), None, True
            with _tracer.start_as_current_span(
                call.operation,
                kind=SpanKind.CLIENT,
                attributes={"http.request.method": call.method},
                record_exception=False,  # ours say what an operator needs, httpx's may hold addresses
                set_status_on_exception=False,
            ) as span:
                try:
                    status, headers, body = await self._exchange(call)
                    span.set_attribute("http.response.status_code", status)
                    return call.parse(wire.decode(status, headers, body, accepts=call.accepts, now=datetime.now(UTC)))
                except BlaxelMcpError as error:
                    sent = not isinstance(error, CredentialsError) and not getattr(error, "unsent", False)
                    span.set_attribute("error.type", type(error).__name__)
                    span.set_status(Status(StatusCode.ERROR))
                    raise (self._auth.explain(error) if isinstance(error, ApiError) else error) from None
                finally:
                    self.attempts += sent
                    if sent and self._upstream.observe is not None:
                        self._upstream.observe(call.operation, status, perf_counter() - began)

    async def _exchange(self, call: Call[Any]) -> tuple[int, dict[str, str], bytes]:
        """One request and its whole answer: status, headers by lower-case name, body."""
        pool = self._open()
        try:
            async with asyncio.timeout(self._upstream.timeout):
                url = self._upstream.api_url + call.path
                request = pool.build_request(call.method, url, params=call.query, json=call.body)
                response = await pool.send(request, auth=self._auth, stream=True)
                async with aclosing(response):
                    body = await _read(response)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError, TimeoutError) as error:
            raise network_errors.translate(error) from None
        return response.status_code, {name.lower(): value for name, value in response.headers.items()}, body

    def _open(self) -> httpx.AsyncClient:
        upstream = self._upstream
        if upstream.pool is not None:
            return upstream.pool
        # httpcore's debug lines show headers; httpx's show each URL; stamina's warnings do not say what went wrong.
        for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("stamina", logging.ERROR)):
            logging.getLogger(name).setLevel(level)
        secure = upstream.api_url.startswith("https:")
        try:
            certificates = upstream.certificates.context() if secure else None
        except OSError:  # an SSLError is one too
            raise ConnectionFailedError(*network_errors.NO_CERTIFICATES) from None
        try:
            upstream.pool = httpx.AsyncClient(
                headers=upstream.headers,
                timeout=None,  # noqa: S113 - the attempt as a whole is bounded
                verify=certificates or False,  # plain HTTP is for loopback only, see settings.py
                trust_env=secure,  # HTTPS_PROXY and the like; no proxy can reach this machine's own loopback
                follow_redirects=False,
                # None is kept: one caller's must not go out with another's calls.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx.Limits(max_connections=CONCURRENCY),
            )
        except (ImportError, ValueError, httpx.InvalidURL):  # a SOCKS proxy, or none that is known
            raise ConnectionFailedError(*network_errors.BAD_PROXY) from None
        return upstream.pool


@dataclass(frozen=True, slots=True)
class Session:
    """A client with a deadline, in seconds of the loop's clock."""

    client: BlaxelClient
    deadline: float

    async def send(self, call: Call[T], *, at_most: float = retry.TOTAL_SECONDS) -> T:
        """Send a call within what is left, or `at_most` so many seconds of it."""
        left = self.deadline - asyncio.get_running_loop().time()
        return await self.client.send(call, seconds=min(left, at_most))


def _land(flights: dict[Hashable, _Flight], key: Hashable, task: "asyncio.Task[Any]") -> None:
    """Tell what became of a call; nobody joins it any more."""
    error = None if task.cancelled() else task.exception()
    flight = flights.get(key)
    if flight is None or flight.task is not task:
        return  # the last caller has left, and the task with it
    del flights[key]
    if task.cancelled():
        flight.landed.cancel()
    else:
        flight.settle(error, None if error else task.result())


async def _read(response: httpx.Response) -> bytes:
    """The decoded body, counted as it comes: an announced length may be absent, or that of the packed form."""
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > BODY_BYTES:
            raise wire.too_large(BODY_BYTES)
        chunks.append(chunk)
    return b"".join(chunks)
