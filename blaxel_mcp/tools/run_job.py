"""`run_job`: start an execution. Only with --allow-writes; sent once, never repeated."""

from collections.abc import Mapping
from typing import Annotated, Any

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field
from typing_extensions import TypedDict

from blaxel_mcp.api.call import checked_id
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import create_execution, get_job
from blaxel_mcp.errors import ApiError, BlaxelMcpError, NotFoundError, OutcomeUnknownError, is_outcome_unknown
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.limits import IDENTITY_CHARACTERS, NAME_CHARACTERS
from blaxel_mcp.summary.listing import handle
from blaxel_mcp.summary.next_step import is_plain_id
from blaxel_mcp.summary.wording import plural, quote
from blaxel_mcp.tools.confirm import Consent, ask, require
from blaxel_mcp.tools.get_execution import JobId
from blaxel_mcp.tools.lookup import explain_unknown_job
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ToolSpec, ToolState, state_of

Tasks = Annotated[
    list[dict[str, Any]], Field(description="One object of parameters per task; without it one task", min_length=1)
]
Env = Annotated[dict[str, str], Field(description="Environment variables to override")]
Memory = Annotated[int, Field(description="Megabytes, at most the job's own", ge=1)]
AllowQueue = Annotated[bool, Field(description="Wait for capacity; false refuses at once when there is none")]


class StartedCore(TypedDict):
    """What is published of the answer."""

    summary: str
    executionId: str
    nextStep: str


class Started(StartedCore):
    """What was started."""

    jobId: str


async def confirm(
    jobId: str,  # noqa: N803 - the tool's argument
    ctx: Context[ToolState],
    tasks: list[dict[str, Any]] | None = None,
    env: dict[str, str] | None = None,
    memory: int | None = None,
) -> Elicit[Consent] | Consent:
    """What will happen, in words; a person is not asked about what would be refused anyway."""
    checked_id(jobId, "jobId")
    return await ask(
        ctx, f"Start job {quote(jobId, NAME_CHARACTERS)} with {_with(tasks, env, memory)}? It uses paid compute."
    )


def _with(tasks: list[dict[str, Any]] | None, env: Mapping[str, str] | None, memory: int | None) -> str:
    said = [plural(len(tasks or [{}]), "task")]
    if env:
        names = ", ".join(quote(name, NAME_CHARACTERS) for name in list(env)[:5])
        said.append(f"overrides for {names}{f' and {len(env) - 5} more' if len(env) > 5 else ''}")  # noqa: PLR2004
    if memory:
        said.append(f"{memory:,} MB")
    return ", ".join(said)


async def run_job(  # noqa: PLR0917 - the arguments are called by name
    jobId: JobId,  # noqa: N803 - the operation's own names
    state: Annotated[ToolState, Resolve(state_of)],
    confirmation: Annotated[ElicitationResult[Consent], Resolve(confirm)],
    tasks: Tasks | None = None,
    env: Env | None = None,
    memory: Memory | None = None,
    allowQueue: AllowQueue = True,  # noqa: N803, FBT002
) -> Annotated[CallToolResult, StartedCore]:
    """Start it and name the execution; errors are raised, `server` turns them into a result."""
    call = create_execution(jobId, _body(tasks, env, memory, allow_queue=allowQueue))
    require(confirmation)
    session = state.client.session()
    try:
        execution_id = await session.send(call)
    except NotFoundError as error:
        raise await explain_unknown_job(session, jobId, error) from None
    except BlaxelMcpError as error:
        raise await _explained(session, jobId, error, memory, allow_queue=allowQueue) from None
    return success(_started(jobId, execution_id, len(tasks or [{}])))


def _body(
    tasks: list[dict[str, Any]] | None, env: dict[str, str] | None, memory: int | None, *, allow_queue: bool
) -> dict[str, Any]:
    body: dict[str, Any] = {"tasks": tasks or [{}]}
    if env:
        body["env"] = env
    if memory:
        body["memory"] = memory
    if not allow_queue:
        body["allowQueue"] = False
    return body


