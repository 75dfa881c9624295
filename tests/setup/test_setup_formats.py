"""Edits of clients' files as text: what is not edited stays as it is, byte for byte."""

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from blaxel_mcp.setup import jsonc, toml_text, yaml_text
from blaxel_mcp.setup.problems import FileProblem

ENTRY = {"command": "/a b/blaxel-mcp", "args": ["--demo"]}

# A file before and after; with the server taken out again it is what it was before.
JSONC = {
    "comments everywhere": (
        """{
  // of the editor
  "editor.fontSize": 14, // points
  "servers": {
    "other": {"command": "x", "args": ["a",]} // one
    /* the last one */
  }
}
""",
        """{
  // of the editor
  "editor.fontSize": 14, // points
  "servers": {
    "other": {"command": "x", "args": ["a",]}, // one
    /* the last one */
    "blaxel": {
      "command": "/a b/blaxel-mcp",
      "args": ["--demo"]
    }
  }
}
""",
    ),
    "tabs and trailing commas": (
        '{\n\t"servers": {\n\t\t"other": {\n\t\t\t"command": "x",\n\t\t},\n\t},\n}\n',
        (
            '{\n\t"servers": {\n\t\t"other": {\n\t\t\t"command": "x",\n\t\t},\n\t\t"blaxel": {\n\t\t\t"command": '
            '"/a b/blaxel-mcp",\n\t\t\t"args": ["--demo"]\n\t\t},\n\t},\n}\n'
        ),
    ),
    "line ends of Windows": (
        '{\r\n    "servers": {\r\n        "other": 1\r\n    }\r\n}\r\n',
        (
            '{\r\n    "servers": {\r\n        "other": 1,\r\n        "blaxel": {\r\n            "command": '
            '"/a b/blaxel-mcp",\r\n            "args": ["--demo"]\r\n        }\r\n    }\r\n}\r\n'
        ),
    ),
    "one line": (
        '{"servers": {"other": {"command": "x"}}}',
        '{"servers": {"other": {"command": "x"}, "blaxel": {"command": "/a b/blaxel-mcp", "args": ["--demo"]}}}',
    ),
    "one line with a trailing comma": (
        '{"servers": {"other": 1,}}',
        '{"servers": {"other": 1, "blaxel": {"command": "/a b/blaxel-mcp", "args": ["--demo"]},}}',
    ),
    "what looks like a comment in a string": (
        '{"a": "http://x/*y*/", "servers": {"b": "//"}}',
        '{"a": "http://x/*y*/", "servers": {"b": "//", "blaxel": {"command": "/a b/blaxel-mcp", "args": ["--demo"]}}}',
    ),
}
TOML = """# mine
model = "o3"  # the best

[mcp_servers.other] # one
command = "x"
args = ["a",
  "b", # two
]

[projects."/home/x"]
trust_level = "trusted"
"""
YAML = """# goose
GOOSE_PROVIDER: openai   # provider
extensions:
  developer:
    args: [a,  b]
    list:
    - one
    - two   # t

  # another
  memory:
      enabled: false   # m
# the end
text: |
  one

  two
"""


@pytest.mark.parametrize("name", JSONC)
def test_json_keeps_comments_layout_and_line_ends(name: str) -> None:
    """The entry is put behind the last one, as the file indents; taken out, the file is what it was."""
    before, after = JSONC[name]
    assert jsonc.set_value(before, ("servers", "blaxel"), ENTRY) == after
    assert jsonc.remove(after, ("servers", "blaxel")) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "servers": {\n    "blaxel": 1\n  }\n}\n'),
        ("// mine\n", '// mine\n{\n  "servers": {\n    "blaxel": 1\n  }\n}\n'),
        ("{}\n", '{\n  "servers": {\n    "blaxel": 1\n  }\n}\n'),
        ('{"servers": null}\n', '{"servers": {\n  "blaxel": 1\n}}\n'),
        ("{ /* mine */ }", '{ /* mine */\n  "servers": {\n    "blaxel": 1\n  }\n}'),
    ],
)
def test_json_that_has_no_servers_gets_them(before: str, after: str) -> None:
    """Also a file that is empty or holds comments alone."""
    assert jsonc.set_value(before, ("servers", "blaxel"), 1) == after


