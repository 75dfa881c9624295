"""The demo control plane keeps to the API's wire format, over a real socket."""

import asyncio
import base64
import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from support.program import PATIENCE

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.control_plane import ReceivedRequest, build_app, serve
from blaxel_mcp.demo.wire import Job, Verbatim

BEGAN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
RUNNING = f"/jobs/embed-corpus/executions/{script.RUNNING}"


@dataclass
class Clock:
    """A clock that moves when told to."""

    now: datetime = BEGAN

    def __call__(self) -> datetime:
        """The time it is."""
        return self.now

    def forward(self, **amount: float) -> None:
        """Let time pass."""
        self.now += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at `BEGAN`."""
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Starlette:
    """The control plane by that clock."""
    return build_app(clock=clock)


@pytest.fixture
def api(app: Starlette) -> Iterator[httpx.Client]:
    """A client with everything right."""
    with serve(app) as base_url, httpx.Client(base_url=base_url, headers=headers()) as client:
        yield client


def headers(**changed: str | None) -> dict[str, str]:
    """The headers of a good request, with some changed or (None) left out."""
    good: dict[str, str | None] = {
        "x_blaxel_authorization": f"Bearer {script.API_KEY}",
        "x_blaxel_workspace": script.WORKSPACE,
        "blaxel_version": "2026-04-28",
    }
    return {name.replace("_", "-"): value for name, value in {**good, **changed}.items() if value is not None}


def bare(api: httpx.Client, path: str, **changed: str | None) -> httpx.Response:
    """GET with exactly these headers, none of the client's."""
    return httpx.get(f"{api.base_url}{path.lstrip('/')}", headers=headers(**changed))


def said(response: httpx.Response) -> tuple[int, Any]:
    """Status and JSON."""
    return response.status_code, response.json()


def pages(api: httpx.Client, path: str, **params: str | int) -> list[dict[str, Any]]:
    """Every page of a listing, by its cursors."""
    found = [api.get(path, params=params).json()]
    while found[-1]["meta"]["hasMore"]:
        found.append(api.get(path, params={**params, "cursor": found[-1]["meta"]["nextCursor"]}).json())
    return found


# Getting


def test_an_execution_is_whole_and_moves_with_the_clock(api: httpx.Client, clock: Clock) -> None:
    """The same address says running now and succeeded minutes later."""
    first = api.get(RUNNING)
    clock.forward(minutes=3)
    later = api.get(RUNNING)
    assert (first.status_code, first.json()["status"], len(first.json()["tasks"])) == (200, "running", 20)
    assert first.headers["content-type"] == "application/json"
    assert (later.json()["status"], later.json()["stats"]) == ("succeeded", {"success": 20, "total": 20})


def test_a_large_execution_comes_without_its_tasks(api: httpx.Client) -> None:
    """Its tasks are at `/tasks`; that of twenty tasks has them in it."""
    path = f"/jobs/nightly-import/executions/{script.IMPORT_FAILED}"
    large, tasks = api.get(path).json(), api.get(f"{path}/tasks").json()
    assert set(large) == {"metadata", "spec", "stats", "status"}
    assert large["spec"] == {
        "envOverride": {"BATCH_SIZE": "***", "SOURCE": "***"},
        "parallelism": 8,
        "taskCount": 40,
        "tasksRef": f"demo/jobs/nightly-import/executions/{script.IMPORT_FAILED}/tasks.json",
        "timeout": 1800,
    }
    assert (len(tasks["data"]), tasks["meta"]["hasMore"]) == (40, False)
    assert len(api.get(RUNNING).json()["tasks"]) == api.get(RUNNING).json()["spec"]["taskCount"] == 20


def test_a_job_has_its_environment_masked(api: httpx.Client) -> None:
    """Names are there, values are not."""
    job = api.get("/jobs/nightly-report").json()
    runtime = job["spec"]["runtime"]
    assert (runtime["memory"], runtime["timeout"], runtime["maxRetries"]) == (2048, 3600, 2)
    assert {env["value"] for env in runtime["envs"]} == {"****"}
    assert job["spec"]["triggers"][0]["configuration"]["schedule"] == "0 2 * * *"
    assert job["status"] == "DEPLOYED"


