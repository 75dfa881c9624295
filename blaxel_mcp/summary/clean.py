"""The one place where untrusted text becomes safe to show: names, reasons, messages, unknown statuses.

Whatever an execution carries may have been written by a workload: it can hold terminal escapes, bidi overrides,
invisible characters, credentials, markup, or instructions to a language model. The first four are removed here, and
markup is broken; instructions stay harmless because the text is quoted, cut, and never used in a next step.

Markdown and HTML are rendered inside quotes too, and an image is loaded without a click: its address could carry away
what a model was made to write into it. So no text keeps a Markdown link or image, or anything that could be a tag. A
bare address stays, since it is often what a reader needs: at most it becomes a link, which nobody follows unasked.
"""

import re
import unicodedata

from blaxel_mcp.summary.redact import MASK, redact
from blaxel_mcp.summary.truncate import truncate_middle

_ELLIPSIS = "…"
_READ_FACTOR = 20
"""Only this many times the limit is read, so that a megabyte of escapes costs nothing."""

_MASKING_REACH = 4_096
"""So much more than is shown is searched for credentials: a private key of 4,096 bits in one line takes 3,300."""

_LONGEST_HALF = 200
"""A shorter word at the end of what is read may be the first half of a secret, which nothing can recognise."""

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, hyperlinks
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
)
_WHITE_SPACE = re.compile(r"\s+")
# `[text](address)`, `![text](address)`, `<img …>`, `</a>`, `<!--`, `<?xml`, `<https://…>`: none of them may have a
# blank here, and with one all of them read as well as before (`expected < int> but got < str>`).
_MARKUP = re.compile(r"(\](?=\()|<(?=[A-Za-z/!?]))")
# What looks like the character that ends a quotation; by Unicode's table of confusable characters, and low ones.
_QUOTATION_MARKS = str.maketrans(
    dict.fromkeys('"\u201c\u201d\u201e\u201f\u02ba\u02dd\u02ee\u02f6\u05f4\u1cd3\u2033\u2036\u275d\u275e\u2e42', "'")
    | dict.fromkeys("\u3003\u301d\u301e\u301f\uff02\U0001f676\U0001f677\U0001f678", "'")
)
# Blank-looking characters that are letters or marks to Unicode: Hangul fillers, braille blank, variation selectors.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5") | {chr(c) for c in range(0xFE00, 0xFE10)}
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SUPPLEMENTARY_SELECTORS = range(0xE0100, 0xE01F0)
_MONGOLIAN_SELECTORS = frozenset("\u180b\u180c\u180d\u180f")


def _is_visible(character: str) -> bool:
    return not (
        unicodedata.category(character) in _HIDDEN_CATEGORIES
        or character in _BLANK
        or character in _MONGOLIAN_SELECTORS
        or ord(character) in _SUPPLEMENTARY_SELECTORS
    )


def visible(text: str) -> bool:
    """Whether a reader would see every character of the text, so that `clean` removes none as invisible."""
    return all(map(_is_visible, text))


def clean(text: str, limit: int, *, middle: bool = False) -> str:
    """The text as one line of at most `limit` characters, a cut marked with `…`; it may come out empty.

    Control, ANSI, bidi, zero-width and private-use characters are removed, white space is folded to single spaces,
    what looks like a credential becomes `***`, and a blank breaks Markdown links and whatever could be an HTML tag.
    With `middle`, head and tail of the text are read and kept.
    """
    return clean_counting(text, limit, middle=middle)[0]


def clean_counting(text: str, limit: int, *, middle: bool = False) -> tuple[str, bool]:
    """What `clean` gives, and whether something that a reader would have seen was cut off."""
    read = limit * _READ_FACTOR
    if middle and len(text) > read:
        text = f"{text[: read // 2]} … {text[-(read // 2) :]}"
        read = len(text)
    line = _without_invisible(text[:read])
    whole = len(text) <= read
    if not middle and len(line) > limit + _MASKING_REACH:
        line, whole = line[: limit + _MASKING_REACH], False
    # Before white space is folded, since line ends tell where a value ends; after escapes, which could split it.
    line = _MARKUP.sub(r"\1 ", _WHITE_SPACE.sub(" ", redact(line).text).strip())
    last = line.rfind(" ") + 1
    if not whole and len(line) - last < _LONGEST_HALF and not line.endswith(MASK):
        line = line[:last]
    if len(line) <= limit and whole:
        return line, False
    return (truncate_middle(line, limit) if middle else line[: limit - 1].rstrip() + _ELLIPSIS), True


def is_blank(text: str, limit: int) -> bool:
    """Whether `clean` would leave nothing of the text; no more of it is looked at than tells."""
    read = limit * _READ_FACTOR
    return len(text) <= read and not _without_invisible(text).strip()  # a cut would be marked


def _without_invisible(text: str) -> str:
    line = _ESCAPE_SEQUENCE.sub("", text)
    if line.isascii() and line.isprintable():
        return line
    return "".join(character for character in line if character.isspace() or _is_visible(character))


def in_quotes(text: str) -> str:
    """Clean text in double quotes, which nothing in it can end, or seem to end.

    Double quotes in it, and what looks like them, become single ones; a backslash at its end is kept off the last one.
    """
    inner = text.translate(_QUOTATION_MARKS)
    return f'"{inner} "' if inner.endswith("\\") else f'"{inner}"'
