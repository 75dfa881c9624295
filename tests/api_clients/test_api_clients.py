"""Blaxel's own clients work with the demo control plane: what they need of the API, it has.

They are the newest `blaxel` (Python) and `@blaxel/core` (TypeScript) that the registries have, each installed into a
folder that is thrown away. Without a registry the tests are skipped.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette

from blaxel_mcp.demo import script
from blaxel_mcp.demo.control_plane import build_app, serve

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
SPEED = 15
"""How many times faster than the wall clock the control plane's runs: an execution then takes two seconds."""
SEEN = {
    "jobs": 8,
    "generation": "mk3",
    "page": 5,
    "listed": ["succeeded"] * 4 + ["failed"] + ["succeeded"] * 9,
    "failed": ["failed", 40, False, 3],
    "env": {"SOURCE": "***", "BATCH_SIZE": "***"},
    "tasks": [40, 3],
    "running": ["running", 20],
    "finished": ["succeeded", 3, 512],
    "cancelled": ["to-be-cancelled", "cancelled"],
    "status": "succeeded",
}
"""What either client must see, whatever its login."""
CLIENTS = {
    "python_client": ("Execution 'nope' not found for job 'nightly-import'", "2026-09-22"),
    "typescript_client": ("Execution not found", "2026-04-28"),
}
"""By the fixture that installs it: what a client says of a missing execution, and the API version it asks for."""
LOGINS = {
    "ApiKey": {"BL_API_KEY": script.API_KEY},
    "ClientCredentials": {
        "BL_CLIENT_CREDENTIALS": base64.b64encode(f"{script.CLIENT_ID}:{script.CLIENT_SECRET}".encode()).decode()
    },
    "DeviceMode": {},  # the file of `bl login`, whose token has expired
}
"""Their variables by the clients' own names for the kinds of login."""


def install(name: str, *command: str | Path, cwd: Path) -> None:
    """Run the command of an installer of that name; the tests are skipped if it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - what is run is written here
            command, cwd=cwd, env=quiet(), capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{name} cannot install: {type(error).__name__}")
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        pytest.skip(f"{name} cannot install: {reasons[0] if reasons else done.returncode}")


def quiet() -> dict[str, str]:
    """This environment without the project's own modules and without a Blaxel account."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("BL_", "BLAXEL_", "PYTHON"))}


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """The command that runs the script of the Python client."""
    folder = tmp_path_factory.mktemp("python")
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install("venv", sys.executable, "-m", "venv", "venv", cwd=folder)
    install("pip", python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "blaxel", cwd=folder)
    return str(python), str(HERE / "python_client.py")


@pytest.fixture(scope="module")
def typescript_client(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """The command that runs the script of the TypeScript client."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("there is no Node.js")
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    install(
        "npm",
        npm,
        "install",
        "--loglevel=error",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "@blaxel/core",
        cwd=folder,
    )
    copy = shutil.copy(HERE / "typescript_client.mjs", folder)  # it finds the package beside itself
    return node, str(copy)


class FastClock:
    """A clock that stands until the first request after it was first read, when a client has started, and then runs."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._read: list[datetime] = []

    def __call__(self) -> datetime:
        """The time, `SPEED` times as far from the beginning as by the wall clock."""
        self._read.append(datetime.now(UTC))
        return self._began + (self._read[-1] - self._read[min(1, len(self._read) - 1)]) * SPEED


def use(command: Sequence[str], login: str, home: Path) -> tuple[dict[str, Any], Starlette]:
    """Run a client's script with a login against a new control plane: what it printed, and the control plane."""
    home.mkdir(exist_ok=True)
    if login == "DeviceMode":
        write_login(home)
    app = build_app(clock=FastClock())
    with serve(app) as url:
        place = {"HOME": str(home), "USERPROFILE": str(home), "BL_WORKSPACE": script.WORKSPACE, "BL_API_URL": url}
        env = quiet() | place | LOGINS[login] | {"DO_NOT_TRACK": "1"}
        # The address is an argument too, for the Python client does not know BL_API_URL.
        done = subprocess.run(  # noqa: S603 - what is run is written here
            [*command, url], env=env, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout), app


def write_login(home: Path) -> None:
    """Leave the file of `bl login` in a home, with an access token that has expired."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    credentials = {
        "access_token": f"{part({'alg': 'none'})}.{part({'iat': 1_600_000_000, 'exp': 1_600_007_200})}.",
        "refresh_token": script.REFRESH_TOKEN,
        "device_code": script.DEVICE_CODE,
        "expires_in": 7200,
    }
    workspaces = [{"name": script.WORKSPACE, "credentials": credentials}]
    file = home / ".blaxel" / "config.yaml"
    file.parent.mkdir()
    content = {"context": {"workspace": script.WORKSPACE}, "workspaces": workspaces}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_of_blaxel_uses_every_operation(
    client: str, login: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Lists, pages, gets, starts, waits and cancels with every kind of login, without an error of its own."""
    missing, api_version = CLIENTS[client]
    seen, app = use(request.getfixturevalue(client), login, tmp_path / "home")
    version = seen.pop("version")
    request.node.user_properties.append((client, version))  # for reports: the newest one was installed
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", version)
    assert seen == {**SEEN, "login": login, "missing": missing}
    exchanges = [one for one in app.state.requests if one.path == "/v0/oauth/token"]
    assert bool(exchanges) == (login != "ApiKey")
    assert {one.headers["blaxel-version"] for one in app.state.requests if one not in exchanges} == {api_version}