def test_what_is_missing_is_named(api: httpx.Client) -> None:
    """An unknown job and an unknown execution are two messages, the second with a stack to be dropped."""
    execution = api.get("/jobs/embed-corpus/executions/exec-nope")
    assert said(api.get("/jobs/nope")) == (404, {"code": 404, "error": "Job not found"})
    assert said(api.get("/jobs/nope/executions/exec-nope")) == (404, {"code": 404, "error": "Job not found"})
    assert (execution.status_code, execution.json()["error"]) == (404, "Execution not found")
    assert isinstance(execution.json()["stack"], list)


@pytest.mark.parametrize("path", ["/", "/jobs/", "/jobs//executions", "/nothing", "/jobs/embed-corpus/executions/"])
def test_other_paths_are_not_found(api: httpx.Client, path: str) -> None:
    """Neither empty segments nor a trailing slash are forgiven."""
    assert api.get(path).status_code == 404


def test_ids_are_decoded_one_segment_at_a_time() -> None:
    """An id with a slash, a dot, a space or beyond ASCII is found when it is encoded, and only then."""
    odd = ["a/b", "../x", "50% off", "été", "?q#f", "%2F"]

    def jobs(began: datetime) -> Sequence[Job]:
        runs = tuple(Verbatim(one, began, {"metadata": {"id": one}, "spec": {}}) for one in odd)
        return [Job(name="j/k", workspace=script.WORKSPACE, created=began, executions=runs)]

    app = build_app(jobs=jobs)
    with serve(app) as base_url, httpx.Client(base_url=base_url, headers=headers()) as api:
        found = [api.get(f"/jobs/j%2Fk/executions/{quote(one, safe='')}").json()["metadata"]["id"] for one in odd]
        raw = app.state.requests[0].path
        unencoded = api.get("/jobs/j%2Fk/executions/a/b")
    assert found == odd
    assert raw == "/v0/jobs/j%2Fk/executions/a%2Fb"
    assert unencoded.status_code == 404


def test_a_test_can_have_anything_answered_word_for_word(clock: Clock) -> None:
    """`Verbatim` executions are served as given, also odd ones, and listed without tasks."""
    body = {"metadata": {"id": "e"}, "spec": {"tasks": []}, "status": "COMPLETED", "tasks": None, "new": 1}
    job = Job(name="j", workspace="demo", created=BEGAN, executions=(Verbatim("e", BEGAN, body),))
    app = build_app(clock=clock, jobs=lambda _: [job])
    with serve(app) as base_url, httpx.Client(base_url=base_url, headers=headers()) as api:
        assert api.get("/jobs/j/executions/e").json() == body
        listed = api.get("/jobs/j/executions").json()["data"]
        assert api.get("/jobs/j/executions/e/tasks").json()["data"] == []
    assert listed == [{"metadata": {"id": "e"}, "spec": {}, "status": "COMPLETED", "new": 1}]


def test_requests_are_kept_as_they_came(api: httpx.Client, app: Starlette) -> None:
    """Method, undecoded path, query and headers in lower case, also of refused requests."""
    api.get("/jobs", params={"limit": 0})
    kept: ReceivedRequest = app.state.requests[-1]
    assert (kept.method, kept.path, kept.query) == ("GET", "/v0/jobs", "limit=0")
    assert kept.headers["x-blaxel-workspace"] == "demo"
    assert len(app.state.requests) == 1


def test_only_the_last_requests_are_kept() -> None:
    """A demo that is served for weeks does not grow."""
    app = build_app(kept=2)
    with serve(app) as base_url, httpx.Client(base_url=base_url, headers=headers()) as api:
        for number in (1, 2, 3):
            api.get("/jobs", params={"limit": number})
    assert [request.query for request in app.state.requests] == ["limit=2", "limit=3"]


def test_it_stops_at_once_whatever_is_open(app: Starlette) -> None:
    """An idle connection, half a request and a request under way hold up nothing, and all are cut off."""
    arrived, cancelled = threading.Event(), threading.Event()
    before = set(threading.enumerate())  # another control plane may be there, for other tests of this process

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/v0/stuck":
            await app(scope, receive, send)
            return
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with contextlib.ExitStack() as sockets:
        with serve(stuck) as base_url:
            address = (urlsplit(base_url).hostname, urlsplit(base_url).port)
            idle, half, waiting = (sockets.enter_context(socket.create_connection(address)) for _ in range(3))
            idle.sendall(b"GET /v0/jobs HTTP/1.1\r\nHost: x\r\n\r\n")
            half.sendall(b"GET /v0/jobs HTTP/1.1\r\nHo")
            waiting.sendall(b"GET /v0/stuck HTTP/1.1\r\nHost: x\r\n\r\n")
            assert arrived.wait(PATIENCE)
            assert idle.recv(65_536).startswith(b"HTTP/1.1 401")
        assert cancelled.is_set()
        for one in (half, waiting):
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
    assert set(threading.enumerate()) <= before


