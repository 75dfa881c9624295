"""Lists as values: whole texts, budgets for anything the API may send, and pages that continue after the last row."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blaxel_mcp.models import ExecutionWord, Job, JobExecution, TaskWord
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.attention import NewestRuns
from blaxel_mcp.summary.listing import DEPLOYMENT_STATUSES, Fact, Page, Row, read_status, row_id, status_phrase
from blaxel_mcp.summary.listing_executions import build_executions
from blaxel_mcp.summary.listing_jobs import build_jobs
from blaxel_mcp.summary.listing_tasks import build_tasks, failed_first
from blaxel_mcp.summary.tasks import TaskList

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LONG_CURSOR = "c" * (limits.CURSOR_BYTES + 6)
"""As long as the longest that is passed on, with a number of five digits in front of it."""

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


def page_of(items: Sequence[Any], skip: int = 0, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """A page of the items after `skip`, which continues by number within them, and with `cursor` after all of them."""

    def cursor_after(shown: int) -> str | None:
        return str(skip + shown) if skip + shown < len(items) else cursor

    return Page(items[skip:][:limit], cursor_after, skip, len(items), first=skip == 0)


def everything(
    items: Sequence[Any],
    noun: str,
    build: Callable[[Page[Any]], tuple[Any, str]],
    *,
    limit: int,
    cursor: str | None = LONG_CURSOR,
) -> list[Any]:
    """All rows of these items, page by page, each held to the budgets and to saying the same in both channels."""
    rows: list[Any] = []
    skip: int | None = 0
    while skip is not None:
        answer, text = build(page_of(items, skip, cursor, limit))
        assert json_size(answer) <= limits.LIST_BYTES
        assert len(text.encode()) <= limits.LIST_BYTES
        lines = text.splitlines()
        assert lines[0] == answer["summary"]
        assert len([line for line in lines[1:] if line.startswith("- ")]) == len(answer[noun])
        following = answer.get("nextCursor")
        assert len(lines) == 1 + len(answer[noun]) + (following is not None)
        rows += answer[noun]
        skip = None if following == cursor else int(following)
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
    assert row_id(given) == shown


@settings(max_examples=30, deadline=None)
@given(st.lists(jobs, max_size=12), texts, st.integers(1, 50))
def test_any_jobs_fit(items: list[Any], search: str, limit: int) -> None:
    """Within the budget at any limit, each once, in the list's order, whatever the API sends."""
    read = [Job.model_validate(item) for item in items]

    def build(page: Page[Any]) -> tuple[Any, str]:
        return build_jobs(page, search=search, workspace=search, now=NOW)

    assert [row.get("name", "") for row in everything(read, "jobs", build, limit=limit)] == [
        row_id(one.name) for one in read
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(jobs, st.none() | st.lists(executions, max_size=4)), max_size=12), texts, st.integers(1, 20))
def test_any_overview_fits(items: list[Any], search: str, limit: int) -> None:
    """Within the budget whatever their executions are, each job once; those that need attention come first."""
    read = [Job.model_validate(item) for item, _ in items]
    newest = [None if runs is None else listed_now(list(map(JobExecution.model_validate, runs))) for _, runs in items]

    def build(page: Page[Any]) -> tuple[Any, str]:
        looked_up = newest[page.skip :][: len(page.items)]
        answer, text = build_jobs(page, search=search, workspace=search, newest=looked_up, now=NOW)
        urgent = ["attention" in row for row in answer["jobs"]]
        assert urgent == sorted(urgent, reverse=True)
        assert answer.get("needAttention", 0) == sum(urgent)
        return answer, text

    rows = everything(read, "jobs", build, limit=limit)
    assert sorted(row.get("name", "") for row in rows) == sorted(row_id(one.name) for one in read)


def listed_now(executions: Sequence[JobExecution], *, complete: bool = True) -> NewestRuns:
    """A job's newest executions as they were listed at this moment."""
    return NewestRuns.of(executions, NOW, complete=complete)


