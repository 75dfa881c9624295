"""The comparison of what the conformance suite saw with the ledger; neither Node nor a server is needed."""

from pathlib import Path
from typing import Any

import pytest
from ledger import NOTHING, SERVERS, SETS, Entry, LedgerError, Row, Scenario, compare, judge, read, table

OLD, NEW = SETS
REAL, FIXTURE = SERVERS
GOOD, BAD = Scenario({}), Scenario({"a": "No a.", "b": "No b."})
ENTRY = """
[[entry]]
because = "It has none."
servers = ["real"]
"2025-11-25" = ["one"]
"""


def compared(scenario: Scenario | None, entry: Entry | None, name: str = "one") -> list[str]:
    """What is wrong when a set of one scenario came to this and the ledger has that of it."""
    ledger = {(OLD, REAL, name): entry} if entry else {}
    return compare(ledger, {OLD: ["one"]}, {(OLD, REAL): {"one": scenario} if scenario else {}})[1]


def checks(**status: str) -> list[dict[str, Any]]:
    """Checks as the suite writes them, by id."""
    return [{"id": name.replace("_", "-"), "status": one} for name, one in status.items()]


@pytest.mark.parametrize(
    ("seen", "open_checks"),
    [
        (checks(a="SUCCESS", b="INFO"), {}),
        (checks(a="SUCCESS", b="FAILURE"), {"b": "failure"}),
        (checks(a="SUCCESS", b="WARNING"), {"b": "warning"}),
        (checks(a="SUCCESS", b="SKIPPED"), {"b": "skipped"}),
        ([*checks(a="FAILURE"), *checks(a="SUCCESS")], {"a": "failure"}),
        ([{"id": "a", "status": "FAILURE", "errorMessage": "No a."}], {"a": "No a."}),
        (checks(a="INFO"), {NOTHING: "nothing of its own was checked"}),
        (checks(wire_schema_valid="SUCCESS"), {NOTHING: "nothing of its own was checked"}),
        ([], {NOTHING: "nothing of its own was checked"}),
    ],
)
def test_a_scenario_passes_when_something_was_checked_and_all_of_it_succeeded(
    seen: list[dict[str, Any]], open_checks: dict[str, str]
) -> None:
    """A warning, a skipped check and a scenario that looked at nothing are no pass."""
    assert judge(seen).open == open_checks


@pytest.mark.parametrize(
    ("scenario", "entry"),
    [
        (GOOD, None),
        (BAD, Entry()),
        (BAD, Entry(frozenset("ab"))),
        (GOOD, Entry(empty=True)),
    ],
)
def test_what_is_as_the_ledger_says_is_no_problem(scenario: Scenario, entry: Entry | None) -> None:
    """It passes, or it is listed as a whole, by its checks, or as an empty pass."""
    assert compared(scenario, entry) == []


@pytest.mark.parametrize(
    ("scenario", "entry", "problems"),
    [
        (BAD, None, ["{one}, a: No a.", "{one}, b: No b."]),
        (BAD, Entry(frozenset("a")), ["{one}, b: No b."]),
        (BAD, Entry(empty=True), ["{one}, a: No a.", "{one}, b: No b."]),
        (Scenario({"wire-schema-valid": "Broken."}), Entry(), ["{one}, wire-schema-valid: Broken."]),
        (GOOD, Entry(), ["{one} passes; take it out of the ledger."]),
        (BAD, Entry(frozenset("abc")), ["{one}, c: succeeds; take it out of the ledger."]),
        (GOOD, Entry(frozenset("a")), ["{one}, a: succeeds; take it out of the ledger."]),
        (None, None, ["{one} did not run."]),
        (None, Entry(), ["{one} did not run."]),
    ],
    ids=[
        "an unlisted failure",
        "an unlisted check",
        "an empty pass that fails",
        "a message that breaks the schema",
        "a listed scenario that passes",
        "a listed check that succeeds or is gone",
        "every listed check succeeds",
        "a scenario that did not run",
        "a listed one that did not run",
    ],
)
def test_what_is_not_as_the_ledger_says_is_a_problem(
    scenario: Scenario | None, entry: Entry | None, problems: list[str]
) -> None:
    """Each with its scenario, and with what the suite says or what to do."""
    assert compared(scenario, entry) == [line.format(one="one (2025-11-25, real server)") for line in problems]


