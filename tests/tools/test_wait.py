"""`wait_for_job_execution` through the SDK's client; both sides share a clock that only sleeping moves."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent
from support import virtual_time
from support.caller import tool_state, without_request_id
from support.faults import Answer, Delay, Fault, Faults
from support.plane import NOW
from support.program import PATIENCE
from support.virtual_time import now

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.playback import Execution, Failure, Task
from blaxel_mcp.demo.wire import Job
from blaxel_mcp.server import Server, build_server
from blaxel_mcp.summary.limits import (
    WAIT_FIRST_SECONDS,
    WAIT_MARGIN_SECONDS,
    WAIT_SAFE_SECONDS,
    WAIT_SECONDS_USUAL,
)
from blaxel_mcp.tools import get_execution, wait_execution
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.spec import bind

SPECS = (get_execution.SPEC, wait_execution.SPEC)


def server_for(app: AppContext) -> Server:
    """A server that has these tools alone."""
    return build_server(app, [*map(bind, SPECS)])


EXECUTION = "/executions/exec-1"
RUN = {"jobId": "run", "executionId": "exec-1"}
CLIENTS_GIVE_UP = 60
"""Seconds after which many clients end a call."""


def run_job(*tasks: Task, began: float = 0, queued: float = 0, parallelism: int = 1) -> Job:
    """A job whose one execution was created so many seconds before now."""
    created = NOW - timedelta(seconds=began)
    execution = Execution(
        job="run",
        id="exec-1",
        workspace=script.WORKSPACE,
        created=created,
        tasks=tasks,
        parallelism=parallelism,
        timeout=3600,
        queued=queued,
        pending=0,
    )
    return Job(name="run", workspace=script.WORKSPACE, created=created, executions=(execution,))


@dataclass
class World:
    """A control plane and a clock that both sides share; sleeping moves it."""

    jobs: Sequence[Job]
    faults: Sequence[Fault] = ()
    always: Fault | None = None
    now: datetime = NOW
    slept: list[float] = field(default_factory=list)
    progress: list[tuple[float, float | None]] = field(default_factory=list)
    messages: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    fails_after: int = 0

    def clock(self) -> datetime:
        """The present."""
        return self.now

    def timer(self) -> float:
        """The present in seconds."""
        return self.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Move the clock; after `fails_after` pauses, `always` answers every poll."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        if self.always and len(self.slept) == self.fails_after:
            self.faulty.always(self.always, path=EXECUTION)

    async def _progress(self, progress: float, total: float | None, message: str | None) -> None:
        self.progress.append((progress, total))
        self.messages.append(message)

    def wait(self, *, tool: str = "wait_for_job_execution", **arguments: Any) -> CallToolResult:
        """Call the tool on a control plane with the jobs and faults."""
        app = control_plane.build_app(clock=self.clock, jobs=lambda _: self.jobs)
        self.faulty = Faults(app)
        self.faulty.add(*self.faults, path=EXECUTION)

        async def call(url: str) -> CallToolResult:
            async with tool_state(url, self.clock) as made:
                state = replace(made, sleep=self.sleep, timer=self.timer)
                async with Client(server_for(state)) as client:
                    return await client.call_tool(tool, {**RUN, **arguments}, progress_callback=self._progress)

        with control_plane.serve(self.faulty) as url:
            result = asyncio.run(call(url))
        self.paths = [seen.path.removeprefix("/v0/jobs/run") for seen in self.faulty.seen]
        return result


def text_of(result: CallToolResult) -> str:
    """The result's one text block, without the request id of an error."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return without_request_id(block.text)


def facts_of(result: CallToolResult) -> dict[str, Any]:
    """The result's structured content."""
    assert not result.is_error, text_of(result)
    facts: dict[str, Any] | None = result.structured_content
    assert facts is not None
    return facts


def assert_small(facts: dict[str, Any]) -> None:
    """The promise for an answer of a wait whose time was up."""
    assert len(facts["summary"].encode()) <= 250
    assert len(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()) <= 400


