"""One pass over an execution's task list, which may be a hundred thousand tasks long, for all that a summary needs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from blaxel_mcp.models import JobExecution, JobExecutionTask, parse_duration, parse_timestamp

FINISHED = ("succeeded", "failed", "cancelled")
"""The task statuses from which a task does not move on."""
UNSTATED = ("", "unspecified")
"""What stands for a task's status where the API gives none: no evidence of how the task fares."""


class TaskList(NamedTuple):
    """Tasks of an execution.

    Attributes:
        tasks: the tasks that are known.
        whole: whether these are all tasks there are.
        earlier: whether they were read for an earlier answer, so that tasks have gone on meanwhile.
    """

    tasks: Sequence[JobExecutionTask]
    whole: bool = True
    earlier: bool = False

    @classmethod
    def of(cls, execution: JobExecution) -> "TaskList":
        """The tasks that come with an execution: none that are kept apart from it."""
        return cls(execution.task_list, whole=not execution.tasks_apart)


class TimedTask(NamedTuple):
    """A task, the seconds it took or has been running for, and its own timeout in seconds."""

    name: str
    seconds: float
    timeout: int | None = None


@dataclass(slots=True)
class TaskStats:
    """Statistics of an execution's task list.

    Attributes:
        listed: how many tasks the list holds.
        whole: whether these are all tasks there are.
        earlier: whether they were read for an earlier answer.
        statuses: how many have each status, in lower case.
        failed: the failed tasks themselves.
        explained: tasks that neither failed nor succeeded, but have conditions.
        durations: seconds of the tasks that succeeded or failed and have both timestamps.
        starts: when each of those started, in the same order.
        elapsed: seconds so far of the running tasks that have a start.
        slowest: the task with the longest of `durations`.
        longest_running: the task with the longest of `elapsed`.
        any_started: whether any task has a start.
        last_activity: the newest start or end of any task.
        until: the moment up to which running tasks are measured.
    """

    listed: int = 0
    whole: bool = True
    earlier: bool = False
    statuses: Counter[str] = field(default_factory=Counter)
    failed: list[JobExecutionTask] = field(default_factory=list)
    explained: list[JobExecutionTask] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    slowest: TimedTask | None = None
    longest_running: TimedTask | None = None
    any_started: bool = False
    last_activity: datetime | None = None
    until: datetime | None = None

    @property
    def unstated(self) -> int:
        """How many tasks have no status."""
        return sum(self.statuses[word] for word in UNSTATED)


def _part(task: JobExecutionTask, key: str) -> Mapping[str, Any]:
    value = task.get(key)
    return value if isinstance(value, dict) else {}


def task_name(task: JobExecutionTask) -> str:
    """The task's name as the API gives it, not cleaned; empty if it has none."""
    name = _part(task, "metadata").get("name")
    return name if isinstance(name, str) else ""


def task_status(task: JobExecutionTask) -> str:
    """The task's status in lower case; empty if it has none."""
    status = task.get("status")
    return status.casefold() if isinstance(status, str) else ""


def task_timeout(task: JobExecutionTask) -> int | None:
    """The task's own timeout in seconds, which the API writes as a Go duration such as `30m`; `None` without one."""
    timeout = _part(task, "spec").get("timeout")
    return parse_duration(timeout) if isinstance(timeout, str) else None


def task_times(task: JobExecutionTask) -> tuple[datetime | None, datetime | None]:
    """When a task started and ended; `None` where the API does not say."""
    metadata = _part(task, "metadata")
    return parse_timestamp(metadata.get("startedAt")), parse_timestamp(metadata.get("completedAt"))


def task_seconds(task: JobExecutionTask) -> float | None:
    """How many seconds a task took from its start to its end; `None` where they are absent or out of order."""
    started, completed = task_times(task)
    return (completed - started).total_seconds() if started and completed and completed >= started else None


def task_conditions(task: JobExecutionTask) -> list[Mapping[str, str]]:
    """The task's conditions, with those of their fields that are text; an odd condition is an empty one."""
    conditions = task.get("conditions")
    return list(map(_texts, conditions)) if isinstance(conditions, list) else []


def _texts(part: Any) -> Mapping[str, str]:
    return {key: value for key, value in part.items() if isinstance(value, str)} if isinstance(part, dict) else {}


class _Moments(dict[Any, datetime | None]):
    """Timestamps that were read, by their text: tasks that run side by side share many of them."""

    def __missing__(self, text: Any) -> datetime | None:
        moment = self[text] = parse_timestamp(text)
        return moment


def scan_tasks(task_list: TaskList, until: datetime | None) -> TaskStats:  # noqa: C901, PLR0912 - see below
    """Read every task once.

    Written as one plain loop that reads the fields where they are: at ten thousand tasks it is the largest part of a
    summary. A field of the wrong type reads as absent here too.

    Args:
        task_list: the execution's tasks, as far as they are known.
        until: the moment up to which running tasks are measured: the present, or the end of the execution.
    """
    tasks = task_list.tasks
    stats = TaskStats(listed=len(tasks), whole=task_list.whole, earlier=task_list.earlier, until=until)
    statuses, durations, starts, moments = stats.statuses, stats.durations, stats.starts, _Moments()
    succeeded, slowest, slowest_task = 0, -1.0, None
    for task in tasks:
        status = task.get("status")
        if status == "succeeded":
            succeeded += 1
        else:
            status = task_status(task)
            statuses[status] += 1
            if status == "failed":
                stats.failed.append(task)
            elif status != "succeeded" and task.get("conditions"):
                stats.explained.append(task)
        try:
            metadata = task["metadata"]
            started, completed = moments[metadata.get("startedAt")], moments[metadata.get("completedAt")]
        except (KeyError, AttributeError, TypeError):  # absent, or no object, or a time that is a list
            started, completed = task_times(task)
        if started is None:
            continue
        stats.any_started = True
        if completed is not None and (status in {"succeeded", "failed"}):
            seconds = (completed - started).total_seconds()
            if seconds >= 0:
                durations.append(seconds)
                starts.append(started)
                if seconds > slowest:
                    slowest, slowest_task = seconds, task
        elif status == "running" and until is not None:
            _add_running(stats, task, (until - started).total_seconds())
    if succeeded:
        statuses["succeeded"] += succeeded
    if slowest_task is not None:
        stats.slowest = TimedTask(task_name(slowest_task), slowest, task_timeout(slowest_task))
    stats.last_activity = max(filter(None, moments.values()), default=None)
    return stats


def _add_running(stats: TaskStats, task: JobExecutionTask, seconds: float) -> None:
    stats.elapsed.append(max(0.0, seconds))
    if stats.longest_running is None or seconds > stats.longest_running.seconds:
        stats.longest_running = TimedTask(task_name(task), seconds, task_timeout(task))
