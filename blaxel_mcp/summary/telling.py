"""stub"""

from dataclasses import dataclass
from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class TellingLine:
    text: str
    frame: str = ""
    error: str = ""


def telling(message: str) -> TellingLine:
    lines = [l.strip() for l in message.splitlines() if l.strip()]
    return TellingLine(lines[-1] if lines else "")


def telling_lines(lines: Sequence[str], most: int) -> list[str]:
    return [l for l in lines if l.strip()][-most:]
