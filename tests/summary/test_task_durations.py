"""What finished and running tasks say of how long tasks take: spreads that may be the true one."""

import math
from collections.abc import Callable, Sequence
from random import Random
from statistics import NormalDist, fmean, pstdev

import pytest

from blaxel_mcp.summary.task_durations import Draw, TaskDurations, _Fit, assumed, condense, hazard


def dice() -> Random:
    """Always the same ones."""
    return Random(1)  # noqa: S311 - no secret


@pytest.mark.parametrize(
    ("score", "rate", "above"),
    [
        # From a table of the normal distribution: its density over the share above, and the logarithm of that share.
        (-1.0, 0.2875999, -0.1727538),
        (0.0, 0.7978846, -0.6931472),
        (1.0, 1.5251353, -1.8410216),
        (3.0, 3.2830987, -6.6077262),
        (8.0, 8.1213681, -35.0134372),
        # Further out the share is as good as the density over the score.
        (10.0, 10.1, -53.2215157),
        (40.0, 40.025, -804.6078100),
    ],
)
def test_the_hazard_of_the_normal_distribution(score: float, rate: float, above: float) -> None:
    """As of a standard score, with the logarithm of the probability of a higher one."""
    assert hazard(score) == pytest.approx((rate, above), rel=1e-6)


@pytest.mark.parametrize(
    ("ordered", "most", "condensed"),
    [
        ([], 3, []),
        ([1, 2, 3], 3, [(1, 1), (2, 1), (3, 1)]),
        # The largest stays alone, and of eight two do.
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 50], 4, [(2, 3), (5, 3), (8, 3), (50, 1)]),
        (
            [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 40, 50],
            8,
            [*((4 * n + 2, 2) for n in range(6)), (40, 1), (50, 1)],
        ),
        ([1, 2, 3, 4, 9], 2, [(2.5, 4), (9, 1)]),
        # Groups are as even as they can be.
        ([1, 2, 3, 4, 5, 9], 3, [(1.5, 2), (4, 3), (9, 1)]),
    ],
)
def test_values_are_condensed_to_means_of_even_groups(
    ordered: Sequence[float], most: int, condensed: list[tuple[float, float]]
) -> None:
    """With the number of values that each stands for."""
    assert condense(ordered, most) == condensed


FITS = {
    "normal": _Fit(width=0.5, level=math.log(100), error=0.1, weibull=False, evidence=20.0, step=0.2),
    "weibull": _Fit(width=0.5, level=math.log(100), error=0.0, weibull=True, evidence=20.0, step=0.2),
}


@pytest.mark.parametrize("seconds", [1.0, 50.0, 100.0, 400.0])
@pytest.mark.parametrize("kind", FITS)
def test_a_spread_goes_on_past_what_a_task_has_taken(kind: str, seconds: float) -> None:
    """Half of those that have taken so long exceed the duration which it tells for a half, and so for every share."""
    fit = FITS[kind]
    for share in (0.999, 0.5, 0.01, 1e-9):
        longer = fit.beyond(seconds, share)
        assert longer >= seconds
        assert fit.above(longer) - fit.above(seconds) == pytest.approx(math.log(share), rel=1e-5, abs=1e-7)


def test_the_share_of_tasks_that_take_longer() -> None:
    """Of a normal spread of logarithms half are above its level, one in 44 above two widths; of a Weibull 37 %."""
    normal, weibull = FITS["normal"], FITS["weibull"]
    assert math.exp(normal.above(100)) == pytest.approx(0.5)
    assert math.exp(normal.above(100 * math.e)) == pytest.approx(0.02275013)
    assert math.exp(weibull.above(100)) == pytest.approx(math.exp(-1))
    assert weibull.above(100 * math.e) == pytest.approx(-math.exp(2))


def test_far_out_the_tail_of_a_normal_spread_is_as_good_as_exponential() -> None:
    """From four widths on: five are exceeded by a task that has taken four with the odds of exp(-4.5)."""
    fit = FITS["normal"]
    five, six = 100 * math.exp(2.5), 100 * math.exp(3)
    assert fit.beyond(five, math.exp(-5.5)) == pytest.approx(six)
    four = 100 * math.exp(2)
    exact = NormalDist().inv_cdf(1 - 0.5 * (1 - NormalDist().cdf(4)))
    assert fit.beyond(four, 0.5) == pytest.approx(100 * math.exp(0.5 * exact), rel=1e-4)


