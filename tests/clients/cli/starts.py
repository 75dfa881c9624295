"""How long command-line agents wait for a server that is slow to start: `python tests/clients/cli/starts.py [NAME…]`.

Each agent of `clients.toml` is given a server that never answers, and a model that is asked all the same, sooner or
later. With --keep, what was seen is kept as records, and the table of docs/clients.md is written.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent.parent
if __name__ == "__main__":
    sys.path[0] = str(TESTS)  # the tests' helpers, as pytest finds them

from clients import run, table  # noqa: E402
from clients.cli.agent import OUT_OF_TIME, SERVER, Plan, Setup, carry_out  # noqa: E402
from clients.environments import CannotRunError, Environment, make  # noqa: E402
from clients.model.script import Step  # noqa: E402
from clients.model.server import serve  # noqa: E402
from clients.rows import FILE, Client, read  # noqa: E402

RECORDS = table.RECORDS / "starts"
NAME = "clients-starts"
"""Of the markers around the table."""
ACCOUNT = {"BL_API_KEY": "of-the-shell", "BL_WORKSPACE": "of-the-shell"}
"""What a user has exported, who may hope that the server is given it."""
GUIDE = TESTS.parent / "docs" / "clients.md"
_SILENT = Path(__file__).with_name("silent_server.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a client made of a server that never answers; each time in whole seconds after it had started the server.

    Attributes:
        client: its name in `clients.toml`.
        told: whether it was told to wait, where it needs that; else it was as it comes.
        version: of its package.
        date: when, in UTC.
        probed: how long it waited for an answer to `server/discover` before it sent `initialize`, if it did.
        asked: when its model was first asked, without the tools; none if it never was.
        ended: when it ended the server; none if that was there as long as the conversation, or when time was up.
        watched: how long the server was there.
        inherited: those of the shell's variables in ACCOUNT that the client gave the server.
    """

    client: str
    told: bool
    version: str
    date: str
    probed: int | None
    asked: int | None
    ended: int | None
    watched: int
    inherited: Sequence[str]


_SAYS_EVERY = 1.0
"""Seconds within which the silent server says that it is there, also on a machine that is busy."""


def is_measured(row: Client) -> bool:
    """Whether a row is of an agent; a late start has nothing of its own to measure."""
    return row.kind == "agent" and not row.delay


def plans(row: Client) -> dict[bool, Callable[[Setup], Plan]]:
    """How an agent is set up: as it comes, and told to wait if it has to be told."""
    module = import_module(f"clients.cli.{Path(row.script).stem}")
    as_it_comes = getattr(module, "as_it_comes", None)
    return {False: as_it_comes, True: module.plan} if as_it_comes else {False: module.plan}


def conclude(
    log: str, asked: Sequence[float], *, in_time: bool, client: str, told: bool, version: str, date: str
) -> Start:
    """What the log of the silent server and the moments of the model's requests come to; the first start counts.

    A server that was there at the last of those requests was ended because the conversation was, or, if the client did
    not end `in_time`, with it.
    """
    lines = [(float(moment), what) for moment, what in (line.split(" ", 1) for line in log.splitlines())]
    starts = [moment for moment, what in lines if what.startswith("started")]
    first = [(moment - starts[0], what) for moment, what in lines if len(starts) == 1 or moment < starts[1]]
    at = {what: moment for moment, what in reversed(first)}
    probed = at["initialize"] - at["server/discover"] if {"initialize", "server/discover"} <= {*at} else None
    last, what = first[-1]
    # Killed without a word, it may have been there a little longer than it said last.
    there_until = last if what == "end" else last + _SAYS_EVERY
    outlasted = asked and asked[-1] - starts[0] <= there_until
    gave_up = len(starts) > 1 or (in_time and not outlasted)
    return Start(
        client=client,
        told=told,
        version=version,
        date=date,
        probed=None if probed is None else round(probed),
        asked=round(asked[0] - starts[0]) if asked else None,
        ended=round(last) if gave_up else None,
        watched=round(last),
        inherited=lines[0][1].split()[1:],
    )


