"""The machine that a client is set up on, as values, and where its files and this program are on it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class Machine:
    """What a client's configuration depends on. `platform` is `sys.platform`, `program` the interpreter that runs."""

    platform: str
    user_folder: PurePath
    variables: Mapping[str, str]
    program: PurePath
    which: Callable[[str], str | None]
    exists: Callable[[PurePath], bool]
    same_file: Callable[[PurePath, PurePath], bool]

    @property
    def windows(self) -> bool:
        """Whether this is Windows."""
        return self.platform == "win32"

    @property
    def app_folder(self) -> PurePath:
        """Where programs with windows keep the settings of a user."""
        if self.windows:
            return self._folder("APPDATA", self.user_folder / "AppData" / "Roaming")
        if self.platform == "darwin":
            return self.user_folder / "Library" / "Application Support"
        return self.config_folder

    @property
    def config_folder(self) -> PurePath:
        """Where programs of the command line keep the settings of a user, on macOS too."""
        return self._folder("XDG_CONFIG_HOME", self.user_folder / ".config")

    def own_folder(self, variable: str, name: str) -> PurePath:
        """The folder of one client: what its variable says, else this name in the user's folder."""
        return self._folder(variable, self.user_folder / name)

    def _folder(self, variable: str, default: PurePath) -> PurePath:
        given = self.variables.get(variable, "").strip()
        return type(self.user_folder)(given) if given else default


@dataclass(frozen=True, slots=True)
class Launch:
    """How a client starts this program: a command and its arguments."""

    command: str
    args: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The command and its arguments."""
        return (self.command, *self.args)

    def with_arguments(self, *more: str) -> "Launch":
        """The same with further arguments."""
        return Launch(self.command, (*self.args, *more))


PUBLISHED = Launch("uvx", ("blaxel-mcp",))
"""The program from the package index."""
_TEMPORARY = {"archive-v0", "environments-v2", "builds-v0"}
"""Folders of uv's cache that hold the environments of `uvx`, which `uv cache prune` may delete."""


def find_launch(machine: Machine) -> Launch:
    """Say how to start the program that is running, by an absolute path, since clients with windows have a short PATH.

    Run by `uvx`: by `uvx` again. Else the script that was installed beside the interpreter, by the link to it on the
    PATH if there is one, which outlives updates. Without a script: the interpreter.
    """
    if _TEMPORARY & {*machine.program.parts} and (uvx := _find_uvx(machine)):
        return Launch(uvx, PUBLISHED.args)
    script = machine.program.with_name("blaxel-mcp.exe" if machine.windows else "blaxel-mcp")
    if not machine.exists(script):
        return Launch(str(machine.program), ("-m", "blaxel_mcp"))
    linked = machine.which("blaxel-mcp")
    if linked and machine.same_file(type(script)(linked), script):
        return Launch(linked)
    return Launch(str(script))


def _find_uvx(machine: Machine) -> str | None:
    """The absolute path of uvx: beside the uv that has started this program, which says so, or on the PATH."""
    if uv := machine.variables.get("UV"):
        beside = type(machine.program)(uv).with_name("uvx.exe" if machine.windows else "uvx")
        if machine.exists(beside):
            return str(beside)
    return machine.which("uvx")
