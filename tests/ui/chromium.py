"""The browser that the page is tested in, and what the tests take from npm: found if it is there, never installed here.

`.ci/browser.py` installs all of it. Where something is missing, the tests skip and say what.
"""

import importlib
import importlib.util
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PACKAGES: Mapping[str, str] = {
    "@modelcontextprotocol/ext-apps": "2.0.4",  # the official host; the next three are what it needs
    "@modelcontextprotocol/client": "2.4.0",
    "@modelcontextprotocol/core": "2.4.0",
    "zod": "4.6.7",
    "axe-core": "4.14.1",  # finds what keeps people with disabilities out
}
"""What comes from npm, at these versions."""
_CACHES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
CACHE = _CACHES / "blaxel-mcp-browser" / "-".join(PACKAGES.values())
"""Where that is kept. Read when this is imported, since tests get a home of their own."""
NODE_MODULES = CACHE / "node_modules"
AXE = NODE_MODULES / "axe-core" / "axe.min.js"

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--no-sandbox",  # its own, which root in a container cannot have; the sandbox of iframes is another one
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def chromium() -> str | None:
    """The program, if it is installed."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def missing_packages() -> list[str]:
    """Those of npm's that are not there."""
    return [name for name in PACKAGES if not (NODE_MODULES / name / "package.json").is_file()]


def missing() -> list[str]:
    """What the browser tests need and is not here."""
    needed = {
        "Playwright": importlib.util.find_spec("playwright") is not None,
        "Chromium": chromium() is not None,
        "the packages from npm": not missing_packages(),
    }
    return [what for what, there in needed.items() if not there]


@contextmanager
def launch() -> Iterator["Browser"]:
    """A browser without a window; skips the test that asks for it where something is missing."""
    if absent := missing():
        pytest.skip(f"not installed: {', '.join(absent)}; `python .ci/browser.py` installs it")
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium(), args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()
