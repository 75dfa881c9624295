"""How long a running execution may still take, and what that stands on."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path
from statistics import NormalDist
from typing import Any, NamedTuple

import pytest
from support.builders import NOW, answer, execution, runs_that_took, task

from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.estimate import Estimate, _summed_up, estimate_from_history, estimate_remaining
from blaxel_mcp.summary.runs import UsualDuration
from blaxel_mcp.summary.tasks import TaskStats
from blaxel_mcp.summary.wording import format_duration

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "estimates.py"


def estimate(
    found: TaskStats,
    counts: TaskCounts,
    parallelism: int | None = 2,
    running: int | None = None,
    usual: tuple[int, ...] = (),
) -> Estimate | None:
    """An estimate of an execution with these tasks."""
    return estimate_remaining(
        found, counts, parallelism=parallelism, running=running, usual=UsualDuration(usual) if usual else None
    )


def known(found: Estimate | None) -> Estimate:
    """An estimate that there is."""
    assert found is not None
    return found


def test_an_estimate_adds_rounds_of_waiting_tasks_to_what_runs() -> None:
    """Four finished in a minute each, two run for 30 s, four wait, two at a time: 30 s and two minutes more."""
    found = TaskStats(listed=10, durations=[60.0] * 4, elapsed=[30.0] * 2)
    got = known(estimate(found, TaskCounts(total=10, succeeded=4, running=2)))
    assert got.low <= 150 <= got.high
    assert got.seconds == pytest.approx(150, rel=0.05)
    assert got.high - got.low < 40
    assert got.basis == "4 finished tasks of this execution (median 1m), 6 left, 2 at a time"


def test_an_estimate_is_a_range_where_tasks_differ() -> None:
    """The more they do, the wider it is."""
    counts = TaskCounts(total=16, succeeded=9, running=1)
    widths = []
    for spread in (1, 5, 20):
        found = TaskStats(listed=16, durations=[60.0 + spread * step for step in (0, 1, -1) * 3], elapsed=[20.0])
        got = known(estimate(found, counts))
        assert got.seconds is not None
        assert got.low < got.seconds < got.high
        widths.append(got.high - got.low)
    assert widths == sorted(set(widths))


def test_running_tasks_count_as_longer_than_so_far() -> None:
    """The first to finish are the quick ones: six more that have run as long make the rest take longer."""
    counts = TaskCounts(total=30, succeeded=4, running=6)
    quick = [40.0, 44.0, 47.0, 50.0]
    just_begun = known(estimate(TaskStats(listed=30, durations=quick, elapsed=[1.0] * 6), counts, 10))
    still_going = known(estimate(TaskStats(listed=30, durations=quick, elapsed=[90.0] * 6), counts, 10))
    assert still_going.low > 1.1 * just_begun.low
    assert still_going.high > 1.3 * just_begun.high
    assert still_going.basis == "4 finished tasks (median 47s); 6 tasks have run longer than any that finished"


def test_a_straggler_makes_the_range_wide_and_is_named() -> None:
    """No finished task says how long it will still take."""
    found = TaskStats(listed=41, durations=[60.0] * 40, elapsed=[900.0])
    got = known(estimate(found, TaskCounts(total=41, succeeded=40, running=1)))
    assert got.basis == "40 finished tasks (median 1m); one task has run longer than any that finished"
    assert got.seconds is None
    assert got.left == f"anything from {got.low}s to {format_duration(got.high)}"
    assert got.low < 100
    assert got.high > 600


def test_tasks_that_get_slower_make_the_range_wide_and_are_named() -> None:
    """The range has room for their going on so, and the past is no measure of the rest."""
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    seconds = [60.0 + 3 * number for number in range(20)]
    starts = [now - timedelta(seconds=sum(seconds[number:])) for number in range(20)]
    found = TaskStats(listed=40, durations=seconds, starts=starts, until=now)
    got = known(estimate(found, TaskCounts(total=40, succeeded=20, running=0), 1))
    assert got.basis.endswith("; tasks are getting slower")
    assert got.low < sum(60.0 + 3 * number for number in range(20, 40)) < got.high


@pytest.mark.parametrize(
    ("durations", "elapsed", "counts", "parallelism"),
    [
        ([60.0, 60.0], [10.0], TaskCounts(total=10, succeeded=2, running=1), 2),  # too few finished
        ([60.0] * 4, [10.0], TaskCounts(succeeded=4, running=1), 2),  # no total
        ([60.0] * 4, [], TaskCounts(total=4, succeeded=4), 2),  # nothing left
        ([60.0] * 4, [], TaskCounts(total=9, succeeded=4), None),  # no word of how many at a time
    ],
)
def test_without_a_basis_there_is_no_estimate(
    durations: list[float], elapsed: list[float], counts: TaskCounts, parallelism: int | None
) -> None:
    """No estimate is better than a guess."""
    found = TaskStats(listed=counts.total or 5, durations=durations, elapsed=elapsed)
    assert estimate(found, counts, parallelism) is None


def test_counts_alone_are_a_basis_where_there_is_no_task_list() -> None:
    """40 of 100 finished in 400 s with 10 running: about ten minutes are left."""
    got = known(estimate(TaskStats(), TaskCounts(total=100, succeeded=40, running=10), 10, 400))
    assert got.seconds is not None
    assert got.low < 500 < got.seconds < 750 < got.high
    assert got.basis == "40 of 100 tasks finished in 6m 40s"


def test_counts_of_too_few_finished_tasks_are_no_basis() -> None:
    """There is no estimate either where all tasks have finished."""
    assert estimate(TaskStats(), TaskCounts(total=100, succeeded=2), 10, 400) is None
    assert estimate(TaskStats(), TaskCounts(total=3, succeeded=3), 10, 400) is None


def test_past_executions_are_a_basis_until_this_one_has_outlasted_them() -> None:
    """What they took counts from where this one is now."""
    usual = UsualDuration((500, 510, 520, 530))
    early, late = known(estimate_from_history(usual, 50)), known(estimate_from_history(usual, 500))
    assert early.low < 460 < early.high
    assert early.seconds == pytest.approx(465, rel=0.1)
    assert late.seconds is not None
    assert early.basis == "4 recent successful executions (median 8m 35s)"
    assert 0 <= late.low < late.seconds < late.high < 200
    assert estimate_from_history(usual, 530) is None
    assert estimate_from_history(None, 50) is None


def test_past_executions_narrow_what_few_tasks_leave_open() -> None:
    """Both are told as the basis."""
    found = TaskStats(listed=40, durations=[20.0, 60.0, 150.0], elapsed=[30.0, 40.0])
    counts = TaskCounts(total=40, succeeded=3, running=2)
    alone, together = known(estimate(found, counts, 2, 150)), known(estimate(found, counts, 2, 150, (1500, 1550, 1600)))
    assert together.high - together.low < alone.high - alone.low
    assert together.low < 1400 < together.high
    assert together.basis.endswith("2 at a time; 3 past runs")


def test_the_same_tasks_have_the_same_estimate() -> None:
    """Nothing of it is left to chance."""
    found = TaskStats(listed=20, durations=[20.0, 60.0, 150.0], elapsed=[30.0, 40.0])
    counts = TaskCounts(total=20, succeeded=3, running=2)
    assert estimate(found, counts) == estimate(found, counts)


@pytest.mark.slow
def test_estimates_hold_on_simulated_runs() -> None:
    """A small part of `benchmarks/estimates.py`, with and without past runs: what is promised, as far as it is kept.

    That no likely value is under half of the truth is promised; one in a hundred is.
    """
    benchmark = run_path(str(BENCHMARK), run_name="estimates")
    ask, asked = benchmark["ask"], []
    for kind in benchmark["FORESEEABLE"]:
        asked += [*ask(kind, 6, seed=2), *ask(kind, 6, seed=3, history=True)]
    score = benchmark["Score"].of(asked)
    assert score.holds >= 0.9
    assert score.width <= 0.8
    assert score.likely >= 0.75
    assert score.close >= 0.75
    assert score.under_half <= 0.01


def test_where_no_value_is_likely_there_is_a_range_and_a_word_why() -> None:
    """In the prose and in the object; the next look is by the least that is left."""
    tasks: list[Any] = [*(task(n, "succeeded", (200, 140)) for n in range(20)), task(20, "running", (200,))]
    counts = {"total": 21, "success": 20, "running": 1}
    raw = execution("running", (200, 200), tasks=tasks, stats=counts, parallelism=21)
    got = answer(raw)
    low, high = got["timing"]["estimatedRemainingRange"]
    said = f"Time left: anything from {format_duration(low)} to {format_duration(high)}, judging by 20 finished tasks "
    assert f"{said}(median 1m); one task has run longer than any that finished." in got["summary"]
    assert "estimatedRemainingSeconds" not in got["timing"]
    assert got["pollAfterSeconds"] == max(15, low // 2)


@pytest.mark.parametrize(
    ("durations", "why"),
    [
        ([20.0, 60.0, 150.0], "too few to say more closely"),
        ([5.0, 20.0, 90.0, 400.0] * 4, "tasks differ too much to say"),
    ],
)
def test_tasks_that_differ_much_say_why_no_value_is_likely(durations: list[float], why: str) -> None:
    """Few of them, or many."""
    number = len(durations)
    found = TaskStats(listed=number + 2, durations=durations, elapsed=[30.0, 40.0])
    got = known(estimate(found, TaskCounts(total=number + 2, succeeded=number, running=2), 2))
    assert got.seconds is None
    assert why in got.basis


@pytest.mark.parametrize("status", ["succeeded", "failed", "queued", "pending", "cancelling", "odd"])
def test_only_a_running_execution_is_estimated(status: str) -> None:
    """A finished execution has nothing left to do, a waiting one has not begun."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution(status, (600, 600), tasks=tasks, parallelism=2), runs=runs_that_took(900, 900, 900))
    assert "estimatedRemainingSeconds" not in got["timing"]


