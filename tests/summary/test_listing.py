"""Lists as values: whole texts, budgets for anything the API may send, and pages that continue after the last row."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blaxel_mcp.advice import advise
from blaxel_mcp.command_line import TOOLS
from blaxel_mcp.models import ExecutionWord, Job, JobExecution, TaskWord
from blaxel_mcp.shell_advice import ShellAdvice
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.attention import NewestRuns
from blaxel_mcp.summary.identity import other_execution
from blaxel_mcp.summary.listing import (
    DEPLOYMENT_STATUSES,
    Fact,
    Head,
    Page,
    Row,
    last_moment,
    read_status,
    render_page,
    row_id,
    status_phrase,
    status_sentence,
)
from blaxel_mcp.summary.listing_executions import build_executions
from blaxel_mcp.summary.listing_jobs import build_jobs
from blaxel_mcp.summary.listing_tasks import build_tasks, failed_first
from blaxel_mcp.summary.runs import Run
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
        ("x" + "é" * 256, "x" + "é" * 98 + "…"),
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


def test_a_page_of_3000_bytes_is_not_shortened() -> None:
    """With one more letter it is, to as many bytes."""
    for length in (98, 99):
        items = [*tasks_of(40, conditions=[{"message": "m" * 20}]).task_list]
        items[0] = {**items[0], "conditions": [{"message": "m" * length}]}
        answer, _ = listed(JobExecution.model_validate({"tasks": items}), 40)
        assert json_size(answer) == 3_000
        assert ("shortened" in answer["summary"]) is (length == 99)


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
        (229, f'failed, failed {"e" * 40}, 1,024 MB, timed out: "{"m" * 70}"'),
        (228, f'failed, failed {"e" * 40}, 1,024 MB, timed out: "{"m" * 66}…"'),
        (171, f'failed, failed {"e" * 40}, 1,024 MB, timed out: "{"m" * 9}…"'),
        (170, f"failed, failed {'e' * 40}, 1,024 MB, timed out"),
        (146, f"failed, failed {'e' * 40}, 1,024 MB, timed out"),
        (145, f"failed, failed {'e' * 40}, 1,024 MB"),
        (126, f"failed, failed {'e' * 40}, 1,024 MB"),
        (125, f"failed, failed {'e' * 40}"),
        (110, f"failed, failed {'e' * 40}"),
        (109, "failed, x, 1,024 MB, timed out"),
        (93, "failed, x, 1,024 MB, timed out"),
        (92, "failed, x, 1,024 MB"),
        (73, "failed, x, 1,024 MB"),
        (72, "failed, x"),
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
    row = Row("id", "exec-1", facts, "m" * 70).within(most)
    assert row.as_line() == f'- "exec-1": {said}'
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


def moment(*minutes: float | None) -> dict[str, str]:
    """Creation, start and end, so many minutes before now, as far as they are known."""
    named = zip(("createdAt", "startedAt", "completedAt"), minutes, strict=False)
    return {key: (NOW - timedelta(minutes=ago)).isoformat() for key, ago in named if ago is not None}


def one(name: str, status: str | None, *minutes: float | None, **stats: int) -> JobExecution:
    """An execution; `minutes` are its creation, start and end before now."""
    metadata = {"id": name, **moment(*minutes)}
    return JobExecution.model_validate({"metadata": metadata, "status": status, "stats": stats})


@pytest.mark.parametrize(
    ("execution", "fact", "words"),
    [
        (one("e", "succeeded", 9, 7, 5), {"endedSecondsAgo": 300}, " 5m ago"),
        # How one with an unknown status ended is not known, only that it did.
        (one("e", "odd", 9, 7, 5), {"endedSecondsAgo": 300}, ", ended 5m ago"),
        (one("e", "running", 9, 7, 5), {"startedSecondsAgo": 420}, ", started 7m ago"),
        (one("e", "failed", 9, 7), {"startedSecondsAgo": 420}, ", started 7m ago"),
        (one("e", "queued", 9), {"createdSecondsAgo": 540}, ", created 9m ago"),
        # What is still to come is no moment to tell.
        (one("e", "failed", 9, 7, -1), {"startedSecondsAgo": 420}, ", started 7m ago"),
        (one("e", "failed", 0, -1, -1), {"createdSecondsAgo": 0}, ", created 0s ago"),
        (one("e", "failed"), {}, ""),
    ],
)
def test_the_last_moment_of_an_execution(execution: JobExecution, fact: dict[str, int], words: str) -> None:
    """Its end where it has ended, else its start, else its creation."""
    assert last_moment(Run.of(execution), NOW) == (fact, words)


@pytest.mark.parametrize(
    ("matching", "total", "sentence"),
    [
        (0, 1, "The one task of it does not have status failed"),
        (1, 1, "The one task of it has status failed"),
        (0, 2, "None of the 2 tasks of it has status failed"),
        (1, 2, "1 of the 2 tasks of it has status failed"),
        (2, 2, "2 of the 2 tasks of it have status failed"),
        (1_000, 2_000, "1,000 of the 2,000 tasks of it have status failed"),
    ],
)
def test_how_many_have_a_status(matching: int, total: int, sentence: str) -> None:
    """Of one, of several, and of none of them."""
    assert status_sentence(matching, total, "task", "of it", "failed") == sentence


def test_a_page_is_told_whole() -> None:
    """Its rows by rank, what the head says of those shown, and how to go on within the list."""

    def row(number: int) -> Row:
        return Row("name", f"n{number}", {"size": Fact(number, "size {}".format)})

    def head(shown: Sequence[int]) -> Head:
        return Head(f"{sum(shown)} in all", {"sum": sum(shown), "none": None}, "A remark.", more="; and others")

    def rank(number: int) -> int:
        return -number

    rows = [{"name": "n4", "size": 4}, {"name": "n3", "size": 3}]
    lines = '- "n4": size 4\n- "n3": size 3'
    numbers = [1, 2, 3, 4, 5]
    middle = render_page("rows", page_of(numbers, 2, limit=2), row, head, rank=rank)
    summary = "7 in all; showing 3 to 4 of 5. A remark."
    assert middle == (
        {"summary": summary, "rows": rows, "sum": 7, "nextCursor": "4"},
        f'{summary}\n{lines}\nTo go on, call again with cursor "4".',
    )
    # At the end of what is known: of a list that goes on, of one that does so by a cursor that is too long, of a whole.
    for cursor, more, last, fields in (
        ("x", "; and others", '\nTo go on, call again with cursor "x".', {"nextCursor": "x"}),
        ("", "; and others", "\nThere are more, but Blaxel's cursor to them is too long to pass on.", {}),
        (None, "", "", {}),
    ):
        summary = f"7 in all{more}. A remark."
        assert render_page("rows", page_of([3, 4], cursor=cursor), row, head, rank=rank) == (
            {"summary": summary, "rows": rows, "sum": 7, **fields},
            f"{summary}\n{lines}{last}",
        )
    assert render_page("rows", page_of([4, 3]), row, lambda _: Head("All", {})) == (
        {"summary": "All.", "rows": rows},
        f"All.\n{lines}",
    )


def test_the_call_that_goes_on_repeats_what_was_resolved() -> None:
    """A command in a shell does; to a tool's cursor the arguments belong anyway."""
    items: list[Any] = [{"metadata": {"name": f"task-{number}"}, "status": "failed"} for number in range(3)]
    execution = JobExecution.model_validate({"tasks": items})
    words = ShellAdvice(["blaxel-mcp"], TOOLS["tasks"], {"jobId": "j", "executionId": "latest", "limit": 2}, demo=False)
    with advise(answers=words, errors=words):
        _, text = listed(execution, 2)
    assert text.splitlines()[-1] == "To go on, run `blaxel-mcp tasks j e --limit 2 --cursor 2`."


