"""Times of an execution, and when to ask again."""

from typing import Any

import pytest
from support.builders import ago, answer, execution

from blaxel_mcp.summary.estimate import UsualDuration


def test_times_of_a_finished_execution() -> None:
    """Queued is counted from creation to start, running from start to end."""
    assert answer(execution("succeeded", (730, 726, 6), timeout=3600))["timing"] == {
        "createdAt": "2026-11-24T11:47:50Z",
        "startedAt": "2026-11-24T11:47:54Z",
        "completedAt": "2026-11-24T11:59:54Z",
        "queuedSeconds": 4,
        "runningSeconds": 720,
        "timeoutSeconds": 3600,
    }


def test_times_that_are_not_known_are_left_out() -> None:
    """Year 1, empty and unreadable timestamps are absent, and so is what would follow from them."""
    raw = execution("succeeded")
    raw["metadata"] |= {"createdAt": "0001-01-01T00:00:00Z", "startedAt": "", "completedAt": "soon"}
    assert "timing" not in answer(raw)


def test_a_finished_execution_without_a_start_has_no_waiting_time() -> None:
    """Nothing says how much of its life it waited."""
    raw = execution("cancelled", (600,))
    raw["metadata"]["completedAt"] = ago(60)
    assert answer(raw)["timing"] == {"createdAt": "2026-11-24T11:50:00Z", "completedAt": "2026-11-24T11:59:00Z"}


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (execution("queued", (5,)), 30),
        (execution("cancelling", (5,)), 30),
        (execution("odd"), 30),
        (execution("running", (5, 5)), 10),
        (execution("running", (300, 300)), 30),
        (execution("running", (9000, 9000)), 60),
    ],
)
def test_without_an_estimate_polling_waits_a_tenth_of_the_age(raw: dict[str, Any], seconds: int) -> None:
    """The interval has bounds; others have a fixed one. The next step says the same number."""
    got = answer(raw)
    assert got["pollAfterSeconds"] == seconds
    assert got["nextStep"].endswith(f"again in {seconds}s.")


def test_with_an_estimate_polling_waits_half_of_the_time_left() -> None:
    """The interval has bounds here too."""
    got = answer(execution("running", (600, 600)), usual=UsualDuration((700, 700, 700)))
    assert got["pollAfterSeconds"] == 50
