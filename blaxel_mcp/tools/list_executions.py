"""`list_job_executions`: a job's executions, the newest first, and how the job has been doing."""

from typing import Annotated, Literal, TypeAlias

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import get_job, list_executions
from blaxel_mcp.errors import ApiError, BlaxelMcpError, NotFoundError
from blaxel_mcp.summary.limits import LIST_BASIS, LIST_EXECUTIONS, LIST_FILTERED
from blaxel_mcp.summary.listing_executions import ExecutionsCore, build_executions
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import explain_unknown_job
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, JobId, ToolSpec

_USUAL, _MOST = LIST_EXECUTIONS
# The words of summary.execution.OUTCOMES; a test holds them together.
ExecutionStatus: TypeAlias = Literal[
    "queued", "pending", "running", "cancelling", "cancelled", "failed", "succeeded", "timeout"
]


async def list_job_executions(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own name
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    status: Annotated[
        ExecutionStatus | None, BeforeValidator(paging.plain_word), Field(description="Only these")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> Annotated[CallToolResult, ExecutionsCore]:
    """One page of them, as many as fit; errors are raised, `server` turns them into a result."""
    query = ("executions", jobId, status)
    place = paging.read(cursor, *query)
    # Whole answers of `limit` rows, and enough executions to tell what is usual; a filter looks at all it can get.
    size = LIST_FILTERED if status else limit * -(-LIST_BASIS // limit)
    size = place.size if place and place.size else size
    try:
        page = await session.send(list_executions(jobId, limit=size, cursor=place.upstream if place else None))
    except NotFoundError as error:
        raise await explain_unknown_job(session, jobId, error) from None
    except ApiError as error:
        raise paging.refused(error, place) from None
    if not page.items and place is None:
        await _require_job(session, jobId)
    window = paging.window(
        page.items, lambda execution: execution.metadata.id, place, *query, size=size, following=page.cursor
    )
    return success(*build_executions(jobId, window, limit=limit, status=status, now=app.clock()))


async def _require_job(session: Session, job_id: str) -> None:
    """Some APIs answer an empty list for a job that does not exist.

    Raises:
        BlaxelMcpError: it does not; with the nearest names.
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
