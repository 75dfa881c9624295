"""What an unfinished execution's times say about it: stalled, overrunning, close to a limit. Thresholds: `limits`."""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from blaxel_mcp.models import JobExecution, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.tasks import Survey, TimedTask
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import format_duration, quote

Kind: TypeAlias = Literal["stalled", "close_to_timeout", "overrunning", "queued", "pending", "cancelling"]


class Verdict(NamedTuple):
    """What is the matter, and the sentence that says so with its numbers."""

    kind: Kind
    sentence: str


def find_verdicts(
    execution: JobExecution, found: Survey, counts: TaskCounts, timing: Timing, *, status: str, now: datetime
) -> list[Verdict]:
    """All that apply. `status` is casefolded; finished executions have none."""
    checks: list[tuple[Kind, str | None]]
    match status:
        case "running":
            checks = [
                ("stalled", _stalled(found, counts, timing, now)),
                ("close_to_timeout", _close_to_timeout(found, timing)),
                ("overrunning", _overrunning(timing)),
            ]
        case "queued":
            checks = [("queued", _queued(timing))]
        case "pending":
            checks = [("pending", _pending(timing))]
        case "cancelling":
            checks = [("cancelling", _cancelling(execution, found, now))]
        case _:
            checks = []
    return [Verdict(kind, sentence) for kind, sentence in checks if sentence]


def _stalled(found: Survey, counts: TaskCounts, timing: Timing, now: datetime) -> str | None:
    if found.last_activity is None or timing.median is None:
        return None
    if counts.total is not None and counts.settled >= counts.total:
        return None
    idle = (now - found.last_activity).total_seconds()
    if idle <= max(limits.STALL_SECONDS, limits.STALL_MEDIANS * timing.median):
        return None
    return (
        f"Probably stalled: no task has started or finished for {format_duration(idle)}, "
        f"while the median task takes {format_duration(timing.median)}."
    )


def _close_to_timeout(found: Survey, timing: Timing) -> str | None:
    longest = found.longest_running
    if longest is not None:
        # The job's schema and the deployment reference call the setting a limit per task, the execution's schema
        # a limit of the job. Where tasks are known the per-task reading is the one that can be judged.
        return _share(longest, longest.timeout or timing.timeout)
    if found.listed or timing.running is None or not timing.timeout:
        return None
    if timing.running < limits.TIMEOUT_SHARE * timing.timeout:
        return None
    running, timeout = format_duration(timing.running), format_duration(timing.timeout)
    return (
        f"{_near(timing.running, timing.timeout)}: running for {running} of {timeout} "
        f"({timing.running * 100 // timing.timeout}%), if that is for the whole execution and not for each task."
    )


def _near(seconds: float, timeout: int) -> str:
    return "Past its timeout" if seconds > timeout else "Close to its timeout"


def _share(task: TimedTask, timeout: int | None) -> str | None:
    if not timeout or task.seconds < limits.TIMEOUT_SHARE * timeout:
        return None
    named = f"task {quote(task.name, limits.NAME_CHARACTERS)}" if task.name else "the longest-running task"
    used = f"({int(task.seconds * 100 // timeout)}%)"
    limit = (
        f"its own {format_duration(timeout)} {used}."
        if task.timeout
        else f"{format_duration(timeout)} {used}, if that is for each task."
    )
    return f"{_near(task.seconds, timeout)}: {named} has run for {format_duration(task.seconds)} of {limit}"


def _overrunning(timing: Timing) -> str | None:
    if timing.usual is None or timing.running is None:
        return None
    typical, longest = timing.usual.typical, timing.usual.durations[-1]
    if timing.running <= max(limits.OVERRUN_FACTOR * typical, longest):
        return None
    return (
        f"Overrunning: running for {format_duration(timing.running)}, while the job's "
        f"{len(timing.usual.durations)} recent successful executions took "
        f"{format_duration(typical)} (median), {format_duration(longest)} at most."
    )


def _queued(timing: Timing) -> str | None:
    if timing.queued is None or timing.queued < limits.QUEUED_SECONDS:
        return None
    return f"Waiting for capacity for {format_duration(timing.queued)}: the workspace is at its limit of parallel work."


def _pending(timing: Timing) -> str | None:
    if timing.queued is None or timing.queued < limits.QUEUED_SECONDS:
        return None
    return f"Pending for {format_duration(timing.queued)} without a start."


def _cancelling(execution: JobExecution, found: Survey, now: datetime) -> str | None:
    moments = (found.last_activity, parse_timestamp(execution.metadata.updatedAt))
    newest = max(filter(None, moments), default=None)
    if newest is None or (idle := (now - newest).total_seconds()) < limits.CANCELLING_SECONDS:
        return None
    return (
        f"Perhaps stuck cancelling: nothing has changed for {format_duration(idle)}, "
        "though running tasks may take their time."
    )