def _started(job_id: str, execution_id: str, tasks: int) -> Started:
    known = is_plain_id(job_id) and is_plain_id(execution_id)
    wanted = f'jobId "{job_id}" and executionId "{execution_id}"' if known else 'this job and executionId "latest"'
    step = f"Call wait_for_job_execution with {wanted}."
    named = f"execution {quote(execution_id, IDENTITY_CHARACTERS)} of " if execution_id else ""
    unnamed = "" if execution_id else "; Blaxel did not tell the id of the execution"
    job = f"job {quote(job_id, IDENTITY_CHARACTERS)}"
    return {
        "summary": f"Started {named}{job} with {plural(tasks, 'task')}{unnamed}. Next: {step}",
        "jobId": clean(job_id, IDENTITY_CHARACTERS),
        "executionId": handle(execution_id),
        "nextStep": step,
    }


async def _explained(
    session: Session, job_id: str, error: BlaxelMcpError, memory: int | None, *, allow_queue: bool
) -> BlaxelMcpError:
    """Whether and why it was not started, as far as the job itself tells."""
    if is_outcome_unknown(error):
        # What may have been started must not simply be sent again.
        return OutcomeUnknownError(
            error,
            "Whether the job was started is not known.",
            "Trying again may start it a second time.",
            "Look with list_job_executions for a new execution before trying again.",
        )
    if not isinstance(error, ApiError):
        return error
    if error.status == 400:  # noqa: PLR2004
        return await _unacceptable(session, job_id, error, memory, allow_queue=allow_queue)
    if (why := _PASSING.get((error.status, allow_queue))) is None:
        return error
    return _not_started(error.status, *why, transient=True, retry_after=error.retry_after)


_CONFLICT = (
    "Blaxel reports a conflict with the job's present state (409)",
    "See with list_jobs whether the job is deployed.",
)
# By status and allowQueue: why it was not started, and what to do.
_PASSING = {
    (409, True): _CONFLICT,
    (409, False): _CONFLICT,
    # A want of capacity is no refusal for what may wait in the queue, so this is about something else.
    (429, True): (
        "Blaxel is asked too often, or the workspace is at a limit (429)",
        "If it goes on, wait until running executions end.",
    ),
    (429, False): (
        "the workspace is at its limit of parallel executions (429)",
        "Call again with allowQueue true to let it wait in the queue.",
    ),
}


async def _unacceptable(
    session: Session, job_id: str, error: ApiError, memory: int | None, *, allow_queue: bool
) -> BlaxelMcpError:
    try:
        job = await session.send(get_job(job_id))
    except BlaxelMcpError:
        return error  # no other request is to Blaxel's liking either, or nothing more can be learned
    if job.spec.get("enabled") is False:
        return _not_started(400, "the job is disabled (400)", "Enable it in the Blaxel console first.")
    runtime = job.spec.get("runtime")
    most = runtime.get("memory") if isinstance(runtime, dict) else None
    if memory and isinstance(most, int) and memory > most:
        message = f"memory may be at most the job's own {most:,} MB (400)"
        return _not_started(400, message, "Ask for less, or raise the job's memory and deploy it.")
    if allow_queue:
        message = "Blaxel refused the request as invalid (400)"
        return _not_started(400, message, "Check tasks, env and memory.")
    message = "Blaxel refused the request as invalid, or as one that can never fit the workspace's quota (400)"
    return _not_started(400, message, "Check tasks, env and memory; with fewer tasks or less memory it may fit.")


def _not_started(
    status: int, why: str, hint: str, *, transient: bool = False, retry_after: float | None = None
) -> ApiError:
    message = f"Not started: {why}. Nothing was created."
    return ApiError(status, message, hint, transient=transient, retry_after=retry_after)


SPEC = ToolSpec(
    fn=run_job,
    title="Run job",
    description="Start an execution of a Blaxel batch job. Uses paid compute. Answers its id and what to call next.",
    annotations=ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    ),
    writes=True,
)
