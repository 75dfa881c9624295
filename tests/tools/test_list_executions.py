"""`list_job_executions`: what the newest ones came to, filters made here, and cursors that lose and repeat nothing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from support.caller import Caller, run
from support.faults import Answer, Exchange, Faults
from support.plane import HOSTILE, NOW, VERSIONS, ago, execution, job, plane, verbatim

from blaxel_mcp.demo import control_plane

TOOL = "list_job_executions"


def ids(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Of executions."""
    return [row["id"] for row in rows]


def test_a_long_id_leads_to_its_execution() -> None:
    """Ids are free text to the API: one of hundreds of characters can be asked about as it is listed."""
    name, one, other = "j" * 200, "e" * 500, "f" * 500

    async def what(call: Caller) -> None:
        (row,) = (await call.ask("list_jobs"))["jobs"]
        found = ids(await call.follow(TOOL, "executions", jobId=row["name"]))
        assert found == [one, other]
        for each in found:
            tasks = await call.ask("list_job_execution_tasks", jobId=row["name"], executionId=each)
            assert tasks["summary"].startswith("No tasks are listed for")

    run(plane(job(name, [execution(one), execution(other, age=9)])), what)


def demo() -> Any:
    """The demo's plane with its clock standing still."""
    return control_plane.build_app(clock=lambda: NOW)


DUE_AT_TWO = (
    "Due today at 02:00 UTC, 7h ago: an execution was created then and succeeded. Next due tomorrow at 02:00 UTC."
)


def test_did_last_nights_report_run() -> None:
    """The first sentence tells of the newest, then how the job has been doing and its schedule, then a line each."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="nightly-report", limit=2)
        assert answer == {
            "summary": 'The newest execution of job "nightly-report" succeeded 6h 47m ago; showing 1 to 2 of 14. '
            "The newest 4 succeeded in a row, the last failure 2026-11-20 at 02:11 UTC. "
            "Of 14 executions looked at, 13 succeeded and 1 failed (93% success); usually 12m 10s. "
            f"{DUE_AT_TWO}",
            "executions": [
                {
                    "id": "exec-9f2c41d7",
                    "status": "succeeded",
                    "tasks": {"total": 12, "succeeded": 12, "failed": 0},
                    "startedAt": "2026-11-24T02:00:04Z",
                    "durationSeconds": 728,
                },
                {
                    "id": "exec-e92bd830",
                    "status": "succeeded",
                    "tasks": {"total": 12, "succeeded": 12, "failed": 0},
                    "startedAt": "2026-11-23T02:00:04Z",
                    "durationSeconds": 733,
                },
            ],
            "lookedAt": 14,
            "finished": 14,
            "succeeded": 13,
            "failed": 1,
            "streak": {"outcome": "succeeded", "count": 4},
            "usualSeconds": 730,
            "schedule": {
                "expression": "0 2 * * *",
                "state": "ran",
                "lastDue": "2026-11-24T02:00:00Z",
                "createdAt": "2026-11-24T02:00:00Z",
                "nextDue": "2026-11-25T02:00:00Z",
            },
            "nextCursor": answer["nextCursor"],
        }
        assert call.texts[-1].splitlines()[1:] == [
            '- "exec-9f2c41d7": succeeded, 12 of 12 tasks succeeded, started 2026-11-24T02:00:04Z, took 12m 8s',
            '- "exec-e92bd830": succeeded, 12 of 12 tasks succeeded, started 2026-11-23T02:00:04Z, took 12m 13s',
            f'To go on, call again with cursor "{answer["nextCursor"]}".',
        ]

    run(demo(), what)


@pytest.mark.parametrize(
    ("job_id", "sentence", "line"),
    [
        (
            "embed-corpus",
            "is running, started 1m 57s ago.",
            "running, 8 of 20 tasks succeeded, started 2026-11-24T08:58:02Z, 1m 57s so far",
        ),
        ("weekly-train", "is queued, created 6m 13s ago.", "queued, 8 tasks, created 2026-11-24T08:53:47Z"),
        ("backfill", "is pending, created 38s ago.", "pending, 60 tasks, created 2026-11-24T08:59:21Z"),
    ],
)
def test_one_that_is_not_over_says_where_it_is(job_id: str, sentence: str, line: str) -> None:
    """Running since, or waiting since."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId=job_id)
        assert answer["summary"].startswith(f'The newest execution of job "{job_id}" {sentence}')
        assert line in call.texts[-1].splitlines()[1]

    run(demo(), what)


