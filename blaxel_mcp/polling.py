"""Polling until something is done. What polls, pauses and tells the time is passed in, so that tests need no sleep."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from blaxel_mcp.errors import BlaxelMcpError, StoppingError

T = TypeVar("T")

SHORTEST_PAUSE, USUAL_LONGEST_PAUSE, LONGEST_PAUSE = 1.0, 10.0, 30.0


@dataclass(frozen=True, slots=True)
class PollResult(Generic[T]):
    """What the last successful poll returned, its age in seconds, and the error if a later poll failed."""

    state: T
    error: BlaxelMcpError | None = None
    age: float = 0.0


def backoff(waited: float, *, age: float, cost: float) -> float:
    """Seconds to pause before the next poll. All arguments are in seconds.

    The pause grows with the time already `waited`, with the `age` of what is waited for (what has run for hours rarely
    ends this second), and with the `cost` of a poll (a huge execution takes long to answer). It is at most a fifth of
    the time already waited, where that is more than ten seconds.
    """
    longest = min(LONGEST_PAUSE, max(USUAL_LONGEST_PAUSE, waited / 5))
    return min(longest, max(SHORTEST_PAUSE, waited / 5, age / 100, cost * 4))


async def poll_until_done(
    poll: Callable[[], Awaitable[T]],
    *,
    done: Callable[[T], bool],
    pause: Callable[[T, float, float], float],
    report: Callable[[T], Awaitable[None]],
    sleep: Callable[[float], Awaitable[None]],
    timer: Callable[[], float],
    seconds: float = math.inf,
    max_failures: float = math.inf,
) -> PollResult[T]:
    """Poll until done or until `seconds` have passed.

    The last poll starts early enough to end on time if it takes as long as the one before. A poll that fails after one
    that succeeded keeps the last state: it is repeated if its error is transient, and ends the polling if not. A
    cancelled task stops at once; there is nothing to clean up.

    Args:
        poll: gets the state; must return or fail within a time limit of its own.
        done: whether a state is final.
        pause: seconds until the next poll, from the last state, the seconds waited so far and the seconds that the
            last successful poll took. An error's `retry_after` can only lengthen it.
        report: called with every state.
        sleep: pauses for so many seconds; raises `StoppingError` when the process is told to end.
        timer: counts seconds from any zero, and is never set back.
        seconds: how long to wait.
        max_failures: how many failed polls in a row end the polling.

    Raises:
        BlaxelMcpError: the first poll failed.
    """
    began = timer()
    state = await poll()
    seen = timer()
    cost = seen - began
    error: BlaxelMcpError | None = None
    failures = 0
    await report(state)
    while not done(state) and failures < max_failures and (error is None or error.transient):
        left = began + seconds - cost - timer()
        if left <= 0:
            break
        step = pause(state, timer() - began, cost)
        if error is not None and error.retry_after is not None:
            step = max(step, error.retry_after)
            if step > left:
                break
        try:
            # A pause that would leave less than half of itself before the end is stretched to the end.
            await sleep(left if left < step * 1.5 else step)
            asked = timer()
            state = await poll()
        except StoppingError as stopping:
            error = stopping
            break
        except BlaxelMcpError as failure:
            error = failure
            failures += 1
            continue
        seen, error, failures = timer(), None, 0
        cost = seen - asked
        await report(state)
    return PollResult(state, error, timer() - seen)
