"""The failed tasks of an execution, grouped by why they failed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nlargest

from blaxel_mcp.models import JobExecutionTask
from blaxel_mcp.summary.causes import Cause, Origin, classify, origin_of
from blaxel_mcp.summary.conditions import Condition, failure_condition, failure_words, says_only_that_it_ended
from blaxel_mcp.summary.fingerprint import fingerprint, is_named
from blaxel_mcp.summary.limits import FAILURE_GROUPS, TASK_NAMES, TIMEOUT_REACHED_SHARE
from blaxel_mcp.summary.tasks import task_name, task_seconds, task_timeout
from blaxel_mcp.summary.telling import TellingLine, telling, telling_text

_SAID_BY_A_CODE: frozenset[Cause] = frozenset(
    {"exit_code", "killed", "crash", "signal", "missing_dependency", "unknown"}
)
"""Causes that an exit code alone may have told, so that a log can tell more."""
_REMEMBERED = 200
"""Of how many different conditions the group is remembered, where it does not depend on the task's name: tasks that
fail alike often say the very same."""
_NO_REASON = "\0\0"
"""The key of the group of tasks without a reason, as `group_failures` makes it from empty parts."""


@dataclass(frozen=True)
class FailureGroup:
    """Tasks that failed for one reason. All strings are the API's own words, not cleaned.

    Attributes:
        count: how many tasks.
        line: the telling line of the first task's message, or else of its reason; may be empty.
        tasks: the first few names.
        task: the first task, which the cause is judged by.
        logged: the telling line of the first task's log, where its message says no more than that the task ended.
    """

    count: int
    line: TellingLine
    tasks: list[str]
    task: JobExecutionTask = field(default_factory=dict)
    logged: TellingLine | None = None

    @property
    def message(self) -> str:
        """The first task's whole message; empty if it has none."""
        return self._condition.get("message") or ""

    @property
    def reason(self) -> TellingLine:
        """The line to quote as the reason: the log's, else the message's."""
        return self.logged or self.line

    @cached_property
    def seconds(self) -> float | None:
        """How long the first task ran, in seconds."""
        return task_seconds(self.task)

    @cached_property
    def timeout(self) -> int | None:
        """The first task's own timeout in seconds."""
        return task_timeout(self.task)

    @cached_property
    def cause(self) -> Cause:
        """The cause by the table of causes, classified on demand: of ten thousand groups five are shown."""
        words, message = self._words, self.message
        cause = classify(words, self.line.text, message=message, seconds=self.seconds, timeout=self.timeout)
        if self.logged is not None and cause in _SAID_BY_A_CODE:
            # What is in a log was printed by the program: no word of it makes the platform the cause.
            logged = classify(["NonZeroExitCode", *words], self.logged.text)
            if logged != "exit_code":
                return logged
            if cause == "unknown" and classify(words, self.logged.text) == "exit_code":
                return "exit_code"
        if cause == "unknown" and not self.reason.text and self._reached_its_timeout:
            return "timed_out"
        # An exception that ended a task is a non-zero exit, whatever form it is printed in.
        return "exit_code" if cause == "unknown" and self.reason.error else cause

    @cached_property
    def origin(self) -> Origin | None:
        """Whose failure it is; `None` unless that is sure."""
        origin = origin_of(self.cause, self._words, self.message)
        # An exit at the very end of its time may be how the platform ended it.
        return None if origin == "program" and self._reached_its_timeout else origin

    @property
    def unexplained(self) -> bool:
        """Whether all that is known is that the tasks ended, so that only a log can tell more."""
        return self.logged is None and says_only_that_it_ended(self.line.text) and self.cause in _SAID_BY_A_CODE

    @property
    def _reached_its_timeout(self) -> bool:
        return bool(self.timeout and self.seconds and self.seconds >= TIMEOUT_REACHED_SHARE * self.timeout)

    @cached_property
    def _words(self) -> list[str]:
        return failure_words(self.task, self._condition)

    @cached_property
    def _condition(self) -> Condition:
        return failure_condition(self.task)


def group_failures(
    failed: Iterable[JobExecutionTask], counted: int | None, *, whole: bool = True
) -> tuple[list[FailureGroup], int]:
    """Group failed tasks by reason and by the fingerprint of the line that tells.

    Args:
        failed: the failed tasks of the task list.
        counted: how many failed by the API's counts.
        whole: whether the list holds all tasks. Then failed ones that it lacks are a group without a message; else
            they count as being in groups not shown.

    Returns:
        The largest groups, largest first, and the number of failed tasks in all others.
    """
    # Plain dictionaries of numbers and strings: ten thousand small objects would wake the garbage collector.
    counts: dict[str, int] = {}
    first: dict[str, JobExecutionTask] = {}
    names: dict[str, list[str]] = {}
    keys: dict[tuple[str | None, str | None, str], tuple[str, str]] = {}
    listed = 0
    for task in failed:
        listed += 1
        condition, name = failure_condition(task), task_name(task)
        message = condition.get("message") or ""
        said = condition.get("reason"), condition.get("executionReason"), message
        known = keys.get(said)
        if known is None or is_named(known[1], name):
            line = telling_text(message)
            known = failure_key(condition, line, name), line
            if len(keys) < _REMEMBERED and not is_named(line, name):
                keys[said] = known
        key = known[0]
        if key not in counts:
            counts[key] = 1
            first[key] = task
            continue
        counts[key] += 1
        if name and len(others := names.setdefault(key, [])) < TASK_NAMES:
            others.append(name)
    if whole and counted is not None and counted > listed:
        counts[_NO_REASON] = counts.get(_NO_REASON, 0) + counted - listed
    largest = nlargest(FAILURE_GROUPS, counts, key=counts.__getitem__)
    shown = [_group(counts[key], first.get(key), names.get(key, [])) for key in largest]
    return shown, max(listed, counted or 0) - sum(group.count for group in shown)


def failure_key(condition: Condition, line: str, name: str) -> str:
    """What failed tasks of one reason have in common, in one execution and across executions.

    Args:
        condition: the one that tells why the task failed.
        line: the line of its message that tells.
        name: the task's name.
    """
    key = f"{condition.get('reason') or ''}\0{condition.get('executionReason') or ''}\0"
    return key + fingerprint(line, name) if line else key


def _group(count: int, first: JobExecutionTask | None, names: list[str]) -> FailureGroup:
    if first is None:
        return FailureGroup(count, TellingLine(""), [])
    condition = failure_condition(first)
    texts = (condition.get("message"), condition.get("reason"), condition.get("executionReason"))
    known = [name for name in (task_name(first), *names) if name]
    return FailureGroup(count, telling(next(filter(None, texts), "")), known[:TASK_NAMES], first)
