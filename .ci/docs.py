"""Builds the site of docs/ into dist/site, and checks every link of it: `python .ci/docs.py`.

The pages are plain Markdown that reads well in the repository too. Copies of them go to a folder of their own, beside
README.md as the first page, SECURITY.md, CHANGELOG.md and CONTRIBUTING.md; links between these stay, and links to other
files of the repository become absolute. Exit codes: 0 built, 1 something is wrong with it, 3 the generator could not be
had from the package index.
"""

import os
import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import site_links

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".docs"
ENVIRONMENT, PAGES, SITE = FOLDER / "env", FOLDER / "pages", ROOT / "dist" / "site"
TOOL = "mkdocs-material>=9.6.20,<10"
AT_TOP = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Pages of the site that are not below docs/."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def version() -> str:
    """The version whose files absolute links lead to."""
    package = (ROOT / "blaxel_mcp" / "__init__.py").read_text(encoding="utf-8")
    (found,) = re.findall(r'^__version__ = "([^"]+)"', package, re.MULTILINE)
    return str(found)


def on_site(path: str) -> str | None:
    """Where a file of the repository is on the site, as a path from its root; None if it is not on it."""
    return AT_TOP.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)


LINK = re.compile(
    r"```.*?```|`[^`\n]+`|(?P<before>\]\(|\b(?:href|src|srcset)=\")(?P<target>[^)\"\s]+)(?P<after>[)\"])", re.DOTALL
)
"""A link or a picture, in Markdown or HTML; or code, which has no `target`."""


def linked_files(page: str, text: str) -> list[str]:
    """The files of the repository that a page links to, by their paths in it."""
    targets = (found["target"].partition("#")[0] for found in LINK.finditer(text) if found["target"])
    relative = (path for path in targets if path and not re.match(r"[a-z]+:", path))
    return [posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) for path in relative]


def site_target(page: str, target: str, blob: str) -> str:
    """A link or picture of a page, as it has to be on the site.

    Args:
        page: The page's path in the repository.
        target: What it links to, relative to the page; absolute ones and anchors stay as they are.
        blob: The address below which the repository's files can be read.
    """
    path, hash_, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return target
    file = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    there = on_site(file)
    return f"{there or f'{blob}/{file}'}{hash_}{anchor}"


def for_site(page: str, text: str, blob: str) -> str:
    """A page's text with its links as they have to be on the site; code is left alone."""

    def replace(found: re.Match[str]) -> str:
        if found["target"] is None:
            return found[0]
        return f"{found['before']}{site_target(page, found['target'], blob)}{found['after']}"

    return LINK.sub(replace, text)


def stage() -> None:
    """Copy the pages and their pictures to where the generator looks for them."""
    blob = f"{PROJECT['urls']['Repository']}/blob/v{version()}"
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES, ignore=shutil.ignore_patterns("*.md"))
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in AT_TOP)]
    for page in pages:
        path = page.relative_to(ROOT).as_posix()
        text = for_site(path, page.read_text(encoding="utf-8"), blob)
        (PAGES / str(on_site(path))).write_text(text, encoding="utf-8")


def install() -> bool:
    """Make the generator's environment; False without a package index."""
    python = str(ENVIRONMENT / "bin" / "python")
    if not ENVIRONMENT.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", TOOL]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - see TOOL


def build() -> bool:
    """Run the generator, which fails where a page is left out or a link between pages leads nowhere."""
    urls = PROJECT["urls"]
    source = f'blaxel-mcp {version()} · <a href="{urls["Repository"]}">Source</a>'
    env = os.environ | {"SITE_URL": urls["Documentation"], "SITE_COPYRIGHT": source, "NO_MKDOCS_2_WARNING": "true"}
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "mkdocs", "build", "--quiet", "--strict", "--clean"]
    done = subprocess.run(  # noqa: S603 - our own pages
        [*command, "--config-file", str(ROOT / ".ci" / "mkdocs.yml")], env=env, check=False
    )
    return done.returncode == 0


def main() -> int:
    """Build, check, and return the exit code."""
    if not install():
        sys.stdout.write("docs: NOT built: the generator could not be had from the package index.\n")
        return 3
    stage()
    if not build():
        return 1
    objections = site_links.check(SITE, PROJECT["urls"]["Documentation"])
    sys.stdout.writelines(f"docs: {line}\n" for line in objections)
    pages = len([*SITE.glob("*.html")])
    sys.stdout.write(f"docs: {pages} pages in {SITE.relative_to(ROOT)}, {len(objections)} objections\n")
    return 1 if objections else 0


if __name__ == "__main__":
    sys.exit(main())
