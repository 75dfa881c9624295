"""An event loop whose seconds take no time, so that a test of a deadline is exact under any load."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

_IDLE_SECONDS = 0.001
"""Real seconds without an event after which everybody is taken to wait for the time."""
_ROUNDS = 20_000
"""Of the loop, after which what a test waits for is taken not to come."""


class _Selector(selectors.DefaultSelector):
    """Tells of what has happened, and lets the time pass at once where nothing has."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        happened = super().select(timeout and min(timeout, _IDLE_SECONDS))
        if not happened and timeout is not None:
            self.now += max(timeout, 0)
        return happened


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time begins at 0, and passes only while everybody waits for it.

    Both ends of a conversation must be in this loop: it doesn't know of other threads and processes.
    """

    def __init__(self) -> None:
        self._seconds = _Selector()
        super().__init__(self._seconds)

    def time(self) -> float:
        """Seconds since it was made."""
        return self._seconds.now


def run(coroutine: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function in such a loop."""

    async def awaited() -> T:
        return await coroutine()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(awaited())


def now() -> float:
    """Seconds since the loop was made."""
    return round(asyncio.get_running_loop().time(), 3)


async def until(is_so: Callable[[], Any]) -> None:
    """Let the others go on until something is so, while no time passes."""
    for _ in range(_ROUNDS):
        if is_so():
            return
        await asyncio.sleep(0)
    raise TimeoutError
