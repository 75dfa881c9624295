"""What a task's conditions say: why it failed, and why one that did not fail waits, is retried or was stopped.

No source has an example of Blaxel's conditions; shape and words are those of Google Cloud Run v2. On the generation
`mk3` they may say no more than an exit code, or be absent.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from blaxel_mcp.models import JobExecutionTask
from blaxel_mcp.summary.fingerprint import fingerprint
from blaxel_mcp.summary.patterns import lazy_compile
from blaxel_mcp.summary.tasks import task_conditions, task_name, task_status
from blaxel_mcp.summary.telling import telling_text

Condition: TypeAlias = Mapping[str, str]
"""Why a task has its status: type, reason, executionReason, severity, state and message, all of them free text."""

_BLAND_CHARACTERS = 300
_REMEMBERED = 200
"""How many messages are remembered with their telling lines: tasks that wait alike often say the very same."""
_WRAPPER = lazy_compile(
    r"(?:[\w.]*CalledProcessError: )?Command .{1,200} "
    r"(?:returned non-zero exit status|died with|failed with exit code) .{1,40}"
    r"|make(?:\[\d+\])?: \*\*\* .{1,100} Error \d{1,3}|npm (?:ERR!|error) code (?:\d{1,3}|ELIFECYCLE)"
)
"""What a program says of one that it ran, of which it knows no more than the exit."""
_WORD = lazy_compile(r"[^\W_]+", re.ASCII)
_BLAND = frozenset(
    """
    a after an and application as at attempt attempts because been by called check cloud code command complete
    completed condition conditionfailed conditions container details did due end ended error errors execution
    executions exit exited exiting exits fail failed failing failure finished for from guest has have in init
    instance its job log logs machine main message microvm more no non nonzero nonzeroexitcode not of on or own
    please pod process program reason result retries retry returned run s script see state status step stopped
    successfully task tasks terminated that the this to unsuccessful unsuccessfully user value vm was were when
    while with without workload zero
    """.split()  # noqa: SIM905 - a list of a hundred words in quotes is no easier to read
)
"""Words that say of a task no more than that it ended."""

_STATES = {"running": "running", "cancelled": "cancelled"}
"""How a sentence calls tasks with a status; all others wait."""


class Remark(NamedTuple):
    """What the conditions of several tasks say: how many tasks, in which state, and the text, which is not cleaned."""

    number: int
    state: str
    text: str


def says_only_that_it_ended(message: str) -> bool:
    """Whether a message says no more than that something failed, as "The container exited with an error." does.

    Numbers and words with a digit (exit codes, names of tasks) say no more either. An empty message says nothing.
    """
    if len(message) > _BLAND_CHARACTERS or not message.isascii():
        return False
    if _WRAPPER.fullmatch(message.strip()):
        return True
    # A name is one word, whatever stands between its parts: `orders-abcde-task0`.
    words = [word for word in message.casefold().split() if not any(map(str.isdigit, word))]
    return all(part in _BLAND for word in words for part in _WORD.findall(word))


def failure_condition(task: JobExecutionTask) -> Condition:
    """The condition that tells why a failed task failed: the most specific message wins, then the failed state.

    One that succeeded comes last, whatever it says; a task without conditions has an empty one.
    """
    conditions = task_conditions(task)
    if not conditions:
        return {}
    if len(conditions) == 1:  # no need to weigh it, among ten thousand tasks
        return conditions[0]

    def weight(condition: Condition) -> tuple[bool, bool, bool, bool, bool, bool]:
        state, severity = _upper(condition.get("state")), _upper(condition.get("severity"))
        message = condition.get("message") or ""
        return (
            not _succeeded(condition),
            severity != "INFO" and not says_only_that_it_ended(message),
            "retry" not in (condition.get("type") or "").casefold(),  # that is why an earlier attempt failed
            "FAIL" in state and severity != "INFO",
            severity == "ERROR",
            bool(message or condition.get("reason") or condition.get("executionReason")),
        )

    return max(conditions, key=weight)


def has_failed_condition(task: JobExecutionTask) -> bool:
    """Whether a condition of the task says that something failed, whatever the task's own status is."""
    return any("FAIL" in _state(condition) for condition in task_conditions(task))


def failure_words(task: JobExecutionTask, condition: Condition) -> list[str]:
    """Reasons and types of all conditions that speak of the failure, those of `condition` first."""
    others = [other for other in task_conditions(task) if other != condition and "FAIL" in _state(other)]
    found = [
        word
        for each in (condition, *others)
        for word in (each.get("reason"), each.get("executionReason"), each.get("type"))
        if word
    ]
    return list(dict.fromkeys(found))


def group_remarks(tasks: Iterable[JobExecutionTask]) -> list[Remark]:
    """What the conditions of tasks that neither failed nor succeeded say, said by most tasks first.

    Of each task the last condition counts that says something of its own and did not succeed.
    """
    groups: dict[tuple[str, str], Remark] = {}
    line_of = lru_cache(_REMEMBERED)(telling_text)
    for task in tasks:
        messages = (
            condition.get("message") or "" for condition in reversed(task_conditions(task)) if not _succeeded(condition)
        )
        line = next((line_of(text) for text in messages if text and not says_only_that_it_ended(text)), None)
        if line:
            status = _STATES.get(task_status(task), "waiting")
            key = status, fingerprint(line, task_name(task))
            known = groups.get(key)
            groups[key] = Remark(known.number + 1, status, known.text) if known else Remark(1, status, line)
    return sorted(groups.values(), key=lambda remark: -remark.number)


def _state(condition: Condition) -> str:
    return _upper(condition.get("state"))


def _succeeded(condition: Condition) -> bool:
    return "SUCCE" in _state(condition)


def _upper(text: str | None) -> str:
    return (text or "").upper()
