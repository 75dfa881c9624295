"""`blaxel-mcp demo`: four questions, each with the tool call and the answer as an assistant would see them.

Starts the program by command line as a client would, with the embedded control plane behind it, and talks to it
through the SDK's client. Nothing is staged: what is printed is what came over the pipe.
"""

import asyncio
import json
import textwrap
from collections.abc import Callable, Sequence

from mcp import Client, StdioServerParameters
from mcp_types import TextContent

from blaxel_mcp.demo.script import SHOWN

_WIDTH = 100
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def run_tour(command: Sequence[str], *, write: Callable[[str], None], colours: bool) -> int:
    """Run it; answers the exit code. `command` starts the server over stdio with the demo behind it."""
    return asyncio.run(_tour(command, write, colours=colours))


async def _tour(command: Sequence[str], write: Callable[[str], None], *, colours: bool) -> int:
    def styled(style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if colours else text

    program, *arguments = command
    write("Four questions to a demo workspace; no account is used and nothing leaves this machine.\n")
    async with Client(StdioServerParameters(command=program, args=arguments)) as client:
        for question, job, execution in SHOWN:
            call = {"jobId": job, "executionId": execution}
            result = await client.call_tool("get_job_execution", call)
            answer = "".join(block.text for block in result.content if isinstance(block, TextContent))
            write(f"\n{styled(_BOLD, question)}\n")
            write(styled(_DIM, f"  get_job_execution {json.dumps(call)}") + "\n")
            write(textwrap.fill(answer, _WIDTH, initial_indent="  ", subsequent_indent="  ") + "\n")
            if result.is_error:
                return 1
    write(
        "\nThe same over MCP: blaxel-mcp --demo, or with a Blaxel login: blaxel-mcp. "
        "From a shell: blaxel-mcp get JOB EXECUTION.\n"
    )
    return 0