def test_every_execution_comes_once() -> None:
    """Following the cursors to the end gives the whole list, newest first."""
    every = [execution(f"exec-{number:05d}", age=100 + number) for number in range(130)]
    counts = (0, 1, 10, 20, 21, 100, 130)

    async def what(call: Caller) -> None:
        for count in counts:
            for limit in (9, 10, 50):
                found = await call.follow(TOOL, "executions", jobId=f"of-{count}", limit=limit)
                assert ids(found) == [one.id for one in every[:count]]

    run(plane(*(job(f"of-{count}", every[:count]) for count in counts)), what)


@pytest.mark.parametrize(("status", "verb"), [("succeeded", "has"), ("failed", "does not have")])
def test_one_execution_is_told_as_one(status: str, verb: str) -> None:
    """Not as one of the one."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a", status=status)
        assert answer["summary"] == f'The one execution of job "a" looked at {verb} status {status}.'

    run(plane(job("a", [execution("e", age=100)])), what)


def test_a_filter_is_made_here_and_says_how_many_it_looked_at() -> None:
    """The API has none: a hundred are looked at for each answer, and every match comes once."""
    words = ("succeeded", "FAILED", "succeeded", "timeout", "Failed")
    executions = [
        execution(
            f"exec-{number:05d}", age=100 * (number + 1), status=words[number % 5] if number > 119 else "succeeded"
        )
        for number in range(250)
    ]
    wanted = [one.id for one in executions if one.body["status"].casefold() == "failed"]

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a", status="failed")
        assert answer["summary"] == (
            'None of the 100 executions of job "a" looked at has status failed; older ones follow. '
            "All 100 executions looked at succeeded; usually 1m."
        )
        assert (answer["executions"], answer["lookedAt"], answer["matching"]) == ([], 100, 0)
        answer = await call.ask(TOOL, jobId="a", status="failed", cursor=answer["nextCursor"])
        assert answer["summary"] == (
            '32 of the 100 executions of job "a" looked at have status failed; showing 1 to 10 of 32. '
            "Of 100 executions looked at, 52 succeeded and 48 failed (52% success); usually 1m."
        )
        assert answer["executions"][0]["status"] == "failed"
        assert ids(await call.follow(TOOL, "executions", jobId="a", status="FAILED", limit=9)) == wanted

    run(plane(job("a", executions)), what)


def test_few_rows_still_tell_what_is_usual() -> None:
    """Twenty are asked for where fewer are listed, in one call; the cursor goes on within them."""
    app = plane(job("a", [execution(f"exec-{number:05d}", age=100 * (number + 1)) for number in range(30)]))

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a", limit=2)
        assert (answer["lookedAt"], len(answer["executions"])) == (20, 2)
        answer = await call.ask(TOOL, jobId="a", limit=18, cursor=answer["nextCursor"])
        assert (answer["lookedAt"], ids(answer["executions"])[0]) == (20, "exec-00002")
        answer = await call.ask(TOOL, jobId="a", limit=3, cursor=answer["nextCursor"])
        assert answer["summary"] == (
            '10 older executions of job "a"; showing 1 to 3 of 10. All 10 executions looked at succeeded; usually 1m.'
        )
        await call.ask(TOOL, jobId="a", limit=30)
        requests = app.state.requests  # type: ignore[attr-defined]
        sizes = [parse_qs(request.query)["limit"] for request in requests if request.path.endswith("/executions")]
        assert sizes == [["20"], ["20"], ["20"], ["30"]]

    run(app, what)


def test_an_execution_that_is_missing_comes_right_after_the_newest() -> None:
    """It is what to act on."""
    late = job("nightly", [execution("e", age=31 * 3_600)], age=99 * 3_600, schedule="0 2 * * *")

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="nightly")
        assert answer["summary"].startswith(
            'The newest execution of job "nightly" succeeded 30h 58m ago. '
            "Due today at 02:00 UTC, 7h ago: no execution since yesterday at 02:00 UTC. Next due tomorrow at 02:00 UTC."
        )
        assert answer["schedule"]["state"] == "missed"

    run(plane(late), what)


def test_the_newest_that_needs_attention_says_why() -> None:
    """As list_jobs does."""
    going = verbatim("e", NOW - timedelta(hours=1), status="running", metadata={"startedAt": ago(minutes=58)})
    before = [execution(f"exec-{number}", age=100_000 * (number + 1)) for number in range(3)]
    partly = execution("p", age=99, stats={"total": 40, "success": 37, "failure": 3})

    async def what(call: Caller) -> None:
        assert (await call.ask(TOOL, jobId="slow"))["summary"] == (
            'The newest execution of job "slow" is running, started 58m ago. '
            "Needs attention: running for 58m, usually 1m. "
            "Of 4 executions looked at, 3 succeeded and none failed, 1 is not over; usually 1m."
        )
        assert (await call.ask(TOOL, jobId="partly"))["summary"] == (
            'The newest execution of job "partly" succeeded 34s ago, but 3 of 40 tasks failed.'
        )

    run(plane(job("slow", [going, *before]), job("partly", [partly])), what)


def test_a_page_in_another_order_is_told_newest_first() -> None:
    """Older versions of the API may list oldest first."""
    listed = [
        execution(f"e-{age}", age=age, status="failed" if age == 900 else "succeeded").body for age in (900, 500, 99)
    ]
    faults = Faults(plane(job("a")))
    faults.add(Answer(200, json_body=listed), path="/executions")

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a")
        assert ids(answer["executions"]) == ["e-99", "e-500", "e-900"]
        assert answer["summary"].startswith(
            'The newest execution of job "a" succeeded 34s ago. The newest 2 succeeded '
        )

    run(faults, what)


class NoJob:
    """Answers GetJob with a 503, and lets everything else pass."""

    async def __call__(self, exchange: Exchange) -> None:
        """ASGI."""
        is_list = exchange.scope["path"].endswith("/executions")
        await (exchange.proceed(None) if is_list else Answer(503)(exchange))


def test_the_schedule_is_looked_up_beside_the_first_page() -> None:
    """In one call; an answer stands without it where that fails."""
    faults, path = Faults(demo()), "/v0/jobs/nightly-report"

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="nightly-report", limit=2)
        assert sorted(seen.path for seen in faults.seen) == [path, f"{path}/executions"]
        older = await call.ask(TOOL, jobId="nightly-report", limit=2, cursor=answer["nextCursor"])
        assert "schedule" not in older
        assert len(faults.seen) == 3
        faults.always(NoJob())
        without = await call.ask(TOOL, jobId="nightly-report", limit=2)
        assert without == {
            **{key: value for key, value in answer.items() if key != "schedule"},
            "summary": answer["summary"].removesuffix(f" {DUE_AT_TWO}"),
        }
        assert len(faults.seen) == 5

    run(faults, what)


def test_without_lookups_it_takes_one_call() -> None:
    """No job is looked up, so nothing is said of a schedule."""
    faults = Faults(demo())

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="nightly-report", limit=2)
        assert answer["streak"] == {"outcome": "succeeded", "count": 4}
        assert "schedule" not in answer
        assert len(faults.seen) == 1
        faults.add(Answer(200, json_body={"data": [], "meta": {}}), path="/executions")
        assert "There is no job" in await call.refusal(TOOL, jobId="nightly-reprot")

    run(faults, what, lookups=False)


@pytest.mark.slow
def test_ten_thousand_executions_come_once() -> None:
    """Those of a status, found in a hundred pages."""
    words = ["succeeded" if n % 9 else "timeout" for n in range(10_000)]
    bodies = [execution(f"exec-{n:05d}", age=n, status=word).body for n, word in enumerate(words)]

    async def pages(request: Request) -> JSONResponse:
        start = int(request.query_params.get("cursor", "0"))
        end = start + int(request.query_params["limit"])
        following = str(end) if end < len(bodies) else ""
        return JSONResponse({"data": bodies[start:end], "meta": {"hasMore": bool(following), "nextCursor": following}})

    async def what(call: Caller) -> None:
        found = ids(await call.follow(TOOL, "executions", jobId="a", status="timeout", limit=50))
        assert found == [f"exec-{n:05d}" for n in range(0, 10_000, 9)]

    run(Starlette(routes=[Route("/v0/jobs/a/executions", pages)]), what)


def test_rows_that_do_not_fit_are_counted() -> None:
    """Fifty with long ids are too many: what did not fit is a number, and the cursor goes on there."""
    executions = [execution(f"{'x' * 80}-{number:03d}", age=number + 100) for number in range(50)]

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a", limit=50)
        shown = len(answer["executions"])
        assert answer["notShown"] == 50 - shown > 0
        assert f"{50 - shown} more did not fit. To go on, " in call.texts[-1]
        rest = await call.ask(TOOL, jobId="a", limit=1, cursor=answer["nextCursor"])
        assert ids(rest["executions"]) == [executions[shown].id]

    run(plane(job("a", executions)), what)


@pytest.mark.parametrize("version", VERSIONS)
def test_hostile_ids_and_words_stay_quoted(version: str) -> None:
    """An id, a status and counts that the API should never give are cleaned, quoted or left out."""
    executions = [
        execution(name, age=100 + age, status=name, stats={"total": "many", "success": -1})
        for age, name in enumerate(HOSTILE)
    ]

    async def what(call: Caller) -> None:
        rows = await call.follow(TOOL, "executions", jobId="a", limit=50)
        assert len(rows) == len(HOSTILE)
        assert all("tasks" not in row for row in rows)

    run(plane(job("a", executions)), what, version)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"metadata": None, "spec": None, "status": None, "stats": None, "tasks": None},
        {"metadata": {"id": 1, "startedAt": "0001-01-01T00:00:00Z", "completedAt": ""}, "status": 7, "stats": []},
        {"metadata": {"startedAt": "soon"}, "spec": {"tasks": "none"}},
    ],
)
def test_odd_executions_are_rows_all_the_same(item: dict[str, Any]) -> None:
    """What cannot be read is left out, not guessed, and nothing fails."""
    faults = Faults(plane(job("a")))
    faults.always(Answer(200, json_body=[item]))

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, jobId="a")
        assert answer["executions"] == [{}]
        assert answer["summary"] == 'The newest execution of job "a" has no status.'
        assert call.texts[-1].endswith("- (no name): no status")

    run(faults, what)


def test_counts_come_from_the_tasks_where_there_are_no_stats() -> None:
    """As in get_job_execution."""
    tasks = [{"metadata": {"name": "t0"}, "status": "failed"}, {"metadata": {"name": "t1"}, "status": "SUCCEEDED"}]
    one = execution("e", age=100, status="failed", stats=None, spec={"tasks": tasks})
    faults = Faults(plane(job("a")))
    faults.always(Answer(200, json_body={"data": [one.body]}))

    async def what(call: Caller) -> None:
        (row,) = (await call.ask(TOOL, jobId="a"))["executions"]
        assert row["tasks"] == {"total": 2, "succeeded": 1, "failed": 1}
        assert "failed, 1 of 2 tasks succeeded, 1 failed, started" in call.texts[-1]

    run(faults, what)


def test_an_unknown_job_is_answered_with_the_nearest_names() -> None:
    """By a 404, and as well where the API answers an empty list for it."""
    faults = Faults(demo())
    said = (
        'There is no job "nightly-reprot" in this workspace (404). Trying again unchanged will not help. '
        'Did you mean "nightly-report" or "nightly-import"?'
    )

    async def what(call: Caller) -> None:
        assert await call.refusal(TOOL, jobId="nightly-reprot") == said
        faults.add(Answer(200, json_body={"data": [], "meta": {}}), path="/executions")
        assert await call.refusal(TOOL, jobId="nightly-reprot") == said
        assert await call.ask(TOOL, jobId="old-import") == {
            "summary": 'Job "old-import" has no executions.',
            "executions": [],
            "lookedAt": 0,
        }

    run(faults, what)


def test_wrong_arguments_name_what_is_right() -> None:
    """The known statuses are named; nothing is sent."""
    app = demo()

    async def what(call: Caller) -> None:
        cursor = (await call.ask("list_jobs", limit=2))["nextCursor"]
        handled = len(app.state.requests)
        assert await call.refusal(TOOL, jobId="nightly-report", status="done") == (
            "Wrong arguments: status must be 'queued', 'pending', 'running', 'cancelling', 'cancelled', "
            "'failed', 'succeeded' or 'timeout'. Nothing was sent. Trying again unchanged will not help. "
            "The tool takes jobId, status, limit, cursor."
        )
        for limit in (0, 51):
            assert (await call.refusal(TOOL, jobId="a", limit=limit)).startswith("Wrong arguments: limit ")
        assert (await call.refusal(TOOL, jobId="a", cursor="é")).startswith("cursor is not one that this tool gave")
        assert (await call.refusal(TOOL, jobId="..")).startswith("jobId is a dot segment")
        assert len(app.state.requests) == handled
        said = await call.refusal(TOOL, jobId="backfill", cursor=cursor)
        assert said.startswith("Blaxel refused the cursor (400): it is valid for 24 hours")

    run(app, what)
