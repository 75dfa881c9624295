"""An execution beside those before it: whether its result, its duration and its configuration are new for the job."""

from datetime import timedelta

import pytest
from support.builders import NOW, answer, execution, runs_that_took

from blaxel_mcp.models import ExecutionStatus
from blaxel_mcp.summary.history import History, history_sentence, look_back, runs_before, usual_range
from blaxel_mcp.summary.runs import Run, Streak, UsualDuration

SECOND = 1 / 60
"""In minutes."""
STATUSES = {
    "s": "succeeded",
    "p": "succeeded",
    "f": "failed",
    "t": "TIMEOUT",
    "c": "cancelled",
    "r": "running",
    "?": "odd",
}


def run(letter: str, days: int, minutes: float = 10) -> Run:
    """A run of so many days ago: s succeeded, p with failed tasks, f failed, t timed out, c cancelled, r running."""
    created = NOW - timedelta(days=days, hours=9, minutes=48)
    return Run(
        f"exec-{days}",
        ExecutionStatus(STATUSES[letter]),
        created,
        created,
        None if letter == "r" else created + timedelta(minutes=minutes),
        failed_tasks=2 if letter in "pf" else 0,
    )


def looked_back(letters: str) -> History | None:
    """The history of the first of these runs, which are a day apart, newest first."""
    runs = [run(letter, days) for days, letter in enumerate(letters)]
    return look_back(runs[0], runs)


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        ("fsssssssssssss", "First failure after 13 that succeeded, the last one yesterday at 02:22 UTC"),
        ("tss", "First failure after 2 that succeeded, the last one yesterday at 02:22 UTC"),
        ("fs", "The one before it succeeded, yesterday at 02:22 UTC"),
        ("fsf", "The one before it succeeded, yesterday at 02:22 UTC"),
        ("fcss", "First failure after 2 that succeeded, the last one 2026-11-22 at 02:22 UTC"),
        ("ff", "The one before it failed too"),
        ("fcff", "None of the 3 before it succeeded"),
        ("ffts", "Third failure in a row; the last success was 2026-11-21 at 02:22 UTC"),
        ("ffs", "Second failure in a row; the last success was 2026-11-22 at 02:22 UTC"),
        ("f" * 10 + "s", "Tenth failure in a row; the last success was 2026-11-14 at 02:22 UTC"),
        ("f" * 20 + "s", "20th failure in a row; the last success was 2026-11-04 at 02:22 UTC"),
        ("f" * 11 + "s", "11th failure in a row; the last success was 2026-11-13 at 02:22 UTC"),
        ("f" * 20, "None of the 19 before it succeeded"),
        ("fsssfsssfsssfsss", "Fails about every fourth time (4 of 16)"),
        ("fsfsfs", "Fails about every second time (3 of 6)"),
        ("fssssssf" + "s" * 12 + "f", "Fails about every seventh time (3 of 21)"),
        # Two failures are no rate, nor are those that a far longer streak of successes followed.
        ("fssf", "First failure after 2 that succeeded, the last one yesterday at 02:22 UTC"),
        ("fssssssffs", "Fails about every third time (3 of 10)"),
        ("fssssssff", "Fails about every third time (3 of 9)"),
        ("fsssssssff", "First failure after 7 that succeeded, the last one yesterday at 02:22 UTC"),
        ("fsffffff", "Fails most times (7 of 8)"),
        ("fssssssssssssff", "First failure after 12 that succeeded, the last one yesterday at 02:22 UTC"),
        ("fc", ""),
        ("f?r", ""),
        ("ssss", "All 3 before it succeeded too"),
        ("ss", "The one before it succeeded too"),
        ("ssc", "1 of the 2 before it succeeded too"),
        ("sscs", "2 of the 3 before it succeeded too"),
        ("sfss", "First success after a failure"),
        ("sfftcs", "First success after 3 failures"),
        ("ssfs", "Of the 3 before it, 2 succeeded and 1 failed"),
        ("csfs", "Of the 3 before it, 2 succeeded and 1 failed"),
        ("psss", "The first with failed tasks after 3 that succeeded without"),
        ("psps", "Of the 3 before it that succeeded, 1 had failed tasks too"),
        ("pff", "None of the 2 before it succeeded"),
    ],
)
def test_one_clause_tells_whether_the_result_is_new(letters: str, sentence: str) -> None:
    """Cancelled, unfinished and unknown ones have no result; the newest one is the execution itself."""
    history = looked_back(letters)
    assert history is not None
    assert history_sentence(history, NOW) == sentence


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        ("fs", "The one before it succeeded"),
        ("fss", "First failure after 2 that succeeded"),
        ("ffs", "Second failure in a row"),
    ],
)
def test_a_success_whose_end_is_not_known_has_no_moment(letters: str, sentence: str) -> None:
    """Nothing stands in for it."""
    runs = [run(letter, days)._replace(completed=None) for days, letter in enumerate(letters)]
    history = look_back(runs[0], runs)
    assert history is not None
    assert history_sentence(history, NOW) == sentence


def test_the_whole_history_of_one_that_failed() -> None:
    """One that was cancelled is looked at, and counts neither as a success nor as a failure."""
    runs = [run(letter, days) for days, letter in enumerate("fptcfss")]
    assert look_back(runs[0], runs) == History(
        run=runs[0],
        looked_at=6,
        succeeded=3,
        failed=2,
        partly=1,
        streak=Streak("succeeded", 1),
        last_success=runs[1],
        usual=UsualDuration((600, 600, 600)),
    )


