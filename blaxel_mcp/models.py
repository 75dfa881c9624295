"""What the API sends, parsed tolerantly: no 200 answer fails to parse.

Every field of the operation's schemas is here under the API's own name. A value of the wrong type reads as
absent, `null` reads as absent, unknown fields are kept, and words that should be one of a set (a status) are
kept as they come. What is known of the payload comes from Blaxel's OpenAPI document (operation GetJobExecution)
and from its public clients and their tests.
"""

# ruff: noqa: N815 - the fields bear the API's own names
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, PlainValidator, Strict
from pydantic_core import CoreSchema, core_schema, from_json


class _OrNone:
    """Annotation: a value that does not validate becomes `None`. Faster than `_Or` with a function that returns it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), default=None, on_error="default")


class _Or:
    """Annotation: a value that does not validate, `null` included, becomes `make()`."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), default_factory=self._make, on_error="default")


_LARGEST = 10**12
"""A count or amount above this is a mistake and reads as absent: an answer would only carry a wall of digits."""


def _count(value: Any) -> int | None:
    """A whole number from zero, also in a string (as protocol buffers write 64-bit ones) or as `3.0`; else `None`."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _LARGEST else None


Text: TypeAlias = Annotated[Annotated[str, Strict()] | None, _OrNone()]
Count: TypeAlias = Annotated[int | None, PlainValidator(_count)]
JobExecutionTask: TypeAlias = Mapping[str, Any]
"""A task as the API sent it (schema JobExecutionTask); `summary/tasks` reads its fields, odd ones as absent."""


def read_tasks(value: Any) -> list[JobExecutionTask]:
    """The tasks in a list as the API sent it, which is not copied; an odd item still counts, as a task without fields.

    Tasks are neither checked nor copied: an execution may carry a hundred thousand, and few of them are looked at.
    """
    return [task if isinstance(task, dict) else {} for task in value] if isinstance(value, list) else []


Tasks: TypeAlias = Annotated[list[JobExecutionTask], PlainValidator(read_tasks)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class JobExecutionMetadata(_Part):
    """An execution's identity and timestamps (read those with `parse_timestamp`)."""

    cluster: Text = None
    completedAt: Text = None
    createdAt: Text = None
    deletedAt: Text = None
    expiredAt: Text = None
    id: Text = None
    job: Text = None
    startedAt: Text = None
    updatedAt: Text = None
    workspace: Text = None


class JobExecutionSpec(_Part):
    """What was asked for at creation. `timeout` is in seconds; `envOverride` is an object or the JSON text of one.

    With `taskCount` or `tasksRef` (both in the schemas of `blaxel` 0.4.24) the tasks may be kept elsewhere.
    """

    envOverride: Any = None
    memoryOverride: Count = None
    parallelism: Count = None
    taskCount: Count = None
    tasks: Tasks = []
    tasksRef: Any = None
    timeout: Any = None


class JobExecutionStats(_Part):
    """An execution's task counts. None of them is for waiting or timed-out tasks, and `retried` overlaps the others."""

    cancelled: Count = None
    failure: Count = None
    retried: Count = None
    running: Count = None
    success: Count = None
    total: Count = None


class JobExecution(_Part):
    """An execution: one run of a batch job."""

    metadata: Annotated[JobExecutionMetadata, _Or(JobExecutionMetadata)] = JobExecutionMetadata()
    spec: Annotated[JobExecutionSpec, _Or(JobExecutionSpec)] = JobExecutionSpec()
    stats: Annotated[JobExecutionStats | None, _OrNone()] = None
    status: Text = None
    tasks: Tasks = []

    @property
    def task_list(self) -> Sequence[JobExecutionTask]:
        """The tasks from whichever of the two lists holds them; never from both, as they are one list in two places."""
        return self.tasks or self.spec.tasks

    @property
    def total(self) -> int | None:
        """How many tasks it has by `stats.total`, else by `spec.taskCount`; `None` where only a task list can tell."""
        counted = self.stats.total if self.stats else None
        return self.spec.taskCount if counted is None else counted

    @property
    def tasks_apart(self) -> bool:
        """Whether it has tasks but comes without a list of them, so that only ListJobExecutionTasks has it."""
        return not self.task_list and bool(self.total or self.spec.tasksRef)


