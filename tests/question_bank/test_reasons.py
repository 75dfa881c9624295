"""The question bank's newer executions: each question is answered by the prose, and by the object, within the budgets.

What only the log or the operation that lists tasks says is asked for over the wire, from the tests' control plane.
"""

import asyncio
import functools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reasons import MESSAGES, Case, Question
from reasons_runs import RUNS
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from support.caller import BUDGETS, TOOL, caller, compact
from support.plane import job, verbatim

from blaxel_mcp.demo import control_plane
from blaxel_mcp.demo.formats import stamp
from blaxel_mcp.demo.wire import Verbatim
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.estimate import UsualDuration
from blaxel_mcp.summary.execution import summarize

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
JOB, EXECUTION = "resize", "exec-1"
CASES = {case.name: case for case in (*MESSAGES, *RUNS)}
ASKED = [(case, question) for case in CASES.values() for question in case.questions]
IDS = [f"{case.name}: {question.ask}" for case, question in ASKED]
ERROR, ERROR_NUMBER = "ERROR", 17
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
    usual = UsualDuration(case.usual) if case.usual else None
    execution = JobExecution.model_validate(case.raw)
    return build_answer(summarize(execution, asked=(JOB, EXECUTION), workspace="acme", now=NOW, usual=usual))


def answer_over_the_wire(case: Case) -> Mapping[str, Any]:
    """What a client of the server is answered, which may look up log and tasks beside the execution."""

    async def ask(url: str) -> dict[str, Any]:
        async with caller(url, over="memory", clock=lambda: NOW) as calls:
            return await calls.ask(TOOL, jobId=JOB, executionId=EXECUTION)

    with control_plane.serve(Served(case)) as url:
        return asyncio.run(ask(url))


def _plane(executions: Sequence[Verbatim]) -> ASGIApp:
    """A control plane whose job has these executions, its clock standing still."""
    jobs = [job(JOB, executions)]
    return control_plane.build_app(clock=lambda: NOW, jobs=lambda _: jobs)


def _executions(case: Case, body: Any) -> list[Verbatim]:
    """The case's execution with this body, and those before it that its usual durations are of."""
    past = []
    for days, seconds in enumerate(case.usual, 1):
        created = NOW - timedelta(days=days)
        times = {"startedAt": stamp(created, 0), "completedAt": stamp(created + timedelta(seconds=seconds), 0)}
        past.append(verbatim(f"exec-{days}-days-ago", created, status="succeeded", metadata=times))
    return [Verbatim(EXECUTION, NOW - timedelta(hours=12), body), *past]


class Served:
    """A control plane with a case's execution: its body as it is, its tasks by pages, the log of the failed task."""

    def __init__(self, case: Case) -> None:
        self._case = case
        tasks = case.raw.get("tasks") or case.raw["spec"].get("tasks") or []
        self._tasks = list(tasks if case.tasks_at is None else case.tasks_at)
        self._others = _plane(_executions(case, case.raw))
        self._listed = _plane(_executions(case, {**case.raw, "tasks": self._tasks}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the log here, for the list of tasks from a plane that has them, for anything else as it is."""
        if scope["path"].endswith("/observability/logs"):
            await JSONResponse(self._log(Request(scope).query_params))(scope, receive, send)
            return
        plane = self._listed if scope["path"].endswith(f"/{EXECUTION}/tasks") else self._others
        await plane(scope, receive, send)

    def _log(self, query: Mapping[str, str]) -> Any:
        """The lines that match, the newest first, as the endpoint answers; without a match the job's key is absent."""
        failed: Any = next((task for task in self._tasks if task.get("status") == "failed"), {"metadata": {}})
        end = failed["metadata"].get("completedAt") or self._case.raw["metadata"].get("completedAt") or stamp(NOW, 0)
        name = self._case.log_task or failed["metadata"].get("name", "")
        wanted = (
            query.get("workloadIds") == JOB
            and query.get("executionId") in {None, "", EXECUTION}
            and query.get("taskId") in {None, "", name}
            and {ERROR, "ALL"} & set((query.get("severity") or "ALL").upper().split(","))
        )
        last, lines = datetime.fromisoformat(end), self._case.log or ()
        found = []
        for before, text in enumerate(reversed(lines), 1):
            at = last - timedelta(milliseconds=before)
            if wanted and query["start"] <= stamp(at, 0) and at.strftime("%Y-%m-%dT%H:%M:%S") <= query["end"]:
                found.append({"timestamp": stamp(at, 9), "message": text, "severity": ERROR_NUMBER, "trace_id": "1"})
        found = [line for line in found if query.get("search", "").casefold() in str(line["message"]).casefold()]
        page = found[: int(query.get("limit") or 1000)]
        return {JOB: {"logs": page, "totalCount": len(found)}} if page else {}


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


@pytest.mark.parametrize(("case", "question"), ASKED, ids=IDS)
def test_the_prose_answers(case: Case, question: Question) -> None:
    """Some clients show the model nothing but the prose."""
    got = answer(case)
    prose = got["summary"]
    said = f"{prose}\n{got.get('nextStep', '')}".casefold()
    assert [fact for fact in question.holds if fact not in prose] == [], prose
    assert not question.any_of or any(word.casefold() in prose.casefold() for word in question.any_of), prose
    assert [word for word in question.never if word.casefold() in said] == [], prose


@pytest.mark.parametrize(("case", "question"), ASKED, ids=IDS)
def test_the_object_answers(case: Case, question: Question) -> None:
    """Other clients show only the object."""
    got = answer(case)
    assert {path: at(got, path) for path in question.facts} == question.facts
    assert {
        path: text_at(got, path)
        for path, text in question.contains.items()
        if text.casefold() not in text_at(got, path)
    } == {}
    assert [path for path, value in question.isnt.items() if at(got, path) == value] == []
    assert [path for path in question.present if at(got, path) is ABSENT] == []
    assert [path for path in question.absent if at(got, path) is not ABSENT] == []
    numbers = {path: at(got, path) for path in question.between}
    outside = {
        path: number
        for path, number in numbers.items()
        if not (isinstance(number, int | float) and question.between[path][0] <= number <= question.between[path][1])
    }
    assert outside == {}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_answer_is_within_the_budgets(case: Case) -> None:
    """The prose, and the object without raw JSON."""
    got = answer(case)
    prose, whole = BUDGETS[TOOL]
    assert len(got["summary"].encode()) <= prose
    assert compact({key: value for key, value in got.items() if key != "raw"}) <= whole


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_likely_value_is_within_its_range(case: Case) -> None:
    """Where time that is left is told, the range is told too."""
    timing = answer(case).get("timing", {})
    if "estimatedRemainingSeconds" in timing:
        low, high = timing["estimatedRemainingRange"]
        assert low <= timing["estimatedRemainingSeconds"] <= high


def test_each_execution_is_asked_about_once() -> None:
    """Names are unique, questions few, and both places of the list of tasks are used."""
    bank = (*MESSAGES, *RUNS)
    assert len(CASES) == len(bank) == 121
    assert {len(case.questions) for case in bank} <= {1, 2, 3, 4}
    assert any(case.raw.get("tasks") for case in bank)
    assert any(case.raw["spec"].get("tasks") for case in bank)
