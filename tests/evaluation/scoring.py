"""What an answer is worth: plain functions of the answer, what was called, and what a right answer holds.

A fact is a list of patterns, any of which will do. Patterns are regular expressions over the answer as `plain` makes
it: lower case, without markup and thousands separators. They match whole words: "3 of 40" is not in "13 of 40" nor in
"3 of 400".
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evaluation.denial import denied

_TYPOGRAPHIC = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--")
_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER = rf"\d+|{'|'.join([*_WORDS, 'no', 'none'])}"
_COUNTED = (
    rf"(?<!of )(?<!of the )(?<!of its )(?<!port )(?<![\w.-])(?P<before>{_NUMBER})"
    r"(?: (?:out )?of (?:the |its |all )?\d+)?(?: of them)?"
    r"(?: (?:tasks?|ones?))?(?: (?:have|had|has|were|was|are|is))?(?: {state})(?!\w)"
    rf"|(?<!\w){{state}}(?: tasks?)?: ?(?P<behind>\d+)(?!\w|\.\d| (?:out )?of )"
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a right answer holds.

    Attributes:
        facts: each a list of patterns, one of which must be in the answer.
        wrong: patterns of which none may be in it.
        counts: by state of tasks ("failed"), the numbers that the answer may give of them.
        calls: tools that must have been called.
        forbidden: tools that must not have been called.
        needs_a_call: whether the facts can only be known from a tool, so that an answer without any call is a guess.
    """

    facts: tuple[tuple[str, ...], ...]
    wrong: tuple[str, ...] = ()
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    needs_a_call: bool = True


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer is worth.

    Attributes:
        found: facts that it holds.
        asked: facts that there are.
        problems: everything that is wrong with it, in words.
    """

    found: int
    asked: int
    problems: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether it holds every fact, and nothing is wrong with it."""
        return not self.problems


def score(expected: Expected, answer: str, called: Sequence[str]) -> Score:
    """Score an answer.

    Args:
        expected: what a right one holds.
        answer: the assistant's last words.
        called: names of the tools that it called.
    """
    text = plain(answer)
    missing = [fact for fact in expected.facts if not any(says(pattern, text) for pattern in fact)]
    problems = [f"lacks {' | '.join(fact)}" for fact in missing]
    problems += [f"says {found!r}" for pattern in expected.wrong if (found := says(pattern, text))]
    for state, allowed in expected.counts.items():
        stray = sorted(set(counted(state, text)) - set(allowed))
        problems += [f"says that {number} {state}" for number in stray]
    if expected.needs_a_call and not called:
        problems.append("called no tool")
    problems += [f"did not call {tool}" for tool in expected.calls if tool not in called]
    problems += [f"called {tool}" for tool in expected.forbidden if tool in called]
    return Score(len(expected.facts) - len(missing), len(expected.facts), tuple(problems))


def plain(text: str) -> str:
    """An answer as patterns see it: lower case, without markup, on one line, 1,000 as 1000, straight quotes."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = text.translate(_TYPOGRAPHIC)
    text = re.sub(r"[*`|#]|(?<!\w)_+|_+(?!\w)|\"", " ", text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"\s+([.,;:!?)])", r"\1", " ".join(text.split()))
    return text.replace("( ", "(")


def matches(pattern: str, text: str) -> str:
    """What of a text a pattern matches as whole words; empty if nothing does."""
    return next((found[0] for found in _found(pattern, text)), "")


def says(pattern: str, text: str) -> str:
    """What of a text a pattern matches where the text does not deny it; empty if nothing does."""
    return next((found[0] for found in _found(pattern, text) if not denied(text, found.start(), found.end())), "")


def counted(state: str, text: str) -> list[int]:
    """Every number that a text gives of tasks in a state: "3 failed", "three of the 40 have failed", "failed: 3"."""
    found = re.finditer(_COUNTED.format(state=state), text)
    said = (match for match in found if not re.match("one(?! task| of)", match[0]))  # "the one that failed"
    return [number(match["before"] or match["behind"]) for match in said]


def number(word: str) -> int:
    """A number, in digits or as a word."""
    if word in {"no", "none"}:
        return 0
    return _WORDS.index(word) if word in _WORDS else int(word)


def _found(pattern: str, text: str) -> Iterator[re.Match[str]]:
    return re.finditer(rf"(?<![\w/.-])(?:{pattern})(?!\w|[.,]\d|-\d)", text)
