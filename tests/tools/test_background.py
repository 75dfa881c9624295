"""How long a job usually runs: at most one more call, cached, and never a reason to fail or to wait long."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from support.caller import ACCOUNT, another, ask, client_for, facts, ids, use
from support.faults import Answer, Delay
from support.plane import NOW, Plane, ago, job, served, verbatim

from blaxel_mcp.api.client import Session
from blaxel_mcp.demo.wire import Verbatim
from blaxel_mcp.summary.estimate import UsualDuration
from blaxel_mcp.tools import background
from blaxel_mcp.tools.cache import ExpiringCache

PASS = Delay(0)
ONE, LIST = "/v0/jobs/train/executions/exec-now", "/v0/jobs/train/executions"
BASIS = "3 recent successful executions (median 10m)"


def past(days: int) -> Verbatim:
    """A run of ten minutes, so many days ago."""
    created = NOW - timedelta(days=days)
    times = {"startedAt": ago(days=days), "completedAt": ago(days=days, minutes=-10)}
    return verbatim(f"exec-{days}", created, status="succeeded", metadata=times)


@pytest.fixture
def plane() -> Iterator[Plane]:
    """A control plane whose job's newest run began two minutes ago, and says nothing of tasks."""
    created = NOW - timedelta(minutes=2)
    now = verbatim("exec-now", created, status="running", metadata={"startedAt": ago(minutes=2)})
    yield from served(job("train", [now, past(1), past(2), past(3)]))


NOW_ONE = ids("train", "exec-now")


def estimates(plane: Plane, times: int) -> list[str | None]:
    """What the estimate is based on, for as many calls in a row."""
    answers = ask(client_for(plane.url), *[NOW_ONE] * times)
    return [facts(answer)["timing"].get("estimateBasis") for answer in answers]


def test_a_running_execution_takes_one_more_call_and_the_next_none(plane: Plane) -> None:
    """The job's usual duration is cached."""
    assert estimates(plane, 3) == [BASIS] * 3
    assert plane.paths == [ONE, LIST, ONE, ONE]
    assert plane.requests[1].query == "limit=20&sort=createdAt%3Adesc"


def test_a_finished_execution_takes_no_more_calls(plane: Plane) -> None:
    """It needs no estimate."""
    facts(ask(client_for(plane.url), ids("train", "exec-1"))[0])
    assert plane.paths == ["/v0/jobs/train/executions/exec-1"]


@pytest.mark.parametrize(
    "fault", [Answer(500), Answer(404), Answer(429, headers={"retry-after": "10"}), Answer(200, b"<html>")], ids=repr
)
def test_a_list_that_fails_is_harmless_and_not_repeated_at_once(plane: Plane, fault: Answer) -> None:
    """The answer comes without an estimate; neither it nor the next waits for what failed."""
    plane.faults.add(PASS, fault)
    assert estimates(plane, 2) == [None, None]
    assert plane.paths == [ONE, LIST, ONE]


def test_a_list_that_is_slow_is_given_up(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    """An estimate is not worth a long wait."""
    monkeypatch.setattr(background, "_WAIT_SECONDS", 0.1)
    plane.faults.add(PASS, Delay(60))
    assert estimates(plane, 2) == [None, None]
    assert plane.faults.gone.wait(10)
    assert plane.paths == [ONE, LIST, ONE]


USUAL = UsualDuration((600, 600, 600))


def test_a_failure_is_cached_for_a_minute_and_a_duration_for_five(plane: Plane) -> None:
    """Each is asked for again once its time is over."""
    plane.faults.add(Answer(500))
    now = 0.0

    async def run(session: Session) -> list[tuple[UsualDuration | None, int]]:
        nonlocal now
        cache = ExpiringCache(lambda: now)
        found = []
        for seconds in (0.0, 59.0, 61.0, 360.0, 362.0):
            now = seconds
            usual = await background.fetch_usual_duration(cache, another(session), "train")
            found.append((usual, len(plane.paths)))
        return found

    assert use(client_for(plane.url), run) == [(None, 1), (None, 1), (USUAL, 2), (USUAL, 2), (USUAL, 3)]


def test_durations_are_cached_by_identity_and_job(plane: Plane) -> None:
    """What one credential may see is not told to another."""
    ours, theirs = client_for(plane.url), client_for(plane.url, variables={**ACCOUNT, "BL_API_KEY": "another-key"})

    async def run() -> list[UsualDuration | None]:
        cache = ExpiringCache()
        try:
            return [
                await background.fetch_usual_duration(cache, another(session), job_id)
                for session, job_id in ((ours, "train"), (theirs, "train"), (ours, "train"), (ours, "other"))
            ]
        finally:
            await ours.upstream.aclose()
            await theirs.upstream.aclose()

    assert asyncio.run(run()) == [USUAL, None, USUAL, None]
    assert plane.paths == [LIST, LIST, "/v0/jobs/other/executions"]
