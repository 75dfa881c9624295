"""Prose and object keep their budgets whatever the API sends, and say how much they leave out."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st
from support.builders import NOW, ago, answer, execution, task
from support.examples import examples

from blaxel_mcp.models import ExecutionStatus, JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.answer import build_answer, build_facts
from blaxel_mcp.summary.conditions import Remark
from blaxel_mcp.summary.detail import BRIEF, MINIMAL, NORMAL, TIGHT, Detail
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary, ResolvedLatest
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.summarize import add_evidence, summarize
from blaxel_mcp.summary.telling import TellingLine, TellingLog
from blaxel_mcp.summary.text import render
from blaxel_mcp.summary.wording import json_size
from blaxel_mcp.tools.cancel_execution import SENT

LEVELS = {"normal": NORMAL, "brief": BRIEF, "tight": TIGHT, "minimal": MINIMAL}
LONG = {
    "ascii": "The container could not go on ",
    "two bytes": "Ошибка при чтении данных ",
    "three bytes": "日本語のエラー",
    "four bytes": "🚀🔥💥 ",
    "escaped": '\\"\\ ',
    "joined": "e\u0301\u0323",
}
PREVIOUS = JobExecution.model_validate({"metadata": {"id": "é" * 500}, "status": "🚀" * 500})


def within_budgets(got: ExecutionAnswer) -> None:
    """Assert that both channels keep the promised bytes; prose is counted as it stands inside the object.

    The figures are the contract's and no constants of the program: a larger constant breaks the promise.
    """
    assert len(got["summary"].encode()) <= json_size(got["summary"]) - 2 <= 900
    assert json_size(got) <= 2_500


def huge(tasks: int, text: str, status: str = "failed") -> dict[str, Any]:
    """An execution in which everything that can be long is: names, messages, ids, variables, contradictions."""
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


def summary_of(raw: dict[str, Any], asked: tuple[str, str] = ("resize", "exec-1")) -> ExecutionSummary:
    """The summary of an execution, before anything of it is cut."""
    return summarize(JobExecution.model_validate(raw), asked=asked, workspace="acme", now=NOW)


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
@pytest.mark.parametrize("tasks", [1, 10, 100, 1_000])
def test_budgets_hold_with_the_longest_texts(tasks: int, text: str) -> None:
    """Budgets are in bytes, also where a character has four of them or is escaped."""
    within_budgets(answer(huge(tasks, text), latest=ResolvedLatest(PREVIOUS)))


@pytest.mark.parametrize(
    "status", ["succeeded", "timeout", "cancelled", "running", "queued", "pending", "cancelling", "x" * 999]
)
def test_budgets_hold_in_every_status(status: str) -> None:
    """The words around the counts differ from status to status."""
    within_budgets(answer(huge(20, LONG["four bytes"], status), latest=ResolvedLatest(PREVIOUS)))


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_budgets_hold_with_a_preface(text: str) -> None:
    """What was done before is said whole, whatever is cut."""
    got = build_answer(summary_of(huge(20, text, "running"), ("é" * 500, "é" * 500))._replace(preface=SENT))
    assert got["summary"].startswith(f"Blaxel answered about another job than was asked for. {SENT} Running")
    within_budgets(got)


@pytest.mark.parametrize("tasks", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_budgets_hold_with_very_many_tasks(tasks: int) -> None:
    """Shown groups and omitted tasks add up to the failed tasks."""
    raw = huge(tasks, "日本")
    del raw["stats"]
    got = answer(raw, latest=ResolvedLatest(PREVIOUS))
    within_budgets(got)
    assert sum(group["count"] for group in got["failures"]) + got.get("failuresOmitted", 0) == tasks - tasks // 10


@pytest.mark.parametrize("asked", [("é" * 3000, "x" * 3000), ("x" * 512, "y" * 512), ("\\" * 512, '"' * 512)])
def test_budgets_hold_with_the_longest_ids(asked: tuple[str, str]) -> None:
    """An address that would be too long is left out rather than cut."""
    got = build_answer(summary_of(huge(20, "日本") | {"metadata": {}}, asked))
    within_budgets(got)
    assert "rawUri" not in got


@pytest.mark.parametrize("number", [1, 7, 1_000])
def test_budgets_hold_with_many_long_warnings(number: int) -> None:
    """Warnings that are left out are counted in both channels."""
    summary = summary_of(execution("running", (60, 60)))._replace(warnings=["Ошибка " * 200] * number)
    got = build_answer(summary)
    within_budgets(got)
    assert got["warnings"][-1] == f"{number:,} warning{'s' if number > 1 else ''} left out for brevity."
    assert got["warnings"][-1] in got["summary"]


# The longest that each part of an answer can become: numbers at the bound above which they read as absent, timestamps
# ages apart, ids of the greatest length that a next step takes, and texts that cost most bytes.
numbers = st.sampled_from([None, 0, 1, 799_999_999_999, 10**12])
moments = st.sampled_from(
    [None, "0002-01-01T00:00:00Z", "1000-01-01T00:00:01Z", "2026-11-24T11:00:00Z", "9999-12-31T23:59:59Z"]
)
ids = st.sampled_from(["x" * 80, "y" * 80, "x" * 512, "🚀" * 512, "\\" * 512, "日" * 300, 'a"' * 300, "x"])
messages = st.sampled_from(
    [
        "",
        "🚀" * 500,
        "\\" * 500,
        "environment variable DB is not set " + "日" * 300,
        "exited with code 1: " + "y" * 400,
        "memory limit of 9999999 MiB exceeded " + "z" * 300,
        f"{'package.' * 5}{'X' * 55}Error: " + "\\" * 300,
        f"KeyError: {'🚀' * 300}",
    ]
)
lines_of_log = st.builds(TellingLine, messages.filter(bool), st.sampled_from(["", "x" * 55 + ".py:1234567"]))
logs = st.builds(TellingLog, lines_of_log, st.lists(messages, min_size=1, max_size=3), st.booleans())
pieces_of_evidence = st.none() | st.builds(Evidence, st.sampled_from(["", "n" * 40, "🚀" * 512]), logs)
remarks = st.lists(st.builds(Remark, st.just(10**12), st.just("cancelled"), messages.filter(bool)), max_size=2)
timed: dict[str, st.SearchStrategy[Any]] = {"startedAt": moments, "completedAt": moments}
tasks = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["failed", "failed", "running", "succeeded", "cancelled", "pending"]),
        "metadata": st.fixed_dictionaries({"name": st.just("n" * 40) | ids} | timed),
        "spec": st.fixed_dictionaries({"timeout": st.sampled_from(["1s", "999999999h"])}),
        "conditions": st.fixed_dictionaries({"message": messages, "reason": st.sampled_from(["", "r"])}).map(
            lambda condition: [condition]
        ),
    }
)
done = {"status": "succeeded", "metadata": {"startedAt": "0002-01-01T00:00:00Z", "completedAt": "9999-01-01T00:00:00Z"}}
extremes = st.fixed_dictionaries(
    {
        "status": st.sampled_from(
            [
                "succeeded",
                "failed",
                "timeout",
                "cancelled",
                "running",
                "queued",
                "cancelling",
                "🚀" * 60,
                "\\" * 60,
                None,
            ]
        ),
        "metadata": st.fixed_dictionaries({"id": ids, "job": ids, "workspace": ids, "createdAt": moments, **timed}),
        "spec": st.fixed_dictionaries(
            {
                "parallelism": numbers,
                "memoryOverride": numbers,
                "timeout": st.sampled_from([None, 1, 10**10 - 1]),
                "envOverride": st.sampled_from([{}, {f"{i}🚀": "***" for i in range(300)}]),
            }
        ),
        "stats": st.fixed_dictionaries(
            dict.fromkeys(("total", "success", "failure", "cancelled", "running", "retried"), numbers)
        ),
        "tasks": st.lists(tasks, max_size=4).flatmap(
            lambda some: st.sampled_from([some, [*some, *[done] * 3], [*some, *[done] * 9]])
        ),
    }
)


@pytest.mark.slow
@settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    extremes,
    st.tuples(ids, ids),
    st.sampled_from(["", SENT]),
    st.booleans(),
    pieces_of_evidence,
    remarks,
    st.booleans(),
)
def test_the_last_level_fits_any_execution(  # noqa: PLR0917 - given by hypothesis
    raw: dict[str, Any],
    asked: tuple[str, str],
    preface: str,
    known: bool,  # noqa: FBT001
    evidence: Evidence | None,
    remarks: list[Remark],
    never_started: bool,  # noqa: FBT001
) -> None:
    """The minimal level itself is within both budgets, with the longest prose there may be in the object."""
    long_ago = datetime(2, 1, 1, tzinfo=UTC)
    before = Run("e" * 512, ExecutionStatus("succeeded"), long_ago, long_ago, NOW - timedelta(days=1))
    runs = [before] * limits.HISTORY_LISTED if known else []
    parsed = JobExecution.model_validate(raw)
    summary = summarize(parsed, asked=asked, workspace="🚀" * 512, now=NOW, runs=runs, latest=ResolvedLatest(PREVIOUS))
    summary = summary._replace(preface=preface, warnings=[*summary.warnings, *["x"] * 1_000])
    may_be = summary.status.outcome in {"failed", "cancelled", "timed_out"}
    summary = summary._replace(remarks=remarks, never_started=never_started and may_be)
    summary = add_evidence(summary, evidence) if evidence else summary
    prose = json_size(render(summary, MINIMAL)) - 2
    facts = json_size(build_facts(summary, "p" * limits.PROSE_BYTES, MINIMAL))
    target(float(prose), label="bytes of prose")
    target(float(facts), label="bytes of facts")
    assert prose <= 900
    assert facts <= 2_500
    within_budgets(build_answer(summary))


@pytest.mark.parametrize("detail", LEVELS.values(), ids=LEVELS)
def test_every_cut_is_counted_at_every_level(detail: Detail) -> None:
    """Failed tasks, warnings and overridden variables that are not shown are a number in both channels."""
    raw = huge(100, LONG["ascii"])
    del raw["stats"]
    summary = summary_of(raw)._replace(warnings=[f"Warning {number}." for number in range(20)])
    facts, prose = build_facts(summary, "", detail), render(summary, detail)
    assert sum(group["count"] for group in facts["failures"]) + facts["failuresOmitted"] == 90
    shown = sum(int(number) for number in re.findall(r"(\d+) tasks? ?(?:\(|:|had)", prose.partition("Why:")[2]))
    assert f"; {90 - shown} tasks for other reasons." in prose
    overrides = facts["config"]
    assert len(overrides.get("envOverrides", [])) + overrides["envOverridesOmitted"] == 200
    other, *kept, last = facts["warnings"]
    assert other.startswith("Blaxel answered about ")
    assert prose.startswith(f"{other} ")
    assert last == f"{20 - len(kept)} {'more ' if kept else ''}warnings left out for brevity."
    assert f"{' '.join([*kept, last])} " in prose


def test_budgets_are_used_and_never_exceeded() -> None:
    """Over all lengths of names and messages both channels come near their promise: a larger limit would show here."""
    found = [answer(huge(4, "ab " * (1 + number // 20))) for number in range(2)]
    for length in range(1, 200):
        raw = failing("y" * length, 3)
        raw["metadata"] |= {"id": "i" * (length // 2 + 1), "job": "j" * (length // 2 + 1)}
        found.append(answer(raw))
    for got in found:
        within_budgets(got)
    assert max(json_size(got["summary"]) - 2 for got in found) > 0.95 * 900
    assert max(map(json_size, found)) > 0.95 * (2_500 - 64)


def failing(message: str, kinds: int, **stats: int) -> dict[str, Any]:
    """A run of forty tasks, of which three failed for each of several reasons, with ids as Blaxel makes them."""
    words = ("alpha", "beta", "gamma", "delta", "epsilon")[:kinds]
    failed = [(word, number) for number, word in enumerate(words * 3)]
    raw = execution(
        "failed",
        (3600, 3540, 1000),
        tasks=[
            *(task(number, "failed", (3000, 2000), f"{word} {message}", "NonZeroExitCode") for word, number in failed),
            *(task(number, "succeeded", (3000, 1500)) for number in range(len(failed), 40)),
        ],
        stats={"total": 40, "success": 40 - len(failed), "failure": len(failed), "retried": 2} | stats,
        timeout=3600,
        parallelism=10,
        memoryOverride=2048,
        envOverride={"DATABASE_URL": "***"},
    )
    raw["metadata"] |= {"job": "nightly-image-resize", "id": "3f2b8c1e-9d47-4a5b-8f6e-0c1d2e3f4a5b"}
    return raw


@pytest.mark.parametrize("kinds", [1, 2, 3, 5])
@pytest.mark.parametrize("stats", [{}, {"success": 20}], ids=["consistent", "with two warnings"])
def test_long_messages_of_failures_stay_useful(kinds: int, stats: dict[str, int]) -> None:
    """A few reasons with long messages keep the beginning of each, the warnings, and at least a task's name."""
    raw = failing("could not read the table from the warehouse: connection reset " * 8, kinds, **stats)
    metadata = raw["metadata"]
    got = build_answer(summary_of(raw, (metadata["job"], metadata["id"])))
    shown = re.findall(r'tasks? \("task-\d+"[^)]*\) [^:]+: "([^"]+)"', got["summary"])
    assert [len(message) >= 75 for message in shown] == [True] * min(kinds, 2)
    assert [len(group["message"]) >= 75 for group in got["failures"]] == [True] * min(kinds, 3)
    assert all(warning in got["summary"] for warning in got.get("warnings", []))
    assert len(got.get("warnings", [])) == (2 if stats else 0)
    assert metadata["job"] in got["summary"]
    assert metadata["id"] in got["summary"]


