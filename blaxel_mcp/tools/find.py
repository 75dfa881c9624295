"""Finding the execution that was asked for, and explaining a 404 with what would have been found."""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

from blaxel_mcp.advice import error_advice
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import FetchedExecution, Listing, get_execution, list_executions, list_jobs
from blaxel_mcp.errors import ArgumentError, BlaxelMcpError, NotFoundError
from blaxel_mcp.models import ExecutionStatus, JobExecution, parse_timestamp
from blaxel_mcp.summary.execution import ResolvedLatest
from blaxel_mcp.summary.limits import ERROR_CHARACTERS, HISTORY_LISTED, LIST_EXECUTIONS_PAGE, NAME_CHARACTERS
from blaxel_mcp.summary.runs import Run, newest_first
from blaxel_mcp.summary.wording import format_age, plural, quote
from blaxel_mcp.tools.references import LATEST, Wanted, read_references

_WANTED = {"failed": "failed or timed out", "succeeded": "succeeded", "running": "is running"}
_RECENT = 5
_JOBS = 200
_NEAREST = 3
_EXPLAIN_SECONDS = 5.0
"""For each of the two calls that explain a 404: the error is known already, they only make it more helpful."""


class Found(NamedTuple):
    """An execution that was asked for.

    Attributes:
        fetched: the execution.
        job_id: its job's name, and `execution_id` its id, by which to ask for it again.
        latest: set if plain `latest` was asked for, with the execution before it.
        taken: a sentence that says which execution was taken, where the arguments were not simply its ids.
        newest: the job's newest executions, newest first, where finding it took a list of them.
        complete: whether those are all that the job has.
    """

    fetched: FetchedExecution
    job_id: str
    execution_id: str
    latest: ResolvedLatest | None = None
    taken: str = ""
    newest: Sequence[Run] | None = None
    complete: bool = False


async def find_execution(
    session: Session, job_id: str, execution_id: str, now: datetime, *, history: bool = False, prefixes: bool = True
) -> Found:
    """Get the execution that the arguments mean: by its id, as `latest`, or in another form that people paste.

    Args:
        session: sends the calls.
        job_id: the argument `jobId`.
        execution_id: the argument `executionId`.
        now: the present, for the ages in an error's hint.
        history: whether `latest` should list as many executions as tell how the job has been doing.
        prefixes: whether the beginning of an id will do; not where the answer cannot say which execution was taken.

    Raises:
        NotFoundError: there is none; its hint names recent executions, or the nearest job names.
        ArgumentError: the arguments name two jobs, or what the id begins with several executions have.
        BlaxelMcpError: any other failure of a call.
    """
    asked = read_references(job_id, execution_id)
    if asked.latest is not None:
        return await _find_latest(session, asked.job_id, asked.latest, execution_id, now, history=history)
    missing: NotFoundError | None = None
    for ids in asked.ids:
        try:
            fetched = await session.send(get_execution(*ids))
        except NotFoundError as error:
            if ids == asked.ids[-1] and not (asked.prefix and prefixes):
                raise await explain_not_found(session, *asked.ids[0], error, now) from None
            missing = error
        else:
            return Found(fetched, *ids, taken=_taken(*ids) if asked.read or ids != asked.ids[0] else "")
    return await _find_by_prefix(session, asked.job_id, asked.prefix, missing, now)


async def _find_latest(
    session: Session, job_id: str, wanted: Wanted, literal: str, now: datetime, *, history: bool
) -> Found:
    """The job's newest execution, of any status or of one."""
    limit = LIST_EXECUTIONS_PAGE if wanted else HISTORY_LISTED if history else 2
    try:
        listing = await session.send(list_executions(job_id, limit=limit))
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, error) from None
    executions = newest_first(listing.items)
    if not executions:
        message = f"Job {_quoted(job_id)} has no executions."
        missing = NotFoundError(404, message, "Check the job's name, or run it first.")
        # Some API versions return an empty list for a job that doesn't exist too.
        raise await explain_unknown_job(session, job_id, missing, message)
    # An id is free text: one that is this very word is what was asked for.
    meant = [one for one in executions if one.metadata.id == literal] or [one for one in executions if _is(one, wanted)]
    if not meant:
        newest = f"the newest {plural(len(executions), 'execution')}" if len(executions) > 1 else "the one execution"
        message = f"Of {newest} of job {_quoted(job_id)}, none {_WANTED[wanted]}."
        listed = error_advice().tool("list_job_executions", {"jobId": job_id})
        raise NotFoundError(404, message, f'Ask for "latest", or see {listed}.')
    found = meant[0].metadata.id or ""
    try:
        fetched = await session.send(get_execution(job_id, found))
    except NotFoundError as error:
        raise await explain_not_found(session, job_id, found, error, now) from None
    known = Found(fetched, job_id, found, newest=list(map(Run.of, executions)), complete=_is_whole(listing, limit))
    if found == literal:
        return known
    if wanted:
        return known._replace(taken=_taken(job_id, found, f"the latest that {_WANTED[wanted]}"))
    return known._replace(latest=ResolvedLatest(executions[1] if len(executions) > 1 else None))


