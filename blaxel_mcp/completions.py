"""Completion of `jobId` and `executionId` from the API's lists: bounded, cached for seconds, and never an error."""

from collections.abc import Iterable

from mcp.server.mcpserver import MCPServer
from mcp_types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.tools.context import AppContext, current_session

_CACHE_SECONDS = 15.0
"""Clients ask at each key press."""
_BUDGET_SECONDS = 5.0
_JOBS, _EXECUTIONS = 200, 100
_MAX_VALUES = 100
"""The protocol's limit."""


class Completer:
    """Answers completion requests from what is listed at the moment."""

    def __init__(self, app: AppContext) -> None:
        self._app = app

    async def complete(
        self,
        _ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        """Names that begin with what was typed, then names that contain it; none if they can't be listed.

        For which prompt or template it is makes no difference: the arguments mean the same in all of them.
        """
        from blaxel_mcp.tools.references import LATEST  # noqa: PLC0415 - start-up does not need it

        typed = argument.value.casefold()
        known = (context.arguments if context else None) or {}
        names: list[str] = []
        if argument.name == "jobId":
            names = await self._list_names(None)
        elif argument.name == "executionId" and (job_id := known.get("jobId")):
            names = [LATEST, *await self._list_names(job_id)]
        matching = [name for name in names if typed in name.casefold()]
        matching.sort(key=lambda name: not name.casefold().startswith(typed))  # stable: newest first otherwise
        return Completion(values=matching[:_MAX_VALUES], total=len(matching), has_more=len(matching) > _MAX_VALUES)

    async def _list_names(self, job_id: str | None) -> list[str]:
        """Ids of a job's newest executions, or names of jobs if no job is given."""
        from blaxel_mcp.api.jobs import list_executions, list_jobs  # noqa: PLC0415 - as above
        from blaxel_mcp.summary.next_step import is_plain_id  # noqa: PLC0415

        session = await current_session()
        session.budget = _BUDGET_SECONDS

        async def load() -> tuple[list[str], float]:
            names: Iterable[str | None] = ()
            try:
                if job_id is None:
                    names = [job.name for job in (await session.send(list_jobs(limit=_JOBS))).items]
                else:
                    executions = await session.send(list_executions(job_id, limit=_EXECUTIONS))
                    names = [execution.metadata.id for execution in executions.items]
            except BlaxelMcpError:
                pass
            return [name for name in names if name and is_plain_id(name)], _CACHE_SECONDS

        return await self._app.cache.get(("completion", session.identity, job_id), load)


def add_completions(server: MCPServer[AppContext], app: AppContext) -> None:
    """Register the handler of completion requests."""
    server.completion()(Completer(app).complete)  # type: ignore[no-untyped-call]  # the SDK's