def test_a_finished_execution_is_answered_at_once_as_get_does() -> None:
    """The answer is that of `get_job_execution` word for word, raw JSON included."""
    jobs = [run_job(Task(5), began=60)]
    world = World(jobs)
    result = world.wait()
    assert (facts_of(result), world.slept) == (facts_of(World(jobs).wait(tool="get_job_execution")), [])
    assert text_of(result) == facts_of(result)["summary"]
    assert "raw" in facts_of(result)


def test_it_returns_as_soon_as_it_is_done() -> None:
    """Long before the time is up; the control plane is polled about once a second and asked one thing besides."""
    world = World([run_job(Task(2), Task(2))])
    facts = facts_of(world.wait())
    assert (facts["done"], facts["outcome"]) == (True, "succeeded")
    assert 4 <= sum(world.slept) <= 6
    assert [path for path in world.paths if path != EXECUTION] == ["/executions"]
    assert len(world.paths) <= 8


def test_an_unfinished_execution_is_an_answer() -> None:
    """It says how the execution stands and what is new: not done, no raw JSON, and the call that goes on waiting."""
    world = World([run_job(*[Task(20)] * 10)])
    facts = facts_of(world.wait(timeoutSeconds=45))
    assert (facts["done"], facts["status"], facts["tasks"]["succeeded"]) == (False, "running", 2)
    assert facts == {
        "summary": (
            "Running: 2 of 10 tasks finished (20%), 1 running, 7 waiting. New in this wait: 2 tasks finished. "
            "Next: Call wait_for_job_execution again with the same arguments."
        ),
        "status": "running",
        "done": False,
        "outcome": "in_progress",
        "nextStep": "Call wait_for_job_execution again with the same arguments.",
        "tasks": {"total": 10, "succeeded": 2, "running": 1},
        "jobId": "run",
        "executionId": "exec-1",
    }
    assert sum(world.slept) == pytest.approx(45)


def test_the_wait_takes_30_seconds_by_default() -> None:
    """From 1 to 600 seconds can be asked for; anything else is rejected, and nothing is sent."""
    world = World([run_job(Task(600))])
    world.wait()
    assert sum(world.slept) == pytest.approx(30)
    world = World([run_job(Task(600))])
    world.wait(timeoutSeconds=1)
    assert world.slept == [1]
    for wrong in (0, 601, "soon"):
        world = World([run_job(Task(600))])
        assert text_of(world.wait(timeoutSeconds=wrong)).startswith("Wrong arguments: timeoutSeconds ")
        assert world.paths == []


def test_the_usual_wait_is_shorter_than_the_timeout_of_clients() -> None:
    """So is the longest that the description does not warn of, and the first poll: 10 seconds are left for the way."""
    longest = max(WAIT_SECONDS_USUAL, WAIT_SAFE_SECONDS)
    assert max(WAIT_FIRST_SECONDS, longest + WAIT_MARGIN_SECONDS) <= CLIENTS_GIVE_UP - 10
    assert f"Over {WAIT_SAFE_SECONDS} seconds only where a call may take as long" in wait_execution.SPEC.description


def test_progress_counts_finished_tasks() -> None:
    """Each notification has a larger number than the one before, and the total."""
    world = World([run_job(Task(2), Task(3), Task(2))])
    world.wait()
    values = [value for value, _ in world.progress]
    assert values == sorted(set(values))
    assert [int(value) for value in values][:: len(values) - 1] == [0, 3]
    assert {total for _, total in world.progress} == {3}
    assert world.messages[-1] == "3 of 3 tasks finished"


def test_progress_comes_every_ten_seconds_whatever_happens() -> None:
    """Also where polls are rarer, and no task ends."""
    world = World([run_job(Task(9000), began=7200)])
    moments: list[float] = []
    report = world._progress

    async def note(progress: float, total: float | None, message: str | None) -> None:
        moments.append(world.timer())
        await report(progress, total, message)

    world._progress = note  # type: ignore[method-assign]
    world.wait(timeoutSeconds=600)
    assert max(later - earlier for earlier, later in pairwise(moments)) <= 10
    assert len(set(world.progress)) == len(world.progress) >= 60
    assert set(world.messages) == {"0 of 1 task finished"}
    assert world.paths.count(EXECUTION) <= 30


