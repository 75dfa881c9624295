"""JSON that is parsed in parts is the same as JSON that is parsed at once."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from pydantic_core import from_json

from blaxel_mcp.api import large_json
from blaxel_mcp.api.large_json import parse_in_parts
from blaxel_mcp.api.wire import HELD_BYTES

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


COUNT = 200_000
MIXED: dict[str, Any] = {
    "a": [1.5, None, True, "x" * 70, {"b": [], "c": {}}],
    "é": "ü" * 100,
    "smile": "\u263a" + "x" * 1000,
}
SHAPES: dict[str, Callable[[], bytes]] = {
    "empty lists": lambda: b"[" + b"[]," * COUNT + b"0]",
    "empty objects": lambda: b"[" + b"{}," * COUNT + b"0]",
    "lists of one": lambda: b"[" + b"[0]," * COUNT + b"0]",
    "lists of lists": lambda: b"[" + b"[[]]," * COUNT + b"0]",
    "lists of objects": lambda: b"[" + b"[{}]," * COUNT + b"0]",
    "objects of one": lambda: b"[" + b'{"a":0},' * COUNT + b"0]",
    "objects of objects": lambda: b"[" + b'{"a":{}},' * COUNT + b"0]",
    "objects of six": lambda: b"[" + b'{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0},' * (COUNT // 4) + b"0]",
    "objects of eleven": lambda: b"[" + (b"{%b}," % b",".join(b'"%d":0' % n for n in range(11))) * (COUNT // 8) + b"0]",
    "numbers": lambda: b"[" + b"0," * COUNT + b"0]",
    "large numbers": lambda: b"[" + b"99999," * COUNT + b"0]",
    "fractions": lambda: b"[" + b"0.1," * COUNT + b"0]",
    "very large numbers": lambda: b"[" + b"1234567890123456789012345," * COUNT + b"0]",
    "empty strings": lambda: b"[" + b'"",' * COUNT + b"0]",
    "different strings": lambda: json.dumps([f"{n:06x}" for n in range(COUNT)], separators=(",", ":")).encode(),
    "different keys": lambda: json.dumps({f"{n:06x}": 0 for n in range(COUNT)}, separators=(",", ":")).encode(),
    "a long string": lambda: b'["%b"]' % (b"a" * 10**7),
    "a long string with a wide character": lambda: '["\u263a%s"]'.replace("%s", "a" * 10**7).encode(),
    "a long string with the widest": lambda: '["%s\U0001f600"]'.replace("%s", "a" * 10**7).encode(),
    "the widest in an escape": lambda: rb'["%b\ud83d\ude00"]' % (b"a" * 10**7),
    "a wide one behind quotes": lambda: rb'["%b\u263a"]' % (rb"\"" * 10**6),
    "many wide strings": lambda: b"[" + ('"\U0001f600%s",'.replace("%s", "a" * 1000).encode()) * 5_000 + b"0]",
    "mixed": lambda: json.dumps([MIXED] * 5_000, ensure_ascii=False).encode(),
    "spaces": lambda: b"[" + b" " * 10**6 + b"]",
}
"""Made when they are asked for: together they are a hundred megabytes."""


@pytest.mark.sampled(every=9)
@pytest.mark.parametrize("shape", SHAPES)
def test_parsed_json_takes_no_more_memory_than_is_counted(shape: str) -> None:
    """Whatever it is made of, of at least a mebibyte, which is where it begins to matter."""
    body = SHAPES[shape]()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        value = from_json(body)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert value is not None
    assert taken <= large_json.memory_of(body) * 1.05 + 2**20


@pytest.mark.parametrize(
    "text",
    [
        "\u263a" + "a" * 300_000, "a" * 300_000 + "\u0101", "\U0001f600" + "a" * 300_000, "a" * 300_000 + "\U0001f600",
        '\\"' * 150_000 + "\u263a", "\\ud83d\\ude00" + "a" * 300_000, "\u00e9" * 150_000,
    ],
)  # fmt: skip
def test_a_long_string_in_a_part_takes_no_more_memory_than_is_counted(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strings of a part of the usual size are looked at one by one; two make the difference between them count."""
    monkeypatch.undo()
    body = f'["{text}","{"a" * 100_000}"]'.encode()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        value = from_json(body)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert value is not None
    assert taken <= large_json.memory_of(body) * 1.01 + 1_000


