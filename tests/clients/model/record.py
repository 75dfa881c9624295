"""What a scripted model was sent: the proof of what a client shows its model."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from clients.model.script import Decision, Request, Tool, compact, find, found, told


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to the model, what it did, and when, by a clock that all processes of the machine share."""

    api: str
    request: Request
    decision: Decision
    at: float = field(default_factory=monotonic, compare=False)


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as the model was offered it: its whole name, and the bytes of its description and its schema."""

    name: str
    description: int
    schema: int


class Record:
    """All that was asked of one model, in the order of the requests; used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._unknown: list[str] = []

    def add(self, exchange: Exchange) -> None:
        """Keep a request to the model."""
        with self._lock:
            self._exchanges.append(exchange)

    def add_unknown(self, line: str) -> None:
        """Keep a request that the server does not know, as "METHOD path"."""
        with self._lock:
            self._unknown.append(line)

    @property
    def exchanges(self) -> list[Exchange]:
        """What the model was asked so far."""
        with self._lock:
            return list(self._exchanges)

    @property
    def unknown(self) -> list[str]:
        """What else was asked of its server, each once."""
        with self._lock:
            return list(dict.fromkeys(self._unknown))

    def results(self) -> list[str]:
        """The exact text that the model was sent for each call of the script, from the longest conversation."""
        conversations = [told(one.request) for one in self.exchanges]
        return [result.text for result in max(conversations, key=len, default=())]

    def offered(self, names: Sequence[str]) -> list[Offered]:
        """Those of our tools, by their own names, that the model was offered or found, as it saw them first."""
        first: dict[str, Tool] = {}
        for exchange in self.exchanges:
            for name in names:
                tool = find([*exchange.request.tools, *found(exchange.request)], name)
                if tool is not None:
                    first.setdefault(name, tool)
        return [measured(tool) for tool in first.values()]


def measured(tool: Tool) -> Offered:
    """A tool's size in UTF-8, its schema as compact JSON."""
    name = f"{tool.namespace}__{tool.name}" if tool.namespace else tool.name
    return Offered(name, len(tool.description.encode()), len(compact(tool.schema).encode()))
