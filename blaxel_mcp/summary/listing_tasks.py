"""A list of an execution's tasks, the failed ones first."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NotRequired, get_args

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus, JobExecution, JobExecutionTask, TaskWord, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import Cause
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.failures import group_failures
from blaxel_mcp.summary.listing import (
    Page,
    Row,
    quote_name,
    read_status,
    render_page,
    row_id,
    seconds_between,
    status_phrase,
    status_sentence,
)
from blaxel_mcp.summary.tasks import task_name
from blaxel_mcp.summary.wording import drop_empty, plural

_STATUSES: tuple[str, ...] = get_args(TaskWord)


class TasksCore(TypedDict):
    """`structuredContent` of list_job_execution_tasks, as far as it is published.

    A row has `name`, `status`, `durationSeconds` or `runningSeconds`, and where it failed `cause` and `message`. An
    answer also has `jobId`, `executionId`, `lookedAt`, with a status `matching`, and `notShown`.
    """

    summary: str
    tasks: list[dict[str, Any]]
    nextCursor: NotRequired[str]


def failed_first(tasks: Sequence[JobExecutionTask], status: TaskWord | None) -> list[JobExecutionTask]:
    """The tasks with this status, or all of them with the failed ones first; else in their own order."""
    if status is not None:
        return [task for task in tasks if _word(task) == status]
    return sorted(tasks, key=lambda task: _word(task) != "failed")


def build_tasks(
    asked: tuple[str, str],
    execution: JobExecution,
    tasks: Sequence[JobExecutionTask],
    page: Page[JobExecutionTask],
    *,
    limit: int,
    status: TaskWord | None,
    now: datetime,
) -> tuple[dict[str, Any], str]:
    """The answer of list_job_execution_tasks, as an object and as text.

    Args:
        asked: ids of job and execution, `latest` resolved.
        execution: the one that the tasks belong to.
        tasks: all that are known, for the counts.
        page: those to page through, from `failed_first`.
        limit: how many rows at most.
        status: what `page` was filtered by.
        now: the present, in UTC.
    """
    job_id, execution_id = asked
    over = ExecutionStatus(execution.status).over
    until = parse_timestamp(execution.metadata.completedAt) if over else now
    stands = status_phrase(read_status(execution.status))
    of_what = f"execution {quote_name(execution_id)} of job {quote_name(job_id)} ({stands})"
    if not tasks:
        subject = f"No tasks are listed for {of_what}"
    elif status is not None:
        subject = status_sentence(len(page.items), len(tasks), "task", f"of {of_what}", status)
    else:
        subject = f"{plural(len(tasks), 'task')} of {of_what}: {_counts(tasks)}"
    counted = execution.stats.total if execution.stats else None
    missing = ""
    if counted is not None and counted > len(tasks):
        missing = f"The API counts {plural(counted, 'task')} but lists {len(tasks):,}."
    facts = {
        "jobId": clean(job_id, limits.IDENTITY_CHARACTERS),
        "executionId": clean(execution_id, limits.IDENTITY_CHARACTERS),
        "lookedAt": len(tasks),
        "matching": len(page.items) if status is not None else None,
    }
    return render_page(
        "tasks", page, lambda task: _row(task, until), limit=limit, subject=subject, remarks=missing, facts=facts
    )


def _word(task: JobExecutionTask) -> str:
    return (task.get("status") or "").casefold()


def _counts(tasks: Sequence[JobExecutionTask]) -> str:
    """`3 failed, 37 succeeded`: the known words, then all others together."""
    words = Counter(map(_word, tasks))
    counted = [f"{words[word]:,} {word}" for word in _STATUSES if words[word]]
    others = len(tasks) - sum(words[word] for word in _STATUSES)
    return ", ".join([*counted, *([f"{others:,} of other or no status"] if others else [])])


def _row(task: JobExecutionTask, until: datetime | None) -> Row:
    """A row for a task; one that still runs, or did when its execution ended, is measured up to `until`."""
    metadata = task.get("metadata", {})
    started, completed = parse_timestamp(metadata.get("startedAt")), parse_timestamp(metadata.get("completedAt"))
    status = read_status(task.get("status"))
    cause, message = _reason(task, status) if status in {"failed", "cancelled"} else (None, "")
    return drop_empty(
        {
            "name": row_id(task_name(task)),
            "status": status,
            "durationSeconds": None if status == "running" else seconds_between(started, completed),
            "runningSeconds": seconds_between(started, until) if status == "running" else None,
            "cause": cause,
            "message": message,
        }
    )


def _reason(task: JobExecutionTask, status: str) -> tuple[Cause | None, str]:
    """Cause and message of a task, as the groups of get_job_execution have them; neither if they say nothing new."""
    (group,), _ = group_failures([task], None)
    message = clean(group.message, limits.MESSAGE_CHARACTERS)
    if message.casefold() in {"", status}:
        return None, ""
    return (None if group.cause in {"unknown", status} else group.cause), message