def test_finished_tasks_are_a_better_basis_than_past_executions() -> None:
    """They come from the same work: runs of 15 minutes do not make a task of a minute take five."""
    tasks: list[Any] = [*(task(i, "succeeded", (600, 540)) for i in range(4)), task(5, "running", (10,))]
    got = answer(execution("running", (600, 600), tasks=tasks, parallelism=2), runs=runs_that_took(900, 900, 900))
    assert got["timing"]["estimatedRemainingSeconds"] == pytest.approx(50, abs=5)
    assert got["timing"]["estimateBasis"] == (
        "4 finished tasks of this execution (median 1m), 1 left, 2 at a time; 3 past runs"
    )


def test_a_stalled_execution_is_not_estimated() -> None:
    """What its finished tasks took says nothing about an execution that does not move."""
    tasks: list[Any] = [*(task(i, "succeeded", (7000, 6940)) for i in range(4)), task(5, "running", (3300,))]
    got = answer(execution("running", (7000, 7000), tasks=[*tasks, task(6, "pending")], parallelism=2))
    assert got["warnings"][0].startswith("Probably stalled")
    assert "estimatedRemainingSeconds" not in got["timing"]


def test_counts_past_all_sense_cost_nothing() -> None:
    """A thousand million running tasks that only the counts know of are a number, not a list."""
    done = [task(number, "succeeded", (200, 100)) for number in range(5)]
    raw = execution("running", (300, 300), tasks=done)
    raw["spec"] = {"parallelism": 10**9}
    raw["stats"] = {"total": 10**10, "running": 10**9, "success": 5}
    low, high = answer(raw)["timing"]["estimatedRemainingRange"]
    assert low < 950 < high < 20 * 950


