"""SIGINT and SIGTERM, for a loop that ends in its own way, or in a way that somebody else sees to."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any


def on_signals(end: Callable[[signal.Signals], None]) -> None:
    """From now on, call `end` in the running loop whenever one of them comes."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda got, _: loop.call_soon_threadsafe(end, signal.Signals(got)))


def besides(then: Callable[[], None]) -> None:
    """Call `then` in the running loop too when one of them comes, after whoever handles it now has done so."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def handle(got: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(then)
            if callable(before):
                before(got, frame)

        with contextlib.suppress(ValueError):  # only the main thread may, and only there do signals come
            signal.signal(number, handle)