def test_connections_that_were_not_accepted_yet_are_cut_off_at_the_end() -> None:
    """They are accepted in the very step of the event loop in which it stops, and no socket stays open behind them."""
    busy, go_on = threading.Event(), threading.Event()

    async def hold_the_loop(*_: object) -> None:
        busy.set()
        go_on.wait(PATIENCE)

    with contextlib.ExitStack() as sockets:
        serving = serve(hold_the_loop)
        parts = urlsplit(serving.__enter__())
        address = (parts.hostname, parts.port)
        first = sockets.enter_context(socket.create_connection(address))
        first.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert busy.wait(PATIENCE)
        late = [sockets.enter_context(socket.create_connection(address, timeout=PATIENCE)) for _ in range(5)]
        ending = threading.Thread(target=serving.__exit__, args=(None, None, None))
        ending.start()
        ending.join(0.1)  # by then it has asked the loop to stop
        go_on.set()
        ending.join(PATIENCE)
        for one in late:
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""


def test_it_is_served_without_private_members_of_uvicorn() -> None:
    """Only what uvicorn exports is imported, and no name with a leading underscore is read."""
    source = Path(control_plane.__file__).read_text(encoding="utf-8")
    assert re.findall(r"^.*import.*uvicorn.*$|^from uvicorn.*$", source, re.MULTILINE) == ["import uvicorn"]
    assert not re.search(r"(config|server|listener)\._", source)


# Who may


@pytest.mark.parametrize("value", [None, "Bearer wrong", "Bearer", "demo-key", "Basic demo-key"])
def test_a_wrong_credential_is_unauthorized(api: httpx.Client, value: str | None) -> None:
    """No header, another key, and another scheme are the same 401."""
    response = bare(api, RUNNING, x_blaxel_authorization=value)
    assert said(response) == (401, {"code": 401, "error": "Unauthorized"})


def test_either_authorization_header_will_do(api: httpx.Client) -> None:
    """With both, as Blaxel's CLI may send them, its own header counts."""

    def status(ours: str | None, standard: str) -> int:
        return bare(api, RUNNING, x_blaxel_authorization=ours, authorization=standard).status_code

    assert status(None, "Bearer demo-key") == 200
    assert status("Bearer demo-key", "Bearer wrong") == 200
    assert status("Bearer wrong", "Bearer demo-key") == 401
    assert status(None, "Basic demo-key") == 401


def test_every_answer_has_request_ids(api: httpx.Client) -> None:
    """Another one each time, also with errors and tokens: of the API, and of the network in front of it."""
    answers = [api.get("/jobs"), api.get("/nothing"), bare(api, "/jobs", authorization=None), api.post("/oauth/token")]
    ids = [answer.headers["x-cf-request-id"] for answer in answers]
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in ids)
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{16}-[A-Z]{3}", answer.headers["cf-ray"]) for answer in answers)


def test_the_workspace_must_be_said_and_be_the_right_one(api: httpx.Client) -> None:
    """None is a 400, another a 403 in the gateway's shape; a query parameter does as well as the header."""
    foreign = bare(api, RUNNING, x_blaxel_workspace="other")
    assert said(bare(api, RUNNING, x_blaxel_workspace=None)) == (400, {"code": 400, "error": "Workspace is required"})
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert foreign.headers["x-blaxel-source"] == "platform"
    assert bare(api, f"{RUNNING}?workspace=demo", x_blaxel_workspace=None).status_code == 200


