"""Bodies in which everything that an answer can hold is there, in any number, with names and messages of any kind."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hostile_plane import EXECUTION, JOB, RUNNING, Bodies, benign_bodies
from support.plane import NOW

Text = Callable[[int], str]
"""A name or message by its number: they may all be alike, or all different."""


def crowded_bodies(text: Text, *, tasks: int = 3, executions: int = 20, jobs: int = 2, lines: int = 3) -> Bodies:
    """History, evidence, changes, schedules and estimates all at once, so many tasks, executions, jobs and lines.

    Of every three tasks one failed, each with a message of its own, and one of the others tells what it waits for.
    """
    bodies = benign_bodies()
    for name, states in (
        ("execution", ("failed", "succeeded", "cancelled")),
        ("running", ("pending", "failed", "running")),
    ):
        made = [_task(text, number, states[number % 3]) for number in range(tasks)]
        bodies[name] |= {"tasks": made, "stats": _stats(made, states)}
    bodies["cancelled"] = {**bodies["running"], "status": "cancelling"}
    bodies["tasks"] = {"data": bodies["execution"]["tasks"][:200], "meta": {}}
    for name in ("execution", "running", "baseline"):
        bodies[name]["metadata"] |= {"id": text(1), "job": text(2), "workspace": text(3)}
        bodies[name]["spec"]["envOverride"] = {f"{text(number)}{name}{number}": "x" for number in range(30)}
    newest, failed, *before = bodies["executions"]["data"]
    listed = [newest, failed, *(_run(before[0], text, number) for number in range(executions - 2))]
    bodies["executions"] = {
        "data": listed[:executions],
        "meta": {"nextCursor": text(4) if text(4).isascii() else "more"},
    }
    bodies["jobs"] = {
        "data": [_job(bodies["job"], text, number) for number in range(jobs)],
        "meta": {"nextCursor": "x" * 900},
    }
    bodies["job"] = _job(bodies["job"], text, 0)
    bodies["revisions"] = [{"id": text(5), "createdAt": _ago(600), "active": True}]
    bodies["logs"][JOB] = {"logs": [_line(text, number) for number in range(lines)], "totalCount": lines * 2}
    bodies["created"] = {"executionId": text(6)}
    return bodies


def _ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _task(text: Text, number: int, status: str) -> dict[str, Any]:
    times = {"createdAt": _ago(60), "startedAt": _ago(59)} | ({"completedAt": _ago(9)} if status != "running" else {})
    condition = {"state": "CONDITION_FAILED", "reason": "NonZeroExitCode", "message": f"{text(number)} ended with 1"}
    named = {"name": f"{text(number)}{number}", **(times if status != "pending" else {})}
    return {"metadata": named, "spec": {"timeout": "60m"}, "status": status, "conditions": [condition]}


def _stats(tasks: list[Any], states: tuple[str, ...]) -> dict[str, int]:
    keys = {"failed": "failure", "succeeded": "success", "cancelled": "cancelled", "running": "running"}
    counted = {keys[state]: sum(task["status"] == state for task in tasks) for state in states if state in keys}
    return {"total": len(tasks), "retried": len(tasks), **counted}


def _run(one: dict[str, Any], text: Text, number: int) -> dict[str, Any]:
    run = copy.deepcopy(one)
    run["metadata"] |= {"id": f"{text(number)}-run-{number}", "createdAt": _ago(1500 + number * 60)}
    run["spec"]["envOverride"] = {f"{text(number)}{number}": "x"}
    return run


def _job(one: dict[str, Any], text: Text, number: int) -> dict[str, Any]:
    job = copy.deepcopy(one)
    job["metadata"]["name"] = f"{text(number)}{number}"
    minutes = ",".join(map(str, range(number % 7, 60, 3)))
    job["spec"] |= {"region": text(number)}
    job["spec"]["triggers"][0]["configuration"]["schedule"] = (
        f"{minutes} {minutes.split(',60')[0][:30].rstrip(',')} * * *"
    )
    return job


def _line(text: Text, number: int) -> dict[str, Any]:
    return {"timestamp": _ago(20 - number / 60), "message": f"{text(number)} line {number}", "severity": 17}


IDS = {"execution": EXECUTION, "running": RUNNING}