@pytest.mark.parametrize("kind", FITS)
def test_nothing_is_too_large_or_too_small_to_be_told(kind: str) -> None:
    """No duration is longer than exp(40) seconds; of none at all, and of the longest ones, there is an answer too."""
    far = FITS[kind]._replace(level=60.0)
    assert far.values() == [math.exp(40)] * 8
    assert far.beyond(1.0, 0.5) == math.exp(40)
    assert FITS[kind].above(0.0) == pytest.approx(0.0, abs=1e-9)
    assert FITS[kind].beyond(0.0, 0.5) == pytest.approx(100.0 if kind == "normal" else 83.2555)
    assert FITS[kind].above(1e30) == pytest.approx(-math.exp(50) if kind == "weibull" else -8_320, rel=0.01)
    assert FITS[kind].beyond(1e15, 1e-12) >= 1e15


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("normal", [46.4, 64.2, 78.3, 92.4, 108.2, 127.7, 155.8, 215.3]),
        ("weibull", [25.4, 45.6, 61.2, 75.9, 90.9, 107.8, 129.4, 166.5]),
    ],
)
def test_a_spread_in_eight_equally_likely_durations(kind: str, values: list[float]) -> None:
    """Those that 1/16, 3/16 and so on of all tasks do not exceed."""
    assert FITS[kind].values() == pytest.approx(values, abs=0.051)


@pytest.mark.parametrize(("kind", "spread"), [("normal", 0.1), ("weibull", 0.112)])
def test_the_level_of_a_spread_is_drawn_by_its_error(kind: str, spread: float) -> None:
    """And its width within half a step to either side."""
    rng = dice()
    drawn = [FITS[kind].draw(rng) for _ in range(2_000)]
    widths = sorted(math.log(fit.width / 0.5) for fit in drawn)
    assert -0.1 <= widths[0] < -0.098
    assert 0.098 < widths[-1] <= 0.1
    levels = [fit.level - math.log(100) for fit in drawn]
    assert fmean(levels) == pytest.approx(0.0125 if kind == "weibull" else 0.0, abs=0.006)
    assert pstdev(levels) == pytest.approx(spread, rel=0.05)


MIXED = Draw(
    fit=_Fit(width=1.0, level=math.log(40), error=0.0, weibull=False, evidence=4.0),
    values=[10.0, 20.0, 30.0, 40.0],
    cumulated=[1.0, 2.0, 3.0, 4.0],
    longest=40.0,
    over=0.25,
    odd=0.125,
    table=[*(float(number) for number in range(1, 48)), math.inf],
)
"""Five eighths of all tasks take 10 to 40 s, a quarter takes longer by the spread, an eighth by any factor."""


@pytest.mark.parametrize(
    ("place", "seconds"),
    [
        (0.0, 10.0),
        (0.156, 10.0),
        (0.15625, 20.0),
        (0.468, 30.0),
        (0.469, 40.0),
        (0.625, 40.0),
        # By the spread, of which half is above 40 s: halfway is its third quartile.
        (0.75, 40 * math.exp(0.6744898)),
        (0.825, 40 * math.exp(1.2815516)),
        (0.875, 40 * math.exp(7.0344838)),
        # The other kind takes twice as long as the longest where half of it takes longer, and 30 times at most.
        (0.9375, 80.0),
        (0.99, 500.0),
        (0.999, 1_200.0),
        (1 - 1e-9, 1_200.0),
    ],
)
def test_the_duration_that_a_share_of_all_tasks_does_not_exceed(place: float, seconds: float) -> None:
    """Finished tasks first, then those beyond the longest of them."""
    assert MIXED.at(place) == pytest.approx(seconds, rel=1e-6)


