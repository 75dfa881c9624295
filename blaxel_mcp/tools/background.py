"""What an answer needs besides the execution itself: looked up with little time, cached, and never a failure."""

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import list_executions
from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.summary.estimate import UsualDuration, usual_duration
from blaxel_mcp.summary.limits import HISTORY_CACHE_SECONDS, HISTORY_EXECUTIONS
from blaxel_mcp.tools.cache import ExpiringCache

_WAIT_SECONDS = 2.0
"""An estimate is not worth a longer wait for the answer."""
_FAILURE_SECONDS = 60.0
"""How long a failure is cached, so that a slow list does not delay every answer."""


async def fetch_usual_duration(cache: ExpiringCache, session: Session, job_id: str) -> UsualDuration | None:
    """How long the job usually runs; `None` if its recent executions are too few to tell, or can't be had."""

    async def load() -> tuple[UsualDuration | None, float]:
        try:
            executions = await session.send(list_executions(job_id, limit=HISTORY_EXECUTIONS), at_most=_WAIT_SECONDS)
        except BlaxelMcpError:
            return None, _FAILURE_SECONDS
        return usual_duration(executions.items), HISTORY_CACHE_SECONDS

    return await cache.get(("usual duration", session.identity, job_id), load)
