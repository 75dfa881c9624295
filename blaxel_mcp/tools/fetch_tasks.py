"""The tasks of an execution, wherever the API keeps them."""

from collections.abc import Iterable
from itertools import count

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedTask, list_tasks
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.limits import LIST_PAGE, LIST_TASK_PAGES
from blaxel_mcp.summary.tasks import task_name


async def fetch_tasks(
    session: Session, job_id: str, execution_id: str, execution: JobExecution, *, whole: bool = False
) -> list[FetchedTask]:
    """Page through ListJobExecutionTasks when an execution has a task count but no inline task list.

    Each page costs the API a whole read, so only the first few are read unless the list is wanted `whole`. A 404
    reads as an empty list: the execution was found a moment ago, so it must not fail for want of its tasks.

    Raises:
        BlaxelMcpError: no page can be had, or `whole` is set and one cannot.
    """
    if execution.task_list or not (execution.stats and execution.stats.total):
        return []
    found: list[FetchedTask] = []
    cursor = None
    for _ in count() if whole else range(LIST_TASK_PAGES):
        try:
            page = await session.send(list_tasks(job_id, execution_id, limit=LIST_PAGE, cursor=cursor))
        except BlaxelMcpError as error:
            if (found and not whole) or (not found and isinstance(error, NotFoundError)):
                break
            raise
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return unique_by_name(found)


def unique_by_name(tasks: Iterable[FetchedTask]) -> list[FetchedTask]:
    """Each task once, as it was last seen: pages shift while an execution runs. Those without a name are all kept."""
    return list({task_name(fetched.task) or number: fetched for number, fetched in enumerate(tasks)}.values())
