"""The operations used here, as `Call`s; names and parameters are those of Blaxel's OpenAPI document."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter

from blaxel_mcp.api.call import Call, checked_id
from blaxel_mcp.api.wire import Nothing
from blaxel_mcp.models import CreatedExecution, Job, JobExecution, JobExecutionTask, Page, Tasks, parse_timestamp

T = TypeVar("T")
_TASKS: TypeAdapter[list[JobExecutionTask]] = TypeAdapter(Tasks)
_OFFSET = "offset="
_OFFSET_CURSOR = re.compile(_OFFSET + r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a list. `cursor` gets the next one; `None` at the end."""

    items: list[T]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class FetchedExecution:
    """An execution as the API answered it, and as it is read. `raw` may be shared by callers: never change it."""

    raw: dict[str, Any]
    execution: JobExecution


class FetchedTask(NamedTuple):
    """A task as the API answered it, and as it is read."""

    raw: Any
    task: JobExecutionTask


def get_execution(job_id: str, execution_id: str) -> Call[FetchedExecution]:
    """GetJobExecution. It takes no parameters, so the task list always comes whole."""
    return Call(
        "GetJobExecution",
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions", checked_id(execution_id, "executionId")),
        lambda body: FetchedExecution(body, JobExecution.model_validate(body)),
    )


def list_jobs(*, limit: int, search: str | None = None, cursor: str | None = None) -> Call[Listing[Job]]:
    """ListJobs; `limit` is at most 200. A `search` of under two characters finds everything.

    An older API version answers with all jobs in a bare array, whatever the query: then the search is made here.
    """
    query = {"limit": str(limit), "q": search, "cursor": cursor}

    def read(body: Any) -> Listing[Job]:
        listing = _listing(_jobs, body)
        if search and isinstance(body, list):
            return Listing([job for job in listing.items if _matches(job, search)])
        return listing

    return Call("ListJobs", "GET", ("jobs",), read, _given(query), (dict, list))


def list_executions(job_id: str, *, limit: int, cursor: str | None = None) -> Call[Listing[JobExecution]]:
    """ListJobExecutions, the newest first; `limit` is at most 100.

    An older API version may answer with more than asked. It knows no cursors but offsets: a full page of it gets a
    cursor of our own, which is sent as an offset.
    """
    offset = int(cursor.removeprefix(_OFFSET)) if cursor and _OFFSET_CURSOR.fullmatch(cursor) else None
    query = {
        "limit": str(limit),
        "sort": "createdAt:desc",
        "cursor": cursor if offset is None else None,
        "offset": None if offset is None else str(offset),
    }

    def read(body: Any) -> Listing[JobExecution]:
        listing = _listing(_newest_first, body)
        if isinstance(body, list) and len(body) == limit:
            return Listing(listing.items, f"{_OFFSET}{(offset or 0) + limit}")
        return listing

    return Call(
        "ListJobExecutions",
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions"),
        read,
        _given(query),
        (dict, list),
    )


def list_tasks(job_id: str, execution_id: str, *, limit: int, cursor: str | None = None) -> Call[Listing[FetchedTask]]:
    """ListJobExecutionTasks; `limit` is at most 200. The server reads the whole history for each: not for polling."""
    query = {"limit": str(limit), "cursor": cursor}
    return Call(
        "ListJobExecutionTasks",
        "GET",
        ("jobs", checked_id(job_id, "jobId"), "executions", checked_id(execution_id, "executionId"), "tasks"),
        lambda body: _listing(_tasks, body),
        _given(query),
        (dict, list),
    )


def get_job(job_id: str) -> Call[Job]:
    """GetJob. `show_secrets` exists and is never sent."""
    return Call("GetJob", "GET", ("jobs", checked_id(job_id, "jobId")), Job.model_validate)


def create_execution(job_id: str, body: Mapping[str, Any]) -> Call[str]:
    """CreateJobExecution; answers the execution's id, empty if the API gives none.

    In the answer `executionId` is the execution and `id` the request; Blaxel's CLI has been seen to mix them up. An
    older form of the answer was a whole execution.
    """
    return Call(
        "CreateJobExecution",
        "POST",
        ("jobs", checked_id(job_id, "jobId"), "executions"),
        lambda answer: CreatedExecution.model_validate(answer).executionId or _id_of(answer),
        body=body,
    )


def cancel_execution(job_id: str, execution_id: str) -> Call[JobExecution]:
    """DeleteJobExecution: running tasks finish, no new ones start. It may be accepted without a word."""
    return Call(
        "DeleteJobExecution",
        "DELETE",
        ("jobs", checked_id(job_id, "jobId"), "executions", checked_id(execution_id, "executionId")),
        lambda answer: JobExecution.model_validate({} if isinstance(answer, Nothing) else answer),
        accepts=(dict, Nothing),
    )


def _id_of(answer: Any) -> str:
    return JobExecution.model_validate(answer).metadata.id or ""


def _given(query: dict[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in query.items() if value)


def _listing(read: Callable[[list[Any]], list[T]], body: Any) -> Listing[T]:
    page = Page.of(body)
    more = page.meta.hasMore is not False and page.meta.nextCursor
    return Listing(read(page.data), page.meta.nextCursor if more else None)


def _tasks(items: list[Any]) -> list[FetchedTask]:
    return list(map(FetchedTask, items, _TASKS.validate_python(items)))


def _jobs(items: list[Any]) -> list[Job]:
    return [Job.model_validate(item) for item in items if isinstance(item, dict)]


def _matches(job: Job, search: str) -> bool:
    """What `q` is documented to look into: name, display name and labels."""
    labels = job.metadata.get("labels")
    words = [job.name, job.metadata.get("displayName"), *(chain(*labels.items()) if isinstance(labels, dict) else ())]
    return any(search.casefold() in word.casefold() for word in words if isinstance(word, str))


def _newest_first(items: list[Any]) -> list[JobExecution]:
    """`sort` is honoured only by newer API versions, so the order is made sure of here; undated ones come last."""
    executions = [JobExecution.model_validate(item) for item in items if isinstance(item, dict)]
    dated = [(parse_timestamp(execution.metadata.createdAt), execution) for execution in executions]
    return [
        execution
        for _, execution in sorted(dated, key=lambda pair: pair[0].timestamp() if pair[0] else 0.0, reverse=True)
    ]
