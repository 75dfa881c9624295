"""The reviewed file of what things cost: how a measurement is judged by it, and how it is written anew."""

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

FILE = Path(__file__).parents[1] / "costs.toml"
TOLERANCE = 0.03
"""By how much a figure may be above the file's."""
IMPROVEMENT = 0.1
"""By how much it may be below; beyond that the file no longer guards what was gained."""
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HEAD = """\
# What blaxel-mcp costs, in counts that do not depend on how busy the machine is. tests/test_costs.py measures each of
# them anew: at most 3 % more will pass, and more than 10 % less asks for a new file. Written by
#     .venv/bin/pytest -n0 tests/test_costs.py -m "not nightly" --update-costs
# and then reviewed: a figure that has grown needs a reason in the commit.

# The version of Python that wrote it: with another one, a figure may be as far below as it likes.
"""
ANEW = "if it is meant, write tests/costs.toml anew (its head says how), and review the diff"
Value: TypeAlias = float | Sequence[str]
"""A figure, or the names of what may be imported."""
Bound: TypeAlias = Literal["near", "exact", "at most"]
"""How a figure is held to the file's: within the tolerance, to the unit, or as what it may be."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the file.

    Attributes:
        name: of the table.
        comment: what its figures are, as a sentence or two.
        rows: by the name of each figure, a comment on it.
        bound: how figures are held to the file's; names of a list always are what may be.
    """

    name: str
    comment: str
    rows: Mapping[str, str]
    bound: Bound = "near"


def judge(reviewed: Value | None, measured: Value, bound: Bound = "near", *, same_python: bool = True) -> str:
    """What is wrong with a measurement, or nothing.

    Args:
        reviewed: the file's figure; `None` if it has none.
        measured: what it is now. Of a list, names that are not in the file's are wrong; the file's say what may be.
        bound: how any other figure is held to the file's.
        same_python: whether the file was written with this version of Python.
    """
    if reviewed is None:
        return "it is not in the file"
    if isinstance(measured, Sequence) or isinstance(reviewed, Sequence):
        assert isinstance(measured, Sequence)
        assert isinstance(reviewed, Sequence)
        more = sorted({*measured} - {*reviewed})
        return f"what may not be imported is: {', '.join(more)}" if more else ""
    if bound != "near":
        good = measured == reviewed if bound == "exact" else measured <= reviewed
        return "" if good else f"{measured:g} instead of {'at most ' * (bound == 'at most')}{reviewed:g}"
    if measured > reviewed * (1 + TOLERANCE):
        return f"{measured:.4g} is {measured / reviewed - 1:.1%} above {reviewed:.4g}"
    if same_python and measured < reviewed * (1 - IMPROVEMENT):
        return f"{measured:.4g} is {1 - measured / reviewed:.1%} below {reviewed:.4g}: the figure has improved"
    return ""


def problems(section: Section, measured: Mapping[str, Value], file: Path = FILE) -> list[str]:
    """What is wrong with the measurements of a table, one line each; they must be those that it declares."""
    assert [*measured] == [*section.rows]
    python, tables = read(file)
    reviewed = tables.get(section.name, {})
    found = []
    for name, value in measured.items():
        if said := judge(reviewed.get(name), value, section.bound, same_python=python == PYTHON):
            found.append(f"{name}: {said}")
    return found + [f"{name}: it is in the file, and nobody measures it" for name in reviewed if name not in measured]


def read(file: Path = FILE) -> tuple[str, dict[str, dict[str, Value]]]:
    """The version of Python that wrote the file, and its tables; blank and none if there is no file."""
    tables = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return tables.pop("python", ""), tables


def update(sections: Sequence[Section], name: str, measured: Mapping[str, Value], file: Path = FILE) -> None:
    """Write the file anew with one table measured; the others stay as they are."""
    file.write_text(render(PYTHON, sections, {**read(file)[1], name: measured}), encoding="utf-8")


def render(python: str, sections: Sequence[Section], values: Mapping[str, Mapping[str, Value]]) -> str:
    """The whole file; figures that nobody has measured yet are left out."""
    parts = [f'{HEAD}python = "{python}"\n']
    for section in sections:
        rows = [
            f"# {comment}\n{json.dumps(name, ensure_ascii=False)} = {_render(values[section.name][name])}\n"
            for name, comment in section.rows.items()
            if name in values.get(section.name, {})
        ]
        comment = "".join(f"# {line}\n" for line in section.comment.splitlines())
        parts.append(f"{comment}[{json.dumps(section.name)}]\n{''.join(rows)}")
    return "\n".join(parts)


def _render(value: Value) -> str:
    """Ratios with four digits, which is more than the tolerance needs; a name on each line."""
    if isinstance(value, Sequence):
        return "[\n" + "".join(f"  {json.dumps(name)},\n" for name in sorted(value)) + "]" if value else "[]"
    return str(value) if isinstance(value, int) else f"{value:.4g}" if value < 1_000 else f"{value:.0f}"
