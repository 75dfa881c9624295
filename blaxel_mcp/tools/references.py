"""Reading what people paste for an execution: addresses, `job/execution`, beginnings of ids, `latest failed`. Pure.

Nothing is guessed beyond these forms, and `find` tries an id as it stands before any other reading of it. Where the
console keeps an execution is not documented: of an address, what follows `jobs` is the job, and what follows
`executions`, or the job's name, is the execution.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from blaxel_mcp.advice import error_advice
from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.summary.limits import NAME_CHARACTERS
from blaxel_mcp.summary.wording import quote

Wanted: TypeAlias = Literal["", "failed", "succeeded", "running"]
"""Which of a job's executions `latest` is to be: of any status, or the newest with this one."""

LATEST = "latest"
SHORTEST_PREFIX = 6
"""Characters of an id from which on the rest may be left out."""
_LATEST = re.compile(r"latest(?:\s+(failed|succeeded|running))?", re.IGNORECASE)
_WRAPPING = " \t\r\n\"'`<>"
_CUT = re.compile(r"(?:…|\.{3})$")
_HOSTS = re.compile(r"(?:app|api)\.blaxel\.(?:ai|dev)|localhost|127\.0\.0\.1")
_JOB, _EXECUTION = {"job", "jobs"}, {"execution", "executions"}
_PAGES = {"logs", "overview", "settings", "metrics", "traces", "revisions", "deployments", "edit", "playground"}
"""Pages about a job that may stand where an execution's id could."""


class Reference(NamedTuple):
    """What the arguments `jobId` and `executionId` can mean.

    Attributes:
        job_id: the job.
        ids: a job and an execution, as they stand and as they can be read; the first that exist are meant.
        latest: set if the newest execution is meant, of any status or of one.
        prefix: what the execution's id may begin with if none of `ids` exists; empty where it is too short for that.
        read: whether the first of `ids` was read from something else, such as an address.
    """

    job_id: str
    ids: Sequence[tuple[str, str]] = ()
    latest: Wanted | None = None
    prefix: str = ""
    read: bool = False


class _Parts(NamedTuple):
    """A job and an execution as one argument names them; `None` where it doesn't."""

    job: str | None
    execution: str | None


def read_references(job_id: str, execution_id: str) -> Reference:
    """What the two arguments can mean.

    Raises:
        ArgumentError: one is an address that is none of Blaxel's, or they name different jobs. Nothing was sent.
    """
    job, asked = read_job(job_id), _unwrap(execution_id)
    named = _execution_in_job(job_id)
    if latest := _LATEST.fullmatch(asked):
        if named and not latest[1]:  # what was pasted is more to the point than what was added to it
            return Reference(job, [(job, named)], read=True)
        wanted: Wanted = (latest[1] or "").lower()  # type: ignore[assignment]  # the pattern has no others
        return Reference(job, latest=wanted)
    if (address := _read_address(asked, "executionId")) is not None:
        if address.execution is None:
            raise ArgumentError(
                f"{error_advice().argument('executionId')} is an address without an execution, so nothing was sent.",
                'Give the execution\'s id, or "latest" for the newest one.',
            )
        return Reference(_same_job(job, address.job), [(job, address.execution)], read=True)
    whole = _CUT.sub("", asked)
    if whole != asked and len(whole) >= SHORTEST_PREFIX:
        return Reference(job, prefix=whole)
    pair = _read_pair(asked)
    execution = pair.execution if pair.execution and pair.job == job else asked
    # A name or id may have a slash in it, so each is first taken as it stands.
    as_it_stands = (job if _is_address(job_id) else _unwrap(job_id), asked)
    ids = list(dict.fromkeys([as_it_stands, (job, execution)]))
    return Reference(job, ids, prefix=execution if len(execution) >= SHORTEST_PREFIX else "")


