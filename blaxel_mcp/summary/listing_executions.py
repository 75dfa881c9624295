"""A list of a job's executions, the newest first, and what those that were looked at say about the job."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionWord, Job, JobExecution
from blaxel_mcp.summary import limits, listing, schedule
from blaxel_mcp.summary.attention import NewestRuns
from blaxel_mcp.summary.counts import TaskCounts, count_tasks
from blaxel_mcp.summary.health import Health, assess, health_sentences
from blaxel_mcp.summary.listing import Fact, Head, Page, Row
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schedule import ScheduleCheck
from blaxel_mcp.summary.tasks import TaskList, scan_tasks
from blaxel_mcp.summary.timing import seconds_between
from blaxel_mcp.summary.wording import drop_empty, format_timestamp, plural, quote

_VERBS = {
    "queued": "is queued",
    "pending": "is pending",
    "running": "is running",
    "cancelling": "is being cancelled",
    "cancelled": "was cancelled",
    "failed": "failed",
    "succeeded": "succeeded",
    "timeout": "timed out",
}


class ExecutionsCore(TypedDict):
    """`structuredContent` of list_job_executions, as far as it is published: clients pay for every key of a schema.

    A row has `id`, `status`, `tasks` (total, succeeded, failed), `startedAt` or else `createdAt`, and
    `durationSeconds`, or `runningSeconds` while it is not over. An answer also has `lookedAt`, of those `finished`,
    `succeeded`, `failed`, `cancelled`, `succeededWithFailures`, `streak`, `usualSeconds`, `drift` and `overlapping`,
    the `schedule`, with a status `matching`, and `notShown`.
    """

    summary: str
    executions: list[dict[str, Any]]
    nextCursor: NotRequired[str]


def build_executions(
    job_id: str,
    page: Page[JobExecution],
    looked_at: Sequence[JobExecution],
    *,
    status: ExecutionWord | None,
    now: datetime,
    job: Job | None = None,
) -> tuple[dict[str, Any], str]:
    """The answer of list_job_executions, as an object and as text.

    `page` holds the executions to list, already filtered by `status`; `looked_at` those that it was made from, which
    tell how the job has been doing; `job` has its schedule, where it was looked up.
    """
    name, number = quote(job_id, limits.IDENTITY_CHARACTERS), page.total
    newest = NewestRuns.of(looked_at, now, complete=not page.goes_on)
    health = assess(newest.runs)
    check = schedule.check_schedule(job, newest.runs, now, complete=newest.complete) if job else None
    going = f"Needs attention: {newest.going.words}." if newest.going and page.first else ""
    remarks = [going, health_sentences(health, now, newest=page.first)]
    if check:
        due = schedule.schedule_sentence(check, now)
        remarks = [due, *remarks] if schedule.needs_attention(check) else [*remarks, due]
    if not looked_at:
        subject = f"Job {name} has no {'executions' if page.first else 'more executions'}"
    elif status is not None:
        subject = listing.status_sentence(number, len(looked_at), "execution", f"of job {name} looked at", status)
    elif page.first:
        subject = f"The newest execution of job {name} {_newest(newest, now)}"
    else:
        subject = f"{plural(number, 'older execution')} of job {name}"
    facts = {**_facts(health, check, newest=page.first), "matching": number if status else None}
    more = "; older ones follow" if status else ""
    head = Head(subject, facts, " ".join(filter(None, remarks)), more)
    return listing.render_page("executions", page, partial(_row, now=now), lambda _: head)


def _facts(health: Health, check: ScheduleCheck | None, *, newest: bool) -> dict[str, Any]:
    streak, drift = health.streak if newest else None, health.drift
    counts = {"finished": health.finished, "succeeded": health.succeeded} if health.looked_at else {}
    return {
        "lookedAt": health.looked_at,
        **counts,
        "failed": health.failed or None,
        "cancelled": health.cancelled or None,
        "succeededWithFailures": health.partly or None,
        "streak": {"outcome": streak.outcome, "count": streak.length} if streak else None,
        "usualSeconds": health.usual.median if health.usual else None,
        "drift": {"latelySeconds": drift.lately, "beforeSeconds": drift.before} if drift else None,
        "overlapping": health.overlapping or None,
        "schedule": schedule.schedule_facts(check) if check else None,
    }


def _newest(newest: NewestRuns, now: datetime) -> str:
    """What the newest execution did or does, and since when: `succeeded 5m ago`, `is running, started 2m ago`."""
    run, counts = newest.runs[0], newest.tasks or TaskCounts()
    word = listing.read_status(run.status.text)
    said = _VERBS.get(word, f"has {listing.status_phrase(word)}") + listing.last_moment(run, now)[1]
    if not counts.failed or not run.status.over:
        return said
    tasks = f"{counts.failed:,} of {plural(counts.total, 'task')}" if counts.total else plural(counts.failed, "task")
    return f"{said}, {'but ' if run.status.outcome == 'succeeded' else ''}{tasks} failed"


def _row(execution: JobExecution, now: datetime) -> Row:
    run = Run.of(execution)
    counts = count_tasks(execution.stats, execution.total, scan_tasks(TaskList.of(execution), now))
    tasks = drop_empty({"total": counts.total, "succeeded": counts.succeeded, "failed": counts.failed})
    created, started = (format_timestamp(moment) if moment else None for moment in (run.created, run.started))
    return Row(
        "id",
        listing.row_id(execution.metadata.id),
        {
            "status": listing.status_fact(execution.status),
            "tasks": Fact(tasks, _tasks_phrase),
            "createdAt": Fact(None if started else created, "created {}".format),
            "startedAt": Fact(started, "started {}".format),
            "durationSeconds": listing.took(seconds_between(run.started, run.completed) if run.ended else None),
            "runningSeconds": listing.so_far(None if run.ended else seconds_between(run.started, now)),
        },
    )


def _tasks_phrase(tasks: Mapping[str, int]) -> str:
    """`36 of 40 tasks succeeded, 3 failed`, as far as the counts are known."""
    total, succeeded, failed = map(tasks.get, ("total", "succeeded", "failed"))
    if succeeded is None:
        done = plural(total, "task") if total else ""
    else:
        done = f"{succeeded:,} of {plural(total, 'task')}" if total is not None else plural(succeeded, "task")
        done += " succeeded"
    return ", ".join(filter(None, (done, f"{failed:,} failed" if failed else "")))