def schedule(*expressions: str, off: str = "", **more: Any) -> dict[str, Any]:
    """The configuration of a job with these cron triggers; the one that is `off` is the last of them."""
    triggers = [
        {"type": "cron", "enabled": expression != off, "configuration": {"schedule": expression}}
        for expression in (*expressions, *filter(None, [off]))
    ]
    return {"triggers": triggers, **more}


def test_a_list_of_executions_is_told_whole() -> None:
    """What each came to, then a line each, with as much as the API says."""
    items = [
        one("e5", "running", 10, 9, total=40, success=12, failure=2),
        one("e4", "TIMEOUT", 70, 69, 39, total=40, success=39, failure=1),
        one("e3", "succeeded", 130),
        one("e2", "succeeded", 190, 190, 184.5, success=3, failure=1),
        one("e1", "cancelled", 250, 249, 248, total=1),
        one("e0", "Zed", 310, 309, 300, total=2, failure=2),
    ]
    job = Job.model_validate({"metadata": {"name": "nightly"}, "spec": schedule("50 7 * * *")})
    answer, text = build_executions("nightly", page_of(items), items, status=None, now=NOW, job=job)
    summary = (
        'The newest execution of job "nightly" is running, started 9m ago. '
        "Not counting unfinished and cancelled ones, the newest is the first failure after 2 that succeeded. "
        "Of 6 executions looked at, 2 succeeded and 1 failed (67% success), 1 was cancelled, 1 is not over, "
        "1 has a status that is not known. 1 of those that succeeded had failed tasks. "
        "Due today at 07:50 UTC, 1h 10m ago: an execution was created then and timed out. "
        "Next due tomorrow at 07:50 UTC."
    )
    assert text.split("\n") == [
        summary,
        '- "e5": running, 12 of 40 tasks succeeded, 2 failed, started 2026-11-24T08:51:00Z, 9m so far',
        '- "e4": timeout, 39 of 40 tasks succeeded, 1 failed, started 2026-11-24T07:51:00Z, took 30m',
        '- "e3": succeeded, created 2026-11-24T06:50:00Z',
        '- "e2": succeeded, 3 tasks succeeded, 1 failed, started 2026-11-24T05:50:00Z, took 5m 30s',
        '- "e1": cancelled, 1 task, started 2026-11-24T04:51:00Z, took 1m',
        '- "e0": status "Zed", 2 tasks, 2 failed, started 2026-11-24T03:51:00Z, took 9m',
    ]
    assert answer == {
        "summary": summary,
        "executions": [
            {
                "id": "e5",
                "status": "running",
                "tasks": {"total": 40, "succeeded": 12, "failed": 2},
                "startedAt": "2026-11-24T08:51:00Z",
                "runningSeconds": 540,
            },
            {
                "id": "e4",
                "status": "timeout",
                "tasks": {"total": 40, "succeeded": 39, "failed": 1},
                "startedAt": "2026-11-24T07:51:00Z",
                "durationSeconds": 1800,
            },
            {"id": "e3", "status": "succeeded", "createdAt": "2026-11-24T06:50:00Z"},
            {
                "id": "e2",
                "status": "succeeded",
                "tasks": {"succeeded": 3, "failed": 1},
                "startedAt": "2026-11-24T05:50:00Z",
                "durationSeconds": 330,
            },
            {
                "id": "e1",
                "status": "cancelled",
                "tasks": {"total": 1},
                "startedAt": "2026-11-24T04:51:00Z",
                "durationSeconds": 60,
            },
            {
                "id": "e0",
                "status": "Zed",
                "tasks": {"total": 2, "failed": 2},
                "startedAt": "2026-11-24T03:51:00Z",
                "durationSeconds": 540,
            },
        ],
        "lookedAt": 6,
        "finished": 5,
        "succeeded": 2,
        "failed": 1,
        "cancelled": 1,
        "succeededWithFailures": 1,
        "streak": {"outcome": "failed", "count": 1},
        "schedule": {
            "expression": "50 7 * * *",
            "state": "ran",
            "lastDue": "2026-11-24T07:50:00Z",
            "createdAt": "2026-11-24T07:50:00Z",
            "nextDue": "2026-11-25T07:50:00Z",
        },
    }


