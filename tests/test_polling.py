"""Polling until something is done, on a clock that only sleeping and polling move."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from blaxel_mcp.errors import BlaxelMcpError, CredentialsError, StoppingError
from blaxel_mcp.polling import LONGEST_PAUSE, SHORTEST_PAUSE, USUAL_LONGEST_PAUSE, PollResult, backoff, poll_until_done

AWAY = BlaxelMcpError("Blaxel is away.", "Ask again.", transient=True)


@dataclass
class World:
    """Something that is done after `until` seconds; its state is the number of seconds that have passed.

    Attributes:
        until: when it is done.
        fails: the error of a poll so many seconds after the beginning, or `None` if the poll succeeds.
        cost: seconds that a poll takes.
        stops: when the process is told to end.
    """

    until: float
    fails: Callable[[float], BlaxelMcpError | None] = lambda _: None
    cost: float = 0.0
    stops: float = float("inf")
    now: float = 1000.0
    polls: list[float] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)

    async def poll(self) -> float:
        """Return the state, which takes `cost` seconds."""
        passed = self.now - 1000
        self.polls.append(round(passed, 3))
        self.now += self.cost
        if error := self.fails(passed):
            raise error
        return passed

    async def sleep(self, seconds: float) -> None:
        """Move the clock."""
        assert seconds > 0
        self.now += seconds
        if self.now >= 1000 + self.stops:
            raise StoppingError

    async def report(self, state: float) -> None:
        """Record a state that was reported."""
        self.reports.append(round(state, 3))

    def wait(self, seconds: float = math.inf, age: float = 0.0, max_failures: float = math.inf) -> PollResult[float]:
        """Poll it with the backoff of the wait tool."""
        return asyncio.run(
            poll_until_done(
                self.poll,
                done=lambda passed: passed >= self.until,
                pause=lambda passed, waited, cost: backoff(waited, age=age + passed, cost=cost),
                report=self.report,
                sleep=self.sleep,
                timer=lambda: self.now,
                seconds=seconds,
                max_failures=max_failures,
            )
        )


def test_what_is_done_is_polled_once() -> None:
    """One poll and no pause."""
    world = World(until=0)
    assert world.wait(30) == PollResult(0.0)
    assert (world.polls, world.reports, world.now) == ([0], [0], 1000)


def test_polling_ends_with_the_poll_that_sees_the_end() -> None:
    """The result comes soon after the end, not when the time is up; every state is reported."""
    world = World(until=4.5)
    assert world.wait(30).state == pytest.approx(5)
    assert world.polls == world.reports == [0, 1, 2, 3, 4, 5]


def test_the_last_poll_is_at_the_end_of_the_time() -> None:
    """Unfinished is a state like any other; polls come less often as the wait goes on, and none comes later."""
    world = World(until=100)
    assert world.wait(30).state == pytest.approx(30)
    assert world.polls[0] == 0
    assert world.polls[-1] == 30
    assert len(world.polls) == 16
    assert world.now == pytest.approx(1030)


def test_without_a_time_limit_it_polls_to_the_end() -> None:
    """As `get --watch` does for hours."""
    world = World(until=5_000)
    assert world.wait().state >= 5_000
    assert world.reports == world.polls


@pytest.mark.parametrize(
    ("waited", "age", "cost", "expected"),
    [
        (0, 0, 0, SHORTEST_PAUSE),
        (10, 0, 0, 2),
        (0, 300, 0, 3),
        (0, 0, 1.5, 6),
        (40, 10**6, 9, USUAL_LONGEST_PAUSE),
        (100, 10**6, 9, 20),
        (500, 0, 0, LONGEST_PAUSE),
        (0, -50, 0, SHORTEST_PAUSE),
    ],
)
def test_pauses_grow_with_wait_age_and_cost(waited: float, age: float, cost: float, expected: float) -> None:
    """A pause is never shorter or longer than its bounds."""
    assert backoff(waited, age=age, cost=cost) == pytest.approx(expected)


def test_a_failed_poll_is_forgotten_once_another_succeeds() -> None:
    """The result holds no error."""
    world = World(until=4, fails=lambda passed: AWAY if 1 <= passed < 3 else None)
    assert world.wait(30) == PollResult(4.0)
    assert (world.polls, world.reports) == ([0, 1, 2, 3, 4], [0, 3, 4])


def test_the_last_known_state_stands_when_polls_go_on_failing() -> None:
    """The result holds the error and the state's age; polling goes on until the time is up."""
    world = World(until=100, fails=lambda passed: AWAY if passed >= 3 else None)
    result = world.wait(10)
    assert (result.state, result.error) == (2.0, AWAY)
    assert result.age == pytest.approx(8)
    assert world.polls[-1] == 10


