"""An execution that is over beside those before it: whether its result and its duration are new for the job."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import NamedTuple

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.runs import Run, Streak, UsualDuration, newest_streak, usual_duration
from blaxel_mcp.summary.wording import format_moment

_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
MOST_CHANGES = 2
"""How many changes against the last success are told."""
_FEWEST_FAILURES = 3
"""From so many on, the one at hand included, failures may come at a rate that is worth a word."""


class History(NamedTuple):
    """What the executions before one say about it.

    Attributes:
        run: the execution itself.
        looked_at: how many they are; of those, `succeeded` and `failed` (which includes timed out).
        partly: how many of those that succeeded had failed tasks.
        streak: how the newest of them ended, and how many in a row did; the execution ends or continues that.
        last_success: the newest one that succeeded.
        usual: how long the successful ones took.
        unusual_seconds: how long the execution itself took, if that is far from usual.
        changes: what stands out in the execution's configuration against the last success.
    """

    run: Run
    looked_at: int
    succeeded: int
    failed: int
    partly: int
    streak: Streak | None
    last_success: Run | None
    usual: UsualDuration | None = None
    unusual_seconds: int | None = None
    changes: Sequence[str] = ()


def look_back(run: Run, runs: Sequence[Run]) -> History | None:
    """What the up to `HISTORY_EXECUTIONS` runs before an ended one say about it; `None` where there are none.

    `runs` are the job's newest executions, newest first; the execution itself may be among them.
    """
    before = runs_before(run, runs)[: limits.HISTORY_EXECUTIONS]
    if not before:
        return None
    usual = usual_duration(before)
    return History(
        run=run,
        looked_at=len(before),
        succeeded=sum(one.result == "succeeded" for one in before),
        failed=sum(one.result == "failed" for one in before),
        partly=sum(one.result == "succeeded" and bool(one.failed_tasks) for one in before),
        streak=newest_streak(before),
        last_success=next((one for one in before if one.result == "succeeded"), None),
        usual=usual,
        unusual_seconds=_unusual_seconds(run, usual),
    )


def runs_before(run: Run, runs: Sequence[Run]) -> Sequence[Run]:
    """The runs before one, newest first: by their place in the list, or by creation where it is not in the list."""
    at = next((at for at, one in enumerate(runs) if run.execution_id and one.execution_id == run.execution_id), None)
    if at is not None:
        return runs[at + 1 :]
    created = run.created
    return [one for one in runs if created and one.created and one.created < created]


def usual_range(usual: UsualDuration) -> tuple[int, int]:
    """From how many to how many seconds the job usually takes; of ten and more a tenth at either end is left out."""
    ordered = usual.durations
    beyond = len(ordered) // 10
    return ordered[beyond], ordered[-1 - beyond]


def _unusual_seconds(run: Run, usual: UsualDuration | None) -> int | None:
    """How long a run took, if that is much longer than the job usually does, or if it succeeded in much less time.

    One that failed early is no news: most failures end a run before its usual time.
    """
    seconds = run.seconds
    if usual is None or seconds is None:
        return None
    low, high = usual_range(usual)
    margin = max(limits.UNUSUAL_SHARE * median(usual.durations), high - low)
    early = run.result == "succeeded" and seconds < low - margin
    return seconds if early or seconds > high + margin else None


def history_sentence(history: History, now: datetime) -> str:
    """Whether the result is new, without the full stop; empty where nothing before it had a result to compare with."""
    streak = history.streak
    if streak is None:
        return ""
    match history.run.result:
        case "succeeded" if history.run.failed_tasks:
            return _after_partial_success(history)
        case "failed":
            return _after_failure(history, streak, now)
        case "succeeded" if streak.outcome == "failed":
            return f"First success after {'a failure' if streak.length == 1 else f'{streak.length} failures'}"
        case "succeeded" if not history.failed:
            before = "The one" if streak.length == 1 else f"All {streak.length}"
            if history.looked_at > streak.length:  # some were cancelled, or go on
                before = f"{streak.length} of the {history.looked_at}"
            return f"{before} before it succeeded too"
    return f"Of the {history.looked_at} before it, {history.succeeded} succeeded and {history.failed} failed"


def _after_partial_success(history: History) -> str:
    """Of one that succeeded although tasks of it failed."""
    if not history.succeeded:
        return f"None of the {history.looked_at} before it succeeded"
    if not history.partly:
        return f"The first with failed tasks after {history.succeeded} that succeeded without"
    return f"Of the {history.succeeded} before it that succeeded, {history.partly} had failed tasks too"


def _after_failure(history: History, streak: Streak, now: datetime) -> str:
    """Of one that failed: `Third failure in a row`, `First failure after 12 that succeeded`, `Fails about every …`."""
    last = history.last_success
    when = format_moment(last.completed, now) if last and last.completed else ""
    if streak.outcome == "failed":
        count = streak.length
        number = _ORDINALS[count - 1] if count <= len(_ORDINALS) else f"{count + 1}th"
        if last is None:
            return (
                "The one before it failed too" if count == 1 else f"None of the {history.looked_at} before it succeeded"
            )
        return f"{number.capitalize()} failure in a row{f'; the last success was {when}' if when else ''}"
    failures, results = history.failed + 1, history.failed + history.succeeded + 1
    usual_gap = results / failures
    if failures >= _FEWEST_FAILURES and streak.length <= 2 * usual_gap:
        every = round(usual_gap)
        # Three failures of 21 results, the most that are looked at, are every seventh.
        often = f"about every {_ORDINALS[every - 2]} time" if every > 1 else "most times"
        return f"Fails {often} ({failures} of {results})"
    if streak.length == 1:
        return f"The one before it succeeded{f', {when}' if when else ''}"
    return f"First failure after {streak.length} that succeeded{f', the last one {when}' if when else ''}"
