"""What of the raw JSON travels: the cap, the counted cut, the masks."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from support.builders import execution, task

from blaxel_mcp.summary.masking import Hidden, mask_credentials
from blaxel_mcp.summary.raw import limit_raw, raw_uri
from blaxel_mcp.summary.wording import json_size

BIG = "x" * 400
NOTHING = Hidden()


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
    assert limit_raw(raw, "auto", json_size(raw)) == (raw, None, NOTHING)
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
    assert limit_raw(raw, "auto", 4000) == (None, {"tasks": 30, "bytes": json_size(raw)}, NOTHING)


def test_no_tasks_to_cut_is_no_cut() -> None:
    """An execution without tasks that is too large is left out whole."""
    raw = {"status": "failed", "large": "x" * 5000}
    assert limit_raw(raw, "auto", 4000) == (None, {"tasks": 0, "bytes": json_size(raw)}, NOTHING)


def test_full_is_always_whole_and_never_is_nothing() -> None:
    """Neither mode counts anything as omitted."""
    raw = many()
    assert limit_raw(raw, "full", 10) == (raw, None, NOTHING)
    assert limit_raw(raw, "never", 10_000_000) == (None, None, NOTHING)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"A": "secret", "B": "****", "C": "", "D": None, "E": {"x": 1}}, dict.fromkeys("ACDE", "***") | {"B": "****"}),
        ('{"A": "secret"}', '{"A": "***"}'),
        ('{"A": "***"}', '{"A": "***"}'),
        ('{"A": "secret", "A": "***"}', '{"A": "***"}'),
        ('{"GRÖSSE": "secret"}', '{"GRÖSSE": "***"}'),
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
    assert mask_credentials(raw) == (masked, Hidden(2))


OVERRIDES: list[tuple[Any, Any]] = [
    ({"A": "***", "B": "plain"}, {"A": "***", "B": "***"}),
    ('{"A": "***", "B": "plain"}', '{"A": "***", "B": "***"}'),
    ([{"name": "B", "value": "plain"}], "***"),
    (["B=plain"], "***"),
    ("B=plain", "***"),
    ({"B": ["plain"], "C": {"D": "plain"}}, {"B": "***", "C": "***"}),
    (20261126, "***"),
    (True, "***"),
]
"""Overrides in every form, and what is shown of each."""
PLACES: list[Callable[[Any], Any]] = [
    lambda override: override,
    lambda override: {"metadata": override},
    lambda override: {"metadata": {"annotations": [[override]]}},
    lambda override: {"tasks": [{"spec": override}]},
    lambda override: {"spec": {"tasks": [{"metadata": {"labels": override}}]}},
    lambda override: {"status": {"job": {"spec": {"runtime": override}}}},
    lambda override: [{"spec": override}, {"spec": {}}],
]
"""Where an override may stand in an answer."""


@pytest.mark.parametrize(
    "name",
    [
        "envOverride", "envoverride", "EnvOverride", "ENV_OVERRIDE", "env_override", "env-override", "env.override",
        "EnvOverrides", "env_overrides", "envVarOverrides", "environmentOverride", "ENVIRONMENT_VARIABLE_OVERRIDES",
        "jobEnvOverride", "spec.envOverride", "spec/env_override", "spec[envOverride]", "spec.envOverride.A",
        "env\u200bOverride", "\u202eenvOverride", "env override", "environment variables override", "envOverrideJson",
        "EnvOverrides2", "env_override_values",
    ],
)  # fmt: skip
def test_an_override_is_masked_by_whatever_name_and_wherever_it_stands(name: str) -> None:
    """In metadata, tasks, the job, lists; written in any of the ways in which such names are written."""
    shown = name.replace("\u200b", "").replace("\u202e", "")
    for (given, masked), around in product(OVERRIDES, PLACES):
        got, hidden = mask_credentials(around({name: given, "kept": "plain words"}))
        assert got == around({shown: masked, "kept": "plain words"})
        assert hidden.masked >= 1


@pytest.mark.parametrize(
    "name", ["env", "override", "overrides", "memoryOverride", "envOverrideAllowed", "environment", "overrideEnv"]
)
def test_what_only_reads_like_an_override_is_none(name: str) -> None:
    """Whether one is allowed, or an override of memory, is no secret."""
    raw = {name: {"A": "plain words"}, "metadata": {name: "plain words"}}
    assert mask_credentials(raw) == (raw, NOTHING)


def test_an_override_in_the_json_of_a_string_is_masked() -> None:
    """As annotations hold what was applied, cut off or not; a sentence about one is left alone."""
    applied = json.dumps({"spec": {"envOverride": {"A": "plain"}, "timeout": 60}, "list": [1, None]})
    said = "envOverride was not applied [1]"
    got, hidden = mask_credentials({"metadata": {"lastApplied": applied, "said": said, "cut": applied[:-9]}})
    assert json.loads(got["metadata"].pop("lastApplied")) == {
        "spec": {"envOverride": {"A": "***"}, "timeout": 60},
        "list": [1, None],
    }
    assert got == {"metadata": {"said": said, "cut": '{"spec": {"envOverride": ***, "timeout": 60}, "list": ['}}
    assert hidden == Hidden(2)


@pytest.mark.parametrize(
    "text",
    [
        '{"env.override":{"A":"hunter2"}}',
        '{"env override":{"A":"hunter2"}}',
        '{"environment variables override":{"A":"hunter2"}}',
        '{"envOverrideJson":"{\\"A\\":\\"hunter2\\"}"}',
        '{"EnvOverrides2":{"A":"hunter2"}}',
        '{"envOverride":{"A":"hunter2"}',
        '{"envOverride":{"A":"hunter2","B":"hun',
        '{"envOverride":"A=hunter2',
        '{"env\\u200bOverride":{"A":"hunter2"}}',
        '{"\\u0065nvOverride":{"A":"hunter2"}}',
        json.dumps('{"envOverride":{"A":"hunter2"}}'),
        json.dumps(json.dumps('{"envOverride":{"A":"hunter2"}}')),
        'start failed: {"envOverride":{"A":"hunter2"}}',
        '{"envOverride":{"A":"hunter2"}} was refused',
        '{"key":"envOverride","value":"A=hunter2"}',
        'said {"key":"envOverride","value":"A=hunter2"}',
        '[{"Name":"env override","Value":["A=hunter2"]}]',
    ],
)
@pytest.mark.parametrize(
    "around",
    [lambda text: {"said": text}, lambda text: text, lambda text: {"a": [{"b": json.dumps({"message": text})}]}],
)
def test_an_override_in_text_is_masked_however_it_is_written(text: str, around: Callable[[str], Any]) -> None:
    """Cut off, behind words, as JSON in JSON, as a pair; by any name that is masked as one of a field."""
    got, hidden = mask_credentials(around(text))
    assert "hunter2" not in json.dumps(got)
    assert "***" in json.dumps(got)
    assert hidden.masked >= 1
    assert mask_credentials(got) == (got, NOTHING)


def test_json_with_escapes_is_left_as_it_is_written() -> None:
    """As long as nothing in it is secret."""
    raw = {"a": '{"name":"\\u00fcber",  "b":1}'}
    assert mask_credentials(raw) == (raw, NOTHING)


@pytest.mark.parametrize("value", ["hunter2", 123456, -123456, 1.25, -0.5, ["hunter2"], {"value": "hunter2"}])
def test_a_password_is_masked_whatever_its_form(value: Any) -> None:
    """A text, a number, a list, an object with its value; by itself, in a list, or as a pair."""
    by_name = {"db": {"password": value}}
    for raw in (
        by_name["db"],
        [by_name],
        {"text": json.dumps(by_name)},
        {"env": [{"key": "DB_PASSWORD", "value": value}]},
    ):
        got, hidden = mask_credentials(raw)
        assert str(value if not isinstance(value, list | dict) else "hunter2") not in json.dumps(got)
        assert hidden == Hidden(1)


def test_a_value_beside_no_secret_stays() -> None:
    """In an object of any other name, and without one."""
    raw = {"mode": {"value": "fast"}, "value": 1.25, "pairs": [{"key": "mode", "value": {"value": 20261126}}]}
    assert mask_credentials(raw) == (raw, NOTHING)


def test_an_override_as_a_pair_of_name_and_value_is_masked() -> None:
    """As settings are often written."""
    raw = {"settings": [{"name": "envOverride", "value": {"A": "plain"}}, {"name": "mode", "value": {"A": "plain"}}]}
    masked = {"settings": [{"name": "envOverride", "value": {"A": "***"}}, {"name": "mode", "value": {"A": "plain"}}]}
    assert mask_credentials(raw) == (masked, Hidden(1))


def test_of_several_names_beside_a_value_one_of_a_secret_counts() -> None:
    """Where none is, the first of them is the value's name, whatever the object itself is called."""
    raw = {"password": {"name": "mode", "value": "fast"}, "env": [{"name": "x", "key": "DB_PASSWORD", "value": "wolf"}]}
    masked = {**raw, "env": [{"name": "x", "key": "DB_PASSWORD", "value": "***"}]}
    assert mask_credentials(raw) == (masked, Hidden(1))


