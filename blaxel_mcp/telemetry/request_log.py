"""A line of JSON for each request, on standard error."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from blaxel_mcp.telemetry import RequestRecord

_logger = logging.getLogger("blaxel_mcp.requests")


class RequestLog:
    """Observer that writes a line of JSON through `logging`, which copes with a standard error that nobody reads.

    Args:
        clock: Returns the present, in UTC.
        write: Takes one line; tests replace it.
    """

    def __init__(self, clock: Callable[[], datetime], write: Callable[[str], None] = _logger.info) -> None:
        self._clock = clock
        self._write = write

    def handled(self, request: RequestRecord) -> None:
        """Write what an MCP request asked for, how it ended and what it cost."""
        self._line(
            method=request.method,
            target=request.target or None,
            **request.ids,
            status=request.outcome,
            durationMs=round(request.seconds * 1000, 1),
            upstreamCalls=request.upstream_calls,
            bytes=request.bytes,
        )

    def rejected(self, route: str, status: int) -> None:
        """Write which path an HTTP request asked for and the status that rejected it."""
        self._line(route=route, status=status)

    def upstream_attempt(self, operation: str, status: int | None, seconds: float) -> None:
        """Write nothing: the line of the request that made the attempt counts it."""

    def _line(self, **facts: Any) -> None:
        time = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {key: value for key, value in facts.items() if value is not None}
        self._write(json.dumps({"time": time, **said}, separators=(",", ":")))


def configure() -> None:
    """Install a log handler that writes the lines as they are, without a level or a name in front."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
