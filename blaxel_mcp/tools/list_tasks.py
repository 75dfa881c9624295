"""`list_job_execution_tasks`: the tasks of an execution, the failed ones first."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import list_tasks
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import JobExecution, JobExecutionTask
from blaxel_mcp.summary.limits import LIST_TASK_PAGES, LIST_TASKS
from blaxel_mcp.summary.listing_tasks import TasksCore, build_tasks, ordered, without_repeats
from blaxel_mcp.summary.tasks import task_name
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.get_execution import ExecutionId, JobId, fetch
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ToolSpec, ToolState, state_of

_USUAL, _MOST = LIST_TASKS
_PAGE = 200
# The words of summary.listing_tasks.STATUSES; a test holds them together.
TaskStatus: TypeAlias = Literal["failed", "cancelled", "running", "reconciling", "pending", "unspecified", "succeeded"]


async def list_job_execution_tasks(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own names
    executionId: ExecutionId,  # noqa: N803
    state: Annotated[ToolState, Resolve(state_of)],
    status: Annotated[TaskStatus | None, BeforeValidator(paging.plain_word), Field(description="Only these")] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> Annotated[CallToolResult, TasksCore]:
    """As many of them as fit; errors are raised, `server` turns them into a result."""
    paging.check_form(cursor)
    session = state.client.session()
    now = state.clock()
    fetched, execution_id, _ = await fetch(session, jobId, executionId, now)
    query = ("tasks", jobId, execution_id, status)
    place = paging.read(cursor, *query)  # only now: what `latest` is may have changed since the cursor was given
    execution = fetched.execution
    tasks = await _all_tasks(session, jobId, execution_id, execution)
    window = paging.window(ordered(tasks, status), task_name, place, *query)
    asked = (jobId, execution_id)
    return success(*build_tasks(asked, execution, tasks, window, limit=limit, status=status, now=now))


async def _all_tasks(
    session: Session, job_id: str, execution_id: str, execution: JobExecution
) -> Sequence[JobExecutionTask]:
    """The execution's own list, or, where it came without, the first pages of the operation that lists them."""
    if execution.task_list or not (execution.stats and execution.stats.total):
        return execution.task_list
    read: list[JobExecutionTask] = []
    cursor = None
    for _ in range(LIST_TASK_PAGES):
        try:
            page = await session.send(list_tasks(job_id, execution_id, limit=_PAGE, cursor=cursor))
        except NotFoundError:
            break  # an older API version has no such operation
        except BlaxelMcpError:
            if not read:
                raise
            break  # some are better than none; the answer says how many are missing
        read += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return without_repeats(read)


SPEC = ToolSpec(
    fn=list_job_execution_tasks,
    title="List job execution tasks",
    description="Tasks of an execution of a Blaxel batch job, failed ones first: status, duration, why it failed.",
    annotations=ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
    ),
)
