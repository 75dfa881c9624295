"""How a job has been doing by its executions, and whether its newest one needs attention."""

from datetime import timedelta
from typing import Any

import pytest
from support.builders import NOW

from blaxel_mcp.models import ExecutionStatus, Job
from blaxel_mcp.summary.health import Drift, assess, attention_reason, health_sentences
from blaxel_mcp.summary.listing import Page
from blaxel_mcp.summary.listing_jobs import Newest, build_jobs
from blaxel_mcp.summary.runs import Run, Streak

STATUSES = {
    "s": "succeeded",
    "p": "succeeded",
    "f": "FAILED",
    "t": "timeout",
    "c": "cancelled",
    "r": "running",
    "?": "odd",
}
HOUR = 1 / 24


def run(letter: str, days: float, minutes: float = 10) -> Run:
    """A run of so many days ago: s succeeded, p with failed tasks, f failed, t timed out, c cancelled, r running."""
    created = NOW - timedelta(days=days, hours=9, minutes=48)
    end = None if letter == "r" else created + timedelta(minutes=minutes)
    failed = 2 if letter == "p" else 0
    return Run(f"exec-{days}", ExecutionStatus(STATUSES[letter]), created, created, end, failed_tasks=failed)


def runs(letters: str) -> list[Run]:
    """These runs, a day apart, newest first."""
    return [run(letter, days) for days, letter in enumerate(letters)]


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        ("s", ""),
        ("rr", "None of the 2 executions looked at is over."),
        ("ssss", "Of 4 executions looked at, 4 succeeded (100%); usually 10m."),
        ("ffts", "Of 4 executions looked at, 1 succeeded and 3 failed (25%). The newest 3 failed in a row; the last "),
        ("ffts", "the last success was 2026-11-21 at 02:22 UTC."),
        ("fff", "Of 3 executions looked at, 0 succeeded and 3 failed (0%). The newest 3 failed in a row."),
        ("sssfs", "4 succeeded and 1 failed (80%); usually 10m. The newest 3 succeeded in a row."),
        ("scccs", "Of 5 executions looked at, 2 succeeded (100%), 3 were cancelled."),
        ("cc", "Of 2 executions looked at, 2 were cancelled."),
        ("spps", "4 succeeded (100%); usually 10m. 2 of those that succeeded had failed tasks."),
        ("s?", "Of 2 executions looked at, 1 succeeded (100%), 1 has a status that is not known."),
        ("sf" + "s" * 998, "999 succeeded and 1 failed (99%)"),
    ],
)
def test_the_sentences_tell_the_counts_and_what_stands_out(letters: str, told: str) -> None:
    """Cancelled ones count neither for nor against; a status that is not known, with an end, is not running."""
    said = health_sentences(assess(runs(letters)), NOW)
    assert told in said if told else not said


@pytest.mark.parametrize(
    ("minutes", "drift"),
    [
        ((12, 12, 9, 8, 6, 6), Drift(720, 360)),
        ((6, 6, 8, 9, 12, 12), Drift(360, 720)),
        ((8, 8, 7, 7, 6, 6), None),
        ((12, 12, 9, 6, 6), None),
        ((20, 5, 9, 9, 6, 3), None),
        ((30, 12, 12, 9, 8, 9, 6, 6, 5), Drift(720, 360)),
    ],
)
def test_durations_drift_by_half_and_by_more_than_they_spread(minutes: tuple[float, ...], drift: Drift | None) -> None:
    """The newest third against the oldest."""
    health = assess([run("s", days, took) for days, took in enumerate(minutes)])
    assert health.drift == drift
    if drift == Drift(720, 360):
        assert "Taking longer: 12m lately, 6m before." in health_sentences(health, NOW)


def test_executions_that_overlap_are_counted() -> None:
    """One that started before an earlier one had ended, which may still go on."""
    hours = [("s", 0, 90), ("s", 1, 90), ("s", 5, 30), ("r", 9, 0), ("s", 9.5, 10)]
    health = assess([run(letter, ago * HOUR, minutes) for letter, ago, minutes in hours])
    assert health.overlapping == 3
    assert "3 executions started before an earlier one had ended." in health_sentences(health, NOW)
    assert (health.streak, health.finished) == (Streak("succeeded", 4), 4)


