"""Lists as values: whole texts, budgets for anything the API may send, and windows that move on by what was shown."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blaxel_mcp.models import Job, JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.listing import Window, handle, known_word
from blaxel_mcp.summary.listing_executions import build_executions
from blaxel_mcp.summary.listing_jobs import STATUSES, build_jobs
from blaxel_mcp.summary.listing_tasks import build_tasks, ordered, without_repeats
from blaxel_mcp.summary.tasks import task_name

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LONG_CURSOR = "c" * (limits.CURSOR_CHARACTERS + 30)

texts = st.one_of(
    st.text(max_size=40), st.sampled_from(['"' * 500, "\\" * 500, "😀" * 500, "\x1b[1m", "\u202ex" * 300])
)
words = st.one_of(texts, st.sampled_from(["succeeded", "FAILED", "running", "queued", "deployed", "cancelled"]))
numbers = st.one_of(st.none(), st.integers(-5, 10**13), st.text(max_size=3))
moments = st.one_of(texts, st.integers(0, 10**6).map(lambda ago: (NOW - timedelta(seconds=ago)).isoformat()))
junk: st.SearchStrategy[Any] = st.one_of(st.none(), st.integers(), st.just([]), st.just({}), texts)

jobs = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.one_of(junk, st.fixed_dictionaries({"name": texts})),
        "status": words,
        "spec": st.one_of(
            junk,
            st.fixed_dictionaries(
                {},
                optional={
                    "region": texts,
                    "enabled": st.booleans(),
                    "runtime": st.one_of(junk, st.fixed_dictionaries({"memory": numbers})),
                    "triggers": st.one_of(
                        junk,
                        st.lists(
                            st.fixed_dictionaries(
                                {"type": st.just("cron"), "configuration": st.fixed_dictionaries({"schedule": texts})}
                            ),
                            max_size=5,
                        ),
                    ),
                },
            ),
        ),
    },
)
tasks = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries({"name": texts, "startedAt": moments, "completedAt": moments}),
        "status": words,
        "conditions": st.lists(st.fixed_dictionaries({"message": texts, "reason": texts}), max_size=2),
    },
)
executions = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries({"id": texts, "startedAt": moments, "completedAt": moments}),
        "status": words,
        "stats": st.fixed_dictionaries({"total": numbers, "success": numbers, "failure": numbers}),
        "tasks": st.lists(tasks, max_size=3),
    },
)


def json_size(value: Any) -> int:
    """Bytes as compact, unescaped JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def step(items: Sequence[Any], cursor: str | None = None) -> Callable[[int], str | None]:
    """Continues by number within the items, and with `cursor` after them."""
    return lambda passed: str(passed) if passed < len(items) else cursor


def everything(
    items: Sequence[Any], noun: str, build: Callable[[Window[Any]], tuple[Any, str]], cursor: str | None = LONG_CURSOR
) -> list[Any]:
    """All rows of these items, window by window, each held to the budgets and to telling the same in both channels."""
    rows: list[Any] = []
    start: int | None = 0
    while start is not None:
        answer, text = build(Window(items, step(items, cursor), start, first=start == 0))
        assert json_size(answer) <= limits.LIST_BYTES
        assert len(text.encode()) <= limits.LIST_BYTES
        lines = text.splitlines()
        assert lines[0] == answer["summary"]
        assert len([line for line in lines[1:] if line.startswith("- ")]) == len(answer[noun])
        following = answer.get("nextCursor")
        assert len(lines) == 1 + len(answer[noun]) + (following is not None)
        rows += answer[noun]
        start = None if following == cursor else int(following)
    return rows


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("x" * 512, "x" * 512),
        ("é" * 256, "é" * 256),
        ("x" * 513, "x" * 99 + "…"),
        ("é" * 257, "é" * 99 + "…"),
        (None, ""),
    ],
)
def test_what_the_next_call_asks_by_is_whole(given: str | None, shown: str) -> None:
    """Up to 512 bytes; a cut id would be of no use, but a row must fit."""
    assert handle(given) == shown


@settings(max_examples=30, deadline=None)
@given(st.lists(jobs, max_size=12), texts, st.integers(1, 50))
def test_any_jobs_fit(items: list[Any], search: str, limit: int) -> None:
    """Within the budget at any limit, each once, whatever the API sends."""
    read = [Job.model_validate(item) for item in items]
    rows = everything(read, "jobs", lambda window: build_jobs(window, limit=limit, search=search, workspace=search))
    assert [row.get("name", "") for row in rows] == [handle(one.name) for one in read]


