"""Which of a task's conditions tells why it failed, and what those of other tasks say."""

from typing import Any

import pytest
from support.builders import ago, answer, execution

from blaxel_mcp.summary.conditions import (
    Remark,
    failure_condition,
    failure_words,
    group_remarks,
    says_only_that_it_ended,
)

FAILED, PENDING, SUCCEEDED = "CONDITION_FAILED", "CONDITION_PENDING", "CONDITION_SUCCEEDED"


def condition(message: str = "", state: str = FAILED, **more: str) -> Any:
    """A condition as Cloud Run writes it."""
    return {"type": "Completed", "state": state, "severity": "ERROR", "message": message, **more}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "The container exited with an error.",
        "Task orders-abcde-task0 failed with message: The container exited with an error.",
        "Container called exit(1).",
        "exit code 1",
        "Process exited with non-zero exit code: 2",
        "NonZeroExitCode",
        "Task failed.",
        "Application exec-93.task-4 has failed after 3 attempts, see logs for more details",
        "error",
        "exit " * 60,  # 300 characters
    ],
)
def test_a_message_that_says_only_that_something_ended(message: str) -> None:
    """Numbers and names of tasks say no more."""
    assert says_only_that_it_ended(message)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (condition(), condition("KeyError: 'price'", SUCCEEDED)),
        (condition("KeyError: 'price'", PENDING), condition("exit code 1")),
        (condition("exit code 1"), condition("KeyError: 'price'", severity="INFO")),
        (condition("KeyError: 'price'", PENDING), condition("KeyError: 'size'", type="Retry")),
        (condition("KeyError: 'price'"), condition("KeyError: 'size'", PENDING)),
        (condition("exit code 1", PENDING, severity="WARNING"), condition(severity="INFO")),
        (condition("KeyError: 'price'"), condition("KeyError: 'size'", severity="WARNING")),
        (condition(reason="Failed"), condition()),
        (condition(executionReason="Failed"), condition()),
    ],
)
def test_of_two_conditions_one_tells_more(better: Any, worse: Any) -> None:
    """Whichever comes first."""
    assert failure_condition({"conditions": [better, worse]}) == better
    assert failure_condition({"conditions": [worse, better]}) == better


@pytest.mark.parametrize(
    "message",
    [
        "Memory limit of 512 MiB exceeded with 519 MiB used.",
        "KeyError: 'price'",
        "Task was terminated: it exceeded its timeout",
        "ファイルが見つかりません",
        "Fehler beim Lesen",
        "Failed to pull image",
        "killed",
        "exit " * 60 + "1",
    ],
)
def test_a_message_that_says_more(message: str) -> None:
    """Any other word tells something, in any language; a long message is never taken for an empty one."""
    assert not says_only_that_it_ended(message)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ([], None),
        ([condition("a")], "a"),
        ([condition("The container exited with an error."), condition("disk full")], "disk full"),
        ([condition("disk full"), condition("The container exited with an error.")], "disk full"),
        ([condition("pulled the image", SUCCEEDED), condition("exit code 1")], "exit code 1"),
        ([condition("retrying: connection reset", PENDING), condition("exit code 1")], "retrying: connection reset"),
        ([condition("will retry", PENDING), condition("disk full")], "disk full"),
        ([condition("Started", PENDING, severity="INFO"), condition("exit code 1")], "exit code 1"),
        ([condition("", reason="Timeout"), condition("")], ""),
    ],
    ids=str,
)
def test_the_most_specific_message_wins(conditions: list[Any], told: str | None) -> None:
    """Then the state that failed, then the graver severity."""
    assert failure_condition({"conditions": conditions}).get("message") == told


def test_words_come_from_every_condition_that_failed() -> None:
    """The reason may stand beside the message that tells."""
    task: Any = {
        "conditions": [
            condition("exit code 1", reason="NonZeroExitCode"),
            condition("disk full", reason="", executionReason="WRITE"),
            condition("fine", SUCCEEDED, reason="Pulled"),
        ]
    }
    assert failure_words(task, failure_condition(task)) == ["WRITE", "Completed", "NonZeroExitCode"]


def waiting(number: int, message: str, status: str | None = "pending", state: str = PENDING) -> Any:
    """A task that has not failed, with what it says."""
    return {"metadata": {"name": f"task-{number}"}, "status": status, "conditions": [condition(message, state)]}


def test_remarks_are_grouped_by_state_and_line() -> None:
    """What succeeded says nothing of why a task waits, and neither does a bland word."""
    tasks = [
        *(waiting(n, f"Waiting for GPU capacity: {n} of 8") for n in range(3)),
        waiting(3, "Attempt 1 of 3 failed: connection reset", "running"),
        waiting(4, "Cancelled by user alice@example.com", "Cancelled", FAILED),
        waiting(5, "Provisioned", state=SUCCEEDED),
        waiting(6, "error"),
        waiting(7, "", None),
    ]
    assert group_remarks(tasks) == [
        Remark(3, "waiting", "Waiting for GPU capacity: 0 of 8"),
        Remark(1, "running", "Attempt 1 of 3 failed: connection reset"),
        Remark(1, "cancelled", "Cancelled by user alice@example.com"),
    ]


