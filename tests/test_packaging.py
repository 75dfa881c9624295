"""What is published: names and numbers that several files must agree on, the package's page, and the archives."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import package
import pytest
from support.program import COMMAND, environment

import blaxel_mcp
from blaxel_mcp import __version__
from blaxel_mcp.settings import SECRETS, Settings

ROOT = Path(__file__).parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]
SERVER: dict[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
# The registry's schema lets unknown keys pass, so what may be there is listed here (schema 2025-12-11).
KEYS = {"$schema", "name", "title", "description", "version", "websiteUrl", "repository", "packages"}
OWNER = SERVER["name"].removeprefix("io.github.").partition("/")[0]
REPOSITORY, SITE = f"https://github.com/{OWNER}/blaxel-mcp", f"https://{OWNER.lower()}.github.io/blaxel-mcp/"
PACKAGE_KEYS = {"registryType", "identifier", "version", "runtimeHint", "transport", "environmentVariables"}
VARIABLE_KEYS = {"name", "description", "isRequired", "isSecret", "format", "default", "placeholder", "choices"}


def test_server_json_names_this_program() -> None:
    """Version, identifier, script and name agree, and a client that runs `uvx identifier@version` gets stdio."""
    (package,) = SERVER["packages"]
    assert (SERVER["version"], package["version"]) == (__version__, __version__)
    assert package["identifier"] == PROJECT["name"] == "blaxel-mcp"
    assert PROJECT["scripts"] == {"blaxel-mcp": "blaxel_mcp.__main__:main"}
    assert package["registryType"] == "pypi"
    assert package["runtimeHint"] == "uvx"
    assert package["transport"] == {"type": "stdio"}
    assert re.fullmatch(r"io\.github\.[A-Za-z0-9-]+/blaxel-mcp", SERVER["name"])
    assert len(SERVER["description"]) <= 100


def test_server_json_has_known_keys_only() -> None:
    """No key that the registry would ignore or a client would trip over, such as registryBaseUrl."""
    (package,) = SERVER["packages"]
    assert set(SERVER) <= KEYS
    assert set(package) <= PACKAGE_KEYS
    assert all(set(variable) <= VARIABLE_KEYS for variable in package["environmentVariables"])
    assert SERVER["$schema"] == "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


def test_server_json_variables_are_settings() -> None:
    """Each variable that clients ask for exists, is optional, and is marked secret if it is."""
    known = {field.alias: field for field in Settings.model_fields.values() if field.alias}
    variables = SERVER["packages"][0]["environmentVariables"]
    assert len(variables) <= 4
    for variable in variables:
        assert variable["name"] in known
        assert variable["isSecret"] == (variable["name"] in SECRETS)
        assert variable["isRequired"] is False
        if "default" in variable:
            assert variable["default"] == known[variable["name"]].default


def test_the_readme_carries_the_registry_marker() -> None:
    """The registry looks for the server's name in the published README, with a space on both sides."""
    assert f"<!-- mcp-name: {SERVER['name']} -->" in README


def test_the_changelog_knows_the_version() -> None:
    """The newest heading is of this version."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_every_dependency_is_bounded(requirement: str) -> None:
    """A floor, and a bound below the next major version, or minor one for uvicorn; nothing is pinned."""
    assert re.fullmatch(r"[A-Za-z-]+(\[[a-z]+\])?>=\d+(\.\d+)*,<(\d+|0\.\d+)", requirement)


def test_python_is_not_capped() -> None:
    """An upper bound on Python breaks installs on the day a new one comes out."""
    assert PROJECT["requires-python"] == ">=3.11"


def test_one_owner_is_named_everywhere() -> None:
    """By the registry's name of the server, its repository and site, and the links and the author of the package."""
    assert SERVER["repository"] == {"url": REPOSITORY, "source": "github"}
    assert SERVER["websiteUrl"] == PROJECT["urls"]["Homepage"] == PROJECT["urls"]["Documentation"] == SITE
    assert PROJECT["urls"]["Repository"] == REPOSITORY
    assert all(url.startswith(REPOSITORY) for url in (PROJECT["urls"]["Issues"], PROJECT["urls"]["Changelog"]))
    assert PROJECT["authors"] == [{"name": "The blaxel-mcp authors", "email": f"{OWNER}@users.noreply.github.com"}]
    for each in PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        assert f"{REPOSITORY}/" in each["replacement"]


