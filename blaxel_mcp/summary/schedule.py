"""Whether a job ran when its cron schedule says, and when it is due next.

Blaxel does not say in which time zone it reads a schedule, nor whether an execution was created by a schedule or by
hand. Expressions are read as UTC, and an execution that was created around the time when the job was due counts for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from operator import itemgetter
from typing import Any, Literal, NamedTuple, TypeAlias

from blaxel_mcp.models import Job, parse_timestamp
from blaxel_mcp.summary import cron, limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.wording import (
    drop_empty,
    format_age,
    format_duration,
    format_moment,
    format_timestamp,
    quote,
)

Attendance: TypeAlias = Literal[
    "ran", "running", "waiting", "late", "overlapped", "missed", "off", "unreadable", "unknown"
]
"""How a job stands to its schedule; what decides it is at `check_schedule`."""

_SLACK = timedelta(seconds=limits.SCHEDULE_SLACK_SECONDS)
_MISSED = timedelta(seconds=limits.SCHEDULE_MISSED_SECONDS)
_EARLY = timedelta(seconds=limits.CLOCK_SKEW_SECONDS)
"""An execution that was created so long before the job was due still counts: clocks differ."""
_LONG_INTERVAL = timedelta(hours=1)

_STOPPED = frozenset({"DEACTIVATING", "DEACTIVATED", "DELETING", "TERMINATED"})
"""What the API says of a job whose deployment is switched off."""


class Trigger(NamedTuple):
    """A cron trigger of a job; `expression` is as the job has it, not cleaned."""

    expression: str
    enabled: bool


class ScheduleCheck(NamedTuple):
    """Whether a job ran when it was due.

    Attributes:
        expression: as the job has it, not cleaned; of several, the one that was due last.
        state: how the job stands to its schedule.
        last_due: the newest moment, in UTC, at which the job was due; `None` if there is none since it was created.
        next_due: in UTC.
        previous: the newest execution from before `last_due`, where none was created since in time; while the job was
            changed since `last_due`, its newest execution.
        run: the execution that counts for `last_due`.
        unread: another enabled expression of the job that could not be read; not cleaned.
    """

    expression: str
    state: Attendance
    last_due: datetime | None = None
    next_due: datetime | None = None
    previous: Run | None = None
    run: Run | None = None
    unread: str | None = None


class _Due(NamedTuple):
    """The newest moments at which a job was due: of all, and of those whose slack is over."""

    last: datetime
    settled: datetime | None
    interval: timedelta

    @property
    def early(self) -> timedelta:
        """How long before it was due an execution that counts may have been created."""
        return min(_EARLY, self.interval / 2)


def cron_triggers(job: Job) -> list[Trigger]:
    """The cron triggers of a job that have an expression; those of a job that is switched off are off too."""
    triggers = job.spec.get("triggers")
    enabled = job.spec.get("enabled") is not False and (job.status or "").upper() not in _STOPPED
    found = []
    for trigger in triggers if isinstance(triggers, list) else ():
        match trigger:
            case {"type": "cron", "configuration": {"schedule": str(schedule)}} if schedule.strip():
                found.append(Trigger(schedule, enabled and trigger.get("enabled") is not False))
    return found


def check_schedule(job: Job, runs: Sequence[Run], now: datetime, *, complete: bool = False) -> ScheduleCheck | None:
    """Compare a job's executions with its schedule. `None` where the job has no cron trigger.

    Looked at is the newest moment at which one of the enabled triggers was due. The state is:

    - `ran` or `running`: an execution was created then, or up to 10 minutes later.
    - `waiting`: none was, but the 10 minutes are not over; or the job was not due yet since it was created.
    - `late`: they are over, but not yet an hour; or the first execution since was created after the 10 minutes.
    - `missed`: none was created for an hour, or the job has come due again since.
    - `overlapped`: as late or missed, but an earlier execution has not ended yet.
    - `off`: all cron triggers, or the job, are switched off.
    - `unreadable`: none of the enabled expressions can be read, or none ever comes due.
    - `unknown`: the executions do not tell, or the job was changed since, so that its schedule may be newer.

    Where a job is due more often than every 10 minutes, nothing is late before the newest moment older than that.

    Args:
        job: as GetJob or ListJobs gave it.
        runs: its newest executions, newest first; unfinished ones are among them.
        now: the time, in UTC.
        complete: whether `runs` are all executions that the job has.
    """
    triggers = cron_triggers(job)
    if not triggers:
        return None
    enabled = [trigger.expression for trigger in triggers if trigger.enabled][: limits.SCHEDULE_TRIGGERS]
    if not enabled:
        return ScheduleCheck(triggers[0].expression, "off")
    readable = [(upcoming, expression) for expression in enabled if (upcoming := cron.next_due(expression, now))]
    unread = next((each for each in enabled if each not in {expression for _, expression in readable}), None)
    if not readable:
        return ScheduleCheck(enabled[0], "unreadable")
    next_due, expression = min(readable)
    expressions = [each for _, each in readable]
    last = max(((past, each) for each in expressions if (past := cron.last_due(each, now))), default=None)
    created = _moment(job, "createdAt")
    if last is None or (created and created > last[0]):
        return ScheduleCheck(expression, "waiting", None, next_due, unread=unread)
    last_due, expression = last
    changed = _moment(job, "updatedAt")
    settled = _settled(expressions, last_due, now, max(filter(None, (created, changed)), default=None))
    due = _Due(last_due, settled, next_due - last_due)
    changed_since = bool(changed and changed > last_due)
    state, previous, run = _judge(runs, due, now, complete=complete, changed=changed_since)
    return ScheduleCheck(expression, state, last_due, next_due, previous, run, unread)


def needs_attention(check: ScheduleCheck) -> bool:
    """Whether somebody should look at the job because of its schedule: an execution is missed, or late and not there.

    One that was created late is judged by how it went. An earlier execution that has not ended counts where the job is
    due once an hour or less often; jobs that are due more often are usually meant to skip a time.
    """
    if check.state == "overlapped":
        return bool(check.last_due and check.next_due and check.next_due - check.last_due >= _LONG_INTERVAL)
    return check.state == "missed" or (check.state == "late" and check.run is None)


def schedule_facts(check: ScheduleCheck) -> dict[str, Any]:
    """The check as an object that travels: `expression`, `state`, and if known `lastDue`, `nextDue`, RFC 3339.

    `createdAt` is when the execution that counts for `lastDue` was created.
    """
    return drop_empty(
        {
            "expression": clean(check.expression, limits.IDENTITY_CHARACTERS),
            "state": check.state,
            "lastDue": format_timestamp(check.last_due) if check.last_due else None,
            "createdAt": format_timestamp(created) if check.run and (created := _creation(check.run)) else None,
            "nextDue": format_timestamp(check.next_due) if check.next_due else None,
        }
    )


def schedule_sentence(check: ScheduleCheck, now: datetime) -> str:
    """The check in words, with the full stop and the next time it is due."""
    if check.state == "off":
        return f"The schedule {quote(check.expression, limits.IDENTITY_CHARACTERS)} is switched off."
    if check.state == "unreadable":
        shown = quote(check.expression, limits.IDENTITY_CHARACTERS)
        return f"The schedule {shown} can't be read, so nothing is concluded from it."
    sentences = [f"{_past(check, now)}."]
    if check.next_due:
        sentences.append(f"Next due {format_moment(check.next_due, now)}.")
    if check.unread is not None:
        sentences.append(f"Its other schedule {quote(check.unread, limits.IDENTITY_CHARACTERS)} can't be read.")
    return " ".join(sentences)


def _past(check: ScheduleCheck, now: datetime) -> str:
    """The part of the sentence about the last time that the job was due."""
    if check.last_due is None:
        return "Not due yet since the job was created"
    due = f"{format_moment(check.last_due, now)},{format_age(check.last_due, now)}"
    match check.state:
        case "unknown" if check.previous:
            newest = f"Newest execution: {_created(check.previous, now)}"
            return f"Last due {due}, unless its schedule is newer: the job was changed since. {newest}"
        case "unknown":
            return f"Last due {due}; whether an execution was created then can't be told"
        case "missed" if check.previous and now - check.last_due < _SLACK:
            age = format_age(_creation(check.previous), now)
            return f"Again due {due}: no execution since {_created(check.previous, now)},{age}"
        case _:
            return f"Due {due}: {_attendance(check, check.last_due, now)}"


def _attendance(check: ScheduleCheck, due: datetime, now: datetime) -> str:
    """Which execution there is for the moment at which the job was due."""
    if check.run:
        return _arrival(check.run, due)
    if check.state == "waiting" and not (check.previous and _in_progress(check.previous)):
        return "not created yet, 10 minutes are allowed"
    none = {"waiting": "no execution yet", "late": "late, no execution"}.get(check.state, "no execution")
    if check.previous and _in_progress(check.previous):
        course = "waiting to start" if check.previous.status.waiting else "going"
        none = none.replace("no execution", "no new execution")
        return f"{none}; the one created {_created(check.previous, now)} is still {course}"
    return f"{none} since {_created(check.previous, now)}" if check.previous else f"{none} is listed"


def _created(run: Run, now: datetime) -> str:
    created = _creation(run)
    return format_moment(created, now) if created else "an unknown time"


def _arrival(run: Run, due: datetime) -> str:
    """That an execution was created, how long after it was due, and what became of it."""
    delay = ((_creation(run) or due) - due).total_seconds()
    moment = "then" if delay < limits.CLOCK_SKEW_SECONDS else f"{format_duration(delay)} later"
    match run.status.outcome:
        case "in_progress":
            course = " and is waiting to start" if run.status.waiting else " and is still going"
        case "cancelled":
            course = " and was cancelled"
        case "unknown":
            course = ""
        case outcome:
            course = f" and {outcome.replace('_', ' ')}"
    return f"an execution was created {moment}{course}"


def _in_progress(run: Run) -> bool:
    return run.status.outcome == "in_progress" and not run.ended


def _creation(run: Run) -> datetime | None:
    return run.created or run.started


def _timed(runs: Sequence[Run]) -> list[tuple[datetime, Run]]:
    return [(created, run) for run in runs if (created := _creation(run))]


def _lists_all_since(moment: datetime, runs: Sequence[Run], now: datetime, *, complete: bool) -> bool:
    """Whether the runs are all executions created since a moment, and each says when it was created."""
    times = [created for created, _ in _timed(runs)]
    if not complete and not any(created < moment for created in times):
        return False
    if times == sorted(times, reverse=True):
        # What comes after an older one is older too, even if it doesn't say.
        runs = list(takewhile(lambda run: (_creation(run) or moment) >= moment, runs))
    return all((created := _creation(run)) and created <= now + _EARLY for run in runs)


def _judge(
    runs: Sequence[Run], due: _Due, now: datetime, *, complete: bool, changed: bool
) -> tuple[Attendance, Run | None, Run | None]:
    """The state, the execution before, and the one that counts for the moment at which the job was due.

    `changed` says that the job was changed since that moment.
    """
    timed = sorted(_timed(runs), key=itemgetter(0), reverse=True)
    earlier = [(created, run) for created, run in timed if created < due.last - due.early]
    arrived, first = timed[-len(earlier) - 1] if len(earlier) < len(timed) else (None, None)
    if arrived and first and arrived <= min(due.last + _SLACK, now + _EARLY):
        return ("running" if _in_progress(first) else "ran"), None, first
    if not _lists_all_since(due.last - due.early, runs, now, complete=complete):
        return "unknown", None, None
    if changed:
        return "unknown", timed[0][1] if timed else None, None
    if first:
        return "late", earlier[0][1] if earlier else None, first
    return (*_absence(earlier, due, now), None)


def _absence(earlier: list[tuple[datetime, Run]], due: _Due, now: datetime) -> tuple[Attendance, Run | None]:
    """The state where no execution was created since the job was due, and the one before that tells most."""
    newest, previous = earlier[0] if earlier else (None, None)
    # One that was forgotten long ago, with others after it, hides no miss.
    time_before = due.last - due.interval - due.early
    going = next((run for at, run in earlier if _in_progress(run) and (run is previous or at >= time_before)), None)
    if due.settled is None or (newest and newest >= due.settled - due.early):
        return "waiting", going or previous
    if going:
        return "overlapped", going
    return ("late" if due.settled == due.last and now - due.last < _MISSED else "missed"), previous


def _settled(expressions: list[str], last: datetime, now: datetime, since: datetime | None) -> datetime | None:
    """The newest moment at which the job was due and whose slack is over; `None` if that was before `since`."""
    if last <= now - _SLACK:
        return last
    due = max(filter(None, (cron.last_due(expression, now - _SLACK) for expression in expressions)), default=None)
    return due if due and not (since and since > due) else None


def _moment(job: Job, key: str) -> datetime | None:
    return parse_timestamp(job.metadata.get(key))