INVISIBLE = {
    "NUL": "\x00", "bell": "\x07", "backspace": "\x08", "vertical tab": "\x0b", "form feed": "\x0c",
    "unit separator": "\x1f", "delete": "\x7f", "next line": "\x85", "C1": "\x90", "soft hyphen": "\u00ad",
    "grapheme joiner": "\u034f", "Arabic letter mark": "\u061c", "Hangul filler": "\u115f", "Khmer vowel": "\u17b4",
    "Mongolian selector": "\u180b", "Mongolian vowel": "\u180e", "zero-width space": "\u200b", "ZWNJ": "\u200c",
    "ZWJ": "\u200d", "left-to-right mark": "\u200e", "line separator": "\u2028", "paragraph separator": "\u2029",
    "bidi override": "\u202e", "word joiner": "\u2060", "invisible times": "\u2062", "bidi isolate": "\u2066",
    "deprecated format": "\u206f", "braille blank": "\u2800", "Hangul filler 2": "\u3164", "surrogate": "\ud800",
    "private use": "\ue000", "VS1": "\ufe00", "VS16": "\ufe0f", "byte order mark": "\ufeff",
    "halfwidth filler": "\uffa0", "interlinear": "\ufff9", "noncharacter": "\uffff", "shorthand": "\U0001bca0",
    "musical": "\U0001d173", "tag": "\U000e0041", "cancel tag": "\U000e007f", "VS17": "\U000e0100",
    "ignorable": "\U000e0fff", "private plane": "\U000f0000", "last": "\U0010ffff",
}  # fmt: skip


