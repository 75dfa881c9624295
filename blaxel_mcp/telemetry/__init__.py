"""What an operator can watch: a line for each request, metrics, traces. Never a payload, never a credential.

The server and the API client tell an `Observer` what happened; what becomes of it is decided here, and nothing is when
nobody asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One MCP request that was answered, or given up.

    Attributes:
        method: the protocol's word, such as `tools/call`.
        target: the tool, prompt or resource it was for; empty if none.
        ids: `jobId` and `executionId`, cleaned, as far as they were given.
        outcome: `ok`; `error` (a tool's answer that says what failed); `refused` (a protocol error); `cancelled`;
            `crashed`.
        seconds: from the request to the answer.
        upstream_calls: requests to Blaxel that it made; those that it only joined are not among them.
        bytes: of the result as JSON.
    """

    method: str
    target: str
    ids: dict[str, str]
    outcome: str
    seconds: float
    upstream_calls: int
    bytes: int


ANSWERED = "blaxel_mcp.answered"
"""A key of an HTTP request's state: whether a `RequestRecord` tells of it."""


class Observer(Protocol):
    """Is told what happened. Must not fail, and must not take long."""

    def handled(self, request: RequestRecord) -> None:
        """An MCP request came to its end."""

    def rejected(self, route: str, status: int) -> None:
        """An HTTP request that did not get as far as MCP was answered with this error."""

    def upstream_attempt(self, operation: str, status: int | None, seconds: float) -> None:
        """One attempt at an operation of Blaxel's was made; no status means no answer."""


@dataclass(frozen=True, slots=True)
class Observers:
    """Tells all of them; an observer itself. Falsy if there is none, so that nobody prepares what nobody hears."""

    all: Sequence[Observer] = ()

    def __bool__(self) -> bool:
        return bool(self.all)

    def handled(self, request: RequestRecord) -> None:
        """Pass it on."""
        for observer in self.all:
            observer.handled(request)

    def rejected(self, route: str, status: int) -> None:
        """Pass it on."""
        for observer in self.all:
            observer.rejected(route, status)

    def upstream_attempt(self, operation: str, status: int | None, seconds: float) -> None:
        """Pass it on."""
        for observer in self.all:
            observer.upstream_attempt(operation, status, seconds)


NO_OBSERVERS = Observers()
