"""`list_jobs`: which jobs need attention, what it never says, and that its cursors lose and repeat nothing."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp
from support import virtual_time
from support.caller import Caller, caller, run
from support.faults import Answer, Delay, Faults
from support.plane import HOSTILE, NOW, VERSIONS, ago, execution, job, plane, verbatim
from support.virtual_time import now

from blaxel_mcp.demo import control_plane
from blaxel_mcp.demo.operations import NEWER
from blaxel_mcp.demo.wire import Verbatim
from blaxel_mcp.summary import limits
from blaxel_mcp.tools.cache import ExpiringCache

TOOL = "list_jobs"
HOUR = 3_600
LINES = (
    (
        '- "image-resize": needs attention (failed 23m 5s ago, 3 of 40 tasks), "exec-51be07aa", 1,024 MB, '
        'region "us-pdx-1"'
    ),
    (
        '- "load-test": needs attention (failed 3h 1m ago, 37 of 1,000 tasks), "exec-a40c95ee", 512 MB, '
        'region "us-pdx-1"'
    ),
    (
        '- "nightly-import": needs attention (failed 5h 27m ago, 3 of 40 tasks), "exec-b7d2640f", scheduled '
        '"30 3 * * *", ran when due, 2,048 MB, region "us-pdx-1"'
    ),
    '- "embed-corpus": latest running, started 1m 57s ago, "exec-c83d9e60", 4,096 MB, region "us-pdx-1"',
    '- "backfill": latest pending, created 38s ago, "exec-f6194b7c", 2,048 MB, region "us-pdx-1"',
    '- "weekly-train": latest queued, created 6m 13s ago, "exec-0d74f1b2", 16,384 MB, region "us-pdx-1"',
    (
        '- "nightly-report": latest succeeded 6h 47m ago, "exec-9f2c41d7", scheduled "0 2 * * *", ran when '
        'due, 2,048 MB, region "us-pdx-1"'
    ),
    '- "old-import": no executions, deployment deactivated, disabled, 2,048 MB, region "us-pdx-1"',
)
"""How each of the demo's jobs is told."""


def names(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Of jobs."""
    return [row["name"] for row in rows]


def lists(faults: Faults) -> list[str]:
    """The jobs whose executions were asked for so far, sorted."""
    return sorted(seen.path.split("/")[3] for seen in faults.seen if seen.path.endswith("/executions"))


def ran(status: str, minutes_ago: float, *, name: str = "e", **more: Any) -> Verbatim:
    """An execution that was created so many minutes ago, and took one minute if it is over."""
    created = NOW - timedelta(minutes=minutes_ago)
    if status in {"queued", "running"}:
        metadata = {"startedAt": ago(minutes=minutes_ago)} if status == "running" else {}
        return verbatim(name, created, status=status, metadata=metadata, **more)
    return execution(name, age=round(minutes_ago * 60), status=status, **more)


def test_which_jobs_need_attention() -> None:
    """The first sentence names them with why; they come first, then what runs, then what is fine."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL)
        assert {key: value for key, value in answer.items() if key != "jobs"} == {
            "summary": '3 of 8 jobs need attention: "image-resize" (failed 23m 5s ago, 3 of 40 '
            'tasks), "load-test" (failed 3h 1m ago, 37 of 1,000 tasks), "nightly-import" (failed 5h 27m ago, 3 of 40 '
            "tasks).",
            "lookedAt": 8,
            "needAttention": 3,
        }
        assert answer["jobs"][2] == {
            "name": "nightly-import",
            "attention": "failed 5h 27m ago, 3 of 40 tasks",
            "latest": {"status": "failed", "endedSecondsAgo": 19638, "id": "exec-b7d2640f"},
            "schedule": "30 3 * * *",
            "scheduleState": "ran",
            "memoryMb": 2048,
            "region": "us-pdx-1",
        }
        assert call.texts[-1] == "\n".join([answer["summary"], *LINES])
        assert "DATABASE_URL" not in json.dumps(answer)

    run(control_plane.build_app(clock=lambda: NOW), what)


def test_a_search_is_answered_in_the_same_way() -> None:
    """One job is told as one."""

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, search="report")
        assert answer["summary"] == '1 job matching "report", and it needs no attention.'
        answer = await call.ask(TOOL, search="import")
        assert answer["summary"] == (
            '1 of 2 jobs matching "import" needs attention: "nightly-import" (failed 5h 27m ago, 3 of 40 tasks).'
        )
        answer = await call.ask(TOOL, search="resize")
        assert answer["summary"] == (
            '1 job matching "resize", and it needs attention: "image-resize" (failed 23m 5s ago, 3 of 40 tasks).'
        )

    run(control_plane.build_app(clock=lambda: NOW), what)