def test_what_needs_attention_comes_before_how_the_job_has_been_doing() -> None:
    """A time that was missed first; on an older page neither the newest execution nor a streak is told."""
    took = [12, 12, 9, 9, 6, 6]
    since = [24 * 60 * days + 7 * 60 for days in range(2, 8)]
    ended = [
        one(f"e{at}", "succeeded", begun, begun, begun - minutes)
        for at, (begun, minutes) in enumerate(zip(since, took, strict=True))
    ]
    items = [one("e", "running", 31 * 60, 31 * 60), *ended]
    job = Job.model_validate({"metadata": {"name": "nightly"}, "spec": schedule("0 2 * * *")})
    due = (
        "Due today at 02:00 UTC, 7h ago: no new execution; the one created yesterday at 02:00 UTC is still going. "
        "Next due tomorrow at 02:00 UTC."
    )
    health = (
        "Of 7 executions looked at, 6 succeeded and none failed, 1 is not over. Taking longer: 12m lately, 6m before."
    )
    facts = {
        "lookedAt": 7,
        "finished": 6,
        "succeeded": 6,
        "usualSeconds": 540,
        "drift": {"latelySeconds": 720, "beforeSeconds": 360},
        "schedule": {
            "expression": "0 2 * * *",
            "state": "overlapped",
            "lastDue": "2026-11-24T02:00:00Z",
            "nextDue": "2026-11-25T02:00:00Z",
        },
    }
    answer, _ = build_executions("nightly", page_of(items, limit=1), items, status=None, now=NOW, job=job)
    assert {key: value for key, value in answer.items() if key != "executions"} == {
        "summary": (
            'The newest execution of job "nightly" is running, started 31h ago; showing number 1 of 7. '
            f"{due} Needs attention: running for 31h, usually 9m. {health}"
        ),
        **facts,
        "streak": {"outcome": "succeeded", "count": 6},
        "nextCursor": "1",
    }
    answer, _ = build_executions("nightly", page_of(items, 5), items, status=None, now=NOW, job=job)
    assert {key: value for key, value in answer.items() if key != "executions"} == {
        "summary": f'7 older executions of job "nightly"; showing 6 to 7 of 7. {due} {health}',
        **facts,
    }


