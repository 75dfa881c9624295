"""Regular expressions that are compiled when they are first used.

Compiling the two hundred of this package takes 30 ms, at every start; an answer about an execution that succeeded needs
a tenth of them.
"""

import re
from typing import Any, cast


class _LazyPattern:
    """Compiles its pattern when the first of a pattern's methods is asked for, and then has all of them."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._arguments = pattern, flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(*self._arguments)
        for method in ("search", "match", "fullmatch", "finditer", "findall", "split", "sub"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy_compile(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Like `re.compile`, but the pattern is compiled, and a mistake in it found, at its first use.

    tests/summary/test_patterns.py compiles all patterns, so that no mistake waits for that.
    """
    return cast("re.Pattern[str]", _LazyPattern(pattern, flags))