def test_remarks_are_grouped_whatever_the_tasks_are_called() -> None:
    """Their own names in what they say make no difference; tasks without a name are not alike for that."""
    alpha, beta = ({**waiting(0, f"{name} waits for a lock"), "metadata": {"name": name}} for name in ("alpha", "beta"))
    assert group_remarks([alpha, beta]) == [Remark(2, "waiting", "alpha waits for a lock")]
    locked, full = ({**waiting(0, message), "metadata": {}} for message in ("waits for a lock", "no room"))
    assert group_remarks([locked, full]) == [Remark(1, "waiting", "waits for a lock"), Remark(1, "waiting", "no room")]


def test_remarks_are_in_both_channels() -> None:
    """In quotes, since a task wrote them."""
    tasks = [waiting(n, 'GPUs: "0 of 8"') for n in range(2)]
    got = answer(execution("queued", (60,), tasks=tasks))
    said = "2 waiting tasks say \"GPUs: '0 of 8'\"."
    assert got["warnings"] == [said]
    assert said in got["summary"]


def never_started(status: str, message: str, reason: str = "") -> str:
    """The verdict on an execution that has an end, but no start."""
    failed = {"metadata": {"name": "task-0"}, "status": status, "conditions": [condition(message, reason=reason)]}
    raw = execution(status, (600,), tasks=[failed])
    raw["metadata"]["completedAt"] = "2026-11-24T11:59:00Z"
    return answer(raw)["summary"]


def test_an_execution_that_never_started_says_so() -> None:
    """Not one whose program evidently ran, and not where other times are absent too."""
    assert "it never started; its one task did not run." in never_started(
        "failed", "no machine of this type is free", "Quota"
    )
    assert "it never started; its one task did not run." in never_started("cancelled", "Cancelled by user")
    assert "never started" not in never_started("failed", "exit code 1", "NonZeroExitCode")
    assert "never started" not in answer(execution("failed", (600,)))["summary"]


def test_a_failed_execution_whose_tasks_never_ran_has_their_conditions_as_its_reason() -> None:
    """Nothing is doubted because no task is counted as failed, and the log of a run that never ran is no next step."""
    said = "Failed to pull image acme/resize:3: unauthorized"
    tasks = [waiting(number, said, state=FAILED) for number in range(5)]
    raw = execution("failed", (600,), tasks=tasks)
    raw["metadata"]["completedAt"] = "2026-11-24T11:59:00Z"
    got = answer(raw)
    assert got["summary"].startswith(
        "Failed: it never started; none of its 5 tasks ran. "
        'Why: 5 tasks ("task-0", "task-1", "task-2", …) had an image problem: '
    )
    assert (got["failures"][0]["cause"], got["origin"]) == ("image", "configuration")
    assert got["warnings"] == ["It never started."]
    assert got["nextStep"].startswith("Check that the job's image exists")


def test_a_run_that_never_started_for_no_reason_has_no_log() -> None:
    """What to look at is what comes before a start."""
    raw = execution("failed", (600,), stats={"total": 5, "failure": 0})
    raw["metadata"]["completedAt"] = "2026-11-24T11:59:00Z"
    got = answer(raw)
    assert got["summary"].startswith("Failed: it never started; none of its 5 tasks ran.")
    assert "did not" not in got["summary"]
    assert got["nextStep"].startswith("Check the job's deployment, its image and the workspace's quota")


ENDED = {"createdAt": ago(600), "completedAt": ago(60)}


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("succeeded", {}),
        ("succeeded", {"stats": {"total": 3}}),
        ("running", {"stats": {"total": 3}}),
        ("a new word", {"stats": {"total": 3}}),
        ("failed", {"stats": {"total": 40, "failure": 3}}),
        ("timeout", {"stats": {"total": 3, "running": 3}}),
    ],
)
def test_without_a_start_it_may_have_run_all_the_same(status: str, more: dict[str, Any]) -> None:
    """One that succeeded has; of one that goes on, or whose failed tasks were not read, nothing follows."""
    got = answer({"metadata": ENDED, "spec": {}, "status": status, **more})
    assert "never started" not in got["summary"]
    assert "It never started." not in got.get("warnings", [])


def test_one_that_timed_out_before_its_start_says_both() -> None:
    """The verdict has how it ended, as always."""
    got = answer({"metadata": ENDED, "spec": {}, "status": "timeout", "stats": {"total": 3}})
    assert got["summary"].startswith("Timed out: it never started; none of its 3 tasks ran.")


@pytest.mark.parametrize(
    "message",
    [
        "Command '/bin/sh -c python main.py' returned non-zero exit status 1.",
        "subprocess.CalledProcessError: Command '['dbt', 'run']' returned non-zero exit status 2.",
        "make: *** [run] Error 1",
        "npm error code 1",
    ],
)
def test_what_a_program_says_of_one_that_it_ran_is_no_reason(message: str) -> None:
    """It knows no more than the exit."""
    assert says_only_that_it_ended(message)


def test_why_an_earlier_attempt_failed_gives_way_to_why_the_last_one_did() -> None:
    """In whichever order they come."""
    retry = condition("attempt 1: ConnectTimeout: timed out") | {"type": "Retry"}
    last = condition("ValueError: column 'price' has 3 nulls")
    for conditions in ([retry, last], [last, retry]):
        assert failure_condition({"conditions": conditions}) == last
