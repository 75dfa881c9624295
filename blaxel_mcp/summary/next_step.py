"""The one thing to do next, and when to ask again. Only our own words, numbers, and ids that can only be ids."""

import re
from collections.abc import Iterable, Mapping

from blaxel_mcp.advice import advice
from blaxel_mcp.models import ExecutionStatus
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSES, classify
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.patterns import lazy_compile
from blaxel_mcp.summary.redact import redact
from blaxel_mcp.summary.schedule import needs_attention
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import format_duration, lower_first, plural

_PLAIN_ID = lazy_compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9])?")
# The amount beside the word limit, on either side: what was used beyond it is no limit.
_AMOUNT = r"(\d{1,7}(?:\.\d{1,3})?)\s?([MG])(?:i?B?)\b"
_MEMORY_LIMIT = (
    lazy_compile(r"\blimit\b(?: (?:of|is|was|at))?[\s:=(]{0,3}" + _AMOUNT, re.IGNORECASE),
    lazy_compile(r"\b" + _AMOUNT + r" (?:memory )?limit\b", re.IGNORECASE),
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
    match summary.status.outcome:
        case "in_progress" | "unknown":
            return _while_unfinished(summary)
        case "cancelled":
            return f"Nothing to do, unless the rest is still wanted: then run the job again{_repeats(summary)}."
        case "succeeded" if not summary.failures and not summary.counts.failed:
            if summary.schedule and needs_attention(summary.schedule):
                return "See in the Blaxel console why the job's schedule did not start it again, or run it by hand."
            return "Nothing to do."
        case _:
            return _after_failure(summary)


def _while_unfinished(summary: ExecutionSummary) -> str:
    if summary.failing_fast:
        return _cancel(summary.asked)
    if summary.timing.stalled is not None:
        return _after_stall(summary)
    if summary.status.waiting and (advice := _advice_while_waiting(summary)):
        return advice
    return ask_again(*summary.asked, summary.poll_after)


def _after_stall(summary: ExecutionSummary) -> str:
    task = summary.timing.longest_running
    if task is None:
        return "Cancel it and run the job again, or ask Blaxel why none of its tasks starts."
    return _read_logs(summary.asked, "to see what that task is doing", _plain_name([task.name]))


def _advice_while_waiting(summary: ExecutionSummary) -> str:
    """What to do about an execution whose tasks wait for something that waiting does not bring; empty for others."""
    causes = (classify([], remark.text) for remark in summary.remarks)
    cause = next((cause for cause in causes if cause in {"image", "configuration", "permission"}), None)
    return f"Do not wait: {lower_first(CAUSES[cause].advice)}" if cause else ""


def _plain_name(names: Iterable[str]) -> str | None:
    """The first name of a task that can only be read as one."""
    return next((name for name in names if is_plain_id(name) and len(name) <= _TASK_NAME_CHARACTERS), None)


def _after_failure(summary: ExecutionSummary) -> str:
    # The largest group that says anything: one without a reason leads nowhere.
    group = next((group for group in summary.failures if group.reason.text), None)
    if advice := _advice(summary, group, _repeats(summary)):
        return advice
    if not summary.tasks_known and not summary.tasks_read and summary.counts.failed != 0:
        return _list_tasks(summary.asked)
    if summary.never_started:
        return (
            "Check the job's deployment, its image and the workspace's quota in the Blaxel console, then run it again."
        )
    named = _plain_name(name for group in summary.failures for name in group.tasks)
    return _read_logs(summary.asked, "for the reason", named)


def _advice(summary: ExecutionSummary, group: FailureGroup | None, repeats: str) -> str:
    """What to do about a reason that is known; empty where none is."""
    if group and group.cause in {"out_of_memory", "killed"}:
        more = _more_memory(group, summary.memory_mb, repeats)
        return f"Memory has most likely run out: {lower_first(more)}" if group.cause == "killed" else more
    if group and group.cause == "timed_out":
        return _more_time(group.timeout or summary.timing.timeout, "a task", repeats)
    if summary.status.outcome == "timed_out":
        return _after_timeout(summary, repeats)
    if group and CAUSES[group.cause].advice:
        return f"{CAUSES[group.cause].advice.removesuffix('.')}{repeats}."
    if (group and not group.unexplained and not summary.never_started) or (
        group is None and summary.evidence is not None and summary.evidence.log.sure
    ):
        return f"Fix that error in the program or in its input, then run the job again{repeats}."
    return ""


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
    if "heap" in group.reason.text.casefold():  # a heap has a limit of its own, below the job's memory
        return f"Raise the limit of the program's heap, and the job's memory{above} with it, and run it again{repeats}."
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
    if parallelism and unfinished and (summary.counts.total is None or summary.counts.total > parallelism):
        longer = ""
        if timing.timeout and timing.timeout < limits.LONGEST_TIMEOUT:
            longer = f", or the timeout above {format_duration(timing.timeout)}"
        return f"Raise the parallelism above {parallelism:,}{longer}, and run the job again{repeats}."
    return _more_time(timing.timeout, "the job", repeats)


def _cancel(asked: tuple[str, str]) -> str:
    if arguments := call_arguments(*asked):
        return f"{advice().cancel(arguments)}, and fix the cause before running the job again."
    return "Cancel it in the Blaxel console, and fix the cause before running the job again."


def _list_tasks(asked: tuple[str, str]) -> str:
    arguments = call_arguments(*asked)
    if not arguments:
        return "See its failed tasks in the Blaxel console."
    return f"{advice().call('list_job_execution_tasks', {**arguments, 'status': 'failed'})} for the reasons."


def ask_again(job_id: str, execution_id: str, poll_after: int | None) -> str:
    """The next step that asks the same once more after `poll_after` seconds."""
    wait = "later"
    if poll_after:
        wait = f"in {poll_after}s" if poll_after <= _SECONDS_SHOWN else f"in {format_duration(poll_after)}"
    return advice().look_again(call_arguments(job_id, execution_id), wait)


def _read_logs(asked: tuple[str, str], purpose: str, task: str | None = None) -> str:
    arguments = call_arguments(*asked)
    if not arguments:
        return f"Read the logs in the Blaxel console {purpose}."
    named = {"taskName": task} if task else {}
    return f"{advice().call('get_job_execution_logs', {**arguments, **named})} {purpose}."


def call_arguments(job_id: str, execution_id: str) -> Mapping[str, str]:
    """The two ids as a tool's arguments; empty unless both are plain ids."""
    plain = is_plain_id(job_id) and is_plain_id(execution_id)
    return {"jobId": job_id, "executionId": execution_id} if plain else {}


def memory_limit_mb(message: str) -> int | None:
    """The memory limit that a message names, in MB."""
    for pattern in _MEMORY_LIMIT:
        if found := pattern.search(message[:1000]):
            return round(float(found[1]) * (1024 if found[2].upper() == "G" else 1)) or None
    return None


def seconds_to_next_poll(status: ExecutionStatus, timing: Timing) -> int | None:
    """Seconds after which the answer may have changed enough to ask again; `None` once the execution is over."""
    if status.over:
        return None
    if status.word != "running":
        shortest, longest = limits.POLL_WAITING_SECONDS
        return min(longest, max(shortest, (timing.queued or 0) // 10)) if status.waiting else shortest
    shortest, longest = limits.POLL_SECONDS
    seconds = (timing.running or 0) // 10
    if timing.estimate is not None:
        shortest, longest = limits.POLL_ESTIMATED_SECONDS
        seconds = (timing.estimate.low if timing.estimate.seconds is None else timing.estimate.seconds) // 2
    # It may end at its timeout.
    left = longest if timing.seconds_to_timeout is None else timing.seconds_to_timeout
    return max(shortest, min(longest, seconds, left))
