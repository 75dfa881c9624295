"""Builds the sdist, the wheel from it, and has what checks packages look at both: `python .ci/package.py [FOLDER]`.

Archives go to the folder, or to one beside the tools, which get an environment of their own. Exit codes: 0 nobody
objects, 1 somebody does, 3 the tools could not be had from the package index, so that nothing was checked.
"""

import email
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".package"
TOOLS = [
    "build>=1.3,<2",
    "twine>=6.2,<8",
    "readme-renderer[md]>=44,<47",  # without it, twine takes any Markdown for good
    "check-wheel-contents>=0.6.3,<1",
    "validate-pyproject[all]>=0.24,<1",  # with the published schemas of the tables of tools
    "pyroma>=5,<6",
]
IN_SDIST = {"CHANGELOG.md", "CONTRIBUTING.md", "Dockerfile", "LICENSE", "README.md", "SECURITY.md", "server.json"}
IN_SDIST_BELOW = {".ci", ".github", "benchmarks", "blaxel_mcp", "docs", "tests"}
BEST_RATING = "10"


def relative_links(text: str) -> list[str]:
    """The targets of links and pictures of a page in Markdown that lead nowhere from the page of a package."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)|\b(?:href|src|srcset)=\"([^\"]+)\"", prose)
    return [target for pair in targets for target in pair if target and not target.startswith(("https://", "#"))]


def missing_from_sdist(names: Iterable[str]) -> list[str]:
    """Which files and folders an sdist lacks, going by the paths in it below its own folder."""
    paths = {name.partition("/")[2] for name in names}
    folders = {path.partition("/")[0] for path in paths if "/" in path}
    return sorted((IN_SDIST - paths) | (IN_SDIST_BELOW - folders))


def description_of(wheel: Path) -> str:
    """The text of the package's page, from the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return str(email.message_from_string(archive.read(name).decode()).get_payload())


def own_objections(sdist: Path, wheel: Path) -> list[str]:
    """What this project asks of its archives beyond what the tools look at."""
    with tarfile.open(sdist) as archive:
        missing = missing_from_sdist(archive.getnames())
    relative = relative_links(description_of(wheel))
    return [
        *(f"The sdist has no {name}." for name in missing),
        *(f"The package page would have a link that leads nowhere: {target}" for target in relative),
    ]


def run_tool(module: str, *arguments: str | Path) -> bool:
    """Run a tool of the environment in the project's folder; whether it had nothing to say against it."""
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode:
        sys.stdout.writelines(f"{line}\n" for line in said)
    sys.stdout.write(f"package: {module}: {'objects' if done.returncode else 'nothing to say'}\n")
    return done.returncode == 0


def install_tools() -> bool:
    """Make the environment, with the build backend too, so that building asks nobody; False without an index."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if not ENVIRONMENT.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *TOOLS, *pyproject["build-system"]["requires"]], check=False)  # noqa: S603 - see TOOLS
    return done.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Build into the folder that the arguments name, check what is there, and return the exit code."""
    if not install_tools():
        sys.stdout.write("package: NOT checked: the tools could not be had from the package index.\n")
        return 3
    folder = Path(arguments[0]).resolve() if arguments else ENVIRONMENT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    if not run_tool("build", "--no-isolation", "--outdir", folder):
        return 1
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    fine = [
        run_tool("twine", "check", "--strict", sdist, wheel),
        run_tool("check_wheel_contents", wheel),
        run_tool("validate_pyproject", "pyproject.toml"),
        run_tool("pyroma", "--min", BEST_RATING, sdist),
    ]
    objections = own_objections(sdist, wheel)
    sys.stdout.writelines(f"package: {line}\n" for line in objections)
    return 0 if all(fine) and not objections else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
