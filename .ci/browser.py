"""Gets what the tests of the page in a browser need, so far as it is missing: `python .ci/browser.py`.

Playwright comes from the package index into this interpreter's environment; Chromium from Debian or Ubuntu, where this
runs as root; the official host and axe-core from npm into a cache outside the tree. Exit codes: 0 all is there, 3 not.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path += [str(TESTS), str(TESTS / "conformance"), str(TESTS / "ui")]

import run  # noqa: E402
from chromium import CACHE, PACKAGES, chromium, missing_packages  # noqa: E402

PLAYWRIGHT = "playwright>=1.55,<2"


def main() -> int:
    """Get it, say what could not be had; answers the exit code."""
    try:
        if importlib.util.find_spec("playwright") is None:
            pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
            run.run_installer("Playwright", (*pip, PLAYWRIGHT))
        if chromium() is None:
            install_chromium()
        if missing_packages():
            node = run.find_node(run.CACHE, install=True)
            run.npm_install(node, CACHE, *(f"{name}@{version}" for name, version in PACKAGES.items()))
    except run.CannotRunError as error:
        sys.stdout.write(f"The page was NOT tested in a browser: {error}\n")
        return run.NOT_RUN
    return 0


def install_chromium() -> None:
    """Have Debian's packages installed.

    Raises:
        run.CannotRunError: there is no apt-get, this is not root, or it failed.
    """
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise run.CannotRunError("there is no Chromium here, and installing Debian's takes apt-get and root.")
    run.run_installer("the list of Debian's packages", (apt, "update", "--quiet"))
    packages = ("chromium", "fonts-dejavu-core")
    run.run_installer("Chromium", (apt, "install", "--quiet", "--yes", "--no-install-recommends", *packages))


if __name__ == "__main__":
    raise SystemExit(main())
