"""The line of a message that tells what went wrong: the exception, not the frames above it nor the noise after it.

Messages are what programs print as they die. A table of forms knows how the common languages and tools do that; what no
form knows is read line by line, and the last of the gravest lines tells. Nothing here is cleaned: `clean` does that to
whatever is shown.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from blaxel_mcp.summary.frames import at_frame, frame, position_frame, python_frame
from blaxel_mcp.summary.records import ERROR, FATAL, INFO, LEVELS, PLAIN, WARNING, read_record
from blaxel_mcp.summary.truncate import truncate_middle

_READ_CHARACTERS = 8 * 1024
"""How much of a message's beginning, and of its end, is read."""
_LOG_CHARACTERS = 64 * 1024
"""How much of a log's end is read."""
_LINE_CHARACTERS = 400
"""The longest line of a log that is returned."""
_ONE_LINE_CHARACTERS = 300
"""The longest message that the quick way is tried on."""
_HEADER_LINES = 40
"""How far above the first frame of a stack the exception is looked for: messages have several lines at times."""
_FIRST_LINES, _LAST_LINES = 50, 150
"""How many lines in no particular form are weighed, from the beginning and from the end."""
_TRACEBACKS = 3
"""How many tracebacks are tried from the end."""
_DEPTH = 3
"""How often a text found inside a message is read as a message again."""


@dataclass(frozen=True, slots=True)
class TellingLine:
    """The line of a message that tells what went wrong, as it was printed, not cleaned.

    Attributes:
        text: one line, as `FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'`; empty
            for an empty message.
        frame: the innermost frame that is the workload's own, as `load.py:118`; empty where there is none.
        error: the class of the exception without its package, as `FileNotFoundError`; empty where it has none.
    """

    text: str
    frame: str = ""
    error: str = ""


class TellingLog(NamedTuple):
    """What a log tells: the line that tells most, and up to so many lines that tell, that one last, the oldest first.

    Of `lines`, none has more than 400 characters, and the last one has the frame behind it.
    """

    line: TellingLine
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Form:
    """A way of printing what went wrong.

    Attributes:
        name: whose way it is.
        marks: one of these is in every text of this form; searching for them makes a miss quick.
        read: makes the telling line of a text's lines, or None where the form does not fit after all.
    """

    name: str
    marks: tuple[str, ...]
    read: Callable[[list[str]], TellingLine | None]


