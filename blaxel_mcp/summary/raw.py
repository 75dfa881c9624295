"""What of the API's own JSON travels with an answer: masked, without what does not show, capped, every cut counted."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote as percent_encode

from blaxel_mcp.summary.limits import RAW_MISSES
from blaxel_mcp.summary.masking import NOTHING_HIDDEN, Hidden, Seen, mask_credentials, may_hide_something
from blaxel_mcp.summary.schema import RawOmitted
from blaxel_mcp.summary.wording import json_size

RawMode: TypeAlias = Literal["auto", "full", "never"]
_MASKED_FACTOR = 4
"""Up to this many times the limit, all of it is masked before it is measured: what is masked often takes less room."""
_QUICKLY_WRITTEN = 1 << 22
"""Bytes of JSON that are written in a few milliseconds."""
_TOGETHER = 16
"""So many tasks are looked through at once."""
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
    unsuccessful = (task for task in tasks if not _succeeded(task))
    kept = _fitting(unsuccessful, room, seen, quick=whole <= _QUICKLY_WRITTEN)
    sent = _with_tasks(raw, [task.sent for task in kept])
    left_out: RawOmitted = {"tasks": len(tasks) - len(kept), "bytes": whole - json_size(sent)}
    return CarriedRaw(
        _with_tasks(rest, [task.masked for task in kept], like=raw),
        None if sent == raw else left_out,
        reduce(lambda total, task: total.plus(*task.hidden), kept, count),
    )


def _succeeded(task: Any) -> bool:
    status = task.get("status") if isinstance(task, dict) else None
    # First as it is spelt nearly always: this is asked of every task.
    return status == "succeeded" or (isinstance(status, str) and status.casefold() == "succeeded")


class _Task(NamedTuple):
    """A task that is carried: as the API sent it and masked, with how much of it that hides."""

    sent: Any
    masked: Any
    hidden: Hidden


def _fitting(tasks: Iterator[Any], room: int, seen: Seen, *, quick: bool) -> list[_Task]:
    """As many of the tasks as fit; `quick` says that even the largest of them is written quickly."""
    kept: list[_Task] = []
    misses = 0
    while some := [*islice(tasks, _TOGETHER)]:
        sizes = [_size(task, room * _MASKED_FACTOR, quick=quick) for task in some]
        # Together, since tasks say the same words, and most often none hides anything.
        hides = may_hide_something([task for task, size in zip(some, sizes, strict=True) if size is not None])
        for task, size in zip(some, sizes, strict=True):
            if size is not None:
                masked, count = mask_credentials(task, seen) if hides else (task, NOTHING_HIDDEN)
                cost = (size if masked is task else json_size(masked)) + (1 if kept else 0)
                if cost <= room:
                    room -= cost
                    kept.append(_Task(task, masked, count))
                    continue
            misses += 1
            if misses >= RAW_MISSES:
                return kept
    return kept


def _size(task: Any, most: int, *, quick: bool) -> int | None:
    """The bytes of a task's JSON; `None` where it is too large to be worth masking, which takes long."""
    if not quick and _is_beyond(task, most):
        return None
    size = json_size(task)
    return None if quick and size > most and _is_beyond(task, most) else size


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
