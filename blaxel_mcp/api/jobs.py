"""The operations used here, as `Call`s; names and parameters are those of Blaxel's OpenAPI document."""

from dataclasses import dataclass
from typing import Any

from blaxel_mcp.api.call import Call, checked_id
from blaxel_mcp.models import Job, JobExecution, Page, instant


@dataclass(frozen=True, slots=True)
class FetchedExecution:
    """An execution as the API answered it, and as it is read. `raw` may be shared by callers: never change it."""

    raw: dict[str, Any]
    execution: JobExecution


def get_execution(job_id: str, execution_id: str) -> Call[FetchedExecution]:
    """GetJobExecution. It takes no parameters, so the task list always comes whole."""
    return Call(
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions", checked_id(execution_id, "executionId")),
        lambda body: FetchedExecution(body, JobExecution.model_validate(body)),
    )


def list_executions(job_id: str, *, limit: int) -> Call[list[JobExecution]]:
    """ListJobExecutions, the newest first; `limit` is at most 100."""
    return Call(
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions"),
        lambda body: _newest_first(_objects(JobExecution, Page.of(body)))[:limit],
        (("limit", str(limit)), ("sort", "createdAt:desc")),
        (dict, list),
    )


def list_jobs(*, limit: int) -> Call[list[Job]]:
    """ListJobs; `limit` is at most 200."""
    return Call("GET", ("jobs",), lambda body: _objects(Job, Page.of(body)), (("limit", str(limit)),), (dict, list))


def _objects(model: Any, page: Page) -> list[Any]:
    return [model.model_validate(item) for item in page.data if isinstance(item, dict)]


def _newest_first(executions: list[JobExecution]) -> list[JobExecution]:
    """`sort` is honoured only by newer API versions, so the order is made sure of here; undated ones come last."""
    dated = [(instant(execution.metadata.createdAt), execution) for execution in executions]
    return [
        execution
        for _, execution in sorted(dated, key=lambda pair: pair[0].timestamp() if pair[0] else 0.0, reverse=True)
    ]
