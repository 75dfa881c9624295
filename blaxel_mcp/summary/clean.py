"""The one place where untrusted text becomes safe to show: names, reasons, messages, unknown words.

Anything that an execution carries may have been written by a workload, so it can hold terminal escapes, bidi
overrides, invisible characters, credentials, or orders to a language model. The first four are removed here; the last
stays inert because the text is quoted, cut, and never used in advice.
"""

import re
import unicodedata

_ELLIPSIS = "…"
_READ = 20
"""How many times the limit is read at all, so that a megabyte of escapes costs nothing."""

_ESCAPE = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, hyperlinks
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
)
_SPACE = re.compile(r"\s+")
# Words that announce a credential, anywhere in a name such as DB_PASSWORD, and the forms that well-known ones have.
_ANNOUNCED = re.compile(
    r"(?i)((?:api[-_]?key|access[-_]?key|token|secret|password|passwd|authorization)[\"']?\s{0,3}[:=]\s{0,3}"
    r"(?:bearer\s{1,3}|basic\s{1,3})?[\"']?|\bbearer\s{1,3})(?!\*{3})[^\s\"',;&]{6,}"
)
_KNOWN_FORM = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?"  # JSON web token
    r"|gh[opsur]_\w{20,}|github_pat_\w{20,}"
    r"|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}|bl_\w{16,}"
    r"|A(?:KI|SI)A[A-Z0-9]{16}"
    r")"
)
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@]{1,200}@")
# Blank-looking characters that are letters or marks to Unicode: Hangul fillers, braille blank, variation selectors.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5") | {chr(c) for c in range(0xFE00, 0xFE10)}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SUPPLEMENTARY_SELECTORS = range(0xE0100, 0xE01F0)
_MONGOLIAN_SELECTORS = frozenset("\u180b\u180c\u180d\u180f")


def _shown(character: str) -> bool:
    return not (
        unicodedata.category(character) in _HIDDEN
        or character in _BLANK
        or character in _MONGOLIAN_SELECTORS
        or ord(character) in _SUPPLEMENTARY_SELECTORS
    )


def visible(text: str) -> bool:
    """Whether a reader would see all of it: `clean` takes nothing out."""
    return all(map(_shown, text))


def _redact(line: str) -> str:
    line = _IN_ADDRESS.sub("***@", line) if "://" in line else line
    return _KNOWN_FORM.sub("***", _ANNOUNCED.sub(r"\1***", line))


def clean(text: str, limit: int) -> str:
    """One line of at most `limit` characters, a cut marked with `…`; may come out empty.

    Control, ANSI, bidi, zero-width and private-use characters go, white space folds to single spaces, and what
    looks like a credential becomes `***`.
    """
    head = text[: limit * _READ]
    line = _ESCAPE.sub("", head)
    if not (line.isascii() and line.isprintable()):
        line = "".join(filter(_shown, _SPACE.sub(" ", line)))
    line = _redact(_SPACE.sub(" ", line).strip())
    if len(line) <= limit and len(head) == len(text):
        return line
    return line[: limit - 1].rstrip() + _ELLIPSIS
