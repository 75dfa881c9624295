"""The answer about one execution: its prose and its facts, each within its byte budget."""

from typing import Any

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.detail import Detail, failures_shown, first_that_fits, warnings_shown
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.raw import raw_uri
from blaxel_mcp.summary.redact import redact
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.text import render
from blaxel_mcp.summary.timing import Timing
from blaxel_mcp.summary.wording import drop_empty, format_timestamp, json_size


def build_answer(summary: ExecutionSummary) -> ExecutionAnswer:
    """The object that travels as `structuredContent`, without raw JSON; its `summary` is the prose."""

    def prose_size(prose: str) -> int:
        # As it stands in the object, where quotes and backslashes take two bytes each.
        return json_size(prose) - len('""')

    def facts(detail: Detail) -> ExecutionAnswer:
        return build_facts(summary, prose, detail)

    prose = first_that_fits(lambda detail: render(summary, detail), prose_size, limits.PROSE_BYTES)
    answer: ExecutionAnswer = first_that_fits(facts, json_size, limits.STRUCTURE_BYTES)
    return answer


def build_facts(summary: ExecutionSummary, prose: str, detail: Detail) -> ExecutionAnswer:
    """The object at one level of detail, with this prose."""
    status, uri = summary.status, raw_uri(*summary.asked)
    failures, omitted = failures_shown(summary, detail.groups)
    facts: dict[str, Any] = {
        "summary": prose,
        "status": status.word if status.known else detail.cut(status.text or "", limits.STATUS_CHARACTERS),
        "done": summary.done,
        "outcome": status.outcome,
        "nextStep": summary.next_step,
        "pollAfterSeconds": summary.poll_after,
        "tasks": _tasks(summary),
        "failures": [
            drop_empty(
                {
                    "cause": group.cause,
                    "count": group.count,
                    "message": detail.cut(group.message, detail.message),
                    "tasks": [detail.cut(name, detail.name) for name in group.tasks[: detail.task_names]],
                }
            )
            for group in failures
        ],
        "failuresOmitted": omitted or None,
        "warnings": warnings_shown(summary, detail),
        "timing": _times(summary.timing),
        "config": _config(summary, detail),
        "jobId": detail.cut(summary.job_id, detail.identity),
        "executionId": detail.cut(summary.execution_id, detail.identity),
        "workspace": detail.cut(summary.workspace, detail.identity),
        "rawUri": uri if len(uri) <= detail.uri and not any(redact(one).masked for one in summary.asked) else None,
    }
    return drop_empty(facts)  # type: ignore[return-value]  # the keys above are those of ExecutionAnswer


def _tasks(summary: ExecutionSummary) -> dict[str, Any]:
    keys = ("total", "succeeded", "failed", "cancelled", "running", "waiting", "retried")
    return drop_empty({key: getattr(summary.counts, key) for key in keys})


def _times(timing: Timing) -> dict[str, Any]:
    moments = {"createdAt": timing.created, "startedAt": timing.started, "completedAt": timing.completed}
    return drop_empty(
        {
            **{key: format_timestamp(moment) for key, moment in moments.items() if moment},
            "queuedSeconds": timing.queued,
            "runningSeconds": timing.running,
            "timeoutSeconds": timing.timeout,
            "estimatedRemainingSeconds": timing.estimate.seconds if timing.estimate else None,
            "estimateBasis": timing.estimate.basis if timing.estimate else None,
        }
    )


def _config(summary: ExecutionSummary, detail: Detail) -> dict[str, Any]:
    names = [detail.cut(name, detail.name) for name in summary.override_names[: detail.overrides]]
    return drop_empty(
        {
            "parallelism": summary.parallelism,
            "memoryMb": summary.memory_mb,
            "envOverrides": names,
            "envOverridesOmitted": (len(summary.override_names) - len(names)) or None,
        }
    )
