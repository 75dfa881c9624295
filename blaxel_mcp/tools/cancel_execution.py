"""`cancel_job_execution`: no new tasks start, running ones finish. Only with --allow-writes; never retried."""

from contextlib import suppress
from typing import Annotated

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp_types import CallToolResult

from blaxel_mcp.api.call import checked_id
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import cancel_execution, get_execution
from blaxel_mcp.errors import (
    AnswerError,
    ApiError,
    ArgumentError,
    BlaxelMcpError,
    NotFoundError,
    OutcomeUnknownError,
    is_outcome_unknown,
)
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.identity import other_execution
from blaxel_mcp.summary.limits import NAME_CHARACTERS
from blaxel_mcp.summary.schema import ExecutionCore
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.wording import quote
from blaxel_mcp.tools.confirm import Consent, ask_for_consent, require_consent
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import explain_not_found
from blaxel_mcp.tools.references import exact_reference
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import DESTRUCTIVE, JobId, OneExecutionId, ToolSpec

SENT = "Cancellation sent: running tasks finish first, no new ones start."
_STATUS_SECONDS = 5.0
"""For the call that gets the status where the answer to the DELETE leaves it out."""


async def confirm(
    jobId: str,  # noqa: N803 - the tool's arguments
    executionId: str,  # noqa: N803
    ctx: Context,
) -> Elicit[Consent] | Consent:
    """Ask the person whether to cancel, unless the arguments would be refused anyway."""
    job_id, execution_id = exact_reference(jobId, executionId)
    checked_id(job_id, "jobId")
    try:
        checked_id(execution_id, "executionId")
    except ArgumentError as error:  # its own hint suggests `latest`
        raise ArgumentError(error.message, "Give one execution's id; list_job_executions names them.") from None
    target = f"execution {quote(execution_id, NAME_CHARACTERS)} of job {quote(job_id, NAME_CHARACTERS)}"
    question = f"Cancel {target}? Running tasks finish first; no new ones start. This cannot be undone."
    return await ask_for_consent(ctx, question)


async def cancel_job_execution(
    jobId: JobId,  # noqa: N803 - the operation's own names
    executionId: OneExecutionId,  # noqa: N803
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    confirmation: Annotated[ElicitationResult[Consent], Resolve(confirm)],
) -> CallToolResult:
    """Cancel the execution and say how it stands."""
    require_consent(confirmation, app.answered, session.identity)
    asked = exact_reference(jobId, executionId)
    try:
        execution = await session.send(cancel_execution(*asked))
        if other := other_execution(execution, asked):
            raise AnswerError(other, "")
    except NotFoundError as error:
        raise await explain_not_found(session, *asked, error, app.clock(), latest_allowed=False) from None
    except BlaxelMcpError as error:
        raise _explain(error) from None
    if not execution.status:
        with suppress(BlaxelMcpError):  # the cancellation was sent all the same
            found = (await session.send(get_execution(*asked), at_most=_STATUS_SECONDS)).execution
            execution = execution if other_execution(found, asked) else found
    summary = summarize(execution, asked=asked, workspace=session.workspace, now=app.clock())
    return success(build_answer(summary._replace(preface=SENT)))


def _explain(error: BlaxelMcpError) -> BlaxelMcpError:
    """The error of the call, in terms of a cancellation."""
    if error.unsent:
        error.message += " Nothing was sent."
        return error
    hint = "See with get_job_execution how it stands."
    if is_outcome_unknown(error):
        unknown = "Whether the cancellation arrived is not known."
        return OutcomeUnknownError(error, unknown, "Trying again does no harm.", hint)
    if isinstance(error, ApiError) and error.status in {400, 409}:
        message = f"Not cancelled: Blaxel refused ({error.status}); an execution that is over cannot be cancelled."
        return ApiError(error.status, message, hint)
    return error


SPEC = ToolSpec(
    fn=cancel_job_execution,
    title="Cancel job execution",
    description=(
        "Cancel an execution of a Blaxel batch job: running tasks finish first, no new ones start. Cannot be undone."
    ),
    answer=ExecutionCore,
    annotations=DESTRUCTIVE,
)
