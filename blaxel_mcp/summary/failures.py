"""The failed tasks of an execution, grouped by why they failed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

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
_DIGIT_OR_PATH = re.compile(r"[\d/]|[a-f]{8}")
_REMEMBERED_WORDS = 5_000


@dataclass
class FailureGroup:
    """Tasks that failed for one reason. `message`, `tasks` and `words` are the API's own words, uncleaned.

    `message` is that of the first task in it; empty where the API gave no reason at all. `tasks` are the first few
    names, `words` the reason, execution reason and type that the cause is judged by.
    """

    count: int = 0
    message: str = ""
    tasks: list[str] = field(default_factory=list)
    words: Sequence[str] = ()

    @cached_property
    def cause(self) -> Cause:
        """What the table of causes makes of it. Judged when asked for: of a thousand groups a few are shown."""
        return judge(self.words, self.message[:_READ_CHARACTERS])


def _fold_word(word: str) -> str:
    return _VARYING.sub("#", word) if _DIGIT_OR_PATH.search(word) else word


def fingerprint(message: str, name: str = "", seen: dict[str, str] | None = None) -> str:
    """The message with everything folded to `#` that differs between tasks that failed alike.

    `seen` remembers words over many messages.
    """
    text = message[:_READ_CHARACTERS]
    if len(name) > 1 and name in text:
        text = text.replace(name, "#")
    text = text.lower()
    if '"' in text or "'" in text or "`" in text:
        text = _QUOTED.sub("#", text)
    if seen is None:
        seen = {}
    folded = []
    for word in text.split():
        known = seen.get(word)
        if known is None:
            known = _fold_word(word)
            if len(seen) < _REMEMBERED_WORDS:
                seen[word] = known
        folded.append(known)
    return " ".join(folded)


_NO_CONDITION: JobExecutionTaskCondition = {}


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
    return max(conditions, key=weight, default=_NO_CONDITION)


def group_failures(failed: Iterable[JobExecutionTask], counted: int | None) -> list[FailureGroup]:
    """Groups, the largest first; their counts add up to the larger of the tasks given and `counted`.

    One group per reason and message fingerprint. Tasks that the counts know of but the list does not show are a group
    without a message.
    """
    groups: dict[tuple[str, str, str, bool], FailureGroup] = {}
    seen: dict[str, str] = {}
    listed = 0
    for task in failed:
        listed += 1
        condition = _deciding(task.get("conditions") or ())
        message = condition.get("message") or ""
        reason = condition.get("reason") or ""
        execution_reason = condition.get("executionReason") or ""
        name = task_name(task)
        # An exit code is a number like others, but one that tells of a signal is another kind of failure.
        signalled = "xit" in message and EXIT_BY_SIGNAL.search(message, 0, _READ_CHARACTERS) is not None
        key = (reason, execution_reason, fingerprint(message, name, seen), signalled)
        group = groups.get(key)
        if group is None:
            words = (reason, execution_reason, condition.get("type") or "")
            group = groups[key] = FailureGroup(message=message or reason or execution_reason, words=words)
        group.count += 1
        if name and len(group.tasks) < TASK_NAMES:
            group.tasks.append(name)
    if counted is not None and counted > listed:
        groups.setdefault(("", "", "", False), FailureGroup()).count += counted - listed
    return sorted(groups.values(), key=lambda group: -group.count)
