"""Sending calls: `Upstream` and `Session` against a control plane with faults, over a real socket."""

import asyncio
import contextlib
import gc
import inspect
import logging
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support import tls, virtual_time
from support.caller import ACCOUNT, another, client_for, use
from support.faults import (
    Answer,
    Cut,
    Delay,
    Drop,
    Fault,
    Faults,
    Hold,
    Oversize,
    Trickle,
    not_an_object,
    not_json,
    redirect,
    refused,
    silent,
)
from support.plane import clock
from support.program import PATIENCE
from support.virtual_time import now, until

from blaxel_mcp import __version__
from blaxel_mcp.api import attempts as attempts_module
from blaxel_mcp.api.attempts import CONCURRENCY, PER_CALLER
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.call import Call
from blaxel_mcp.api.callers import Caller
from blaxel_mcp.api.certificates import load_certificates
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.api.jobs import FetchedExecution, get_execution, get_job, list_jobs
from blaxel_mcp.api.network_errors import translate
from blaxel_mcp.api.pool import _proxy_for
from blaxel_mcp.api.wire import BODY_BYTES, ERROR_BODY_BYTES
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.control_plane import ReceivedRequest, serve, served
from blaxel_mcp.errors import (
    AnswerError,
    ApiError,
    BlaxelMcpError,
    ConnectionFailedError,
    CredentialsError,
    StoppingError,
)
from blaxel_mcp.settings import load

ONE = get_execution("nightly-report", script.SUCCEEDED)
PATH = f"/jobs/nightly-report/executions/{script.SUCCEEDED}"
WRITE: Call[object] = Call("CreateJobExecution", "POST", ("jobs", "nightly-report", "executions"), dict)
OUT_OF_BUDGET = "Blaxel did not answer within the time limit of one request."
SOON = "Trying again in a moment can help."
LASTING = "Trying again unchanged will not help."
LATER = {"retry-after": "3600"}
AT_ONCE = {"retry-after": "0"}
LONG_PAST = {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}


class Plane:
    """A control plane with faults in front of it."""

    def __init__(self) -> None:
        app = control_plane.build_app(clock=clock)
        self.faults = Faults(app)
        self.requests: list[ReceivedRequest] = app.state.requests
        self.url = ""

    @property
    def calls(self) -> int:
        """How many requests have arrived, those that met a fault included."""
        return len(self.faults.seen)


@pytest.fixture
def plane() -> Iterator[Plane]:
    """A new control plane, which has received nothing yet."""
    plane = Plane()
    with serve(plane.faults) as plane.url:
        yield plane


@dataclass
class Wire:
    """What a server received, byte for byte; `closed` says that the client has hung up."""

    host: str = ""
    received: list[bytes] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)


async def fetch(session: Session) -> FetchedExecution:
    """Get one execution."""
    return await session.send(ONE)


def failure(client: Session, work: Callable[[Session], Awaitable[object]] = fetch) -> BlaxelMcpError:
    """The error that `work` ends in."""
    with pytest.raises(BlaxelMcpError) as error:
        use(client, work)
    return error.value


async def reaches(event: threading.Event) -> None:
    """Wait, without blocking the loop, until the server's thread has set the event."""
    assert await asyncio.to_thread(event.wait, PATIENCE)


@pytest.mark.parametrize(
    "fault",
    [Answer(408), Answer(429), Answer(502), Answer(503), Answer(504), Drop(), Drop(reset=True), Cut()],
    ids=repr,
)
def test_a_get_is_sent_four_times_at_most(plane: Plane, fault: Fault) -> None:
    """Transient failures are retried; after the last attempt its error is raised."""
    plane.faults.always(fault)
    error = failure(client_for(plane.url))
    assert (plane.calls, error.transient) == (4, True)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 500, 501])
def test_other_failures_are_not_retried(plane: Plane, status: int) -> None:
    """Neither lasting failures nor a 500, which may have done half of the work, are sent again."""
    plane.faults.always(Answer(status, headers=AT_ONCE))
    error = failure(client_for(plane.url))
    assert isinstance(error, ApiError)
    assert (plane.calls, error.status) == (1, status)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (redirect("/v0/elsewhere"), "The Blaxel address answered with a redirect (302), which is not followed."),
        (not_json(), "The Blaxel address answered (200) with something that is not JSON."),
        (not_an_object(), "Blaxel answered (200) with JSON that is not an object."),
        (Answer(200, b"not gzip", {"content-encoding": "gzip"}), "Blaxel's answer could not be decoded."),
        (Oversize(BODY_BYTES + 1), "Blaxel's answer is larger than 64 MiB and was not read."),
    ],
    ids=["redirect", "not JSON", "not an object", "not gzip", "too large"],
)
def test_an_unusable_answer_is_not_retried(plane: Plane, fault: Fault, text: str) -> None:
    """A redirect, or a body that cannot be parsed, would be the same the next time."""
    plane.faults.always(fault)
    error = failure(client_for(plane.url))
    assert (plane.calls, type(error), error.message) == (1, AnswerError, text)


def test_a_large_error_body_is_not_read(plane: Plane) -> None:
    """The status tells what is wrong; what the body asks for counts only where it is small enough."""
    body = {"retry_after": 7, "padding": ""}
    small, large = Answer(500, json_body=body), Answer(500, json_body=body | {"padding": "x" * ERROR_BODY_BYTES})
    plane.faults.add(small, large)
    errors = [failure(client_for(plane.url)) for _ in range(2)]
    assert [error.retry_after for error in errors] == [7, None]
    assert {error.message for error in errors} == {"Blaxel failed with an internal error (500)."}


def test_an_error_whose_body_cannot_be_unpacked_is_told_by_its_status(plane: Plane) -> None:
    """What the body asks for is not known then."""
    plane.faults.add(Answer(500, b"not gzip", {"content-encoding": "gzip"}))
    assert failure(client_for(plane.url)).message == "Blaxel failed with an internal error (500)."


def test_a_call_may_allow_less_than_others(plane: Plane) -> None:
    """An answer as large as it allows is read, and one that is larger by a byte is not."""
    plane.faults.always(Answer(200, b'{"a": 1}'))
    call: Call[dict[str, int]] = Call("GetJob", "GET", ("jobs", "small"), dict)
    assert use(client_for(plane.url), lambda session: session.send(replace(call, most_bytes=8))) == {"a": 1}
    error = failure(client_for(plane.url), lambda session: session.send(replace(call, most_bytes=7)))
    assert isinstance(error, AnswerError)


def test_a_body_within_the_limit_is_read(plane: Plane) -> None:
    """An answer of four mebibytes is read whole."""
    plane.faults.add(Oversize(4 * 1024**2))
    raw = use(client_for(plane.url), fetch).raw
    assert [(key, len(value)) for key, value in raw.items()] == [("padding", 4 * 1024**2)]


def test_a_get_recovers_from_three_failures(plane: Plane) -> None:
    """The fourth attempt's answer is returned, whatever kinds of failure came before."""
    plane.faults.add(Answer(503), Drop(), Cut())
    assert use(client_for(plane.url), fetch).execution.status == "succeeded"
    assert plane.calls == 4


