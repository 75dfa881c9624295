"""A list of a job's executions, the newest first, and what those that were looked at say about the job."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus, ExecutionWord, JobExecution, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import count_tasks
from blaxel_mcp.summary.listing import (
    Page,
    Row,
    read_status,
    render_page,
    row_id,
    status_phrase,
    status_sentence,
)
from blaxel_mcp.summary.runs import Run, usual_duration
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
    `succeeded` and `usualSeconds`, with a status `matching`, and `notShown`.
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
) -> tuple[dict[str, Any], str]:
    """The answer of list_job_executions, as an object and as text.

    `page` holds the executions to list, already filtered by `status`; `looked_at` those that it was made from, which
    tell how the job has been doing.
    """
    job, number = quote(job_id, limits.IDENTITY_CHARACTERS), len(page.items)
    health, facts = _health(looked_at)
    if not looked_at:
        subject = f"Job {job} has no {'executions' if page.first else 'more executions'}"
    elif status is not None:
        facts["matching"] = number
        subject = status_sentence(number, len(looked_at), "execution", f"of job {job} looked at", status)
    elif page.first:
        subject = f"The newest execution of job {job} {_newest(page.items[0], now)}"
    else:
        subject = f"{plural(number, 'older execution')} of job {job}"
    more = "; older ones follow" if status is not None else ""
    row = partial(_row, now=now)
    return render_page("executions", page, row, limit=limit, subject=subject, more=more, remarks=health, facts=facts)


def _health(executions: Sequence[JobExecution]) -> tuple[str, dict[str, Any]]:
    """What share of executions succeeded and how long one usually takes: as a sentence, and as facts."""
    number = len(executions)
    statuses = [ExecutionStatus(execution.status) for execution in executions]
    finished = sum(status.over for status in statuses)
    succeeded = sum(status.outcome == "succeeded" for status in statuses)
    usual = usual_duration(map(Run.of, executions))
    counts = {"finished": finished, "succeeded": succeeded} if executions else {}
    facts = {"lookedAt": number, **counts, "usualSeconds": usual.median if usual else None}
    if number <= 1:
        return "", facts
    if not finished:
        return f"None of the {number:,} executions looked at is over.", facts
    # 999 of 1,000 are not all of them.
    share = 100 if succeeded == finished else min(99, round(succeeded * 100 / finished))
    over = "all" if finished == number else f"{finished:,}"
    took = f", usually in {format_duration(usual.median)}" if usual else ""
    return f"Of {number:,} executions looked at, {over} are over and {succeeded:,} succeeded ({share}%){took}.", facts


def _newest(execution: JobExecution, now: datetime) -> str:
    """What the newest execution did or does, and since when: `succeeded 5m ago`, `is running, started 2m ago`."""
    metadata, status = execution.metadata, read_status(execution.status)
    verb = status if status in {"succeeded", "failed"} else _VERBS.get(status, f"has {status_phrase(status)}")
    moments = (
        ("", metadata.completedAt if ExecutionStatus(execution.status).over else None),
        (", started", metadata.startedAt),
        (", created", metadata.createdAt),
    )
    for word, text in moments:
        if (passed := seconds_between(parse_timestamp(text), now)) is not None:
            return f"{verb}{word} {format_duration(passed)} ago"
    return verb


def _row(execution: JobExecution, now: datetime) -> Row:
    metadata = execution.metadata
    created, started, completed = map(parse_timestamp, (metadata.createdAt, metadata.startedAt, metadata.completedAt))
    over = ExecutionStatus(execution.status).over
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
