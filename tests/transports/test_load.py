"""Many at once: what is shared upstream, what is bounded, what goes on beside something slow, who is turned away."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.in_process import serving
from support.plane import Slow, slow_upstream
from support.program import PATIENCE, Program
from support.sockets import Connection, exchange, port_of, request, rpc, rpc_body, rpc_headers, tool_call

from blaxel_mcp.demo import script

pytestmark = pytest.mark.slow

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"
CALLERS = 100
ROUND_TRIPS = 20
"""Enough turns of the server's loop for a request that was let in to arrive where it waits."""


@contextlib.asynccontextmanager
async def clients(base: str) -> AsyncIterator[httpx.AsyncClient]:
    """As many connections as are asked for."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE, limits=limits) as client:
        yield client


async def call(client: httpx.AsyncClient, params: dict[str, Any], *, modern: bool = True) -> httpx.Response:
    """Call a tool, again if the room for it is taken: by `until_all_wait`, which has to knock to see that it is."""
    headers = rpc_headers("tools/call", params["name"], modern=modern)
    body = rpc_body("tools/call", params, modern=modern)
    while (answer := await client.post("/mcp", json=body, headers=headers)).status_code == 503:
        pass
    return answer


async def until(true: Callable[[], bool]) -> None:
    """Wait until something that happens elsewhere has happened."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


async def until_all_wait(client: httpx.AsyncClient) -> None:
    """Wait until as many requests are under way as there may be, and are where they wait."""
    async with asyncio.timeout(PATIENCE):
        while (await client.post("/mcp")).status_code != 503:
            pass
    for _ in range(ROUND_TRIPS):
        assert (await client.get("/health")).text == "ok"


def test_callers_of_one_execution_share_a_call() -> None:
    """A hundred clients of both eras ask while the first call is under way: the control plane sees that one."""

    async def ask(slow: Slow, base: str) -> list[httpx.Response]:
        async with clients(base) as client, asyncio.TaskGroup() as group:
            asked = [group.create_task(call(client, tool_call(), modern=n % 2 == 0)) for n in range(CALLERS)]
            await until_all_wait(client)
            slow.hold.release.set()
        return [one.result() for one in asked]

    with slow_upstream() as (slow, env), serving("--max-requests", str(CALLERS), env=env) as base:
        answers = asyncio.run(ask(slow, base))
        assert [answer.status_code for answer in answers] == [200] * CALLERS
        assert all('"outcome":"failed"' in answer.text for answer in answers)
        assert sorted(path.rpartition("/")[2] for path in slow.calls) == [script.FAILED, "executions", "tasks"]


