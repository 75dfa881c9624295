"""How long a task of an execution takes, as far as its finished and its running tasks tell: draws of what may be true.

Running tasks count as "longer than so far" (right-censored): those that finish first are the quick ones, and finished
tasks alone would promise too much. Lognormal and Weibull spreads are fitted, each with the weight that the data give
it; each `Draw` is one plausible spread with the finished tasks themselves mixed in, the more the more there are. Some
draws have tasks of a slower kind besides, of which none has finished so far.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from random import Random
from statistics import NormalDist
from typing import NamedTuple

_NORMAL = NormalDist()
_KNOTS = 24
"""Into so many values finished tasks are condensed, of which each draw weighs every one anew."""
_GROUPS = 10
"""Into so many values running tasks are condensed for a fit."""
_LEAST_WIDTH, _MOST_WIDTH, _WIDTHS = 0.01, 2.5, (7, 9)
"""The spreads that are tried, standard deviations of a task's logarithm: so many of all, and so many of the likely."""
_UNLIKELY = 6.0
"""A spread is tried more closely unless the logarithm of its probability is so far below the best one's."""
_MODEL_TASKS = 2.0
"""For how many finished tasks the fitted spread counts beside them."""
_MOST_EVIDENCE = 150
"""More finished tasks make a fit no surer: no real spread is exactly one of the two."""
_ODD, _MOST_ODD = 0.0003, 30.0
"""The share of tasks that hang, or are of another kind than all others, and by what factor they take longer at most."""
_TABLE, _FEW = 48, 3
_SHARES = [(place + 0.5) / _TABLE for place in range(_TABLE - 1)]
_MIDDLES = [(2 * number + 1) / 16 for number in range(8)]
_NORMAL_SCORES = [_NORMAL.inv_cdf(share) for share in _MIDDLES]
_WEIBULL_SCORES = [math.log(-math.log(1 - share)) for share in _MIDDLES]


def hazard(score: float) -> tuple[float, float]:
    """The normal hazard at a standard score, and the logarithm of the probability of a higher one."""
    if score > 8:  # noqa: PLR2004 - past it the exact form underflows
        return score + 1 / score, -0.5 * score * score - math.log(score * 2.5066)
    above = 0.5 * math.erfc(score * 0.70710678)
    return math.exp(-0.5 * score * score) * 0.39894228 / above, math.log(above)


