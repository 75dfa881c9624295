"""JSON that is parsed in parts is the same as JSON that is parsed at once."""

import json
from typing import Any

import pytest
from pydantic_core import from_json

from blaxel_mcp.api import large_json
from blaxel_mcp.api.large_json import parse_in_parts

TASKS = [
    {
        "metadata": {"name": f"task-{number}"},
        "conditions": [{"message": '},{"metadata": }, {"metadata"', "type": "a"}, {"type": "b"}],
    }
    for number in range(50)
]
ALIKE = [{"metadata": number, "more": [{"metadata": 1}, {"metadata": 2}] * 3} for number in range(50)]


def parts(body: bytes) -> tuple[Any, list[int]]:
    """What comes of a body, and how many bytes were parsed at a time."""
    sizes: list[int] = []

    def parse(part: bytes) -> Any:
        sizes.append(len(part))
        return from_json(part)

    return parse_in_parts(body, parse, 10**9), sizes


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few tasks."""
    monkeypatch.setattr(large_json, "PART_BYTES", 600)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "value",
    [
        {"tasks": TASKS, "status": "failed"},
        {"spec": {"tasks": TASKS, "timeout": 5}},
        {"status": "failed", "spec": {"tasks": []}, "tasks": TASKS},
        {"spec": {"tasks": TASKS}, "tasks": [{"status": "failed"}]},
    ],
)
def test_tasks_are_parsed_in_parts(value: Any, indent: int | None) -> None:
    """Whichever of its two lists comes first, however it is spaced; no part has half of the body."""
    body = json.dumps(value, indent=indent).encode()
    made, sizes = parts(body)
    assert made == value
    assert max(sizes) < len(body) / 2


@pytest.mark.parametrize(
    "value",
    [
        {"status": "failed"},
        {"tasks": []},
        {"tasks": {"a": 1}},
        {"tasks": [1, 2, None]},
        {"tasks": [{}, *TASKS]},
        {"tasks": [*TASKS, 7, None, [], {"status": "odd"}]},
        {"tasks": [{'a"b': 1}, {'a"b': 2}] * 40},
        {"tasks": [{"a": [{"a": 1}, {"a": 2}] * 200}, {"a": 1}]},
        {"tasks": ALIKE},
        {"spec": {"tasks": TASKS}, "tasks": TASKS},
        {"other": {"tasks": TASKS}},
        {"other": {"tasks": TASKS}, "tasks": TASKS},
        {'x"tasks': TASKS, "tasks": TASKS},
        [{"tasks": TASKS}],
    ],
)
def test_what_cannot_be_cut_is_parsed_at_once(value: Any) -> None:
    """Lists of other things, lists in other places, objects that look alike inside of others."""
    assert parts(json.dumps(value).encode())[0] == value


@pytest.mark.parametrize("end", [b"", b"]", b"]}}", b"]} x"])
def test_what_is_not_json_is_an_error(end: bytes) -> None:
    """As it is where a body is parsed at once."""
    with pytest.raises(ValueError, match="at line"):
        parts(json.dumps({"tasks": TASKS}).encode()[:-2] + end)


def test_a_key_that_comes_twice_counts_where_it_comes_last() -> None:
    """As it does where a body is parsed at once."""
    body = b'{"tasks":%b,"tasks":[{"a":1}]}' % json.dumps(TASKS).encode()
    assert parts(body)[0] == {"tasks": [{"a": 1}]}
