"""A list of jobs, and which need attention. Only what is named here leaves: a job also holds secrets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import Job
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.attention import Concern, NewestRuns, find_concerns
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.listing import Heading, Page, Row, read_status, render_page, row_id
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schedule import ScheduleCheck, check_schedule, cron_triggers
from blaxel_mcp.summary.timing import seconds_between
from blaxel_mcp.summary.wording import drop_empty, json_size, plural, quote

_SCHEDULES = 3
_LARGEST_MEMORY = 10**9
"""Megabytes above which it is a mistake."""
_NAMED = 5
_NAMED_BYTES = 400
"""How many jobs the first sentence names with why they need attention, and in how many bytes."""
_SILENT_STATES = {"off", "unknown"}
"""How a job may stand to its schedule without a word about it: that it is switched off stands with the schedule."""


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
        newest: its newest executions; `None` where they could not be looked up.
        schedule: whether it ran when it was due.
        concerns: why it needs attention, the most urgent reason first.
        looked_up: whether its executions were to be looked up at all.
    """

    job: Job
    newest: NewestRuns | None = None
    schedule: ScheduleCheck | None = None
    concerns: Sequence[Concern] = ()
    looked_up: bool = False

    @classmethod
    def of(cls, job: Job, newest: NewestRuns | None, now: datetime) -> "JobOverview":
        """A job with its newest executions, or `None` where they could not be looked up."""
        known = newest or NewestRuns((), complete=False, read_at=now)
        check = check_schedule(job, known.runs, now, complete=known.complete)
        return cls(job, newest, check, find_concerns(job, known, check, now), looked_up=True)

    @property
    def rank(self) -> tuple[int, int, float]:
        """Sorts jobs: the most urgent concerns first, the newest of a kind first; then what goes on; then the others.

        A job that could not be looked up stands between those that run and those that are known to be fine.
        """
        run = self.newest.runs[0] if self.newest and self.newest.runs else None
        if self.concerns:
            moment = run and (run.completed or run.created)
            return 0, self.concerns[0].rank, -moment.timestamp() if moment else 0.0
        if self.newest is None:
            return 2, 0, 0.0
        return (1 if run and not run.ended else 3), 0, 0.0

    @property
    def words(self) -> str:
        """Why it needs attention, in our own words; empty if it doesn't."""
        return ", ".join(concern.words for concern in self.concerns)


def build_jobs(
    page: Page[Job],
    *,
    limit: int,
    search: str | None,
    workspace: str | None,
    newest: Mapping[str, NewestRuns | None] | None = None,
    now: datetime,
) -> tuple[dict[str, Any], str]:
    """The answer of list_jobs, as an object and as text.

    Args:
        page: the jobs to list.
        limit: how many at most.
        search: what their names were searched for.
        workspace: whose jobs they are.
        newest: executions by the job's name, `None` where they could not be looked up; `None` instead of the mapping
            if none were to be looked up.
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
    overviews = [JobOverview(job) for job in page.items]
    if newest is not None:
        shown = slice(page.skip, page.skip + limit)  # reading schedules takes its time
        overviews[shown] = [JobOverview.of(job, newest.get(job.name or ""), now) for job in page.items[shown]]
    return render_page(
        "jobs",
        Page(overviews, page.cursor_after, page.skip, first=page.first),
        partial(_row, now=now),
        limit=limit,
        subject=subject,
        more="; more follow",
        facts={},
        heading=partial(_heading, page=page, which=matching) if newest is not None else None,
    )


def _heading(shown: Sequence[JobOverview], *, page: Page[Job], which: str) -> Heading[JobOverview]:
    """What to say over these jobs: how many of them need attention, and which, those first."""
    number = len(shown)
    whole = page.first and number == len(page.items) and page.cursor_after(number) is None
    of = f"{number:,} jobs{which}" if whole else f"the {number:,} jobs{which} shown here"
    ordered = sorted(shown, key=lambda overview: overview.rank)
    urgent = [overview for overview in ordered if overview.concerns]
    named = _named(urgent)
    known = sum(overview.newest is not None for overview in shown)
    if number == 1:
        subject = f"1 job{which}, and it needs {'' if urgent or not known else 'no '}attention"
        if not urgent and not known:
            subject = f"1 job{which}"
    elif urgent:
        subject = f"{len(urgent):,} of {of} {'needs' if len(urgent) == 1 else 'need'} attention"
    elif known:
        subject = f"None of {of} needs attention"
    else:
        subject = f"{of[0].upper()}{of[1:]}"
    subject += f": {named}" if named else ""
    if not known:
        subject += (
            f"; how {'its latest execution' if number == 1 else 'their latest executions'} went could not be looked up"
        )
    elif known < number:
        subject += f"; of {number - known:,} the latest execution could not be looked up"
    return Heading(subject, ordered, {"lookedAt": known, "needAttention": len(urgent)})


def _named(urgent: Sequence[JobOverview]) -> str:
    """The first jobs that need attention, each with its most urgent reason, and how many more there are."""
    named: list[str] = []
    for overview in urgent[:_NAMED]:
        one = f"{quote(overview.job.name or '', limits.STATUS_CHARACTERS)} ({overview.concerns[0].words})"
        if json_size([*named, one]) > _NAMED_BYTES:
            break
        named.append(one)
    more = len(urgent) - len(named)
    return ", ".join(named) + (f" and {more:,} more" if named and more else "")


def _row(overview: JobOverview, now: datetime) -> Row:
    job, check = overview.job, overview.schedule
    runtime, region = job.spec.get("runtime"), job.spec.get("region")
    memory = runtime.get("memory") if isinstance(runtime, dict) else None
    status = read_status(job.status)
    return drop_empty(
        {
            "name": row_id(job.name),
            "attention": overview.words,
            "latest": _latest(overview.newest, now) if overview.looked_up else None,
            "status": "" if status == "deployed" and overview.looked_up else status,
            "enabled": False if job.spec.get("enabled") is False else None,
            "schedule": clean("; ".join(_schedules(job)), limits.IDENTITY_CHARACTERS),
            "scheduleState": check.state if check and check.state not in _SILENT_STATES else None,
            "memoryMb": memory if type(memory) is int and 0 < memory < _LARGEST_MEMORY else None,
            "region": clean(region, limits.NAME_CHARACTERS) if isinstance(region, str) else None,
        }
    )


def _latest(newest: NewestRuns | None, now: datetime) -> Row:
    """How the newest execution stands, and since when."""
    if newest is None:
        return {"status": "unknown"}
    if not newest.runs:
        return {"status": "none"}
    run: Run = newest.runs[0]
    moments = (
        ("endedSecondsAgo", run.completed if run.ended else None),
        ("startedSecondsAgo", run.started),
        ("createdSecondsAgo", run.created),
    )
    passed = ((key, seconds_between(moment, now)) for key, moment in moments)
    age = next(({key: seconds} for key, seconds in passed if seconds is not None), {})
    return {"status": read_status(run.status.text), **age, "id": row_id(run.execution_id)}


def _schedules(job: Job) -> Iterator[str]:
    """The first few cron expressions of a job, those that are switched off marked so."""
    triggers = cron_triggers(job)
    disabled = job.spec.get("enabled") is False
    for trigger in triggers[:_SCHEDULES]:
        yield clean(trigger.expression, limits.STATUS_CHARACTERS) + ("" if trigger.enabled or disabled else " (off)")
    if len(triggers) > _SCHEDULES:
        yield "and more"