def line(one: Start) -> str:
    """A measurement in one line."""
    told = ", told to wait" if one.told else ""
    return f"{one.client} {one.version}{told}: probed {one.probed}, asked {one.asked}, ended {one.ended}"


def as_table(rows: Sequence[Client], starts: Sequence[Start]) -> str:
    """One line for each agent."""
    found = [(row.title, one) for row in rows for one in starts if one.client == row.name]
    head = (
        "| client | gives up on `server/discover` | asks its model without tools | ends it | passes on of a shell's |",
        "| --- | --- | --- | --- | --- |",
    )
    lines = [f"| {title} {one.version}{', told to wait' if one.told else ''} | {_cells(one)} |" for title, one in found]
    return "\n".join([*head, *lines])


def _cells(one: Start) -> str:
    inherited = ", ".join(f"`{name}`" for name in one.inherited) or "nothing"
    waited = (_seconds(one.probed, "-"), _seconds(one.asked, "never"), _seconds(one.ended, _never(one)))
    return " | ".join([*waited, inherited])


def _never(one: Start) -> str:
    return f"not within {one.watched} s" if one.asked is None else "with its answer"


def _seconds(number: int | None, otherwise: str) -> str:
    return otherwise if number is None else f"{number} s"


def read_records(folder: Path = RECORDS) -> list[Start]:
    """Every measurement in a folder."""
    return [Start(**json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.json"))]


def measure(client: Client, environment: Environment, plan: Callable[[Setup], Plan], *, told: bool) -> Start:
    """Set a client up with the silent server, and have it ask."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        serve([Step("list_jobs", {})], SERVER) as model,
    ):
        home, log = Path(name) / "home", Path(name) / "log"
        home.mkdir()
        setup = Setup("stdio", [sys.executable, str(_SILENT), str(log)], "", model.url)
        failed = carry_out(
            plan(setup),
            environment.folder / "node_modules",
            str(environment.node),
            home,
            run.variables_of(client, environment, home) | ACCOUNT,
        )
        return conclude(
            log.read_text(encoding="utf-8"),
            [exchange.at for exchange in model.record.exchanges if exchange.request.tools],
            in_time=not any(OUT_OF_TIME in said for said in failed),
            client=client.name,
            told=told,
            version=environment.version,
            date=f"{datetime.now(UTC):%Y-%m-%d}",
        )


def main() -> int:
    """Measure, say, keep; answers the exit code."""
    parser = argparse.ArgumentParser(description="See how long command-line agents wait for a server.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of clients.toml (all agents)")
    parser.add_argument("--keep", action="store_true", help="keep the records, and write the table")
    options = parser.parse_args()
    rows = read(FILE.read_text(encoding="utf-8"))
    agents = [row for row in rows if is_measured(row)]
    not_run = 0
    for client in agents:
        if options.names and client.name not in options.names:
            continue
        try:
            environment = make(client)
        except CannotRunError as error:
            not_run += 1
            sys.stdout.write(f"{client.name}: NOT run: {error}\n")
            continue
        for told, plan in plans(client).items():
            one = measure(client, environment, plan, told=told)
            sys.stdout.write(f"{line(one)}\n")
            sys.stdout.flush()
            if options.keep:
                text = json.dumps(dataclasses.asdict(one), indent=1) + "\n"
                (RECORDS / f"{one.client}{'.told' if told else ''}.json").write_text(text, encoding="utf-8")
    if options.keep:
        written = table.put(GUIDE.read_text(encoding="utf-8"), NAME, as_table(rows, read_records()))
        GUIDE.write_text(written, encoding="utf-8")
    return run.NOT_RUN if not_run else run.PASSED


if __name__ == "__main__":
    raise SystemExit(main())