def test_pauses_grow_with_the_age_of_the_execution() -> None:
    """An execution that has run for hours is polled a few times only."""
    world = World([run_job(Task(9000), began=7200)])
    world.wait(timeoutSeconds=45)
    assert world.slept == [10, 10, 10, 10, 5]


def test_latest_is_resolved_once() -> None:
    """A newer execution does not change what is waited for."""
    world = World([run_job(Task(3), queued=2)])
    facts = facts_of(world.wait(executionId="latest"))
    assert facts["executionId"] == "exec-1"
    assert "This is the job's newest execution" in facts["summary"]
    assert world.paths[:2] == ["/executions", EXECUTION]


def test_a_failed_poll_in_between_leaves_no_trace() -> None:
    """The next poll succeeds, so the answer holds no warning."""
    world = World([run_job(Task(4))], always=Answer(500), fails_after=1)
    cleared = world.sleep

    async def sleep(seconds: float) -> None:
        await cleared(seconds)
        if len(world.slept) == 2:
            world.faulty.clear()

    world.sleep = sleep  # type: ignore[method-assign]
    facts = facts_of(world.wait())
    assert facts["outcome"] == "succeeded"
    assert "warnings" not in facts


def test_the_last_known_state_stands_in_for_polls_that_fail() -> None:
    """A warning says since when and why, in both channels and within the budgets."""
    world = World([run_job(*[Task(4)] * 20)], always=Answer(500), fails_after=5)
    result = world.wait(timeoutSeconds=20)
    facts = facts_of(result)
    assert (facts["done"], facts["tasks"]["succeeded"]) == (False, 1)
    said = "Looking again failed: Blaxel failed with an internal error (500). 16s ago: Running: 1 of 20 tasks finished"
    assert text_of(result).startswith(said)
    assert sum(world.slept) == pytest.approx(20)


def test_the_warning_keeps_the_budgets() -> None:
    """An answer that is full already makes room for it."""
    failure = Failure("The container exited with code 1: " + "é" * 400, ())
    tasks = [Task(1, failure=replace(failure, message=f"{'abcdefgh'[i]} {failure.message}")) for i in range(6)]
    world = World([run_job(*tasks, Task(600), parallelism=8)], always=Answer(500), fails_after=2)
    facts = facts_of(world.wait(timeoutSeconds=20))
    assert facts["summary"].startswith("Looking again failed: ")
    assert_small(facts)


def test_an_error_that_is_not_transient_ends_the_wait() -> None:
    """The last known state is the answer: polling again would not help."""
    world = World([run_job(Task(600))], always=Answer(403), fails_after=3)
    facts = facts_of(world.wait())
    said = "Looking again failed: The credential is valid but may not do this here (403). "
    assert facts["summary"].startswith(said)
    assert len(world.slept) == 3


@pytest.mark.parametrize(
    ("arguments", "faults", "said"),
    [
        ({"executionId": "exec-9"}, [], 'Job "run" has no execution "exec-9" (404).'),
        ({}, [Answer(403)], "The credential is valid but may not do this here (403)."),
        ({}, [Answer(500)] * 9, "Blaxel failed with an internal error (500)."),
    ],
)
def test_a_first_poll_that_fails_is_an_error(arguments: dict[str, str], faults: list[Fault], said: str) -> None:
    """The error is the one that `get_job_execution` gives."""
    jobs = [run_job(Task(5))]
    world = World(jobs, faults)
    result = world.wait(**arguments)
    assert result.is_error
    assert text_of(result).startswith(said)
    assert text_of(result) == text_of(World(jobs, faults).wait(tool="get_job_execution", **arguments))
    assert world.slept == []


