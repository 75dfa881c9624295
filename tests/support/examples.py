"""How many inputs Hypothesis makes up: a plain pytest tries a quarter of what `.ci/run` tries."""

from hypothesis import settings

THOROUGH = 100
"""What Hypothesis itself tries."""


def examples(thorough: int) -> int:
    """So many in a thorough run, and in another one the part that its profile has of Hypothesis's own number."""
    usual: int = settings().max_examples
    return max(1, thorough * usual // THOROUGH)