def test_every_kind_of_concern_in_order() -> None:
    """The most urgent first, of a kind the newest; what runs and what is fine follows."""
    usual = [ran("succeeded", 2_000 + n, name=f"old-{n}") for n in range(3)]
    partly = {"total": 40, "success": 37, "failure": 3}
    jobs = [
        job("fine", [ran("succeeded", 60)], age=1),
        job("queued-long", [ran("queued", 25)], age=2),
        job("slow", [ran("running", 58), *usual], age=3),
        job("partial", [ran("succeeded", 9, stats=partly)], age=4),
        job("missed", [ran("succeeded", 1_860)], age=500 * HOUR, schedule="0 2 * * *"),
        job("failed-long-ago", [ran("failed", 9_000)], age=6),
        job("timed-out", [ran("timeout", 90)], age=7),
        job("running", [ran("running", 1)], age=8),
        job("cancelled", [ran("cancelled", 5)], age=9),
        job("never-ran", age=10),
        job("disabled", [ran("succeeded", 1_860)], age=501 * HOUR, schedule="0 2 * * *", enabled=False),
    ]

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL)
        assert [(row["name"], row.get("attention")) for row in answer["jobs"]] == [
            ("timed-out", "timed out 1h 28m ago"),
            ("failed-long-ago", "failed 6d 5h ago"),
            ("missed", "missed its schedule, due today at 02:00 UTC"),
            ("partial", "succeeded 7m 55s ago with 3 of 40 tasks failed"),
            ("slow", "running for 58m, usually 1m"),
            ("queued-long", "queued for 25m"),
            ("running", None),
            ("fine", None),
            ("cancelled", None),
            ("never-ran", None),
            ("disabled", None),
        ]
        assert answer["summary"] == (
            '6 of 11 jobs need attention: "timed-out" (timed out 1h 28m ago), '
            '"failed-long-ago" (failed 6d 5h ago), "missed" (missed its schedule, due today at 02:00 UTC), '
            '"partial" (succeeded 7m 55s ago with 3 of 40 tasks failed), "slow" (running for 58m, usually 1m) '
            "and 1 more."
        )

    run(plane(*jobs), what)


def test_executions_in_another_order_are_told_by_the_newest() -> None:
    """Older versions of the API may list the oldest first."""
    listed = [ran("succeeded", 90, name="old").body, ran("failed", 9, name="new").body]
    faults = Faults(plane(job("a")))
    faults.add(Answer(200, json_body=listed), path="/executions")

    async def what(call: Caller) -> None:
        (row,) = (await call.ask(TOOL))["jobs"]
        assert row["attention"] == "failed 7m 55s ago"
        assert row["latest"]["id"] == "new"

    run(faults, what)


def test_no_job_needs_attention() -> None:
    """That is said, and of how many."""
    jobs = [job(f"job-{number}", [ran("succeeded", 60)], age=number) for number in range(3)]

    async def what(call: Caller) -> None:
        assert (await call.ask(TOOL))["summary"] == "None of 3 jobs needs attention."

    run(plane(*jobs), what)


def test_of_many_jobs_those_shown_are_looked_at() -> None:
    """One call for each, twenty at most in one answer, and it says that it is not about all."""
    faults = Faults(
        plane(*(job(f"job-{n:03d}", [ran("failed" if n == 7 else "succeeded", 60)], age=n) for n in range(200)))
    )

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, limit=50)
        assert answer["summary"] == (
            '1 of the 20 jobs shown here needs attention: "job-007" (failed 58m 55s ago); more follow.'
        )
        assert lists(faults) == sorted(names(answer["jobs"]))
        assert len(faults.seen) == 21
        assert {seen.query.split("&")[0] for seen in faults.seen} == {"limit=20", "limit=10"}
        second = await call.ask(TOOL, limit=50, cursor=answer["nextCursor"])
        assert second["summary"] == "None of the 20 jobs shown here needs attention; more follow."

    run(faults, what)


