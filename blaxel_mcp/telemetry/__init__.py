"""What an operator can watch: a log line for each request, metrics, traces. Never a payload, never a credential.

The MCP middleware, the HTTP transport and the API client tell the observers what happened. Each observer is a module of
its own that is imported only when the operator asks for it.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One MCP request that was answered or cancelled.

    Attributes:
        method: The protocol's method, such as `tools/call`.
        target: The tool, prompt or resource it was for; empty if none.
        ids: `jobId` and `executionId`, cleaned, as far as they were given.
        outcome: `ok`; `error` (a tool's answer that says what failed); `refused` (a protocol error); `cancelled`;
            `crashed`.
        seconds: From the request to the answer.
        upstream_calls: Requests to Blaxel that it made; those that it shared with other requests are not among them.
        bytes: Size of the result as JSON.
    """

    method: str
    target: str
    ids: dict[str, str]
    outcome: str
    seconds: float
    upstream_calls: int
    bytes: int


class Observer(Protocol):
    """Something that is told what happened. It must not fail, and must not take long."""

    def handled(self, request: RequestRecord) -> None:
        """Called when an MCP request has been answered or cancelled."""

    def rejected(self, route: str, status: int) -> None:
        """Called when an HTTP request was answered with this error status before it reached MCP."""

    def upstream_attempt(self, operation: str, status: int | None, seconds: float) -> None:
        """Called after each attempt at an operation of Blaxel's API; no status means that no answer came."""


@dataclass(frozen=True, slots=True)
class Observers:
    """Several observers as one: each is told everything. Falsy if there are none, so that no record is made in vain."""

    all: Sequence[Observer] = ()

    def __bool__(self) -> bool:
        return bool(self.all)

    def handled(self, request: RequestRecord) -> None:
        """Tell every observer of an MCP request, and whoever watches the HTTP request that it came by."""
        if watch := _watch.get():
            watch.recorded = True
        for observer in self.all:
            observer.handled(request)

    def rejected(self, route: str, status: int) -> None:
        """Tell every observer of an HTTP request that did not reach MCP."""
        for observer in self.all:
            observer.rejected(route, status)

    def upstream_attempt(self, operation: str, status: int | None, seconds: float) -> None:
        """Tell every observer of an attempt to reach Blaxel."""
        for observer in self.all:
            observer.upstream_attempt(operation, status, seconds)


NO_OBSERVERS = Observers()


class McpRequestWatch:
    """Context manager around an HTTP request: says whether an MCP request that it carried was recorded.

    Attributes:
        recorded: Whether `Observers.handled` was called within the context, or in a task that was started in it.
    """

    recorded = False

    def __enter__(self) -> Self:
        self._token = _watch.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _watch.reset(self._token)


_watch: ContextVar[McpRequestWatch | None] = ContextVar("watch", default=None)
