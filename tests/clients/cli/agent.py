"""What the scripts of command-line agents share: set one up, ask it once without a terminal, tell what its model saw.

Each script is one function of a `Setup`, which says what is written where and what is run; it knows nothing of the
machine. Everything else is here.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import IO, Any

from clients.model.record import Record
from clients.model.script import Step
from clients.model.server import serve
from clients.scenario import TOOLS

SERVER = "blaxel"
"""What the server is called in each client's configuration."""
QUESTION = "How did the nightly import go, how far is the corpus, and why did the load test fail?"
DEADLINE = 120.0
"""Seconds for all commands of a client: the harness, which waits longer, could not end what they leave behind."""

OUT_OF_TIME = "it did not end within"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a client is to be set up for.

    Attributes:
        transport: "stdio", "sse" or "http".
        command: what starts the server over stdio; empty over HTTP.
        url: the server's address over HTTP; empty over stdio.
        model: the address of the scripted model, without a path.
    """

    transport: str
    command: Sequence[str]
    url: str
    model: str

    @property
    def over_stdio(self) -> bool:
        """Whether the client starts the server."""
        return bool(self.command)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a client is set up and asked.

    Attributes:
        commands: one after the other, each beginning with a program of the client's package, or with a script of it
            that Node is to run, below `node_modules`; the last one asks.
        files: what is written before, by the path below the home folder.
        variables: what is added to the environment.
    """

    commands: Sequence[Sequence[str]]
    files: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def main(plan: Callable[[Setup], Plan]) -> None:
    """Do what the task says and print the report; see ../report.py."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    script = [Step(question["tool"], question["arguments"]) for question in task["questions"]]
    command = [task["command"], *task["args"]] if "command" in task else []
    with serve(script, SERVER) as model:
        planned = plan(Setup(task["transport"], command, task.get("url", ""), model.url))
        failed = carry_out(planned, Path(task["folder"]) / "node_modules", task["node"], Path(task["home"]), os.environ)
        found = report(model.record, [question["name"] for question in task["questions"]], failed)
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def carry_out(plan: Plan, packages: Path, node: str, home: Path, environ: Mapping[str, str]) -> list[str]:
    """Write the files, run the commands; answers what the commands that failed said."""
    for path, content in plan.files.items():
        file = home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    work = home / "work"
    work.mkdir()
    # Ours was for this script: the client has an environment of its own.
    inherited = {name: value for name, value in environ.items() if name != "PYTHONPATH"}
    env = inherited | {"TERM": "dumb", "LANG": "C.UTF-8"} | dict(plan.variables)
    end = monotonic() + DEADLINE
    try:
        runs = [
            run([*program(command[0], packages, node), *command[1:]], env, work, end - monotonic())
            for command in plan.commands
        ]
    finally:
        end_all_of(home)
    return [said for said in runs if said]


def program(name: str, packages: Path, node: str) -> list[str]:
    """How a program is called, by the first word of a plan's command."""
    return [node, str(packages / name)] if "/" in name else [str(packages / ".bin" / name)]


def run(command: Sequence[str], env: Mapping[str, str], folder: Path, seconds: float) -> str:
    """Run a command to its end, or end it; blank if it succeeded, else how it ended and its last words."""
    # Files: a pipe that something the client left behind holds open would be read for ever.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(  # noqa: S603 - a client that is installed to be run
            command,
            env=dict(env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code = process.wait(max(0.0, seconds))
            ended = f"exit code {code}" if code else ""
        except subprocess.TimeoutExpired:
            ended = f"{OUT_OF_TIME} {seconds:.0f} seconds"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        words = [_words(stream) for stream in (err, out)]
    return f"{' '.join([Path(command[0]).name, *command[1:2]])}: {ended}: {words[0] or words[1]}" if ended else ""


def _words(file: IO[bytes]) -> str:
    """The last of what was written to a file, in one line."""
    file.seek(0)
    return " ".join(file.read().decode(errors="replace").split())[-300:]


def end_all_of(home: Path) -> None:
    """End every process whose home this is: some clients leave one behind in a session of its own (Cline's hub)."""
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"HOME={home}".encode() in environ.read_bytes().split(b"\0") and environ.parent.name != str(os.getpid()):
                os.kill(int(environ.parent.name), signal.SIGKILL)


def report(record: Record, names: Sequence[str], failed: Sequence[str]) -> dict[str, Any]:
    """What was seen: the tools as the model was offered them, and the exact text it was sent for each question.

    Requests that its server does not know are told where they may be why something is missing.
    """
    offered, given = record.offered(TOOLS), record.results()
    descriptions, schemas = sum(one.description for one in offered), sum(one.schema for one in offered)
    apis = ", ".join(dict.fromkeys(one.api for one in record.exchanges))
    told = f"{apis}: tools of {descriptions:,} bytes, and {schemas:,} of schemas"
    unknown = f"its model's server does not know {', '.join(record.unknown)}"
    return {
        "tools": [one.name for one in offered],
        "given": dict(zip(names, given, strict=False)),
        "notes": [
            *([told] if offered else []),
            *([unknown] if record.unknown and len(given) < len(names) else []),
            *failed,
        ],
    }


def as_json(value: Any) -> str:
    """A configuration file of JSON."""
    return json.dumps(value, indent=2) + "\n"
