"""What every test starts from: nothing of this machine's environment, and a control plane on a free port."""

import gc
import json
import os
import re
import sysconfig
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import certifi
import jsonschema
import pytest
from hypothesis import HealthCheck, settings

import blaxel_mcp
from blaxel_mcp.demo import control_plane

# The same examples each time, so that a change is judged by itself; four times as many in .ci/run, which asks for them
# with --hypothesis-profile=thorough, and others with --hypothesis-profile=random.
steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # whatever else the machine does
settings.register_profile("default", steady, derandomize=True, max_examples=25)
settings.register_profile("thorough", steady, derandomize=True, max_examples=100)
settings.register_profile("random", steady, derandomize=False, max_examples=100)
settings.load_profile("default")
MARKED_MODULE = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.(slow|nightly|browser)\b", re.MULTILINE)


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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Modules whose tests a plain pytest leaves out are not imported for that: it would take a second."""
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    marked = MARKED_MODULE.search(collection_path.read_text(encoding="utf-8"))
    return True if marked and f"not {marked[1]}" in config.option.markexpr else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected lives to the end: to look through it for garbage takes a fifth of the time, in vain."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what the command line's -m says
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Of a matrix that is `sampled(every=n)`, each n-th case is asked by a plain pytest; the others are slow.

    Where two parametrizations are crossed, an `every` that has no factor in common with how many values either has
    takes each value of both: with five times five, 6 is the diagonal.
    """
    cases: Counter[tuple[str, str]] = Counter()
    for item in items:
        if sampled := item.get_closest_marker("sampled"):
            function = (item.location[0], item.location[2].partition("[")[0])
            if cases[function] % sampled.kwargs["every"]:
                item.add_marker(pytest.mark.slow)
            cases[function] += 1


@pytest.fixture(scope="session", autouse=True)
def schemas_are_checked_once() -> Iterator[None]:
    """The SDK's client holds each tool's output schema against JSON Schema's own, which takes each new client 20 ms."""
    check, sound = jsonschema.Draft202012Validator.check_schema, set[str]()

    def check_once(schema: Any, *options: Any) -> None:
        text = json.dumps(schema)
        if text not in sound:
            check(schema, *options)
            sound.add(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonschema.Draft202012Validator, "check_schema", staticmethod(check_once))
        yield


@pytest.fixture(scope="session")
def no_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder of tests that have no folder of their own: there is none, and nobody makes it."""
    home = tmp_path_factory.getbasetemp() / "no-home"
    yield home
    assert not home.exists(), "A test wrote into the home folder; it must ask for tmp_path."


@pytest.fixture(scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trust store with one certificate authority: every HTTP client reads one, and the usual one takes 40 ms."""
    bundle, end = Path(certifi.where()).read_text(encoding="utf-8"), "-----END CERTIFICATE-----\n"
    file = tmp_path_factory.mktemp("certificates") / "one.pem"
    file.write_text(bundle.partition(end)[0] + end, encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def clean_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, no_home: Path, one_certificate: Path
) -> None:
    """No credential, option or login of whoever runs the tests may reach them; `tmp_path` is home where it is used."""
    for name in os.environ:
        if name.startswith(("BL_", "BLAXEL_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    has_own = "tmp_path" in request.fixturenames
    monkeypatch.setenv("HOME", str(request.getfixturevalue("tmp_path") if has_own else no_home))
    monkeypatch.setenv("SSL_CERT_FILE", str(one_certificate))


@pytest.fixture(scope="session")
def plane() -> Iterator[str]:
    """The base URL of a control plane that plays the demo's script, for tests that only read."""
    with control_plane.serve(control_plane.build_app()) as url:
        yield url
