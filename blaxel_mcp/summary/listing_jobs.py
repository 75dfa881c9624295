"""A list of jobs. Only what is named here leaves: a job also holds its environment and callback secrets."""

from collections.abc import Iterator
from typing import Any, NotRequired

from typing_extensions import TypedDict

from blaxel_mcp.models import Job
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.listing import Listed, Row, Window, bullet, handle, known_word, tell
from blaxel_mcp.summary.wording import drop_empty, plural, quote

# The OpenAPI's words for a deployment.
STATUSES = (
    "deleting",
    "terminated",
    "failed",
    "deactivated",
    "deactivating",
    "uploading",
    "building",
    "deploying",
    "deployed",
    "built",
)
_SCHEDULES = 3
_LARGEST_MEMORY = 10**9


class JobsAnswer(TypedDict):
    """`structuredContent`. A row: `name`, `status`, `schedule`, `enabled` if it is not, `memoryMb`, `region`."""

    summary: str
    jobs: list[dict[str, Any]]
    notShown: NotRequired[int]
    nextCursor: NotRequired[str]


def build_jobs(window: Window[Job], *, limit: int, search: str | None, workspace: str | None) -> tuple[JobsAnswer, str]:
    """The answer, and the same as text."""
    meant = range(window.start, len(window.items))
    matching = f" matching {quote(search, limits.NAME_CHARACTERS)}" if search else ""

    def head(shown: int, more: bool) -> str:  # noqa: FBT001 - called by `tell` alone
        if shown and window.first:
            where = f" in workspace {quote(workspace, limits.NAME_CHARACTERS)}" if workspace else ""
            if not more:
                return f"{plural(shown, 'job')}{matching}{where}."
            return f"The first {plural(shown, 'job') if shown > 1 else 'job'}{matching}{where}; more follow."
        if shown:
            return f"{plural(shown, 'more job')}{matching}{'; more follow' if more else ', the last of them'}."
        if not window.first or more:
            return f"No {'' if window.first else 'more '}jobs{matching}{' here; more follow' if more else ''}."
        if search:
            return f"No job has {quote(search, limits.NAME_CHARACTERS)} in its name, display name or labels."
        return "Blaxel lists no jobs here: check that BL_WORKSPACE names the right workspace."

    answer, text = tell(Listed("jobs", window, meant, _row, head, {}), limit)
    return answer, text  # type: ignore[return-value]  # the keys are those of JobsAnswer


def _row(job: Job) -> Row:
    fact, word = known_word(job.status, STATUSES)
    runtime = job.spec.get("runtime")
    memory = runtime.get("memory") if isinstance(runtime, dict) else None
    memory = memory if type(memory) is int and 0 < memory < _LARGEST_MEMORY else None
    region = job.spec.get("region")
    region = clean(region, limits.NAME_CHARACTERS) if isinstance(region, str) else ""
    schedule = "; ".join(_schedules(job))
    off = job.spec.get("enabled") is False
    parts = [
        word,
        "disabled" if off else "",
        f"scheduled {quote(schedule, limits.IDENTITY_CHARACTERS)}" if schedule else "",
        f"{memory:,} MB" if memory else "",
        f"region {quote(region, limits.NAME_CHARACTERS)}" if region else "",
    ]
    facts = {
        "name": handle(job.name),
        "status": fact,
        "schedule": clean(schedule, limits.IDENTITY_CHARACTERS),
        "enabled": False if off else None,
        "memoryMb": memory,
        "region": region,
    }
    return Row(drop_empty(facts), bullet(job.name, parts))


def _schedules(job: Job) -> Iterator[str]:
    """Cron expressions, those that are switched off marked so."""
    triggers = job.spec.get("triggers")
    told = 0
    for trigger in triggers if isinstance(triggers, list) else ():
        if not isinstance(trigger, dict) or trigger.get("type") != "cron":
            continue
        configuration = trigger.get("configuration")
        schedule = configuration.get("schedule") if isinstance(configuration, dict) else None
        if not isinstance(schedule, str) or not schedule.strip():
            continue
        told += 1
        if told > _SCHEDULES:
            yield "and more"
            return
        off = " (off)" if trigger.get("enabled") is False else ""
        yield clean(schedule, limits.STATUS_CHARACTERS) + off
