"""Completion of `jobId` and `executionId` from the live lists: bounded, remembered for seconds, never an error."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mcp_types import CompleteRequestParams, CompleteResult, Completion

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import list_executions, list_jobs
from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.summary.next_step import is_plain_id
from blaxel_mcp.tools.lookup import LATEST
from blaxel_mcp.tools.spec import ToolState

_REMEMBER_SECONDS = 15.0
_WAIT_SECONDS = 5.0
_JOBS, _EXECUTIONS = 200, 100
_VALUES = 100
"""What the protocol allows in one answer."""
_LISTS = 50
"""How many lists are remembered at most."""


@dataclass(slots=True)
class Completer:
    """Remembers lists by identity and job for a few seconds, since each key press asks."""

    _kept: dict[tuple[str, str | None], tuple[float, list[str]]] = field(default_factory=dict)

    async def complete(self, state: ToolState, params: CompleteRequestParams) -> CompleteResult:
        """The names that begin with what was typed, then those that contain it; empty when they cannot be had.

        Which prompt or template it is for does not matter: the arguments mean the same wherever they stand.
        """
        typed = params.argument.value.casefold()
        given = (params.context.arguments if params.context else None) or {}
        names = await self._names(state, params.argument.name, given.get("jobId", ""))
        matching = [name for name in names if typed in name.casefold()]
        matching.sort(key=lambda name: not name.casefold().startswith(typed))  # stable: newest first stays so
        shown = Completion(values=matching[:_VALUES], total=len(matching), has_more=len(matching) > _VALUES)
        return CompleteResult(completion=shown)

    async def _names(self, state: ToolState, argument: str, job: str) -> list[str]:
        if argument == "jobId":
            return await self._listed(state, None, _job_names)
        if argument != "executionId" or not job:
            return []
        return [LATEST, *await self._listed(state, job, lambda session: _execution_ids(session, job))]

    async def _listed(
        self, state: ToolState, job: str | None, ask: Callable[[Session], Awaitable[list[str]]]
    ) -> list[str]:
        now = asyncio.get_running_loop().time()
        key = (state.client.identity, job)
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        try:
            names = await ask(state.client.session(_WAIT_SECONDS))
        except BlaxelMcpError:
            names = []
        self._kept.pop(key, None)
        self._kept[key] = (now + _REMEMBER_SECONDS, names)
        while len(self._kept) > _LISTS:
            del self._kept[next(iter(self._kept))]
        return names


async def _job_names(session: Session) -> list[str]:
    jobs = await session.send(list_jobs(limit=_JOBS))
    return [job.name for job in jobs.items if job.name and is_plain_id(job.name)]


async def _execution_ids(session: Session, job: str) -> list[str]:
    executions = await session.send(list_executions(job, limit=_EXECUTIONS))
    ids = (execution.metadata.id for execution in executions.items)
    return [one for one in ids if one and is_plain_id(one)]
