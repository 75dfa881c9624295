"""The bundle, the plugins and the links: what is in them, and that the bundle starts as its manifest says."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import bundles
import pytest
from support.program import Program

from blaxel_mcp import __version__
from blaxel_mcp.demo import script
from blaxel_mcp.settings import SECRETS, VARIABLES, load
from blaxel_mcp.setup.links import install_links

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MANIFEST = bundles.manifest()
CONFIG: dict[str, str] = MANIFEST["server"]["mcp_config"]["env"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything, built by the one command."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, str(ROOT / ".ci" / "bundles.py"), "--output", str(folder)]
    package = Path(bundles.PACKAGE).parent
    done = subprocess.run(  # noqa: S603 - our own script
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(package)}
    )
    assert done.stdout.splitlines()[-3:] == [f"{name}: {link}" for name, link in install_links().items()]
    return folder


@pytest.fixture
def unpacked(built: Path, tmp_path: Path) -> Path:
    """The bundle as Desktop unpacks it."""
    with zipfile.ZipFile(built / f"blaxel-mcp-{__version__}.mcpb") as bundle:
        bundle.extractall(tmp_path)
    return tmp_path


def started_by(folder: Path, given: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Command and variables as Desktop makes them of the unpacked manifest and of what a person has filled in."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    config, asked = manifest["server"]["mcp_config"], manifest["user_config"]
    values = {key: str(each["default"]).lower() for key, each in asked.items()} | given

    def fill(text: str) -> str:
        text = text.replace("${__dirname}", str(folder))
        return re.sub(r"\$\{user_config\.(\w+)\}", lambda found: values[found[1]], text)

    return [config["command"], *map(fill, config["args"])], {name: fill(text) for name, text in config["env"].items()}


def test_the_manifest_is_of_this_program() -> None:
    """Version, name, licence and Python come from where the package has them; uv runs what lies beside it."""
    server = MANIFEST["server"]
    assert (MANIFEST["manifest_version"], server["type"], MANIFEST["version"]) == ("0.4", "uv", __version__)
    assert (MANIFEST["name"], MANIFEST["license"]) == ("blaxel-mcp", "MIT")
    assert MANIFEST["compatibility"]["runtimes"] == {"python": ">=3.11"}
    assert server["mcp_config"]["args"] == ["run", "--directory", "${__dirname}", "--no-dev", "blaxel-mcp"]
    assert (ROOT / server["entry_point"]).name == "__main__.py"
    assert [tool["name"] for tool in MANIFEST["tools"]][:2] == ["list_jobs", "list_job_executions"]
    assert not {"run_job", "get_job_execution_view"} & {tool["name"] for tool in MANIFEST["tools"]}


def test_nothing_that_desktop_asks_for_must_be_filled_in() -> None:
    """Each has a default, without which the server would get a literal `${user_config.…}`; secrets are hidden."""
    asked = MANIFEST["user_config"]
    assert {variable: f"${{user_config.{key}}}" for variable, key in zip(CONFIG, asked, strict=True)} == CONFIG
    for variable, each in zip(CONFIG, asked.values(), strict=True):
        assert variable in VARIABLES
        assert each["required"] is False
        assert each["default"] in {"", "auto", False}
        assert each.get("sensitive", False) is (variable in SECRETS)
    assert [each["title"] for each in asked.values()] == ["Workspace", "API key", "Raw", "Allow writes"]


def test_what_desktop_fills_in_by_default_are_the_programs_defaults(unpacked: Path) -> None:
    """As if no variable were set."""
    _, env = started_by(unpacked, {})
    assert load({}, env, None) == load({}, {}, None)


def test_the_bundle_starts_from_the_unpacked_file(unpacked: Path, plane: str) -> None:
    """The bundled sources, with this environment's Python in place of the one that uv would make."""
    for name in ("__init__.py", "transports/opening.json"):  # a version that the package beside the tests has not
        marked = unpacked / "blaxel_mcp" / name
        text = marked.read_text(encoding="utf-8")
        marked.write_text(text.replace(__version__, "0.0.99"), encoding="utf-8")
    given = {"bl_workspace": script.WORKSPACE, "bl_api_key": script.API_KEY}
    command, env = started_by(unpacked, given)
    assert command == ["uv", "run", "--directory", str(unpacked), "--no-dev", "blaxel-mcp"]
    env |= {"BL_API_URL": plane, "PYTHONPATH": str(unpacked)}
    with Program(env=env, cwd=unpacked) as program:
        assert answers(program) == "0.0.99"