def test_nothing_before_it_is_no_history() -> None:
    """Nor is what was created after it, or without a time where it is not in the list."""
    assert look_back(run("f", 0), [run("f", 0)]) is None
    assert look_back(run("f", 3), [run("s", 1), run("s", 2)]) is None
    assert look_back(Run("exec-9", ExecutionStatus("failed")), [run("s", 1)]) is None


def test_it_is_found_by_its_place_else_by_its_creation() -> None:
    """At most the 20 before it count."""
    runs = [run("s", days) for days in range(30)]
    assert runs_before(runs[4], runs) == runs[5:]
    undated = [each._replace(created=None) for each in runs]
    assert runs_before(undated[4], undated) == undated[5:]
    assert runs_before(Run("another", ExecutionStatus("failed"), runs[4].created), runs) == runs[5:]
    history = look_back(runs[4], runs)
    assert history is not None
    assert (history.looked_at, history.streak, history.last_success) == (20, Streak("succeeded", 20), runs[5])


@pytest.mark.parametrize(
    ("status", "minutes", "before", "unusual"),
    [
        ("s", 58, (18, 19, 20, 22), True),
        ("f", 58, (18, 19, 20, 22), True),
        ("s", 23, (18, 19, 20, 22), False),
        ("s", 26, (18, 19, 20, 22), False),
        ("s", 28, (18, 19, 20, 22), True),
        ("s", 2, (18, 19, 20, 22), True),
        ("f", 2, (18, 19, 20, 22), False),
        ("s", 58, (18, 19), False),
        ("s", 58, (5, 20, 40), False),
        ("s", 90, (20,) * 18 + (88, 1), True),
        # A quarter of the median is 5 minutes.
        ("s", 25, (20, 20, 20), False),
        ("s", 25 + SECOND, (20, 20, 20), True),
        ("s", 15, (20, 20, 20), False),
        ("s", 15 - SECOND, (20, 20, 20), True),
        # The range is 8 minutes wide.
        ("s", 32, (16, 20, 24), False),
        ("s", 32 + SECOND, (16, 20, 24), True),
        ("s", 8, (16, 20, 24), False),
        ("s", 8 - SECOND, (16, 20, 24), True),
    ],
)
def test_a_duration_is_unusual_far_outside_of_the_usual_range(
    status: str, minutes: float, before: tuple[int, ...], *, unusual: bool
) -> None:
    """Far is more than a quarter of the median, and more than the range is wide; to fail early is usual."""
    runs = [run(status, 0, minutes), *(run("s", days, took) for days, took in enumerate(before, 1))]
    history = look_back(runs[0], runs)
    assert history is not None
    assert (history.unusual_seconds is not None) == unusual


def test_a_duration_that_is_not_known_is_not_unusual() -> None:
    """However long others took."""
    runs = [run("s", 0)._replace(started=None), *(run("s", days) for days in range(1, 4))]
    history = look_back(runs[0], runs)
    assert history is not None
    assert (history.usual, history.unusual_seconds) == (UsualDuration((600, 600, 600)), None)


def test_the_usual_range_leaves_out_a_tenth_at_either_end_of_many() -> None:
    """Of few it is the shortest to the longest."""
    assert usual_range(UsualDuration((1, 5, 9))) == (1, 9)
    assert usual_range(UsualDuration((1, *range(10, 17), 99))) == (1, 99)
    assert usual_range(UsualDuration((1, *range(10, 18), 99))) == (10, 17)
    assert usual_range(UsualDuration((1, *range(10, 28), 99))) == (11, 26)


def test_both_channels_tell_the_history() -> None:
    """The clause stands before the times, and what is usual beside what it took."""
    got = answer(
        execution("failed", (3600, 3590, 110), stats={"total": 1, "failure": 1}), runs=runs_that_took(*[1200] * 4)
    )
    assert (
        "First failure after 4 that succeeded, the last one yesterday at 00:20 UTC. Ran 58m (usually 20m); ended"
        in (got["summary"])
    )
    assert got["history"] == {
        "lookedAt": 4,
        "succeeded": 4,
        "streak": {"outcome": "succeeded", "count": 4},
        "lastSuccess": {"executionId": "exec-before-1", "completedAt": "2026-11-23T00:20:00Z"},
        "usualSeconds": 1200,
        "usualRange": [1200, 1200],
    }


def test_an_execution_that_goes_on_has_no_history_yet() -> None:
    """How long the job usually takes is its estimate then."""
    assert "history" not in answer(execution("running", (600, 600)), runs=runs_that_took(700, 700, 700))


def test_what_stands_out_against_the_last_success_is_named_and_not_blamed() -> None:
    """At most two things, of an execution that failed; a number of tasks that is different each time is none."""
    runs = [run._replace(tasks=40, memory_mb=2048) for run in runs_that_took(60, 60, 60)]
    failed = execution("failed", (3600, 3590, 3500), stats={"total": 400, "failure": 1})
    failed["spec"] |= {"memoryOverride": 512, "envOverride": {"MODE": "***"}}
    got = answer(failed, runs=runs)
    assert got["history"]["changes"] == ["memory override 512 MB instead of 2,048 MB", "400 tasks instead of 40"]
    assert (
        "Unlike the last success: memory override 512 MB instead of 2,048 MB, 400 tasks instead of 40."
        in (got["summary"])
    )
    assert "changes" not in answer({**failed, "status": "succeeded"}, runs=runs)["history"]
