"""How a job has been doing by its listed executions: streaks, share of success, drift of durations, overlaps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from statistics import median

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.runs import Run, Streak, UsualDuration, newest_streak, usual_duration
from blaxel_mcp.summary.wording import format_duration, format_moment, plural

_NEVER = datetime.max.replace(tzinfo=UTC)
_FEWEST_FOR_DRIFT = 6
"""Durations of which the newest and the oldest third are two at least."""
_FEWEST_WITH_OUTLIERS = 5
"""From so many durations on, the shortest and the longest of them may be odd ones."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The median seconds of the newest third of a job's successful executions, and of the oldest, where they differ."""

    lately: int
    before: int


@dataclass(frozen=True, slots=True)
class Health:
    """What a job's executions say about it.

    Attributes:
        looked_at: how many they are; `finished` of them are over, `going` go on by their status.
        succeeded: how many succeeded; `partly` of those had failed tasks.
        failed: how many failed or timed out.
        cancelled: how many were cancelled, which counts neither for nor against the job.
        streak: how the newest of them ended, and how many in a row did; `before` is the streak that it followed.
        newest_counts: whether the newest execution is part of the streak: it neither goes on nor was cancelled.
        last_success: the newest one that succeeded.
        last_failure: the newest one that failed or timed out.
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
    before: Streak | None
    newest_counts: bool
    last_success: Run | None
    last_failure: Run | None
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
    failed = [run for run in runs if run.result == "failed"]
    streak = newest_streak(runs)
    counting = [run for run in runs if run.result]
    return Health(
        looked_at=len(runs),
        finished=sum(run.ended for run in runs),
        going=sum(run.status.outcome == "in_progress" for run in runs),
        succeeded=len(succeeded),
        partly=sum(bool(run.failed_tasks) for run in succeeded),
        failed=len(failed),
        cancelled=sum(run.status.outcome == "cancelled" for run in runs),
        streak=streak,
        before=newest_streak(counting[streak.length :]) if streak else None,
        newest_counts=bool(runs and runs[0].result),
        last_success=succeeded[0] if succeeded else None,
        last_failure=failed[0] if failed else None,
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


def _spread(seconds: Sequence[int]) -> int:
    """How far durations lie apart, without the shortest and the longest where there are enough of them."""
    ordered = sorted(seconds)
    usual = ordered[1:-1] if len(ordered) >= _FEWEST_WITH_OUTLIERS else ordered
    return usual[-1] - usual[0]


def _overlapping(runs: Iterable[Run]) -> int:
    """How many started before an earlier one had ended, as far as that is known."""
    spans = sorted(
        (run.started, run.completed or _NEVER)
        for run in runs
        if run.started and (run.completed or run.status.outcome == "in_progress")
    )
    ends = accumulate((end for _, end in spans), max)
    return sum(started < end for (started, _), end in zip(spans[1:], ends, strict=False))


def health_sentences(health: Health, now: datetime, *, newest: bool = True) -> str:
    """The health of a job of which more than one execution was looked at; empty for fewer.

    `newest` is whether they are the job's newest ones, so that there is a streak to tell of.
    """
    if health.looked_at <= 1:
        return ""
    if health.going == health.looked_at:
        return f"None of the {health.looked_at:,} executions looked at is over."
    sentences = (*(_streak(health, now) if newest else ()), _counts(health), *_remarks(health))
    return " ".join(f"{sentence}." for sentence in sentences)


def _streak(health: Health, now: datetime) -> Iterator[str]:
    """What is new: how the newest executions ended, where others ended otherwise."""
    streak, before = health.streak, health.before
    if streak is None or before is None:
        return
    lead = "The newest" if health.newest_counts else "Not counting unfinished and cancelled ones, the newest"
    failing = streak.outcome == "failed"
    other = health.last_success if failing else health.last_failure
    when = format_moment(other.completed, now) if other and other.completed else ""
    if streak.length > 1:
        since = f", the last {'success' if failing else 'failure'} {when}" if when else ""
        yield f"{lead} {streak.length:,} {'failed' if failing else 'succeeded'} in a row{since}"
    elif before.length > 1 and failing:
        since = f", the last of them {when}" if when else ""
        yield f"{lead} is the first failure after {before.length:,} that succeeded{since}"
    elif before.length > 1:
        yield f"{lead} is the first success after {before.length:,} failures"


def _counts(health: Health) -> str:
    """How they ended: `Of 14 executions looked at, 13 succeeded and 1 failed (93% success); usually 12m 10s`."""
    took = f"; usually {format_duration(health.usual.median)}" if health.usual and not health.drift else ""
    looked_at, counted = health.looked_at, list(_numbers(health))
    for number, ended in (
        (health.succeeded, "succeeded"),
        (health.failed, "failed"),
        (health.cancelled, "were cancelled"),
    ):
        if number == looked_at:
            return f"All {looked_at:,} executions looked at {ended}{took}"
    return f"Of {looked_at:,} executions looked at, {', '.join(counted)}{took}"


def _numbers(health: Health) -> Iterator[str]:
    if health.succeeded and health.failed:
        yield f"{health.succeeded:,} succeeded and {health.failed:,} failed ({health.share}% success)"
    elif health.succeeded:
        yield f"{health.succeeded:,} succeeded and none failed"
    elif health.failed:
        yield f"none succeeded and {health.failed:,} failed"
    if health.cancelled:
        yield f"{health.cancelled:,} {'was' if health.cancelled == 1 else 'were'} cancelled"
    if health.going:
        yield f"{health.going:,} {'is' if health.going == 1 else 'are'} not over"
    if odd := health.looked_at - health.going - health.succeeded - health.failed - health.cancelled:
        yield f"{odd:,} {'has' if odd == 1 else 'have'} a status that is not known"


def _remarks(health: Health) -> Iterator[str]:
    if health.partly:
        yield f"{health.partly:,} of those that succeeded had failed tasks"
    if drift := health.drift:
        word = "Taking longer" if drift.lately > drift.before else "Taking less time"
        yield f"{word}: {format_duration(drift.lately)} lately, {format_duration(drift.before)} before"
    if health.overlapping:
        yield f"{plural(health.overlapping, 'execution')} started before an earlier one had ended"