_ESCAPE = re.compile(r"\x1b\[[0-9;?]*+[@-~]?")
# A key is taken out as a whole: its lines one by one would not be recognised as one by whoever masks credentials.
_KEY = re.compile(r"(-----BEGIN [^-\n]{1,60}+-----)(?:(?!-----END ).)*+(?:-----END [^-\n]{1,60}+-----)?", re.DOTALL)
_ENCODED = re.compile(r"[a-z0-9+/=_-]{40,}+")
_NAMED = re.compile(r"((?:[A-Za-z_][\w$]*+[.\\]|::)*+)([A-Za-z_][\w$]*+)(?: \[\w++\])?(?=:|$| \(|\Z)", re.ASCII)
_CLASS_ENDINGS = (
    "Error",
    "Exception",
    "ExceptionGroup",
    "Interrupt",
    "Exit",
    "Warning",
    "Timeout",
    "Fault",
    "Failure",
    "Iteration",
)
_WORDS = re.compile(r"(?<![\w.])[A-Za-z_][\w.]*+(?=: )", re.ASCII)
_STAMP = re.compile(
    r"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ]|[A-Z][a-z]{2} [ \d]\d )?\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?"
    r"(?: ?(?:Z\b|UTC\b|[+-]\d\d:?\d\d\b))?\]?[ \t|-]*",
    re.ASCII,
)
_STREAM = re.compile(r"\[(?:stderr|stdout|err|out|rank\d{1,4}|default\d)\]:? ?|(?:stderr|stdout)(?: [FP])?: ?|│ ?")
_CONTAINER = re.compile(r"[\w.-]{1,60}+ {0,20}+\| ", re.ASCII)
_GO_LOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9} +\d{1,9} ([\w.-]{1,60}:\d{1,6})\] ", re.ASCII)
_GO_LEVELS = {"I": INFO, "W": WARNING, "E": ERROR, "F": FATAL}
_EXIT_ONLY = re.compile(
    r"(?:[^\s:]{1,60} ){0,5}?(?:exit(?:ed|s|ing)?|terminated|failed|returned|completed|finished)"
    r"(?: with| on| non-?zero| an| a| exit| return| error| status| code){0,6}[:= ]{0,3}\(?-?\d{1,10}\)?\.?"
)
_EXIT_ONLY_CHARACTERS = 120
_SUMMARIES = re.compile(
    r"(?:the )?(?:task|job|container|process|program|execution|build|command|script|worker|pod)s?"
    r"(?: [\w-]{1,40})? (?:has |have )?(?:failed|exited|aborted|stopped|terminated|died)\W*"
    r"|\W*\d{1,9} (?:failed|errors?|passed)(?:, \d{1,9} \w{1,20}){0,6}(?: in [\d.:a-z() ]{1,20})?\W*"
)
_NOISE = (
    "at ",
    "from ",
    "... ",
    "+ ",
    "note: ",
    "hint: ",
    "help: ",
    "usage: ",
    "npm err! a complete log",
    "npm error a complete log",
    "calls: ",
    "execution halted",
    "goroutine ",
    "created by ",
    "exit status ",
    "stack trace:",
    "stack backtrace:",
    "traceback (most recent",
    "for more information",
    "node.js v",
    "make: ***",
    "make[",
    "collect2: error: ld returned",
    "error: aborting due to",
    "error: could not compile",
    "error: process completed with exit code",
    "##[error]process completed",
    "begin failed--",
    "compilation failed in",
    "--- end of",
    "a complete log",
    "> [help",
    "[help",
    "re-run maven",
    "to see the full stack trace",
    "info visit ",
    "during handling of the above",
    "the above exception was",
    "done",
    "shutting down",
    "exiting",
    "aborting",
    "aborted",
    "cleaning up",
    "cleanup",
    "see 'docker",
    "compile with `torch_use_cuda_dsa`",
    "for debugging consider passing cuda_launch_blocking",
    "cuda kernel errors might be",
)
_ERROR_WORDS = (
    "error",
    "fail",
    "exception",
    "refused",
    "denied",
    "forbidden",
    "unauthori",
    "not found",
    "not exist",
    "cannot",
    "can't",
    "could not",
    "couldn't",
    "unable",
    "invalid",
    "illegal",
    "missing",
    "no such",
    "not permitted",
    "not allowed",
    "not enough",
    "no space",
    "timed out",
    "timeout",
    "killed",
    "panic",
    "fatal",
    "out of memory",
    "unknown",
    "unexpected",
    "undefined",
    "unbound",
    "required",
    "exceeded",
    "unreachable",
    "corrupt",
    "crash",
    "segmentation",
    "core dumped",
    "violat",
    "rejected",
    "expired",
    "unsupported",
    "mismatch",
    "deadlock",
    "overflow",
    "did not",
    "does not",
)
# How much a line tells; higher numbers win, among equals the last line.
_TELLS_NOTHING, _TELLS_INFO, _TELLS_WARNING, _TELLS_PLAIN, _TELLS_GRAVE_NOISE, _TELLS_WORDS = range(6)
_TELLS_ERROR, _TELLS_FATAL = 6, 7
_BY_LEVEL = {
    FATAL: _TELLS_FATAL,
    ERROR: _TELLS_ERROR,
    PLAIN: _TELLS_PLAIN,
    WARNING: _TELLS_WARNING,
    INFO: _TELLS_INFO,
}
_LEVEL_TOKENS = 5
"""Among how many words after a timestamp the level is looked for."""