@settings(max_examples=30, deadline=None)
@given(st.lists(executions, max_size=12), texts, st.integers(1, 50), st.sampled_from([None, "failed", "running"]))
def test_any_executions_fit(items: list[Any], job_id: str, limit: int, status: ExecutionWord | None) -> None:
    """Within the budget at any limit, each once; with a status those that have it."""
    read = [JobExecution.model_validate(item) for item in items]
    meant = [one for one in read if status is None or (one.status or "").casefold() == status]
    rows = everything(
        meant,
        "executions",
        lambda page: build_executions(job_id, page, read, status=status, now=NOW),
        limit=limit,
    )
    assert [row.get("id", "") for row in rows] == [row_id(one.metadata.id) for one in meant]


QUOTES, EMOJI, SLASHES = '"' * 500, "😀" * 500, "\\" * 500


@settings(max_examples=30, deadline=None)
@given(st.lists(tasks, max_size=12), texts, st.integers(1, 100), st.sampled_from([None, "failed", "cancelled"]))
@example([{"metadata": {"name": QUOTES}, "status": "0"}, {}], EMOJI, 1, None)
@example([{"metadata": {"name": QUOTES}, "conditions": [], "status": QUOTES}, {}], EMOJI, 1, None)
@example([{"metadata": {"name": SLASHES}, "status": EMOJI}] * 3, EMOJI, 100, None)
def test_any_tasks_fit(items: list[Any], name: str, limit: int, status: TaskWord | None) -> None:
    """Within the budget at any limit, all of them; without a status the failed ones first.

    The examples were found by Hypothesis, as 3,006 and 3,053 bytes: quotes are escaped in JSON, and one row was
    always shown.
    """
    execution = JobExecution.model_validate({"tasks": items, "status": name, "stats": {"total": 10**12}})
    every = execution.task_list
    meant = failed_first(every, status)
    rows = everything(
        meant,
        "tasks",
        lambda page: build_tasks((name, name), execution, TaskList(every), page, status=status, now=NOW),
        limit=limit,
        cursor=None,
    )
    assert len(rows) == len(meant)
    failed = [row.get("status") == "failed" for row in rows]
    assert failed == sorted(failed, reverse=True)


@pytest.mark.slow
def test_ten_thousand_tasks_come_once_in_order() -> None:
    """Page by page, without the network."""
    items = [{"metadata": {"name": f"task-{n}"}, "status": "failed" if n % 3 else "pending"} for n in range(10_000)]
    execution = JobExecution.model_validate({"tasks": items, "status": "running"})
    every = execution.task_list
    meant = failed_first(every, None)
    rows = everything(
        meant,
        "tasks",
        lambda page: build_tasks(("a", "e"), execution, TaskList(every), page, status=None, now=NOW),
        limit=100,
        cursor=None,
    )
    first = [f"task-{n}" for n in range(10_000) if n % 3]
    assert [row["name"] for row in rows] == [*first, *(f"task-{n}" for n in range(0, 10_000, 3))]


@pytest.mark.parametrize(
    ("start", "count", "following", "search", "sentence"),
    [
        (0, 0, None, None, "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace."),
        (0, 0, None, "night", 'No job has "night" in its name, display name or labels.'),
        (0, 0, "x", None, "No jobs; more follow."),
        (0, 1, None, None, '1 job in workspace "demo".'),
        (0, 2, None, "night", '2 jobs matching "night" in workspace "demo".'),
        (0, 2, "x", None, '2 jobs in workspace "demo"; more follow.'),
        (0, 9, None, None, '9 jobs in workspace "demo"; showing 1 to 5 of 9.'),
        (5, 9, None, None, "9 more jobs; showing 6 to 9 of 9."),
        (5, 6, "x", "night", '6 more jobs matching "night"; showing number 6 of 6.'),
        (9, 9, "x", None, "9 more jobs; no more of them."),
    ],
)
def test_the_sentence_over_jobs(
    start: int, count: int, following: str | None, search: str | None, sentence: str
) -> None:
    """Says how many, and whether that is all."""
    items = [Job.model_validate({"metadata": {"name": f"job-{n}"}}) for n in range(count)]
    answer, _ = build_jobs(page_of(items, start, following, limit=5), search=search, workspace="demo", now=NOW)
    assert answer["summary"] == sentence


