"""The program: compose what the command needs, run it, and return an exit code.

Nothing else reads the arguments, the environment or the home folder. Each command imports what it needs in its own
branch, because every client window pays for start-up.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import sniffio
from pydantic import SecretStr

from blaxel_mcp import process
from blaxel_mcp.command_line import TOOLS, Command, parse
from blaxel_mcp.errors import ArgumentError, BlaxelMcpError, ConfigurationError, CredentialsError
from blaxel_mcp.imports import import_blocked
from blaxel_mcp.login import ApiKey
from blaxel_mcp.process import ExitCode
from blaxel_mcp.settings import Settings, load, option_for, unknown_variables
from blaxel_mcp.transports.front import Front, front_on_standard_pipes

if TYPE_CHECKING:
    from blaxel_mcp.runtime import Runtime

logger = logging.getLogger(__name__)

_HTTP_ONLY = {f"BLAXEL_MCP_{name}" for name in ("HOST", "PORT", "AUTH", "OAUTH_ISSUER", "PUBLIC_URL")}
"""Variables whose options do nothing over stdio. A variable may be set for several servers of a machine, but whoever
gives the option and forgets --transport would wait in vain for the server to listen."""
_CLOSING_SECONDS = 0.5
"""How long the event loop may take to close after the command is done."""


def main() -> int:
    """Run the program with this process's arguments, and return its exit code."""
    return process.run(lambda: _main(sys.argv[1:]))


def _main(argv: Sequence[str]) -> int:
    """Parse the command line and run its command: here those that need no settings, else in an event loop."""
    try:
        command = parse(argv)
        match command.name:
            case "demo":
                return _run_tour(command)
            case "setup":
                return _run_setup(command)
            case "completion":
                from blaxel_mcp.completion import completion_script

                process.write(completion_script(command.shell))
                return ExitCode.SUCCESS
            case _:
                with _command_settings(command) as settings:
                    return asyncio.run(_run_command(command, settings))
    except ConfigurationError as error:
        return report_error(error)


def _run_tour(command: Command) -> int:
    from blaxel_mcp.demo.tour import run_tour
    from blaxel_mcp.shell import Shell
    from blaxel_mcp.shell_advice import quote_word

    process.end_startup()
    shell = Shell(os.environ, sys.argv[0])
    program, report = " ".join(map(quote_word, shell.program())), shell.report_writer(command)
    path, colours = sys.path, shell.colours()
    return run_tour(sys.executable, path, program=program, write=process.write, colours=colours, report=report)


def _run_setup(command: Command) -> int:
    import shutil
    from datetime import UTC, datetime

    from blaxel_mcp.setup.command import run_setup
    from blaxel_mcp.setup.machine import Machine
    from blaxel_mcp.shell import Shell

    process.end_startup()
    machine = Machine(
        platform=sys.platform,
        user_folder=Path.home(),
        variables=os.environ,
        program=Path(sys.executable),
        which=shutil.which,
        exists=lambda path: Path(path).exists(),
        same_file=lambda path, other: Path(path).samefile(other),
    )
    program = Shell(os.environ, sys.argv[0]).program()
    now = datetime.now(UTC)
    run_setup(command, machine, program=program, login=read_login(), now=now, write=process.write)
    return ExitCode.SUCCESS


async def _run_command(command: Command, settings: Settings) -> int:
    """Run the command; a client that connects over stdio is answered from the beginning."""
    if command.name != "serve" or settings.transport != "stdio":
        return await _compose_and_run(command, settings, None)
    with front_on_standard_pipes(allow_writes=settings.allow_writes) as front:
        return await _compose_and_run(command, settings, front)


async def _compose_and_run(command: Command, settings: Settings, front: Front | None) -> int:
    """Compose the runtime, run the command with it, close it; return the exit code."""

    def load() -> "tuple[Callable[[Runtime], Awaitable[int]], Runtime]":
        # The SDK imports sse_starlette, which does without uvicorn where nothing is served over HTTP.
        with import_blocked("uvicorn") if settings.transport == "stdio" else contextlib.nullcontext():
            from blaxel_mcp.runtime import compose

            run = _import_command(command, front)
        return run, compose(settings, (lambda: None) if command.demo else read_login)

    run, runtime = await front.answer_during(load) if front else load()
    # As anyio.run does it: else anyio and httpcore look for the current task sixty times a call, to tell the library.
    sniffio.current_async_library_cvar.set("asyncio")
    process.end_startup()
    code: int = ExitCode.INTERRUPTED
    try:
        code = await run(runtime)
    except BlaxelMcpError as error:
        code = report_error(error, settings)
    finally:
        await runtime.aclose()
        # asyncio would wait for a look-up of a host name that hangs in a thread.
        asyncio.get_running_loop().call_later(_CLOSING_SECONDS, process.exit_now, code)
    return code


