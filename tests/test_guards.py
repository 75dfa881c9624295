"""`guards.toml` is true of the tree, and `mutate.py` tells a guard that is noticed from one that is not."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from types import CodeType

import mutate
import pytest
from mutate import ERROR, GUARDS, NOTICED, ROOT, SURVIVED, read_guards

FEWEST = 120
ALL = read_guards(GUARDS)


def test_there_are_enough_guards_each_with_a_name_of_its_own() -> None:
    """A name is what the report and the command line tell them apart by; no mutation is there twice."""
    assert len(ALL) >= FEWEST
    assert max(Counter(guard.name for guard in ALL).values()) == 1
    assert max(Counter((guard.file, guard.text, guard.becomes) for guard in ALL).values()) == 1


@cache
def functions(file: Path) -> set[str]:
    """The names of a module's functions and classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, kinds)}


def instructions(source: str) -> list[object]:
    """What a module does, whatever its comments, spaces and numbers of lines: its bytecode, names and constants."""

    def of(code: CodeType) -> list[object]:
        constants = [of(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
        return [code.co_code, code.co_names, code.co_varnames, *constants]

    return of(compile(source, "module.py", "exec", dont_inherit=True))


@pytest.mark.parametrize("file", sorted({guard.file for guard in ALL}))
def test_the_guards_of_a_file_are_there_and_so_are_their_tests(file: str) -> None:
    """The text of each stands once, without it the file is still Python, and its tests exist."""
    source = (ROOT / file).read_text(encoding="utf-8")
    intact = instructions(source)
    for guard in ALL:
        if guard.file != file:
            continue
        assert instructions(guard.removed_from(source)) != intact, guard.name
        assert guard.tests, guard.name
        for test in guard.tests:
            test_file, *names = re.sub(r"\[.*", "", test).split("::")
            assert {*names} <= functions(ROOT / test_file), (guard.name, test)


@pytest.mark.slow
def test_each_guard_gets_its_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Noticed, survived, or an error: not there, no Python without it, or its tests cannot be run without it."""
    rows = {
        "noticed": ("_ATTEMPT_SECONDS = 1.0", "_ATTEMPT_SECONDS = 0.0"),
        "not noticed": ("LONGEST_WAIT = 5.0", "LONGEST_WAIT = 6.0"),
        "gone": ("there is no such text", ""),
        "no Python": ("ATTEMPTS = 4", "ATTEMPTS = ="),
        "cannot be imported": ("ATTEMPTS = 4", "ATTEMPTS = int('four')"),
    }
    made_up = tmp_path / "guards.toml"
    made_up.write_text(
        "".join(
            f'[[guard]]\nname = "{name}"\nfile = "blaxel_mcp/api/retry.py"\ntext = "{text}"\nbecomes = "{becomes}"\n'
            'tests = ["tests/api/test_retry.py"]\n'
            for name, (text, becomes) in rows.items()
        ),
        encoding="utf-8",
    )
    assert mutate.main(["--guards", str(made_up), "--jobs", "1"]) == 1
    report = capsys.readouterr().out
    found = re.findall(rf"^({NOTICED}|{SURVIVED}|{ERROR}) .* s  ({'|'.join(rows)})(?: \(|$)", report, re.MULTILINE)
    assert {name: word for word, name in found} == {
        "noticed": NOTICED,
        "not noticed": SURVIVED,
        "gone": ERROR,
        "no Python": ERROR,
        "cannot be imported": ERROR,
    }
    assert report.splitlines()[-1] == "1 noticed, 1 SURVIVED, 3 ERROR, of 5 guards"


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_every_guard_is_noticed() -> None:
    """A few seconds for each of them."""
    assert mutate.main([]) == 0
