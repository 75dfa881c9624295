"""What the order of starts says of the tasks to come: a slow first round, a trend, or that they are like the others.

Where a case stands just on one side of a limit, the next one stands on the other; the numbers follow from the tests of
statistics that `course` describes, by hand.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from blaxel_mcp.summary.course import Course, read_course
from blaxel_mcp.summary.tasks import TaskStats

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
Finished = Sequence[tuple[float, float]]
"""Tasks by how many seconds ago each started, and how many it took."""


def dice() -> Random:
    """Always the same ones."""
    return Random(1)  # noqa: S311 - no secret


def course(finished: Finished, running: Sequence[float] = (), *, waiting: int = 10, slots: int = 4) -> Course:
    """The course of an execution with these tasks, which runs so many at a time."""
    found = TaskStats(
        durations=[took for _, took in finished],
        starts=[NOW - timedelta(seconds=age) for age, _ in finished],
        elapsed=[*running],
        until=NOW,
    )
    return read_course(found, waiting, slots, dice())


def one_after_another(durations: Sequence[float]) -> Finished:
    """Tasks of which each started ten seconds after the one before."""
    return [(1_000.0 - 10 * place, took) for place, took in enumerate(durations)]


@pytest.mark.parametrize(
    ("starts", "until"),
    [([], NOW), ([NOW] * 2, NOW), ([NOW] * 4, NOW), ([NOW - timedelta(seconds=9)] * 3, None)],
)
def test_without_all_starts_tasks_are_one_like_the_other(starts: list[datetime], until: datetime | None) -> None:
    """Durations and running tasks come sorted."""
    found = TaskStats(durations=[30.0, 10.0, 20.0], starts=starts, elapsed=[5.0, 1.0], until=until)
    assert read_course(found, 10, 2, dice()) == Course([10.0, 20.0, 30.0], [1.0, 5.0], 3)


def test_later_tasks_that_take_as_long_change_nothing() -> None:
    """Neither does one that runs since before the first that finished."""
    finished = [(600.0, 100.0)] * 2 + [(500.0, 110.0)] * 2 + [(400.0, 90.0)] * 2
    assert course(finished, [700.0, 30.0], slots=2) == Course([90.0] * 2 + [100.0] * 2 + [110.0] * 2, [30.0, 700.0], 6)


def test_a_slow_first_round_is_left_out() -> None:
    """Those that started first, one for each lane, running or not; of the running ones those that came later are told.

    A first round of 100 s beside 50 s later took twice as long.
    """
    finished = [(500.0, 60.0), (598.0, 100.0), (500.0, 50.0), (600.0, 100.0), (400.0, 40.0), (400.0, 50.0)]
    late = [40.0, 50.0, 50.0, 60.0]
    assert course(finished, [30.0], slots=2) == Course(late, [30.0], 4, fresh=1, slow=2.0)
    running = [30.0, 598.0, 599.0, 700.0]
    assert course(finished, running[::-1], slots=5) == Course(late, running, 4, fresh=1, slow=2.0)


@pytest.mark.parametrize("unit", [1.0, 0.001])
@pytest.mark.parametrize(
    ("late", "running", "slow"),
    [
        # A single later task: 2.6 standard errors, of a spread that is at least a fifth.
        ([66.0], [], True),
        ([67.0], [], False),
        # However many there are, a first round that took 1.4 times as long is no slow one.
        ([70.0] * 40, [], True),
        ([71.0] * 40, [], False),
        # What still runs may be as slow as the first round.
        ([60.0] * 2, [115.0], True),
        ([60.0] * 2, [116.0], False),
        ([60.0] * 2, [100.0], True),
        ([60.0] * 2, [100.0] * 2, False),
        ([60.0] * 2, [10.0] * 90, True),
        ([60.0] * 2, [85.0] * 90, False),
    ],
)
def test_how_clearly_a_first_round_must_be_slower(
    late: list[float],
    running: list[float],
    *,
    slow: bool,
    unit: float,
) -> None:
    """Four tasks of 100 s come first; by seconds or by milliseconds."""
    finished = [(600.0, 100.0 * unit)] * 4 + [(500.0, seconds * unit) for seconds in late]
    found = course(finished, [seconds * unit for seconds in running])
    assert (found.slow != 1.0) is slow
    assert found.slow == pytest.approx(100 / late[0] if slow else 1.0)


def test_first_tasks_that_differ_much_are_hardly_a_slow_round() -> None:
    """Of half, once and twice as long: three later ones must take a good third of it."""
    early = [(600.0, 50.0), (600.0, 100.0), (600.0, 200.0), (600.0, 100.0)]
    assert course([*early, *[(500.0, 36.0)] * 3]).slow == 112.5 / 36
    assert course([*early, *[(500.0, 37.0)] * 3]).slow == 1.0


def test_tasks_that_took_no_time_are_no_error() -> None:
    """Neither in a first round nor later."""
    nothing = [(600.0, 0.0)] * 4
    assert course([*nothing, *[(500.0, 0.0)] * 4], [0.0]).finished == [0.0] * 8
    assert course([*nothing, *[(500.0, 5.0)] * 4], [0.0]).slow == 1.0
    quicker = course([*[(600.0, 5.0)] * 4, *[(500.0, 0.0)] * 4], [1.0])
    assert quicker == Course([0.0] * 4, [1.0], 4, fresh=1, slow=5_000.0)


@pytest.mark.parametrize(
    ("finished", "running", "waiting", "factors", "fresh"),
    [
        # Four lanes: until three more have finished, those to come may be quicker.
        ([(600.0, 100.0)] * 3, [600.0], 10, (0.3, 0.6), 0),
        ([(600.0, 100.0)] * 4, [500.0, 400.0], 10, (0.3, 0.6), 2),
        ([(600.0, 100.0)] * 4 + [(500.0, 100.0)] * 2, [600.0], 10, (0.3, 0.6), 0),
        ([(600.0, 100.0)] * 4 + [(500.0, 100.0)] * 3, [], 10, (1.0, 1.0), None),
        # Nothing waits that could be quicker.
        ([(600.0, 100.0)] * 3, [600.0], 0, (1.0, 1.0), 0),
        # More lanes than tasks: all of them are of the first round.
        ([(600.0, 100.0), (599.0, 100.0), (598.0, 100.0)], [597.0], 10, (0.3, 0.6), 0),
        # Seven finished, of which five started at once.
        ([(600.0, 100.0)] * 5 + [(500.0, 100.0)] * 2, [], 10, (1.0, 1.0), None),
    ],
)
def test_a_first_round_alone_may_have_been_a_slow_one(
    finished: Finished, running: list[float], waiting: int, factors: tuple[float, float], fresh: int | None
) -> None:
    """Containers start cold."""
    assert course(finished, running, waiting=waiting) == Course(
        [100.0] * len(finished), sorted(running), len(finished), factors, fresh=fresh
    )


def test_a_first_round_of_which_few_have_finished_is_compared_with_what_came_later() -> None:
    """Of ten lanes two have finished, and three after them in as much time: these are no slower."""
    finished = [(600.0, 100.0)] * 2 + [(300.0, 100.0)] * 3
    assert course(finished, [600.0] * 8, slots=10) == Course([100.0] * 5, [600.0] * 8, 5)


@pytest.mark.parametrize(
    ("waiting", "growth"),
    [(20, (0.1, 0.9)), (40, (0.2, 1.8)), (0, (0.0, 0.0))],
)
def test_tasks_that_get_slower_go_on_so(waiting: int, growth: tuple[float, float]) -> None:
    """Each took 3 s longer than the one before, from 60 s on: the next takes 120 s, and so would all have done.

    The last of 20 to come takes 50 % longer by this; it may be a fifth of that, or nearly twice as much.
    """
    found = course(one_after_another([60.0 + 3 * place for place in range(20)]), waiting=waiting, slots=1)
    assert found._replace(growth=(0.0, 0.0)) == Course([120.0] * 20, [], 20, why="tasks are getting slower")
    assert found.growth == pytest.approx(growth)


def test_a_trend_is_one_of_tasks_that_run_too() -> None:
    """Three run: what waits comes after them. As many of the finished are left out, the quick ones of their round."""
    durations = [60.0 + 3 * place for place in range(17)]
    found = course(one_after_another([*durations, 50.0, 51.0, 49.0]), [5.0, 4.0, 3.0], waiting=20, slots=1)
    assert found.finished == [61.0, 66.0, 68.0, *[129.0] * 17]
    assert found.running == [3.0, 4.0, 5.0]
    assert found.growth == pytest.approx((0.2 * 60 / 129, 1.8 * 60 / 129))
    assert (found.number, found.why) == (20, "tasks are getting slower")


def test_of_the_newest_a_third_is_left_out_at_most() -> None:
    """However many run."""
    durations = [60.0 + 3 * place for place in range(14)]
    newest = [50.0] * 6
    assert course(one_after_another([*durations, *newest]), [5.0] * 60, slots=1).why == "tasks are getting slower"
    assert course(one_after_another([*durations[:-1], *newest, 50.0]), [5.0] * 60, slots=1).why == ""


@pytest.mark.parametrize(
    ("waiting", "growth"),
    [(8, (-1.44, -0.16)), (1, (-1.44, -0.16)), (0, (0.0, 0.0))],
)
def test_tasks_that_get_faster_take_some_time_all_the_same(waiting: int, growth: tuple[float, float]) -> None:
    """Each took 2 s less than the one before, 4 s at last: the next takes 2 s, and no later one less than a fifth."""
    found = course(one_after_another([18.0 - 2 * place for place in range(8)]), waiting=waiting, slots=1)
    assert found._replace(growth=(0.0, 0.0)) == Course([2.0] * 8, [], 8, why="tasks are getting faster")
    assert found.growth == pytest.approx(growth)


def test_the_faster_end_of_a_trend_leaves_something() -> None:
    """Fourteen run, after which nothing would be left of the next task's 50 s: it takes a tenth of that."""
    durations = [*(92 - 3.5 * place for place in range(11)), 5.0]
    found = course(one_after_another(durations), [5.0] * 14, waiting=1, slots=1)
    assert found.growth == pytest.approx((-0.7 * 1.8, -0.7 * 0.2))
    assert found.finished == pytest.approx([1.0] * 12)


