"""The prose of a comparison of two executions: a head of a few sentences, then lines of tasks and causes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSES
from blaxel_mcp.summary.compare import Comparison
from blaxel_mcp.summary.compare_tasks import SlowedTask, TaskChanges
from blaxel_mcp.summary.detail import Detail
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.text import other_execution_sentence
from blaxel_mcp.summary.wording import (
    format_duration,
    format_moment,
    plural,
)

_SAME_SECONDS = 1
_SAME_SHARE = 0.02
"""Two durations are told as the same when they are no further apart than so many seconds, and than such a share."""


def changes_shown(detail: Detail) -> int:
    """How many changes of configuration an answer names at this level of detail."""
    return 8 if detail.asides else 3 if detail.warnings else 2


def sentences(comparison: Comparison, detail: Detail) -> Iterator[str]:
    """The sentences of the head; some may be empty."""
    yield from dict.fromkeys(
        other_execution_sentence(one, detail) for one in (comparison.execution, comparison.baseline)
    )
    yield _verdict(comparison, detail)
    yield _duration(comparison)
    yield _queueing(comparison)
    yield _drift(comparison.tasks)
    yield _between(comparison, detail)


def _verdict(comparison: Comparison, detail: Detail) -> str:
    """Both outcomes, then the tasks: `"b" failed where "a" succeeded: 3 of 40 tasks newly fail, 37 as before.`."""
    here, there = comparison.execution, comparison.baseline
    name, other = (detail.quote(one.asked[1], detail.identity) for one in (here, there))
    if created := there.timing.created:
        later = ", later" if comparison.baseline_is_newer else ""
        other += f" (created {format_moment(created, comparison.now)}{later})"
    outcome, earlier = (_outcome(one, detail) for one in (here, there))
    if here.done and outcome == earlier:
        both = outcome.replace("was", "were").replace("it started", "they started")
        outcomes = f"{name} and {other} both {both}"
    elif here.done:
        outcomes = f"{name} {outcome} where {other} {earlier}"
    else:
        outcomes = f"{name} {outcome}; {other} {earlier}"
    tasks, found = comparison.tasks, list[str]()
    if not ((tasks and tasks.matched and tasks.whole) or here.status.waiting or here.never_started):
        counts = _failed_count(here, ""), _failed_count(there, " in the baseline")
        found.append(", ".join(filter(None, counts)))
    if tasks and tasks.matched and (tasks.compared or tasks.not_over):
        found.append(", ".join(_task_parts(comparison, tasks, detail)))
    said = "; ".join(filter(None, found))
    return f"{outcomes}: {said}." if said else f"{outcomes}."


def _outcome(summary: ExecutionSummary, detail: Detail) -> str:
    status, unstarted = summary.status, " before it started" if summary.never_started else ""
    match status.outcome:
        case "succeeded" | "failed":
            return f"{status.outcome}{unstarted}"
        case "timed_out":
            return f"timed out{unstarted}"
        case "cancelled":
            return f"was cancelled{unstarted}"
        case "in_progress":
            return f"is not over yet ({status.word})"
        case _:
            return (
                f"has status {detail.quote(status.text, limits.STATUS_CHARACTERS)}" if status.text else "has no status"
            )


def _task_parts(comparison: Comparison, tasks: TaskChanges, detail: Detail) -> list[str]:
    """What became of the tasks, by number; the newly failing ones by their first names, too."""
    newer, over = comparison.baseline_is_newer, comparison.execution.done
    fails = ("failed only here", "failed only here") if newer else ("newly fails", "newly fail")
    still = ("failed in both", "failed in both") if newer else ("still fails", "still fail")
    recovered = "failed only in the baseline" if newer else "recovered"
    unfinished = "did not finish" if over else "cancelled"
    same = "as in the baseline" if newer else "as before"
    added = f"added ({tasks.added_failed:,} of them failed)" if tasks.added_failed else "added"
    total = tasks.compared + tasks.not_over + len(tasks.added)
    whole = "" if tasks.whole else " compared"
    named = [
        (len(tasks.newly_failing), fails),
        (len(tasks.still_failing), still),
        (len(tasks.recovered), (recovered, recovered)),
        (len(tasks.unfinished), (unfinished, unfinished)),
        (tasks.not_over, ("not over yet", "not over yet")),
        (len(tasks.added), (added, added)),
        (tasks.unchanged, (same, same)),
    ]
    if tasks.not_over == total:
        none = f"its one task{whole} is not" if total == 1 else f"none of {total:,} tasks{whole} is"
        return [f"{none} over yet", *_slowed_and_gone(tasks)]
    parts: list[str] = []
    for number, (one, several) in named:
        if number:
            count = f"{number:,}" if parts else f"{number:,} of {plural(total, 'task')}{whole}"
            if number == total:
                count = f"its one task{whole}" if total == 1 else f"all {total:,} tasks{whole}"
            names = f" ({_names(tasks.newly_failing, detail)})" if several == fails[1] and detail.task_names else ""
            parts.append(f"{count} {one if number == 1 else several}{names}")
    return parts + _slowed_and_gone(tasks)


def _slowed_and_gone(tasks: TaskChanges) -> list[str]:
    named = ((len(tasks.gone), "gone"), (len(tasks.slowed), "slowed down"))
    return [f"{number:,} {word}" for number, word in named if number]


def _failed_count(summary: ExecutionSummary, where: str) -> str:
    counts = summary.counts
    failed = counts.failed
    if failed is None and counts.total and counts.succeeded == counts.total:
        failed = 0
    if failed is None:
        return f"{plural(counts.total, 'task')}{where}" if counts.total else ""
    number = f"{failed:,}" if failed else "none"
    return f"{number} of {plural(counts.total, 'task')} failed{where}" if counts.total else f"{number} failed{where}"


def _duration(comparison: Comparison) -> str:
    here, there = comparison.execution, comparison.baseline
    seconds, other = here.timing.running, there.timing.running
    if seconds is None:
        return ""
    ran = format_duration(seconds)
    so_far = "" if there.done else " so far"
    if not here.done:
        took = f"; the baseline took {format_duration(other)}{so_far}" if other is not None else ""
        return f"It has run for {ran}{took}."
    if other is None:
        return f"It ran {ran}."
    took, longer = f"{format_duration(other)}{so_far}", seconds - other
    if abs(longer) <= max(_SAME_SECONDS, _SAME_SHARE * other):
        return f"It ran {ran}, about as long as the baseline{f' ({took})' if took != ran else ''}."
    both = here.status.outcome == there.status.outcome == "succeeded"
    slower, faster = ("slower", "faster") if both else ("longer", "shorter")
    word = slower if longer > 0 else faster
    return f"It ran {ran}, {format_duration(abs(longer))} {word} than the baseline ({took})."


def _queueing(comparison: Comparison) -> str:
    """How long each waited before its start, where one waited for long and the other did not."""
    queued, other = comparison.execution.timing.queued, comparison.baseline.timing.queued
    if queued is None or other is None or abs(queued - other) < limits.QUEUED_SHOWN_SECONDS:
        return ""
    has = "has " if comparison.execution.status.waiting else ""
    return f"It {has}waited {format_duration(queued)} to start, the baseline {format_duration(other)}."


def _drift(tasks: TaskChanges | None) -> str:
    drift = tasks.drift if tasks else None
    if drift is None or 1 / limits.DRIFT_SHOWN < drift.factor < limits.DRIFT_SHOWN:
        return ""
    if abs(drift.seconds - drift.baseline_seconds) < _SAME_SECONDS:
        return ""
    medians = f"(median {format_duration(drift.seconds)}, {format_duration(drift.baseline_seconds)} in the baseline)"
    return f"Its tasks took {drift.factor:.1f} times as long in general {medians}."


def _between(comparison: Comparison, detail: Detail) -> str:
    """What was deployed between the two, and what differs in their configuration."""
    if not comparison.changes:
        if comparison.alike:
            deployments = " or deployments" if comparison.deployments_known else ""
            return f"Beyond that nothing is known to differ, in configuration{deployments}."
        deployments = " and no deployment" if comparison.deployments_known else ""
        return f"No difference in configuration{deployments} between them is known."
    shown = [change.text for change in comparison.changes[: changes_shown(detail)]]
    more = len(comparison.changes) - len(shown)
    return f"Between them: {'; '.join(shown)}{f'; and {more} more' if more else ''}."


def notes(comparison: Comparison) -> Iterator[str]:
    """What could not be had or compared, each one sentence."""
    yield from comparison.notes
    if comparison.causes.uncertain:
        yield "Not all failed tasks of the baseline were read, so a cause that looks new may not be."
    if comparison.causes.unexplained:
        yield "A shared message says only that tasks ended: the logs tell whether it is the same reason."


def task_lines(tasks: TaskChanges, detail: Detail) -> Iterator[str]:
    """A line for each way in which tasks differ, with their first names; the verdict names the newly failing ones."""
    if not detail.task_names:
        return
    named: Sequence[tuple[str, Sequence[Any], Callable[[Sequence[Any], Detail], str]]] = [
        ("Still failing", tasks.still_failing, _names),
        ("Recovered", tasks.recovered, _names),
        ("Unfinished", tasks.unfinished, _names),
        ("Added", tasks.added, _names),
        ("Gone", tasks.gone, _names),
        ("Slowed down", tasks.slowed, _slowed),
    ]
    for label, items, render in named:
        if items:
            yield f"{label} ({len(items):,}): {render(items, detail)}."


def _names(names: Sequence[str], detail: Detail) -> str:
    """The first names, those that are left out counted."""
    shown = [detail.quote(name, detail.name) for name in names[: detail.task_names]]
    return ", ".join(shown) + _more(len(names) - len(shown))


def _slowed(tasks: Sequence[SlowedTask], detail: Detail) -> str:
    shown = [
        f"{detail.quote(task.name, detail.name)} {format_duration(task.seconds)} instead of "
        f"{format_duration(task.baseline_seconds)}"
        for task in tasks[: detail.task_names]
    ]
    return ", ".join(shown) + _more(len(tasks) - len(shown))


def _more(number: int) -> str:
    return f" and {number:,} more" if number else ""


def cause_lines(comparison: Comparison, detail: Detail) -> Iterator[str]:
    """A line for each reason why tasks failed: new ones, those of both executions, those of the baseline only."""
    causes, tasks = comparison.causes, comparison.tasks
    # The names of the newly failing tasks stand in the verdict already.
    named = bool(tasks and len(causes.new) == 1 and causes.new[0].count == len(tasks.newly_failing))
    for group in causes.new[: detail.groups]:
        yield f"New: {_cause(group, detail, named=not named)}."
    for label, groups in (("In both", causes.shared), ("In the baseline only", causes.gone)):
        for group in groups[: detail.groups]:
            yield f"{label}: {_cause(group, detail)}."
    if omitted := causes_not_shown(comparison, detail):
        yield f"The reasons of {plural(omitted, 'failed task')}, of both executions, are not shown."


def _cause(group: FailureGroup, detail: Detail, *, named: bool = True) -> str:
    shown = group.tasks[: detail.task_names]
    names = ""
    if named and shown:
        names = f" ({_names(shown, detail)}{_more(group.count - len(shown))})"
    happened = CAUSES[group.cause].happened or "failed"
    text = group.reason.text.rstrip(". ")
    said = f": {detail.quote(text, detail.message, middle=True)}" if text else ", no reason given"
    source = " (from the log)" if group.logged and text else ""
    return f"{plural(group.count, 'task')}{names} {happened}{said}{source}"


def causes_not_shown(comparison: Comparison, detail: Detail) -> int:
    """How many failed tasks of both executions are in groups that are not shown."""
    causes = comparison.causes
    groups = (group for kind in (causes.new, causes.shared, causes.gone) for group in kind[detail.groups :])
    # Groups of the baseline that are shared are counted in the execution.
    omitted = comparison.execution.failures_omitted + comparison.baseline.failures_omitted
    return omitted + sum(group.count for group in groups)
