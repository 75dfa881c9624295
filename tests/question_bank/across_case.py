"""The form of a case that spans several executions or jobs, and the JSON that the API would send for it.

Times are those of November 2026, written as day and time: `24T02:00` is 2026-11-24T02:00:00Z, a Tuesday. What a Go
backend omits (zero counts, empty values) is omitted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from blaxel_mcp.demo import script
from blaxel_mcp.demo.wire import Job, Verbatim

WORKSPACE = script.WORKSPACE
JOB = "nightly"
CONSOLE = f"https://app.blaxel.ai/{WORKSPACE}/jobs"
GET, LIST, JOBS, COMPARE = "get_job_execution", "list_job_executions", "list_jobs", "compare_job_executions"
STATUSES = {"S": "succeeded", "F": "failed", "C": "cancelled", "T": "timeout", "R": "running", "U": "evicted"}
"""The letters of `series`: the API's statuses, and one that nobody knows."""
YEAR_ONE = "0001-01-01T00:00:00Z"
Json = dict[str, Any]


def day(text: str) -> datetime:
    """`24T02:00` or `24T02:00:05`, of November 2026; `10-30T02:00` of another month."""
    return datetime.fromisoformat(f"2026-{text}" if text[2] == "-" else f"2026-11-{text}").replace(tzinfo=UTC)