def wait_for_slow(*faults: Fault, always: Fault, seconds: int) -> tuple[CallToolResult, float, bool]:
    """Wait on an API that is slow or silent; the result, after how many seconds, and whether a request was given up."""
    faulty = Faults(control_plane.build_app(clock=lambda: NOW, jobs=lambda _: [run_job(Task(600))]))
    faulty.add(*faults, path=EXECUTION)
    faulty.always(always, path=EXECUTION)

    async def call() -> tuple[CallToolResult, float, bool]:
        async with (
            control_plane.served(faulty) as url,
            tool_state(url, timeout=60) as made,
            Client(server_for(replace(made, timer=now))) as client,
        ):
            began = now()
            result = await client.call_tool("wait_for_job_execution", {**RUN, "timeoutSeconds": seconds})
            ended = now() - began
            await asyncio.sleep(0.1)  # until the API has seen that nobody waits for its answer
            return result, round(ended, 1), faulty.gone.is_set()

    return virtual_time.run(call)


def test_a_first_poll_without_an_answer_ends_in_time() -> None:
    """It has a time limit of its own, and is given up then."""
    result, ended, given_up = wait_for_slow(always=Delay(600), seconds=1)
    assert result.is_error
    assert text_of(result).startswith("Blaxel did not answer within the time limit of one request.")
    assert (ended, given_up) == (WAIT_FIRST_SECONDS, True)


def test_a_later_poll_without_an_answer_ends_with_the_wait() -> None:
    """It ends with the time to wait and a margin; the first state is the answer."""
    result, ended, given_up = wait_for_slow(Delay(0), always=Delay(600), seconds=20)
    said = "Looking again failed: Blaxel did not answer within the time limit of one request. "
    assert facts_of(result)["summary"].startswith(said)
    assert (ended, given_up) == (20 + WAIT_MARGIN_SECONDS, True)


@pytest.mark.parametrize(("seconds", "slow"), [(2, 0.8), (1, 1.6), (45, 7), (3, 9.9)])
def test_a_slow_api_raises_no_warning(seconds: int, slow: float) -> None:
    """However short the wait and slow the answers, an unfinished execution is an answer without doubts."""
    result, ended, given_up = wait_for_slow(always=Delay(slow), seconds=seconds)
    assert facts_of(result)["summary"].startswith("Running: ")
    assert ended <= max(slow, seconds + WAIT_MARGIN_SECONDS)
    assert not given_up


