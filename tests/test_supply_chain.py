"""What is known of the distributions that come with the program: which, from where, under which licence, how safe."""

import re
from typing import Any

import audit
import inventory
import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow


def row(name: str, *vulnerabilities: tuple[str, list[str]], **more: Any) -> dict[str, Any]:
    """One distribution in a report of pip-audit's."""
    vulns = [{"id": number, "fix_versions": versions} for number, versions in vulnerabilities]
    return {"name": name, **(more or {"version": "1.0", "vulns": vulns})}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("a"), row("b")], (0, "2 of 2")),
        ([row("a"), row("blaxel-mcp", skip_reason="not found")], (0, "1 of 1")),
        ([row("a"), row("b", skip_reason="not found")], (3, "1 of 2")),
        ([row("a", ("CVE-1", ["1.1", "2.0"]), ("CVE-2", [])), row("b", skip_reason="not found")], (1, "1 of 2")),
    ],
    ids=["nothing known", "this program itself", "not looked up", "vulnerable"],
)
def test_an_audit_passes_only_where_everything_was_looked_up(
    rows: list[dict[str, Any]], expected: tuple[int, str]
) -> None:
    """A database that is not reached is not good news; a vulnerability is bad news even then."""
    code, lines = audit.judge({"dependencies": rows})
    assert (code, lines[-1].partition(" distributions were looked up")[0]) == expected


def test_an_audit_names_each_vulnerability() -> None:
    """With the versions that mend it."""
    _, lines = audit.judge({"dependencies": [row("a", ("CVE-1", ["1.1", "2.0"]), ("CVE-2", [])), row("b")]})
    assert lines == [
        "a 1.0: CVE-1, mended in 1.1, 2.0",
        "a 1.0: CVE-2, mended in no version",
        "2 of 2 distributions were looked up, 2 vulnerabilities are known.",
    ]


def test_the_inventory_names_what_the_program_needs_and_no_tool_of_development() -> None:
    """Each dependency of pyproject.toml, those of its extras, and what they need; each with a licence."""
    found = {each.name.lower().replace("_", "-"): each for each in inventory.installed_with(inventory.THIS, set())}
    assert {"mcp", "httpx", "httpcore", "pydantic-core", "prometheus-client", "opentelemetry-sdk", "cryptography"} <= {
        *found
    }
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & {*found}
    assert {name for name, each in found.items() if inventory.licence(each) == "not stated"} == set()
    assert [each.name for each in inventory.installed_with(Requirement("not-installed"), set())] == []


@pytest.mark.nightly
def test_the_inventory_is_a_requirements_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Needs a package index: each line pins a version and a hash, and says the licence."""
    assert inventory.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 40
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.+]+ --hash=sha256:[0-9a-f]{64}  # .+", line)
