"""What a picture of an execution needs: its answer, its tasks over time, and the executions beside it.

All of it comes in columns, so that it stays within `VIEW_BYTES` for any number of tasks.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.answer import build_answer
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.timeline import Timeline, build_timeline
from blaxel_mcp.summary.wording import drop_empty, format_timestamp


class Runs(TypedDict):
    """The job's executions, oldest first, at most 20; `outcome` indexes `outcomes`, `this` is the execution at hand.

    `created` is in seconds since 1970; `seconds` is how long each ran, or has been running. Both are null where that is
    not known.
    """

    ids: list[str]
    created: list[int | None]
    seconds: list[int | None]
    outcomes: list[str]
    outcome: list[int]
    this: int


class ExecutionView(TypedDict):
    """An execution as a picture shows it: its answer without raw JSON, as of `now` (RFC 3339, UTC)."""

    answer: ExecutionAnswer
    now: str
    timeline: NotRequired[Timeline]
    runs: NotRequired[Runs]


def build_view(
    summary: ExecutionSummary, execution: JobExecution, tasks: TaskList, runs: Sequence[Run]
) -> ExecutionView:
    """The view of an execution.

    Args:
        summary: says how it stands.
        execution: what the API answered.
        tasks: its tasks, as far as they are known.
        runs: the job's newest executions, newest first, where those were listed.
    """
    answer = build_answer(summary)
    view = {
        "answer": answer,
        "now": format_timestamp(summary.now),
        "timeline": build_timeline(summary, tasks, summary.failures[: len(answer.get("failures", ()))]),
        "runs": _runs(Run.of(execution), runs, summary.now),
    }
    return drop_empty(view)  # type: ignore[return-value]  # the keys above are those of ExecutionView


def _runs(run: Run, runs: Sequence[Run], now: datetime) -> Runs | None:
    """Up to `VIEW_RUNS` executions, this one among them: the newest ones, or else those before it, which tell more."""
    at = next((at for at, one in enumerate(runs) if one.execution_id == run.execution_id), None)
    if at is None:
        return None
    first = 0 if at < limits.VIEW_RUNS else min(at, len(runs) - limits.VIEW_RUNS)
    shown = list(islice(runs, first, first + limits.VIEW_RUNS))[::-1]
    numbers: dict[str, int] = {}
    outcomes = [numbers.setdefault(one.status.outcome, len(numbers)) for one in shown]
    return {
        "ids": [clean(one.execution_id, limits.IDENTITY_CHARACTERS) for one in shown],
        "created": [round(one.created.timestamp()) if one.created else None for one in shown],
        "seconds": [_seconds(one, now) for one in shown],
        "outcomes": list(numbers),
        "outcome": outcomes,
        "this": len(shown) - 1 - (at - first),
    }


def _seconds(run: Run, now: datetime) -> int | None:
    if run.ended or run.started is None or run.started > now:
        return run.seconds
    return round((now - run.started).total_seconds())
