"""Serving one client over standard input and output, and shutting down.

The SDK's own `run` installs no signal handlers over stdio: with a call in flight it would not end at all
(python-sdk issues 1272, 3551).
"""

import asyncio
import os
import sys
from signal import Signals
from typing import Any

from blaxel_mcp.server import Server
from blaxel_mcp.transports.signals import on_signals

_CANCEL_SECONDS = 0.3
"""For cancelled calls to clean up."""
_PARENT_SECONDS = 2.0
"""Between two checks that the client's process is still there."""


async def serve_stdio(server: Server) -> int:
    """Serve until standard input ends, a signal comes or the parent process has gone; return the exit code."""
    told_to_end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: Signals) -> None:
        if not told_to_end.done():
            told_to_end.set_result(128 + number)

    on_signals(end)
    if sys.stdin.isatty():
        sys.stderr.write("blaxel-mcp waits for an MCP client on standard input; to see it at work: blaxel-mcp demo\n")
    serving = asyncio.create_task(server.run_stdio_async())
    orphaned = asyncio.create_task(_until_orphaned())
    reasons: set[asyncio.Future[Any]] = {serving, orphaned, told_to_end}
    await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    orphaned.cancel()
    serving.cancel()
    await asyncio.wait({serving}, timeout=_CANCEL_SECONDS)
    if serving.done() and not serving.cancelled():
        try:
            serving.result()
        except* BrokenPipeError:
            pass  # the client went away in the middle of an answer
    return told_to_end.result() if told_to_end.done() else 0


async def _until_orphaned() -> None:
    """Wait until the parent process has gone: another of its children may still hold our standard input open."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(_PARENT_SECONDS)
