"""A program that is held at one of its imports, until a test lets it go on."""

import os
import sys
from pathlib import Path


class Gate:
    """Holds programs that are run by its command, with its environment.

    Args:
        path: where its named pipe is made.
        module: the module at whose import a program waits.
        before: Python that is run before the program.

    Attributes:
        command: for `Program`.
        env: likewise.
    """

    def __init__(self, path: Path, module: str, before: str = "") -> None:
        self._path = path
        os.mkfifo(path)
        self.env = {"GATE": str(path)}
        self.command = (sys.executable, "-c", _PROGRAM.format(module=module, before=before))

    def open(self) -> None:
        """Let the program go on."""
        self._path.open("w").close()


_PROGRAM = """
import os, sys
class Finder:
    def find_spec(name, *_):
        if name == {module!r}:
            sys.meta_path.remove(Finder)
            open(os.environ["GATE"]).close()
sys.meta_path.insert(0, Finder)
{before}
from blaxel_mcp.__main__ import main; sys.exit(main())
"""