@pytest.mark.nightly
def test_the_bundle_starts_by_uv(unpacked: Path, plane: str, tmp_path: Path) -> None:
    """As the manifest says, with uv and what it gets from the package index."""
    uv = shutil.which("uv")
    if uv is None:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tmp_path / "uv"), "uv>=0.9,<1"]
        subprocess.run(pip, check=True)  # noqa: S603 - pip
        uv = str(tmp_path / "uv" / "bin" / "uv")
    (_, *arguments), env = started_by(unpacked, {"bl_workspace": script.WORKSPACE, "bl_api_key": script.API_KEY})
    # Not the one certificate of the tests: it asks a package index.
    outside = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
    env |= {name: value for name, value in outside.items() if name.startswith(("UV_", "XDG_CACHE"))}
    env |= {"BL_API_URL": plane, "HOME": str(tmp_path), "PYTHONPATH": "", "UV_SYSTEM_CERTS": "1"}
    subprocess.run([uv, *arguments, "--version"], check=True, env=outside | env)  # noqa: S603 - uv
    with Program(command=(uv, *arguments), env=env) as program:
        assert answers(program) == __version__


def answers(program: Program) -> str:
    """Ask a server over stdio for an execution; answers the version that it said it has."""
    version = program.shake_hands()["result"]["serverInfo"]["version"]
    arguments = {"jobId": "image-resize", "executionId": script.FAILED}
    result = program.request("tools/call", {"name": "get_job_execution", "arguments": arguments})["result"]
    assert result["structuredContent"]["outcome"] == "failed"
    listed = program.request("tools/list")["result"]["tools"]
    assert [tool["name"] for tool in listed] == [tool["name"] for tool in MANIFEST["tools"]]
    program.close_input()
    assert program.wait() == 0
    return str(version)


def test_the_bundle_holds_the_package_and_no_tools_of_development(unpacked: Path) -> None:
    """What uv resolves before it starts is what the program needs."""
    project = tomllib.loads((unpacked / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dependencies"] == bundles.PROJECT["dependencies"]
    assert "optional-dependencies" not in project["project"]
    assert [*project["tool"]] == ["hatch"]
    names = {path.name for path in unpacked.iterdir()}
    assert names == {"manifest.json", "pyproject.toml", "README.md", "LICENSE", "blaxel_mcp"}
    assert list(unpacked.rglob("__pycache__")) == []


def test_the_same_sources_make_the_same_archives(built: Path, tmp_path: Path) -> None:
    """Byte for byte, so that a hash of one can be compared."""
    archives = [path for path in bundles.build(tmp_path) if path.is_file()]
    assert len(archives) == 3
    assert [path.read_bytes() for path in archives] == [(built / path.name).read_bytes() for path in archives]


def read(path: Path) -> Any:
    """A file of JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_plugins_start_the_published_program(built: Path) -> None:
    """Each with a root `.mcp.json`; Codex passes on the variables that are named there, Claude Code its own."""
    claude, codex = built / "claude-code-plugin", built / "codex-plugin"
    start = {"command": "uvx", "args": ["blaxel-mcp"]}
    assert read(claude / ".mcp.json") == {"mcpServers": {"blaxel": {"type": "stdio"} | start}}
    more = {"startup_timeout_sec": 30, "env_vars": ["BL_WORKSPACE", "BL_API_KEY"]}
    assert read(codex / ".mcp.json") == {"mcpServers": {"blaxel": start | more}}
    for manifest in (claude / ".claude-plugin" / "plugin.json", codex / ".codex-plugin" / "plugin.json"):
        about = read(manifest)
        assert (about["name"], about["version"], about["license"]) == ("blaxel", __version__, "MIT")
    assert read(codex / ".codex-plugin" / "plugin.json")["mcpServers"] == "./.mcp.json"


def test_each_plugin_is_a_marketplace_of_itself(built: Path) -> None:
    """So that its folder can be added, and the plugin installed from there."""
    claude = read(built / "claude-code-plugin" / ".claude-plugin" / "marketplace.json")
    codex = read(built / "codex-plugin" / ".agents" / "plugins" / "marketplace.json")
    for marketplace in (claude, codex):
        assert (marketplace["name"], [each["name"] for each in marketplace["plugins"]]) == ("blaxel-mcp", ["blaxel"])
    assert claude["plugins"][0]["source"] == codex["plugins"][0]["source"]["path"] == "./"


def test_the_plugins_have_the_packages_skills(built: Path) -> None:
    """Each skill in its folder, under the name that the package has it by."""
    skills = {path.parent.name for path in bundles.PACKAGE.rglob("SKILL.md")}
    for plugin in ("claude-code-plugin", "codex-plugin"):
        assert {path.parent.name for path in (built / plugin).rglob("SKILL.md")} == skills


def test_the_readmes_links_are_those_that_the_program_makes() -> None:
    """Whichever of them it shows."""
    shown = re.findall(r"\((https://(?:cursor\.com|insiders\.vscode\.dev|vscode\.dev)/[^)]+)\)", README)
    assert shown
    assert set(shown) <= set(install_links().values())


@pytest.mark.nightly
def test_the_official_tool_accepts_the_bundle(tmp_path: Path) -> None:
    """Needs npm and its index."""
    built = bundles.build(tmp_path)
    assert bundles.check(built[0]) == bundles.BUILT