def test_what_could_not_be_looked_up_is_unknown() -> None:
    """Each list is asked for once, and the answer stands without it; next time it is asked for again."""
    faults = Faults(
        plane(*(job(name, [ran("succeeded", 60)], age=n) for n, name in enumerate(("one", "two", "three"))))
    )
    faults.always(Answer(503), path="/two/")

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL)
        assert answer["summary"] == (
            "None of 3 jobs needs attention; of 1 the latest execution could not be looked up."
        )
        assert answer["jobs"][0] == {
            "name": "two",
            "latest": {"status": "unknown"},
            "memoryMb": 2048,
            "region": "us-pdx-1",
        }
        assert '- "two": latest unknown, 2,048 MB' in call.texts[-1]
        assert (answer["lookedAt"], answer["needAttention"]) == (2, 0)
        assert lists(faults) == ["one", "three", "two"]
        faults.clear()
        assert (await call.ask(TOOL))["summary"] == "None of 3 jobs needs attention."
        assert lists(faults) == ["one", "three", "two", "two"]

    run(faults, what)


def test_nothing_could_be_looked_up() -> None:
    """Then the list is what it is without, and says so."""
    faults = Faults(plane(job("one"), job("two", age=1)))
    faults.always(Answer(403), path="/executions")

    async def what(call: Caller) -> None:
        assert (await call.ask(TOOL))["summary"] == ("2 jobs; how their latest executions went could not be looked up.")
        answer = await call.ask(TOOL, search="one")
        assert answer["summary"] == ('1 job matching "one"; how its latest execution went could not be looked up.')

    run(faults, what)


def ask_slow(app: ASGIApp) -> tuple[dict[str, Any], float]:
    """List the jobs of an API that is slow; the answer, and after how many seconds it came."""

    async def call() -> tuple[dict[str, Any], float]:
        async with control_plane.served(app) as url, caller(url, timeout=60) as calls:
            began = now()
            answer = await calls.ask(TOOL)
            return answer, round(now() - began, 1)

    return virtual_time.run(call)


def test_a_slow_list_is_not_waited_for() -> None:
    """The others are told all the same."""
    faults = Faults(plane(job("one", [ran("failed", 60)]), job("two", age=1)))
    faults.always(Delay(600), path="/two/")
    answer, _ = ask_slow(faults)
    assert names(answer["jobs"]) == ["one", "two"]
    assert [one["latest"]["status"] for one in answer["jobs"]] == ["failed", "unknown"]


def test_all_of_them_take_five_seconds_at_most() -> None:
    """However many are slow, and although only some may be under way at once."""
    faults = Faults(plane(*(job(f"job-{number}", age=number) for number in range(20))))
    faults.always(Delay(600), path="/executions")
    answer, ended = ask_slow(faults)
    assert (answer["lookedAt"], ended) == (0, limits.OVERVIEW_SECONDS)


def test_what_is_over_is_kept_for_half_a_minute() -> None:
    """What goes on is asked for each time, and so is a job that never ran."""
    jobs = [
        job("over", [ran("failed", 60)]),
        job("going", [ran("running", 2), ran("failed", 9)], age=1),
        job("new", age=2),
    ]
    faults, seconds = Faults(plane(*jobs)), [0.0]

    async def what(call: Caller) -> None:
        first = await call.ask(TOOL)
        assert await call.ask(TOOL) == first
        assert lists(faults) == ["going", "going", "new", "new", "over"]
        seconds[0] += limits.OVERVIEW_CACHE_SECONDS
        await call.ask(TOOL)
        assert lists(faults).count("over") == 2

    run(faults, what, cache=ExpiringCache(lambda: seconds[0]))


def test_what_has_come_due_since_is_looked_up_again() -> None:
    """An execution may have been created meanwhile."""
    faults = Faults(plane(job("minutely", [ran("succeeded", 0)], age=9_000, schedule="* * * * *")))
    moment = [NOW]

    async def call(url: str) -> None:
        async with caller(url, clock=lambda: moment[0]) as calls:
            for later in (0, 30, 59, 60, 61):
                moment[0] = NOW + timedelta(seconds=later)
                await calls.ask(TOOL)
                assert lists(faults).count("minutely") == (1 if later < 60 else 2)

    with control_plane.serve(faults) as url:
        asyncio.run(call(url))