def telling(message: str) -> TellingLine:
    """The line of a message that tells what went wrong, with its frame and its class of error.

    Of a long message the first and the last 8 KiB are read.
    """
    if (text := _as_it_is(message)) is not None:
        return _plain(text)
    return _read(_ends(message, _READ_CHARACTERS), _DEPTH)


def telling_text(message: str) -> str:
    """The text of `telling` alone, which for most messages is the message: ten thousand are grouped by it."""
    text = _as_it_is(message)
    return telling(message).text if text is None else text


def telling_log(lines: Sequence[str], most: int) -> TellingLog:
    """The lines of a log that tell what went wrong.

    Args:
        lines: the log in order of time; an item is a line, an entry of several lines, or a JSON object.
        most: how many lines at most; the one that tells most is always among them.
    """
    entries = [_entry(line) for line in _newest(lines)]
    found = _read("\n".join(entries), _DEPTH)
    if not found.text:
        return TellingLog(found, [])
    last = f"{found.text} ({found.frame})" if found.frame and found.frame not in found.text else found.text
    kept: dict[str, None] = {}
    for line in _split("\n".join(entries)):
        if found.text in line or line.strip() in found.text:
            break
        if line[:1].isspace() or line.startswith("Traceback (most"):
            continue
        rank, text, _ = _weigh(line)
        if rank >= _TELLS_WORDS:
            kept[text] = None
    before = list(kept)[-(most - 1) :] if most > 1 else []
    return TellingLog(found, [truncate_middle(line, _LINE_CHARACTERS) for line in (*before, last)])


def _newest(lines: Sequence[str]) -> list[str]:
    """The newest entries, each with its beginning and end, as many as are read."""
    taken: list[str] = []
    left = _LOG_CHARACTERS
    for line in reversed(lines):
        taken.append(_ends(line, _READ_CHARACTERS))
        left -= len(taken[-1]) + 1
        if left < 0:
            break
    return taken[::-1]


def _entry(line: str) -> str:
    """An entry of a log as plain text; what a JSON object or logfmt says, with the level in front."""
    record = read_record(line)
    if record is None:
        return line
    level = {FATAL: "FATAL ", ERROR: "ERROR ", WARNING: "WARNING ", INFO: "INFO "}.get(record.level, "")
    return level + record.text


def _as_it_is(message: str) -> str | None:
    """A message of one line that no form would read otherwise; None where that takes a closer look."""
    # One look-up in C after the other: a loop, or one pattern for all, takes several times as long.
    if (
        len(message) > _ONE_LINE_CHARACTERS
        or not message.isprintable()
        or not message[:1].isalpha()
        or message[1:2].isupper()
        or '", line ' in message
        or " at " in message
        or "failed with " in message
        or "evel=" in message
        or "everity=" in message
        or "--> " in message
        or ".rb:" in message
        or "aused by: " in message
        or message.startswith(("Exception in", "npm ", "Uncaught "))
    ):
        return None
    return message.rstrip()


def _ends(message: str, limit: int) -> str:
    """The first and last so many characters of a text."""
    return message if len(message) <= 2 * limit else f"{message[:limit]} … {message[-limit:]}"


def _read(text: str, depth: int) -> TellingLine:
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "-----BEGIN " in text:
        text = _KEY.sub(r"\1 ***", text)
    text = _unwrapped(text)
    lines = _split(text)
    if depth and ("{" in text or "evel=" in text or "lvl=" in text or "everity=" in text):
        inner, lines = _structured(text, lines)
        if inner:
            return _read(inner, depth - 1)
        text = "\n".join(lines)
    for form in FORMS:
        if any(mark in text for mark in form.marks):
            found = form.read(lines)
            if found is not None and found.text:
                return found
    return _last_that_tells(lines)


def _unwrapped(text: str) -> str:
    """The text without words that only say that something failed: `Task "a" failed with message: …`."""
    head = text[:200]
    for word in ("failed with message: ", "failed with error: ", "failed with reason: ", "failed with message:\n"):
        before, found, _ = head.partition(word)
        if found and "\n" not in before and text[len(before) + len(word) :].strip():
            return text[len(before) + len(word) :]
    return text


