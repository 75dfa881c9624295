"""Executions as Blaxel's API answers them, of any size, in three states; and what else its answers hold."""

import json
import string
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

JOB = "image-resize"
WORKSPACE = "acme"
State = Literal["succeeded", "failed", "running"]
NUMBERS = 10_000
"""How many executions there are of each state and size; they differ only in their number."""


def execution_id(state: str, tasks: int, number: int = 0) -> str:
    """The id of one of the executions that the control plane has."""
    return f"{state}-{tasks}-{number % NUMBERS:04d}"


def execution(
    state: State, tasks: int, *, now: datetime, every: int = 10, distinct: bool = False, blunt: bool = False
) -> dict[str, Any]:
    """An execution with this many tasks.

    Args:
        state: of the execution. A running one is half done.
        tasks: how many.
        now: it began three hours before; a running one, two minutes before.
        every: in a failed one, each task whose number this divides has failed.
        distinct: whether each failed task says something else.
        blunt: whether failed tasks say only that they failed, as Blaxel's often do, so that the log has to be read.
    """
    began = now - (timedelta(minutes=2) if state == "running" else timedelta(hours=3))

    def task(number: int) -> dict[str, Any]:
        if state == "running" and number >= tasks // 2:
            return _task(number, began, "running" if number < tasks // 2 + max(tasks // 10, 1) else "pending", "")
        if state == "failed" and number % every == 0:
            word = f"{_letters(number)} failed" if distinct else "error"
            said = f"The container exited with code 1: {word} on shard {number} reading /data/in/{number}.parquet"
            return _task(number, began, "failed", "The container exited with code 1." if blunt else said)
        return _task(number, began, "succeeded", "Task completed successfully.")

    listed = [task(number) for number in range(tasks)]
    count = {word: sum(one["status"] == word for one in listed) for word in ("succeeded", "failed", "running")}
    over = state != "running"
    return {
        "metadata": {
            "id": execution_id(state, tasks),
            "job": JOB,
            "workspace": WORKSPACE,
            "createdAt": _stamp(began),
            "startedAt": _stamp(began, 4),
            **({"completedAt": _stamp(began, 200)} if over else {}),
            "updatedAt": _stamp(began, 200 if over else 110),
        },
        "spec": {"timeout": 3600, "parallelism": 50},
        "status": state,
        "stats": {
            "total": tasks,
            "failure": count["failed"],
            "success": count["succeeded"],
            "running": count["running"],
            "cancelled": 0,
            "retried": 0,
        },
        "tasks": listed,
    }


def body(value: Any) -> bytes:
    """JSON as the API writes it: compact."""
    return json.dumps(value, separators=(",", ":")).encode()


def _stamp(began: datetime, seconds: float = 0) -> str:
    return (began + timedelta(seconds=seconds)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _letters(number: int) -> str:
    """A word of letters only, different for every number, so that grouping has nothing to fold away."""
    return "".join(string.ascii_lowercase[number // 26**place % 26] for place in range(4))


def _task(number: int, began: datetime, status: str, message: str) -> dict[str, Any]:
    failed, started, ended = status == "failed", status != "pending", status in {"failed", "succeeded"}
    condition = {
        "type": "Completed",
        "reason": "NonZeroExitCode" if failed else "Completed",
        "executionReason": "NON_ZERO_EXIT_CODE" if failed else "COMPLETED",
        "severity": "ERROR" if failed else "INFO",
        "state": "CONDITION_FAILED" if failed else "CONDITION_SUCCEEDED",
        "message": message,
    }
    return {
        "metadata": {
            "name": f"task-{number}",
            "createdAt": _stamp(began),
            "scheduledAt": _stamp(began, 1),
            **({"startedAt": _stamp(began, number % 50 + 5.123456)} if started else {}),
            **({"completedAt": _stamp(began, number % 50 + 35.5 + number % 7)} if ended else {}),
            "updatedAt": _stamp(began, 100),
        },
        "spec": {"maxRetries": 2, "timeout": "30m"},
        "status": status,
        "conditions": [condition] if ended else [],
    }
