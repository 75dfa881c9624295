"""One pass over an execution's task list, which may be a hundred thousand tasks long, for all that a summary needs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from blaxel_mcp.models import JobExecution, JobExecutionTask, parse_duration, parse_timestamp

FINISHED = ("succeeded", "failed", "cancelled")
"""The task statuses from which a task does not move on."""
_LOWER_CASE = frozenset({*FINISHED, "running", "pending"})
UNSTATED = ("", "unspecified")
"""What stands for a task's status where the API gives none: no evidence of how the task fares."""


@dataclass(frozen=True, slots=True)
class TaskList:
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


@dataclass(frozen=True, slots=True)
class TimedTask:
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


def task_name(task: JobExecutionTask) -> str:
    """The task's name as the API gives it, not cleaned; empty if it has none."""
    return task.get("metadata", {}).get("name") or ""


def task_status(task: JobExecutionTask) -> str:
    """The task's status in lower case; empty if it has none."""
    return (task.get("status") or "").casefold()


def task_timeout(task: JobExecutionTask) -> int | None:
    """The task's own timeout in seconds; `None` where it has none."""
    return parse_duration(task.get("spec", {}).get("timeout"))


def task_seconds(task: JobExecutionTask) -> float | None:
    """How many seconds a task took from its start to its end; `None` where they are absent or out of order."""
    metadata = task.get("metadata", {})
    started, completed = parse_timestamp(metadata.get("startedAt")), parse_timestamp(metadata.get("completedAt"))
    return (completed - started).total_seconds() if started and completed and completed >= started else None


def scan_tasks(task_list: TaskList, until: datetime | None) -> TaskStats:  # noqa: C901, PLR0912 - see below
    """Read every task once.

    Written as one plain loop, with the rare case last: at ten thousand tasks it is half of what a summary costs.

    Args:
        task_list: the execution's tasks, as far as they are known.
        until: the moment up to which running tasks are measured: the present, or the end of the execution.
    """
    tasks = task_list.tasks
    stats = TaskStats(listed=len(tasks), whole=task_list.whole, earlier=task_list.earlier, until=until)
    words: Counter[str] = Counter()
    slowest, slowest_task = -1.0, None
    last, any_started = None, False
    for task in tasks:
        word = task.get("status") or ""
        words[word] += 1
        metadata = task.get("metadata")
        status = word if word in _LOWER_CASE else word.casefold()
        if status == "failed":
            stats.failed.append(task)
        elif status != "succeeded" and task.get("conditions"):
            stats.explained.append(task)
        if not metadata:
            continue
        started, completed = parse_timestamp(metadata.get("startedAt")), parse_timestamp(metadata.get("completedAt"))
        if completed is not None and (last is None or completed > last):
            last = completed
        if started is not None and (last is None or started > last):
            last = started
        if started is None:
            continue
        any_started = True
        if status == "running":
            if until is not None:
                _add_running(stats, task, (until - started).total_seconds())
        elif completed is not None and (status in {"succeeded", "failed"}):
            seconds = (completed - started).total_seconds()
            if seconds >= 0:
                stats.durations.append(seconds)
                stats.starts.append(started)
                if seconds > slowest:
                    slowest, slowest_task = seconds, task
    for word, number in words.items():
        stats.statuses[word.casefold()] += number
    if slowest_task is not None:
        stats.slowest = TimedTask(task_name(slowest_task), slowest, task_timeout(slowest_task))
    stats.last_activity, stats.any_started = last, any_started
    return stats


def _add_running(stats: TaskStats, task: JobExecutionTask, seconds: float) -> None:
    stats.elapsed.append(max(0.0, seconds))
    if stats.longest_running is None or seconds > stats.longest_running.seconds:
        stats.longest_running = TimedTask(task_name(task), seconds, task_timeout(task))
