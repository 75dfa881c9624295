"""A list of a job's executions, the newest first, and what those that were looked at say about the job."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus, ExecutionWord, Job, JobExecution, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.attention import find_going
from blaxel_mcp.summary.counts import count_tasks
from blaxel_mcp.summary.health import Health, assess, health_sentences
from blaxel_mcp.summary.listing import (
    Page,
    Row,
    read_status,
    render_page,
    row_id,
    status_phrase,
    status_sentence,
)
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schedule import (
    ScheduleCheck,
    check_schedule,
    needs_attention,
    schedule_facts,
    schedule_sentence,
)
from blaxel_mcp.summary.tasks import TaskList, scan_tasks
from blaxel_mcp.summary.timing import seconds_between
from blaxel_mcp.summary.wording import drop_empty, format_duration, format_timestamp, plural, quote

_VERBS = {
    "queued": "is queued",
    "pending": "is pending",
    "running": "is running",
    "cancelling": "is being cancelled",
    "cancelled": "was cancelled",
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
    limit: int,
    status: ExecutionWord | None,
    now: datetime,
    job: Job | None = None,
) -> tuple[dict[str, Any], str]:
    """The answer of list_job_executions, as an object and as text.

    `page` holds the executions to list, already filtered by `status`; `looked_at` those that it was made from, which
    tell how the job has been doing; `job` has its schedule, where it was looked up.
    """
    name, number = quote(job_id, limits.IDENTITY_CHARACTERS), len(page.items)
    runs = list(map(Run.of, looked_at))
    health = assess(runs)
    check = check_schedule(job, runs, now, complete=page.cursor_after(len(page.items)) is None) if job else None
    facts = _facts(health, check, newest=page.first)
    going = find_going(looked_at[0], runs, now) if looked_at and page.first else None
    remarks = [f"Needs attention: {going.words}." if going else "", health_sentences(health, now, newest=page.first)]
    if check:
        remarks.insert(0 if needs_attention(check) else 2, schedule_sentence(check, now))
    if not looked_at:
        subject = f"Job {name} has no {'executions' if page.first else 'more executions'}"
    elif status is not None:
        facts["matching"] = number
        subject = status_sentence(number, len(looked_at), "execution", f"of job {name} looked at", status)
    elif page.first:
        subject = f"The newest execution of job {name} {_newest(page.items[0], now)}"
    else:
        subject = f"{plural(number, 'older execution')} of job {name}"
    more = "; older ones follow" if status is not None else ""
    row = partial(_row, now=now)
    return render_page(
        "executions",
        page,
        row,
        limit=limit,
        subject=subject,
        more=more,
        remarks=" ".join(filter(None, remarks)),
        facts=facts,
    )


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
        "schedule": schedule_facts(check) if check else None,
    }


def _newest(execution: JobExecution, now: datetime) -> str:
    """What the newest execution did or does, and since when: `succeeded 5m ago`, `is running, started 2m ago`."""
    metadata, status = execution.metadata, read_status(execution.status)
    verb = status if status in {"succeeded", "failed"} else _VERBS.get(status, f"has {status_phrase(status)}")
    # How one with an unknown word ended is not known, only that it did.
    ended = "" if ExecutionStatus(execution.status).over else ", ended"
    completed = metadata.completedAt if Run.of(execution).ended else None
    moments = (
        (ended, completed),
        (", started", metadata.startedAt),
        (", created", metadata.createdAt),
    )
    for word, text in moments:
        if (passed := seconds_between(parse_timestamp(text), now)) is not None:
            return f"{verb}{word} {format_duration(passed)} ago{_failed_tasks(execution, now)}"
    return verb + _failed_tasks(execution, now)


def _failed_tasks(execution: JobExecution, now: datetime) -> str:
    """`, 3 of 40 tasks failed` of one that is over, with a `but` if it succeeded all the same."""
    status = ExecutionStatus(execution.status)
    counts = count_tasks(execution.stats, execution.total, scan_tasks(TaskList.of(execution), now))
    if not counts.failed or not status.over:
        return ""
    but = "but " if status.outcome == "succeeded" else ""
    of = f"{counts.failed:,} of {plural(counts.total, 'task')}" if counts.total else plural(counts.failed, "task")
    return f", {but}{of} failed"


def _row(execution: JobExecution, now: datetime) -> Row:
    metadata = execution.metadata
    created, started, completed = map(parse_timestamp, (metadata.createdAt, metadata.startedAt, metadata.completedAt))
    over = Run.of(execution).ended
    counts = count_tasks(execution.stats, execution.total, scan_tasks(TaskList.of(execution), now))
    return drop_empty(
        {
            "id": row_id(metadata.id),
            "status": read_status(execution.status),
            "tasks": drop_empty({"total": counts.total, "succeeded": counts.succeeded, "failed": counts.failed}),
            "createdAt": format_timestamp(created) if created and not started else None,
            "startedAt": format_timestamp(started) if started else None,
            "durationSeconds": seconds_between(started, completed) if over else None,
            "runningSeconds": None if over else seconds_between(started, now),
        }
    )
