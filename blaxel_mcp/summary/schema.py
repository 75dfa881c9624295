"""The shape of `structuredContent`: what the tools publish as `outputSchema`, and nothing about how it is filled."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import Outcome
from blaxel_mcp.summary.causes import Origin


class TaskNumbers(TypedDict, total=False):
    """Numbers of tasks by state; `waiting` is the total less the others, `retried` overlaps them."""

    total: int
    succeeded: int
    failed: int
    cancelled: int
    running: int
    waiting: int
    retried: int


class Failure(TypedDict):
    """Failed tasks that share a reason, with up to three of their names."""

    cause: str
    count: int
    message: NotRequired[str]
    tasks: NotRequired[list[str]]


# In this form because one of its keys is a keyword of Python's.
LogEvidence = TypedDict("LogEvidence", {"task": str, "lines": list[str], "from": str}, total=False)
"""Up to three lines of a failed task's log that tell why it failed; `task` is absent where none is known for theirs."""


class SlowestTask(TypedDict, total=False):
    """The task that took longest, in whole seconds."""

    name: str
    seconds: int


class Times(TypedDict, total=False):
    """Timestamps as RFC 3339 in UTC, durations in whole seconds."""

    createdAt: str
    startedAt: str
    completedAt: str
    queuedSeconds: int
    runningSeconds: int
    timeoutSeconds: int
    taskTimeoutSeconds: int
    estimatedRemainingSeconds: int
    estimatedRemainingRange: list[int]
    estimateBasis: str
    endedSecondsAgo: int
    medianTaskSeconds: int
    slowestTask: SlowestTask


class RawOmitted(TypedDict, total=False):
    """How much of the API's answer `raw` leaves out: tasks, and bytes of compact JSON."""

    tasks: int
    bytes: int


class ExecutionCore(TypedDict):
    """The keys an agent branches on, published by the other tools that answer as `get_job_execution` does.

    Clients pay for each copy of the whole schema in every conversation, so only `get_job_execution` publishes it.
    """

    summary: str
    done: bool
    nextStep: str


class ExecutionAnswer(TypedDict):
    """The whole answer about one execution. The order is fixed; a key with nothing to say is left out."""

    summary: str
    status: NotRequired[str]
    done: bool
    outcome: Outcome
    nextStep: str
    pollAfterSeconds: NotRequired[int]
    tasks: NotRequired[TaskNumbers]
    failures: NotRequired[list[Failure]]
    failuresOmitted: NotRequired[int]
    origin: NotRequired[Origin]
    evidence: NotRequired[LogEvidence]
    history: NotRequired[dict[str, Any]]
    schedule: NotRequired[dict[str, Any]]
    warnings: NotRequired[list[str]]
    timing: NotRequired[Times]
    config: NotRequired[dict[str, Any]]
    jobId: str
    executionId: str
    workspace: NotRequired[str]
    rawUri: NotRequired[str]
    raw: NotRequired[dict[str, Any]]
    masked: NotRequired[int]
    invisible: NotRequired[int]
    rawOmitted: NotRequired[RawOmitted]
