"""Which clients end a call before the server has answered, unless they are told to; pure but for reading records."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.report import Report
from clients.rows import WORDS, Client
from clients.scenario import WAIT, WAIT_SECONDS, judge

RECORDS = Path(__file__).parent / "records" / "limits"
NAME = "clients-limits"
"""Of the markers around the table."""
_SHOWN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a client made of a call that takes WAIT_SECONDS.

    Attributes:
        client: its name in `clients.toml`.
        version: of its package.
        date: when, in UTC.
        waits: by transport, whether it waited for the answer, as it comes.
        waits_if_told: whether it did over stdio when connected by the snippet of docs/clients.md, if there is one.
        said: what its model was given instead of the answer, as it comes; empty if it waited.
    """

    client: str
    version: str
    date: str
    waits: Mapping[str, bool]
    waits_if_told: bool
    said: str

    @property
    def ends(self) -> list[str]:
        """The transports over which it ends the call."""
        return [transport for transport, waited in self.waits.items() if not waited]

    @property
    def passed(self) -> bool:
        """Whether a user can have it wait."""
        return not self.ends or self.waits_if_told


def conclude(*, client: str, version: str, date: str, unset: Mapping[str, Report | None], told: Report | None) -> Limit:
    """What runs came to: as it comes, by transport, and told to wait."""
    waits = {transport: _waited(report) for transport, report in unset.items()}
    ended = next((unset[transport] for transport, waited in waits.items() if not waited), None)
    given = ended.given.get(WAIT.name, "") if ended else "it ended without a report"
    said = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return Limit(
        client=client,
        version=version,
        date=date,
        waits=waits,
        waits_if_told=_waited(told),
        said="" if all(waits.values()) else said[:_SHOWN],
    )


def snippets(document: str) -> dict[str, str]:
    """The Python of a document that makes a client wait, by the client's name, which a comment before it has."""
    return dict(re.findall(r"<!-- run: ([\w-]+) -->\n```python\n(.*?)```", document, re.DOTALL))


def _waited(report: Report | None) -> bool:
    return report is not None and WAIT.name in report.given and judge(WAIT, report.given[WAIT.name]).passed


def line(one: Limit) -> str:
    """A measurement in one line."""
    if not one.ends:
        return f"{one.client} {one.version}: waits {WAIT_SECONDS} s over {', '.join(one.waits)}"
    told = "waits if told" if one.waits_if_told else "does NOT wait if told"
    return f"{one.client} {one.version}: does not wait {WAIT_SECONDS} s over {', '.join(one.ends)} ({one.said}), {told}"


def table(rows: Sequence[Client], limits: Sequence[Limit]) -> str:
    """The clients that end a call, and what their model is told; then those that wait."""
    by_name = {one.client: one for one in limits}
    found = [(row.title, by_name[row.name]) for row in rows if row.name in by_name]
    waiting = ", ".join(f"{title} {one.version}" for title, one in found if not one.ends)
    lines = [_row(title, one) for title, one in found if one.ends]
    first = f"| ends a call of {WAIT_SECONDS} s | over | its model is told | waits once told to |"
    return "\n".join(
        [
            first,
            "| --- | --- | --- | --- |",
            *lines,
            "",
            f"These waited {WAIT_SECONDS} seconds as they come: {waiting}.",
        ]
    )


def _row(title: str, one: Limit) -> str:
    over = ", ".join(WORDS[transport] for transport in one.ends)
    said = one.said.replace("|", "/") or "nothing"
    return f"| {title} {one.version} | {over} | {said} | {'yes' if one.waits_if_told else 'no'} |"


def record_file(one: Limit, folder: Path = RECORDS) -> Path:
    """Where a measurement is kept."""
    return folder / f"{one.client}.json"


def dump(one: Limit) -> str:
    """A measurement as its file holds it."""
    return json.dumps(dataclasses.asdict(one), indent=1, ensure_ascii=False) + "\n"


def read_records(folder: Path = RECORDS) -> list[Limit]:
    """Every measurement in a folder."""
    return [Limit(**json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.json"))]