def test_json_members_go_with_their_commas() -> None:
    """The first, one in the middle, the last and the only one; lists work likewise."""
    text = '{"a": 1, "b": [1, 2, 3], "c": 3}'
    assert jsonc.remove(text, ("a",)) == '{"b": [1, 2, 3], "c": 3}'
    assert jsonc.remove(text, ("b",)) == '{"a": 1, "c": 3}'
    assert jsonc.remove(text, ("c",)) == '{"a": 1, "b": [1, 2, 3]}'
    assert jsonc.remove(text, ("d", "e")) == text
    assert jsonc.remove('{"a": 1, // mine\n "b": 2}', ("b",)) == '{"a": 1 // mine\n }'
    assert jsonc.remove('{"a": 1, /* mine */ "b": 2, "c": 3}', ("b",)) == '{"a": 1, /* mine */ "c": 3}'
    assert jsonc.remove('{"a": {\n  "b": 1\n}}', ("a", "b")) == '{"a": {}}'
    assert jsonc.remove(text, ("b", 1)) == '{"a": 1, "b": [1, 3], "c": 3}'
    assert jsonc.set_value(text, ("b", 3), {"x": 1}) == '{"a": 1, "b": [1, 2, 3, {"x": 1}], "c": 3}'
    assert jsonc.set_value(text, ("d", 0), 1) == '{"a": 1, "b": [1, 2, 3], "c": 3, "d": [1]}'


@pytest.mark.parametrize(
    ("edit", "text", "said"),
    [
        (jsonc.set_value, '{"a": }', "line 1, column 7: a value is expected here"),
        (jsonc.set_value, '{"a": 1\n "b": 2}', 'line 2, column 2: a "," or "}" is expected here'),
        (jsonc.set_value, "{'a': 1}", 'line 1, column 2: a key in double quotes or "}" is expected here'),
        (jsonc.set_value, '{"a" 1}', 'line 1, column 6: a ":" is expected here'),
        (jsonc.set_value, "{\n  /* x", "line 2, column 3: this comment has no end"),
        (
            jsonc.set_value,
            '{"a": "x\n"}',
            "line 1, column 7: this string has no end, or holds what JSON does not allow",
        ),
        (jsonc.set_value, '{"a": 1}}', "line 1, column 9: something follows the end of the document"),
        (jsonc.set_value, "[" * 201, "line 1, column 201: this is nested more than 200 deep"),
        (jsonc.set_value, '{"servers": []}', "line 1, column 13: an object is expected here"),
        (jsonc.set_value, '{"servers": {},\n"servers": {}}', 'line 2, column 1: the key "servers" is there twice'),
        (toml_text.set_value, "a = 1\nb = ", "line 2, column 1: invalid value"),
        (toml_text.set_value, "a = 1\na = 2\n", "line 2, column 6: cannot overwrite a value"),
        (toml_text.set_value, "servers = 1\n", "line 1, column 1: servers is not a table"),
        (yaml_text.set_value, "a: [\n", "line 2, column 1: expected the node content, but found '<stream end>'"),
        (yaml_text.set_value, "- a\n", "line 1, column 1: a mapping is expected here"),
        (yaml_text.set_value, "servers: {}\nservers: {}\n", "line 2, column 1: the key servers is there twice"),
        (
            yaml_text.remove,
            "servers: {a: 1, # mine\n  blaxel: {a: 1}}\n",
            "line 2, column 3: this is in flow style, among comments; remove it by hand",
        ),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_with_the_place(edit: Callable[..., str], text: str, said: str) -> None:
    """Line and column count from 1, as editors do."""
    with pytest.raises(FileProblem) as refused:
        edit(text, ("servers", "blaxel"), *([ENTRY] if edit is not yaml_text.remove else []))
    assert str(refused.value) == said


def test_toml_gets_a_table_at_its_end() -> None:
    """And nothing before it changes."""
    after = toml_text.set_value(TOML, ("mcp_servers", "blaxel"), ENTRY)
    assert after == TOML + '\n[mcp_servers.blaxel]\ncommand = "/a b/blaxel-mcp"\nargs = ["--demo"]\n'
    assert toml_text.remove(after, ("mcp_servers", "blaxel")) == TOML


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# mine\n",
        'mcp_servers = { other = {command = "x"} }\n',
        'mcp_servers.other.command = "x"\n',
        '[mcp_servers]\nother = {command = "x"} # one\n\n[z]\na = 1\n',
        "[mcp_servers.a]\nb = 1\n\n[z]\na = 1\n\n[mcp_servers.c]\nd = 1\n",
    ],
)
def test_toml_is_edited_however_its_servers_are_written(before: str) -> None:
    """Inline, by dotted keys, under headers in any order; taken out, the file is what it was."""
    after = toml_text.set_value(before, ("mcp_servers", "blaxel"), ENTRY)
    assert tomllib.loads(after)["mcp_servers"]["blaxel"] == ENTRY
    changed = toml_text.set_value(after, ("mcp_servers", "blaxel", "args"), ["x"])
    assert tomllib.loads(changed)["mcp_servers"]["blaxel"] == ENTRY | {"args": ["x"]}
    assert toml_text.remove(after, ("mcp_servers", "blaxel")) == before


