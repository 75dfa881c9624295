"""The command line, and the one place where everything is put together.

Nothing else reads the arguments, the environment or the home folder. `parse` decides, `main` does. What a branch
does not need it does not import: every client window pays for start-up.
"""

import argparse
import asyncio
import contextlib
import gc
import io
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from blaxel_mcp import __version__
from blaxel_mcp.errors import ArgumentError, BlaxelMcpError, ConfigurationError, CredentialsError
from blaxel_mcp.settings import HOSTED_NAMES, Settings, load, option_for, unknown_variables

if TYPE_CHECKING:
    from blaxel_mcp.runtime import Runtime


DONE, API_SAID_NO, BAD_USAGE, ENDED_OTHERWISE = range(4)
INTERRUPTED = 130
_DESCRIPTION = """\
MCP server that answers questions about Blaxel batch jobs: is it done, why did it fail, when will it finish.
Without a command it serves MCP over stdio."""
_OVER_HTTP = {f"BLAXEL_MCP_{name}" for name in ("HOST", "PORT", "AUTH", "OAUTH_ISSUER", "PUBLIC_URL")}
"""Options that say nothing over stdio. As variables they may be set for several servers; on the command line they are
meant, and whoever gives one without the other waits in vain for somebody to listen."""
_LAST_SECONDS = 0.5
"""Between the end of the work and the end of the process, for what cannot be told to stop."""
_EXIT_CODES = """\
exit codes: 0 done (also get of a failed execution), 1 the API said no, 2 bad usage or configuration,
3 get --watch of an execution that ended otherwise than succeeded"""


@dataclass(frozen=True, slots=True)
class Command:
    """What was asked for. `flags` are settings by variable name, as `settings.load` takes them."""

    name: str
    flags: Mapping[str, str]
    demo: bool = False
    job: str = ""
    execution: str = ""
    as_json: bool = False
    watch: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError([message[:1].upper() + message[1:] + "."])