def _is_whole(listing: Listing[JobExecution], limit: int) -> bool:
    """Whether a list holds all there are; older API versions do not say whether it goes on."""
    return listing.cursor is None and len(listing.items) < limit


def _is(execution: JobExecution, wanted: Wanted) -> bool:
    """Whether an execution is one that was asked for; one that timed out counts as failed."""
    run = Run.of(execution)
    return not wanted or wanted in {run.result, run.status.word}


async def _find_by_prefix(
    session: Session, job_id: str, prefix: str, missing: NotFoundError | None, now: datetime
) -> Found:
    """The one execution among the newest whose id begins so."""
    try:
        listing = await session.send(list_executions(job_id, limit=LIST_EXECUTIONS_PAGE), at_most=_EXPLAIN_SECONDS)
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, missing or error) from None
    except BlaxelMcpError as error:
        raise missing or error from None
    matches = [one for one in newest_first(listing.items) if (one.metadata.id or "").startswith(prefix)]
    if not matches:
        raise _explain_by_list(job_id, prefix, listing.items, now) from missing
    if len(matches) > 1:
        shown = [_describe(execution, now) for execution in matches[:_RECENT]]
        more = len(matches) - len(shown)
        raise ArgumentError(
            f"{len(matches)} recent executions of job {_quoted(job_id)} have an id that begins with {_quoted(prefix)}.",
            f"Give one of the ids whole: {', '.join(shown)}{f' and {more} more' if more else ''}.",
        )
    found = matches[0].metadata.id or ""
    fetched = await session.send(get_execution(job_id, found))
    why = f"the only recent one whose id begins with {_quoted(prefix)}"
    newest = list(map(Run.of, newest_first(listing.items)))
    return Found(
        fetched, job_id, found, None, _taken(job_id, found, why), newest, _is_whole(listing, LIST_EXECUTIONS_PAGE)
    )


def _taken(job_id: str, execution_id: str, why: str = "") -> str:
    """Which execution was taken: `Taken: execution "exec-1" of job "orders", the latest that failed.`."""
    reason = f", {why}" if why else ""
    return f"Taken: execution {_quoted(execution_id)} of job {_quoted(job_id)}{reason}."


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
    return _explain_by_list(job_id, execution_id, executions.items, now, latest_allowed=latest_allowed)


def _explain_by_list(
    job_id: str, execution_id: str, newest: Sequence[JobExecution], now: datetime, *, latest_allowed: bool = True
) -> NotFoundError:
    """The 404 of an execution with the job's newest ones as its hint."""
    message = f"Job {_quoted(job_id)} has no execution {_quoted(execution_id)} (404)."
    recent = [_describe(execution, now) for execution in newest[:_RECENT] if execution.metadata.id]
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
        hint += f" and {others}, which {error_advice().tool('list_jobs', {})} names"
    return NotFoundError(404, message, f"{hint}.")


def _describe(execution: JobExecution, now: datetime) -> str:
    """An execution's id, status and age, for a hint."""
    age = format_age(parse_timestamp(execution.metadata.createdAt), now)
    status = ExecutionStatus(execution.status)
    word = status.word
    # A single short word is shown even if it is new; anything else may be a sentence in disguise.
    short = word.isalpha() and word.isascii() and len(word) < len("unknown status")
    shown = word if status.known else _quoted(word) if short else "unknown status"
    return f"{_quoted(execution.metadata.id or '')} ({shown}{',' if age else ''}{age})"


def _quoted(text: str) -> str:
    return quote(text, NAME_CHARACTERS)
