"""`get_job_execution_logs`: the newest lines that an execution wrote. The endpoint is undocumented: best effort."""

from typing import Annotated, Literal, TypeAlias

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.logs import LogPage, get_logs
from blaxel_mcp.errors import AnswerError, ApiError, ArgumentError, BlaxelMcpError
from blaxel_mcp.summary.clean import visible
from blaxel_mcp.summary.limits import LOG_LINES, LOG_LINES_USUAL
from blaxel_mcp.summary.logs import Lines, LogsCore, Piece, Search, build_logs, instead, pieces
from blaxel_mcp.summary.wording import format_timestamp
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.paging import plain_word
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ExecutionId, JobId, ToolSpec

# The words of api.logs.SEVERITIES; a test holds them together.
Severity: TypeAlias = Literal["FATAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE", "UNKNOWN"]
_LONGEST_TEXT = 200


def _word(value: object) -> object:
    """A severity as a caller may write it."""
    word = plain_word(value)
    return {"warn": "WARNING"}.get(word, word.upper()) if isinstance(word, str) else word


async def get_job_execution_logs(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    taskName: Annotated[str | None, Field(max_length=_LONGEST_TEXT, description="Of this task only")] = None,  # noqa: N803
    search: Annotated[str | None, Field(max_length=_LONGEST_TEXT, description="Text the lines contain")] = None,
    severity: Annotated[Severity | None, BeforeValidator(_word), Field(description="The least that is wanted")] = None,
    limit: Annotated[int, Field(ge=1, le=LOG_LINES, description="Lines, the newest")] = LOG_LINES_USUAL,
) -> Annotated[CallToolResult, LogsCore]:
    """Find the execution's time, and its lines within; errors are raised, `server` turns them into a result."""
    text, task = _visible(search, "search"), _visible(taskName, "taskName")
    now = app.clock()
    fetched, execution_id, _ = await find_execution(session, jobId, executionId, now)
    execution = fetched.execution
    wanted = Search(
        jobId,
        execution_id,
        limit,
        severity=severity,
        text=text,
        task=task,
    )
    stretches, whole = pieces(execution, now)
    read: list[Lines] = []
    problem = ""
    for stretch in stretches:
        try:
            page = _told(
                await session.send(
                    get_logs(
                        jobId,
                        execution_id,
                        workspace=session.workspace or execution.metadata.workspace or "",
                        start=stretch.start,
                        end=stretch.end,
                        limit=limit,
                        severity=wanted.severity,
                        search=wanted.text,
                        task=wanted.task,
                    )
                )
            )
        except BlaxelMcpError as error:
            if not any(lines.found for lines in read):
                raise _unavailable(error, jobId, execution_id) from None
            problem = f": {_what(error)}"
            break
        read.append(page)
        if sum(len(lines.found) for lines in read) >= limit:
            break
    oldest = stretches[len(read) - 1]
    before = not whole or len(read) < len(stretches)
    answer, text = build_logs(
        wanted,
        execution.status,
        Piece(oldest.start, stretches[0].end),
        read,
        earlier=f"The time before {format_timestamp(oldest.start)} was not searched{problem or '.'}"
        if before
        else None,
    )
    return success(answer, text)


def _visible(text: str | None, parameter: str) -> str | None:
    """What to look for, if anything; the answer repeats it cleaned, so that it must be what was asked.

    Raises:
        ArgumentError: it would not be.
    """
    wanted = (text or "").strip()
    if not visible(wanted):
        problem = f"{parameter} contains control or invisible characters, so nothing was sent."
        raise ArgumentError(problem, "Give it as it is shown.")
    return wanted or None


def _told(page: LogPage) -> Lines:
    if page.odd:
        raise AnswerError("Blaxel answered for the log in a form that is not known.", "")
    return Lines(page.lines, page.total)


def _what(error: BlaxelMcpError) -> str:
    # The 404's own words are about executions, and this one was found a moment ago.
    if isinstance(error, ApiError) and error.status == 404:  # noqa: PLR2004
        return "Blaxel does not know the log endpoint (404)."
    return error.message


def _unavailable(error: BlaxelMcpError, job_id: str, execution_id: str) -> BlaxelMcpError:
    """The error, with what else to do about logs."""
    return BlaxelMcpError(
        f"The log, which Blaxel does not document, could not be read: {_what(error)}",
        f"Instead, {instead(job_id, execution_id)}",
        transient=error.transient,
        retry_after=error.retry_after,
    )


SPEC = ToolSpec(
    fn=get_job_execution_logs,
    title="Get job execution logs",
    description=(
        "The newest lines of log of an execution of a Blaxel batch job, oldest of them first; what is left out is "
        "counted. Best effort: Blaxel does not document its logs, and lines may be late or gone."
    ),
    annotations=READ_ONLY,
)
