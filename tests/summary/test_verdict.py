"""The sentence that an answer begins with: how the execution stands, and how many of its tasks are in which state."""

from typing import Any

import pytest
from support.builders import EXECUTION, JOB, NOW, ago, execution, task

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.detail import NORMAL
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.verdict import render_verdict


def summary(raw: dict[str, Any]) -> ExecutionSummary:
    """Of an execution as the API sends it."""
    return summarize(JobExecution.model_validate(raw), asked=(JOB, EXECUTION), workspace="acme", now=NOW)


Stats = dict[str, int]
COUNTED: list[tuple[str | None, Stats, str]] = [
    ("succeeded", {}, "Succeeded."),
    ("succeeded", {"total": 0, "success": 0}, "Succeeded: it had no tasks."),
    ("succeeded", {"total": 1, "success": 1}, "Succeeded: its one task succeeded."),
    ("succeeded", {"total": 1, "success": 1, "retried": 2}, "Succeeded: its one task succeeded (2 retried)."),
    ("succeeded", {"total": 2, "success": 2}, "Succeeded: all 2 tasks succeeded."),
    (
        "succeeded",
        {"total": 1200, "success": 1200, "retried": 1500},
        "Succeeded: all 1,200 tasks succeeded (1,500 retried).",
    ),
    ("succeeded", {"success": 1}, "Succeeded: 1 task succeeded."),
    ("succeeded", {"success": 3, "retried": 1}, "Succeeded: 3 tasks succeeded (1 retried)."),
    ("succeeded", {"total": 3, "success": 5}, "Succeeded: 5 tasks succeeded."),
    ("succeeded", {"total": 3, "success": 2, "failure": 1}, "Succeeded: 2 of 3 tasks succeeded, 1 failed."),
    ("succeeded", {"total": 3, "success": 2, "cancelled": 1}, "Succeeded: 2 of 3 tasks succeeded, 1 cancelled."),
    ("succeeded", {"total": 3, "success": 2, "running": 1}, "Succeeded: 2 of 3 tasks succeeded, 1 still running."),
    ("succeeded", {"total": 3, "success": 2}, "Succeeded: 2 of 3 tasks succeeded, 1 did not finish."),
    ("succeeded", {"total": 3, "success": 3, "failure": 1}, "Succeeded: 3 of 3 tasks succeeded, 1 failed."),
    ("failed", {}, "Failed; the API gives no task counts."),
    ("failed", {"failure": 0}, "Failed; the API gives no task counts."),
    ("failed", {"failure": 2}, "Failed: 2 tasks failed."),
    ("failed", {"total": 1, "failure": 1}, "Failed: its one task failed."),
    (
        "failed",
        {"total": 14, "success": 4, "failure": 2, "cancelled": 1, "running": 1, "retried": 3},
        "Failed: 2 of 14 tasks failed, 4 succeeded, 1 cancelled, 1 still running, 6 did not finish (3 retried).",
    ),
    ("failed", {"total": 0, "failure": 0}, "Failed, although no task did."),
    ("failed", {"total": 3, "success": 3, "failure": 0}, "Failed, although no task did: 3 of 3 tasks succeeded."),
    ("timeout", {}, "Timed out."),
    (
        "timeout",
        {"total": 3, "success": 1, "running": 1},
        "Timed out: 1 of 3 tasks succeeded, 1 still running, 1 did not finish.",
    ),
    ("cancelled", {}, "Cancelled."),
    ("cancelled", {"total": 1, "cancelled": 1}, "Cancelled: its one task was cancelled."),
    ("cancelled", {"total": 1, "success": 1}, "Cancelled: its one task succeeded."),
    ("cancelled", {"total": 3, "cancelled": 1}, "Cancelled: 1 of 3 tasks cancelled, 2 did not finish."),
    ("running", {}, "Running."),
    ("running", {"total": 0}, "Running."),
    ("running", {"success": 3, "running": 1}, "Running: 3 tasks succeeded, 1 running."),
    ("running", {"total": 2, "success": 3}, "Running: 3 tasks succeeded."),
    ("running", {"total": 2, "success": 2}, "Running: 2 of 2 tasks finished (100%)."),
    ("running", {"total": 3, "running": 3}, "Running: 0 of 3 tasks finished (0%), 3 running."),
    (
        "running",
        {"total": 3, "success": 1, "retried": 1},
        "Running: 1 of 3 tasks finished (33%), 2 waiting (1 retried).",
    ),
    (
        "running",
        {"total": 1200, "success": 598, "failure": 1, "cancelled": 1, "running": 9},
        "Running: 600 of 1,200 tasks finished (50%), 1 failed and 1 cancelled among them, 9 running, 591 waiting.",
    ),
    (
        "running",
        {"total": 4, "cancelled": 2},
        "Running: 2 of 4 tasks finished (50%), 2 cancelled among them, 2 waiting.",
    ),
    ("cancelling", {}, "Being cancelled, not over yet; running tasks finish first."),
    ("cancelling", {"running": 0}, "Being cancelled, not over yet."),
    ("cancelling", {"cancelled": 2}, "Being cancelled, not over yet: 2 tasks cancelled; running tasks finish first."),
    (
        "cancelling",
        {"total": 8, "success": 2, "cancelled": 5},
        (
            "Being cancelled, not over yet: 2 of 8 tasks succeeded, 5 cancelled, 1 will not start; "
            "running tasks finish first."
        ),
    ),
    ("cancelling", {"total": 2, "cancelled": 2}, "Being cancelled, not over yet: 2 of 2 tasks cancelled."),
    ("cancelling", {"total": 2, "cancelled": 3}, "Being cancelled, not over yet: 3 tasks cancelled."),
    ("queued", {}, "Not started yet: queued, waiting until the workspace has capacity."),
    ("queued", {"total": 1200}, "Not started yet: queued, waiting until the workspace has capacity (1,200 tasks)."),
    ("pending", {"total": 1}, "Not started yet: pending, waiting to be started (1 task)."),
    (
        "pending",
        {"total": 4, "success": 1},
        "Not started yet: pending, waiting to be started: 1 of 4 tasks succeeded, 3 waiting.",
    ),
    ("pending", {"running": 1}, "Not started yet: pending, waiting to be started: 1 task running."),
    ("odd", {}, 'Not known to be finished (status "odd").'),
    ("odd", {"total": 3, "running": 1}, 'Not known to be finished (status "odd"): 1 of 3 tasks running, 2 waiting.'),
    ("o" * 41, {}, f'Not known to be finished (status "{"o" * 39}…").'),
    (None, {}, "Not known to be finished (no status given)."),
]


