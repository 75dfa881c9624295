"""Fails unless a tag is `v` and the version that the package and server.json have: `check_tag.py v0.1.0 OWNER/NAME`.

The repository that publishes must be the one that server.json names, lest a placeholder be published.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def versions() -> dict[str, str]:
    """Every place that a release takes its version from. Read as text: nothing needs to be installed for this."""
    package = (ROOT / "blaxel_mcp" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', package, re.MULTILINE)
    server = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    return {
        "blaxel_mcp/__init__.py": found[1] if found else "",
        "server.json": server["version"],
        **{f"server.json, package {number}": each["version"] for number, each in enumerate(server["packages"], 1)},
    }


def repositories() -> dict[str, str]:
    """Every place in server.json that names the repository or its owner, as `owner/name`."""
    server = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    return {
        "the name in server.json": server["name"].removeprefix("io.github."),
        "the repository in server.json": server["repository"]["url"].removeprefix("https://github.com/"),
    }


def main() -> int:
    """Answers the exit code, and names on standard error each version and each repository that is another."""
    if len(sys.argv) != 3:  # noqa: PLR2004 - the script and its two arguments
        sys.stderr.write(f"{__doc__}\n")
        return 2
    _, tag, repository = sys.argv
    others = {place: version for place, version in versions().items() if f"v{version}" != tag}
    sys.stderr.writelines(f"The tag is {tag}, but {place} has {version!r}.\n" for place, version in others.items())
    elsewhere = {place: name for place, name in repositories().items() if name != repository}
    sys.stderr.writelines(f"This is {repository}, but {place} is {name}.\n" for place, name in elsewhere.items())
    return 1 if others or elsewhere else 0


if __name__ == "__main__":
    sys.exit(main())
