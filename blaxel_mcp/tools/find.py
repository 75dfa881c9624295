"""Finding an execution by its id or as `latest`, and explaining a 404 with what would have been found."""

from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedExecution, get_execution, list_executions, list_jobs
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import ExecutionStatus, JobExecution, parse_timestamp
from blaxel_mcp.summary.execution import ResolvedLatest
from blaxel_mcp.summary.limits import ERROR_CHARACTERS, NAME_CHARACTERS
from blaxel_mcp.summary.wording import format_age, quote

LATEST = "latest"
_RECENT = 5
_JOBS = 200
_NEAREST = 3
_EXPLAIN_SECONDS = 5.0
"""For each of the two calls that explain a 404: the error is known already, they only make it more helpful."""


class Found(NamedTuple):
    """An execution, its id, and the execution before it if `latest` was asked for."""

    fetched: FetchedExecution
    execution_id: str
    latest: ResolvedLatest | None


async def find_execution(session: Session, job_id: str, execution_id: str, now: datetime) -> Found:
    """Get an execution by its id, or the job's newest one for `latest`.

    Raises:
        NotFoundError: there is none; its hint names recent executions, or the nearest job names.
        BlaxelMcpError: any other failure of the call.
    """
    latest = None
    if execution_id == LATEST:
        execution_id, latest = await _resolve_latest(session, job_id)
    try:
        return Found(await session.send(get_execution(job_id, execution_id)), execution_id, latest)
    except NotFoundError as error:
        raise await explain_not_found(session, job_id, execution_id, error, now) from None


async def _resolve_latest(session: Session, job_id: str) -> tuple[str, ResolvedLatest]:
    """The id of the job's newest execution, and the execution before it."""
    try:
        executions = (await session.send(list_executions(job_id, limit=2))).items
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, error) from None
    known = [execution for execution in executions if execution.metadata.id]
    if not known:
        message = f"Job {_quoted(job_id)} has no executions."
        missing = NotFoundError(404, message, "Check the job's name, or run it first.")
        # Some API versions return an empty list for a job that doesn't exist too.
        raise await explain_unknown_job(session, job_id, missing, message)
    return known[0].metadata.id or "", ResolvedLatest(known[1] if len(known) > 1 else None)


async def explain_not_found(
    session: Session,
    job_id: str,
    execution_id: str,
    error: NotFoundError,
    now: datetime,
    *,
    latest_allowed: bool = True,
) -> NotFoundError:
    """The 404 of an execution, with the job's recent executions or the nearest job names as its hint.

    The error comes back as it was if the calls for the hint fail. `latest_allowed` is whether the caller takes `latest`
    for an id; only then is it suggested.
    """
    if not latest_allowed:
        error = NotFoundError(404, error.message, "Check both ids; old executions are removed after a time.")
    try:
        executions = await session.send(list_executions(job_id, limit=_RECENT), at_most=_EXPLAIN_SECONDS)
    except NotFoundError:
        return await explain_unknown_job(session, job_id, error)
    except BlaxelMcpError:
        return error
    message = f"Job {_quoted(job_id)} has no execution {_quoted(execution_id)} (404)."
    recent = [_describe(execution, now) for execution in executions.items[:_RECENT] if execution.metadata.id]
    if not recent:
        return NotFoundError(404, message, "Blaxel lists no executions of this job: check its name, or run it first.")
    start = f'Ask for "{LATEST}", or for a recent execution:' if latest_allowed else "The recent ones are"
    while len(str(explained := NotFoundError(404, message, f"{start} {', '.join(recent)}."))) > ERROR_CHARACTERS:
        recent.pop()
    return explained


async def explain_unknown_job(
    session: Session, job_id: str, error: NotFoundError, message: str | None = None
) -> NotFoundError:
    """The 404 of a job, with the nearest job names as its hint, or else some of the workspace's jobs.

    The error comes back as it was if the job exists, or if the jobs can't be listed. `message` replaces the sentence
    that there is no such job.
    """
    message = message or f"There is no job {_quoted(job_id)} in this workspace (404)."
    try:
        jobs = await session.send(list_jobs(limit=_JOBS), at_most=_EXPLAIN_SECONDS)
    except BlaxelMcpError:
        return error
    names = [job.name for job in jobs.items if job.name]
    if job_id in names:
        return error
    if not names:
        hint = "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace."
        return NotFoundError(404, message, hint)
    by_folded = {name.casefold(): name for name in names}
    nearest = [by_folded[match] for match in get_close_matches(job_id.casefold(), by_folded, _NEAREST, 0.5)]
    if nearest:
        return NotFoundError(404, message, f"Did you mean {' or '.join(map(_quoted, nearest))}?")
    hint = f"The workspace's jobs are {', '.join(map(_quoted, names[:_RECENT]))}"
    if len(names) > _RECENT:
        # A full page says that there are more jobs than it holds, not how many.
        others = "others" if len(names) >= _JOBS else f"{len(names) - _RECENT} more"
        hint += f" and {others}, which list_jobs names"
    return NotFoundError(404, message, f"{hint}.")


def _describe(execution: JobExecution, now: datetime) -> str:
    """An execution's id, status and age, for a hint."""
    age = format_age(parse_timestamp(execution.metadata.createdAt), now)
    word = ExecutionStatus(execution.status).word
    # A single short word is shown even if it is new; anything else may be a sentence in disguise.
    shown = word if word.isalpha() and word.isascii() and len(word) < len("unknown status") else "unknown status"
    return f"{_quoted(execution.metadata.id or '')} ({shown}{',' if age else ''}{age})"


def _quoted(text: str) -> str:
    return quote(text, NAME_CHARACTERS)