def _split(text: str) -> list[str]:
    """The lines that are not blank, without what container tools put in front of each."""
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if any(line.startswith(("[", "std", "│")) for line in lines):
        lines = [_STREAM.sub("", line, count=1) if _STREAM.match(line) else line for line in lines]
    if len(lines) > 1 and all(_CONTAINER.match(line) for line in lines):
        lines = [line[found.end() :] for line in lines if (found := _CONTAINER.match(line))]
    return [line for line in lines if line.strip()]


def _structured(text: str, lines: list[str]) -> tuple[str, list[str]]:
    """The text of the gravest last record, where that is an error or all there is; and the lines that are none."""
    whole = read_record(text) if len(lines) > 1 else None
    if whole is not None:
        return whole.text, []
    gravest, rest = None, []
    for line in lines:
        record = read_record(line)
        if record is None:
            rest.append(line)
        elif gravest is None or record.level >= gravest.level:
            gravest = record
    if gravest is not None and (gravest.level >= ERROR or not rest):
        return gravest.text, rest
    return "", rest


def _named(text: str) -> str:
    """The class of error that a text begins with, without its package; empty if it begins with none."""
    found = _NAMED.match(text)
    return found[2] if found and found[2].endswith(_CLASS_ENDINGS) else ""


def _plain(text: str, place: str = "") -> TellingLine:
    error = _named(text)
    if not error and text.endswith(")"):
        ending = text.rpartition("(")[2][:-1]
        error = ending if ending.isidentifier() and ending.endswith(_CLASS_ENDINGS) else ""
    return TellingLine(text, place or _place(text), error)


def _place(text: str) -> str:
    """The own frame that a line names by itself: of a shell, Perl, PHP, a compiler."""
    if ": line " in text:
        path, _, after = text.partition(": line ")
        return frame(path.rpartition(" ")[2], after.partition(":")[0])
    if " at " in text and " line " in text:
        path, _, number = text.rpartition(" at ")[2].partition(" line ")
        return frame(path, number.rstrip(".").partition(",")[0]) if " " not in path else ""
    if "): error " in text:
        return _parenthesised(text)
    return position_frame(text) if ":" in text[:200] else ""


def _after(line: str) -> str:
    """A line without a timestamp in front, as container runtimes write one before each."""
    found = _STAMP.match(line)
    return line[found.end() :] if found and line[found.end() :] else line


# Python


