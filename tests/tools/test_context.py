"""The session of a request reaches whatever handles it, and no other request's handler."""

import asyncio
from typing import Any

import pytest
from mcp import Client
from support.caller import MODES, Mode, another, client_for, ids
from support.plane import clock

from blaxel_mcp.api.client import Session
from blaxel_mcp.demo import script
from blaxel_mcp.server import build_server
from blaxel_mcp.telemetry import Observers, RequestRecord
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.registry import select

JOBS = ("nightly-report", "image-resize", "embed-corpus", "weekly-train")


class Records:
    """Keeps the records of requests, and ignores the rest."""

    def __init__(self) -> None:
        self.kept: list[RequestRecord] = []

    def handled(self, request: RequestRecord) -> None:
        """Keep the record."""
        self.kept.append(request)

    def rejected(self, route: str, status: int) -> None:
        """Ignore it."""

    def upstream_attempt(self, operation: str, status: int | None, seconds: float) -> None:
        """Ignore it."""


@pytest.mark.parametrize("mode", MODES)
def test_the_sdk_runs_middleware_and_handlers_in_one_context(plane: str, mode: Mode) -> None:
    """So a context variable set by the middleware is the request's own, also among concurrent requests."""
    records, made = Records(), list[Session]()
    caller = client_for(plane)

    def new_session(_: Any) -> Session:
        made.append(another(caller))
        return made[-1]

    async def run() -> None:
        server = build_server(
            AppContext(new_session, clock, lookups=False), select(allow_writes=False), observers=Observers([records])
        )
        try:
            async with Client(server, mode=mode) as client:
                del made[:], records.kept[:]
                await asyncio.gather(
                    *(client.call_tool("list_job_executions", {"jobId": job}) for job in JOBS),
                    client.call_tool("get_job_execution", ids("image-resize", "exec-7ebd0d1e")),
                    client.call_tool("get_job_execution", ids("weekly-train", "latest")),
                    client.read_resource(f"blaxel://jobs/nightly-report/executions/{script.SUCCEEDED}"),
                )
        finally:
            await caller.upstream.aclose()

    asyncio.run(run())
    calls = [
        (record.method, record.ids.get("executionId"), record.upstream_calls)
        for record in records.kept
        if record.method != "tools/list"
    ]
    assert sorted(calls, key=str) == [
        ("resources/read", None, 1),
        ("tools/call", "exec-7ebd0d1e", 1),
        ("tools/call", "latest", 2),
        *[("tools/call", None, 1)] * len(JOBS),
    ]
    assert sorted(session.attempts for session in made if session.attempts) == [1] * (len(JOBS) + 2) + [2]
