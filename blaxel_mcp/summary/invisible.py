"""Characters that a reader does not see, taken out of texts that keep everything else: those of the raw JSON.

`clean` does more to a text that becomes part of a sentence. What counts as invisible is the same: control and format
characters (bidi, zero-width, tags, byte order marks), variation selectors, blanks that pass for letters, halves of
surrogate pairs, private use and unassigned code points. Here line ends and tabs stay; the joiners and selectors of
emoji go, so that a family becomes its members: whatever may join two characters may also hide text from a reader.
"""

import re

from blaxel_mcp.summary.clean import visible

# What colours a text, whole: without its first character it would show.
_CSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
_STAYS = frozenset("\t\n\r")
_LINE_SEPARATORS = frozenset("\u2028\u2029")


def _is_hidden(character: str) -> bool:
    return character in _LINE_SEPARATORS or not (character in _STAYS or visible(character))


def remove_invisible(text: str) -> tuple[str, int]:
    """The text without what does not show, and how many characters that were.

    Each different character is judged once: a text of a megabyte has few.
    """
    if text.isascii() and text.isprintable():
        return text, 0
    hidden = {ord(character): None for character in set(text) if _is_hidden(character)}
    if not hidden:
        return text, 0
    left = _CSI.sub("", text).translate(hidden)
    return left, len(text) - len(left)
