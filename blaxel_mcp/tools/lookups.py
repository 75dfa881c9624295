"""What is looked up for the answer about an execution: executions before it, tasks kept apart, lines of log.

All of it is best effort: looked up side by side in little time, each call once, cached by identity, and never an
error. What could not be had is absent from the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from blaxel_mcp.api.call import Call
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedExecution, FetchedTask, get_job, list_executions
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import ExecutionStatus, Job, JobExecution, JobExecutionTask, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.conditions import failure_condition, says_only_that_it_ended
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary
from blaxel_mcp.summary.history import runs_before
from blaxel_mcp.summary.runs import Run, newest_first
from blaxel_mcp.summary.summarize import add_evidence, summarize
from blaxel_mcp.summary.tasks import FINISHED, TaskList, task_status
from blaxel_mcp.summary.telling import TellingLog, telling_log
from blaxel_mcp.summary.wording import json_size
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.fetch_tasks import task_pages, unique_by_name
from blaxel_mcp.tools.find import Found

if TYPE_CHECKING:
    from blaxel_mcp.api.logs import Severity
    from blaxel_mcp.summary.schedule import ScheduleCheck

T = TypeVar("T")
LOOKUP_BYTES = 8 * 1024**2
"""A larger answer to a look-up is not read: it comes while the execution itself is held, which may be large."""
_LOG_CALLS = 2
"""For the log of a task by its name, and for the execution's errors where that finds nothing."""


class LookedUp(NamedTuple):
    """An execution's summary, and what was looked up for it.

    Attributes:
        summary: how the execution stands.
        tasks: its tasks, as far as they are known.
        runs: the job's newest executions, newest first, the one at hand as it is now; empty where they were not listed.
    """

    summary: ExecutionSummary
    tasks: TaskList
    runs: Sequence[Run]


async def summarize_found(session: Session, app: AppContext, found: Found) -> ExecutionSummary:
    """Summarize an execution as of now, with what can be looked up beside it."""
    return (await look_up(session, app, found)).summary


async def look_up(session: Session, app: AppContext, found: Found, *, all_tasks: bool = False) -> LookedUp:
    """Summarize an execution as of now, and keep what was looked up.

    With `all_tasks`, tasks and executions are looked up even where the answer about it would be no poorer without.
    """
    execution = found.fetched.execution
    status = ExecutionStatus(execution.status)
    lookups = _Lookups(session, app, found, status, all_tasks=all_tasks)
    tasks = runs = job = None
    if app.lookups or found.newest is not None:
        wants_tasks = (all_tasks and execution.tasks_apart) or _needs_tasks(execution, status, app.clock())
        wants_runs = all_tasks or found.newest is not None or status.over or status.word == "running"
        tasks, runs, job = await asyncio.gather(
            lookups.tasks() if wants_tasks else _nothing(),
            lookups.runs() if wants_runs else _nothing(),
            lookups.job() if found.latest else _nothing(),
        )
    # A list may be older than the execution at hand.
    known = [Run.of(execution) if run.execution_id == found.execution_id else run for run in runs or ()]
    work = partial(
        summarize,
        execution,
        asked=(found.job_id, found.execution_id),
        workspace=session.workspace,
        now=app.clock(),
        tasks_apart=tasks,
        runs=known,
        # The execution before is of interest only until this one starts.
        latest=found.latest if status.waiting or found.latest is None else found.latest._replace(previous=None),
        schedule=_schedule(job, known, app, found) if job else None,
        job=job,
        taken=found.taken,
    )
    # A large one would hold the event loop for too long.
    summary = await session.upstream.in_worker(work) if is_long_work(found.fetched) else work()
    unexplained = app.lookups and summary.unexplained and not summary.never_started
    if unexplained and (evidence := await lookups.evidence(summary)):
        summary = add_evidence(summary, evidence)
    return LookedUp(summary, tasks or TaskList.of(execution), known)


def is_long_work(fetched: FetchedExecution) -> bool:
    """Whether to look through an execution holds the event loop for long: one of many tasks, or of long messages."""
    return len(fetched.execution.task_list) > limits.THREAD_TASKS or fetched.size > limits.THREAD_BYTES


def _schedule(job: Job, known: Sequence[Run], app: AppContext, found: Found) -> "ScheduleCheck | None":
    from blaxel_mcp.summary.schedule import check_schedule  # noqa: PLC0415 - only for `latest`

    return check_schedule(job, known, app.clock(), complete=found.complete)


