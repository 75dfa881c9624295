"""An execution's tasks over time: some of them as lanes, all of them as counts.

It comes in columns, lists of equal length with one entry for each task or span of time, so that an execution of any
number of tasks is small. Offsets are seconds since `Timeline.origin`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import JobExecutionTask, TaskWord, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.conditions import failure_condition, has_failed_condition
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup, failure_key
from blaxel_mcp.summary.tasks import FINISHED, TaskList, task_conditions, task_name, task_status, task_times
from blaxel_mcp.summary.telling import telling_text
from blaxel_mcp.summary.wording import drop_empty


class Lanes(TypedDict):
    """Tasks, in the order in which to draw them: those that went wrong first, then by start.

    `status` indexes `statuses`, which are the API's words in lower case, cleaned. `queued` is when a task was there to
    run, `started` and `ended` when it did; null where the API does not say. `retried` is 1 for a task that was tried
    more than once. `failure` indexes the answer's `failures`; it is -1 for a task of none of the groups shown.
    """

    names: list[str]
    statuses: list[str]
    status: list[int]
    queued: list[float | None]
    started: list[float | None]
    ended: list[float | None]
    retried: list[int]
    failure: list[int]


class Spans(TypedDict):
    """All known tasks by time, in equal spans from 0 on: the most that ran at once, and how many ended in which way."""

    seconds: float
    running: list[int]
    succeeded: list[int]
    failed: list[int]
    other: list[int]


class Timeline(TypedDict):
    """An execution's tasks over time.

    Attributes:
        origin: the moment that offsets count from (RFC 3339, UTC, milliseconds): creation, or the first known one.
        seconds: how long the execution has lasted since then, until its end or until now.
        tasks: how many tasks are known; `unread` more are not, because they are kept apart and were not read.
        lanes: some of the tasks; all of them where they are at most 60.
        lanesOmitted: how many of the known tasks have no lane.
        spans: all known tasks by time.
    """

    origin: str
    seconds: float
    tasks: int
    unread: NotRequired[int]
    lanes: Lanes
    lanesOmitted: NotRequired[int]
    spans: Spans


class _Task(NamedTuple):
    """A task with its times in seconds since the timeline's origin."""

    task: JobExecutionTask
    status: str
    queued: float | None
    started: float | None
    ended: float | None

    @property
    def went_wrong(self) -> bool:
        return self.status in {"failed", "cancelled"}

    def lasted(self, until: float) -> float:
        """How many seconds it has run, until now if it still does; -1 if it never started."""
        if self.started is None:
            return -1.0
        return (until if self.ended is None else self.ended) - self.started


def build_timeline(summary: ExecutionSummary, known: TaskList, groups: Sequence[FailureGroup]) -> Timeline | None:
    """The timeline of an execution; None where no task or no moment is known.

    Args:
        summary: says how the execution stands.
        known: its tasks, as far as they are known.
        groups: the groups of failures that the answer shows.
    """
    latest = summary.now + timedelta(seconds=limits.CLOCK_SKEW_SECONDS)
    times = [(task, _moments(task, latest)) for task in known.tasks]
    moments = [moment for _, some in times for moment in some if moment]
    origin = summary.timing.created or summary.timing.started or min(moments, default=None)
    if origin is None or not times:
        return None

    def offset(moment: datetime | None) -> float | None:
        # What claims to be before the execution itself would only shift the picture.
        return round(max((moment - origin).total_seconds(), 0.0), 3) if moment else None

    tasks = [_Task(task, task_status(task), *map(offset, some)) for task, some in times]
    ended = summary.timing.completed if summary.done else summary.now
    last = max((offset(moment) or 0.0 for moment in (*moments, ended) if moment), default=0.0)
    chosen = _choose(tasks, groups, until=last)
    timeline = {
        "origin": origin.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "seconds": last,
        "tasks": len(tasks),
        "unread": max((summary.counts.total or 0) - len(tasks), 0) or None,
        "lanes": _lanes(chosen, groups),
        "lanesOmitted": (len(tasks) - len(chosen)) or None,
        "spans": _spans(tasks, last),
    }
    return drop_empty(timeline)  # type: ignore[return-value]  # the keys above are those of Timeline


def _moments(task: JobExecutionTask, latest: datetime) -> Sequence[datetime | None]:
    """When a task was there to run, when it started and when it ended; a moment that is still to come is no news."""
    metadata = task.get("metadata")
    created = metadata.get("createdAt") or metadata.get("scheduledAt") if isinstance(metadata, dict) else None
    moments = parse_timestamp(created), *task_times(task)
    return [moment if moment and moment <= latest else None for moment in moments]


