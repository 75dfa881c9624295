"""A client that gives up on `server/discover` and sends `initialize` on the same pipe: its handshake is served.

Clients of both protocol eras ask `server/discover` first, and take a server that is slow to answer for one of the
older era: Copilot CLI after 0.6 s (copilot-cli issue 4525), the AI SDK after 1 s, the C# SDK after 5 s. The SDK lets
the first request decide the era and refuses `initialize` after a `server/discover` (-32022), so that a slow start would
lock these clients out, and Copilot CLI also after an answer in time (copilot-cli issue 4888).

The rule here: `server/discover` decides nothing. As long as a client has asked nothing else, `initialize` begins a new
connection of the SDK's, and answers that are still owed to the former one are dropped: nobody waits for them, and a
client that counts its requests anew would take one for the answer to `initialize`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from anyio import EndOfStream
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

from blaxel_mcp.server import Server
from blaxel_mcp.transports.stale import HANDSHAKE, PROBE


async def serve_connections(
    server: Server,
    messages: AsyncIterator[SessionMessage | Exception],
    send: Callable[[SessionMessage], Awaitable[None]],
) -> None:
    """Serve a client until its messages end: one connection, or two if it gives up on `server/discover`."""
    lowlevel = server._lowlevel_server  # noqa: SLF001 - MCPServer itself cannot be served over given streams
    first: SessionMessage | None = None
    while True:
        connection = _Connection(messages, send, first)
        await lowlevel.run(connection, connection, lowlevel.create_initialization_options())
        if connection.replaced_by is None:
            return
        first = connection.replaced_by


class _Connection(ObjectReceiveStream[SessionMessage | Exception], ObjectSendStream[SessionMessage]):
    """Both streams of one connection of the SDK's; it ends with the messages, or before the handshake of the next.

    Attributes:
        replaced_by: the `initialize` that begins the next connection.
    """

    replaced_by: SessionMessage | None = None

    def __init__(
        self,
        messages: AsyncIterator[SessionMessage | Exception],
        send: Callable[[SessionMessage], Awaitable[None]],
        first: SessionMessage | None,
    ) -> None:
        self._messages = messages
        self._send = send
        self._first = first
        self._probed = False
        self._decided = False

    async def receive(self) -> SessionMessage | Exception:
        """The client's next message, or what the SDK found wrong with it."""
        if self.replaced_by is not None:
            raise EndOfStream
        if self._first is not None:
            message, self._first = self._first, None
            return message
        try:
            item = await anext(self._messages)
        except StopAsyncIteration:
            raise EndOfStream from None
        if isinstance(item, SessionMessage) and isinstance(item.message, JSONRPCRequest):
            if item.message.method == PROBE:
                self._probed = True
            elif item.message.method == HANDSHAKE and self._probed and not self._decided:
                self.replaced_by = item
                raise EndOfStream
            else:
                self._decided = True
        return item

    async def send(self, item: SessionMessage) -> None:
        """Send to the client what the connection says, as long as it hasn't been replaced."""
        if self.replaced_by is None:
            await self._send(item)

    async def aclose(self) -> None:
        """Nothing to do: the pipes outlive the connection."""
