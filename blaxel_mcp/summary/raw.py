"""What of the API's own JSON travels with an answer: masked, without what does not show, capped, every cut counted."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote as percent_encode

from blaxel_mcp.summary.limits import RAW_MISSES
from blaxel_mcp.summary.masking import NOTHING_HIDDEN, Hidden, Seen, mask_credentials
from blaxel_mcp.summary.schema import RawOmitted
from blaxel_mcp.summary.wording import json_size

RawMode: TypeAlias = Literal["auto", "full", "never"]
_MASKED_FACTOR = 4
"""Up to this many times the limit, all of it is masked before it is measured: what is masked often takes less room."""
_COMPACT_FACTOR = 4
"""A body of more than so many times the bytes is taken to be too large however it is spaced and escaped."""


def raw_uri(job_id: str, execution_id: str) -> str:
    """The address of the resource that holds an execution's whole raw JSON."""
    return f"blaxel://jobs/{percent_encode(job_id, safe='')}/executions/{percent_encode(execution_id, safe='')}"


class CarriedRaw(NamedTuple):
    """What of the raw JSON an answer carries, what it leaves out, and how much of what it carries is hidden."""

    raw: dict[str, Any] | None
    omitted: RawOmitted | None = None
    hidden: Hidden = NOTHING_HIDDEN


def limit_raw(raw: dict[str, Any], mode: RawMode, limit: int, *, size: int | None = None) -> CarriedRaw:
    """What of the raw JSON an answer carries, its credentials masked, and the count of what it leaves out.

    Past the limit the list that holds the tasks is cut to those that did not succeed, as many as fit. Where the rest
    alone is too large, nothing is carried and all of it is counted. What is left out is counted as the API sent it, but
    is not looked through for credentials: of ten thousand tasks twenty travel.

    Args:
        raw: an execution's raw JSON, as the API sent it.
        mode: how much of it to carry.
        limit: the most bytes of compact JSON, in mode `auto`.
        size: in how many bytes it arrived. Where those are far too many, it is not written again to be measured.
    """
    if mode == "never":
        return CarriedRaw(None)
    if mode == "full":
        masked, count = mask_credentials(raw)
        return CarriedRaw(masked, None, count)
    whole = size if size and size > limit * _MASKED_FACTOR * _COMPACT_FACTOR else json_size(raw)
    if whole <= limit * _MASKED_FACTOR:
        masked, count = mask_credentials(raw)
        if (masked is raw and whole <= limit) or (masked is not raw and json_size(masked) <= limit):
            return CarriedRaw(masked, None, count)
    tasks = _task_list(raw)
    rest = _with_tasks(raw, [])
    if _is_beyond(rest, limit * _MASKED_FACTOR):
        return CarriedRaw(None, {"tasks": len(tasks), "bytes": whole})
    seen = Seen()
    rest, count = mask_credentials(rest, seen)
    room = limit - json_size(rest)
    if room < 0:
        return CarriedRaw(None, {"tasks": len(tasks), "bytes": whole})
    kept = _fitting((task for task in tasks if not _succeeded(task)), room, seen)
    sent = _with_tasks(raw, [task.sent for task in kept])
    left_out: RawOmitted = {"tasks": len(tasks) - len(kept), "bytes": whole - json_size(sent)}
    return CarriedRaw(
        _with_tasks(rest, [task.masked for task in kept], like=raw),
        None if sent == raw else left_out,
        reduce(lambda total, task: total.plus(*task.hidden), kept, count),
    )


def _succeeded(task: Any) -> bool:
    status = task.get("status") if isinstance(task, dict) else None
    return isinstance(status, str) and status.casefold() == "succeeded"


class _Task(NamedTuple):
    """A task that is carried: as the API sent it and masked, with how much of it that hides."""

    sent: Any
    masked: Any
    hidden: Hidden


def _fitting(tasks: Iterable[Any], room: int, seen: Seen) -> list[_Task]:
    kept: list[_Task] = []
    misses = 0
    for task in tasks:
        if not _is_beyond(task, room * _MASKED_FACTOR):
            masked, count = mask_credentials(task, seen)
            cost = json_size(masked) + (1 if kept else 0)
            if cost <= room:
                room -= cost
                kept.append(_Task(task, masked, count))
                continue
        misses += 1
        if misses >= RAW_MISSES:
            break
    return kept


def _is_beyond(value: Any, most: int) -> bool:
    """Whether JSON takes more than `most` bytes for certain; of what does, no more than that is looked at."""
    pending = [iter((value,))]
    while pending and most >= 0:
        for held in pending[-1]:
            most -= len(held) if isinstance(held, str) else 1
            if isinstance(held, dict):
                pending += [iter(held), iter(held.values())]
            elif isinstance(held, list):
                pending.append(iter(held))
            else:
                if most < 0:
                    break
                continue
            break
        else:
            pending.pop()
    return most < 0


def _task_list(raw: Mapping[str, Any]) -> Sequence[Any]:
    spec = raw.get("spec")
    lists = [raw.get("tasks"), spec.get("tasks") if isinstance(spec, Mapping) else None]
    return next((tasks for tasks in lists if tasks and isinstance(tasks, list)), [])


def _with_tasks(raw: dict[str, Any], tasks: list[Any], like: dict[str, Any] | None = None) -> dict[str, Any]:
    """A copy whose task list holds `tasks`. Where both places have a list, the second is emptied: they are one list.

    Which places have one is seen from `like`, where `raw` itself was emptied already.
    """
    copy = dict(raw)
    full = like or raw
    if full.get("tasks") and isinstance(full["tasks"], list):
        copy["tasks"], tasks = tasks, []
    spec, full_spec = raw.get("spec"), full.get("spec")
    inner = full_spec.get("tasks") if isinstance(full_spec, dict) else None
    if inner and isinstance(inner, list) and isinstance(spec, dict):
        copy["spec"] = {**spec, "tasks": tasks}
    return copy
