"""When a job with a cron trigger was last due and is next due, and whether it ran then.

Blaxel's documents do not say which time zone a schedule is in; it is read as UTC, and the answers say so. Nothing tells
a scheduled execution from one that was started by hand: what is created from a due moment on counts for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from blaxel_mcp.models import Job, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.wording import drop_empty, format_duration, format_moment, format_timestamp, quote

Attendance: TypeAlias = Literal[
    "ran", "running", "waiting", "late", "overlapped", "missed", "off", "unreadable", "unknown"
]
"""Whether the execution that was last due is there (`ran`, also while it waits in a queue `running`), is not yet to be
expected (`waiting`), is `late` or `missed`, or whether the one from the time before still goes on (`overlapped`)."""

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LONGEST_EXPRESSION = 200
"""Characters; a longer one is not a schedule that somebody wrote."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One of a job's cron triggers, with its expression as the job has it, not cleaned."""

    expression: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class ScheduleCheck:
    """How a job keeps its schedule.

    Attributes:
        expression: of the trigger that was due last, else of the first one; not cleaned.
        state: whether the execution that was last due is there.
        last_due: the newest due moment that this says something about.
        next_due: the next due moment of any trigger.
        run: the execution that counts for `last_due`, or where there is none, the newest one before it.
        changed: whether the job was changed after it was last due, so that it may have had another schedule then.
    """

    expression: str
    state: Attendance
    last_due: datetime | None = None
    next_due: datetime | None = None
    run: Run | None = None
    changed: bool = False


def cron_triggers(job: Job) -> list[Trigger]:
    """The job's cron triggers. Those of a disabled job are all disabled."""
    triggers = job.spec.get("triggers")
    found = []
    for trigger in triggers if isinstance(triggers, list) else ():
        match trigger:
            case {"type": "cron", "configuration": {"schedule": str(schedule)}} if schedule.strip():
                enabled = trigger.get("enabled") is not False and job.spec.get("enabled") is not False
                found.append(Trigger(schedule.strip(), enabled))
    return found


def check_schedule(job: Job, runs: Sequence[Run], now: datetime, *, complete: bool = False) -> ScheduleCheck | None:
    """How the job keeps its schedule; `None` if it has none.

    Args:
        job: the job with its triggers.
        runs: its newest executions, in any order.
        now: the present, in UTC.
        complete: whether these are all the executions that it has.
    """
    triggers = cron_triggers(job)
    if not triggers:
        return None
    enabled = [trigger.expression for trigger in triggers if trigger.enabled]
    if not enabled:
        return ScheduleCheck(triggers[0].expression, "off")
    upcoming = [moment for expression in enabled if (moment := _due(expression, now, ahead=True))]
    if not upcoming:
        return ScheduleCheck(enabled[0], "unreadable")
    last_due, expression = _newest_due(enabled, now)
    newest = sorted(((at, run) for run in runs if (at := _created(run))), key=lambda pair: pair[0], reverse=True)
    check = ScheduleCheck(expression, "unknown", last_due, min(upcoming), newest[0][1] if newest else None)
    if last_due is None:
        return check
    since = [run for at, run in newest if at >= _earliest(last_due, check)]
    if since:
        # Where the list ends with executions of this due moment, an earlier one may have been its first.
        return replace(check, state="ran" if since[-1].ended else "running", run=since[-1])
    known = len(newest) == len(runs) and (newest or complete)
    return _check_absence(check, job, enabled, now) if known else check


def _check_absence(check: ScheduleCheck, job: Job, enabled: Sequence[str], now: datetime) -> ScheduleCheck:
    """What it means that no execution was created since the last due moment."""
    due, next_due, run = check.last_due, check.next_due, check.run
    at = _created(run) if run else None
    slack = timedelta(seconds=limits.SCHEDULE_SLACK_SECONDS)
    if due and due > now - slack:
        # What was due before has had its time: of a job that runs each minute, only that can tell whether it does.
        due, expression = _newest_due(enabled, now - slack)
        if due is None or _is_after(job, "createdAt", due) or (at and at >= _earliest(due, check)):
            return replace(check, state="overlapped" if run and not run.ended else "waiting")
        check = replace(check, expression=expression, last_due=due)
    if due is None or next_due is None or _is_after(job, "createdAt", due):
        return replace(check, last_due=None)
    if run and not run.ended:
        return replace(check, state="overlapped")
    forgotten = run is None and now - due > timedelta(days=limits.SCHEDULE_FORGOTTEN_DAYS)
    if forgotten or _is_after(job, "updatedAt", due):
        return replace(check, changed=not forgotten)
    late = now - due <= min((next_due - due) / 10, timedelta(seconds=limits.SCHEDULE_LATE_SECONDS))
    return replace(check, state="late" if late else "missed")


