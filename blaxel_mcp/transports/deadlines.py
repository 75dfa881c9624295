"""Deadlines and a cap on connections that uvicorn lacks: the one file that uses its private members.

Tried with uvicorn 0.54, to which pyproject.toml bounds it; tests/transports/test_uvicorn.py fails once it has them.
"""

from asyncio import Transport

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

STALLED_SECONDS = 10.0  # between two looks at a connection; one that has made no progress from one to the next is cut
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"


class DeadlineProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, but slow headers and readers are cut off, and so are connections beyond `max_connections`."""

    max_connections = 1_000_000
    full_logged_until = 0.0
    _unread = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._look()
        if len(self.connections) > self.max_connections:
            if (now := self.loop.time()) >= self.full_logged_until:  # once a minute
                type(self).full_logged_until = now + 60
                self.logger.warning("All %d connections are taken; new ones are answered 503.", self.max_connections)
            transport.write(_FULL)
            transport.close()

    def _look(self, owed_before: object = None) -> None:
        """Cut off a client that takes nothing of what is written, or owes the rest of the same request's headers."""
        unread = self.transport.get_write_buffer_size()
        idle = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        complete = getattr(self.cycle, "response_complete", None)  # there is no cycle before the first request
        owed = None if complete is False or (complete and idle) else (self.cycle,)
        if (self._unread and unread >= self._unread) or (owed and owed == owed_before):
            self.transport.abort()  # to close would wait for the reader
        self._unread = unread
        self._timer = self.loop.call_later(STALLED_SECONDS, self._look, owed)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread = 0  # it has caught up

    def shutdown(self) -> None:
        super().shutdown()
        if not self.transport.is_closing() and self.scope["method"] == "GET":  # an event stream: it does not end itself
            self.loop.call_later(1.75, self.transport.close)  # by then the last answers are written to it

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._timer.cancel()

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:  # answered before its body turned out not to be HTTP, where uvicorn raises an error
            self.transport.close()
