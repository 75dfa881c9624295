"""How a job has been doing by its listed executions, and whether its newest one needs somebody's attention."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from statistics import median

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.runs import Run, Streak, UsualDuration, is_overrunning, newest_streak, usual_duration
from blaxel_mcp.summary.timing import seconds_between
from blaxel_mcp.summary.wording import format_duration, format_moment, plural

_NEVER = datetime.max.replace(tzinfo=UTC)
_FEWEST_FOR_DRIFT = 6
"""Durations of which the newest and the oldest third are two at least."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The median seconds of the newest third of a job's successful executions, and of the oldest, where they differ."""

    lately: int
    before: int


@dataclass(frozen=True, slots=True)
class Health:
    """What a job's executions say about it.

    Attributes:
        looked_at: how many they are; `finished` of them are over, `going` are not by their status.
        succeeded: how many succeeded; `partly` of those had failed tasks.
        failed: how many failed or timed out.
        cancelled: how many were cancelled, which counts neither for nor against the job.
        streak: how the newest of them ended, and how many in a row did.
        last_success: the newest one that succeeded.
        usual: how long those that succeeded took.
        drift: set if they take much longer than they did, or much less time.
        overlapping: how many started before an earlier one had ended.
    """

    looked_at: int
    finished: int
    going: int
    succeeded: int
    partly: int
    failed: int
    cancelled: int
    streak: Streak | None
    last_success: Run | None
    usual: UsualDuration | None
    drift: Drift | None
    overlapping: int

    @property
    def share(self) -> int:
        """The percentage that succeeded of those that succeeded or failed; of those there is one at least."""
        # 999 of 1,000 are not all of them.
        whole = self.succeeded + self.failed
        return 100 if not self.failed else min(99, round(self.succeeded * 100 / whole))


def assess(runs: Sequence[Run]) -> Health:
    """What executions, newest first, say about their job."""
    succeeded = [run for run in runs if run.result == "succeeded"]
    return Health(
        looked_at=len(runs),
        finished=sum(run.ended for run in runs),
        going=sum(run.status.outcome == "in_progress" for run in runs),
        succeeded=len(succeeded),
        partly=sum(bool(run.failed_tasks) for run in succeeded),
        failed=sum(run.result == "failed" for run in runs),
        cancelled=sum(run.status.outcome == "cancelled" for run in runs),
        streak=newest_streak(runs),
        last_success=succeeded[0] if succeeded else None,
        usual=usual_duration(runs),
        drift=_drift([run.seconds for run in succeeded if run.seconds]),
        overlapping=_overlapping(runs),
    )


def _drift(seconds: Sequence[int]) -> Drift | None:
    """Whether the newest third took much longer than the oldest, or much less time; `seconds` are newest first."""
    third = len(seconds) // 3
    if len(seconds) < _FEWEST_FOR_DRIFT:
        return None
    newest, oldest = seconds[:third], seconds[-third:]
    lately, before = median(newest), median(oldest)
    usual_spread = max(_spread(newest), _spread(oldest))
    far = max(lately, before) > limits.DRIFT_FACTOR * min(lately, before)
    return Drift(round(lately), round(before)) if far and abs(lately - before) > usual_spread else None


def _spread(seconds: Sequence[int]) -> float:
    """Three times the median distance from the median, which one odd duration among several does not change."""
    middle = median(seconds)
    return 3 * median(abs(one - middle) for one in seconds)


def _overlapping(runs: Iterable[Run]) -> int:
    """How many started before an earlier one had ended, as far as both times are known."""
    spans = sorted(
        (run.started, run.completed or _NEVER) for run in runs if run.started and (run.completed or not run.ended)
    )
    ends = accumulate((end for _, end in spans), max)
    return sum(started < end for (started, _), end in zip(spans[1:], ends, strict=False))


def health_sentences(health: Health, now: datetime) -> str:
    """The health of a job of which more than one execution was looked at; empty for fewer."""
    if health.looked_at <= 1:
        return ""
    if not health.finished:
        return f"None of the {health.looked_at:,} executions looked at is over."
    took = f"; usually {format_duration(health.usual.median)}" if health.usual else ""
    counts = f"Of {health.looked_at:,} executions looked at, {', '.join(_counts(health))}{took}"
    return " ".join(f"{sentence}." for sentence in (counts, *_remarks(health, now)))


def _counts(health: Health) -> Iterator[str]:
    if health.succeeded or health.failed:
        failed = f" and {health.failed:,} failed" if health.failed else ""
        yield f"{health.succeeded:,} succeeded{failed} ({health.share}%)"
    if health.cancelled:
        yield f"{health.cancelled:,} {'was' if health.cancelled == 1 else 'were'} cancelled"
    if health.going:
        yield f"{health.going:,} {'is' if health.going == 1 else 'are'} not over"
    if odd := health.looked_at - health.going - health.succeeded - health.failed - health.cancelled:
        yield f"{odd:,} {'has' if odd == 1 else 'have'} a status that is not known"


def _remarks(health: Health, now: datetime) -> Iterator[str]:
    if health.partly:
        yield f"{health.partly:,} of those that succeeded had failed tasks"
    streak, last = health.streak, health.last_success
    if streak and streak.outcome == "failed" and streak.count > 1:
        at = last.completed if last else None
        since = f"; the last success was {format_moment(at, now)}" if at else ""
        yield f"The newest {streak.count:,} failed in a row{since}"
    elif streak and streak.outcome == "succeeded" and health.failed and streak.count > 1:
        yield f"The newest {streak.count:,} succeeded in a row"
    if drift := health.drift:
        word = "Taking longer" if drift.lately > drift.before else "Taking less time"
        yield f"{word}: {format_duration(drift.lately)} lately, {format_duration(drift.before)} before"
    if health.overlapping:
        yield f"{plural(health.overlapping, 'execution')} started before an earlier one had ended"


def attention_reason(runs: Sequence[Run], now: datetime) -> str:
    """Why a job's newest execution needs attention, as a few words: `failed`, `queued for 2h`; empty if it doesn't.

    `runs` are the job's newest executions, newest first.
    """
    newest = runs[0] if runs else None
    match newest and newest.status.outcome:
        case "failed":
            return "failed"
        case "timed_out":
            return "timed out"
        case "succeeded" if newest and newest.failed_tasks:
            return f"succeeded with {plural(newest.failed_tasks, 'failed task')}"
        case "in_progress":
            return _goes_on_for_long(runs, now)
    return ""


def _goes_on_for_long(runs: Sequence[Run], now: datetime) -> str:
    newest, usual = runs[0], usual_duration(runs)
    waited, running = seconds_between(newest.created, now), seconds_between(newest.started or newest.created, now)
    if newest.status.waiting and waited is not None and waited >= limits.QUEUED_SECONDS:
        return f"{newest.status.word} for {format_duration(waited)}"
    if newest.status.word == "running" and running and usual and is_overrunning(running, usual):
        return f"running for {format_duration(running)}, usually {format_duration(usual.median)}"
    if newest.status.word == "running" and running and running > _longest_by_timeout(newest):
        return f"running for {format_duration(running)}, past its timeout"
    return ""


def _longest_by_timeout(run: Run) -> float:
    """For how many seconds a run may go on if its timeout is for each task, which is not known: round after round."""
    rounds = math.ceil((run.tasks or 1) / (run.parallelism or run.tasks or 1))
    return run.timeout * rounds if run.timeout else math.inf
