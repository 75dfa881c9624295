"""Makes the attempts at one call: within the limits on calls at once and on time, signed, traced, counted, decoded."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary, finalize

from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Status, StatusCode, get_current_span, get_tracer

from blaxel_mcp import __version__
from blaxel_mcp.api import retry, wire
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.call import Call
from blaxel_mcp.api.wire import Request, Response
from blaxel_mcp.errors import BlaxelMcpError, CredentialsError
from blaxel_mcp.imports import import_blocked

if TYPE_CHECKING:
    from blaxel_mcp.api.client import Session
    from blaxel_mcp.api.pool import ConnectionPool

T = TypeVar("T")
Observe = Callable[[str, int | None, float], None]
"""Told of each attempt: the operation, the status (`None` without an answer), and the seconds it took."""

logger = logging.getLogger(__name__)
_tracer = get_tracer("blaxel-mcp", __version__)

CONCURRENCY = 8
"""Calls under way at once. More do not go faster, and they would be less polite."""
PER_CALLER = 6
"""How many of them may be one caller's calls of one operation, so that slow or many ones leave room for others."""
_FREED_AT_ONCE = 1_000


@dataclass(slots=True)
class Flight:
    """One call that is under way for all its waiters (single flight).

    Attributes:
        end: when the most patient waiter stops waiting, in seconds of the loop's clock.
        waiting: how many waiters there are.
        sent: whether the latest request was the call itself, not the token request that comes before it.
        task: sends the call.
    """

    end: float
    waiting: int = 0
    sent: bool = False
    task: "asyncio.Task[Any]" = field(init=False)


