"""The question bank's newer executions: each question is answered by the prose, and by the object, within the budgets.

What only the log or the operation that lists tasks says is asked for over the wire, from the tests' control plane.
"""

import asyncio
import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from reasons import MESSAGES, Case, Question
from reasons_runs import RUNS
from support.builders import runs_that_took
from support.caller import BUDGETS, TOOL, caller, compact
from support.one_execution import OneExecution

from blaxel_mcp.demo import control_plane
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.summarize import summarize

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
JOB, EXECUTION = "resize", "exec-1"
CASES = {case.name: case for case in (*MESSAGES, *RUNS)}
ABSENT = object()


def answer(case: Case) -> Mapping[str, Any]:
    """What get_job_execution answers: the one place where the bank calls the program."""
    return _answer(case.name)


@functools.cache
def _answer(name: str) -> Mapping[str, Any]:
    """The answer to a case, asked for once."""
    case = CASES[name]
    if case.log is not None or case.tasks_at is not None:
        return answer_over_the_wire(case)
    runs = runs_that_took(*case.usual)
    execution = JobExecution.model_validate(case.raw)
    return build_answer(summarize(execution, asked=(JOB, EXECUTION), workspace="acme", now=NOW, runs=runs))


def answer_over_the_wire(case: Case) -> Mapping[str, Any]:
    """What a client of the server is answered, which may look up log and tasks beside the execution."""

    async def ask(url: str) -> dict[str, Any]:
        async with caller(url, over="memory", clock=lambda: NOW) as calls:
            return await calls.ask(TOOL, jobId=JOB, executionId=EXECUTION)

    plane = OneExecution(
        JOB, EXECUTION, case.raw, now=NOW, tasks=case.tasks_at, log=case.log or (), log_task=case.log_task
    )
    with control_plane.serve(plane) as url:
        return asyncio.run(ask(url))


def at(value: Any, path: str) -> Any:
    """The value at a dotted path, where numbers are places in a list; `ABSENT` where nothing is."""
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else ABSENT
        else:
            value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def text_at(value: Any, path: str) -> str:
    """What is at a dotted path, as text to search in."""
    found = at(value, path)
    return "" if found is ABSENT else json.dumps(found, ensure_ascii=False).casefold()


def wrong_in(got: Mapping[str, Any], question: Question) -> dict[str, Any]:
    """What of an object is not as the question expects, by its path, with what is there instead."""
    paths = [path for path, value in question.facts.items() if at(got, path) != value]
    paths += [path for path, text in question.contains.items() if text.casefold() not in text_at(got, path)]
    paths += [path for path, value in question.isnt.items() if at(got, path) == value]
    paths += [path for path in question.present if at(got, path) is ABSENT]
    paths += [path for path in question.absent if at(got, path) is not ABSENT]
    for path, (least, most) in question.between.items():
        number = at(got, path)
        if not (isinstance(number, int | float) and least <= number <= most):
            paths.append(path)
    return {path: at(got, path) for path in paths}


@pytest.mark.parametrize("name", CASES)
def test_the_prose_answers(name: str) -> None:
    """Some clients show the model nothing but the prose."""
    got = answer(CASES[name])
    prose = got["summary"]
    said = f"{prose}\n{got.get('nextStep', '')}".casefold()
    for question in CASES[name].questions:
        asked = f"{question.ask}: {prose}"
        assert [fact for fact in question.holds if fact not in prose] == [], asked
        assert not question.any_of or any(word.casefold() in prose.casefold() for word in question.any_of), asked
        assert [word for word in question.never if word.casefold() in said] == [], asked


@pytest.mark.parametrize("name", CASES)
def test_the_object_answers(name: str) -> None:
    """Other clients show only the object."""
    got = answer(CASES[name])
    for question in CASES[name].questions:
        assert wrong_in(got, question) == {}, question.ask


def test_every_answer_is_within_the_budgets() -> None:
    """The prose, and the object without raw JSON."""
    prose, whole = BUDGETS[TOOL]
    for case in CASES.values():
        got = answer(case)
        assert len(got["summary"].encode()) <= prose, case.name
        assert compact({key: value for key, value in got.items() if key != "raw"}) <= whole, case.name


def test_the_likely_value_is_within_its_range() -> None:
    """Where time that is left is told, the range is told too."""
    for case in CASES.values():
        timing = answer(case).get("timing", {})
        if "estimatedRemainingSeconds" in timing:
            low, high = timing["estimatedRemainingRange"]
            assert low <= timing["estimatedRemainingSeconds"] <= high, case.name


def test_each_execution_is_asked_about_once() -> None:
    """Names are unique, questions few, and both places of the list of tasks are used."""
    bank = (*MESSAGES, *RUNS)
    assert len(CASES) == len(bank) == 121
    assert {len(case.questions) for case in bank} <= {1, 2, 3, 4}
    assert any(case.raw.get("tasks") for case in bank)
    assert any(case.raw["spec"].get("tasks") for case in bank)