def run_of(status: str | None, minutes: int, ago: int) -> JobExecution:
    """An execution that ran so many minutes, ended so many minutes ago."""
    end = NOW - timedelta(minutes=ago)
    metadata = {"id": "e", "startedAt": (end - timedelta(minutes=minutes)).isoformat(), "completedAt": end.isoformat()}
    return JobExecution.model_validate({"metadata": metadata, "status": status})


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([run_of("succeeded", 2, 5)], 'latest succeeded 5m ago, "e"'),
        ([run_of("cancelling", 2, 5)], 'latest cancelling, started 7m ago, "e"'),
        ([run_of("Odd\x07 word", 2, 5)], 'latest status "Odd word", ended 5m ago, "e"'),
        ([run_of("TIMEOUT", 2, 5)], 'needs attention (timed out 5m ago), "e"'),
        (
            [run_of("cancelled", 1, 2), *[run_of("failed", 2, 5)] * 2],
            "needs attention (the 2 before it failed), latest",
        ),
        ([], "no executions"),
        (None, "latest unknown"),
    ],
)
def test_how_the_newest_execution_of_a_job_is_told(runs: list[JobExecution] | None, said: str) -> None:
    """Once: where it is why the job needs attention, only its id follows that."""
    newest = None if runs is None else listed_now(runs)
    job = Job.model_validate({"metadata": {"name": "a"}, "status": "DEPLOYED"})
    _, text = build_jobs(page_of([job]), search=None, workspace=None, newest=[newest], now=NOW)
    assert text.splitlines()[1].startswith(f'- "a": {said}')


def test_of_several_reasons_the_most_urgent_is_always_said() -> None:
    """That there are others is marked; the deployment's status has a place of its own."""
    jobs = [Job.model_validate({"metadata": {"name": f"job-{n:02d}{'-' * 40}"}, "status": "FAILED"}) for n in range(20)]
    newest = [listed_now([run_of("failed", 2, 5)] * 3)] * 20
    answer, text = build_jobs(page_of(jobs), search=None, workspace=None, newest=newest, now=NOW)
    assert {row["attention"] for row in answer["jobs"]} == {"failed 5m ago…"}
    assert {row["status"] for row in answer["jobs"]} == {"failed"}
    assert text.splitlines()[1] == f'- "job-00{"-" * 40}": needs attention (failed 5m ago…), deployment failed'
    few, _ = build_jobs(page_of(jobs[:2]), search=None, workspace=None, newest=newest[:2], now=NOW)
    assert few["jobs"][0]["attention"] == "failed 5m ago, 3 in a row, deployment failed"