def _import_command(command: Command, front: Front | None) -> "Callable[[Runtime], Awaitable[int]]":
    """Import what the command needs, and return the coroutine function that runs it and gives the exit code."""
    match command.name:
        case "get":
            from blaxel_mcp.shell import Shell, run_get

            return partial(run_get, command, Shell(os.environ, sys.argv[0]))
        case name if name in TOOLS:
            from blaxel_mcp.shell import Shell, run_tool

            return partial(run_tool, command, Shell(os.environ, sys.argv[0]))
        case "doctor":
            return _import_doctor(command)
        case _:
            return _import_server(command, front)


def _import_server(command: Command, front: Front | None) -> "Callable[[Runtime], Awaitable[int]]":
    from blaxel_mcp.runtime import create_server, http_app
    from blaxel_mcp.transports.stdio import serve_stdio

    async def run(runtime: "Runtime") -> int:
        if runtime.settings.transport == "stdio":
            for name in _HTTP_ONLY & command.flags.keys():
                logger.warning("%s counts only with --transport http.", option_for(name))
            return await serve_stdio(create_server(runtime), front)
        from blaxel_mcp.transports.http import serve_http

        return await serve_http(http_app(runtime), runtime.settings, runtime.upstream.abort_in_flight)

    return run


def _import_doctor(command: Command) -> "Callable[[Runtime], Awaitable[int]]":
    from blaxel_mcp.doctor import examine

    async def run(runtime: "Runtime") -> int:
        failure = await examine(runtime.app, runtime.settings, write=process.write, demo=command.demo)
        return ExitCode.SUCCESS if failure is None else exit_code(failure, runtime.settings)

    return run


def report_error(error: BlaxelMcpError, settings: Settings | None = None) -> ExitCode:
    """Print the error on standard error, and return the exit code that goes with it."""
    one_problem = isinstance(error, ConfigurationError) and len(error.problems) == 1
    text = str(error).replace("\n", " ") if one_problem else str(error)
    sys.stderr.write(f"blaxel-mcp: {chr(10).join(map(process.printable_line, text.split(chr(10))))}\n")
    return exit_code(error, settings)


def exit_code(error: BlaxelMcpError, settings: Settings | None = None) -> ExitCode:
    """Tell an answer of the API from wrong usage; a credentials error is either: refused by the API, or missing."""
    if isinstance(error, CredentialsError) and settings is not None:
        incomplete = settings.credential is None or settings.workspace is None
        return ExitCode.USAGE_ERROR if incomplete else ExitCode.API_ERROR
    return ExitCode.USAGE_ERROR if isinstance(error, ConfigurationError | ArgumentError) else ExitCode.API_ERROR


@contextlib.contextmanager
def _command_settings(command: Command) -> Iterator[Settings]:
    """Load the settings of a command; with --demo for an embedded control plane, whatever account is configured."""
    if not command.demo:
        yield _load_settings(command.flags, os.environ, read_login(), quiet=command.quiet)
        return
    from blaxel_mcp.demo import control_plane, script

    with control_plane.serve(control_plane.build_app()) as url:
        account = {"BL_API_URL": url, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}
        ours = {name: value for name, value in os.environ.items() if not name.startswith("BL_") or name == "BL_NAME"}
        settings = _load_settings(command.flags, ours | account, None, quiet=command.quiet)
        key = ApiKey("--demo", SecretStr(script.API_KEY))  # not from the variables that doctor would name
        yield settings.model_copy(update={"api_key": key, "workspace_from": "--demo", "api_url_from": "--demo"})


def environment_settings() -> Settings:
    """Load the settings of a server without a command line (`blaxel_mcp.asgi`): over HTTP, unless they say SSE.

    Raises:
        ConfigurationError: one line for each setting that is wrong.
    """
    settings = _load_settings({}, os.environ, read_login())
    return settings.model_copy(update={"transport": "streamable-http"}) if settings.transport == "stdio" else settings


def _load_settings(
    flags: Mapping[str, str], env: Mapping[str, str], login: str | None, *, quiet: bool = False
) -> Settings:
    """Load settings, set logging up as they say, and warn of variables that look misspelt; quiet logs errors alone."""
    settings = load(flags, env, login)
    process.configure_logging("ERROR" if quiet else settings.log_level)
    for warning in unknown_variables(env):
        logger.warning(warning)
    return settings


def read_login() -> str | None:
    """Read the file that `bl login` writes; None if there is none or it is not text."""
    try:
        return (Path.home() / ".blaxel" / "config.yaml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None
