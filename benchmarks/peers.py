"""The contenders: blaxel-mcp as it is installed, and its peers from an environment that is made once and kept."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from benchmarks.executions import WORKSPACE
from benchmarks.processes import BenchmarkError

REQUIREMENTS = (
    "fastmcp>=4.1,<5",  # the first that is built on mcp 2, as we are
    "mcp>=2.3,<3",
    "blaxel>=0.4,<0.5",
)
"""Of the peers that come from the package index. With an upper bound each, since their interfaces are used here."""
INSTALL_SECONDS = 600.0
OURS, LOOKUPS, FASTMCP, STOCK, SDK, DIRECT = "blaxel-mcp", "with look-ups", "FastMCP", "stock", "blaxel SDK", "httpx"
_SERVERS = Path(__file__).parent / "servers"


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that reads executions.

    Attributes:
        name: what the tables call it.
        command: what runs it on its standard streams.
        http: what is added to serve Streamable HTTP instead; `{port}` is replaced. Empty if it does not.
        env: what it needs beside what all get.
        reader: whether it is no MCP server: it knows `tools/call` alone, and answers only that it has read.
    """

    name: str
    command: Sequence[str]
    http: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    reader: bool = False

    def environment(self, url: str, home: Path) -> dict[str, str]:
        """Nothing of this machine's environment but what a program needs to start, and the account."""
        account = {"BL_API_URL": url, "BL_API_KEY": "benchmark", "BL_WORKSPACE": WORKSPACE, "DO_NOT_TRACK": "1"}
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(home)} | account | dict(self.env)


def contenders(program: str, python: Path | None) -> list[Contender]:
    """All of them.

    What needs no more than blaxel-mcp itself depends on runs from the same interpreter, with the same versions.

    Args:
        program: the interpreter that runs blaxel-mcp.
        python: the interpreter of the peers' environment. Without one, those that live there are left out.
    """
    # A tree that is being worked on is named by PYTHONPATH; the others do without, as they would have to look there.
    here = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    ours, http = (program, "-m", "blaxel_mcp"), ("--transport", "http", "--port", "{port}")
    found = [
        Contender(OURS, (*ours, "--lookups", "never"), http, here),
        Contender(LOOKUPS, ours, http, here),
        Contender(STOCK, (program, str(_SERVERS / "stock_server.py")), ("--http", "{port}")),
        Contender(DIRECT, (program, str(_SERVERS / "httpx_reader.py")), reader=True),
    ]
    if python:
        found += [
            Contender(FASTMCP, (str(python), str(_SERVERS / "fastmcp_server.py")), ("--http", "{port}")),
            Contender(SDK, (str(python), str(_SERVERS / "blaxel_reader.py")), reader=True),
        ]
    return found


def environment(say: Callable[[str], None]) -> Path:
    """The interpreter of the peers' environment, which is made if it is not there.

    Raises:
        BenchmarkError: it cannot be made, most likely because the package index cannot be reached.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256("\n".join((*REQUIREMENTS, sys.version)).encode()).hexdigest()[:12]
    folder = cache / "blaxel-mcp" / f"benchmarks-{digest}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    complete = folder / "complete"
    if complete.exists():
        return python
    began = perf_counter()
    say(f"Making an environment for the peers: {', '.join(REQUIREMENTS)}.")
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(folder))
    _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS)
    complete.touch()
    say(f"It took {perf_counter() - began:.0f} s, which do not count, and is kept for the next time.")
    return python


def versions(program: str, python: Path | None) -> str:
    """The versions of everything that is compared, in one line."""
    ask = "import importlib.metadata as m, sys; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
    ours = _run(program, "-P", "-c", ask, "mcp", "httpx", "pydantic")
    theirs = _run(str(python), "-c", ask, "fastmcp", "mcp", "blaxel") if python else "none"
    about = (
        "import blaxel_mcp, platform as p; print('blaxel-mcp', blaxel_mcp.__version__, 'Python', p.python_version())"
    )
    return f"{_run(program, '-c', about)} ({ours}); peers: {theirs}"


def run_here(program: str, module: str, *arguments: str) -> str:
    """What a module of this package prints when an interpreter runs it, with blaxel-mcp as it is installed there."""
    # This tree comes last, so that the blaxel_mcp beside this package is not taken for the installed one.
    start = (
        "import runpy, sys; sys.path.append(sys.argv[1]); del sys.argv[:2]; "
        "runpy.run_module(sys.argv[0], run_name='__main__')"
    )
    return _run(program, "-P", "-c", start, str(Path(__file__).parent.parent), module, *arguments)


def _run(*command: str) -> str:
    """What a command prints.

    Raises:
        BenchmarkError: it fails, or takes too long.
    """
    try:
        done = subprocess.run(  # noqa: S603 - named above
            command, capture_output=True, text=True, encoding="utf-8", timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchmarkError(f"{command[0]}: {type(error).__name__}") from None
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise BenchmarkError(reasons[-1] if reasons else f"{command[0]} ended with {done.returncode}")
    return done.stdout.strip()