def test_client_credentials_get_a_token_that_works_for_two_hours(api: httpx.Client, clock: Clock) -> None:
    """By Basic or in the body; it is shaped like a JWT and says when it expires."""
    basic = base64.b64encode(b"demo-id:demo-secret").decode()
    grant = {"grant_type": "client_credentials"}
    answers = [
        api.post("/oauth/token", json=grant, headers={"authorization": f"Basic {basic}"}),
        api.post("/oauth/token", json={**grant, "client_id": "demo-id", "client_secret": "demo-secret"}),
    ]
    first, second = (answer.json() for answer in answers)
    claims = json.loads(base64.urlsafe_b64decode(first["access_token"].split(".")[1] + "=="))
    assert (claims["iat"], claims["exp"]) == (BEGAN.timestamp(), BEGAN.timestamp() + 7200)
    assert (first["expires_in"], first["token_type"], first["refresh_token"]) == (7200, "Bearer", "demo-refresh")
    assert first["access_token"] != second["access_token"]
    bearer = f"Bearer {first['access_token']}"
    clock.forward(seconds=7199)
    assert bare(api, RUNNING, x_blaxel_authorization=bearer).status_code == 200
    clock.forward(seconds=1)
    assert bare(api, RUNNING, x_blaxel_authorization=bearer).status_code == 401


@pytest.mark.parametrize("client", [{"client_id": "blaxel"}, {}])
def test_a_refresh_keeps_the_old_refresh_token(api: httpx.Client, app: Starlette, client: dict[str, str]) -> None:
    """A login's refresh gives a token and an empty refresh token; a revoked token no longer works.

    Blaxel's own clients differ in whether they send `client_id`.
    """
    login = {**client, "refresh_token": "demo-refresh", "device_code": "demo-device"}
    answer = api.post("/oauth/token", json={"grant_type": "refresh_token", **login}).json()
    bearer = f"Bearer {answer['access_token']}"
    assert answer["refresh_token"] == ""
    assert bare(api, RUNNING, x_blaxel_authorization=bearer).status_code == 200
    app.state.tokens.revoke()
    assert bare(api, RUNNING, x_blaxel_authorization=bearer).status_code == 401


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "demo-id", "client_secret": "no"}, "invalid_client"),
        ({"grant_type": "client_credentials"}, "invalid_client"),
        ({"grant_type": "refresh_token", "client_id": "blaxel", "refresh_token": "demo-refresh"}, "invalid_grant"),
        (
            {
                "grant_type": "refresh_token",
                "client_id": "other",
                "refresh_token": "demo-refresh",
                "device_code": "demo-device",
            },
            "invalid_grant",
        ),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
    ],
)
def test_a_refused_exchange_is_a_400(api: httpx.Client, body: dict[str, str], error: str) -> None:
    """Not a 401, and with OAuth's words."""
    response = api.post("/oauth/token", json=body)
    assert (response.status_code, response.json()["error"]) == (400, error)


# Versions and pages


def test_an_unknown_version_is_refused(api: httpx.Client) -> None:
    """With the shape that the API's introduction documents."""
    response = bare(api, RUNNING, blaxel_version="2026-04-20")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_api_version")
    assert response.json()["message"].endswith("known are 2026-04-16, 2026-04-28, 2026-09-22")


def test_the_newest_version_is_as_the_one_before_it(api: httpx.Client) -> None:
    """What it changes is not served here."""

    def answers(version: str) -> list[Any]:
        tasks = f"/jobs/image-resize/executions/{script.FAILED}/tasks"
        return [bare(api, path, blaxel_version=version).json() for path in (RUNNING, "/jobs", tasks)]

    assert answers("2026-09-22") == answers("2026-04-28")


@pytest.mark.parametrize("version", [None, "2026-04-16"])
def test_an_older_version_lists_bare_arrays(api: httpx.Client, version: str | None) -> None:
    """Newest first, paged by `offset`; `sort` is ignored, and there are no tasks to page."""
    path = "/jobs/nightly-report/executions"
    whole = bare(api, path, blaxel_version=version).json()
    part = bare(api, f"{path}?limit=2&sort=createdAt:asc", blaxel_version=version).json()
    created = [one["metadata"]["createdAt"] for one in whole]
    assert (len(whole), created) == (14, sorted(created, reverse=True))
    assert part == whole[:2]
    assert bare(api, f"{path}?limit=3&offset=12", blaxel_version=version).json() == whole[12:]
    assert bare(api, f"{path}?limit=101", blaxel_version=version).status_code == 400
    assert isinstance(bare(api, "/jobs", blaxel_version=version).json(), list)
    assert bare(api, f"{RUNNING}/tasks", blaxel_version=version).status_code == 404


