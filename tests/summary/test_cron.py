"""When cron expressions are due, and which are not read."""

import sys
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from cronsim import CronSim
from support.builders import NOW

from blaxel_mcp.summary.cron import last_due, next_due

TUESDAY_NOON = NOW


@pytest.mark.parametrize(
    ("expression", "last", "following"),
    [
        ("0 2 * * *", "2026-11-24 02:00:00", "2026-11-25 02:00:00"),
        ("  0\t2 *  * * \n", "2026-11-24 02:00:00", "2026-11-25 02:00:00"),
        ("0 12 * * *", "2026-11-24 12:00:00", "2026-11-25 12:00:00"),
        ("*/5 * * * *", "2026-11-24 12:00:00", "2026-11-24 12:05:00"),
        ("30 0 2 * * *", "2026-11-24 02:00:30", "2026-11-25 02:00:30"),
        ("*/10 * * * * *", "2026-11-24 12:00:00", "2026-11-24 12:00:10"),
        ("0 6 * * MON-FRI", "2026-11-24 06:00:00", "2026-11-25 06:00:00"),
        ("0 6 * * sat,Sun", "2026-11-22 06:00:00", "2026-11-28 06:00:00"),
        ("0 6 * * 7", "2026-11-22 06:00:00", "2026-11-29 06:00:00"),
        ("0 6 * * 0", "2026-11-22 06:00:00", "2026-11-29 06:00:00"),
        ("0 6 1 jan *", "2026-01-01 06:00:00", "2027-01-01 06:00:00"),
        ("0 6 L * *", "2026-10-31 06:00:00", "2026-11-30 06:00:00"),
        ("0 6 LW * *", "2026-10-30 06:00:00", "2026-11-30 06:00:00"),
        ("0 6 * * 5L", "2026-10-30 06:00:00", "2026-11-27 06:00:00"),
        ("0 6 * * MON#1", "2026-11-02 06:00:00", "2026-12-07 06:00:00"),
        # Both days given: either is enough, as in cron itself.
        ("0 6 1 * MON", "2026-11-23 06:00:00", "2026-11-30 06:00:00"),
        ("0 0 29 2 *", "2024-02-29 00:00:00", "2028-02-29 00:00:00"),
        ("0 0 29 2 */7", "2004-02-29 00:00:00", "2032-02-29 00:00:00"),
        ("@hourly", "2026-11-24 12:00:00", "2026-11-24 13:00:00"),
        ("@Daily", "2026-11-24 00:00:00", "2026-11-25 00:00:00"),
        ("@midnight", "2026-11-24 00:00:00", "2026-11-25 00:00:00"),
        ("@weekly", "2026-11-22 00:00:00", "2026-11-29 00:00:00"),
        ("@monthly", "2026-11-01 00:00:00", "2026-12-01 00:00:00"),
        ("@yearly", "2026-01-01 00:00:00", "2027-01-01 00:00:00"),
        ("@annually", "2026-01-01 00:00:00", "2027-01-01 00:00:00"),
        ("0 2 ? * *", "2026-11-24 02:00:00", "2026-11-25 02:00:00"),
        ("0 2 ? 6 *", "2026-06-30 02:00:00", "2027-06-01 02:00:00"),
        ("0 0 2 ? * MON-FRI", "2026-11-24 02:00:00", "2026-11-25 02:00:00"),
        ("0 0 2 ? * MON#1,FRI", "2026-11-20 02:00:00", "2026-11-27 02:00:00"),
        ("0 0 2 1 * ?", "2026-11-01 02:00:00", "2026-12-01 02:00:00"),
        ("CRON_TZ=UTC 0 2 * * *", "2026-11-24 02:00:00", "2026-11-25 02:00:00"),
        ("TZ=Etc/UTC @daily", "2026-11-24 00:00:00", "2026-11-25 00:00:00"),
    ],
)
def test_what_is_read_is_due_before_and_after_tuesday_noon(expression: str, last: str, following: str) -> None:
    """Five and six fields, names, macros, `L`, `#` and Quartz's question mark, where it can mean one thing only."""
    assert str(last_due(expression, TUESDAY_NOON)) == f"{last}+00:00"
    assert str(next_due(expression, TUESDAY_NOON)) == f"{following}+00:00"


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "soon",
        "* * * *",
        "0 0 2 * * * 2027",
        "60 2 * * *",
        "0 24 * * *",
        "0 2 0 * *",
        "0 2 * 13 *",
        "0 2 * * 8",
        "0 2 * * FRI-SUN",
        "*/0 * * * *",
        "0 2 15W * *",
        "0 2 L-3 * *",
        "0 0 2 ? * 2-6",  # Monday to Friday to Quartz, Tuesday to Saturday to others
        "0 0 2 ? * 6L",
        "0 ? * * *",
        "0 2 * ? *",
        "? ?",
        "@reboot",
        "@every 5m",
        "@daily @daily",
        "CRON_TZ=Europe/Berlin 0 2 * * *",
        "TZ=UTC",
        "CRON_TZ=UTC CRON_TZ=UTC 0 2 * * *",
        "0 2 * * *\x00",
        "0 2\n* * *",
        "0\u00a02 * * *",
        "0 2 * * *\x0b",
        "\x1f0 2 * * *",
        "X0 2 * * *X",
        "\u0662 2 * * *",  # an Arabic digit two
        "0 2 * * \u017fUN",  # a long s, whose capital is S
        "9" * 5_000 + " * * * *",
        "9" * 250 + " * * * *",
        "1," * 30_000 + "1 * * * *",
        # They never come due.
        "0 0 30 2 *",
        "0 0 31 4,6,9,11 *",
        "0 0 */31 * MON#5",
    ],
)
def test_what_has_no_sure_meaning_is_not_read(expression: str) -> None:
    """Another time zone, other programs' words, characters that only look right, and days that never come."""
    assert (last_due(expression, NOW), next_due(expression, NOW)) == (None, None)


