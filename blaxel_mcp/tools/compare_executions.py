"""`compare_job_executions`: what differs between two executions of a job. It tells differences, never a cause."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import Field

from blaxel_mcp.api.call import Call
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import get_job, list_executions, list_revisions, list_tasks
from blaxel_mcp.errors import ArgumentError, BlaxelMcpError, NotFoundError
from blaxel_mcp.models import Job, JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.changes import Deployment, deployments_between
from blaxel_mcp.summary.compare import Compared, compare
from blaxel_mcp.summary.compare_text import ComparisonCore, build_comparison
from blaxel_mcp.summary.history import runs_before
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.wording import quote
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.fetch_tasks import unique_by_name
from blaxel_mcp.tools.find import LATEST, explain_unknown_job, find_execution
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ExecutionId, JobId, OneExecutionId, ToolSpec

T = TypeVar("T")
S = TypeVar("S")


async def compare_job_executions(
    jobId: JobId,  # noqa: N803 - the operation's own names
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    executionId: ExecutionId = LATEST,  # noqa: N803
    baselineId: Annotated[  # noqa: N803
        OneExecutionId | None, Field(description="Execution to compare with; default: the newest earlier success")
    ] = None,
) -> Annotated[CallToolResult, ComparisonCore]:
    """Find both executions, look up what was deployed between them, and compare; errors are raised."""
    finder = _Finder(session, app, jobId)
    execution, baseline = await finder.find(executionId, baselineId)
    return success(*await _compare(_Lookups(session, app, jobId), execution, baseline))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An execution to compare, and its id."""

    execution: JobExecution
    execution_id: str


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds the two executions of a comparison, with one list of the job's executions at most."""

    session: Session
    app: AppContext
    job_id: str

    async def find(self, execution_id: str, baseline_id: str | None) -> tuple[_Chosen, _Chosen]:
        """The execution and the one to compare it with.

        Raises:
            ArgumentError: both are the same one.
            NotFoundError: there is no such execution.
            BlaxelMcpError: no earlier execution succeeded, or any other failure of a call.
        """
        if execution_id == baseline_id:
            raise _same_execution(execution_id)
        if baseline_id is not None:
            execution, baseline = await _both(self._get(execution_id), self._get(baseline_id))
        elif execution_id == LATEST:
            listed = await self._list()
            newest = next((one for one in listed if one.metadata.id), None)
            if newest is None:
                raise await self._no_executions()
            execution, baseline = await _both(self._get(newest.metadata.id or ""), self._newest_success(newest, listed))
        else:
            execution, listed = await _both(self._get(execution_id), self._list())
            baseline = await self._newest_success(execution.execution, listed)
        if execution.execution_id == baseline.execution_id:
            raise _same_execution(execution.execution_id)
        return execution, baseline

    async def _get(self, execution_id: str) -> _Chosen:
        found = await find_execution(self.session, self.job_id, execution_id, self.app.clock())
        return _Chosen(found.fetched.execution, found.execution_id)

    async def _list(self) -> Sequence[JobExecution]:
        try:
            return (await self.session.send(list_executions(self.job_id, limit=limits.LIST_EXECUTIONS_PAGE))).items
        except NotFoundError as error:
            raise await explain_unknown_job(self.session, self.job_id, error) from None

    async def _newest_success(self, execution: JobExecution, listed: Sequence[JobExecution]) -> _Chosen:
        """The newest execution before this one that succeeded.

        Raises:
            BlaxelMcpError: the list has none.
        """
        before = runs_before(Run.of(execution), list(map(Run.of, listed)))
        run = next((run for run in before if run.result == "succeeded" and run.execution_id), None)
        if run is None:
            raise _no_earlier_success(self.job_id, execution, len(before))
        found = next(one for one in listed if one.metadata.id == run.execution_id)
        # The list has all of it but its tasks; if those are kept apart anyway, asking for it brings nothing more.
        return _Chosen(found, run.execution_id) if found.spec.tasksRef else await self._get(run.execution_id)

    async def _no_executions(self) -> NotFoundError:
        message = f"Job {quote(self.job_id, limits.NAME_CHARACTERS)} has no executions."
        error = NotFoundError(404, message, "Check the job's name, or run it first.")
        # Some API versions return an empty list for a job that doesn't exist too.
        return await explain_unknown_job(self.session, self.job_id, error, message)


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
    message = f"executionId and baselineId are both {shown}: there is nothing to compare."
    return ArgumentError(message, "Give another baselineId, or leave it out for the newest earlier success.")


