"""Lines of output one at a time: the timestamp and level in front, the class of error, and whether a line is noise."""

import re
from collections.abc import Iterator
from itertools import islice

from blaxel_mcp.summary.frames import position_frame
from blaxel_mcp.summary.patterns import lazy_compile
from blaxel_mcp.summary.records import ERROR, FATAL, INFO, LEVELS, WARNING

NAMED = lazy_compile(
    r"((?:::)?(?:[A-Za-z_][\w$]*+(?:[.\\]|::))*+)([A-Za-z_][\w$]*+)(?: \[\w++\])?(?=:|$| \(|\Z)", re.ASCII
)
CLASS_ENDINGS = (
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
_STAMP = lazy_compile(
    r"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ]|[A-Z][a-z]{2} [ \d]\d )?\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?"
    r"(?: ?(?:Z\b|UTC\b|[+-]\d\d:?\d\d\b))?\]?[ \t|-]*",
    re.ASCII,
)
_GO_LOG = lazy_compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9} +\d{1,9} ([\w.-]{1,60}:\d{1,6})\] ", re.ASCII)
_GO_LEVELS = {"I": INFO, "W": WARNING, "E": ERROR, "F": FATAL}
_WORD = lazy_compile(r"\S++")
_ENCODED = lazy_compile(r"[a-z0-9+/=_-]{40,}+")
_EXIT_ONLY = lazy_compile(
    r"(?:[^\s:]{1,60} ){0,5}?(?:exit(?:ed|s|ing)?|terminated|failed|returned|completed|finished)"
    r"(?: with| on| non-?zero| an| a| exit| return| error| status| code){0,6}[:= ]{0,3}\(?-?\d{1,10}\)?\.?"
)
_EXIT_ONLY_CHARACTERS = 120
_SUMMARIES = lazy_compile(
    r"(?:the )?(?:task|job|container|process|program|execution|build|command|script|worker|pod)s?"
    r"(?: [\w-]{1,40})? (?:has |have )?(?:failed|exited|aborted|stopped|terminated|died)\W*"
    r"|\W*attempt \d{1,3}(?:/| of )\d{1,3} failed(?: with \d{1,6} errors?)?\W*"
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
    "tar: error is not recoverable",
    "tar: exiting with failure",
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
_LEVEL_TOKENS = 5
"""Among how many words after a timestamp the level is looked for."""


def error_class(text: str) -> str:
    """The class of error that a text begins with, without its package; empty if it begins with none."""
    found = NAMED.match(text)
    return found[2] if found and found[2].endswith(CLASS_ENDINGS) else ""


def without_stamp(line: str) -> str:
    """A line without a timestamp in front, as container runtimes write one before each."""
    found = _STAMP.match(line)
    return line[found.end() :] if found and line[found.end() :] else line


def split_level(line: str) -> tuple[str, int | None, str]:
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
        # `Database Error in model x` has no level: a bare word behind another one is part of a sentence.
        in_sentence = token == word and not word.isupper() and at > 0 and tokens[at - 1][0].isalnum()
        if (stamp and not in_sentence) or (at == 0 and (word.isupper() or token.startswith(("[", "<", "(")))):
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
    for found in islice(_WORD.finditer(text[:200]), _LEVEL_TOKENS):
        yield found[0], found.end()


def is_noise(lowered: str) -> bool:
    """Whether a line, in lower case, says nothing about why: frames, rulers, progress, exit codes alone."""
    if lowered.startswith(_NOISE) or not any(map(str.isalpha, lowered[:200])):
        return True
    if "%|" in lowered or "it/s" in lowered or _ENCODED.fullmatch(lowered):
        return True
    if len(lowered) > _EXIT_ONLY_CHARACTERS:
        return False
    return bool(_EXIT_ONLY.fullmatch(lowered) or _SUMMARIES.fullmatch(lowered))