def test_without_lookups_it_takes_one_call() -> None:
    """And says nothing of executions: the status is that of the deployment."""
    faults = Faults(control_plane.build_app(clock=lambda: NOW))

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL, search="report")
        assert answer == {
            "summary": '1 job matching "report" in workspace "demo".',
            "jobs": [
                {
                    "name": "nightly-report",
                    "status": "deployed",
                    "schedule": "0 2 * * *",
                    "memoryMb": 2048,
                    "region": "us-pdx-1",
                }
            ],
        }
        assert call.texts[-1] == (
            '1 job matching "report" in workspace "demo".\n'
            '- "nightly-report": deployed, scheduled "0 2 * * *", 2,048 MB, region "us-pdx-1"'
        )
        every = await call.ask(TOOL)
        assert every["summary"] == '8 jobs in workspace "demo".'
        assert '- "old-import": deactivated, disabled, 2,048 MB, region "us-pdx-1"' in call.texts[-1]
        assert len(faults.seen) == 2

    run(faults, what, lookups=False)


def test_rows_of_twenty_jobs_fit_with_why() -> None:
    """Each that needs attention says why, however many do; memory and region are what is left out."""
    jobs = [
        job(f"a-job-with-a-rather-long-name-{n:02d}", [ran("failed", 60 + n, name=f"exec-{n:032d}")], age=n)
        for n in range(20)
    ]

    async def what(call: Caller) -> None:
        answer = await call.ask(TOOL)
        assert [row["attention"][:6] for row in answer["jobs"]] == ["failed"] * 20
        assert [row["latest"]["status"] for row in answer["jobs"]] == ["failed"] * 20
        assert answer["summary"].startswith('20 of 20 jobs need attention: "a-job-with-')
        assert " and 1" in answer["summary"]

    run(plane(*jobs), what)


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("count", [0, 1, 20, 21, 50, 120])
def test_every_job_comes_once(count: int, version: str) -> None:
    """Following the cursors to the end gives the whole list in order, whatever fits an answer."""
    wanted = [f"job-{number:05d}-{'x' * (number % 40)}" for number in range(count)]

    async def what(call: Caller) -> None:
        for limit in (20, 50):
            assert names(await call.follow("list_jobs", "jobs", limit=limit)) == wanted

    run(plane(*(job(name, age=age) for age, name in enumerate(wanted))), what, version)


@pytest.mark.slow
def test_ten_thousand_jobs_come_once() -> None:
    """From pages that the API cuts, each of them cut again by what fits an answer."""
    # A thousand of the names are long, so that fewer fit an answer than a page holds.
    wanted = [f"job-{number:05d}{'-long' * 12 * (4000 <= number < 5000)}" for number in range(10_000)]
    wires = [{"metadata": {"name": name}, "spec": {}} for name in wanted]

    async def pages(request: Request) -> JSONResponse:
        start, size = int(request.query_params.get("cursor", "0")), int(request.query_params["limit"])
        end = start + size
        meta = {"hasMore": end < len(wires), "nextCursor": str(end) if end < len(wires) else "", "total": 3}
        return JSONResponse({"data": wires[start:end], "meta": meta})

    async def what(call: Caller) -> None:
        found = await call.follow("list_jobs", "jobs", limit=50)
        assert names(found) == wanted

    run(Starlette(routes=[Route("/v0/jobs", pages)]), what, lookups=False)


def test_search_finds_by_name() -> None:
    """Cursors stay within what was found."""
    jobs = [job(f"{'resize' if number % 3 else 'other'}-{number:03d}", age=number) for number in range(90)]
    wanted = [one.name for one in jobs if one.name.startswith("resize")]

    async def what(call: Caller) -> None:
        assert names(await call.follow("list_jobs", "jobs", search="resize")) == wanted
        nothing = await call.ask("list_jobs", search="zzz")
        assert nothing == {"summary": 'No job has "zzz" in its name, display name or labels.', "jobs": []}

    run(plane(*jobs), what)