@pytest.mark.parametrize(
    ("execution", "said"),
    [
        (one("e", "queued", 9), "is queued, created 9m ago"),
        (one("e", "PENDING", 9), "is pending, created 9m ago"),
        (one("e", "failed", 9, 7, 5, total=40, failure=3), "failed 5m ago, 3 of 40 tasks failed"),
        (one("e", "failed", 9, 7, 5, failure=3), "failed 5m ago, 3 tasks failed"),
        (one("e", "failed", 9, 7, 5, total=1_000, failure=1_000), "failed 5m ago, 1,000 of 1,000 tasks failed"),
        (one("e", "failed", 9, 7, 5, total=40, failure=0), "failed 5m ago"),
        (one("e", "succeeded", 9, 7, 5, total=2, failure=1), "succeeded 5m ago, but 1 of 2 tasks failed"),
        (one("e", "cancelled", 9, 7, 5, total=2, failure=1), "was cancelled 5m ago, 1 of 2 tasks failed"),
        (one("e", "running", 9, 7, total=2, failure=1), "is running, started 7m ago"),
        (one("e", None), "has no status"),
    ],
)
def test_the_newest_execution_in_a_few_words(execution: JobExecution, said: str) -> None:
    """What it did or does, since when, and how many of its tasks failed where it is over."""
    answer, _ = build_executions("a", page_of([execution]), [execution], status=None, now=NOW)
    assert answer["summary"] == f'The newest execution of job "a" {said}.'


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        ({"total": 40}, ", 40 tasks"),
        ({"total": 1}, ", 1 task"),
        ({"total": 0}, ""),
        ({"success": 1}, ", 1 task succeeded"),
        ({"total": 0, "success": 0}, ", 0 of 0 tasks succeeded"),
        ({"total": 2_000, "success": 1_000, "failure": 0}, ", 1,000 of 2,000 tasks succeeded"),
        ({"failure": 1_000}, ", 1,000 failed"),
        ({}, ""),
    ],
)
def test_the_tasks_of_an_execution_in_its_row(stats: dict[str, int], said: str) -> None:
    """As far as the counts are known."""
    item = one("e", "succeeded", **stats)
    _, text = build_executions("a", page_of([item]), [item], status=None, now=NOW)
    assert text.splitlines()[1:] == [f'- "e": succeeded{said}']


def test_a_filter_of_executions_tells_how_many_match() -> None:
    """Of those that were looked at; none of them is a number too."""
    items = [run_of("failed", 2, 5), run_of("succeeded", 2, 9), run_of("succeeded", 2, 19)]
    answer, _ = build_executions("a", page_of(items[:1], cursor="x"), items, status="failed", now=NOW)
    health = "The newest is the first failure after 2 that succeeded, the last of them today at 08:51 UTC."
    counts = "Of 3 executions looked at, 2 succeeded and 1 failed (67% success)."
    said = '1 of the 3 executions of job "a" looked at has status failed; older ones follow.'
    assert answer["summary"] == f"{said} {health} {counts}"
    assert answer["matching"] == 1
    answer, text = build_executions("a", page_of([]), items, status="queued", now=NOW)
    said = 'None of the 3 executions of job "a" looked at has status queued.'
    assert text == answer["summary"] == f"{said} {health} {counts}"
    assert answer["matching"] == 0
    answer, _ = build_executions("a", page_of(items[:1], cursor="x"), items, status=None, now=NOW)
    assert answer["summary"] == f'The newest execution of job "a" failed 5m ago. {health} {counts}'
    assert "matching" not in answer


def test_older_executions_have_no_streak() -> None:
    """The newest ones of a page are not the newest of the job; those that overlap are counted."""
    items = [run_of("failed", 2, 5), run_of("succeeded", 2, 9), run_of("succeeded", 9, 10)]
    page = page_of(items)._replace(first=False)
    answer, _ = build_executions("a", page, items, status=None, now=NOW)
    assert {key: value for key, value in answer.items() if key != "executions"} == {
        "summary": (
            '3 older executions of job "a". Of 3 executions looked at, 2 succeeded and 1 failed (67% success). '
            "1 execution started before an earlier one had ended."
        ),
        "lookedAt": 3,
        "finished": 3,
        "succeeded": 2,
        "failed": 1,
        "overlapping": 1,
    }


def test_a_list_that_goes_on_may_hold_the_execution_that_was_due() -> None:
    """Only of a whole list is it said that one was late."""
    job = Job.model_validate({"metadata": {"name": "a"}, "spec": schedule("0 2 * * *")})
    items = [one("e", "succeeded", 240, 240, 235)]
    newest = 'The newest execution of job "a" succeeded 3h 55m ago.'
    for cursor, state, said in (
        (None, "late", "Due today at 02:00 UTC, 7h ago: an execution was created 3h later and succeeded."),
        ("x", "unknown", "Last due today at 02:00 UTC, 7h ago; whether an execution was created then can't be told."),
    ):
        page = page_of(items, cursor=cursor)
        answer, _ = build_executions("a", page, items, status=None, now=NOW, job=job)
        assert answer["summary"] == f"{newest} {said} Next due tomorrow at 02:00 UTC."
        assert answer["schedule"]["state"] == state
        known = listed_now(items, complete=cursor is None)
        overview, _ = build_jobs(page_of([job]), search=None, workspace=None, newest=[known], now=NOW)
        assert overview["jobs"][0].get("scheduleState") == (state if cursor is None else None)