@pytest.mark.parametrize(
    ("items", "summary"),
    [
        ([run_of("succeeded", 2, 5)], 'The newest execution of job "a" succeeded 5m ago.'),
        ([run_of("TIMEOUT", 2, 5)], 'The newest execution of job "a" timed out 5m ago.'),
        ([run_of("cancelled", 2, 5)], 'The newest execution of job "a" was cancelled 5m ago.'),
        ([run_of("cancelling", 2, 5)], 'The newest execution of job "a" is being cancelled, started 7m ago.'),
        ([run_of("Odd\x07 word", 2, 5)], 'The newest execution of job "a" has status "Odd word", ended 5m ago.'),
        (
            [run_of("running", 2, 5), run_of("queued", 1, 9)],
            'The newest execution of job "a" is running, started 7m ago. None of the 2 executions looked at is over.',
        ),
        (
            [run_of("failed", 2, 5), *[run_of("succeeded", 4, 9)] * 999],
            (
                'The newest execution of job "a" failed 5m ago. '
                "The newest is the first failure after 999 that succeeded, the last of them today at 08:51 UTC. "
                "Of 1,000 executions looked at, 999 succeeded and 1 failed (99% success); usually 4m. "
                "998 executions started before an earlier one had ended."
            ),
        ),
        (
            [run_of("failed", 2, 5), run_of("running", 1, 1), run_of("succeeded", 4, 9)],
            (
                'The newest execution of job "a" failed 5m ago. '
                "Of 3 executions looked at, 1 succeeded and 1 failed (50% success), 1 is not over."
            ),
        ),
    ],
)
def test_the_sentences_over_executions(items: list[JobExecution], summary: str) -> None:
    """The newest one's state and when; then how many of those looked at succeeded, and what is usual."""
    answer, _ = build_executions("a", page_of(items[:1]), items, status=None, now=NOW)
    assert answer["summary"] == summary


def test_a_duration_is_of_what_is_over() -> None:
    """`durationSeconds` of one that has ended, `runningSeconds` of one that has not, neither against the clock."""
    items = [run_of("succeeded", 2, 5), run_of("cancelling", 2, 5), run_of("failed", -2, 5), run_of("running", 2, -60)]
    answer, _ = build_executions("a", page_of(items), items, status=None, now=NOW)
    durations = [{key: row[key] for key in row if key.endswith("Seconds")} for row in answer["executions"]]
    assert durations == [{"durationSeconds": 120}, {"runningSeconds": 420}, {}, {}]


def tasks_of(count: int, message: str = "", **more: Any) -> JobExecution:
    """An execution of so many failed tasks; only the first says why it failed, unless it is said for all."""
    first = {"conditions": [{"message": message}]} if message else {}
    items = [
        {"metadata": {"name": f"task-{n}"}, "status": "failed"} | more | (first if n == 0 else {}) for n in range(count)
    ]
    return JobExecution.model_validate({"tasks": items})


def listed(execution: JobExecution, limit: int) -> tuple[Any, str]:
    """The first page of its tasks."""
    every = execution.task_list
    return build_tasks(("j", "e"), execution, TaskList(every), page_of(every, limit=limit), status=None, now=NOW)


def test_short_rows_leave_their_room_to_long_ones() -> None:
    """One message of 200 characters among forty rows is shown whole."""
    answer, text = listed(tasks_of(40, "m" * 200), 40)
    assert answer["tasks"][0]["message"] == "m" * 200
    assert "shortened" not in text


