"""Runs other people's MCP clients against the real server: `python tests/clients/run.py [NAME…]`.

Each client of `clients.toml` gets an environment of its own (made once, kept outside the tree), a server with the demo
workspace, and no network beyond this machine. Exit codes: 0 all passed, 1 one did not, 2 there is no such client,
3 the package index cannot be reached and nothing else is wrong.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)  # the tests' helpers, as pytest finds them; `run` is another module there

from support.program import environment as of_a_server  # noqa: E402

from clients import limits, report, rows, servers, table  # noqa: E402
from clients.crossed import Crossed  # noqa: E402
from clients.environments import CACHE, CannotRunError, Environment, make  # noqa: E402
from clients.result import Result, conclude, dump  # noqa: E402
from clients.rows import TRANSPORTS, Client, Transport  # noqa: E402
from clients.scenario import QUESTIONS, WAIT, Question  # noqa: E402

PASSED, NOT_PASSED, WRONG_USAGE, NOT_RUN = 0, 1, 2, 3
RUN_SECONDS = 180.0
_GUIDE = ROOT / "docs" / "clients.md"
DOCUMENTS = {table.LONG: _GUIDE, table.SHORT: ROOT / "README.md", limits.NAME: _GUIDE}
OFFLINE = {
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
    **dict.fromkeys(("DO_NOT_TRACK", "OPENAI_AGENTS_DISABLE_TRACING", "DISABLE_TELEMETRY"), "1"),
    **dict.fromkeys(("MCP_USE_ANONYMIZED_TELEMETRY", "ANONYMIZED_TELEMETRY"), "false"),
}
"""What keeps a client from looking beyond this machine: a proxy where nobody listens, and no telemetry."""


def main() -> int:
    """Make, run, say; answers the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that it ends the servers as well
    every = rows.read(rows.FILE.read_text(encoding="utf-8"))
    try:
        chosen = rows.select(every, options.names, small=options.small)
    except KeyError as error:
        sys.stdout.write(f"No such client: {error.args[0]}. There are {', '.join(row.name for row in every)}.\n")
        return WRONG_USAGE
    codes = set() if options.tables else {_run_client(client, options) for client in chosen}
    if options.keep or options.tables:
        write_tables(every)
    return next((code for code in (NOT_PASSED, NOT_RUN) if code in codes), PASSED)


def _run_client(client: Client, options: argparse.Namespace) -> int:
    """A client over each transport that is asked for, or with --limits the time limit of its calls; an exit code."""
    try:
        environment = make(client, options.cache, say=_say)
    except CannotRunError as error:
        _say(f"{client.name}: NOT run: {error}")
        return NOT_RUN
    if options.limits:
        limit = measure_limit(client, environment)
        _say(limits.line(limit))
        if options.keep:
            limits.record_file(limit).write_text(limits.dump(limit), encoding="utf-8")
        return PASSED if limit.passed else NOT_PASSED
    as_expected = True
    for transport in (one for one in client.transports if one in options.transport):
        one = run(client, environment, transport, show=_say if options.show else lambda _: None)
        as_expected &= one.passed != (transport in client.fails)
        _say(line(one))
        if options.keep:
            table.record_file(one).write_text(dump(one), encoding="utf-8")
    return PASSED if as_expected else NOT_PASSED


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run other people's MCP clients against the server.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of clients.toml (all)")
    parser.add_argument("--transport", action="append", choices=TRANSPORTS, help="only over this one; may be repeated")
    parser.add_argument("--small", action="store_true", help="only what .ci/run runs")
    parser.add_argument("--limits", action="store_true", help="instead, see which end a call that takes some seconds")
    parser.add_argument("--show", action="store_true", help="print what each model was given")
    parser.add_argument("--keep", action="store_true", help="keep the records, and write the tables of the documents")
    parser.add_argument("--tables", action="store_true", help="run nothing: write the tables from the kept records")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the environments are (%(default)s)")
    options = parser.parse_args()
    options.transport = options.transport or TRANSPORTS
    return options


@dataclass(frozen=True, slots=True)
class Attempt:
    """A script that was run: its report, if it printed one; else what it said; and what crossed."""

    report: report.Report | None
    notes: list[str]
    crossed: Crossed
    seconds: float


