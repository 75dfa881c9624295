"""Serving one client over standard input and output, and shutting down.

The front answers the first requests before the SDK is there (`front`). Then the SDK's server serves the messages of
`messages`, over the bytes of `pipes`, once or twice (`probes`). It ends when `client_watch` says that the client has
gone. The SDK's `run` installs no signal handlers over stdio: with a call in flight it would not end at all (python-sdk
issues 1272, 3551).
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from blaxel_mcp.server import Server
from blaxel_mcp.transports.client_watch import ClientWatch
from blaxel_mcp.transports.front import Front
from blaxel_mcp.transports.messages import read_message, write_message
from blaxel_mcp.transports.pipes import PipeReader, PipeWriter, standard_files
from blaxel_mcp.transports.probes import serve_connections
from blaxel_mcp.transports.signals import on_signals
from blaxel_mcp.transports.stale import HANDSHAKE, drop_stale_probes

logger = logging.getLogger(__name__)

_CANCEL_SECONDS = 0.3
"""For cancelled calls to clean up."""
_LAST_ANSWERS_SECONDS = 1.0
"""For what is under way to be answered, once the client has closed our standard input."""
_LAST_READS_SECONDS = 0.5
"""For the client to read what is left of the answers after that."""


async def serve_stdio(server: Server, front: Front | None) -> int:
    """Serve until standard input ends, a signal comes or the client has gone; return the exit code.

    Args:
        server: what answers.
        front: has the pipes and has answered the first requests; without one, standard input and output are files.
    """
    if front:
        return await _Conversation(front.reader, front.writer, front, front.watch).serve(server)
    with standard_files() as (reader, writer):
        return await _Conversation(reader, writer, None, None).serve(server)


class _Conversation:
    """One client's conversation over standard input and output."""

    def __init__(self, reader: PipeReader, writer: PipeWriter, front: Front | None, watch: ClientWatch | None) -> None:
        self._reader = reader
        self._writer = writer
        self._front = front
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._told_to_end: asyncio.Future[int] = self._loop.create_future()
        self._owed: set[int | str] = set()  # ids of requests that have no answer yet
        self._answered = asyncio.Event()

    async def serve(self, server: Server) -> int:
        """Serve until the end; return the exit code."""
        on_signals(lambda number: self._end(128 + number, number.name))
        if os.isatty(self._reader.fd):
            sys.stderr.write(
                "blaxel-mcp waits for an MCP client on standard input; to see it at work: blaxel-mcp demo\n"
            )
        serving = asyncio.create_task(self._serve(server))
        watching = asyncio.create_task(self._end_without_client())
        reasons: set[asyncio.Future[Any]] = {serving, self._told_to_end}
        done, _ = await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        if serving in done:
            serving.result()
        else:
            serving.cancel()
            # Whatever it raises now: where messages were on their way, the SDK finds its own streams closed.
            await asyncio.wait({asyncio.gather(serving, return_exceptions=True)}, timeout=_CANCEL_SECONDS)
        return self._told_to_end.result() if self._told_to_end.done() else 0

    async def _serve(self, server: Server) -> None:
        await serve_connections(server, self._messages(), self._send)
        await self._writer.finish()

    async def _end_without_client(self) -> None:
        if self._watch:
            await self._watch.until_gone()
            self._end(0, "the client has gone")

    def _end(self, code: int, why: str) -> None:
        if not self._told_to_end.done():
            logger.info("Ending: %s.", why)
            self._told_to_end.set_result(code)

    async def _messages(self) -> AsyncIterator[SessionMessage]:
        """What the client sends; what is no message is answered here."""
        async for line in self._lines():
            message = read_message(line)
            if isinstance(message, list):
                for answer in message:
                    with contextlib.suppress(ConnectionError):
                        await self._writer.write(answer + "\n")
                continue
            if isinstance(message, JSONRPCRequest):
                self._owed.add(message.id)
                if self._watch and message.method == HANDSHAKE:
                    self._watch.may_ping = True
            elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
                self._settle((message.params or {}).get("requestId"))
            yield SessionMessage(message)
        # The SDK ends what is under way as soon as there are no more messages.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
                while self._owed:
                    self._answered.clear()
                    await self._answered.wait()

    def _settle(self, number: object) -> None:
        """Note that a request needs no answer any more."""
        if isinstance(number, int | str):
            self._owed.discard(number)
            self._answered.set()

    async def _lines(self) -> AsyncIterator[bytes]:
        """The lines that a client sends; tells when they end, because the last answers are written after that."""
        lines: list[bytes] | None = self._front.lines if self._front else []
        while lines is not None:
            for line in drop_stale_probes(lines):
                yield line
            lines = await self._reader.read_lines()
        logger.info("Ending: the client has closed standard input.")
        self._loop.call_later(
            _LAST_ANSWERS_SECONDS + _LAST_READS_SECONDS, self._end, 0, "the last answers took too long"
        )

    async def _send(self, item: SessionMessage) -> None:
        """Send to the client what it hasn't been told yet."""
        message = item.message
        try:
            if not (self._front and self._front.answered and _is_answered(message, self._front.answered)):
                await self._writer.write(write_message(message) + "\n")
        except ConnectionError:
            self._end(0, "nobody reads standard output any more")
            raise anyio.BrokenResourceError from None  # which the SDK expects
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._settle(message.id)


def _is_answered(message: JSONRPCMessage, answered: dict[int | str, str]) -> bool:
    """Whether the front has answered before the SDK did; warn if it did with other words."""
    number = message.id if isinstance(message, JSONRPCResponse | JSONRPCError) else None
    sent = answered.pop(number, None) if number is not None else None
    if sent is None:
        return False
    if sent != (text := write_message(message)):
        logger.warning("The client was told at the opening what the SDK says otherwise: %.200s", text)
    return True
