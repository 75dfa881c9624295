"""SIGINT and SIGTERM, for a loop that wants to end in its own way."""

import asyncio
import signal
from collections.abc import Callable


def on_signals(end: Callable[[signal.Signals], None]) -> None:
    """From now on, call `end` in the running loop whenever one of them comes."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda got, _: loop.call_soon_threadsafe(end, signal.Signals(got)))