def test_a_list_of_every_minute_is_read() -> None:
    """The longest expression that somebody may mean is well within the 300 characters that are read."""
    every_minute = ",".join(map(str, range(60)))
    assert next_due(f"{every_minute} * * * *", NOW) == NOW + timedelta(minutes=1)
    assert next_due("* * * * *".ljust(300), NOW) == NOW + timedelta(minutes=1)
    assert next_due("* * * * *".ljust(301), NOW) is None


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        ("2026-11-24T01:59:59.999999+00:00", 23, 24),
        ("2026-11-24T02:00:00+00:00", 24, 25),
        ("2026-11-24T02:00:00.000001+00:00", 24, 25),
    ],
)
def test_due_now_is_due(now: str, last: int, following: int) -> None:
    """The moment itself belongs to the past, whatever fraction of a second has gone by."""
    moments = last_due("0 2 * * *", datetime.fromisoformat(now)), next_due("0 2 * * *", datetime.fromisoformat(now))
    assert [moment.day for moment in moments if moment] == [last, following]


@pytest.mark.parametrize("year", [1, 2, 9998, 9999])
def test_the_ends_of_time_are_no_error(year: int) -> None:
    """Where the calendar ends, nothing is due."""
    for month in (1, 12):
        moment = datetime(year, month, 31, 23, 59, 59, 5, tzinfo=UTC)
        assert (last_due("0 0 29 2 */7", moment) or moment) <= moment
        assert (next_due("0 0 29 2 */7", moment) or moment) >= moment


def test_a_day_that_never_comes_is_not_searched_for_long() -> None:
    """The library would follow it for 50 years, some 18,000 days; 3,000 are looked at."""
    days = 0

    def watch(frame: FrameType, event: str, _: Any) -> None:
        nonlocal days
        days += event == "call" and frame.f_code is CronSim.match_day.__code__

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        assert next_due("59 59 23 */31 * MON#5", NOW) is None
    finally:
        sys.setprofile(before)
    assert days == 3_000