def between(number: int, least: float, most: float) -> list[float]:
    """So many durations from the least to the most, each by the same factor longer than another one, in mixed order."""
    return [round(least * (most / least) ** (place * 7 % number / (number - 1)), 1) for place in range(number)]


def rounds(durations: Sequence[float], lanes: int) -> list[float]:
    """How long ago each of these started: as many at a time as there are lanes, the newest round 1,000 s ago."""
    newest = (len(durations) - 1) // lanes
    return [1_000.0 + 4_500 * (newest - place // lanes) for place in range(len(durations))]


class Seen(NamedTuple):
    """An execution as an estimate sees it: what its tasks took, and so on.

    Attributes:
        ages: how long ago each of those that finished started, where that is known.
        elapsed: how long each of those that run has been running.
        running: how many run by the counts, where those are not all listed.
        ran: for how long the execution has been running.
        usual: what other executions of its job took.
        total: of an execution without a list of tasks, of which `done` have finished.
    """

    durations: Sequence[float] = ()
    elapsed: Sequence[float] = ()
    waiting: int = 0
    lanes: int | None = 2
    ages: Sequence[float] = ()
    running: int | None = None
    ran: int | None = None
    usual: Sequence[int] = ()
    total: int | None = None
    done: int = 0

    def estimate(self) -> Estimate | None:
        """The estimate of it."""
        starts = [NOW - timedelta(seconds=age) for age in self.ages]
        running = len(self.elapsed) if self.running is None and self.total is None else self.running
        done = len(self.durations) or self.done
        total = self.total or len(self.durations) + (running or 0) + self.waiting
        listed = total if self.total is None else 0
        found = TaskStats(listed, durations=[*self.durations], starts=starts, elapsed=[*self.elapsed], until=NOW)
        counts = TaskCounts(total=total, succeeded=done, running=running)
        return estimate(found, counts, self.lanes, self.ran, tuple(sorted(self.usual)))


ALIKE = between(12, 3_800, 4_200)
SKEWED = [round(-9_000 * math.log(1 - (place * 7 % 40 + 0.5) / 40), 1) for place in range(40)]
"""As of an exponential distribution."""
WIDE = [round(3_000 * math.exp(1.2 * NormalDist().inv_cdf((place * 7 % 60 + 0.5) / 60)), 1) for place in range(60)]
"""As of a lognormal one."""
MANY = between(501, 2_000, 9_000)
SLOWER = [3_000 + 150.0 * place for place in range(20)]
FASTER = SLOWER[::-1]
ROUGH = [round((3_000 + 150 * place) * (1.0, 0.7, 1.3, 0.8, 1.2)[place % 5], 1) for place in range(40)]
TEN, TWELVE, SIXTY = (
    f"{number} finished tasks of this execution (median {median})"
    for number, median in ((10, "1h 17m"), (12, "1h 6m"), (60, "51m 16s"))
)
DIFFER = "tasks differ too much to say more closely"
ESTIMATES: dict[str, tuple[Seen, tuple[int | None, int, int], str]] = {
    "alike, one after another": (Seen(ALIKE, [], 7, 1), (28_136, 25_884, 30_387), f"{TWELVE}, 7 left, 1 at a time"),
    "alike, one is left": (Seen(ALIKE, [1_500], 0, 2), (2_550, 2_240, 2_786), f"{TWELVE}, 1 left, 2 at a time"),
    "alike, two at a time": (
        Seen(ALIKE, [500, 2_500], 5, 2),
        (13_504, 12_423, 14_584),
        f"{TWELVE}, 7 left, 2 at a time",
    ),
    "alike, how many at a time is not known": (
        Seen(ALIKE, [500, 2_500, 3_000], 20, None),
        (29_726, 27_347, 32_104),
        f"{TWELVE}, 23 left, 3 at a time",
    ),
    "alike, more run than may": (
        Seen(ALIKE, [500, 2_500, 3_000], 20, 2),
        (29_726, 27_347, 32_104),
        f"{TWELVE}, 23 left, 2 at a time",
    ),
    "alike, an hour at work": (
        Seen(ALIKE, [500, 2_500], 5, 2, ran=30_000),
        (13_510, 12_429, 14_592),
        f"{TWELVE}, 7 left, 2 at a time",
    ),
    "three that differ": (
        Seen([2_000, 6_000, 15_000], [3_000, 4_000], 9, 2),
        (None, 24_632, 170_158),
        "3 finished tasks of this execution (median 1h 40m), 11 left, 2 at a time; too few to say more closely",
    ),
    "three that took no time": (
        Seen([0.0] * 3, [0.0, 0.5], 9, 2),
        (None, 0, 5),
        "3 finished tasks (median 0s); one task has run longer than any that finished",
    ),
    "skewed": (
        Seen(SKEWED, [100, 9_000, 20_000], 30, 3),
        (118_965, 66_084, 169_950),
        "40 finished tasks of this execution (median 1h 47m), 33 left, 3 at a time",
    ),
    "of two kinds": (
        Seen([*between(15, 900, 1_100), *between(5, 9_000, 11_000)], [950, 5_000], 10, 2),
        (33_572, 11_517, 47_960),
        "20 finished tasks of this execution (median 17m 19s), 12 left, 2 at a time",
    ),
    "wide": (
        Seen(WIDE, [100, 1_000, 3_000, 9_000], 12, 4),
        (None, 5_826, 93_993),
        f"{SIXTY}, 16 left, 4 at a time; {DIFFER}",
    ),
    "wide, hundreds wait": (
        Seen(WIDE, [100, 1_000, 3_000, 9_000], 900, 4),
        (1_642_712, 1_148_862, 2_081_312),
        f"{SIXTY}, 904 left, 4 at a time",
    ),
    "alike, thousands wait": (
        Seen(ALIKE, [500, 2_500], 5_000, 2),
        (10_051_491, 9_247_371, 10_855_610),
        f"{TWELVE}, 5,002 left, 2 at a time",
    ),
    "one after another, thousands wait": (
        Seen(WIDE, [100], 5_000, 1),
        (38_572_838, 23_731_510, 55_104_055),
        f"{SIXTY}, 5,001 left, 1 at a time",
    ),
    "many, of which a sample is read": (
        Seen(MANY, between(10, 100, 5_000), 800, 10),
        (375_528, 345_485, 405_571),
        "501 finished tasks of this execution (median 1h 8m), 810 left, 10 at a time",
    ),
    "many, with starts": (
        Seen(MANY, between(10, 100, 900), 800, 10, rounds(MANY, 10)),
        (381_527, 351_004, 412_049),
        "501 finished tasks of this execution (median 1h 8m), 810 left, 10 at a time",
    ),
    "more lanes than are played": (
        Seen(MANY, between(60, 100, 5_000), 1_234, 300, running=290),
        (28_338, 25_623, 31_105),
        "501 finished tasks of this execution (median 1h 10m), 1,524 left, 300 at a time",
    ),
    "more lanes than are played, which the last tasks are in": (
        Seen(MANY, between(60, 100, 5_000), 0, 300),
        (9_194, 7_291, 13_135),
        "501 finished tasks of this execution (median 1h 9m), 60 left, 300 at a time",
    ),
    "a first round alone": (
        Seen(ALIKE[:3], [1_000], 8, 4, rounds(ALIKE[:3], 4)),
        (10_560, 2_058, 12_351),
        "3 finished tasks of this execution (median 1h 4m), 9 left, 4 at a time",
    ),
    "a first round, and the next one runs": (
        Seen(ALIKE[:4], [700, 900], 8, 4, rounds(ALIKE[:4], 4)),
        (11_081, 1_436, 11_968),
        "4 finished tasks of this execution (median 1h 7m), 10 left, 4 at a time",
    ),
    "a first round and nothing waits": (
        Seen(ALIKE[:3], [1_000], 0, 4, rounds(ALIKE[:3], 4)),
        (2_870, 2_066, 3_719),
        "3 finished tasks of this execution (median 1h 4m), 1 left, 4 at a time",
    ),
    "a slow first round": (
        Seen([*between(4, 8_000, 9_000), *ALIKE], [6_000, 500], 20, 5, [6_000.0] * 4 + [5_500.0] * 12),
        (19_529, 17_966, 21_092),
        "16 finished tasks of this execution (median 1h 6m), 22 left, 5 at a time",
    ),
    "tasks get slower": (
        Seen(SLOWER, [500], 30, 1, rounds(SLOWER, 1)),
        (256_919, 194_132, 311_477),
        "20 finished tasks (median 1h 42m); tasks are getting slower",
    ),
    "tasks get slower, two at a time": (
        Seen(SLOWER, [500, 700], 300, 2, rounds(SLOWER, 2)),
        (5_252_124, 1_362_890, 7_503_035),
        "20 finished tasks (median 1h 45m); tasks are getting slower",
    ),
    "tasks get faster": (
        Seen(FASTER, [500], 12, 1, rounds(FASTER, 1)),
        (24_042, 15_555, 34_103),
        "20 finished tasks (median 45m); tasks are getting faster",
    ),
    "one has run for longer than any": (
        Seen(ALIKE, [9_000], 0, 2),
        (None, 48, 6_820),
        "12 finished tasks (median 1h 6m); one task has run longer than any that finished",
    ),
    "one has run for a quarter longer": (
        Seen(ALIKE, [5_250], 0, 2),
        (None, 3, 534),
        f"{TWELVE}, 1 left, 2 at a time; {DIFFER}",
    ),
    "one has run for more than a quarter longer": (
        Seen(ALIKE, [5_251], 0, 2),
        (None, 3, 534),
        "12 finished tasks (median 1h 6m); one task has run longer than any that finished",
    ),
    "two have run for longer than any": (
        Seen(ALIKE, [4_300, 9_000, 100], 6, 3),
        (None, 10_664, 49_668),
        "12 finished tasks (median 1h 6m); 2 tasks have run longer than any that finished",
    ),
    "nine of those": (
        Seen(ALIKE[:4], [4_500] * 9, 20, 9),
        (None, 11_782, 85_320),
        "4 finished tasks (median 1h 7m); 9 tasks have run longer than any that finished",
    ),
    "past runs agree": (
        Seen([2_000, 6_000, 15_000], [3_000, 4_000], 9, 2, ran=20_000, usual=[70_000, 75_000, 81_000, 78_000]),
        (56_674, 39_495, 73_440),
        "3 finished tasks of this execution (median 1h 40m), 11 left, 2 at a time; 4 past runs",
    ),
    "past runs do not agree": (
        Seen(ALIKE, [500, 2_500], 5, 2, ran=30_000, usual=[80_000, 85_000, 99_000]),
        (13_525, 12_442, 14_607),
        f"{TWELVE}, 7 left, 2 at a time; 3 past runs",
    ),
    "past runs, all of which it has outlasted": (
        Seen(ALIKE, [500, 2_500], 5, 2, ran=30_000, usual=[9_000, 9_100, 9_300]),
        (13_501, 12_421, 14_582),
        f"{TWELVE}, 7 left, 2 at a time; 3 past runs",
    ),
    "past runs, and how long it runs is not known": (
        Seen(ALIKE, [500, 2_500], 5, 2, usual=[80_000] * 3),
        (13_504, 12_423, 14_584),
        f"{TWELVE}, 7 left, 2 at a time",
    ),
    "past runs alone": (
        Seen(ran=20_000, usual=[70_000, 75_000, 81_000, 78_000]),
        (55_890, 44_251, 69_642),
        "4 recent successful executions (median 21h 15m)",
    ),
    "past runs alone, as it began": (
        Seen(ran=0, usual=[70_000, 75_000, 81_000, 78_000, 120_000]),
        (86_544, 55_970, 123_635),
        "5 recent successful executions (median 21h 40m)",
    ),
    "past runs alone, nearly all outlasted": (
        Seen(ran=80_999, usual=[70_000, 75_000, 81_000, 78_000]),
        (None, 332, 14_065),
        "4 recent successful executions (median 21h 15m); they differ too much to say more closely",
    ),
    "past runs alone, that differ": (
        Seen(ran=900, usual=[600, 1_000, 90_000, 3_000]),
        (None, 259, 347_954),
        "4 recent successful executions (median 33m 20s); they differ too much to say more closely",
    ),
    "past runs alone, of a second each": (
        Seen(ran=0, usual=[1, 1, 1]),
        (1, 0, 2),
        "3 recent successful executions (median 1s)",
    ),
    "counts, few": (
        Seen(total=30, done=9, running=4, lanes=4, ran=40_000),
        (95_382, 37_413, 136_261),
        "9 of 30 tasks finished in 11h 6m",
    ),
    "counts, the last round": (
        Seen(total=290, done=280, running=10, lanes=10, ran=400_000),
        (None, 6_593, 115_912),
        "280 of 290 tasks finished in 4d 15h; what each task takes is not known",
    ),
    "counts, in the middle": (
        Seen(total=290, done=100, running=10, lanes=10, ran=400_000),
        (731_560, 662_737, 1_009_360),
        "100 of 290 tasks finished in 4d 15h",
    ),
    "counts, many": (
        Seen(total=5_000, done=1_000, running=10, lanes=10, ran=400_000),
        (1_591_633, 1_464_301, 1_718_964),
        "1,000 of 5,000 tasks finished in 4d 15h",
    ),
    "counts, fewer run than may": (
        Seen(total=5_000, done=1_000, running=7, lanes=10, ran=400_000),
        (1_597_994, 1_470_154, 1_725_834),
        "1,000 of 5,000 tasks finished in 4d 15h",
    ),
    "counts, nothing says how many run": (
        Seen(total=500, done=100, lanes=10, ran=400_000),
        (1_520_883, 1_375_349, 1_974_219),
        "100 of 500 tasks finished in 4d 15h",
    ),
    "counts, nothing says how many may": (
        Seen(total=500, done=100, lanes=None, ran=400_000),
        (1_589_828, 1_285_949, 1_847_670),
        "100 of 500 tasks finished in 4d 15h",
    ),
    "counts, more lanes than are played": (
        Seen(total=9_000, done=3_000, running=700, lanes=700, ran=90_000),
        (195_800, 154_551, 279_715),
        "3,000 of 9,000 tasks finished in 25h",
    ),
    "counts, more lanes than are played, early": (
        Seen(total=250, done=5, running=200, lanes=200, ran=9_000),
        (None, 16_841, 74_598),
        "5 of 250 tasks finished in 2h 30m; what each task takes is not known",
    ),
    "counts, early": (
        Seen(total=301, done=3, running=60, lanes=60, ran=9_000),
        (92_214, 62_216, 131_735),
        "3 of 301 tasks finished in 2h 30m",
    ),
    "counts and past runs": (
        Seen(total=30, done=9, running=4, lanes=4, ran=40_000, usual=[130_000, 140_000, 128_000]),
        (87_841, 60_787, 110_245),
        "9 of 30 tasks finished in 11h 6m; 3 past runs",
    ),
    "alike, two hundred": (
        Seen(between(200, 3_000, 5_000), [500, 2_500], 25, 2),
        (53_009, 48_768, 57_250),
        "200 finished tasks of this execution (median 1h 4m), 27 left, 2 at a time",
    ),
    "alike, sixty may run and two do": (
        Seen(ALIKE, [500, 2_500], 0, 60),
        (3_480, 3_201, 3_759),
        f"{TWELVE}, 2 left, 60 at a time",
    ),
    "a tenth of a second each": (
        Seen([0.1, 0.11, 0.1], [0.05], 0, 2),
        (0, 0, 1),
        "3 finished tasks of this execution (median 0s), 1 left, 2 at a time",
    ),
    "ten that differ much": (
        Seen(between(10, 100, 100_000), [30, 40], 0, 2),
        (None, 684, 26_120),
        f"{TEN}, 2 left, 2 at a time; {DIFFER}",
    ),
    "nine that differ much": (
        Seen(between(9, 100, 100_000), [30, 40], 0, 2),
        (None, 311, 21_831),
        "9 finished tasks of this execution (median 52m 42s), 2 left, 2 at a time; too few to say more closely",
    ),
    "a few more lanes than are played": (
        Seen(MANY, between(60, 100, 5_000), 500, 100),
        (31_892, 29_340, 34_616),
        "501 finished tasks of this execution (median 1h 9m), 560 left, 100 at a time",
    ),
    "a slow first round in more lanes than are played": (
        Seen(
            [*between(300, 6_000, 7_390), *between(200, 900, 1_300)],
            [*[7_400.0] * 20, *between(80, 50, 1_200)],
            400,
            320,
            [7_400.0] * 300 + [1_350.0] * 200,
        ),
        (7_588, 6_981, 8_258),
        "500 finished tasks (median 18m 11s); 20 tasks have run longer than any that finished",
    ),
    "past runs alone, that differ by far": (
        Seen(ran=1, usual=[1, 3, 100, 40_000]),
        (None, 0, 792_505),
        "4 recent successful executions (median 52s); they differ too much to say more closely",
    ),
    "counts, three rounds": (
        Seen(total=100, done=30, running=10, lanes=10, ran=400_000),
        (812_783, 679_469, 1_123_411),
        "30 of 100 tasks finished in 4d 15h",
    ),
    "counts, three rounds and a half": (
        Seen(total=100, done=35, running=10, lanes=10, ran=400_000),
        (739_851, 544_509, 1_056_931),
        "35 of 100 tasks finished in 4d 15h",
    ),
    "counts, two rounds before the end": (
        Seen(total=100, done=80, running=10, lanes=10, ran=400_000),
        (159_749, 77_757, 228_213),
        "80 of 100 tasks finished in 4d 15h",
    ),
    "counts, nearly three rounds before the end": (
        Seen(total=100, done=75, running=10, lanes=10, ran=400_000),
        (164_403, 105_596, 234_861),
        "75 of 100 tasks finished in 4d 15h",
    ),
    "counts, three hundred": (
        Seen(total=300, done=20, running=10, lanes=10, ran=400_000),
        (5_214_917, 1_934_808, 7_449_882),
        "20 of 300 tasks finished in 4d 15h",
    ),
    "counts, more lanes than are left": (
        Seen(total=300, done=290, running=10, lanes=60, ran=400_000),
        (40_723, 9_319, 58_176),
        "290 of 300 tasks finished in 4d 15h",
    ),
    "counts that do not add up": (
        Seen(total=100, done=95, running=10, lanes=10, ran=400_000),
        (None, 10_716, 146_897),
        "95 of 100 tasks finished in 4d 15h; what each task takes is not known",
    ),
    "counts, none runs": (
        Seen(total=5_000, done=1_000, running=0, lanes=10, ran=400_000),
        (1_602_690, 1_474_475, 1_730_906),
        "1,000 of 5,000 tasks finished in 4d 15h",
    ),
    "counts, one runs": (
        Seen(total=5_000, done=1_000, running=1, lanes=10, ran=400_000),
        (1_602_066, 1_473_900, 1_730_232),
        "1,000 of 5,000 tasks finished in 4d 15h",
    ),
    "counts, few run in more lanes than are played": (
        Seen(total=9_000, done=3_000, running=300, lanes=700, ran=90_000),
        (256_190, 171_454, 365_987),
        "3,000 of 9,000 tasks finished in 25h",
    ),
    "counts, one after another": (
        Seen(total=400, done=3, running=1, lanes=1, ran=90_000),
        (11_845_633, 5_598_005, 16_922_333),
        "3 of 400 tasks finished in 25h",
    ),
    "hardly begun, and past runs that differ by far": (
        Seen([0.5, 1.0, 40_000], [0.1], 0, 2, ran=0, usual=[1, 3, 100, 40_000]),
        (None, 0, 64_076),
        "3 finished tasks of this execution (median 1s), 1 left, 2 at a time; 4 past runs; too few to say more closely",
    ),
    "past runs took somewhat longer": (
        Seen(SKEWED, [100, 9_000, 20_000], 30, 3, ran=100_000, usual=[400_000, 420_000, 450_000]),
        (171_982, 77_123, 245_690),
        "40 finished tasks of this execution (median 1h 47m), 33 left, 3 at a time; 3 past runs",
    ),
    "past runs alone, of a minute each": (
        Seen(ran=80, usual=[70, 75, 81, 78]),
        (10, 0, 15),
        "4 recent successful executions (median 1m 16s)",
    ),
    "counts, the first of fifty lanes": (
        Seen(total=250, done=3, running=50, lanes=50, ran=90_000),
        (None, 240_313, 3_192_415),
        "3 of 250 tasks finished in 25h; what each task takes is not known",
    ),
    "a second each, and past runs that differ by far": (
        Seen([0.5, 1.0, 1.2], [0.1], 0, 2, ran=0, usual=[1, 3, 100, 40_000]),
        (1, 0, 2),
        "3 finished tasks of this execution (median 1s), 1 left, 2 at a time; 4 past runs",
    ),
    "two seconds each, and past runs that differ by far": (
        Seen([0.5, 1.0, 2.2], [0.1], 1, 1, ran=0, usual=[1, 3, 100, 400_000]),
        (None, 0, 10),
        "3 finished tasks of this execution (median 1s), 2 left, 1 at a time; 4 past runs; too few to say more closely",
    ),
    "of very different sizes, some more than are played": (
        Seen(between(10, 1, 1_000), [5, 9], 83, 2),
        (18_422, 4_234, 26_318),
        "10 finished tasks of this execution (median 46s), 85 left, 2 at a time",
    ),
    "of very different sizes, some more than are played, one after another": (
        Seen(between(10, 1, 1_000), [5], 83, 1),
        (None, 9_481, 57_867),
        f"10 finished tasks of this execution (median 46s), 84 left, 1 at a time; {DIFFER}",
    ),
    "of very different sizes, ten at a time": (
        Seen(between(10, 1, 1_000), [5.0] * 10, 90, 10),
        (None, 786, 11_730),
        f"10 finished tasks of this execution (median 46s), 100 left, 10 at a time; {DIFFER}",
    ),
    "tasks get slower and differ, two at a time": (
        Seen(ROUGH, [500, 700], 300, 2, rounds(ROUGH, 2)),
        (6_054_183, 1_822_245, 8_648_833),
        "40 finished tasks (median 2h 37m); tasks are getting slower",
    ),
    "a first round of seconds, and later tasks that took no time": (
        Seen([5.0] * 4 + [0.0] * 4, [3.0], 31, 4, [100.0] * 4 + [50.0] * 4),
        (None, 0, 11),
        "8 finished tasks of this execution (median 0s), 32 left, 4 at a time; too few to say more closely",
    ),
    "counts, a round more than is played one by one": (
        Seen(total=310, done=210, running=10, lanes=10, ran=400_000),
        (190_776, 172_064, 267_719),
        "210 of 310 tasks finished in 4d 15h",
    ),
}


@pytest.mark.parametrize("name", ESTIMATES)
def test_the_estimate_of(name: str) -> None:
    """Of executions of every kind, to the second.

    A change of the model changes this table on purpose; `benchmarks/estimates.py` says whether it is a better one.
    """
    seen, numbers, basis = ESTIMATES[name]
    assert seen.estimate() == Estimate(*numbers, basis)


@pytest.mark.parametrize(
    "seen",
    [
        Seen(ran=81_000, usual=[70_000, 75_000, 81_000]),  # it has outlasted them
        Seen(usual=[70_000, 75_000, 81_000]),  # nothing says for how long it has been running
        Seen(total=30, done=9, running=4, lanes=4),
        Seen(total=30, done=9, running=4, lanes=4, ran=0),
        Seen(total=30, done=2, running=4, lanes=4, ran=40_000),
        Seen(total=30, done=30, running=0, lanes=4, ran=40_000),
    ],
)
def test_what_says_nothing_of_the_time_left_is_no_basis(seen: Seen) -> None:
    """Past runs and counts alone."""
    assert seen.estimate() is None


@pytest.mark.parametrize(
    ("ends", "weights", "numbers"),
    [
        # A likely value is 70 % of the end of the range at least.
        ([30.0, 10.0, 20.0], [1.0, 1.0, 1.0], (21, 10, 30)),
        # Half is between nothing and a hundred, but neither is near that.
        ([0.0, 100.0], [1.0, 1.0], (None, 0, 100)),
        # One that weighs most is likely, and the end of the range too, but for 8 %.
        ([10.0, 20.0, 300.0], [1.0, 1.0, 98.0], (294, 39, 318)),
        # All draws alike: 8 % to either side.
        ([100.0] * 4, [1.0] * 4, (100, 92, 108)),
        # It is likely if a fifth of the draws is near it: within a quarter of their length, and half a second.
        ([1.0, 10.0], [80.0, 20.0], (7, 1, 10)),
        ([1.0, 11.0], [80.0, 20.0], (None, 1, 11)),
        # Nothing left at all is no estimate, a moment is one.
        ([0.0] * 4, [1.0] * 4, None),
        ([0.001] * 4, [1.0] * 4, (0, 0, 1)),
    ],
)
def test_draws_are_summed_up(
    ends: list[float], weights: list[float], numbers: tuple[int | None, int, int] | None
) -> None:
    """As a likely value and a range, from the twentieth draw of a hundred to the last but twenty."""
    got = _summed_up(ends, weights, "basis", "", margin=0)
    assert got == (Estimate(*numbers, "basis") if numbers else None)
