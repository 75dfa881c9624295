"""How long a job usually runs, from its recent executions: one call, remembered for a while, and never a failure."""

import asyncio
from dataclasses import dataclass, field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import list_executions
from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.summary.estimate import UsualDuration, usual_duration
from blaxel_mcp.summary.limits import HISTORY_CACHE_SECONDS, HISTORY_EXECUTIONS

_JOBS = 200
"""How many are remembered at most; the oldest is forgotten first."""
_WAIT_SECONDS = 2.0
"""An estimate is not worth a longer wait for the answer."""
_FAILURE_SECONDS = 60.0
"""How long a failure is remembered, so that a slow listing does not delay every answer."""


@dataclass(slots=True)
class History:
    """Remembers, by identity and job."""

    _kept: dict[tuple[str, str], tuple[float, UsualDuration | None]] = field(default_factory=dict)

    async def usual(self, session: Session, job_id: str) -> UsualDuration | None:
        """What is usual for the job; `None` where there is too little to tell, or it could not be asked."""
        now = asyncio.get_running_loop().time()
        key = (session.client.identity, job_id)
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        usual: UsualDuration | None = None
        keep = _FAILURE_SECONDS
        try:
            executions = await session.send(list_executions(job_id, limit=HISTORY_EXECUTIONS), at_most=_WAIT_SECONDS)
        except BlaxelMcpError:
            pass
        else:
            usual, keep = usual_duration(executions.items), HISTORY_CACHE_SECONDS
        self._kept.pop(key, None)
        self._kept[key] = (now + keep, usual)
        while len(self._kept) > _JOBS:
            del self._kept[next(iter(self._kept))]
        return usual
