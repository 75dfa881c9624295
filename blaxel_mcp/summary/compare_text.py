"""A comparison of two executions as an object and as text, each within `COMPARE_BYTES`."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import ExecutionStatus
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.causes import CAUSES
from blaxel_mcp.summary.compare import Comparison
from blaxel_mcp.summary.compare_tasks import SlowedTask, TaskChanges
from blaxel_mcp.summary.detail import Detail, first_that_fits
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.wording import (
    drop_empty,
    format_duration,
    format_moment,
    format_timestamp,
    json_size,
    plural,
)

_SAME_SECONDS = 1
_SAME_SHARE = 0.02
"""Two durations are told as the same when they are no further apart than so many seconds, and than such a share."""


class ComparisonCore(TypedDict):
    """`structuredContent` of compare_job_executions, as far as it is published.

    An answer also has `jobId`; `execution` and `baseline`, each with `executionId`, `status`, `tasks`, `createdAt`,
    `queuedSeconds` and `runningSeconds`; `tasks` with what became of how many, and the first names; `causes` that are
    `new`, `shared` or `gone`; `changes`, and `notes` on what could not be compared.
    """

    summary: str
    nextStep: NotRequired[str]


def build_comparison(comparison: Comparison) -> tuple[dict[str, Any], str]:
    """The answer of compare_job_executions, as an object and as text."""

    def size(built: tuple[dict[str, Any], str]) -> int:
        answer, text = built
        return max(json_size(answer), len(text.encode()))

    return first_that_fits(partial(_build, comparison), size, limits.COMPARE_BYTES)


def _build(comparison: Comparison, detail: Detail) -> tuple[dict[str, Any], str]:
    head = " ".join(filter(None, _sentences(comparison, detail)))
    tasks, causes = comparison.tasks, comparison.causes
    shown = [change.text for change in comparison.changes[: _changes_shown(detail)]]
    answer: dict[str, Any] = {
        "summary": head,
        "jobId": detail.cut(comparison.execution.job_id, detail.identity),
        "execution": _facts(comparison.execution, detail),
        "baseline": _facts(comparison.baseline, detail),
        "tasks": _task_facts(tasks, detail) if tasks and tasks.matched else None,
        "causes": drop_empty(
            {
                "new": [_cause_facts(group, detail) for group in causes.new[: detail.groups]],
                "shared": [_cause_facts(group, detail) for group in causes.shared[: detail.groups]],
                "gone": [_cause_facts(group, detail) for group in causes.gone[: detail.groups]],
                "notShown": _causes_not_shown(comparison, detail) or None,
            }
        ),
        "changes": shown,
        "changesOmitted": len(comparison.changes) - len(shown) or None,
        "notes": list(_notes(comparison)),
        "nextStep": comparison.next_step,
    }
    lines = [head]
    if tasks and tasks.matched:
        lines += _task_lines(tasks, detail)
    lines += _cause_lines(comparison, detail)
    if detail.asides:
        lines += _notes(comparison)
    else:
        lines.append(" ".join(_notes(comparison)))
    if comparison.next_step:
        lines.append(f"Next: {comparison.next_step}")
    return drop_empty(answer), "\n".join(filter(None, lines))


def _changes_shown(detail: Detail) -> int:
    return 8 if detail.asides else 3 if detail.warnings else 2


def _sentences(comparison: Comparison, detail: Detail) -> Iterator[str]:
    yield _verdict(comparison, detail)
    yield _duration(comparison)
    yield _queueing(comparison)
    yield _drift(comparison.tasks)
    yield _between(comparison, detail)


def _verdict(comparison: Comparison, detail: Detail) -> str:
    """Both outcomes, then the tasks: `"b" failed where "a" succeeded: 3 of 40 tasks newly fail, 37 as before.`."""
    here, there = comparison.execution, comparison.baseline
    name, other = (detail.quote(one.asked[1], detail.identity) for one in (here, there))
    if comparison.baseline_run.created:
        later = ", later" if comparison.baseline_is_newer else ""
        other += f" (created {format_moment(comparison.baseline_run.created, comparison.now)}{later})"
    outcome, earlier = (_outcome(one.status, detail) for one in (here, there))
    if here.done and outcome == earlier:
        outcomes = f"{name} and {other} both {outcome.replace('was', 'were', 1)}"
    elif here.done:
        outcomes = f"{name} {outcome} where {other} {earlier}"
    else:
        outcomes = f"{name} {outcome}; {other} {earlier}"
    tasks = comparison.tasks
    if tasks and tasks.matched and (parts := _task_parts(comparison, tasks, detail)):
        return f"{outcomes}: {', '.join(parts)}."
    parts = [part for part in (_failed_count(here, ""), _failed_count(there, " in the baseline")) if part]
    return f"{outcomes}{': ' if parts else ''}{', '.join(parts)}."


def _outcome(status: ExecutionStatus, detail: Detail) -> str:
    match status.outcome:
        case "succeeded" | "failed":
            return status.outcome
        case "timed_out":
            return "timed out"
        case "cancelled":
            return "was cancelled"
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
    total = tasks.compared + tasks.not_over + len(tasks.added)
    if tasks.unchanged == total:
        everything = "its one task" if total == 1 else f"all {total:,} tasks"
        part = f"{everything} {same}" if tasks.whole else f"the {total:,} tasks compared {same}"
        return [part, *_slowed_and_gone(tasks)]
    named = [
        (len(tasks.newly_failing), fails),
        (len(tasks.still_failing), still),
        (len(tasks.recovered), (recovered, recovered)),
        (len(tasks.unfinished), (unfinished, unfinished)),
        (tasks.not_over, ("not over yet", "not over yet")),
        (len(tasks.added), ("added", "added")),
        (tasks.unchanged, (same, same)),
    ]
    parts: list[str] = []
    for number, (one, several) in named:
        if number:
            of_all = "" if parts else f" of {plural(total, 'task')}{'' if tasks.whole else ' compared'}"
            names = ""
            if several == fails[1] and detail.task_names:
                names = f" ({_names(tasks.newly_failing, detail)})"
            parts.append(f"{number:,}{of_all} {one if number == 1 else several}{names}")
    return parts + _slowed_and_gone(tasks)


def _slowed_and_gone(tasks: TaskChanges) -> list[str]:
    named = ((len(tasks.gone), "gone"), (len(tasks.slowed), "slowed down"))
    return [f"{number:,} {word}" for number, word in named if number]


def _failed_count(summary: ExecutionSummary, where: str) -> str:
    counts = summary.counts
    if counts.failed is None:
        return f"{plural(counts.total, 'task')}{where}" if counts.total else ""
    failed = f"{counts.failed:,}" if counts.failed else "none"
    return f"{failed} of {plural(counts.total, 'task')} failed{where}" if counts.total else f"{failed} failed{where}"


def _duration(comparison: Comparison) -> str:
    here, there = comparison.execution, comparison.baseline
    seconds, other = here.timing.running, there.timing.running
    if seconds is None:
        return ""
    whose = "the baseline's" if there.done else "the baseline's so far,"
    if not here.done:
        return f"It has run for {format_duration(seconds)}" + (
            f"; the baseline took {format_duration(other)}." if other is not None and there.done else "."
        )
    if other is None:
        return f"It ran {format_duration(seconds)}."
    longer = seconds - other
    if abs(longer) <= max(_SAME_SECONDS, _SAME_SHARE * other):
        return f"It ran {format_duration(seconds)}, about {whose} {format_duration(other)}."
    both = here.status.outcome == there.status.outcome == "succeeded"
    slower, faster = ("slower", "faster") if both else ("longer", "shorter")
    word = slower if longer > 0 else faster
    difference = format_duration(abs(longer))
    return f"It ran {format_duration(seconds)}, {difference} {word} than {whose} {format_duration(other)}."


def _queueing(comparison: Comparison) -> str:
    """How long each waited before its start, where one waited for long and the other did not."""
    queued, other = comparison.execution.timing.queued, comparison.baseline.timing.queued
    if queued is None or other is None or abs(queued - other) < limits.QUEUED_SHOWN_SECONDS:
        return ""
    so_far = " so far" if comparison.execution.status.waiting else ""
    return f"It waited {format_duration(queued)} to start{so_far}, the baseline {format_duration(other)}."


def _drift(tasks: TaskChanges | None) -> str:
    drift = tasks.drift if tasks else None
    if drift is None or 1 / limits.DRIFT_SHOWN < drift.factor < limits.DRIFT_SHOWN:
        return ""
    medians = f"(median {format_duration(drift.seconds)}, {format_duration(drift.baseline_seconds)} in the baseline)"
    return f"Its tasks took {drift.factor:.1f} times as long in general {medians}."


def _between(comparison: Comparison, detail: Detail) -> str:
    """What was deployed between the two, and what differs in their configuration."""
    if not comparison.changes:
        deployments = " and no deployment" if comparison.deployments_known else ""
        return f"No difference in configuration{deployments} between them is known."
    shown = [change.text for change in comparison.changes[: _changes_shown(detail)]]
    more = len(comparison.changes) - len(shown)
    return f"Between them: {'; '.join(shown)}{f'; and {more} more' if more else ''}."


def _notes(comparison: Comparison) -> Iterator[str]:
    yield from comparison.notes
    if comparison.causes.uncertain:
        yield "Not all failed tasks of the baseline were read, so a cause that looks new may not be."
    if comparison.causes.unexplained:
        yield "A shared message says only that tasks ended: the logs tell whether it is the same reason."


def _facts(summary: ExecutionSummary, detail: Detail) -> dict[str, Any]:
    status, counts, timing = summary.status, summary.counts, summary.timing
    return drop_empty(
        {
            "executionId": detail.cut(summary.asked[1], detail.identity),
            "status": status.word if status.known else detail.cut(status.text or "", limits.STATUS_CHARACTERS),
            "tasks": drop_empty({key: getattr(counts, key) for key in ("total", "succeeded", "failed", "cancelled")}),
            "createdAt": format_timestamp(timing.created) if timing.created else None,
            "queuedSeconds": timing.queued,
            "runningSeconds": timing.running,
        }
    )


def _task_facts(tasks: TaskChanges, detail: Detail) -> dict[str, Any]:
    def named(names: Sequence[str]) -> dict[str, Any] | None:
        shown = [detail.cut(name, detail.name) for name in names[: detail.task_names]]
        return drop_empty({"count": len(names), "names": shown}) if names else None

    slowed = [
        {
            "name": detail.cut(task.name, detail.name),
            "seconds": round(task.seconds),
            "baselineSeconds": round(task.baseline_seconds),
        }
        for task in tasks.slowed[: detail.task_names]
    ]
    return drop_empty(
        {
            "compared": tasks.compared,
            "newlyFailing": named(tasks.newly_failing),
            "stillFailing": named(tasks.still_failing),
            "recovered": named(tasks.recovered),
            "unfinished": named(tasks.unfinished),
            "added": named(tasks.added),
            "gone": named(tasks.gone),
            "slowedDown": drop_empty({"count": len(tasks.slowed), "tasks": slowed}) if tasks.slowed else None,
            "unchanged": tasks.unchanged,
            "notOver": tasks.not_over or None,
        }
    )


def _cause_facts(group: FailureGroup, detail: Detail) -> dict[str, Any]:
    names = [detail.cut(name, detail.name) for name in group.tasks[: detail.task_names]]
    message = detail.cut(group.reason.text, detail.message, middle=True)
    return drop_empty({"cause": group.cause, "count": group.count, "message": message, "tasks": names})


def _causes_not_shown(comparison: Comparison, detail: Detail) -> int:
    """How many failed tasks of both executions are in groups that are not shown."""
    causes = comparison.causes
    groups = (group for kind in (causes.new, causes.shared, causes.gone) for group in kind[detail.groups :])
    # Groups of the baseline that are shared are counted in the execution.
    omitted = comparison.execution.failures_omitted + comparison.baseline.failures_omitted
    return omitted + sum(group.count for group in groups)


def _task_lines(tasks: TaskChanges, detail: Detail) -> Iterator[str]:
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


def _cause_lines(comparison: Comparison, detail: Detail) -> Iterator[str]:
    causes = comparison.causes
    for label, groups in (("New", causes.new), ("In both", causes.shared), ("In the baseline only", causes.gone)):
        for group in groups[: detail.groups]:
            yield f"{label}: {_cause(group, detail)}."
    if omitted := _causes_not_shown(comparison, detail):
        yield f"{plural(omitted, 'failed task')} of both in other groups."


def _cause(group: FailureGroup, detail: Detail) -> str:
    names = (
        f" ({_names(group.tasks[: detail.task_names], detail)}{_more_of(group, detail)})" if detail.task_names else ""
    )
    happened = CAUSES[group.cause].happened or "failed"
    text = group.reason.text.rstrip(". ")
    said = f": {detail.quote(text, detail.message, middle=True)}" if text else ", no reason given"
    return f"{plural(group.count, 'task')}{names if group.tasks else ''} {happened}{said}"


def _more_of(group: FailureGroup, detail: Detail) -> str:
    return "" if group.count <= min(len(group.tasks), detail.task_names) else ", …"
