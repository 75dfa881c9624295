"""Sentences about an option or a command that is not there: what is near it, or where it belongs. Pure."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def unknown_command(name: str, known: Iterable[str]) -> str:
    """Say that no command has this name, and which one is near."""
    return f"Unknown command {name!r}{_nearest(name, known)}"


def unknown_option(name: str, command: str | None, known: Iterable[str], having: Sequence[str]) -> str:
    """Say that a command has no such option, and which one is near, or which commands have it.

    Args:
        name: the option as it was typed, without a value.
        command: the command that it was meant for; None if there was none.
        known: the options that there are.
        having: other commands that have an option of this name.
    """
    if having:
        *others, last = having
        have = f"{', '.join(others)} and {last} have" if others else f"{last} has"
        said = f"The command {command} has no option {name}" if command else f"Option {name} follows a command"
        return f"{said}; {have} it."
    if name.startswith("--"):
        return f"Unknown option {name}{_nearest(name, known)}"
    return f"Unknown option {name}; what is no option but begins with - goes behind --."


def _nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about a word that is not known: `; did you mean --json?`, if one is near enough."""
    names = {name.lstrip("-"): name for name in known}  # the dashes are alike in all of them
    near = get_close_matches(word.lstrip("-"), names, 1)
    return f"; did you mean {names[near[0]]}?" if near else "."
