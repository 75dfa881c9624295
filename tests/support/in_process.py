"""The HTTP server in a thread of the tests: for what is asked over a real socket, but needs no process of its own.

Everything is as in a process, from the command line's arguments to uvicorn with our protocol; what is missing is what
belongs to a process: signals, standard error, logging, exit codes and the interpreter's start, which takes a second.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping

import uvicorn

from blaxel_mcp.command_line import parse
from blaxel_mcp.demo import control_plane
from blaxel_mcp.runtime import compose, http_app
from blaxel_mcp.settings import load
from blaxel_mcp.transports.deadlines import DeadlineProtocol
from blaxel_mcp.transports.http import listen
from support.program import PATIENCE, account


@contextlib.contextmanager
def serving(*arguments: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve as `blaxel-mcp --transport http` with these arguments and variables would, and yield the base URL.

    Args:
        arguments: Those of the command line; `--port` counts if it is given, else a free one is taken.
        env: All variables there are; those of this process do not count.
    """
    command = parse(["--transport", "http", *arguments])
    with contextlib.ExitStack() as stack:
        variables = dict(env or {})
        if command.demo:
            variables |= account(stack.enter_context(control_plane.serve(control_plane.build_app())))
        settings = load({"BLAXEL_MCP_PORT": "0"} | dict(command.flags), variables, None)
        runtime = compose(settings, lambda: None)
        listening = stack.enter_context(contextlib.closing(listen("127.0.0.1", settings.port)))
        config = uvicorn.Config(
            http_app(runtime),
            http=DeadlineProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)

        async def serve() -> None:
            try:
                await server.serve(sockets=[listening])
            finally:
                await runtime.aclose()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="blaxel-mcp")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
