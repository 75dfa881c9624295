"""Each question across runs is answered by the text alone and by the object alone, over a real socket, in memory."""

import asyncio
import functools
import json
import re
from collections import Counter
from typing import Any

import pytest
from across_case import Case, Question
from across_runs import BANK
from mcp_types import CallToolResult, TextContent
from support.caller import ERROR_CHARACTERS, Answer, caller, compact, invisible
from support.faults import Answer as Status
from support.faults import Faults

from blaxel_mcp.demo import control_plane

pytestmark = pytest.mark.slow  # five hundred questions, each case on a control plane of its own

CASES = {case.name: case for case in BANK}
ASKED = [(case, question) for case in CASES.values() for question in case.questions]
IDS = [f"{case.name}: {question.ask}" for case, question in ASKED]
ABSENT = object()
LISTS, EXECUTION = (3_000, 3_000), (900, 2_500)
BUDGETS = {"get_job_execution": EXECUTION}
"""Bytes of the text, and of the object without raw JSON; those of `LISTS` for every other tool that is asked here."""


@functools.cache
def answer(name: str) -> Answer:
    """What a client is answered to a case's call: asked once, over the SDK's client, of a server of its own."""
    case = CASES[name]

    async def ask(url: str) -> Answer:
        async with caller(url, clock=lambda: case.now) as calls:
            result = await calls.client.call_tool(case.tool, dict(case.arguments))
        assert isinstance(result, CallToolResult)
        (block,) = result.content
        assert isinstance(block, TextContent)
        return Answer(block.text, result.structured_content, bool(result.is_error))

    plane = Faults(control_plane.build_app(clock=lambda: case.now, jobs=lambda _: case.jobs))
    for dark in case.dark:
        plane.always(Status(403, json_body={"code": 403, "error": "Forbidden"}), path=f"/jobs/{dark}/executions")
    with control_plane.serve(plane) as url:
        return asyncio.run(ask(url))


def right_kind(case: Case) -> Answer:
    """The answer, which is an error if it must be one, and none if it must not."""
    got = answer(case.name)
    assert case.error in {None, got.is_error}, got.text
    return got


def at(value: Any, path: str) -> Any:
    """The value at a dotted path, where numbers are places in a list; `ABSENT` where nothing is."""
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else ABSENT
        else:
            value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def found(pattern: str, text: str) -> bool:
    """Whether the text holds it, in any case; without regard to how lines are broken."""
    return re.search(pattern, text, re.IGNORECASE) is not None


def shown(structured: dict[str, Any]) -> dict[str, Any]:
    """The object without the raw JSON, which holds everything and answers nothing."""
    return {key: value for key, value in structured.items() if key not in {"raw", "rawOmitted", "masked"}}


def rows(structured: dict[str, Any]) -> list[str]:
    """The rows of a list, each as text."""
    listed: list[Any] = next((value for key, value in structured.items() if key in {"jobs", "executions"}), [])
    return [json.dumps(row, ensure_ascii=False) for row in listed]


def places(names: tuple[str, ...], lines: list[str]) -> list[int]:
    """In which line each name comes first; past the end if in none."""
    return [next((n for n, line in enumerate(lines) if found(rf"{name}\b", line)), len(lines)) for name in names]


@pytest.mark.parametrize(("case", "question"), ASKED, ids=IDS)
def test_the_text_alone_answers(case: Case, question: Question) -> None:
    """Some clients show the model nothing but the text."""
    got = right_kind(case)
    first = got.text.strip().split("\n")[0]
    assert [fact for fact in question.holds if not found(fact, got.text)] == [], got.text
    assert [lie for lie in question.never if found(lie, got.text)] == [], got.text
    assert [fact for fact in question.first if not found(fact, first)] == [], got.text
    if question.order:
        lines = got.text.strip().split("\n")[1:]
        order = places(question.order, lines)
        assert order == sorted(set(order)), got.text
        assert order[-1] < len(lines), got.text


@pytest.mark.parametrize(("case", "question"), ASKED, ids=IDS)
def test_the_object_alone_answers(case: Case, question: Question) -> None:
    """Other clients show only the object. An error has none."""
    got = right_kind(case)
    if got.is_error:
        assert got.structured is None
        return
    assert got.structured is not None
    whole = shown(got.structured)
    everything = json.dumps(whole, ensure_ascii=False)
    sentences = [whole["summary"], whole.get("nextStep", ""), *whole.get("warnings", [])]
    assert [fact for fact in question.holds if not found(fact, everything)] == [], everything
    assert [lie for lie in question.never if any(found(lie, text) for text in sentences)] == [], everything
    assert [fact for fact in question.first if not found(fact, whole["summary"].split("\n")[0])] == [], everything
    assert {path: at(whole, path) for path in question.facts} == question.facts
    assert {path: at(whole, path) for path, wrong in question.isnt.items() if at(whole, path) in wrong} == {}
    assert [path for path in question.present if at(whole, path) is ABSENT] == [], everything
    assert {path: at(whole, path) for path in question.absent if at(whole, path) is not ABSENT} == {}
    numbers = {path: at(whole, path) for path in question.between}
    assert {
        path: number
        for path, number in numbers.items()
        if not (isinstance(number, int | float) and question.between[path][0] <= number <= question.between[path][1])
    } == {}
    if question.order:
        order = places(question.order, rows(got.structured))
        assert order == sorted(set(order)), everything
        assert order[-1] < len(rows(got.structured)), everything


@pytest.mark.parametrize("name", CASES)
def test_every_answer_is_within_its_budgets(name: str) -> None:
    """One block of text, no control or invisible characters, no more bytes than the contract allows."""
    got = answer(name)
    assert invisible(got.text.replace("\n", "")) == set()
    if got.structured is None:
        assert len(got.text) <= ERROR_CHARACTERS
        return
    text_budget, object_budget = BUDGETS.get(CASES[name].tool, LISTS)
    assert len(got.text.encode()) <= text_budget
    assert compact(shown(got.structured)) <= object_budget
    assert got.text.startswith(got.structured["summary"])
    assert invisible(json.dumps(shown(got.structured), ensure_ascii=False).replace("\\n", "")) == set()


def test_the_bank_asks_every_kind() -> None:
    """Names are unique, questions few, and each kind has several cases."""
    assert len(CASES) == len(BANK)
    assert {len(case.questions) for case in BANK} <= {1, 2, 3, 4}
    kinds = Counter(case.kind for case in BANK)
    assert kinds == {"new": 35, "changed": 22, "schedule": 41, "needs": 12, "health": 15, "pasted": 20}
