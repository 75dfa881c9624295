"""What is looked up to compare two executions: tasks that are kept apart, deployments, lines of log.

All of it is best effort, in few calls and little time, and never an error: a note says what could not be had.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from blaxel_mcp.api.call import Call
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedTask, Listing, get_job, list_revisions, list_tasks
from blaxel_mcp.api.logs import get_logs
from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.models import ExecutionStatus, Job, JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.changes import Deployment, deployments_between
from blaxel_mcp.summary.compare import Compared, Comparison, add_log, compare
from blaxel_mcp.summary.execution import Evidence
from blaxel_mcp.summary.logs import is_long_log, log_time_range
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.telling import telling_log
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.fetch_tasks import unique_by_name

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chosen:
    """An execution to compare, by its job and id; `taken` says which one it is, where other words were given for it."""

    execution: JobExecution
    job_id: str
    execution_id: str
    taken: str = ""


async def compare_chosen(session: Session, app: AppContext, execution: Chosen, baseline: Chosen) -> Comparison:
    """Compare two executions as of now, with what can be looked up beside them."""
    job_id = execution.job_id
    lookups = _Lookups(session, app, job_id)
    job, here, there = await lookups.first(execution, baseline)
    moments = sorted(moment for moment in (here.moment, there.moment) if moment)
    between = (moments[0], moments[1]) if len(moments) > 1 else None
    deployments = deployments_between(job, (), *between) if job and between else None

    def compared() -> Comparison:
        notes = [one.taken for one in (execution, baseline) if one.taken]
        if not app.lookups:
            notes.append("Deployments, and tasks that are kept apart, were not looked up (--lookups never).")
        elif deployments is None:
            notes.append("Deployments between the two could not be looked up.")
        return compare(here, there, job_id=job_id, now=app.clock(), deployments=deployments, notes=notes)

    long = len(here.tasks.tasks) + len(there.tasks.tasks) > limits.THREAD_TASKS
    comparison = await session.upstream.in_worker(compared) if long else compared()
    if comparison.execution.unexplained and not comparison.execution.never_started:
        evidence = await lookups.evidence(here, comparison)
        return add_log(comparison, evidence) if evidence else comparison
    if not deployments and between and (found := await lookups.deployments(job, between)) is not None:
        deployments = found
        return await session.upstream.in_worker(compared) if long else compared()
    return comparison


@dataclass(slots=True)
class _Lookups:
    """The look-ups of one comparison, within the calls that are left for it.

    Attributes:
        session: sends the calls, and has counted those that were sent so far.
        app: says whether anything may be looked up, and has the clock.
        job_id: the job that was asked for.
    """

    session: Session
    app: AppContext
    job_id: str

    @property
    def _left(self) -> int:
        return max(0, limits.COMPARE_CALLS - self.session.attempts) if self.app.lookups else 0

    async def first(self, execution: Chosen, baseline: Chosen) -> tuple[Job | None, Compared, Compared]:
        """The job, and both executions with a page of their tasks where those are kept apart.

        What is worth least is left out if there are too few calls: the tasks of one of which all succeeded, since what
        became of each is known then, else the job.
        """
        tasks, baseline_tasks = self._tasks_of(execution), self._tasks_of(baseline)
        job = get_job(self.job_id)
        order: tuple[Call[Any] | None, ...] = (tasks, baseline_tasks, job)
        if _all_succeeded(baseline.execution):
            order = (tasks, job, baseline_tasks)
            if _all_succeeded(execution.execution):
                order = (job, tasks, baseline_tasks)
        calls: list[Call[Any]] = [call for call in order if call is not None][: self._left]
        answers = await asyncio.gather(*map(self._send, calls))
        found: dict[str, Any] = {call.path: answer for call, answer in zip(calls, answers, strict=True)}
        here, there = (
            Compared(one.execution, one.execution_id, _task_list(one.execution, found.get(call.path) if call else None))
            for one, call in ((execution, tasks), (baseline, baseline_tasks))
        )
        return found.get(job.path), here, there

    def _tasks_of(self, chosen: Chosen) -> Call[Listing[FetchedTask]] | None:
        waiting = ExecutionStatus(chosen.execution.status).waiting  # what its tasks fare says nothing yet
        if waiting or not chosen.execution.tasks_apart:
            return None
        return list_tasks(self.job_id, chosen.execution_id, limit=limits.LIST_PAGE)

    async def deployments(self, job: Job | None, between: tuple[datetime, datetime]) -> list[Deployment] | None:
        """The deployments by the job's revisions, where its events tell of none; `None` if they cannot be had."""
        if not self._left or (revisions := await self._send(list_revisions(self.job_id))) is None:
            return None
        return deployments_between(job, revisions, *between)

    async def evidence(self, compared: Compared, comparison: Comparison) -> Evidence | None:
        """What the log says of a failed task, where its message says only that it ended; `None` without a call left."""
        task = next((name for group in comparison.execution.failures[:1] for name in group.tasks), "")
        if not self._left or not task:
            return None
        execution = compared.execution
        searched = log_time_range(execution, self.app.clock())
        page = await self._send(
            get_logs(
                self.job_id,
                compared.execution_id,
                workspace=self.session.workspace or execution.metadata.workspace or "",
                start=searched.start,
                end=searched.end,
                limit=limits.EVIDENCE_LINES_READ,
                task=task,
            )
        )
        lines = [line.message for line in reversed(page.lines) if line.message] if page else []
        read = partial(telling_log, lines, limits.EVIDENCE_LINES)
        log = await self.session.upstream.in_worker(read) if is_long_log(lines) else read()
        return Evidence(task, log) if lines else None

    async def _send(self, call: Call[T]) -> T | None:
        try:
            return await self.session.send(replace(call, retried=False), at_most=limits.LOOKUP_SECONDS)
        except BlaxelMcpError:
            return None


def _all_succeeded(execution: JobExecution) -> bool:
    stats = execution.stats
    return bool(stats and stats.success and stats.success == execution.total and not stats.failure)


def _task_list(execution: JobExecution, page: Listing[FetchedTask] | None) -> TaskList:
    """An execution's tasks: those that came with it, or the first page of those that are kept apart."""
    if page is None:
        return TaskList.of(execution)
    return TaskList([fetched.task for fetched in unique_by_name(page.items)], whole=page.cursor is None)
