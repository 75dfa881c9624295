"""Why a task failed, as one of a few causes, by a table that is read from the top: the first row that matches wins.

A cause is a hint beside the message, never instead of it. A row must be sure of what it says; what no row is
sure of is `unknown`. Words of Google Cloud Run v2 are here because the shape of Blaxel's conditions and its task
states match that API; Blaxel publishes no list of its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal[
    "out_of_memory",
    "timed_out",
    "image",
    "configuration",
    "cancelled",
    "platform",
    "signal",
    "exit_code",
    "unknown",
    "quota",
]

CAUSE_LABELS: dict[Cause, str] = {
    "out_of_memory": "out of memory",
    "timed_out": "timeout",
    "image": "image problem",
    "configuration": "configuration problem",
    "cancelled": "cancellation",
    "platform": "platform problem",
    "signal": "kill signal",
    "exit_code": "non-zero exit",
    "unknown": "",
}
"""How a sentence names a cause: `out of memory in 3 tasks`."""


@dataclass(frozen=True, slots=True)
class Row:
    """A cause and how it is recognised.

    Attributes:
        cause: what the row is sure of.
        word: searched in a condition's `reason`, `executionReason` and `type`, read as lower-case words with single
            spaces: `OOMKilled` and `OOM_KILLED` are both `oom killed`.
        message: searched in the condition's message.
    """

    cause: Cause
    word: re.Pattern[str]
    message: re.Pattern[str]


def _row(cause: Cause, *, word: Sequence[str], message: Sequence[str]) -> Row:
    return Row(cause, re.compile("|".join(word)), re.compile("|".join(message), re.IGNORECASE))


# A shell and a container runtime report death by signal N as exit code 128+N.
_EXIT = r"\bexit(?:ed)?[ _-]?(?:with )?(?:an? )?(?:non-?zero )?(?:(?:code|status)[ :=]*){1,2}"
_SIGNALLED = _EXIT + r"(?:129|1[345]\d)\b"
EXIT_BY_SIGNAL = re.compile(_SIGNALLED.removeprefix(r"\b"))
"""An exit code that stands for a signal, in lower-case text. It begins with letters, which makes a miss quick."""

_TASK = r"\b(?:task|execution|job|container)\b"
_TIMED_OUT = r"(?:timed[ -]?out\b|timeout (?:was )?(?:reached|exceeded|expired)\b)"
_LIMIT = r"(?:its |the )?(?:\w+ ){0,2}(?:timeout|time limit|deadline)\b"

TABLE: tuple[Row, ...] = (
    _row(
        "out_of_memory",
        word=(r"\bout ?of ?memory\b", r"\boom\b", r"\boom ?killed\b", r"\bmemory limit\b"),
        message=(
            r"\bout[ _-]?of[ _-]?memory\b",
            r"\boom(?:[ -]?kill(?:ed|er)?)?\b",
            r"\bmemory limit\b[^.;]{0,40}\b(?:exceeded|reached|hit)\b",
            r"\bexceed\w* (?:its |the )?memory\b",
            r"\b(?:over|above|exceed\w*|reached|hit) (?:its |the )?memory limit\b",
            r"\bMemoryError\b",
            r"\bcannot allocate memory\b",
            r"\bstd::bad_alloc\b",
        ),
    ),
    # Only the task's own limit: "connection timed out" inside a program's output is not this.
    _row(
        "timed_out",
        word=(r"^(?:task |execution |job )?(?:time ?out|timed out)\b", r"\bdeadline exceeded\b"),
        message=(
            _TASK + r" (?:[\"'`]?[\w.-]{0,60}\d[\w.-]{0,60}[\"'`]? )?(?:has |was )?" + _TIMED_OUT,
            _TASK + r"[^.:;]{0,60}\b(?:exceed\w*|reach\w*|(?:finish|complete) (?:with)?in) " + _LIMIT,
            r"\bconfigured (?:\w+ )?timeout was reached\b",
        ),
    ),
    _row(
        "image",
        word=(r"\bimage\b", r"\bcontainer missing\b", r"\berr image pull\b"),
        message=(
            r"\b(?:err)?image ?pull(?:backoff)?\b",
            r"\b(?:pull\w*|fetch\w*) (?:the )?(?:container )?image\b",
            r"\b(?:container image|docker image)\b[^;]{0,80}\bnot found\b",
            r"\bimage [\"'`]?[a-z0-9][\w./-]*[:@][\w.:-]+[\"'`]? (?:was |is )?not found\b",
            r"\bmanifest (?:unknown|not found)\b",
            r"\bexec format error\b",
        ),
    ),
    _row(
        "configuration",
        word=(
            r"\bconfig(?:uration)?\b",
            r"\bpermission denied\b",
            r"\bunauthorized\b",
            r"\bforbidden\b",
            r"\bsecrets?\b",
            r"\bencryption key\b",
            r"\binvalid (?:argument|environment|spec)\b",
            r"\bvpc network not found\b",
        ),
        message=(
            r"\b(?:missing|required|undefined|unset) (?:required )?environment variable\b",
            r"\benvironment variable\b[^.;]{0,60}\b(?:missing|required|not set|unset)\b",
            r"\bsecret\b[^.;]{0,60}\bnot found\b",
            r"\b(?:invalid|bad) (?:entry ?point|command)\b",
            r"\b(?:executable|command|entry ?point)\b[^.;]{0,60}\bnot found\b",
        ),
    ),
    _row(
        "cancelled",
        word=(r"\bcancell?(?:ed|ing|ation)\b", r"^deleted$"),
        message=(r"\bcancell?ed by\b", r"\b(?:task|execution|job) (?:was |has been )?cancell?ed\b"),
    ),
    _row(
        "platform",
        word=(
            r"^internal\b",
            r"\bpolling error\b",
            r"\brevision failed\b",
            r"\bpreempt(?:ed|ion)\b",
            r"\bevict(?:ed|ion)\b",
            r"\bnode (?:lost|shutdown)\b",
            r"\binfrastructure\b",
        ),
        message=(
            r"\binternal (?:server )?error\b[^.;]{0,40}\bplatform\b",
            r"\b(?:internal )?platform (?:internal )?error\b",
            r"\b(?:host|node|instance|vm)\b[^.;]{0,40}\b(?:preempted|evicted|lost|rebooted|shut down)\b",
        ),
    ),
    _row(
        "signal",
        word=(r"\bsignal\b", r"\bsig(?:kill|term|segv|abrt)\b"),
        message=(
            r"\b(?:killed|terminated|stopped|exited) (?:by|on|with|due to) signal\b",
            r"\bsignal:? (?:\d+\b|SIG[A-Z]+\b|killed\b)",
            r"\bSIG(?:KILL|TERM|SEGV|ABRT|BUS|ILL|FPE|INT|HUP|PIPE)\b",
            r"\bsegmentation fault\b",
            r"\bcore dumped\b",
            _SIGNALLED,
        ),
    ),
    _row(
        "exit_code",
        word=(r"\bnon ?zero exit\b", r"\bexit code\b"),
        message=(_EXIT + r"-?[1-9]\d{0,8}\b", r"\bnon-?zero exit\b"),
    ),
)

_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\s_.-]+")
_WORD_CHARACTERS = 120


Origin: TypeAlias = Literal["program", "platform", "configuration", "limits"]


def origin_of(cause: Cause, words: Sequence[str], message: str) -> Origin | None:
    return None


ORIGIN_PHRASES = {"program": "the program ended itself, the platform did not"}


@dataclass(frozen=True, slots=True)
class CauseText:
    label: str
    advice: str


CAUSES = {c: CauseText(l, "") for c, l in CAUSE_LABELS.items()}


def classify(
    words: Sequence[str], line: str, *, message: str = "", seconds: float | None = None, timeout: int | None = None
) -> Cause:
    """The cause that the table is sure of.

    Args:
        words: the condition's reason, executionReason and type; any may be empty.
        message: the condition's message.
    """
    spaced = [_WORD_BOUNDARY.sub(" ", word[:_WORD_CHARACTERS]).strip().lower() for word in words if word]
    for row in TABLE:
        if any(row.word.search(word) for word in spaced) or row.message.search(line):
            return row.cause
    return "unknown"
