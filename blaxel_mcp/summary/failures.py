"""The failed tasks of an execution, grouped by why they failed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest

from blaxel_mcp.models import JobExecutionTask, JobExecutionTaskCondition
from blaxel_mcp.summary.causes import EXIT_BY_SIGNAL, Cause, classify
from blaxel_mcp.summary.limits import FAILURE_GROUPS, TASK_NAMES
from blaxel_mcp.summary.tasks import task_name

_READ_CHARACTERS = 400
"""How much of a message its fingerprint and cause go by: failures that differ only later than this read alike."""

# What differs between two tasks that failed alike: quoted values (they may hold spaces), and words with a digit or a
# slash in them: numbers, dates, ids, addresses, paths. Several of these in a row are one, since lists differ in length.
_QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'")
# Written for speed: it begins with a literal space, has no character categories, and never backtracks.
_VARYING = re.compile(r" [^ 0-9/]*+[0-9/][^ ]*+(?: [^ 0-9/]*+[0-9/][^ ]*+)*+")

_NO_REASON = "\0\0\0 "
"""The key of the group of tasks without a reason, as `group_failures` makes it from empty parts."""

_MAYBE_SIGNALLED = re.compile(r"1[2345]\d").search
"""Searches for what could be such an exit code, quicker than the whole pattern, which most messages then skip."""


@dataclass(slots=True)
class FailureGroup:
    """Tasks that failed for one reason. All strings are the API's own words, not cleaned.

    Attributes:
        count: how many tasks.
        message: the first task's message, or else its reason; may be empty.
        tasks: the first few names.
        condition: the first task's condition, which tells the cause.
    """

    count: int
    message: str
    tasks: list[str]
    condition: JobExecutionTaskCondition

    @property
    def cause(self) -> Cause:
        """The cause by the table of causes, classified on demand: of ten thousand groups five are shown."""
        words = (self.condition.get("reason"), self.condition.get("executionReason"), self.condition.get("type"))
        return classify([word for word in words if word], (self.condition.get("message") or "")[:_READ_CHARACTERS])


def fingerprint(message: str, name: str = "") -> str:
    """What is the same in the messages of tasks that failed alike: everything that varies is folded to `#`.

    Message and name must be in lower case already; the fingerprint begins with a space.
    """
    text = message.replace(name, "#") if len(name) > 1 and name in message else message
    if '"' in text or "'" in text or "`" in text:
        text = _QUOTED.sub("#", text)
    if "\n" in text or "\t" in text or "  " in text:
        text = " ".join(text.split())
    return _VARYING.sub(" #", " " + text)


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
    """Group failed tasks by reason and message fingerprint.

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
    listed = 0
    for task in failed:
        listed += 1
        condition = _deciding_condition(task)
        text = (condition.get("message") or "")[:_READ_CHARACTERS].lower()
        # An exit code is a number like others, but one that tells of a signal is another kind of failure.
        signalled = "exit" in text and _MAYBE_SIGNALLED(text) is not None and EXIT_BY_SIGNAL.search(text) is not None
        name = task_name(task)
        reason = f"{condition.get('reason') or ''}\0{condition.get('executionReason') or ''}"
        key = f"{reason}\0{'signal' if signalled else ''}\0{fingerprint(text, name.lower())}"
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
    return FailureGroup(count, next(filter(None, texts), ""), known[:TASK_NAMES], condition)
