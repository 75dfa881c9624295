"""The one thing to do next. Only our own words, numbers, and ids that are plainly ids: never text from the API."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import format_duration

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9])?")
# The amount beside the word limit, on either side: what was used beyond it is no limit.
_AMOUNT = r"(\d{1,7}(?:\.\d{1,3})?)\s?([MG])(?:i?B?)\b"
_LIMIT = (
    re.compile(r"\blimit\b(?: (?:of|is|was|at))?[\s:=(]{0,3}" + _AMOUNT, re.IGNORECASE),
    re.compile(r"\b" + _AMOUNT + r" (?:memory )?limit\b", re.IGNORECASE),
)
_TASK_NAME_CHARACTERS = 40


def plain(text: str) -> bool:
    """Whether it can only be read as a name: letters, digits, `.`, `_`, `-`, at most 80 of them."""
    return _PLAIN.fullmatch(text) is not None


def _plain_name(text: str) -> bool:
    """Task names are the workload's: a shorter bound, so that none is long enough to be a sentence in disguise."""
    return plain(text) and len(text) <= _TASK_NAME_CHARACTERS


@dataclass(frozen=True, slots=True)
class Situation:
    """What the choice depends on. The ids are those that were asked for; `memory_mb` is the execution's own."""

    job_id: str
    execution_id: str
    status: str
    outcome: str
    failures: Sequence[FailureGroup]
    timing: Timing
    memory_mb: int | None
    poll_after: int | None
    stalled: bool = False


def choose(situation: Situation) -> str:
    """One sentence."""
    match situation.outcome:
        case "in_progress" if situation.stalled:
            return _logs(situation, "to see what the running tasks are doing")
        case "in_progress" | "unknown":
            return again(situation.job_id, situation.execution_id, situation.poll_after)
        case "cancelled":
            return "Nothing to do, unless the rest is still wanted: then run the job again."
        case "succeeded" if not situation.failures:
            return "Nothing to do."
        case _:
            return _after_failure(situation)


def again(job_id: str, execution_id: str, poll_after: int | None) -> str:
    """To ask the same once more, after a while."""
    wait = f"in {poll_after}s" if poll_after else "later"
    return f"Call get_job_execution with {_arguments(job_id, execution_id)} again {wait}."


def go_on_waiting(job_id: str, execution_id: str) -> str:
    """To wait some more, at once: the waiting is done by the tool."""
    return f"Call wait_for_job_execution with {_arguments(job_id, execution_id)} to go on waiting."


def _arguments(job_id: str, execution_id: str) -> str:
    if plain(job_id) and plain(execution_id):
        return f'jobId "{job_id}" and executionId "{execution_id}"'
    return "the same arguments"


def _logs(situation: Situation, purpose: str, task: str | None = None) -> str:
    if plain(situation.job_id) and plain(situation.execution_id):
        arguments = f'jobId "{situation.job_id}" and executionId "{situation.execution_id}"'
        named = f' and taskName "{task}"' if task else ""
        return f"Call get_job_execution_logs with {arguments}{named} {purpose}."
    return f"Read the logs in the Blaxel console {purpose}."


def _after_failure(situation: Situation) -> str:
    # The largest group that says anything: what has no reason at all leads nowhere.
    group = next((group for group in situation.failures if group.message), None)
    cause = group.cause if group else "unknown"
    match cause:
        case "out_of_memory" if group:
            limit = memory_limit_mb(group.message) or situation.memory_mb
            above = f" above {limit} MB" if limit else ""
            return f"Raise the job's memory{above} and run it again, or give each task less to hold."
        case "image":
            return "Check that the job's image exists and may be pulled; deploying the job again rebuilds it."
        case "configuration":
            return "Mend the job's configuration that the message names, deploy it, and run it again."
        case "platform":
            return "Run the job again: the platform ended these tasks, not the program."
        case _ if situation.outcome == "timed_out" or cause == "timed_out":
            limit_s = situation.timing.timeout
            above = f" above {format_duration(limit_s)}" if limit_s else ""
            return f"Raise the job's timeout{above}, or split the work into smaller tasks, and run it again."
        case _:
            name = next((n for group in situation.failures for n in group.tasks if _plain_name(n)), None)
            return _logs(situation, "for the reason", name)


def memory_limit_mb(message: str) -> int | None:
    """The memory limit that a message names, in MB."""
    for pattern in _LIMIT:
        if found := pattern.search(message[:1000]):
            return round(float(found[1]) * (1024 if found[2] in "gG" else 1)) or None
    return None
