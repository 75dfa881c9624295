"""Why a task failed, as one of a few causes, and whose it is.

A cause is a hint beside the message, never instead of it. Once a program has ended itself, nothing that it printed
makes the platform, its image, its time or its memory the cause: the condition's own words or a sentence of the
platform must say so. What nothing is sure of is `unknown`.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from blaxel_mcp.summary.cause_table import TABLE, Cause, Row
from blaxel_mcp.summary.patterns import lazy_compile

__all__ = ["CAUSES", "CAUSE_LABELS", "ORIGIN_PHRASES", "Cause", "CauseText", "Origin", "classify", "origin_of"]

Origin: TypeAlias = Literal["program", "platform", "configuration", "limits"]


class CauseText(NamedTuple):
    """What an answer says of a cause.

    Attributes:
        label: its name, as a row of a list has it; empty for `unknown`.
        happened: what tasks did by it, to follow them in a sentence: `3 tasks ran out of memory`; empty for `unknown`.
        advice: what to do, as one sentence; empty where that depends on limits, or where nothing is known.
    """

    label: str
    happened: str
    advice: str = ""


CAUSES: Mapping[Cause, CauseText] = MappingProxyType(
    {
        "out_of_memory": CauseText("out of memory", "ran out of memory"),
        "timed_out": CauseText("timeout", "timed out"),
        "image": CauseText(
            "image problem",
            "had an image problem",
            "Check that the job's image exists, may be pulled and fits the machine; a new deployment rebuilds it.",
        ),
        "configuration": CauseText(
            "configuration problem",
            "had a configuration problem",
            "Fix the configuration that the message names, deploy the job, and run it again.",
        ),
        "cancelled": CauseText("cancellation", "had been cancelled", "Run the job again if the rest is still wanted."),
        "platform": CauseText("platform problem", "met a platform problem", "Run the job again."),
        "quota": CauseText(
            "quota or capacity limit",
            "met a quota or capacity limit",
            "Wait until other executions have ended or ask for a higher quota, then run the job again.",
        ),
        "gpu_memory": CauseText(
            "full GPU memory",
            "ran out of GPU memory",
            "Use smaller batches or a smaller model, or a GPU with more memory, and run it again.",
        ),
        "crash": CauseText(
            "crash",
            "crashed",
            "Look for native code or memory that went wrong at the place that the log names, and fix it.",
        ),
        "killed": CauseText("SIGKILL", "got SIGKILL"),
        "signal": CauseText("signal", "got a signal", "Find out what sent the signal, then run the job again."),
        "missing_dependency": CauseText(
            "missing dependency",
            "lacked a dependency",
            "Add the missing module or command to the job's image, deploy it, and run it again.",
        ),
        "disk_full": CauseText(
            "full disk", "ran out of disk", "Free the disk or write less to it, then run the job again."
        ),
        "rate_limited": CauseText(
            "rate limit",
            "hit a rate limit",
            "Send fewer requests at a time or raise the limit at that service, and run the job again.",
        ),
        "permission": CauseText(
            "denied access",
            "had no access",
            "Give the job the rights or credentials for what the message names, then run it again.",
        ),
        "network": CauseText(
            "network problem",
            "had a network problem",
            "Check that the service the message names is up, reachable and trusted, then run it again.",
        ),
        "exit_code": CauseText("non-zero exit", "exited with an error"),
        "unknown": CauseText("", ""),
    }
)
"""What an answer says of each cause, in the order of the table."""

CAUSE_LABELS: Mapping[Cause, str] = MappingProxyType({cause: text.label for cause, text in CAUSES.items()})
"""How a sentence names a cause."""

ORIGIN_PHRASES: Mapping[Origin, str] = MappingProxyType(
    {
        "program": "the program ended itself, the platform did not",
        "platform": "the platform ended it, not the program",
        "configuration": "the job's configuration is the reason, not the program's code",
        "limits": "a limit ended it, not an error in the program's code",
    }
)
"""How a sentence says whose a failure is."""

_EXIT_CODE = lazy_compile(
    r"(?<!expected )exit(?:ed)?(?: with)?(?: an?)?(?: non-?zero)?(?: exit)?[ _-]?"
    r"(?:(?:code|status)(?: is)?[ :=]{0,3}(?:code|status)?[ :=]{0,3}|\(|(?<=with )|(?<=with exit ))"
    r"[\"']?(-?\d{1,10})\b(?! expected)"
)
_PLATFORM_ROWS = tuple(row for row in TABLE if row.unless_exited)
"""What the platform does to a task: where the condition's own words name one of these, no text says otherwise."""
_MEMORY_LIMIT = _PLATFORM_ROWS[0]
_PLATFORM_KILLS = frozenset({137, 143, -9, -15})
"""Exit codes of a process that something else ended, as the platform does at a limit."""