@pytest.mark.parametrize("character", INVISIBLE.values(), ids=INVISIBLE)
def test_no_invisible_character_travels(character: str) -> None:
    """Of values, of keys, in lists and overrides, at both ends; each is counted. What shows stays, the order too."""
    raw = {
        f"k{character}ey": f"{character}a{character}b{character}",
        "list": [f"x{character}", {"deep": [character]}],
        "envOverride": {f"N{character}": "***"},
        "n": 1,
    }
    got, hidden = mask_credentials(raw)
    assert list(got.items()) == [
        ("key", "ab"),
        ("list", ["x", {"deep": [""]}]),
        ("envOverride", {"N": "***"}),
        ("n", 1),
    ]
    assert hidden == Hidden(0, 7)
    assert character in next(iter(raw))


def test_what_shows_stays() -> None:
    """Line ends, tabs, blanks that show as such, marks, all scripts, and emoji but for what joins them."""
    raw = {"a": "line\n\tline\r\n", "b": "é e\u0301 ñ 日本 עברית العربية हिन्दी\u00a0\u3000 ✓ 😀 👍🏽", "日": "ﬁ"}
    assert mask_credentials(raw) == (raw, NOTHING)
    assert mask_credentials({"a": "👩\u200d💻 ❤\ufe0f"}) == ({"a": "👩💻 ❤"}, Hidden(0, 2))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b1;31mred", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1b]8;;https://a.example\x07link\x1b]8;;\x07", "]8;;https://a.examplelink]8;;"),
        ("\x1b]0;unterminated and all that follows", "]0;unterminated and all that follows"),
    ],
)
def test_colours_are_removed_whole_and_nothing_that_shows_is(text: str, left: str) -> None:
    """What an escape sequence without an end would swallow on a terminal stays."""
    assert mask_credentials({"a": text}) == ({"a": left}, Hidden(0, len(text) - len(left)))


