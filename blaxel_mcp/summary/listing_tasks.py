"""A list of an execution's tasks, the failed ones first."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NotRequired, TypeVar, get_args

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus, ExecutionWord, JobExecution, JobExecutionTask, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSE_LABELS, Cause
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.failures import group_failures
from blaxel_mcp.summary.listing import Listed, Row, Window, bullet, handle, having, known_word, name, seconds, tell
from blaxel_mcp.summary.tasks import task_name
from blaxel_mcp.summary.wording import drop_empty, format_duration, plural, quote

T = TypeVar("T")
STATUSES = ("failed", "cancelled", "running", "reconciling", "pending", "unspecified", "succeeded")
"""The OpenAPI's words; in the order in which a summary counts them."""


class TasksCore(TypedDict):
    """What is published of the answer; clients pay for every key of a schema in every conversation."""

    summary: str
    tasks: list[dict[str, Any]]
    nextCursor: NotRequired[str]


class TasksAnswer(TasksCore):
    """`structuredContent`. A row: `name`, `status`, `durationSeconds` or `runningSeconds`, `cause`, `message`."""

    jobId: str
    executionId: str
    lookedAt: int
    matching: NotRequired[int]
    notShown: NotRequired[int]


def without_repeats(items: Iterable[T], name: Callable[[T], str]) -> list[T]:
    """Each name once, as it was last seen: pages shift while an execution runs. Nameless ones all stay."""
    kept: dict[str | int, T] = {}
    for number, item in enumerate(items):
        kept[name(item) or number] = item
    return list(kept.values())


def ordered(tasks: Sequence[JobExecutionTask], status: str | None) -> list[JobExecutionTask]:
    """Those of the status, or all with the failed ones first; else as they came."""
    if status is not None:
        return [task for task in tasks if _word(task) == status]
    return sorted(tasks, key=lambda task: _word(task) != "failed")


def build_tasks(
    asked: tuple[str, str],
    execution: JobExecution,
    tasks: Sequence[JobExecutionTask],
    window: Window[JobExecutionTask],
    *,
    limit: int,
    status: str | None,
    now: datetime,
) -> tuple[TasksAnswer, str]:
    """The answer, and the same as text.

    Args:
        asked: job and execution, `latest` resolved.
        execution: what they belong to.
        tasks: all that are known, for the counts.
        window: those that are meant, in order, and how far the caller has come in them.
        limit: how many rows at most.
        status: what was asked for, if anything.
        now: the present, in UTC.
    """
    over = ExecutionStatus(execution.status).over
    until = parse_timestamp(execution.metadata.completedAt) if over else now
    counted = execution.stats.total if execution.stats else None
    stands = known_word(execution.status, get_args(ExecutionWord))[1]
    of_what = f"execution {name(asked[1])} of job {name(asked[0])} ({stands})"
    counts = _counts(tasks)
    missing = ""
    if counted is not None and counted > len(tasks):
        missing = f" The API counts {plural(counted, 'task')} but lists {len(tasks):,}."

    def head(shown: int, _: bool) -> str:  # noqa: FBT001 - called by `tell` alone
        if not tasks:
            return f"No tasks are listed for {of_what}.{missing}"
        if status is not None:
            text = having(len(window.items), len(tasks), "task", f"of {of_what}", status)
        else:
            text = f"{plural(len(tasks), 'task')} of {of_what}: {counts}"
        first = window.start + 1
        if not shown:
            part = "" if window.first else "; no more of them"
        elif shown == len(window.items):
            part = ""
        else:
            part = f"; number {first:,} to {window.start + shown:,} here" if shown > 1 else f"; number {first:,} here"
        return f"{text}{part}.{missing}"

    facts = {
        "jobId": clean(asked[0], limits.IDENTITY_CHARACTERS),
        "executionId": clean(asked[1], limits.IDENTITY_CHARACTERS),
        "lookedAt": len(tasks),
        "matching": len(window.items) if status is not None else None,
    }
    meant = range(window.start, len(window.items))
    # Messages are whole where there is room for all rows with them; many rows are worth more than long ones.
    for characters in (limits.MESSAGE_CHARACTERS, limits.LIST_MESSAGE_CHARACTERS):
        listed = Listed("tasks", window, meant, partial(_row, until=until, characters=characters), head, facts)
        answer, text = tell(listed, limit)
        if "notShown" not in answer:
            break
    return answer, text  # type: ignore[return-value]  # the keys are those of TasksAnswer


def _word(task: JobExecutionTask) -> str:
    return (task.get("status") or "").casefold()


def _counts(tasks: Sequence[JobExecutionTask]) -> str:
    """`3 failed, 37 succeeded`: the known words, the others together."""
    words = Counter(map(_word, tasks))
    told = [f"{words[word]:,} {word}" for word in STATUSES if words[word]]
    others = len(tasks) - sum(words[word] for word in STATUSES)
    return ", ".join([*told, *([f"{others:,} of other or no status"] if others else [])])


def _row(task: JobExecutionTask, until: datetime | None, characters: int) -> Row:
    metadata = task.get("metadata", {})
    started, completed = parse_timestamp(metadata.get("startedAt")), parse_timestamp(metadata.get("completedAt"))
    fact, word = known_word(task.get("status"), STATUSES)
    running = seconds(started, until) if fact == "running" else None
    took = None if fact == "running" else seconds(started, completed)
    cause, message = _why(task, fact, characters)
    told = CAUSE_LABELS[cause] if cause and cause != fact else ""
    quoted = quote(message, characters) if message else ""
    parts = [
        f"running for {format_duration(running)}" if running is not None else word,
        f"took {format_duration(took)}" if took is not None else "",
        ": ".join(part for part in (told, quoted) if part) or ("no reason given" if fact == "failed" else ""),
    ]
    facts = {
        "name": handle(task_name(task)),
        "status": fact,
        "durationSeconds": took,
        "runningSeconds": running,
        "cause": cause,
        "message": message,
    }
    return Row(drop_empty(facts), bullet(task_name(task), parts))


def _why(task: JobExecutionTask, status: str, characters: int) -> tuple[Cause | None, str]:
    """Cause and message of one that failed or was cancelled, as the groups of get_job_execution have them."""
    if status not in {"failed", "cancelled"}:
        return None, ""
    (group,), _ = group_failures([task], None)
    message = clean(group.message, characters)
    # Where the API only says the status once more, nothing is lost by leaving it out.
    return (group.cause, message) if message and message.casefold() != status else (None, "")
