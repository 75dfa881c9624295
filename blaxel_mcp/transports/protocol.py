"""uvicorn's HTTP protocol with deadlines: how long a client may take to say what it wants, and to take the answer."""

import asyncio
import logging
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from blaxel_mcp.transports.edge import REFUSED

HEADER_SECONDS = 10.0
"""From the beginning of a connection, or of a request on it, to the end of that request's headers."""
STALLED_SECONDS = 20.0
"""In which a client must take some of what is written to it."""
STALLED_BYTES = 32 * 1024
"""How much is some, as long as there is that much."""


REFUSED_SECONDS = 5
"""For the next request on a connection whose last one was turned away: whoever may not come in holds no place."""
FULL_SECONDS = 60.0
"""Between two lines in the log that all connections are taken."""

logger = logging.getLogger(__name__)


class Protocol(H11Protocol):
    """uvicorn's own, which waits for headers and for readers without end, and takes any number of connections."""

    most_connections = 0
    _said_full = float("-inf")
    header_seconds = HEADER_SECONDS
    stalled_seconds = STALLED_SECONDS
    refused_seconds = REFUSED_SECONDS
    _headers_due: asyncio.TimerHandle | None = None
    _reading_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(transport)
        if self.most_connections and len(self.connections) > self.most_connections:
            self._say_full()
            transport.write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n")
            transport.close()
            return
        self._expect_headers()

    def _say_full(self) -> None:
        cls, now = type(self), self.loop.time()
        if now >= cls._said_full + FULL_SECONDS:
            cls._said_full = now
            logger.warning("All %d connections are taken; new ones are answered 503.", self.most_connections)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come: the headers of a request, its body, or part of either."""
        if self._headers_due is None and not self._is_busy():
            self._expect_headers()
        super().data_received(data)
        if self._is_busy():
            self._forget_headers()

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP; where a request was answered before its body ended, nothing more can be said."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client reads more slowly than is written to it, or not at all."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._forget_reading()

    def on_response_complete(self) -> None:
        """All of an answer is written, which is not to say that it was taken."""
        refused = self.scope["state"].get(REFUSED)
        self.timeout_keep_alive = self.refused_seconds if refused else self.config.timeout_keep_alive
        super().on_response_complete()
        self._expect_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client, or we, closed the connection."""
        self._forget_headers()
        self._forget_reading()
        super().connection_lost(exc)

    @property
    def is_streaming(self) -> bool:
        """Whether it is being answered with a stream that a GET has opened."""
        return self._is_busy() and self.scope["method"] == "GET"

    def _is_busy(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # uvicorn's type leaves out that it may be none yet
        return cycle is not None and not cycle.response_complete

    def _expect_headers(self) -> None:
        self._headers_due = self.loop.call_later(self.header_seconds, self.transport.close)

    def _expect_reading(self) -> None:
        if self._reading_due is None and (left := self.transport.get_write_buffer_size()):
            self._reading_due = self.loop.call_later(self.stalled_seconds, self._check_reading, left)

    def _check_reading(self, before: int) -> None:
        self._reading_due = None
        if self.transport.get_write_buffer_size() > max(before - STALLED_BYTES, 0):
            self.transport.abort()  # closing it would wait for the reader
        else:
            self._expect_reading()

    def _forget_headers(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _forget_reading(self) -> None:
        if self._reading_due is not None:
            self._reading_due.cancel()
            self._reading_due = None