def test_keys_that_read_the_same_without_what_hides_stay_apart() -> None:
    """No value is lost."""
    raw = {"a": 1, "a\u200b": 2, "\u200ba": 3}
    assert mask_credentials(raw) == ({"a": 1, "a (2)": 2, "a (3)": 3}, Hidden(0, 2))


def test_what_hides_does_not_hide_a_credential() -> None:
    """In the text, in the name of its field, and across a colour."""
    raw = {"a": "pass\u200bword=hun\u202eter2", "pass\u2060word": "two words", "b": "tok\x1b[1men=q7Xv2Lm9"}
    got, hidden = mask_credentials(raw)
    assert got == {"a": "password=***", "password": "***", "b": "token=***"}
    assert hidden == Hidden(3, 2 + 1 + 4)


def test_what_fits_once_nothing_invisible_is_in_it_is_whole() -> None:
    """The limit is for what travels; what is left out is counted as it came."""
    raw = execution("failed", tasks=[task(0, "failed", (), "a" + "\u200b" * 900 + "b")])
    carried = limit_raw(raw, "auto", 1000)
    assert (carried.omitted, carried.hidden) == (None, Hidden(0, 900))
    assert carried.raw is not None
    assert carried.raw["tasks"][0]["conditions"][0]["message"] == "ab"
    assert limit_raw(raw, "full", 1) == carried


def test_invisible_characters_of_tasks_that_travel_are_counted() -> None:
    """Those of the others are not."""
    raw = many()
    for one in raw["tasks"]:
        one["conditions"][0]["message"] = "\u200b" + BIG
    cut, _, hidden = limit_raw(raw, "auto", 3000)
    assert cut is not None
    assert hidden == Hidden(0, len(cut["tasks"]))
    assert "\u200b" not in json.dumps(cut, ensure_ascii=False)


def test_tasks_are_tried_for_as_long_as_some_may_fit() -> None:
    """Up to fifty that are too large are passed over; were the first too large to end it, small ones would be lost."""
    large = [task(number, "failed", (), "x" * 9000) for number in range(49)]
    small = task(99, "failed")
    for tasks, kept in (([*large, small], ["task-99"]), ([*large, large[0], small], [])):
        cut = limit_raw(execution("failed", tasks=tasks), "auto", 1000).raw
        assert cut is not None
        assert [one["metadata"]["name"] for one in cut["tasks"]] == kept


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
        Hidden(6),
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
    assert count == Hidden(5)


def test_masking_copies_only_what_it_changes() -> None:
    """Ten thousand tasks without a credential are not copied, and the argument is never changed."""
    raw = {"a": {"b": [{"c": "password=hunter2"}, {"d": "x"}]}, "e": {"f": 1}}
    before = json.dumps(raw)
    masked, count = mask_credentials(raw)
    assert (masked["a"]["b"][0], count) == ({"c": "password=***"}, Hidden(1))
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
    assert (masked, count) == ("password=***", Hidden(1))


def test_a_carried_part_is_masked_and_counted_and_within_the_limit() -> None:
    """Only what travels is counted; what is left out is counted as the API sent it."""
    raw = many()
    for number, one in enumerate(raw["tasks"]):
        one["conditions"][0]["message"] = f"password=hunter{number} " + BIG
    cut, omitted, hidden = limit_raw(raw, "auto", 3000)
    assert cut is not None
    assert omitted is not None
    assert "hunter" not in json.dumps(cut)
    assert (len(cut["tasks"]), hidden) == (4, Hidden(4))
    assert json_size(cut) <= 3000
    sent = {**raw, "tasks": [raw["tasks"][index] for index in (0, 3, 6, 9)]}
    assert omitted == {"tasks": 26, "bytes": json_size(raw) - json_size(sent)}


