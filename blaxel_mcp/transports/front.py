"""Answers a client's opening requests over stdio while the SDK is being imported, in the SDK's own words.

Importing the SDK is most of start-up. `initialize`, `server/discover` and `tools/list` are answered alike for every
client, but for the protocol version and whether the client declares the extension MCP Apps: the answers are in
`opening.json`, which a test compares with the SDK's. The SDK is given the same requests once it is there; its answers
to them are compared with those that were sent, and dropped.

The front answers the usual openings of both protocol eras. From the first line that is anything else, it answers
nothing more: the SDK does, as if there were no front.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic_core import from_json, to_json

from blaxel_mcp.transports.client_watch import ClientWatch
from blaxel_mcp.transports.pipes import PipeReader, PipeWriter, standard_pipes
from blaxel_mcp.transports.stale import HANDSHAKE, PROBE, drop_stale_probes
from blaxel_mcp.ui import declared_by

T = TypeVar("T")

_INITIALIZED, _LIST, _MODERN_LIST = "notifications/initialized", "tools/list", "tools/list 2026-07-28"
_ORDER = {
    ("", HANDSHAKE),
    (HANDSHAKE, _INITIALIZED),
    (_INITIALIZED, _LIST),
    ("", PROBE),
    (PROBE, HANDSHAKE),  # given up
    (PROBE, _MODERN_LIST),
    ("", _MODERN_LIST),
}
"""What may follow what in the openings that the front answers."""


class Front:
    """The opening of the client's conversation over standard input and output.

    Attributes:
        reader: standard input.
        writer: standard output.
        lines: what the client has sent so far, for the SDK.
        answered: the answers that were sent, by the id of their request.
        watch: knows whether the client is still there, from the beginning.
    """

    def __init__(self, reader: PipeReader, writer: PipeWriter, *, allow_writes: bool) -> None:
        texts = from_json((Path(__file__).parent / "opening.json").read_bytes())
        self.watch = ClientWatch(reader, writer)
        self.reader = reader
        self.writer = writer
        self.lines: list[bytes] = []
        self.answered: dict[int | str, str] = {}
        self._results: dict[str, str] = texts["with writes" if allow_writes else "read-only"]
        self._last: str | None = ""  # what the last line was, None if the front answers no more
        self._apps = False  # whether the client has declared the extension MCP Apps in its handshake

    async def answer_during(self, load: Callable[[], T]) -> T:
        """Answer the client as long as `load` runs in a thread; return what it returns."""
        with ThreadPoolExecutor(1) as threads:
            loading = asyncio.get_running_loop().run_in_executor(threads, load)
            lines: list[bytes] | None = []
            while lines is not None and not loading.done():
                reading = asyncio.create_task(self.reader.read_lines())
                events: set[asyncio.Future[Any]] = {reading, loading}
                await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
                reading.cancel()  # loses nothing: without effect if it has read
                await asyncio.wait((reading,))
                lines = [] if reading.cancelled() else reading.result()
                for line in drop_stale_probes(lines or []):
                    self.lines.append(line)
                    self._answer(line)
            return await loading

    def _answer(self, line: bytes) -> None:
        kind, version, number, apps = _opening(line)
        known = (self._last, kind) in _ORDER
        self._last = kind if known else None
        if not known or kind == _INITIALIZED:
            return
        with_apps = (kind == _LIST and self._apps) or (kind == _MODERN_LIST and apps)
        result = self._results.get(f"{kind} {version}".strip() + (" with apps" if with_apps else ""))
        if result is None:  # another version of the protocol
            self._last = None
            return
        if kind == HANDSHAKE:
            self.lines, self.answered = [line], {}  # a probe before it has been given up
            self._apps = apps
        self.answered[number] = f'{{"jsonrpc":"2.0","id":{to_json(number).decode()},"result":{result}}}'
        self.writer.post(self.answered[number] + "\n")  # without waiting: the client may end its input meanwhile


@contextlib.contextmanager
def front_on_standard_pipes(*, allow_writes: bool) -> Iterator[Front | None]:
    """Make the front of standard input and output, if they are pipes (`standard_pipes`)."""
    with standard_pipes() as pipes:
        yield Front(*pipes, allow_writes=allow_writes) if pipes else None


class _Opening(NamedTuple):
    """Which of the opening messages a line is, and what its answer depends on; all blank for any other line."""

    kind: str = ""
    version: str = ""
    number: int | str = ""
    apps: bool = False


def _opening(line: bytes) -> _Opening:
    try:
        message = from_json(line)
    except ValueError:
        return _Opening()
    match message:
        case {"jsonrpc": "2.0", "method": "notifications/initialized"} if "id" not in message:
            return _Opening(_INITIALIZED)
        case {"jsonrpc": "2.0", "id": (int() | str()) as number} if not isinstance(number, bool):
            return _request(message)._replace(number=number)
    return _Opening()


def _request(message: dict[str, Any]) -> _Opening:
    match message:
        case {
            "method": "initialize",
            "params": {
                "protocolVersion": str() as version,
                "capabilities": dict() as capabilities,
                "clientInfo": {"name": str(), "version": str()},
            },
        }:
            return _Opening(HANDSHAKE, version, apps=declared_by(capabilities))
        case {
            "method": "server/discover" | "tools/list" as method,
            "params": {
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientInfo": {"name": str(), "version": str()},
                    "io.modelcontextprotocol/clientCapabilities": dict() as capabilities,
                },
                **others,
            },
        } if not others:
            return _Opening(PROBE if method == PROBE else _MODERN_LIST, apps=declared_by(capabilities))
        case {"method": "tools/list"} if _asks_nothing(message.get("params", {})):
            return _Opening(_LIST)
    return _Opening()


def _asks_nothing(params: Any) -> bool:
    """Whether parameters are blank, or only name progress, of which a list reports none: Codex sends that with each."""
    match params:
        case {"_meta": {"progressToken": int() | str(), **meta}, **others}:
            return not meta and not others
    return bool(params == {})
