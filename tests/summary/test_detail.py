"""Four levels of detail: what each shows, what it leaves out, and that this is counted."""

import pytest
from support.builders import NOW, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.conditions import Remark
from blaxel_mcp.summary.detail import (
    BRIEF,
    MINIMAL,
    NORMAL,
    TIGHT,
    Detail,
    failures_shown,
    first_that_fits,
    render_remark,
    warnings_shown,
)
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.summarize import summarize


def summary(*messages: str) -> ExecutionSummary:
    """Of an execution of which one task failed with each of these messages."""
    tasks = [task(number, "failed", (), message) for number, message in enumerate(messages)]
    parsed = JobExecution.model_validate(execution("failed", (9, 8, 7), tasks=tasks))
    return summarize(parsed, asked=("resize", "exec-1"), workspace="acme", now=NOW)


@pytest.mark.parametrize(
    ("detail", "middle", "expected"),
    [
        (NORMAL, False, "\"say 'é'\""),
        (Detail(), True, "\"say 'é'\""),
        (MINIMAL, False, '"say…"'),
    ],
)
def test_a_text_is_quoted_within_characters_or_bytes(detail: Detail, middle: bool, expected: str) -> None:  # noqa: FBT001 - given by pytest
    """In bytes, each quotation mark inside takes two, and a letter with an accent as well."""
    assert detail.quote('say "é"', 8, middle=middle) == expected


def test_a_cut_is_at_the_end_or_in_the_middle() -> None:
    """Of an error the end tells more than its middle."""
    assert NORMAL.cut("abcdefghijklmnopqrstuvwxyz" * 2, 20) == "abcdefghijklmnopqrs…"
    assert NORMAL.cut("abcdefghijklmnopqrstuvwxyz" * 2, 20, middle=True) == "abcdef … pqrstuvwxyz"


def test_the_first_level_that_fits_is_taken() -> None:
    """Each is tried once, the last one without being measured."""
    levels = [NORMAL, BRIEF, TIGHT, MINIMAL]
    sizes = dict(zip(map(id, levels), (40, 30, 20, 10), strict=True))
    taken = {40: NORMAL, 39: BRIEF, 30: BRIEF, 29: TIGHT, 20: TIGHT, 19: MINIMAL, 5: MINIMAL}
    for budget, expected in taken.items():
        assert first_that_fits(lambda detail: detail, lambda detail: sizes[id(detail)], budget) is expected


def test_failures_that_are_not_shown_are_counted() -> None:
    """Those in groups that the answer has no room for, and those that were in no group before."""
    three = summary("disk full", "no route to host", "killed", "killed")._replace(failures_omitted=5)
    for groups, shown, omitted in ((3, [2, 1, 1], 5), (2, [2, 1], 6), (1, [2], 7), (0, [], 9)):
        found, more = failures_shown(three, groups)
        assert ([group.count for group in found], more) == (shown, omitted)


def test_a_remark_is_a_sentence_about_tasks() -> None:
    """With the number, the state and the words; a long text is cut in its middle."""
    assert render_remark(Remark(1, "waiting", "no GPU"), NORMAL) == '1 waiting task says "no GPU".'
    assert render_remark(Remark(1_200, "running", "no GPU"), NORMAL) == '1,200 running tasks say "no GPU".'
    assert render_remark(Remark(2, "running", f"{'x' * 900} at row 17"), TIGHT).endswith('x at row 17".')


def test_warnings_that_are_left_out_are_counted() -> None:
    """As more, where some are shown."""
    three = summary("killed")._replace(warnings=["One.", "Two.", "Three."])
    assert warnings_shown(three, NORMAL) == ["One.", "Two.", "Three."]
    assert warnings_shown(three, TIGHT) == ["One.", "Two.", "1 more warning left out for brevity."]
    assert warnings_shown(three, MINIMAL) == ["3 warnings left out for brevity."]
