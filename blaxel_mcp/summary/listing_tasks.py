"""A list of an execution's tasks, the failed ones first."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, NotRequired, get_args

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus, JobExecution, JobExecutionTask, TaskWord, parse_timestamp
from blaxel_mcp.summary import limits, listing
from blaxel_mcp.summary.causes import CAUSE_LABELS, Cause
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.failures import group_failures
from blaxel_mcp.summary.identity import other_execution
from blaxel_mcp.summary.listing import Fact, Head, Page, Row, status_phrase
from blaxel_mcp.summary.next_step import call_arguments
from blaxel_mcp.summary.tasks import TaskList, task_name, task_status, task_times
from blaxel_mcp.summary.timing import seconds_between
from blaxel_mcp.summary.wording import plural, quote


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
        return [task for task in tasks if task_status(task) == status]
    return sorted(tasks, key=lambda task: task_status(task) != "failed")


def build_tasks(
    asked: tuple[str, str],
    execution: JobExecution,
    known: TaskList,
    page: Page[JobExecutionTask],
    *,
    status: TaskWord | None,
    now: datetime,
) -> tuple[dict[str, Any], str]:
    """The answer of list_job_execution_tasks, as an object and as text.

    Args:
        asked: ids of job and execution, `latest` resolved.
        execution: the one that the tasks belong to.
        known: all tasks that are known, for the counts.
        page: those to list, of what `failed_first` gives with the same `status`.
        status: the status that was asked for.
        now: the present, in UTC.
    """
    (job_id, execution_id), tasks = asked, known.tasks
    until = parse_timestamp(execution.metadata.completedAt) if ExecutionStatus(execution.status).over else now
    execution_name, job_name = (quote(name, limits.IDENTITY_CHARACTERS) for name in (execution_id, job_id))
    word = status_phrase(listing.read_status(execution.status))
    of_what = f"execution {execution_name} of job {job_name} ({word})"
    if not tasks:
        subject = f"No tasks are listed for {of_what}"
    elif status is not None:
        subject = listing.status_sentence(page.total, len(tasks), "task", f"of {of_what}", status)
    else:
        subject = f"{plural(len(tasks), 'task')} of {of_what}: {_counts(tasks)}"
    if other := other_execution(execution, asked):
        subject = f"{other} {subject}"
    facts = {
        "jobId": clean(job_id, limits.IDENTITY_CHARACTERS),
        "executionId": clean(execution_id, limits.IDENTITY_CHARACTERS),
        "lookedAt": len(tasks),
        "matching": page.total if status is not None else None,
    }
    head = Head(subject, facts, _missing(execution, known))
    repeated = call_arguments(job_id, execution_id)
    return listing.render_page("tasks", page, partial(_row, until=until), lambda _: head, asked=repeated)


def _missing(execution: JobExecution, known: TaskList) -> str:
    """Which tasks the list lacks, and whether the API or this server left them out; empty where it is whole."""
    counted, listed = execution.total or 0, len(known.tasks)
    if listed and not known.whole:
        return f"Only the first {listed:,}{f' of {counted:,}' if counted else ''} tasks were read."
    return f"The API counts {plural(counted, 'task')} but lists {listed:,}." if counted > listed else ""


def _counts(tasks: Sequence[JobExecutionTask]) -> str:
    """`3 failed, 37 succeeded`: the known words, then all others together."""
    words = Counter(map(task_status, tasks))
    known = [(word, words.pop(word)) for word in get_args(TaskWord) if word in words]
    others = [("of other or no status", words.total())] if words else []
    return ", ".join(f"{number:,} {word}" for word, number in [*known, *others])


def _row(task: JobExecutionTask, until: datetime | None) -> Row:
    """A row for a task; one that still runs, or did when its execution ended, is measured up to `until`."""
    started, completed = task_times(task)
    word = task.get("status")
    status = listing.status_fact(word if isinstance(word, str) else None)
    cause, message = _reason(task, status.value) if status.value in {"failed", "cancelled"} else (None, "")
    running = status.value == "running"
    return Row(
        "name",
        listing.row_id(task_name(task)),
        {
            "status": status,
            "durationSeconds": listing.took(None if running else seconds_between(started, completed)),
            "runningSeconds": listing.so_far(seconds_between(started, until) if running else None),
            "cause": Fact(cause, lambda known: CAUSE_LABELS[known]),
        },
        message,
    )


def _reason(task: JobExecutionTask, status: str) -> tuple[Cause | None, str]:
    """Cause and message of a task, as the groups of get_job_execution have them; neither if it says nothing new."""
    (group,), _ = group_failures([task], None)
    message = clean(group.line.text, limits.MESSAGE_CHARACTERS, middle=True)
    cause = None if group.cause in {"unknown", status} else group.cause
    return cause, "" if message.casefold() == status else message
