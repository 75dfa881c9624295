"""What every answer promises whatever the API sends: its size on the wire, its quotations, and plain words in calls."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ask import Asked, wire_bytes
from quotations import LABELS, foreign_words, labels, markup, take_apart
from support.caller import invisible

# The contract's figures, on purpose as literals: a larger constant in the program must fail here.
BUDGETS: Mapping[str, tuple[int, int]] = {
    "get_job_execution": (900, 2_500),
    "wait_for_job_execution": (900, 2_500),
    "cancel_job_execution": (900, 2_500),
    "run_job": (900, 2_500),
    "list_jobs": (3_000, 3_000),
    "list_job_executions": (3_000, 3_000),
    "list_job_execution_tasks": (3_000, 3_000),
    "compare_job_executions": (3_000, 3_000),
    "get_job_execution_logs": (16_384, 16_384),
    "get_job_execution_view": (900, 65_536),
}
"""Bytes of a tool's text and of its structured content, each as it goes over the wire."""
UNFINISHED = (250, 400)
"""The same for a wait whose time was up first."""
ERROR_CHARACTERS = 700
QUESTION_CHARACTERS = 700
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}|latest(?: failed)?")
_ONCE = dict.fromkeys(LABELS, 1)


def check_answer(tool: str, asked: Asked) -> None:
    """Assert all of it about one call."""
    check_prose(asked.text)
    for message in (*asked.progress, *asked.questions):
        check_prose(message)
        assert len(message) <= QUESTION_CHARACTERS
    if asked.is_error:
        assert not asked.structured
        assert len(asked.text) <= ERROR_CHARACTERS
        return
    unfinished = tool == "wait_for_job_execution" and not asked.structured["done"]
    text, structured = UNFINISHED if unfinished else BUDGETS[tool]
    assert wire_bytes(asked.text) - 2 <= text, f"{wire_bytes(asked.text) - 2} bytes of text"
    assert wire_bytes(asked.structured) <= structured, f"{wire_bytes(asked.structured)} bytes of structure"
    for string in strings(asked.structured):
        assert not invisible(string), string
        assert not markup(string), string
    check_next_step(asked.structured.get("nextStep", ""))


def check_prose(prose: str) -> None:
    """Assert that untrusted text stands in quotes only, that no quotation can be ended, and that nothing is markup."""
    assert not invisible(prose.replace("\n", "")), prose
    assert not markup(prose), prose
    assert not foreign_words(prose), f"{foreign_words(prose)} in {take_apart(prose).outside!r}"
    assert all(number <= _ONCE[label] for label, number in labels(prose).items()), labels(prose)


def check_next_step(step: str) -> None:
    """Assert that a next step holds our own words and plain ids, and is one line."""
    assert step.isprintable()
    assert step.isascii()
    assert all(_PLAIN_ID.fullmatch(text) for text in take_apart(step).quoted), step
    assert not foreign_words(step), step


def strings(value: Any) -> Iterator[str]:
    """Every string in some JSON, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield key
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def check_resource(text: str) -> None:
    """Assert that a resource is JSON, or an error as bounded and clean as a tool's."""
    if text.startswith("error: "):
        check_prose(text.removeprefix("error: "))
        assert len(text) <= ERROR_CHARACTERS + len("error: ")
    else:
        json.loads(text)


def check_values(values: list[str]) -> None:
    """Assert that completions are plain ids, by which a call can be made, and within the protocol's bound."""
    assert len(values) <= 200
    assert all(_PLAIN_ID.fullmatch(value) for value in values), values
