"""`blaxel-mcp doctor`: what is found, where, and whether it works; never a value of a secret."""

from pathlib import Path

import pytest
from faults import refused
from program import account, run

from blaxel_mcp import __version__
from blaxel_mcp.demo import script

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
    """What it says, by what it says it of."""
    return dict(line.split(maxsplit=1) for line in out.splitlines())


def test_it_says_what_works(plane: str) -> None:
    """Kind and source of each thing, and exit code 0."""
    code, out, err = run("doctor", env=account(plane))
    found = findings(out)
    assert (code, err) == (0, "")
    assert found.pop("version").startswith(f"blaxel-mcp {__version__}, mcp 2.")
    del found["program"]
    assert found == {
        "credential": "API key, from BL_API_KEY",
        "workspace": f"{script.WORKSPACE}, from BL_WORKSPACE",
        "API": f"{plane}, from BL_API_URL; version 2026-04-28",
        "call": "works",
    }


def test_it_says_what_is_missing() -> None:
    """Without a credential nothing is sent; exit code 2, since that is a matter of configuration."""
    code, out, err = run("doctor")
    found = findings(out)
    assert (code, err) == (2, "")
    assert (found["credential"], found["workspace"]) == ("none found", "none found")
    assert found["call"].startswith("failed. No Blaxel credential was found.")


def test_a_refused_credential_is_not_shown(plane: str) -> None:
    """Exit code 1, and the reason; not the key, not a part of it."""
    code, out, err = run("doctor", env=account(plane) | {"BL_API_KEY": SECRET, "BLAXEL_MCP_LOG_LEVEL": "DEBUG"})
    assert code == 1
    assert "401" in findings(out)["call"]
    assert not any(SECRET[start : start + 6] in out + err for start in range(len(SECRET) - 5))


def test_an_api_that_does_not_answer_is_said() -> None:
    """Exit code 1, and what to check."""
    with refused() as url:
        code, out, _ = run("doctor", env=account(url))
    assert code == 1
    assert findings(out)["call"].startswith("failed. The connection to Blaxel was refused.")


@pytest.mark.parametrize("whole", [True, False], ids=["a login", "a broken login"])
def test_it_says_what_became_of_the_login(plane: str, tmp_path: Path, *, whole: bool) -> None:
    """Where it was found, or why it could not be used; its contents stay out of it."""
    (tmp_path / ".blaxel").mkdir()
    (tmp_path / ".blaxel" / "config.yaml").write_text(LOGIN if whole else LOGIN + "\t]", encoding="utf-8")
    code, out, err = run("doctor", env={"HOME": str(tmp_path), "BL_API_URL": plane})
    found = findings(out)
    assert code == (1 if whole else 2)
    assert "~/.blaxel/config.yaml" in (found["credential"] if whole else found["login"])
    assert SECRET not in out + err
