"""`wait_for_job_execution`: the answer of `get_job_execution` once it is done, or as it stands when the time is up."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from mcp.server.mcpserver import Context, Resolve
from mcp_types import CallToolResult
from pydantic import Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import get_execution
from blaxel_mcp.errors import NotFoundError
from blaxel_mcp.polling import PollResult, backoff, poll_until_done
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.limits import (
    WAIT_FIRST_SECONDS,
    WAIT_MARGIN_SECONDS,
    WAIT_PROGRESS_SECONDS,
    WAIT_SECONDS,
    WAIT_SECONDS_USUAL,
)
from blaxel_mcp.summary.progress import build_unfinished, progress_message
from blaxel_mcp.summary.schema import ExecutionCore
from blaxel_mcp.summary.wording import format_duration
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import Found, find_execution
from blaxel_mcp.tools.get_execution import with_raw
from blaxel_mcp.tools.lookups import summarize_found
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import OPENS_VIEW, READ_ONLY, ExecutionId, JobId, ToolSpec

_LESS_THAN_ONE = 0.999


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
) -> CallToolResult:
    """Poll the execution until it is done or the time is up; one that is not done is an answer too, not an error."""
    found: Found | None = None
    seen: list[_State] = []  # the first state and the newest one
    began, reported = app.timer(), -1.0

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
        seen[:] = [*seen[:1], state]
        # The protocol requires progress to increase: finished tasks, and the share of the wait that is over.
        passed = min((app.timer() - began) / (timeoutSeconds + WAIT_MARGIN_SECONDS), 1.0) * _LESS_THAN_ONE
        progress = round(state.summary.counts.settled + passed, 4)
        if progress > reported:
            reported = progress
            await ctx.report_progress(progress, state.summary.counts.total, progress_message(state.summary))

    async def sleep(seconds: float) -> None:
        while seconds > WAIT_PROGRESS_SECONDS:
            await app.sleep(WAIT_PROGRESS_SECONDS)
            seconds -= WAIT_PROGRESS_SECONDS
            await report_progress(seen[-1])
        await app.sleep(seconds)

    def pause(state: _State, waited: float, cost: float) -> float:
        started = state.summary.timing.started
        return backoff(waited, age=(app.clock() - started).total_seconds() if started else 0.0, cost=cost)

    result = await poll_until_done(
        poll,
        done=lambda state: state.summary.done,
        pause=pause,
        report=report_progress,
        sleep=sleep,
        timer=app.timer,
        seconds=timeoutSeconds,
    )
    asked = (jobId, executionId)
    return success(_answer(result, seen[0], app, same_arguments=asked == result.state.summary.asked))


def _answer(result: PollResult[_State], first: _State, app: AppContext, *, same_arguments: bool) -> Mapping[str, Any]:
    """The whole answer about an execution that is done, raw JSON included; else a small one."""
    state, error = result.state, result.error
    if state.summary.done:
        return with_raw(build_answer(state.summary), state.found, app)
    gone, age = isinstance(error, NotFoundError), format_duration(result.age)
    doubt = f"Looking again failed: {error.message} {age} ago:" if error else ""
    if gone:
        doubt = f"It is gone: Blaxel does not find it any more (404). {age} ago:"
    return build_unfinished(state.summary, first.summary, same_arguments=same_arguments, doubt=doubt, gone=gone)


SPEC = ToolSpec(
    fn=wait_for_job_execution,
    title="Wait for job execution",
    description=(
        "Wait until a Blaxel job execution is done, then answer as get_job_execution does. "
        "If the time is up first, done is false: call again. Over 45 seconds only where a call may take as long."
    ),
    answer=ExecutionCore,
    annotations=READ_ONLY,
    meta=OPENS_VIEW,
)
