"""How much of a text is read, and how much an estimate may cost: each bound by its number, on both sides of it."""

import heapq
import sys
from typing import Any

import pytest

from blaxel_mcp.summary.causes import classify
from blaxel_mcp.summary.counts import TaskCounts
from blaxel_mcp.summary.estimate import estimate_remaining
from blaxel_mcp.summary.fingerprint import fingerprint
from blaxel_mcp.summary.frames import frame
from blaxel_mcp.summary.tasks import TaskStats
from blaxel_mcp.summary.telling import telling

CRASH = "segmentation fault"
REACHED = "configured memory limit was reached"


def ends_at(place: int, text: str, total: int) -> str:
    """A text of this length in which `text` ends at this place."""
    return f"{text:>{place}}".ljust(total).replace("  ", " .")


def begins_at(place: int, text: str, total: int) -> str:
    """A text of this length in which `text` begins so many characters before the end."""
    return text.ljust(place).rjust(total).replace("  ", ". ")


def test_how_much_of_a_condition_is_read() -> None:
    """Of a reason 120 characters, of the line 700 and 300, of the message 2,000 and 1,000: from the ends."""
    for at, found in ((120, "platform"), (121, "unknown")):
        assert classify([ends_at(at, "Preempted", 140)], "") == found
    for at, found in ((700, "crash"), (701, "unknown")):
        assert classify((), ends_at(at, CRASH, 4_000)) == found
    for at, found in ((300, "crash"), (301, "unknown")):
        assert classify((), begins_at(at, CRASH, 4_000)) == found
    for total, found in ((1_000, "crash"), (1_001, "unknown")):
        assert classify((), ends_at(705, CRASH, total)) == found
    for at, found in ((2_000, "out_of_memory"), (2_001, "unknown")):
        assert classify((), "failed", message=ends_at(at, REACHED, 9_000)) == found
    for at, found in ((1_000, "out_of_memory"), (1_001, "unknown")):
        assert classify((), "failed", message=begins_at(at, REACHED, 9_000)) == found


def test_a_task_reached_its_timeout_from_nine_tenths_on() -> None:
    """One that ran 540 of 600 s did, by two clocks that never agree; one that ran 539 s did not."""
    assert classify(["Timeout"], "Task timed out", seconds=540, timeout=600) == "timed_out"
    assert classify(["Timeout"], "Task timed out", seconds=539, timeout=600) == "unknown"


@pytest.mark.parametrize(("lines", "error"), [(39, "IllegalStateException"), (40, "")])
def test_how_far_an_exception_is_looked_for(lines: int, error: str) -> None:
    """40 lines upward from the first frame; further up is another matter."""
    text = ["java.lang.IllegalStateException: boom", *["and so on"] * lines, "\tat com.acme.Main.run(Main.java:3)"]
    assert telling("\n".join(text)).error == error


@pytest.mark.parametrize(("cut_off", "place"), [(2, "load.py:118"), (3, "")])
def test_how_many_tracebacks_are_tried(cut_off: int, place: str) -> None:
    """Three from the end, of which the last may be cut off."""
    whole = 'Traceback (most recent call last):\n  File "/srv/load.py", line 118, in run\n    go()\nValueError: bad\n'
    begun = "".join(f"{'  ' * (number + 1)}Traceback (most recent call last):\n" for number in range(cut_off))
    assert telling(whole + begun).frame == place


def test_how_long_a_frame_may_be() -> None:
    """A file's name has 60 characters, and of a path the last 400 are read."""
    assert frame(f"{'a' * 57}.py", "1") == f"{'a' * 57}.py:1"
    assert frame(f"{'a' * 58}.py", "1") == ""
    foreign = "site-packages/".ljust(396, "x") + "/b.py"
    assert len(foreign) == 401
    assert frame(foreign, "3") == "b.py:3"
    assert frame(foreign.replace("xx/", "x/"), "3") == ""


@pytest.mark.parametrize(
    ("path", "line"),
    [("a b.py", "1"), ("a.py", "1 x"), ("a.py", ""), ("a\u202e.py", "1"), ("a`.py", "1"), (".py", "1")],
)
def test_a_frame_is_a_plain_name_and_a_line(path: str, line: str) -> None:
    """It stands in sentences without quotes."""
    assert frame(path, line) == ""


def test_how_much_of_a_line_is_folded() -> None:
    """Of more than 1,000 characters the middle is left out; of 1,000 none."""
    for length, same in ((1_000, False), (1_001, True)):
        one, other = (f"{'x' * 500}{letter}{'y' * (length - 501)}" for letter in "ab")
        assert len(one) == length
        assert (fingerprint(one) == fingerprint(other)) is same


def tasks_played(finished: int, waiting: int, lanes: int) -> int:
    """How many tasks are played through lanes for an estimate."""
    found = TaskStats(
        listed=finished + waiting + lanes,
        durations=[30.0 + number % 7 for number in range(finished)],
        elapsed=[10.0] * lanes,
    )
    counts = TaskCounts(total=finished + waiting + lanes, succeeded=finished, running=lanes)
    played = 0

    def watch(_: Any, event: str, called: Any) -> None:
        nonlocal played
        played += event == "c_call" and called is heapq.heapreplace

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        assert estimate_remaining(found, counts, parallelism=lanes, running=None, usual=None)
    finally:
        sys.setprofile(before)
    return played


@pytest.mark.parametrize(
    ("finished", "waiting", "lanes"),
    [(100, 10, 2), (100, 100, 2), (1_000, 10_000, 10), (1_000, 10_000, 1_000), (20_000, 1_000_000, 5_000)],
)
def test_what_an_estimate_costs(finished: int, waiting: int, lanes: int) -> None:
    """However many tasks there are, 3,500 are played in all draws together, and there are 90 draws at most."""
    assert 0 < tasks_played(finished, waiting, lanes) <= min(3_500, 90 * waiting)