def stamped(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


NOW = day("24T09:00")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, and what the right answer holds. Texts are regular expressions, searched in any case.

    Attributes:
        ask: the question in a person's words.
        holds: each is found in the text alone, and in the object alone.
        never: none is found in the text, nor in the object's `summary`, `nextStep` and `warnings`.
        first: each is found in the first line of the prose.
        order: names of jobs, or ids, as the rows must come in either channel.
        facts: values in the object by their dotted paths; numbers are places in a list.
        between: the least and the most that a number in the object may be.
        isnt: values that must not stand at a path of the object.
        present: paths of the object that must be there, whatever they say.
        absent: paths of the object that must not be there.
    """

    ask: str
    holds: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    between: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    isnt: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Case:
    """Jobs and their executions as the API lists them, a call, and what is asked of its answer.

    Attributes:
        kind: which of the bank's kinds it belongs to.
        name: unique in the bank.
        jobs: all jobs of the workspace.
        tool: the tool to call.
        arguments: its arguments.
        questions: what is asked.
        now: the present, which stands still.
        error: whether the answer must be an error; `None` if either will do.
        dark: jobs whose executions the API refuses to list.
    """

    kind: str
    name: str
    jobs: tuple[Job, ...]
    tool: str
    arguments: Mapping[str, Any]
    questions: tuple[Question, ...]
    now: datetime = NOW
    error: bool | None = False
    dark: tuple[str, ...] = ()


def q(ask: str, *holds: str, **more: Any) -> Question:
    """A question, and what both channels hold."""
    return Question(ask=ask, holds=holds, **more)


def run(
    execution_id: str,
    created: str | datetime | None,
    status: str | None = "succeeded",
    took: float | None = 1200,
    *,
    tasks: Sequence[Json] | None = None,
    stats: Any = "usual",
    total: int = 1,
    queued: float = 5,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Json:
    """An execution as GetJobExecution answers.

    Args:
        execution_id: its id.
        created: when it was created; `None` leaves all times out.
        status: its status.
        took: seconds from its start to its end; `None` if it hasn't ended.
        tasks: its list of tasks.
        stats: its counts; else those that its status and tasks make likely, `None` for none.
        total: how many tasks it counts, where it has no list.
        queued: seconds from its creation to its start.
        metadata: replaces fields of its metadata; a value of `None` leaves one out.
        spec: everything else.
    """
    known: Json = {"id": execution_id, "job": JOB, "workspace": WORKSPACE}
    if created is not None:
        at = day(created) if isinstance(created, str) else created
        started = at + timedelta(seconds=queued)
        known["createdAt"] = stamped(at)
        if status not in {"queued", "pending"}:
            known["startedAt"] = stamped(started)
        if took is not None:
            known["completedAt"] = stamped(started + timedelta(seconds=took))
    known |= metadata or {}
    body: Json = {"metadata": {key: value for key, value in known.items() if value is not None}, "spec": spec}
    if status is not None:
        body["status"] = status
    counts = _likely_counts(status, tasks, total) if stats == "usual" else stats
    if counts is not None:
        body["stats"] = counts
    if tasks is not None:
        body["tasks"] = list(tasks)
    return body


def _likely_counts(status: str | None, tasks: Sequence[Json] | None, total: int) -> Json:
    """The counts of tasks, without those that are zero."""
    if tasks is not None:
        states = [task.get("status") for task in tasks]
        words = {"success": "succeeded", "failure": "failed", "cancelled": "cancelled", "running": "running"}
        counts = {"total": len(states), **{key: states.count(word) for key, word in words.items()}}
    else:
        key = {"failed": "failure", "cancelled": "cancelled", "running": "running", "timeout": "failure"}
        word = (status or "").casefold()
        counts = {"total": total}
        if word == "succeeded":
            counts["success"] = total
        elif word in key:
            counts |= {key[word]: 1, "success": total - 1}
    return {key: count for key, count in counts.items() if count}


def series(statuses: str, newest: str = "24T02:00", every: float = 24, took: float = 1200) -> list[Json]:
    """Executions by one letter each (see `STATUSES`), the newest first, so many hours apart.

    Their ids are `night-` with month and day, and the hour where there are several a day. They last `took` seconds,
    or 20 or 40 more; the running ones have no end.
    """
    made = []
    for back, letter in enumerate(statuses):
        at = day(newest) - timedelta(hours=every * back)
        name = f"night-{at:%m%d}" if every % 24 == 0 else f"night-{at:%m%dT%H}"
        made.append(run(name, at, STATUSES[letter], None if letter == "R" else took + 20 * (back % 3)))
    return made


@dataclass(frozen=True, kw_only=True)
class ExactJob(Job):
    """A job with more than one trigger, or none, and with its own history of deployments, or none."""

    triggers: tuple[Json, ...] = ()
    events: tuple[Json, ...] | None = None

    def wire(self) -> Json:
        """The job as JSON."""
        body = Job.wire(self)
        if self.triggers:
            body["spec"]["triggers"] = list(self.triggers)
        if self.events is not None:
            del body["events"]
        return body | ({"events": list(self.events)} if self.events else {})


def cron(schedule: Any, number: int = 1, **more: Any) -> Json:
    """A trigger by schedule; that it is enabled goes without saying."""
    return {"id": f"trigger-{number}", "type": "cron", "configuration": {"schedule": schedule}, **more}


def job(
    executions: Sequence[Json] = (),
    *triggers: Json,
    name: str = JOB,
    created: str = "01T00:00",
    **more: Any,
) -> ExactJob:
    """A job with these executions, which are listed in the order given, whatever their times say."""
    first = day("01T12:00")  # before any present; places in the list count, not times
    listed = [
        Verbatim(body["metadata"]["id"], first - timedelta(seconds=place), _of(body, name))
        for place, body in enumerate(executions)
    ]
    return ExactJob(
        name=name, created=day(created), workspace=WORKSPACE, executions=tuple(listed), triggers=triggers, **more
    )


def _of(body: Json, name: str) -> Json:
    """The execution as one of the job with that name."""
    return {**body, "metadata": {**body["metadata"], "job": name}}


def task(name: str, status: str = "succeeded", seconds: float = 60, message: str = "", reason: str = "") -> Json:
    """A task that started at 02:00:05 on the 24th, and why it failed."""
    begun = day("24T02:00:05")
    made: Json = {
        "metadata": {
            "name": name,
            "startedAt": stamped(begun),
            "completedAt": stamped(begun + timedelta(seconds=seconds)),
        },
        "status": status,
    }
    if message:
        made["conditions"] = [
            {
                "type": "Completed",
                "state": "CONDITION_FAILED",
                "severity": "ERROR",
                "reason": reason or "NonZeroExitCode",
                "message": message,
            }
        ]
    return made