@pytest.mark.parametrize(
    ("count", "longest"),
    [(5, {180}), (10, {138}), (20, {53, 54}), (40, {11, 12}), (60, {0, 6})],
)
def test_messages_are_cut_so_that_all_rows_fit(count: int, longest: set[int]) -> None:
    """All rows to the same bytes, and no message below a few words; that it was done is said."""
    answer, text = listed(tasks_of(count, conditions=[{"message": "\\mé" * 60}]), count)
    assert len(answer["tasks"]) == count
    assert "notShown" not in answer
    assert {len(row.get("message", "")) for row in answer["tasks"]} == longest
    assert len({json_size(row) for row in answer["tasks"] if "message" in row}) == 1
    shortened = "Rows are shortened to fit: a smaller limit shows more of each." in answer["summary"]
    assert shortened == (longest != {180})
    assert text.splitlines()[0] == answer["summary"]


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (231, f'failed, failed {"e" * 40}, 1,024 MB, timed out: "{"m" * 70}"'),
        (230, f'failed, failed {"e" * 40}, 1,024 MB, timed out: "{"m" * 66}…"'),
        (173, f'failed, failed {"e" * 40}, 1,024 MB, timed out: "{"m" * 9}…"'),
        (172, f"failed, failed {'e' * 40}, 1,024 MB, timed out"),
        (148, f"failed, failed {'e' * 40}, 1,024 MB, timed out"),
        (147, f"failed, failed {'e' * 40}, 1,024 MB"),
        (128, f"failed, failed {'e' * 40}, 1,024 MB"),
        (127, f"failed, failed {'e' * 40}"),
        (112, f"failed, failed {'e' * 40}"),
        (111, "failed, x, 1,024 MB, timed out"),
        (95, "failed, x, 1,024 MB, timed out"),
        (94, "failed, x, 1,024 MB"),
        (75, "failed, x, 1,024 MB"),
        (74, "failed, x"),
        (0, "failed, x"),
    ],
)
def test_a_row_is_cut_from_its_end(most: int, said: str) -> None:
    """The name stays whole and of some facts a part, others go as a whole; a message takes the room that is left."""
    latest = {"status": "failed", "id": "e" * 40}
    facts = {
        "status": Fact("failed", str, "failed"),
        "latest": Fact(latest, lambda shown: " ".join(shown.values()), {"status": "x"}),
        "memoryMb": Fact(1_024, "{:,} MB".format),
        "region": Fact(None, str),
        "cause": Fact("timed_out", lambda cause: cause.replace("_", " ")),
    }
    row = Row("name", "task-1", facts, "m" * 70).within(most)
    assert row.as_line() == f'- "task-1": {said}'
    assert most == 0 or json_size(row.as_object()) <= most


def test_even_the_shortest_rows_are_counted_where_they_do_not_fit() -> None:
    """Name and status of each, as many as there is room for, and the cursor continues with the rest."""
    answer, text = listed(tasks_of(100, conditions=[{"message": "why"}]), 100)
    shown = len(answer["tasks"])
    assert set(map(frozenset, answer["tasks"])) == {frozenset({"name", "status"})}
    assert answer["notShown"] == 100 - shown
    assert answer["nextCursor"] == str(shown)
    assert limits.LIST_BYTES - json_size(answer) < 100
    assert text.endswith(f'\n{100 - shown} more did not fit. To go on, call again with cursor "{shown}".')


def test_rows_that_take_more_bytes_as_text_than_as_json_fit_too() -> None:
    """A task without name and status is `{}` as JSON, but `- (no name): no status` in the text."""
    reasoned = tasks_of(10, conditions=[{"message": "m" * 200}])
    answer, text = listed(JobExecution.model_validate({"tasks": [*reasoned.task_list, *[{}] * 89]}), 99)
    assert len(answer["tasks"]) == 99
    assert json_size(answer) < len(text.encode()) <= limits.LIST_BYTES


def test_fifty_executions_fit_with_the_ids_that_blaxel_gives() -> None:
    """The largest page there is, each with its status; facts leave from the last on."""
    items = [
        JobExecution.model_validate({"metadata": {"id": f"exec-{n:08x}", "startedAt": "2026-11-24T08:00:00Z"}})
        for n in range(50)
    ]
    answer, _ = build_executions("nightly", page_of(items, 0, "c" * 150), items, status=None, now=NOW)
    assert len(answer["executions"]) == 50


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
    answer, text = build_tasks(("j", "e"), execution, TaskList(every), page_of(every), status=None, now=NOW)
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
        '- "c": failed\n'
        '- "d": status "odd"'
    )


@pytest.mark.parametrize("word", [*DEPLOYMENT_STATUSES, *get_args(ExecutionWord), *get_args(TaskWord)])
def test_known_words_are_plain_and_in_lower_case(word: str) -> None:
    """Whatever case the API writes them in."""
    assert read_status(word.upper()) == word
    assert status_phrase(word) == word


def test_other_words_stay_as_they_came_in_quotes() -> None:
    """Cleaned, never taken for one of ours."""
    assert read_status("De\u200bployed!") == "Deployed!"
    assert status_phrase("Deployed!") == 'status "Deployed!"'
    assert read_status(None) == read_status("") == ""
    assert status_phrase("") == "no status"
