"""What is known of mutants: the reviewed list of those that matter to nobody, and what earlier runs found."""

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mutation.making import Mutant

REVIEWED = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True, slots=True)
class Entry:
    """Mutants that may survive, and why.

    Attributes:
        why: The reason.
        file: The file, or the end of its path; of any if it is empty.
        function: The function, or with its class; any if it is empty.
        was: A regular expression that is found in the lines as they are.
        now: One that is found in the lines as the mutant has them.
    """

    why: str
    file: str = ""
    function: str = ""
    was: str = ""
    now: str = ""

    def covers(self, mutant: Mutant) -> bool:
        """Whether it speaks of this mutant."""
        return (
            mutant.file.endswith(self.file)
            and self.function in {"", mutant.function}
            and bool(re.search(self.was, mutant.was))
            and bool(re.search(self.now, mutant.now))
        )


def read_reviewed(file: Path = REVIEWED) -> list[Entry]:
    """The reviewed list, in its order."""
    if not file.exists():
        return []
    rows: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8")).get("survivor", [])
    return [Entry(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a mutant.

    Attributes:
        key: The mutant's.
        file: Where it is.
        word: What came of it, as `trying` has it.
        test: The test that noticed it.
        seconds: Of processor.
        tests: What stands for the tests as they were: a survivor is tried again when they are others.
        mutant: For a reader.
    """

    key: str
    file: str
    word: str
    test: str
    seconds: float
    tests: str
    mutant: str


class Findings:
    """The findings of this and earlier runs, in a file that each is added to as it comes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.by_key: dict[str, Finding] = {}
        if file.exists():
            lines = file.read_text(encoding="utf-8").splitlines()
            self.by_key = {row["key"]: Finding(**row) for row in map(json.loads, lines)}

    def add(self, finding: Finding) -> None:
        """Keep one more."""
        self.by_key[finding.key] = finding
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(finding)) + "\n")


def reason(mutant: Mutant, entries: Iterable[Entry]) -> Entry | None:
    """The entry that lets the mutant survive, if there is one."""
    return next((entry for entry in entries if entry.covers(mutant)), None)
