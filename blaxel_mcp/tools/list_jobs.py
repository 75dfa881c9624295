"""`list_jobs`: the jobs of the workspace, or those that match a search."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import Field

from blaxel_mcp.advice import error_advice
from blaxel_mcp.api import jobs
from blaxel_mcp.api.client import Session
from blaxel_mcp.errors import ArgumentError, BlaxelMcpError
from blaxel_mcp.models import Job
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.attention import NewestRuns
from blaxel_mcp.summary.listing_jobs import JobsAnswer, build_jobs
from blaxel_mcp.summary.runs import newest_first
from blaxel_mcp.summary.schedule import check_schedule
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ToolSpec

_USUAL, _MOST = limits.LIST_JOBS
_SHORTEST_SEARCH, _LONGEST_SEARCH = 2, 200  # characters, by the API's documentation


async def list_jobs(
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    search: Annotated[str | None, Field(description="In name, display name or labels; 2 characters or more")] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> CallToolResult:
    """Answer with one page of the jobs; errors are raised, `server` turns them into a result."""
    position = paging.parse_cursor(cursor)
    query = _checked_search(search)
    # No more than can be looked up: a job whose executions nobody looked at would hide among those that are fine.
    limit = min(limit, limits.OVERVIEW_JOBS) if app.lookups else limit
    size = min(position.skip + limit, limits.LIST_PAGE)
    listing = await position.fetch(session, jobs.list_jobs(limit=size, search=query, cursor=position.upstream))
    page = position.page(listing, limit)
    newest = await _look_up(session, app, page.items) if app.lookups else None
    return success(*build_jobs(page, search=query, workspace=session.workspace, newest=newest, now=app.clock()))


async def _look_up(session: Session, app: AppContext, shown: Sequence[Job]) -> list[NewestRuns | None]:
    """The newest executions of each of these jobs, all asked for at once; `None` where that failed."""
    end = asyncio.get_running_loop().time() + limits.OVERVIEW_SECONDS
    identity = session.identity

    async def load(name: str) -> tuple[NewestRuns, float]:
        call = replace(jobs.list_executions(name, limit=limits.OVERVIEW_EXECUTIONS), retried=False)
        listing = await session.send(call, at_most=max(0.0, end - asyncio.get_running_loop().time()))
        whole = listing.cursor is None and len(listing.items) < limits.OVERVIEW_EXECUTIONS
        newest = NewestRuns.of(newest_first(listing.items), app.clock(), complete=whole)
        # What goes on may end at any moment. A call may read the login file again, and find another login in it.
        kept = newest.over and session.identity == identity
        return newest, limits.OVERVIEW_CACHE_SECONDS if kept else 0.0

    async def look_up(job: Job) -> NewestRuns | None:
        if not job.name:
            return None

        def nothing_due_since(kept: NewestRuns) -> bool:
            check = check_schedule(job, kept.runs, app.clock(), complete=kept.complete)
            return not (check and check.last_due and check.last_due > kept.read_at)

        try:
            key = "newest", identity, job.name
            return await app.cache.get(key, partial(load, job.name), nothing_due_since)
        except BlaxelMcpError:
            return None

    return await asyncio.gather(*map(look_up, shown))


def _checked_search(search: str | None) -> str | None:
    """The search without blanks around it, `None` if it is empty.

    Raises:
        ArgumentError: it is too long, or so short that the API would ignore it and find everything.
    """
    query = (search or "").strip()
    if query and not _SHORTEST_SEARCH <= len(query) <= _LONGEST_SEARCH:
        name = error_advice().argument("search")
        raise ArgumentError(
            f"{name} must have {_SHORTEST_SEARCH} to {_LONGEST_SEARCH} characters, so nothing was sent.",
            "Leave it out to list all jobs.",
        )
    return query or None


SPEC = ToolSpec(
    fn=list_jobs,
    title="List jobs",
    description="Blaxel batch jobs, those that need attention first: how the latest execution went, schedule, memory.",
    answer=JobsAnswer,
    annotations=READ_ONLY,
)