@pytest.mark.parametrize(("limit", "repeated"), [(10, 0), (50, 3)])
def test_a_job_made_between_two_calls_hides_none(limit: int, repeated: int) -> None:
    """The list grows at its head; the API's cursors stand for places in it that stay the same.

    Where an answer ends within the API's page, its last rows may come again, and none is passed over.
    """
    wires = [job(f"job-{number:03d}-{'x' * 60}", age=100 + number).wire() for number in range(40)]
    later = [job(f"late-{number}", age=99 - number).wire() for number in range(3)]
    wanted = [one["metadata"]["name"] for one in wires]

    async def pages(request: Request) -> JSONResponse:
        all_names = [one["metadata"]["name"] for one in wires]
        cursor = request.query_params.get("cursor")
        start = all_names.index(cursor) + 1 if cursor else 0
        end = start + int(request.query_params["limit"])
        following = all_names[end - 1] if end < len(wires) else ""
        return JSONResponse({"data": wires[start:end], "meta": {"hasMore": bool(following), "nextCursor": following}})

    def grow() -> None:
        if later:
            wires.insert(0, later.pop())

    async def what(call: Caller) -> None:
        found = names(await call.follow("list_jobs", "jobs", limit=limit, between=grow))
        assert [*dict.fromkeys(found)] == wanted
        assert len(found) - len(wanted) <= repeated

    run(Starlette(routes=[Route("/v0/jobs", pages)]), what)


def test_the_apis_cursor_is_passed_on() -> None:
    """As it is, where the API's page was shown whole; each call asks for as many jobs as it shows."""
    app = plane(*(job(f"job-{number}", age=number) for number in range(5)))

    async def what(call: Caller) -> None:
        first = await call.ask("list_jobs", limit=2)
        second = await call.ask("list_jobs", limit=3, cursor=first["nextCursor"])
        assert names(second["jobs"]) == ["job-2", "job-3", "job-4"]
        requests = app.state.requests  # type: ignore[attr-defined]
        queries = [parse_qs(request.query) for request in requests if request.path == "/v0/jobs"]
        assert queries == [{"limit": ["2"]}, {"limit": ["3"], "cursor": [first["nextCursor"]]}]

    run(app, what)


@pytest.mark.parametrize("version", VERSIONS)
def test_hostile_names_stay_quoted_within_the_budget(version: str) -> None:
    """Escapes, bidi, quotes and walls of text come out as one clean line each, in a row of their own."""

    async def what(call: Caller) -> None:
        rows = await call.follow("list_jobs", "jobs", limit=50)
        assert len(rows) == len(HOSTILE)
        for text in call.texts:
            lines = [line for line in text.splitlines() if line.startswith("- ")]
            assert all(line.count('"') % 2 == 0 for line in lines)

    run(plane(*(job(name, age=age) for age, name in enumerate(HOSTILE))), what, version)


def test_environment_values_never_leave() -> None:
    """Neither values nor names of the environment, nor secrets of triggers, even where the API shows them."""
    wire = job("leaky", schedule="0 * * * *").wire()
    wire["spec"]["runtime"]["envs"] = [{"name": "TOKEN", "value": "s3cret-value"}]
    configuration = {"schedule": "@daily", "callbackSecret": "s3cret-callback", "tasks": [{"key": "s3cret-task"}]}
    wire["spec"]["triggers"].append({"type": "cron", "enabled": False, "configuration": configuration})
    faults = Faults(plane())
    faults.always(Answer(200, json_body={"data": [wire], "meta": {}}))

    async def what(call: Caller) -> None:
        answer = await call.ask("list_jobs")
        assert answer["jobs"][0]["schedule"] == "0 * * * *; @daily (off)"
        assert "s3cret" not in call.texts[-1] + json.dumps(answer)
        assert "TOKEN" not in call.texts[-1] + json.dumps(answer)

    run(faults, what)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"metadata": None, "spec": None, "status": None},
        {"metadata": {"name": 7}, "spec": {"runtime": [], "triggers": {}, "region": 3, "enabled": "no"}, "status": 5},
        {"spec": {"runtime": {"memory": -1}, "triggers": [None, {"type": "cron"}, {"type": "http"}]}},
        {"spec": {"triggers": [{"type": "cron", "configuration": {"schedule": " "}}]}, "status": "ODD\x1b[1mWORD"},
    ],
)
def test_odd_jobs_are_rows_all_the_same(item: dict[str, Any]) -> None:
    """What cannot be read is left out, not guessed, and nothing fails."""
    faults = Faults(plane())
    faults.always(Answer(200, json_body=[item]))

    async def what(call: Caller) -> None:
        (row,) = (await call.ask("list_jobs"))["jobs"]
        assert row.keys() <= {"status", "latest"}
        assert row["latest"] == {"status": "unknown"}
        assert "- (no name): " in call.texts[-1]

    run(faults, what)


