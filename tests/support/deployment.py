"""What docs/deploy.md and the Dockerfile say, as data."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
NAME = "mcp.example.com"


def blocks(language: str) -> list[str]:
    """The guide's fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def commands() -> list[list[str]]:
    """The commands of its shell blocks, as words."""
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines]


@dataclass(frozen=True, slots=True)
class Image:
    """The Dockerfile: its instructions in order, words and arguments."""

    instructions: list[tuple[str, str]]

    def all(self, word: str) -> list[str]:
        """The arguments of every instruction of this kind."""
        return [arguments for each, arguments in self.instructions if each == word]

    def last(self, word: str) -> str:
        """What holds in the end."""
        return self.all(word)[-1]

    @property
    def entrypoint(self) -> list[str]:
        """What it runs."""
        return words(self.last("ENTRYPOINT"))

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets."""
        return dict(pair.split("=", 1) for pair in shlex.split(self.last("ENV")))

    @property
    def health_check(self) -> list[str]:
        """The command that asks whether it is well."""
        return words(self.last("HEALTHCHECK").split("CMD", 1)[1])


def read_image() -> Image:
    """The Dockerfile as it is."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    pairs = [line.split(" ", 1) for line in lines if line.strip()]
    return Image([(word, arguments.strip()) for word, arguments in pairs])


def words(form: str) -> list[str]:
    """The words of an exec form, which is JSON: anything else would go through a shell, which keeps signals back."""
    given: Any = json.loads(form)
    assert isinstance(given, list)
    return [str(word) for word in given]