def test_polling_ends_after_so_many_failures_in_a_row() -> None:
    """Failures before a poll that succeeded do not count."""
    world = World(until=100, fails=lambda passed: None if passed < 1 or 3 <= passed < 4 else AWAY)
    result = world.wait(max_failures=3)
    assert (result.state, result.error) == (3.0, AWAY)
    assert world.polls == [0, 1, 2, 3, 4, 5, 6]


def test_an_error_that_is_not_transient_ends_the_polling() -> None:
    """The result holds the last known state and the error."""
    refused = CredentialsError("No.", "Log in.")
    world = World(until=100, fails=lambda passed: refused if passed >= 2 else None)
    result = world.wait(30)
    assert (result.state, result.error) == (1.0, refused)
    assert world.polls == [0, 1, 2]


def test_the_end_of_the_process_ends_the_polling() -> None:
    """It ends in the middle of a pause, with the last known state."""
    result = (world := World(until=100, stops=2)).wait(30)
    assert (result.state, type(result.error)) == (1.0, StoppingError)
    assert world.polls == [0, 1]


@pytest.mark.parametrize(("asked", "polls"), [(5.0, [0, 1, 6, 7]), (60.0, [0, 1])])
def test_retry_after_is_honoured(asked: float, polls: list[float]) -> None:
    """The next poll comes after so many seconds; if there is no time for that, none does."""
    busy = BlaxelMcpError("Too many.", "Ask less.", transient=True, retry_after=asked)
    world = World(until=6.5, fails=lambda passed: busy if passed == 1 else None)
    world.wait(20)
    assert world.polls[: len(polls)] == pytest.approx(polls, abs=1)
    assert len(world.polls) == len(polls)


def test_the_error_of_the_first_poll_is_raised() -> None:
    """There is no state to return."""
    with pytest.raises(BlaxelMcpError, match="Blaxel is away"):
        World(until=5, fails=lambda _: AWAY).wait(30)


@pytest.mark.parametrize(("cost", "last"), [(0.5, 19.5), (3, 17), (7, 13), (11, 0), (30, 0)])
def test_the_last_poll_starts_early_enough_to_end_on_time(cost: float, last: float) -> None:
    """It is given the time that the one before took; where there is less, no poll is started."""
    world = World(until=1000, cost=cost)
    assert world.wait(20).error is None
    assert world.polls[-1] == pytest.approx(last)
    assert world.now - 1000 <= max(20, cost)


def test_cancelling_ends_the_polling_at_once() -> None:
    """A task that is cancelled in a pause polls no more."""

    async def cancelled() -> int:
        world = World(until=100)
        pausing = asyncio.Event()

        async def sleep(_: float) -> None:
            pausing.set()
            await asyncio.Event().wait()

        waiting = asyncio.create_task(
            poll_until_done(
                world.poll,
                done=lambda _: False,
                pause=lambda *_: 1.0,
                report=world.report,
                sleep=sleep,
                timer=lambda: world.now,
            )
        )
        await pausing.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return len(world.polls)

    assert asyncio.run(cancelled()) == 1


def test_pauses_have_the_bounds_that_are_promised() -> None:
    """A second at least; ten seconds at most for the first minute, then a fifth of the wait, and never over thirty."""
    assert backoff(0, age=0, cost=0) == 1.0
    assert [backoff(waited, age=10**6, cost=9) for waited in (0, 50, 100, 150, 10**6)] == [10, 10, 20, 30, 30]


def test_no_poll_follows_the_end_of_the_process() -> None:
    """However much time is left, and whatever would come of it: the answer must leave now."""
    world = World(until=3)
    move, pauses = world.sleep, []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise StoppingError
        await move(seconds)

    world.sleep = sleep  # type: ignore[method-assign] # only the pause in which the signal comes is cut short
    assert isinstance(world.wait(30).error, StoppingError)
    assert (len(pauses), world.polls) == (2, [0, 1])