@settings(max_examples=30, deadline=None)
@given(st.lists(executions, max_size=12), texts, st.integers(1, 50), st.sampled_from([None, "failed", "running"]))
def test_any_executions_fit(items: list[Any], job_id: str, limit: int, status: str | None) -> None:
    """The same; with a status the matching ones, each once."""
    read = [JobExecution.model_validate(item) for item in items]
    rows = everything(
        read, "executions", lambda window: build_executions(job_id, window, limit=limit, status=status, now=NOW)
    )
    meant = [one for one in read if status is None or (one.status or "").casefold() == status]
    assert [row.get("id", "") for row in rows] == [handle(one.metadata.id) for one in meant]


@settings(max_examples=30, deadline=None)
@given(st.lists(tasks, max_size=12), texts, st.integers(1, 100), st.sampled_from([None, "failed", "cancelled"]))
def test_any_tasks_fit(items: list[Any], name: str, limit: int, status: str | None) -> None:
    """The same; without a status the failed ones first."""
    execution = JobExecution.model_validate({"tasks": items, "status": name, "stats": {"total": 10**12}})
    every = execution.task_list
    meant = ordered(every, status)
    rows = everything(
        meant,
        "tasks",
        lambda window: build_tasks((name, name), execution, every, window, limit=limit, status=status, now=NOW),
        cursor=None,
    )
    assert len(rows) == len(meant)
    failed = [row.get("status") == "failed" for row in rows]
    assert failed == sorted(failed, reverse=True)


def test_ten_thousand_tasks_come_once_in_order() -> None:
    """Window by window, without the network."""
    items = [{"metadata": {"name": f"task-{n}"}, "status": "failed" if n % 3 else "pending"} for n in range(10_000)]
    execution = JobExecution.model_validate({"tasks": items, "status": "running"})
    every = execution.task_list
    meant = ordered(every, None)
    rows = everything(
        meant,
        "tasks",
        lambda window: build_tasks(("a", "e"), execution, every, window, limit=100, status=None, now=NOW),
        cursor=None,
    )
    first = [f"task-{n}" for n in range(10_000) if n % 3]
    assert [row["name"] for row in rows] == [*first, *(f"task-{n}" for n in range(0, 10_000, 3))]


def test_a_repeated_task_is_kept_as_it_was_last_seen() -> None:
    """In the place where it came first; those without a name are all kept."""
    pages: list[Any] = [
        {"metadata": {"name": "a"}, "status": "running"},
        {},
        {"metadata": {"name": "b"}, "status": "pending"},
        {"metadata": {"name": "a"}, "status": "failed"},
        {},
    ]
    assert without_repeats(pages, task_name) == [pages[3], {}, pages[2], {}]


@pytest.mark.parametrize(
    ("start", "count", "following", "search", "sentence"),
    [
        (0, 0, None, None, "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace."),
        (0, 0, None, "night", 'No job has "night" in its name, display name or labels.'),
        (0, 0, "x", None, "No jobs here; more follow."),
        (0, 1, None, None, '1 job in workspace "demo".'),
        (0, 2, None, "night", '2 jobs matching "night" in workspace "demo".'),
        (0, 2, "x", None, 'The first 2 jobs in workspace "demo"; more follow.'),
        (0, 9, None, None, 'The first 5 jobs in workspace "demo"; more follow.'),
        (5, 9, None, None, "4 more jobs, the last of them."),
        (5, 6, "x", "night", '1 more job matching "night"; more follow.'),
        (5, 5, None, None, "No more jobs."),
    ],
)
def test_the_sentence_over_jobs(
    start: int, count: int, following: str | None, search: str | None, sentence: str
) -> None:
    """Says how many, and whether that is all."""
    items = [Job.model_validate({"metadata": {"name": f"job-{n}"}}) for n in range(count)]
    window = Window(items, step(items, following), start, first=start == 0)
    answer, _ = build_jobs(window, limit=5, search=search, workspace="demo")
    assert answer["summary"] == sentence


def run_of(status: str | None, minutes: int, ago: int) -> JobExecution:
    """An execution that ran so many minutes, ended so many minutes ago."""
    end = NOW - timedelta(minutes=ago)
    metadata = {"id": "e", "startedAt": (end - timedelta(minutes=minutes)).isoformat(), "completedAt": end.isoformat()}
    return JobExecution.model_validate({"metadata": metadata, "status": status})


