"""The tasks of an execution, where the API keeps them apart from it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import NamedTuple

from blaxel_mcp.api.call import Call
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedTask, Listing, list_tasks
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.limits import LIST_PAGE, LIST_TASK_PAGES
from blaxel_mcp.summary.tasks import task_name

Send = Callable[[Call[Listing[FetchedTask]]], Awaitable[Listing[FetchedTask]]]


class FetchedTasks(NamedTuple):
    """Tasks, and whether these are all of them; else they are the first ones."""

    tasks: list[FetchedTask]
    whole: bool


async def task_pages(send: Send, job_id: str, execution_id: str) -> AsyncIterator[Listing[FetchedTask]]:
    """Page through ListJobExecutionTasks to its end.

    Raises:
        BlaxelMcpError: what `send` raises for a page.
    """
    cursor = None
    while True:
        page = await send(list_tasks(job_id, execution_id, limit=LIST_PAGE, cursor=cursor))
        yield page
        cursor = page.cursor
        if cursor is None:
            return


async def fetch_tasks(
    session: Session, job_id: str, execution_id: str, execution: JobExecution, *, whole: bool = False
) -> FetchedTasks:
    """The tasks of an execution that has some but comes without a list of them.

    Each page costs the API a whole read, so only the first few are read unless the list is wanted `whole`. A 404
    reads as an empty list: the execution was found a moment ago, so it must not fail for want of its tasks.

    Raises:
        BlaxelMcpError: no page can be had, or `whole` is set and one cannot.
    """
    if not execution.tasks_apart:
        return FetchedTasks([], whole=True)
    found: list[FetchedTask] = []
    pages = 0
    try:
        async for page in task_pages(session.send, job_id, execution_id):
            found += page.items
            pages += 1
            if page.cursor is None:
                return FetchedTasks(unique_by_name(found), whole=True)
            if pages == LIST_TASK_PAGES and not whole:
                break
    except BlaxelMcpError as error:
        if whole or (not found and not isinstance(error, NotFoundError)):
            raise
    return FetchedTasks(unique_by_name(found), whole=False)


def unique_by_name(tasks: Iterable[FetchedTask]) -> list[FetchedTask]:
    """Each task once, as it was last seen: pages shift while an execution runs. Those without a name are all kept."""
    return list({task_name(fetched.task) or number: fetched for number, fetched in enumerate(tasks)}.values())