def failed_with(message: str) -> ExecutionSummary:
    """The summary of an execution whose one task failed so."""
    return summary_of(execution("failed", (60, 60, 0), tasks=[task(1, "failed", (50, 10), message)]))


@pytest.mark.parametrize("detail", [TIGHT, MINIMAL], ids=["tight", "minimal"])
def test_the_class_of_an_exception_counts_as_part_of_its_message(detail: Detail) -> None:
    """With its package it may be longer than all the rest: then it is cut with the message."""
    long = f"{'package.' * 5}{'X' * 55}Error"
    prose = render(failed_with(f"{long}: {'y' * 900}"), detail)
    assert f"{long} in" not in prose
    assert len(render(failed_with("KeyError: " + "y" * 900), detail)) <= len(prose) + len("the program raised in ")
    assert "the program raised KeyError in " in render(failed_with("KeyError: 'price'"), detail)


@pytest.mark.parametrize("detail", LEVELS.values(), ids=LEVELS)
def test_a_place_in_the_code_never_stands_without_a_message(detail: Detail) -> None:
    """Where it would take most of the room, it is left out."""
    for file in ("a.py", f"{'x' * 55}.py"):
        facts = build_facts(
            failed_with(f'  File "/srv/{file}", line 118, in run\nValueError: shard 3 is empty'), "", detail
        )
        assert facts["failures"][0]["message"].startswith("ValueError: shard")


def test_a_name_for_which_there_is_no_room_is_left_out() -> None:
    """It is not a lone ellipsis."""
    raw = execution("succeeded", (60, 60, 0), tasks=[task(n, "succeeded", (50, n)) for n in range(3)])
    assert set(build_facts(summary_of(raw), "", MINIMAL)["timing"]["slowestTask"]) == {"seconds"}


def test_ordinary_executions_are_told_whole() -> None:
    """Two reasons with messages of a line each, and everything else there is to say of a run."""
    raw = failing("could not be read", 2)
    got = build_answer(summary_of(raw, (raw["metadata"]["job"], raw["metadata"]["id"])))
    assert "left out" not in got["summary"]
    assert re.findall(r'"(\w+ could not be read)"', got["summary"]) == [
        "alpha could not be read",
        "beta could not be read",
    ]
    assert got["summary"].endswith('10 at a time, 2,048 MB, overrides "DATABASE_URL".')
