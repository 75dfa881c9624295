"""Beside a library that uses `mcp` 1, pip puts `mcp` 2 in its place, as docs/clients.md says."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]

ROOT = Path(__file__).parent.parent.parent
IMPORT = "import langchain_mcp_adapters.client"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - written here


def test_pip_replaces_mcp_and_the_adapters_cannot_be_imported(tmp_path: Path) -> None:
    """It exits with 0 and an error on standard error; an environment of its own is the way out."""
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if run(*pip, "langchain-mcp-adapters==0.3.2").returncode:
        pytest.skip("the package index cannot be reached")
    assert run(python, "-c", IMPORT).returncode == 0
    installed = run(*pip, ROOT)
    assert installed.returncode == 0
    assert "langchain-mcp-adapters 0.3.2 requires mcp<2" in installed.stderr
    assert "ImportError" in run(python, "-c", IMPORT).stderr