def test_the_command_that_sets_the_owner_leaves_no_placeholder(tmp_path: Path) -> None:
    """As CONTRIBUTING.md prints it, in a clone of these files."""
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n +(export OWNER=.*?)```", contributing, re.DOTALL)
    git = shutil.which("git")
    if git is None or shutil.which("perl") is None or os.name == "nt":
        pytest.skip("needs git, perl and a shell of POSIX")
    for name in ("pyproject.toml", "server.json", "README.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    for command in ([git, "init", "-q"], [git, "add", "."], ["bash", "-euo", "pipefail", "-c", block]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30)  # noqa: S603
    server = json.loads((tmp_path / "server.json").read_text(encoding="utf-8"))
    assert server["name"] == "io.github.your-account/blaxel-mcp"
    assert server["websiteUrl"] == "https://your-account.github.io/blaxel-mcp/"
    for name in ("pyproject.toml", "server.json", "README.md"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert not re.search(rf"{OWNER}(/blaxel-mcp|\.github\.io|@users)", text), name
        assert "your-account" in text


def test_classifiers_and_keywords_say_what_it_is() -> None:
    """Found by what people search for; no classifier of the licence, which an expression states."""
    assert {"blaxel", "mcp", "mcp-server", "model-context-protocol", "batch-jobs"} <= {*PROJECT["keywords"]}
    assert not [line for line in PROJECT["classifiers"] if line.startswith("License")]


def test_the_page_of_the_package_has_no_link_that_leads_nowhere() -> None:
    """What was built has links to the repository at this version's tag where the tree's README has relative ones."""
    installed = distribution("blaxel-mcp")
    if Path(str(installed.locate_file("blaxel_mcp/__init__.py"))).resolve() != Path(blaxel_mcp.__file__).resolve():
        pytest.skip("the package under test is not the one that is installed")
    page = installed.metadata["Description"]
    assert package.relative_links(README) != []
    assert package.relative_links(page) == []
    for target in package.relative_links(README):
        kind = "raw" if target.startswith("docs/images/") else "blob"
        assert f"{REPOSITORY}/{kind}/v{__version__}/{target}" in page


def test_relative_links_are_found_in_prose_only() -> None:
    """Of Markdown and HTML; neither in code nor those that lead somewhere."""
    text = """[a](b.md#c) [d](#e) [f](https://g) ![h](i.png)
<source srcset="j.png"><img src="https://k"><a href="l">
```sh
echo [m](n)
```
"""
    assert package.relative_links(text) == ["b.md#c", "i.png", "j.png", "l"]


def test_what_an_sdist_lacks_is_named() -> None:
    """Files at the top by name, folders by anything below them."""
    whole = [f"x-1/{name}" for name in package.IN_SDIST] + [f"x-1/{name}/y" for name in package.IN_SDIST_BELOW]
    assert package.missing_from_sdist(whole) == []
    rest = [name for name in whole if name not in {"x-1/SECURITY.md", "x-1/docs/y"}]
    assert package.missing_from_sdist(rest) == ["SECURITY.md", "docs"]


def test_the_program_that_tests_start_is_the_package_that_they_import(tmp_path: Path) -> None:
    """Wherever they run: a package in the folder that a subprocess is started in is not taken for it."""
    (tmp_path / "blaxel_mcp").mkdir()
    (tmp_path / "blaxel_mcp" / "__init__.py").write_text("raise SystemExit('the wrong one')\n", encoding="utf-8")
    command = [*COMMAND[:-2], "-c", "import blaxel_mcp; print(blaxel_mcp.__file__)"]
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == blaxel_mcp.__file__
    assert COMMAND[-2:] == ("-m", "blaxel_mcp")


@pytest.mark.slow
def test_the_tree_can_be_refused(tmp_path: Path) -> None:
    """With `--installed`, as .ci/run and the release have it, only what was installed from the wheel is tested."""
    command = [sys.executable, "-m", "pytest", "-n0", "--installed", "--collect-only", "-q", "tests/test_packaging.py"]
    shutil.copytree(Path(blaxel_mcp.__file__).parent, tmp_path / "blaxel_mcp")
    env = environment() | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "is not the package that is installed in" in done.stderr
    assert "--installed" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
