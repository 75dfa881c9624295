"""`list_job_executions`: a job's executions, the newest first, and how the job has been doing."""

import asyncio
from dataclasses import replace
from typing import Annotated

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import get_job, list_executions
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import ExecutionStatus, ExecutionWord, Job
from blaxel_mcp.summary.limits import HISTORY_EXECUTIONS, LIST_EXECUTIONS, LIST_EXECUTIONS_PAGE, LOOKUP_SECONDS
from blaxel_mcp.summary.listing_executions import ExecutionsCore, build_executions
from blaxel_mcp.summary.runs import newest_first
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import explain_unknown_job
from blaxel_mcp.tools.references import read_job
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, JobId, ToolSpec, filter_field, plain_word

_USUAL, _MOST = LIST_EXECUTIONS


async def list_job_executions(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own name
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    status: Annotated[ExecutionWord | None, BeforeValidator(plain_word), filter_field("Only this status")] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> CallToolResult:
    """Answer with one page of the executions; errors are raised, `server` turns them into a result."""
    job_id, position = read_job(jobId), paging.parse_cursor(cursor)
    # Even where fewer are shown, so many tell how the job has been doing.
    size = LIST_EXECUTIONS_PAGE if status else max(position.skip + limit, HISTORY_EXECUTIONS)
    call = list_executions(job_id, limit=min(size, LIST_EXECUTIONS_PAGE), cursor=position.upstream)
    first = position == paging.Position()
    listing, job = await asyncio.gather(
        position.fetch(session, call), _find_job(session, job_id, wanted=first and app.lookups), return_exceptions=True
    )
    if isinstance(listing, NotFoundError):
        raise await explain_unknown_job(session, job_id, listing)
    if isinstance(listing, BaseException):
        raise listing
    if isinstance(job, BaseException) and not isinstance(job, NotFoundError):
        raise job
    if first and not listing.items:
        # Some versions of the API answer an empty list for a job that does not exist.
        job = job or await _find_job(session, job_id)
        if isinstance(job, NotFoundError):
            raise await explain_unknown_job(session, job_id, job)
    ordered = newest_first(listing.items)  # which drops those without an id; then the order is left as it came
    listing = listing._replace(items=ordered) if len(ordered) == len(listing.items) else listing
    page = position.page(listing, limit, lambda execution: status in {None, ExecutionStatus(execution.status).word})
    known = job if isinstance(job, Job) else None
    return success(*build_executions(job_id, page, listing.items, status=status, now=app.clock(), job=known))


async def _find_job(session: Session, job_id: str, *, wanted: bool = True) -> Job | NotFoundError | None:
    """The job with its schedule, or that there is no such job; `None` if it can't be had in little time."""
    if not wanted:
        return None
    try:
        return await session.send(replace(get_job(job_id), retried=False), at_most=LOOKUP_SECONDS)
    except NotFoundError as error:
        return error
    except BlaxelMcpError:
        return None


SPEC = ToolSpec(
    fn=list_job_executions,
    title="List job executions",
    description=(
        "A Blaxel batch job's executions, newest first: status, task counts, duration; "
        "streaks, success rate, drift, and whether it ran as due."
    ),
    answer=ExecutionsCore,
    annotations=READ_ONLY,
)
