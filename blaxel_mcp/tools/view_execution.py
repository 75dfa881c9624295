"""`get_job_execution_view`: what a picture of an execution needs, for the page that draws it and for no model."""

from typing import Annotated, Any

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult

from blaxel_mcp.api.client import Session
from blaxel_mcp.summary.view import ExecutionView, build_view
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import Found, find_execution
from blaxel_mcp.tools.lookups import is_long_work, look_up
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import FOR_VIEWS, READ_ONLY, ExecutionId, JobId, ToolSpec


async def get_job_execution_view(
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
) -> CallToolResult:
    """Get one execution's view; its text is the answer's prose."""
    found = await find_execution(session, jobId, executionId, app.clock(), history=app.lookups)
    view = await view_for(session, app, found)
    return success(view, view["answer"]["summary"])


async def view_for(session: Session, app: AppContext, found: Found) -> ExecutionView:
    """The view of an execution that was found.

    Raises:
        BlaxelMcpError: a call failed that the view can't be without.
    """
    looked_up = await look_up(session, app, found, all_tasks=True)
    execution = found.fetched.execution

    def build() -> ExecutionView:
        return build_view(looked_up.summary, execution, looked_up.tasks, looked_up.runs)

    return await session.upstream.in_worker(build) if is_long_work(found.fetched) else build()


SPEC = ToolSpec(
    fn=get_job_execution_view,
    title="Job execution view",
    description="Columns for the view of an execution. For the view itself: everyone else calls get_job_execution.",
    answer=dict[str, Any],
    annotations=READ_ONLY,
    meta=FOR_VIEWS,
)
