"""`blaxel://jobs/{jobId}/executions/{executionId}`: the whole raw JSON of an execution, for clients and people."""

import json

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from blaxel_mcp.errors import BlaxelMcpError, NotFoundError
from blaxel_mcp.summary.raw import mask_overrides
from blaxel_mcp.tools.get_execution import fetch
from blaxel_mcp.tools.results import error_text
from blaxel_mcp.tools.spec import ToolState, state_of

EXECUTION = "blaxel://jobs/{jobId}/executions/{executionId}"


async def read_execution(jobId: str, executionId: str, ctx: Context[ToolState]) -> str:  # noqa: N803 - the template's names
    """Everything that Blaxel says about one execution, as it says it; overridden environment values are masked."""
    state = state_of(ctx)
    try:
        fetched, _, _ = await fetch(state.client.session(), jobId, executionId, state.clock())
    except NotFoundError as error:
        raise ResourceNotFoundError(error_text(error)) from None
    except BlaxelMcpError as error:
        raise ResourceError(error_text(error)) from None
    return json.dumps(mask_overrides(fetched.raw), ensure_ascii=False, separators=(",", ":"))


def add_resources(server: MCPServer[ToolState]) -> None:
    """Register the template."""
    server.resource(
        EXECUTION,
        name="job_execution",
        title="Job execution, raw JSON",
        description='The API\'s whole answer about one execution; "latest" is taken too.',
        mime_type="application/json",
    )(read_execution)
