"""The tables of README.md and docs/clients.md, made from the records of runs; pure but for reading those."""

from collections.abc import Sequence
from pathlib import Path

from clients import result
from clients.result import Result
from clients.rows import TRANSPORTS, Client
from clients.scenario import QUESTIONS

RECORDS = Path(__file__).parent / "records"
WORDS = {"stdio": "stdio", "sse": "SSE", "http": "HTTP"}
LONG, SHORT = "clients", "clients-short"
"""The names of the markers around the two tables."""


def read_records(folder: Path = RECORDS) -> list[Result]:
    """Every record in a folder."""
    return [result.load(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]


def record_file(one: Result, folder: Path = RECORDS) -> Path:
    """Where the record of a result is kept."""
    return folder / f"{one.client}.{one.transport}.json"


def long(rows: Sequence[Client], results: Sequence[Result]) -> str:
    """One line for each client that was run: over what, in which era, and what was seen, in bytes by channel."""
    head = (
        "| client | version | answered over | protocol | given to | text | fields | raw JSON | MB | notes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    )
    found = [(row, _of(row, results)) for row in rows]
    dates = sorted({one.date for _, runs in found for one in runs})
    lines = [_long_row(row, runs) for row, runs in found if runs]
    questions = ", ".join(question.name for question in QUESTIONS)
    said = f"Run {' to '.join(dict.fromkeys((dates[0], dates[-1])))}. Bytes for: {questions}." if dates else ""
    return "\n".join([said, "", *head, *lines])


def short(rows: Sequence[Client], results: Sequence[Result]) -> str:
    """The clients that drive a model, by what that is given; a row with a late start says nothing new."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        if row.seen_by != "model" or row.delay:
            continue
        if runs := [one for one in _of(row, results) if one.passed]:
            all_over = {one.transport for one in runs} == set(TRANSPORTS)
            over = "" if all_over else f" ({', '.join(WORDS[one.transport] for one in runs)})"
            groups.setdefault(shown(runs[0]), []).append(f"{row.title} {runs[0].version}{over}")
    head = ("| the model is given | in |", "| --- | --- |")
    return "\n".join([*head, *(f"| {what} | {', '.join(groups[what])} |" for what in SHOWN if what in groups)])


SHOWN = ("the text", "the fields", "the fields and raw JSON", "text and fields", "all three")
_SHOWN = {
    (True, False, False): "the text",
    (False, True, False): "the fields",
    (False, True, True): "the fields and raw JSON",
    (True, True, False): "text and fields",
    (True, True, True): "all three",
}


def shown(one: Result) -> str:
    """The channels that were given for the execution that failed, in words."""
    answer = one.answers["failed"]
    return _SHOWN.get((bool(answer.text), bool(answer.structured), bool(answer.raw)), "nothing")


def put(document: str, name: str, table: str) -> str:
    """A document with a table between the markers of that name; the same if it has none."""
    before, begin, rest = document.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    return f"{before}{begin}{table}\n{end}{after}" if begin and end else document


def _of(row: Client, results: Sequence[Result]) -> list[Result]:
    found = {one.transport: one for one in results if one.client == row.name}
    return [found[transport] for transport in TRANSPORTS if transport in found]


def _long_row(row: Client, runs: Sequence[Result]) -> str:
    first = next((one for one in runs if one.passed), runs[0])
    over = ", ".join(_over(row, one) for one in runs)
    eras = ", ".join(dict.fromkeys(one.era for one in runs if one.era))
    channels = (_bytes(first, channel) for channel in ("text", "structured", "raw"))
    notes = [*([f"starts the server {first.starts} times"] if first.starts > 1 else []), *first.notes]
    cells = (row.title, first.version, over, eras, row.seen_by, *channels, str(first.megabytes), "; ".join(notes))
    return f"| {' | '.join(cells)} |"


def _over(row: Client, one: Result) -> str:
    why = "" if one.passed else f" **not**: {row.fails.get(one.transport) or one.problems[0]}"
    return WORDS[one.transport] + why


def _bytes(one: Result, channel: str) -> str:
    sizes = [getattr(answer, channel) for answer in one.answers.values()]
    return " / ".join(f"{size:,}" for size in sizes) if any(sizes) else "-"
