"""What of the raw JSON travels: the cap, the counted cut, the masks."""

import json
from typing import Any

import pytest
from support.builders import execution, task

from blaxel_mcp.summary.raw import limit_raw, mask_credentials, raw_uri
from blaxel_mcp.summary.wording import json_size

BIG = "x" * 400


def many(place: str = "tasks") -> dict[str, Any]:
    """Thirty tasks, every third failed, in either of the two places."""
    tasks = [task(i, "failed" if i % 3 == 0 else "succeeded", (), BIG) for i in range(30)]
    raw = execution("failed", (9, 8, 7), timeout=600)
    raw["somethingNew"] = {"kept": None}
    if place == "tasks":
        raw["tasks"] = tasks
    else:
        raw["spec"]["tasks"] = tasks
    return raw


def test_raw_is_whole_within_the_limit() -> None:
    """The limit is exact to the byte."""
    raw = many()
    assert limit_raw(raw, "auto", json_size(raw)) == (raw, None, 0)
    assert limit_raw(raw, "auto", json_size(raw) - 1).omitted is not None


@pytest.mark.parametrize("place", ["tasks", "spec"])
def test_a_cut_keeps_tasks_that_did_not_succeed_and_counts_the_rest(place: str) -> None:
    """What is left out is counted in tasks and bytes, both exactly; nothing else changes."""
    raw = many(place)
    holder = raw if place == "tasks" else raw["spec"]
    cut, omitted, _ = limit_raw(raw, "auto", 3000)
    assert cut is not None
    kept = (cut if place == "tasks" else cut["spec"])["tasks"]
    assert [found["metadata"]["name"] for found in kept] == ["task-0", "task-3", "task-6", "task-9"]
    assert omitted == {"tasks": 26, "bytes": json_size(raw) - json_size(cut)}
    assert json_size(cut) <= 3000 < json_size(cut) + json_size(kept[0]) + 1
    assert len(holder["tasks"]) == 30
    holder["tasks"] = kept
    assert cut == raw


def test_what_arrived_far_too_large_is_not_written_again_to_be_measured() -> None:
    """Then the bytes that are left out are counted from those that arrived; else they are of compact JSON."""
    raw = many()
    measured = limit_raw(raw, "auto", 1000)
    cut, omitted, _ = limit_raw(raw, "auto", 1000, size=16_001)
    assert (cut, omitted) == (measured.raw, {"tasks": 29, "bytes": 16_001 - json_size(cut)})
    assert limit_raw(raw, "auto", 1000, size=16_000) == measured


def test_a_list_in_both_places_is_one_list() -> None:
    """The first is cut, the second emptied, and tasks are counted once."""
    raw = many()
    raw["spec"]["tasks"] = raw["tasks"]
    cut, omitted, _ = limit_raw(raw, "auto", 3000)
    assert cut is not None
    assert cut["spec"]["tasks"] == []
    assert omitted == {"tasks": 30 - len(cut["tasks"]), "bytes": json_size(raw) - json_size(cut)}


def test_a_task_too_large_does_not_keep_out_those_after_it() -> None:
    """As many tasks as fit are kept."""
    raw = execution("failed", tasks=[task(0, "failed", (), "x" * 9000), task(1, "failed"), task(2, "succeeded")])
    cut, omitted, _ = limit_raw(raw, "auto", 1000)
    assert cut is not None
    assert [found["metadata"]["name"] for found in cut["tasks"]] == ["task-1"]
    assert omitted == {"tasks": 2, "bytes": json_size(raw) - json_size(cut)}


def test_nothing_is_inlined_where_the_rest_alone_is_too_large() -> None:
    """All tasks and bytes are then counted as omitted."""
    raw = {**many(), "large": "x" * 5000}
    assert limit_raw(raw, "auto", 4000) == (None, {"tasks": 30, "bytes": json_size(raw)}, 0)


def test_no_tasks_to_cut_is_no_cut() -> None:
    """An execution without tasks that is too large is left out whole."""
    raw = {"status": "failed", "large": "x" * 5000}
    assert limit_raw(raw, "auto", 4000) == (None, {"tasks": 0, "bytes": json_size(raw)}, 0)


def test_full_is_always_whole_and_never_is_nothing() -> None:
    """Neither mode counts anything as omitted."""
    raw = many()
    assert limit_raw(raw, "full", 10) == (raw, None, 0)
    assert limit_raw(raw, "never", 10_000_000) == (None, None, 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"A": "secret", "B": "****", "C": "", "D": None, "E": {"x": 1}}, dict.fromkeys("ACDE", "***") | {"B": "****"}),
        ('{"A": "secret"}', '{"A": "***"}'),
        ('{"A": "***"}', '{"A": "***"}'),
        ('{"A": "secret", "A": "***"}', '{"A": "***"}'),
        ("not json", "***"),
        ('["secret"]', "***"),
        (["secret"], "***"),
        (7, "***"),
        ("", "***"),
        (False, "***"),
        ({}, {}),
        ("{}", "{}"),
    ],
)
def test_override_values_are_masked_whatever_their_form(given: Any, expected: Any) -> None:
    """Objects, the JSON text of one, and anything else are masked; names stay, and the argument is not changed."""
    raw = {"status": "failed", "spec": {"envOverride": given, "timeout": 1}}
    before = json.dumps(raw)
    masked = {name: expected[name] for name in given} if isinstance(given, dict) else expected
    assert mask_credentials(raw)[0] == {"status": "failed", "spec": {"envOverride": masked, "timeout": 1}}
    assert json.dumps(raw) == before


