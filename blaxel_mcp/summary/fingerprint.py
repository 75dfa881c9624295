"""What is the same in the messages of tasks that failed alike, and differs between other failures."""

import re

FOLDED_CHARACTERS = 1_000
"""How much of a line is folded; of a longer one, half of it from each end."""

# Quoted values, which may hold spaces; an apostrophe inside a word is no quotation mark.
_QUOTED = re.compile(r"\"[^\"]*+\"|`[^`]*+`|(?<!\w)'[^']*+'")
_VARIES = re.compile(r"[0-9/]").search

_DATE_WORDS = frozenset(
    [
        "jan",
        "feb",
        "mar",
        "apr",
        "may",
        "jun",
        "june",
        "jul",
        "july",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "january",
        "february",
        "march",
        "april",
        "august",
        "september",
        "october",
        "november",
        "december",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ]
)
_UNITS = _DATE_WORDS | frozenset(
    [
        "b",
        "kb",
        "mb",
        "gb",
        "tb",
        "kib",
        "mib",
        "gib",
        "tib",
        "byte",
        "bytes",
        "ns",
        "us",
        "µs",
        "ms",
        "s",
        "sec",
        "secs",
        "second",
        "seconds",
        "min",
        "mins",
        "minute",
        "minutes",
        "m",
        "h",
        "hr",
        "hrs",
        "hour",
        "hours",
        "day",
        "days",
        "week",
        "weeks",
        "millisecond",
        "milliseconds",
        "am",
        "pm",
        "utc",
        "gmt",
        "z",
        "cet",
        "cest",
        "est",
        "edt",
        "cst",
        "cdt",
        "pst",
        "pdt",
    ]
)
"""What comes after a number, or between two, and varies as they do."""
_VERBS = frozenset(("was", "were", "is", "are", "has", "have"))
_FIXED = frozenset(("i/o", "n/a", "and/or", "tcp/ip", "ssl/tls", "tls/ssl"))
"""Words with a slash that do not vary."""
_PUNCTUATION = ".,;:!?()[]"
_CLASS_ENDINGS = ("error", "exception")
"""Classes of errors tell failures apart, although their packages may have digits: psycopg2."""

# Codes, which tell failures apart. All in lower case; each pattern begins with a word, which makes a search quick.
_NUMBER = r"[ :=#(\[\"']*+(-?(?:0x[0-9a-f]{1,16}|\d{1,10}))(?![\w.]*[a-z])"
_CODE = re.compile(
    r"code(?:(?<=with code)|(?<=exit.code)|(?<=error.code)|(?<=status.code)|(?<=return.code)|(?<=exitcode)"
    r"|(?<=errorcode)|(?<=err.code)|(?<=statuscode)|(?<=returncode)|(?<=response.code)|(?<=result.code)"
    r"|(?<=http.code)|(?<=\(code)|(?=[\"' ]?[:=]))(?: of| is| was)?" + _NUMBER
)
_EXIT = re.compile(r"exit(?:ed)?(?: with)?" + _NUMBER)
_STATUS = re.compile(r"status" + _NUMBER)
_SIGNAL = re.compile(r"signal" + _NUMBER)
_HTTP = re.compile(r"http(?:/[123](?:\.[01])?)?(?: error| status)?(?: code)?[ :=(]*+(\d{3})\b")
_ERRNO = re.compile(r"errno" + _NUMBER)
_ERROR = re.compile(r"error(?: code)?[ (\[]#?(\d{1,6})\b(?! (?:of|rows?|items?|files?|records?|times?)\b)(?![./:-]\d)")
_SQLSTATE = re.compile(r"sqlstate[ :=\[(\"']*+([0-9a-z]{5})\b")
_RETURNED = re.compile(r"rc=(-?\d{1,5})\b")
_ORACLE = re.compile(r"ora-\d{3,6}\b")
_MODULE = re.compile(r"no module named '?([\w.]++)")
_STATUS_FIRST = re.compile(r" ([45]\d\d) (?=[a-z])")
"""A status before its words, as in `503 Server Error`; looked for where a status is likely."""
_LETTERED = re.compile(
    r"(?<![\w-])(?:(?!ID|SKU|PO|NO)[A-Z]{1,6}[0-9]{4,5}(?![\w-])|(?:TNS|PLS|DPY|DPI|MY|RMAN)-\d{3,6}\b)"
)
"""Codes like E0432, TS2304, LNK2019, in their own case; ids are longer, or have a dash."""