def test_tasks_are_counted_by_state() -> None:
    """Those states that have any tasks, the one that the status speaks of first."""
    for status, stats, expected in COUNTED:
        assert render_verdict(summary(execution(status, stats=stats or None)), NORMAL) == expected, (status, stats)


def test_tasks_without_a_status_are_only_counted() -> None:
    """Nothing tells what became of them."""
    for status, verdict in (("succeeded", "Succeeded"), ("cancelled", "Cancelled"), ("timeout", "Timed out")):
        assert render_verdict(summary(execution(status, tasks=[{}])), NORMAL) == f"{verdict}: 1 task."
        assert render_verdict(summary(execution(status, tasks=[{}] * 3)), NORMAL) == f"{verdict}: 3 tasks."


def test_how_long_it_waited_or_ran_is_told_where_it_is_known() -> None:
    """While it waits, and when its time was up."""
    capacity = ", waiting until the workspace has capacity."
    for raw, expected in (
        (execution("queued", (0,)), f"Not started yet: queued for 0s{capacity}"),
        (execution("queued", (90,)), f"Not started yet: queued for 1m 30s{capacity}"),
        (execution("pending", (90,)), "Not started yet: pending for 1m 30s, waiting to be started."),
        (execution("timeout", (95, 90, 0)), "Timed out after 1m 30s."),
        (execution("timeout", (95, 90, 90)), "Timed out."),
    ):
        assert render_verdict(summary(raw), NORMAL) == expected


def test_what_its_tasks_wait_for_stands_in_for_what_one_usually_waits_for() -> None:
    """It comes as a sentence of its own."""
    waiting = task(0, "pending", (), "no GPU is free")
    waiting["conditions"][0]["state"] = "CONDITION_PENDING"
    found = summary(execution("queued", (90,), tasks=[waiting]))
    assert render_verdict(found, NORMAL) == "Not started yet: queued for 1m 30s (1 task)."


def test_that_running_tasks_finish_is_left_to_a_preface() -> None:
    """It says so already, after a cancellation that this server has asked for."""
    found = summary(execution("cancelling"))._replace(preface="Cancellation requested; running tasks finish first.")
    assert render_verdict(found, NORMAL) == "Being cancelled, not over yet."


@pytest.mark.parametrize(
    ("status", "total", "expected"),
    [
        ("failed", None, "Failed: it never started."),
        ("failed", 0, "Failed: it never started."),
        ("cancelled", 1, "Cancelled: it never started; its one task did not run."),
        ("cancelled", 2, "Cancelled: it never started; none of its 2 tasks ran."),
        ("timeout", 1200, "Timed out: it never started; none of its 1,200 tasks ran."),
    ],
)
def test_an_end_without_a_start_is_the_verdict(status: str, total: int | None, expected: str) -> None:
    """However it ended; then its tasks have no states that would say more."""
    metadata = {"createdAt": ago(600), "completedAt": ago(60)}
    raw = {"status": status, "metadata": metadata, "stats": {"total": total, "failure": 0}}
    assert render_verdict(summary(raw), NORMAL) == expected