@pytest.mark.parametrize("body", [None, 5_000_000])
def test_each_task_that_travels_is_masked_wherever_it_stands_among_many(body: int | None) -> None:
    """However large the body was; a task that is too large for what is left leaves its place to those after it."""
    said = {3: "password=hunter3", 20: BIG * 50, 39: "password=hunter39 " + BIG}
    tasks = [task(number, "failed", (), said.get(number, "exit 1")) for number in range(40)]
    raw = execution("failed", tasks=[*tasks, *(task(number, "succeeded", (), BIG) for number in range(40, 90))])
    carried = limit_raw(raw, "auto", 16_000, size=body)
    masked = {3: "password=***", 39: "password=*** " + BIG}
    shown = [task(number, "failed", (), masked.get(number, "exit 1")) for number in range(40) if number != 20]
    assert carried.raw == {**raw, "tasks": shown}
    assert carried.hidden == Hidden(2)
    left_out = json_size(raw["tasks"][20]) + 1 + sum(json_size(one) + 1 for one in raw["tasks"][40:])
    assert carried.omitted == {"tasks": 51, "bytes": left_out + (body - json_size(raw) if body else 0)}


def test_what_fits_once_it_is_masked_is_whole() -> None:
    """A mask often takes less room than the key it replaces."""
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEF\n" * 60 + "-----END PRIVATE KEY-----"
    raw = execution("failed", tasks=[task(0, "failed", (), f"cannot parse {key}")])
    carried = limit_raw(raw, "auto", 1000)
    assert (carried.omitted, carried.hidden) == (None, Hidden(1))
    assert carried.raw is not None
    assert carried.raw["tasks"][0]["conditions"][0]["message"] == "cannot parse ***"


def test_ids_in_the_resource_address_are_one_segment_each() -> None:
    """Ids are percent-encoded, slashes in them too."""
    assert raw_uri("a/b", "c d?é/f") == "blaxel://jobs/a%2Fb/executions/c%20d%3F%C3%A9%2Ff"


def test_as_many_tasks_travel_as_fit_to_the_byte() -> None:
    """With the commas between them; where not even the rest fits, nothing travels."""
    raw = many()
    failed = raw["tasks"][::3]
    for most in range(4):
        size = json_size({**raw, "tasks": failed[:most]})
        assert limit_raw(raw, "auto", size).raw == {**raw, "tasks": failed[:most]}
        less = limit_raw(raw, "auto", size - 1).raw
        assert less == ({**raw, "tasks": failed[: most - 1]} if most else None)


def test_what_is_masked_is_measured_to_the_byte() -> None:
    """What is whole may take no more than the limit once it is masked, and no more than four times that before."""
    raw = {"said": "a" * 29 + "\u200b" * 120}
    masked = {"said": "a" * 29}
    assert (json_size(raw), json_size(masked)) == (400, 40)
    assert limit_raw(raw, "auto", 100) == (masked, None, Hidden(0, 120))
    raw = {"said": "password=hunter2hunter2hunter"}
    assert limit_raw(raw, "auto", 23) == ({"said": "password=***"}, None, Hidden(1))
    assert limit_raw(raw, "auto", 22) == (None, {"tasks": 0, "bytes": 40}, NOTHING)


def test_what_is_more_than_four_times_the_limit_is_not_even_masked() -> None:
    """What surrounds the tasks counts by its characters, names among them, and one for each object or list."""
    assert limit_raw({"said": "\u200b" * 395}, "auto", 100) == ({"said": ""}, None, Hidden(0, 395))
    assert limit_raw({"said": "\u200b" * 396}, "auto", 100) == (None, {"tasks": 0, "bytes": 1_199}, NOTHING)
    for more, carried in ((0, True), (1, False), (7, False), (8, False)):
        raw = {"metadata": [{"name": "\u200b" * 191}, ["\u200b" * (192 + more)], 0]}
        assert (limit_raw(raw, "auto", 100).raw is not None) is carried
    for length, tasks in ((350, [{"m": ""}]), (351, [])):
        assert limit_raw({"tasks": [{"m": "\u200b" * length}]}, "auto", 100).raw == {"tasks": tasks}


