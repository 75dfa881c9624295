"""Whether an answer is about what was asked for, and the sentence where it is not."""

import pytest

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.identity import is_same_id, other_execution, other_than_asked


@pytest.mark.parametrize(
    ("given", "asked", "same"),
    [
        (None, "a b", True),
        ("", "a b", True),
        ("a b", "a b", True),
        ("a%20b", "a b", True),
        ("a b", "a%20b", True),
        ("A b", "a b", False),
        ("c", "a b", False),
    ],
)
def test_an_id_is_the_same_however_it_is_encoded(given: str | None, asked: str, *, same: bool) -> None:
    """One that is absent contradicts nothing; capitals are other letters."""
    assert is_same_id(given, asked) is same


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("train", "exec-1"), ""),
        ((None, None), ""),
        (("other", "exec-1"), 'Blaxel answered about job "other" instead of "train".'),
        ((None, "exec-2"), 'Blaxel answered about execution "exec-2" instead of "exec-1".'),
        (
            ("other", "exec-2"),
            'Blaxel answered about job "other" instead of "train" and execution "exec-2" instead of "exec-1".',
        ),
    ],
)
def test_what_is_said_of_another_answer(given: tuple[str | None, str | None], said: str) -> None:
    """The names in quotes, the one that was answered about first."""
    assert other_than_asked(given, ("train", "exec-1")) == said
    job, execution = given
    parsed = JobExecution.model_validate({"metadata": {"job": job, "id": execution}})
    assert other_execution(parsed, ("train", "exec-1")) == said


def test_without_room_for_names_they_are_left_out() -> None:
    """The first that differs is named by its kind."""
    for given, noun in ((("other", "exec-2"), "job"), (("train", "exec-2"), "execution")):
        said = other_than_asked(given, ("train", "exec-1"), lambda _: "")
        assert said == f"Blaxel answered about another {noun} than was asked for."