def exact_reference(job_id: str, execution_id: str) -> tuple[str, str]:
    """The job and the id of the execution for a call that changes something: as they stand, or from an address.

    Raises:
        ArgumentError: what is given may mean another execution a moment later. Nothing was sent.
    """
    asked = _unwrap(execution_id)
    if _LATEST.fullmatch(asked) or _CUT.search(asked):
        problem = "is cut" if _CUT.search(asked) else 'is "latest", which may change before the person answers'
        listed = error_advice().tool("list_job_executions", {})
        hint = f"Give one execution's id; {listed} names them."
        raise ArgumentError(f"{error_advice().argument('executionId')} {problem}, so nothing was sent.", hint)
    exact = read_references(job_id, asked).ids[0]
    if _execution_in_job(job_id) not in {None, exact[1]}:
        given_job, given = map(error_advice().argument, ("jobId", "executionId"))
        message = f"{given_job} names another execution than {given}, so nothing was sent."
        raise ArgumentError(message, "Give the job's name alone.")
    return exact


def read_job(job_id: str) -> str:
    """The name of the job that the argument `jobId` means.

    Raises:
        ArgumentError: it is an address that is none of Blaxel's, or of something else than a job. Nothing was sent.
    """
    given = _unwrap(job_id)
    if (address := _read_address(given, "jobId")) is not None:
        return address.job or given
    return _read_pair(given).job or given


def _execution_in_job(job_id: str) -> str | None:
    """The execution that is part of what was given for the job."""
    given = _unwrap(job_id)
    return (_read_address(given, "jobId") or _read_pair(given)).execution


def _unwrap(text: str) -> str:
    """The text without blanks, quotation marks and brackets around it; the text itself if nothing else is in it."""
    return text.strip(_WRAPPING) or text


def _read_pair(text: str) -> _Parts:
    """The parts of `job/execution`."""
    job, slash, execution = text.partition("/")
    pair = slash and job.strip(".") and execution.strip(".") and not (set("/?#\\") & set(execution))
    return _Parts(job, execution) if pair else _Parts(None, None)


def _read_address(text: str, parameter: str) -> _Parts | None:
    """The parts of an address; `None` where the text is none.

    Raises:
        ArgumentError: the address is not one of a job's.
    """
    if not _is_address(text):
        return None
    if not text.isprintable() or " " in text:  # urlsplit leaves some such characters out
        raise _not_ours(parameter)
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
        host = address.hostname or ""
    except ValueError:
        raise _not_ours(parameter) from None
    ours = address.scheme == "blaxel" or (address.scheme in {"http", "https"} and _HOSTS.fullmatch(host))
    if not ours or "@" in address.netloc:
        raise _not_ours(parameter)
    parts = _parts_of_path(address)
    if parts.job is None:
        raise _not_ours(parameter)
    return parts


def _is_address(text: str) -> bool:
    return "://" in text or re.match(r"(?:app|api)\.blaxel\.", text, re.IGNORECASE) is not None


def _parts_of_path(address: SplitResult) -> _Parts:
    whole = f"{address.netloc}{address.path}" if address.scheme == "blaxel" else address.path
    segments = [unquote(segment) for segment in whole.split("/") if segment]
    at = next((at for at, segment in enumerate(segments[:-1]) if segment.lower() in _JOB), None)
    if at is None:
        return _Parts(None, None)
    job, rest = segments[at + 1], segments[at + 2 :]
    query = parse_qs(address.query)
    named = [value for key in ("executionId", "execution") for value in query.get(key, ())]
    if rest and rest[0].lower() in _EXECUTION:
        return _Parts(job, next(iter([*rest[1:2], *named]), None))
    direct = [rest[0]] if rest and rest[0].lower() not in _PAGES else []
    return _Parts(job, next(iter([*named, *direct]), None))


def _same_job(job: str, other: str | None) -> str:
    if other is not None and other != job:
        given_job, given = map(error_advice().argument, ("jobId", "executionId"))
        raise ArgumentError(
            f"{given_job} means job {quote(job, NAME_CHARACTERS)} and {given} an execution of job "
            f"{quote(other, NAME_CHARACTERS)}, so nothing was sent.",
            "Give the execution's own job.",
        )
    return job


def _not_ours(parameter: str) -> ArgumentError:
    # The address is not repeated: it may hold a credential.
    name = error_advice().argument(parameter)
    return ArgumentError(
        f"{name} is an address, but not one of a job in Blaxel's console or API, so nothing was sent.",
        "Give the name or id itself.",
    )
