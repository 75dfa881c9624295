"""Looks up known vulnerabilities of what is installed in the environment that runs this, by pip-audit.

pip-audit gets an environment of its own, because it brings more packages than the program itself. Exit codes: 0 nothing
is known against any of them, 1 something is, 3 the database could not be reached, so that nothing is known at all.
"""

import json
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOOL = "pip-audit>=2.10,<3"
ENVIRONMENT = Path(__file__).resolve().parent.parent / ".audit"
OTHER = ["blaxel-mcp"]
"""Installed from the tree, so no index knows this version of it."""


def judge(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """The exit code and what to print about a report of pip-audit's, in its JSON format."""
    rows = [row for row in report["dependencies"] if row["name"] not in OTHER]
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    found = [
        f"{row['name']} {row['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'no version'}"
        for row in rows
        for known in row.get("vulns", ())
    ]
    looked = f"{len(rows) - len(skipped)} of {len(rows)} distributions were looked up"
    if found:
        return 1, [*found, f"{looked}, {len(found)} vulnerabilities are known."]
    if skipped:
        return 3, [
            f"{looked}; the database does not tell about the others, or was not reached: nothing is known of them."
        ]
    return 0, [f"{looked}, no vulnerability is known."]


def run_tool() -> Mapping[str, Any] | None:
    """The report of pip-audit on the distributions of this environment; `None` where it could not make one."""
    python = str(ENVIRONMENT / "bin" / "python")
    if not ENVIRONMENT.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    installed = subprocess.run([python, "-m", "pip", "install", "-q", TOOL], check=False)  # noqa: S603 - see TOOL
    if installed.returncode:
        return None
    packages = sysconfig.get_path("purelib")
    command = [python, "-m", "pip_audit", "--path", packages, "--progress-spinner", "off", "-f", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no input from outside
    try:
        report: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:  # a traceback: the database was not reached
        return None
    return report


def main() -> int:
    """Print what is known and return the exit code."""
    report = run_tool()
    code, lines = judge(report) if report else (3, ["pip-audit could not be installed or did not reach its database."])
    sys.stdout.writelines(f"audit: {line}\n" for line in lines)
    return code


if __name__ == "__main__":
    sys.exit(main())