def condense(ordered: Sequence[float], most: int) -> list[tuple[float, float]]:
    """At most so many values with the number of those that each is the mean of; a few of the largest stay alone."""
    if len(ordered) <= most:
        return [(value, 1.0) for value in ordered]
    alone = max(1, most // 4)
    made, last, parts = [], len(ordered) - alone, most - alone
    for part in range(parts):
        group = ordered[part * last // parts : (part + 1) * last // parts]
        made.append((sum(group) / len(group), float(len(group))))
    return [*made, *((value, 1.0) for value in ordered[-alone:])]


class _Fit(NamedTuple):
    """A spread of logarithms of seconds: normal, or that of a Weibull (`weibull`); `evidence` makes its level sure.

    The next width that is tried is larger by the factor exp(`step`).
    """

    width: float
    level: float
    error: float
    weibull: bool
    evidence: float
    step: float = 0.0

    def draw(self, rng: Random) -> "_Fit":
        """This spread with a level that may be the true one."""
        width = self.width * math.exp(rng.uniform(-0.5, 0.5) * self.step)
        if self.weibull:
            level = self.level - width * math.log(rng.gammavariate(self.evidence, 1) / self.evidence)
        else:
            level = self.level + rng.gauss(0, self.error)
        return self._replace(width=width, level=level)

    def values(self) -> list[float]:
        """Eight equally likely durations."""
        scores, level, width = _WEIBULL_SCORES if self.weibull else _NORMAL_SCORES, self.level, self.width
        return [math.exp(min(40.0, level + width * score)) for score in scores]

    def above(self, seconds: float) -> float:
        """The logarithm of the probability that a task takes longer."""
        score = (math.log(max(seconds, 1e-6)) - self.level) / self.width
        return -math.exp(min(50.0, score)) if self.weibull else hazard(score)[1]

    def beyond(self, seconds: float, share: float) -> float:
        """The duration that a task which has taken `seconds` exceeds with the probability `share`."""
        return self.all_beyond(seconds, [share])[0]

    def all_beyond(self, seconds: float, shares: Sequence[float]) -> list[float]:
        """The durations that a task which has taken `seconds` exceeds with these probabilities."""
        level, width = self.level, self.width
        score = (math.log(max(seconds, 1e-6)) - level) / width
        if self.weibull:
            risk = math.exp(min(50.0, score))
            scores = [math.log(risk - math.log(share)) for share in shares]
        elif score > 4:  # noqa: PLR2004 - so far out the tail is as good as exponential
            scores = [math.sqrt(score * score - 2 * math.log(share)) for share in shares]
        else:
            longer, inverse = 0.5 * math.erfc(score * 0.70710678), _NORMAL.inv_cdf
            scores = [-inverse(max(1e-12, share * longer)) for share in shares]
        return [max(seconds, math.exp(min(40.0, level + width * score))) for score in scores]


class Draw(NamedTuple):
    """One spread of durations that may be the true one.

    Attributes:
        fit: the fitted spread, which says how it goes on past the longest finished task.
        values: durations up to the longest finished one, sorted, with their `cumulated` weights.
        longest: the longest finished task.
        over: the share of tasks that take longer than it by the fitted spread.
        odd: the share of tasks of another kind, which take longer than it by any factor.
        table: durations of equally likely tasks, quicker to draw from than `at`; those past the last are `inf`.
    """

    fit: _Fit
    values: list[float]
    cumulated: list[float]
    longest: float
    over: float
    odd: float
    table: list[float]

    def at(self, place: float) -> float:
        """The duration that the share `place` of all tasks does not exceed."""
        left = 1 - place
        if left < self.odd:
            return min(self.longest * self.odd / left, _MOST_ODD * self.longest)
        left -= self.odd
        if left < self.over:
            return self.fit.beyond(self.longest, max(1e-12, left / self.over))
        within = 1 - (left - self.over) / (1 - self.over - self.odd)
        return self.values[min(bisect_right(self.cumulated, within * self.cumulated[-1]), len(self.values) - 1)]

    def past_longest(self, places: Sequence[float]) -> list[float]:
        """The durations at places past the longest finished task, as `at` has them, in another order."""
        left = [1 - place - self.odd for place in places]
        shares = [min(1.0, max(1e-12, each / self.over)) for each in left if each >= 0]
        strays = [self.at(place) for place, each in zip(places, left, strict=True) if each < 0]
        return self.fit.all_beyond(self.longest, shares) + strays

    def sample(self, rng: Random, number: int) -> list[float]:
        """Durations of so many tasks."""
        table, chance = self.table, rng.random
        made = [table[int(chance() * _TABLE)] for _ in range(number)]
        for _ in range(made.count(math.inf)):
            made[made.index(math.inf)] = self._longest_of(rng)
        return made

    def _longest_of(self, rng: Random) -> float:
        """A duration past the last one of the table."""
        return self.at(1 - (1 - rng.random()) / _TABLE)

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of a task's duration."""
        made = [*self.table[:-1], self.at(1 - 0.5 / _TABLE)]
        mean = sum(made) / _TABLE
        return mean, math.sqrt(max(0.0, sum(map(mul, made, made)) / _TABLE - mean * mean))

    def rest(self, rng: Random, elapsed: Sequence[float], factor: float = 1.0) -> list[float]:
        """The seconds that tasks which have run for so long still take, if they take `factor` times as long."""
        table, left = self.table, []
        for so_far in elapsed:
            seconds = so_far / factor
            start = bisect_right(table, seconds)
            if _TABLE - start <= _FEW:
                whole = self.longer_than(seconds, 1 - rng.random())
            elif (whole := table[start + int(rng.random() * (_TABLE - start))]) == math.inf:
                whole = max(seconds, self._longest_of(rng))
            left.append(factor * (whole - seconds))
        return left

    def longer_than(self, seconds: float, share: float) -> float:
        """The whole duration that a `share` of the tasks which have run for `seconds` exceeds."""
        if seconds < self.longest:
            start = bisect_right(self.values, seconds)
            within = self.cumulated[start - 1] / self.cumulated[-1] if start else 0.0
            return max(seconds, self.at(1 - share * (1 - within * (1 - self.over - self.odd))))
        # A task that no finished one is like goes on as the spread does, or is of another kind.
        tail = self.over * math.exp(max(-80.0, self.fit.above(seconds) - self.fit.above(self.longest)))
        odd = self.odd * self.longest / seconds
        share *= tail + odd
        if share < odd:
            return min(seconds * odd / share, _MOST_ODD * seconds)
        return self.fit.beyond(seconds, max(1e-12, (share - odd) / tail))


class TaskDurations:
    """What finished and running tasks say of the durations of an execution's tasks.

    Args:
        finished: seconds of finished tasks, sorted; a sample of them will do.
        running: seconds so far of running tasks, sorted.
        number: how many finished tasks there are, if `finished` is a sample, and `mean` their mean.
    """

    def __init__(
        self,
        finished: Sequence[float],
        running: Sequence[float],
        *,
        number: int | None = None,
        mean: float | None = None,
    ) -> None:
        weight = (number or len(finished)) / len(finished)
        least = max(1e-3, 0.02 * sum(finished) / len(finished))
        exact = 1.0 if mean is None else mean * len(finished) / (sum(finished) or 1.0)
        self.longest = max(finished[-1], least)
        knots = ((min(max(value * exact, least), self.longest), count) for value, count in condense(finished, _KNOTS))
        self.knots = [(value, count * weight) for value, count in knots]
        self.censored = [(max(value, least), count) for value, count in condense(running, _GROUPS)]
        # How likely it is that there is a slower kind of tasks of which none has finished: one job in four has one. Of
        # those that run longer than any finished one, all may be of it, and the others say little.
        self.beyond = sum(count for value, count in self.censored if value > self.longest)
        self.unseen = 1 / (2.5 + 1.5 * (number or len(finished)) / (1 + self.beyond))
        self._fit(sum(count for _, count in self.knots))

    def _fit(self, number: float) -> None:
        """Weigh every width of either form by how likely it makes what is seen."""
        share = min(1.0, _MOST_EVIDENCE / number)
        logs = [(math.log(value), count * share) for value, count in self.knots]
        number *= share
        mean = sum(value * count for value, count in logs) / number
        points = [(value - mean, count) for value, count in logs]
        squares = sum(value * value * count for value, count in points)
        censored = [(math.log(value) - mean, count) for value, count in self.censored]
        both = [*points, *censored]
        constant = math.lgamma(number) + 0.5 * (number - 1) * math.log(2 * math.pi) - 0.4
        least, most = math.log(_LEAST_WIDTH), math.log(_MOST_WIDTH)
        for widths in _WIDTHS:
            level, scores, fits = 0.0, [], []
            step = (most - least) / (widths - 1)
            for place in range(widths):
                width = math.exp(least + step * place)
                prior = -(math.log(width / 0.35) ** 2) / 3
                level, information, upon = _normal_level(number, censored, width, level)
                score = upon - (squares + number * level * level) / (2 * width * width) - (number - 1) * math.log(width)
                scores.append(score - 0.5 * math.log(information) + prior)
                fits.append(_Fit(width, mean + level, width / math.sqrt(information), False, number, step))
                top = max(value for value, _ in both) / width
                total = sum(count * math.exp(value / width - top) for value, count in both)
                scores.append(constant - (number - 1) * math.log(width) - number * (math.log(total) + top) + prior)
                scale = mean + width * (top + math.log(total / number))
                fits.append(_Fit(width, scale, 0.0, True, number, step))
            best = max(scores)
            likely = [math.log(fit.width) for fit, score in zip(fits, scores, strict=True) if score > best - _UNLIKELY]
            least, most = min(likely) - step / 2, max(likely) + step / 2
        self.fits = fits
        self.weights = list(accumulate(math.exp(score - best) for score in scores))

    def draw(self, rng: Random, place: float) -> Draw:
        """One spread that may be the true one; `place`, from 0 to less than 1, picks its form and width."""
        fit = self.fits[bisect_right(self.weights, place * self.weights[-1])].draw(rng)
        points = [(value, _MODEL_TASKS / 8, True) for value in fit.values()]
        gauss, exponential = rng.gauss, rng.expovariate
        for value, count in self.knots:
            weight = exponential(1) if count < 2 else max(0.1, gauss(count, math.sqrt(count)))  # noqa: PLR2004
            points.append((value, weight, True))
        # Where the finished tasks end, the fitted spread goes on: what running tasks weigh beyond falls to it.
        # The next task is the longest of all with the odds of one to those that have been at risk.
        right = max(_MODEL_TASKS * math.exp(fit.above(self.longest)), exponential(1))
        points = [point for point in points if point[0] <= self.longest]
        for value, count in self.censored:
            if value < self.longest:
                points.append((value, count, False))
            else:
                right += count
        points.sort()
        # The weight of a running task falls to all that is longer (Efron's redistribution to the right).
        values, weights, factor = [], [], 1.0
        right += sum(weight for _, weight, _ in points)
        total = right
        for value, weight, event in points:
            right -= weight
            if event:
                values.append(value)
                weights.append(weight * factor)
            elif right > 0:
                factor *= (right + weight) / right
        cumulated = list(accumulate(weights))
        beyond = right * factor / (cumulated[-1] + right * factor)
        odd = beyond * self._slower_kind(rng, fit, total, beyond)
        over = beyond - odd
        draw = Draw(fit, values, cumulated, self.longest, over, odd, [])
        full, within = cumulated[-1] / (1 - over - odd), bisect_left(_SHARES, 1 - over - odd)
        padded = [*values, values[-1]]  # where rounding leads past the last of them
        draw.table.extend([padded[bisect_right(cumulated, share * full)] for share in _SHARES[:within]])
        draw.table.extend(sorted(draw.past_longest(_SHARES[within:])))
        draw.table.append(math.inf)
        return draw

    def _slower_kind(self, rng: Random, fit: _Fit, total: float, beyond: float) -> float:
        """Of the tasks `beyond` the longest finished one, a share of the `total`: how many are of a slower kind.

        In most draws none but strays. That nothing has finished for long while many run speaks for such a kind.
        """
        share = min(0.95, (rng.expovariate(1) + rng.random() * self.beyond) / total / beyond)
        speaks, longest = 0.0, fit.above(self.longest)
        for value, count in self.censored:
            if value >= self.longest:
                further = longest - fit.above(value)
                speaks += count * math.log(share * math.exp(min(50.0, further)) + 1 - share)
        odds = self.unseen / (1 - self.unseen) * math.exp(min(50.0, speaks))
        return share if rng.random() * (1 + odds) < odds else min(0.5, _ODD / beyond)


def _normal_level(
    number: float, censored: list[tuple[float, float]], width: float, level: float
) -> tuple[float, float, float]:
    """The likeliest mean of logarithms for a width, its information, and what running tasks say of it (log)."""
    for _ in range(4):
        slope, information, upon = -number * level / width, number, 0.0
        for value, count in censored:
            score = (value - level) / width
            rate, above = hazard(score)
            slope += count * rate
            information += count * rate * (rate - score)
            upon += count * above
        change = slope / information
        if abs(change) < 0.05:  # noqa: PLR2004 - twentieths of a width matter to nobody
            break
        level += width * change
    return level, information, upon


def assumed(width: float) -> Draw:
    """Durations around 1 that differ by `width`, for an execution of whose tasks no duration is known."""
    table = [math.exp(width * _NORMAL.inv_cdf((place + 0.5) / _TABLE)) for place in range(_TABLE)]
    mean = sum(table) / _TABLE
    table = [value / mean for value in table]
    fit = _Fit(width, -math.log(mean), 0.0, False, 1.0)
    cumulated = [float(place) for place in range(1, _TABLE + 1)]
    return Draw(fit, table, cumulated, table[-1], 0.5 / _TABLE, 0.0, [*table[:-1], math.inf])
