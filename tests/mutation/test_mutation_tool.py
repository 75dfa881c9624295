"""The command that changes the program makes the changes it says it makes, and knows what became of them."""

from pathlib import Path

import pytest

pytest.importorskip("mutmut", reason="CONTRIBUTING.md has the command that installs mutmut")

from blaxel_mcp.summary import wording
from mutation.known import Entry, Finding, Findings, read_reviewed, reason
from mutation.making import ROOT, Mutant, mutants_of, stand_in
from mutation.measuring import Measured, Reach, recall

pytestmark = pytest.mark.slow

WORDING = "blaxel_mcp/summary/wording.py"
PLURAL = Mutant(
    file=WORDING,
    function="plural",
    first=1,
    last=1,
    was="return one",
    now="return two",
    source='def plural(number, noun="run"):\n    return f"{number} changed {noun}"\n',
)


def test_a_mutant_is_one_change_of_one_function(tmp_path: Path) -> None:
    """With the lines of its statement, what they were and are, and a source of its own in its class."""
    file = tmp_path / "some.py"
    source = "LIMIT = 1\n\n\nclass Some:\n    def ok(self, n):\n        return [\n            {},\n        ]\n"
    file.write_text(source.format("n < 3"), encoding="utf-8")
    found = list(mutants_of(str(file)))
    assert [(each.function, each.first, each.last, each.was, each.now) for each in found] == [
        ("Some.ok", 6, 8, "n < 3,", "n <= 3,"),
        ("Some.ok", 6, 8, "n < 3,", "n < 4,"),
    ]
    assert found[1].source == source.format("n < 4").partition("\n\n\n")[2]
    assert found[0].key != found[1].key


def test_the_key_is_the_same_wherever_the_function_stands(tmp_path: Path) -> None:
    """What was found out stays known when something else of the file changes."""
    file, source = tmp_path / "some.py", "def ok(n):\n    return n + 1\n"
    file.write_text(source, encoding="utf-8")
    before = [mutant.key for mutant in mutants_of(str(file))]
    file.write_text(f"# A line more.\n\n{source}\n\ndef other():\n    return 5\n", encoding="utf-8")
    assert [mutant.key for mutant in mutants_of(str(file)) if mutant.function == "ok"] == before


def test_a_mutant_stands_in_for_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the function was imported to before: its code is another, with other defaults."""
    plural = wording.plural
    for name in ("__code__", "__defaults__", "__kwdefaults__"):
        monkeypatch.setattr(plural, name, getattr(plural, name))
    stand_in(PLURAL)
    assert plural(3) == "3 changed run"  # type: ignore[call-arg]


def test_every_mutant_of_a_module_can_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python takes the code of each, also of methods, class methods and generators."""
    for function in ("plural", "truncate_bytes", "format_duration"):
        monkeypatch.setattr(getattr(wording, function), "__code__", getattr(wording, function).__code__)
    found = [mutant for mutant in mutants_of(WORDING) if mutant.function in {"plural", "truncate_bytes"}]
    assert len(found) > 20
    for mutant in found:
        stand_in(mutant)


def test_tests_are_found_by_the_lines_they_reach() -> None:
    """A bit for each line; where nothing is ever run on the lines themselves, the line before counts."""
    reached = {"first": {"a.py": 1 << 3}, "second": {"a.py": 1 << 3 | 1 << 5}, "third": {"b.py": 1 << 5}}
    reach = Reach([Measured("key", seconds=dict.fromkeys(reached, 0.1), reached=reached)])
    assert reach.tests("a.py", 5, 5) == ["second"]
    assert reach.tests("a.py", 3, 9) == ["first", "second"]
    assert reach.tests("a.py", 6, 7) == ["second"]
    assert reach.tests("a.py", 20, 20) == []


def test_what_was_measured_holds_for_the_same_tests_only(tmp_path: Path) -> None:
    """Another key is another program or other tests."""
    kept = tmp_path / "some.json"
    assert recall(kept, "key") is None
    kept.write_text('{"key": "key", "seconds": {"one": 0.5}}', encoding="utf-8")
    assert recall(kept, "key") == Measured("key", seconds={"one": 0.5})
    assert recall(kept, "other") is None


def test_the_newest_finding_counts(tmp_path: Path) -> None:
    """Each is added to the file as it comes, so that a run which was ended is gone on with."""
    first = Finding("key", "a.py", "survived", "", 1.5, "tests", "a mutant")
    second = Finding("key", "a.py", "killed", "test_it", 0.1, "tests", "a mutant")
    findings = Findings(tmp_path / "findings.jsonl")
    findings.add(first)
    findings.add(second)
    assert Findings(tmp_path / "findings.jsonl").by_key == {"key": second}


def test_an_entry_covers_what_all_its_parts_fit() -> None:
    """The end of the file's path, the function, and what is found in the lines before and after."""
    fitting = Entry("why", file="summary/wording.py", function="plural", was="one$", now="^return t")
    assert reason(PLURAL, [Entry("no", now="three"), fitting]) == fitting
    others = [
        Entry("no", file="text.py"),
        Entry("no", function="other"),
        Entry("no", was="two"),
        Entry("no", now="one"),
    ]
    assert reason(PLURAL, others) is None


def test_the_reviewed_list_is_of_functions_that_exist() -> None:
    """Each entry has a reason; the command itself says when no mutant fits one."""
    for entry in read_reviewed():
        assert len(entry.why) > 20, entry
        assert entry.was or entry.now, entry
        if entry.file:
            assert (ROOT / "blaxel_mcp" / entry.file).is_file(), entry
        if entry.function:
            source = (ROOT / "blaxel_mcp" / entry.file).read_text(encoding="utf-8")
            assert f"def {entry.function.rpartition('.')[2]}(" in source, entry
