"""A control plane that is slow about executions, and nothing else, for as long as a test wants it to be."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from starlette.types import Receive, Scope, Send

from blaxel_mcp.demo import control_plane
from support.faults import Faults, Hold
from support.program import account


class Slow:
    """A control plane that holds every call for an execution until it is told otherwise; counts its connections."""

    def __init__(self) -> None:
        self.hold = Hold()
        self._faults = Faults(control_plane.build_app())
        self._faults.always(self.hold, path="/executions")
        self.connections: set[Any] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        self.connections.add(scope.get("client"))
        await self._faults(scope, receive, send)

    @property
    def calls(self) -> Sequence[str]:
        """What was asked so far, by path."""
        return [seen.path for seen in self._faults.seen]


@contextlib.contextmanager
def slow_upstream() -> Iterator[tuple[Slow, dict[str, str]]]:
    """It, and the variables of who asks it."""
    slow = Slow()
    with control_plane.serve(slow) as url:
        yield slow, account(url)
