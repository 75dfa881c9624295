"""How a client's script is told what to do, and what it answers; pure.

It is run as `SCRIPT TASK`, where TASK is a file with a JSON object, and its standard output ends with a line of JSON:

task
    `transport` ("stdio", "sse", "http"); over stdio `command` and `args` of the server, else its `url`; `questions`,
    each a `name`, a `tool` and its `arguments`; `folder`, where the client is installed; `home`, an empty folder that
    goes afterwards; `node`, the Node to use, or null; `snippet`, Python from docs/clients.md that
    makes the connection in place of the script's own, or nothing.
report
    `tools`: the names as the client, or the model it drives, was given them. `given`: by a question's name, what the
    model (or the program) was given for it: text, or JSON as the library hands it on. `version`, where the package's
    own is not the one to report. `notes`: what else is worth a reader's while.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.scenario import Question


class ReportError(Exception):
    """A script printed no report; the message says what instead."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a script saw; the module's docstring explains each."""

    tools: Sequence[str]
    given: Mapping[str, Any]
    version: str = ""
    notes: Sequence[str] = field(default_factory=list)


def task(
    *,
    transport: str,
    command: Sequence[str],
    url: str,
    questions: Sequence[Question],
    folder: str,
    home: str,
    node: str | None,
    snippet: str = "",
) -> dict[str, Any]:
    """What a script is told."""
    over = {"command": command[0], "args": list(command[1:])} if command else {"url": url}
    return {
        "transport": transport,
        **over,
        "questions": [question.asked() for question in questions],
        "folder": folder,
        "home": home,
        "node": node,
        "snippet": snippet,
    }


def read(printed: str) -> Report:
    """The report at the end of what a script printed.

    Raises:
        ReportError: there is none.
    """
    last = printed.strip().rpartition("\n")[2]
    try:
        return Report(**json.loads(last))
    except (ValueError, TypeError):
        raise ReportError(f"it printed no report but {last[-200:]!r}") from None
