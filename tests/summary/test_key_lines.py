"""Private keys that a log holds line by line: which of its lines are masked, and which are not."""

import pytest

from blaxel_mcp.summary.key_lines import mask_key_lines

DASHES = "-" * 5
BEGIN, END = f"{DASHES}BEGIN RSA PRIVATE KEY{DASHES}", f"{DASHES}END RSA PRIVATE KEY{DASHES}"
INSIDE = "QUJDREVGR0gx" * 5


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["start", BEGIN, INSIDE, "SUpLTA==", END, INSIDE], ["start", BEGIN, "***", "***", END, INSIDE]),
        (["start", BEGIN, INSIDE, "SUpLTA=="], ["start", BEGIN, "***", "***"]),
        ([INSIDE, "SUpLTA==", END, INSIDE], ["***", "***", END, INSIDE]),
        ([INSIDE, BEGIN, INSIDE, END, INSIDE, END], [INSIDE, BEGIN, "***", END, "***", END]),
        ([BEGIN, "worker 2: 5 of 9 done", INSIDE, END], [BEGIN, "worker 2: 5 of 9 done", "***", END]),
        ([BEGIN, f"  {INSIDE}\t", f"08:00:01 {INSIDE}", END], [BEGIN, "***", "***", END]),
        ([INSIDE, f"{BEGIN} {END}", INSIDE], [INSIDE, f"{BEGIN} {END}", INSIDE]),
        ([INSIDE, "no PRIVATE KEY was found", INSIDE], [INSIDE, "no PRIVATE KEY was found", INSIDE]),
        ([BEGIN, "a" * 300, "a" * 301, END], [BEGIN, "***", "a" * 301, END]),
        ([BEGIN], [BEGIN]),
        ([END], [END]),
        ([], []),
    ],
)
def test_the_inside_of_a_key_is_masked_line_by_line(lines: list[str], shown: list[str]) -> None:
    """From one end to the other, or to where the lines end; words in between, and what is beyond an end, stay."""
    before = [*lines]
    assert mask_key_lines(lines) == shown
    assert lines == before


def test_of_a_key_without_its_other_end_199_lines_are_masked() -> None:
    """With the end that is there, 200 lines are a key: more than any has."""
    assert mask_key_lines([BEGIN, *[INSIDE] * 201]) == [BEGIN, *["***"] * 199, INSIDE, INSIDE]
    assert mask_key_lines([*[INSIDE] * 201, END]) == [INSIDE, INSIDE, *["***"] * 199, END]
