"""docs/clients.md says what the kept records say, and its snippets are those that are run."""

import ast
import re
from pathlib import Path

import pytest

from clients import limits, table
from clients.result import Result
from clients.rows import FILE, read

ROOT = Path(__file__).parent.parent.parent
GUIDE, README = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/clients.md", "README.md"))
ROWS = read(FILE.read_text(encoding="utf-8"))
RECORDS, LIMITS = table.read_records(), limits.read_records()


def test_the_tables_are_what_the_records_say() -> None:
    """`run.py --keep` writes both; whoever changes one of them by hand is told."""
    assert f"<!-- {table.LONG} -->\n{table.long(ROWS, RECORDS)}\n<!-- /{table.LONG} -->" in GUIDE
    assert f"<!-- {limits.NAME} -->\n{limits.table(ROWS, LIMITS)}\n<!-- /{limits.NAME} -->" in GUIDE
    short = table.short(ROWS, RECORDS)
    assert table.put(README, table.SHORT, short) == README


def test_every_client_was_run_over_every_transport_that_it_has() -> None:
    """And nothing else is kept; of each, the newest run."""
    kept = sorted((one.client, one.transport) for one in RECORDS)
    assert kept == sorted((row.name, transport) for row in ROWS for transport in row.transports)
    assert {one.client for one in LIMITS} <= {row.name for row in ROWS}


@pytest.mark.parametrize("one", RECORDS, ids=lambda one: f"{one.client}-{one.transport}")
def test_every_kept_run_passed(one: Result) -> None:
    """But where the client's row says why not; an entry for what passes is out of date."""
    (row,) = (row for row in ROWS if row.name == one.client)
    assert (one.problems == []) == (one.transport not in row.fails)


def test_every_client_that_ends_a_call_early_has_a_snippet_that_was_run() -> None:
    """The snippets are those that made the client wait; all of them are Python."""
    snippets = limits.snippets(GUIDE)
    assert {one.client for one in LIMITS if one.ends} == {*snippets}
    assert all(one.waits_if_told for one in LIMITS if one.ends)
    assert len(snippets) == GUIDE.partition("## From Python")[0].count("```python")
    for snippet in snippets.values():
        ast.parse(snippet)


def test_the_guide_names_the_command_as_it_is() -> None:
    """Each client and option on its command lines exists."""
    commands = re.findall(r"^\.venv/bin/python tests/clients/run\.py ([^#\n]*)", GUIDE, re.MULTILINE)
    said = {word for command in commands for word in command.split()}
    assert said == {"--small", "smolagents", "--show", "--limits"}
    source = (ROOT / "tests" / "clients" / "run.py").read_text(encoding="utf-8")
    assert all(f'"{word}"' in source for word in said if word.startswith("--"))
    assert "smolagents" in {row.name for row in ROWS}


def test_no_record_names_a_place_of_this_machine() -> None:
    """Paths of whoever ran them are nobody's business."""
    for file in table.RECORDS.rglob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w:/])/(?:root|home|tmp|usr|Users)/", text), file.name
