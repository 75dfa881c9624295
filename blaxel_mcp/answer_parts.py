"""A tool's answer in its parts: what to do next is found in its text here, and nowhere else. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_ROWS = ("jobs", "executions", "tasks")
"""Under which an answer that lists something has its rows."""


class AnswerParts(NamedTuple):
    """An answer, taken apart.

    Attributes:
        head: the text's first line, without the step.
        rows: what a list lists, as objects.
        body: the lines behind the head: one for each row, a log's lines as they were logged, or what differs.
        step: what to do next; empty if there is nothing.
    """

    head: str
    rows: Sequence[dict[str, Any]]
    body: Sequence[str]
    step: str


def split_answer(facts: Mapping[str, Any], text: str) -> AnswerParts:
    """Take an answer apart: the object that is a tool's structured result, and its text."""
    head, *lines = text.split("\n")
    if "lines" in facts:
        return AnswerParts(head, [], facts["lines"], "")
    for noun in _ROWS:
        if isinstance(rows := facts.get(noun), list):
            return AnswerParts(head, rows, lines[: len(rows)], " ".join(lines[len(rows) :]))
    step = facts.get("nextStep", "")
    told = f"Next: {step}"
    return AnswerParts(head.replace(f" {told}", ""), [], [line for line in lines if line != told], step)


def without_advice(facts: Mapping[str, Any], text: str) -> str:
    """An answer's text without what to do next; of a log only the lines."""
    parts = split_answer(facts, text)
    return "\n".join(parts.body if "lines" in facts else [parts.head, *parts.body])
