"""`list_jobs`: what it says of a job, what it never says, and that its cursors lose and repeat nothing."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from support.caller import Caller, run
from support.faults import Answer, Faults
from support.plane import HOSTILE, VERSIONS, execution, job, plane

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.operations import NEWER
from blaxel_mcp.summary.wording import format_duration


def names(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Of jobs."""
    return [row["name"] for row in rows]


def test_the_demos_jobs_in_both_channels() -> None:
    """A sentence that answers, then a line per job, and the same facts in the object."""

    async def what(call: Caller) -> None:
        answer = await call.ask("list_jobs", search="report")
        ago = answer["jobs"][0]["latest"].pop("secondsAgo", None)
        assert answer == {
            "summary": 'The one job needs no attention. 1 job matching "report" in workspace "demo".',
            "jobs": [
                {
                    "name": "nightly-report",
                    "latest": {"id": script.SUCCEEDED, "status": "succeeded"},
                    "schedule": "0 2 * * *",
                    "memoryMb": 2048,
                    "region": "us-pdx-1",
                }
            ],
            "lookedAt": 1,
            "needAttention": 0,
        }
        age = f" {format_duration(ago)} ago" if ago is not None else ""
        assert call.texts[-1].splitlines()[1] == (
            f'- "nightly-report": "{script.SUCCEEDED}" succeeded{age}, scheduled "0 2 * * *", 2,048 MB, '
            'region "us-pdx-1"'
        )
        every = await call.ask("list_jobs")
        assert every["summary"] == (
            '3 of 8 jobs need attention: "load-test" (failed), "image-resize" (failed), "nightly-import" (failed). '
            '8 jobs in workspace "demo".'
        )
        assert names(every["jobs"]) == [
            *("load-test", "image-resize", "nightly-import"),
            *("embed-corpus", "backfill", "weekly-train"),
            *("nightly-report", "old-import"),
        ], "those that need attention first, then those that run"
        assert [row["name"] for row in every["jobs"] if row.get("enabled") is False] == ["old-import"]
        assert '- "old-import": deactivated, no executions, disabled, 2,048 MB, region "us-pdx-1"' in call.texts[-1]
        assert "Environment" not in call.texts[-1]
        assert "DATABASE_URL" not in json.dumps(every)

    run(control_plane.build_app(), what)


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

    run(Starlette(routes=[Route("/v0/jobs", pages)]), what)


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
        lists = [request for request in app.state.requests if request.path == "/v0/jobs"]  # type: ignore[attr-defined]
        queries = [parse_qs(request.query) for request in lists]
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
        assert row.keys() <= {"status"}
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
        assert answer["summary"].endswith('. 1 job in workspace "demo"; more follow.')
        assert call.texts[-1].endswith("There are more, but Blaxel's cursor to them is too long to pass on.")

    async def odd(call: Caller) -> None:
        assert names(await call.follow("list_jobs", "jobs")) == ["one", "one"]
        assert asked == ["", 'a "b"\n\u202e%2F+&=😀']

    run(faults, long, NEWER)
    run(Starlette(routes=[Route("/v0/jobs", listing)]), odd)


def test_one_small_call_for_each_job_tells_how_it_went() -> None:
    """Side by side, at most twenty, each once; one that fails or is slow leaves a row that says so."""
    jobs = (job(f"job-{number:02}", [execution(f"exec-{number:02}", age=9)], age=number) for number in range(30))
    faults = Faults(plane(*jobs))
    faults.always(Answer(503), path="/jobs/job-03/executions")

    async def what(call: Caller) -> None:
        answer = await call.ask("list_jobs", limit=30)
        looked_up = [seen for seen in faults.seen if seen.path.endswith("/executions")]
        assert sorted(seen.path for seen in looked_up) == [
            f"/v0/jobs/job-{number:02}/executions" for number in range(20)
        ]
        assert {seen.query for seen in looked_up} == {"limit=5&sort=createdAt%3Adesc"}
        assert (answer["lookedAt"], answer["needAttention"]) == (20, 0)
        assert answer["summary"].startswith(
            "None of the 20 jobs looked at needs attention; of 1 the newest execution could "
        )
        assert [row["name"] for row in answer["jobs"] if row["latest"] == {"status": "unknown"}] == [
            "job-03",
            *(f"job-{number}" for number in range(20, 30)),
        ], "those that were not looked up say so too"
        await call.ask("list_jobs", limit=30)
        again = [seen.path for seen in faults.seen if seen.path.endswith("/executions")][20:]
        assert again == ["/v0/jobs/job-03/executions"], "what has ended is kept for half a minute"

    run(faults, what)


def test_what_goes_on_is_looked_up_each_time() -> None:
    """It may end at any moment."""
    faults = Faults(plane(job("a", [execution("exec-1", age=9, status="running")])))

    async def what(call: Caller) -> None:
        await call.ask("list_jobs")
        await call.ask("list_jobs")
        assert [seen.path for seen in faults.seen].count("/v0/jobs/a/executions") == 2

    run(faults, what)
