"""`wait_for_job_execution`: the answer of `get_job_execution` once it is done, or as it stands when the time is up."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from mcp.server.mcpserver import Context, Resolve
from mcp_types import CallToolResult
from pydantic import Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import get_execution
from blaxel_mcp.polling import PollResult, backoff, poll_until_done
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.limits import WAIT_FIRST_SECONDS, WAIT_MARGIN_SECONDS, WAIT_SECONDS, WAIT_SECONDS_USUAL
from blaxel_mcp.summary.next_step import ask_again, wait_again
from blaxel_mcp.summary.schema import ExecutionAnswer, ExecutionCore
from blaxel_mcp.summary.wording import format_duration
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import Found, find_execution
from blaxel_mcp.tools.get_execution import with_raw
from blaxel_mcp.tools.lookups import summarize_found
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ExecutionId, JobId, ToolSpec


class _State(NamedTuple):
    """What a poll returns."""

    found: Found
    summary: ExecutionSummary


async def wait_for_job_execution(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    ctx: Context,
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    timeoutSeconds: Annotated[int, Field(ge=1, le=WAIT_SECONDS)] = WAIT_SECONDS_USUAL,  # noqa: N803
) -> Annotated[CallToolResult, ExecutionCore]:
    """Poll the execution until it is done or the time is up; one that is not done is an answer too, not an error."""
    found: Found | None = None
    reported = -1

    async def poll() -> _State:
        nonlocal found
        if found is None:
            session.budget = WAIT_FIRST_SECONDS
            found = await find_execution(session, jobId, executionId, app.clock(), history=app.lookups)
        else:
            session.budget = timeoutSeconds + WAIT_MARGIN_SECONDS
            # By its id from now on: `latest` may become another one meanwhile.
            found = found._replace(fetched=await session.send(get_execution(found.job_id, found.execution_id)))
        return _State(found, await summarize_found(session, app, found))

    async def report_progress(state: _State) -> None:
        nonlocal reported
        counts = state.summary.counts
        if counts.settled > reported:  # the protocol requires progress to increase
            reported = counts.settled
            await ctx.report_progress(counts.settled, counts.total)

    def pause(state: _State, waited: float, cost: float) -> float:
        started = state.summary.timing.started
        return backoff(waited, age=(app.clock() - started).total_seconds() if started else 0.0, cost=cost)

    result = await poll_until_done(
        poll,
        done=lambda state: state.summary.done,
        pause=pause,
        report=report_progress,
        sleep=app.sleep,
        timer=app.timer,
        seconds=timeoutSeconds,
    )
    return success(_answer(result, app))


def _answer(result: PollResult[_State], app: AppContext) -> ExecutionAnswer:
    """The execution as it was last seen, with raw JSON only if it is done."""
    summary = result.state.summary
    if result.error is not None:
        age, why = format_duration(result.age), result.error.message
        stale = f"This is how it stood {age} ago, since looking again failed: {why}"
        summary = replace(summary, warnings=[stale, *summary.warnings])
    if summary.done:
        return with_raw(build_answer(summary), result.state.found, app)
    if summary.next_step == ask_again(*summary.asked, summary.poll_after):
        summary = replace(summary, next_step=wait_again(*summary.asked))
    return build_answer(summary)


SPEC = ToolSpec(
    fn=wait_for_job_execution,
    title="Wait for job execution",
    description=(
        "Wait until an execution of a Blaxel batch job is done, then answer as get_job_execution does. "
        "If the time is up first, the answer says how it stands, with done false: call again to go on waiting."
    ),
    annotations=READ_ONLY,
)