def _python(lines: list[str]) -> TellingLine | None:
    headers = [at for at, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    if not headers:
        return _python_flat(lines)
    for start in reversed(headers[-_TRACEBACKS:]):  # the last one may be cut off
        if (found := _traceback(lines, start)) is not None:
            return found
    return None


def _traceback(lines: list[str], start: int) -> TellingLine | None:
    prefix = lines[start].partition("Traceback (most recent")[0]
    if " File " in lines[start]:
        return _python_flat(lines[start:])
    place = ""
    indent = len(prefix) if not prefix.strip() else 0
    for at in range(start + 1, len(lines)):
        line = lines[at][indent:] if not lines[at][:indent].strip() else lines[at]
        if prefix and not indent and not line[:1].isspace():
            line = line[len(prefix) :] if line.startswith(prefix) else _after_prefix(line)
        if line.lstrip().startswith('File "'):
            place = python_frame(line) or place
        elif line[:1].strip():
            return _raised(line, lines[at + 1 :], place)
    return None


def _after_prefix(line: str) -> str:
    """A line of a traceback in which each line has a timestamp of its own, indented as it was."""
    found = re.match(r"[\dTZ:.,+-]{8,40} ?", line)
    return line[found.end() :] if found else line


def _raised(line: str, after: Sequence[str], place: str) -> TellingLine:
    """The line with the exception; where its message has begun no more than a list, the list's first entry too."""
    text = line.strip()
    found = _NAMED.match(text)
    following = 2 if "validation error" in text else 1
    if after and (text.endswith(":") or following > 1):
        text = " ".join([text, *(part.strip() for part in after[:following])])
    return TellingLine(text, place, found[2] if found else "")


def _python_flat(lines: list[str]) -> TellingLine | None:
    """A traceback whose line breaks were lost, or whose header is cut off."""
    at = next((at for at in range(len(lines) - 1, -1, -1) if 'File "' in lines[at] and '", line ' in lines[at]), None)
    if at is None:
        return None
    frames = lines[at].split('File "')
    places = [python_frame(f'File "{part}') for part in frames[1:]]
    place = next((place for place in reversed(places) if place), "")
    for word in _WORDS.finditer(frames[-1]):
        name = word[0].rpartition(".")[2]
        if name.endswith(_CLASS_ENDINGS):
            return TellingLine(frames[-1][word.start() :].strip(), place, name)
    for before in reversed(lines[:at]):
        place = place or python_frame(before)
    for offset, line in enumerate(lines[at + 1 :], at + 1):
        if not line[:1].isspace():
            return _raised(line, lines[offset + 1 :], place)
    return None


def _python_group(lines: list[str]) -> TellingLine | None:
    """The first exception of an exception group that is no group itself."""
    place, group = "", None
    for line in lines:
        text = line.lstrip(" |+-").strip()
        inside = line.lstrip().startswith(("|", "+"))
        if text.startswith('File "'):
            place = python_frame(text) or place
        elif (
            inside
            and text
            and not text.startswith("Traceback (")
            and line.lstrip()[:1] == "|"
            and not line.lstrip()[1:].startswith("   ")
        ):
            found = _NAMED.match(text)
            if found and found[2].endswith("ExceptionGroup"):
                group = group or TellingLine(text, place, found[2])
                place = ""
            elif found and group and (":" in text or found[2].endswith(_CLASS_ENDINGS)):
                return TellingLine(text, place, found[2])
    return group


# Java, Kotlin, Node and .NET, whose frames all begin with `at`


def _at_frames(lines: list[str]) -> TellingLine | None:
    if len(lines) == 1:
        return _at_frames_flat(lines[0])
    lines = list(_without_suppressed(lines))
    start = next((at for at in range(len(lines) - 1, -1, -1) if _is_cause(lines[at])), None)
    if start is None:
        frames = [at for at, line in enumerate(lines) if _is_at(line)]
        if not frames:
            return None
        # The last stack: from its last frame upward to where the frames begin.
        first = frames[-1]
        while first and (_is_at(lines[first - 1]) or _between_frames(lines[first - 1])):
            first -= 1
        start = _header(lines, first)
    text = _without_introduction(lines[start])
    if text.endswith(":") and (listed := next((line for line in lines[start + 1 :] if _is_listed(line)), "")):
        text = f"{text} {_without_introduction(listed)}"
    place = _first_own(lines[start + 1 :]) or _first_own(lines)
    found = _NAMED.match(text)
    return TellingLine(text, place, found[2] if found else "")


def _without_suppressed(lines: list[str]) -> Iterator[str]:
    """The lines without what Java tells of errors that came up while it cleaned up, which is all indented."""
    suppressed = False
    for line in lines:
        suppressed = line[:1].isspace() and (suppressed or line.lstrip().startswith("Suppressed: "))
        if not suppressed:
            yield line


def _is_at(line: str) -> bool:
    return line[:1].isspace() and line.lstrip().startswith("at ")


def _between_frames(line: str) -> bool:
    return line.lstrip().startswith(("... ", "--- End of"))


def _is_cause(line: str) -> bool:
    """Whether a line begins the deepest cause; those of suppressed exceptions are indented."""
    return line.startswith("Caused by: ") or line.lstrip().startswith(("---> ", "[cause]: "))


def _is_listed(line: str) -> bool:
    return not _is_at(line) and "Error: " in line


def _header(lines: list[str], first: int) -> int:
    """Where the exception of a stack stands whose frames begin at `first`."""
    nearest = max(first - 1, 0)
    for at in range(nearest, max(nearest - _HEADER_LINES, -1), -1):
        if _is_at(lines[at]):
            break
        if _named(_without_introduction(lines[at])):
            return at
    return nearest


def _without_introduction(line: str) -> str:
    text = line.strip().removesuffix(" {")
    if text.startswith("Exception in thread "):
        text = text.partition('" ')[2] or text
    for word in ("Caused by: ", "---> ", "(Inner Exception #0) ", "[cause]: ", "Unhandled exception. ", "Uncaught "):
        text = text.removeprefix(word)
    for word in ("Unhandled Exception: ", "Unhandled exception. ", "[errors]: [ "):
        text = text.rpartition(word)[2]
    if _named(text):
        return text
    _, level, message = _levelled(text)
    if level is None:
        return text
    return message if not (after := message.rpartition(" - ")[2]) or not _named(after) else after


def _first_own(lines: Iterable[str]) -> str:
    return next(filter(None, (at_frame(line) for line in lines if _is_at(line))), "")


def _at_frames_flat(line: str) -> TellingLine | None:
    """A stack on one line: the part that names the deepest cause, up to its first frame."""
    told = line
    for word in ("Caused by: ", "---> ", "[cause]: "):
        told = told.rpartition(word)[2] or told
    head, *frames = re.split(r"\s++at (?=[\w.$<>/: \[\]-]{1,200}\()", told)
    if not frames and told is line and "Unhandled exception. " not in line and "Exception in thread " not in line:
        return None
    text = _without_introduction(head)
    place = next(filter(None, (at_frame(f"at {part}") for part in frames)), "")
    found = _NAMED.match(text)
    return TellingLine(text, place, found[2] if found else "")


# Go and Rust


def _go(lines: list[str]) -> TellingLine | None:
    start = next((at for at, line in enumerate(lines) if _after(line).startswith(("panic: ", "fatal error: "))), None)
    if start is None:
        return None
    text = _after(lines[start]).removesuffix(" [recovered]").removesuffix(" [recovered, repanicked]")
    places = (position_frame(line) for line in lines[start + 1 :] if line[:1].isspace() and ".go:" in line)
    return TellingLine(text.strip(), next(filter(None, places), ""))


def _rust(lines: list[str]) -> TellingLine | None:
    at = next((at for at in range(len(lines) - 1, -1, -1) if "panicked at" in lines[at]), None)
    if at is None:
        return None
    told = lines[at].partition("panicked at ")[2]
    if told.startswith("'"):  # as Rust wrote it before 1.73
        message, _, place = told[1:].rpartition("', ")
        return TellingLine(message or told, position_frame(place))
    place, _, message = told.partition(": ")
    if not message.strip() and at + 1 < len(lines):
        message = lines[at + 1]
    return TellingLine(message.strip(), position_frame(place))


def _anyhow(lines: list[str]) -> TellingLine | None:
    """An error with its causes below it, one a line: of Rust's anyhow and eyre."""
    at = next((at for at, line in enumerate(lines) if line.strip() == "Caused by:"), None)
    if not at:
        return None
    causes: list[str] = []
    for line in lines[at + 1 :]:
        if not line[:1].isspace():
            break
        causes.append(re.sub(r"^\s*+(?:\d{1,3}: )?", "", line))
    top = lines[at - 1].strip()
    return TellingLine(f"{top}: {causes[-1]}", "", _named(top)) if causes else None


# Ruby, PHP, Node's engine, compilers, npm, R


def _ruby(lines: list[str]) -> TellingLine | None:
    for line in lines:
        before, found, after = line.partition(".rb:")
        number, inside, told = after.partition(":in ")
        if not found or not inside or line.lstrip().startswith("from "):
            continue
        text = told.partition(": ")[2]
        error = text.rpartition("(")[2].removesuffix(")")
        if not text:
            continue
        place = frame(f"{before.rpartition(' ')[2]}.rb", number)
        return TellingLine(text, place or _ruby_caller(lines), error if text.endswith(f"({error})") else "")
    return None


def _ruby_caller(lines: list[str]) -> str:
    callers = (line.strip().removeprefix("from ").partition(":in ")[0] for line in lines if "from " in line)
    return next(filter(None, map(position_frame, callers)), "")


def _php(lines: list[str]) -> TellingLine | None:
    for line in reversed(lines):
        _, found, told = line.partition("Fatal error: ")
        if not found:
            _, found, told = line.partition("Parse error: ")
        if not found:
            continue
        told = told.strip().removeprefix("Uncaught ")
        text, inside, place = told.rpartition(" in ")
        if not inside:
            text, place = told, ""
        return TellingLine(text, position_frame(place.replace(" on line ", ":")), _named(text))
    return None


def _v8(lines: list[str]) -> TellingLine | None:
    line = next(line for line in lines if "FATAL ERROR: " in line)
    return TellingLine("FATAL ERROR: " + line.partition("FATAL ERROR: ")[2])


def _cpp(lines: list[str]) -> TellingLine | None:
    """An exception that nothing caught, with what it says on the next line."""
    for at, line in enumerate(lines):
        _, found, name = line.partition("terminate called after throwing an instance of '")
        if found:
            said = lines[at + 1].partition("what():")[2].strip() if at + 1 < len(lines) else ""
            text = name.rstrip("'")
            return TellingLine(f"{text}: {said}" if said else text, "", text.rpartition("::")[2])
    return None


def _compiler(lines: list[str]) -> TellingLine | None:
    """The first error of a compiler: later ones often follow from it."""
    for at, line in enumerate(lines):
        text = line.strip()
        if (
            ": error: " in text
            or ": fatal error: " in text
            or text.startswith("error[")
            or re.search(r"\berror (?:TS|CS|LNK|MSB|NU|C)\d{3,5}:", text)
        ) and not _is_noise(text.lower()):
            arrow = lines[at + 1].strip() if at + 1 < len(lines) else ""
            place = position_frame(arrow.removeprefix("--> ")) if arrow.startswith("--> ") else _place(text)
            return TellingLine(text, place)
    return None


def _parenthesised(text: str) -> str:
    """The place in `src/app.ts(3,5): error TS2304: …`."""
    path, _, after = text.partition("(")
    return frame(path, after.partition(",")[0]) if " " not in path else ""


def _npm(lines: list[str]) -> TellingLine | None:
    skipped = ("code ", "errno ", "syscall ", "path ", "command ", "dest ", "A complete log", "Lifecycle ", "    ")
    for line in lines:
        for word in ("npm ERR! ", "npm error "):
            told = line.partition(word)[2]
            if told and not told.startswith(skipped):
                return TellingLine(told)
    return None


def _r(lines: list[str]) -> TellingLine | None:
    at = next((at for at in range(len(lines) - 1, -1, -1) if lines[at].startswith("Error in ")), None)
    if at is None:
        return None
    text = lines[at].strip()
    if text.endswith(":") and at + 1 < len(lines):
        text = f"{text} {lines[at + 1].strip()}"
    return TellingLine(text)


FORMS: tuple[Form, ...] = (
    Form("Python exception group", ("Exception Group Traceback (",), _python_group),
    Form("Python traceback", ("Traceback (most recent call last)", '", line '), _python),
    Form("Rust panic", ("panicked at ",), _rust),
    Form("Go panic", ("panic: ", "fatal error: "), _go),
    Form("V8", ("FATAL ERROR: ",), _v8),
    Form("C++", ("terminate called after throwing",), _cpp),
    Form("Ruby", (".rb:",), _ruby),
    Form("PHP", ("PHP Fatal error: ", "PHP Parse error: ", "Fatal error: Uncaught "), _php),
    Form("R", ("Error in ",), _r),
    Form(
        "Java, Node, .NET",
        (" at ", "\tat ", "Caused by: ", "---> ", "[cause]: ", "Unhandled exception. ", "Exception in"),
        _at_frames,
    ),
    Form("anyhow", ("Caused by:\n",), _anyhow),
    Form("npm", ("npm ERR! ", "npm error "), _npm),
    Form(
        "compiler",
        (": error: ", ": fatal error: ", "error[", "error TS", "error C", "error LNK", "error NU"),
        _compiler,
    ),
)
"""How programs print what went wrong, the surest form first."""


# Lines in no particular form


def _last_that_tells(lines: list[str]) -> TellingLine:
    if len(lines) > _FIRST_LINES + _LAST_LINES:
        lines = lines[:_FIRST_LINES] + lines[-_LAST_LINES:]
    best, chosen, place, at = -1, "", "", 0
    for number, line in enumerate(lines):
        rank, text, where = _weigh(line)
        if rank >= best:
            best, chosen, place, at = rank, text, where, number
    if chosen.endswith(":") and at + 1 < len(lines) and not _is_noise(lines[at + 1].strip().lower()):
        chosen = f"{chosen} {lines[at + 1].strip()}"
    return _plain(chosen, place)


def _weigh(line: str) -> tuple[int, str, str]:
    """How much a line tells, what it says without timestamp and level, and the frame that a prefix named."""
    place, level, text = _levelled(line.strip())
    lowered = text.lower()
    if _is_noise(lowered):
        grave = level is not None and level >= ERROR
        return (_TELLS_GRAVE_NOISE if grave else _TELLS_NOTHING), text, place
    if level is not None and level != PLAIN:
        return _BY_LEVEL[level], text, place
    if _named(text):
        return _TELLS_ERROR, text, place
    if any(word in lowered for word in _ERROR_WORDS):
        return _TELLS_WORDS, text, place
    return _TELLS_PLAIN, text, place


def _levelled(line: str) -> tuple[str, int | None, str]:
    """The frame, the level and the message of a line of a log; without a level, the line as it is."""
    if found := _GO_LOG.match(line):
        return (found[1] if position_frame(found[1]) else ""), _GO_LEVELS[line[0]], line[found.end() :] or line
    stamp = _STAMP.match(line)
    rest = line[stamp.end() :] if stamp else line
    tokens = list(_tokens(rest))
    for at, (token, end) in enumerate(tokens):
        word = token.strip("[]()<>|:-,")
        level = LEVELS.get(word.lower())
        if level is None:
            continue
        if stamp or (at == 0 and (word.isupper() or token[0] in "[<(")):
            message = rest[end:].lstrip(" -|:\t")
            # `ERROR 1045 (28000): …` has its code there.
            return "", level, message if message and not (at == 0 and message[0].isdigit() and not stamp) else rest
        if at == 0 and token.endswith(":"):  # `error: …` reads well as it is
            return "", level, line
    name, _, after = rest.partition(":")
    if name.isupper() and name.lower() in LEVELS:  # Python's `ERROR:root:…`
        logger, colon, message = after.partition(":")
        return "", LEVELS[name.lower()], (message if colon and " " not in logger else after).strip() or line
    return "", None, rest or line


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """The first few words of a text, each with where it ends."""
    end = 0
    for token in text[:200].split(maxsplit=_LEVEL_TOKENS)[:_LEVEL_TOKENS]:
        end = text.index(token, end) + len(token)
        yield token, end


def _is_noise(lowered: str) -> bool:
    """Whether a line, in lower case, says nothing about why: frames, rulers, progress, exit codes alone."""
    if lowered.startswith(_NOISE) or not any(map(str.isalpha, lowered[:200])):
        return True
    if "%|" in lowered or "it/s" in lowered or _ENCODED.fullmatch(lowered):
        return True
    if len(lowered) > _EXIT_ONLY_CHARACTERS:
        return False
    return bool(_EXIT_ONLY.fullmatch(lowered) or _SUMMARIES.fullmatch(lowered))
