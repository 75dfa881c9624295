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
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.estimate import UsualDuration
from blaxel_mcp.summary.execution import ExecutionSummary, ResolvedLatest, summarize
from blaxel_mcp.summary.limits import WAIT_FIRST_SECONDS, WAIT_MARGIN_SECONDS, WAIT_SECONDS, WAIT_SECONDS_USUAL
from blaxel_mcp.summary.next_step import ask_again, wait_again
from blaxel_mcp.summary.schema import ExecutionAnswer, ExecutionCore
from blaxel_mcp.summary.wording import format_duration
from blaxel_mcp.tools.get_execution import ExecutionId, JobId, fetch, with_raw
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ToolSpec, ToolState, state_of
from blaxel_mcp.waiting import Waited, wait_until_done


async def wait_for_job_execution(
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    ctx: Context[ToolState],
    state: Annotated[ToolState, Resolve(state_of)],
    timeoutSeconds: Annotated[int, Field(ge=1, le=WAIT_SECONDS)] = WAIT_SECONDS_USUAL,  # noqa: N803
) -> Annotated[CallToolResult, ExecutionCore]:
    """Wait; errors are raised, `server` turns them into a result. An unfinished execution is an answer."""
    first, later = map(state.client.session, (WAIT_FIRST_SECONDS, timeoutSeconds + WAIT_MARGIN_SECONDS))
    look = _Look(state, first, later, jobId, executionId)
    progress = _Progress(ctx)
    waited = await wait_until_done(
        look,
        done=_done,
        age=look.age,
        report=progress,
        seconds=timeoutSeconds,
        sleep=state.sleep,
        timer=state.timer,
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

    `first` is for the first look, which must succeed; `later` ends soon after the time to wait.
    """

    state: ToolState
    first: Session
    later: Session
    job_id: str
    execution_id: str
    latest: ResolvedLatest | None = None
    usual: UsualDuration | None = None
    _resolved: bool = False
    _asked_usual: bool = False

    async def __call__(self) -> _Seen:
        """Look once.

        Raises:
            BlaxelMcpError: any of them; a 404 the first time comes with what would have been found.
        """
        session = self.later if self._resolved else self.first
        if self._resolved:
            fetched = await session.send(get_execution(self.job_id, self.execution_id))
        else:
            fetched, self.execution_id, self.latest = await fetch(
                session, self.job_id, self.execution_id, self.state.clock()
            )
            self._resolved = True
        if (fetched.execution.status or "").casefold() == "running" and not self._asked_usual:
            self._asked_usual = True
            self.usual = await self.state.history.usual(session, self.job_id)
        return _Seen(fetched, self._summary(fetched))

    def age(self, seen: _Seen) -> float:
        """Seconds since the execution started; 0 while it has not."""
        started = parse_timestamp(seen.fetched.execution.metadata.startedAt)
        return (self.state.clock() - started).total_seconds() if started else 0.0

    def answer(self, waited: Waited[_Seen]) -> ExecutionAnswer:
        """As it stood when it was last seen; raw JSON only of a finished one."""
        fetched = waited.state.fetched
        summary = self._summary(fetched)
        if waited.problem is not None:
            summary = replace(summary, warnings=[_stale(waited.problem, waited.stale), *summary.warnings])
        if summary.done:
            return with_raw(build_answer(summary), fetched.raw, self.state)
        if summary.next_step == ask_again(*summary.asked, summary.poll_after):
            summary = replace(summary, next_step=wait_again(*summary.asked))
        return build_answer(summary)

    def _summary(self, fetched: FetchedExecution) -> ExecutionSummary:
        waits = (fetched.execution.status or "").casefold() in {"queued", "pending"}
        return summarize(
            fetched.execution,
            asked=(self.job_id, self.execution_id),
            workspace=self.state.client.workspace,
            now=self.state.clock(),
            usual=self.usual,
            # The execution before is of interest only as long as this one has not started.
            latest=self.latest if waits or self.latest is None else ResolvedLatest(),
        )


def _stale(problem: BlaxelMcpError, seconds: float) -> str:
    """One sentence, since it becomes a warning."""
    return f"This is how it stood {format_duration(seconds)} ago, since looking again failed: {problem.message}"


@dataclass(slots=True)
class _Progress:
    """Tells clients that ask for it how many tasks have finished; the protocol wants the number to grow each time."""

    ctx: Context[ToolState]
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
