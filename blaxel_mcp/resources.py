"""`blaxel://…`: the raw JSON of a job's executions, of one execution and of its tasks, for clients and people."""

import json
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from blaxel_mcp.api.jobs import list_executions
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.summary.masking import mask_credentials
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.fetch_tasks import fetch_tasks
from blaxel_mcp.tools.find import explain_unknown_job, find_execution
from blaxel_mcp.tools.results import error_text

EXECUTIONS = "blaxel://jobs/{jobId}/executions"
EXECUTION = "blaxel://jobs/{jobId}/executions/{executionId}"
TASKS = "blaxel://jobs/{jobId}/executions/{executionId}/tasks"
_NEWEST = 20
"""Executions in a list: what the API gives by default."""

P = ParamSpec("P")


def _as_json(read: Callable[P, Coroutine[Any, Any, Any]]) -> Callable[P, Coroutine[Any, Any, str]]:
    """Decorate a resource: its value becomes JSON, masked, and an error of ours the SDK's with the tools' own text.

    The SDK answers `ResourceNotFoundError` with the protocol's code -32602 and `ResourceError` with -32603.
    """

    @wraps(read)
    async def read_json(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            value = await read(*args, **kwargs)
        except NotFoundError as error:
            raise ResourceNotFoundError(error_text(error)) from None
        except BlaxelMcpError as error:
            raise ResourceError(error_text(error)) from None
        masked, _ = mask_credentials(value)
        return json.dumps(masked, ensure_ascii=False, separators=(",", ":"))

    return read_json


@_as_json
async def read_executions(jobId: str) -> list[Any]:  # noqa: N803 - the template's names
    """The job's newest executions as the API lists them."""
    session = await current_session()
    try:
        executions = (await session.send(list_executions(jobId, limit=_NEWEST))).items[:_NEWEST]
    except NotFoundError as error:
        raise await explain_unknown_job(session, jobId, error) from None
    return [execution.model_dump(exclude_unset=True) for execution in executions]


@_as_json
async def read_execution(
    jobId: str,  # noqa: N803 - the template's names
    executionId: str,  # noqa: N803
    ctx: Context[AppContext],
) -> dict[str, Any]:
    """The API's whole answer about one execution."""
    app = await app_context(ctx)
    found = await find_execution(await current_session(), jobId, executionId, app.clock(), prefixes=False)
    return found.fetched.raw


@_as_json
async def read_tasks(
    jobId: str,  # noqa: N803 - the template's names
    executionId: str,  # noqa: N803
    ctx: Context[AppContext],
) -> list[Any]:
    """The execution's tasks, from whichever of its two lists has them, or else from the operation that lists them."""
    session, app = await current_session(), await app_context(ctx)
    found = await find_execution(session, jobId, executionId, app.clock(), prefixes=False)
    raw = found.fetched.raw
    spec = raw.get("spec")
    lists = (raw.get("tasks"), spec.get("tasks") if isinstance(spec, dict) else None)
    if inline := next((tasks for tasks in lists if isinstance(tasks, list) and tasks), None):
        return inline
    fetched = await fetch_tasks(session, found.job_id, found.execution_id, found.fetched.execution, whole=True)
    return [task.raw for task in fetched.tasks]


def add_resources(server: MCPServer[AppContext]) -> None:
    """Register the resource templates."""
    rows = (
        (EXECUTIONS, read_executions, "job_executions", "Job executions, raw JSON", "The job's newest executions."),
        (
            EXECUTION,
            read_execution,
            "job_execution",
            "Job execution, raw JSON",
            'The API\'s whole answer about one execution; its id may be "latest".',
        ),
        (TASKS, read_tasks, "job_execution_tasks", "Job execution tasks, raw JSON", "All tasks of one execution."),
    )
    for template, read, name, title, description in rows:
        server.resource(template, name=name, title=title, description=description, mime_type="application/json")(read)