BEHIND = """\

# profile for work
[profiles.work]  # mine
model = "o3"
"""
STATEMENTS = [
    '[mcp_servers.blaxel]  # ours\ncommand = "x"\n# of the arguments\nargs = [\n  "a", # "]\n]\n',
    '[mcp_servers.blaxel]\ncommand = "x"\n\n# of the variables\n[mcp_servers.blaxel.env]\nA = "b"\n',
    '[mcp_servers]\nblaxel = { command = "x", args = ["]"] }  # ours\n',
    '[mcp_servers]\nblaxel.command = \'#\'\n"blaxel".args = ["a"]\n',
    'mcp_servers.blaxel.command = """\n# no comment "quoted\\""""\nmcp_servers."blaxel".args = []\n',
]


@pytest.mark.parametrize("entry", STATEMENTS)
@pytest.mark.parametrize("first", ["", "# of the file\n", 'a = "# [no]"\n\n# mine\n'])
def test_toml_keeps_the_comment_of_what_follows_the_entry(first: str, entry: str) -> None:
    """However the entry is written: removed, changed, extended or replaced, it leaves others' comments in place."""
    path = ("mcp_servers", "blaxel")
    before = first + entry + BEHIND
    assert toml_text.remove(before, path).startswith(first)
    assert toml_text.remove(before, path).endswith(BEHIND)
    assert "blaxel" not in str(tomllib.loads(toml_text.remove(before, path)))
    for edited in (
        toml_text.set_value(before, (*path, "command"), "new"),
        toml_text.set_value(before, (*path, "added"), 1),
        toml_text.set_value(before, (*path, "env"), {"B": "c"}),
        toml_text.set_value(before, path, ENTRY),
    ):
        assert edited.startswith(first)
        assert BEHIND in edited
        assert tomllib.loads(edited)["profiles"] == {"work": {"model": "o3"}}
    assert tomllib.loads(toml_text.set_value(before, path, ENTRY))["mcp_servers"]["blaxel"] == ENTRY


def test_toml_gets_a_new_key_before_the_comments_that_follow() -> None:
    """Right behind the table's last key."""
    text = '[mcp_servers.blaxel]\ncommand = "x" # c\n' + BEHIND
    after = toml_text.set_value(text, ("mcp_servers", "blaxel", "args"), ["a"])
    assert after == '[mcp_servers.blaxel]\ncommand = "x" # c\nargs = ["a"]\n' + BEHIND
    assert toml_text.set_value("[a.b]", ("a", "b", "c"), 1) == "[a.b]\nc = 1\n"


def test_yaml_keeps_comments_layout_and_block_scalars() -> None:
    """The entry stands behind the last one, before the comment that is no part of it."""
    after = yaml_text.set_value(YAML, ("extensions", "blaxel"), ENTRY)
    entry = '  blaxel:\n    command: "/a b/blaxel-mcp"\n    args: ["--demo"]\n'
    assert after == YAML.replace("# the end\n", entry + "# the end\n")
    assert yaml_text.remove(after, ("extensions", "blaxel")) == YAML


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'extensions:\n  blaxel:\n    a: "1"\n'),
        ("# mine\n", '# mine\nextensions:\n  blaxel:\n    a: "1"\n'),
        ("a: 1", 'a: 1\nextensions:\n  blaxel:\n    a: "1"\n'),
        ("extensions: {}\n", 'extensions:\n  blaxel:\n    a: "1"\n'),
        ("extensions: # none\nb: 2\n", 'extensions: # none\n  blaxel:\n    a: "1"\nb: 2\n'),
        ("extensions: {b: {c: 1}, }\n", 'extensions: {b: {c: 1}, "blaxel": {"a": "1"}}\n'),
        ("a: 1\r\nextensions:\r\n  b: 2\r\n", 'a: 1\r\nextensions:\r\n  b: 2\r\n  blaxel:\r\n    a: "1"\r\n'),
        ("extensions:\n  b: |\n    text\n\n", 'extensions:\n  b: |\n    text\n\n  blaxel:\n    a: "1"\n'),
    ],
)
def test_yaml_that_has_no_servers_gets_them(before: str, after: str) -> None:
    """Also a file that is empty, holds comments alone or ends within a line; flow style stays flow style."""
    assert yaml_text.set_value(before, ("extensions", "blaxel"), {"a": "1"}) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("s: {blaxel: {a: 1}}\n", "s: {}\n"),
        ("s: { blaxel: {a: 1}, }\n", "s: {}\n"),
        ("s: {a: 1, blaxel: {b: 1}}\n", "s: {a: 1}\n"),
        ("s: {a: 1, blaxel: {b: 1}, } # c\n", "s: {a: 1, } # c\n"),
        ("s: {blaxel: {b: 1}, a: 1}\n", "s: {a: 1}\n"),
        ("{s: {a: [1],\n  blaxel: , c: d}}\n", "{s: {a: [1],\n  c: d}}\n"),
        ("s: {a: 1, blaxel: }\n", "s: {a: 1}\n"),
    ],
)
def test_yaml_in_braces_loses_the_key_with_its_comma(before: str, after: str) -> None:
    """The first, the last, one in the middle and the only one."""
    assert yaml_text.remove(before, ("s", "blaxel")) == after


