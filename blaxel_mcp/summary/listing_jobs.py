"""A list of jobs, and which need attention. Only what is named here leaves: a job also holds secrets."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import Job
from blaxel_mcp.summary import limits, listing
from blaxel_mcp.summary.attention import Concern, NewestRuns, find_concerns
from blaxel_mcp.summary.clean import clean, in_quotes
from blaxel_mcp.summary.listing import Fact, Head, Page, Row
from blaxel_mcp.summary.schedule import Attendance, ScheduleCheck, check_schedule, cron_triggers
from blaxel_mcp.summary.wording import json_size, plural, quote, upper_first

_SCHEDULES = 3
_LARGEST_MEMORY = 10**9
"""Megabytes above which it is a mistake."""
_NAMED = 5
_NAMED_BYTES = 400
"""How many jobs the first sentence names with why they need attention, and in how many bytes."""
_MORE = "; more follow"
_ATTENDANCE: Mapping[str | None, str] = {
    "ran": "ran when due",
    "running": "running as due",
    "waiting": "next time awaited",
    "late": "late",
    "overlapped": "overlapped",
    "missed": "missed",
    "unreadable": "its schedule can't be read",
}
"""How a job stands to its schedule; of other states nothing is said, `off` stands with the schedule."""


class JobsAnswer(TypedDict):
    """`structuredContent` of list_jobs.

    A row has `name`, `attention` (why it needs some), `latest` (of its newest execution `status`, one of
    `endedSecondsAgo`, `startedSecondsAgo` and `createdSecondsAgo`, and `id`; the status is `none` where there is none,
    and `unknown` where it could not be looked up), `status` (of its deployment), `enabled` if that is false,
    `schedule`, `scheduleState`, `memoryMb` and `region`. An answer also has `lookedAt`.
    """

    summary: str
    jobs: list[dict[str, Any]]
    needAttention: NotRequired[int]
    notShown: NotRequired[int]
    nextCursor: NotRequired[str]


@dataclass(frozen=True, slots=True)
class JobOverview:
    """A job as the overview shows it.

    Attributes:
        job: as the API listed it.
        newest: its newest executions; `None` where they could not be looked up, or were not to be.
        schedule: whether it ran when it was due.
        concerns: why it needs attention, the most urgent reason first.
    """

    job: Job
    newest: NewestRuns | None = None
    schedule: ScheduleCheck | None = None
    concerns: Sequence[Concern] = ()

    @classmethod
    def of(cls, job: Job, newest: NewestRuns | None, now: datetime) -> "JobOverview":
        """A job with its newest executions, or `None` where they could not be looked up."""
        known = newest or NewestRuns((), complete=False, read_at=now)
        check = check_schedule(job, known.runs, now, complete=known.complete)
        return cls(job, newest, check, find_concerns(job, known, check, now))

    def rank(self) -> tuple[float, ...]:
        """Sorts jobs: the most urgent concerns first, the newest of a kind first; then what goes on; then the others.

        A job that could not be looked up stands between those that run and those that are known to be fine.
        """
        run = self.newest.runs[0] if self.newest and self.newest.runs else None
        if self.concerns:
            moment = run and (run.completed or run.created)
            return 0, self.concerns[0].rank, -moment.timestamp() if moment else math.inf
        if self.newest is None:
            return (2,)
        return (1,) if run and not run.ended else (3,)


def build_jobs(
    page: Page[Job],
    *,
    search: str | None,
    workspace: str | None,
    newest: Sequence[NewestRuns | None] | None = None,
    now: datetime,
) -> tuple[dict[str, Any], str]:
    """The answer of list_jobs, as an object and as text.

    Args:
        page: the jobs to list.
        search: what their names were searched for.
        workspace: whose jobs they are.
        newest: each job's newest executions, `None` where they could not be looked up; `None` instead of all if none
            were to be looked up.
        now: the present, in UTC.
    """
    matching = f" matching {quote(search, limits.NAME_CHARACTERS)}" if search else ""
    where = f" in workspace {quote(workspace, limits.NAME_CHARACTERS)}" if workspace and page.first else ""
    if page.total:
        subject = f"{plural(page.total, 'job' if page.first else 'more job')}{matching}{where}"
    elif not page.first or page.goes_on:
        subject = f"No {'' if page.first else 'more '}jobs{matching}"
    elif search:
        subject = f"No job has {quote(search, limits.NAME_CHARACTERS)} in its name, display name or labels"
    else:
        subject = "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace"
    if newest is None or not page.items:
        plain = Head(subject, {}, more=_MORE)
        return listing.render_page("jobs", page, _plain_row, lambda _: plain)

    def head(shown: Sequence[JobOverview]) -> Head:
        return _head(shown, matching, whole=page.first and len(shown) == page.total and not page.goes_on)

    overviews = [JobOverview.of(job, runs, now) for job, runs in zip(page.items, newest, strict=True)]
    listed = Page(overviews, *page[1:])
    return listing.render_page("jobs", listed, partial(_row, now=now), head, rank=JobOverview.rank)


def _head(shown: Sequence[JobOverview], matching: str, *, whole: bool) -> Head:
    """How many of the jobs need attention, and which; `whole` is whether there are no others."""
    number, urgent = len(shown), [overview for overview in shown if overview.concerns]
    known = sum(overview.newest is not None for overview in shown)
    jobs = f"{number:,} jobs{matching}" if whole else f"the {number:,} jobs{matching} shown here"
    if number == 1:
        verdict = ", and it needs attention" if urgent else ", and it needs no attention" if known else ""
        subject = f"1 job{matching}{verdict}"
    elif urgent:
        subject = f"{len(urgent):,} of {jobs} {'needs' if len(urgent) == 1 else 'need'} attention"
    else:
        subject = f"None of {jobs} needs attention" if known else upper_first(jobs)
    missing = ""
    if not known:
        whose = "its latest execution" if number == 1 else "their latest executions"
        missing = f"; how {whose} went could not be looked up"
    elif known < number:
        missing = f"; of {number - known:,} the latest execution could not be looked up"
    facts = {"lookedAt": known, "needAttention": len(urgent)}
    return Head(f"{subject}{_named(urgent)}{missing}", facts, more=_MORE)


def _named(urgent: Sequence[JobOverview]) -> str:
    """`: "a" (failed 5m ago), "b" (late, due today at 02:00 UTC) and 2 more`: the first jobs that need attention."""
    named: list[str] = []
    for overview in urgent[:_NAMED]:
        one = f"{quote(overview.job.name or '', limits.STATUS_CHARACTERS)} ({overview.concerns[0].words})"
        if json_size([*named, one]) > _NAMED_BYTES:
            break
        named.append(one)
    more = len(urgent) - len(named)
    return f": {', '.join(named)}{f' and {more:,} more' if more else ''}" if named else ""


def _plain_row(job: Job) -> Row:
    """A row of a job of which nothing was looked up."""
    facts = {"status": listing.status_fact(job.status), **_configuration(job, None)}
    return Row("name", listing.row_id(job.name), facts)


def _row(overview: JobOverview, now: datetime) -> Row:
    job, check = overview.job, overview.schedule
    attention = ", ".join(concern.words for concern in overview.concerns)
    first, *others = attention.split(", ")
    deployment = listing.read_status(job.status)
    said = f"deployment {listing.status_phrase(deployment)}"
    deployed = None if deployment in {"", "deployed"} else deployment
    facts = {
        "attention": Fact(attention or None, "needs attention ({})".format, f"{first}…" if others else first or None),
        "latest": _latest(overview.newest, attention, now),
        "status": Fact(deployed, lambda _: "" if said == first else said, deployed),
        **_configuration(job, check.state if check else None),
    }
    return Row("name", listing.row_id(job.name), facts)


def _configuration(job: Job, state: Attendance | None) -> dict[str, Fact]:
    """What a row tells of the job itself; `state` is how it stands to its schedule."""
    runtime, region = job.spec.get("runtime"), job.spec.get("region")
    memory = runtime.get("memory") if isinstance(runtime, dict) else None
    known_memory = type(memory) is int and 0 < memory < _LARGEST_MEMORY
    known_region = clean(region, limits.NAME_CHARACTERS) if isinstance(region, str) else ""
    return {
        "enabled": Fact(False if job.spec.get("enabled") is False else None, lambda _: "disabled"),
        "schedule": Fact(_schedules(job) or None, lambda known: f"scheduled {in_quotes(known)}"),
        "scheduleState": Fact(state if state in _ATTENDANCE else None, lambda known: _ATTENDANCE[known]),
        "memoryMb": Fact(memory if known_memory else None, "{:,} MB".format),
        "region": Fact(known_region or None, lambda known: f"region {in_quotes(known)}"),
    }


def _latest(newest: NewestRuns | None, attention: str, now: datetime) -> Fact:
    """How the newest execution stands, and since when; in words only where `attention` does not begin with that."""
    if newest is None or not newest.runs:
        word, said = ("unknown", "latest unknown") if newest is None else ("none", "no executions")
        return Fact({"status": word}, lambda _: said, {"status": word})
    run = newest.runs[0]
    status, name = listing.read_status(run.status.text), listing.row_id(run.execution_id)
    age, ago = listing.last_moment(run, now)
    told = bool(status) and attention.startswith("timed out" if status == "timeout" else status)
    went = [] if told else [f"latest {listing.status_phrase(status)}{ago}"]
    least = {"status": status, **({} if told else age)}
    return Fact(
        {"status": status, **age, "id": name},
        lambda latest: ", ".join([*went, in_quotes(name)] if "id" in latest else went),
        least,
    )


def _schedules(job: Job) -> str:
    """The first few cron expressions of a job, those that are switched off marked so."""
    triggers, disabled = cron_triggers(job), job.spec.get("enabled") is False
    shown = [
        clean(trigger.expression, limits.STATUS_CHARACTERS) + ("" if trigger.enabled or disabled else " (off)")
        for trigger in triggers[:_SCHEDULES]
    ]
    more = ["and more"] if len(triggers) > _SCHEDULES else []
    return clean("; ".join(shown + more), limits.IDENTITY_CHARACTERS)
