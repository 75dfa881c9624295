"""Whole conversations: from a question to the failing task's last log line, ids only from answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from support.caller import ERAS, Caller, Transport, caller
from support.program import MODERN

OVER = [*(("memory", era) for era in ERAS), pytest.param("stdio", MODERN, marks=pytest.mark.slow)]


def converse(plane: str, over: Transport, era: str, what: Callable[[Caller], Awaitable[None]]) -> None:
    """Run a conversation with the server in memory, or with the program as a client's subprocess."""

    async def run() -> None:
        async with caller(plane, over=over, era=era, clock=lambda: datetime.now(UTC)) as talk:
            await what(talk)

    asyncio.run(run())


@pytest.mark.parametrize(("over", "era"), OVER)
def test_from_a_job_to_the_last_log_line_of_its_failed_task(plane: str, over: Transport, era: str) -> None:
    """In at most five calls: the job that fails, its execution, the failed task, and what that logged last."""

    async def what(talk: Caller) -> None:
        jobs = await talk.ask("list_jobs", search="resize")
        job = jobs["jobs"][0]["name"]
        executions = await talk.ask("list_job_executions", jobId=job, status="failed")
        execution = executions["executions"][0]["id"]
        answer = await talk.ask("get_job_execution", jobId=job, executionId=execution)
        assert answer["failures"][0]["cause"] == "out_of_memory"
        task = answer["failures"][0]["tasks"][0]
        logs = await talk.ask("get_job_execution_logs", jobId=job, executionId=execution, taskName=task)
        assert "memory" in json.dumps(logs["lines"]).lower()
        assert len(talk.texts) <= 5

    converse(plane, over, era, what)


@pytest.mark.parametrize("era", ERAS)
def test_did_last_nights_report_run(plane: str, era: str) -> None:
    """Two calls: which job that is, and how its newest execution stands."""

    async def what(talk: Caller) -> None:
        jobs = await talk.ask("list_jobs", search="report")
        answer = await talk.ask("get_job_execution", jobId=jobs["jobs"][0]["name"], executionId="latest")
        assert (answer["done"], answer["outcome"]) == (True, "succeeded")

    converse(plane, "memory", era, what)


@pytest.mark.parametrize("era", ERAS)
def test_a_wait_that_is_not_long_enough_is_an_answer(plane: str, era: str) -> None:
    """It says how the execution stands, carries no raw JSON, and names the call that goes on waiting."""

    async def what(talk: Caller) -> None:
        answer = await talk.ask("wait_for_job_execution", jobId="weekly-train", executionId="latest", timeoutSeconds=1)
        assert answer["done"] is False
        assert "raw" not in answer

    converse(plane, "memory", era, what)