# What only a program prints: the heads of stack traces, and a line that begins with the name of an exception.
_TRACE = lazy_compile(
    r"^traceback \(most recent|^panic: |^goroutine \d|^exception in thread|\bpanicked at |^unhandled exception"
    r"|^\s{1,8}at \S{1,200}[( ]|^[\w.$]{1,200}(?:error|exception)\b[:(]|\bdb::exception: ",
    re.MULTILINE,
)
_UNCAUGHT = lazy_compile(
    r"^traceback \(most recent|^panic: |^goroutine \d|^exception in thread|panicked at |^unhandled exception",
    re.MULTILINE,
)
# Errors about data, whose quoted parts are that data and no cause: `KeyError: 'timeout'`.
_ABOUT_DATA = lazy_compile(
    r"(?:key|value|index|name|lookup|attribute|syntax|decode|parse|assertion|assert)(?:ion)?error\b"
)
_QUOTED = lazy_compile(r"\"[^\"\n]*+\"|'[^'\n]*+'")
# A status that a test wanted, and the names of tests, which often have a cause in them.
_EXPECTED = lazy_compile(r"\b(?:expect(?:ed|ing)?|wanted|want)\b:? (?:[a-z]{1,12}[ :=]{1,2}){0,3}[\"']?\d{3}\b")
_TEST_NAME = lazy_compile(
    r"^(?:failed|error) [\w./-]{1,200}::[^\n]{0,300}?(?: - |$)"
    r"|^\s{0,8}(?:--- fail:|[✕✗✘\u00d7●]|not ok \d{1,6}) [^\n]*",
    re.MULTILINE,
)
# The exceptions that another one was raised from, as Python, Java and Node print them.
_CHAINED = lazy_compile(
    r"^(?:caused by:|\[cause\]:|\s{1,8}\[cause\]:)([^\n]{1,400})"
    r"|^([^\s][^\n]{0,400})\n\nthe above exception was the direct cause",
    re.MULTILINE,
)
_WORD_BOUNDARY = lazy_compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\s_.-]+")
_EXITED_WORD = lazy_compile(r"\bnon ?zero exit\b|\bexit code\b")
_WORD_CHARACTERS = 120
_LINE_HEAD, _LINE_TAIL = 700, 300
_MESSAGE_HEAD, _MESSAGE_TAIL = 2000, 1000
_REACHED = 0.9
"""The share of its timeout that a task must have run to have reached it: two clocks never agree."""


class _Evidence(NamedTuple):
    """What a condition says, in lower case and within bounds."""

    words: str
    line: str
    message: str
    code: int
    exited: bool
    """Whether the program ended itself: by a non-zero exit, or with an exception that nobody caught."""


def classify(
    words: Sequence[str], line: str, *, message: str = "", seconds: float | None = None, timeout: int | None = None
) -> Cause:
    """The cause that the table is sure of.

    Args:
        words: the condition's reason, executionReason and type; any may be empty.
        line: the line of the message that tells.
        message: the whole message, for what the line leaves out, such as an exit code behind it.
        seconds: how long the task ran.
        timeout: the task's own timeout in seconds.
    """
    evidence = _evidence(words, line, message or line)
    reached = seconds >= timeout * _REACHED if seconds is not None and timeout else None
    cause = _first_cause(evidence, started=bool(seconds), reached=reached)
    if cause in {"exit_code", "unknown"} and (deeper := _cause_of_chained(evidence.message)):
        return deeper
    return cause


def _first_cause(evidence: _Evidence, *, started: bool, reached: bool | None) -> Cause:
    for row in _PLATFORM_ROWS:
        if _is_named(row, evidence) and not (row.cause == "timed_out" and reached is False):
            return row.cause
    for row in TABLE:
        loose = not evidence.exited
        if row.cause == "timed_out":
            if reached is False:
                continue
            loose = loose or reached is True
        elif row.cause == "quota":
            loose = loose and not started
        if _matches(row, evidence, loose=loose):
            return row.cause
    # An exception that nobody caught ends a process with a non-zero exit, whether or not the message says so.
    return "exit_code" if _UNCAUGHT.search(evidence.message) else "unknown"