def test_executions_are_paged_newest_first_without_tasks(api: httpx.Client) -> None:
    """Cursors lead through all of them; the last page has an empty one; offset is ignored; total is the workspace's."""
    found = pages(api, "/jobs/nightly-report/executions", limit=5, offset=9)
    listed = [one for page in found for one in page["data"]]
    created = [one["metadata"]["createdAt"] for one in listed]
    assert [len(page["data"]) for page in found] == [5, 5, 4]
    assert created == sorted(created, reverse=True)
    assert listed[0]["metadata"]["id"] == script.SUCCEEDED
    assert {key for one in listed for key in one} == {"metadata", "spec", "stats", "status"}
    assert found[-1]["meta"]["nextCursor"] == ""
    assert {page["meta"]["total"] for page in found} == {sum(len(job.executions) for job in script.jobs(BEGAN))}


def test_tasks_are_cut_from_a_listing_wherever_they_are(api: httpx.Client) -> None:
    """Also where an execution has them in its spec."""
    listed = api.get("/jobs/load-test/executions").json()["data"]
    assert not any("tasks" in one or "tasks" in one["spec"] for one in listed)
    under_spec = api.get("/jobs/weekly-train/executions").json()["data"][2]["metadata"]["id"]
    assert "tasks" in api.get(f"/jobs/weekly-train/executions/{under_spec}").json()["spec"]


def test_a_new_execution_does_not_shift_the_pages(api: httpx.Client) -> None:
    """A cursor goes on behind the last item that was seen."""
    path = "/jobs/nightly-report/executions"
    first = api.get(path, params={"limit": 2}).json()
    whole = api.get(path).json()["data"]
    api.post(path, json={})
    second = api.get(path, params={"limit": 2, "cursor": first["meta"]["nextCursor"]}).json()
    assert [one["metadata"]["id"] for one in second["data"]] == [one["metadata"]["id"] for one in whole[2:4]]


def test_tasks_are_paged_in_both_directions(api: httpx.Client) -> None:
    """Of an execution with its tasks in either place; 50 a page unless asked, 200 at most."""
    path = f"/jobs/load-test/executions/{script.MANY_FAILED}/tasks"
    default, most = api.get(path).json(), api.get(path, params={"limit": 1000}).json()
    names = [task["metadata"]["name"] for page in pages(api, path, limit=200) for task in page["data"]]
    assert (len(default["data"]), len(most["data"]), default["meta"]["total"]) == (50, 200, 1000)
    assert names == [f"task-{index}" for index in range(1000)]
    descending = api.get(path, params={"sort": "name:desc", "limit": 1}).json()["data"]
    assert descending[0]["metadata"]["name"] == "task-999"
    assert api.get(f"/jobs/load-test/executions/{script.PARTLY_FAILED}/tasks").json()["meta"]["total"] == 200
    assert api.get(f"/jobs/weekly-train/executions/{script.QUEUED}/tasks").json()["data"] == []


def test_jobs_are_searched_sorted_and_filtered(api: httpx.Client) -> None:
    """`q` looks at names and labels from two characters on, `status` at the deployment; `total` ignores both."""

    def names(**params: str) -> list[str]:
        answer = api.get("/jobs", params=params).json()
        assert answer["meta"]["total"] == 8
        return [job["metadata"]["name"] for job in answer["data"]]

    everything = names(sort="name:asc")
    assert everything == sorted(job.name for job in script.jobs(BEGAN))
    assert names(sort="name:desc") == everything[::-1]
    assert names(sort="createdAt:asc")[0] == "old-import"
    assert names(q=" ANALYTICS ", sort="name:asc") == ["backfill", "nightly-report"]
    assert len(names(q="x")) == 8
    assert names(status="deactivated") == ["old-import"]
    assert names(anchor="end", limit="2", sort="createdAt:asc") == names(sort="createdAt:desc")[1::-1]


def test_an_older_version_checks_a_status_but_does_not_filter(api: httpx.Client) -> None:
    """As documented for every listing but that of sandboxes."""
    assert len(bare(api, "/jobs?status=deactivated", blaxel_version=None).json()) == 8
    assert bare(api, "/jobs?status=running", blaxel_version=None).status_code == 400


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=101", "sort=status:asc", "sort=createdAt", "cursor=x", "cursor=W10="],
)
def test_a_bad_page_is_refused(api: httpx.Client, query: str) -> None:
    """A limit out of bounds, an unknown sort, a cursor that is none."""
    assert api.get(f"/jobs/nightly-report/executions?{query}").status_code == 400