def test_an_override_out_of_place_is_masked_too() -> None:
    """The operation puts overrides under `spec`, but their values are secret elsewhere too."""
    raw = {"envOverride": {"A": "secret"}, "metadata": {"list": [{"envOverride": '{"A": "secret", "B": "***"}'}]}}
    masked = {"envOverride": {"A": "***"}, "metadata": {"list": [{"envOverride": '{"A": "***", "B": "***"}'}]}}
    assert mask_credentials(raw) == (masked, 2)


@pytest.mark.parametrize("raw", [{}, {"spec": None}, {"spec": []}, {"spec": {}}, {"spec": {"envOverride": None}}])
def test_no_override_is_left_as_it_is(raw: dict[str, Any]) -> None:
    """Masking adds nothing to an execution without overrides."""
    assert mask_credentials(raw)[0] is raw


def test_credentials_are_masked_and_counted_wherever_they_stand() -> None:
    """In any string by its form, in a field by its name; keys, numbers and everything else stay as they are."""
    raw = {
        "password": "two words",
        "maxTokens": 4096,
        "pin": {"password": 123456, "ok": True},
        "tasks": [{"name": "t", "conditions": [{"message": "token=q7Xv2Lm9 and password=hunter2"}]}, "plain"],
        "env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "fast"}],
        "tokens": ["a"],
        "apiKey": ["8fj2kd93"],
        "secretName": "db-creds",
        "token": None,
    }
    assert mask_credentials(raw) == (
        {
            **raw,
            "password": "***",
            "pin": {"password": "***", "ok": True},
            "tasks": [{"name": "t", "conditions": [{"message": "token=*** and password=***"}]}, "plain"],
            "env": [{"name": "DB_PASSWORD", "value": "***"}, {"name": "MODE", "value": "fast"}],
            "apiKey": ["***"],
        },
        6,
    )


def test_a_credential_in_a_key_is_masked_too() -> None:
    """Order stays, and keys that read the same once they are masked stay apart."""
    raw = {"a": 1, "token=q7Xv2Lm9": {"b": "pwd=abc123"}, "token=8fj2kd93": 2, "envOverride": {"pwd=abc123": "x"}}
    masked, count = mask_credentials(raw)
    assert list(masked.items()) == [
        ("a", 1),
        ("token=***", {"b": "pwd=***"}),
        ("token=*** (2)", 2),
        ("envOverride", {"pwd=***": "***"}),
    ]
    assert count == 5


def test_masking_copies_only_what_it_changes() -> None:
    """Ten thousand tasks without a credential are not copied, and the argument is never changed."""
    raw = {"a": {"b": [{"c": "password=hunter2"}, {"d": "x"}]}, "e": {"f": 1}}
    before = json.dumps(raw)
    masked, count = mask_credentials(raw)
    assert (masked["a"]["b"][0], count) == ({"c": "password=***"}, 1)
    assert masked["a"]["b"][1] is raw["a"]["b"][1]  # type: ignore[index]
    assert masked["e"] is raw["e"]
    assert json.dumps(raw) == before


def test_masking_takes_any_depth() -> None:
    """The parser may allow more levels than Python's own recursion."""
    deep: Any = "password=hunter2"
    for _ in range(5_000):
        deep = [deep]
    masked, count = mask_credentials(deep)
    while isinstance(masked, list):
        (masked,) = masked
    assert (masked, count) == ("password=***", 1)


def test_a_carried_part_is_masked_and_counted_and_within_the_limit() -> None:
    """Only what travels is counted; what is left out is counted as the API sent it."""
    raw = many()
    for number, one in enumerate(raw["tasks"]):
        one["conditions"][0]["message"] = f"password=hunter{number} " + BIG
    cut, omitted, masked = limit_raw(raw, "auto", 3000)
    assert cut is not None
    assert omitted is not None
    assert "hunter" not in json.dumps(cut)
    assert (len(cut["tasks"]), masked) == (4, 4)
    assert json_size(cut) <= 3000
    sent = {**raw, "tasks": [raw["tasks"][index] for index in (0, 3, 6, 9)]}
    assert omitted == {"tasks": 26, "bytes": json_size(raw) - json_size(sent)}


def test_what_fits_once_it_is_masked_is_whole() -> None:
    """A mask often takes less room than the key it replaces."""
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEF\n" * 60 + "-----END PRIVATE KEY-----"
    raw = execution("failed", tasks=[task(0, "failed", (), f"cannot parse {key}")])
    carried = limit_raw(raw, "auto", 1000)
    assert (carried.omitted, carried.masked) == (None, 1)
    assert carried.raw is not None
    assert carried.raw["tasks"][0]["conditions"][0]["message"] == "cannot parse ***"


def test_ids_in_the_resource_address_are_one_segment_each() -> None:
    """Ids are percent-encoded, slashes in them too."""
    assert raw_uri("a/b", "c d?é") == "blaxel://jobs/a%2Fb/executions/c%20d%3F%C3%A9"
