"""The object that travels: the summary's facts and its prose, cut until both keep their budgets."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal, NotRequired, TypeVar
from urllib.parse import quote as percent_encode

from typing_extensions import TypedDict

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.text import Detail, failures_shown, render, warnings_shown
from blaxel_mcp.summary.wording import drop_empty, format_timestamp, json_size

T = TypeVar("T")


class Tasks(TypedDict, total=False):
    """Numbers of tasks; `waiting` is the total less the others, `retried` overlaps them."""

    total: int
    succeeded: int
    failed: int
    cancelled: int
    running: int
    waiting: int
    retried: int


class Failure(TypedDict):
    """Failed tasks that share a reason; up to three of their names."""

    cause: str
    count: int
    message: NotRequired[str]
    tasks: NotRequired[list[str]]


class Times(TypedDict, total=False):
    """RFC 3339 UTC; whole seconds."""

    createdAt: str
    startedAt: str
    completedAt: str
    queuedSeconds: int
    runningSeconds: int
    timeoutSeconds: int
    estimatedRemainingSeconds: int
    estimateBasis: str


class RawOmitted(TypedDict):
    """What `raw` does not hold: tasks, and bytes of compact JSON."""

    tasks: int
    bytes: int


class ExecutionCore(TypedDict):
    """What an agent branches on; published alone by the tools that answer as `get_job_execution` does.

    Its whole schema once is enough: clients pay for each copy in every conversation.
    """

    summary: str
    done: bool
    nextStep: str


class ExecutionAnswer(TypedDict):
    """`structuredContent`. The order is fixed; a key with nothing to say is left out."""

    summary: str
    status: NotRequired[str]
    done: bool
    outcome: Literal["succeeded", "failed", "cancelled", "timed_out", "in_progress", "unknown"]
    nextStep: str
    pollAfterSeconds: NotRequired[int]
    tasks: NotRequired[Tasks]
    failures: NotRequired[list[Failure]]
    failuresOmitted: NotRequired[int]
    warnings: NotRequired[list[str]]
    timing: NotRequired[Times]
    config: NotRequired[dict[str, Any]]
    jobId: str
    executionId: str
    workspace: NotRequired[str]
    rawUri: NotRequired[str]
    raw: NotRequired[dict[str, Any]]
    rawOmitted: NotRequired[RawOmitted]


def raw_uri(job_id: str, execution_id: str) -> str:
    """The resource that holds the whole raw JSON."""
    return f"blaxel://jobs/{percent_encode(job_id, safe='')}/executions/{percent_encode(execution_id, safe='')}"


def build_answer(summary: ExecutionSummary) -> ExecutionAnswer:
    """Prose and facts, each at the first level of detail that fits its budget."""
    prose = _first_fitting(
        (render(summary, detail) for detail in _prose_details()), lambda text: len(text.encode()), limits.PROSE_BYTES
    )
    return _first_fitting(
        (_facts(summary, prose, detail) for detail in _structure_details()), json_size, limits.STRUCTURE_BYTES
    )


def _first_fitting(candidates: Iterable[T], measure: Callable[[T], int], budget: int) -> T:
    """The first within the budget; the last level of detail always is (tests/summary/test_budgets.py)."""
    for candidate in candidates:
        if measure(candidate) <= budget:
            break
    return candidate


def _details(start: Detail, *changes: dict[str, int]) -> Iterator[Detail]:
    yield start
    for change in changes:
        start = replace(start, **change)
        yield start


def _prose_details() -> Iterator[Detail]:
    """Prose is for reading: fewer groups from the start, and what repeats the object goes first."""
    return _details(
        Detail(groups=3, warnings=4, overrides=5),
        {"overrides": 0, "message": 140, "name": 40},
        {"message": 100, "names": 2, "identity": 60},
        {"message": 70, "groups": 2, "name": 25},
        {"warnings": 3, "message": 50, "identity": 40},
        {"warnings": 2, "names": 1, "message": 40, "name": 15},
        {"groups": 1, "identity": 24},
        {"warnings": 1, "names": 0, "message": 24},
        {"identity": 12, "name": 10},
        {"warnings": 0, "message": 12},
        {"identity": 8, "name": 5},
    )


def _structure_details() -> Iterator[Detail]:
    """Override names give way first, then the groups, then identity."""
    return _details(
        Detail(),
        {"overrides": 8},
        {"overrides": 3},
        {"overrides": 0},
        {"message": 120},
        {"message": 80},
        {"names": 2, "name": 40},
        {"message": 50, "names": 1, "name": 25},
        {"names": 0, "groups": 3},
        {"warnings": 3},
        {"message": 30, "groups": 2},
        {"identity": 40, "groups": 1, "warnings": 2},
        {"identity": 16, "message": 16, "warnings": 1},
        {"identity": 8, "warnings": 0},
    )


def _facts(summary: ExecutionSummary, prose: str, detail: Detail) -> ExecutionAnswer:
    failures, omitted = failures_shown(summary, detail)
    uri = raw_uri(*summary.asked)
    whole: dict[str, Any] = {
        "summary": prose,
        "status": summary.status,
        "done": summary.done,
        "outcome": summary.outcome,
        "nextStep": summary.next_step,
        "pollAfterSeconds": summary.poll_after,
        "tasks": _counts(summary),
        "failures": [
            drop_empty(
                {
                    "cause": group.cause,
                    "count": group.count,
                    "message": clean(group.message, detail.message),
                    "tasks": [clean(name, detail.name) for name in group.tasks[: detail.names]],
                }
            )
            for group in failures
        ],
        "failuresOmitted": omitted or None,
        "warnings": warnings_shown(summary.warnings, detail),
        "timing": _times(summary),
        "config": _config(summary, detail),
        "jobId": clean(summary.job_id, detail.identity),
        "executionId": clean(summary.execution_id, detail.identity),
        "workspace": clean(summary.workspace, detail.identity),
        "rawUri": uri if len(uri) <= limits.URI_BYTES else None,
    }
    return drop_empty(whole)  # type: ignore[return-value]  # the keys above are those of ExecutionAnswer


def _counts(summary: ExecutionSummary) -> dict[str, Any]:
    counts = summary.counts
    keys = ("total", "succeeded", "failed", "cancelled", "running", "waiting", "retried")
    return drop_empty({key: getattr(counts, key) for key in keys})


def _times(summary: ExecutionSummary) -> dict[str, Any]:
    timing = summary.timing
    moments = {"createdAt": timing.created, "startedAt": timing.started, "completedAt": timing.completed}
    return drop_empty(
        {
            **{key: format_timestamp(moment) for key, moment in moments.items() if moment},
            "queuedSeconds": timing.queued,
            "runningSeconds": timing.running,
            "timeoutSeconds": timing.timeout,
            "estimatedRemainingSeconds": timing.estimate.seconds if timing.estimate else None,
            "estimateBasis": timing.estimate.basis if timing.estimate else None,
        }
    )


def _config(summary: ExecutionSummary, detail: Detail) -> dict[str, Any]:
    names = [clean(name, detail.name) for name in summary.override_names[: detail.overrides]]
    return drop_empty(
        {
            "parallelism": summary.parallelism,
            "memoryMb": summary.memory_mb,
            "envOverrides": names,
            "envOverridesOmitted": (len(summary.override_names) - len(names)) or None,
        }
    )
