"""`list_job_executions`: a job's executions, the newest first, and how the job has been doing."""

from typing import Annotated

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import get_job, list_executions
from blaxel_mcp.errors import ApiError, BlaxelMcpError, NotFoundError
from blaxel_mcp.models import ExecutionStatus, ExecutionWord
from blaxel_mcp.summary.limits import HISTORY_EXECUTIONS, LIST_EXECUTIONS, LIST_EXECUTIONS_PAGE
from blaxel_mcp.summary.listing_executions import ExecutionsCore, build_executions
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import explain_unknown_job
from blaxel_mcp.tools.references import read_job
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, JobId, ToolSpec

_USUAL, _MOST = LIST_EXECUTIONS


async def list_job_executions(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own name
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    status: Annotated[
        ExecutionWord | None, BeforeValidator(paging.plain_word), Field(description="Only this status")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> Annotated[CallToolResult, ExecutionsCore]:
    """Answer with one page of the executions; errors are raised, `server` turns them into a result."""
    job_id, position = read_job(jobId), paging.parse_cursor(cursor)
    # Even where fewer are shown, so many tell how the job has been doing.
    fewest = max(position.skip + limit, HISTORY_EXECUTIONS)
    size = LIST_EXECUTIONS_PAGE if status else min(fewest, LIST_EXECUTIONS_PAGE)
    try:
        listing = await session.send(list_executions(job_id, limit=size, cursor=position.upstream))
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, error) from None
    except ApiError as error:
        raise paging.explain_refusal(error, position) from None
    if not listing.items and position == paging.Position():
        await _require_job(session, job_id)
    page = position.page(listing, lambda execution: status in {None, ExecutionStatus(execution.status).word})
    return success(*build_executions(job_id, page, listing.items, limit=limit, status=status, now=app.clock()))


async def _require_job(session: Session, job_id: str) -> None:
    """Check that the job exists: some APIs answer an empty list for one that does not.

    Raises:
        BlaxelMcpError: there is no such job; names the nearest ones.
    """
    try:
        await session.send(get_job(job_id))
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, error) from None
    except BlaxelMcpError:
        return


SPEC = ToolSpec(
    fn=list_job_executions,
    title="List job executions",
    description=(
        "A Blaxel batch job's executions, newest first: status, task counts, start, duration; "
        "what share succeeded and the usual duration."
    ),
    annotations=READ_ONLY,
)
