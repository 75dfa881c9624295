"""What of the API's own JSON travels with an answer: masked, capped, every cut counted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias
from urllib.parse import quote as percent_encode

from blaxel_mcp.models import parse_env_override
from blaxel_mcp.summary.limits import RAW_MISSES
from blaxel_mcp.summary.schema import RawOmitted
from blaxel_mcp.summary.wording import json_size

RawMode: TypeAlias = Literal["auto", "full", "never"]
_MASK = "***"
_OVERRIDE = "envOverride"


def raw_uri(job_id: str, execution_id: str) -> str:
    """The address of the resource that holds an execution's whole raw JSON."""
    return f"blaxel://jobs/{percent_encode(job_id, safe='')}/executions/{percent_encode(execution_id, safe='')}"


def mask_overrides(raw: dict[str, Any]) -> dict[str, Any]:
    """An execution's raw JSON with every value under `spec.envOverride` masked that is not all asterisks already.

    The override is an object or the JSON text of one, and keeps its form; anything else becomes `***`. The argument is
    not changed, since other callers may share it.
    """
    spec = raw.get("spec")
    if isinstance(spec, dict) and spec.get(_OVERRIDE) is not None:
        raw = {**raw, "spec": {**spec, _OVERRIDE: _masked(spec[_OVERRIDE])}}
    # The operation has no override here, but one would hold the same secrets.
    if raw.get(_OVERRIDE) is not None:
        raw = {**raw, _OVERRIDE: _masked(raw[_OVERRIDE])}
    return raw


def _masked(given: Any) -> Any:
    values = parse_env_override(given)
    if values is None:
        return _MASK
    masked = {
        name: value if isinstance(value, str) and value and set(value) == {"*"} else _MASK
        for name, value in values.items()
    }
    # Written anew even if nothing changed: a name that comes twice hides its first value from the parser.
    return json.dumps(masked, ensure_ascii=False) if isinstance(given, str) else masked


def limit_raw(raw: dict[str, Any], mode: RawMode, limit: int) -> tuple[dict[str, Any] | None, RawOmitted | None]:
    """What of the raw JSON an answer carries, and the count of what it leaves out.

    Past the limit the list that holds the tasks is cut to those that did not succeed, as many as fit. Where the rest
    alone is too large, nothing is carried and all of it is counted.

    Args:
        raw: an execution's raw JSON, masked already.
        mode: how much of it to carry.
        limit: the most bytes of compact JSON, in mode `auto`.
    """
    if mode == "never":
        return None, None
    if mode == "full":
        return raw, None
    whole = json_size(raw)
    if whole <= limit:
        return raw, None
    tasks = _task_list(raw)
    room = limit - json_size(_with_tasks(raw, []))
    if room < 0:
        return None, {"tasks": len(tasks), "bytes": whole}
    kept = _fitting((task for task in tasks if not _succeeded(task)), room)
    cut = _with_tasks(raw, kept)
    return cut, {"tasks": len(tasks) - len(kept), "bytes": whole - json_size(cut)}


def _succeeded(task: Any) -> bool:
    return isinstance(task, Mapping) and str(task.get("status")).casefold() == "succeeded"


def _fitting(tasks: Iterable[Any], room: int) -> list[Any]:
    kept: list[Any] = []
    misses = 0
    for task in tasks:
        cost = json_size(task) + (1 if kept else 0)
        if cost <= room:
            room -= cost
            kept.append(task)
            continue
        misses += 1
        if misses >= RAW_MISSES:
            break
    return kept


def _task_list(raw: Mapping[str, Any]) -> Sequence[Any]:
    spec = raw.get("spec")
    lists = [raw.get("tasks"), spec.get("tasks") if isinstance(spec, Mapping) else None]
    return next((tasks for tasks in lists if tasks and isinstance(tasks, list)), [])


def _with_tasks(raw: dict[str, Any], tasks: list[Any]) -> dict[str, Any]:
    """A copy whose task list holds `tasks`. Where both places have a list, the second is emptied: they are one list."""
    copy = dict(raw)
    if raw.get("tasks") and isinstance(raw["tasks"], list):
        copy["tasks"], tasks = tasks, []
    spec = raw.get("spec")
    if isinstance(spec, dict) and spec.get("tasks") and isinstance(spec["tasks"], list):
        copy["spec"] = {**spec, "tasks": tasks}
    return copy