def _needs_tasks(execution: JobExecution, status: ExecutionStatus, now: datetime) -> bool:
    """Whether the answer is poorer without the tasks that are kept apart from the execution."""
    if not execution.tasks_apart:
        return False
    failed = execution.stats.failure if execution.stats else None
    if status.over:
        return bool(failed) or status.outcome != "succeeded"
    created = parse_timestamp(execution.metadata.createdAt)
    waits_long = status.waiting and created and (now - created).total_seconds() >= limits.QUEUED_SECONDS
    return status.word == "running" or bool(waits_long)


async def _nothing() -> None:
    return None


@dataclass(slots=True)
class _Lookups:
    """The look-ups of one answer, within the calls and seconds that are left for it.

    Attributes:
        session: sends the calls.
        app: has the cache and the clock.
        found: the execution that the answer is about.
        status: its status.
        all_tasks: whether all tasks are wanted, and the calls that they take.
    """

    session: Session
    app: AppContext
    found: Found
    status: ExecutionStatus
    all_tasks: bool = False
    _calls: int = 0
    _end: float = 0.0

    def __post_init__(self) -> None:
        counted = self.found.fetched.execution.stats
        if self.all_tasks:
            most = limits.LOOKUP_CALLS_VIEW
        elif not self.status.over:
            most = limits.LOOKUP_CALLS_UNFINISHED
        elif self.status.outcome == "succeeded" and not (counted and counted.failure):
            most = limits.LOOKUP_CALLS_SUCCEEDED
        else:
            most = limits.LOOKUP_CALLS_FAILED
        # The list that found it counts only where there are calls enough: else none would be left for the schedule.
        made = 2 if self.found.newest is not None and most >= limits.LOOKUP_CALLS_FAILED else 1
        self._calls = most - made if self.app.lookups else 0
        self._end = asyncio.get_running_loop().time() + limits.LOOKUP_SECONDS

    async def _send(self, call: Call[T]) -> T:
        """Send a call once, if there is one left, for as long as there is time left.

        Raises:
            BlaxelMcpError: it failed.
            _NoCallLeftError: none is left.
        """
        if self._calls <= 0:
            raise _NoCallLeftError
        self._calls -= 1
        left = self._end - asyncio.get_running_loop().time()
        return await self.session.send(replace(call, retried=False, most_bytes=LOOKUP_BYTES), at_most=max(left, 0.0))

    async def job(self) -> Job | None:
        """The job with its schedule."""

        async def load() -> tuple[Job, float]:
            return await self._send(get_job(self.found.job_id)), limits.HISTORY_CACHE_SECONDS

        return await self._cached("job", load, of_job=True)

    async def runs(self) -> Sequence[Run] | None:
        """The job's newest executions, newest first."""
        if self.found.newest is not None:
            return self.found.newest

        async def load() -> tuple[Sequence[Run], float]:
            listed = await self._send(list_executions(self.found.job_id, limit=limits.HISTORY_LISTED))
            return list(map(Run.of, newest_first(listed.items))), limits.HISTORY_CACHE_SECONDS

        return await self._cached("runs", load, of_job=True, usable=self._tells_of_those_before)

    def _tells_of_those_before(self, runs: Sequence[Run] | None) -> bool:
        """Whether executions that were listed some time ago still tell how those before this one ended.

        How long the job usually takes, which is all that a running one needs of them, is not another one so soon.
        """
        if runs is None or not self.status.over:
            return True
        here = any(run.execution_id == self.found.execution_id for run in runs)
        return here and all(run.ended for run in runs_before(Run.of(self.found.fetched.execution), runs))

    async def tasks(self) -> TaskList | None:
        """The execution's tasks, or the first of them.

        While the execution goes on, the cache keeps only its finished tasks, since nothing about those changes; and
        none where all are wanted, since a picture without the running ones would flicker.
        """
        fresh: list[TaskList] = []

        async def load() -> tuple[TaskList, float]:
            read, as_far_as_allowed = await self._read_tasks()
            fresh.append(read)
            kept, seconds = read, limits.LOOKUP_CACHE_SECONDS if as_far_as_allowed else limits.LOOKUP_FAILURE_SECONDS
            if not self.status.over and self.all_tasks:
                return read, 0.0
            if not self.status.over:
                finished = [task for task in read.tasks if task_status(task) in FINISHED]
                kept, seconds = TaskList(finished, whole=False, earlier=True), limits.LOOKUP_UNFINISHED_SECONDS
            return kept, seconds if _is_small(kept) else 0.0

        kept = await self._cached("all tasks" if self.all_tasks else "tasks", load)
        return fresh[0] if fresh else kept

    async def _read_tasks(self) -> tuple[TaskList, bool]:
        """Read pages of tasks until all are there, or all failed ones where those are enough, or no call is left.

        Two calls are left for the log where the failed tasks that were read do not say why they failed.

        Returns:
            The tasks, and whether that is as far as this answer may read, with no page that failed.
        """
        counted = self.found.fetched.execution.stats
        failed = counted.failure if counted else None
        read: list[FetchedTask] = []
        pages = 0
        try:
            async for page in task_pages(self._send, self.found.job_id, self.found.execution_id):
                read += page.items
                pages += 1
                if page.cursor is None:
                    return TaskList(_parsed(read)), True
                seen = [fetched.task for fetched in read if task_status(fetched.task) == "failed"]
                kept = _LOG_CALLS if any(map(_unexplained, seen)) else 0
                enough = failed is not None and len(seen) >= failed
                enough = enough or self.status.outcome == "cancelled"  # one page tells who cancelled
                if self._calls <= kept or pages == limits.LIST_TASK_PAGES or (enough and not self.all_tasks):
                    break
        except NotFoundError:
            # The first page is missing in older versions of the API, which have no such operation.
            return TaskList(_parsed(read), whole=not read), True
        except BlaxelMcpError:
            if not read:
                raise
            return TaskList(_parsed(read), whole=False), False
        return TaskList(_parsed(read), whole=False), True

    async def evidence(self, summary: ExecutionSummary) -> Evidence | None:
        """What the log says of a task in the largest group of failures.

        How the endpoint spells tasks is not known for sure. Where it finds nothing by the task's name, the execution's
        errors are asked for.
        """
        task = next((name for group in summary.failures[:1] for name in group.tasks), "")

        async def load() -> tuple[Evidence | None, float]:
            found = Evidence(task, await self._log(task=task)) if task else None
            if found is None or not found.log.lines:
                found = Evidence("", await self._log(severity="ERROR"))
            if not found.log.lines:
                return None, limits.LOOKUP_FAILURE_SECONDS
            # Lines arrive up to a minute late, so what tells of no error may soon be followed by what does.
            stays = self.status.over and found.log.sure
            return found, limits.LOOKUP_CACHE_SECONDS if stays else limits.LOOKUP_UNFINISHED_SECONDS

        return await self._cached(f"evidence {task}", load)

    async def _log(self, *, task: str | None = None, severity: "Severity | None" = None) -> TellingLog:
        """The telling lines among the newest ones of the execution's log, of one task or of one severity."""
        from blaxel_mcp.api.logs import get_logs  # noqa: PLC0415 - few answers need a log
        from blaxel_mcp.summary.logs import is_long_log, log_time_range  # noqa: PLC0415

        execution = self.found.fetched.execution
        searched = log_time_range(execution, self.app.clock())
        page = await self._send(
            get_logs(
                self.found.job_id,
                self.found.execution_id,
                workspace=self.session.workspace or execution.metadata.workspace or "",
                start=searched.start,
                end=searched.end,
                limit=limits.EVIDENCE_LINES_READ,
                task=task,
                severity=severity,
            )
        )
        lines = [line.message for line in reversed(page.lines) if line.message]
        work = partial(telling_log, lines, limits.EVIDENCE_LINES)
        return await self.session.upstream.in_worker(work) if is_long_log(lines) else work()

    async def _cached(
        self,
        what: str,
        load: Callable[[], Awaitable[tuple[T, float]]],
        *,
        of_job: bool = False,
        usable: Callable[[T | None], bool] = lambda _: True,
    ) -> T | None:
        """A look-up's value, kept by identity; one that failed is `None` and not repeated for a while.

        What was kept of an execution while it went on is no answer once it is over.
        """
        identity = self.session.identity

        async def load_or_none() -> tuple[T | None, float]:
            try:
                value, seconds = await load()
            except _NoCallLeftError:
                return None, 0.0
            except BlaxelMcpError:
                return None, limits.LOOKUP_FAILURE_SECONDS
            # A call may read the login file again, and find another login in it.
            return value, seconds if self.session.identity == identity else 0.0

        of_what = None if of_job else (self.found.execution_id, self.status.over)
        key = (what, identity, self.found.job_id, of_what)
        return await self.app.cache.get(key, load_or_none, usable)


class _NoCallLeftError(Exception):
    """The answer has made all the calls that it may."""


def _unexplained(task: JobExecutionTask) -> bool:
    return says_only_that_it_ended(failure_condition(task).get("message") or "")


def _parsed(fetched: Iterable[FetchedTask]) -> list[JobExecutionTask]:
    return [task for _, task in unique_by_name(fetched)]


def _is_small(tasks: TaskList) -> bool:
    """Whether tasks are worth their place in memory: some write a megabyte into a condition."""
    return json_size(tasks.tasks) <= limits.LOOKUP_CACHE_BYTES
