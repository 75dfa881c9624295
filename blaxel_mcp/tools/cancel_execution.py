"""`cancel_job_execution`: no new tasks start, running ones finish. Only with --allow-writes; sent once."""

from dataclasses import replace
from typing import Annotated

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from blaxel_mcp.api.call import checked_id
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import cancel_execution, get_execution
from blaxel_mcp.errors import (
    ApiError,
    ArgumentError,
    BlaxelMcpError,
    NotFoundError,
    OutcomeUnknownError,
    is_outcome_unknown,
)
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.execution import summarize
from blaxel_mcp.summary.limits import NAME_CHARACTERS
from blaxel_mcp.summary.schema import ExecutionCore
from blaxel_mcp.summary.wording import quote
from blaxel_mcp.tools.confirm import Consent, ask, require
from blaxel_mcp.tools.get_execution import Id, JobId
from blaxel_mcp.tools.lookup import LATEST, explain_not_found
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ToolSpec, ToolState, state_of

OneExecutionId = Annotated[Id, Field(description="Id of the execution")]

SENT = "Cancellation sent: running tasks finish first, no new ones start."
# What a DELETE answers may leave the status out; looking once more is not worth a longer wait.
_LOOK_SECONDS = 5.0


async def confirm(
    jobId: str,  # noqa: N803 - the tool's arguments
    executionId: str,  # noqa: N803
    ctx: Context[ToolState],
) -> Elicit[Consent] | Consent:
    """What will happen, in words; a person is not asked about what would be refused anyway."""
    checked_id(jobId, "jobId")
    _check_one(executionId)
    named = f"execution {quote(executionId, NAME_CHARACTERS)} of job {quote(jobId, NAME_CHARACTERS)}"
    return await ask(ctx, f"Cancel {named}? Running tasks finish first; no new ones start. This cannot be undone.")


def _check_one(execution_id: str) -> None:
    """Raises an `ArgumentError` unless it can be the id of one execution."""
    hint = "Give one execution's id; list_job_executions names them."
    try:
        checked_id(execution_id, "executionId")
    except ArgumentError as error:
        raise ArgumentError(error.message, hint) from None
    if execution_id.casefold() == LATEST:
        raise ArgumentError(
            f'executionId is "{LATEST}", which may change before the person answers, so nothing was sent.', hint
        )


async def cancel_job_execution(
    jobId: JobId,  # noqa: N803 - the operation's own names
    executionId: OneExecutionId,  # noqa: N803
    state: Annotated[ToolState, Resolve(state_of)],
    confirmation: Annotated[ElicitationResult[Consent], Resolve(confirm)],
) -> Annotated[CallToolResult, ExecutionCore]:
    """Cancel it and say how it stands; errors are raised, `server` turns them into a result."""
    require(confirmation)
    session = state.client.session()
    try:
        execution = await session.send(cancel_execution(jobId, executionId))
    except NotFoundError as error:
        raise await explain_not_found(session, jobId, executionId, error, state.clock(), latest=False) from None
    except BlaxelMcpError as error:
        raise _explained(error) from None
    if not execution.status:
        execution = await _looked_at(session, jobId, executionId) or execution
    asked = (jobId, executionId)
    summary = summarize(execution, asked=asked, workspace=state.client.workspace, now=state.clock())
    return success(build_answer(replace(summary, preface=SENT)))


def _explained(error: BlaxelMcpError) -> BlaxelMcpError:
    look = "See with get_job_execution how it stands."
    if is_outcome_unknown(error):
        unknown = "Whether the cancellation arrived is not known."
        return OutcomeUnknownError(error, unknown, "Trying again does no harm.", look)
    if isinstance(error, ApiError) and error.status in {400, 409}:
        return ApiError(
            error.status,
            f"Not cancelled: Blaxel refused ({error.status}); an execution that is over cannot be cancelled.",
            look,
        )
    return error


async def _looked_at(session: Session, job_id: str, execution_id: str) -> JobExecution | None:
    """How it stands; nothing where that cannot be had, for the cancellation was sent all the same."""
    try:
        return (await session.send(get_execution(job_id, execution_id), at_most=_LOOK_SECONDS)).execution
    except BlaxelMcpError:
        return None


SPEC = ToolSpec(
    fn=cancel_job_execution,
    title="Cancel job execution",
    description="Cancel an execution of a Blaxel batch job: running tasks finish first, no new ones start. For good.",
    annotations=ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
    ),
    writes=True,
)
