"""What differs between two runs of a job by their configuration, and what was deployed between them.

Nothing here claims a cause: that a run had less memory than another does not say that it failed for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal, NamedTuple, TypeAlias

from blaxel_mcp.models import Job, parse_timestamp
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.wording import format_duration, format_moment, plural, quote

Setting: TypeAlias = Literal["deployment", "memory", "tasks", "overrides", "timeout", "parallelism"]
"""What may differ between two runs, the most telling first."""

_NAMES = 2
"""How many names of variables one change shows."""
_NAME_CHARACTERS = 40
_FAR = 1.5
"""From so many times on, one number of tasks is far from another."""
_USUAL_SHARE = 0.75
"""The share of runs near the last success from which a job's number of tasks counts as steady."""
_ONE_DEPLOYMENT = timedelta(minutes=30)
"""Events of one revision that are no further apart tell of the same deployment."""
_UNFINISHED = frozenset({"failed", "uploading", "building", "deploying", "built"})
"""Statuses of a revision that has not been deployed, in lower case."""


class Change(NamedTuple):
    """One thing that differs.

    Attributes:
        what: which one.
        text: the difference as a phrase, safe to show: `memory override 2,048 MB instead of 4,096 MB`,
            `1,200 tasks instead of 40`, `override "MAX_EDGE" added`, `a deployment yesterday at 17:02 UTC`.
    """

    what: Setting
    text: str


class Deployment(NamedTuple):
    """That a revision of a job was deployed; `revision` is its id, not cleaned, and may be empty."""

    when: datetime
    revision: str = ""


def configuration_changes(before: Run, after: Run) -> list[Change]:
    """What the API says of both runs and differs, the most telling first. What it says of one only is no change.

    The overrides of memory and variables are the exception: without one, a run has what its job has.
    """
    tasks = _number_of_tasks(before, after)
    far = before.tasks and after.tasks and _is_far(before.tasks, after.tasks)
    found = [
        _memory(before.memory_mb, after.memory_mb),
        tasks if far else None,
        *_overrides(before.override_names, after.override_names),
        _instead("timeout", before.timeout, after.timeout, format_duration),
        _instead("parallelism", before.parallelism, after.parallelism, "{:,}".format),
        None if far else tasks,
    ]
    return [change for change in found if change]


def outstanding_changes(before: Run, after: Run, others: Sequence[Run]) -> list[Change]:
    """The at most two changes that stand out against the last success, for a job whose other runs are `others`.

    A number of tasks that is different each time does not stand out, unless it is beyond what the others had.
    """
    counts = [run.tasks for run in (before, *others) if run.tasks]
    changes = configuration_changes(before, after)
    return [one for one in changes if one.what != "tasks" or _stands_out(before, after, counts)][:2]


def _stands_out(before: Run, after: Run, counts: Sequence[int]) -> bool:
    """Whether the number of tasks is beyond what the runs had; or far from the last success, where most were near."""
    if not (before.tasks and after.tasks and counts):
        return False
    low, high = min(counts), max(counts)
    if not low - (high - low) <= after.tasks <= high + (high - low):
        return True
    near = sum(not _is_far(before.tasks, count) for count in counts)
    return _is_far(before.tasks, after.tasks) and near >= _USUAL_SHARE * len(counts)


def _is_far(one: int, other: int) -> bool:
    return max(one, other) >= _FAR * min(one, other)


def _number_of_tasks(before: Run, after: Run) -> Change | None:
    if not before.tasks or not after.tasks or before.tasks == after.tasks:
        return None
    return Change("tasks", f"{plural(after.tasks, 'task')} instead of {before.tasks:,}")


def _memory(before: int | None, after: int | None) -> Change | None:
    if before == after:
        return None
    if not before:
        return Change("memory", f"a memory override of {after:,} MB")
    if not after:
        return Change("memory", f"no memory override, instead of {before:,} MB")
    return Change("memory", f"memory override {after:,} MB instead of {before:,} MB")


def _overrides(before: frozenset[str], after: frozenset[str]) -> Iterator[Change]:
    for names, verb in ((after - before, "added"), (before - after, "gone")):
        if names:
            shown = [quote(name, _NAME_CHARACTERS) for name in sorted(names)[:_NAMES]]
            more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
            yield Change("overrides", f"override{'s' * (len(names) > 1)} {', '.join(shown)}{more} {verb}")


def _instead(what: Setting, before: int | None, after: int | None, write: Any) -> Change | None:
    if not before or not after or before == after:
        return None
    return Change(what, f"{what} {write(after)} instead of {write(before)}")


def deployments_between(
    job: Job | None, revisions: Iterable[Any], earlier: datetime | None, later: datetime | None
) -> list[Deployment]:
    """The deployments of a job after one moment and up to another, newest first; none where either is not known.

    Args:
        job: has events of its deployments (schema CoreEvent), where it could be had.
        revisions: what ListJobRevisions lists. A revision that has no event counts from its creation.
        earlier: the moment after which they were.
        later: the moment up to which they were.
    """
    if earlier is None or later is None:
        return []
    found = list(_from_events(job))
    with_event = {deployment.revision for deployment in found}
    found += (one for one in _from_revisions(revisions) if one.revision not in with_event)
    found.sort(key=attrgetter("when"))
    # An event may come for each region or step of the same deployment.
    firsts = [*found[:1], *(one for last, one in pairwise(found) if not _is_same(last, one))]
    return [one for one in reversed(firsts) if earlier < one.when <= later]


def _is_same(one: Deployment, other: Deployment) -> bool:
    return bool(one.revision) and one.revision == other.revision and other.when - one.when <= _ONE_DEPLOYMENT


def deployment_change(deployments: Sequence[Deployment], now: datetime) -> Change | None:
    """Deployments, newest first, as one change; `None` where there are none."""
    if not deployments:
        return None
    newest, revision = deployments[0], ""
    if newest.revision:
        revision = f" (revision {quote(newest.revision, _NAME_CHARACTERS)})"
    number = len(deployments)
    number_of_them = "a deployment" if number == 1 else f"{number:,} deployments, the last one"
    return Change("deployment", f"{number_of_them} {format_moment(newest.when, now)}{revision}")


def _from_events(job: Job | None) -> Iterator[Deployment]:
    events = (job.model_extra or {}).get("events") if job else None
    for event in _objects(events):
        status, kind = _word(event.get("status")), _word(event.get("type"))
        moment = parse_timestamp(event.get("time"))
        if moment and (status == "deployed" or (not status and kind == "deployment")):
            yield Deployment(moment, _text(event.get("revision")))


def _from_revisions(revisions: Any) -> Iterator[Deployment]:
    for revision in _objects(revisions):
        moment = parse_timestamp(revision.get("createdAt"))
        was_active = revision.get("active") is True or revision.get("previousActive") is True
        if moment and (was_active or _word(revision.get("status")) not in _UNFINISHED):
            yield Deployment(moment, _text(revision.get("id")))


def _objects(items: Any) -> list[Mapping[str, Any]]:
    """The objects in what should be a list of them: the first few hundred."""
    listed = list(items[: limits.LIST_PAGE]) if isinstance(items, list | tuple) else []
    return [item for item in listed if isinstance(item, Mapping)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _word(value: Any) -> str:
    return _text(value).strip().casefold()
