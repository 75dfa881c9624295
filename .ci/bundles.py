"""Builds what clients install with one click, and prints links that do so: `python .ci/bundles.py`.

Below dist/, or the folder that --output names: an .mcpb bundle for Claude Desktop, and a plugin for Claude Code and one
for Codex, each as a folder and as an archive of it. Names, versions, entries and links come from where the program has
them: `blaxel_mcp.setup`, `server.json` and `pyproject.toml`. Needs the package to be installed, and nothing else.

--check also asks the official tool of .mcpb, which npm gets. Exit codes: 0 built, 1 the tool has refused the bundle, 3
there is no npm or no package index, so that the tool was not asked.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import tomlkit

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # last, so that an installed package wins

import blaxel_mcp  # noqa: E402
from blaxel_mcp import __version__  # noqa: E402
from blaxel_mcp.settings import VARIABLES  # noqa: E402
from blaxel_mcp.setup.clients import CLIENTS  # noqa: E402
from blaxel_mcp.setup.links import install_links  # noqa: E402
from blaxel_mcp.setup.machine import PUBLISHED  # noqa: E402
from blaxel_mcp.setup.shapes import SERVER, Credential, Entry  # noqa: E402
from blaxel_mcp.tools.registry import select  # noqa: E402
from blaxel_mcp.tools.spec import FOR_VIEWS  # noqa: E402

VALIDATOR = "@anthropic-ai/mcpb@2.1.2"
BUILT, REFUSED, NOT_CHECKED = 0, 1, 3
CHECK_SECONDS = 180

PACKAGE = Path(blaxel_mcp.__file__).parent
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REGISTRY: Mapping[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
AUTHOR = {"name": PROJECT["name"]}
NAMES = ("BL_WORKSPACE", "BL_API_KEY")
WRITES = "BLAXEL_MCP_ALLOW_WRITES"
SOURCES = ("README.md", "LICENSE")
"""What building the package needs beside the package itself and its `pyproject.toml`."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    """Build, print, check if that is wanted; answers the exit code."""
    parser = argparse.ArgumentParser(description="Build the bundle and the plugins, and print install links.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder for them (%(default)s)")
    parser.add_argument("--check", action="store_true", help="ask the official tool whether the bundle is right")
    options = parser.parse_args()
    built = build(options.output)
    sys.stdout.writelines(f"{path}\n" for path in built)
    sys.stdout.writelines(f"{name}: {link}\n" for name, link in install_links().items())
    return check(built[0]) if options.check else BUILT


def build(output: Path) -> list[Path]:
    """Build everything below a folder; answers the bundle, then each plugin's folder and archive."""
    output.mkdir(parents=True, exist_ok=True)
    bundle = output / f"{PROJECT['name']}-{__version__}.mcpb"
    _pack(bundle, {"manifest.json": _json(manifest()), **sources()})
    built = [bundle]
    for name, files in (("claude-code-plugin", claude_code_plugin()), ("codex-plugin", codex_plugin())):
        folder = output / name
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        archive = output / f"{PROJECT['name']}-{name}-{__version__}.zip"
        _pack(archive, files)
        built += [folder, archive]
    return built


# The bundle of Claude Desktop


def manifest() -> dict[str, Any]:
    """The manifest of the .mcpb: Desktop's own uv builds and runs the package that lies beside it.

    `entry_point` is required, though uv does not use it. A key that a person may leave out has a default, since Desktop
    would hand the server the literal `${user_config.…}` instead.
    """
    settings = user_config()
    environment = {variable: f"${{user_config.{key}}}" for variable, (key, _) in settings.items()}
    arguments = ["run", "--directory", "${__dirname}", "--no-dev", PROJECT["name"]]
    return {
        "manifest_version": "0.4",
        "name": PROJECT["name"],
        "display_name": REGISTRY["title"],
        "version": __version__,
        "description": PROJECT["description"],
        "author": AUTHOR,
        "license": PROJECT["license"],
        "keywords": PROJECT["keywords"],
        "server": {
            "type": "uv",
            "entry_point": "blaxel_mcp/__main__.py",
            "mcp_config": {"command": "uv", "args": arguments, "env": environment},
        },
        "tools": [{"name": tool.name, "description": tool.description} for tool in tools()],
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": PROJECT["requires-python"]},
        },
        "user_config": dict(settings.values()),
    }


def tools() -> list[Any]:
    """The tools that a client lists without --allow-writes; what only pages call is not for people."""
    return [tool for tool in select(allow_writes=False) if tool.meta != FOR_VIEWS]


def user_config() -> dict[str, tuple[str, dict[str, Any]]]:
    """What Desktop asks a person for, by the variable that it becomes: a key, and how it is asked for."""
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    for variable in REGISTRY["packages"][0]["environmentVariables"]:
        key = variable["name"].lower()
        asked[variable["name"]] = (
            key,
            {
                "type": "string",
                "title": _title(variable["name"]),
                "description": variable["description"],
                "required": False,
                "default": variable.get("default", ""),
                **({"sensitive": True} if variable["isSecret"] else {}),
            },
        )
    description = VARIABLES[WRITES].description or ""
    asked[WRITES] = (
        WRITES.lower(),
        {
            "type": "boolean",
            "title": _title(WRITES),
            "description": f"{description[:1].upper()}{description[1:]}: run_job and cancel_job_execution.",
            "required": False,
            "default": False,
        },
    )
    return asked


