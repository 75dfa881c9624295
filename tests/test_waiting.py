"""Waiting, with a time that passes only when somebody sleeps or looks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from blaxel_mcp.errors import BlaxelMcpError, CredentialsError, StoppingError
from blaxel_mcp.waiting import LONGEST_PAUSE, SHORTEST_PAUSE, Waited, pause, wait_until_done

AWAY = BlaxelMcpError("Blaxel is away.", "Ask again.", transient=True)


@dataclass
class World:
    """Something that is done after `until` seconds, and the look at it.

    `stops` is when the process is told to end. `says` gives the answer to the look at an instant: `None` for the plain
    one, or the error it fails with.
    """

    until: float
    says: Callable[[float], BlaxelMcpError | None] = lambda _: None
    cost: float = 0.0
    stops: float = float("inf")
    now: float = 1000.0
    looks: list[float] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)

    async def look(self) -> float:
        """How many seconds have passed."""
        passed = self.now - 1000
        self.looks.append(round(passed, 3))
        self.now += self.cost
        if problem := self.says(passed):
            raise problem
        return passed

    async def sleep(self, seconds: float) -> None:
        """Time passes."""
        assert seconds > 0
        self.now += seconds
        if self.now >= 1000 + self.stops:
            raise StoppingError

    async def report(self, state: float) -> None:
        """Keep it."""
        self.reports.append(round(state, 3))

    def wait(self, seconds: float, age: float = 0.0) -> Waited[float]:
        """Wait for it."""
        return asyncio.run(
            wait_until_done(
                self.look,
                done=lambda passed: passed >= self.until,
                age=lambda passed: age + passed,
                report=self.report,
                seconds=seconds,
                sleep=self.sleep,
                timer=lambda: self.now,
            )
        )


def test_what_is_done_is_looked_at_once() -> None:
    """And nobody sleeps."""
    world = World(until=0)
    assert world.wait(30) == Waited(0.0)
    assert (world.looks, world.reports, world.now) == ([0], [0], 1000)


def test_it_ends_with_the_look_that_sees_the_end() -> None:
    """Soon after it, not when the time is up; every state is reported."""
    world = World(until=4.5)
    assert world.wait(30).state == pytest.approx(5)
    assert world.looks == world.reports == [0, 1, 2, 3, 4, 5]


def test_the_last_look_is_at_the_end_of_the_time() -> None:
    """Unfinished is a state like any other; looks come less often as the wait goes on, and none comes later."""
    world = World(until=100)
    assert world.wait(30).state == pytest.approx(30)
    assert world.looks[0] == 0
    assert world.looks[-1] == 30
    assert len(world.looks) == 16
    assert world.now == pytest.approx(1030)


@pytest.mark.parametrize(
    ("waited", "age", "cost", "expected"),
    [
        (0, 0, 0, SHORTEST_PAUSE),
        (10, 0, 0, 2),
        (0, 300, 0, 3),
        (0, 0, 1.5, 6),
        (40, 10**6, 9, LONGEST_PAUSE),
        (0, -50, 0, SHORTEST_PAUSE),
    ],
)
def test_pauses_grow_with_wait_age_and_cost(waited: float, age: float, cost: float, expected: float) -> None:
    """Within bounds."""
    assert pause(waited, age=age, cost=cost) == pytest.approx(expected)


def test_a_failed_look_is_forgotten_once_another_succeeds() -> None:
    """Nothing is left of it in the outcome."""
    world = World(until=4, says=lambda passed: AWAY if 1 <= passed < 3 else None)
    assert world.wait(30) == Waited(4.0)
    assert (world.looks, world.reports) == ([0, 1, 2, 3, 4], [0, 3, 4])


def test_the_last_known_state_stands_when_looks_go_on_failing() -> None:
    """With the error and how long ago it was seen; it is asked until the time is up."""
    world = World(until=100, says=lambda passed: AWAY if passed >= 3 else None)
    waited = world.wait(10)
    assert (waited.state, waited.problem) == (2.0, AWAY)
    assert waited.stale == pytest.approx(8)
    assert world.looks[-1] == 10


def test_an_error_that_will_not_go_away_ends_the_wait() -> None:
    """With the last known state too."""
    refused = CredentialsError("No.", "Log in.")
    world = World(until=100, says=lambda passed: refused if passed >= 2 else None)
    waited = world.wait(30)
    assert (waited.state, waited.problem) == (1.0, refused)
    assert world.looks == [0, 1, 2]


def test_the_end_of_the_process_ends_the_wait() -> None:
    """In the middle of a pause, with the last known state."""
    waited = (world := World(until=100, stops=2)).wait(30)
    assert (waited.state, type(waited.problem)) == (1.0, StoppingError)
    assert world.looks == [0, 1]


@pytest.mark.parametrize(("asked", "looks"), [(5.0, [0, 1, 6, 7]), (60.0, [0, 1])])
def test_a_wish_to_be_left_alone_is_kept(asked: float, looks: list[float]) -> None:
    """The next look comes after so long; if there is no time for that, none does."""
    busy = BlaxelMcpError("Too many.", "Ask less.", transient=True, retry_after=asked)
    world = World(until=6.5, says=lambda passed: busy if passed == 1 else None)
    world.wait(20)
    assert world.looks[: len(looks)] == pytest.approx(looks, abs=1)
    assert len(world.looks) == len(looks)


def test_the_first_look_fails_for_the_caller() -> None:
    """There is no state to stand in."""
    with pytest.raises(BlaxelMcpError, match="Blaxel is away"):
        World(until=5, says=lambda _: AWAY).wait(30)


@pytest.mark.parametrize(("cost", "last"), [(0.5, 19.5), (3, 17), (7, 13), (11, 0), (30, 0)])
def test_the_last_look_begins_so_that_it_can_end_in_time(cost: float, last: float) -> None:
    """It is given what the one before took; where there is not as much, none is begun."""
    world = World(until=1000, cost=cost)
    assert world.wait(20).problem is None
    assert world.looks[-1] == pytest.approx(last)
    assert world.now - 1000 <= max(20, cost)


def test_cancelling_ends_it_at_once() -> None:
    """In the middle of a pause; no look comes after."""

    async def cancelled() -> int:
        world = World(until=100)
        pausing = asyncio.Event()

        async def sleep(_: float) -> None:
            pausing.set()
            await asyncio.Event().wait()

        waiting = asyncio.create_task(
            wait_until_done(
                world.look,
                done=lambda _: False,
                age=lambda _: 0.0,
                report=world.report,
                seconds=30,
                sleep=sleep,
                timer=lambda: world.now,
            )
        )
        await pausing.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return len(world.looks)

    assert asyncio.run(cancelled()) == 1
