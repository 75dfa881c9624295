"""`list_job_execution_tasks`: the tasks of an execution, the failed ones first."""

from itertools import count
from typing import Annotated, Literal, TypeAlias

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedTask, list_tasks
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.limits import LIST_TASK_PAGES, LIST_TASKS
from blaxel_mcp.summary.listing_tasks import TasksCore, build_tasks, ordered, without_repeats
from blaxel_mcp.summary.tasks import task_name
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ExecutionId, JobId, ToolSpec

_USUAL, _MOST = LIST_TASKS
_PAGE = 200
# The words of summary.listing_tasks.STATUSES; a test holds them together.
TaskStatus: TypeAlias = Literal["failed", "cancelled", "running", "reconciling", "pending", "unspecified", "succeeded"]


async def list_job_execution_tasks(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own names
    executionId: ExecutionId,  # noqa: N803
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    status: Annotated[TaskStatus | None, BeforeValidator(paging.plain_word), Field(description="Only these")] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> Annotated[CallToolResult, TasksCore]:
    """As many of them as fit; errors are raised, `server` turns them into a result."""
    paging.check_form(cursor)
    now = app.clock()
    fetched, execution_id, _ = await find_execution(session, jobId, executionId, now)
    query = ("tasks", jobId, execution_id, status)
    place = paging.read(cursor, *query)  # only now: what `latest` is may have changed since the cursor was given
    execution = fetched.execution
    apart = await listed_apart(session, jobId, execution_id, execution)
    tasks = [fetched.task for fetched in apart] or execution.task_list
    window = paging.window(ordered(tasks, status), task_name, place, *query)
    asked = (jobId, execution_id)
    return success(*build_tasks(asked, execution, tasks, window, limit=limit, status=status, now=now))


async def listed_apart(
    session: Session, job_id: str, execution_id: str, execution: JobExecution, *, whole: bool = False
) -> list[FetchedTask]:
    """The tasks of an execution that came without them, though it counts some, by the operation that lists them.

    Each page costs the API a whole read, so only the first few are read unless the list is wanted `whole`.

    Raises:
        BlaxelMcpError: they cannot be had; some are better than none unless all are wanted.
    """
    if execution.task_list or not (execution.stats and execution.stats.total):
        return []
    read: list[FetchedTask] = []
    cursor = None
    for number in count(1):
        try:
            page = await session.send(list_tasks(job_id, execution_id, limit=_PAGE, cursor=cursor))
        except BlaxelMcpError as error:
            # An older API version has no such operation.
            if (read and not whole) or (not read and isinstance(error, NotFoundError)):
                break
            raise
        read += page.items
        cursor = page.cursor
        if cursor is None or (number == LIST_TASK_PAGES and not whole):
            break
    return without_repeats(read, lambda fetched: task_name(fetched.task))


SPEC = ToolSpec(
    fn=list_job_execution_tasks,
    title="List job execution tasks",
    description="Tasks of an execution of a Blaxel batch job, failed ones first: status, duration, why it failed.",
    annotations=READ_ONLY,
)
