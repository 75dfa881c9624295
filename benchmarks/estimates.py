"""How well estimates of the time left hold, on simulated runs: `python -m benchmarks.estimates`. It asserts nothing.

Each run is played through its lanes, stopped at 10, 30, 50 and 80 % of its time, and asked for an estimate. The same
seeds make the same table. `blaxel_mcp.summary.estimate` says what the estimate stands on.
"""

import heapq
import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import NormalDist, median
from time import perf_counter

from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.estimate import Estimate, estimate_remaining
from blaxel_mcp.summary.runs import UsualDuration
from blaxel_mcp.summary.tasks import TaskStats

MOMENTS = (0.1, 0.3, 0.5, 0.8)
SIZES = ((4, 4), (12, 3), (20, 8), (40, 8), (100, 10), (200, 50))
BEGUN = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """Runs that are alike: how many tasks and lanes they may have, and how long their tasks take, in order of start.

    Where all tasks are drawn from one lognormal distribution around 1, `sigma` is its spread.
    """

    sizes: tuple[tuple[int, int], ...]
    seconds: Callable[[random.Random, int, int], list[float]]
    sigma: float = 0.0


def _spread(sizes: tuple[tuple[int, int], ...], sigma: float) -> Kind:
    return Kind(sizes, lambda rng, tasks, _: [rng.lognormvariate(0, sigma) for _ in range(tasks)], sigma)


def _bimodal(rng: random.Random, tasks: int, _: int) -> list[float]:
    share = rng.uniform(0.15, 0.5)
    return [rng.gauss(4, 0.3) if rng.random() < share else rng.gauss(1, 0.1) for _ in range(tasks)]


def _cold_start(rng: random.Random, tasks: int, lanes: int) -> list[float]:
    factor = rng.uniform(2, 3)
    return [rng.lognormvariate(0, 0.15) * (factor if number < lanes else 1) for number in range(tasks)]


def _slowing(rng: random.Random, tasks: int, _: int) -> list[float]:
    return [rng.lognormvariate(0, 0.15) * (1 + 2 * number / tasks) for number in range(tasks)]


def _straggler(rng: random.Random, tasks: int, _: int) -> list[float]:
    seconds = [rng.lognormvariate(0, 0.15) for _ in range(tasks)]
    seconds[rng.randrange(tasks)] *= rng.uniform(5, 15)
    return seconds


KINDS = {
    "same": _spread(SIZES, 0.01),
    "mild spread": _spread(SIZES, 0.25),
    "wide spread": _spread(SIZES, 0.7),
    "bimodal": Kind(SIZES, _bimodal),
    "one lane": _spread(((5, 1), (20, 1), (100, 1)), 0.4),
    "wide array": _spread(((200, 50), (300, 100)), 0.4),
    "slow first wave": Kind(((12, 3), (40, 8), (100, 10), (200, 50)), _cold_start),
    "long queue": _spread(((2000, 4), (5000, 8)), 0.5),
    "getting slower": Kind(((40, 4), (100, 10)), _slowing),
    "one straggler": Kind(((40, 8), (100, 10)), _straggler),
}
FORESEEABLE = tuple(KINDS)[:8]
"""The kinds whose course can be foreseen: what is promised of estimates is promised of these."""


@dataclass(frozen=True, slots=True)
class Played:
    """A run whose end is known: each task's start and seconds."""

    begun: list[float]
    seconds: list[float]
    lanes: int

    @property
    def end(self) -> float:
        """Seconds from the run's start to the end of its last task."""
        return max(start + length for start, length in zip(self.begun, self.seconds, strict=True))

    def at(self, now: float) -> tuple[TaskStats, TaskCounts]:
        """What its task list and its counts say at a moment."""
        stats = TaskStats(listed=len(self.seconds), until=BEGUN + timedelta(seconds=now))
        for start, length in zip(self.begun, self.seconds, strict=True):
            if start + length <= now:
                stats.durations.append(length)
                stats.starts.append(BEGUN + timedelta(seconds=start))
            elif start <= now:
                stats.elapsed.append(now - start)
        counts = TaskCounts(
            total=len(self.seconds), succeeded=len(stats.durations), failed=0, cancelled=0, running=len(stats.elapsed)
        )
        return stats, counts


def play(seconds: list[float], lanes: int) -> Played:
    """Run the tasks in their order, each in the lane that is free first."""
    free, begun = [0.0] * lanes, []
    for length in seconds:
        begun.append(free[0])
        heapq.heapreplace(free, free[0] + length)
    return Played(begun, seconds, lanes)


@dataclass(frozen=True, slots=True)
class Asked:
    """An estimate beside the seconds that really were left, and what was known of the run."""

    kind: str
    left: float
    estimate: Estimate | None
    scale: int
    lanes: int
    elapsed: list[float]
    waiting: int

    @property
    def holds(self) -> bool:
        """Whether the range has the truth in it, to the second."""
        return self.estimate is not None and self.estimate.low - 0.5 <= self.left <= self.estimate.high + 0.5