def _newest_due(expressions: Sequence[str], now: datetime) -> tuple[datetime | None, str]:
    """The newest moment up to now at which one of the expressions was due, and that expression; else the first one."""
    moments = [(moment, expression) for expression in expressions if (moment := _due(expression, now))]
    return max(moments, default=(None, expressions[0]), key=lambda due: due[0])


def _is_after(job: Job, key: str, moment: datetime) -> bool:
    """Whether the job has a time of creation or change, and that is after the moment."""
    value = job.metadata.get(key)
    at = parse_timestamp(value) if isinstance(value, str) else None
    return at is not None and at > moment


def _created(run: Run) -> datetime | None:
    return run.created or run.started or run.completed


def _earliest(due: datetime, check: ScheduleCheck) -> datetime:
    """From when on an execution counts for a due moment: its clock may be a little behind the schedule's."""
    interval = (check.next_due - due) / 4 if check.next_due else timedelta(0)
    return due - min(timedelta(seconds=limits.CLOCK_SKEW_SECONDS), interval)


def _due(expression: str, now: datetime, *, ahead: bool = False) -> datetime | None:
    """The newest due moment up to now, or the next one after now; `None` where the expression can't be read."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - most answers are about no schedule

    fields = _fields(expression)
    if fields is None:
        return None
    second = now.replace(microsecond=0)
    start = second if ahead else second + timedelta(seconds=1)
    try:
        return next(CronSim(fields, start, reverse=not ahead), None)
    except (CronSimError, ValueError, OverflowError):
        return None


def _fields(expression: str) -> str | None:
    """The expression in five or six fields, without what only some programs write; `None` if that is not possible.

    Quartz writes `?` for a day that another field determines, where cron has `*`. It also counts the days of the week
    from another day on, so an expression with `?` and a number there could mean two things.
    """
    if len(expression) > _LONGEST_EXPRESSION or not expression.isascii():
        return None
    words = _NICKNAMES.get(expression.lower(), expression).upper().split()
    if "?" in words:
        if any(character.isdigit() for character in words[-1].partition("#")[0]):
            return None
        words = ["*" if word == "?" and at >= len(words) - 3 else word for at, word in enumerate(words)]
    return " ".join(words)


def needs_attention(check: ScheduleCheck) -> bool:
    """Whether an execution that was due is not there."""
    return check.state in {"missed", "late", "overlapped"}


def schedule_sentence(check: ScheduleCheck, now: datetime) -> str:
    """How the job keeps its schedule, as one sentence with its full stop."""
    schedule = f"schedule {quote(check.expression, limits.STATUS_CHARACTERS)}"
    if check.state == "off":
        return f"The {schedule} is switched off, so nothing is due."
    if check.state == "unreadable":
        return f"The {schedule} could not be read, so nothing is concluded from it."
    parts = [*_last_due(check, now), *([f"next due {format_moment(check.next_due, now)}"] if check.next_due else [])]
    return f"S{schedule[1:]}, read as UTC: {'; '.join(parts)}."


def _last_due(check: ScheduleCheck, now: datetime) -> Iterator[str]:
    """What became of the last due moment: `due today at 02:00 UTC, 7h ago, and missed: no execution since …`."""
    due, run = check.last_due, check.run
    if due is None:
        return
    at = run and _created(run)
    when = f"due {format_moment(due, now)}, {format_duration((now - due).total_seconds())} ago"
    before = f"no execution since {format_moment(at, now)}" if at else "no execution so far"
    match check.state:
        case "ran" | "running":
            delay = (at - due).total_seconds() if at else 0.0
            created = "then" if delay <= limits.SCHEDULE_SLACK_SECONDS else f"{format_duration(delay)} later"
            going = ", and is not over" if check.state == "running" else ""
            yield f"last {when}, and an execution was created {created}{going}"
        case "waiting":
            yield f"{when}, with no execution yet, which may take 10 minutes"
        case "overlapped":
            created = f"created {format_moment(at, now)}" if at else "before it"
            yield f"{when}, while the execution {created} still goes on"
        case "late" | "missed":
            yield f"{when}, and {check.state}: {before}"
        case _ if check.changed:
            yield f"last {when}, but changed since, so whether it was due then is not known: {before}"


def schedule_facts(check: ScheduleCheck) -> Mapping[str, Any]:
    """The same as an object: `expression`, `state`, `lastDue` and `nextDue` as RFC 3339 in UTC."""
    return drop_empty(
        {
            "expression": clean(check.expression, limits.STATUS_CHARACTERS),
            "state": check.state,
            "lastDue": format_timestamp(check.last_due) if check.last_due else None,
            "nextDue": format_timestamp(check.next_due) if check.next_due else None,
        }
    )