def test_a_job_without_executions_says_so() -> None:
    """On a later page, without more of them; no counts are made up."""
    first = {"summary": 'Job "a" has no executions.', "executions": [], "lookedAt": 0}
    assert build_executions("a", page_of([]), [], status=None, now=NOW) == (first, first["summary"])
    later = {"summary": 'Job "a" has no more executions.', "executions": [], "lookedAt": 0}
    page: Page[JobExecution] = page_of([])._replace(first=False)
    assert build_executions("a", page, [], status="failed", now=NOW) == (later | {"matching": 0}, later["summary"])


def job_of(name: str, status: str | None = "DEPLOYED", **spec: Any) -> Job:
    """A job, as it is listed."""
    return Job.model_validate({"metadata": {"name": name}, "status": status, "spec": spec})


def test_an_overview_of_jobs_is_told_whole() -> None:
    """Those that need attention first, then what runs, what is unknown and what is fine, in the order of the list."""
    failed = one("e-a", "failed", 9, 7, 5, total=40, failure=3)
    hours = ["0 1 * * *", "0 2 * * *", "0 3 * * *", "0 4 * * *"]
    fine = schedule("53 8 * * *", runtime={"memory": 2048}, region="us-pdx-1")
    given: list[tuple[Job, NewestRuns | None]] = [
        (job_of("b", **schedule(*hours, enabled=False)), listed_now([])),
        (job_of("d", **fine), listed_now([run_of("succeeded", 2, 5)])),
        (job_of("c", "BUILDING", **schedule("0 1 * * *", off="0 2 * * *")), None),
        (job_of("g"), listed_now([run_of("running", 2, 5)])),
        (job_of("e", "FAILED"), listed_now([run_of("succeeded", 2, 5)])),
        (job_of("a", "FAILED"), listed_now([failed])),
    ]
    jobs, newest = map(list, zip(*given, strict=True))
    answer, text = build_jobs(page_of(jobs), search=None, workspace="demo", newest=newest, now=NOW)
    summary = (
        '2 of 6 jobs need attention: "a" (failed 5m ago, 3 of 40 tasks), "e" (deployment failed); '
        "of 1 the latest execution could not be looked up."
    )
    assert answer == {
        "summary": summary,
        "jobs": [
            {
                "name": "a",
                "attention": "failed 5m ago, 3 of 40 tasks, deployment failed",
                "latest": {"status": "failed", "endedSecondsAgo": 300, "id": "e-a"},
                "status": "failed",
            },
            {
                "name": "e",
                "attention": "deployment failed",
                "latest": {"status": "succeeded", "endedSecondsAgo": 300, "id": "e"},
                "status": "failed",
            },
            {"name": "g", "latest": {"status": "running", "startedSecondsAgo": 420, "id": "e"}},
            {
                "name": "c",
                "latest": {"status": "unknown"},
                "status": "building",
                "schedule": "0 1 * * *; 0 2 * * * (off)",
            },
            {
                "name": "b",
                "latest": {"status": "none"},
                "enabled": False,
                "schedule": "0 1 * * *; 0 2 * * *; 0 3 * * *; and more",
            },
            {
                "name": "d",
                "latest": {"status": "succeeded", "endedSecondsAgo": 300, "id": "e"},
                "schedule": "53 8 * * *",
                "scheduleState": "ran",
                "memoryMb": 2048,
                "region": "us-pdx-1",
            },
        ],
        "lookedAt": 5,
        "needAttention": 2,
    }
    assert text.split("\n") == [
        summary,
        '- "a": needs attention (failed 5m ago, 3 of 40 tasks, deployment failed), "e-a", deployment failed',
        '- "e": needs attention (deployment failed), latest succeeded 5m ago, "e"',
        '- "g": latest running, started 7m ago, "e"',
        '- "c": latest unknown, deployment building, scheduled "0 1 * * *; 0 2 * * * (off)"',
        '- "b": no executions, disabled, scheduled "0 1 * * *; 0 2 * * *; 0 3 * * *; and more"',
        '- "d": latest succeeded 5m ago, "e", scheduled "53 8 * * *", ran when due, 2,048 MB, region "us-pdx-1"',
    ]


FINE, FAILED = listed_now([run_of("succeeded", 2, 5)]), listed_now([run_of("failed", 2, 5)])