@pytest.mark.parametrize(
    ("so_far", "share", "seconds"),
    [
        # Of a task that is shorter than some finished one, they tell.
        (0.0, 1.0, 10.0),
        (25.0, 1.0, 30.0),
        (25.0, 0.78, 30.0),
        (25.0, 0.77, 40.0),
        (25.0, 0.5, 40 * math.exp(0.1573107)),
        (25.0, 0.1, 40 * 0.125 / 0.06875),
        (10.0, 1.0, 20.0),
        # Of one that has taken as long as the longest: a third is of the other kind.
        (40.0, 1.0, 40.0),
        (40.0, 0.5, 40 * math.exp(1.1503494)),
        (40.0, 1 / 6, 80.0),
        (40.0, 1e-6, 1_200.0),
        # Of one that has taken twice as long as that, too: by the spread a quarter does, of the other kind a half.
        (80.0, 0.1, 80 * 0.0625 / (0.1 * (0.0625 + 0.25 * 0.4882212))),
        (80.0, 1e-6, 2_400.0),
        (80.0, 1.0, 80.0),
    ],
)
def test_the_duration_that_a_share_of_tasks_exceeds_which_have_run_for_so_long(
    so_far: float, share: float, seconds: float
) -> None:
    """Shorter ones are out of the question."""
    assert MIXED.longer_than(so_far, share) == pytest.approx(seconds, rel=1e-5)


def test_what_running_tasks_still_take() -> None:
    """One of the durations that are longer, each of them as likely; of the last three by the exact form."""
    rng = dice()
    drawn = {round(rest + 40, 6) for _ in range(400) for rest in MIXED.rest(rng, [40.0])}
    listed = {float(number) for number in range(41, 48)}
    assert listed < drawn
    assert all(each > 40 for each in drawn)
    assert any(each == 1_200 for each in drawn)
    # 44 and 45 s of 48 durations up to 47 s: four are longer, and three.
    assert any(rest + 44 in {45.0, 46.0, 47.0} for _ in range(20) for rest in MIXED.rest(rng, [44.0]))
    assert not any(rest + 45 in {46.0, 47.0} for _ in range(50) for rest in MIXED.rest(rng, [45.0]))
    assert len(MIXED.rest(rng, [1.0, 2.0, 90.0])) == 3
    assert MIXED.rest(rng, []) == []


