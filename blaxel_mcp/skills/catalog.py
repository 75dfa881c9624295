"""What is known of the skills: their files, the frontmatter of each, size and digest. Plain functions, without the SDK.

The text of a file is decoded and encoded again, so that digest and size are those of what a client reads.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SCHEME, MANIFEST = "skill://", "SKILL.md"
DIRECTORY, MARKDOWN = "inode/directory", "text/markdown"
_FENCE = "---\n"


@dataclass(frozen=True, slots=True)
class SkillFile:
    """A file of a skill.

    Attributes:
        uri: its address as a resource.
        text: what it says.
    """

    uri: str
    text: str

    def listed(self) -> dict[str, Any]:
        """The file as an entry of a skill's `resources`: address, SHA-256 digest and size in bytes."""
        raw = self.text.encode()
        return {"uri": self.uri, "digest": f"sha256:{hashlib.sha256(raw).hexdigest()}", "size": len(raw)}


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill.

    Attributes:
        frontmatter: the fields at the head of its `SKILL.md`, every one as it stands there.
        files: `SKILL.md`, then all others.
    """

    frontmatter: Mapping[str, Any]
    files: tuple[SkillFile, ...]

    @property
    def uri(self) -> str:
        """The address of its `SKILL.md`, by which the skill goes."""
        return self.files[0].uri

    def entry(self) -> dict[str, Any]:
        """The skill as skills/list and skills/get answer it."""
        resources = [file.listed() for file in self.files]
        return {"uri": self.uri, "frontmatter": dict(self.frontmatter), "resources": resources}


@cache
def skills() -> tuple[Skill, ...]:
    """Every skill of the package."""
    return tuple(read_skill(path.parent) for path in sorted(Path(__file__).parent.glob(f"*/{MANIFEST}")))


def read_skill(folder: Path) -> Skill:
    """The skill in a folder, which is named as the skill is."""
    first = folder / MANIFEST
    paths = [first, *sorted(path for path in folder.rglob("*") if path.is_file() and path != first)]
    root = f"{SCHEME}{folder.name}"
    files = tuple(
        SkillFile(f"{root}/{path.relative_to(folder).as_posix()}", path.read_text(encoding="utf-8")) for path in paths
    )
    return Skill(frontmatter(files[0].text), files)


def frontmatter(text: str) -> dict[str, Any]:
    """The YAML at the head of a `SKILL.md`.

    Raises:
        ValueError: there is none.
    """
    before, fence, rest = text.partition(_FENCE)
    head, end, _ = rest.partition(f"\n{_FENCE}")
    if before or not fence or not end:
        raise ValueError("a SKILL.md begins with its frontmatter, between two lines of three hyphens")
    fields: dict[str, Any] = yaml.safe_load(head)
    return fields


def described(uri: str, known: tuple[Skill, ...]) -> dict[str, str]:
    """A file or directory as `resources/list` has it; a `SKILL.md` goes by name and description of its skill."""
    for skill in known:
        if uri == skill.uri:
            return {
                "uri": uri,
                "name": skill.frontmatter["name"],
                "description": skill.frontmatter["description"],
                "mimeType": MARKDOWN,
            }
    is_file = any(file.uri == uri for skill in known for file in skill.files)
    return {"uri": uri, "name": uri.rpartition("/")[2], "mimeType": MARKDOWN if is_file else DIRECTORY}


def children(uri: str, known: tuple[Skill, ...]) -> list[dict[str, str]] | None:
    """What is directly inside a directory; `None` if there is no such directory."""
    inside = f"{uri}/"
    names: dict[str, None] = {}
    for skill in known:
        if inside.startswith(skill.uri.removesuffix(MANIFEST)):
            below = (file.uri.removeprefix(inside) for file in skill.files if file.uri.startswith(inside))
            names |= dict.fromkeys(path.partition("/")[0] for path in below)
    return [described(inside + name, known) for name in names] or None
