"""The tasks that are left, played through the lanes that an execution has: when the last one ends, in one draw."""

import math
from heapq import heapify, heapreplace
from random import Random

from blaxel_mcp.summary.task_durations import Draw

MOST_LANES = 64
"""More lanes than that are played as so many, with the longest of the rest by its distribution."""
PLAYED = 80
"""Of the waiting tasks, so many (or one for each lane, or three rounds of few lanes) are played one by one."""


def play(draw: Draw, rng: Random, free: list[float], waiting: int, *, factor: float, growth: float) -> float:
    """The moment at which the last task ends, in seconds from now.

    Args:
        draw: how long tasks take.
        rng: makes the draws.
        free: for each lane, the seconds until it is free; changed.
        waiting: how many tasks wait. What one by one would take too long is drawn as a sum.
        factor: by how much waiting tasks take longer than those before.
        growth: by what share the last waiting task takes longer than the next one.
    """
    if not waiting:
        return max(free)
    lanes = len(free)
    # Whole rounds are skipped, so that lanes in step stay so.
    skipped = max(0, waiting - max(lanes, PLAYED)) // lanes * lanes
    last = waiting - skipped
    if skipped:
        mean, spread = draw.moments()
        rounds = skipped / lanes
        level = factor * (1 + growth * 0.5 * skipped / waiting)
        if spread * math.sqrt(rounds) < 0.1 * mean or lanes == 1:
            # Lanes still go in step.
            free[:] = [
                each + level * max(0.0, rounds * mean + math.sqrt(rounds) * spread * rng.gauss()) for each in free
            ]
        else:
            work = level * max(0.0, skipped * mean + math.sqrt(skipped) * spread * rng.gauss())
            begun = (sum(free) + work) / lanes
            level = factor * (1 + growth * skipped / waiting)
            # Longer tasks are more often met in their middle than shorter ones.
            sample = draw.sample(rng, 2 * lanes)
            rest = [level * rng.random() * max(pair) for pair in zip(sample[::2], sample[1::2], strict=True)]
            middle = sum(rest) / lanes
            free[:] = [max(0.0, begun + each - middle) for each in rest]
    heapify(free)
    step = growth / waiting
    scale = factor * (1 + growth * skipped / waiting)
    for seconds in draw.sample(rng, last):
        heapreplace(free, free[0] + seconds * scale)
        scale += factor * step
    return max(free)


def play_whole(draw: Draw, rng: Random, lanes: int, total: int, slow: float) -> list[float]:
    """When each task of a whole execution ends, from its start on; the first round takes `slow` times as long."""
    ends = [seconds * slow for seconds in draw.sample(rng, min(lanes, total))]
    free = ends.copy()
    heapify(free)
    for seconds in draw.sample(rng, total - len(ends)):
        end = free[0] + seconds
        heapreplace(free, end)
        ends.append(end)
    ends.sort()
    return ends