def test_nothing_is_counted_as_left_out_where_nothing_is() -> None:
    """Though it came so large that only what travels of it was masked."""
    raw = execution("failed", tasks=[task(0, "failed", (), "a" + "\u200b" * 2_000 + "b")])
    carried = limit_raw(raw, "auto", 1_000)
    assert (carried.omitted, carried.hidden) == (None, Hidden(0, 2_000))
    assert limit_raw(raw, "full", 1) == carried


@pytest.mark.parametrize("tasks", [{"a": 1}, "ab", 7, None, []])
def test_what_is_no_list_holds_no_tasks(tasks: Any) -> None:
    """It travels or is left out with the rest."""
    for raw in ({"tasks": tasks, "x": BIG * 2}, {"spec": {"tasks": tasks}, "x": BIG * 2}, {"spec": "x" + BIG * 2}):
        assert limit_raw(raw, "auto", json_size(raw)) == (raw, None, NOTHING)
        assert limit_raw(raw, "auto", 500) == (None, {"tasks": 0, "bytes": json_size(raw)}, NOTHING)


def test_what_is_no_list_stays_where_a_list_elsewhere_is_cut() -> None:
    """There are two places for the tasks."""
    raw = {"tasks": [task(0, "failed", (), BIG)], "spec": {"tasks": {"a": 1}}}
    assert limit_raw(raw, "auto", 100).raw == {"tasks": [], "spec": {"tasks": {"a": 1}}}
    raw = {"spec": {"tasks": [task(0, "failed", (), BIG)]}, "tasks": {"a": 1}}
    assert limit_raw(raw, "auto", 100).raw == {"spec": {"tasks": []}, "tasks": {"a": 1}}


def test_a_task_that_is_no_object_did_not_succeed() -> None:
    """Nor did one without a status; how a status is written does not matter."""
    tasks = ["odd", task(1, "SUCCEEDED"), {"name": "task-2"}, {"status": 7}, task(4, "succeeded"), task(5, "failed")]
    raw = {"tasks": tasks, "spec": {"timeout": 60}}
    cut = limit_raw(raw, "auto", json_size(raw) - 1).raw
    assert cut == {"tasks": ["odd", {"name": "task-2"}, {"status": 7}, task(5, "failed")], "spec": {"timeout": 60}}


def test_what_is_alike_but_of_another_kind_is_judged_by_itself() -> None:
    """A fraction may be a password, one digit and a truth are none, though Python takes all three for equal."""
    raw = [{"password": 1.0}, {"password": 1}, {"password": True}, {"password": 1.0}]
    assert repr(mask_credentials(raw)[0]) == repr(
        [{"password": "***"}, {"password": 1}, {"password": True}, {"password": "***"}]
    )


@pytest.mark.parametrize("value", [7, 1.5, True, None, "plain", ""])
def test_a_value_by_itself_is_left_as_it_is(value: Any) -> None:
    """It has no name."""
    assert mask_credentials(value) == (value, NOTHING)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"password":["hunter2"]}', '{"password": ["***"]}'),
        ('\n {"password":["hunter2"]}', '{"password": ["***"]}'),
        ('[{"password":{"value":"hunter2"}}]', '[{"password": {"value": "***"}}]'),
        ('"{\\"password\\":[\\"hunter2\\"]}"', '"{\\"password\\": [\\"***\\"]}"'),
        ('{"password":1.25}', '{"password": "***"}'),
        ('{"password":["hunter2"],"city":"Köln"}', '{"password": ["***"], "city": "Köln"}'),
    ],
)
def test_what_only_its_structure_shows_to_be_secret_is_masked_in_the_json_of_a_string(text: str, shown: str) -> None:
    """An object, a list, or the JSON of either in a string; blanks may stand before it."""
    assert mask_credentials({"said": text}) == ({"said": shown}, Hidden(1))
