"""The line of a message that tells what went wrong: the exception, not the frames above it nor the noise after it.

Messages are what programs print as they die. `error_forms` knows how the common languages and tools do that; where no
form fits, the lines are weighed one by one, and the last of the gravest is taken. The text found is as it was printed:
`clean` takes out what must not be shown.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.error_forms import FORMS, TellingLine, in_one_line
from blaxel_mcp.summary.key_lines import mask_key_lines
from blaxel_mcp.summary.log_lines import error_class, is_noise, split_level
from blaxel_mcp.summary.patterns import lazy_compile
from blaxel_mcp.summary.records import ERROR, FATAL, INFO, WARNING, read_record
from blaxel_mcp.summary.redact import redact
from blaxel_mcp.summary.truncate import truncate_middle

__all__ = ["TellingLine", "TellingLog", "telling", "telling_log", "telling_text"]

_READ_CHARACTERS = 8 * 1024
"""How much of a message's beginning, and of its end, is read."""
_LOG_CHARACTERS = 64 * 1024
"""How much of a log's end is read."""
_LINE_CHARACTERS = 400
"""The longest line of a log that is returned."""
_ONE_LINE_CHARACTERS = 300
"""The longest message that the quick way is tried on."""
_FIRST_LINES, _LAST_LINES = 50, 150
"""How many lines in no particular form are weighed, from the beginning and from the end."""
_DEPTH = 3
"""How often a text found inside a message is read as a message again."""


class TellingLog(NamedTuple):
    """The lines of a log that say what went wrong.

    Attributes:
        line: the one that says most.
        lines: the lines worth showing, in order of time and at most 400 characters each; the last one is `line` with
            its frame in parentheses. Empty where the log says nothing, the newest ones where none tells of an error.
        sure: whether `line` tells of an error, and is not merely the last one of those that were written.
    """

    line: TellingLine
    lines: list[str]
    sure: bool


_ESCAPE = lazy_compile(r"\x1b\[[0-9;?]*+[@-~]?")
# A key is taken out as a whole: its lines one by one would not be recognised as one by whoever masks credentials.
_KEY = lazy_compile(r"(-----BEGIN [^-\n]{1,60}+-----)(?:(?!-----END ).)*+(?:-----END [^-\n]{1,60}+-----)?", re.DOTALL)
_STREAM = lazy_compile(
    r"\[(?:stderr|stdout|err|out|rank\d{1,4}|default\d)\]:? ?|(?:stderr|stdout)(?: [FP])?: ?|│ ?"
    r"|(?:\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) )?(?:stderr|stdout) [FP] "
)
_CONTAINER = lazy_compile(r"[\w.-]{1,60}+ {0,20}+\|(?: |$)", re.ASCII)
_SHELL = lazy_compile(r"\S{1,200}: line \d{1,6}: ")
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
    # German, French, Spanish, Portuguese
    "fehler",
    "fehlt",
    "konnte nicht",
    "kann nicht",
    "verweigert",
    "erreur",
    "impossible",
    "introuvable",
    "falha",
    "no se pudo",
    "no existe",
    "no encontr",
    "denegado",
    "fallo al",
)
_ERROR_WORDS_BEYOND_ASCII = (
    "ungültig",
    "échec",
    "refusé",
    "falló",
    "não foi",
    "ошибка",
    "не удалось",
    "错误",
    "錯誤",
    "失败",
    "失敗",
    "异常",
    "无法",
    "不存在",
    "エラー",
    "例外",
    "見つかりません",
    "できません",
    "오류",
    "실패",
)
# How much a line tells; higher numbers win, among equals the last line.
_TELLS_NOTHING, _TELLS_INFO, _TELLS_WARNING, _TELLS_PLAIN, _TELLS_GRAVE_NOISE, _TELLS_WORDS = range(6)
_TELLS_ERROR, _TELLS_FATAL = 6, 7
_BY_LEVEL = {
    FATAL: _TELLS_FATAL,
    ERROR: _TELLS_ERROR,
    WARNING: _TELLS_WARNING,
    INFO: _TELLS_INFO,
}