# Scripts without spaces between words. A number in a sentence of these would otherwise take the sentence with it.
_UNSPACED = re.compile(r"(?<=[\u0e00-\u0eff\u2e80-\uffef])(?=[!-~])|(?<=[!-~])(?=[\u0e00-\u0eff\u2e80-\uffef])")
_DIGIT = re.compile(r"\d")


def fingerprint(line: str, task_name: str = "") -> str:
    """A text that is equal for lines that tell of the same failure, and differs for others.

    Folded to `#` is what varies: numbers with their units, ids, addresses, paths, times, quoted values with a digit or
    a slash, and the name of the task. Kept are words, quoted ones included, and codes: of exits, signals, statuses and
    errors.

    Args:
        line: the line that tells, as `telling` finds it.
        task_name: the name of the task that it is of.
    """
    if len(line) > FOLDED_CHARACTERS:
        half = FOLDED_CHARACTERS // 2
        line = f"{line[:half]} {line[-half:]}"
    text = line.lower()
    codes = _codes(line, text)
    name = task_name.lower()
    if len(name) > 1 and name in text:
        text = text.replace(name, "0")
    if '"' in text or "'" in text or "`" in text:
        text = _QUOTED.sub(_fold_quoted, text)
    if not text.isascii():
        text = _UNSPACED.sub(" ", _DIGIT.sub("0", text))
    folded = _fold(text)
    return f"{folded}\0{codes}" if codes else folded


def _fold(text: str) -> str:
    """The words of a text, with `#` for each run of those that vary: they have a digit or a slash, or are units.

    Written for speed, with the words that are letters first: ten thousand messages have half a million.
    """
    kept: list[str] = []
    keep = kept.append
    varied = counted = False  # whether the word before varies; whether it is what a number counts
    for word in text.split():
        if not word.isalpha() and _VARIES(word) and _is_varying(word):
            while kept and kept[-1].rstrip(",") in _DATE_WORDS:
                kept.pop()
            if not kept or kept[-1] != "#":
                keep("#")
            varied, counted = True, False
        elif varied:
            bare = word.rstrip(_PUNCTUATION)
            if bare not in _UNITS:
                keep(_singular(bare))
                varied, counted = False, bare == word
        elif counted:
            counted = False
            if word not in _VERBS:
                keep(word)
        else:
            keep(word)
    return " ".join(kept)


def _is_varying(word: str) -> bool:
    bare = word.strip(_PUNCTUATION)
    return bare not in _FIXED and ("/" in bare or not bare.endswith(_CLASS_ENDINGS))


def _codes(line: str, text: str) -> str:  # noqa: C901 - a loop over a table takes twice as long
    """The codes in a line, given also in lower case."""
    found: list[str] = []
    if "code" in text:
        found += _CODE.findall(text)
    if not found and "exit" in text:
        found += _EXIT.findall(text)
    if "status" in text:
        found += _STATUS.findall(text)
    if "signal" in text:
        found += _SIGNAL.findall(text)
    if "http" in text:
        found += _HTTP.findall(text)
    if "err" in text:
        found += _ERRNO.findall(text)
        found += _ERROR.findall(text)
        found += _STATUS_FIRST.findall(" " + text)
        found += _LETTERED.findall(line)
    elif not line[1:2].islower():
        found += _LETTERED.findall(line)
    if "sqlstate" in text:
        found += _SQLSTATE.findall(text)
    if "rc=" in text:
        found += _RETURNED.findall(text)
    if "ora-" in text:
        found += _ORACLE.findall(text)
    if "no module" in text:
        found += _MODULE.findall(text)
    return " ".join(found)


def _fold_quoted(match: re.Match[str]) -> str:
    return "0" if _VARIES(match[0]) else match[0]


def _singular(noun: str) -> str:
    """`row` for `rows`, and the like in whatever spelling: one and several of a thing are the same failure."""
    stem = noun.rstrip("es")
    return stem[:-1] + "i" if stem.endswith("y") else stem
