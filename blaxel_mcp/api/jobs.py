"""The operations of the Blaxel API that are used here, as `Call`s named as in Blaxel's OpenAPI document."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from blaxel_mcp.api.call import Call, checked_id
from blaxel_mcp.api.wire import NoContent
from blaxel_mcp.models import CreatedExecution, Job, JobExecution, JobExecutionTask, Page, read_tasks

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Listing(NamedTuple, Generic[T]):
    """One page of a list; `cursor` gets the next page and is `None` at the end."""

    items: list[T]
    cursor: str | None = None


class FetchedExecution(NamedTuple):
    """An execution as the API answered it, in how many bytes, and parsed. Callers may share `raw`: never change it."""

    raw: dict[str, Any]
    size: int
    execution: JobExecution


class FetchedTask(NamedTuple):
    """A task as the API answered it, and parsed."""

    raw: Any
    task: JobExecutionTask


def get_execution(job_id: str, execution_id: str) -> Call[FetchedExecution]:
    """GetJobExecution. It takes no parameters, so the task list always comes whole."""
    return Call(
        "GetJobExecution",
        "GET",
        _execution_path(job_id, execution_id),
        lambda body, size=0: FetchedExecution(body, size, JobExecution.model_validate(body)),
        sized=True,
        owned=lambda fetched: (fetched.execution, fetched.execution.task_list),
    )


def list_jobs(*, limit: int, search: str | None = None, cursor: str | None = None) -> Call[Listing[Job]]:
    """ListJobs; `limit` is at most 200. A `search` of under two characters finds everything."""
    return _list("ListJobs", ("jobs",), _objects(Job), limit=limit, q=search, cursor=cursor)


def list_executions(job_id: str, *, limit: int, cursor: str | None = None) -> Call[Listing[JobExecution]]:
    """ListJobExecutions, the newest first; `limit` is at most 100."""
    path = ("jobs", checked_id(job_id, "jobId"), "executions")
    return _list("ListJobExecutions", path, _objects(JobExecution), limit=limit, sort="createdAt:desc", cursor=cursor)


def list_tasks(job_id: str, execution_id: str, *, limit: int, cursor: str | None = None) -> Call[Listing[FetchedTask]]:
    """ListJobExecutionTasks; `limit` is at most 200. Each page costs the API the whole history: not for polling."""
    path = (*_execution_path(job_id, execution_id), "tasks")
    return _list("ListJobExecutionTasks", path, _tasks, limit=limit, cursor=cursor)


def get_job(job_id: str) -> Call[Job]:
    """GetJob. `show_secrets` exists and is never sent."""
    return Call("GetJob", "GET", ("jobs", checked_id(job_id, "jobId")), Job.model_validate)


def list_revisions(job_id: str) -> Call[list[Any]]:
    """ListJobRevisions: the job's deployments, as the API answers them: objects, most likely with `id`, `createdAt`.

    Blaxel's Python client reads a bare array; a page is taken for one too.
    """
    path = ("jobs", checked_id(job_id, "jobId"), "revisions")
    return Call("ListJobRevisions", "GET", path, lambda body: Page.of(body).data, accepts=(dict, list))


def create_execution(job_id: str, body: Mapping[str, Any]) -> Call[CreatedExecution]:
    """CreateJobExecution. With an `id` in the body, which Blaxel documents for idempotency, it may be sent again.

    In the answer `executionId` is the execution and `id` the request; Blaxel's CLI has been seen to mix them up.
    """
    return Call(
        "CreateJobExecution",
        "POST",
        ("jobs", checked_id(job_id, "jobId"), "executions"),
        CreatedExecution.model_validate,
        body=body,
    )


def cancel_execution(job_id: str, execution_id: str) -> Call[JobExecution]:
    """DeleteJobExecution: running tasks finish, no new ones start. The answer may have no body."""
    return Call(
        "DeleteJobExecution",
        "DELETE",
        _execution_path(job_id, execution_id),
        lambda answer: JobExecution.model_validate({} if isinstance(answer, NoContent) else answer),
        accepts=(dict, NoContent),
    )


def _execution_path(job_id: str, execution_id: str) -> tuple[str, ...]:
    return "jobs", checked_id(job_id, "jobId"), "executions", checked_id(execution_id, "executionId")


def _list(
    operation: str, path: tuple[str, ...], parse: Callable[[list[Any]], list[T]], **query: str | int | None
) -> Call[Listing[T]]:
    """A call that lists a page; parameters without a value are left out.

    The page may come as a bare array, as older API versions answer.
    """

    def read(body: Any) -> Listing[T]:
        page = Page.of(body)
        more = page.meta.hasMore is not False and page.meta.nextCursor
        return Listing(parse(page.data), page.meta.nextCursor if more else None)

    given = tuple((name, str(value)) for name, value in query.items() if value)
    return Call(operation, "GET", path, read, given, (dict, list))


def _tasks(items: list[Any]) -> list[FetchedTask]:
    return list(map(FetchedTask, items, read_tasks(items)))


def _objects(model: type[M]) -> Callable[[list[Any]], list[M]]:
    """A function that parses the objects in a list and leaves out what is none."""
    return lambda items: [model.model_validate(item) for item in items if isinstance(item, dict)]