@pytest.mark.parametrize(
    "fault",
    [
        Answer(429, headers=AT_ONCE),
        Answer(503, headers=LONG_PAST),
        Answer(429, json_body={"error": {"retry_after": 0}}),
    ],
    ids=["seconds", "date", "body"],
)
def test_retry_after_replaces_our_own_backoff(plane: Plane, fault: Fault) -> None:
    """Our own wait would be a thousand seconds here."""
    plane.faults.add(fault)
    assert use(client_for(plane.url, first_wait=1000), fetch).execution.status == "succeeded"


@pytest.mark.parametrize(("seconds", "headers"), [(30.0, LATER), (5.0, {"retry-after": "10"})])
def test_a_retry_after_beyond_the_budget_is_not_waited_for(
    plane: Plane, seconds: float, headers: dict[str, str]
) -> None:
    """The error comes at once, and says how long the API asks to wait."""
    plane.faults.always(Answer(429, headers=headers))
    error = failure(client_for(plane.url), lambda client: another(client, seconds).send(ONE))
    assert (plane.calls, error.retry_after) == (1, float(headers["retry-after"]))


def test_a_get_that_an_answer_does_without_is_sent_once(plane: Plane) -> None:
    """However short the API asks to wait."""
    plane.faults.always(Answer(503, headers=AT_ONCE))
    failure(client_for(plane.url), lambda session: session.send(replace(ONE, retried=False)))
    assert plane.calls == 1


@pytest.mark.parametrize("fault", [Answer(503, headers=AT_ONCE), Answer(429), Drop(), Cut()], ids=repr)
def test_a_post_is_never_repeated(plane: Plane, fault: Fault) -> None:
    """The server may have carried it out before the failure."""
    plane.faults.always(fault)
    failure(client_for(plane.url), lambda client: another(client).send(WRITE))
    assert plane.calls == 1


def test_identical_posts_are_each_sent(plane: Plane) -> None:
    """Starting a job twice means two executions, so writes are never shared."""
    plane.faults.always(Answer(200, json_body={"executionId": "e"}))

    async def work(client: Session) -> list[object]:
        return await asyncio.gather(*(another(client).send(WRITE) for _ in range(2)))

    assert use(client_for(plane.url), work) == [{"executionId": "e"}] * 2
    assert plane.calls == 2


@pytest.mark.parametrize(
    "fault", [Delay(60), Trickle(b" " * 10_000, 0.1), Oversize(10**12, gap=0.01)], ids=["silence", "trickle", "flood"]
)
def test_an_attempt_is_bounded_as_a_whole(fault: Fault) -> None:
    """The time limit holds for a silent server, a trickle of bytes and an endless flood alike."""
    plane, endless = Plane(), replace(ONE, most_bytes=10**12)
    plane.faults.always(fault)

    async def work() -> float:
        async with served(plane.faults) as url:
            session = client_for(url, timeout=5)
            with pytest.raises(ConnectionFailedError, match=r"^Blaxel did not answer in time\."):
                await session.send(endless)
            await session.upstream.aclose()
            ended = now()
            await until(plane.faults.gone.is_set)
            return ended

    assert 20 <= virtual_time.run(work) < 21
    assert plane.calls == 4


