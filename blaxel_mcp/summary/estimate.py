"""How long a running execution may still take, and what that estimate is based on.

Likely ends are drawn: each draw takes one plausible spread of task durations (`task_durations`), lets running tasks
finish by it, and plays the waiting ones through the lanes (`lanes`). Past runs of the job weigh the draws by how usual
their ends are. The same arguments give the same estimate.
"""

import math
from collections.abc import Sequence
from random import Random
from statistics import NormalDist, fmean
from typing import NamedTuple

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.course import Course, read_course
from blaxel_mcp.summary.lanes import MOST_LANES, PLAYED, play, play_whole
from blaxel_mcp.summary.runs import UsualDuration
from blaxel_mcp.summary.task_durations import TaskDurations, assumed, condense
from blaxel_mcp.summary.tasks import TaskStats
from blaxel_mcp.summary.wording import format_duration, plural

_STEPS = 3_500
"""How many tasks may be played in all draws together, which is what an estimate costs."""
_DRAWS = (24, 90)
_SPREADS = (10, 16)
"""How many ends are drawn, and by how many plausible spreads."""
_TAIL = 0.05
"""The share of the draws that end before the range, and after it."""
_MARGIN, _PAST_MARGIN = 0.2, 0.4
"""By what share the range of draws is wider than they say, as tasks to come are never quite like those before: by the
tasks alone, and with past runs, by which draws agree more than they should."""
_LEAST_WIDTH = 0.08
"""By what share of the likely value the range is wider to either side, however much alike tasks are so far."""
_LEAST_LIKELY = 0.7
"""A likely value is at least so large a share of the range's end: an end that comes much later lets people down."""
_NEAR, _LIKELY = 0.25, 0.2
"""A value is likely if that share of the draws (the latter) is within that share of the truth (the former) of it."""
_COLD = 0.15
"""How likely it is that a first round was slow, while hardly any later task has finished."""
_FAR = 1.25
"""From so many times the longest finished task on, a single running one is worth a word."""
_FEW = 10
"""Fewer finished tasks than that say little of those to come."""
_WIDTHS = (0.05, 0.3, 0.6, 0.9)
"""How much tasks may differ of which only their number is known: standard deviations of the logarithm."""
_FROM_START = 300
"""Up to so many tasks are played from the start where only their number is known."""


class Estimate(NamedTuple):
    """Seconds left: a likely value if there is one, a range around it, and in words what they stand on."""

    seconds: int | None
    low: int
    high: int
    basis: str

    @property
    def left(self) -> str:
        """How long it may still take, in words: `about 7m`, or `anything from 2m to 40m` where no value is likely."""
        if self.seconds is not None:
            return f"about {format_duration(self.seconds)}"
        return f"anything from {format_duration(self.low)} to {format_duration(self.high)}"


class Outlook(NamedTuple):
    """Seconds left in each draw, what they stand on, and why no value may be likely, unless the basis says that."""

    ends: list[float]
    basis: str
    why: str


def estimate_remaining(
    tasks: TaskStats, counts: TaskCounts, *, parallelism: int | None, running: int | None, usual: UsualDuration | None
) -> Estimate | None:
    """An estimate from all there is, tasks and past runs together; `None` where nothing carries one.

    Args:
        tasks: statistics of the execution's task list.
        counts: the execution's tasks by state.
        parallelism: how many tasks may run at a time.
        running: for how many seconds the execution has been running.
        usual: how long the job usually runs.
    """
    outlook = outlook_from_tasks(tasks, counts, parallelism) or outlook_from_counts(tasks, counts, parallelism, running)
    if outlook is None:
        return estimate_from_history(usual, running)
    # Any moment of a run is as likely to be the present one: of longer runs each moment is less so.
    so_far, margin, ends, basis, why = running or 0, _MARGIN, *outlook
    weights = [1 / max(1.0, so_far + end) for end in ends]
    if usual is not None and running is not None:
        ends, weights = _with_history(ends, weights, usual, running)
        margin = _PAST_MARGIN
        basis = f"{basis}; {plural(len(usual.durations), 'past run')}"
    # So few draws seldom reach as far as the truth may.
    return _summed_up(ends, weights, basis, why, margin=margin + 3 / len(ends))


