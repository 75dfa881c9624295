"""`blaxel-mcp demo`: four questions, each with the tool call and the answer as an assistant would see them.

It launches the real server over stdio with the embedded control plane behind it, and calls it through the SDK's
client: what is printed is what came over the pipe.
"""

import asyncio
import json
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.extension import advertise
from mcp_types import CallToolResult, TextContent

from blaxel_mcp.demo.script import SHOWN

_CALLS = [(question, {"jobId": job, "executionId": execution}) for question, job, execution in SHOWN]
_WIDTH = 100
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def run_tour(
    python: str,
    path: Sequence[str],
    *,
    program: str,
    write: Callable[[str], None],
    colours: bool,
    report: Callable[[Sequence[Mapping[str, Any]]], None] | None = None,
) -> int:
    """Run the tour with this interpreter and module search path; returns the exit code.

    `program` starts the program in the shell that it was started in: the last line is a command that can be pasted.
    With `report`, the executions are also asked for as pages draw them, and it is handed what came.
    """

    def styled(style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if colours else text

    # The same path and not the working directory's modules (-P): the program may not be installed, or started from
    # a folder with an `mcp.py`. Nothing else of the environment is passed on by the SDK but PATH, HOME and the like.
    server = StdioServerParameters(
        command=python, args=["-P", "-m", "blaxel_mcp", "--demo"], env={"PYTHONPATH": os.pathsep.join(path)}
    )
    write("Four questions to a demo workspace; no account is used and nothing leaves this machine.\n")
    answers, views = asyncio.run(_ask(server, views=report is not None))
    for (question, call), result in zip(_CALLS, answers, strict=True):
        answer = "".join(block.text for block in result.content if isinstance(block, TextContent))
        write(f"\n{styled(_BOLD, question)}\n")
        write(styled(_DIM, f"  get_job_execution {json.dumps(call)}") + "\n")
        write(textwrap.fill(answer, _WIDTH, initial_indent="  ", subsequent_indent="  ") + "\n")
        if result.is_error:
            return 1
    if report:
        report([view.structured_content or {} for view in views])
    _, asked = _CALLS[1]
    write(f"\nAn assistant has these answers from the server: {program} --demo\n")
    write(f"About your own jobs, after `bl login` or with a key: {program}\n")
    write("The second question in this shell:\n\n")
    write(f"{program} get {asked['jobId']} {asked['executionId']} --demo\n")
    return 0


async def _ask(
    server: StdioServerParameters, *, views: bool
) -> tuple[Sequence[CallToolResult], Sequence[CallToolResult]]:
    """What the server answers, and the views of the same executions if they are wanted."""
    # As a host that draws pages: the tool is listed for nobody else.
    extensions = (
        [advertise("io.modelcontextprotocol/ui", {"mimeTypes": ["text/html;profile=mcp-app"]})] if views else []
    )
    async with Client(server, extensions=extensions) as client:
        answers = [await client.call_tool("get_job_execution", call) for _, call in _CALLS]
        return answers, [await client.call_tool("get_job_execution_view", call) for _, call in _CALLS if views]