def test_wrong_arguments_name_what_is_right() -> None:
    """Nothing is sent for them."""
    app = plane(*(job(f"job-{number}", age=number) for number in range(5)))

    async def what(call: Caller) -> None:
        cursor = (await call.ask("list_jobs", limit=2))["nextCursor"]
        handled = len(app.state.requests)  # type: ignore[attr-defined]
        assert await call.refusal("list_jobs", search=" x ") == (
            "search must have 2 to 200 characters, so nothing was sent. Trying again unchanged will not help. "
            "Leave it out to list all jobs."
        )
        assert (await call.refusal("list_jobs", search="x" * 201)).startswith("search must have 2 to 200")
        again = (
            "Trying again unchanged will not help. Give nextCursor of the previous answer as it is, or leave cursor "
            "out to start over."
        )
        for text in (cursor + "\x00", "é" + cursor, "a b", "x" * 1_001):
            said = await call.refusal("list_jobs", cursor=text)
            assert said == f"cursor is not one that this tool gave, so nothing was sent. {again}"
        for limit in (0, 51, -1, "many"):
            assert (await call.refusal("list_jobs", limit=limit)).startswith("Wrong arguments: limit ")
        assert (await call.refusal("list_jobs", name="x")).startswith("Wrong arguments: name is not an argument")
        assert len(app.state.requests) == handled  # type: ignore[attr-defined]
        for given in ({"cursor": "x"}, {"cursor": f"1!{cursor[1:]}"}, {"cursor": cursor, "search": "job"}):
            assert (await call.refusal("list_jobs", **given)).startswith("Blaxel refused the cursor (400): it is valid")
        for blank in ({"search": "  ", "cursor": ""}, {"search": None, "cursor": None}):
            assert len((await call.ask("list_jobs", **blank))["jobs"]) == 5

    run(app, what)


def test_a_cursor_that_the_api_refuses_says_so() -> None:
    """It is valid for a day; the advice is to start over."""
    faults = Faults(plane(*(job(f"job-{number}", age=number) for number in range(5))))

    async def what(call: Caller) -> None:
        cursor = (await call.ask("list_jobs", limit=2))["nextCursor"]
        faults.add(Answer(400, json_body={"error": "cursor has expired"}))
        assert await call.refusal("list_jobs", limit=2, cursor=cursor) == (
            "Blaxel refused the cursor (400): it is valid for 24 hours, and with the same arguments only. "
            "Trying again unchanged will not help. Leave cursor out to start over."
        )

    run(faults, what)


def test_a_cursor_of_the_apis_that_is_too_long_is_not_passed_on() -> None:
    """The answer keeps its budget and says that there are more; odd characters in a cursor survive the journey."""
    wires = [job("one").wire()]
    faults = Faults(plane())
    asked: list[str] = []

    async def listing(request: Request) -> JSONResponse:
        asked.append(request.query_params.get("cursor", ""))
        following = "" if asked[-1] else 'a "b"\n\u202e%2F+&=😀'
        return JSONResponse({"data": wires, "meta": {"hasMore": bool(following), "nextCursor": following}})

    async def long(call: Caller) -> None:
        faults.add(Answer(200, json_body={"data": wires, "meta": {"hasMore": True, "nextCursor": "x" * 5_000}}))
        answer = await call.ask("list_jobs")
        assert "nextCursor" not in answer
        assert answer["summary"] == ("1 job; how its latest execution went could not be looked up; more follow.")
        assert call.texts[-1].endswith("There are more, but Blaxel's cursor to them is too long to pass on.")

    async def odd(call: Caller) -> None:
        assert names(await call.follow("list_jobs", "jobs")) == ["one", "one"]
        assert asked == ["", 'a "b"\n\u202e%2F+&=😀']

    run(faults, long, NEWER)
    run(Starlette(routes=[Route("/v0/jobs", listing)]), odd)
