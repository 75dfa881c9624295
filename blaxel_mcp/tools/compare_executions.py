"""`compare_job_executions`: what differs between two executions of a job. It tells differences, never a cause."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.advice import error_advice
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import list_executions
from blaxel_mcp.errors import ArgumentError, BlaxelMcpError, NotFoundError
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.compare_answer import ComparisonCore, build_comparison
from blaxel_mcp.summary.history import runs_before
from blaxel_mcp.summary.runs import Run, newest_first
from blaxel_mcp.summary.wording import quote
from blaxel_mcp.tools.compare_lookups import Chosen, compare_chosen
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import explain_unknown_job, find_execution
from blaxel_mcp.tools.references import LATEST, read_job, read_references
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import OPENS_VIEW, READ_ONLY, ExecutionId, JobId, OneExecutionId, ToolSpec

T = TypeVar("T")
S = TypeVar("S")


def _none_if_blank(value: object) -> object:
    """A blank id as no id: smolagents requires its model to give every argument, the optional ones too."""
    return None if isinstance(value, str) and not value.strip() else value


async def compare_job_executions(
    jobId: JobId,  # noqa: N803 - the operation's own names
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    executionId: ExecutionId = LATEST,  # noqa: N803
    baselineId: Annotated[  # noqa: N803
        OneExecutionId | None,
        BeforeValidator(_none_if_blank),
        Field(description="Execution to compare with; default: the newest earlier success"),
    ] = None,
) -> CallToolResult:
    """Find both executions, look up what was deployed between them, and compare; errors are raised."""
    execution, baseline = await _Finder(session, app, jobId).find(executionId, baselineId)
    return success(*build_comparison(await compare_chosen(session, app, execution, baseline)))


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds the two executions of a comparison, with one list of the job's executions at most."""

    session: Session
    app: AppContext
    job_id: str

    async def find(self, execution_id: str, baseline_id: str | None) -> tuple[Chosen, Chosen]:
        """The execution and the one to compare it with.

        Raises:
            ArgumentError: both are the same one.
            NotFoundError: there is no such execution.
            BlaxelMcpError: no earlier execution succeeded, or any other failure of a call.
        """
        if execution_id == baseline_id:
            raise _same_execution(execution_id)
        execution, baseline = await self._find(execution_id, baseline_id)
        if execution.execution_id == baseline.execution_id:
            raise _same_execution(execution.execution_id)
        return execution, baseline

    async def _find(self, execution_id: str, baseline_id: str | None) -> tuple[Chosen, Chosen]:
        asked = read_references(self.job_id, execution_id)
        if asked.latest == "":
            # The one list that finds it finds the baseline, too.
            listed = await self._list(asked.job_id)
            newest = next((one for one in listed if one.metadata.id == execution_id), listed[0])
            baseline = self._get(baseline_id, listed) if baseline_id else self._newest_success(newest, listed)
            return await _both(self._get(newest.metadata.id or ""), baseline)
        if baseline_id is not None:
            return await _both(self._get(execution_id), self._get(baseline_id))
        if asked.latest is not None:
            execution = await self._get(execution_id)
            listed = await self._list(asked.job_id)
        else:
            execution, listed = await _both(self._get(execution_id), self._list(asked.job_id))
        return execution, await self._newest_success(execution.execution, listed)

    async def _get(self, execution_id: str, listed: Sequence[JobExecution] = ()) -> Chosen:
        """An execution by what was asked for, or from the list where asking for it would bring nothing more.

        The list has all of an execution but its tasks, so that is enough where these are kept apart anyway.
        """
        known = next((one for one in listed if one.metadata.id == execution_id), None)
        if known is not None and known.spec.tasksRef:
            return Chosen(known, read_job(self.job_id), execution_id)
        found = await find_execution(self.session, self.job_id, execution_id, self.app.clock())
        return Chosen(found.fetched.execution, found.job_id, found.execution_id, found.taken)

    async def _list(self, job_id: str) -> Sequence[JobExecution]:
        """The job's newest executions, newest first, at least one.

        Raises:
            NotFoundError: the job has none, or there is no such job.
            BlaxelMcpError: any other failure of the call.
        """
        message = None
        try:
            listing = await self.session.send(list_executions(job_id, limit=limits.LIST_EXECUTIONS_PAGE))
        except NotFoundError as error:
            missing = error
        else:
            if listed := newest_first(listing.items):
                return listed
            # Some API versions return an empty list for a job that doesn't exist too.
            message = f"Job {quote(job_id, limits.NAME_CHARACTERS)} has no executions."
            missing = NotFoundError(404, message, "Check the job's name, or run it first.")
        raise await explain_unknown_job(self.session, job_id, missing, message)

    async def _newest_success(self, execution: JobExecution, listed: Sequence[JobExecution]) -> Chosen:
        """The newest execution before this one that succeeded.

        Raises:
            BlaxelMcpError: the list has none.
        """
        before = runs_before(Run.of(execution), list(map(Run.of, listed)))
        run = next((run for run in before if run.result == "succeeded" and run.execution_id), None)
        if run is None:
            raise _no_earlier_success(read_job(self.job_id), execution, len(before))
        return await self._get(run.execution_id, listed)


async def _both(first: Awaitable[T], second: Awaitable[S]) -> tuple[T, S]:
    """What both give, waited for side by side; if both fail, the first one's error is raised."""
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return one, other


def _same_execution(execution_id: str) -> ArgumentError:
    shown = quote(execution_id, limits.NAME_CHARACTERS)
    execution, baseline = map(error_advice().argument, ("executionId", "baselineId"))
    message = f"{execution} and {baseline} are both {shown}: there is nothing to compare."
    return ArgumentError(message, f"Give another {baseline}, or leave it out for the newest earlier success.")


def _no_earlier_success(job_id: str, execution: JobExecution, looked_at: int) -> BlaxelMcpError:
    job = quote(job_id, limits.NAME_CHARACTERS)
    shown = quote(execution.metadata.id or "", limits.NAME_CHARACTERS)
    if looked_at:
        before = f"the {looked_at:,} before {shown}" if looked_at > 1 else f"the one before {shown}"
        message = f"No earlier success of job {job} is among its newest executions: {before} did not succeed."
    else:
        message = f"No earlier success of job {job} is among its newest executions: none of them is before {shown}."
    words = error_advice()
    listed = words.tool("list_job_executions", {"jobId": job_id})
    hint = f"Give the execution to compare with as {words.argument('baselineId')}; {listed} names them."
    return BlaxelMcpError(message, hint)


SPEC = ToolSpec(
    fn=compare_job_executions,
    title="Compare job executions",
    description=(
        "What differs between two executions of a Blaxel job: outcome, duration, tasks, reasons of failures, "
        "configuration, deployments. Answers what changed since it last worked."
    ),
    answer=ComparisonCore,
    annotations=READ_ONLY,
    meta=OPENS_VIEW,
)