@pytest.mark.parametrize(
    ("newest", "search", "more", "summary"),
    [
        ([FINE], None, False, "1 job, and it needs no attention."),
        ([FAILED], None, False, '1 job, and it needs attention: "job-0" (failed 5m ago).'),
        ([None], None, False, "1 job; how its latest execution went could not be looked up."),
        ([FINE, FINE], None, False, "None of 2 jobs needs attention."),
        ([FINE, FAILED], None, False, '1 of 2 jobs needs attention: "job-1" (failed 5m ago).'),
        ([None, None], None, False, "2 jobs; how their latest executions went could not be looked up."),
        (
            [FINE, None, None],
            None,
            False,
            "None of 3 jobs needs attention; of 2 the latest execution could not be looked up.",
        ),
        ([FINE], "job", True, '1 job matching "job", and it needs no attention; more follow.'),
        ([FINE, FINE], "job", True, 'None of the 2 jobs matching "job" shown here needs attention; more follow.'),
        (
            [None, None],
            None,
            True,
            "The 2 jobs shown here; how their latest executions went could not be looked up; more follow.",
        ),
        (
            [FAILED] * 7,
            None,
            False,
            "7 of 7 jobs need attention: "
            + ", ".join(f'"job-{number}" (failed 5m ago)' for number in range(5))
            + " and 2 more.",
        ),
    ],
)
def test_the_sentence_over_an_overview(
    newest: list[NewestRuns | None],
    search: str | None,
    more: bool,  # noqa: FBT001 - given by pytest
    summary: str,
) -> None:
    """How many need attention, which and why; of how many nothing is known; and whether there are others."""
    jobs = [job_of(f"job-{number}") for number in range(len(newest))]
    answer, _ = build_jobs(
        page_of(jobs, cursor="x" if more else None), search=search, workspace="demo", newest=newest, now=NOW
    )
    assert answer["summary"] == summary


def test_a_part_of_the_jobs_is_told_as_a_part() -> None:
    """Also where it is the last one, and where what was found before is not known."""
    jobs = [job_of(f"job-{number}") for number in range(4)]
    for skip, sentence in (
        (0, "None of the 2 jobs shown here needs attention; showing 1 to 2 of 4."),
        (2, "None of the 2 jobs shown here needs attention; showing 3 to 4 of 4."),
    ):
        page = page_of(jobs, skip, limit=2)
        answer, _ = build_jobs(page, search=None, workspace="demo", newest=[FINE, FINE], now=NOW)
        assert answer["summary"] == sentence


def test_jobs_that_need_attention_come_in_the_order_of_urgency() -> None:
    """Of one kind the newest first, by its end or else its creation; last the one of which no time is known."""
    late = job_of("m", **schedule("0 2 * * *"))
    given = [
        (job_of("w"), one("e", "queued", 30)),
        (job_of("z"), one("e", "failed")),
        (late, run_of("succeeded", 2, 600)),
        (job_of("x"), one("e", "failed", 20, 20, 9)),
        (job_of("u"), one("e", "failed", 7)),
        (job_of("v"), one("e", "queued", 25)),
        (job_of("y"), one("e", "failed", 40, 40, 5)),
    ]
    jobs, newest = [job for job, _ in given], [listed_now([execution]) for _, execution in given]
    answer, _ = build_jobs(page_of(jobs), search=None, workspace=None, newest=newest, now=NOW)
    assert [(row["name"], row["attention"]) for row in answer["jobs"]] == [
        ("y", "failed 5m ago"),
        ("u", "failed"),
        ("x", "failed 9m ago"),
        ("z", "failed"),
        ("m", "missed its schedule, due today at 02:00 UTC"),
        ("v", "queued for 25m"),
        ("w", "queued for 30m"),
    ]


def test_of_its_newest_execution_a_job_always_says_how_it_stands() -> None:
    """And since when, unless that is why it needs attention; where there is no room, its id is what is left out."""
    fail, fine = listed_now([run_of("failed", 2, 5)]), listed_now([run_of("succeeded", 2, 5)])
    long: list[tuple[str, NewestRuns | None]] = [
        ("failed", fail),
        ("fine", fine),
        ("none", listed_now([])),
        ("unknown", None),
    ]
    given = [*[("short", fail)] * 12, *long * 4]
    jobs = [job_of(f"{number} {kind}{' long' * 30 * (kind != 'short')}") for number, (kind, _) in enumerate(given)]
    newest = [runs for _, runs in given]
    answer, _ = build_jobs(page_of(jobs), search=None, workspace=None, newest=newest, now=NOW)
    assert answer["notShown"] > 4
    found = {row["name"].split()[1]: row["latest"] for row in answer["jobs"] if "long" in row["name"]}
    assert found == {
        "failed": {"status": "failed"},
        "fine": {"status": "succeeded", "endedSecondsAgo": 300},
        "none": {"status": "none"},
        "unknown": {"status": "unknown"},
    }


