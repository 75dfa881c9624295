"""`wait_for_job_execution`: the answer of `get_job_execution` once it is done, or as it stands when the time is up."""

from dataclasses import dataclass, field, replace
from typing import Annotated

from mcp.server.mcpserver import Context, Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedExecution, get_execution
from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.models import parse_timestamp
from blaxel_mcp.summary.answer import ExecutionAnswer, ExecutionCore, build_answer
from blaxel_mcp.summary.execution import ExecutionSummary, Latest, summarize
from blaxel_mcp.summary.limits import WAIT_FIRST_SECONDS, WAIT_MARGIN_SECONDS, WAIT_SECONDS, WAIT_SECONDS_USUAL
from blaxel_mcp.summary.next_step import again, go_on_waiting
from blaxel_mcp.summary.timing import Usual
from blaxel_mcp.summary.wording import format_duration
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.get_execution import ExecutionId, JobId, fetch, with_raw
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ToolSpec
from blaxel_mcp.waiting import Waited, wait_until_done


async def wait_for_job_execution(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    ctx: Context,
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    timeoutSeconds: Annotated[int, Field(ge=1, le=WAIT_SECONDS)] = WAIT_SECONDS_USUAL,  # noqa: N803
) -> Annotated[CallToolResult, ExecutionCore]:
    """Wait; errors are raised, `server` turns them into a result. An unfinished execution is an answer."""
    session.budget = WAIT_FIRST_SECONDS
    look = _Look(session, app, timeoutSeconds + WAIT_MARGIN_SECONDS, jobId, executionId)
    progress = _Progress(ctx)
    waited = await wait_until_done(
        look,
        done=_done,
        age=look.age,
        report=progress,
        seconds=timeoutSeconds,
        sleep=app.sleep,
        timer=app.timer,
    )
    return success(look.answer(waited))


@dataclass(slots=True)
class _Seen:
    fetched: FetchedExecution
    summary: ExecutionSummary


def _done(seen: _Seen) -> bool:
    return seen.summary.done


@dataclass(slots=True)
class _Look:
    """Gets the execution and says how it stands. `latest` and the job's usual duration are looked up once.

    The first look, which must succeed, has a budget of its own; `later` is the budget from then on, which ends soon
    after the time to wait.
    """

    session: Session
    app: AppContext
    later: float
    job_id: str
    execution_id: str
    latest: Latest | None = None
    usual: Usual | None = None
    _resolved: bool = False
    _asked_usual: bool = False

    async def __call__(self) -> _Seen:
        """Look once.

        Raises:
            BlaxelMcpError: any of them; a 404 the first time comes with what would have been found.
        """
        if self._resolved:
            self.session.budget = self.later
            fetched = await self.session.send(get_execution(self.job_id, self.execution_id))
        else:
            fetched, self.execution_id, self.latest = await fetch(
                self.session, self.job_id, self.execution_id, self.app.clock()
            )
            self._resolved = True
        if (fetched.execution.status or "").casefold() == "running" and not self._asked_usual:
            self._asked_usual = True
            self.usual = await self.app.history.usual(self.session, self.job_id)
        return _Seen(fetched, self._summary(fetched))

    def age(self, seen: _Seen) -> float:
        """Seconds since the execution started; 0 while it has not."""
        started = parse_timestamp(seen.fetched.execution.metadata.startedAt)
        return (self.app.clock() - started).total_seconds() if started else 0.0

    def answer(self, waited: Waited[_Seen]) -> ExecutionAnswer:
        """As it stood when it was last seen; raw JSON only of a finished one."""
        fetched = waited.state.fetched
        summary = self._summary(fetched)
        if waited.problem is not None:
            summary = replace(summary, warnings=[_stale(waited.problem, waited.stale), *summary.warnings])
        if summary.done:
            return with_raw(build_answer(summary), fetched.raw, self.app)
        if summary.next_step == again(*summary.asked, summary.poll_after):
            summary = replace(summary, next_step=go_on_waiting(*summary.asked))
        return build_answer(summary)

    def _summary(self, fetched: FetchedExecution) -> ExecutionSummary:
        waits = (fetched.execution.status or "").casefold() in {"queued", "pending"}
        return summarize(
            fetched.execution,
            asked=(self.job_id, self.execution_id),
            workspace=self.session.workspace,
            now=self.app.clock(),
            usual=self.usual,
            # The execution before is of interest only as long as this one has not started.
            latest=self.latest if waits or self.latest is None else Latest(),
        )


def _stale(problem: BlaxelMcpError, seconds: float) -> str:
    """One sentence, since it becomes a warning."""
    return f"This is how it stood {format_duration(seconds)} ago, since looking again failed: {problem.message}"


@dataclass(slots=True)
class _Progress:
    """Tells clients that ask for it how many tasks have finished; the protocol wants the number to grow each time."""

    ctx: Context
    last: int = field(default=-1)

    async def __call__(self, seen: _Seen) -> None:
        """Tell of a state."""
        counts = seen.summary.counts
        if counts.settled > self.last:
            self.last = counts.settled
            await self.ctx.report_progress(counts.settled, counts.total)


SPEC = ToolSpec(
    fn=wait_for_job_execution,
    title="Wait for job execution",
    description=(
        "Waits until an execution of a Blaxel batch job is done, then answers as get_job_execution does. "
        "If the time is over first, it answers how it stands, with done false: call again to go on waiting."
    ),
    annotations=ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
    ),
)
