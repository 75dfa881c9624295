"""Serving one client over standard input and output, and shutting down.

The front answers the first requests before the SDK is there (`front`). Then the SDK's `stdio_server` reads and writes
the messages, over pipes of our own where there are pipes (`pipes`); its server serves them, once or twice (`probes`).
The SDK's `run` installs no signal handlers over stdio: with a call in flight it would not end at all (python-sdk issues
1272, 3551).
"""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCResponse

from blaxel_mcp.server import Server
from blaxel_mcp.transports.front import Front
from blaxel_mcp.transports.probes import serve_connections
from blaxel_mcp.transports.signals import on_signals
from blaxel_mcp.transports.stale import drop_stale_probes

logger = logging.getLogger(__name__)

_CANCEL_SECONDS = 0.3
"""For cancelled calls to clean up."""
_LAST_ANSWERS_SECONDS = 1.0
"""For the client to read what is left of the answers, once it has closed our standard input."""
_PARENT_SECONDS = 2.0
"""Between two checks that the client's process is still there."""


async def serve_stdio(server: Server, front: Front | None) -> int:
    """Serve until standard input ends, a signal comes or the parent process has gone; return the exit code.

    Args:
        server: what answers.
        front: has the pipes and has answered the first requests; without one, the SDK opens standard input and output.
    """
    loop = asyncio.get_running_loop()
    told_to_end: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not told_to_end.done():
            told_to_end.set_result(code)

    on_signals(lambda number: end(128 + number))
    if sys.stdin.isatty():
        sys.stderr.write("blaxel-mcp waits for an MCP client on standard input; to see it at work: blaxel-mcp demo\n")
    serving = asyncio.create_task(_serve(server, front, lambda: loop.call_later(_LAST_ANSWERS_SECONDS, end, 0)))
    orphaned = asyncio.create_task(_until_orphaned(front.parent if front else os.getppid()))
    reasons: set[asyncio.Future[Any]] = {serving, orphaned, told_to_end}
    done, _ = await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    orphaned.cancel()
    if serving in done:
        _raise_unless_client_gone(serving)
    else:
        serving.cancel()
        # Whatever it raises now: where messages were on their way, the SDK finds its own streams closed.
        await asyncio.wait({asyncio.gather(serving, return_exceptions=True)}, timeout=_CANCEL_SECONDS)
    return told_to_end.result() if told_to_end.done() else 0


def _raise_unless_client_gone(serving: asyncio.Task[None]) -> None:
    """Raise what ended the serving, unless the client closed a pipe in the middle of an answer, or what followed it."""
    try:
        serving.result()
    except BaseExceptionGroup as errors:
        if errors.subgroup(ConnectionError) is None:
            raise


async def _serve(server: Server, front: Front | None, end_of_input: Callable[[], object]) -> None:
    """Serve until standard input ends, and tell when it does, because the last answers are written after that."""
    # Declared as files of anyio; used is no more than these two have. Without them, the SDK opens its own.
    stdin: Any = _lines(front, end_of_input) if front else None
    stdout: Any = front.writer if front else None
    async with stdio_server(stdin, stdout) as (messages, answers), messages, answers:

        async def send(item: SessionMessage) -> None:
            if not (front and front.answered and _is_answered(item.message, front.answered)):
                await answers.send(item)

        await serve_connections(server, messages, send)


def _is_answered(message: JSONRPCMessage, answered: dict[int | str, str]) -> bool:
    """Whether the front has answered before the SDK did; warn if it did with other words."""
    number = message.id if isinstance(message, JSONRPCResponse | JSONRPCError) else None
    sent = answered.pop(number, None) if number is not None else None
    if sent is None:
        return False
    if sent != (text := message.model_dump_json(by_alias=True, exclude_unset=True)):
        logger.warning("The client was told at the opening what the SDK says otherwise: %.200s", text)
    return True


async def _lines(front: Front, end_of_input: Callable[[], object]) -> AsyncIterator[str]:
    """The lines that a client sends; bytes that are not UTF-8 are replaced, as the SDK does."""
    lines: list[bytes] | None = front.lines
    while lines is not None:
        for line in drop_stale_probes(lines):
            yield line.decode(errors="replace")
        lines = await front.reader.read_lines()
    end_of_input()


async def _until_orphaned(parent: int) -> None:
    """Wait until the parent process has gone: another of its children may still hold our standard input open."""
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(_PARENT_SECONDS)
