"""The answer's prose in parts, so that what a picture draws in another form is not said twice."""

from collections.abc import Iterator
from typing import NamedTuple

from blaxel_mcp.summary.schema import ExecutionAnswer

_REASONS = ("Why: ", "Failures so far: ", "Failures: ")


class Prose(NamedTuple):
    """The sentences of an answer.

    Attributes:
        verdict: the first one.
        rest: those that nothing else in the picture says: without the failures, warnings, next step and identity.
        warnings: the doubts, one sentence each.
    """

    verdict: str
    rest: str
    warnings: list[str]


def split_prose(answer: ExecutionAnswer) -> Prose:
    """Take the prose apart; what is not where it is expected stays in `rest`."""
    before, _, _ = answer["summary"].partition(f" Next: {answer['nextStep']}")
    warnings = answer.get("warnings", [])
    noted = f" Note: {' '.join(warnings)}"
    if warnings and noted in before:
        before = before.replace(noted, "")
    elif " Note: " in before:  # the prose has them in other words, or not all
        warnings = []
    verdict, *others = list(sentences(before)) or [""]
    if answer.get("failures"):
        others = [sentence for sentence in others if not sentence.startswith(_REASONS)]
    return Prose(verdict, " ".join(others), list(warnings))


def sentences(text: str) -> Iterator[str]:
    """The sentences of a prose of ours; a full stop within double quotes ends none, since what is quoted isn't ours."""
    start, quoted = 0, False
    for index, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == " " and not quoted and text[index - 1 : index] == ".":
            yield text[start:index]
            start = index + 1
    if text[start:]:
        yield text[start:]