def _is_named(row: Row, evidence: _Evidence) -> bool:
    words = row.find.words
    return words is not None and words.search(evidence.words) is not None


def _is_printed(row: Row, line: str) -> bool:
    output = row.find.output
    if output is None or (row.hints and not any(hint in line for hint in row.hints)):
        return False
    return output.search(line) is not None


def _matches(row: Row, evidence: _Evidence, *, loose: bool) -> bool:
    find = row.find
    if evidence.code in row.codes:
        return True
    if _is_named(row, evidence):
        return True
    if _is_printed(row, evidence.line):
        return True
    if find.sentences is not None and find.sentences.search(evidence.message):
        return True
    return loose and find.unless_exited is not None and find.unless_exited.search(evidence.message) is not None


def _cause_of_chained(message: str) -> Cause | None:
    """The cause by the exceptions that led to the last one; the one that is named last is asked first."""
    found = [first or second for first, second in _CHAINED.findall(message)]
    for text in reversed(found):
        line = _without_data(text)
        for row in TABLE:
            if _is_printed(row, line):
                return row.cause
    return None


def _evidence(words: Sequence[str], line: str, message: str) -> _Evidence:
    spaced = _spaced(words)
    text = _bounded(message, _MESSAGE_HEAD, _MESSAGE_TAIL)
    code = _exit_code(text)
    by_word = _EXITED_WORD.search(spaced) is not None
    ended_itself = by_word or bool(code) or _TRACE.search(text) is not None
    exited = ended_itself and code not in _PLATFORM_KILLS
    return _Evidence(spaced, _without_data(_bounded(line, _LINE_HEAD, _LINE_TAIL)), text, code, exited)


def _spaced(words: Sequence[str]) -> str:
    """The words as the table reads them, one a line."""
    return "\n".join(_WORD_BOUNDARY.sub(" ", word[:_WORD_CHARACTERS]).strip().lower() for word in words if word)


def _bounded(text: str, head: int, tail: int) -> str:
    return (text if len(text) <= head + tail else f"{text[:head]}\n{text[-tail:]}").lower()


def _without_data(line: str) -> str:
    """A line without what it says about data and tests, which is no cause."""
    if "::" in line or "--- fail" in line or "not ok" in line or not line.isascii():
        line = _TEST_NAME.sub("", line)
    if "expect" in line or "want" in line:
        line = _EXPECTED.sub("", line)
    return _QUOTED.sub("''", line) if _ABOUT_DATA.search(line) else line


def _exit_code(text: str) -> int:
    """The last exit code that a lower-case text names and that is not zero; zero where there is none."""
    if "exit" not in text:
        return 0
    return next(filter(None, map(int, reversed(_EXIT_CODE.findall(text)))), 0)


_ORIGINS: Mapping[Cause, Origin] = MappingProxyType(
    {
        "timed_out": "limits",
        "quota": "limits",
        "image": "configuration",
        "configuration": "configuration",
        "platform": "platform",
        "gpu_memory": "program",
        "crash": "program",
        "missing_dependency": "program",
        "exit_code": "program",
    }
)
"""Whose a cause is, where the cause alone says it. Another service, a disk or a signal may be anybody's."""


_BY_THE_PROGRAM: frozenset[Cause] = frozenset({"disk_full", "rate_limited", "permission", "network"})
"""Causes that end a program only if it ends itself: then that is whose it is."""


def origin_of(cause: Cause, words: Sequence[str], message: str) -> Origin | None:
    """Whose a failure is, by its cause and by what the platform says; `None` unless sure.

    Memory is the platform's limit only where the platform says so: a `MemoryError` may as well be the program's own.
    """
    if cause == "out_of_memory":
        evidence = _evidence(words, "", message)
        if _matches(_MEMORY_LIMIT, evidence, loose=not evidence.exited):
            return "limits"
        return "program" if evidence.exited else None
    if cause not in _ORIGINS and cause in _BY_THE_PROGRAM:
        evidence = _evidence(words, "", message)
        return "program" if evidence.exited else None
    return _ORIGINS.get(cause)
