"""`get_job_execution`: how one execution of a job stands, as a summary and as the API's own JSON."""

from typing import Annotated

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult

from blaxel_mcp.api.client import Session
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.raw import limit_raw
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import Found, find_execution
from blaxel_mcp.tools.lookups import summarize_found
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import OPENS_VIEW, READ_ONLY, ExecutionId, JobId, ToolSpec


async def get_job_execution(
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
) -> CallToolResult:
    """Get one execution's answer as a tool result."""
    return success(await answer_for(session, app, jobId, executionId))


async def answer_for(session: Session, app: AppContext, job_id: str, execution_id: str) -> ExecutionAnswer:
    """Get one execution's whole answer, `raw` included.

    Raises:
        BlaxelMcpError: it can't be had.
    """
    return await answer_about(
        session, app, await find_execution(session, job_id, execution_id, app.clock(), history=app.lookups)
    )


async def answer_about(session: Session, app: AppContext, found: Found) -> ExecutionAnswer:
    """The whole answer about an execution that was found, `raw` included."""
    return with_raw(build_answer(await summarize_found(session, app, found)), found, app)


def with_raw(answer: ExecutionAnswer, found: Found, app: AppContext) -> ExecutionAnswer:
    """The answer with as much of the API's own JSON as the settings allow; what is masked or removed is counted."""
    carried = limit_raw(found.fetched.raw, app.raw, app.raw_limit, size=found.fetched.size)
    if carried.raw is not None:
        answer["raw"] = carried.raw
    if carried.hidden.masked:
        answer["masked"] = carried.hidden.masked
    if carried.hidden.invisible:
        answer["invisible"] = carried.hidden.invisible
    if carried.omitted is not None:
        answer["rawOmitted"] = carried.omitted
    return answer


SPEC = ToolSpec(
    fn=get_job_execution,
    title="Get job execution",
    description=(
        "How one execution of a Blaxel batch job stands: whether it is done, how many tasks succeeded or failed and "
        "why, how long it took or may still take, and what to do next. "
        "A task succeeds when its process exits 0, whether or not its result is right. "
        'If you don\'t know its id, give "latest" for the job\'s newest execution, or "latest failed".'
    ),
    answer=ExecutionAnswer,
    annotations=READ_ONLY,
    meta=OPENS_VIEW,
)
