"""An execution as one value that says everything worth saying about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from blaxel_mcp.models import JobExecution, parse_env_override, parse_timestamp
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.contradictions import find_contradictions
from blaxel_mcp.summary.counts import TaskCounts, count_tasks
from blaxel_mcp.summary.failures import FailureGroup, group_failures
from blaxel_mcp.summary.limits import STATUS_CHARACTERS
from blaxel_mcp.summary.next_step import Situation, choose
from blaxel_mcp.summary.tasks import survey
from blaxel_mcp.summary.timing import Timing, Usual, measure, poll_after
from blaxel_mcp.summary.verdicts import find_verdicts

Outcome: TypeAlias = Literal["succeeded", "failed", "cancelled", "timed_out", "in_progress", "unknown"]

# The API's status and ours. `cancelling` is not the end; a word that is not here is not one either.
OUTCOMES: dict[str, Outcome] = {
    "queued": "in_progress",
    "pending": "in_progress",
    "running": "in_progress",
    "cancelling": "in_progress",
    "cancelled": "cancelled",
    "failed": "failed",
    "succeeded": "succeeded",
    "timeout": "timed_out",
}


@dataclass(frozen=True, slots=True)
class Previous:
    """The execution before the newest one, for whoever asked for `latest` while that one still waits."""

    execution_id: str
    status: str
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Latest:
    """That `latest` was asked for, and what the execution before came to, where that was looked up."""

    previous: Previous | None = None


@dataclass(frozen=True, slots=True)
class ExecutionSummary:
    """Everything there is to say, as values; strings that come from the API are uncleaned but for `status`.

    `preface` is a sentence of ours that comes first: what was done before this was looked at.
    """

    status: str
    outcome: Outcome
    counts: TaskCounts
    failures: Sequence[FailureGroup]
    failures_omitted: int
    warnings: Sequence[str]
    timing: Timing
    next_step: str
    poll_after: int | None
    parallelism: int | None
    memory_mb: int | None
    override_names: Sequence[str]
    job_id: str
    execution_id: str
    workspace: str
    asked: tuple[str, str]
    now: datetime
    latest: Latest | None = None
    preface: str = ""

    @property
    def done(self) -> bool:
        """Whether it has come to an end."""
        return self.outcome not in {"in_progress", "unknown"}


def outcome_of(status: str | None) -> Outcome:
    """What a status means, whatever its case."""
    return OUTCOMES.get((status or "").casefold(), "unknown")


def previous_of(execution: JobExecution) -> Previous:
    """The little that is said of the execution before."""
    metadata = execution.metadata
    return Previous(metadata.id or "", (execution.status or "").casefold(), parse_timestamp(metadata.completedAt))


def summarize(
    execution: JobExecution,
    *,
    asked: tuple[str, str],
    workspace: str | None,
    now: datetime,
    usual: Usual | None = None,
    latest: Latest | None = None,
) -> ExecutionSummary:
    """A pure function of its arguments.

    Args:
        execution: what the API answered.
        asked: job and execution as asked for, `latest` already resolved.
        workspace: the one that was called, for answers that do not name it.
        now: the present, in UTC.
        usual: how long the job usually runs, where that is known.
        latest: set if the newest execution was asked for.
    """
    word = (execution.status or "").casefold()
    outcome = outcome_of(word)
    done = outcome not in {"in_progress", "unknown"}
    found = survey(execution.task_list, parse_timestamp(execution.metadata.completedAt) if done else now)
    counts = count_tasks(execution.stats, found)
    failures, failures_omitted = group_failures(found.failed, counts.failed)
    timing = measure(execution, found, counts, status=word, done=done, now=now, usual=usual)
    verdicts = find_verdicts(execution, found, counts, timing, status=word, now=now)
    stalled = any(verdict.kind == "stalled" for verdict in verdicts)
    if stalled:
        # What its finished tasks took says nothing about tasks that no longer move.
        timing = replace(timing, estimate=None)
    wait = None if done else poll_after(word, timing)
    memory_mb = execution.spec.memoryOverride or None
    return ExecutionSummary(
        status=word if word in OUTCOMES else clean(execution.status or "", STATUS_CHARACTERS),
        outcome=outcome,
        counts=counts,
        failures=failures,
        failures_omitted=failures_omitted,
        warnings=[
            *find_contradictions(execution, found, counts, asked=asked, now=now),
            *(verdict.sentence for verdict in verdicts),
        ],
        timing=timing,
        next_step=choose(
            Situation(
                job_id=asked[0],
                execution_id=asked[1],
                status=word,
                outcome=outcome,
                failures=failures,
                timing=timing,
                memory_mb=memory_mb,
                poll_after=wait,
                stalled=stalled,
            )
        ),
        poll_after=wait,
        parallelism=execution.spec.parallelism,
        memory_mb=memory_mb,
        override_names=list(parse_env_override(execution.spec.envOverride) or ()),
        job_id=execution.metadata.job or asked[0],
        execution_id=execution.metadata.id or asked[1],
        workspace=execution.metadata.workspace or workspace or "",
        asked=asked,
        now=now,
        latest=latest,
    )