def test_the_waits_between_attempts_double_with_jitter_up_to_five_seconds(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounds are a quarter of a second to begin with, as much again at random, and five seconds at the most."""
    plane.faults.always(Answer(503))
    waits: list[list[float]] = []

    async def work(session: Session) -> None:
        slept: list[float] = []

        here, pause = threading.current_thread(), asyncio.sleep

        async def sleep(seconds: float) -> None:
            if threading.current_thread() is not here or not seconds:  # the control plane's own pauses
                return await pause(seconds)
            slept.append(seconds)
            return None

        monkeypatch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(ApiError):
            await another(session).send(ONE)
        monkeypatch.undo()
        waits.append(slept)

    for first_wait in (0.25, 0.25, 4.0):
        use(client_for(plane.url, first_wait=first_wait), work)
    usual, again, capped = waits
    assert [0.25 * 2**n <= wait <= 0.25 * 2**n + 0.25 for n, wait in enumerate(usual)] == [True] * 3
    assert usual != again
    assert max(capped) == 5.0


@pytest.mark.parametrize(("asked", "waited"), [("28", [28.0]), ("29.5", []), ("30", [])])
def test_all_attempts_of_a_call_take_thirty_seconds_together(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, asked: str, waited: list[float]
) -> None:
    """A wait that leaves no second of them for another attempt is not begun."""
    plane.faults.add(Answer(429, headers={"retry-after": asked}))
    slept: list[float] = []

    async def work(session: Session) -> None:
        here, pause = threading.current_thread(), asyncio.sleep

        async def sleep(seconds: float) -> None:
            if threading.current_thread() is not here or not seconds:
                return await pause(seconds)
            slept.append(seconds)
            return None

        monkeypatch.setattr(asyncio, "sleep", sleep)
        await asyncio.gather(session.send(ONE), return_exceptions=True)
        monkeypatch.undo()

    use(client_for(plane.url), work)
    assert slept == waited


class Item:
    """A part of a large answer, which tells in which thread it is freed."""

    freed_in: ClassVar[Counter[str]] = Counter()
    all_freed: ClassVar[threading.Event] = threading.Event()

    def __del__(self) -> None:
        """Tell."""
        self.freed_in[threading.current_thread().name] += 1
        if self.freed_in.total() == 10_000:
            self.all_freed.set()


class Owner:
    """A large answer."""

    def __init__(self) -> None:
        self.items = [Item() for _ in range(10_000)]


def test_a_large_answer_is_freed_in_the_worker_thread(plane: Plane) -> None:
    """Freeing a hundred thousand tasks at once takes 60 ms, in which the event loop would do nothing else."""
    plane.faults.add(Oversize(2 * 1024**2))
    call = Call("GetJob", "GET", ("jobs", "large"), lambda _: Owner(), owned=lambda owner: (owner, owner.items))
    Item.freed_in.clear()

    async def work(session: Session) -> Counter[str]:
        await session.send(call)
        await reaches(Item.all_freed)
        return Item.freed_in.copy()

    assert use(client_for(plane.url), work) == {"large-answers_0": 10_000}


def test_a_large_answer_that_outlives_the_client_is_freed_without_a_word(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread and its event loop are gone by then."""
    plane.faults.add(Oversize(2 * 1024**2))
    call = Call("GetJob", "GET", ("jobs", "large"), lambda _: Owner(), owned=lambda owner: (owner, owner.items))
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    owner = use(client_for(plane.url), lambda session: session.send(call))
    del owner
    gc.collect()
    assert said == []


def test_closing_waits_for_no_work_and_begins_none() -> None:
    """What the worker thread does goes on to its end; what is queued behind it is not begun, and the thread ends."""
    begun, release, done = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        begun.set()
        release.wait(PATIENCE)
        done.append("first")

    async def work(session: Session) -> list[object]:
        pieces: list[Callable[[], None]] = [first, lambda: done.append("second")]
        tasks = [asyncio.create_task(session.upstream.in_worker(piece)) for piece in pieces]
        await reaches(begun)
        await session.upstream.aclose()
        assert done == []
        release.set()
        return [*await asyncio.gather(*tasks, return_exceptions=True)]

    ends = use(client_for("http://127.0.0.1:1/v0"), work)
    for thread in threading.enumerate():
        if thread.name.startswith("large-answers"):
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert (ends[0], type(ends[1]), done) == (None, asyncio.CancelledError, ["first"])


def test_an_attempt_is_bounded_before_the_first_byte() -> None:
    """A server that accepts the connection and never answers is given up after the same time."""
    with silent() as url:
        assert failure(client_for(url, timeout=0.05)).message == "Blaxel did not answer in time."


def test_a_session_ends_an_attempt_when_its_budget_is_over(plane: Plane) -> None:
    """The budget counts even where an attempt alone might take longer; the request is cancelled with it."""
    plane.faults.always(Delay(60))
    error = failure(client_for(plane.url), lambda client: another(client, 0.5).send(ONE))
    assert (str(error), error.unsent) == (f"{OUT_OF_BUDGET} {SOON} Ask again later.", False)
    assert plane.faults.gone.wait(PATIENCE)
    assert plane.calls == 1


def test_a_session_without_budget_left_sends_nothing(plane: Plane) -> None:
    """All calls of a session share its budget."""
    error = failure(client_for(plane.url), lambda client: another(client, -1.0).send(ONE))
    assert (plane.calls, str(error)) == (0, f"{OUT_OF_BUDGET} {SOON} Ask again later.")


def test_the_budget_counts_from_the_first_call_and_can_be_replaced(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time that passes before the first call takes nothing of it; a handler that waits sets a longer one later."""
    hold = Hold()

    async def work(session: Session) -> list[BaseException | FetchedExecution]:
        session.budget = 0.5
        loop, time = asyncio.get_running_loop(), asyncio.get_running_loop().time
        monkeypatch.setattr(loop, "time", lambda: time() + 1000)  # a thousand seconds pass
        first = await fetch(session)
        plane.faults.add(hold)
        second = (await asyncio.gather(fetch(session), return_exceptions=True))[0]
        session.budget = 30.0
        return [first, second, await fetch(session)]

    first, second, third = use(client_for(plane.url), work)
    assert first == third
    assert isinstance(second, ConnectionFailedError)


class Crowd:
    """Holds requests back until `CONCURRENCY` of them are under way, and records how many ever were at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._arrived = 0
        self._inside = 0
        self._full = asyncio.Condition()
        self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; it counts as under way until the last part of its answer is sent."""

        async def leaving(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._inside -= 1
            await send(message)

        self._inside += 1
        self.most = max(self.most, self._inside)
        batch = self._arrived // CONCURRENCY + 1
        self._arrived += 1
        async with self._full:
            self._full.notify_all()
            await self._full.wait_for(lambda: self._arrived >= batch * CONCURRENCY)
        await self._app(scope, receive, leaving)


def test_eight_calls_are_under_way_at_once() -> None:
    """Eight requests are under way at once, never more, however many calls wait."""
    crowd = Crowd(control_plane.build_app(clock=clock))

    async def work(client: Session) -> int:
        calls: list[Call[Any]] = [
            get_execution("nightly-report", f"unknown-{number}") if number % 2 else get_job(f"unknown-{number}")
            for number in range(5 * CONCURRENCY)
        ]
        ends = await asyncio.gather(*(another(client).send(call) for call in calls), return_exceptions=True)
        return sum(isinstance(end, ApiError) and end.status == 404 for end in ends)

    with serve(crowd) as url:
        assert use(client_for(url), work) == 5 * CONCURRENCY
    assert crowd.most == CONCURRENCY == 8


def test_a_slow_operation_leaves_room_for_the_others(plane: Plane) -> None:
    """However many calls of an operation wait, they take six of the eight slots."""
    hold = Hold()
    plane.faults.always(hold, path="/executions/")

    async def work(client: Session) -> tuple[int, int]:
        slow = [
            asyncio.create_task(another(client).send(get_execution("nightly-report", f"unknown-{number}")))
            for number in range(3 * CONCURRENCY)
        ]
        await reaches(hold.arrived)
        found = await another(client).send(list_jobs(limit=200))
        under_way = plane.calls - 1
        hold.release.set()
        await asyncio.wait(slow)
        return len(found.items), under_way

    jobs, under_way = use(client_for(plane.url), work)
    assert (jobs > 0, under_way <= PER_CALLER, plane.calls) == (True, True, 3 * CONCURRENCY + 1)


def test_a_caller_with_many_calls_leaves_room_for_another(plane: Plane) -> None:
    """The limit per caller and operation is waited for before a slot is taken."""
    hold = Hold()
    plane.faults.always(hold, path="/executions/unknown")
    settings = load({}, {**ACCOUNT, "BL_API_URL": plane.url}, None)

    async def work(client: Session) -> int:
        key = SecretStr(script.API_KEY)
        greedy = Session(client.upstream, BlaxelAuth.for_caller(Caller(key, "another"), settings))
        modest = Session(client.upstream, BlaxelAuth.for_caller(Caller(key, script.WORKSPACE), settings))
        many = [
            asyncio.create_task(another(greedy).send(get_execution("nightly-report", f"unknown-{number}")))
            for number in range(5 * CONCURRENCY)
        ]
        await reaches(hold.arrived)
        found = await another(modest).send(ONE)
        under_way = plane.calls - 1
        hold.release.set()
        await asyncio.wait(many)
        assert found.execution.status == "succeeded"
        return under_way

    assert use(client_for(plane.url), work) <= PER_CALLER


def test_aborting_fails_every_call_at_once(plane: Plane) -> None:
    """Calls under way, pauses and later calls end in a StoppingError, and connections are closed."""
    holds = Hold(), Hold()
    plane.faults.add(*holds)

    async def work(client: Session) -> list[object]:
        waiting = [
            asyncio.create_task(fetch(client)),
            asyncio.create_task(fetch(client)),
            asyncio.create_task(another(client).send(WRITE)),
            asyncio.create_task(client.upstream.sleep(3_600)),
        ]
        for hold in holds:
            await reaches(hold.arrived)
        client.upstream.abort_in_flight()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        later = await asyncio.gather(fetch(client), return_exceptions=True)
        return [*ends, *later]

    ends = use(client_for(plane.url), work)
    stopped = [end for end in ends if isinstance(end, StoppingError)]
    assert [end.unsent for end in stopped[:3]] == [False] * 3  # the API has them
    assert (len(stopped), stopped[4].unsent) == (5, True)
    assert str(ends[0]) == (
        "blaxel-mcp is shutting down and gave the call up. Trying again in a moment can help. "
        "Ask again, once it is back."
    )
    assert plane.faults.gone.wait(PATIENCE)
    assert plane.calls == 2


def test_a_pause_ends_by_itself() -> None:
    """When nobody tells the process to end."""

    async def work(session: Session) -> None:
        async with asyncio.timeout(PATIENCE):
            await session.upstream.sleep(0.001)

    use(client_for("http://127.0.0.1:1/v0"), work)


def test_each_session_counts_the_requests_it_made(plane: Plane) -> None:
    """Joining another session's flight counts nothing; a retry counts."""
    hold = Hold()
    plane.faults.add(hold, Answer(503))

    async def work(client: Session) -> list[int]:
        sessions = [another(client), another(client), another(client)]
        first = asyncio.create_task(fetch(sessions[0]))
        await reaches(hold.arrived)
        second = asyncio.create_task(fetch(sessions[1]))
        await asyncio.sleep(0)
        hold.release.set()
        await asyncio.gather(first, second)
        await fetch(sessions[2])
        return [one.attempts for one in (*sessions, client)]

    assert use(client_for(plane.url), work) == [1, 0, 2, 0]


def test_the_observer_sees_each_attempt(plane: Plane) -> None:
    """With the operation, and the status or `None` where there was no answer."""
    plane.faults.add(Answer(503), Drop())
    told: list[tuple[str, int | None]] = []
    use(observed(plane.url, told), fetch)
    assert told == [("GetJobExecution", 503), ("GetJobExecution", None), ("GetJobExecution", 200)]


def observed(url: str, told: list[tuple[str, int | None]], variables: Mapping[str, str] = ACCOUNT) -> Session:
    """A session whose attempts are told, those that took no time, or more than ten seconds, with a status of -1."""
    settings = load({}, {**variables, "BL_API_URL": url}, None)
    upstream = Upstream(
        api_url=url,
        api_version=settings.api_version,
        timeout=10.0,
        first_wait=0.001,
        observe=lambda operation, status, seconds: told.append((operation, status if 0 < seconds < 10 else -1)),
    )
    return Session(upstream, BlaxelAuth.from_settings(settings, lambda: None))


def test_what_was_never_sent_is_not_counted(plane: Plane) -> None:
    """Neither a call without a credential nor one that reached nobody, which is tried four times."""
    told: list[tuple[str, int | None]] = []
    with refused() as url:
        reached_nobody = observed(url, told)
        error = failure(reached_nobody)
    without_credential = observed(plane.url, told, {})
    failure(without_credential)
    assert (error.unsent, reached_nobody.attempts, without_credential.attempts, told) == (True, 0, 0, [])
    assert plane.calls == 0


def test_what_was_sent_is_never_said_to_be_unsent(plane: Plane) -> None:
    """A connection that was dropped without an answer may have brought the request."""
    plane.faults.always(Drop())
    session = client_for(plane.url)
    assert (failure(session).unsent, session.attempts) == (False, 4)


def test_twenty_identical_gets_are_one_request(plane: Plane) -> None:
    """Calls made while one is under way get its answer (single flight); a later call is sent anew."""
    hold = Hold()
    plane.faults.add(hold)

    async def work(client: Session) -> list[FetchedExecution]:
        callers = [asyncio.create_task(fetch(client)) for _ in range(20)]
        await reaches(hold.arrived)
        hold.release.set()
        return [*await asyncio.gather(*callers), await fetch(client)]

    *shared, alone = use(client_for(plane.url), work)
    assert {id(answer) for answer in shared} == {id(shared[0])}
    assert (alone is shared[0], alone == shared[0]) == (False, True)
    assert plane.calls == 2


def test_nobody_joins_a_flight_that_is_over(plane: Plane) -> None:
    """Two that wait for one answer and ask again at once share a new one."""
    hold = Hold()
    plane.faults.add(hold)

    async def twice(session: Session) -> list[FetchedExecution]:
        return [await fetch(session), await fetch(session)]

    async def work(session: Session) -> list[list[FetchedExecution]]:
        both = [asyncio.create_task(twice(session)) for _ in range(2)]
        await reaches(hold.arrived)
        hold.release.set()
        return await asyncio.gather(*both)

    (first, second), (first_too, second_too) = use(client_for(plane.url), work)
    assert (first is first_too, second is second_too, first is second) == (True, True, False)
    assert plane.calls == 2


def test_nobody_joins_a_flight_that_its_last_waiter_has_left(plane: Plane) -> None:
    """Even before its request is cancelled."""
    hold = Hold()
    plane.faults.add(hold)

    async def work(session: Session) -> FetchedExecution:
        caller = asyncio.create_task(fetch(session))
        await reaches(hold.arrived)
        caller.add_done_callback(lambda _: again.append(asyncio.create_task(fetch(session))))
        again: list[asyncio.Task[FetchedExecution]] = []
        caller.cancel()
        await asyncio.wait({caller})
        await asyncio.sleep(0)
        return await again[0]

    assert use(client_for(plane.url), work).execution.status == "succeeded"
    assert plane.calls == 2


def test_a_flight_that_fails_fails_for_all_waiters(plane: Plane) -> None:
    """All waiters get the error of the one request."""
    hold = Hold(then=Answer(403))
    plane.faults.add(hold)

    async def work(client: Session) -> list[BlaxelMcpError | FetchedExecution | BaseException]:
        callers = [asyncio.create_task(fetch(client)) for _ in range(3)]
        await reaches(hold.arrived)
        hold.release.set()
        return await asyncio.gather(*callers, return_exceptions=True)

    ends = use(client_for(plane.url), work)
    assert [end.status for end in ends if isinstance(end, ApiError)] == [403, 403, 403]
    assert plane.calls == 1


def test_a_cancelled_waiter_leaves_the_flight_to_the_others(plane: Plane) -> None:
    """Even where it was the waiter that began the flight."""
    hold = Hold()
    plane.faults.add(hold)

    async def work(client: Session) -> FetchedExecution:
        first, second = (asyncio.create_task(fetch(client)) for _ in range(2))
        await reaches(hold.arrived)
        first.cancel()
        await asyncio.wait({first})
        assert first.cancelled()
        hold.release.set()
        return await second

    assert use(client_for(plane.url), work).execution.status == "succeeded"
    assert plane.calls == 1


def test_a_waiter_without_time_leaves_the_flight_to_the_others(plane: Plane) -> None:
    """The hasty waiter gets a timeout, the patient one the answer."""
    hold = Hold()
    plane.faults.add(hold)

    async def work(client: Session) -> FetchedExecution:
        hasty = asyncio.create_task(another(client, 0.1).send(ONE))
        patient = asyncio.create_task(fetch(client))
        await reaches(hold.arrived)
        with pytest.raises(ConnectionFailedError, match="within the time limit of one request"):
            await hasty
        hold.release.set()
        return await patient

    assert use(client_for(plane.url), work).execution.status == "succeeded"
    assert plane.calls == 1


def test_a_flight_is_retried_for_its_most_patient_waiter(plane: Plane) -> None:
    """The first waiter's budget leaves no time for another attempt; the second one's does, so both get its answer."""
    hold = Hold(then=Answer(503, headers=AT_ONCE))
    plane.faults.add(hold)

    async def work(client: Session) -> list[FetchedExecution]:
        callers = [asyncio.create_task(another(client, seconds).send(ONE)) for seconds in (0.95, 30.0)]
        await reaches(hold.arrived)
        hold.release.set()
        return await asyncio.gather(*callers)

    first, second = use(client_for(plane.url), work)
    assert first is second
    assert plane.calls == 2


def test_the_last_waiter_to_leave_cancels_the_request(plane: Plane) -> None:
    """The server sees the connection close, and the next call is sent anew."""
    hold = Hold()
    plane.faults.add(hold)

    async def work(client: Session) -> FetchedExecution:
        callers = {asyncio.create_task(fetch(client)) for _ in range(2)}
        await reaches(hold.arrived)
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        await reaches(plane.faults.gone)
        return await fetch(client)

    assert use(client_for(plane.url), work).execution.status == "succeeded"
    assert plane.calls == 2


def test_closing_ends_what_is_under_way(plane: Plane) -> None:
    """Waiters are cancelled, and the server sees the connection close."""
    hold = Hold()
    plane.faults.add(hold)

    async def work(client: Session) -> tuple[bool, int]:
        caller = asyncio.create_task(fetch(client))
        await reaches(hold.arrived)
        await client.upstream.aclose()
        under_way = asyncio.all_tasks() - {caller, asyncio.current_task()}
        await asyncio.wait({caller})
        return caller.cancelled(), len(under_way)

    assert use(client_for(plane.url), work) == (True, 0)
    assert plane.faults.gone.wait(PATIENCE)


def test_identities_never_share(plane: Plane) -> None:
    """Identical calls of two identities are two requests, each with its own credential."""
    holds = Hold(), Hold()
    plane.faults.add(*holds)
    theirs = client_for(plane.url, variables={**ACCOUNT, "BL_API_KEY": "another-key"})

    async def work(ours: Session) -> tuple[FetchedExecution, ApiError]:
        first = asyncio.create_task(fetch(ours))
        second = asyncio.create_task(fetch(theirs))
        for hold in holds:
            await reaches(hold.arrived)
            hold.release.set()
        with pytest.raises(ApiError) as error:
            await second
        await theirs.upstream.aclose()
        return await first, error.value

    ours = client_for(plane.url)
    assert ours.identity != theirs.identity
    answer, error = use(ours, work)
    assert (answer.execution.status, error.status) == ("succeeded", 401)
    assert {request.headers["x-blaxel-authorization"] for request in plane.requests} == {
        f"Bearer {script.API_KEY}",
        "Bearer another-key",
    }


class Turncoat(BlaxelAuth):
    """A credential whose identity changes, as that of a login does."""

    who = "first"

    @property
    def identity(self) -> str:
        """The identity set last."""
        return self.who


def test_identities_never_share_within_one_client(plane: Plane) -> None:
    """A call made after the identity changed does not join one from before."""
    holds = Hold(), Hold()
    plane.faults.add(*holds)
    settings = load({}, {**ACCOUNT, "BL_API_URL": plane.url}, None)
    auth = Turncoat.from_settings(settings, lambda: None)
    client = Session(Upstream(api_url=plane.url, api_version=settings.api_version, timeout=10.0), auth)

    async def work(client: Session) -> list[FetchedExecution]:
        callers = []
        for auth.who, hold in zip(("first", "second"), holds, strict=True):
            callers.append(asyncio.create_task(fetch(client)))
            await reaches(hold.arrived)
        for hold in holds:
            hold.release.set()
        return await asyncio.gather(*callers)

    first, second = use(client, work)
    assert first is not second
    assert plane.calls == 2


def test_exactly_the_documented_headers_are_sent(plane: Plane) -> None:
    """There is no Authorization among them, which Blaxel's gateway reserves; httpx adds nothing personal."""
    use(client_for(plane.url), fetch)
    headers = plane.requests[0].headers
    assert headers == {
        "host": plane.url.removeprefix("http://").removesuffix("/v0"),
        "accept-encoding": "gzip, deflate",
        "accept": "application/json",
        "user-agent": f"blaxel-mcp/{__version__}",
        "blaxel-version": "2026-04-28",
        "x-blaxel-authorization": f"Bearer {script.API_KEY}",
        "x-blaxel-workspace": script.WORKSPACE,
    }


@contextlib.asynccontextmanager
async def listening(answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") -> AsyncIterator[Wire]:
    """A server that answers each request with these bytes, and keeps what it receives."""
    wire = Wire()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                wire.received.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(answer)
        writer.close()
        await writer.wait_closed()
        wire.closed.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        wire.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield wire


def test_a_request_on_the_wire_byte_for_byte() -> None:
    """At an address with a path or without one; then the connection is closed with the client."""

    async def work() -> None:
        for path in ("/v0", ""):
            async with listening() as wire, asyncio.timeout(PATIENCE):
                session = client_for(f"http://{wire.host}{path}")
                await session.send(list_jobs(limit=2))
                await another(session).send(WRITE)
                assert not wire.closed.is_set()
                await session.upstream.aclose()
                await wire.closed.wait()
            headers = (
                f"Host: {wire.host}\r\n"
                "Accept-Encoding: gzip, deflate\r\n"
                "Accept: application/json\r\n"
                "Blaxel-Version: 2026-04-28\r\n"
                f"User-Agent: blaxel-mcp/{__version__}\r\n"
                f"X-Blaxel-Authorization: Bearer {script.API_KEY}\r\n"
                f"X-Blaxel-Workspace: {script.WORKSPACE}\r\n"
                "\r\n"
            )
            assert [request.decode() for request in wire.received] == [
                f"GET {path}/jobs?limit=2 HTTP/1.1\r\n{headers}",
                f"POST {path}/jobs/nightly-report/executions HTTP/1.1\r\n{headers}",
            ]

    asyncio.run(work())


def test_a_request_through_a_proxy_arrives_as_it_was_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a tunnel, in which nobody but the API is spoken to: the certificate is asked for there as well."""
    ours, heard = tls.authority(tmp_path), list[str]()
    tunnels: dict[asyncio.Task[Any] | None, bytes] = {}

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while part := await reader.read(65_536):
                writer.write(part)
            writer.write_eof()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = tunnels[asyncio.current_task()] = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        host, port = address.decode().split(":")
        to_api = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(pump(reader, to_api[1]), pump(to_api[0], writer))
        for one in (to_api[1], writer):
            one.close()
            with contextlib.suppress(OSError):
                await one.wait_closed()

    async def work(url: str) -> tuple[list[object], str]:
        async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            trusting = client_for(f"{url}/v0", certificates=partial(load_certificates, ours.file))
            answers: list[object] = [await another(trusting).send(call) for call in (job, jobs)]
            await trusting.upstream.aclose()
            doubting = client_for(f"{url}/v0")
            with pytest.raises(ConnectionFailedError) as caught:
                await doubting.send(job)
            await doubting.upstream.aclose()
            await asyncio.wait(filter(None, tunnels), timeout=10)
            return answers, caught.value.message

    job: Call[object] = Call("GetJob", "GET", ("jobs", "a/b"), dict)
    jobs: Call[object] = Call("ListJobs", "GET", ("jobs",), dict, (("limit", "2"), ("sort", "createdAt:desc")))
    paths = ["/v0/jobs/a%2Fb", "/v0/jobs?limit=2&sort=createdAt%3Adesc"]
    monkeypatch.setenv("NO_PROXY", "")
    with tls.serve(ours.server("localhost"), {path: {"path": path} for path in paths}, heard) as url:
        answers, doubt = asyncio.run(work(url))
    assert answers == [{"path": path} for path in paths]
    assert (heard, set(tunnels.values())) == (paths, {url.removeprefix("https://").encode()})
    assert doubt == "Blaxel's certificate could not be verified (TLS)."


def test_an_id_stays_one_segment_on_the_wire(plane: Plane) -> None:
    """Neither httpx nor the server's routing decodes or splits it."""
    awkward = ("a/b", "../..", "a?x", "a#b", "a%2Fb", "größe")

    async def work(client: Session) -> None:
        for job_id in awkward:
            with pytest.raises(ApiError, match="404"):
                await another(client).send(get_execution(job_id, "e"))

    use(client_for(plane.url), work)
    assert [(request.path, request.query) for request in plane.requests] == [
        (f"/v0/jobs/{segment}/executions/e", "")
        for segment in ("a%2Fb", "..%2F..", "a%3Fx", "a%23b", "a%252Fb", "gr%C3%B6%C3%9Fe")
    ]


def test_a_redirect_takes_no_credential_along(plane: Plane) -> None:
    """No kind of redirect is followed."""
    elsewhere = Faults(control_plane.build_app())
    with serve(elsewhere) as other:
        for status in (301, 302, 303, 307, 308):
            plane.faults.add(redirect(f"{other}/jobs", status))
            failure(client_for(plane.url))
    assert (plane.calls, elsewhere.seen) == (5, [])


def test_loopback_is_never_reached_through_a_proxy(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo works behind a company's proxy, and no credential reaches that proxy."""
    proxy = Faults(control_plane.build_app())
    with serve(proxy) as other:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, other)
        assert use(client_for(plane.url), fetch).execution.status == "succeeded"
    assert (plane.calls, proxy.seen) == (1, [])


@pytest.mark.parametrize(("name", "no_proxy"), [("HTTPS_PROXY", "elsewhere.test"), ("ALL_PROXY", "")])
def test_https_goes_through_the_proxy_of_the_environment(
    name: str, no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is asked for a tunnel to the API's host; one that refuses is an error that names the proxy."""
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def work() -> str:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
            port = proxy.sockets[0].getsockname()[1]
            monkeypatch.setenv(name, f"127.0.0.1:{port}")
            monkeypatch.setenv("NO_PROXY", no_proxy)
            client = client_for("https://blaxel.invalid/v0")
            with pytest.raises(ConnectionFailedError) as error:
                await client.send(replace(ONE, retried=False))
            await client.upstream.aclose()
            return error.value.message

    assert asyncio.run(work()) == "The proxy between here and Blaxel refused or failed."
    assert asked == [b"CONNECT blaxel.invalid:443 HTTP/1.1\r\n"]


@pytest.mark.parametrize("no_proxy", ["localhost", "*", ".host,localhost"])
def test_no_proxy_names_hosts_that_are_reached_directly(no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a proxy that cannot be used is no error: the connection itself is refused."""
    monkeypatch.setenv("HTTPS_PROXY", "ftp://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with refused() as url:
        port = url.removeprefix("http://127.0.0.1:")
        error = failure(
            client_for(f"https://localhost:{port}"), lambda session: session.send(replace(ONE, retried=False))
        )
    assert error.message == "The connection to Blaxel was refused."


def test_no_cookie_is_stored(plane: Plane) -> None:
    """A cookie of one answer is not sent with the next request, which may be another caller's."""
    plane.faults.add(Answer(200, b"{}", {"set-cookie": "session=of-the-first-caller; Path=/"}))

    async def work(client: Session) -> None:
        await fetch(client)
        await fetch(client)

    use(client_for(plane.url), work)
    assert [request.headers.get("cookie") for request in plane.requests] == [None]


def test_a_credential_is_sent_to_its_own_address_only(plane: Plane) -> None:
    """A request for another address than the credential's fails before anything is sent."""
    other = client_for("https://api.blaxel.ai/v0")

    async def work(_: Session) -> str:
        with pytest.raises(CredentialsError) as error:
            await Session(client_for(plane.url).upstream, other.auth).send(ONE)
        return error.value.message

    assert use(other, work) == (
        "The Blaxel credential was not sent, because the request was for another address than the Blaxel API."
    )
    assert plane.calls == 0


def test_no_log_line_shows_a_credential(plane: Plane, caplog: pytest.LogCaptureFixture) -> None:
    """Not at DEBUG level, and not when requests fail."""
    plane.faults.add(Answer(503), Drop(), Answer(500))
    client = client_for(plane.url)
    with caplog.at_level(logging.DEBUG):
        failure(client)
    told = [record.getMessage() for record in caplog.records if record.name.startswith(("blaxel_mcp", "stamina"))]
    assert told == [
        f"Attempt 1 at GET {PATH} failed. Blaxel is not available at the moment (503).",
        f"Attempt 2 at GET {PATH} failed. The connection to Blaxel was cut before the answer was whole.",
        f"Attempt 3 at GET {PATH} failed. Blaxel failed with an internal error (500).",
    ]
    assert script.API_KEY not in caplog.text + repr(client)


def test_the_http_library_logs_no_header(plane: Plane, caplog: pytest.LogCaptureFixture) -> None:
    """Its debug lines have the headers of each answer, cookies among them."""
    plane.faults.add(Answer(200, b"{}", {"set-cookie": "session=of-the-caller"}))
    with caplog.at_level(logging.DEBUG):
        use(client_for(plane.url), fetch)
    assert "of-the-caller" not in caplog.text
    assert [record.name for record in caplog.records if record.name.startswith("httpcore")] == []


def test_a_span_tells_status_and_kind_of_error_and_nothing_of_the_exception(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exceptions of httpx may hold addresses, and stack traces more."""
    plane.faults.add(Drop())
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")
    monkeypatch.setattr(attempts_module, "_tracer", tracer)

    async def work(session: Session) -> None:
        for call in (replace(ONE, retried=False), ONE, get_execution("nightly-report", "unknown")):
            with tracer.start_as_current_span("request"):
                await asyncio.gather(session.send(call), return_exceptions=True)

    use(client_for(plane.url), work)
    failed, _, found, _, missing, _ = exporter.get_finished_spans()
    for span in (failed, found, missing):
        assert (span.name, span.kind, list(span.events)) == ("GetJobExecution", SpanKind.CLIENT, [])
    assert [(span.status.status_code, span.status.description) for span in (failed, found, missing)] == [
        (StatusCode.ERROR, None),
        (StatusCode.UNSET, None),
        (StatusCode.ERROR, None),
    ]
    method = {"http.request.method": "GET"}
    assert [span.attributes for span in (failed, found, missing)] == [
        method | {"error.type": "ConnectionFailedError"},
        method | {"http.response.status_code": 200},
        method | {"http.response.status_code": 404, "error.type": "NotFoundError"},
    ]


def test_unusable_settings_of_the_machine_are_errors_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A missing certificate file and a proxy of an unknown kind are no crashes; nothing was sent."""
    missing = partial(load_certificates, tmp_path / "missing.pem")
    no_file = failure(client_for("https://localhost:1/v0", certificates=missing))
    monkeypatch.setenv("ALL_PROXY", "ftp://127.0.0.1:1")
    no_proxy = failure(client_for("https://localhost:1/v0"))
    assert str(no_file) == (
        "The certificate authorities to trust could not be read. Trying again unchanged will not help. "
        "Check that SSL_CERT_FILE and SSL_CERT_DIR name PEM files, or unset them to trust the system's."
    )
    assert str(no_proxy) == (
        "The proxy settings cannot be used. Trying again unchanged will not help. "
        "Check HTTPS_PROXY and ALL_PROXY: http:// and https:// proxies work."
    )
    assert (no_file.unsent, no_proxy.unsent) == (True, True)


def test_loopback_needs_no_certificates(plane: Plane, tmp_path: Path) -> None:
    """What SSL_CERT_FILE names is not read where there is no TLS."""
    missing = partial(load_certificates, tmp_path / "missing.pem")
    assert use(client_for(plane.url, certificates=missing), fetch).execution.status == "succeeded"


def test_a_host_that_cannot_be_encoded_is_an_error_with_a_hint() -> None:
    """Invalid punycode fails while the request is built."""
    error = failure(client_for("https://xn--a.invalid/v0"))
    assert str(error) == (
        "The request to Blaxel could not be formed. Trying again unchanged will not help. Check BL_API_URL and the ids."
    )


# Each exception that httpx can raise for a request, and what is said of it. None: only ever a base class.
CUT = (
    f"The connection to Blaxel was cut before the answer was whole. {SOON} Ask again; if it goes on, check the network."
)
LATE = f"Blaxel did not answer in time. {SOON} Ask again later; BLAXEL_MCP_TIMEOUT sets how long one attempt may take."
REACH = f"Blaxel could not be reached. {SOON} Check the network, and BL_API_URL if you set it."
FORM = f"The request to Blaxel could not be formed. {LASTING} Check BL_API_URL and the ids."
HTTPX: dict[str, str | None] = {
    "CloseError": CUT,
    "ConnectError": REACH,
    "ConnectTimeout": LATE,
    "DecodingError": (
        f"Blaxel's answer could not be decoded. {LASTING} Check whether a proxy changes the answers; else report it."
    ),
    "HTTPError": CUT,
    "HTTPStatusError": CUT,
    "InvalidURL": FORM,
    "LocalProtocolError": FORM,
    "NetworkError": CUT,
    "PoolTimeout": LATE,
    "ProtocolError": CUT,
    "ProxyError": f"The proxy between here and Blaxel refused or failed. {SOON} Check HTTPS_PROXY and NO_PROXY.",
    "ReadError": CUT,
    "ReadTimeout": LATE,
    "RemoteProtocolError": CUT,
    "RequestError": CUT,
    "RequestNotRead": CUT,
    "ResponseNotRead": CUT,
    "StreamClosed": CUT,
    "StreamConsumed": CUT,
    "StreamError": CUT,
    "TimeoutException": LATE,
    "TooManyRedirects": CUT,
    "TransportError": CUT,
    "UnsupportedProtocol": FORM,
    "WriteError": CUT,
    "WriteTimeout": LATE,
    "CookieConflict": None,  # raised by reading a cookie, which nobody here does
}
NEVER_SENT = {"ConnectError", "ConnectTimeout", "InvalidURL", "UnsupportedProtocol"}


def made(name: str) -> Exception:
    """An instance of one of httpx's exceptions, with a text that must not show."""
    kind = getattr(httpx, name)
    if issubclass(kind, httpx.HTTPStatusError):
        request = httpx.Request("GET", "http://leak.invalid")
        error: Exception = kind("leak", request=request, response=httpx.Response(500, request=request))
        return error
    wants_text = any(p.name == "message" for p in inspect.signature(kind).parameters.values())
    made_error: Exception = kind("leak") if wants_text else kind()
    return made_error


def test_the_table_of_httpx_errors_is_whole() -> None:
    """A release of httpx that adds an exception fails here."""
    exported = [getattr(httpx, name) for name in httpx.__all__]
    assert {one.__name__ for one in exported if inspect.isclass(one) and issubclass(one, Exception)} == set(HTTPX)


@pytest.mark.parametrize("name", [name for name, meaning in HTTPX.items() if meaning])
def test_an_error_of_httpx_becomes_one_of_ours(name: str) -> None:
    """The text of httpx's exception is dropped, since it may hold an address or a header."""
    error = translate(made(name))
    assert (str(error), error.unsent) == (HTTPX[name], name in NEVER_SENT)


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (
            ssl.SSLCertVerificationError("leak"),
            (
                f"Blaxel's certificate could not be verified (TLS). {LASTING} Behind a company proxy, add its "
                "certificate to the system's store or name it in SSL_CERT_FILE (uvx itself needs UV_SYSTEM_CERTS=1), "
                "and check HTTPS_PROXY."
            ),
        ),
        (
            ssl.SSLError("leak"),
            (
                f"No secure connection to Blaxel could be made (TLS). {LASTING} "
                "Check BL_API_URL, and that no proxy or firewall answers in its place."
            ),
        ),
        (
            socket.gaierror("leak"),
            (
                f"Blaxel's address could not be looked up (DNS). {SOON} "
                "Check the network connection, and BL_API_URL if you set it."
            ),
        ),
        (
            ConnectionRefusedError("leak"),
            (f"The connection to Blaxel was refused. {SOON} Check BL_API_URL, and that no firewall is in between."),
        ),
        (OSError("leak"), REACH),
    ],
    ids=lambda value: type(value).__name__,
)
def test_why_there_is_no_connection_is_said_wherever_the_reason_is(cause: Exception, text: str) -> None:
    """It may be the cause or the context of httpx's error or of another one in between, or in a group of several."""
    for where in ("cause", "context", "second", "in a group"):
        error, between = httpx.ConnectError("leak"), OSError("leak")
        error.__cause__ = cause if where == "cause" else between
        error.__context__ = cause if where == "context" else OSError("leak")
        if where == "second":
            between.__context__ = cause
        if where == "in a group":
            error.__cause__ = ExceptionGroup("leak", [OSError("leak"), cause])
        assert (str(translate(error)), translate(error).unsent) == (text, True)


def test_a_tls_error_after_connecting_is_a_cut_connection() -> None:
    """An SSLError while reading is no certificate error."""
    error = httpx.ReadError("leak")
    error.__cause__ = ssl.SSLEOFError()
    assert translate(error).message == "The connection to Blaxel was cut before the answer was whole."


@pytest.mark.parametrize("first", [True, False])
def test_the_cause_is_found_in_groups_and_circles(*, first: bool) -> None:
    """Two addresses are tried at once, so the cause may be anywhere in a group; and contexts may form a cycle."""
    refused = ConnectionRefusedError()
    error = httpx.ConnectError("leak")
    error.__context__ = ExceptionGroup("", [refused, OSError()] if first else [OSError(), refused])
    refused.__context__ = error
    assert translate(error).message == "The connection to Blaxel was refused."


ASK_LATER = "Trying again in a moment can help."
IN_VAIN = "Trying again unchanged will not help."


def connecting(cause: Exception) -> httpx.ConnectError:
    """The error of a connection that could not be opened, for this cause."""
    error = httpx.ConnectError("leak")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "text", "unsent"),
    [
        (
            connecting(ssl.SSLCertVerificationError()),
            (f"Blaxel's certificate could not be verified (TLS). {IN_VAIN} Behind a company proxy, add its certificate "
            "to the system's store or name it in SSL_CERT_FILE (uvx itself needs UV_SYSTEM_CERTS=1), and check "
            "HTTPS_PROXY."),
            True,
        ),
        (
            connecting(ssl.SSLError()),
            (f"No secure connection to Blaxel could be made (TLS). {IN_VAIN} "
            "Check BL_API_URL, and that no proxy or firewall answers in its place."),
            True,
        ),
        (
            connecting(socket.gaierror()),
            (f"Blaxel's address could not be looked up (DNS). {ASK_LATER} "
            "Check the network connection, and BL_API_URL if you set it."),
            True,
        ),
        (
            connecting(ConnectionRefusedError()),
            (f"The connection to Blaxel was refused. {ASK_LATER} "
            "Check BL_API_URL, and that no firewall is in between."),
            True,
        ),
        (
            connecting(OSError()),
            f"Blaxel could not be reached. {ASK_LATER} Check the network, and BL_API_URL if you set it.",
            True,
        ),
        (
            httpx.ConnectTimeout("leak"),
            (f"Blaxel did not answer in time. {ASK_LATER} "
            "Ask again later; BLAXEL_MCP_TIMEOUT sets how long one attempt may take."),
            True,
        ),
        (
            TimeoutError(),
            (f"Blaxel did not answer in time. {ASK_LATER} "
            "Ask again later; BLAXEL_MCP_TIMEOUT sets how long one attempt may take."),
            False,
        ),
        (
            httpx.UnsupportedProtocol("leak"),
            f"The request to Blaxel could not be formed. {IN_VAIN} Check BL_API_URL and the ids.",
            True,
        ),
        (
            httpx.ReadError("leak"),
            (f"The connection to Blaxel was cut before the answer was whole. {ASK_LATER} "
            "Ask again; if it goes on, check the network."),
            False,
        ),
        (
            httpx.DecodingError("leak"),
            (f"Blaxel's answer could not be decoded. {IN_VAIN} "
            "Check whether a proxy changes the answers; else report it."),
            False,
        ),
    ],
    ids=lambda value: repr(getattr(value, "__cause__", None) or value) if isinstance(value, Exception) else None,
)  # fmt: skip
def test_an_error_of_the_network_says_what_to_do_and_whether_anything_was_sent(
    error: Exception, text: str, *, unsent: bool
) -> None:
    """The deepest known cause of a connection that could not be opened decides."""
    ours = translate(error)
    assert (str(ours), ours.unsent) == (text, unsent)


@pytest.mark.parametrize("place", ["__cause__", "__context__"])
def test_a_cause_is_found_behind_others(place: str) -> None:
    """Whether one was raised from the other, or while the other was handled."""
    outer, inner = OSError(), OSError()
    setattr(inner, place, ssl.SSLCertVerificationError())
    setattr(outer, place, inner)
    assert translate(connecting(outer)).message == "Blaxel's certificate could not be verified (TLS)."


def test_a_time_limit_of_a_session_says_to_ask_later(plane: Plane) -> None:
    """The API may have acted on what was sent."""
    plane.faults.always(Delay(60))
    error = failure(client_for(plane.url), lambda client: another(client, 0.2).send(ONE))
    text = f"Blaxel did not answer within the time limit of one request. {ASK_LATER} Ask again later."
    assert (str(error), error.unsent) == (text, False)


def test_a_pause_ends_after_its_time() -> None:
    """Where nothing stops the process, it is over and no error."""
    assert use(client_for("http://127.0.0.1:9/v0"), lambda client: client.upstream.sleep(0.001)) is None


def test_a_call_takes_no_more_than_the_time_it_is_given(plane: Plane) -> None:
    """However much of the session's budget is left; and a longer time does not stretch the budget."""
    plane.faults.always(Delay(60))

    async def seconds(at_most: float, budget: float) -> float:
        client = another(client_for(plane.url), budget)
        began = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionFailedError, match="within the time limit"):
            await client.send(ONE, at_most=at_most)
        await client.upstream.aclose()
        return asyncio.get_running_loop().time() - began

    async def work(_: Session) -> list[float]:
        return [await seconds(0.1, 30.0), await seconds(30.0, 0.1)]

    assert all(0.1 <= one < 5 for one in use(client_for(plane.url), work))


def test_a_query_is_sent_in_its_order(plane: Plane) -> None:
    """With spaces and signs encoded, and with parameters that are empty."""
    call: Call[Any] = Call("Any", "GET", ("a b", "c"), dict, (("q", "x y&z=\u00e9"), ("limit", "5"), ("q", "")))
    plane.faults.always(Answer(200, json_body={"ok": True}))
    assert use(client_for(plane.url), lambda client: client.send(call)) == {"ok": True}
    seen = plane.faults.seen[0]
    assert (seen.method, seen.path, seen.query) == ("GET", "/v0/a%20b/c", "q=x+y%26z%3D%C3%A9&limit=5&q=")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ({"HTTPS_PROXY": "https://proxy:1"}, "https://proxy:1"),
        ({"HTTPS_PROXY": "proxy:1"}, "http://proxy:1"),
        ({"ALL_PROXY": "proxy:2"}, "http://proxy:2"),
        ({"HTTPS_PROXY": "proxy:1", "ALL_PROXY": "proxy:2"}, "http://proxy:1"),
        ({"HTTP_PROXY": "proxy:3"}, None),
        ({"HTTPS_PROXY": "proxy:1", "NO_PROXY": "api.blaxel.ai"}, None),
        ({"HTTPS_PROXY": "proxy:1", "NO_PROXY": "other.test"}, "http://proxy:1"),
    ],
)
def test_the_proxy_is_the_one_of_the_environment(
    variables: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY before ALL_PROXY, with or without a scheme; none for hosts that NO_PROXY names."""
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _proxy_for("api.blaxel.ai") == expected
