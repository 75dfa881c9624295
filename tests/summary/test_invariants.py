"""What holds for any execution that the API could ever send, and for many that it could not."""

import re
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from support.builders import EXECUTION, JOB, answer
from support.caller import EXECUTION_KEYS
from support.examples import examples

from blaxel_mcp.models import JobExecution, parse_env_override
from blaxel_mcp.summary.masking import mask_credentials
from blaxel_mcp.summary.raw import limit_raw
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.wording import json_size

SCHEMA = TypeAdapter(ExecutionAnswer).json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
bounded = settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def usually(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of the strategy five times out of six, else anything at all."""
    return st.one_of(strategy, strategy, strategy, strategy, strategy, anything)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any subset of these fields, each of them mostly as the schema has it."""
    return st.fixed_dictionaries({}, optional={name: usually(value) for name, value in fields.items()})


MARK = "zqx"
costly = st.text(alphabet='🚀日é"\\', min_size=40, max_size=600)
"""Texts of characters that take two to four bytes, some of them by an escape in JSON."""
texts = (st.text(max_size=300) | costly).map(lambda text: f"{MARK} {text}")
moments = st.one_of(
    st.integers(0, 59).map(lambda minute: f"2026-11-24T11:{minute:02d}:00Z"),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    st.sampled_from(["", "0001-01-01T00:00:00Z", "2026-11-24T11:30:00.123456789+02:00"]),
)
counts = st.integers(0, 20) | st.integers(0, 10**15)
times = dict.fromkeys(("createdAt", "startedAt", "completedAt", "updatedAt"), moments)
conditions = some(type=texts, reason=texts, executionReason=texts, severity=texts, state=texts, message=texts)
tasks = some(
    metadata=some(name=texts, **times),
    spec=some(maxRetries=counts, timeout=st.sampled_from(["30m", "1s", "0s", "x"])),
    status=st.sampled_from(["succeeded", "failed", "cancelled", "running", "pending", "reconciling", "FAILED", "odd"]),
    conditions=st.lists(conditions, max_size=2),
)
STATUSES = [
    "succeeded",
    "failed",
    "cancelled",
    "timeout",
    "queued",
    "pending",
    "running",
    "cancelling",
    "Running",
    "odd",
]
executions = some(
    metadata=some(id=texts, job=texts, workspace=texts, **times),
    spec=some(
        envOverride=st.dictionaries(texts, texts, max_size=4),
        memoryOverride=counts,
        parallelism=counts,
        timeout=counts,
        tasks=st.lists(tasks, max_size=8),
    ),
    stats=some(cancelled=counts, failure=counts, retried=counts, running=counts, success=counts, total=counts),
    status=st.sampled_from(STATUSES),
    tasks=st.lists(tasks, max_size=8),
)

FINISHED = {"succeeded", "failed", "cancelled", "timeout"}
PLAIN_WORDS = re.compile(r"[A-Za-z0-9 .,:;'\"_-]+")


def holds(raw: dict[str, Any]) -> None:
    """Assert every promise of an answer at once, since making an execution costs more than checking its answer."""
    got = answer(raw)
    overridden = JobExecution.model_validate(raw).spec.envOverride
    VALIDATOR.validate(got)
    assert json_size(got["summary"]) - 2 <= 900
    assert json_size(got) <= 2_500
    assert got["done"] == (got.get("status") in FINISHED)
    assert got["done"] == (got["outcome"] in {"succeeded", "failed", "cancelled", "timed_out"})
    assert ("pollAfterSeconds" in got) != got["done"]
    assert MARK not in got["nextStep"]
    assert PLAIN_WORDS.fullmatch(got["nextStep"])
    assert got["nextStep"] in got["summary"]
    numbers: Any = got.get("tasks", {})
    parts = [numbers.get(key, 0) for key in ("succeeded", "failed", "cancelled", "running")]
    total = numbers.get("total")
    if total is not None and sum(parts) > total:
        assert any("do not add up" in warning or "left out" in warning for warning in got["warnings"])
    shown = sum(group["count"] for group in got.get("failures", [])) + got.get("failuresOmitted", 0)
    assert shown >= numbers.get("failed", 0)
    if got.get("failuresOmitted", 0):
        assert "for other reasons" in got["summary"] or "not read" in got["summary"]
    config = got.get("config", {})
    overrides = len(config.get("envOverrides", [])) + config.get("envOverridesOmitted", 0)
    assert overrides == len(parse_env_override(overridden) or {})
    assert got["summary"].isprintable()


@bounded
@given(executions)
def test_near_valid_executions_keep_every_promise(raw: dict[str, Any]) -> None:
    """Fields are mostly as the schema has them, some are missing, some are odd."""
    holds(raw)


@pytest.mark.slow
@bounded
@given(st.dictionaries(st.sampled_from(["metadata", "spec", "stats", "status", "tasks"]) | st.text(), anything))
def test_any_object_keeps_every_promise(raw: dict[str, Any]) -> None:
    """Any field may hold any JSON."""
    holds(raw)


@pytest.mark.slow
@bounded
@given(executions, st.integers(0, 4000))
def test_the_raw_json_is_within_its_limit_and_the_cut_is_exact(raw: dict[str, Any], limit: int) -> None:
    """Bytes left out are counted exactly, and an answer that is not cut is what the API sent, masks apart."""
    masked, _ = mask_credentials(raw)
    cut, omitted, _ = limit_raw(raw, "auto", limit)
    if omitted is None:
        assert cut == masked
    elif masked is raw or cut is None:
        assert omitted["bytes"] == json_size(raw) - (0 if cut is None else json_size(cut))
    assert cut is None or json_size(cut) <= limit or omitted is None


def test_the_schema_has_the_keys_of_the_contract_in_their_order() -> None:
    """The order is fixed, so that a client that cuts an answer shows the verdict first."""
    assert list(SCHEMA["properties"]) == EXECUTION_KEYS


def test_an_answer_has_its_keys_in_that_order() -> None:
    """Keys with nothing to say are left out, the others keep their order."""
    got = answer(
        {"status": "running", "stats": {"total": 1, "failure": 1}, "metadata": {"startedAt": "2026-11-24T11:00:00Z"}}
    )
    assert list(got) == [key for key in SCHEMA["properties"] if key in got]
    assert (got["jobId"], got["executionId"]) == (JOB, EXECUTION)


@pytest.mark.parametrize("invisible", ["\u200b", "\x1b]0;title\x07", "\u3164", "\x00"])
def test_ids_that_show_nothing_leave_the_answer_valid(invisible: str) -> None:
    """The schema requires both ids, and a client refuses an answer without them: then those that were asked stand."""
    got = answer({"metadata": {"id": invisible, "job": invisible}, "status": "failed"})
    VALIDATOR.validate(got)
    assert (got["jobId"], got["executionId"]) == (JOB, EXECUTION)
