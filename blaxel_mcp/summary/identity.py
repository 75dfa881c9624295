"""Whether an answer is about the execution that was asked for, and the sentence that says so first if it is not."""

from collections.abc import Callable
from urllib.parse import unquote

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.wording import quote


def is_same_id(given: str | None, asked: str) -> bool:
    """Whether an id in an answer is the one that was asked for, or absent. How it is percent-encoded does not matter.

    Case does: nothing says that Blaxel's ids are compared without it.
    """
    return not given or given == asked or unquote(given) == unquote(asked)


def other_than_asked(
    given: tuple[str | None, str | None],
    asked: tuple[str, str],
    shown: Callable[[str], str] = lambda text: quote(text, limits.NAME_CHARACTERS),
) -> str:
    """The sentence about an answer that is about another job or execution; empty where it is not.

    Args:
        given: job and execution as the answer names them.
        asked: job and execution as asked for.
        shown: makes a name safe to show, in quotes; an empty text leaves the names out.
    """
    wrong = [
        (noun, got or "", wanted)
        for noun, got, wanted in zip(("job", "execution"), given, asked, strict=True)
        if not is_same_id(got, wanted)
    ]
    if not wrong:
        return ""
    if not shown("x"):
        return f"Blaxel answered about another {wrong[0][0]} than was asked for."
    pairs = " and ".join(f"{noun} {shown(got)} instead of {shown(wanted)}" for noun, got, wanted in wrong)
    return f"Blaxel answered about {pairs}."


def other_execution(execution: JobExecution, asked: tuple[str, str]) -> str:
    """The sentence about an execution that is not the one that was asked for; empty if it is."""
    return other_than_asked((execution.metadata.job, execution.metadata.id), asked)
