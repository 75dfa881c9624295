"""One line of output at a time: the timestamp and level in front of it, and whether it says anything at all."""

import pytest

from blaxel_mcp.summary.log_lines import error_class, is_noise, split_level, without_stamp
from blaxel_mcp.summary.records import ERROR, FATAL, INFO, WARNING


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # With a timestamp, the level is one of the first five words, but for a word of a sentence.
        ("2026-11-26 02:00:00,123 ERROR no table", ("", ERROR, "no table")),
        ("[2026-11-26T02:00:00Z] error no table", ("", ERROR, "no table")),
        ("08:11:02 loader - ERROR - no table", ("", ERROR, "no table")),
        ("08:11:02 [loader] error no table", ("", ERROR, "no table")),
        ("08:11:02 loader [error] no table", ("", ERROR, "no table")),
        ("08:11:02 loader error no table", ("", None, "loader error no table")),
        ("08:11:02 a b c d ERROR no table", ("", ERROR, "no table")),
        ("08:11:02 a b c d e ERROR no table", ("", None, "a b c d e ERROR no table")),
        ("08:11:02 ERRORS ERROR no table", ("", ERROR, "no table")),
        (f"08:11:02 [{'x' * 192}] ERROR no table", ("", ERROR, "no table")),
        (f"08:11:02 [{'x' * 193}] ERROR no table", ("", None, f"[{'x' * 193}] ERROR no table")),
        ("08:11:02 warn: | -\tlow on memory", ("", WARNING, "low on memory")),
        ("08:11:02 ERROR 1045 denied", ("", ERROR, "1045 denied")),
        ("08:11:02 XERROR no table", ("", None, "XERROR no table")),
        ("08:11:02 ERROR", ("", ERROR, "ERROR")),
        ("08:11:02", ("", None, "08:11:02")),
        ("08:11:02 started", ("", None, "started")),
        # Without one, it is the first word, in capitals or in brackets.
        ("ERROR no table", ("", ERROR, "no table")),
        ("FATAL: X11 is gone", ("", FATAL, "X11 is gone")),
        ("[error] no table", ("", ERROR, "no table")),
        ("<info> started", ("", INFO, "started")),
        ("(warn) low on memory", ("", WARNING, "low on memory")),
        ("INFO", ("", INFO, "INFO")),
        ("error no table", ("", None, "error no table")),
        ("the ERROR is new", ("", None, "the ERROR is new")),
        ("the [error] is new", ("", None, "the [error] is new")),
        ("the error: no table", ("", None, "the error: no table")),
        # What reads well with its level, or has a number behind it, keeps it.
        ("error: no table", ("", ERROR, "error: no table")),
        ("ERROR 1045 (28000): denied", ("", ERROR, "ERROR 1045 (28000): denied")),
        ("ERROR 5: no table", ("", ERROR, "ERROR 5: no table")),
        # As Python's logging writes it by default, with the logger's name if it is one word.
        ("ERROR:root:no table", ("", ERROR, "no table")),
        ("WARNING:app.load: low: 3 MB", ("", WARNING, "low: 3 MB")),
        ("ERROR:no table", ("", ERROR, "no table")),
        ("ERROR:no table: orders", ("", ERROR, "no table: orders")),
        ("ERROR:root:", ("", ERROR, "ERROR:root:")),
        ("error:root:no table", ("", None, "error:root:no table")),
        ("HTTP:root:no table", ("", None, "HTTP:root:no table")),
        # As Go's klog does, with the place in the code.
        ("I1126 02:00:01.000002       1 loader.go:12] started", ("loader.go:12", INFO, "started")),
        ("W1126 02:00:01.000002       1 loader.go:12] low", ("loader.go:12", WARNING, "low")),
        ("E1126 02:00:01.000002       1 loader.go:12] no table", ("loader.go:12", ERROR, "no table")),
        ("F1126 02:00:01.000002       1 loader.go:12] no table", ("loader.go:12", FATAL, "no table")),
        ("E1126 02:00:01.000002       1 loader.go:0] no table", ("", ERROR, "no table")),
        ("", ("", None, "")),
    ],
)
def test_the_level_of_a_line_is_told_from_its_message(line: str, expected: tuple[str, int | None, str]) -> None:
    """Place in the code, level and message; without a level the line as it is, but for a timestamp."""
    assert split_level(line) == expected


def test_a_line_that_is_only_a_timestamp_keeps_it() -> None:
    """Of others it is taken off, with what sets it apart."""
    assert without_stamp("2026-11-26T02:00:00.1Z panic: no rows") == "panic: no rows"
    assert without_stamp("[02:00:00] | panic: no rows") == "panic: no rows"
    assert without_stamp("panic: no rows at 02:00:00") == "panic: no rows at 02:00:00"
    assert without_stamp("02:00:00") == "02:00:00"


def test_the_class_of_error_that_a_line_begins_with() -> None:
    """Without its package; other words before a colon are none."""
    for text, expected in {
        "KeyError: 'price'": "KeyError",
        "java.lang.IllegalStateException: no pool": "IllegalStateException",
        "pkg.BatchFailure (code 3)": "BatchFailure",
        "Stripe::CardError: declined": "CardError",
        "::Acme::V1::LoadError: no": "LoadError",
        "App\\Load\\RowException": "RowException",
        "KeyboardInterrupt": "KeyboardInterrupt",
        "TypeError [ERR_X]: no": "TypeError",
        "Errors: 3": "",
        "Loading: ValueError: no": "",
        "a KeyError: 'price'": "",
        "": "",
    }.items():
        assert error_class(text) == expected, text


def test_lines_that_say_nothing_of_why() -> None:
    """Frames, rulers, progress, encoded data, and exit codes or summaries that stand alone."""
    encoded = "qujd" * 10
    ending = f"{'a' * 60} {'b' * 40} exited with code 1"
    assert (len(encoded), len(ending)) == (40, 120)
    for line in (
        "at main (/app/a.js:3:1)",
        "done",
        "----------",
        "",
        "100 200",
        f"{'-' * 200}no table",
        "loading: 45%|## | 45/100 [00:01<00:02]",
        "30.00it/s",
        encoded,
        "exit code 1",
        ending,
        "job failed.",
        "attempt 3/3 failed with 1 errors",
        "1 failed, 3 passed in 0.12s",
    ):
        assert is_noise(line), line
    for line in (
        "no table",
        f"{'-' * 199}no table",
        encoded[1:],
        f"no {encoded}",
        "exit code 1 is new",
        ending.replace("b", "bb", 1),
        "a job failed: no table",
    ):
        assert not is_noise(line), line