def test_a_trend_that_is_less_sure_may_be_stronger() -> None:
    """Each takes 8.8 s longer than the one before, by 2.4 s more or less, and the next one 293 s."""
    noisy = [200.0 + 10 * place + (20, -20)[place % 2] for place in range(10)]
    found = course(one_after_another(noisy), slots=1)
    share = 8.787879 * 10 / 293.333333
    assert found.growth == pytest.approx((0.2 * share, share * (1.8 + 2.424242 / 8.787879)))


def rising(number: int, first: float, step: float, noise: float = 0.0) -> str:
    """What is said of so many tasks, each of which takes that much longer; every second less by twice the noise."""
    return course(
        one_after_another([first + step * place + (noise, -noise)[place % 2] for place in range(number)]), slots=1
    ).why


@pytest.mark.parametrize(
    ("trend", "none", "said"),
    [
        # Eight tasks tell a trend, seven don't.
        ((8, 60, 10), (7, 60, 10), "slower"),
        # From the first to the last it is at least a quarter of the mean.
        ((8, 57, 2), (8, 58, 2), "slower"),
        ((8, 71, -2), (8, 72, -2), "faster"),
        ((8, 10, 0.5), (8, 15, 0.5), "slower"),
        # It is sure by 2.3 standard errors upward, by 3.2 downward.
        ((10, 200, 10, 29), (10, 200, 10, 30), "slower"),
        ((10, 300, -10, 30), (10, 300, -10, 31), "faster"),
        # The next task would take more than a tenth of the mean.
        ((8, 18, -2), (8, 17, -2), "faster"),
    ],
)
def test_how_clear_a_trend_must_be(trend: tuple[float, ...], none: tuple[float, ...], said: str) -> None:
    """Tasks one after another, each of which takes some seconds more or less than the one before."""
    assert rising(int(trend[0]), *trend[1:]) == f"tasks are getting {said}"
    assert rising(int(none[0]), *none[1:]) == ""


