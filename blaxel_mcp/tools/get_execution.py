"""`get_job_execution`: how one execution of a job stands, in the summary's words and with the API's own JSON."""

from datetime import datetime
from typing import Annotated, Any

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field, StringConstraints

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedExecution, get_execution
from blaxel_mcp.errors import NotFoundError
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.execution import ResolvedLatest, summarize
from blaxel_mcp.summary.raw import limit_raw, mask_overrides
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.tools.lookup import LATEST, explain_not_found, resolve_latest
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ToolSpec, ToolState, state_of

# Blanks around an id come with copying it: no name has any, and in an error nobody would see them.
Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# The parameters keep the names of the operation's path parameters, and the beginning of their descriptions.
JobId = Annotated[Id, Field(description="Name of the job")]
ExecutionId = Annotated[Id, Field(description='Id of the execution, or "latest"')]


async def get_job_execution(
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    state: Annotated[ToolState, Resolve(state_of)],
) -> Annotated[CallToolResult, ExecutionAnswer]:
    """Answer for one execution; errors are raised, `server` turns them into a result."""
    return success(await answer_for(state, jobId, executionId))


async def answer_for(state: ToolState, job_id: str, execution_id: str) -> ExecutionAnswer:
    """The whole answer, `raw` included.

    Raises:
        BlaxelMcpError: any of them.
    """
    session = state.client.session()
    now = state.clock()
    fetched, execution_id, latest = await fetch(session, job_id, execution_id, now)
    execution = fetched.execution
    running = (execution.status or "").casefold() == "running"
    summary = summarize(
        execution,
        asked=(job_id, execution_id),
        workspace=state.client.workspace,
        now=now,
        usual=await state.history.usual(session, job_id) if running else None,
        latest=latest,
    )
    return with_raw(build_answer(summary), fetched.raw, state)


def with_raw(answer: ExecutionAnswer, fetched: dict[str, Any], state: ToolState) -> ExecutionAnswer:
    """The answer with as much of the API's own JSON as the settings let through."""
    raw, omitted = limit_raw(mask_overrides(fetched), state.raw, state.raw_limit)
    if raw is not None:
        answer["raw"] = raw
    if omitted is not None:
        answer["rawOmitted"] = omitted
    return answer


async def fetch(
    session: Session, job_id: str, execution_id: str, now: datetime
) -> tuple[FetchedExecution, str, ResolvedLatest | None]:
    """An execution, its id with `latest` resolved, and what there is to say about being the latest.

    Raises:
        BlaxelMcpError: any of them; a 404 comes with what would have been found.
    """
    latest = None
    if execution_id == LATEST:
        execution_id, latest = await resolve_latest(session, job_id)
    try:
        return await session.send(get_execution(job_id, execution_id)), execution_id, latest
    except NotFoundError as error:
        raise await explain_not_found(session, job_id, execution_id, error, now) from None


SPEC = ToolSpec(
    fn=get_job_execution,
    title="Get job execution",
    description=(
        "How one execution of a Blaxel batch job stands: done or not, how many tasks succeeded or failed and why, how "
        "long it took or may still take, what to do next. "
        "If its id isn't known, give \"latest\" for the job's newest execution."
    ),
    annotations=ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
    ),
)
