"""The least that an MCP server of this tool is with the `mcp` SDK: one GET, whose JSON is the answer.

Takes `--http PORT` to serve Streamable HTTP on loopback, else standard input and output.
"""

import os
import sys

# The SDK logs with Rich where that is installed, and is slower. A stock server would not have it: blaxel-mcp, in whose
# environment this runs, brings it for terminals.
sys.modules["rich"] = None  # type: ignore[assignment]

import httpx  # noqa: E402
from mcp.server import MCPServer  # noqa: E402

server = MCPServer("stock")
client = httpx.AsyncClient(
    base_url=os.environ["BL_API_URL"],
    headers={"Authorization": f"Bearer {os.environ['BL_API_KEY']}", "X-Blaxel-Workspace": os.environ["BL_WORKSPACE"]},
)


@server.tool()
async def get_job_execution(jobId: str, executionId: str) -> dict[str, object]:  # noqa: N803 - the API's own names
    """Get one execution of a batch job."""
    response = await client.get(f"/jobs/{jobId}/executions/{executionId}")
    response.raise_for_status()
    answer: dict[str, object] = response.json()
    return answer


if __name__ == "__main__":
    if "--http" in sys.argv:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[-1]))
    else:
        server.run("stdio")
