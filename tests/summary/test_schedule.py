"""Whether a job ran when its schedule says. Times are told as hours before now, Tuesday 2026-11-24 at 09:00 UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blaxel_mcp.models import ExecutionStatus, Job
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schedule import (
    ScheduleCheck,
    Trigger,
    check_schedule,
    cron_triggers,
    needs_attention,
    schedule_facts,
    schedule_sentence,
)
from blaxel_mcp.summary.wording import format_timestamp

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NIGHTLY = "0 2 * * *"
HOUR, MINUTE = 1.0, 1 / 60
LAST_NIGHT, NIGHT_BEFORE = 7 * HOUR, 31 * HOUR
"""When the nightly job was due."""


def at(hours: float) -> datetime:
    """The moment so many hours before now."""
    return NOW - timedelta(hours=hours)


def cron(expression: Any, **trigger: Any) -> dict[str, Any]:
    """A cron trigger as the API has it."""
    return {"id": "t", "type": "cron", "configuration": {"schedule": expression, "tasks": []}, **trigger}


def job(*expressions: str, created: float | None = None, updated: float | None = None) -> Job:
    """A job with cron triggers; it was created and updated so many hours before now."""
    moments = {"createdAt": created, "updatedAt": updated}
    return Job(
        metadata={key: format_timestamp(at(hours)) for key, hours in moments.items() if hours is not None},
        spec={"enabled": True, "triggers": [cron(expression, enabled=True) for expression in expressions]},
    )


def run(hours: float | None, status: str = "succeeded") -> Run:
    """An execution that was created so many hours before now."""
    return Run("exec", ExecutionStatus(status), None if hours is None else at(hours))


def check(subject: Job, *runs: Run, complete: bool = False, now: datetime = NOW) -> ScheduleCheck:
    """The check of a job that has a schedule."""
    found = check_schedule(subject, runs, now, complete=complete)
    assert found
    return found


def told(subject: Job, *runs: Run, complete: bool = False, now: datetime = NOW) -> tuple[str, bool, str]:
    """The state, whether it needs attention, and the sentence without the next time that the job is due."""
    found = check(subject, *runs, complete=complete, now=now)
    return found.state, needs_attention(found), schedule_sentence(found, now).split(" Next due ")[0]


@pytest.mark.parametrize(
    ("runs", "state", "attention", "sentence"),
    [
        ([run(LAST_NIGHT)], "ran", False, "an execution was created then and succeeded."),
        ([run(LAST_NIGHT, "failed")], "ran", False, "an execution was created then and failed."),
        ([run(LAST_NIGHT, "timeout")], "ran", False, "an execution was created then and timed out."),
        ([run(LAST_NIGHT, "cancelled")], "ran", False, "an execution was created then and was cancelled."),
        ([run(LAST_NIGHT, "rate limited")], "ran", False, "an execution was created then."),
        ([run(LAST_NIGHT, "running")], "running", False, "an execution was created then and is still going."),
        ([run(LAST_NIGHT, "queued")], "running", False, "an execution was created then and is waiting to start."),
        # Clocks differ by up to a minute, and up to ten are no delay.
        ([run(LAST_NIGHT + MINUTE)], "ran", False, "an execution was created then and succeeded."),
        ([run(LAST_NIGHT - 0.999 * MINUTE)], "ran", False, "an execution was created then and succeeded."),
        ([run(LAST_NIGHT - MINUTE)], "ran", False, "an execution was created 1m later and succeeded."),
        ([run(LAST_NIGHT - 4 * MINUTE)], "ran", False, "an execution was created 4m later and succeeded."),
        ([run(LAST_NIGHT - 10 * MINUTE)], "ran", False, "an execution was created 10m later and succeeded."),
        # By hand or by a late scheduler: nothing tells them apart.
        ([run(4), run(NIGHT_BEFORE)], "late", False, "an execution was created 3h later and succeeded."),
        ([run(4, "running"), run(31)], "late", False, "an execution was created 3h later and is still going."),
        # One in time is not made late by others.
        ([run(1), run(4), run(LAST_NIGHT, "failed")], "ran", False, "an execution was created then and failed."),
        ([run(NIGHT_BEFORE)], "missed", True, "no execution since yesterday at 02:00 UTC."),
        ([run(8, "failed"), run(31)], "missed", True, "no execution since today at 01:00 UTC."),
        ([run(LAST_NIGHT + 2 * MINUTE)], "missed", True, "no execution since today at 01:58 UTC."),
        ([run(200)], "missed", True, "no execution since 2026-11-16 at 01:00 UTC."),
        (
            [run(NIGHT_BEFORE, "running")],
            "overlapped",
            True,
            "no new execution; the one created yesterday at 02:00 UTC is still going.",
        ),
        (
            [run(8), run(NIGHT_BEFORE, "queued")],
            "overlapped",
            True,
            "no new execution; the one created yesterday at 02:00 UTC is still waiting to start.",
        ),
        # Lists of old versions of the API are not sorted.
        ([run(55), run(LAST_NIGHT), run(31)], "ran", False, "an execution was created then and succeeded."),
    ],
)
def test_did_it_run_last_night(runs: list[Run], *, state: str, attention: bool, sentence: str) -> None:
    """A nightly job was due 7 hours ago."""
    expected = (state, attention, f"Due today at 02:00 UTC, 7h ago: {sentence}")
    assert told(job(NIGHTLY, created=5_000, updated=4_000), *runs) == expected


@pytest.mark.parametrize(
    ("runs", "complete"),
    [
        ([], False),  # nothing is known
        ([run(1), run(2)], False),  # the list ends before the job was due
        ([run(None), run(NIGHT_BEFORE)], False),
        ([run(None)], True),
        ([run(3), run(None), run(NIGHT_BEFORE)], False),
        ([run(-48), run(NIGHT_BEFORE)], False),  # created the day after tomorrow
    ],
)
def test_executions_that_do_not_reach_back_tell_nothing(runs: list[Run], *, complete: bool) -> None:
    """Where one may be missing from the list, or does not say when it was created, none is called late or missed."""
    sentence = "Last due today at 02:00 UTC, 7h ago; whether an execution was created then can't be told."
    assert told(job(NIGHTLY), *runs, complete=complete) == ("unknown", False, sentence)


def test_a_complete_list_without_an_execution_is_a_miss() -> None:
    """A job without any execution missed its schedule, if it was there to be due."""
    sentence = "Due today at 02:00 UTC, 7h ago: no execution is listed."
    assert told(job(NIGHTLY, created=8), complete=True) == ("missed", True, sentence)
    assert told(job(NIGHTLY, created=LAST_NIGHT), complete=True) == ("missed", True, sentence)
    assert told(job(NIGHTLY), run(4), complete=True)[:2] == ("late", False)


def test_an_old_execution_without_a_time_does_not_matter() -> None:
    """Executions come newest first, so what is listed after an older one is older; a start is later than a creation."""
    assert told(job(NIGHTLY), run(NIGHT_BEFORE), run(None))[0] == "missed"
    assert told(job(NIGHTLY), run(30), run(NIGHT_BEFORE), run(None))[0] == "missed"
    # Where they come in another order, it may be of last night.
    assert told(job(NIGHTLY), run(NIGHT_BEFORE), run(30), run(None))[0] == "unknown"
    assert told(job(NIGHTLY), Run("exec", ExecutionStatus("failed"), started=at(LAST_NIGHT)))[0] == "ran"


@pytest.mark.parametrize(
    ("minutes", "state", "attention", "sentence"),
    [
        (0, "waiting", False, "0s ago: not created yet, 10 minutes are allowed."),
        (9, "waiting", False, "9m ago: not created yet, 10 minutes are allowed."),
        (10, "late", True, "10m ago: late, no execution since 2026-11-23 at 09:00 UTC."),
        (59, "late", True, "59m ago: late, no execution since 2026-11-23 at 09:00 UTC."),
        (60, "missed", True, "1h ago: no execution since 2026-11-23 at 09:00 UTC."),
    ],
)
def test_waiting_turns_late_turns_missed(minutes: int, *, state: str, attention: bool, sentence: str) -> None:
    """Ten minutes are no delay; after an hour nobody expects it any more."""
    expected = (state, attention, f"Due today at 09:00 UTC, {sentence}".replace("2026-11-23", "yesterday"))
    assert told(job("0 9 * * *"), run(24), now=NOW + timedelta(minutes=minutes)) == expected


def test_within_the_slack_the_time_before_is_looked_at() -> None:
    """A miss is not forgotten at the moment at which the job is due again."""
    daily = job("58 8 * * *", created=1_000)
    assert told(daily, run(24)) == (
        "waiting",
        False,
        "Due today at 08:58 UTC, 2m ago: not created yet, 10 minutes are allowed.",
    )
    sentence = "Due today at 08:58 UTC, 2m ago: no new execution yet; the one created yesterday at 09:00 UTC"
    assert told(daily, run(24, "running")) == ("waiting", False, f"{sentence} is still going.")
    sentence = "Again due today at 08:58 UTC, 2m ago: no execution since 2026-11-22 at 09:00 UTC, 48h ago."
    assert told(daily, run(48)) == ("missed", True, sentence.replace("48h", "2d"))
    assert check(daily, run(24)) == ScheduleCheck(
        "58 8 * * *", "waiting", at(2 * MINUTE), at(2 * MINUTE - 24), previous=run(24)
    )
    assert told(job("58 8 * * *", created=24 + 2 * MINUTE), run(48))[0] == "missed"
    # That time does not count where the schedule may be newer.
    assert told(job("58 8 * * *", created=1_000, updated=20), run(48))[0] == "waiting"


@pytest.mark.parametrize(
    ("expression", "minutes", "state"),
    [
        ("* * * * *", 0.25, "ran"),
        ("* * * * *", 0.75, "waiting"),
        ("* * * * *", 10.4, "waiting"),
        ("* * * * *", 11, "missed"),
        ("*/10 * * * * *", 0.05, "ran"),
        ("*/10 * * * * *", 9, "waiting"),
        ("*/10 * * * * *", 11, "missed"),
        ("*/5 * * * *", 9, "waiting"),
        ("*/5 * * * *", 11, "waiting"),
        ("*/5 * * * *", 11.01, "missed"),
        ("*/5 * * * *", 14, "missed"),
        ("7 * * * *", 54, "ran"),
        ("7 * * * *", 110, "late"),
        ("55 * * * *", 64, "waiting"),
        ("55 * * * *", 120, "missed"),
    ],
)
def test_a_frequent_schedule_has_the_same_slack(expression: str, minutes: float, state: str) -> None:
    """A job that is due every minute has missed its schedule where none came for its interval and ten minutes more."""
    assert check(job(expression), run(minutes * MINUTE), run(20)).state == state


def test_a_frequent_miss_tells_since_when() -> None:
    """That it was due a moment ago says little, so the sentence says how long nothing came."""
    sentence = "Again due today at 09:00 UTC, 0s ago: no execution since today at 08:30 UTC, 30m ago."
    assert told(job("*/5 * * * *"), run(0.5)) == ("missed", True, sentence)


def test_a_frequent_job_that_skips_needs_nobody() -> None:
    """A job that is due every five minutes and runs for an hour is meant to skip; an hourly one is not."""
    assert told(job("*/5 * * * *"), run(1, "running"))[:2] == ("overlapped", False)
    assert told(job("7 * * * *"), run(2, "running"))[:2] == ("overlapped", True)


def test_a_forgotten_execution_hides_no_miss() -> None:
    """One that never ended, with others after it, is not what the job waits for."""
    assert told(job("*/5 * * * *"), run(0.5), run(500, "running"))[:2] == ("missed", True)
    assert told(job(NIGHTLY), run(500, "running"))[0] == "overlapped"
    # The one of the time before counts, though another was created since; it may have been a minute early.
    assert told(job(NIGHTLY), run(20), run(NIGHT_BEFORE + MINUTE, "running"))[0] == "overlapped"
    assert told(job(NIGHTLY), run(20), run(NIGHT_BEFORE + 1.01 * MINUTE, "running"))[0] == "missed"


def test_an_execution_of_the_future_is_no_evidence() -> None:
    """A clock may be ahead of ours by a minute, not by five."""
    assert told(job("0 9 * * *"), run(-MINUTE), run(24))[0] == "ran"
    assert told(job("0 9 * * *"), run(-5 * MINUTE), run(24))[0] == "unknown"
    for created, state in ((MINUTE / 2, "late"), (-MINUTE, "late"), (-1.001 * MINUTE, "unknown")):
        assert told(job(NIGHTLY), run(created), run(NIGHT_BEFORE))[0] == state


def test_a_new_job_is_not_late() -> None:
    """What was due before the job was created does not count, even where it was run by hand since."""
    expected = ("waiting", False, "Not due yet since the job was created.")
    assert told(job(NIGHTLY, created=6), complete=True) == expected
    assert told(job(NIGHTLY, created=6, updated=6), run(5)) == expected
    waiting = ScheduleCheck(NIGHTLY, "waiting", None, at(-17), unread="@reboot")
    assert check(job("@reboot", NIGHTLY, created=6), complete=True) == waiting


def test_what_was_never_due_is_not_late() -> None:
    """Where the calendar begins."""
    early = datetime(1, 1, 2, tzinfo=UTC)
    assert check(job("0 0 29 2 *"), complete=True, now=early).state == "waiting"


def test_a_changed_job_tells_nothing_about_the_time_before() -> None:
    """Its schedule may be new, or it may have been switched off; an execution at that time is there all the same."""
    changed = job(NIGHTLY, created=5_000, updated=3)
    sentence = "Last due today at 02:00 UTC, 7h ago, unless its schedule is newer: the job was changed since."
    newest = f"{sentence} Newest execution: yesterday at 02:00 UTC."
    assert told(changed, run(NIGHT_BEFORE)) == ("unknown", False, newest)
    assert told(changed, run(4), run(NIGHT_BEFORE))[2] == f"{sentence} Newest execution: today at 05:00 UTC."
    assert told(changed, run(LAST_NIGHT))[0] == "ran"
    assert told(job(NIGHTLY, created=5_000, updated=8), run(NIGHT_BEFORE))[0] == "missed"
    assert told(job(NIGHTLY, created=5_000, updated=LAST_NIGHT), run(NIGHT_BEFORE))[0] == "missed"


def test_several_triggers_make_one_schedule() -> None:
    """The one that was due last is looked at, and the next time is that of whichever comes first."""
    found = check(job("0 2 * * *", "0 5 * * *", "30 9 * * *"), run(4))
    assert (found.expression, found.last_due, found.next_due) == ("0 5 * * *", at(4), at(-0.5))
    assert found.state == "ran"


def test_one_that_cannot_be_read_beside_others_is_named() -> None:
    """The others are looked at."""
    found = check(job("@reboot", NIGHTLY), run(LAST_NIGHT))
    assert (found.state, found.unread) == ("ran", "@reboot")
    assert schedule_sentence(found, NOW) == (
        "Due today at 02:00 UTC, 7h ago: an execution was created then and succeeded. "
        'Next due tomorrow at 02:00 UTC. Its other schedule "@reboot" can\'t be read.'
    )


def test_without_a_cron_trigger_there_is_nothing_to_check() -> None:
    """Other triggers are not schedules."""
    assert check_schedule(Job(), [], NOW) is None
    assert check_schedule(Job(spec={"triggers": [{"type": "http", "configuration": {}}]}), [], NOW) is None


def test_what_is_switched_off_is_never_late() -> None:
    """A trigger, its job, or a job whose deployment is stopped."""
    triggers = [cron(NIGHTLY)]
    off = ("off", False, 'The schedule "0 2 * * *" is switched off.')
    assert told(Job(spec={"triggers": [cron(NIGHTLY, enabled=False)]}), run(NIGHT_BEFORE)) == off
    assert told(Job(spec={"triggers": triggers, "enabled": False}), run(NIGHT_BEFORE)) == off
    assert told(Job(spec={"triggers": triggers}, status="DEACTIVATED"), run(NIGHT_BEFORE)) == off
    mixed = Job(spec={"triggers": [cron("0 8 * * *", enabled=False), cron(NIGHTLY)]}, status="FAILED")
    assert check(mixed, run(NIGHT_BEFORE)).expression == NIGHTLY


def test_what_cannot_be_read_is_quoted_and_nothing_is_concluded() -> None:
    """The quotation is clean and bounded; so are the facts."""
    sentence = 'The schedule "@every 5m" can\'t be read, so nothing is concluded from it.'
    assert told(job("@every 5m"), run(NIGHT_BEFORE)) == ("unreadable", False, sentence)
    hostile = check(job('0 2 * * "\x1b[31m\u202e' + "x" * 10_000), run(NIGHT_BEFORE))
    assert len(schedule_sentence(hostile, NOW)) < 180
    assert schedule_facts(hostile) == {"expression": '0 2 * * "' + "x" * 90 + "…", "state": "unreadable"}
    assert check(job("0 0 30 2 *"), complete=True).state == "unreadable"


def test_facts_are_compact() -> None:
    """Moments are RFC 3339; what is not known is left out."""
    assert schedule_facts(check(job(NIGHTLY), run(NIGHT_BEFORE))) == {
        "expression": "0 2 * * *",
        "state": "missed",
        "lastDue": "2026-11-24T02:00:00Z",
        "nextDue": "2026-11-25T02:00:00Z",
    }
    assert schedule_facts(check(Job(spec={"triggers": [cron(NIGHTLY)], "enabled": False}))) == {
        "expression": "0 2 * * *",
        "state": "off",
    }


def test_the_next_time_ends_the_sentence() -> None:
    """In UTC, as Blaxel does not say which time zone it means."""
    assert schedule_sentence(check(job(NIGHTLY), run(NIGHT_BEFORE)), NOW) == (
        "Due today at 02:00 UTC, 7h ago: no execution since yesterday at 02:00 UTC. Next due tomorrow at 02:00 UTC."
    )


def test_the_check_carries_the_executions_it_goes_by() -> None:
    """The one that counts, or the one before."""
    came, before = run(LAST_NIGHT), run(NIGHT_BEFORE)
    assert check(job(NIGHTLY), came, before) == ScheduleCheck(NIGHTLY, "ran", at(7), at(-17), run=came)
    assert check(job(NIGHTLY), before) == ScheduleCheck(NIGHTLY, "missed", at(7), at(-17), previous=before)
    # Of two that were created at one moment the one that is listed last came first.
    late = run(4, "succeeded")
    seen = check(job(NIGHTLY), run(4, "failed"), late, before)
    assert seen == ScheduleCheck(NIGHTLY, "late", at(7), at(-17), previous=before, run=late)
    changed = check(job(NIGHTLY, created=5_000, updated=3), complete=True)
    assert changed == ScheduleCheck(NIGHTLY, "unknown", at(7), at(-17))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"triggers": None}, []),
        ({"triggers": {"type": "cron"}}, []),
        ({"triggers": [None, 3, "cron", [], {}, {"type": "cron"}, cron(None), cron(" "), cron(5)]}, []),
        ({"triggers": [{"type": "cron", "configuration": None}, cron(NIGHTLY)]}, [Trigger(NIGHTLY, enabled=True)]),
        ({"triggers": [cron(" 0 2 * * * ", enabled=None)]}, [Trigger(" 0 2 * * * ", enabled=True)]),
        ({"triggers": [cron(NIGHTLY, enabled=False)]}, [Trigger(NIGHTLY, enabled=False)]),
        ({"triggers": [cron(NIGHTLY, enabled=True)], "enabled": False}, [Trigger(NIGHTLY, enabled=False)]),
        ({"triggers": [cron(NIGHTLY)], "enabled": None}, [Trigger(NIGHTLY, enabled=True)]),
    ],
)
def test_triggers_are_read_tolerantly(spec: dict[str, Any], expected: list[Trigger]) -> None:
    """Only a cron trigger with an expression is one; it is on unless it says `false`."""
    assert cron_triggers(Job(spec=spec)) == expected


@pytest.mark.parametrize("moment", [None, 5, "", "soon", "0001-01-01T00:00:00Z", ["2026"], {}])
def test_odd_times_of_a_job_are_no_times(moment: Any) -> None:
    """They neither fail nor hide a miss."""
    subject = Job(metadata={"createdAt": moment, "updatedAt": moment}, spec={"triggers": [cron(NIGHTLY)]})
    assert check(subject, run(NIGHT_BEFORE)).state == "missed"


def test_many_triggers_cost_little() -> None:
    """Only the first few are read."""
    many = job(*[f"{minute % 60} 2 * * *" for minute in range(10_000)])
    assert check(many, run(NIGHT_BEFORE)).last_due == at(LAST_NIGHT - (limits.SCHEDULE_TRIGGERS - 1) * MINUTE)