def telling(message: str) -> TellingLine:
    """The line of a message that tells what went wrong, with its frame and its class of error.

    Of a long message the first and the last 8 KiB are read.
    """
    if (text := _as_it_is(message)) is not None:
        return in_one_line(text)
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
    text = _without_escapes_and_keys("\n".join(mask_key_lines([*map(_entry, _newest(lines))])))
    found = _read(text, _DEPTH)
    written = _split(text)
    if not found.text or not written:
        return TellingLog(TellingLine(""), [], sure=False)
    last = f"{found.text} ({found.frame})" if found.frame and found.frame not in found.text else found.text
    kept: dict[str, None] = {}
    sure = bool(found.error or found.frame)
    sure = sure or any(found.text in line and _weigh(line)[0] >= _TELLS_WORDS for line in set(written))
    if not sure:
        visible = (line.strip() for line in reversed(written) if clean(line, _LINE_CHARACTERS))
        shown = [_shortened(line) for line in islice(visible, most)][::-1]
        return TellingLog(TellingLine(shown[-1] if shown else ""), shown, sure=False)
    for line in written:
        if found.text in line or line.strip() in found.text:
            break
        if line[:1].isspace():
            continue
        rank, text, _ = _weigh(line)
        if rank >= _TELLS_WORDS:
            kept.setdefault(text)
    before = list(kept)[-(most - 1) :] if most > 1 else []
    return TellingLog(found, [_shortened(line) for line in (*before, last)], sure)


def _shortened(line: str) -> str:
    """A line of a log, cut in its middle; credentials are masked before, since halves of one are not recognised."""
    return truncate_middle(redact(line).text, _LINE_CHARACTERS) if len(line) > _LINE_CHARACTERS else line


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
        or not message[1:2].islower()  # a level, or what klog begins with
        or message[4:6].strip().isdigit()  # the day of syslog's `Nov 26`
        or '", line ' in message
        or " at " in message
        or "failed with " in message
        or "evel=" in message
        or "lvl=" in message
        or "everity=" in message
        or "--> " in message
        or ".rb:" in message
        or "aused by: " in message
        or message.startswith(("Exception in", "npm "))
    ):
        return None
    return message.rstrip()


def _ends(message: str, limit: int) -> str:
    """The first and last so many characters of a text."""
    return message if len(message) <= 2 * limit else f"{message[:limit]} … {message[-limit:]}"


def _without_escapes_and_keys(text: str) -> str:
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    return _KEY.sub(r"\1 ***", text) if "-----BEGIN " in text else text


def _read(text: str, depth: int) -> TellingLine:
    text = _unwrapped(_without_escapes_and_keys(text))
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
    lines = [stripped for line in text.splitlines() if (stripped := line.rstrip())]
    if "│" in text or "std" in text or "[" in text:
        lines = [_STREAM.sub("", line, count=1) if _STREAM.match(line) else line for line in lines]
    # The last line may be the tool's own, as `worker-1 exited with code 1`.
    if len(lines) > 1 and all(_CONTAINER.match(line) for line in lines[: max(len(lines) - 1, 2)]):
        lines = [line[found.end() :] for line in lines if (found := _CONTAINER.match(line))]
    return list(filter(None, lines))


def _structured(text: str, lines: list[str]) -> tuple[str, list[str]]:
    """The text of the last of the gravest JSON or logfmt records, if it is an error, and the lines that are no records.

    Where all lines are records, the gravest one counts whatever its level.
    """
    if (whole := read_record(text)) is not None:
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


def _last_that_tells(lines: list[str]) -> TellingLine:
    lines = lines[:_FIRST_LINES] + lines[_FIRST_LINES:][-_LAST_LINES:]
    if not lines:
        return TellingLine("")
    weighed = [*map(_weigh, lines)]
    at = max(range(len(lines)), key=lambda number: (weighed[number][0], number))
    _, chosen, place = weighed[at]
    if chosen.endswith(":") and at + 1 < len(lines) and not is_noise(lines[at + 1].strip().lower()):
        chosen = f"{chosen} {lines[at + 1].strip()}"
    return in_one_line(chosen, place)


def _weigh(line: str) -> tuple[int, str, str]:
    """How much a line tells, what it says without timestamp and level, and the frame that a prefix named."""
    place, level, text = split_level(line.strip())
    lowered = text.lower()
    if is_noise(lowered):
        grave = level is not None and level >= ERROR
        return (_TELLS_GRAVE_NOISE if grave else _TELLS_NOTHING), text, place
    if level is not None:
        return _BY_LEVEL[level], text, place
    if error_class(text) or (": line " in text and _SHELL.match(text)):
        return _TELLS_ERROR, text, place
    if any(word in lowered for word in _ERROR_WORDS) or (
        not lowered.isascii() and any(word in lowered for word in _ERROR_WORDS_BEYOND_ASCII)
    ):
        return _TELLS_WORDS, text, place
    return _TELLS_PLAIN, text, place
