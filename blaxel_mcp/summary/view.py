"""What a picture of an execution needs beyond its answer: tasks as lanes, counts over time, the executions before it.

It comes in columns, lists of equal length with one entry for each task, span of time or execution, so that an execution
of any number of tasks stays within `VIEW_BYTES`. Offsets are seconds since `Timeline.origin`.
"""

from typing import NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.summary.schema import ExecutionAnswer


class Lanes(TypedDict):
    """Tasks, in the order in which to draw them: those that went wrong first, then by start.

    `status` indexes `statuses`, which are the API's words in lower case, cleaned. `queued` is when a task was there to
    run, `started` and `ended` when it did; null where the API does not say. `retried` is 1 for a task that was tried
    more than once. `failure` indexes the answer's `failures`; it is -1 for a task of none of the groups shown.
    """

    names: list[str]
    statuses: list[str]
    status: list[int]
    queued: list[float | None]
    started: list[float | None]
    ended: list[float | None]
    retried: list[int]
    failure: list[int]


class Spans(TypedDict):
    """All known tasks by time, in equal spans from 0 on: the most that ran at once, and how many ended in which way."""

    seconds: float
    running: list[int]
    succeeded: list[int]
    failed: list[int]
    other: list[int]


class Timeline(TypedDict):
    """An execution's tasks over time.

    Attributes:
        origin: the moment that offsets count from (RFC 3339, UTC, milliseconds): creation, or the first known one.
        seconds: how long the execution has lasted since then, until its end or until now.
        tasks: how many tasks are known; `unread` more are not, because they are kept apart and were not read.
        lanes: some of the tasks; all of them where they are at most 60.
        lanesOmitted: how many of the known tasks have no lane.
        spans: all known tasks by time.
    """

    origin: str
    seconds: float
    tasks: int
    unread: NotRequired[int]
    lanes: Lanes
    lanesOmitted: NotRequired[int]
    spans: Spans


class Runs(TypedDict):
    """The job's executions, oldest first, at most 20; `outcome` indexes `outcomes`, `this` is the execution at hand.

    `created` is in seconds since 1970; `seconds` is how long each ran; null where that is not known.
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
