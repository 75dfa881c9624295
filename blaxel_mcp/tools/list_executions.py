"""`list_job_executions`: a job's executions, the newest first, and how the job has been doing."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Annotated, TypeVar

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import get_job, list_executions
from blaxel_mcp.errors import ApiError, BlaxelMcpError, NotFoundError
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

T = TypeVar("T")
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
    fewest = max(position.skip + limit, HISTORY_EXECUTIONS)
    size = LIST_EXECUTIONS_PAGE if status else min(fewest, LIST_EXECUTIONS_PAGE)
    first = position == paging.Position()
    sending = session.send(list_executions(job_id, limit=size, cursor=position.upstream))
    look_up = _look_up_job(session, job_id, wanted=first and app.lookups)
    listing, job = await asyncio.gather(_outcome(sending), look_up)
    match listing:
        case NotFoundError():
            raise await explain_unknown_job(session, job_id, listing)
        case ApiError():
            raise paging.explain_refusal(listing, position)
        case BlaxelMcpError():
            raise listing
    if not listing.items and first and not isinstance(job, Job):
        await _require_job(session, job_id, job)
    ordered = newest_first(listing.items)  # which drops those without an id; then the order is left as it came
    listing = listing._replace(items=ordered) if len(ordered) == len(listing.items) else listing
    page = position.page(listing, lambda execution: status in {None, ExecutionStatus(execution.status).word})
    known = job if isinstance(job, Job) else None
    answer = build_executions(job_id, page, listing.items, limit=limit, status=status, now=app.clock(), job=known)
    return success(*answer)


async def _outcome(call: Awaitable[T]) -> T | BlaxelMcpError:
    """What a call returns, or the error that it raises, so that the one beside it comes to its end."""
    try:
        return await call
    except BlaxelMcpError as error:
        return error


async def _look_up_job(session: Session, job_id: str, *, wanted: bool) -> Job | NotFoundError | None:
    """The job with its schedule, or that there is no such job; `None` if it can't be had in little time."""
    if not wanted:
        return None
    try:
        job = await session.send(replace(get_job(job_id), retried=False), at_most=LOOKUP_SECONDS)
    except NotFoundError as error:
        return error
    except BlaxelMcpError:
        return None
    return job


async def _require_job(session: Session, job_id: str, known: NotFoundError | None) -> None:
    """Check that the job exists: some APIs answer an empty list for one that does not.

    `known` is that it was looked for already and not found.

    Raises:
        BlaxelMcpError: there is no such job; names the nearest ones.
    """
    try:
        if known is None:
            await session.send(get_job(job_id))
    except NotFoundError as error:
        known = error
    except BlaxelMcpError:
        return
    if known is not None:
        raise await explain_unknown_job(session, job_id, known)


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
