"""Waiting until something is done: look, pause, look again. Looking, pausing and the time are passed in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from blaxel_mcp.errors import BlaxelMcpError, StoppingError

T = TypeVar("T")

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
_WAITED_SHARE = 0.2
_AGE_SHARE = 0.01
_COST_FACTOR = 4.0
_LAST_PAUSE_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Waited(Generic[T]):
    """The last state that was seen.

    Attributes:
        state: it.
        problem: why the looks since then failed; `None` if the last one succeeded.
        stale: how many seconds ago it was seen.
    """

    state: T
    problem: BlaxelMcpError | None = None
    stale: float = 0.0


def pause(waited: float, *, age: float, cost: float) -> float:
    """Seconds until the next look, all of them in seconds.

    It grows with the wait, with the `age` of what is waited for (what has run for hours rarely ends this second), and
    with what a look costs (a huge execution takes long to answer).
    """
    wish = max(waited * _WAITED_SHARE, age * _AGE_SHARE, cost * _COST_FACTOR)
    return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, wish))


async def wait_until_done(
    look: Callable[[], Awaitable[T]],
    *,
    done: Callable[[T], bool],
    age: Callable[[T], float],
    report: Callable[[T], Awaitable[None]],
    seconds: float,
    sleep: Callable[[float], Awaitable[None]],
    timer: Callable[[], float],
) -> Waited[T]:
    """Look until it is done or the seconds are over; the last look ends with them, if it takes what the one before did.

    A look that fails after one that succeeded leaves the last state standing: one that may succeed later is repeated,
    any other ends the wait. Cancelling ends it at once, there is nothing to clean up.

    Args:
        look: gets the state; must answer or fail in a time of its own.
        done: whether there is no more to wait for.
        age: of what is waited for, in seconds.
        report: told of every state that is seen.
        seconds: how long to wait.
        sleep: pauses for so many seconds; raises `StoppingError` when the process is told to end.
        timer: counts seconds, from any zero.

    Raises:
        BlaxelMcpError: the first look failed.
    """
    began = timer()
    state = await look()
    seen = timer()
    cost = seen - began
    problem: BlaxelMcpError | None = None
    await report(state)
    while not done(state) and (problem is None or problem.transient):
        left = began + seconds - cost - timer()
        if left <= 0:
            break
        step = pause(timer() - began, age=age(state), cost=cost)
        if problem is not None and problem.retry_after is not None:
            step = max(step, problem.retry_after)
            if step > left:  # asked to be left alone for longer than there is time
                break
        try:
            await sleep(left if left < step * _LAST_PAUSE_FACTOR else step)
            asked = timer()
            state = await look()
        except StoppingError as error:
            problem = error
            break
        except BlaxelMcpError as error:
            problem = error
            continue
        seen, problem = timer(), None
        cost = seen - asked
        await report(state)
    return Waited(state, problem, timer() - seen)
