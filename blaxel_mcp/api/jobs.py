"""The operations on jobs that are used here, as `Call`s. Names and parameters are those of Blaxel's OpenAPI document."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from blaxel_mcp.api.call import Call, checked_id
from blaxel_mcp.models import Job, JobExecution, JobExecutionTask, Page, Tasks, instant

T = TypeVar("T")
_TASKS: TypeAdapter[list[JobExecutionTask]] = TypeAdapter(Tasks)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a list. `cursor` gets the next one; `None` at the end."""

    items: list[T]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class FetchedExecution:
    """An execution as the API answered it and as it is read. `raw` may be shared with other callers: leave it as it is."""

    raw: dict[str, Any]
    execution: JobExecution


def get_execution(job_id: str, execution_id: str) -> Call[FetchedExecution]:
    """GetJobExecution. It takes no parameters, so the task list always comes whole."""
    return Call(
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions", checked_id(execution_id, "executionId")),
        lambda body: FetchedExecution(body, JobExecution.model_validate(body)),
    )


def list_jobs(*, limit: int, search: str | None = None, cursor: str | None = None) -> Call[Listing[Job]]:
    """ListJobs; `limit` is at most 200. A `search` of under two characters finds everything."""
    query = {"limit": str(limit), "q": search, "cursor": cursor}
    return Call("GET", ("jobs",), lambda body: _listing(_jobs, body), _given(query), (dict, list))


def list_executions(job_id: str, *, limit: int, cursor: str | None = None) -> Call[Listing[JobExecution]]:
    """ListJobExecutions, the newest first; `limit` is at most 100. An older API version may answer with more than asked."""
    query = {"limit": str(limit), "sort": "createdAt:desc", "cursor": cursor}
    return Call(
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions"),
        lambda body: _listing(_newest_first, body),
        _given(query),
        (dict, list),
    )


def list_tasks(
    job_id: str, execution_id: str, *, limit: int, cursor: str | None = None
) -> Call[Listing[JobExecutionTask]]:
    """ListJobExecutionTasks; `limit` is at most 200. The server reads the whole history for each page: not for polling."""
    query = {"limit": str(limit), "cursor": cursor}
    return Call(
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions", checked_id(execution_id, "executionId"), "tasks"),
        lambda body: _listing(_TASKS.validate_python, body),
        _given(query),
        (dict, list),
    )


def _given(query: dict[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in query.items() if value)


def _listing(read: Callable[[list[Any]], list[T]], body: Any) -> Listing[T]:
    page = Page.of(body)
    more = page.meta.hasMore is not False and page.meta.nextCursor
    return Listing(read(page.data), page.meta.nextCursor if more else None)


def _jobs(items: list[Any]) -> list[Job]:
    return [Job.model_validate(item) for item in items if isinstance(item, dict)]


def _newest_first(items: list[Any]) -> list[JobExecution]:
    """`sort` is honoured only by newer API versions, so the order is made sure of here; undated ones come last."""
    executions = [JobExecution.model_validate(item) for item in items if isinstance(item, dict)]
    dated = [(instant(execution.metadata.createdAt), execution) for execution in executions]
    return [
        execution
        for _, execution in sorted(dated, key=lambda pair: pair[0].timestamp() if pair[0] else 0.0, reverse=True)
    ]