def test_yaml_values_are_replaced_in_their_place() -> None:
    """A list by a list, a mapping by a mapping, with the comments around them."""
    text = "e:\n  b: # c\n    args: [1, 2] # d\n    env:\n      A: x\n    z: 1\n"
    text = yaml_text.set_value(text, ("e", "b", "args"), ["a b", "true"])
    text = yaml_text.set_value(text, ("e", "b", "env"), {"B": "y"})
    assert text == 'e:\n  b: # c\n    args: ["a b", "true"] # d\n    env:\n      B: y\n    z: 1\n'
    assert yaml_text.remove("a: 1\nb: # c\n  d: 1\n", ("b", "d")) == "a: 1\nb: {} # c\n"


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FILES = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)
INDENTS = st.sampled_from([None, 2, 4, "\t"])


@settings(deadline=None)
@given(document=FILES, key=st.text(max_size=4), value=VALUES, indent=INDENTS)
def test_any_json_holds_what_was_set_and_the_rest(
    document: dict[str, Any], key: str, value: Any, indent: int | str | None
) -> None:
    """However it is indented; what the standard library reads is what was meant."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    assert json.loads(jsonc.set_value(text, (key,), value)) == document | {key: value}
    assert json.loads(jsonc.remove(text, (key,))) == {name: each for name, each in document.items() if name != key}


@settings(deadline=None)
@given(document=FILES, value=VALUES, flow=st.booleans())
def test_any_yaml_holds_what_was_set_and_the_rest(document: dict[str, Any], value: Any, *, flow: bool) -> None:
    """In flow style too."""
    text = yaml.safe_dump(document, default_flow_style=flow)
    assert yaml_text.parse(yaml_text.set_value(text, ("blaxel",), value)) == document | {"blaxel": value}


TOML_VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.'\"#[]={ ", max_size=4), inner, max_size=3),
    max_leaves=8,
)
TOML_STRINGS = st.sampled_from(
    ["'#'", '"\\"#"', "'''\n[no]\n# no ''''", '"""\n[no]\n\\"""#"""""', "[ # [yes\n]", "{a = [1]}"]
)


@settings(deadline=None)
@given(
    document=st.dictionaries(st.text("ab.'\"#[]={ ", max_size=4), TOML_VALUES, max_size=4),
    written=st.lists(TOML_STRINGS, max_size=3),
)
def test_any_toml_keeps_all_but_the_entry(document: dict[str, Any], written: list[str]) -> None:
    """Whatever its strings, keys and lists hold that looks like a header or a comment; removed, it is what it was."""
    first = "".join(f"k{number} = {each} # c\n" for number, each in enumerate(written))
    text = first + toml_text.dump(document)
    before = tomllib.loads(text)
    after = toml_text.set_value(text, ("mcp_servers", "blaxel"), ENTRY) + BEHIND
    assert tomllib.loads(after) == before | {"mcp_servers": {"blaxel": ENTRY}, "profiles": {"work": {"model": "o3"}}}
    changed = toml_text.set_value(after, ("mcp_servers", "blaxel", "env"), {"A": "b"})
    removed = toml_text.remove(changed, ("mcp_servers", "blaxel"))
    assert tomllib.loads(removed) == before | {"profiles": {"work": {"model": "o3"}}}
    assert removed.startswith(text)
    assert removed.endswith(BEHIND)
