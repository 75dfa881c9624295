"""The failed tasks of an execution, grouped by why they failed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from blaxel_mcp.models import JobExecutionTask, JobExecutionTaskCondition
from blaxel_mcp.summary.causes import EXIT_BY_SIGNAL, Cause, judge
from blaxel_mcp.summary.limits import TASK_NAMES
from blaxel_mcp.summary.tasks import task_name

_READ_CHARACTERS = 400
"""Of a message, for its fingerprint and cause: what differs only later than this is one failure to a reader."""

# What differs between two tasks that failed alike: quoted values (they may hold spaces), then word by word ids,
# numbers, dates, paths and addresses. Word by word, because most words come again and are then a look-up.
_QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'")
_VARYING = re.compile(
    r"""
      [a-z][a-z0-9+.-]{0,15}://.*             # addresses
    | (?:~|\.{1,2})?[^\s=:(\[]*/.*            # paths
    | (?<!\w)[a-f]{8,}(?!\w)                  # hexadecimal ids without a digit
    | [\w.+:-]*\d[\w.+:-]*                    # numbers, dates and ids: what has a digit in it
    """,
    re.VERBOSE,
)
_REMEMBERED_WORDS = 5_000


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


class _Folded(dict[str, str]):
    """Words and what they fold to, remembered: most words of ten thousand messages are the same few."""

    def __missing__(self, word: str) -> str:
        folded = _VARYING.sub("#", word)
        if len(self) < _REMEMBERED_WORDS:
            self[word] = folded
        return folded


def _fold(text: str, name: str, words: _Folded) -> str:
    if len(name) > 1 and name in text:
        text = text.replace(name, "#")
    if '"' in text or "'" in text or "`" in text:
        text = _QUOTED.sub("#", text)
    return " ".join(map(words.__getitem__, text.split()))


def fingerprint(message: str, name: str = "") -> str:
    """The message with everything folded to `#` that differs between tasks that failed alike."""
    return _fold(message[:_READ_CHARACTERS].lower(), name.lower(), _Folded())


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


def group_failures(failed: Iterable[JobExecutionTask], counted: int | None) -> list[FailureGroup]:
    """Groups, the largest first; their counts add up to the larger of the tasks given and `counted`.

    One group per reason and message fingerprint. Tasks that the counts know of but the list does not show are a group
    without a message.
    """
    groups: dict[tuple[str, str, str, bool], FailureGroup] = {}
    folded = _Folded()
    listed = 0
    for task in failed:
        listed += 1
        conditions = task.get("conditions")
        condition = _deciding(conditions) if conditions else _NO_CONDITION
        message = condition.get("message") or ""
        reason = condition.get("reason") or ""
        execution_reason = condition.get("executionReason") or ""
        name = task_name(task)
        text = message[:_READ_CHARACTERS].lower()
        # An exit code is a number like others, but one that tells of a signal is another kind of failure.
        signalled = "exit" in text and EXIT_BY_SIGNAL.search(text) is not None
        key = (reason, execution_reason, _fold(text, name.lower(), folded), signalled)
        group = groups.get(key)
        if group is None:
            groups[key] = FailureGroup(1, message or reason or execution_reason, [name] if name else [], condition)
            continue
        group.count += 1
        if len(group.tasks) < TASK_NAMES and name:
            group.tasks.append(name)
    if counted is not None and counted > listed:
        silent = groups.setdefault(("", "", "", False), FailureGroup(0, "", [], _NO_CONDITION))
        silent.count += counted - listed
    return sorted(groups.values(), key=lambda group: -group.count)
