"""`cancel_job_execution`: no new tasks start, running ones finish. Only with --allow-writes; sent once."""

from typing import Annotated

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from blaxel_mcp.api.call import checked_id
from blaxel_mcp.api.jobs import cancel_execution
from blaxel_mcp.errors import ApiError, ConnectionFailedError, NotFoundError
from blaxel_mcp.summary.answer import ExecutionCore, build_answer
from blaxel_mcp.summary.clean import quote
from blaxel_mcp.summary.execution import summarize
from blaxel_mcp.summary.limits import NAME_CHARACTERS
from blaxel_mcp.tools.confirm import Confirmation, ask, require
from blaxel_mcp.tools.get_execution import JobId
from blaxel_mcp.tools.lookup import explain_not_found
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ToolSpec, ToolState, state_of

# Not `latest`: what that means may change between the question and the answer.
OneExecutionId = Annotated[str, Field(min_length=1, description="Id of the execution")]


def confirm(
    jobId: str,  # noqa: N803 - the tool's arguments
    executionId: str,  # noqa: N803
    ctx: Context[ToolState],
) -> Elicit[Confirmation] | Confirmation:
    """What will happen, in words; a person is not asked about what would be refused anyway."""
    checked_id(jobId, "jobId")
    checked_id(executionId, "executionId")
    named = f"execution {quote(executionId, NAME_CHARACTERS)} of job {quote(jobId, NAME_CHARACTERS)}"
    return ask(ctx, f"Cancel {named}? Running tasks finish first; no new ones start. This cannot be undone.")


async def cancel_job_execution(
    jobId: JobId,  # noqa: N803 - the operation's own names
    executionId: OneExecutionId,  # noqa: N803
    state: Annotated[ToolState, Resolve(state_of)],
    confirmation: Annotated[ElicitationResult[Confirmation], Resolve(confirm)],
) -> Annotated[CallToolResult, ExecutionCore]:
    """Cancel it and say how it stands; errors are raised, `server` turns them into a result."""
    call = cancel_execution(jobId, executionId)
    require(confirmation)
    session = state.client.session()
    now = state.clock()
    try:
        execution = await session.send(call)
    except NotFoundError as error:
        raise await explain_not_found(session, jobId, executionId, error, now) from None
    except ApiError as error:
        if error.status not in {400, 409}:
            raise
        raise ApiError(
            error.status,
            f"Not cancelled: Blaxel refused ({error.status}); an execution that is over cannot be cancelled.",
            "See with get_job_execution how it stands.",
        ) from None
    except ConnectionFailedError as error:
        raise ConnectionFailedError(
            f"{error.what} Whether the cancellation arrived is not known.",
            "See with get_job_execution how it stands; cancelling again does no harm.",
            transient=True,
        ) from None
    asked = (jobId, executionId)
    return success(build_answer(summarize(execution, asked=asked, workspace=state.client.workspace, now=now)))


SPEC = ToolSpec(
    fn=cancel_job_execution,
    title="Cancel job execution",
    description="Cancel an execution of a Blaxel batch job: running tasks finish first, no new ones start. For good.",
    annotations=ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
    ),
    writes=True,
)
