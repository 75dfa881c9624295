"""`blaxel://…`: the raw JSON of a job's executions, of one execution and of its tasks, for clients and people."""

import json
from collections.abc import Awaitable
from datetime import datetime
from typing import Any, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from blaxel_mcp.api.client import Session
from blaxel_mcp.api.jobs import list_executions
from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.raw import mask_overrides
from blaxel_mcp.tools.context import AppContext, app_context, current_session
from blaxel_mcp.tools.fetch_tasks import fetch_tasks
from blaxel_mcp.tools.get_execution import fetch
from blaxel_mcp.tools.lookup import explain_unknown_job
from blaxel_mcp.tools.results import error_text

EXECUTIONS = "blaxel://jobs/{jobId}/executions"
EXECUTION = "blaxel://jobs/{jobId}/executions/{executionId}"
TASKS = "blaxel://jobs/{jobId}/executions/{executionId}/tasks"
_NEWEST = 20
"""Executions in a list: what the API gives by default."""

T = TypeVar("T")


async def read_executions(jobId: str) -> str:  # noqa: N803 - the template's names
    """The job's newest executions as the API lists them."""
    executions = await _answer(_executions(await current_session(), jobId))
    return _json([mask_overrides(execution.model_dump(exclude_unset=True)) for execution in executions])


async def _executions(session: Session, job_id: str) -> list[JobExecution]:
    try:
        return (await session.send(list_executions(job_id, limit=_NEWEST))).items[:_NEWEST]
    except NotFoundError as error:
        raise await explain_unknown_job(session, job_id, error) from None


async def read_execution(
    jobId: str,  # noqa: N803 - the template's names
    executionId: str,  # noqa: N803
    ctx: Context[AppContext],
) -> str:
    """Everything that Blaxel says about one execution, as it says it; overridden environment values are masked."""
    session, app = await current_session(), await app_context(ctx)
    fetched, _, _ = await _answer(fetch(session, jobId, executionId, app.clock()))
    return _json(mask_overrides(fetched.raw))


async def read_tasks(
    jobId: str,  # noqa: N803 - the template's names
    executionId: str,  # noqa: N803
    ctx: Context[AppContext],
) -> str:
    """The execution's tasks, whichever of the two places in it holds them, or the operation that lists them."""
    session, app = await current_session(), await app_context(ctx)
    return _json(await _answer(_tasks(session, jobId, executionId, app.clock())))


async def _tasks(session: Session, job_id: str, execution_id: str, now: datetime) -> list[Any]:
    fetched, execution_id, _ = await fetch(session, job_id, execution_id, now)
    spec = fetched.raw.get("spec")
    places = (fetched.raw.get("tasks"), spec.get("tasks") if isinstance(spec, dict) else None)
    if inside := next((tasks for tasks in places if isinstance(tasks, list) and tasks), None):
        return inside
    apart = await fetch_tasks(session, job_id, execution_id, fetched.execution, whole=True)
    return [task.raw for task in apart]


async def _answer(asking: Awaitable[T]) -> T:
    """The answer, or the tool's own sentence as the protocol's error: -32602 for not found, -32603 else."""
    try:
        return await asking
    except NotFoundError as error:
        raise ResourceNotFoundError(error_text(error)) from None
    except BlaxelMcpError as error:
        raise ResourceError(error_text(error)) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def add_resources(server: MCPServer[AppContext]) -> None:
    """Register the templates."""
    rows = (
        (EXECUTIONS, read_executions, "job_executions", "Job executions, raw JSON", "The job's newest executions."),
        (
            EXECUTION,
            read_execution,
            "job_execution",
            "Job execution, raw JSON",
            'The API\'s whole answer about one execution; "latest" is taken too.',
        ),
        (TASKS, read_tasks, "job_execution_tasks", "Job execution tasks, raw JSON", "All tasks of one execution."),
    )
    for template, read, name, title, description in rows:
        server.resource(template, name=name, title=title, description=description, mime_type="application/json")(read)
