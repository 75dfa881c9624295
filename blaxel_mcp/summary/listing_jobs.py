"""A list of jobs, and which need attention. Only what is named here leaves: a job also holds secrets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import Job
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.health import attention_reason
from blaxel_mcp.summary.listing import Page, Row, read_status, render_page, row_id
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schedule import check_schedule, needs_attention
from blaxel_mcp.summary.timing import seconds_between
from blaxel_mcp.summary.wording import drop_empty, plural, quote, truncate_bytes

_SCHEDULES = 3
_LARGEST_MEMORY = 10**9
"""Megabytes above which it is a mistake."""
_NAMED = 5
"""Jobs that the first sentence names with why they need attention."""
_HEAD_NAME_CHARACTERS = 40
_ATTENTION_BYTES = 60
_TOLD = {"", "deployed", "failed"}
"""Statuses of a deployment that a row leaves out: the usual one, and the one for which a job needs attention."""
_MISSING = {"missed": "missed its schedule", "late": "late by its schedule", "overlapped": "due, but still running"}


class JobsAnswer(TypedDict):
    """`structuredContent` of list_jobs.

    A row has `name`, `attention` (why it needs some), `latest` (`id`, `status`, `secondsAgo` since its end, or
    `startedSecondsAgo`, or `createdSecondsAgo`), `status` (of its deployment), `enabled` if that is false, `schedule`,
    `memoryMb` and `region`.
    """

    summary: str
    jobs: list[dict[str, Any]]
    notShown: NotRequired[int]
    nextCursor: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Newest:
    """A job's newest executions, newest first; `None` where they could not be looked up.

    `complete` is whether they are all that it has.
    """

    runs: Sequence[Run] | None
    complete: bool = False


def build_jobs(
    page: Page[Job],
    *,
    limit: int,
    search: str | None,
    workspace: str | None,
    newest: Mapping[str, Newest] | None = None,
    now: datetime,
) -> tuple[dict[str, Any], str]:
    """The answer of list_jobs, as an object and as text.

    Args:
        page: the jobs to list.
        limit: how many at most.
        search: what their names were searched for.
        workspace: whose jobs they are.
        newest: executions by the job's name, of those jobs for which they were looked up; `None` if of none.
        now: the present, in UTC.
    """
    number = len(page.items)
    matching = f" matching {quote(search, limits.NAME_CHARACTERS)}" if search else ""
    where = f" in workspace {quote(workspace, limits.NAME_CHARACTERS)}" if workspace and page.first else ""
    if number:
        subject = f"{plural(number, 'job' if page.first else 'more job')}{matching}{where}"
    elif not page.first or page.cursor_after(0) is not None:
        subject = f"No {'' if page.first else 'more '}jobs{matching}"
    elif search:
        subject = f"No job has {quote(search, limits.NAME_CHARACTERS)} in its name, display name or labels"
    else:
        subject = "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace"
    rows = {job.name: _row(job, newest or {}, now) for job in page.items[page.skip :][:limit]}
    facts: dict[str, Any] = {}
    if newest:
        looked_at = [rows[name] for name in newest if name in rows]
        shown = page.items[page.skip :][:limit]
        which = "looked at " if len(shown) > len(looked_at) else "shown "
        whole = number == len(looked_at) and page.cursor_after(number) is None
        attention, facts = _attention(looked_at, "" if whole else which)
        subject = f"{attention}. {subject}"
    row = partial(_known_row, rows=rows, newest=newest or {}, now=now)
    return render_page("jobs", page, row, limit=limit, subject=subject, more="; more follow", facts=facts, order=_order)


def _known_row(job: Job, *, rows: Mapping[str | None, Row], newest: Mapping[str, Newest], now: datetime) -> Row:
    return rows.get(job.name) or _row(job, newest, now)


def _attention(rows: Sequence[Row], which: str) -> tuple[str, dict[str, int]]:
    """How many of the jobs that were looked at need attention, and which: as a sentence, and as facts."""
    urgent = [row for row in rows if "attention" in row]
    unknown = sum(row.get("latest") == {"status": "unknown"} for row in rows)
    facts = {"lookedAt": len(rows), "needAttention": len(urgent)}
    known = f"{plural(len(rows), 'job')} {which}"
    if unknown and unknown == len(rows):
        return f"How the newest executions of {known.strip()} went could not be looked up", facts
    beside = f"; of {unknown:,} the newest execution could not be looked up" if unknown else ""
    if not urgent:
        none = f"None of {'the ' if which else ''}{known}needs attention"
        return f"{'The one job needs no attention' if len(rows) == 1 else none}{beside}", facts
    named = [f"{quote(row['name'], _HEAD_NAME_CHARACTERS)} ({row['attention']})" for row in urgent[:_NAMED]]
    more = f" and {len(urgent) - _NAMED:,} more" if len(urgent) > _NAMED else ""
    verb = "needs" if len(urgent) == 1 else "need"
    what = f"{len(urgent):,} of {'the ' if which else ''}{known}{verb} attention"
    return f"{what}: {', '.join(named)}{more}{beside}", facts


def _order(row: Row) -> int:
    """Jobs that need attention come first, then those that run, then the others."""
    if "attention" in row:
        return 0
    return 1 if row.get("latest", {}).get("status") in {"running", "queued", "pending", "cancelling"} else 2


def _row(job: Job, newest: Mapping[str, Newest], now: datetime) -> Row:
    runtime, region = job.spec.get("runtime"), job.spec.get("region")
    memory = runtime.get("memory") if isinstance(runtime, dict) else None
    enabled, status = job.spec.get("enabled") is not False, read_status(job.status)
    why, latest = "", None
    if newest:
        looked_up = newest.get(job.name or "", Newest(None))
        latest = _latest(looked_up.runs, now)
        why = _why(job, looked_up, now) if enabled else ""
        status = "" if status in _TOLD and (enabled or status != "failed") else status
    return drop_empty(
        {
            "name": row_id(job.name),
            "attention": truncate_bytes(why, _ATTENTION_BYTES),
            "status": status,
            "latest": latest,
            "enabled": None if enabled else False,
            "schedule": clean("; ".join(_schedules(job)), limits.IDENTITY_CHARACTERS),
            "memoryMb": memory if type(memory) is int and 0 < memory < _LARGEST_MEMORY else None,
            "region": clean(region, limits.NAME_CHARACTERS) if isinstance(region, str) else None,
        }
    )


def _why(job: Job, newest: Newest, now: datetime) -> str:
    """Why a job needs attention; empty if it doesn't, or nothing is known that says so."""
    if read_status(job.status) == "failed":
        return "deployment failed"
    if newest.runs is None:
        return ""
    check = check_schedule(job, newest.runs, now, complete=newest.complete)
    missing = _MISSING[check.state] if check and needs_attention(check) else ""
    reasons = (attention_reason(newest.runs, now), missing)
    return ", ".join(filter(None, reasons))


