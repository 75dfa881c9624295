"""`blaxel-mcp doctor`: what is configured, where it was found, and whether a call works. Never a value of a secret."""

import platform
import sys
from collections.abc import Callable
from importlib.metadata import version

from blaxel_mcp import __version__
from blaxel_mcp.api.jobs import list_jobs
from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.settings import Settings
from blaxel_mcp.tools.context import AppContext


async def examine(
    app: AppContext, settings: Settings, *, write: Callable[[str], None], demo: bool = False
) -> BlaxelMcpError | None:
    """Print what is configured and make a call; return the call's error, or `None` if it worked.

    With `demo`, the settings are those of the embedded control plane, which is said instead of whose they are.
    """
    credential, workspace = settings.credential, settings.workspace
    kind = credential.kind.replace("_", " ").replace("api", "API") if credential else ""
    lines = [
        ("version", f"blaxel-mcp {__version__}, mcp {version('mcp')}, Python {platform.python_version()}"),
        ("program", sys.executable),
        ("credential", f"{kind}, from {credential.source}" if credential else "none found"),
        ("workspace", f"{workspace}, from {settings.workspace_from}" if workspace else "none found"),
        ("API", f"{settings.api_url}, from {settings.api_url_from}; version {settings.api_version}"),
    ]
    if demo:
        lines[2:] = [
            ("credential", "the demo's own (--demo): no account is used"),
            ("workspace", f"{workspace}, the demo's"),
            ("API", f"the demo's control plane, inside this process: {settings.api_url}"),
        ]
    if settings.login_problem:
        lines.append(("login", settings.login_problem))
    failure = None
    try:
        jobs = (await app.new_session({}).send(list_jobs(limit=1))).items
    except BlaxelMcpError as error:
        lines.append(("call", f"failed. {error}"))
        failure = error
    else:
        lines.append(("call", "works" if jobs else "works; the workspace has no jobs"))
    write("".join(f"{name:<11}{text}\n" for name, text in lines))
    return failure
