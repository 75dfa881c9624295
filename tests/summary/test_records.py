"""Lines of a log that are JSON or logfmt: what they say, and how grave they are."""

import json
from typing import Any

import pytest

from blaxel_mcp.summary.records import ERROR, FATAL, INFO, PLAIN, WARNING, Record, read_record


def test_a_json_line_is_its_message_and_its_error() -> None:
    """The message first; the error behind it unless that says it already, and below it where it comes with a stack."""
    stack = "TypeError: x is null\n    at f (/app/a.js:3:1)"
    said: list[tuple[dict[str, Any], str | None]] = [
        ({"message": "load failed"}, "load failed"),
        ({"message": "  ", "msg": " load failed\n"}, "load failed"),
        ({"message": 3, "msg": None, "event": "load failed"}, "load failed"),
        ({"message": "load failed", "error": "refused"}, "load failed: refused"),
        ({"message": "no table X", "error": "refused"}, "no table X: refused"),
        ({"message": "load failed. : ", "error": " refused "}, "load failed: refused"),
        ({"message": "load failed: refused", "error": "refused"}, "load failed: refused"),
        ({"message": "load failed", "error": "", "err": "refused"}, "load failed: refused"),
        ({"message": "load failed", "error": " ", "err": 5, "exception": "refused"}, "load failed: refused"),
        ({"message": "load failed", "error": {}}, "load failed"),
        ({"error": "refused"}, "refused"),
        ({"message": "load failed", "stack": stack}, f"load failed\n{stack}"),
        ({"message": "load failed", "stack": stack, "error": "refused"}, f"load failed\n{stack}"),
        ({"message": "load failed\nat once", "stack": stack}, stack),
        ({"stack": stack}, stack),
        ({"message": "m", "error": {"type": "TypeError", "message": "x is null"}}, "m: TypeError: x is null"),
        ({"error": {"type": "TypeError", "message": "TypeError: x is null"}}, "TypeError: x is null"),
        ({"error": {"type": "", "name": "TypeError", "message": "x is null"}}, "TypeError: x is null"),
        ({"error": {"code": 403, "message": "no access"}}, "403: no access"),
        ({"error": {"code": [], "message": "no access"}}, "no access"),
        ({"error": {"type": "TypeError", "message": "x is null", "stack": stack}}, stack),
        ({"error": {"type": "Error", "message": "boom", "stack": stack}}, f"Error: boom\n{stack}"),
        ({"error": {"message": "boom", "stack": stack}}, f"boom\n{stack}"),
        ({"error": {"type": "TypeError"}}, None),
        ({"severity": "ERROR"}, None),
        ({"error": [], "err": {}}, None),
        ({"message": "outer", "jsonPayload": {"message": "no table"}}, "no table"),
        ({"message": "outer", "jsonPayload": {"code": 3}}, "outer"),
        ({"message": "outer", "jsonPayload": "inner"}, "outer"),
    ]
    for values, text in said:
        record = read_record(f"  {json.dumps(values)} \n")
        assert (record.text if record else None) == text, values


def test_a_logfmt_line_is_its_message_and_its_error() -> None:
    """What is in quotes is read with its escapes; a line without a level is no record."""
    said = [
        ("level=error msg=refused", "refused"),
        ('time=02:00 lvl=warn msg="cannot write" err="disk full"', "cannot write: disk full"),
        (r'severity=INFO msg="a \"b\"\tc\nd"', 'a "b"\tc\nd'),
        ('level=error msg="a b" ctx={1}', "a b"),
        ('{level=error msg="a b"', "a b"),
        ("level=error", None),
        ('level=error msg=""', None),
        ("levelname=error msg=refused", "refused"),
        ("sublevel=error msg=refused", None),
        ("the level is error and msg=refused", None),
        ("the level of water", None),
        ("msg=refused", None),
        ("", None),
    ]
    for line, text in said:
        record = read_record(line)
        assert (record.text if record else None) == text, line


def test_what_is_no_json_after_all_is_no_record() -> None:
    """Cut off, of another form, or nested deeper than anything that a program logs."""
    for line in ('{"message": "a"', '{"message": "a",}', "{a}", '["message", "a"]', '"message"', "message"):
        assert read_record(line) is None, line
    assert read_record('{"message":' * 100_000 + "}" * 100_000) is None


LEVELS: list[tuple[Any, int]] = [
    ("fatal", FATAL),
    ("EMERG", FATAL),
    ("critical", FATAL),
    (" Error ", ERROR),
    ("severe", ERROR),
    ("warn", WARNING),
    ("WARNING", WARNING),
    ("info", INFO),
    ("debug", INFO),
    ("loud", PLAIN),
    ("50", PLAIN),
    (None, PLAIN),
    ([], PLAIN),
    # As syslog numbers them.
    (0, FATAL),
    (2, FATAL),
    (3, ERROR),
    (4, WARNING),
    (5, INFO),
    (7, INFO),
    # As bunyan and pino do.
    (10, INFO),
    (30, INFO),
    (39, INFO),
    (40, WARNING),
    (40.0, WARNING),
    (41, INFO),
    (49, INFO),
    (50, ERROR),
    (51, FATAL),
    (60, FATAL),
]


@pytest.mark.parametrize("key", ["level", "severity", "levelname", "log.level", "lvl", "loglevel", "log_level", "@l"])
def test_how_grave_a_record_is(key: str) -> None:
    """By its level as a word, or as a number by either way of counting."""
    for value, level in LEVELS:
        assert read_record(json.dumps({key: value, "msg": "a"})) == Record(level, "a"), value


def test_a_record_without_a_level_is_an_error_if_it_has_one() -> None:
    """Else it is as grave as a line of plain text; a level that is given counts more than an error beside it."""
    assert read_record('{"msg": "a"}') == Record(PLAIN, "a")
    assert read_record('{"msg": "a", "error": "b"}') == Record(ERROR, "a: b")
    assert read_record('{"msg": "a", "level": null, "error": "b"}') == Record(ERROR, "a: b")
    assert read_record('{"msg": "a", "level": "info", "error": "b"}') == Record(INFO, "a: b")
    assert read_record('{"msg": "a", "level": "loud", "error": "b"}') == Record(PLAIN, "a: b")
