"""A list of a job's executions, the newest first, and what those that were looked at say about the job."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NotRequired, get_args

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus, ExecutionWord, JobExecution, parse_timestamp
from blaxel_mcp.summary.counts import count_tasks
from blaxel_mcp.summary.estimate import usual_duration
from blaxel_mcp.summary.listing import Listed, Row, Window, ago, bullet, handle, having, known_word, name, seconds, tell
from blaxel_mcp.summary.tasks import scan_tasks
from blaxel_mcp.summary.wording import drop_empty, format_duration, format_timestamp, plural

_STATUSES = get_args(ExecutionWord)
_NOT_OVER = frozenset({"in_progress", "unknown"})
_IS = {
    "queued": "is queued",
    "pending": "is pending",
    "running": "is running",
    "cancelling": "is being cancelled",
    "cancelled": "was cancelled",
    "timeout": "timed out",
}


class ExecutionsCore(TypedDict):
    """What is published of the answer; clients pay for every key of a schema in every conversation."""

    summary: str
    executions: list[dict[str, Any]]
    nextCursor: NotRequired[str]


class ExecutionsAnswer(ExecutionsCore):
    """`structuredContent`. A row: `id`, `status`, `tasks` (total, succeeded, failed), `startedAt` and a duration.

    The duration is `durationSeconds` or, of one that is not over, `runningSeconds`; one that has not started has
    `createdAt` instead. `finished` and `succeeded` count the executions looked at.
    """

    lookedAt: int
    matching: NotRequired[int]
    finished: NotRequired[int]
    succeeded: NotRequired[int]
    usualSeconds: NotRequired[int]
    notShown: NotRequired[int]


def build_executions(
    job_id: str, window: Window[JobExecution], *, limit: int, status: str | None, now: datetime
) -> tuple[ExecutionsAnswer, str]:
    """The answer, and the same as text. With a `status` only those are meant, whatever the case of the API's word."""
    items = window.items
    matching = [at for at, item in enumerate(items) if status is None or (item.status or "").casefold() == status]
    meant = [at for at in matching if at >= window.start]
    outcomes = [ExecutionStatus(item.status).outcome for item in items]
    finished = sum(outcome not in _NOT_OVER for outcome in outcomes)
    succeeded = outcomes.count("succeeded")
    usual = usual_duration(items)
    health = _health(len(items), finished, succeeded, usual.median if usual else None)

    def head(shown: int, more: bool) -> str:  # noqa: FBT001 - called by `tell` alone
        return " ".join(part for part in (opening(shown, more), health) if part)

    def opening(shown: int, more: bool) -> str:  # noqa: FBT001
        job = name(job_id)
        if not items:
            return f"Job {job} has no {'executions' if window.first else 'more executions'}."
        if status is not None:
            stands = having(len(matching), len(items), "execution", f"of job {job} looked at", status)
            older = "; older ones follow" if more and shown == len(meant) else ""
            part = f", {_part(matching.index(meant[0]), shown)}" if 0 < shown < len(matching) else ""
            return f"{stands}{part}{older}."
        if not window.first:
            return f"{plural(shown, 'older execution') if shown else 'No older executions'} of job {job}."
        newest = items[0]
        return f"The newest execution of job {job} {_is(newest)}{_when(newest, now)}."

    facts = {
        "lookedAt": len(items),
        "matching": len(matching) if status is not None else None,
        "finished": finished if items else None,
        "succeeded": succeeded if items else None,
        "usualSeconds": usual.median if usual else None,
    }
    answer, text = tell(Listed("executions", window, meant, lambda item: _row(item, now), head, facts), limit)
    return answer, text  # type: ignore[return-value]  # the keys are those of ExecutionsAnswer


def _part(before: int, shown: int) -> str:
    return f"number {before + 1:,} to {before + shown:,} here" if shown > 1 else f"number {before + 1:,} here"


def _health(looked_at: int, finished: int, succeeded: int, usual: int | None) -> str:
    """What share succeeded, and how long one usually takes."""
    if looked_at <= 1:
        return ""
    if not finished:
        return f"None of the {looked_at:,} executions looked at is over."
    # 999 of 1,000 are not all of them.
    share = 100 if succeeded == finished else min(99, round(succeeded * 100 / finished))
    over = "all" if finished == looked_at else f"{finished:,}"
    took = f", usually in {format_duration(usual)}" if usual is not None else ""
    return f"Of {looked_at:,} executions looked at, {over} are over and {succeeded:,} succeeded ({share}%){took}."


def _is(execution: JobExecution) -> str:
    word, _ = known_word(execution.status, _STATUSES)
    if word in _STATUSES:
        return _IS.get(word, word)
    return f"has {known_word(execution.status, ())[1]}"


def _when(execution: JobExecution, now: datetime) -> str:
    """The end for one that is over, else the start, else the creation."""
    metadata = execution.metadata
    over = ExecutionStatus(execution.status).over
    moments: Sequence[tuple[str, str | None]] = (
        ("", metadata.completedAt if over else None),
        (", started", metadata.startedAt),
        (", created", metadata.createdAt),
    )
    return next((f"{word}{passed}" for word, text in moments if (passed := ago(parse_timestamp(text), now))), "")


def _row(execution: JobExecution, now: datetime) -> Row:
    metadata = execution.metadata
    fact, word = known_word(execution.status, _STATUSES)
    created, started, completed = map(parse_timestamp, (metadata.createdAt, metadata.startedAt, metadata.completedAt))
    over = ExecutionStatus(execution.status).over
    took = seconds(started, completed) if over else None
    running = None if over else seconds(started, now)
    counts = count_tasks(execution.stats, scan_tasks(execution.task_list, now))
    tasks = drop_empty({"total": counts.total, "succeeded": counts.succeeded, "failed": counts.failed})
    parts = [
        f"{word} for {format_duration(running)}" if running is not None and fact == "running" else word,
        _tasks(counts.total, counts.succeeded, counts.failed),
        f"started {format_timestamp(started)}"
        if started
        else f"created {format_timestamp(created)}"
        if created
        else "",
        f"took {format_duration(took)}" if took is not None else "",
    ]
    facts = {
        "id": handle(metadata.id),
        "status": fact,
        "tasks": tasks or None,
        "createdAt": format_timestamp(created) if created and not started else None,
        "startedAt": format_timestamp(started) if started else None,
        "durationSeconds": took,
        "runningSeconds": running,
    }
    return Row(drop_empty(facts), bullet(metadata.id, parts))


def _tasks(total: int | None, succeeded: int | None, failed: int | None) -> str:
    """`12 of 12 tasks succeeded`, `36 of 40 tasks succeeded, 3 failed`, with what is known."""
    lost = f"{failed:,} failed" if failed else ""
    if succeeded is None:
        done = plural(total, "task") if total else ""
    elif total is None:
        done = f"{plural(succeeded, 'task')} succeeded"
    else:
        done = f"{succeeded:,} of {plural(total, 'task')} succeeded"
    return ", ".join(part for part in (done, lost) if part)
