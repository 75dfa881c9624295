"""How much of the API's own JSON travels with an answer, by the tool's three modes."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from support.caller import ask_for, compact, facts
from support.plane import NOW, clock, inline_jobs, job, verbatim

from blaxel_mcp.api import large_json, wire
from blaxel_mcp.api.attempts import Attempts
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.control_plane import serve
from blaxel_mcp.summary import limits


def sent(job_id: str, execution_id: str) -> dict[str, Any]:
    """What the control plane answers with at NOW."""
    executions = next(one for one in inline_jobs(NOW) if one.name == job_id).executions
    body = next(one for one in executions if one.id == execution_id).at(NOW)
    decoded: dict[str, Any] = json.loads(json.dumps(body))
    return decoded


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The demo's control plane at NOW, with the tasks of large executions in them."""
    with serve(control_plane.build_app(clock=clock, jobs=inline_jobs)) as url:
        yield url


def test_auto_includes_a_small_execution_whole(url: str) -> None:
    """Nothing is renamed, added or left out."""
    found = facts(ask_for(url, "weekly-train", script.QUEUED))
    assert (found["raw"], "rawOmitted" in found) == (sent("weekly-train", script.QUEUED), False)


def test_auto_cuts_the_tasks_of_a_large_execution(url: str) -> None:
    """As many unsuccessful tasks stay as fit, the rest is counted, and everything else stays as it was."""
    found = facts(ask_for(url, "load-test", script.MANY_FAILED))
    raw, whole = found["raw"], sent("load-test", script.MANY_FAILED)
    kept, all_tasks = raw.pop("tasks"), whole.pop("tasks")
    assert raw == whole
    assert [task["status"] for task in kept] == ["failed"] * len(kept)
    assert found["rawOmitted"] == {
        "tasks": len(all_tasks) - len(kept),
        "bytes": compact({**whole, "tasks": all_tasks}) - compact({**raw, "tasks": kept}),
    }
    assert compact({**raw, "tasks": kept}) <= 8192 < compact({**raw, "tasks": all_tasks[:1] + kept}) + 700


def test_a_large_execution_is_read_and_summarized_in_a_thread(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the very same answer, its body parsed in parts; a small one takes no thread."""
    expected = ask_for(url, "load-test", script.MANY_FAILED)
    work: list[object] = []

    async def in_worker(_: Attempts, function: Callable[[], object]) -> object:
        work.append(function)
        return function()

    monkeypatch.setattr(Attempts, "in_worker", in_worker)
    ask_for(url, "weekly-train", script.QUEUED)
    assert not work
    monkeypatch.setattr(wire, "LARGE_BYTES", 10_000)
    monkeypatch.setattr(large_json, "PART_BYTES", 10_000)
    monkeypatch.setattr(limits, "THREAD_TASKS", 999)
    assert (ask_for(url, "load-test", script.MANY_FAILED), len(work)) == (expected, 2)


def test_auto_cuts_the_list_that_holds_the_tasks(url: str) -> None:
    """Some answers have their tasks under `spec`."""
    found = facts(ask_for(url, "load-test", script.PARTLY_FAILED, raw_limit=4096))
    raw, whole = found["raw"], sent("load-test", script.PARTLY_FAILED)
    kept = raw["spec"].pop("tasks")
    del whole["spec"]["tasks"]
    assert (raw, len(kept) + found["rawOmitted"]["tasks"]) == (whole, 200)


def test_auto_leaves_out_an_execution_that_has_no_room_without_tasks(url: str) -> None:
    """All of it is counted."""
    found = facts(ask_for(url, "weekly-train", script.TIMED_OUT, raw_limit=10))
    whole = sent("weekly-train", script.TIMED_OUT)
    assert ("raw" in found, found["rawOmitted"]) == (False, {"tasks": 8, "bytes": compact(whole)})


def test_full_includes_any_execution_whole(url: str) -> None:
    """A thousand tasks stay."""
    found = facts(ask_for(url, "load-test", script.MANY_FAILED, raw="full"))
    assert (found["raw"], "rawOmitted" in found) == (sent("load-test", script.MANY_FAILED), False)


def test_never_leaves_raw_json_out(url: str) -> None:
    """The answer has neither the JSON nor a count; the resource has it all."""
    found = facts(ask_for(url, "weekly-train", script.QUEUED, raw="never"))
    assert ("raw" in found, "rawOmitted" in found) == (False, False)
    assert found["rawUri"] == f"blaxel://jobs/weekly-train/executions/{script.QUEUED}"


@pytest.mark.parametrize(
    ("override", "masked"),
    [
        ({"A": "secret", "B": "***", "C": 7}, {"A": "***", "B": "***", "C": "***"}),
        ('{"A": "secret", "B": "****"}', '{"A": "***", "B": "****"}'),
        ("A=secret", "***"),
        (["secret"], "***"),
    ],
)
@pytest.mark.parametrize("raw", ["auto", "full"])
def test_overridden_values_are_masked(raw: str, override: Any, masked: Any) -> None:
    """Whatever form the override has; unknown fields stay."""
    created = NOW - timedelta(hours=1)
    one = verbatim("exec-1", created, status="failed", spec={"envOverride": override, "novel": [1]}, later={"x": None})
    with serve(control_plane.build_app(clock=clock, jobs=lambda _: [job("train", [one])])) as url:
        found = facts(ask_for(url, "train", "exec-1", raw=raw))
    assert found["raw"] == {**one.body, "spec": {"envOverride": masked, "novel": [1]}}
    assert "secret" not in json.dumps(found)
