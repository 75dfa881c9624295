"""Prose and structure keep their budgets at any size, with the longest texts that the API could send."""

from dataclasses import replace
from typing import Any

import pytest
from support.builders import NOW, ago, answer, execution

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.execution import ResolvedLatest, summarize
from blaxel_mcp.summary.wording import json_size
from blaxel_mcp.tools.cancel_execution import SENT

LONG = {
    "ascii": "The container could not go on ",
    "two bytes": "Ошибка при чтении данных ",
    "four bytes": "🚀🔥💥 ",
    "escaped": '\\"\\ ',
    "joined": "e\u0301\u0323",
}


def within_budgets(raw: dict[str, Any]) -> None:
    """The two numbers that this is about."""
    got = answer(
        raw, latest=ResolvedLatest(JobExecution.model_validate({"metadata": {"id": "é" * 500}, "status": "succeeded"}))
    )
    assert len(got["summary"].encode()) <= limits.PROSE_BYTES
    assert json_size(got) <= limits.STRUCTURE_BYTES


def huge(tasks: int, text: str, status: str = "failed") -> dict[str, Any]:
    """Everything that can be long is: names, messages of eight kinds, ids, variables, contradictions."""
    texts = [word * 40 + text * 100 for word in "abcdefgh"]
    raw = execution(
        status,
        (-900, 900, 1900),
        tasks=[
            {
                "metadata": {"name": text * 30 + str(i), "startedAt": ago(50), "completedAt": ago(i % 50)},
                "status": "failed" if i % 10 else "succeeded",
                "conditions": [{"state": "CONDITION_FAILED", "reason": text * 9, "message": texts[i % 8]}],
            }
            for i in range(tasks)
        ],
        stats={"total": 999_999_999_999, "failure": 888_888_888_888, "success": 777_777_777_777, "retried": 10**12},
        timeout=10,
        parallelism=10**12,
        memoryOverride=10**12,
        envOverride={f"{text}{i}": "***" for i in range(200)},
    )
    raw["metadata"] |= {"id": text * 50, "job": text * 50, "workspace": text * 50}
    return raw


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
@pytest.mark.parametrize("tasks", [1, 10, 100, 1_000])
def test_budgets_hold_with_the_longest_texts(tasks: int, text: str) -> None:
    """Also in bytes, where a character has four of them or is escaped."""
    within_budgets(huge(tasks, text))


@pytest.mark.parametrize(
    "status", ["succeeded", "timeout", "cancelled", "running", "queued", "pending", "cancelling", "x" * 999]
)
def test_budgets_hold_in_every_status(status: str) -> None:
    """The words around the counts differ."""
    within_budgets(huge(20, LONG["four bytes"], status))


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_budgets_hold_with_a_sentence_before(text: str) -> None:
    """What was done before is said whole, whatever is cut."""
    raw = JobExecution.model_validate(huge(20, text, "running"))
    summary = summarize(raw, asked=("é" * 500, "é" * 500), workspace="é" * 500, now=NOW)
    got = build_answer(replace(summary, preface=SENT))
    assert got["summary"].startswith(f"{SENT} Running")
    assert len(got["summary"].encode()) <= limits.PROSE_BYTES
    assert json_size(got) <= limits.STRUCTURE_BYTES


@pytest.mark.parametrize("tasks", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_budgets_hold_with_very_many_tasks(tasks: int) -> None:
    """What is not shown is counted: groups add up to the failed tasks."""
    raw = huge(tasks, "日本")
    del raw["stats"]
    within_budgets(raw)
    got = answer(raw)
    assert sum(group["count"] for group in got["failures"]) + got.get("failuresOmitted", 0) == tasks - tasks // 10


def test_budgets_hold_with_the_longest_ids_asked_for() -> None:
    """An address that would be too long is left out rather than cut."""
    asked = ("é" * 3000, "x" * 3000)
    summary = summarize(JobExecution.model_validate({}), asked=asked, workspace="é" * 3000, now=NOW)
    got = build_answer(summary)
    assert len(got["summary"].encode()) <= limits.PROSE_BYTES
    assert json_size(got) <= limits.STRUCTURE_BYTES
    assert "rawUri" not in got


def test_what_is_cut_is_counted() -> None:
    """Overridden variables, groups and doubts that are left out are a number in the answer."""
    got = answer(huge(100, LONG["ascii"]))
    shown = got["config"].get("envOverrides", [])
    assert len(shown) + got["config"]["envOverridesOmitted"] == 200
    assert "left out for brevity" in got["summary"]
