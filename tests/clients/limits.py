"""Which clients end a call before the server has answered, unless they are told to; pure but for reading records."""

import dataclasses
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.report import Report
from clients.rows import Client
from clients.scenario import WAIT, WAIT_SECONDS, judge

RECORDS = Path(__file__).parent / "records" / "limits"
NAME = "clients-limits"
"""Of the markers around the table."""
_SHOWN = 160
_YES = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a client made of a call that takes WAIT_SECONDS.

    Attributes:
        client: its name in `clients.toml`.
        version: of its package.
        date: when, in UTC.
        waits: whether it waited for the answer, as it comes.
        waits_if_told: whether it did when connected by the snippet of docs/clients.md; false if there is none.
        said: what its model was given instead of the answer, as it comes; empty if it waited.
    """

    client: str
    version: str
    date: str
    waits: bool
    waits_if_told: bool
    said: str

    @property
    def passed(self) -> bool:
        """Whether a user can have it wait."""
        return self.waits or self.waits_if_told


def conclude(*, client: str, version: str, date: str, unset: Report | None, told: Report | None) -> Limit:
    """What two runs came to: as it comes, and told to wait."""
    waits = _waited(unset)
    given = unset.given.get(WAIT.name, "") if unset else "it ended without a report"
    said = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return Limit(
        client=client,
        version=version,
        date=date,
        waits=waits,
        waits_if_told=_waited(told),
        said="" if waits else said[:_SHOWN],
    )


def snippets(document: str) -> dict[str, str]:
    """The Python of a document that makes a client wait, by the client's name, which a comment before it has."""
    return dict(re.findall(r"<!-- run: ([\w-]+) -->\n```python\n(.*?)```", document, re.DOTALL))


def _waited(report: Report | None) -> bool:
    return report is not None and WAIT.name in report.given and judge(WAIT, report.given[WAIT.name]).passed


def line(one: Limit) -> str:
    """A measurement in one line."""
    if one.waits:
        return f"{one.client} {one.version}: waits {WAIT_SECONDS} s"
    told = "waits if told" if one.waits_if_told else "does NOT wait if told"
    return f"{one.client} {one.version}: does not wait {WAIT_SECONDS} s ({one.said}), {told}"


def table(rows: Sequence[Client], limits: Sequence[Limit]) -> str:
    """The clients that end a call, and what their model is told; then those that wait."""
    by_name = {one.client: one for one in limits}
    found = [(row.title, by_name[row.name]) for row in rows if row.name in by_name]
    waiting = ", ".join(f"{title} {one.version}" for title, one in found if one.waits)
    lines = [
        f"| {title} {one.version} | {one.said.replace('|', '/') or 'nothing'} | {_YES[one.waits_if_told]} |"
        for title, one in found
        if not one.waits
    ]
    head = (f"| ends a call of {WAIT_SECONDS} s | its model is told | waits once told to |", "| --- | --- | --- |")
    return "\n".join([*head, *lines, "", f"These waited {WAIT_SECONDS} seconds as they come: {waiting}."])


def record_file(one: Limit, folder: Path = RECORDS) -> Path:
    """Where a measurement is kept."""
    return folder / f"{one.client}.json"


def dump(one: Limit) -> str:
    """A measurement as its file holds it."""
    return json.dumps(dataclasses.asdict(one), indent=1, ensure_ascii=False) + "\n"


def read_records(folder: Path = RECORDS) -> list[Limit]:
    """Every measurement in a folder."""
    return [Limit(**json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.json"))]
