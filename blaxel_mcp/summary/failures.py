"""The failed tasks of an execution, grouped by why they failed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from blaxel_mcp.models import JobExecutionTask, JobExecutionTaskCondition
from blaxel_mcp.summary.causes import EXIT_BY_SIGNAL, Cause, judge
from blaxel_mcp.summary.limits import FAILURE_GROUPS, TASK_NAMES

_READ_CHARACTERS = 400
"""Of a message, for its fingerprint and cause: what differs only later than this is one failure to a reader."""

# What differs between two tasks that failed alike: quoted values (they may hold spaces), and words with a digit or a
# slash in them: numbers, dates, ids, addresses, paths. Several of these in a row are one, since lists differ in length.
_QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'")
# Written for speed: it begins with a literal space, has no character categories, and never backtracks.
_VARYING = re.compile(r" [^ 0-9/]*+[0-9/][^ ]*+(?: [^ 0-9/]*+[0-9/][^ ]*+)*+")

_MAYBE_SIGNALLED = re.compile(r"1[2345]\d").search
"""Quicker than the whole pattern, which most messages then never meet."""

_NO_CONDITION: JobExecutionTaskCondition = {}


@dataclass(slots=True)
class FailureGroup:
    """Tasks that failed for one reason. All strings are the API's own words, uncleaned.

    `message` is that of the first task in it; empty where the API gave no reason at all. `tasks` are the first few
    names, `condition` is what the cause is judged by.
    """

    count: int
    message: str
    tasks: list[str]
    condition: JobExecutionTaskCondition

    @property
    def cause(self) -> Cause:
        """What the table of causes makes of it. Judged when asked for: of ten thousand groups five are shown."""
        words = (self.condition.get("reason"), self.condition.get("executionReason"), self.condition.get("type"))
        return judge([word for word in words if word], (self.condition.get("message") or "")[:_READ_CHARACTERS])


def fingerprint(message: str, name: str = "") -> str:
    """The message with everything folded to `#` that differs between tasks that failed alike.

    Both are in lower case already.
    """
    text = message.replace(name, "#") if len(name) > 1 and name in message else message
    if '"' in text or "'" in text or "`" in text:
        text = _QUOTED.sub("#", text)
    if not text.isprintable():
        text = " ".join(text.split())
    return _VARYING.sub(" #", " " + text).strip()


def _deciding(conditions: Sequence[JobExecutionTaskCondition]) -> JobExecutionTaskCondition:
    """The condition that tells why: a failed one before others, one with a message before one without."""

    def weight(condition: JobExecutionTaskCondition) -> tuple[bool, bool, bool]:
        state = (condition.get("state") or "").upper()
        severity = (condition.get("severity") or "").upper()
        return (
            "FAIL" in state and severity != "INFO",
            severity == "ERROR",
            bool(condition.get("message") or condition.get("reason") or condition.get("executionReason")),
        )

    if len(conditions) == 1:
        return conditions[0]
    return max(conditions, key=weight)


class _Alike:
    """Tasks that failed alike while they are counted: a task's own words are only looked at if its group is shown."""

    __slots__ = ("condition", "count", "names")

    def __init__(self, condition: JobExecutionTaskCondition, name: str) -> None:
        self.condition = condition
        self.count = 1
        self.names: tuple[str, ...] = (name,)


def group_failures(failed: Iterable[JobExecutionTask], counted: int | None) -> tuple[list[FailureGroup], int]:
    """The largest groups, largest first, and how many failed tasks are in the others.

    Together they add up to the larger of the tasks given and `counted`. One group per reason and message fingerprint.
    Tasks that the counts know of but the list does not show are a group without a message.
    """
    alike: dict[tuple[str, str, str, bool], _Alike] = {}
    listed = 0
    for task in failed:
        listed += 1
        conditions = task.get("conditions")
        condition = _deciding(conditions) if conditions else _NO_CONDITION
        reason = condition.get("reason") or ""
        execution_reason = condition.get("executionReason") or ""
        metadata = task.get("metadata")
        name = (metadata.get("name") or "") if metadata else ""
        text = (condition.get("message") or "")[:_READ_CHARACTERS].lower()
        # An exit code is a number like others, but one that tells of a signal is another kind of failure.
        signalled = "exit" in text and _MAYBE_SIGNALLED(text) is not None and EXIT_BY_SIGNAL.search(text) is not None
        key = (reason, execution_reason, fingerprint(text, name.lower()), signalled)
        group = alike.get(key)
        if group is None:
            alike[key] = _Alike(condition, name)
            continue
        group.count += 1
        if len(group.names) < TASK_NAMES and name:
            group.names = (*group.names, name) if group.names[0] else (name,)
    if counted is not None and counted > listed:
        silent = alike.get(_NOTHING_SAID)
        if silent is None:
            silent = alike[_NOTHING_SAID] = _Alike(_NO_CONDITION, "")
            silent.count = 0
        silent.count += counted - listed
    largest = nlargest(FAILURE_GROUPS, alike.values(), key=lambda group: group.count)
    shown = [_shown(group) for group in largest]
    return shown, max(listed, counted or 0) - sum(group.count for group in shown)


_NOTHING_SAID = ("", "", "", False)


def _shown(group: _Alike) -> FailureGroup:
    said = (group.condition.get(key) for key in ("message", "reason", "executionReason"))
    message = next((text for text in said if isinstance(text, str) and text), "")
    return FailureGroup(group.count, message, [name for name in group.names if name], group.condition)