def test_of_many_tasks_a_sample_is_read() -> None:
    """Of more than 200, so many; the longest is among them, and the mean is that of all."""
    durations = [float(seconds) for seconds in range(201)]
    all_of_200 = read_course(TaskStats(durations=durations[:200]), 10, 2, dice())
    assert all_of_200 == Course(durations[:200], [], 200)
    found = read_course(TaskStats(durations=durations), 10, 2, dice())
    assert found == Course(found.finished, [], 201, mean=100.0)
    assert len(found.finished) == 200
    assert found.finished == sorted(found.finished)
    assert found.finished[-1] == 200.0


def test_each_task_of_a_sample_stands_for_several() -> None:
    """Of 400, the first hundred took twice as long as the others, one for each lane; in whichever order they come."""
    finished = [(500.0, 50.0)] * 300 + [(600.0, 100.0)] * 100
    found = course(finished, [20.0], slots=80)
    assert (found.finished, found.fresh, found.slow, found.mean) == ([50.0] * (found.number // 2), 1, 2.0, None)
    assert 260 < found.number < 340


def test_a_sample_of_a_first_round_has_a_mean_too() -> None:
    """A thousand lanes, of which 300 have finished."""
    found = course([(600.0, 100.0)] * 299 + [(600.0, 400.0)], [600.0] * 700, slots=1_000)
    assert (found.factors, found.mean, found.number, found.fresh) == ((0.3, 0.6), 101.0, 300, 0)
    assert found.finished[-1] == 400.0
