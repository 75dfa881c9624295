"""What every test starts from: nothing of this machine's environment, and a control plane on a free port."""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from hypothesis import settings

import blaxel_mcp
from blaxel_mcp.demo import control_plane

# The same examples each time, so that a change is judged by itself; others with --hypothesis-profile=random.
settings.register_profile("default", derandomize=True)
settings.register_profile("random", derandomize=False)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Flags write reviewed files anew: tests/contract and tools/listed.json, tests/costs.toml, docs, docs/images."""
    parser.addoption("--update-contract", action="store_true", help="write the reviewed files anew")
    parser.addoption("--update-costs", action="store_true", help="write the reviewed figures of tests/costs.toml anew")
    parser.addoption("--update-docs", action="store_true", help="write the generated pages of docs anew")
    parser.addoption("--update-pictures", action="store_true", help="write the pictures of docs/images anew")
    parser.addoption("--installed", action="store_true", help="refuse to test the tree instead of the installed wheel")


def pytest_configure(config: pytest.Config) -> None:
    """With `--installed`, a package beside the tests or on PYTHONPATH is not taken for the one that is installed."""
    tested = Path(blaxel_mcp.__file__).resolve().parent
    installed = Path(sysconfig.get_path("purelib")).resolve()
    if config.getoption("--installed") and tested.parent != installed:
        raise pytest.UsageError(f"{tested} is not the package that is installed in {installed}.")


@pytest.fixture(scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trust store with one certificate authority: every HTTP client reads one, and the usual one takes 40 ms."""
    bundle, end = Path(certifi.where()).read_text(encoding="utf-8"), "-----END CERTIFICATE-----\n"
    file = tmp_path_factory.mktemp("certificates") / "one.pem"
    file.write_text(bundle.partition(end)[0] + end, encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_certificate: Path) -> None:
    """No credential, option or login of whoever runs the tests may reach them."""
    for name in os.environ:
        if name.startswith(("BL_", "BLAXEL_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(one_certificate))


@pytest.fixture(scope="session")
def plane() -> Iterator[str]:
    """The base URL of a control plane that plays the demo's script, for tests that only read."""
    with control_plane.serve(control_plane.build_app()) as url:
        yield url
