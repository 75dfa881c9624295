"""The one thing to do next, and when to ask again. Only our own words, numbers, and ids that can only be ids."""

import re
from collections.abc import Sequence

from blaxel_mcp.models import ExecutionStatus
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.redact import redact
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import format_duration

_PLAIN_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9])?")
# The amount beside the word limit, on either side: what was used beyond it is no limit.
_AMOUNT = r"(\d{1,7}(?:\.\d{1,3})?)\s?([MG])(?:i?B?)\b"
_MEMORY_LIMIT = (
    re.compile(r"\blimit\b(?: (?:of|is|was|at))?[\s:=(]{0,3}" + _AMOUNT, re.IGNORECASE),
    re.compile(r"\b" + _AMOUNT + r" (?:memory )?limit\b", re.IGNORECASE),
)
_TASK_NAME_CHARACTERS = 40
"""Task names are the workload's: a shorter bound than other ids have, so that none can be a sentence in disguise."""


def is_plain_id(text: str) -> bool:
    """Whether a text can only be read as an id: at most 80 letters, digits, `.`, `_`, `-`, and no credential."""
    return _PLAIN_ID.fullmatch(text) is not None and not redact(text).masked


def suggest_next_step(
    asked: tuple[str, str],
    *,
    status: ExecutionStatus,
    failures: Sequence[FailureGroup],
    timing: Timing,
    memory_mb: int | None,
    poll_after: int | None,
) -> str:
    """One sentence that says what to do next.

    Args:
        asked: ids of job and execution.
        status: how the execution stands.
        failures: its failed tasks, the largest group first.
        timing: its times.
        memory_mb: the memory that the execution itself was given, in MB.
        poll_after: when it makes sense to ask again, in seconds.
    """
    match status.outcome:
        case "in_progress" if timing.stalled is not None:
            return _read_logs(asked, "to see what the running tasks are doing")
        case "in_progress" | "unknown":
            return ask_again(*asked, poll_after)
        case "cancelled":
            return "Nothing to do, unless the rest is still wanted: then run the job again."
        case "succeeded" if not failures:
            return "Nothing to do."
        case _:
            return _after_failure(asked, status, failures, timing, memory_mb)


def _after_failure(
    asked: tuple[str, str],
    status: ExecutionStatus,
    failures: Sequence[FailureGroup],
    timing: Timing,
    memory_mb: int | None,
) -> str:
    # The largest group that says anything: one without a reason leads nowhere.
    group = next((group for group in failures if group.message), None)
    cause = group.cause if group else "unknown"
    match cause:
        case "out_of_memory" if group:
            limit = memory_limit_mb(group.message) or memory_mb
            above = f" above {limit} MB" if limit else ""
            return f"Raise the job's memory{above} and run it again, or give each task less to hold."
        case "image":
            return "Check that the job's image exists and may be pulled; deploying the job again rebuilds it."
        case "configuration":
            return "Mend the job's configuration that the message names, deploy it, and run it again."
        case "platform":
            return "Run the job again: the platform ended these tasks, not the program."
        case _ if "timed_out" in {status.outcome, cause}:
            above = f" above {format_duration(timing.timeout)}" if timing.timeout else ""
            return f"Raise the job's timeout{above}, or split the work into smaller tasks, and run it again."
        case _:
            names = (name for group in failures for name in group.tasks)
            named = next((name for name in names if is_plain_id(name) and len(name) <= _TASK_NAME_CHARACTERS), None)
            return _read_logs(asked, "for the reason", named)


def ask_again(job_id: str, execution_id: str, poll_after: int | None) -> str:
    """The next step that asks the same once more after `poll_after` seconds."""
    wait = f"in {poll_after}s" if poll_after else "later"
    return f"Call get_job_execution with {call_arguments(job_id, execution_id) or 'the same arguments'} again {wait}."


def wait_again(job_id: str, execution_id: str) -> str:
    """The next step that goes on waiting at once, since the tool itself does the waiting."""
    arguments = call_arguments(job_id, execution_id) or "the same arguments"
    return f"Call wait_for_job_execution with {arguments} to go on waiting."


def _read_logs(asked: tuple[str, str], purpose: str, task: str | None = None) -> str:
    arguments = call_arguments(*asked)
    if not arguments:
        return f"Read the logs in the Blaxel console {purpose}."
    named = f' and taskName "{task}"' if task else ""
    return f"Call get_job_execution_logs with {arguments}{named} {purpose}."


def call_arguments(job_id: str, execution_id: str) -> str:
    """The two ids as a tool's arguments inside a sentence; empty unless both are plain ids."""
    plain = is_plain_id(job_id) and is_plain_id(execution_id)
    return f'jobId "{job_id}" and executionId "{execution_id}"' if plain else ""


def memory_limit_mb(message: str) -> int | None:
    """The memory limit that a message names, in MB."""
    for pattern in _MEMORY_LIMIT:
        if found := pattern.search(message[:1000]):
            return round(float(found[1]) * (1024 if found[2] in "gG" else 1)) or None
    return None


def seconds_to_next_poll(status: ExecutionStatus, timing: Timing) -> int | None:
    """Seconds after which the answer may have changed enough to ask again; `None` once the execution is over."""
    if status.over:
        return None
    if status.word != "running":
        return limits.POLL_WAITING_SECONDS
    if timing.estimate is not None:
        shortest, longest = limits.POLL_ESTIMATED_SECONDS
        return min(longest, max(shortest, timing.estimate.seconds // 2))
    shortest, longest = limits.POLL_SECONDS
    return min(longest, max(shortest, (timing.running or 0) // 10))