def attempt(
    client: Client,
    environment: Environment,
    transport: Transport,
    questions: Sequence[Question] = QUESTIONS,
    *,
    snippet: str = "",
) -> Attempt:
    """Run a client's script against a server of its own, from its start to its end."""
    began = perf_counter()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        servers.start(transport, Path(name), delay=client.delay) as server,
    ):
        folder = Path(name)
        home = folder / "home"
        home.mkdir()
        task = report.task(
            transport=transport,
            command=server.command,
            url=server.url,
            questions=questions,
            folder=str(environment.folder),
            home=str(home),
            node=str(environment.node) if environment.node else None,
            snippet=snippet,
        )
        (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
        command = [*_program(client, environment), str(folder / "task.json")]
        variables = variables_of(client, environment, home)
        if snippet:  # it starts `blaxel-mcp` as it stands in the document, which is then this
            shim = folder / "blaxel-mcp"
            shim.write_text(f'#!/bin/sh\nexec {shlex.join(server.command)} "$@"\n', encoding="utf-8")
            shim.chmod(0o700)
            variables["PATH"] = os.pathsep.join([str(folder), variables["PATH"]])
        printed, errors = execute(command, variables, folder)
        try:
            found, notes = report.read(printed), list[str]()
        except report.ReportError as error:
            found, notes = None, [f"{error}; {_reason(errors)}"]
        return Attempt(found, notes, server.crossed(), perf_counter() - began)


def run(client: Client, environment: Environment, transport: Transport, show: Callable[[str], None]) -> Result:
    """One client over one transport; `show` is handed what its model was given."""
    now = datetime.now(UTC)
    made = attempt(client, environment, transport)
    for question, given in made.report.given.items() if made.report else ():
        show(f"--- {question}\n{given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)}")
    return conclude(
        client=client.name,
        version=environment.version,
        transport=transport,
        date=f"{now:%Y-%m-%d}",
        seconds=made.seconds,
        megabytes=environment.megabytes,
        report=made.report,
        crossed=made.crossed,
        notes=made.notes,
    )


def measure_limit(client: Client, environment: Environment) -> limits.Limit:
    """Whether a client waits for a call of some seconds, as it comes, and told to as docs/clients.md has users do."""
    snippet = limits.snippets(_GUIDE.read_text(encoding="utf-8")).get(client.name)
    told = attempt(client, environment, "stdio", [WAIT], snippet=snippet) if snippet else None
    return limits.conclude(
        client=client.name,
        version=environment.version,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        unset={transport: attempt(client, environment, transport, [WAIT]).report for transport in client.transports},
        told=told.report if told else None,
    )


def execute(command: list[str], env: Mapping[str, str], folder: Path) -> tuple[str, str]:
    """What a script prints and says on standard error; it and all that it started are ended after RUN_SECONDS."""
    out, err = folder / "stdout", folder / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - a script of this project
            command, env=dict(env), cwd=env["HOME"], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
            start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            stderr.write(f"\nError: it did not end within {RUN_SECONDS:.0f} seconds\n".encode())
        finally:
            with contextlib.suppress(ProcessLookupError, AttributeError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
    return tuple(file.read_text(encoding="utf-8", errors="replace") for file in (out, err))  # type: ignore[return-value]


def line(one: Result) -> str:
    """A result in one line."""
    said = "passed" if one.passed else f"NOT passed: {'; '.join([*one.problems, *one.notes])}"
    sizes = " ".join(f"{a.text}+{a.structured}+{a.raw}" for a in one.answers.values())
    return f"{one.client} {one.version} {one.transport} {one.era}: {said} ({one.seconds} s; {sizes})"


def write_tables(every: list[Client]) -> None:
    """Put the tables into the documents that have their markers."""
    records = table.read_records()
    tables = {
        table.LONG: table.long(every, records),
        table.SHORT: table.short(every, records),
        limits.NAME: limits.table(every, limits.read_records()),
    }
    for name, text in tables.items():
        document = DOCUMENTS[name]
        if document.exists():
            before = document.read_text(encoding="utf-8")
            document.write_text(table.put(before, name, text), encoding="utf-8")


def _program(client: Client, environment: Environment) -> list[str]:
    """What runs the script of a client. A module of Node finds packages beside itself, so it is copied there."""
    script = HERE / client.script
    if client.runs_in != "node":
        return [str(environment.python if client.runs_in == "python" else sys.executable), str(script)]
    for module in script.parent.glob("*.mjs"):
        (environment.folder / module.name).write_bytes(module.read_bytes())
    return [str(environment.node), str(environment.folder / script.name)]


def variables_of(client: Client, environment: Environment, home: Path) -> dict[str, str]:
    """Nothing of this machine's environment but what a program needs to start."""
    first = environment.node.parent if environment.node else environment.python.parent
    needed = {"PATH": os.pathsep.join([str(first), os.environ["PATH"]]), "HOME": str(home), "USERPROFILE": str(home)}
    needed |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATHEXT") if name in os.environ}  # of Windows
    ours = os.pathsep.join([str(HERE.parent), of_a_server()["PYTHONPATH"]])
    return needed | OFFLINE | ({"PYTHONPATH": ours} if client.runs_in == "harness" else {})


def _reason(errors: str) -> str:
    """The line of what a script said on standard error that tells most: the last that names an error."""
    lines = [one.strip() for one in errors.splitlines() if one.strip()]
    telling = [one for one in lines if re.search(r"error|exception", one, re.IGNORECASE)]
    told = (telling or lines or ["it said nothing"])[-1]
    return re.sub(r"/\S*/(site-packages|node_modules)/", "", told)[:300]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