def _no_earlier_success(job_id: str, execution: JobExecution, looked_at: int) -> BlaxelMcpError:
    job = quote(job_id, limits.NAME_CHARACTERS)
    shown = quote(execution.metadata.id or "", limits.NAME_CHARACTERS)
    if looked_at:
        before = f"the {looked_at:,} before {shown}" if looked_at > 1 else f"the one before {shown}"
        message = f"Job {job} has no earlier success to compare with: {before} among its newest did not succeed."
    else:
        message = f"Job {job} has no earlier success to compare with: none of its newest executions is before {shown}."
    return BlaxelMcpError(message, "Give the execution to compare with as baselineId; list_job_executions names them.")


@dataclass(slots=True)
class _Lookups:
    """What is looked up beside the two executions: best effort, and never an error.

    Attributes:
        session: sends the calls, and has counted those that were sent so far.
        app: says whether anything may be looked up.
        job_id: the job that was asked for.
    """

    session: Session
    app: AppContext
    job_id: str

    async def run(self, wanted: Sequence[Call[Any]]) -> dict[str, Any]:
        """What the first of the calls answer, as many as there are left for this answer, by path.

        A call that fails answers nothing.
        """
        left = max(0, limits.COMPARE_CALLS - self.session.attempts) if self.app.lookups else 0
        calls = list(wanted)[:left]
        answers = await asyncio.gather(*map(self._send, calls))
        return {call.path: answer for call, answer in zip(calls, answers, strict=True) if answer is not None}

    async def _send(self, call: Call[T]) -> T | None:
        try:
            return await self.session.send(replace(call, retried=False), at_most=limits.LOOKUP_SECONDS)
        except BlaxelMcpError:
            return None


async def _compare(lookups: _Lookups, execution: _Chosen, baseline: _Chosen) -> tuple[dict[str, Any], str]:
    """Look up tasks that are kept apart, and deployments; then compare."""
    job_id = lookups.job_id
    tasks, baseline_tasks = (
        list_tasks(job_id, one.execution_id, limit=limits.LIST_PAGE) for one in (execution, baseline)
    )
    job, revisions = get_job(job_id), list_revisions(job_id)
    wanted: list[Call[Any]] = [baseline_tasks, job, revisions]
    if _all_succeeded(baseline.execution) and not _all_succeeded(execution.execution):
        wanted = [job, baseline_tasks, revisions]  # which of its tasks succeeded is known without a list
    if execution.execution.tasks_apart:
        wanted.insert(0, tasks)
    if not baseline.execution.tasks_apart:
        wanted.remove(baseline_tasks)
    answers = await lookups.run(wanted)
    here, there = (
        Compared(one.execution, one.execution_id, _tasks(one.execution, answers.get(call.path)))
        for one, call in ((execution, tasks), (baseline, baseline_tasks))
    )
    deployments, notes = _deployments(answers.get(job.path), answers.get(revisions.path), here, there)
    if not lookups.app.lookups:
        notes = ["Deployments and tasks that are kept apart were not looked up (--lookups never)."]
    now = lookups.app.clock()
    return build_comparison(compare(here, there, job_id=job_id, now=now, deployments=deployments, notes=notes))


def _all_succeeded(execution: JobExecution) -> bool:
    stats = execution.stats
    return bool(stats and stats.success and stats.success == execution.total and not stats.failure)


def _tasks(execution: JobExecution, page: Any) -> TaskList:
    """An execution's tasks: those that came with it, or the first page of those that are kept apart."""
    if not execution.tasks_apart or page is None:
        return TaskList.of(execution)
    return TaskList([fetched.task for fetched in unique_by_name(page.items)], whole=page.cursor is None)


def _deployments(
    job: Job | None, revisions: list[Any] | None, here: Compared, there: Compared
) -> tuple[list[Deployment] | None, list[str]]:
    """The deployments between the two executions, newest first; `None` and a note where they could not be had."""
    if job is None and revisions is None:
        return None, ["Deployments between them could not be looked up."]
    if here.moment is None or there.moment is None:
        return None, ["Deployments between them are not known: an execution has no creation time."]
    earlier, later = sorted((here.moment, there.moment))
    return deployments_between(job, revisions or (), earlier, later), []


SPEC = ToolSpec(
    fn=compare_job_executions,
    title="Compare job executions",
    description=(
        "What differs between two executions of a Blaxel batch job: outcome, duration, tasks, reasons of failures, "
        "configuration, deployments. Answers what changed since it last worked."
    ),
    annotations=READ_ONLY,
)
