"""Where the API's answer contradicts itself or our clock. Each is one sentence; nothing is smoothed over."""

from datetime import datetime, timedelta

from blaxel_mcp.models import JobExecution, parse_timestamp
from blaxel_mcp.summary.counts import TaskCounts, disagreements
from blaxel_mcp.summary.limits import CLOCK_SKEW_SECONDS, NAME_CHARACTERS, STATUS_CHARACTERS
from blaxel_mcp.summary.tasks import FINISHED, Survey
from blaxel_mcp.summary.wording import format_duration, plural, quote

_TERMINAL = {"succeeded", "failed", "cancelled", "timeout"}
_UNFINISHED = {"queued", "pending", "running", "cancelling"}


def find_contradictions(
    execution: JobExecution,
    found: Survey,
    counts: TaskCounts,
    *,
    asked: tuple[str, str],
    now: datetime,
) -> list[str]:
    """All of them, the ones that change the verdict first. `asked` is the job and the execution that were asked for."""
    return [
        *_status(execution, found, counts),
        *disagreements(execution.stats, found, counts),
        *_times(execution, found, now),
        *_identity(execution, asked),
    ]


def _status(execution: JobExecution, found: Survey, counts: TaskCounts) -> list[str]:
    said = []
    status = (execution.status or "").casefold()
    if not status:
        said.append("The API gave no status, so this is treated as not finished.")
    elif status not in _TERMINAL | _UNFINISHED:
        shown = quote(execution.status or "", STATUS_CHARACTERS)
        said.append(f"The status {shown} is not one that this version knows; it is treated as not finished.")
    if status in _TERMINAL:
        said += _finished(status, counts)
    else:
        said += _unfinished(status, execution, found, counts)
    return said


def _finished(status: str, counts: TaskCounts) -> list[str]:
    said = []
    failed, open_tasks = counts.failed or 0, (counts.running or 0) + (counts.waiting or 0)
    if status == "succeeded" and failed:
        said.append(f"The status is succeeded although {plural(failed, 'task')} failed.")
    if status == "failed" and counts.failed == 0:
        said.append("The status is failed although no task is counted as failed.")
    if status in {"cancelled", "timeout"} and counts.total and counts.succeeded == counts.total:
        said.append(f"The status is {status} although every task succeeded.")
    if status in {"succeeded", "failed"} and open_tasks:
        said.append(f"The execution is over, yet {plural(open_tasks, 'task')} did not come to an end.")
    return said


def _unfinished(status: str, execution: JobExecution, found: Survey, counts: TaskCounts) -> list[str]:
    said = []
    active = (counts.running or 0) + counts.settled
    if status in {"queued", "pending"} and active:
        said.append(f"The status is {status}, yet {plural(active, 'task')} ran already or run now.")
    if status == "running" and counts.total and counts.settled == counts.total:
        said.append("Every task has finished, yet the execution is still running; the status may lag behind.")
    elif status == "running" and found.listed and sum(found.statuses[word] for word in FINISHED) == found.listed:
        said.append("Every task in the list has finished, yet the execution is still running.")
    if parse_timestamp(execution.metadata.completedAt):
        said.append("It is not finished by its status, yet a completion time is given.")
    return said


def _times(execution: JobExecution, found: Survey, now: datetime) -> list[str]:
    said = []
    metadata = execution.metadata
    created, started, completed = map(parse_timestamp, (metadata.createdAt, metadata.startedAt, metadata.completedAt))
    if created and started and started < created:
        said.append(f"Times are out of order: it started {_between(started, created)} before it was created.")
    if started and completed and completed < started:
        said.append(f"Times are out of order: it completed {_between(completed, started)} before it started.")
    elif created and completed and not started and completed < created:
        said.append(f"Times are out of order: it completed {_between(completed, created)} before it was created.")
    newest = max(filter(None, (created, started, completed, found.last_activity)), default=None)
    if newest and newest > now + timedelta(seconds=CLOCK_SKEW_SECONDS):
        said.append(
            f"Its newest timestamp is {_between(now, newest)} ahead of this machine's clock; "
            "ages and times left may be off."
        )
    return said


def _between(earlier: datetime, later: datetime) -> str:
    return format_duration((later - earlier).total_seconds())


def _identity(execution: JobExecution, asked: tuple[str, str]) -> list[str]:
    given = (execution.metadata.job, execution.metadata.id)
    return [
        f"The API answered about {noun} {quote(got, NAME_CHARACTERS)}, not the one asked for."
        for noun, got, wanted in zip(("job", "execution"), given, asked, strict=True)
        if got and got != wanted
    ]
