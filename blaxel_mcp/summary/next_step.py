"""The one thing to do next, and when to ask again. Only our own words, numbers, and ids that can only be ids."""

import re

from blaxel_mcp.models import ExecutionStatus
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSES
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.redact import redact
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import format_duration, plural

_PLAIN_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9])?")
# The amount beside the word limit, on either side: what was used beyond it is no limit.
_AMOUNT = r"(\d{1,7}(?:\.\d{1,3})?)\s?([MG])(?:i?B?)\b"
_MEMORY_LIMIT = (
    re.compile(r"\blimit\b(?: (?:of|is|was|at))?[\s:=(]{0,3}" + _AMOUNT, re.IGNORECASE),
    re.compile(r"\b" + _AMOUNT + r" (?:memory )?limit\b", re.IGNORECASE),
)
_SECONDS_SHOWN = 120
"""Up to so many seconds a wait is told in seconds."""
_TASK_NAME_CHARACTERS = 40
"""Task names are the workload's: a shorter bound than other ids have, so that none can be a sentence in disguise."""


def is_plain_id(text: str) -> bool:
    """Whether a text can only be read as an id: at most 80 letters, digits, `.`, `_`, `-`, and no credential."""
    return _PLAIN_ID.fullmatch(text) is not None and not redact(text).masked


def suggest_next_step(summary: ExecutionSummary) -> str:
    """One sentence that says what to do next about an execution."""
    outcome, asked = summary.status.outcome, summary.asked
    match outcome:
        case "in_progress" if summary.failing_fast:
            return _cancel(asked)
        case "in_progress" if summary.timing.stalled is not None:
            return _read_logs(asked, "to see what the running tasks are doing")
        case "in_progress" | "unknown":
            return ask_again(*asked, summary.poll_after)
        case "cancelled":
            return f"Nothing to do, unless the rest is still wanted: then run the job again{_repeats(summary)}."
        case "succeeded" if not summary.failures and not summary.counts.failed:
            return "Nothing to do."
        case _:
            return _after_failure(summary)


def _after_failure(summary: ExecutionSummary) -> str:
    # The largest group that says anything: one without a reason leads nowhere.
    group = next((group for group in summary.failures if group.reason.text), None)
    if advice := _advice(summary, group, _repeats(summary)):
        return advice
    if not summary.tasks_known and not summary.tasks_read and summary.counts.failed != 0:
        return _list_tasks(summary.asked)
    names = (name for group in summary.failures for name in group.tasks)
    named = next((name for name in names if is_plain_id(name) and len(name) <= _TASK_NAME_CHARACTERS), None)
    return _read_logs(summary.asked, "for the reason", named)


def _advice(summary: ExecutionSummary, group: FailureGroup | None, repeats: str) -> str:
    """What to do about a reason that is known; empty where none is."""
    cause = group.cause if group else "unknown"
    advice = ""
    if group and cause in {"out_of_memory", "killed"}:
        advice = _more_memory(group, summary.memory_mb, repeats)
        if cause == "killed":
            advice = f"Memory has most likely run out: {advice[0].lower()}{advice[1:]}"
    elif group and cause == "timed_out":
        advice = _more_time(group.timeout or summary.timing.timeout, "a task", repeats)
    elif summary.status.outcome == "timed_out":
        advice = _after_timeout(summary, repeats)
    elif group and CAUSES[cause].advice:
        advice = f"{CAUSES[cause].advice.removesuffix('.')}{repeats}."
    elif group and not group.unexplained:
        advice = f"Fix that error in the program or in its input, then run the job again{repeats}."
    return advice


def _repeats(summary: ExecutionSummary) -> str:
    """What running the job again costs: `; that repeats the 37 tasks that succeeded`."""
    succeeded = summary.counts.succeeded
    return f"; that repeats the {plural(succeeded, 'task')} that succeeded" if succeeded else ""


def _more_memory(group: FailureGroup, override: int | None, repeats: str) -> str:
    limit = memory_limit_mb(group.message) or memory_limit_mb(group.reason.text)
    if override and limit in {None, override}:
        return (
            f"Run the job again without the memory override of {override:,} MB, which can only lower the job's memory, "
            f"or give each task less to hold{repeats}."
        )
    above = f" above {limit:,} MB" if limit else ""
    return f"Raise the job's memory{above}, or give each task less to hold, and run it again{repeats}."


def _more_time(timeout: int | None, whose: str, repeats: str) -> str:
    if timeout and timeout >= limits.LONGEST_TIMEOUT:
        return f"Split the work into smaller tasks and run it again{repeats}: the timeout is the longest there is, 24h."
    above = f" above {format_duration(timeout)}" if timeout else ""
    return f"Raise the timeout of {whose}{above}, or split the work into smaller tasks, and run it again{repeats}."


def _after_timeout(summary: ExecutionSummary, repeats: str) -> str:
    """What to do about an execution that ran out of time while none of its tasks is known to have."""
    timing, parallelism = summary.timing, summary.parallelism
    unfinished = summary.counts.total is None or (summary.counts.succeeded or 0) < summary.counts.total
    if timing.timeout and timing.longest and timing.longest.seconds >= limits.TIMEOUT_REACHED_SHARE * timing.timeout:
        return _more_time(timing.timeout, "the job", repeats)
    if parallelism and unfinished:
        longer = ""
        if timing.timeout and timing.timeout < limits.LONGEST_TIMEOUT:
            longer = f", or the timeout above {format_duration(timing.timeout)}"
        return f"Raise the parallelism above {parallelism:,}{longer}, and run the job again{repeats}."
    return _more_time(timing.timeout, "the job", repeats)


def _cancel(asked: tuple[str, str]) -> str:
    if arguments := call_arguments(*asked):
        return f"Cancel it, by cancel_job_execution with {arguments} if that tool is there, and fix the cause first."
    return "Cancel it in the Blaxel console, and fix the cause first."


def _list_tasks(asked: tuple[str, str]) -> str:
    arguments = call_arguments(*asked)
    if not arguments:
        return "See its failed tasks in the Blaxel console."
    return f'Call list_job_execution_tasks with {arguments} and status "failed" for the reasons.'


def ask_again(job_id: str, execution_id: str, poll_after: int | None) -> str:
    """The next step that asks the same once more after `poll_after` seconds."""
    wait = "later"
    if poll_after:
        wait = f"in {poll_after}s" if poll_after <= _SECONDS_SHOWN else f"in {format_duration(poll_after)}"
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
        shortest, longest = limits.POLL_WAITING_SECONDS
        return min(longest, max(shortest, (timing.queued or 0) // 10)) if status.waiting else shortest
    if timing.estimate is not None:
        shortest, longest = limits.POLL_ESTIMATED_SECONDS
        return min(longest, max(shortest, timing.estimate.seconds // 2))
    shortest, longest = limits.POLL_SECONDS
    return min(longest, max(shortest, (timing.running or 0) // 10))
