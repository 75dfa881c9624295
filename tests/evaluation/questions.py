"""The questions, as `questions.toml` has them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.scoring import Expected

FILE = Path(__file__).with_name("questions.toml")
WORKSPACES = ("demo", "bank")
_KEYS = {
    "id",
    "ask",
    "workspace",
    "writes",
    "consent",
    "facts",
    "wrong",
    "counts",
    "calls",
    "forbidden",
    "needs_a_call",
    "way",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question to an assistant.

    Attributes:
        id: what it goes by.
        ask: its words.
        workspace: what it is about, one of `WORKSPACES`.
        writes: whether the tools that change something exist.
        consent: what the person answers when asked before a change.
        expected: what a right answer holds.
        way: one way to it, as tools with their arguments; the scripted model goes it.
    """

    id: str
    ask: str
    workspace: str
    writes: bool
    consent: bool
    expected: Expected
    way: tuple[tuple[str, Mapping[str, Any]], ...]


def load(path: Path = FILE) -> tuple[Question, ...]:
    """Read the questions.

    Raises:
        ValueError: the file is not as it should be; the message says where.
    """
    questions = tuple(_question(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["question"])
    ids = [question.id for question in questions]
    if doubled := {one for one in ids if ids.count(one) > 1}:
        raise ValueError(f"two questions are called {', '.join(sorted(doubled))}")
    return questions


def chosen(questions: Sequence[Question], only: str) -> tuple[Question, ...]:
    """Those whose ids begin with one of the words in `only`, separated by commas; all if it is blank."""
    words = tuple(word.strip() for word in only.split(",") if word.strip())
    return tuple(question for question in questions if not words or question.id.startswith(words))


def _question(row: Mapping[str, Any]) -> Question:
    name = row.get("id", "?")
    if unknown := row.keys() - _KEYS:
        raise ValueError(f"question {name} has {', '.join(sorted(unknown))}, which means nothing")
    if not row.get("facts"):
        raise ValueError(f"question {name} has no facts, so every answer would be right")
    if not (row.get("wrong") or row.get("counts")):
        raise ValueError(
            f"question {name} has neither wrong nor counts, so the opposite beside the facts would be right"
        )
    workspace = row.get("workspace", "demo")
    if workspace not in WORKSPACES:
        raise ValueError(f"question {name} is about the workspace {workspace}, which is none of {WORKSPACES}")
    expected = Expected(
        facts=tuple(tuple(fact) for fact in row["facts"]),
        wrong=tuple(row.get("wrong", ())),
        counts={state: tuple(numbers) for state, numbers in row.get("counts", {}).items()},
        calls=tuple(row.get("calls", ())),
        forbidden=tuple(row.get("forbidden", ())),
        needs_a_call=row.get("needs_a_call", True),
    )
    way = tuple((tool, arguments) for tool, arguments in row["way"])
    return Question(name, row["ask"], workspace, row.get("writes", False), row.get("consent", False), expected, way)