def _summed_up(ends: Sequence[float], weights: Sequence[float], basis: str, why: str, margin: float) -> Estimate | None:
    """The range of weighted draws, by a `margin` wider, and the value within it that is likely, if there is one."""
    pairs = sorted(zip(ends, weights, strict=True))
    total = sum(weights)

    def quantile(share: float) -> float:
        upto, before, place = 0.0, pairs[0][0], 0.0
        for end, weight in pairs:
            middle = upto + weight / 2
            if middle >= share * total:
                return before + (end - before) * (share * total - place) / (middle - place)
            upto, before, place = upto + weight, end, middle
        return pairs[-1][0]

    low, likely, high = quantile(_TAIL), quantile(0.5), quantile(1 - _TAIL)
    least = _LEAST_WIDTH * likely
    low = max(0.0, min(low - margin * (likely - low), likely - least))
    high = max(high + margin * (high - likely), likely + least)
    if high <= 0:
        return None
    likely = max(likely, _LEAST_LIKELY * high)
    near = sum(weight for end, weight in pairs if abs(end - likely) <= _NEAR * end + 0.5)
    seconds = round(likely) if near >= _LIKELY * total else None
    if seconds is None and why:
        basis = f"{basis}; {why}"
    return Estimate(seconds=seconds, low=math.floor(low), high=math.ceil(high), basis=basis)


