"""What every test starts from: nothing of this machine's environment, and a control plane on a free port."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from blaxel_mcp.demo import control_plane

# The same examples in every run; `--hypothesis-profile=random` on the command line looks for new ones.
hypothesis.settings.register_profile("random", derandomize=False)
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-contract` writes the snapshots under tests/contract anew, to be reviewed as a diff."""
    parser.addoption("--update-contract", action="store_true", help="write the snapshots under tests/contract anew")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credential, option or login of whoever runs the tests may reach them."""
    for name in os.environ:
        if name.startswith(("BL_", "BLAXEL_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def plane() -> Iterator[str]:
    """The base URL of a control plane that plays the demo's script, for tests that only read."""
    with control_plane.serve(control_plane.build_app()) as url:
        yield url
