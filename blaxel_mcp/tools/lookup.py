"""From what a person knows to an execution: `latest`, and what to say when there is no such one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import list_executions, list_jobs
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import JobExecution, parse_timestamp
from blaxel_mcp.summary.execution import ResolvedLatest
from blaxel_mcp.summary.limits import ERROR_CHARACTERS, NAME_CHARACTERS
from blaxel_mcp.summary.wording import format_duration, quote

LATEST = "latest"
_RECENT = 5
_JOBS = 200
_NEAREST = 3
_SECONDS = 5.0
"""For each of the two calls that explain a 404: the answer is known already, this only makes it more helpful."""
_WAITING = frozenset({"queued", "pending"})


async def resolve_latest(session: Session, job_id: str) -> tuple[str, ResolvedLatest]:
    """The id of the job's newest execution, and, while that one waits, what the one before it came to.

    Raises:
        NotFoundError: there is no such job, or it has no executions.
    """
    try:
        executions = (await session.send(list_executions(job_id, limit=2))).items
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, error) from None
    known = [execution for execution in executions if execution.metadata.id]
    if not known:
        # Some APIs answer an empty list for a job that does not exist: the nearest names help in both cases.
        raise await _no_executions(session, job_id)
    newest = known[0]
    waits = (newest.status or "").casefold() in _WAITING
    previous = known[1] if waits and len(known) > 1 else None
    return newest.metadata.id or "", ResolvedLatest(previous)


async def explain_not_found(
    session: Session, job_id: str, execution_id: str, error: NotFoundError, now: datetime, *, latest: bool = True
) -> BlaxelMcpError:
    """The 404 with what would have been found: the job's recent executions, or the nearest job names.

    `latest` is whether that would have been taken for an id.
    """
    if not latest:
        error = NotFoundError(404, error.message, "Check both ids; old executions are removed after a time.")
    try:
        executions = await session.send(list_executions(job_id, limit=_RECENT), at_most=_SECONDS)
    except NotFoundError:
        return await explain_unknown_job(session, job_id, error)
    except BlaxelMcpError:
        return error
    message = f"Job {_name(job_id)} has no execution {_name(execution_id)} (404)."
    recent = [_described(execution, now) for execution in executions.items[:_RECENT] if execution.metadata.id]
    if not recent:
        return NotFoundError(404, message, "Blaxel lists no executions of this job: check its name, or run it first.")
    hint = f'Ask for "{LATEST}", or for a recent execution:' if latest else "The recent ones are"
    return _fitting(message, recent, lambda some: f"{hint} {', '.join(some)}.")


async def explain_unknown_job(session: Session, job_id: str, error: NotFoundError) -> BlaxelMcpError:
    """The 404 with the job names that are nearest to what was asked for."""
    try:
        names = await _job_names(session)
    except BlaxelMcpError:
        return error
    return _nearest(f"There is no job {_name(job_id)} in this workspace (404).", job_id, names)


async def _no_executions(session: Session, job_id: str) -> BlaxelMcpError:
    message = f"Job {_name(job_id)} has no executions."
    missing = NotFoundError(404, message, "Check the job's name, or run it first.")
    try:
        names = await _job_names(session)
    except BlaxelMcpError:
        return missing
    return missing if job_id in names else _nearest(message, job_id, names)


async def _job_names(session: Session) -> list[str]:
    return [job.name for job in (await session.send(list_jobs(limit=_JOBS), at_most=_SECONDS)).items if job.name]


def _nearest(message: str, job_id: str, names: Sequence[str]) -> NotFoundError:
    if not names:
        return NotFoundError(
            404, message, "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace."
        )
    lowered = {name.casefold(): name for name in names}
    near = [lowered[match] for match in get_close_matches(job_id.casefold(), lowered, _NEAREST, 0.5)]
    if near:
        return _fitting(message, list(map(_name, near)), lambda some: f"Did you mean {' or '.join(some)}?")

    def known(some: Sequence[str]) -> str:
        more = len(names) - len(some)
        # A full page says that there are more jobs than it holds, not how many.
        others = " and others" if len(names) >= _JOBS else f" and {more} more" if more else ""
        return f"The workspace's jobs are {', '.join(some)}{f'{others}, which list_jobs names' if others else ''}."

    return _fitting(message, list(map(_name, names[:_RECENT])), known)


def _fitting(message: str, items: Sequence[str], hint: Callable[[Sequence[str]], str]) -> NotFoundError:
    """With as many of the items as there is room for, the first of them at least."""
    for count in range(len(items), 0, -1):
        error = NotFoundError(404, message, hint(items[:count]))
        if len(str(error)) <= ERROR_CHARACTERS:
            break
    return error


def _described(execution: JobExecution, now: datetime) -> str:
    created = parse_timestamp(execution.metadata.createdAt)
    age = f", {format_duration((now - created).total_seconds())} ago" if created else ""
    status = (execution.status or "").casefold()
    word = status if status.isalpha() and status.isascii() and len(status) < len("unknown status") else "unknown status"
    return f"{_name(execution.metadata.id or '')} ({word}{age})"


def _name(text: str) -> str:
    return quote(text, NAME_CHARACTERS)