def _choose(tasks: Sequence[_Task], groups: Sequence[FailureGroup], *, until: float) -> list[_Task]:
    """The tasks to draw, in order: all of a few; of many those that went wrong, and the longest where those are few.

    Each group of failures has a task among them, the others are spread over the time. The longest are those that have
    been running for longest, then those that took longest.
    """
    if len(tasks) <= limits.LANES:
        return sorted(tasks, key=_by_start)
    examples = {id(group.task) for group in groups}
    chosen = [one for one in tasks if id(one.task) in examples]
    others = sorted((one for one in tasks if one.went_wrong and id(one.task) not in examples), key=_by_start)
    chosen += _spread(others, limits.LANES_OF_MANY - len(chosen))
    if len(chosen) < limits.LANES_FILLED:
        well = (one for one in tasks if not one.went_wrong and id(one.task) not in examples)
        longest = sorted(well, key=lambda one: (one.status != "running", -one.lasted(until)))
        chosen += longest[: limits.LANES_FILLED - len(chosen)]
    return sorted(chosen, key=_by_start)


def _spread(tasks: Sequence[_Task], number: int) -> list[_Task]:
    """So many of the tasks, evenly from first to last; all where there are no more."""
    if len(tasks) <= number:
        return list(tasks)
    return [tasks[at * (len(tasks) - 1) // (number - 1)] for at in range(number)]


def _by_start(task: _Task) -> tuple[bool, bool, float]:
    """Those that went wrong first, then by start, those that have not started last."""
    return not task.went_wrong, task.started is None, task.started or task.queued or 0.0


def _lanes(tasks: Sequence[_Task], groups: Sequence[FailureGroup]) -> Lanes:
    numbers: dict[str, int] = {}
    statuses = [numbers.setdefault(_status_word(task.status), len(numbers)) for task in tasks]
    keys = {_group_key(group.task): index for index, group in reversed(list(enumerate(groups)))}
    return {
        "names": [clean(task_name(one.task), limits.NAME_CHARACTERS) for one in tasks],
        "statuses": list(numbers),
        "status": statuses,
        "queued": [one.queued for one in tasks],
        "started": [one.started for one in tasks],
        "ended": [one.ended for one in tasks],
        "retried": [int(_was_retried(one.task)) for one in tasks],
        "failure": [keys.get(_group_key(one.task), -1) if _failed(one) else -1 for one in tasks],
    }


_TASK_WORDS = frozenset(TaskWord.__args__)  # type: ignore[attr-defined]  # of a Literal


def _status_word(status: str) -> str:
    return status if status in _TASK_WORDS else clean(status, limits.STATUS_CHARACTERS) or "unspecified"


def _failed(task: _Task) -> bool:
    return task.status == "failed" or (task.status not in FINISHED and has_failed_condition(task.task))


def _group_key(task: JobExecutionTask) -> str:
    """What tells which group of failures a failed task is in."""
    condition = failure_condition(task)
    return failure_key(condition, telling_text(condition.get("message") or ""), task_name(task))


def _was_retried(task: JobExecutionTask) -> bool:
    return any(condition.get("type", "").casefold() == "retry" for condition in task_conditions(task))


_ENDINGS = ("succeeded", "failed")
_END, _START, _END_AT_ONCE = range(3)
"""The order of changes at one moment: what starts as another ends does not run beside it."""


def _spans(tasks: Iterable[_Task], seconds: float) -> Spans:
    number = max(1, min(limits.VIEW_SPANS, ceil(seconds)))
    width = max(seconds / number, 0.001)

    def span(moment: float) -> int:
        return min(int(moment / width), number - 1)

    counts: Mapping[str, list[int]] = {key: [0] * number for key in ("running", *_ENDINGS, "other")}
    changes: list[tuple[float, int, int]] = []
    for task in tasks:
        if task.ended is not None:
            counts[task.status if task.status in _ENDINGS else "other"][span(task.ended)] += 1
        if task.started is not None and (task.ended is not None or task.status == "running"):
            changes.append((task.started, _START, 1))
            if task.ended is not None:
                # Times may be whole seconds, and then a task may end in the second in which it started.
                order = _END if task.ended > task.started else _END_AT_ONCE
                changes.append((max(task.ended, task.started), order, -1))
    for at, running in enumerate(_peaks(sorted(changes), width, number)):
        counts["running"][at] = running
    return {"seconds": round(width, 6), **counts}  # type: ignore[typeddict-item]  # the keys above are those of Spans


def _peaks(changes: Sequence[tuple[float, int, int]], width: float, number: int) -> Iterator[int]:
    """The most at once in each span, from the moment, order and amount of each change."""
    running, at = 0, 0
    for span in range(number):
        peak, end = running, (span + 1) * width if span < number - 1 else float("inf")
        while at < len(changes) and changes[at][0] < end:
            running += changes[at][2]
            peak = max(peak, running)
            at += 1
        yield peak
