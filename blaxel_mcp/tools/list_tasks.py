"""`list_job_execution_tasks`: the tasks of an execution, the failed ones first."""

from typing import Annotated, Any

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.models import TaskWord
from blaxel_mcp.summary.limits import LIST_TASKS, THREAD_TASKS
from blaxel_mcp.summary.listing_tasks import TasksCore, build_tasks, failed_first
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.fetch_tasks import fetch_tasks
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.lookups import is_long_work
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ExecutionId, JobId, ToolSpec, filter_field, plain_word

_USUAL, _MOST = LIST_TASKS


async def list_job_execution_tasks(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own names
    executionId: ExecutionId,  # noqa: N803
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    status: Annotated[TaskWord | None, BeforeValidator(plain_word), filter_field("Only this status")] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> CallToolResult:
    """Answer with one page of the tasks; errors are raised, `server` turns them into a result."""
    offset = paging.parse_offset(cursor)
    now = app.clock()
    found = await find_execution(session, jobId, executionId, now)
    execution = found.fetched.execution
    listed = await fetch_tasks(session, found.job_id, found.execution_id, execution)
    known = TaskList([fetched.task for fetched in listed.tasks] or execution.task_list, whole=listed.whole)

    def build() -> tuple[dict[str, Any], str]:
        page = paging.page_from(offset, limit, failed_first(known.tasks, status))
        return build_tasks((found.job_id, found.execution_id), execution, known, page, status=status, now=now)

    long = len(known.tasks) > THREAD_TASKS or is_long_work(found.fetched)
    return success(*(await session.upstream.in_worker(build) if long else build()))


SPEC = ToolSpec(
    fn=list_job_execution_tasks,
    title="List job execution tasks",
    description="Tasks of a Blaxel job execution, failed ones first: status, duration, why it failed.",
    answer=TasksCore,
    annotations=READ_ONLY,
)
