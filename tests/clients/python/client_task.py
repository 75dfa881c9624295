"""What the scripts of Python share: the task, and the report at the end; see ../report.py."""

import json
import sys
from pathlib import Path
from typing import Any

TASK: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
"""What to do: `transport`, `command` and `args` or `url`, `questions`, `snippet`."""


def run_snippet() -> dict[str, Any]:
    """What the snippet of docs/clients.md defines; `blaxel-mcp` is then on the path."""
    scope: dict[str, Any] = {}
    exec(TASK["snippet"], scope)  # noqa: S102 - from this project's documentation
    return scope


def report(tools: list[str], given: dict[str, Any], **more: Any) -> None:
    """Print what was seen; nothing may be printed after it."""
    sys.stdout.write("\n" + json.dumps({"tools": tools, "given": given, **more}) + "\n")
    sys.stdout.flush()
