"""A list of jobs. Only what is named here leaves: a job also holds its environment and callback secrets."""

from collections.abc import Iterator
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import Job
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.listing import Page, Row, read_status, render_page, row_id
from blaxel_mcp.summary.wording import drop_empty, plural, quote

_SCHEDULES = 3
_LARGEST_MEMORY = 10**9
"""Megabytes above which it is a mistake."""


class JobsAnswer(TypedDict):
    """`structuredContent` of list_jobs.

    A row has `name`, `status`, `enabled` if that is false, `schedule`, `memoryMb` and `region`.
    """

    summary: str
    jobs: list[dict[str, Any]]
    notShown: NotRequired[int]
    nextCursor: NotRequired[str]


def build_jobs(page: Page[Job], *, limit: int, search: str | None, workspace: str | None) -> tuple[dict[str, Any], str]:
    """The answer of list_jobs, as an object and as text."""
    number = len(page.items)
    matching = f" matching {quote(search, limits.NAME_CHARACTERS)}" if search else ""
    if number and page.first:
        where = f" in workspace {quote(workspace, limits.NAME_CHARACTERS)}" if workspace else ""
        subject = f"{plural(number, 'job')}{matching}{where}"
    elif number:
        subject = f"{plural(number, 'more job')}{matching}"
    elif not page.first or page.cursor_after(0) is not None:
        subject = f"No {'' if page.first else 'more '}jobs{matching}"
    elif search:
        subject = f"No job has {quote(search, limits.NAME_CHARACTERS)} in its name, display name or labels"
    else:
        subject = "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace"
    return render_page("jobs", page, _row, limit=limit, subject=subject, more="; more follow", facts={})


def _row(job: Job) -> Row:
    runtime, region = job.spec.get("runtime"), job.spec.get("region")
    memory = runtime.get("memory") if isinstance(runtime, dict) else None
    return drop_empty(
        {
            "name": row_id(job.name),
            "status": read_status(job.status),
            "enabled": False if job.spec.get("enabled") is False else None,
            "schedule": clean("; ".join(_schedules(job)), limits.IDENTITY_CHARACTERS),
            "memoryMb": memory if type(memory) is int and 0 < memory < _LARGEST_MEMORY else None,
            "region": clean(region, limits.NAME_CHARACTERS) if isinstance(region, str) else None,
        }
    )


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