@pytest.mark.parametrize(
    ("items", "summary"),
    [
        ([run_of("succeeded", 2, 5)], 'The newest execution of job "a" succeeded 5m ago.'),
        ([run_of("TIMEOUT", 2, 5)], 'The newest execution of job "a" timed out 5m ago.'),
        ([run_of("cancelled", 2, 5)], 'The newest execution of job "a" was cancelled 5m ago.'),
        ([run_of("cancelling", 2, 5)], 'The newest execution of job "a" is being cancelled, started 7m ago.'),
        ([run_of("Odd\x07 word", 2, 5)], 'The newest execution of job "a" has status "Odd word", started 7m ago.'),
        (
            [run_of("running", 2, 5), run_of("queued", 1, 9)],
            'The newest execution of job "a" is running, started 7m ago. None of the 2 executions looked at is over.',
        ),
        (
            [run_of("failed", 2, 5), *[run_of("succeeded", 4, 9)] * 999],
            (
                'The newest execution of job "a" failed 5m ago. '
                "Of 1,000 executions looked at, all are over and 999 succeeded (99%), usually in 4m."
            ),
        ),
        (
            [run_of("failed", 2, 5), run_of("running", 1, 1), run_of("succeeded", 4, 9)],
            (
                'The newest execution of job "a" failed 5m ago. '
                "Of 3 executions looked at, 2 are over and 1 succeeded (50%)."
            ),
        ),
    ],
)
def test_the_sentences_over_executions(items: list[JobExecution], summary: str) -> None:
    """The newest one's state and when; then how many of those looked at succeeded, and what is usual."""
    answer, _ = build_executions("a", Window(items, step(items)), limit=1, status=None, now=NOW)
    assert answer["summary"] == summary


def test_a_duration_is_of_what_is_over() -> None:
    """`durationSeconds` of one that has ended, `runningSeconds` of one that has not, neither against the clock."""
    items = [run_of("succeeded", 2, 5), run_of("cancelling", 2, 5), run_of("failed", -2, 5), run_of("running", 2, -60)]
    answer, _ = build_executions("a", Window(items, step(items)), limit=9, status=None, now=NOW)
    durations = [{key: row[key] for key in row if key.endswith("Seconds")} for row in answer["executions"]]
    assert durations == [{"durationSeconds": 120}, {"runningSeconds": 420}, {}, {}]


def test_a_cancelled_task_says_why_only_if_there_is_a_why() -> None:
    """A reason that repeats the status is left out; a message is quoted with its cause."""
    items: list[Any] = [
        {"metadata": {"name": "a"}, "status": "cancelled", "conditions": [{"executionReason": "CANCELLED"}]},
        {"metadata": {"name": "b"}, "status": "failed", "conditions": [{"message": "Out of memory (limit 1 GiB)"}]},
        {"metadata": {"name": "c"}, "status": "failed"},
        {"metadata": {"name": "d"}, "status": "odd"},
    ]
    execution = JobExecution.model_validate({"tasks": items})
    every = execution.task_list
    window = Window(every, step(every))
    answer, text = build_tasks(("j", "e"), execution, every, window, limit=9, status=None, now=NOW)
    assert answer["tasks"] == [
        {"name": "a", "status": "cancelled"},
        {"name": "b", "status": "failed", "cause": "out_of_memory", "message": "Out of memory (limit 1 GiB)"},
        {"name": "c", "status": "failed"},
        {"name": "d", "status": "odd"},
    ]
    assert text == (
        '4 tasks of execution "e" of job "j" (no status): 2 failed, 1 cancelled, 1 of other or no status.\n'
        '- "a": cancelled\n'
        '- "b": failed, out of memory: "Out of memory (limit 1 GiB)"\n'
        '- "c": failed, no reason given\n'
        '- "d": status "odd"'
    )


@pytest.mark.parametrize("word", STATUSES)
def test_known_words_are_plain_and_in_lower_case(word: str) -> None:
    """Whatever case the API writes them in."""
    assert known_word(word.upper(), STATUSES) == (word, word)


def test_other_words_stay_as_they_came_in_quotes() -> None:
    """Cleaned, never taken for one of ours."""
    assert known_word("De\u200bployed!", STATUSES) == ("Deployed!", 'status "Deployed!"')
    assert known_word("", STATUSES) == known_word(None, STATUSES) == ("", "no status")