def test_a_job_without_name_and_status_is_told_all_the_same() -> None:
    """Neither is made up."""
    job = Job.model_validate({"spec": schedule("0 1 * * *", "0 2 * * *", off="0 3 * * *")})
    _, text = build_jobs(page_of([job]), search=None, workspace=None, newest=[FAILED], now=NOW)
    assert text.split("\n") == [
        '1 job, and it needs attention: "" (failed 5m ago).',
        '- (no name): needs attention (failed 5m ago), "e", scheduled "0 1 * * *; 0 2 * * *; 0 3 * * * (off)", late',
    ]


def test_a_later_page_without_jobs_has_no_more_of_them() -> None:
    """That none were found on the first one is not known here."""
    page: Page[Job] = page_of([])._replace(first=False)
    for search, sentence in ((None, "No more jobs."), ("night", 'No more jobs matching "night".')):
        expected = {"summary": sentence, "jobs": []}
        assert build_jobs(page, search=search, workspace="demo", now=NOW) == (expected, sentence)


@pytest.mark.parametrize(("names", "shown"), [([39, 39, 39, 39, 38], 5), ([39] * 5, 4)])
def test_the_jobs_that_need_attention_are_named_in_400_bytes(names: list[int], shown: int) -> None:
    """What is longer is counted."""
    jobs = [job_of(f"{number}{'x' * (length - 1)}") for number, length in enumerate(names)]
    newest = [listed_now([one("e", "failed", 9, 7, 5, total=4_000, failure=3)])] * 5
    answer, _ = build_jobs(page_of(jobs), search=None, workspace=None, newest=newest, now=NOW)
    named = ", ".join(f'"{job.name}" (failed 5m ago, 3 of 4,000 tasks)' for job in jobs[:shown])
    assert answer["summary"].startswith(f"5 of 5 jobs need attention: {named}{' and 1 more' * (shown < 5)}.")


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (1, ", 1 MB"),
        (999_999_999, ", 999,999,999 MB"),
        (10**9, ""),
        (0, ""),
        (-1, ""),
        (True, ""),
        ("2048", ""),
    ],
)
def test_the_memory_of_a_job_is_a_sensible_number(memory: object, said: str) -> None:
    """Anything else is left out; what else is told of a job stays."""
    jobs = [job_of("a", runtime={"memory": memory}, region=5, enabled=True)]
    answer, text = build_jobs(page_of(jobs), search=None, workspace=None, now=NOW)
    assert text.splitlines()[1] == f'- "a": deployed{said}'
    assert answer["jobs"] == [{"name": "a", "status": "deployed", **({"memoryMb": memory} if said else {})}]


@pytest.mark.parametrize(
    ("cron", "newest", "state", "said"),
    [
        ("53 8 * * *", run_of("running", 2, 5), "running", "running as due"),
        ("55 8 * * *", run_of("succeeded", 60, 10), "waiting", "next time awaited"),
        ("45 8 * * *", run_of("succeeded", 2, 600), "late", "late"),
        ("0 2 * * *", run_of("succeeded", 2, 600), "missed", "missed"),
        ("0 2 * * *", run_of("running", 600, 0), "overlapped", "overlapped"),
        ("often", run_of("succeeded", 2, 5), "unreadable", "its schedule can't be read"),
    ],
)
def test_how_a_job_stands_to_its_schedule(cron: str, newest: JobExecution, state: str, said: str) -> None:
    """In a word of the object, and in a few of the text."""
    jobs, runs = [job_of("a", **schedule(cron))], [listed_now([newest])]
    answer, text = build_jobs(page_of(jobs), search=None, workspace=None, newest=runs, now=NOW)
    assert answer["jobs"][0]["scheduleState"] == state
    assert text.splitlines()[1].endswith(f', scheduled "{cron}", {said}')


def test_a_list_of_tasks_is_told_whole() -> None:
    """The failed ones with why, those that run with how long so far, and what the list lacks."""
    items: list[Any] = [
        {"metadata": {"name": "a", **moment(None, 9, 7)}, "status": "FAILED", "conditions": [{"message": "disk full"}]},
        {"metadata": {"name": "b", **moment(None, 9, 7)}, "status": "succeeded", "conditions": [{"message": "well"}]},
        {"metadata": {"name": "c", **moment(None, 9, 8)}, "status": "running"},
        {"metadata": {"name": "d"}, "status": "pending"},
        {"metadata": {"name": "e", **moment(None, 9, 8)}, "status": 5},
        {"metadata": {"name": "f"}, "status": "cancelled", "conditions": [{"message": "stopped by an operator"}]},
    ]
    execution = JobExecution.model_validate({"tasks": items, "status": "running", "stats": {"total": 9}})
    answer, text = listed(execution, 100)
    summary = (
        '6 tasks of execution "e" of job "j" (running): 1 failed, 1 cancelled, 1 running, 1 pending, 1 succeeded, '
        "1 of other or no status. The API counts 9 tasks but lists 6."
    )
    assert text.split("\n") == [
        summary,
        '- "a": failed, took 2m, full disk: "disk full"',
        '- "b": succeeded, took 2m',
        '- "c": running, 9m so far',
        '- "d": pending',
        '- "e": no status, took 1m',
        '- "f": cancelled: "stopped by an operator"',
    ]
    assert answer == {
        "summary": summary,
        "tasks": [
            {"name": "a", "status": "failed", "durationSeconds": 120, "cause": "disk_full", "message": "disk full"},
            {"name": "b", "status": "succeeded", "durationSeconds": 120},
            {"name": "c", "status": "running", "runningSeconds": 540},
            {"name": "d", "status": "pending"},
            {"name": "e", "durationSeconds": 60},
            {"name": "f", "status": "cancelled", "message": "stopped by an operator"},
        ],
        "jobId": "j",
        "executionId": "e",
        "lookedAt": 6,
    }