@pytest.mark.slow
def test_a_cancelled_wait_polls_no_more() -> None:
    """Cancelled over stdio as clients do it: the server answers other calls, and sends the API nothing more."""
    app = control_plane.build_app(jobs=lambda now: [replace_created(run_job(Task(600)), now)])
    faulty = Faults(app)

    async def talk(url: str) -> tuple[int, int, list[Any]]:
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "blaxel_mcp",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"BL_API_URL": url, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE, "PATH": ""},
        )
        assert server.stdin is not None
        assert server.stdout is not None
        ids: list[Any] = []

        async def say(method: str, number: int | None = None, **params: Any) -> None:
            message = {"jsonrpc": "2.0", "method": method, "params": params, **({"id": number} if number else {})}
            assert server.stdin is not None
            server.stdin.write(json.dumps(message).encode() + b"\n")
            await server.stdin.drain()

        async def answer(number: int) -> None:
            assert server.stdout is not None
            while not ids or ids[-1] != number:
                ids.append(json.loads(await server.stdout.readline()).get("id"))

        async with asyncio.timeout(PATIENCE):
            client = {"name": "test", "version": "1"}
            await say("initialize", 1, protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
            await answer(1)
            await say("notifications/initialized")
            await say("tools/call", 2, name="wait_for_job_execution", arguments=RUN)
            while not [seen for seen in faulty.seen if seen.path.endswith(EXECUTION)]:  # noqa: ASYNC110 - another thread
                await asyncio.sleep(0.01)
            await say("notifications/cancelled", requestId=2)
            await say("ping", 3)
            await answer(3)
            before = len(faulty.seen)
            await asyncio.sleep(
                1.3
            )  # the second look would come after one second: only real time can show that none does
            after = len(faulty.seen)
            server.stdin.close()
            await server.wait()
        return before, after, ids

    with control_plane.serve(faulty) as url:
        before, after, ids = asyncio.run(talk(url))
    assert after == before
    assert 2 not in ids


def replace_created(job: Job, now: datetime) -> Job:
    """The same job, its execution created now."""
    (execution,) = job.executions
    assert isinstance(execution, Execution)
    return replace(job, executions=(replace(execution, created=now),))


@pytest.mark.slow
def test_a_run_of_an_hour_costs_few_calls_and_bytes() -> None:
    """Watched by an agent that waits 300 seconds at a time; in either channel, without the last answer's raw JSON."""
    world = World([run_job(*[Task(90)] * 40)])
    texts, objects, polls = list[str](), list[dict[str, Any]](), 0
    while not objects or not objects[-1]["done"]:
        result = world.wait(timeoutSeconds=300)
        texts.append(text_of(result))
        objects.append({key: value for key, value in facts_of(result).items() if key not in {"raw", "rawOmitted"}})
        polls += world.paths.count(EXECUTION)
        if not objects[-1]["done"]:
            assert objects[-1]["nextStep"] == "Call wait_for_job_execution again with the same arguments."
            assert_small(objects[-1])
    assert (len(texts), objects[-1]["outcome"]) == (12, "succeeded")
    assert sum(len(text.encode()) for text in texts) <= 6 * 1024
    sizes = [len(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()) for one in objects]
    assert sum(sizes) <= 6 * 1024, sizes
    assert polls <= 13 * 25


def test_an_execution_that_is_gone_ends_the_wait() -> None:
    """Its job may have been deleted; an id that was never there is another matter."""
    world = World([run_job(*[Task(4)] * 20)], always=Answer(404), fails_after=5)
    facts = facts_of(world.wait(timeoutSeconds=300))
    assert facts["summary"].startswith(
        "It is gone: Blaxel does not find it any more (404). 1s ago: Running: 1 of 20 tasks finished (5%), "
    )
    assert (facts["done"], facts["nextStep"]) == (False, "See with list_job_executions what is left.")
    assert_small(facts)
    assert len(world.slept) == 5


def test_waiting_on_by_another_name_goes_by_the_id() -> None:
    """`latest` may be another execution by the next call."""
    facts = facts_of(World([run_job(Task(600))]).wait(executionId="latest"))
    assert facts["nextStep"] == 'Call wait_for_job_execution again with executionId "exec-1".'
    assert_small(facts)


def test_an_execution_that_fails_fast_is_not_waited_for() -> None:
    """The small answer says so, and what to do instead."""
    failure = Failure("The container exited with code 1: no space left on device", ())
    world = World([run_job(*[Task(1, failure)] * 8, *[Task(600)] * 40, parallelism=1)])
    facts = facts_of(world.wait(timeoutSeconds=12))
    assert facts["nextStep"] == "Do not wait: cancel it (cancel_job_execution), and fix the cause first."
    assert_small(facts)


@pytest.mark.parametrize("era", ["legacy", "auto"])
def test_a_client_that_goes_away_stops_the_polling(era: str) -> None:
    """The call is cancelled in its pause, and no poll comes after, in both eras."""
    faulty = Faults(control_plane.build_app(clock=lambda: NOW, jobs=lambda _: [run_job(Task(600))]))

    async def call(url: str) -> int:
        pausing, ended = asyncio.Event(), asyncio.Event()

        async def sleep(_: float) -> None:
            pausing.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async with tool_state(url) as made, asyncio.timeout(PATIENCE):
            server = server_for(replace(made, sleep=sleep))
            async with Client(server, mode=era) as client:
                waiting = asyncio.create_task(client.call_tool("wait_for_job_execution", RUN))
                await pausing.wait()
                waiting.cancel()
                await asyncio.wait({waiting})
                await ended.wait()
        return len([seen for seen in faulty.seen if seen.path.endswith(EXECUTION)])

    with control_plane.serve(faulty) as url:
        assert asyncio.run(call(url)) == 1