def test_there_are_eight_calls_upstream_at_most() -> None:
    """However many clients ask for however many different things; the rest waits, and is answered."""

    async def ask(slow: Slow, base: str) -> list[httpx.Response]:
        calls = [tool_call(execution=f"exec-{number}") for number in range(CALLERS // 2)]
        calls += [{"name": "list_job_executions", "arguments": {"jobId": f"job-{n}"}} for n in range(CALLERS // 2)]

        def held() -> int:
            # Jobs are looked up as well, and answered at once.
            return sum("/executions" in path for path in slow.calls)

        async with clients(base) as client, asyncio.TaskGroup() as group:
            asked = [group.create_task(call(client, params)) for params in calls]
            await until(lambda: held() == 8)
            await until_all_wait(client)
            assert held() == 8
            slow.hold.release.set()
        return [one.result() for one in asked]

    with slow_upstream() as (slow, env), serving("--max-requests", str(CALLERS), env=env) as base:
        answers = asyncio.run(ask(slow, base))
        assert [answer.status_code for answer in answers] == [200] * CALLERS
        assert len(slow.connections) <= 8


def test_what_is_slow_upstream_leaves_the_rest_alone() -> None:
    """With a hundred calls for executions waiting, `/health`, the list of tools and another tool are answered."""

    async def ask(slow: Slow, base: str) -> list[str]:
        async with clients(base) as client, asyncio.TaskGroup() as group:
            waiting = [group.create_task(call(client, tool_call(execution=f"exec-{n}"))) for n in range(CALLERS)]
            await until(lambda: len(slow.calls) == 6)
            health = await client.get("/health")
            tools = await client.post("/mcp", json=rpc_body("tools/list"), headers=rpc_headers("tools/list"))
            jobs = await call(client, {"name": "list_jobs", "arguments": {}})
            assert not any(task.done() for task in waiting)
            slow.hold.release.set()
        return [health.text, tools.text, jobs.text]

    with slow_upstream() as (slow, env), serving(env=env) as base:
        health, tools, jobs = asyncio.run(ask(slow, base))
        assert health == "ok"
        assert '"name":"list_jobs"' in tools
        assert '"image-resize"' in jobs


REQUESTS: dict[str, tuple[list[str], dict[str, str]]] = {
    "option": (["--max-requests", "5"], {}),
    "variable": ([], {"BLAXEL_MCP_MAX_REQUESTS": "5"}),
}


@pytest.mark.parametrize("given", REQUESTS)
def test_more_requests_than_allowed_are_rejected(given: str, caplog: pytest.LogCaptureFixture) -> None:
    """The sixth of five is told when to come back, on a connection that goes on; once there is room, it is let in."""
    arguments, variables = REQUESTS[given]

    async def ask(slow: Slow, base: str) -> None:
        async with clients(base) as client, asyncio.TaskGroup() as group:
            waiting = [group.create_task(call(client, tool_call(execution=f"exec-{number}"))) for number in range(5)]
            await until_all_wait(client)
            with Connection(port_of(base)) as sixth:
                sixth.send(rpc("tools/call", tool_call()))
                refused = sixth.answer()
                assert (refused.status, refused.headers["retry-after"]) == (503, "1")
                slow.hold.release.set()
                assert [(await one).status_code for one in waiting] == [200] * 5
                sixth.send(rpc("tools/call", tool_call()))
                assert sixth.answer().message["result"]["structuredContent"]["outcome"] == "failed"

    with slow_upstream() as (slow, env), serving(*arguments, env=env | variables) as base:
        asyncio.run(ask(slow, base))
    assert caplog.records == []


STREAMS: dict[str, tuple[list[str], dict[str, str]]] = {
    "option": (["--max-streams", "3"], {}),
    "variable": ([], {"BLAXEL_MCP_MAX_STREAMS": "3"}),
}


@pytest.mark.parametrize("given", STREAMS)
def test_more_streams_than_allowed_are_rejected(given: str) -> None:
    """The fourth of three, until one of them ends."""
    arguments, variables = STREAMS[given]
    with serving("--transport", "sse", "--demo", *arguments, env=variables) as base:
        port = port_of(base)
        with contextlib.ExitStack() as open_ones:
            streams = [open_ones.enter_context(Connection(port)) for _ in range(3)]
            for stream in streams:
                stream.send(request("GET /sse"))
                assert stream.head().status == 200
            refused = exchange(port, request("GET /sse"))
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            assert exchange(port, request("GET /health")).body == b"ok"
            streams[0].close()
            assert admitted_at_last(port) == 200


def admitted_at_last(port: int) -> int:
    """Ask for a stream until there is room, which the server learns of when it next looks."""
    while True:
        with Connection(port) as stream:
            stream.send(request("GET /sse"))
            if (status := stream.head().status) != 503:
                return status


@pytest.mark.nightly
def test_a_thousand_clients_for_a_minute() -> None:
    """The soak that stands beside the benchmarks, short: no errors, calls shared, memory bounded, a clean end."""
    with Program("--seconds", "60", "--flat", "1.5", command=(sys.executable, str(SOAK))) as soak:
        assert soak.process.wait(120) == 0, soak.output()
