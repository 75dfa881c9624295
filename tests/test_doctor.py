"""`blaxel-mcp doctor`: what is found, where, and whether it works; never a value of a secret."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from support.faults import refused
from support.program import PATIENCE, account, run

from blaxel_mcp import __version__
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.cli import exit_code
from blaxel_mcp.demo import script
from blaxel_mcp.doctor import examine
from blaxel_mcp.settings import load
from blaxel_mcp.tools.context import AppContext

SECRET = "s3cr3t-of-the-user"
LOGIN = f"""
context:
  workspace: demo
workspaces:
  - name: demo
    credentials:
      apiKey: {SECRET}
"""


def findings(out: str) -> dict[str, str]:
    """Doctor's lines, by the word they begin with."""
    return dict(line.split(maxsplit=1) for line in out.splitlines())


def examined(env: Mapping[str, str], login: str | None = None) -> tuple[int, str]:
    """The exit code and the output for an environment and a login file."""
    printed: list[str] = []

    async def ask() -> int:
        settings = load({}, env, login)
        auth = BlaxelAuth.from_settings(settings, lambda: login)
        upstream = Upstream(
            api_url=settings.api_url, api_version=settings.api_version, timeout=PATIENCE, first_wait=0.001
        )
        app = AppContext(lambda _: Session(upstream, auth), lambda: datetime.now(UTC))
        try:
            failure = await examine(app, settings, write=printed.append)
        finally:
            await upstream.aclose()
        return 0 if failure is None else exit_code(failure, settings)

    return asyncio.run(ask()), "".join(printed)


def test_a_working_configuration(plane: str) -> None:
    """It prints kind and source of each setting, with exit code 0."""
    code, out = examined(account(plane))
    found = findings(out)
    assert code == 0
    assert found.pop("version").startswith(f"blaxel-mcp {__version__}, mcp 2.")
    del found["program"]
    assert found == {
        "credential": "API key, from BL_API_KEY",
        "workspace": f"{script.WORKSPACE}, from BL_WORKSPACE",
        "API": f"{plane}, from BL_API_URL; version 2026-04-28",
        "call": "works",
    }


def test_a_missing_credential() -> None:
    """Nothing is sent; exit code 2, as for any wrong configuration."""
    code, out = examined({})
    found = findings(out)
    assert code == 2
    assert (found["credential"], found["workspace"]) == ("none found", "none found")
    assert found["call"].startswith("failed. No Blaxel credential was found.")


@pytest.mark.slow
def test_a_refused_credential_is_not_shown(plane: str) -> None:
    """It prints the reason, with exit code 1, but no part of the key."""
    code, out, err = run("doctor", env=account(plane) | {"BL_API_KEY": SECRET, "BLAXEL_MCP_LOG_LEVEL": "DEBUG"})
    assert code == 1
    assert "401" in findings(out)["call"]
    assert not any(SECRET[start : start + 6] in out + err for start in range(len(SECRET) - 5))


def test_an_api_that_does_not_answer() -> None:
    """It prints what to check, with exit code 1."""
    with refused() as url:
        code, out = examined(account(url))
    assert code == 1
    assert findings(out)["call"].startswith("failed. The connection to Blaxel was refused.")


@pytest.mark.parametrize(
    ("login", "line", "code"), [(LOGIN, "credential", 1), (LOGIN + "\t]", "login", 2)], ids=["whole", "broken"]
)
def test_the_login_file(plane: str, login: str, line: str, code: int) -> None:
    """It prints where the credential was found, or why it could not be read, but nothing of the contents."""
    got, out = examined({"BL_API_URL": plane}, login)
    assert got == code
    assert "~/.blaxel/config.yaml" in findings(out)[line]
    assert SECRET not in out
