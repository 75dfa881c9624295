"""Every warning of an answer: where the API's data contradict themselves or our clock, and what its times suggest.

Each warning is one sentence. Nothing is corrected silently, and nothing is smoothed over.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from blaxel_mcp.models import ExecutionStatus, JobExecution, JobExecutionStats, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import STATS_KEYS, TaskCounts
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.runs import UsualDuration, is_overrunning
from blaxel_mcp.summary.tasks import FINISHED, TaskStats, TimedTask
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import format_duration, plural, quote


def data_warnings(
    execution: JobExecution,
    tasks: TaskStats,
    counts: TaskCounts,
    *,
    never_started: bool,
    now: datetime,
) -> list[str]:
    """Contradictions in what the API sent, those that change the verdict first.

    Args:
        execution: what the API answered.
        tasks: statistics of its task list.
        counts: its tasks by state.
        never_started: whether it ended without ever having started.
        now: the present, in UTC.
    """
    status = ExecutionStatus(execution.status)
    return [
        *_unknown_status(status),
        *(
            _finished(status, counts, never_started=never_started)
            if status.over
            else _unfinished(status, execution, tasks, counts)
        ),
        *_partly_read(status, tasks, counts),
        *_counts(execution.stats, tasks, counts),
        *_times(execution, tasks, now),
    ]


def health_warnings(
    execution: JobExecution,
    tasks: TaskStats,
    counts: TaskCounts,
    timing: Timing,
    *,
    failing_fast: bool,
    usual: UsualDuration | None,
    now: datetime,
) -> list[str]:
    """What an execution's times and tasks suggest: failing fast, stalled, close to a timeout, and the like.

    Args:
        execution: what the API answered.
        tasks: statistics of its task list.
        counts: its tasks by state.
        timing: its times.
        failing_fast: whether it `is_failing_fast`.
        usual: how long the job usually runs.
        now: the present, in UTC.
    """
    match ExecutionStatus(execution.status).word:
        case "running":
            fast = f"Failing fast: {counts.failed or 0:,} of {plural(counts.settled, 'finished task')} failed."
            return [
                *[fast] * failing_fast,
                *_stalled(timing),
                *(list(_close_to_timeout(tasks, timing)) or _too_late(timing)),
                *_overrunning(timing, usual),
            ]
        case "succeeded":
            return list(_came_close(timing))
        case "queued" | "pending" as status:
            return list(_waiting(status, timing))
        case "cancelling":
            return list(_cancelling(execution, tasks, now))
        case _:
            return []


def is_failing_fast(status: ExecutionStatus, counts: TaskCounts, failures: Sequence[FailureGroup]) -> bool:
    """Whether more tasks wait while of the finished ones all failed, or most of them for one reason."""
    failed, waiting = counts.failed or 0, counts.waiting or 0
    if status.word != "running" or waiting < failed / 4:
        return False
    if failed == counts.settled:
        return failed >= limits.FAILING_FAST_ALL
    one_reason = bool(failures) and failures[0].count >= limits.FAILING_FAST_SHARE * failed
    return one_reason and failed >= max(limits.FAILING_FAST_TASKS, limits.FAILING_FAST_SHARE * counts.settled)


def _unknown_status(status: ExecutionStatus) -> Iterator[str]:
    if not status.text:
        yield "The API gave no status, so this is treated as not finished."
    elif not status.known:
        yield "That status is not one that this version knows; it is treated as not finished."


def _finished(status: ExecutionStatus, counts: TaskCounts, *, never_started: bool) -> Iterator[str]:
    if never_started:  # then it is no contradiction that its tasks did not end
        return
    word, unfinished = status.word, (counts.running or 0) + (counts.waiting or 0)
    if word == "succeeded" and counts.failed:
        yield f"The status is succeeded although {plural(counts.failed, 'task')} failed."
    if word == "failed" and counts.failed == 0:
        yield "The status is failed although no task is counted as failed."
    if word in {"cancelled", "timeout"} and counts.total and counts.succeeded == counts.total:
        yield f"The status is {word} although every task succeeded."
    if word in {"succeeded", "failed"} and unfinished:
        yield f"The execution is over, yet {plural(unfinished, 'task')} did not come to an end."


def _unfinished(
    status: ExecutionStatus, execution: JobExecution, tasks: TaskStats, counts: TaskCounts
) -> Iterator[str]:
    active = (counts.running or 0) + counts.settled
    if status.waiting and active:
        yield f"The status is {status.word}, yet {plural(active, 'task')} ran already or run now."
    if status.word == "running":
        if counts.total and counts.settled == counts.total:
            yield "Every task has finished, yet the execution is still running; the status may lag behind."
        elif tasks.listed and tasks.whole and sum(tasks.statuses[word] for word in FINISHED) == tasks.listed:
            yield "Every task in the list has finished, yet the execution is still running."
    if parse_timestamp(execution.metadata.completedAt):
        yield "It is not finished by its status, yet a completion time is given."


def _partly_read(status: ExecutionStatus, tasks: TaskStats, counts: TaskCounts) -> Iterator[str]:
    unread = status.outcome == "failed" if counts.failed is None else counts.failed > len(tasks.failed)
    if not tasks.listed or tasks.whole or not unread:
        return
    if tasks.earlier:
        ago = format_duration(limits.LOOKUP_UNFINISHED_SECONDS)
        yield f"Its tasks were read up to {ago} ago, so later failures are not in these groups."
    else:
        of = f" of {counts.total:,}" if counts.total else ""
        yield f"Only the first {tasks.listed:,}{of} tasks were read, so failures further on are not in these groups."


def _counts(stats: JobExecutionStats | None, tasks: TaskStats, counts: TaskCounts) -> Iterator[str]:
    if stats is not None and tasks.listed and tasks.whole:
        # A task without a status may be in any state: only what no reading of them explains is a disagreement.
        differing = [
            f"{counted:,} {status} against {listed:,}"
            for status, key in STATS_KEYS.items()
            if (counted := getattr(stats, key)) is not None
            and not (listed := tasks.statuses[status]) <= counted <= listed + tasks.unstated
        ]
        if stats.total not in {None, tasks.listed}:
            differing.append(f"{stats.total:,} in all against {tasks.listed:,}")
        if differing:
            pairs = ", ".join(differing)
            yield f"The API's counts disagree with its own task list: {pairs}; the counts are used."
    parts = counts.settled + (counts.running or 0)
    if counts.total is not None and parts > counts.total:
        yield f"The counts do not add up: {parts:,} tasks in the states named, of {counts.total:,} in all."


def _times(execution: JobExecution, tasks: TaskStats, now: datetime) -> Iterator[str]:
    metadata = execution.metadata
    created, started, completed = map(parse_timestamp, (metadata.createdAt, metadata.startedAt, metadata.completedAt))
    if created and started and started < created:
        yield f"Times are out of order: it started {_between(started, created)} before it was created."
    if started and completed and completed < started:
        yield f"Times are out of order: it completed {_between(completed, started)} before it started."
    elif created and completed and not started and completed < created:
        yield f"Times are out of order: it completed {_between(completed, created)} before it was created."
    newest = max(filter(None, (created, started, completed, tasks.last_activity)), default=None)
    if newest and newest > now + timedelta(seconds=limits.CLOCK_SKEW_SECONDS):
        yield (
            f"Its newest timestamp is {_between(now, newest)} ahead of this machine's clock; "
            "ages and times left may be off."
        )


def _between(earlier: datetime, later: datetime) -> str:
    return format_duration((later - earlier).total_seconds())


def _stalled(timing: Timing) -> Iterator[str]:
    if timing.stalled is None or timing.median is None:
        return
    idle, usual = format_duration(timing.stalled), format_duration(timing.median)
    task = timing.longest_running
    if task is None:
        yield f"Stalled: no task runs, and none has started or finished for {idle}; the median task takes {usual}."
        return
    named = quote(task.name, limits.NAME_CHARACTERS) if task.name else "of those that run"
    yield (
        f"Probably stalled: no task has started or finished for {idle}, while the median task takes {usual}; "
        f"task {named} has run for {format_duration(task.seconds)}."
    )


def _too_late(timing: Timing) -> Iterator[str]:
    left = timing.seconds_to_timeout
    if timing.estimate and timing.timeout and left is not None and timing.estimate.low > left:
        yield (
            f"It may not finish in time: {format_duration(left)} are left of its timeout of "
            f"{format_duration(timing.timeout)}, if that is for the whole execution and not for each task."
        )


def _came_close(timing: Timing) -> Iterator[str]:
    longest, running, timeout = timing.longest, timing.running, timing.timeout
    own = (longest.timeout or timeout) if longest else None
    if longest and own and limits.TIMEOUT_CAME_CLOSE <= longest.seconds / own <= 1:
        yield f"Its longest task used {int(longest.seconds * 100 / own)}% of its timeout of {format_duration(own)}."
    elif timeout and running and limits.TIMEOUT_CAME_CLOSE <= running / timeout <= 1:
        yield f"It used {running * 100 // timeout}% of its timeout of {format_duration(timeout)}."


def _close_to_timeout(tasks: TaskStats, timing: Timing) -> Iterator[str]:
    # The job's schema and the deployment reference call the setting a limit per task, the execution's schema a limit
    # of the job: both readings are judged, until one has been outlived.
    longest, running, timeout = tasks.longest_running, timing.running or 0, timing.timeout
    told = [] if longest is None else list(_task_close_to_timeout(longest, timeout))
    yield from told
    if timeout and not told and running >= limits.TIMEOUT_SHARE * timeout:
        if running > timeout and tasks.listed:
            return
        yield (
            f"{_close_or_past(running, timeout)}: running for {format_duration(running)} of {format_duration(timeout)} "
            f"({running * 100 // timeout}%), if that is for the whole execution and not for each task."
        )


def _task_close_to_timeout(task: TimedTask, timeout_of_all: int | None) -> Iterator[str]:
    timeout = task.timeout or timeout_of_all
    if not timeout or task.seconds < limits.TIMEOUT_SHARE * timeout:
        return
    named = f"task {quote(task.name, limits.NAME_CHARACTERS)}" if task.name else "the longest-running task"
    used = f"{format_duration(timeout)} ({int(task.seconds * 100 / timeout)}%)"
    limit = f"its own {used}." if task.timeout else f"{used}, if that is for each task."
    yield f"{_close_or_past(task.seconds, timeout)}: {named} has run for {format_duration(task.seconds)} of {limit}"


def _close_or_past(seconds: float, timeout: int) -> str:
    return "Past its timeout" if seconds > timeout else "Close to its timeout"


def _overrunning(timing: Timing, usual: UsualDuration | None) -> Iterator[str]:
    if usual is None or timing.running is None:
        return
    if is_overrunning(timing.running, usual):
        yield (
            f"Overrunning: running for {format_duration(timing.running)}, while the job's "
            f"{len(usual.durations)} recent successful executions took "
            f"{format_duration(usual.median)} (median), {format_duration(usual.durations[-1])} at most."
        )


def _waiting(status: str, timing: Timing) -> Iterator[str]:
    if timing.queued is None or timing.queued < limits.QUEUED_SECONDS:
        return
    if status == "queued":
        yield "That is a long wait: usually the workspace is at its limit of parallel work."
    else:
        yield "That is long for a start."


def _cancelling(execution: JobExecution, tasks: TaskStats, now: datetime) -> Iterator[str]:
    newest = max(filter(None, (tasks.last_activity, parse_timestamp(execution.metadata.updatedAt))), default=None)
    if newest is not None and (idle := (now - newest).total_seconds()) >= limits.CANCELLING_SECONDS:
        yield (
            f"Perhaps stuck cancelling: nothing has changed for {format_duration(idle)}, "
            "though running tasks may take their time."
        )