def test_a_cursor_belongs_to_its_query_and_lasts_a_day(api: httpx.Client, clock: Clock) -> None:
    """Another job, sort or search, and 24 hours later, it is refused; another limit is fine."""
    path = "/jobs/nightly-report/executions"
    cursor = api.get(path, params={"limit": 2}).json()["meta"]["nextCursor"]
    tried = [
        api.get(path, params={"cursor": cursor, "limit": 3}),
        api.get(path, params={"cursor": cursor, "sort": "createdAt:asc"}),
        api.get(path, params={"cursor": cursor, "q": "report"}),
        api.get("/jobs/image-resize/executions", params={"cursor": cursor}),
    ]
    clock.forward(hours=24, seconds=1)
    tried.append(api.get(path, params={"cursor": cursor}))
    assert [response.status_code for response in tried] == [200, 400, 400, 400, 400]


# Creating and cancelling


def test_a_created_execution_is_queued_and_then_runs(api: httpx.Client, clock: Clock) -> None:
    """The answer names the request and the execution apart; the newest execution is the new one."""
    path = "/jobs/image-resize/executions"
    body = {"tasks": [{"n": n} for n in range(6)], "env": {"TOKEN": "secret"}, "memory": 512}
    made = api.post(path, json=body).json()
    assert set(made) == {"executionId", "id", "jobId", "tasks", "workspaceId"}
    assert made["id"] != made["executionId"]
    assert made["tasks"] == body["tasks"]
    assert api.get(path, params={"limit": 1}).json()["data"][0]["metadata"]["id"] == made["executionId"]
    seen = []
    for seconds in (0, 4, 4, 60):
        clock.forward(seconds=seconds)
        seen.append(api.get(f"{path}/{made['executionId']}").json())
    assert [one["status"] for one in seen] == ["queued", "pending", "running", "succeeded"]
    assert (seen[0]["spec"]["memoryOverride"], seen[0]["spec"]["envOverride"]) == (512, {"TOKEN": "***"})


def test_a_repeated_request_creates_once(api: httpx.Client) -> None:
    """The request's own id makes it the same request; a taken execution id is a conflict."""
    path = "/jobs/image-resize/executions"
    first, again = (api.post(path, json={"id": "r-1", "executionId": "mine"}).json() for _ in range(2))
    assert first == again
    assert (first["id"], first["executionId"]) == ("r-1", "mine")
    assert api.post(path, json={"executionId": "mine"}).status_code == 409


@pytest.mark.parametrize(
    ("job", "body", "status", "error"),
    [
        ("nope", {}, 404, "Job not found"),
        ("old-import", {}, 400, "Job is disabled"),
        ("image-resize", {"memory": 1025}, 400, "memory must be lower than or equal to the job's 1024"),
        ("image-resize", {"memory": "512"}, 400, "memory must be lower than or equal to the job's 1024"),
        ("image-resize", {"tasks": {"n": 1}}, 400, "tasks must be an array of objects"),
        ("image-resize", {"env": {"N": 1}}, 400, "env must be an object of strings"),
        ("image-resize", [], 400, "Request body must be an object"),
        (
            "image-resize",
            {"allowQueue": False},
            429,
            "Maximum parallel executions limit reached for this workspace",
        ),
    ],
)
def test_a_refused_create_creates_nothing(api: httpx.Client, job: str, body: Any, status: int, error: str) -> None:
    """The reason is said, and the list is as before."""
    before = api.get("/jobs/image-resize/executions").json()
    response = api.post(f"/jobs/{job}/executions", json=body)
    assert said(response) == (status, {"code": status, "error": error})
    assert api.get("/jobs/image-resize/executions").json() == before


def test_a_cancelled_execution_lets_its_running_tasks_finish(api: httpx.Client, clock: Clock) -> None:
    """It is cancelling until they are done, then cancelled; cancelling twice changes nothing."""
    asked = api.delete(RUNNING)
    clock.forward(seconds=10)
    again = api.delete(RUNNING)
    clock.forward(seconds=50)
    after = api.get(RUNNING).json()
    assert (asked.status_code, asked.json()["status"]) == (200, "cancelling")
    assert asked.json()["stats"] == {"cancelled": 8, "running": 4, "success": 8, "total": 20}
    assert (again.status_code, again.json()["status"]) == (200, "cancelling")
    assert (after["status"], after["stats"]) == ("cancelled", {"cancelled": 8, "success": 12, "total": 20})
    assert api.delete(RUNNING).status_code == 400