def test_a_listed_scenario_that_the_suite_does_not_have_is_a_problem() -> None:
    """It was renamed or taken out, and its entry would stay for ever."""
    assert compared(GOOD, Entry(), "gone") == [
        "gone (2025-11-25, real server): the suite has no such scenario (any more); take it out of the ledger."
    ]


def test_the_table_counts_every_scenario_once() -> None:
    """By what it came to; one that is not as the ledger says counts as unexpected only."""
    ledger = {
        (NEW, REAL, "empty"): Entry(empty=True),
        (NEW, REAL, "partly"): Entry(frozenset("ab")),
        (NEW, REAL, "listed"): Entry(),
        (NEW, REAL, "stale"): Entry(),
    }
    results = {"passed": GOOD, "empty": GOOD, "partly": BAD, "listed": BAD, "stale": GOOD, "failed": BAD}
    rows, _ = compare(
        ledger, {NEW: list(results)}, {(NEW, REAL): results, (NEW, FIXTURE): dict.fromkeys(results, GOOD)}
    )
    assert rows == [Row(NEW, REAL, 1, 1, 1, 1, 2), Row(NEW, FIXTURE, 6, 0, 0, 0, 0)]
    assert table(rows) == (
        "requirements  server   passed  empty  partly  listed  unexpected\n"
        "2026-07-28    real     1       1      1       1       2\n"
        "2026-07-28    fixture  6       0      0       0       0"
    )


def test_an_entry_stands_for_each_server_and_scenario_that_it_names() -> None:
    """Checks of one scenario may stand in several entries, each with a reason of its own."""
    second = ENTRY.replace('"real"', '"real", "fixture"').replace('"one"', '"two:a", "two:b"')
    third = ENTRY.replace('"one"', '"two:c"')
    assert read(ENTRY + second + third) == {
        (OLD, REAL, "one"): Entry(),
        (OLD, REAL, "two"): Entry(frozenset("abc")),
        (OLD, FIXTURE, "two"): Entry(frozenset("ab")),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ENTRY.replace("It has none.", " "), "Entry 1 of the ledger gives no reason."),
        (ENTRY.replace('because = "It has none."', ""), "Entry 1 of the ledger gives no reason."),
        (ENTRY.replace("2025-11-25", "2025-11-52"), "Entry 1 of the ledger has an unknown key: 2025-11-52."),
        (ENTRY.replace("real", "reel"), "Entry 1 of the ledger must name servers out of real, fixture."),
        (ENTRY + ENTRY, "one (2025-11-25, real server) is in the ledger twice."),
        (ENTRY.replace('"one"', '"one", "one:a"'), "one (2025-11-25, real server) is in the ledger twice."),
    ],
    ids=[
        "an empty reason",
        "no reason",
        "an unknown set",
        "an unknown server",
        "the same twice",
        "the whole and a part",
    ],
)
def test_a_ledger_with_a_mistake_is_refused(text: str, problem: str) -> None:
    """With the entry's number or the scenario's name."""
    with pytest.raises(LedgerError) as refused:
        read(text)
    assert str(refused.value) == problem


def test_the_ledger_itself_can_be_read() -> None:
    """What is listed for the fixture server is listed for the real one too: it has no more than that one lacks."""
    ledger = read((Path(__file__).parent / "ledger.toml").read_text(encoding="utf-8"))
    assert {where for where in ledger if where[1] == FIXTURE} <= {
        (requirements, FIXTURE, scenario) for requirements, server, scenario in ledger if server == REAL
    }