def build_parser() -> argparse.ArgumentParser:
    """Every command and option; the variables' table at its end is made from `Settings`."""
    parser = _Parser(
        prog="blaxel-mcp",
        description=_DESCRIPTION,
        epilog=f"{_variables()}\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"blaxel-mcp {__version__}")
    parser.add_argument(
        "--transport",
        dest="BLAXEL_MCP_TRANSPORT",
        metavar="NAME",
        help="stdio (default), sse or streamable-http (http)",
    )
    parser.add_argument("--host", dest="BLAXEL_MCP_HOST", metavar="ADDRESS", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", dest="BLAXEL_MCP_PORT", metavar="NUMBER", help="port to listen on (8000)")
    parser.add_argument(
        "--auth", dest="BLAXEL_MCP_AUTH", metavar="WHO", help="who guards HTTP: token (default), per-request, gateway"
    )
    parser.add_argument(
        "--oauth-issuer",
        dest="BLAXEL_MCP_OAUTH_ISSUER",
        metavar="URL",
        help="accept this authorization server's access tokens over HTTP",
    )
    parser.add_argument(
        "--public-url", dest="BLAXEL_MCP_PUBLIC_URL", metavar="URL", help="address at which HTTP clients reach this"
    )
    parser.add_argument(
        "--max-requests",
        dest="BLAXEL_MCP_MAX_REQUESTS",
        metavar="NUMBER",
        help="requests under way at once (2000); over HTTP more are answered 503",
    )
    parser.add_argument(
        "--max-streams",
        dest="BLAXEL_MCP_MAX_STREAMS",
        metavar="NUMBER",
        help="event streams open at once over HTTP (1000)",
    )
    parser.add_argument(
        "--request-log",
        dest="BLAXEL_MCP_REQUEST_LOG",
        action="store_const",
        const="true",
        help="a line of JSON on stderr for each request",
    )
    parser.add_argument(
        "--metrics",
        dest="BLAXEL_MCP_METRICS",
        action="store_const",
        const="true",
        help="serve Prometheus metrics at /metrics over HTTP",
    )
    parser.add_argument(
        "--allow-writes",
        dest="BLAXEL_MCP_ALLOW_WRITES",
        action="store_const",
        const="true",
        help="add the tools that change something",
    )
    demo = "use an embedded control plane instead of Blaxel, without an account"
    parser.add_argument("--demo", action="store_true", help=demo)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    get = commands.add_parser("get", help="print the summary of an execution", allow_abbrev=False)
    get.add_argument("job", metavar="JOB", help="name of the job")
    get.add_argument("execution", metavar="EXECUTION", help='id of the execution, or "latest"')
    get.add_argument("--json", dest="as_json", action="store_true", help="print the tool's structured result")
    get.add_argument("--watch", action="store_true", help="follow until it is done")
    commands.add_parser("demo", help="see four answers without an account", allow_abbrev=False)
    doctor = commands.add_parser(
        "doctor", help="say which credentials are used and whether a call works", allow_abbrev=False
    )
    for command in (get, doctor):  # after the command too; without a default, which would undo the one before it
        command.add_argument("--demo", action="store_true", default=argparse.SUPPRESS, help=demo)
    return parser


def _variables() -> str:
    rows = [(field.alias, field.description or "") for field in Settings.model_fields.values() if field.alias]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {description}" for name, description in rows]
    hosted = " and ".join(HOSTED_NAMES.values())
    lines.append(f"  {hosted} count only on Blaxel's hosting, where BL_NAME is set")
    return "environment variables (options win; blanks and a literal ${...} count as unset):\n" + "\n".join(lines)


def parse(argv: Sequence[str]) -> Command:
    """What the arguments ask for.

    Raises:
        ConfigurationError: they ask for nothing known.
        SystemExit: after --help or --version, which argparse prints.
    """
    given = vars(build_parser().parse_args(argv))
    name = given.pop("command") or "serve"
    rest = {key: given.pop(key) for key in ("demo", "job", "execution", "as_json", "watch") if key in given}
    return Command(name, {key: value for key, value in given.items() if value is not None}, **rest)


def main() -> int:
    """The program; answers its exit code."""
    code = _run(sys.argv[1:])
    _flush()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        _leave(code)  # the interpreter would wait for the SDK's read of standard input
    return code


def _run(argv: Sequence[str]) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # whatever a job's messages are written in
    try:
        command = parse(argv)
        if command.name == "demo":
            from blaxel_mcp.demo.tour import run_tour  # noqa: PLC0415 - imports an MCP client

            return run_tour(sys.executable, sys.path, write=_write, colours=_wants_colours(os.environ))
        with _settings(command) as settings:
            return asyncio.run(_carry_out(command, settings))
    except ConfigurationError as error:
        return fail(error)
    except SystemExit as ended:  # argparse, after --help or --version
        return ended.code if isinstance(ended.code, int) else DONE
    except BrokenPipeError:  # as with `| head`
        return DONE


def _flush() -> None:
    """Write what is left; where the reader has gone there is nobody to say anything to, and no error either."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _wants_colours(env: Mapping[str, str]) -> bool:
    return sys.stdout.isatty() and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def fail(error: BlaxelMcpError, settings: Settings | None = None) -> int:
    """Say what went wrong; answers the exit code."""
    one_problem = isinstance(error, ConfigurationError) and len(error.problems) == 1
    sys.stderr.write(f"blaxel-mcp: {str(error).replace(chr(10), ' ') if one_problem else error}\n")
    return exit_code(error, settings)


def exit_code(error: BlaxelMcpError, settings: Settings | None = None) -> int:
    """Whether something was said no to, or was not even asked. Credentials can be either: missing, or refused."""
    if isinstance(error, CredentialsError) and settings is not None:
        return BAD_USAGE if settings.credential is None or settings.workspace is None else API_SAID_NO
    return BAD_USAGE if isinstance(error, ConfigurationError | ArgumentError) else API_SAID_NO


@contextlib.contextmanager
def _settings(command: Command) -> Iterator[Settings]:
    """From the arguments, the environment and the login; with --demo from the embedded control plane, and only that."""
    if not command.demo:
        yield load(command.flags, os.environ, read_login())
        return
    from blaxel_mcp.demo import control_plane, script  # noqa: PLC0415 - a web server that only the demo needs

    with control_plane.serve(control_plane.build_app()) as url:
        blaxel = {"BL_API_URL": url, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}
        ours = {name: value for name, value in os.environ.items() if not name.startswith("BL_") or name == "BL_NAME"}
        yield load(command.flags, ours | blaxel, None)


def environment_settings() -> Settings:
    """From the environment and the login, for who has no arguments to give; over HTTP unless that says otherwise.

    Raises:
        ConfigurationError: one line for each setting that is wrong.
    """
    settings = load({}, os.environ, read_login())
    if settings.transport != "stdio":
        return settings
    return load({"BLAXEL_MCP_TRANSPORT": "streamable-http"}, os.environ, read_login())


def read_login() -> str | None:
    """The file that `bl login` writes, if there is one that can be read."""
    try:
        return (Path.home() / ".blaxel" / "config.yaml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None


def _configure_logging(level: str) -> None:
    logging.raiseExceptions = False  # a client that closes stderr must not make the server spin
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("sse_starlette").setLevel(logging.INFO)  # its debug lines are whole answers, and sessions' ids


@contextlib.contextmanager
def prepare(settings: Settings) -> Iterator[None]:
    """Around the imports and the making of everything, so that the collector of garbage does not look through them.

    What start-up makes stays for good: looking through it again and again costs a tenth of a second, and one execution
    of a thousand tasks is a hundred thousand objects more.
    """
    _configure_logging(settings.log_level)
    for line in unknown_variables(os.environ):
        logging.getLogger(__name__).warning(line)
    gc.disable()
    yield
    gc.enable()
    gc.freeze()
    # The first two are high for the same reason. The last is low: with a thousand requests under way, those that are
    # looked at twice count as old, and what they leave behind, once they are done, would stay for a million requests.
    gc.set_threshold(50_000, 20, 3)


async def _carry_out(command: Command, settings: Settings) -> int:
    """Put together what every command works with, and let this one use it; answers the exit code."""
    with prepare(settings):
        from blaxel_mcp.runtime import compose  # noqa: PLC0415 - not needed for --help

        work = _work(command)
        parts = compose(settings, (lambda: None) if command.demo else read_login)
    code = INTERRUPTED
    try:
        code = await work(parts)
    except BlaxelMcpError as error:
        code = fail(error, settings)
    finally:
        await parts.aclose()
        # asyncio would wait for a look-up of a host name that hangs in a thread.
        asyncio.get_running_loop().call_later(_LAST_SECONDS, _leave, code)
    return code


def _leave(code: int) -> None:
    """End here and now, without waiting for threads."""
    _flush()
    os._exit(code)


def _work(command: Command) -> "Callable[[Runtime], Awaitable[int]]":
    """What the command does, with its imports made."""
    if command.name == "get":
        from blaxel_mcp.get import get  # noqa: PLC0415 - each command's own

        async def work(parts: "Runtime") -> int:
            asked = (command.job, command.execution)
            last = await get(parts.app, *asked, as_json=command.as_json, watch=command.watch, write=_write)
            return ENDED_OTHERWISE if command.watch and last["outcome"] != "succeeded" else DONE

    elif command.name == "doctor":
        from blaxel_mcp.doctor import examine  # noqa: PLC0415

        async def work(parts: "Runtime") -> int:
            failure = await examine(parts.app, parts.settings, write=_write)
            return DONE if failure is None else exit_code(failure, parts.settings)

    else:
        from blaxel_mcp.runtime import build, http_app  # noqa: PLC0415
        from blaxel_mcp.transports.stdio import serve_stdio  # noqa: PLC0415

        async def work(parts: "Runtime") -> int:
            if parts.settings.transport == "stdio":
                for name in _OVER_HTTP & command.flags.keys():
                    logging.getLogger(__name__).warning("%s counts only with --transport http.", option_for(name))
                return await serve_stdio(build(parts))
            from blaxel_mcp.transports.http import serve_http  # noqa: PLC0415 - not for stdio

            return await serve_http(http_app(parts), parts.settings, parts.upstream.abort_in_flight)

    return work