def test_a_queued_execution_can_be_cancelled(api: httpx.Client, clock: Clock) -> None:
    """With nothing running it is cancelled in a moment."""
    path = f"/jobs/weekly-train/executions/{script.QUEUED}"
    asked = api.delete(path).json()
    clock.forward(seconds=5)
    after = api.get(path).json()
    assert (asked["status"], after["status"]) == ("cancelling", "cancelled")
    assert "startedAt" not in after["metadata"]


# Logs


def logs_of(api: httpx.Client, **params: str | int) -> Any:
    """What `bl logs` asks for."""
    query: dict[str, str | int] = {
        "start": "2026-03-04T08:30:01",
        "end": "2026-03-04T09:31:01",
        "resourceType": "jobs",
        "workloadIds": "image-resize",
        "type": "all",
        "traceId": "",
        "limit": 1000,
        "offset": 0,
        "severity": "FATAL,ERROR,WARNING,INFO,DEBUG,TRACE,UNKNOWN",
        "search": "",
        "taskId": "",
        "executionId": script.FAILED,
        "interval": 60,
        "workspace": "demo",
    }
    return api.get("/observability/logs", params={**query, **params}).json()


def test_logs_come_newest_first(api: httpx.Client) -> None:
    """Under the job's name, with the count of all that match; a traceback reads backwards."""
    answer = logs_of(api)["image-resize"]
    times = [line["timestamp"] for line in answer["logs"]]
    assert times == sorted(times, reverse=True)
    assert answer["totalCount"] == len(times)
    assert answer["logs"][0].keys() == {"timestamp", "message", "severity", "trace_id"}
    trace = [line["message"] for line in logs_of(api, taskId="task-31", severity="ERROR")["image-resize"]["logs"]]
    assert (trace[0], trace[5]) == ("MemoryError", "Traceback (most recent call last):")


def test_logs_are_cut_by_limit_and_filtered(api: httpx.Client) -> None:
    """At most 1000 lines; by time, text, task and severity; nothing found leaves the job's key out."""
    many = logs_of(api, workloadIds="load-test", executionId=script.MANY_FAILED, start="2026-03-04T00:00:01")
    found = logs_of(api, search="memoryerror")["image-resize"]
    assert (len(many["load-test"]["logs"]), many["load-test"]["totalCount"]) == (1000, 2255)
    assert {line["message"] for line in found["logs"]} == {"MemoryError"}
    assert logs_of(api, limit=1)["image-resize"]["totalCount"] == logs_of(api)["image-resize"]["totalCount"]
    assert logs_of(api, end="2026-03-04T08:40:00") == {}
    assert logs_of(api, executionId="exec-51be") == {}
    assert logs_of(api, taskId="31") == {}
    assert logs_of(api, workloadIds="nope") == {}


def test_the_log_may_know_no_tasks(clock: Clock) -> None:
    """How Blaxel's own takes a task is not documented: a test can have one that finds nothing when asked for one."""
    app = build_app(clock=clock, knows_tasks=False)
    with serve(app) as base_url, httpx.Client(base_url=base_url, headers=headers()) as api:
        assert logs_of(api, taskId="task-31") == {}
        assert logs_of(api)["image-resize"]["totalCount"] > 0


@pytest.mark.parametrize(
    "query", [{"start": "2026-03-04"}, {"severity": "LOUD"}, {"limit": "x"}, {"resourceType": "agents"}]
)
def test_a_bad_logs_query_is_refused(api: httpx.Client, query: dict[str, str]) -> None:
    """With a 400."""
    assert logs_of(api, **query)["code"] == 400


def test_it_remembers_two_thousand_requests() -> None:
    """The demo may run for days: of more requests the oldest is forgotten, of fewer none."""
    app = control_plane.build_app()

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            for number in range(3):
                await client.get(f"/v0/{number}")

    app.state.requests.extend([ReceivedRequest("GET", "/old", "", {})] * 1_999)
    asyncio.run(ask())
    assert [request.path for request in app.state.requests[-4:]] == ["/old", "/v0/0", "/v0/1", "/v0/2"]
    assert len(app.state.requests) == 2_000


def test_it_listens_on_loopback_only() -> None:
    """Its key is in the open: nobody else's machine is to reach it."""
    with control_plane.serve(control_plane.build_app()) as url:
        assert url.startswith("http://127.0.0.1:")
