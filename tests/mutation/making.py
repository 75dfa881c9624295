"""The mutants of a file: mutmut makes them, and here each becomes a function that can stand in for the original."""

import __future__

import hashlib
import importlib
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import FunctionType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import create_mutations, deep_replace

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one function.

    Attributes:
        file: Where, from the root of the tree.
        function: The function's name, behind its class's name and a dot if it is a method.
        first: The first line, counted from 1, of the statement that differs.
        last: That statement's last line.
        was: The lines that differ, as they are.
        now: The same lines, as the mutant has them.
        source: A module with nothing but the changed function, within its class if it has one.
    """

    file: str
    function: str
    first: int
    last: int
    was: str
    now: str
    source: str

    @property
    def key(self) -> str:
        """What tells it from every other mutant, whatever else of its file changes."""
        return hashlib.sha256(f"{self.file}\0{self.source}".encode()).hexdigest()[:20]

    def __str__(self) -> str:
        """The change as a reader wants to see it."""
        return f"{self.file}:{self.first} {self.function}\n    - {self.was}\n    + {self.now}"


def mutants_of(file: str) -> Iterator[Mutant]:
    """Each mutant of a file, in the order of its lines.

    As with mutmut, only what is within functions is changed, and of decorated functions only class and static methods.
    """
    module, mutations, _, _ = create_mutations(file, (ROOT / file).read_text(encoding="utf-8"))
    known = MetadataWrapper(module, unsafe_skip_copy=True).resolve_many([PositionProvider, ParentNodeProvider])
    positions, parents = known[PositionProvider], known[ParentNodeProvider]
    originals: dict[cst.FunctionDef, str] = {}
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef):
            continue  # of a module or a class, which are made when they are imported
        holder = parents[parents[function]] if isinstance(parents[function], cst.IndentedBlock) else None
        within = holder.name.value if isinstance(holder, cst.ClassDef) else ""
        if function not in originals:
            originals[function] = _alone(function, within)
        changed = deep_replace(function, mutation.original_node, mutation.mutated_node)
        if not isinstance(changed, cst.FunctionDef):
            continue
        source, node = _alone(changed, within), mutation.original_node
        was, now = _difference(originals[function], source)
        place = positions[_run_with(node, function, parents)]
        yield Mutant(
            file,
            f"{within}.{function.name.value}" if within else function.name.value,
            place.start.line,
            place.end.line,
            was,
            now,
            source,
        )


def _run_with(node: cst.CSTNode, function: cst.FunctionDef, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> cst.CSTNode:
    """What has the lines that are run with a node: its statement, or the function's body if it is a default.

    A default is evaluated at import; what may notice that it is another is whatever calls the function.
    """
    at = node
    while at is not function and not isinstance(at, cst.SimpleStatementLine):
        if at is function.params:
            return function.body
        at = parents[at]
    return node if at is function else at


def remembered_mutants(file: str, kept: Path) -> list[Mutant]:
    """The mutants of a file, made anew only when it has changed: making some hundred takes seconds."""
    key = hashlib.sha256((ROOT / file).read_bytes()).hexdigest()
    if kept.exists() and (made := json.loads(kept.read_text(encoding="utf-8")))["key"] == key:
        return [Mutant(*values) for values in made["mutants"]]
    mutants = list(mutants_of(file))
    made = {"key": key, "mutants": [[getattr(mutant, name) for name in Mutant.__slots__] for mutant in mutants]}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(made), encoding="utf-8")
    return mutants


def _alone(function: cst.FunctionDef, within: str) -> str:
    """The source of a module that has only this function."""
    bare: cst.BaseStatement = function.with_changes(leading_lines=[])
    if within:
        bare = cst.ClassDef(name=cst.Name(within), body=cst.IndentedBlock(body=[bare]))
    return str(cst.Module(body=[bare]).code)


def _difference(original: str, changed: str) -> tuple[str, str]:
    """The lines in which two sources differ, without what they have in common before and behind."""
    old, new = original.splitlines(), changed.splitlines()
    before = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    old, new = old[before:], new[before:]
    behind = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(old), reversed(new), strict=False)))
    return _lines(old[: len(old) - behind]), _lines(new[: len(new) - behind])


def _lines(lines: list[str]) -> str:
    """Lines as one, each without its indentation."""
    return " ⏎ ".join(line.strip() for line in lines)


def stand_in(mutant: Mutant) -> None:
    """Let the program's function do what the mutant does, wherever it is referred to, until the process ends."""
    name = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    module = importlib.import_module(name)
    flags = __future__.annotations.compiler_flag
    made: dict[str, object] = {}
    exec(compile(mutant.source, mutant.file, "exec", flags, dont_inherit=True), vars(module), made)  # noqa: S102 - ours
    original, changed = _function(vars(module), mutant.function), _function(made, mutant.function)
    original.__code__ = changed.__code__
    original.__defaults__, original.__kwdefaults__ = changed.__defaults__, changed.__kwdefaults__


def _function(names: dict[str, object], path: str) -> FunctionType:
    """A function by its name, or its class's and its own."""
    holder, _, name = path.rpartition(".")
    found: Any = vars(names[holder])[name] if holder else names[name]
    function = inspect.unwrap(found.__func__ if isinstance(found, classmethod | staticmethod) else found)
    assert isinstance(function, FunctionType)
    return function
