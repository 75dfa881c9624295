"""Handlers for SIGINT and SIGTERM that run in the event loop."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any


def on_signals(end: Callable[[signal.Signals], None]) -> None:
    """Call `end` in the running loop for each SIGINT and SIGTERM from now on, in place of whatever handled them."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda got, _: loop.call_soon_threadsafe(end, signal.Signals(got)))


def also_on_signal(then: Callable[[], None]) -> None:
    """Call `then` in the running loop for each SIGINT and SIGTERM, and the handler that is installed now as well."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def handle(got: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(then)
            if callable(before):
                before(got, frame)

        with contextlib.suppress(ValueError):  # only the main thread may, and only there do signals come
            signal.signal(number, handle)
