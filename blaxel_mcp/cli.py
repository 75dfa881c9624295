"""The command line, and the one place where everything is put together.

Nothing else reads the arguments, the environment or the home folder. `parse` decides, `main` does. What a branch
does not need it does not import: every client window pays for start-up.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from blaxel_mcp import __version__
from blaxel_mcp.config import HOSTED_NAMES, Settings, load
from blaxel_mcp.errors import BlaxelMcpError, ConfigurationError

if TYPE_CHECKING:
    from blaxel_mcp.tools.spec import ToolState

DONE, API_SAID_NO, BAD_USAGE, ENDED_OTHERWISE = range(4)
_DESCRIPTION = """\
MCP server that answers questions about Blaxel batch jobs: is it done, why did it fail, when will it finish.
Without a command it serves MCP over stdio."""
_EXIT_CODES = """\
exit codes: 0 done (also get of a failed execution), 1 the API said no, 2 bad usage or configuration,
3 get --watch of an execution that ended otherwise than succeeded"""


@dataclass(frozen=True, slots=True)
class Command:
    """What was asked for. `flags` are settings by variable name, as `config.load` takes them."""

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
    parser.add_argument("--auth", dest="BLAXEL_MCP_AUTH", metavar="WHO", help="who guards HTTP: token (default)")
    parser.add_argument(
        "--allow-writes",
        dest="BLAXEL_MCP_ALLOW_WRITES",
        action="store_const",
        const="true",
        help="add the tools that change something (there are none yet)",
    )
    parser.add_argument("--demo", action="store_true", help="serve from an embedded control plane, without an account")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    get = commands.add_parser("get", help="print the summary of an execution", allow_abbrev=False)
    get.add_argument("job", metavar="JOB", help="name of the job")
    get.add_argument("execution", metavar="EXECUTION", help='id of the execution, or "latest"')
    get.add_argument("--json", dest="as_json", action="store_true", help="print the tool's structured result")
    get.add_argument("--watch", action="store_true", help="follow until it is done")
    commands.add_parser("demo", help="see four answers without an account", allow_abbrev=False)
    commands.add_parser("doctor", help="say which credentials are used and whether a call works", allow_abbrev=False)
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
    try:
        command = parse(sys.argv[1:])
        if command.name == "demo":
            from blaxel_mcp.demo.tour import run_tour  # noqa: PLC0415

            return run_tour(
                [sys.executable, "-m", "blaxel_mcp", "--demo"], write=_write, colours=_wants_colours(os.environ)
            )
        with _settings(command) as settings:
            _configure_logging(settings.log_level)
            return _run(command, settings)
    except BlaxelMcpError as error:
        sys.stderr.write(f"blaxel-mcp: {error}\n")
        bad_usage = isinstance(error, ConfigurationError)
        return BAD_USAGE if bad_usage else API_SAID_NO
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone, as with `| head`: nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _wants_colours(env: Mapping[str, str]) -> bool:
    return sys.stdout.isatty() and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


@contextlib.contextmanager
def _settings(command: Command) -> Iterator[Settings]:
    """From the arguments, the environment and the login; with --demo from the embedded control plane, and only that."""
    if not command.demo:
        yield load(command.flags, os.environ, read_login())
        return
    from blaxel_mcp.demo import control_plane, script  # noqa: PLC0415

    with control_plane.serve(control_plane.build_app()) as url:
        blaxel = {"BL_API_URL": url, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}
        ours = {name: value for name, value in os.environ.items() if not name.startswith("BL_")}
        yield load({**command.flags, **blaxel}, ours, None)


def read_login() -> str | None:
    """The file that `bl login` writes, if there is one that can be read."""
    try:
        return (Path.home() / ".blaxel" / "config.yaml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None


def _configure_logging(level: str) -> None:
    logging.raiseExceptions = False  # a client that closes stderr must not make the server spin
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


def _run(command: Command, settings: Settings) -> int:
    gc.disable()  # what start-up makes stays for good: looking through it again and again costs a tenth of a second
    runner = _runner(command, settings)
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # one execution of a thousand tasks is a hundred thousand objects
    return asyncio.run(runner())


def _runner(command: Command, settings: Settings) -> Callable[[], Coroutine[None, None, int]]:
    """The imports that the command needs, and the coroutine function that carries it out."""
    from blaxel_mcp.api.client import BlaxelClient, CertificateSource  # noqa: PLC0415
    from blaxel_mcp.auth import BlaxelAuth  # noqa: PLC0415
    from blaxel_mcp.tools.spec import ToolState  # noqa: PLC0415

    work = _work(command, settings)

    async def run() -> int:
        auth = BlaxelAuth.from_settings(settings, (lambda: None) if command.demo else read_login)
        client = BlaxelClient(
            api_url=settings.api_url,
            api_version=settings.api_version,
            auth=auth,
            timeout=settings.timeout,
            certificates=CertificateSource(settings.ssl_cert_file, settings.ssl_cert_dir),
        )
        state = ToolState(client, lambda: datetime.now(UTC), settings.raw, settings.raw_limit)
        try:
            return await work(state)
        finally:
            await client.aclose()

    return run


def _work(command: Command, settings: Settings) -> Callable[["ToolState"], Coroutine[None, None, int]]:
    if command.name == "get":
        from blaxel_mcp.get import get  # noqa: PLC0415

        return lambda state: get(
            state, command.job, command.execution, as_json=command.as_json, watch=command.watch, write=_write
        )
    if command.name == "doctor":
        from blaxel_mcp.doctor import examine  # noqa: PLC0415

        return lambda state: examine(state, settings, write=_write)
    from blaxel_mcp.server import build_server  # noqa: PLC0415
    from blaxel_mcp.tools import select  # noqa: PLC0415
    from blaxel_mcp.transports import serve_http, serve_stdio  # noqa: PLC0415

    def serve(state: "ToolState") -> Coroutine[None, None, int]:
        server = build_server(state, select(allow_writes=settings.allow_writes))
        if settings.transport == "stdio":
            return serve_stdio(server)
        return serve_http(server, settings)

    return serve
