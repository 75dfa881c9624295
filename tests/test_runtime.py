"""What one process is made of: above all, that a shared server lends nobody its own credential."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.plane import Plane, served
from support.program import account

from blaxel_mcp.api.jobs import list_jobs
from blaxel_mcp.cli import read_login
from blaxel_mcp.demo import script
from blaxel_mcp.errors import CredentialsError
from blaxel_mcp.runtime import compose
from blaxel_mcp.settings import load

SHARED = {"BLAXEL_MCP_TRANSPORT": "http", "BLAXEL_MCP_AUTH": "per-request"}
LOGIN = f"""\
context:
  workspace: {script.WORKSPACE}
workspaces:
- name: {script.WORKSPACE}
  credentials:
    apiKey: {script.API_KEY}
"""


def asked(env: Mapping[str, str], login: Callable[[], str | None], headers: Mapping[str, str]) -> str:
    """What comes of a call for a request with these headers: the error, or nothing where it worked."""

    async def ask() -> str:
        runtime = compose(load({}, env, login()), login)
        try:
            await runtime.app.new_session(headers).send(list_jobs(limit=1))
        except CredentialsError as error:
            return error.message
        finally:
            await runtime.aclose()
        return ""

    return asyncio.run(ask())


def plane_without_calls(plane: Plane) -> bool:
    """Whether nobody has asked it anything."""
    return plane.paths == []


HEADERS: list[dict[str, str]] = [
    {},
    {"X-Blaxel-Authorization": ""},
    {"X-Blaxel-Authorization": "Bearer "},
    {"X-Blaxel-Authorization": "caf\u00e9"},
    {"X-Blaxel-Authorization": "k" * 8_193},
    {"X-Blaxel-Workspace": script.WORKSPACE},
    {"Authorization": f"Bearer {script.API_KEY}"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=range(len(HEADERS)))
def test_no_caller_is_served_with_the_servers_own_credential(headers: dict[str, str]) -> None:
    """Should such a request ever get past the check in front, it gets an error, and nothing is sent."""
    for plane in served():
        env = account(plane.url) | SHARED
        assert asked(env, lambda: None, headers) == "No Blaxel credential came with the request."
        assert plane_without_calls(plane)
        own = {"X-Blaxel-Authorization": script.API_KEY}
        assert asked(env, lambda: None, own) == ""


@pytest.mark.parametrize("headers", HEADERS, ids=range(len(HEADERS)))
def test_no_caller_is_served_with_the_machines_login(
    headers: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever signed in on this machine did so for themselves; their workspace is for nobody else, either."""
    (tmp_path / ".blaxel").mkdir()
    (tmp_path / ".blaxel" / "config.yaml").write_text(LOGIN, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    for plane in served():
        env = {"BL_API_URL": plane.url}
        assert asked(env, read_login, {}) == ""
        before = len(plane.paths)
        assert asked(env | SHARED, read_login, headers) == "No Blaxel credential came with the request."
        own = {"X-Blaxel-Authorization": script.API_KEY}
        assert asked(env | SHARED, read_login, own) == "The Blaxel workspace is not known."
        assert len(plane.paths) == before
