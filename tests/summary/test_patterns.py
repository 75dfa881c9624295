"""Patterns that are compiled at their first use."""

import importlib
import pkgutil
import re
from typing import Any

import pytest

import blaxel_mcp.summary
from blaxel_mcp.summary import patterns

MODULES = [f"blaxel_mcp.summary.{module.name}" for module in pkgutil.iter_modules(blaxel_mcp.summary.__path__)]


def test_a_pattern_is_compiled_once_and_works_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its methods are those of the compiled pattern."""
    compiled: list[tuple[Any, ...]] = []
    compile_now = re.compile

    def watched(*arguments: Any) -> re.Pattern[str]:
        compiled.append(arguments)
        return compile_now(*arguments)

    monkeypatch.setattr(re, "compile", watched)
    word = patterns.lazy_compile("b+", re.IGNORECASE)
    assert compiled == []
    assert (word.sub("-", "aBb"), bool(word.search("a")), word.pattern) == ("a-", False, "b+")
    assert compiled[0] == ("b+", re.IGNORECASE)


def test_a_pattern_is_compiled_with_the_flags_that_were_given_and_no_others() -> None:
    """None at all where none were given."""
    assert patterns.lazy_compile("b").flags == re.UNICODE
    assert patterns.lazy_compile("b", re.ASCII).flags == re.ASCII


@pytest.mark.parametrize("name", MODULES)
def test_every_pattern_can_be_compiled(name: str) -> None:
    """A mistake in one would else show only when it is first used."""
    for value in vars(importlib.import_module(name)).values():
        if type(value).__name__ == "_LazyPattern":
            value.pattern  # noqa: B018 - compiles it
