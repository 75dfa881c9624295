"""What an answer's prose says outside of its quotations, by a grammar that is stricter than any reader.

A quotation begins at a double quote and ends at the next one on the same line; nothing escapes one, and none may look
as if it were escaped. What is left without them are the server's own words: each of them must be in its source code.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import blaxel_mcp

_PACKAGE = Path(blaxel_mcp.__file__).parent
_WRITERS = (
    "summary",
    "tools",
    "errors.py",
    "prompts.py",
    "polling.py",
    "api",
    "middleware.py",
    "server.py",
    "models.py",
)
"""The parts of the program that write sentences."""
LABELS = (
    "Next:",
    "Note:",
    "Why:",
    "Failures:",
    "Failures so far:",
    "Taken:",
    "Between them:",
    "Unlike the last success:",
)
_BEFORE, _AFTER = " ([", " .,;:)]?!"
_CONFUSABLE = set("“”„‟″‶˝ˮ˶״〃〝〞〟\uff02❝❞🙶🙷🙸⹂ʺ")
_MARKUP = re.compile(r"\]\(|<[A-Za-z/!?]")
# What may stand outside of quotes although it is the workload's: the class of an exception, and a file with its line.
_RAISED = re.compile(r"the program raised (?:[A-Za-z_]\w{0,40}(?:\.|::)){0,5}[A-Z][A-Za-z0-9]{2,59} in ", re.ASCII)
_FRAME = re.compile(r" \([\w@+-][\w.@+-]{0,59}:\d{1,7}\)", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d{4}-\d\d-\d\d")
_COMMAND = re.compile(r"run `bl logs job [A-Za-z0-9._-]{1,80} [A-Za-z0-9._-]{1,80}`,", re.ASCII)
_REQUEST_ID = re.compile(r" Blaxel's request id is [A-Za-z0-9_=.:-]{1,80}\.")
_WORD = re.compile(r"[^\W\d_]+")


class Quotations(NamedTuple):
    """A prose taken apart: the texts in quotes, and what is left, each quotation replaced by an empty one."""

    quoted: list[str]
    outside: str


def take_apart(prose: str) -> Quotations:
    """The quotations of a prose, and the rest.

    Raises:
        AssertionError: one is not closed on its line, is not set off from the words around it, or holds something that
            could be taken for its end.
    """
    quoted, lines = [], []
    for line in prose.split("\n"):
        parts = line.split('"')
        assert len(parts) % 2, f"a quotation is not closed: {line!r}"
        for before, text, after in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
            assert not before or before[-1] in _BEFORE, f"{before[-20:]!r} before {text!r}"
            assert not after or after[0] in _AFTER, f"{after[:20]!r} after {text!r}"
            assert not text.endswith("\\"), f"the end looks escaped: {text!r}"
            assert not _CONFUSABLE & set(text), f"the end looks come: {text!r}"
            quoted.append(text)
        lines.append('""'.join(parts[::2]))
    return Quotations(quoted, "\n".join(lines))


def foreign_words(prose: str) -> set[str]:
    """Words outside of quotations that are not the server's own; those of ids and of the API's closed sets are."""
    outside = take_apart(prose).outside
    for allowed in (_RAISED, _FRAME, _MOMENT, _COMMAND, _REQUEST_ID):
        outside = allowed.sub(" ", outside)
    return {word for word in _WORD.findall(outside) if word.casefold() not in own_words()}


def labels(prose: str) -> dict[str, int]:
    """How often each label stands outside of quotations, in whatever case."""
    outside = take_apart(prose).outside
    return {label: outside.count(label) for label in LABELS}


def markup(text: str) -> list[str]:
    """What a renderer of Markdown or HTML could take for a link, an image or a tag."""
    return _MARKUP.findall(text)


@cache
def own_words() -> frozenset[str]:
    """Every word in a string of the program, docstrings apart."""
    files = [
        file
        for part in _WRITERS
        for file in ([_PACKAGE / part] if part.endswith(".py") else (_PACKAGE / part).glob("*.py"))
    ]
    found: set[str] = set()
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                found |= {word.casefold() for word in _WORD.findall(node.value)}
    return frozenset(found | {"s", "m", "h", "d", "today", "yesterday", "mb", "utc"})
