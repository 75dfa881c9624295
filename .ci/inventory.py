"""Prints what is installed with blaxel-mcp, as a requirements file: version, hash and licence of each distribution.

`pip install --require-hashes -r FILE` installs exactly these again, on a machine of the same kind. A licence is what
the installed distribution states of itself. A hash is that of the archive which pip would take from the package index
for the installed version, so an index must be reachable. Dependencies of development are left out.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

THIS = Requirement("blaxel-mcp[metrics,otel]")


def installed_with(requirement: Requirement, seen: set[str]) -> Iterator[Distribution]:
    """The distribution that meets a requirement, and what that requires in turn, each distribution once."""
    name = canonicalize_name(requirement.name)
    asked = {f"{name}[{extra}]" for extra in ("", *requirement.extras)}
    if asked <= seen:
        return
    try:
        found = distribution(name)
    except PackageNotFoundError:  # of an extra that isn't installed
        return
    if f"{name}[]" not in seen:
        yield found
    seen |= asked
    for each in map(Requirement, found.requires or []):
        if not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)):
            yield from installed_with(each, seen)


def licence(found: Distribution) -> str:
    """What a distribution says of its licence: an SPDX expression, else its classifiers, else a short text."""
    metadata = found.metadata
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and line != "License :: OSI Approved"
    ]
    expressions = metadata.get_all("License-Expression") or [", ".join(classifiers)]
    texts = [text for text in metadata.get_all("License") or [] if "\n" not in text.strip()]
    return next(filter(None, (*expressions, *texts)), "not stated")


def hashes(pins: list[str]) -> dict[str, str]:
    """The hash of each pinned distribution's archive, by its name, as pip gets them from the index.

    Raises:
        CalledProcessError: no index was reached, or it doesn't have one of them.
    """
    options = [
        "--dry-run",
        "--ignore-installed",
        "--no-deps",
        "--quiet",
        "--disable-pip-version-check",
        "--report",
        "-",
    ]
    command = [sys.executable, "-m", "pip", "install", *options, *pins]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - versions that are installed
    return {
        canonicalize_name(row["metadata"]["name"]): row["download_info"]["archive_info"]["hashes"]["sha256"]
        for row in json.loads(done.stdout)["install"]
    }


def main() -> int:
    """Print a line for each distribution but this one, in alphabetical order; return the exit code."""
    found = {canonicalize_name(each.name): each for each in installed_with(THIS, set())}
    del found[canonicalize_name(THIS.name)]
    pins = {name: f"{name}=={each.version}" for name, each in sorted(found.items())}
    try:
        digests = hashes([*pins.values()])
    except subprocess.CalledProcessError:
        sys.stderr.write("The hashes could not be had from the package index.\n")
        return 1
    sys.stdout.writelines(
        f"{pin} --hash=sha256:{digests[name]}  # {licence(found[name])}\n" for name, pin in pins.items()
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
