"""`list_jobs`: the jobs of the workspace, or those that match a search."""

from typing import Annotated

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import Field

from blaxel_mcp.api import jobs
from blaxel_mcp.api.client import Session
from blaxel_mcp.errors import ApiError, ArgumentError
from blaxel_mcp.summary.limits import LIST_JOBS
from blaxel_mcp.summary.listing_jobs import JobsAnswer, build_jobs
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import current_session
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ToolSpec

_USUAL, _MOST = LIST_JOBS
_SHORTEST_SEARCH, _LONGEST_SEARCH = 2, 200


async def list_jobs(
    session: Annotated[Session, Resolve(current_session)],
    search: Annotated[str | None, Field(description="In name, display name or labels; 2 characters or more")] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> Annotated[CallToolResult, JobsAnswer]:
    """One page of them, as many as fit; errors are raised, `server` turns them into a result."""
    wanted = _searched(search)
    query = ("jobs", wanted)
    place = paging.read(cursor, *query)
    size = place.size if place and place.size else limit
    upstream = place.upstream if place else None
    try:
        page = await session.send(jobs.list_jobs(limit=size, search=wanted, cursor=upstream))
    except ApiError as error:
        raise paging.refused(error, place) from None
    window = paging.window(page.items, lambda job: job.name, place, *query, size=size, following=page.cursor)
    return success(*build_jobs(window, limit=limit, search=wanted, workspace=session.workspace))


def _searched(search: str | None) -> str | None:
    """What to search for, if anything: the API ignores a single character, which would find everything."""
    wanted = (search or "").strip()
    if wanted and not _SHORTEST_SEARCH <= len(wanted) <= _LONGEST_SEARCH:
        raise ArgumentError(
            f"search must have {_SHORTEST_SEARCH} to {_LONGEST_SEARCH} characters, so nothing was sent.",
            "Leave it out to list all jobs.",
        )
    return wanted or None


SPEC = ToolSpec(
    fn=list_jobs,
    title="List jobs",
    description="Blaxel batch jobs: name, deployment status (not how a run went), schedule, memory, region.",
    annotations=READ_ONLY,
)
