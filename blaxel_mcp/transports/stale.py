"""Drops a `server/discover` that its client has given up on. Imports nothing of the SDK, because the front uses it."""

from collections.abc import Sequence

from pydantic_core import from_json

PROBE, HANDSHAKE = "server/discover", "initialize"


def drop_stale_probes(lines: Sequence[bytes]) -> Sequence[bytes]:
    """Leave out each `server/discover` behind which the client has given up on it, among lines that came together.

    Without this, it would depend on the event loop whether it is answered before its `initialize` is seen.
    """
    if not any(b'"initialize"' in line for line in lines):
        return lines
    kept: list[bytes] = []
    given_up = False
    for line in reversed(lines):
        method = _requested_method(line)
        if method == PROBE and given_up:
            continue
        if method is not None:
            given_up = method == HANDSHAKE
        kept.append(line)
    return kept[::-1]


def _requested_method(line: bytes) -> str | None:
    """The method of the request that a line is; None if it is a notification, an answer, or no message."""
    try:
        message = from_json(line)
    except ValueError:
        return None
    method = message.get("method") if isinstance(message, dict) and "id" in message else None
    return method if isinstance(method, str) else None
