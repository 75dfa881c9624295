"""Whether later tasks are like the earlier ones: a first round that was slow, tasks that get ever slower."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from statistics import fmean
from typing import NamedTuple

from blaxel_mcp.summary.task_durations import condense, hazard
from blaxel_mcp.summary.tasks import TaskStats

_SAMPLE = 200
"""Of more finished tasks than that a sample is read."""
_FRESH = 40
"""Into so many values running tasks are condensed."""
_SECOND_ROUND = 3
"""With fewer finished tasks after the first round, that may have been a slow one."""
_UNLIKELY = 2.6
"""From so many standard errors on, tasks that start later do differ from those that started before."""


class Course(NamedTuple):
    """How the durations of tasks change in the order of their starts.

    Attributes:
        finished: durations to draw those of waiting tasks from, sorted: all, those after the first round, or without
            their trend; a sample where there are many.
        running: seconds so far of running tasks, sorted; of those `fresh` started after the first round.
        number: how many finished tasks `finished` stands for, with this `mean` if it is a sample.
        factors: by how much tasks after the first round may be quicker.
        growth: by what share the last waiting task may take longer than the next one: least, most.
        why: what makes the end hard to foresee.
        slow: how many times as long the first round took.
    """

    finished: list[float]
    running: list[float]
    number: int
    factors: tuple[float, float] = (1.0, 1.0)
    growth: tuple[float, float] = (0.0, 0.0)
    why: str = ""
    mean: float | None = None
    fresh: int | None = None
    slow: float = 1.0


def read_course(tasks: TaskStats, waiting: int, slots: int, rng: Random) -> Course:
    """What the order of starts says: later tasks like the earlier ones, faster after a first round, or ever slower."""
    number = len(tasks.durations)
    picked = range(number) if number <= _SAMPLE else sorted(rng.sample(range(number), _SAMPLE))
    finished = [tasks.durations[place] for place in picked]
    elapsed = sorted(tasks.elapsed)
    plain = sorted(finished)
    mean = None
    if number > _SAMPLE:
        plain[-1], mean = max(tasks.durations), sum(tasks.durations) / number
    until = tasks.until
    if until is None or len(tasks.starts) != number:
        return Course(plain, elapsed, number, mean=mean)
    ages = [(until - tasks.starts[place]).total_seconds() for place in picked]
    order = sorted(zip(ages, finished, strict=True), key=lambda pair: -pair[0])
    # The first round are the tasks that started first, one for each lane, finished or not.
    begun = sorted([*((age, number / len(order)) for age in ages), *((age, 1.0) for age in elapsed)], reverse=True)
    upto = list(accumulate(weight for _, weight in begun))
    since = begun[min(bisect_left(upto, slots), len(begun) - 1)][0]
    early, late = [each for age, each in order if age >= since], [each for age, each in order if age < since]
    fresh = elapsed[: bisect_left(elapsed, since)]
    if early and late and _slower(early, late, fresh):
        return Course(
            sorted(late),
            elapsed,
            round(len(late) * number / len(order)),
            fresh=len(fresh),
            slow=fmean(early) / max(1e-3, fmean(late)),
        )
    if len(late) < _SECOND_ROUND and number < slots + _SECOND_ROUND:
        # Little more than the first round is known, and that may be a slow one: containers start cold.
        return Course(
            plain,
            elapsed,
            number,
            fresh=len(fresh),
            factors=(0.3, 0.6) if waiting else (1.0, 1.0),
            mean=mean,
        )
    if (trend := _trend(order, elapsed)) is not None:
        slope, error, now = trend
        left, upon = waiting * len(order) / number, (number + len(elapsed)) * len(order) / number
        level = [max(0.02 * now, value + slope * (upon - place)) for place, (_, value) in enumerate(order)]
        now = max(0.1 * now, now + slope * (upon - len(order)))
        full = max(-0.8, slope * left / now)
        least, most = sorted((full * 0.2, full * (1.8 + error / abs(slope))))
        why = "tasks are getting slower" if slope > 0 else "tasks are getting faster"
        return Course(sorted(level), elapsed, number, growth=(least, most), why=why)
    return Course(plain, elapsed, number, mean=mean)


def _slower(early: Sequence[float], late: Sequence[float], fresh: Sequence[float]) -> bool:
    """Whether a first round took clearly longer than what came after it, finished (`late`) and running (`fresh`).

    A score test: the quick ones of a round finish first, which those that still run make up for.
    """
    logs = [math.log(max(each, 1e-3)) for each in early]
    mean, number = fmean(logs), len(logs)
    width = math.sqrt((sum((each - mean) ** 2 for each in logs) + 2 * 0.2**2) / (number + 1))
    width = max(0.05, width * math.sqrt(1 + 1 / number))
    score, information = 0.0, float(len(late))
    others = [(math.log(max(each, 1e-3)) - mean) / width for each in late]
    for each, count in condense(fresh, _FRESH):
        place = (math.log(max(each, 1e-3)) - mean) / width
        rate, _ = hazard(place)
        score += count * rate
        information += count * rate * (rate - place)
    score += sum(others)
    return fmean(others) * width < -0.35 and score < -_UNLIKELY * math.sqrt(information * (1 + information / number))  # noqa: PLR2004


def _trend(order: Sequence[tuple[float, float]], elapsed: Sequence[float]) -> tuple[float, float, float] | None:
    """By how many seconds each task takes longer than the one that started before, its error, and the present level.

    The newest finished tasks are the quick ones of their round, so as many are left out as still run.
    """
    known = [value for _, value in order][: len(order) - min(len(elapsed), len(order) // 3)]
    number = len(known)
    if number < 8:  # noqa: PLR2004 - fewer tell no trend from chance
        return None
    mean, middle = fmean(known), (number - 1) / 2
    spread = number * (number * number - 1) / 12
    slope = sum((place - middle) * value for place, value in enumerate(known)) / spread
    rest = sum((value - mean - slope * (place - middle)) ** 2 for place, value in enumerate(known)) / (number - 2)
    error = math.sqrt(rest / spread) or 1e-9
    now = mean + slope * (len(order) - middle)
    if not (slope > 2.3 * error or slope < -3.2 * error) or abs(slope) * number < 0.25 * mean or now <= 0.1 * mean:
        return None
    return slope, error, now