@pytest.mark.parametrize(
    ("newest", "reason"),
    [
        (run("f", 0), "failed"),
        (run("t", 0), "timed out"),
        (run("p", 0), "succeeded with 2 failed tasks"),
        (run("s", 0), ""),
        (run("c", 0), ""),
        (run("?", 0), ""),
        (run("r", 0), "running for 9h 48m, usually 10m"),
        (Run("e", ExecutionStatus("queued"), NOW - timedelta(hours=2)), "queued for 2h"),
        (Run("e", ExecutionStatus("queued"), NOW - timedelta(minutes=2)), ""),
        (Run("e", ExecutionStatus("running"), NOW, NOW - timedelta(minutes=15)), ""),
        (Run("e", ExecutionStatus("running")), ""),
        (
            Run("e", ExecutionStatus("running"), started=NOW - timedelta(minutes=15), timeout=600),
            "running for 15m, past its timeout",
        ),
        (
            Run(
                "e",
                ExecutionStatus("running"),
                started=NOW - timedelta(minutes=15),
                timeout=600,
                tasks=4,
                parallelism=2,
            ),
            "",
        ),
    ],
)
def test_the_newest_execution_tells_whether_attention_is_needed(newest: Run, reason: str) -> None:
    """Against what the job usually takes."""
    assert attention_reason([newest, *runs("ssss")], NOW) == reason
    assert not attention_reason([], NOW)


def overview(newest: dict[str, Newest], **jobs: dict[str, Any]) -> str:
    """The text of list_jobs for these jobs."""
    items = [Job.model_validate({"metadata": {"name": name}, **body}) for name, body in jobs.items()]
    page = Page(items, lambda _: None)
    return build_jobs(page, limit=20, search=None, workspace="acme", newest=newest, now=NOW)[1]


def test_those_that_need_attention_come_first_then_those_that_run() -> None:
    """With why, in the first line too; a job that is switched off needs none."""
    text = overview(
        {
            "fine": Newest(runs("ss")),
            "broken": Newest(runs("fs")),
            "busy": Newest([Run("e-1", ExecutionStatus("running"), NOW, NOW - timedelta(minutes=5))]),
            "nightly": Newest([run("s", 1)]),
            "off": Newest(runs("f")),
            "gone": Newest(None),
            "unused": Newest([], complete=True),
            "undeployed": Newest(runs("s")),
        },
        fine={"status": "DEPLOYED"},
        broken={},
        busy={},
        nightly={"spec": {"triggers": [{"type": "cron", "configuration": {"schedule": "0 2 * * *"}}]}},
        off={"spec": {"enabled": False}},
        gone={},
        unused={},
        undeployed={"status": "FAILED"},
    )
    assert text.splitlines() == [
        (
            '3 of 8 jobs need attention: "broken" (failed), "nightly" (missed its schedule), "undeployed" (deployment '
            'failed); of 1 the newest execution could not be looked up. 8 jobs in workspace "acme".'
        ),
        '- "broken": needs attention (failed), "exec-0" failed 9h 38m ago',
        '- "nightly": needs attention (missed its schedule), "exec-1" succeeded 33h 38m ago, scheduled "0 2 * * *"',
        '- "undeployed": needs attention (deployment failed), "exec-0" succeeded 9h 38m ago',
        '- "busy": "e-1" running, started 5m ago',
        '- "fine": "exec-0" succeeded 9h 38m ago',
        '- "off": "exec-0" failed 9h 38m ago, disabled',
        '- "gone": newest execution not known',
        '- "unused": no executions',
    ]
    assert overview({"fine": Newest(runs("s"))}, fine={}).startswith("The one job needs no attention. 1 job in")
    assert overview({"fine": Newest(None)}, fine={}).startswith("How the newest executions of 1 job went could not be")
