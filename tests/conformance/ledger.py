"""What the conformance suite found, beside what `ledger.toml` says it would. Plain functions; `run.py` does the rest.

A scenario is a handful of checks. It passes when something of its own was checked and every check succeeded: a warning
counts as a failure here, and so does a check that was skipped.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

SETS = ("2025-11-25", "2026-07-28")
SERVERS = ("real", "fixture")
NOTHING = "nothing-was-checked"
_FINE = {"SUCCESS", "INFO"}
_WIRE = "wire-schema-valid"
"""The suite's check of every message against the protocol's schema: made in each scenario, and of none the point."""

Where = tuple[str, str, str]
"""Requirement set, server, scenario."""


class LedgerError(Exception):
    """The ledger cannot be read as one; the message says where."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a scenario came to: each check that did not succeed, with what the suite says of it."""

    open: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a scenario: the checks that do not succeed, where none are named all that are its own.

    `empty` says that it passes, and that this means nothing.
    """

    checks: frozenset[str] = frozenset()
    empty: bool = False

    def covers(self, check: str) -> bool:
        """Whether this check is known not to succeed. A message that breaks the schema never is, unless by name."""
        return check in self.checks or (not self.checks and not self.empty and check != _WIRE)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: how many scenarios of a set came to what on a server.

    `passed` in whole; `empty`, without saying anything; `partly`, but for the checks that are listed; `listed`, not.
    """

    requirements: str
    server: str
    passed: int
    empty: int
    partly: int
    listed: int
    unexpected: int


def judge(checks: Iterable[Mapping[str, Any]]) -> Scenario:
    """One scenario from the suite's own record of it."""
    known = list(checks)
    found = {
        check["id"]: str(check.get("errorMessage") or check["status"].lower())
        for check in known
        if check["status"] not in _FINE
    }
    if not found and not any(check["status"] == "SUCCESS" and check["id"] != _WIRE for check in known):
        found = {NOTHING: "nothing of its own was checked"}
    return Scenario(found)


def read(text: str) -> dict[Where, Entry]:
    """The ledger, by scenario.

    Raises:
        LedgerError: a reason is missing, a name is unknown, or a scenario is named twice.
    """
    ledger: dict[Where, Entry] = {}
    for number, raw in enumerate(tomllib.loads(text).get("entry", []), 1):
        if not raw.get("because", "").strip():
            raise LedgerError(f"Entry {number} of the ledger gives no reason.")
        if unknown := raw.keys() - {"because", "servers", "empty", *SETS}:
            raise LedgerError(f"Entry {number} of the ledger has an unknown key: {', '.join(sorted(unknown))}.")
        servers = raw.get("servers", [])
        if not servers or set(servers) - set(SERVERS):
            raise LedgerError(f"Entry {number} of the ledger must name servers out of {', '.join(SERVERS)}.")
        for requirements in SETS:
            for server in servers:
                for name in raw.get(requirements, []):
                    scenario, _, check = name.partition(":")
                    where = (requirements, server, scenario)
                    new = Entry(frozenset([check] if check else ()), empty=raw.get("empty", False))
                    ledger[where] = _joined(where, ledger.get(where), new)
    return ledger


def _joined(where: Where, known: Entry | None, new: Entry) -> Entry:
    """Checks of one scenario may stand in several places, each in one; a whole scenario only in one."""
    if known is None:
        return new
    if not known.checks or not new.checks or known.checks & new.checks:
        raise LedgerError(f"{_named(where)} is in the ledger twice.")
    return Entry(known.checks | new.checks)


def compare(
    ledger: Mapping[Where, Entry],
    required: Mapping[str, Collection[str]],
    found: Mapping[tuple[str, str], Mapping[str, Scenario]],
) -> tuple[list[Row], list[str]]:
    """The table, and whatever is not as the ledger says. `required` has every scenario that a set should have run."""
    rows, problems = [], []
    for (requirements, server), scenarios in found.items():
        counts = dict.fromkeys(("passed", "empty", "partly", "listed", "unexpected"), 0)
        for scenario in dict.fromkeys([*required[requirements], *scenarios]):
            where = (requirements, server, scenario)
            entry = ledger.get(where)
            new = _problems(where, entry, scenarios.get(scenario))
            problems += new
            counts["unexpected" if new else _kind(entry)] += 1
        for where in ledger:
            if where[:2] == (requirements, server) and where[2] not in {*required[requirements], *scenarios}:
                problems.append(
                    f"{_named(where)}: the suite has no such scenario (any more); take it out of the ledger."
                )
        rows.append(Row(requirements, server, **counts))
    return rows, problems


def _kind(entry: Entry | None) -> str:
    if entry is None:
        return "passed"
    if entry.empty:
        return "empty"
    return "partly" if entry.checks else "listed"


def _problems(where: Where, entry: Entry | None, scenario: Scenario | None) -> list[str]:
    if scenario is None:
        return [f"{_named(where)} did not run."]
    problems = [
        f"{_named(where)}, {check}: {said}"
        for check, said in scenario.open.items()
        if entry is None or not entry.covers(check)
    ]
    if entry is None or entry.empty:
        return problems
    if not entry.checks and not scenario.open:
        return [f"{_named(where)} passes; take it out of the ledger."]
    stale = sorted(entry.checks - scenario.open.keys())
    return [*problems, *(f"{_named(where)}, {check}: succeeds; take it out of the ledger." for check in stale)]


def _named(where: Where) -> str:
    requirements, server, scenario = where
    return f"{scenario} ({requirements}, {server} server)"


def table(rows: Sequence[Row]) -> str:
    """What a person reads first."""
    names = [field.name for field in fields(Row)]
    cells = [names, *([str(getattr(row, name)) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