def _latest(runs: Sequence[Run] | None, now: datetime) -> Row:
    """How the newest execution stands: `unknown` where it could not be looked up, `none` where there is none."""
    if runs is None:
        return {"status": "unknown"}
    if not runs:
        return {"status": "none"}
    newest = runs[0]
    moments = (
        ("secondsAgo", newest.completed if newest.ended else None),
        ("startedSecondsAgo", newest.started),
        ("createdSecondsAgo", newest.created),
    )
    passed = ((key, seconds_between(moment, now)) for key, moment in moments)
    age = next(({key: seconds} for key, seconds in passed if seconds is not None), {})
    return drop_empty({"id": row_id(newest.execution_id), "status": read_status(newest.status.text), **age})


def _schedules(job: Job) -> Iterator[str]:
    """The first few cron expressions of a job, those that are switched off marked so."""
    triggers = job.spec.get("triggers")
    found = 0
    for trigger in triggers if isinstance(triggers, list) else ():
        match trigger:
            case {"type": "cron", "configuration": {"schedule": str(schedule)}} if schedule.strip():
                found += 1
                if found > _SCHEDULES:
                    yield "and more"
                    return
                yield clean(schedule, limits.STATUS_CHARACTERS) + (" (off)" if trigger.get("enabled") is False else "")
