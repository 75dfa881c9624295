"""The failed tasks of an execution, grouped by why they failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest

from blaxel_mcp.models import JobExecutionTask, JobExecutionTaskCondition
from blaxel_mcp.summary.causes import Cause, classify
from blaxel_mcp.summary.fingerprint import fingerprint
from blaxel_mcp.summary.limits import FAILURE_GROUPS, TASK_NAMES
from blaxel_mcp.summary.tasks import task_name
from blaxel_mcp.summary.telling import TellingLine, telling, telling_text

_CAUSE_CHARACTERS = 400
"""How much of a telling line its cause goes by."""
_REMEMBERED = 200
"""How many messages are remembered with their telling lines: tasks that fail alike often say the very same."""

_NO_REASON = "\0\0 "
"""The key of the group of tasks without a reason, as `group_failures` makes it from empty parts."""


@dataclass(slots=True)
class FailureGroup:
    """Tasks that failed for one reason. All strings are the API's own words, not cleaned.

    Attributes:
        count: how many tasks.
        message: the first task's message, or else its reason; may be empty.
        line: the line of that message which tells what went wrong.
        tasks: the first few names.
        condition: the first task's condition, which tells the cause.
    """

    count: int
    message: str
    line: TellingLine
    tasks: list[str]
    condition: JobExecutionTaskCondition

    @property
    def cause(self) -> Cause:
        """The cause by the table of causes, classified on demand: of ten thousand groups five are shown."""
        words = (self.condition.get("reason"), self.condition.get("executionReason"), self.condition.get("type"))
        said = self.line.text if self.condition.get("message") else ""
        return classify([word for word in words if word], said[:_CAUSE_CHARACTERS])


def _deciding_condition(task: JobExecutionTask) -> JobExecutionTaskCondition:
    """The condition that tells why a task failed: a failed one before others, one with a message before one without."""
    conditions = task.get("conditions")
    if not conditions:
        return {}
    if len(conditions) == 1:  # no need to weigh it, among ten thousand tasks
        return conditions[0]

    def weight(condition: JobExecutionTaskCondition) -> tuple[bool, bool, bool]:
        state = (condition.get("state") or "").upper()
        severity = (condition.get("severity") or "").upper()
        return (
            "FAIL" in state and severity != "INFO",
            severity == "ERROR",
            bool(condition.get("message") or condition.get("reason") or condition.get("executionReason")),
        )

    return max(conditions, key=weight)


def group_failures(failed: Iterable[JobExecutionTask], counted: int | None) -> tuple[list[FailureGroup], int]:
    """Group failed tasks by reason and by the fingerprint of the line that tells.

    Args:
        failed: the failed tasks of the task list.
        counted: how many failed by the API's counts; those that the list does not hold are a group without a message.

    Returns:
        The largest groups, largest first, and the number of failed tasks in all others.
    """
    # Plain dictionaries of numbers and strings: ten thousand small objects would wake the garbage collector.
    counts: dict[str, int] = {}
    first: dict[str, JobExecutionTask] = {}
    names: dict[str, list[str]] = {}
    read: dict[str, str] = {}
    listed = 0
    for task in failed:
        listed += 1
        condition = _deciding_condition(task)
        message = condition.get("message") or ""
        text = read.get(message)
        if text is None:
            text = telling_text(message)
            if len(read) < _REMEMBERED:
                read[message] = text
        name = task_name(task)
        key = f"{condition.get('reason') or ''}\0{condition.get('executionReason') or ''}\0{fingerprint(text, name)}"
        if key not in counts:
            counts[key] = 1
            first[key] = task
            continue
        counts[key] += 1
        if name and len(known := names.setdefault(key, [])) < TASK_NAMES:
            known.append(name)
    if counted is not None and counted > listed:
        counts[_NO_REASON] = counts.get(_NO_REASON, 0) + counted - listed
    largest = nlargest(FAILURE_GROUPS, counts, key=counts.__getitem__)
    shown = [_group(counts[key], first.get(key, {}), names.get(key, [])) for key in largest]
    return shown, max(listed, counted or 0) - sum(group.count for group in shown)


def _group(count: int, first: JobExecutionTask, names: list[str]) -> FailureGroup:
    condition = _deciding_condition(first)
    texts = (condition.get("message"), condition.get("reason"), condition.get("executionReason"))
    known = [name for name in (task_name(first), *names) if name]
    message = next(filter(None, texts), "")
    return FailureGroup(count, message, telling(message), known[:TASK_NAMES], condition)
