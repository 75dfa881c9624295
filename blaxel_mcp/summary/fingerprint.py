"""What is the same in the messages of tasks that failed alike, and differs between other failures."""

import re

from blaxel_mcp.summary.patterns import lazy_compile

FOLDED_CHARACTERS = 1_000
"""How much of a line is folded; of a longer one, half of it from each end."""

# Quoted values, which may hold spaces; an apostrophe inside a word is no quotation mark.
_QUOTED = lazy_compile(r"\"[^\"]*+\"|`[^`]*+`|(?<!\w)'[^']*+'")
_VARIES = re.compile(r"[0-9/]").search

# Words with a digit or a slash in them: numbers, dates, ids, addresses, paths. Several of these in a row are one, since
# lists differ in length. Written for speed: it begins with a literal space, has no character categories, and never
# backtracks.
_VARYING = lazy_compile(r" [^ 0-9/]*+[0-9/][^ ]*+(?: [^ 0-9/]*+[0-9/][^ ]*+)*+")
# The same but for classes of errors, which tell failures apart although their packages may have digits: psycopg2.
_WORD = r"[^ 0-9/]*+[0-9/][^ ]*+(?<!error)(?<!error:)(?<!error\))(?<!exception)(?<!exception:)(?<!exception\))"
_VARYING_BUT_CLASSES = lazy_compile(rf" {_WORD}(?: {_WORD})*+")
_SEVERAL = lazy_compile(r" #(?: #)++")
# The word after a number, where it may be a unit or a plural: short, or with such an ending, or with a verb.
_VERB = r" (?:was|were|is|are|has|have)(?= |$)"
_COUNTED = lazy_compile(
    r" # ([a-zµ]++)(?:(?<=[sey])|(?<= [a-zµ])|(?<= [a-zµ]{2})|(?<= [a-z]{3})|(?<=week)|(?<=hour)|(?<=second)|(?<=sept)"
    rf"|(?<=cest)|(?<=ber)|(?<=march)|(?<=april)|(?<=august)|(?={_VERB}))([.,;:!?)\]]*+)(?:{_VERB})?"
)
_UNITS = frozenset(
    "b kb mb gb tb kib mib gib tib byte bytes ns us µs ms s sec "  # noqa: SIM905 - a list is sixty lines long
    "secs second seconds milliseconds min mins "
    "minute minutes m h hr hrs hour hours day days week weeks am pm utc gmt z cet cest est edt cst cdt pst "
    "pdt jan feb mar apr may jun june jul july aug sep sept oct nov dec january february march april august "
    "september october november december mon tue wed thu fri sat sun monday tuesday wednesday thursday friday "
    "saturday sunday".split()
)
"""What comes after a number, or between two, and varies as they do."""
_WEEKDAY = lazy_compile(r" (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*+,? (?=[0-9]|[a-z]{3,9}+ [0-9])")

# Codes, which tell failures apart. All in lower case; each pattern begins with a word, which makes a search quick.
_NUMBER = r"[ :=#(\[\"']*+(-?(?:0x[0-9a-f]{1,16}|\d{1,10}))(?![\w.]*[a-z])"
_CODE = lazy_compile(
    r"code(?:(?<=with code)|(?<=exit.code)|(?<=error.code)|(?<=status.code)|(?<=return.code)|(?<=exitcode)"
    r"|(?<=errorcode)|(?<=err.code)|(?<=statuscode)|(?<=returncode)|(?<=response.code)|(?<=result.code)"
    r"|(?<=http.code)|(?<=\(code)|(?=[\"' ]?[:=]))(?: of| is| was)?" + _NUMBER
)
_EXIT = lazy_compile(r"exit(?:ed)?(?: with)?" + _NUMBER)
_STATUS = lazy_compile(r"status" + _NUMBER)
_SIGNAL = lazy_compile(r"signal" + _NUMBER)
_HTTP = lazy_compile(r"http(?:/[123](?:\.[01])?)?(?: error| status)?(?: code)?[ :=(]*+(\d{3})\b")
_ERRNO = lazy_compile(r"errno" + _NUMBER)
_ERROR = lazy_compile(
    r"error(?: code)?[ (\[]#?(\d{1,6})\b(?! (?:of|rows?|items?|files?|records?|times?)\b)(?![./:-]\d)"
)
_SQLSTATE = lazy_compile(r"sqlstate[ :=\[(\"']*+([0-9a-z]{5})\b")
_RETURNED = lazy_compile(r"rc=(-?\d{1,5})\b")
_ORACLE = lazy_compile(r"ora-\d{3,6}\b")
_MODULE = lazy_compile(r"no module named '?([\w.]++)")
_STATUS_FIRST = lazy_compile(
    r" ([45]\d\d) (?=[a-z])(?!(?:of|rows|items|files|records|tasks|bytes|[km]?b|m?s|se|mi|ho)\b)"
)
"""A status before its words, as in `503 Server Error`; looked for where a status is likely."""
_LETTERED = lazy_compile(
    r"(?<![\w-])(?:(?!ID|SKU|PO|NO)[A-Z]{1,6}[0-9]{4,5}(?![\w-])|(?:TNS|PLS|DPY|DPI|MY|RMAN)-\d{3,6}\b)"
)
"""Codes like E0432, TS2304, LNK2019, in their own case; ids are longer, or have a dash."""

