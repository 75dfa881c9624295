"""`--html FILE` and `--open`: executions as a page that needs nothing but a browser."""

import sys
import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from blaxel_mcp import __version__
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.summary.view import ExecutionView
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.view_execution import view_for
from blaxel_mcp.ui import report

_DESKTOPS = ("DISPLAY", "WAYLAND_DISPLAY")
"""Variables that tell of a desktop on systems that may be without one."""


async def fetch_view(app: AppContext, job: str, execution: str) -> ExecutionView:
    """Get what a report shows.

    Raises:
        BlaxelMcpError: the execution can't be had.
    """
    session = app.new_session({})
    found = await find_execution(session, job, execution, app.clock(), history=app.lookups)
    return await view_for(session, app, found)


class ReportWriter:
    """Writes views into a file as a page, opens it if that is wanted, and says on standard error where it is.

    Args:
        name: the file's name; None for a file in a new folder for temporary ones.
        desktop: the environment's variables, which tell of a desktop; None if the page is not to be opened.
        quiet: whether to say nothing but that the page could not be opened.

    Raises:
        ConfigurationError: the file can't be written, as far as that can be told before anything is asked.
    """

    def __init__(self, name: str | None, desktop: Mapping[str, str] | None, *, quiet: bool = False) -> None:
        self._path = None if name is None else Path(name)
        self._quiet = quiet
        self._desktop = desktop
        if self._path is None:
            return
        try:
            writable = self._path.is_file() or (self._path.parent.is_dir() and not self._path.exists())
        except OSError as error:  # a name that is too long
            raise _unwritable(self._path, error) from None
        if not writable:
            raise ConfigurationError([f"--html needs the name of a file in a folder that exists, not {name!r}."])

    def __call__(self, views: Sequence[ExecutionView | Mapping[str, Any]]) -> None:
        """Write the page, in place of what is in the file.

        Raises:
            ConfigurationError: it can't be written.
        """
        path = self._path or Path(tempfile.mkdtemp(prefix="blaxel-mcp-"), "execution.html")
        try:
            path.write_text(report({"views": views, "version": __version__}), encoding="utf-8")
        except OSError as error:
            raise _unwritable(path, error) from None
        missing = self._desktop is not None and not _open(path, self._desktop)
        if self._quiet and not missing:
            return
        # Not on standard output, which may be JSON.
        sys.stderr.write(f"The page is in {path}{'; no browser could be opened' if missing else ''}.\n")


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError([f"--html {str(path)!r} can't be written: {error.strerror}."])


def _open(path: Path, desktop: Mapping[str, str]) -> bool:
    """Open the page; without a desktop nothing is tried, since some systems would start a browser for terminals."""
    if sys.platform not in {"darwin", "win32"} and not any(desktop.get(name) for name in _DESKTOPS):
        return False
    return webbrowser.open(path.resolve().as_uri())