class Attempts:
    """Sends requests over one connection pool, and decodes large answers in one thread.

    Args:
        api_url: base URL including `/v0`, without a slash at the end.
        api_version: the `Blaxel-Version` header.
        timeout: seconds for one attempt, from connecting to the last byte.
        certificates: makes the TLS context with the certificate authorities to trust.
        first_wait: seconds before the second attempt; tests shorten it.
        observe: told of each attempt, for metrics.
    """

    def __init__(
        self,
        *,
        api_url: str,
        api_version: str,
        timeout: float,
        certificates: Callable[[], ssl.SSLContext],
        first_wait: float,
        observe: Observe | None,
    ) -> None:
        self._api_url = api_url
        self._api_version = api_version
        self._certificates = certificates
        self._timeout = timeout
        self._first_wait = first_wait
        self._observe = observe
        self._slots = asyncio.Semaphore(CONCURRENCY)
        # By caller and operation; each is forgotten with the last call that uses it.
        self._caller_slots: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = WeakValueDictionary()

    @cached_property
    def _pool(self) -> "ConnectionPool":
        """The connections; httpx is imported with them, at the first call."""
        with import_blocked("httpx._main"):  # its command line, which imports click, pygments and rich
            from blaxel_mcp.api.pool import ConnectionPool  # noqa: PLC0415 - start-up does not need it

        user_agent = f"blaxel-mcp/{__version__}"
        return ConnectionPool(
            self._api_url,
            headers={"Accept": "application/json", "Blaxel-Version": self._api_version, "User-Agent": user_agent},
            connections=CONCURRENCY,
            certificates=self._certificates,
        )

    @cached_property
    def _worker(self) -> ThreadPoolExecutor:
        """One thread: two large answers at a time would take twice the memory and be no faster (GIL)."""
        return ThreadPoolExecutor(1, "large-answers")

    async def in_worker(self, work: Callable[[], T]) -> T:
        """Run what would hold the event loop for long in the worker thread, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, copy_context().run, work)

    async def aclose(self) -> None:
        """Close the connections, and let the thread end; needs every attempt to be over."""
        if "_pool" in self.__dict__:
            await self._pool.aclose()
        if "_worker" in self.__dict__:
            self._worker.shutdown(wait=False, cancel_futures=True)

    async def send_retrying(self, call: Call[T], session: "Session", flight: Flight) -> T:
        """Send until an attempt succeeds or `retry` gives up."""
        try:
            return await self.send_once(call, session, flight)
        except BlaxelMcpError as error:
            return await self._send_again(call, session, flight, error)

    async def _send_again(self, call: Call[T], session: "Session", flight: Flight, failure: BlaxelMcpError) -> T:
        """Send after a first attempt that failed, as often and after as long as `retry` says."""
        import stamina  # noqa: PLC0415 - most processes never see a failed attempt

        # Its warnings do not say what went wrong; the line below does.
        logging.getLogger("stamina").setLevel(logging.ERROR)
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
                    if attempt.num == 1:  # the one that was made before stamina was needed
                        raise failure
                    return await self.send_once(call, session, flight)
                except BlaxelMcpError as error:
                    logger.info("Attempt %d at GET %s failed. %s", attempt.num, call.path, error.message)
                    raise
        raise AssertionError("stamina yields until an attempt returns or raises")  # pragma: no cover

    async def send_once(self, call: Call[T], session: "Session", flight: Flight) -> T:
        """Make one attempt: within the limits, traced, counted."""
        caller_slots = self._caller_slots.setdefault((session.identity, call.operation), asyncio.Semaphore(PER_CALLER))
        # The caller's own limit first: whoever waits for it must not hold a slot meanwhile.
        async with caller_slots, self._slots:
            began, status, counted = perf_counter(), None, True
            with _span(call) as span:
                try:
                    response = await self._send_signed(call, session.auth, flight)
                    status = response.status
                    span.set_attribute("http.response.status_code", status)
                    if wire.is_large(response):
                        loop = asyncio.get_running_loop()
                        return await self.in_worker(lambda: self._read_large(call, response, loop))
                    return read_answer(call, response)
                except BlaxelMcpError as error:
                    counted = not isinstance(error, CredentialsError) and not error.unsent
                    span.set_attribute("error.type", type(error).__name__)
                    span.set_status(Status(StatusCode.ERROR))
                    session.auth.explain(error)
                    error.unsent = error.unsent or not flight.sent
                    raise
                finally:
                    session.attempts += counted
                    if counted and self._observe is not None:
                        self._observe(call.operation, status, perf_counter() - began)

    async def _send_signed(self, call: Call[Any], auth: BlaxelAuth, flight: Flight) -> Response:
        """Send a call as this caller, within the time of one attempt, which includes renewing the token."""
        url = self._api_url + call.path
        request = Request(call.method, url, query=call.query, body=call.body, most_bytes=call.most_bytes)

        async def round_trip(request: Request) -> Response:
            # False again when a 401, which means that nothing was done, is followed by a token request.
            flight.sent = request.url == url
            return await self._pool.round_trip(request)

        try:
            async with asyncio.timeout(self._timeout):  # of the whole attempt, because httpx limits only single reads
                return await auth.send(request, round_trip)
        except TimeoutError as error:
            from blaxel_mcp.api import network_errors  # noqa: PLC0415 - it imports httpx

            raise network_errors.translate(error) from None

    def _read_large(self, call: Call[T], response: Response, loop: asyncio.AbstractEventLoop) -> T:
        """What a large answer means; when it is dropped, its parts are freed in the worker thread, one by one.

        To free a hundred thousand tasks at once takes 60 ms, and would hold the event loop in any thread (GIL).
        """
        answer = read_answer(call, response)
        if call.owned is not None:
            owner, items = call.owned(answer)
            parts = [items[start : start + _FREED_AT_ONCE] for start in range(0, len(items), _FREED_AT_ONCE)]
            finalize(owner, self._free, parts, loop).atexit = False
        return answer

    def _free(self, parts: list[Sequence[Any]], loop: asyncio.AbstractEventLoop) -> None:
        def free() -> None:
            while parts:
                parts.pop()

        with suppress(RuntimeError):  # loop and worker end with the process
            # Not before the owner is gone, which still holds the list: else the last to let go would be the loop.
            loop.call_soon_threadsafe(self._worker.submit, free)


def _span(call: Call[Any]) -> AbstractContextManager[Span]:
    """A span for one attempt, under the SDK's span of the MCP request; nothing is recorded where that is not."""
    if not get_current_span().is_recording():
        return nullcontext(INVALID_SPAN)
    return _tracer.start_as_current_span(
        call.operation,
        kind=SpanKind.CLIENT,
        attributes={"http.request.method": call.method},
        record_exception=False,  # ours say what an operator needs, httpx's may hold addresses
        set_status_on_exception=False,
    )


def read_answer(call: Call[T], response: Response) -> T:
    """What a good answer to a call means.

    Raises:
        BlaxelMcpError: it is an error, or not what the operation answers.
    """
    value = wire.decode(response, accepts=call.accepts, most_bytes=call.most_bytes, now=datetime.now(UTC))
    return call.parse(value, len(response.body or b"")) if call.sized else call.parse(value)
