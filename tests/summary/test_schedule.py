"""Whether a job ran when its schedule says, and how that is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blaxel_mcp.models import ExecutionStatus, Job
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schedule import (
    Trigger,
    check_schedule,
    cron_triggers,
    needs_attention,
    schedule_facts,
    schedule_sentence,
)

NOW = datetime(2026, 11, 26, 9, 0, 7, tzinfo=UTC)
"""A Thursday."""
NIGHTLY = "0 2 * * *"


def trigger(expression: Any, **more: Any) -> dict[str, Any]:
    """A cron trigger as the API has it."""
    return {"type": "cron", "configuration": {"schedule": expression}, **more}


def job(*expressions: str, enabled: bool = True, metadata: dict[str, str] | None = None) -> Job:
    """A job with these cron triggers."""
    spec = {"enabled": enabled, "triggers": [*map(trigger, expressions), {"type": "http"}]}
    return Job.model_validate({"metadata": {"name": "report", **(metadata or {})}, "spec": spec})


def run(hours: float, status: str = "succeeded") -> Run:
    """A run created so many hours ago."""
    created = NOW - timedelta(hours=hours)
    return Run("exec", ExecutionStatus(status), created, created, created + timedelta(minutes=5))


LAST_NIGHT, NIGHT_BEFORE = run(7.0), run(31.0)


@pytest.mark.parametrize(
    ("expression", "runs", "state", "told"),
    [
        (NIGHTLY, [LAST_NIGHT, NIGHT_BEFORE], "ran", "last due {}, 7h ago, and an execution was created then"),
        (
            NIGHTLY,
            [run(7, "running"), NIGHT_BEFORE],
            "running",
            "last due {}, 7h ago, and an execution was created then, and is not over",
        ),
        (NIGHTLY, [run(1), run(4), NIGHT_BEFORE], "ran", "last due {}, 7h ago, and an execution was created 3h later"),
        (NIGHTLY, [NIGHT_BEFORE], "missed", "due {}, 7h ago, and missed: no execution since yesterday at 02:00 UTC"),
        (NIGHTLY, [], "missed", "due {}, 7h ago, and missed: no execution so far"),
        (
            NIGHTLY,
            [run(31, "running")],
            "overlapped",
            "due {}, 7h ago, while the execution created yesterday at 02:00 UTC still goes on",
        ),
        ("30 8 * * *", [run(24)], "late", "due {}, 30m 7s ago, and late: no execution since yesterday at 09:00 UTC"),
        ("55 8 * * *", [run(24)], "waiting", "due {}, 5m 7s ago, with no execution yet, which may take 10 minutes"),
    ],
)
def test_it_is_told_whether_the_due_execution_is_there(expression: str, runs: list[Run], state: str, told: str) -> None:
    """With the last and the next due moment, in UTC."""
    check = check_schedule(job(expression), runs, NOW, complete=True)
    assert check is not None
    minute, hour, *_ = expression.split()
    time = f"{int(hour):02}:{int(minute):02} UTC"
    told = told.format(f"today at {time}")
    assert schedule_sentence(check, NOW) == (
        f'Schedule "{expression}", read as UTC: {told}; next due tomorrow at {time}.'
    )
    assert (check.state, needs_attention(check)) == (state, state in {"missed", "late", "overlapped"})


def test_one_that_was_missed_is_told_until_the_next_one_is_late() -> None:
    """Five minutes after a due moment, the one of yesterday is still missing."""
    check = check_schedule(job("55 8 * * *"), [run(49)], NOW)
    assert check is not None
    assert "due yesterday at 08:55 UTC, 24h 5m ago, and missed: no execution since 2026-11-24 at 08:00 UTC" in (
        schedule_sentence(check, NOW)
    )


def test_a_schedule_that_cannot_be_read_is_quoted() -> None:
    """Nothing is concluded from it."""
    check = check_schedule(job('every "night"'), [], NOW)
    assert check is not None
    assert schedule_sentence(check, NOW) == (
        "The schedule \"every 'night'\" could not be read, so nothing is concluded from it."
    )


@pytest.mark.parametrize(
    ("expression", "hours", "state"),
    [
        ("* * * * *", 0.05, "waiting"),
        ("* * * * *", 0.15, "waiting"),
        ("* * * * *", 1, "missed"),
        ("*/10 * * * * *", 0.001, "ran"),
        ("*/10 * * * * *", 1, "missed"),
        ("@daily", 9, "ran"),
        ("@MIDNIGHT", 10, "missed"),
        ("@hourly", 0, "ran"),
        ("@weekly", 24 * 4 + 9, "ran"),
        ("0 2 * * mon-FRI", 7, "ran"),
        ("0 2 * * SAT,SUN", 24 * 4 + 7, "ran"),
        ("0 2 * NOV *", 7, "ran"),
        ("0 2 * * 7", 24 * 4 + 7, "ran"),
        ("0 2 L * *", 1, "ran"),
        ("0 2 ? * MON-FRI", 7, "ran"),
        ("30 0 2 * * *", 7, "ran"),
        ("0 30 2 * * ?", 7, "missed"),
        ("0 0 2 ? * 2", 7, "unreadable"),
        ("0 0 30 2 *", 7, "unreadable"),
        ("@reboot", 7, "unreadable"),
        ("@every 5m", 7, "unreadable"),
        ("CRON_TZ=Europe/Paris 0 2 * * *", 7, "unreadable"),
        ("0 2 * *", 7, "unreadable"),
        ("\x1b[31m 2 * * *", 7, "unreadable"),
        ("0 \uff12 * * *", 7, "unreadable"),
        ("*/1," * 5_000 + " * * * *", 7, "unreadable"),
    ],
)
def test_expressions_of_every_kind(expression: str, hours: float, state: str) -> None:
    """Five and six fields, names and nicknames; what cannot be read for sure is concluded nothing from."""
    check = check_schedule(job(expression), [run(hours)], NOW)
    assert check is not None
    assert check.state == state


def test_what_is_switched_off_is_never_late() -> None:
    """A trigger, or the whole job."""
    off = Job.model_validate({"spec": {"triggers": [trigger(NIGHTLY, enabled=False)]}})
    for disabled in (off, job(NIGHTLY, enabled=False)):
        check = check_schedule(disabled, [], NOW, complete=True)
        assert check is not None
        assert (check.state, needs_attention(check)) == ("off", False)
        assert schedule_sentence(check, NOW) == f'The schedule "{NIGHTLY}" is switched off, so nothing is due.'


def test_of_several_triggers_the_one_that_was_due_last_counts() -> None:
    """One that cannot be read, or is switched off, is passed over; the next due moment is the earliest."""
    check = check_schedule(job("never", "0 2 * * *", "0 6 * * *", "0 12 * * *"), [LAST_NIGHT], NOW)
    assert check is not None
    assert schedule_facts(check) == {
        "expression": "0 6 * * *",
        "state": "missed",
        "lastDue": "2026-11-26T06:00:00Z",
        "nextDue": "2026-11-26T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("metadata", "runs", "complete", "state"),
    [
        ({"createdAt": "2026-11-26T08:00:00Z"}, [], True, "unknown"),
        ({"updatedAt": "2026-11-26T08:00:00Z"}, [NIGHT_BEFORE], False, "unknown"),
        ({"updatedAt": "2026-11-26T01:00:00Z"}, [NIGHT_BEFORE], False, "missed"),
        ({"createdAt": "soon"}, [NIGHT_BEFORE], False, "missed"),
        ({}, [], False, "unknown"),
        ({}, [Run("exec", ExecutionStatus("failed"))], True, "unknown"),
        ({}, [run(6.99), run(7.01)], True, "ran"),
    ],
)
def test_nothing_is_concluded_from_what_is_not_known(
    metadata: dict[str, str], runs: list[Run], state: str, *, complete: bool
) -> None:
    """A job that is newer than the due moment, or changed since; executions without times; a list that is not whole."""
    check = check_schedule(job(NIGHTLY, metadata=metadata), runs, NOW, complete=complete)
    assert check is not None
    assert check.state == state
    assert "next due tomorrow at 02:00 UTC" in schedule_sentence(check, NOW)


def test_triggers_are_read_whatever_the_job_holds() -> None:
    """Only cron triggers with an expression count."""
    odd = [None, 3, {}, {"type": "cron"}, trigger(None), trigger(" "), trigger(7), trigger(" @daily ", enabled=None)]
    assert cron_triggers(Job.model_validate({"spec": {"triggers": odd}})) == [Trigger("@daily", enabled=True)]
    for spec in ({}, {"triggers": None}, {"triggers": {"type": "cron"}}):
        assert check_schedule(Job.model_validate({"spec": spec}), [], NOW) is None
