"""The answer about one execution: its prose and its facts, each within its byte budget."""

from typing import Any

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.detail import Detail, failures_shown, first_that_fits, render_remark, warnings_shown
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.frames import is_frame
from blaxel_mcp.summary.history import History, usual_range
from blaxel_mcp.summary.raw import raw_uri
from blaxel_mcp.summary.redact import redact
from blaxel_mcp.summary.schedule import schedule_facts
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.text import other_execution_sentence, render
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
    answer: ExecutionAnswer = first_that_fits(facts, json_size, limits.STRUCTURE_BYTES - limits.RAW_NOTES_BYTES)
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
                    "message": _message(group, detail),
                    "tasks": [detail.cut(name, detail.name) for name in group.tasks[: detail.task_names]],
                }
            )
            for group in failures
        ],
        "failuresOmitted": omitted or None,
        "origin": summary.origin,
        "evidence": _evidence(summary.evidence, detail),
        "history": _history(summary.history, detail) if summary.history else None,
        "schedule": schedule_facts(summary.schedule) if summary.schedule and detail.history else None,
        "warnings": [
            *filter(None, [other_execution_sentence(summary, detail)]),
            *(["It never started."] if summary.never_started else []),
            *(render_remark(remark, detail) for remark in summary.remarks[: detail.remarks]),
            *warnings_shown(summary, detail),
        ],
        "timing": _times(summary.timing, detail),
        "config": _config(summary, detail),
        "jobId": _required_id(summary.job_id, summary.asked[0], detail),
        "executionId": _required_id(summary.execution_id, summary.asked[1], detail),
        "workspace": detail.cut(summary.workspace, detail.identity),
        "rawUri": uri if len(uri) <= detail.uri and not any(redact(one).masked for one in summary.asked) else None,
    }
    return drop_empty(facts)  # type: ignore[return-value]  # the keys above are those of ExecutionAnswer


def _required_id(text: str, asked: str, detail: Detail) -> str:
    """An id that the schema requires: the API's, else as asked; an ellipsis where no character of either is visible."""
    return detail.cut(text, detail.identity) or detail.cut(asked, detail.identity) or "…"


def _message(group: FailureGroup, detail: Detail) -> str:
    """The line that tells, with the program's own place in the code behind it, unless that takes most of the room."""
    frame = f" ({group.line.frame})" if is_frame(group.line.frame) else ""
    if len(frame) > detail.message // 2:
        frame = ""
    return detail.cut(group.line.text, detail.message - len(frame), middle=True) + frame


def _evidence(evidence: Evidence | None, detail: Detail) -> dict[str, Any] | None:
    if evidence is None or not detail.evidence:
        return None
    lines = [detail.cut(line, detail.message, middle=True) for line in evidence.log.lines[-detail.evidence :]]
    return drop_empty({"task": detail.cut(evidence.task, detail.name), "lines": lines, "from": "log"})


def _history(history: History, detail: Detail) -> dict[str, Any]:
    streak, last = history.streak, history.last_success
    facts = {
        "lookedAt": history.looked_at,
        "succeeded": history.succeeded,
        "streak": {"outcome": streak.outcome, "count": streak.length} if streak else None,
    }
    if not detail.history:
        return drop_empty(facts)
    return drop_empty(
        {
            **facts,
            "lastSuccess": drop_empty(
                {
                    "executionId": detail.cut(last.execution_id, detail.identity),
                    "completedAt": format_timestamp(last.completed) if last.completed else None,
                }
                if last
                else {}
            ),
            "usualSeconds": history.usual.median if history.usual else None,
            "usualRange": list(usual_range(history.usual)) if history.usual else None,
            "changes": list(history.changes),
        }
    )


def _name(name: str, detail: Detail) -> str:
    """A task's name; empty at the level that has no room for one."""
    return detail.cut(name, detail.name) if detail.name else ""


def _tasks(summary: ExecutionSummary) -> dict[str, Any]:
    keys = ("total", "succeeded", "failed", "cancelled", "running", "waiting", "retried")
    return drop_empty({key: getattr(summary.counts, key) for key in keys})


def _times(timing: Timing, detail: Detail) -> dict[str, Any]:
    estimate, slowest = timing.estimate, timing.slowest
    moments = {"createdAt": timing.created, "startedAt": timing.started, "completedAt": timing.completed}
    return drop_empty(
        {
            **{key: format_timestamp(moment) for key, moment in moments.items() if moment},
            "queuedSeconds": timing.queued,
            "runningSeconds": timing.running,
            "timeoutSeconds": timing.timeout,
            "taskTimeoutSeconds": timing.longest.timeout if timing.longest and detail.asides else None,
            "estimatedRemainingSeconds": estimate.seconds if estimate else None,
            "estimatedRemainingRange": [estimate.low, estimate.high] if estimate else None,
            "estimateBasis": estimate.basis if estimate else None,
            "endedSecondsAgo": timing.ended_ago,
            "medianTaskSeconds": timing.median,
            "slowestTask": drop_empty(
                {"name": _name(slowest.name, detail), "seconds": round(slowest.seconds)} if slowest else {}
            ),
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