def knowing(asked: Asked, rng: random.Random) -> Asked:
    """The same moment, estimated by one that knows the very distribution which the run's tasks are drawn from.

    Its value is the middle of 101 ways in which the run may go on. No estimate can know more than it does, so that how
    often the truth is more than twice its value is owed to chance alone.
    """
    normal, waiting = NormalDist(math.log(asked.scale), KINDS[asked.kind].sigma), range(asked.waiting)
    ends = []
    for _ in range(101):
        free = [0.0] * (asked.lanes - len(asked.elapsed))
        for elapsed in asked.elapsed:
            shorter = normal.cdf(math.log(max(elapsed, 1e-9)))
            place = shorter + (1 - shorter) * rng.random()
            free.append(max(0.0, math.exp(normal.inv_cdf(min(max(place, 1e-12), 1 - 1e-12))) - elapsed))
        heapq.heapify(free)
        for _ in waiting:
            heapq.heapreplace(free, free[0] + math.exp(normal.inv_cdf(rng.uniform(1e-12, 1 - 1e-12))))
        ends.append(max(free))
    ends.sort()
    return replace(asked, estimate=Estimate(round(ends[50]), round(ends[5]), round(ends[95]), ""))


def ask(kind: str, runs: int, *, seed: int, counts_only: bool = False, history: bool = False) -> Iterator[Asked]:
    """Simulate runs of a kind and ask at each moment."""
    rng = random.Random(f"{kind} {seed}")  # noqa: S311 - simulation
    for number in range(runs):
        tasks, lanes = KINDS[kind].sizes[number % len(KINDS[kind].sizes)]
        scale = rng.choice((20, 90, 400, 2000))

        def run(tasks: int = tasks, lanes: int = lanes, scale: int = scale) -> Played:
            return play([scale * max(0.05, length) for length in KINDS[kind].seconds(rng, tasks, lanes)], lanes)

        played = run()
        usual = None
        if history:
            past = sorted(round(run().end * rng.lognormvariate(0, 0.05)) for _ in range(rng.randint(3, 20)))
            usual = UsualDuration(tuple(past))
        for share in MOMENTS:
            now = share * played.end
            stats, counts = played.at(now)
            known = TaskStats() if counts_only else stats
            estimate = estimate_remaining(known, counts, parallelism=lanes, running=round(now), usual=usual)
            waiting = tasks - len(stats.durations) - len(stats.elapsed)
            yield Asked(kind, played.end - now, estimate, scale, lanes, stats.elapsed, waiting)


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of the moments that have an estimate, and the median width of the range as a share of the truth.

    Attributes:
        answered: the share of the `moments` that has an estimate; `likely`: the share of those with a likely value.
        close: of the likely values, those within a quarter of the seconds that really were left.
        under_half: of the likely values, those under half of them.
    """

    moments: int
    answered: float
    holds: float
    width: float
    likely: float
    close: float
    under_half: float

    @classmethod
    def of(cls, asked: list[Asked]) -> "Score":
        """The scores of these moments."""
        pairs = [(each, each.estimate) for each in asked if each.estimate is not None]
        if not pairs:
            return cls(len(asked), 0, 0, 0, 0, 0, 0)
        number = len(pairs)
        likely = [(each.left, estimate.seconds) for each, estimate in pairs if estimate.seconds is not None]
        told = max(1, len(likely))
        return cls(
            len(asked),
            number / len(asked),
            sum(each.holds for each, _ in pairs) / number,
            median((estimate.high - estimate.low) / each.left for each, estimate in pairs),
            len(likely) / number,
            sum(abs(seconds - left) <= 0.25 * left + 0.5 for left, seconds in likely) / told,
            sum(seconds < 0.5 * left - 0.5 for left, seconds in likely) / told,
        )


def main() -> None:
    """Print a table for each thing that an estimate may stand on."""
    out = sys.stdout.write
    for title, options in (
        ("tasks", {}),
        ("tasks and past runs", {"history": True}),
        ("counts alone", {"counts_only": True}),
        ("counts and past runs", {"counts_only": True, "history": True}),
    ):
        began, everything = perf_counter(), []
        out(f"\n{title:24}{'moments':>9}{'answered':>10}{'holds':>8}{'width':>8}{'likely':>8}{'in 25 %':>9}")
        out(f"{'under half':>12}\n")
        for kind in KINDS:
            asked = list(ask(kind, 60, seed=1, **options))
            everything += asked if kind in FORESEEABLE else []
            out(_row(kind, Score.of(asked)))
        out(_row("the first eight", Score.of(everything)))
        out(f"{perf_counter() - began:.1f} s\n")
    out("\nOne that knows the distribution of the tasks, where ours has a likely value by tasks alone:\n")
    rng, everything = random.Random(1), []  # noqa: S311 - simulation
    for kind in ("same", "mild spread", "wide spread", "one lane", "wide array"):
        asked = [
            knowing(each, rng)
            for each in ask(kind, 60, seed=1)
            if each.estimate is not None and each.estimate.seconds is not None
        ]
        everything += asked
        out(_row(kind, Score.of(asked)))
    out(_row("these five", Score.of(everything)))


def _row(name: str, score: Score) -> str:
    return (
        f"{name:24}{score.moments:>9}{score.answered:>10.0%}{score.holds:>8.1%}{score.width:>8.2f}"
        f"{score.likely:>8.0%}{score.close:>9.0%}{score.under_half:>12.1%}\n"
    )


if __name__ == "__main__":
    main()
