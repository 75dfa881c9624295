"""The faults that other tests rely on really happen."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support.faults import (
    Answer,
    Cut,
    Delay,
    Drop,
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
from support.program import PATIENCE

from blaxel_mcp.demo.control_plane import serve


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body() or b"fine")


@pytest.fixture
def faults() -> Faults:
    """An app that answers `fine`, or what it is sent, behind faults."""
    return Faults(Starlette(routes=[Route("/{path:path}", _echo, methods=["GET", "POST"])]))


@pytest.fixture
def client(faults: Faults) -> Iterator[httpx.Client]:
    """A client of it over a real socket."""
    with serve(faults) as base_url, httpx.Client(base_url=base_url, timeout=PATIENCE) as client:
        yield client


def test_faults_are_met_one_each_by_matching_requests_in_order(faults: Faults, client: httpx.Client) -> None:
    """Each request takes the first fault in line for its path, then the app answers."""
    faults.add(Answer(503), Answer(429, headers={"retry-after": "2"}), path="/a")
    answers = [client.get(path) for path in ("/b", "/a", "/a", "/a")]
    assert [answer.status_code for answer in answers] == [200, 503, 429, 200]
    assert answers[2].headers["retry-after"] == "2"
    assert [seen.path for seen in faults.seen] == ["/v0/b", "/v0/a", "/v0/a", "/v0/a"]
    assert faults.waiting == 0


def test_a_lasting_fault_stays_until_cleared(faults: Faults, client: httpx.Client) -> None:
    """`always` answers every request that nothing is lined up for, until `clear`."""
    faults.always(Answer(500))
    faults.add(Answer(401))
    answers = [client.get("/").status_code for _ in range(3)]
    faults.clear()
    assert [*answers, client.get("/").status_code] == [401, 500, 500, 200]


def test_a_dropped_request_gets_no_byte(faults: Faults, client: httpx.Client) -> None:
    """A drop in good order is a disconnect without an answer, a reset is a read error, and then all is well."""
    faults.add(Drop(), Drop(reset=True))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get("/")
    with pytest.raises(httpx.ReadError):
        client.get("/")
    assert client.get("/").text == "fine"


def test_a_cut_answer_ends_within_its_body(faults: Faults, client: httpx.Client) -> None:
    """Headers and some of the body arrive, the rest never does."""
    faults.add(Cut())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get("/")


def test_a_delayed_request_is_answered_by_the_app(faults: Faults, client: httpx.Client) -> None:
    """The app still reads what was sent to it before the delay."""
    faults.add(Delay(0.01))
    assert client.post("/", content=b"kept").text == "kept"


def test_a_delay_ends_when_the_client_goes_away(faults: Faults, client: httpx.Client) -> None:
    """A client that gives up frees the server at once."""
    faults.add(Delay(600))
    with pytest.raises(httpx.ReadTimeout):
        client.get("/", timeout=httpx.Timeout(PATIENCE, read=0.05))
    assert faults.gone.wait(PATIENCE)


def test_a_held_request_waits_for_its_release(faults: Faults, client: httpx.Client) -> None:
    """`arrived` says that it is here; once released, it is answered."""
    hold = Hold()
    hold.release.set()
    faults.add(hold)
    assert client.get("/").text == "fine"
    assert hold.arrived.is_set()


def test_a_trickled_body_arrives_byte_by_byte(faults: Faults, client: httpx.Client) -> None:
    """Every byte comes, each on its own."""
    faults.add(Trickle(b'{"a": 1}', gap=0.002))
    with client.stream("GET", "/") as answer:
        chunks = list(answer.iter_raw())
    assert b"".join(chunks) == b'{"a": 1}'
    assert len(chunks) > 1


def test_an_oversize_body_says_no_length_and_stops_when_nobody_reads(faults: Faults, client: httpx.Client) -> None:
    """Its length is not announced, and a client that has enough ends it."""
    faults.add(Oversize(200_000), Oversize(10**15))
    whole = client.get("/")
    assert "content-length" not in whole.headers
    assert len(whole.json()["padding"]) >= 200_000
    with client.stream("GET", "/") as endless:
        next(endless.iter_raw())
    assert faults.gone.wait(PATIENCE)


def test_odd_answers_are_as_they_say(faults: Faults, client: httpx.Client) -> None:
    """A redirect, a page, and JSON that is not an object."""
    faults.add(redirect("http://127.0.0.1:9/"), not_json(), not_an_object(), Answer(400, json_body={"error": "no"}))
    moved, page, text, refusal = (client.get("/") for _ in range(4))
    assert (moved.status_code, moved.headers["location"]) == (302, "http://127.0.0.1:9/")
    assert page.headers["content-type"] == "text/html"
    assert text.json() == "maintenance"
    assert (refusal.status_code, refusal.json()) == (400, {"error": "no"})


def test_before_any_http() -> None:
    """One address refuses connections, another takes them and says nothing."""
    with refused() as nobody, pytest.raises(httpx.ConnectError):
        httpx.get(nobody)
    with silent() as mute, pytest.raises(httpx.ReadTimeout):
        httpx.get(mute, timeout=httpx.Timeout(PATIENCE, read=0.05))


def test_the_server_stops_at_once_and_quietly_with_a_request_in_flight(
    faults: Faults, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The request is cut off, the server's thread is over, and nothing is written."""
    hold = Hold()
    faults.add(hold)
    before = set(threading.enumerate())  # other tests' control planes may be up
    with ThreadPoolExecutor() as pool:
        with serve(faults) as base_url:
            answer = pool.submit(httpx.get, base_url, timeout=60)
            assert hold.arrived.wait(PATIENCE)
        # `serve` waits two seconds for its thread, then leaves it behind.
        left = set(threading.enumerate()) - before
        assert [thread.name for thread in left if thread.name == "demo-control-plane"] == []
        assert isinstance(answer.exception(timeout=PATIENCE), httpx.TransportError)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert capfd.readouterr() == ("", "")
