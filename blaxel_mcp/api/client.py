"""Sends calls: all sessions of a process share one `Upstream`, and each MCP request has a `Session` of its own."""

import asyncio
import ssl
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

from blaxel_mcp.api import retry
from blaxel_mcp.api.attempts import Attempts, Flight, Observe
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.call import Call
from blaxel_mcp.api.certificates import load_certificates
from blaxel_mcp.errors import ConnectionFailedError, StoppingError

T = TypeVar("T")


class Upstream:
    """The Blaxel API as the whole process shares it: one connection pool, the limits, the calls under way.

    At most `CONCURRENCY` calls are under way at once, by a fair semaphore in front of the pool (the pool's own queue is
    not fair), and at most `PER_CALLER` of them are the same caller's calls of the same operation. Identical GETs of one
    identity share one flight. Connections are opened on the first call; whoever made the `Upstream` closes it.

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
        certificates: Callable[[], ssl.SSLContext] = load_certificates,
        first_wait: float = retry.FIRST_WAIT,
        observe: Observe | None = None,
    ) -> None:
        self._attempts = Attempts(
            api_url=api_url,
            api_version=api_version,
            timeout=timeout,
            certificates=certificates,
            first_wait=first_wait,
            observe=observe,
        )
        self._flights: dict[Hashable, Flight] = {}
        self._stopping = asyncio.Event()

    async def in_worker(self, work: Callable[[], T]) -> T:
        """Run what would hold the event loop for long in the worker thread, one after the other."""
        return await self._attempts.in_worker(work)

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
        for flight in self._flights.values():
            flight.task.cancel()

    async def aclose(self) -> None:
        """Cancel the calls under way and close the pool."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._attempts.aclose()

    async def send(self, call: Call[T], session: "Session", *, seconds: float) -> T:
        """Send a call for a session, or join an identical GET that is under way; a write gets a flight of its own.

        Raises:
            BlaxelMcpError: any of them; after `seconds` at the latest.
        """
        if self._stopping.is_set():
            raise StoppingError(unsent=True)
        shared = (session.identity, call.segments, call.query, call.retried)
        key: Hashable = shared if call.idempotent else object()
        end = asyncio.get_running_loop().time() + seconds
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = Flight(end)
            attempts = self._attempts
            send = attempts.send_retrying if call.idempotent and call.retried else attempts.send_once
            flight.task = asyncio.create_task(send(call, session, flight))
            flight.task.add_done_callback(lambda _: self._forget(key, flight))
        flight.end = max(flight.end, end)
        flight.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                # Shielded: a waiter that is cancelled must not take the others' answer along.
                answer: T = await asyncio.shield(flight.task)
        except TimeoutError:
            message = "Blaxel did not answer within the time limit of one request."
            unsent = not flight.sent
            raise ConnectionFailedError(message, "Ask again later.", transient=True, unsent=unsent) from None
        except asyncio.CancelledError:
            if flight.task.cancelled() and self._stopping.is_set():
                raise StoppingError(unsent=not flight.sent) from None
            raise
        finally:
            flight.waiting -= 1
            if flight.waiting == 0:
                self._forget(key, flight)
                flight.task.cancel()
        return answer

    def _forget(self, key: Hashable, flight: Flight) -> None:
        """Make sure that nobody joins a flight that is over, or that its last waiter has left."""
        if self._flights.get(key) is flight:
            del self._flights[key]


@dataclass(slots=True)
class Session:
    """One MCP request's access to the Blaxel API, with its credential, its time limit and its count of attempts.

    Attributes:
        upstream: sends the calls.
        auth: signs them, and tells identities apart.
        budget: seconds that all calls may take together, counted from the first one, so that a question to the person
            before it takes no time from them. A handler may set another budget at any time.
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
        """A digest of credential, workspace and address; sessions with the same one may share answers."""
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
