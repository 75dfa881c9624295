"""A comparison of two executions as an object and as text, each within `COMPARE_BYTES`."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.compare import Comparison
from blaxel_mcp.summary.compare_tasks import TaskChanges
from blaxel_mcp.summary.compare_text import (
    cause_lines,
    causes_not_shown,
    changes_shown,
    notes,
    sentences,
    task_lines,
)
from blaxel_mcp.summary.detail import Detail, first_that_fits
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.wording import drop_empty, format_timestamp, json_size


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
        return max(json_size(answer), json_size(text) - len('""'))

    return first_that_fits(partial(_build, comparison), size, limits.COMPARE_BYTES)


def _build(comparison: Comparison, detail: Detail) -> tuple[dict[str, Any], str]:
    head = " ".join(filter(None, sentences(comparison, detail)))
    tasks, causes = comparison.tasks, comparison.causes
    shown = [change.text for change in comparison.changes[: changes_shown(detail)]]
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
                "notShown": causes_not_shown(comparison, detail) or None,
            }
        ),
        "changes": shown,
        "changesOmitted": len(comparison.changes) - len(shown) or None,
        "notes": list(notes(comparison)),
        "nextStep": comparison.next_step,
    }
    lines = [head]
    if tasks and tasks.matched:
        lines += task_lines(tasks, detail)
    lines += cause_lines(comparison, detail)
    if detail.asides:
        lines += notes(comparison)
    else:
        lines.append(" ".join(notes(comparison)))
    if comparison.next_step:
        lines.append(f"Next: {comparison.next_step}")
    return drop_empty(answer), "\n".join(filter(None, lines))


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
            "unstated": tasks.unstated or None,
        }
    )


def _cause_facts(group: FailureGroup, detail: Detail) -> dict[str, Any]:
    names = [detail.cut(name, detail.name) for name in group.tasks[: detail.task_names]]
    message = detail.cut(group.reason.text, detail.message, middle=True)
    return drop_empty({"cause": group.cause, "count": group.count, "message": message, "tasks": names})