PART = 4 * 128 * 1024
"""The most bytes of JSON whose strings are looked at one by one."""


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("[]", 80 + 56 + 2),
        ("1", 56 + 1),
        ('{"a":1}', 200 + 56 + 7),
        ('[1,{"a":[2,3]}]', 80 + 200 + 80 + 3 * 56 + 15),
        ('["\u00e9"]', 80 + 56 + 6),
        ('["\u0101"]', 80 + 56 + 6 + 4),
        ('["\u263a","abc"]', 80 + 2 * 56 + 13 + 5),
        ('["\U0001f600"]', 80 + 56 + 8 + 3 * 6),
        ('["\\u0101"]', 80 + 56 + 10 + 8),
        ('["\\ud83d\\ude00","\\u0101"]', 80 + 2 * 56 + 25 + 3 * 14 + 8),
        ('["\\n\U0001f600","\\n"]', 80 + 2 * 56 + 15 + 3 * 8),
        ('"%s"' % ("a" * (PART - 2)), 56 + PART),
        ('"%s"' % ("a" * (PART - 1)), 112 + PART + 1),
        ('"%s"' % ("\u0101" * (PART // 2 - 1)), 56 + 2 * PART),
        ('["",%s"\u0101"]' % (" " * (PART - 9)), 80 + 2 * 56 + PART + 4),
        ('["",%s"\u0101"]' % (" " * (PART - 8)), 80 + 2 * 112 + 2 * (PART + 1)),
        ('["",%s"\U0001f600"]' % (" " * (PART - 8)), 80 + 2 * 112 + 4 * (PART + 3)),
        ('["",%s"\\ud83d"]' % (" " * (PART - 8)), 80 + 2 * 112 + 4 * (PART + 5)),
        ('["",%s"\\u0101"]' % (" " * (PART - 8)), 80 + 2 * 112 + 2 * (PART + 5)),
    ],
    ids=lambda value: ascii(value)[:20] if isinstance(value, str) else None,
)
def test_what_json_takes_is_counted_by_its_parts(text: str, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object, a list and a value take so much each, and a string up to four bytes for each of its own.

    Beyond four parts values take twice as much, and every byte is taken for one of the widest string.
    """
    monkeypatch.undo()  # parts of the usual size
    assert large_json.memory_of(text.encode()) == taken


def test_memory_is_allowed_up_to_the_last_byte() -> None:
    """Two bytes of JSON, and a list with room for a value."""
    assert parse_in_parts(b"[]", from_json, 2 + 138) == []
    with pytest.raises(large_json.TooLargeError):
        parse_in_parts(b"[]", from_json, 2 + 137)


def test_what_was_parsed_in_vain_is_not_counted() -> None:
    """A list that turns out to be cut wrongly is parsed at once with all of the memory."""
    body = json.dumps({"other": {"tasks": TASKS}}).encode()
    memory = len(body) + large_json.memory_of(body)
    assert parse_in_parts(body, from_json, memory) == {"other": {"tasks": TASKS}}
    with pytest.raises(large_json.TooLargeError):
        parse_in_parts(body, from_json, memory - 1)


@pytest.mark.parametrize("string", ["\u0101", "\u263a", "\U0001f600", "\\u0101", "\\ud83d\\ude00", "\u00e9"])
def test_counting_takes_no_memory_of_its_own(string: str) -> None:
    """However many strings have wide characters: what is counted may be far beyond what is allowed."""
    body = ('{"metadata":{},"x":[%s"a"]}' % (f'"{string}",' * COUNT)).encode()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        large_json.memory_of(body)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 10_000


@pytest.mark.parametrize("body", [json.dumps({"tasks": TASKS}).encode(), b"[%b0]" % (b"[]," * 5_000)])
def test_more_than_is_allowed_is_not_parsed(body: bytes) -> None:
    """Neither in parts nor at once; the bytes of the JSON count, too."""
    parsed: list[bytes] = []

    def parse(part: bytes) -> Any:
        parsed.append(part)
        return from_json(part)

    with pytest.raises(large_json.TooLargeError):
        parse_in_parts(body, parse, len(body) + 5_000)
    assert sum(map(len, parsed)) < len(body) / 2


@pytest.mark.slow
@pytest.mark.parametrize("mark", ["\U0001f600", ""])
def test_an_execution_of_100_000_tasks_is_within_the_limit(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """57 MB, as the API writes them: nineteen values each, every task with a message and timestamps of its own.

    A character in each message that makes it four times as wide changes nothing.
    """
    monkeypatch.undo()  # parts of the usual size
    minute, shard = "%(minute)02d", "%(number)d"
    task = {
        "conditions": [
            {
                "lastTransitionTime": f"2026-11-24T09:{minute}:07.%(number)06dZ",
                "message": f"The container exited with code 1: shard {shard} failed reading {mark}/data/{shard}",
                "reason": "Failed",
                "severity": "INFO",
                "state": "CONDITION_FAILED",
                "type": "Completed",
            }
        ],
        "metadata": {
            "completedAt": f"2026-11-24T09:{minute}:07.%(number)06dZ",
            "createdAt": "2026-11-24T09:00:02.%(number)06dZ",
            "name": f"image-resize-failed-100000-task-{shard}",
            "startedAt": "2026-11-24T09:00:04.%(number)06dZ",
            "updatedAt": f"2026-11-24T09:{minute}:07.%(number)06dZ",
        },
        "spec": {"maxRetries": 0, "timeout": "3600s"},
        "status": "failed",
    }
    written = json.dumps(task, ensure_ascii=False)
    tasks = ", ".join(written % {"minute": number % 60, "number": number} for number in range(100_000))
    body = f'{{"metadata": {{"id": "e"}}, "status": "failed", "tasks": [{tasks}]}}'.encode()
    assert len(body) > 55_000_000
    assert len(parse_in_parts(body, from_json, HELD_BYTES)["tasks"]) == 100_000