SHARES = (0.05, 0.5, 0.9, 0.99, 0.9999)
NORMAL = [round(60_000 * math.exp(0.4 * NormalDist().inv_cdf((place + 0.5) / 40))) for place in range(40)]
"""Forty durations as of a lognormal distribution."""
DRAWS: dict[str, tuple[Callable[[], TaskDurations], list[list[int]]]] = {
    "alike": (
        lambda: TaskDurations([59_000.0, 60_000.0, 60_000.0, 61_500.0], []),
        [
            [59_000, 61_188, 62_122, 63_141, 184_500],
            [56_908, 59_000, 61_500, 285_459, 1_845_000],
            [52_651, 59_499, 61_822, 64_298, 184_500],
            [52_805, 60_000, 69_190, 86_155, 184_500],
        ],
    ),
    "normal": (
        lambda: TaskDurations(NORMAL, []),
        [
            [39_623, 64_723, 97_483, 122_307, 441_210],
            [35_903, 56_341, 103_221, 147_070, 441_210],
            [30_958, 76_228, 122_307, 158_494, 441_210],
            [26_186, 58_518, 122_307, 218_051, 441_210],
        ],
    ),
    "normal, some run": (
        lambda: TaskDurations(NORMAL, [1_000.0, 20_000.0, 30_000.0, 70_000.0, 90_000.0]),
        [
            [39_623, 64_723, 97_483, 122_307, 441_210],
            [35_903, 58_518, 103_221, 147_070, 441_210],
            [30_958, 76_228, 122_307, 164_473, 441_210],
            [26_717, 61_530, 147_070, 227_103, 441_210],
        ],
    ),
    "normal, many run longer than all": (
        lambda: TaskDurations(NORMAL, [180_000.0] * 20),
        [
            [39_623, 87_253, 274_024, 2_740_239, 4_412_100],
            [35_903, 71_956, 351_763, 3_517_633, 4_412_100],
            [35_903, 87_253, 331_357, 880_901, 441_210],
            [30_958, 87_253, 523_614, 1_807_995, 441_210],
        ],
    ),
    "exponential": (
        lambda: TaskDurations([round(-50_000 * math.log(1 - (place + 0.5) / 30)) for place in range(30)], [100.0] * 12),
        [
            [8_126, 39_925, 94_856, 204_717, 614_151],
            [5_277, 34_685, 107_422, 284_081, 614_151],
            [2_565, 50_217, 124_245, 294_862, 614_151],
            [2_565, 43_773, 149_787, 204_717, 614_151],
        ],
    ),
    "a sample": (
        lambda: TaskDurations(NORMAL, [50_000.0] * 3, number=4_000, mean=70_000.0),
        [
            [33_435, 63_200, 105_282, 147_070, 147_070],
            [33_435, 63_200, 105_282, 147_070, 147_070],
            [33_435, 66_452, 111_479, 147_070, 174_745],
            [33_435, 63_200, 111_479, 147_070, 367_606],
        ],
    ),
    "a sample, and many run longer than all": (
        lambda: TaskDurations(NORMAL, [180_000.0] * 20, number=4_000, mean=70_000.0),
        [
            [33_435, 66_452, 111_479, 147_070, 3_832_631],
            [33_435, 63_200, 111_479, 147_070, 4_412_100],
            [33_435, 66_452, 111_479, 147_070, 4_193_592],
            [33_435, 66_452, 111_479, 147_070, 4_412_100],
        ],
    ),
    "some run as long as the longest": (
        lambda: TaskDurations(NORMAL, [NORMAL[-1]] * 3, number=400, mean=fmean(NORMAL)),
        [
            [30_958, 58_518, 103_221, 147_070, 441_210],
            [30_958, 58_518, 97_483, 147_070, 441_210],
            [30_958, 61_530, 110_829, 147_070, 441_210],
            [30_958, 61_530, 110_829, 154_759, 441_210],
        ],
    ),
    "one runs nearly as long as the longest": (
        lambda: TaskDurations(NORMAL, [NORMAL[-1] - 1.0]),
        [
            [39_623, 64_723, 97_483, 172_739, 441_210],
            [35_903, 57_572, 103_221, 147_070, 441_210],
            [30_958, 76_228, 122_307, 176_368, 441_210],
            [26_811, 58_518, 147_070, 230_802, 441_210],
        ],
    ),
    "one runs for a hundred years": (
        lambda: TaskDurations([10_000.0, 11_000.0, 12_000.0], [3e9]),
        [
            [10_000, 2_259_411, 44_302, 360_000, 360_000],
            [503, 11_000, 35_474, 354_741, 360_000],
            [528, 2_361_198, 19_366, 193_660, 360_000],
            [10_000, 878_018_715, 45_273, 360_000, 360_000],
        ],
    ),
    "three": (
        lambda: TaskDurations([20_000.0, 60_000.0, 150_000.0], [90_000.0, 200_000.0]),
        [
            [20_000, 150_000, 420_535, 4_205_350, 4_500_000],
            [11_897, 61_920, 573_064, 2_625_043, 450_000],
            [5_974, 150_000, 1_608_178, 7_515_647, 450_000],
            [15_479, 1_743_423, 393_529, 3_935_292, 4_500_000],
        ],
    ),
    "no time": (
        lambda: TaskDurations([0.0, 0.0, 60_000.0], [0.0]),
        [
            [400, 10_753, 135_990, 1_359_897, 1_800_000],
            [36, 400, 89_123, 874_900, 180_000],
            [1, 3_399, 67_440, 1_002_332, 180_000],
            [187, 60_000, 2_251_491, 24_600_708, 180_000],
        ],
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_spreads_that_may_be_the_true_one(name: str) -> None:
    """Durations at five shares of all tasks, the slower kind last, in four draws.

    A change of the model changes this table on purpose; `benchmarks/estimates.py` says whether it is a better one.
    """
    make, expected = DRAWS[name]
    durations, rng = make(), dice()
    drawn = [durations.draw(rng, place) for place in (0.1, 0.5, 0.9, 0.99)]
    assert [[round(draw.at(share)) for share in SHARES] for draw in drawn] == expected


@pytest.mark.parametrize("width", [0.05, 0.5, 0.9])
def test_durations_of_which_nothing_is_known_but_how_much_they_may_differ(width: float) -> None:
    """Forty-eight equally likely ones around a mean of one, as of a lognormal distribution."""
    draw = assumed(width)
    assert fmean(draw.values) == pytest.approx(1.0)
    assert draw.moments() == pytest.approx((1.0, math.sqrt(math.exp(width**2) - 1)), rel=0.15)
    shares = [(number + 0.5) / 48 for number in range(48)]
    found = [draw.at(share * (1 - draw.over)) for share in shares]
    scores = [NormalDist().inv_cdf(share) for share in shares]
    assert [each / found[0] for each in found] == pytest.approx([math.exp(width * (z - scores[0])) for z in scores])