def outlook_from_tasks(tasks: TaskStats, counts: TaskCounts, parallelism: int | None) -> Outlook | None:
    """Likely ends by the execution's own tasks; `None` while too few have finished, or where none are left."""
    waiting = counts.waiting
    if len(tasks.durations) < limits.BASIS_TASKS or waiting is None:
        return None
    running = max(len(tasks.elapsed), counts.running or 0)
    slots = parallelism or running
    if waiting + running == 0 or slots == 0:
        return None
    # Nothing secret; the same run has the same draws.
    rng = Random(len(tasks.durations) * 7919 + running * 31 + waiting)  # noqa: S311
    course = read_course(tasks, waiting, slots, rng)
    censors = course.running if course.factors != (1.0, 1.0) else course.running[: course.fresh]
    durations = TaskDurations(course.finished, censors, number=course.number, mean=course.mean)
    # The number of lanes is the API's word: scale what is more than can be played, and never make a list of it.
    lanes = max(1, min(max(slots, running), running + waiting, MOST_LANES))
    scale = max(1.0, min(max(slots, running), running + waiting) / lanes)
    listed = [value for value, _ in condense(course.running, lanes)]
    fresh = math.ceil((course.fresh or 0) / scale)
    unlisted = max(0, min(lanes, math.ceil(running / scale)) - len(listed))
    queue = math.ceil(waiting / scale)
    cost = lanes + min(queue, max(lanes, PLAYED) + lanes)
    ends = []
    number = max(_DRAWS[0], min(_DRAWS[1], _STEPS // cost))
    spreads = max(_SPREADS[0], min(_SPREADS[1], number // 3))
    for place in range(spreads):
        draw = durations.draw(rng, (place + 0.5) / spreads)
        for _ in range(number // spreads):
            factor = rng.uniform(*course.factors) if rng.random() < _COLD else 1.0
            free = draw.rest(rng, listed[:fresh], factor) + draw.rest(rng, listed[fresh:], course.slow)
            # Running tasks that only the counts know of may be anywhere between begun and done.
            free += [each * rng.random() for each in draw.sample(rng, unlisted)]
            free += [0.0] * (lanes - len(free))
            end = play(draw, rng, free, queue, factor=factor, growth=rng.uniform(*course.growth))
            if scale > 1:
                end = max(end, min(free) + rng.random() * draw.at(1 - (1 - rng.random()) / scale / lanes))
            ends.append(end)
    return Outlook(ends, *_basis_of_tasks(tasks, course, waiting + running, slots))


def _basis_of_tasks(tasks: TaskStats, course: Course, left: int, slots: int) -> tuple[str, str]:
    """What the tasks are as a basis, and why they may leave much open."""
    middle = format_duration(course.finished[len(course.finished) // 2])
    longest = max(tasks.durations)
    beyond = sum(each > longest for each in tasks.elapsed)
    why = course.why
    if not why and beyond == 1 and max(tasks.elapsed) > _FAR * longest:
        why = "one task has run longer than any that finished"
    elif not why and beyond > 1:
        why = f"{beyond:,} tasks have run longer than any that finished"
    if why:
        return f"{plural(len(tasks.durations), 'finished task')} (median {middle}); {why}", ""
    basis = (
        f"{len(tasks.durations):,} finished tasks of this execution (median {middle}), "
        f"{left:,} left, {slots:,} at a time"
    )
    if len(tasks.durations) < _FEW:
        return basis, "too few to say more closely"
    return basis, "tasks differ too much to say more closely"


def outlook_from_counts(
    tasks: TaskStats, counts: TaskCounts, parallelism: int | None, running: int | None
) -> Outlook | None:
    """Likely ends by the counts alone, where no task list says how long a task takes.

    How much tasks differ isn't known, nor how far those that run have come: both are drawn.
    """
    settled, total = counts.settled, counts.total
    if (tasks.listed and tasks.whole) or settled < limits.BASIS_TASKS or not total or not running or settled >= total:
        return None
    begun = min(counts.running if counts.running is not None else parallelism or 1, total - settled)
    slots = max(begun, min(parallelism or 1, total - settled))
    lanes = min(slots, MOST_LANES)
    rng = Random(settled * 31 + begun)  # noqa: S311 - nothing secret; the same counts have the same draws
    ends = []
    whole = (settled < 3 * lanes or total - settled < 2 * lanes) and total <= _FROM_START and lanes == slots
    cost = total if whole else lanes * 5
    draws = [assumed(width) for width in _WIDTHS]
    for number in range(max(2 * _DRAWS[0], min(_DRAWS[1], _STEPS // cost))):
        draw = draws[number % len(draws)]
        if whole:
            slow = rng.uniform(1.5, 3.5) if rng.random() < _COLD else 1.0
            played = play_whole(draw, rng, lanes, total, slow)
            now = rng.uniform(played[settled - 1], played[settled])
            ends.append((played[-1] - now) * running / max(1e-6, now))
            continue
        scale = slots / lanes
        done, waiting = settled / scale, math.ceil((total - settled - begun) / scale)
        # Longer tasks are more often met in their middle than shorter ones.
        sample = draw.sample(rng, 2 * lanes)
        met = [(max(pair), rng.random()) for pair in zip(sample[::2], sample[1::2], strict=True)]
        met = met[: max(1, min(lanes, math.ceil(begun / scale)))]
        work = done + draw.moments()[1] * math.sqrt(done) * rng.gauss() + sum(each * at for each, at in met)
        free = [each * (1 - at) for each, at in met]
        free += [0.0] * (lanes - len(free))
        end = play(draw, rng, free, waiting, factor=1.0, growth=0.0)
        ends.append(end * running * lanes / max(0.3 * done, work))
    basis = f"{settled:,} of {total:,} tasks finished in {format_duration(running)}"
    return Outlook(ends, basis, "what each task takes is not known")


def _usual_logs(usual: UsualDuration) -> tuple[float, float, float]:
    """Mean and spread of the logarithms of past durations, as a prediction of the next one, and degrees of freedom."""
    logs = [math.log(max(1, duration)) for duration in usual.durations]
    number, mean = len(logs), fmean(logs)
    # Few runs that are alike by chance promise no more than about a tenth.
    square = (sum((each - mean) ** 2 for each in logs) + 2 * 0.08**2) / (number + 1)
    return mean, math.sqrt(square * (1 + 1 / number)), number + 1.0


def _likeness(totals: Sequence[float], mean: float, spread: float) -> list[float]:
    """How near durations are to a mean of logarithms, from 0 to 1, with tails so thick that nothing is ruled out."""
    return [(1 + ((math.log(max(1.0, total)) - mean) / spread) ** 2 / 4) ** -2.5 for total in totals]


def _with_history(
    ends: list[float], weights: list[float], usual: UsualDuration, running: int
) -> tuple[list[float], list[float]]:
    """The draws weighed by how usual they are, and usual ends weighed by how near they are to the draws.

    Where both agree these are the same; where they don't, the range has room for both, as far as the draws differ among
    themselves: usual ends that none of them is near to count for nothing.
    """
    mean, spread, _ = _usual_logs(usual)
    weights = [
        one * other
        for one, other in zip(weights, _likeness([running + end for end in ends], mean, spread), strict=True)
    ]
    past = _usual_ends(usual, running, len(ends) // 2)
    # By quantiles: a few draws in which a task hangs say nothing of how near the others are to each other.
    logs = sorted(math.log(max(1.0, running + end)) for end in ends)
    below, own, above = (logs[round(share * (len(logs) - 1))] for share in (0.16, 0.5, 0.84))
    likeness = _likeness([running + end for end in past], own, max(0.02, (above - below) / 2))
    total = sum(likeness)
    share = 0.5 * min(1.0, 3 * total / len(past)) * sum(weights) / total
    return [*ends, *past], [*weights, *(share * each for each in likeness)]


def _usual_ends(usual: UsualDuration, running: int, number: int) -> list[float]:
    """Seconds that runs of the job would have left if they had been running for so long, equally likely."""
    mean, spread, freedom = _usual_logs(usual)
    normal = NormalDist(mean, spread * math.sqrt(freedom / max(1.0, freedom - 2)))
    past = min(1 - 1e-6, normal.cdf(math.log(max(1, running))))
    shares = (past + (1 - past) * (place + 0.5) / number for place in range(number))
    return [max(0.0, math.exp(normal.inv_cdf(share)) - running) for share in shares]


def estimate_from_history(usual: UsualDuration | None, running: int | None) -> Estimate | None:
    """Estimate from the job's recent successful executions, given that this one has been running for so long already.

    Once this one has outlasted them all there is no basis.
    """
    if usual is None or running is None or running >= max(usual.durations):
        return None
    ends = _usual_ends(usual, running, 64)
    basis = f"{len(usual.durations):,} recent successful executions (median {format_duration(usual.median)})"
    return _summed_up(ends, [1.0] * 64, basis, "they differ too much to say more closely", margin=0)
