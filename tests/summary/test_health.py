"""How a job has been doing, as whole sentences. Executions are told newest first, one an hour, up to an hour ago."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blaxel_mcp.models import ExecutionStatus
from blaxel_mcp.summary.health import Drift, assess, health_sentences
from blaxel_mcp.summary.runs import Run

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WORDS = {
    "s": "succeeded",
    "f": "failed",
    "t": "timeout",
    "c": "cancelled",
    "r": "running",
    "q": "queued",
    "?": "lost",
    "p": "succeeded",
}


def runs_of(letters: str, *, minutes: float | Sequence[float] = 10) -> list[Run]:
    """An execution per letter, see WORDS, that took so many minutes; `p` succeeded with a failed task."""
    found = []
    for number, letter in enumerate(letters):
        took = minutes if isinstance(minutes, int | float) else minutes[number]
        started = NOW - timedelta(hours=number + 1)
        completed = started + timedelta(minutes=took)
        run = Run(f"e{number}", ExecutionStatus(WORDS[letter]), started, started, completed)
        if letter in "rq":
            run = run._replace(started=started if letter == "r" else None, completed=None)
        found.append(run._replace(failed_tasks=1) if letter == "p" else run)
    return found


@pytest.mark.parametrize(
    ("letters", "sentences"),
    [
        ("", ""),
        ("s", ""),
        ("rq", "None of the 2 executions looked at is over."),
        ("ss", "All 2 executions looked at succeeded."),
        ("sss", "All 3 executions looked at succeeded; usually 10m."),
        ("ffff", "All 4 executions looked at failed."),
        ("ff", "All 2 executions looked at failed."),
        ("ccc", "All 3 executions looked at were cancelled."),
        # One that timed out counts as failed, one that was cancelled neither for nor against the job.
        ("st", "Of 2 executions looked at, 1 succeeded and 1 failed (50% success)."),
        ("sccs", "Of 4 executions looked at, 2 succeeded and none failed, 2 were cancelled."),
        ("rfc", "Of 3 executions looked at, none succeeded and 1 failed, 1 was cancelled, 1 is not over."),
        (
            "rqsfccsss",
            (
                "Of 9 executions looked at, 4 succeeded and 1 failed (80% success), 2 were cancelled, 2 are not over; "
                "usually 10m."
            ),
        ),
        ("??", "Of 2 executions looked at, 2 have a status that is not known."),
        ("s?", "Of 2 executions looked at, 1 succeeded and none failed, 1 has a status that is not known."),
        # Streaks: what is new, and since when.
        (
            "fffss",
            (
                "The newest 3 failed in a row, the last success today at 05:10 UTC. "
                "Of 5 executions looked at, 2 succeeded and 3 failed (40% success)."
            ),
        ),
        (
            "fsss",
            (
                "The newest is the first failure after 3 that succeeded, the last of them today at 07:10 UTC. "
                "Of 4 executions looked at, 3 succeeded and 1 failed (75% success); usually 10m."
            ),
        ),
        (
            "sff",
            (
                "The newest is the first success after 2 failures. "
                "Of 3 executions looked at, 1 succeeded and 2 failed (33% success)."
            ),
        ),
        (
            "ssf",
            (
                "The newest 2 succeeded in a row, the last failure today at 06:10 UTC. "
                "Of 3 executions looked at, 2 succeeded and 1 failed (67% success)."
            ),
        ),
        (
            "rcffs",
            (
                "Not counting unfinished and cancelled ones, the newest 2 failed in a row, the last success today at "
                "04:10 UTC. Of 5 executions looked at, 1 succeeded and 2 failed (33% success), 1 was cancelled, "
                "1 is not over."
            ),
        ),
        (
            "fcfs",
            (
                "The newest 2 failed in a row, the last success today at 05:10 UTC. "
                "Of 4 executions looked at, 1 succeeded and 2 failed (33% success), 1 was cancelled."
            ),
        ),
        (
            "spp",
            "All 3 executions looked at succeeded; usually 10m. 2 of those that succeeded had failed tasks.",
        ),
    ],
)
def test_how_a_job_has_been_doing(letters: str, sentences: str) -> None:
    """The streak, the share, and what else stands out; nothing of a single execution."""
    assert health_sentences(assess(runs_of(letters)), NOW) == sentences


def test_older_executions_have_no_streak_to_tell() -> None:
    """On a later page of a list the newest ones are others."""
    health = assess(runs_of("ffs"))
    expected = "Of 3 executions looked at, 1 succeeded and 2 failed (33% success)."
    assert health_sentences(health, NOW, newest=False) == expected


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        ("ffs", "The newest 2 failed in a row."),
        ("ssf", "The newest 2 succeeded in a row."),
        ("fss", "The newest is the first failure after 2 that succeeded."),
    ],
)
def test_a_streak_since_a_moment_that_is_not_known(letters: str, sentence: str) -> None:
    """Nothing stands in for it."""
    runs = [run._replace(completed=None) for run in runs_of(letters)]
    assert health_sentences(assess(runs), NOW).startswith(f"{sentence} Of 3 executions looked at, ")


def test_nearly_all_is_not_all() -> None:
    """999 of 1,000 are 99 %."""
    assert assess(runs_of("f" + "s" * 999)).share == 99
    assert assess(runs_of("s" * 1000)).share == 100


@pytest.mark.parametrize(
    ("minutes", "drift"),
    [
        ([12, 12, 9, 9, 6, 6], Drift(720, 360)),
        ([6, 6, 9, 9, 12, 12], Drift(360, 720)),
        ([15, 14, 13, 12, 11, 10, 9, 8, 7, 6], Drift(840, 420)),
        # Not by so much, or not by more than they differ anyway.
        ([9, 9, 9, 8, 7, 7, 7], None),
        ([9, 9, 8, 7, 6, 6], None),
        ([9.1, 9.1, 8, 7, 6, 6], Drift(546, 360)),
        ([15, 9, 9, 9, 6, 6], None),
        ([14, 10, 9, 9, 6, 6], Drift(720, 360)),
        ([12, 12, 9, 9, 9, 3], None),
        ([12, 12, 9, 9, 8, 4], Drift(720, 360)),
        ([12, 4, 9, 9, 6, 2], None),
        ([5, 15] * 10, None),
        # Too few.
        ([12, 12, 6, 6, 6], None),
        # A single odd one among several neither makes a drift nor hides one.
        ([60, *[6] * 14], None),
        ([12, 12, 60, 12, 12, *[9] * 5, 6, 6, 6, 6, 6], Drift(720, 360)),
        ([12, 12, 12, 12, 1, *[9] * 5, 6, 6, 6, 6, 6], Drift(720, 360)),
        ([9, 10, 12, 19, 20, *[9] * 5, 6, 6, 6, 6, 6], None),
        ([4, 5, 12, 13, 14, *[9] * 5, 6, 6, 6, 6, 6], None),
        # Among four a single odd one hides it.
        ([12, 12, 60, 12, *[9] * 4, 6, 6, 6, 6], None),
    ],
)
def test_durations_that_drift(minutes: list[float], drift: Drift | None) -> None:
    """The newest third against the oldest: more than 1.5 times, and more than the usual spread."""
    assert assess(runs_of("s" * len(minutes), minutes=minutes)).drift == drift


def test_a_drift_is_said_instead_of_what_is_usual() -> None:
    """A median of what has changed since is not usual any more."""
    six, twelve = [6.0] * 3, [12.0] * 3
    slower = health_sentences(assess(runs_of("ssssss", minutes=twelve + six)), NOW)
    assert slower == "All 6 executions looked at succeeded. Taking longer: 12m lately, 6m before."
    faster = health_sentences(assess(runs_of("ssssss", minutes=six + twelve)), NOW)
    assert faster == "All 6 executions looked at succeeded. Taking less time: 6m lately, 12m before."


def test_failures_do_not_drift() -> None:
    """They end whenever they fail."""
    assert assess(runs_of("ffffss", minutes=[1, 1, 1, 1, 6, 6])).drift is None


@pytest.mark.parametrize(
    ("letters", "minutes", "overlapping"),
    [
        ("sss", 10, 0),
        ("sss", 60, 0),
        ("sss", 61, 2),
        ("sss", [10, 10, 180], 2),  # the newest too started while the oldest ran
        ("ssr", 10, 2),
        ("rss", 10, 0),
        ("ss?", 10, 0),
        ("ssq", 10, 0),
    ],
)
def test_executions_that_overlap(letters: str, minutes: float | list[float], overlapping: int) -> None:
    """Those that started before an earlier one had ended, as far as that is known."""
    assert assess(runs_of(letters, minutes=minutes)).overlapping == overlapping


def test_one_whose_end_is_not_known_overlaps_with_none() -> None:
    """By its status it is over, or may be: only one that goes on has no end yet."""
    for word in ("succeeded", "lost"):
        old = Run("e", ExecutionStatus(word), started=NOW - timedelta(days=1))
        assert assess([*runs_of("s"), old]).overlapping == 0


def test_an_overlap_is_said() -> None:
    """In a sentence of its own."""
    assert health_sentences(assess(runs_of("sss", minutes=61)), NOW) == (
        "All 3 executions looked at succeeded; usually 1h 1m. 2 executions started before an earlier one had ended."
    )


def test_an_unknown_status_with_an_end_is_over() -> None:
    """What it came to is not known, only that it does not run."""
    health = assess(runs_of("??s"))
    assert (health.finished, health.succeeded, health.failed) == (3, 1, 0)


moments = st.none() | st.datetimes(timezones=st.just(UTC))
anything = st.builds(
    Run,
    st.text(max_size=3),
    st.builds(ExecutionStatus, st.none() | st.sampled_from([*WORDS.values(), "CANCELLING", "Odd"])),
    moments,
    moments,
    moments,
    failed_tasks=st.none() | st.integers(0, 10**12),
)


@given(st.lists(anything, max_size=9))
def test_whatever_the_api_lists_is_assessed(runs: list[Run]) -> None:
    """Times out of order, in the future or absent, unknown words: nothing fails, and the numbers add up."""
    health = assess(runs)
    assert health.succeeded + health.failed + health.cancelled <= health.finished <= health.looked_at
    sentences = health_sentences(health, NOW)
    assert len(sentences.encode()) < 600