def _title(variable: str) -> str:
    words = variable.removeprefix("BLAXEL_MCP_").removeprefix("BL_").replace("_", " ").lower()
    return f"{words[:1].upper()}{words[1:]}".replace("Api", "API")


def sources() -> dict[str, bytes]:
    """The package and what building it needs, by path in the bundle.

    Without the extras and the tools of development: uv resolves all extras before it installs the one that is wanted.
    """
    project = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    cast("dict[str, Any]", project["project"]).pop("optional-dependencies")
    tools = cast("dict[str, Any]", project["tool"])
    for name in [name for name in tools if name != "hatch"]:
        tools.pop(name)
    files = {name: (ROOT / name).read_bytes() for name in SOURCES}
    for path in PACKAGE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            files[f"blaxel_mcp/{path.relative_to(PACKAGE).as_posix()}"] = path.read_bytes()
    return files | {"pyproject.toml": tomlkit.dumps(project).encode()}


# The plugins

ABOUT = {
    "name": SERVER,
    "version": __version__,
    "description": PROJECT["description"],
    "author": AUTHOR,
    "license": PROJECT["license"],
    "keywords": PROJECT["keywords"],
}
"""What the manifests of both plugins begin with."""


def claude_code_plugin() -> dict[str, bytes]:
    """The plugin for Claude Code, which is a marketplace of itself, so that a folder can be added as one."""
    marketplace = {
        "name": PROJECT["name"],
        "description": PROJECT["description"],
        "owner": AUTHOR,
        "plugins": [{"name": SERVER, "source": "./", "description": PROJECT["description"]}],
    }
    return {
        ".claude-plugin/plugin.json": _json(ABOUT),
        ".claude-plugin/marketplace.json": _json(marketplace),
        ".mcp.json": _json(servers("claude-code")),
        **skills(),
    }


def codex_plugin() -> dict[str, bytes]:
    """The plugin for Codex, in a marketplace of its own likewise."""
    about = ABOUT | {
        "mcpServers": "./.mcp.json",
        **({"skills": "./skills/"} if skills() else {}),
        "interface": {
            "displayName": REGISTRY["title"],
            "shortDescription": REGISTRY["description"],
            "longDescription": PROJECT["description"],
            "developerName": AUTHOR["name"],
            "category": "Developer Tools",
            "capabilities": ["Read"],
        },
    }
    marketplace = {
        "name": PROJECT["name"],
        "plugins": [{"name": SERVER, "source": {"source": "local", "path": "./"}}],
    }
    return {
        ".codex-plugin/plugin.json": _json(about),
        ".agents/plugins/marketplace.json": _json(marketplace),
        ".mcp.json": _json(servers("codex", Credential(NAMES))),
        **skills(),
    }


def servers(client: str, credential: Credential | None = None) -> dict[str, Entry]:
    """A `.mcp.json`: the published program, as this client's entry has it."""
    entry = next(each.entry for each in CLIENTS if each.name == client)
    return {"mcpServers": {SERVER: entry(PUBLISHED, credential or Credential())}}


def skills() -> dict[str, bytes]:
    """The skills that the package has, each in its folder."""
    folder = PACKAGE / "skills"
    return {
        f"skills/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for skill in sorted(folder.rglob("SKILL.md"))
        for path in _files(skill.parent)
    }


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in {".py", ".pyc"})


# Writing and checking


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _pack(archive: Path, files: Mapping[str, bytes]) -> None:
    """Write an archive that is the same bytes for the same files."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, files[path])


def check(bundle: Path) -> int:
    """Let the official tool unpack the bundle and validate its manifest; print what it says."""
    npx = shutil.which("npx")
    if npx is None:
        sys.stdout.write("The bundle was NOT checked: there is no npm here.\n")
        return NOT_CHECKED
    unpacked = bundle.with_suffix(".unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    tool = (npx, "--yes", VALIDATOR)
    try:
        for arguments in (("--version",), ("unpack", str(bundle), str(unpacked)), ("validate", str(unpacked))):
            done = subprocess.run(  # noqa: S603 - the official tool, of the version above
                [*tool, *arguments], capture_output=True, text=True, check=False, timeout=CHECK_SECONDS
            )
            if done.returncode and arguments == ("--version",):
                sys.stdout.write(f"The bundle was NOT checked: npm could not get {VALIDATOR}.\n")
                return NOT_CHECKED
            sys.stdout.write(done.stdout + done.stderr)
            if done.returncode:
                return REFUSED
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"The bundle was NOT checked: npm did not end within {CHECK_SECONDS} seconds.\n")
        return NOT_CHECKED
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return check_plugin(bundle.parent / "claude-code-plugin")


def check_plugin(folder: Path) -> int:
    """Let Claude Code validate its plugin, where it is installed: npm would have to download 200 MB for that."""
    claude = shutil.which("claude")
    if claude is None:
        sys.stdout.write("The plugin was NOT checked: there is no Claude Code here.\n")
        return BUILT
    for path in (folder, folder / ".claude-plugin" / "plugin.json"):  # the marketplace that it is, and the plugin
        command = (claude, "plugin", "validate", "--strict", str(path))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CHECK_SECONDS)  # noqa: S603
        sys.stdout.write(done.stdout + done.stderr)
        if done.returncode:
            return REFUSED
    return BUILT


if __name__ == "__main__":
    sys.exit(main())
