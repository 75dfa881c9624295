"""Simulated executions: from a plan of tasks to what the API would say at any instant. Pure functions of the clock.

Conditions have no public example. Their shape is Google Cloud Run v2's, and so are the words of those that explain
something; most failures here have none that do, as on the generation `mk3`.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from blaxel_mcp.demo.formats import ERROR, INFO, WARNING, Json, Line, duration, stamp

_CANCELLING = timedelta(seconds=2)
"""The least time between a cancel and its end, so that `cancelling` can be seen even with nothing running."""


INLINE_TASKS = 20
"""An execution with more tasks comes without them: they are at its `/tasks` only."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a task fails.

    Attributes:
        message: of its condition; a task that fails without one has no conditions at all.
        traceback: the lines that each attempt logs at its end with severity ERROR, one entry per line.
        warned: the lines with severity WARNING before those.
        execution_reason: of its condition, if the condition has one.
    """

    message: str = ""
    traceback: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    execution_reason: str = "NON_ZERO_EXIT_CODE"


@dataclass(frozen=True, slots=True)
class Task:
    """The plan of one task: seconds it runs in all attempts together, how it ends, and its last log line (`note`)."""

    seconds: float
    failure: Failure | None = None
    attempts: int = 1
    note: str = "done"


@dataclass(frozen=True, kw_only=True)
class Execution:
    """The plan of one execution.

    Attributes:
        queued: seconds before there is room for it; `None` means there never is.
        pending: seconds from then until the first tasks start; `None` means they never do.
        final_status: how it ends whatever its tasks say; else `failed` if any task failed.
        cancel: when somebody cancels it.
        times_out: whether its timeout ends it; its tasks then stay as they are.
        env: names of the environment variables it overrides.
        inline: whether it comes with its tasks; by default, if there are no more than `INLINE_TASKS`.
        tasks_under_spec: whether inline tasks are at `spec.tasks` rather than `tasks`.
        says_conditions: whether tasks that did not fail have conditions too.
        digits: fraction digits of its timestamps.
        zeros: whether counts of zero are sent or left out.
        year_one: whether what has not happened yet is `0001-01-01T00:00:00Z`, Go's zero time, rather than left out.
    """

    job: str
    id: str
    workspace: str
    created: datetime
    tasks: tuple[Task, ...]
    parallelism: int
    timeout: int
    max_retries: int = 0
    queued: float | None = 1.5
    pending: float | None = 2.75
    final_status: str | None = None
    cancel: datetime | None = None
    times_out: bool = False
    env: tuple[str, ...] = ()
    memory: int | None = None
    inline: bool | None = None
    tasks_under_spec: bool = False
    says_conditions: bool = True
    digits: int = 0
    zeros: bool = True
    year_one: bool = False

    @cached_property
    def started(self) -> datetime | None:
        """When the first tasks start; `None` if the execution is cancelled before."""
        if self.queued is None or self.pending is None:
            return None
        started = self.created + timedelta(seconds=self.queued + self.pending)
        return None if self.cancel and self.cancel <= started else started

    @cached_property
    def runs(self) -> tuple[tuple[datetime, datetime] | None, ...]:
        """Start and end of each task, `None` for one that never starts: the first free slot takes the next task."""
        if self.started is None:
            return (None,) * len(self.tasks)
        free = [self.started] * self.parallelism
        stops = [stop for stop in (self.cancel, self.timed_out) if stop]
        runs: list[tuple[datetime, datetime] | None] = []
        for task in self.tasks:
            start = free[0]
            if any(start >= stop for stop in stops):
                runs.append(None)
                continue
            end = start + timedelta(seconds=task.seconds)
            heapq.heapreplace(free, end)
            runs.append((start, end))
        return tuple(runs)

    @property
    def timed_out(self) -> datetime | None:
        """When the execution times out; `None` if it does not."""
        return self.started + timedelta(seconds=self.timeout) if self.times_out and self.started else None

    @cached_property
    def completed(self) -> datetime | None:
        """When the execution ends; `None` if it never does."""
        ends = [run[1] for run in self.runs if run]
        if self.cancel:
            return max([self.cancel + _CANCELLING, *ends])
        return self.timed_out or max(ends, default=None)

    def ended(self, now: datetime) -> bool:
        """Whether the execution has ended by that instant."""
        return self.completed is not None and now >= self.completed

    def cancelled(self, now: datetime) -> "Execution":
        """The execution cancelled at `now`; unchanged if it was cancelled before."""
        return self if self.cancel and self.cancel <= now else replace(self, cancel=now)

    def status(self, now: datetime) -> str:
        """The execution's status at that instant, in the API's words."""
        if self.ended(now):
            if self.cancel:
                return "cancelled"
            failed = any(task.failure for task in self.tasks)
            return "timeout" if self.times_out else self.final_status or ("failed" if failed else "succeeded")
        if self.cancel and now >= self.cancel:
            return "cancelling"
        if self.started and now >= self.started:
            return "running"
        if self.queued is None or now < self.created + timedelta(seconds=self.queued):
            return "queued"
        return "pending"

    def at(self, now: datetime) -> Json:
        """The `JobExecution` at that instant."""
        tasks = self.task_list(now)
        spec: Json = {"parallelism": self.parallelism, "taskCount": len(self.tasks), "timeout": self.timeout}
        if self.memory is not None:
            spec["memoryOverride"] = self.memory
        if self.env:
            spec["envOverride"] = dict.fromkeys(self.env, "***")
        status = self.status(now)
        execution: Json = {
            "metadata": self._metadata(now),
            "spec": spec,
            "stats": self._stats(now, tasks),
            "status": status,
        }
        if len(self.tasks) <= INLINE_TASKS if self.inline is None else self.inline:
            # A Go backend writes an empty list as null.
            (spec if self.tasks_under_spec else execution)["tasks"] = tasks or None
        else:
            spec["tasksRef"] = f"{self.workspace}/jobs/{self.job}/executions/{self.id}/tasks.json"
        return execution

    def task_list(self, now: datetime) -> list[Json]:
        """Every `JobExecutionTask` at that instant; no task has left a trace before there is room for it."""
        if self.ended(now):
            return self._final_tasks
        return [] if self.status(now) == "queued" else [self._task(index, now) for index in range(len(self.tasks))]

    @cached_property
    def _final_tasks(self) -> list[Json]:
        """The tasks once the execution has ended, when they no longer change: made once, since there may be many."""
        return [self._task(index, self.completed) for index in range(len(self.tasks))] if self.completed else []

    def _metadata(self, now: datetime) -> Json:
        changes = (self.created, self.cancel, self.completed, *(moment for run in self.runs if run for moment in run))
        shown = min(now, self.completed) if self.completed else now
        moments = {
            "createdAt": self.created,
            "startedAt": self.started,
            "completedAt": self.completed,
            "updatedAt": max(moment for moment in changes if moment and moment <= shown),
        }
        metadata = {"id": self.id, "job": self.job, "workspace": self.workspace, "cluster": "us-pdx-1"}
        for key, moment in moments.items():
            if moment and moment <= now:
                metadata[key] = stamp(moment, self.digits)
            elif self.year_one:
                metadata[key] = "0001-01-01T00:00:00Z"
        return metadata

    def _stats(self, now: datetime, tasks: list[Json]) -> Json:
        statuses = Counter(task["status"] for task in tasks)
        counts = {
            "cancelled": statuses["cancelled"],
            "failure": statuses["failed"],
            "retried": sum(self._attempt(index, now) > 1 for index in range(len(tasks))),
            "running": statuses["running"],
            "success": statuses["succeeded"],
            "total": len(self.tasks),
        }
        return {key: count for key, count in counts.items() if count or self.zeros}

    def _seen(self, now: datetime) -> datetime:
        """The instant whose state the tasks show: after a timeout they stay as they were then."""
        return min(now, self.timed_out) if self.timed_out else now

    def _attempt(self, index: int, now: datetime) -> int:
        """The number of a task's newest attempt, 0 before the first; attempts take equal time."""
        run, seen = self.runs[index], self._seen(now)
        if run is None or seen < run[0]:
            return 0
        start, end = run
        attempts = self.tasks[index].attempts
        return min(attempts, 1 + int((seen - start) / (end - start) * attempts))

    def _task_status(self, index: int, now: datetime) -> str:
        run, seen = self.runs[index], self._seen(now)
        if run is None or seen < run[0]:
            if run is None and self.cancel and seen >= self.cancel:
                return "cancelled"
            return "reconciling" if self.status(now) == "pending" and index < self.parallelism else "pending"
        if seen < run[1]:
            return "running"
        return "failed" if self.tasks[index].failure else "succeeded"

    def _task(self, index: int, now: datetime) -> Json:
        status, run = self._task_status(index, now), self.runs[index]
        moments: dict[str, datetime | None] = {"createdAt": self.created}
        if status == "cancelled":
            moments["completedAt"] = self.cancel
        elif run and status in {"running", "succeeded", "failed"}:
            moments["scheduledAt"] = max(self.created, run[0] - timedelta(milliseconds=640))
            moments["startedAt"] = run[0]
            moments["completedAt"] = None if status == "running" else run[1]
        moments["updatedAt"] = max(moment for moment in moments.values() if moment)
        times = {key: stamp(moment, self.digits) for key, moment in moments.items() if moment}
        task: Json = {
            "metadata": {"name": f"task-{index}", **times},
            "spec": {"maxRetries": self.max_retries, "timeout": duration(self.timeout)},
            "status": status,
        }
        if conditions := self._conditions(self.tasks[index].failure, status, self._attempt(index, now)):
            task["conditions"] = conditions
        return task

    def _conditions(self, failure: Failure | None, status: str, attempt: int) -> list[Json]:
        if not (failure.message if failure and status == "failed" else self.says_conditions):
            return []
        conditions: list[Json] = []
        if attempt > 1:
            message = f"System will retry after 0:00:00 from lastTransitionTime for attempt {attempt - 1}."
            retry = {"type": "Retry", "state": "CONDITION_SUCCEEDED", "severity": "INFO", "reason": "IMMEDIATE_RETRY"}
            conditions.append({**retry, "message": message})
        if attempt:
            conditions.append({"type": "Started", "state": "CONDITION_SUCCEEDED"})
        completed: Json = {"type": "Completed", "state": _STATES[status]}
        if status == "failed" and failure:
            completed |= {"severity": "ERROR", "message": failure.message}
            if failure.execution_reason:
                completed["executionReason"] = failure.execution_reason
        elif status == "cancelled":
            completed |= {"severity": "INFO", "executionReason": "CANCELLED"}
        return [*conditions, completed]

    def lines(self, now: datetime) -> Sequence[Line]:
        """The log lines written by that instant, oldest first; a traceback is one entry per line."""
        seen = self._seen(now)
        return [line for line in self._all_lines if line.at <= seen]

    @cached_property
    def _all_lines(self) -> Sequence[Line]:
        """The lines that the execution will have written in the end, oldest first."""
        lines: list[Line] = []
        for index, (task, run) in enumerate(zip(self.tasks, self.runs, strict=True)):
            if run is None:
                continue
            name, each = f"task-{index}", (run[1] - run[0]) / task.attempts
            for attempt in range(1, task.attempts + 1):
                begin = run[0] + each * (attempt - 1)
                end, last = begin + each, attempt == task.attempts
                written = end - timedelta(milliseconds=3)
                lines.append(Line(begin, INFO, f"{name}: attempt {attempt} of {self.max_retries + 1}", name))
                if task.failure:  # its traceback is written at once: microseconds apart
                    logged = [(WARNING, text) for text in task.failure.warned]
                    logged += [(ERROR, text) for text in task.failure.traceback]
                    first = written - timedelta(microseconds=len(logged))
                    for number, (severity, text) in enumerate(logged):
                        lines.append(Line(first + timedelta(microseconds=number), severity, text, name))
                elif last:
                    lines.append(Line(written, INFO, f"{name}: {task.note}", name))
                else:
                    reset = "ConnectionResetError: [Errno 104] Connection reset by peer"
                    lines.append(Line(written, ERROR, reset, name))
                if not last:
                    lines.append(Line(end - timedelta(milliseconds=1), WARNING, f"{name}: retrying", name))
        return sorted(lines, key=lambda line: line.at)


_STATES = {
    "pending": "CONDITION_PENDING",
    "reconciling": "CONDITION_RECONCILING",
    "running": "CONDITION_RECONCILING",
    "succeeded": "CONDITION_SUCCEEDED",
    "failed": "CONDITION_FAILED",
    "cancelled": "CONDITION_FAILED",
}
