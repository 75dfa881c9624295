"""The hostile texts of corpus.toml, each with the kind it belongs to."""

import json
import tomllib
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("corpus.toml")


class HostileText(NamedTuple):
    """A text, and what it is an example of."""

    kind: str
    text: str


def load_corpus() -> list[HostileText]:
    """Every text. A group has them as `texts`, as JSON (`json`), or as a text and how many times it stands (`long`)."""
    found = []
    for group in tomllib.loads(_FILE.read_text(encoding="utf-8"))["group"]:
        texts = [*group["texts"], *map(json.loads, group.get("json", ()))]
        texts += [one["text"] * one["times"] for one in group.get("long", ())]
        found += [HostileText(group["kind"], text) for text in texts]
    return found


CORPUS = load_corpus()
BY_ID = {f"{number}-{one.kind.replace(' ', '-')}": one.text for number, one in enumerate(CORPUS)}
"""The texts by what a failing test calls them."""