ExecutionWord: TypeAlias = Literal[
    "queued", "pending", "running", "cancelling", "cancelled", "failed", "succeeded", "timeout"
]
"""The API's words for an execution's status (schema JobExecutionStatus)."""
TaskWord: TypeAlias = Literal["failed", "cancelled", "running", "reconciling", "pending", "unspecified", "succeeded"]
"""The API's words for a task's status (schema JobExecutionTaskStatus), in the order in which a summary counts them."""
Outcome: TypeAlias = Literal["succeeded", "failed", "cancelled", "timed_out", "in_progress", "unknown"]
"""How an execution ended, or that it has not, in this server's words."""
_OUTCOMES: Mapping[str, Outcome] = {
    **dict.fromkeys(("queued", "pending", "running", "cancelling"), "in_progress"),
    "cancelled": "cancelled",
    "failed": "failed",
    "succeeded": "succeeded",
    "timeout": "timed_out",
}


class ExecutionStatus(NamedTuple):
    """An execution's status, compared without case; a word not the API's own counts as unfinished.

    `text` is as the API wrote it, `None` where it gave none, and untrusted unless `known`.
    """

    text: str | None

    @property
    def word(self) -> str:
        """The status in lower case; empty where the API gave none."""
        return (self.text or "").casefold()

    @property
    def known(self) -> bool:
        """Whether the status is one of the API's own words."""
        return self.word in _OUTCOMES

    @property
    def outcome(self) -> Outcome:
        """How the execution ended, or `in_progress`; `unknown` for a word that is not the API's own."""
        return _OUTCOMES.get(self.word, "unknown")

    @property
    def over(self) -> bool:
        """Whether the execution has come to an end."""
        return self.outcome not in {"in_progress", "unknown"}

    @property
    def waiting(self) -> bool:
        """Whether the execution has not started yet."""
        return self.word in {"queued", "pending"}


class CreatedExecution(_Part):
    """The answer to CreateJobExecution: `executionId` is the new execution, `id` only the request."""

    executionId: Text = None
    jobId: Text = None


class Job(_Part):
    """A batch job, with as little structure as is read here."""

    metadata: Annotated[dict[str, Any], _Or(dict)] = {}
    spec: Annotated[dict[str, Any], _Or(dict)] = {}
    status: Text = None

    @property
    def name(self) -> str | None:
        """The job's name, which is its id."""
        name = self.metadata.get("name")
        return name if isinstance(name, str) else None


class LogLine(_Part):
    """A line of a job's log; its severity is a number that appears to be on OpenTelemetry's scale."""

    timestamp: Text = None
    message: Text = None
    severity: Count = None


class PageMeta(_Part):
    """How a list goes on after a page. `total` ignores filters, so it is not the number of matches."""

    hasMore: Annotated[bool | None, _OrNone()] = None
    nextCursor: Text = None
    total: Count = None


class Page(_Part):
    """A page of a list: `{data, meta}` since API version 2026-04-28, a bare array before."""

    data: Annotated[list[Any], _Or(list)] = []
    meta: Annotated[PageMeta, _Or(PageMeta)] = PageMeta()

    @classmethod
    def of(cls, body: Any) -> "Page":
        """Parse a page in either form; any other body is an empty page."""
        if isinstance(body, list):
            return cls(data=body)
        return cls.model_validate(body if isinstance(body, Mapping) else {})


def parse_timestamp(value: Any) -> datetime | None:
    """Parse a timestamp as the API writes it: RFC 3339, 0 to 9 fraction digits, any offset; without one it is UTC.

    Returns:
        The moment in UTC; `None` for year 1 (Go's zero time), an empty string and anything unreadable.
    """
    if not value or not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not UTC:  # what `Z` and `+00:00` are read as
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")


def parse_duration(value: Any) -> int | None:
    """Seconds of a number, a number in a string, or a Go duration (`30m`, `1h30m`); `None` for zero and others."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 < value < 10**10 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return parse_duration(int(text[:11]))
    if not _DURATION.fullmatch(text):
        return None
    return parse_duration(sum(float(n) * _UNITS[unit] for n, unit in _DURATION_PART.findall(text)))


def parse_env_override(value: Any) -> dict[str, Any] | None:
    """Parse `spec.envOverride`, an object or the JSON text of one (the API's own example); `None` for anything else."""
    if isinstance(value, str):
        try:
            value = from_json(value, allow_inf_nan=False)
        except ValueError:
            return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
