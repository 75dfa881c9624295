"""Whole conversations: from a question to the failing task's last log line, ids only from answers."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent
from support.session import tool_state

from blaxel_mcp.demo import control_plane
from blaxel_mcp.server import build_server
from blaxel_mcp.tools import select

ANSWER_BYTES = 3_000
LOG_BYTES = 16 * 1024
ERAS = ("legacy", "auto")


class Conversation:
    """Calls tools and keeps count; checks that each answer is one text within its budget."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.calls = 0

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a tool; it and the text must keep the budget."""
        self.calls += 1
        result = await self.client.call_tool(tool, arguments)
        assert isinstance(result, CallToolResult)
        (block,) = result.content
        assert isinstance(block, TextContent)
        assert not result.is_error, block.text
        answer = dict(result.structured_content or {})
        budget = LOG_BYTES if tool == "get_job_execution_logs" else ANSWER_BYTES
        assert len(block.text.encode()) <= budget
        without_raw = {key: value for key, value in answer.items() if key != "raw"}
        assert len(json.dumps(without_raw, ensure_ascii=False, separators=(",", ":")).encode()) <= budget
        return answer


def converse(era: str, what: Any, over: str = "memory") -> None:
    """Run a conversation, with the program as a client's subprocess or with a server in memory."""

    async def run() -> None:
        if over == "stdio":
            stdio = StdioServerParameters(command=sys.executable, args=["-m", "blaxel_mcp", "--demo"])
            async with Client(stdio, mode=era) as client:
                await what(Conversation(client))
            return
        with control_plane.serve(control_plane.build_app()) as url:
            async with (
                tool_state(url, lambda: datetime.now(UTC)) as state,
                Client(build_server(state, select(allow_writes=False)), mode=era) as client,
            ):
                await what(Conversation(client))

    asyncio.run(run())


@pytest.mark.parametrize(("over", "era"), [("memory", "legacy"), ("memory", "auto"), ("stdio", "auto")])
def test_from_a_job_to_the_last_log_line_of_its_failed_task(over: str, era: str) -> None:
    """In at most five calls: the job that fails, its execution, the failed task, and what that logged last."""

    async def what(talk: Conversation) -> None:
        jobs = await talk.ask("list_jobs", search="resize")
        job = jobs["jobs"][0]["name"]
        executions = await talk.ask("list_job_executions", jobId=job, status="failed")
        execution = executions["executions"][0]["id"]
        answer = await talk.ask("get_job_execution", jobId=job, executionId=execution)
        assert answer["failures"][0]["cause"] == "out_of_memory"
        task = answer["failures"][0]["tasks"][0]
        logs = await talk.ask("get_job_execution_logs", jobId=job, executionId=execution, taskName=task)
        assert "memory" in json.dumps(logs["lines"]).lower()
        assert talk.calls <= 5

    converse(era, what, over)


@pytest.mark.parametrize("era", ERAS)
def test_did_last_nights_report_run(era: str) -> None:
    """Two calls: which job that is, and how its newest execution stands."""

    async def what(talk: Conversation) -> None:
        jobs = await talk.ask("list_jobs", search="report")
        answer = await talk.ask("get_job_execution", jobId=jobs["jobs"][0]["name"], executionId="latest")
        assert (answer["done"], answer["outcome"]) == (True, "succeeded")

    converse(era, what)


@pytest.mark.parametrize("era", ERAS)
def test_a_wait_that_is_not_long_enough_is_an_answer(era: str) -> None:
    """It says how the execution stands, carries no raw JSON, and names the call that goes on waiting."""

    async def what(talk: Conversation) -> None:
        answer = await talk.ask("wait_for_job_execution", jobId="weekly-train", executionId="latest", timeoutSeconds=1)
        assert answer["done"] is False
        assert "raw" not in answer

    converse(era, what)