# Scripts without spaces between words. A number in a sentence of these would otherwise take the sentence with it.
_UNSPACED = lazy_compile(r"(?<=[\u0e00-\u0eff\u2e80-\uffef])(?=[!-~])|(?<=[!-~])(?=[\u0e00-\u0eff\u2e80-\uffef])")
_ACTION = lazy_compile(r"(?<![\w/:-])[a-z][a-z0-9-]{1,30}+:[A-Z][A-Za-z]{2,60}(?![\w/])")
"""What a caller of AWS may not do, as `s3:GetObject`; looked for where access was denied."""
_DIGIT = lazy_compile(r"\d")


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
    if "\n" in text or "\t" in text or "  " in text:
        text = " ".join(text.split())
    text = " " + text
    if "/" in text:  # words with a slash that do not vary
        text = text.replace(" i/o ", " i-o ").replace(" and/or ", " and-or ").replace(" tcp/ip ", " tcp-ip ")
    if "20" in text:
        text = _WEEKDAY.sub(" ", text)
    text = (_VARYING_BUT_CLASSES if "error" in text or "exception" in text else _VARYING).sub(" #", text)
    if " # " in text:
        text = _COUNTED.sub(_singular, text)
        if " # #" in text:
            text = _SEVERAL.sub(" #", text)
    return f"{text}\0{codes}" if codes else text


def is_named(line: str, task_name: str) -> bool:
    """Whether the name of its task stands in a line, so that the fingerprint depends on it."""
    return len(task_name) > 1 and task_name.lower() in line.lower()


def _codes(line: str, text: str) -> str:  # noqa: C901, PLR0912 - a loop over a table takes twice as long
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
        if "errno" in text:
            found += _ERRNO.findall(text)
        if "error" in text:
            found += _ERROR.findall(text)
        found += _STATUS_FIRST.findall(" " + text)
        lettered = True
    elif "return" in text or "respon" in text:
        found += _STATUS_FIRST.findall(" " + text)
        lettered = False
    else:
        lettered = not line[1:2].islower()
    # Without a capital, but for that of a sentence, none of these codes is there; the search takes long.
    if lettered and (line[1:] != text[1:] or not line[1:2].isalpha()):
        found += _LETTERED.findall(line)
    if "sqlstate" in text:
        found += _SQLSTATE.findall(text)
    if "rc=" in text:
        found += _RETURNED.findall(text)
    if "ora-" in text:
        found += _ORACLE.findall(text)
    if "denied" in text or "authorized" in text:
        found += _ACTION.findall(line)
    if "no module" in text:
        found += _MODULE.findall(text)
    return " ".join(found)


def _fold_quoted(match: re.Match[str]) -> str:
    return "0" if _VARIES(match[0]) else match[0]


def _singular(match: re.Match[str]) -> str:
    """`# row` for `# rows`, and the like in whatever spelling: one and several of a thing are the same failure."""
    if match[1] in _UNITS:
        return " #"
    stem = match[1].rstrip("es")
    return f" # {stem[:-1]}i{match[2]}" if stem.endswith("y") else f" # {stem}{match[2]}"
