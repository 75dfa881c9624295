"""`run_job`: start an execution. Only with --allow-writes; never retried."""

from collections.abc import Mapping
from typing import Annotated, Any

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp_types import CallToolResult
from pydantic import Field
from typing_extensions import TypedDict

from blaxel_mcp.advice import advice
from blaxel_mcp.api.call import checked_id, problem_of_id
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import create_execution, get_job
from blaxel_mcp.errors import (
    AnswerError,
    ApiError,
    BlaxelMcpError,
    NotFoundError,
    OutcomeUnknownError,
    is_outcome_unknown,
)
from blaxel_mcp.models import CreatedExecution
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.identity import other_than_asked
from blaxel_mcp.summary.limits import IDENTITY_CHARACTERS, NAME_CHARACTERS
from blaxel_mcp.summary.listing import row_id
from blaxel_mcp.summary.next_step import call_arguments
from blaxel_mcp.summary.wording import drop_empty, plural, quote
from blaxel_mcp.tools.confirm import Consent, ask_for_consent, require_consent
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import explain_unknown_job
from blaxel_mcp.tools.references import read_job
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import ADDITIVE, JobId, ToolSpec

Tasks = Annotated[
    list[dict[str, Any]], Field(description="One object of parameters per task; default: one task", min_length=1)
]
Env = Annotated[dict[str, str], Field(description="Environment variables to override")]
Memory = Annotated[int, Field(description="Megabytes, at most the job's own", ge=1)]
AllowQueue = Annotated[bool, Field(description="Wait for capacity, or fail at once")]
_QUESTION_NAMES = 5
"""Overridden variables that the question to the person names."""


class StartedCore(TypedDict):
    """The part of the answer that the output schema publishes; the whole answer has `jobId` too."""

    summary: str
    executionId: str
    nextStep: str


async def confirm(
    jobId: str,  # noqa: N803 - the tool's argument
    ctx: Context,
    tasks: list[dict[str, Any]] | None = None,
    env: dict[str, str] | None = None,
    memory: int | None = None,
) -> Elicit[Consent] | Consent:
    """Ask the person whether to start it, unless the arguments would be refused anyway."""
    job_id = checked_id(read_job(jobId), "jobId")
    details = _describe_request(tasks, env, memory)
    question = f"Start job {quote(job_id, NAME_CHARACTERS)} with {details}? It uses paid compute."
    return await ask_for_consent(ctx, question)


def _describe_request(tasks: list[dict[str, Any]] | None, env: Mapping[str, str] | None, memory: int | None) -> str:
    """What is asked for beside the job; no values of variables, since they may be secret."""
    parts = [plural(len(tasks or [{}]), "task")]
    if env:
        names = ", ".join(quote(name, NAME_CHARACTERS) for name in list(env)[:_QUESTION_NAMES])
        more = len(env) - _QUESTION_NAMES
        parts.append(f"overrides for {names}{f' and {more} more' if more > 0 else ''}")
    if memory:
        parts.append(f"{memory:,} MB")
    return ", ".join(parts)


async def run_job(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own names
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    confirmation: Annotated[ElicitationResult[Consent], Resolve(confirm)],
    tasks: Tasks | None = None,
    env: Env | None = None,
    memory: Memory | None = None,
    allowQueue: AllowQueue = True,  # noqa: N803, FBT002
) -> CallToolResult:
    """Start the job and name the new execution."""
    body = {"tasks": tasks or [{}], "env": env, "memory": memory, "allowQueue": None if allowQueue else False}
    job_id = read_job(jobId)
    checked_id(job_id, "jobId")
    chosen = require_consent(confirmation, app.answered, session.identity)
    try:
        # The same yes, sent to another process, then asks for the same execution and not for a second one.
        created = await session.send(create_execution(job_id, drop_empty(body | {"id": chosen, "executionId": chosen})))
        execution_id = _created_id(job_id, created)
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, error) from None
    except BlaxelMcpError as error:
        raise await _explain(session, job_id, error, memory, allow_queue=allowQueue, chosen=chosen) from None
    return success(_answer(job_id, execution_id, len(tasks or [{}])))


