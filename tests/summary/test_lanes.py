"""Tasks that wait, played through the lanes of an execution: when the last one ends."""

import math
from random import Random

import pytest

from blaxel_mcp.summary.lanes import play, play_whole
from blaxel_mcp.summary.task_durations import Draw, assumed


def dice() -> Random:
    """Always the same ones."""
    return Random(1)  # noqa: S311 - no secret


def all_take(seconds: float) -> Draw:
    """Tasks of which each takes as long as the others."""
    fit = assumed(0.1).fit
    return Draw(fit, [seconds], [1.0], seconds, 0.0, 0.0, [seconds] * 48)


TEN = all_take(10.0)


@pytest.mark.parametrize(
    ("free", "waiting", "factor", "growth", "end"),
    [
        # Nothing waits: the last of those that run.
        ([0.0, 7.0, 3.0], 0, 1.0, 0.0, 7.0),
        ([0.0], 1, 1.0, 0.0, 10.0),
        # Whichever lane is free first takes the next one.
        ([0.0, 5.0], 4, 1.0, 0.0, 25.0),
        ([0.0, 100.0], 4, 1.0, 0.0, 100.0),
        # All take twice as long.
        ([0.0, 5.0], 4, 2.0, 0.0, 45.0),
        # They take 10, 12.5, 15 and 17.5 s; and twice that.
        ([0.0, 5.0], 4, 1.0, 1.0, 35.0),
        ([0.0, 5.0], 4, 2.0, 1.0, 65.0),
        # They take 10, 7.5, 5 and 2.5 s.
        ([0.0, 5.0], 4, 1.0, -1.0, 15.0),
    ],
)
def test_waiting_tasks_take_the_lane_that_is_free_first(
    free: list[float], waiting: int, factor: float, growth: float, end: float
) -> None:
    """Tasks of ten seconds each."""
    assert play(TEN, dice(), free, waiting, factor=factor, growth=growth) == end


@pytest.mark.parametrize("lanes", [1, 2, 3, 7, 64, 90])
@pytest.mark.parametrize("waiting", [79, 80, 81, 82, 160, 1_000, 12_345])
def test_rounds_that_are_not_played_count_all_the_same(lanes: int, waiting: int) -> None:
    """Of many tasks only the last 80 or so are played one by one; lanes that go in step stay so."""
    rounds = math.ceil(waiting / lanes)
    assert play(TEN, dice(), [0.0] * lanes, waiting, factor=1.0, growth=0.0) == pytest.approx(10 * rounds)
    assert play(TEN, dice(), [4.0] * lanes, waiting, factor=3.0, growth=0.0) == pytest.approx(30 * rounds + 4)


@pytest.mark.parametrize("growth", [1.0, 0.5, -0.6])
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_trend_goes_on_over_rounds_that_are_not_played(growth: float, factor: float) -> None:
    """One lane: the sum of all durations, each of which is a little longer or shorter than the one before."""
    whole = sum(10 * factor * (1 + growth * place / 1_000) for place in range(1_000))
    assert play(TEN, dice(), [0.0], 1_000, factor=factor, growth=growth) == pytest.approx(whole, rel=0.0015)


def test_a_whole_execution_from_its_start_on() -> None:
    """The first round takes three times as long; with as many lanes as tasks there is no other."""
    assert play_whole(TEN, dice(), 2, 5, 3.0) == [30.0, 30.0, 40.0, 40.0, 50.0]
    assert play_whole(TEN, dice(), 3, 3, 1.0) == [10.0] * 3
    assert play_whole(TEN, dice(), 9, 3, 1.5) == [15.0] * 3
