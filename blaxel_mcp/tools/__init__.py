"""The tools, as a table of values. Without --allow-writes, the tools that change something don't exist."""

from collections.abc import Sequence

from blaxel_mcp.tools import (
    cancel_execution,
    compare_executions,
    get_execution,
    get_logs,
    list_executions,
    list_jobs,
    list_tasks,
    run_job,
    wait_execution,
)
from blaxel_mcp.tools.spec import ToolSpec

TOOLS: tuple[ToolSpec, ...] = (
    list_jobs.SPEC,
    list_executions.SPEC,
    get_execution.SPEC,
    compare_executions.SPEC,
    list_tasks.SPEC,
    get_logs.SPEC,
    wait_execution.SPEC,
    run_job.SPEC,
    cancel_execution.SPEC,
)


def select(*, allow_writes: bool) -> Sequence[ToolSpec]:
    """The tools that exist in this mode, in the table's order."""
    return [spec for spec in TOOLS if allow_writes or not spec.writes]