def _created_id(job_id: str, created: CreatedExecution) -> str:
    """The id of the execution that was started.

    Raises:
        AnswerError: the answer is no evidence of a start of this job.
    """
    if other := other_than_asked((created.jobId, None), (job_id, "")):
        raise AnswerError(other, "")
    if created.executionId is None or problem_of_id(created.executionId):
        raise AnswerError("Blaxel answered (200) without the id of an execution.", "")
    return created.executionId


def _answer(job_id: str, execution_id: str, tasks: int) -> dict[str, str]:
    arguments = call_arguments(job_id, execution_id)
    step = f"{advice().call('wait_for_job_execution', arguments)}."
    if not arguments:
        step = 'Call wait_for_job_execution with this job and executionId "latest".'
    execution, job = (quote(text, IDENTITY_CHARACTERS) for text in (execution_id, job_id))
    return {
        "summary": f"Started execution {execution} of job {job} with {plural(tasks, 'task')}. Next: {step}",
        "jobId": clean(job_id, IDENTITY_CHARACTERS),
        "executionId": row_id(execution_id),
        "nextStep": step,
    }


async def _explain(
    session: Session,
    job_id: str,
    error: BlaxelMcpError,
    memory: int | None,
    *,
    allow_queue: bool,
    chosen: str | None,
) -> BlaxelMcpError:
    """The error of the call, in terms of a start: whether it may have happened, and else why it was refused."""
    if error.unsent:
        error.message += " Nothing was sent."
        return error
    if is_outcome_unknown(error):
        return OutcomeUnknownError(
            error,
            "Whether the job was started is not known.",
            "Trying again may start it a second time.",
            "Look with list_job_executions for a new execution before trying again.",
        )
    match error:
        case ApiError(status=400):
            return await _explain_bad_request(session, job_id, error, memory, allow_queue=allow_queue)
        case ApiError(status=409) if chosen is not None:
            return ApiError(
                409,
                "Nothing was started now: Blaxel reports a conflict (409), perhaps since this yes was sent before.",
                "Look with list_job_executions for a new execution, and with list_jobs whether the job is deployed.",
            )
        case ApiError(status=409):
            why = "Blaxel reports a conflict with the job's present state (409)"
            hint = "See with list_jobs whether the job is deployed."
        case ApiError(status=429) if allow_queue:
            # What may wait in the queue is not refused for want of capacity, so this is about something else.
            why = "Blaxel is asked too often, or the workspace is at a limit (429)"
            hint = "If it goes on, wait until running executions end."
        case ApiError(status=429):
            why = "the workspace is at its limit of parallel executions (429)"
            hint = "Call again with allowQueue true to let it wait in the queue."
        case _:
            return error
    return _not_started(error.status, why, hint, transient=True, retry_after=error.retry_after)


async def _explain_bad_request(
    session: Session, job_id: str, error: ApiError, memory: int | None, *, allow_queue: bool
) -> ApiError:
    """The error for a 400, whose cause the job's own settings may tell."""
    try:
        job = await session.send(get_job(job_id))
    except BlaxelMcpError:
        return error  # every request of ours is refused, or nothing more can be learned
    if job.spec.get("enabled") is False:
        return _not_started(400, "the job is disabled (400)", "Enable it in the Blaxel console first.")
    runtime = job.spec.get("runtime")
    most = runtime.get("memory") if isinstance(runtime, dict) else None
    if memory and isinstance(most, int) and memory > most:
        why = f"memory may be at most the job's own {most:,} MB (400)"
        return _not_started(400, why, "Ask for less, or raise the job's memory and deploy it.")
    if allow_queue:
        return _not_started(400, "Blaxel refused the request as invalid (400)", "Check tasks, env and memory.")
    why = "Blaxel refused the request as invalid, or as one that can never fit the workspace's quota (400)"
    return _not_started(400, why, "Check tasks, env and memory; with fewer tasks or less memory it may fit.")


def _not_started(
    status: int, why: str, hint: str, *, transient: bool = False, retry_after: float | None = None
) -> ApiError:
    message = f"Not started: {why}. Nothing was created."
    return ApiError(status, message, hint, transient=transient, retry_after=retry_after)


SPEC = ToolSpec(
    fn=run_job,
    title="Run job",
    description="Start an execution of a Blaxel batch job. Uses paid compute. Returns its id and what to call next.",
    answer=StartedCore,
    annotations=ADDITIVE,
)
