"""Private keys that a log holds line by line: alone, a line between BEGIN and END is not recognised as a credential."""

from collections.abc import Iterable, Sequence

from blaxel_mcp.summary.patterns import lazy_compile

_MASK = "***"
_MOST_LINES = 200
"""How many lines a key may have."""
_LONGEST_LINE = 300
_MARK = lazy_compile(r"-----(BEGIN|END) (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
# A line of base64, behind a timestamp or another short prefix perhaps; the last one of a key may be short.
_INSIDE = lazy_compile(r"(?:[^\n]{0,80}[ |>:])?[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]{1,16}={0,2}|=[A-Za-z0-9+/]{4}")


def mask_key_lines(lines: Sequence[str]) -> list[str]:
    """The lines, in order of time, with `***` for each that is the inside of a private key.

    Of a key whose BEGIN or END is not among the lines, those beside the other end are masked.
    """
    masked = list(lines)
    for at, line in enumerate(lines):
        if "PRIVATE KEY" not in line:
            continue
        marks = set(_MARK.findall(line))
        if marks == {"BEGIN"}:
            _mask(masked, range(at + 1, min(at + _MOST_LINES, len(lines))))
        elif marks == {"END"}:
            _mask(masked, range(at - 1, max(at - _MOST_LINES, -1), -1))
    return masked


def _mask(lines: list[str], places: Iterable[int]) -> None:
    """Mask what looks like the inside of a key up to the next mark; lines of other tasks may stand in between."""
    for at in places:
        if _MARK.search(lines[at]):
            return
        if len(lines[at]) <= _LONGEST_LINE and _INSIDE.fullmatch(lines[at].strip()):
            lines[at] = _MASK
