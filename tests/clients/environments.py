"""An environment of its own for each client, made once from the package index and kept outside the tree.

One folder for each set of packages below `CACHE`: a virtual environment, or a folder with `node_modules`. Once it is
there, nothing is downloaded again.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from clients.rows import Client

sys.path.append(str(Path(__file__).parent.parent / "conformance"))
import run as conformance

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blaxel-mcp" / "clients"
INSTALL_SECONDS = 900.0
CannotRunError = conformance.CannotRunError
"""There is no index, or no Node; the message says why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a client is installed.

    Attributes:
        folder: it and what it depends on, nothing else.
        python: the interpreter that has it; this project's own for a client from npm.
        node: the Node that runs it; none for a client from the Python index.
        megabytes: what the folder takes on disk, in millions of bytes.
        version: of the first package.
    """

    folder: Path
    python: Path
    node: Path | None
    megabytes: int
    version: str


def place(client: Client, cache: Path) -> Path:
    """The folder of a client's environment: rows with the same packages share one."""
    wanted = (client.registry, *client.packages, *([sys.version] if client.registry == "pypi" else []))
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12]
    first = package_name(client.packages[0]).replace("@", "").replace("/", "-")
    return cache / f"{first}-{digest}"


def package_name(requirement: str) -> str:
    """The name in a requirement of either index, such as `smolagents[mcp]>=1.26,<2` or `@ai-sdk/mcp@^2`."""
    name = requirement[:1] + requirement[1:].partition("@")[0] if requirement.startswith("@") else requirement
    for end in "@[<>=~! ":
        name = name[:1] + name[1:].partition(end)[0]
    return name


def make(client: Client, cache: Path = CACHE, say: Callable[[str], None] = lambda _: None) -> Environment:
    """The environment of a client, which is installed if it is not there.

    Raises:
        CannotRunError: it cannot be made, most likely because the package index cannot be reached.
    """
    folder = place(client, cache)
    complete = folder / "complete.json"
    if not complete.exists():
        began = perf_counter()
        say(f"Installing {', '.join(client.packages)}.")
        shutil.rmtree(folder, ignore_errors=True)
        if client.registry == "pypi":
            _install_from_pypi(client, folder)
        else:
            node = conformance.find_node(conformance.CACHE, install=True)
            conformance.npm_install(node, folder, *client.packages)
        about = {"megabytes": round(_size(folder) / 1e6), "version": _version(client, folder)}
        complete.write_text(json.dumps(about), encoding="utf-8")
        say(f"It took {perf_counter() - began:.0f} s and {about['megabytes']} MB.")
    about = json.loads(complete.read_text(encoding="utf-8"))
    if client.registry == "pypi":
        return Environment(folder, _python(folder), None, about["megabytes"], about["version"])
    program = conformance.find_node(conformance.CACHE, install=True).program
    return Environment(folder, Path(sys.executable), program, about["megabytes"], about["version"])


def _python(folder: Path) -> Path:
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def _install_from_pypi(client: Client, folder: Path) -> None:
    pip = ("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--retries", "1")
    _run(client, sys.executable, "-m", "venv", str(folder))
    try:
        _run(client, str(_python(folder)), *pip, *client.packages)
    except CannotRunError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _run(client: Client, *command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise CannotRunError(f"installing {client.name} took longer than {INSTALL_SECONDS:.0f} seconds.") from None
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line.lower()]
        reason = lines[-1] if lines else error.stderr.strip()[-300:]
        raise CannotRunError(f"{client.name} could not be installed: {reason}") from None


def _size(folder: Path) -> int:
    return sum(one.stat(follow_symlinks=False).st_size for one in folder.rglob("*") if not one.is_symlink())


def _version(client: Client, folder: Path) -> str:
    name = package_name(client.packages[0])
    if client.registry == "npm":
        told = json.loads((folder / "node_modules" / name / "package.json").read_text(encoding="utf-8"))
        return str(told["version"])
    ask = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    done = subprocess.run([_python(folder), "-c", ask, name], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()
