"""Cutting a line in its middle, for errors that begin with what was tried and end with what went wrong."""

_GAP = " … "
_SHORTEST_ENDS = 10
"""With less room than this, a line is cut at its end: head and tail would be too short to read."""


def truncate_middle(text: str, limit: int) -> str:
    """A line of at most `limit` characters: of a longer one head and tail, with ` … ` for what is left out between.

    The tail gets three fifths, since the end of an error usually tells more.
    """
    if len(text) <= limit:
        return text
    room = limit - len(_GAP)
    if room < _SHORTEST_ENDS:
        return text[: limit - 1].rstrip() + _GAP.strip() if limit > 0 else ""
    head = room * 2 // 5
    return text[:head].rstrip() + _GAP + text[head - room :].lstrip()
