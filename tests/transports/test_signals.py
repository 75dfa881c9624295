"""SIGINT and SIGTERM, as the running event loop hears of them; each test's handlers are gone in the end."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVarTuple

import pytest

from blaxel_mcp.transports.signals import also_on_signal, on_signals

Ts = TypeVarTuple("Ts")
SIGNALS = signal.SIGINT, signal.SIGTERM


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def some_turns() -> None:
    """Let the loop hear of a signal: that is in its pipe already, from which it takes it in one of its next turns."""
    for _ in range(10):
        await asyncio.sleep(0)


class WithoutHandlers(asyncio.SelectorEventLoop):
    """An event loop that takes no handlers of signals, as those of Windows."""

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], Any], *args: *Ts) -> None:
        """Take none."""
        raise NotImplementedError


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, WithoutHandlers])
def test_each_signal_is_told_by_its_number(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """In the loop and in their order, as often as they come, in place of what Python would do."""
    told: list[object] = []

    async def run() -> None:
        running = asyncio.get_running_loop()

        def end(number: signal.Signals) -> None:
            assert asyncio.get_running_loop() is running
            told.append(number)

        on_signals(end)
        for number in (*SIGNALS, *SIGNALS):
            signal.raise_signal(number)
            await some_turns()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
    assert told == [*SIGNALS, *SIGNALS]
    assert all(isinstance(number, signal.Signals) for number in told)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_handled_a_signal_still_does(number: signal.Signals) -> None:
    """With what Python gives it, and at once; what is added comes in the loop."""
    told: list[object] = []

    def before(got: int, frame: FrameType | None) -> None:
        told.append((got, type(frame)))

    signal.signal(number, before)

    async def run() -> None:
        running = asyncio.get_running_loop()

        def then() -> None:
            assert asyncio.get_running_loop() is running
            told.append("then")

        also_on_signal(then)
        signal.raise_signal(number)
        assert told == [(number, FrameType)]
        await some_turns()

    asyncio.run(run())
    assert told == [(number, FrameType), "then"]


def test_a_signal_that_nothing_handled_is_told_all_the_same() -> None:
    """Those that are ignored, for example, are no function that could be called as well."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    told: list[str] = []

    async def run() -> None:
        also_on_signal(lambda: told.append("then"))
        signal.raise_signal(signal.SIGTERM)
        await some_turns()

    asyncio.run(run())
    assert told == ["then"]


def test_a_thread_that_may_set_no_handlers_changes_none() -> None:
    """Signals come to the main thread: a server in another one is told to end by whoever started it."""
    before = [signal.getsignal(number) for number in SIGNALS]
    failed: list[BaseException] = []

    def serve() -> None:
        async def run() -> None:
            also_on_signal(lambda: None)

        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    assert (failed, [signal.getsignal(number) for number in SIGNALS]) == ([], before)