@pytest.mark.parametrize(
    ("task", "told", "said"),
    [
        ({"conditions": [{"message": "Failed"}]}, {}, ""),
        # A cause is new even where no message tells it.
        ({"conditions": [{"reason": "OOMKilled", "message": "failed"}]}, {"cause": "out_of_memory"}, ", out of memory"),
        (
            {"metadata": moment(None, 9, 8), "spec": {"timeout": "1m"}},
            {"durationSeconds": 60, "cause": "timed_out"},
            ", took 1m, timeout",
        ),
        (
            {"conditions": [{"message": f"boom {'x' * 300} at row 17"}]},
            {"message": f"boom {'x' * 73} … {'x' * 109} at row 17"},
            f': "boom {"x" * 73} … {"x" * 109} at row 17"',
        ),
    ],
)
def test_why_a_task_failed(task: dict[str, Any], told: dict[str, Any], said: str) -> None:
    """Its cause where that is known, and its message unless that repeats the status; the end of a long one stays."""
    execution = JobExecution.model_validate({"tasks": [{**task, "status": "failed"}]})
    answer, text = listed(execution, 100)
    assert answer["tasks"] == [{"status": "failed", **told}]
    assert text.splitlines()[1] == f"- (no name): failed{said}"


def test_a_list_of_tasks_of_another_execution_says_so_first() -> None:
    """Before how many there are."""
    execution = JobExecution.model_validate({"metadata": {"id": "x", "job": "j"}, "tasks": [{"status": "failed"}]})
    summary = listed(execution, 100)[0]["summary"]
    assert summary.endswith(' 1 task of execution "e" of job "j" (no status): 1 failed.')
    assert summary.startswith(other_execution(execution, ("j", "e")))


def test_a_task_of_an_execution_that_is_over_ran_until_then() -> None:
    """Its status may say that it still runs."""
    task = {"metadata": {"name": "a", **moment(None, 9)}, "status": "running"}
    execution = JobExecution.model_validate({"tasks": [task], "status": "failed", "metadata": moment(None, 9, 5)})
    assert listed(execution, 100)[0]["tasks"] == [{"name": "a", "status": "running", "runningSeconds": 240}]


@pytest.mark.parametrize(
    ("count", "total", "whole", "said"),
    [
        (2, 2, True, ""),
        (2, 1, True, ""),
        (2, None, True, ""),
        (2, 3, True, " The API counts 3 tasks but lists 2."),
        (2, 9_000, False, " Only the first 2 of 9,000 tasks were read."),
        (2, None, False, " Only the first 2 tasks were read."),
        (0, 1, True, " The API counts 1 task but lists 0."),
        (0, 9, False, " The API counts 9 tasks but lists 0."),
        (0, None, False, ""),
    ],
)
def test_tasks_that_the_list_lacks_are_told(
    count: int,
    total: int | None,
    whole: bool,  # noqa: FBT001 - given by pytest
    said: str,
) -> None:
    """Whether the API or this server left them out."""
    items = [{"metadata": {"name": f"task-{number}"}, "status": "succeeded"} for number in range(count)]
    execution = JobExecution.model_validate({"tasks": items, "stats": {"total": total}})
    every = execution.task_list
    for status, sentence in (
        (None, '2 tasks of execution "e" of job "j" (no status): 2 succeeded.'),
        ("failed", 'None of the 2 tasks of execution "e" of job "j" (no status) has status failed.'),
    ):
        word: TaskWord | None = "failed" if status else None
        page = page_of(failed_first(every, word))
        answer, _ = build_tasks(("j", "e"), execution, TaskList(every, whole=whole), page, status=word, now=NOW)
        subject = sentence if count else 'No tasks are listed for execution "e" of job "j" (no status).'
        assert answer["summary"] == subject + said
        assert answer.get("matching") == (None if status is None else 0)
        assert answer["lookedAt"] == count
