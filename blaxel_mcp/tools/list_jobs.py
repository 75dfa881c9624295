"""`list_jobs`: the jobs of the workspace, or those that match a search."""

from typing import Annotated

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import Field

from blaxel_mcp.api import jobs
from blaxel_mcp.api.client import Session
from blaxel_mcp.errors import ApiError, ArgumentError
from blaxel_mcp.summary.limits import LIST_JOBS, LIST_PAGE
from blaxel_mcp.summary.listing_jobs import JobsAnswer, build_jobs
from blaxel_mcp.tools import paging
from blaxel_mcp.tools.context import current_session
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ToolSpec

_USUAL, _MOST = LIST_JOBS
_SHORTEST_SEARCH, _LONGEST_SEARCH = 2, 200  # characters, by the API's documentation


async def list_jobs(
    session: Annotated[Session, Resolve(current_session)],
    search: Annotated[str | None, Field(description="In name, display name or labels; 2 characters or more")] = None,
    limit: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL,
    cursor: paging.Cursor = None,
) -> Annotated[CallToolResult, JobsAnswer]:
    """Answer with one page of the jobs; errors are raised, `server` turns them into a result."""
    position = paging.parse_cursor(cursor)
    query = _checked_search(search)
    size = min(position.skip + limit, LIST_PAGE)
    try:
        listing = await session.send(jobs.list_jobs(limit=size, search=query, cursor=position.upstream))
    except ApiError as error:
        raise paging.explain_refusal(error, position) from None
    page = position.page(listing)
    return success(*build_jobs(page, limit=limit, search=query, workspace=session.workspace))


def _checked_search(search: str | None) -> str | None:
    """The search without blanks around it, `None` if it is empty.

    Raises:
        ArgumentError: it is too long, or so short that the API would ignore it and find everything.
    """
    query = (search or "").strip()
    if query and not _SHORTEST_SEARCH <= len(query) <= _LONGEST_SEARCH:
        raise ArgumentError(
            f"search must have {_SHORTEST_SEARCH} to {_LONGEST_SEARCH} characters, so nothing was sent.",
            "Leave it out to list all jobs.",
        )
    return query or None


SPEC = ToolSpec(
    fn=list_jobs,
    title="List jobs",
    description="Blaxel batch jobs: name, deployment status (not how a run went), schedule, memory, region.",
    annotations=READ_ONLY,
)
