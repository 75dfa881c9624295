"""Every question of the bank can be answered from the prose alone and from the object alone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bank import BANK, Case
from support.builders import runs_that_took

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.summarize import summarize

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def answer(case: Case) -> ExecutionAnswer:
    """What get_job_execution would answer."""
    runs = runs_that_took(*case.usual)
    execution = JobExecution.model_validate(case.raw)
    return build_answer(summarize(execution, asked=("resize", "exec-1"), workspace="acme", now=NOW, runs=runs))


def at(value: Any, path: str) -> Any:
    """The value at a dotted path; numbers are places in a list."""
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


@pytest.mark.parametrize("case", BANK, ids=lambda case: case.name)
def test_the_prose_alone_answers(case: Case) -> None:
    """Some clients show the model nothing but the prose."""
    prose = answer(case)["summary"]
    for question in case.questions:
        assert [fact for fact in question.prose if fact not in prose] == [], f"{question.ask}: {prose}"


@pytest.mark.parametrize("case", BANK, ids=lambda case: case.name)
def test_the_object_alone_answers(case: Case) -> None:
    """Other clients show only the object: its fields hold the facts, and its summary is the prose, word for word."""
    got = answer(case)
    for question in case.questions:
        assert {path: at(got, path) for path in question.facts} == question.facts, question.ask
        assert [fact for fact in question.prose if fact not in got["summary"]] == [], question.ask


def test_the_bank_holds_every_status() -> None:
    """Each status has a case, and each case a name of its own."""
    statuses = {str(case.raw.get("status")).casefold() for case in BANK}
    known = {"queued", "pending", "running", "cancelling", "cancelled", "failed", "succeeded", "timeout"}
    assert known <= statuses
    assert len({case.name for case in BANK}) == len(BANK) == 53
