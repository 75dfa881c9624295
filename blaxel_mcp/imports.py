"""Keeping libraries from importing what they can do without."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def import_blocked(name: str) -> Iterator[None]:
    """Let the import of a module that isn't loaded yet fail within the block, for libraries that can do without it."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # what Python's import documentation says to do
    try:
        yield
    finally:
        del sys.modules[name]
