"""`get_job_execution_logs`: the newest lines that an execution wrote. The endpoint is undocumented: best effort."""

from functools import partial
from typing import Annotated

from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult
from pydantic import BeforeValidator, Field

from blaxel_mcp.advice import error_advice
from blaxel_mcp.api.client import Session
from blaxel_mcp.api.logs import Severity, get_logs
from blaxel_mcp.errors import AnswerError, ApiError, ArgumentError, BlaxelMcpError
from blaxel_mcp.summary.clean import visible
from blaxel_mcp.summary.limits import LOG_LINES, LOG_LINES_USUAL
from blaxel_mcp.summary.logs import LogsCore, LogSearch, build_logs, is_long_log, log_alternatives, log_time_range
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.results import success
from blaxel_mcp.tools.spec import READ_ONLY, ExecutionId, JobId, ToolSpec, filter_field, plain_word

_LONGEST_TEXT = 200


def _severity_word(value: object) -> object:
    """A severity as a caller may write it: in any case, and `warn` for short."""
    word = plain_word(value)
    return ("WARNING" if word == "warn" else word.upper()) if isinstance(word, str) else word


async def get_job_execution_logs(  # noqa: PLR0917 - the SDK passes them by name
    jobId: JobId,  # noqa: N803 - the operation's own name
    executionId: ExecutionId,  # noqa: N803
    session: Annotated[Session, Resolve(current_session)],
    app: Annotated[AppContext, Resolve(app_context)],
    taskName: Annotated[str | None, Field(max_length=_LONGEST_TEXT, description="Only lines of this task")] = None,  # noqa: N803
    search: Annotated[str | None, Field(max_length=_LONGEST_TEXT, description="Text the lines contain")] = None,
    severity: Annotated[Severity | None, BeforeValidator(_severity_word), filter_field("Minimum severity")] = None,
    limit: Annotated[int, Field(ge=1, le=LOG_LINES, description="How many lines, the newest")] = LOG_LINES_USUAL,
) -> CallToolResult:
    """Find the execution's time, and the lines of log in it; errors are raised, `server` turns them into a result."""
    text, task = _visible(search, "search"), _visible(taskName, "taskName")
    now = app.clock()
    found = await find_execution(session, jobId, executionId, now)
    job_id, execution_id, execution = found.job_id, found.execution_id, found.fetched.execution
    searched = log_time_range(execution, now)
    call = get_logs(
        job_id,
        execution_id,
        workspace=session.workspace or execution.metadata.workspace or "",
        start=searched.start,
        end=searched.end,
        limit=limit,
        severity=severity,
        search=text,
        task=task,
    )
    try:
        page = await session.send(call)
        if page.odd:
            raise AnswerError("Blaxel answered for the log in a form that is not known.", "")
    except BlaxelMcpError as error:
        raise _unavailable(error, job_id, execution_id) from None
    wanted = LogSearch(job_id, execution_id, limit, severity=severity, text=text, task=task)
    work = partial(build_logs, wanted, execution, searched, page.lines, page.total)
    long = is_long_log(line.message for line in page.lines)
    return success(*(await session.upstream.in_worker(work) if long else work()))


def _visible(text: str | None, parameter: str) -> str | None:
    """The text without blanks around it, `None` if it is empty.

    Raises:
        ArgumentError: the answer, which repeats the text cleaned, could not show what was asked for.
    """
    wanted = (text or "").strip()
    if not visible(wanted):
        problem = f"{error_advice().argument(parameter)} contains control or invisible characters, so nothing was sent."
        raise ArgumentError(problem, "Give it as it is shown.")
    return wanted or None


def _unavailable(error: BlaxelMcpError, job_id: str, execution_id: str) -> BlaxelMcpError:
    """The error as one of the log, with other ways to the reasons of a failure."""
    message = error.message
    # The 404's own words are about executions, and this one was found a moment ago.
    if isinstance(error, ApiError) and error.status == 404:  # noqa: PLR2004
        message = "Blaxel does not know the log endpoint (404)."
    return BlaxelMcpError(
        f"The log, which Blaxel does not document, could not be read: {message}",
        f"Instead, {log_alternatives(job_id, execution_id, error_advice())}",
        transient=error.transient,
        retry_after=error.retry_after,
    )


SPEC = ToolSpec(
    fn=get_job_execution_logs,
    title="Get job execution logs",
    description=(
        "The newest log lines of a Blaxel job execution, oldest of them first; what is left out is "
        "counted. Best effort: Blaxel does not document its logs, and lines may be late or gone."
    ),
    answer=LogsCore,
    annotations=READ_ONLY,
)
