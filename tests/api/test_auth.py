"""Signing requests and renewing tokens: over a real socket, with the clock passed in."""

import asyncio
import base64
import gzip
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, PlainTextResponse, Response
from support.faults import silent
from support.token_server import TokenServer, jwt, serve

from blaxel_mcp import __version__
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.call import Call
from blaxel_mcp.api.callers import Caller
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.api.tokens import TOKEN_ANSWER_BYTES, parse_token
from blaxel_mcp.api.wire import Request
from blaxel_mcp.api.wire import Response as ApiResponse
from blaxel_mcp.errors import (
    AnswerError,
    ApiError,
    BlaxelMcpError,
    ConnectionFailedError,
    CredentialsError,
    is_outcome_unknown,
)
from blaxel_mcp.login import ApiKey, ClientCredentials, Credential, LoginTokens, select_login
from blaxel_mcp.settings import Settings, load

NOW = 1_800_000_000.0
KEY = ApiKey("BL_API_KEY", SecretStr("bl-key"))
CLIENT = ClientCredentials("BL_CLIENT_CREDENTIALS", SecretStr("my-id"), SecretStr("my-secret"))
UNCHANGED = "Trying again unchanged will not help."


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """The time that the test has set."""
        return self.now


class LoginFile:
    """A login file: each reading gives the next text, the last one for ever."""

    def __init__(self, *texts: str | None) -> None:
        self.texts = list(texts)
        self.readings = 0

    def __call__(self) -> str | None:
        """Read the file."""
        self.readings += 1
        return self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]


CALL: Call[dict[str, Any]] = Call("AskForJob", "POST", ("jobs", "my-job"), dict, body={"say": "hello"})
"""A write, so that it is neither repeated after a failure nor shared."""


@pytest.fixture(scope="module")
def running_server() -> Iterator[TokenServer]:
    """A control plane on a free port."""
    with serve() as state:
        yield state


@pytest.fixture
def server(running_server: TokenServer) -> TokenServer:
    """The control plane, with everything of earlier tests removed."""
    running_server.forget()
    return running_server


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def login(access: str | None = None, refresh: str | None = None, *, key: str | None = None, env: str = "prod") -> str:
    """The text of a login file with one workspace."""
    pairs = {"apiKey": key, "access_token": access, "refresh_token": refresh, "device_code": refresh and "my-device"}
    stored = "".join(f"    {name}: {value}\n" for name, value in pairs.items() if value)
    return f"context:\n  workspace: my-ws\nworkspaces:\n- name: my-ws\n  env: {env}\n  credentials:\n{stored}"


def stored(text: str) -> Credential | None:
    """The credential of a login file."""
    return select_login(text, None).credential


def auth_for(
    server: TokenServer,
    clock: Clock,
    credential: Credential | None,
    read_login: Callable[[], str | None] = lambda: None,
    workspace: str | None = "my-ws",
) -> BlaxelAuth:
    """Auth for the server, which stands in for every environment."""
    return BlaxelAuth(
        credential=credential,
        workspace=workspace,
        api_url=server.url,
        read_login=read_login,
        clock=clock,
        any_environment=True,
    )


@asynccontextmanager
async def upstream_of(url: str, attempt_seconds: float = 10.0) -> AsyncIterator[Upstream]:
    """The API client of a server, closed at the end."""
    upstream = Upstream(api_url=url, api_version="2026-04-28", timeout=attempt_seconds)
    try:
        yield upstream
    finally:
        await upstream.aclose()


async def status_of(upstream: Upstream, auth: BlaxelAuth) -> int:
    """Send the call; 200, or the 401 that it ended in."""
    try:
        await Session(upstream, auth).send(CALL)
    except ApiError as error:
        if error.status != 401:
            raise
        return 401
    return 200


def ask(auth: BlaxelAuth, server: TokenServer, then: Callable[[], None] = lambda: None, times: int = 1) -> list[int]:
    """Ask the server `times` times in a row, doing `then` in between; the statuses."""

    async def asking() -> list[int]:
        statuses = []
        async with upstream_of(server.url) as upstream:
            for _ in range(times):
                statuses.append(await status_of(upstream, auth))
                then()
        return statuses

    return asyncio.run(asking())


def ask_at_once(auth: BlaxelAuth, server: TokenServer, times: int) -> list[int]:
    """Ask the server `times` times concurrently; the statuses."""

    async def asking() -> list[int]:
        async with upstream_of(server.url) as upstream:
            return await asyncio.gather(*(status_of(upstream, auth) for _ in range(times)))

    return asyncio.run(asking())


def bearers(server: TokenServer) -> list[str | None]:
    """The bearers that the server received, in order."""
    return [bearer for _, bearer, _ in server.calls]


def test_an_api_key_is_sent_as_it_is(server: TokenServer, clock: Clock) -> None:
    """An API key and the workspace go into Blaxel's own headers, without any exchange."""
    assert ask(auth_for(server, clock, KEY), server) == [200]
    assert (server.calls, server.exchanges) == ([("POST", "bl-key", "my-ws")], [])


def test_client_credentials_are_exchanged_once(server: TokenServer, clock: Clock) -> None:
    """The first request exchanges the credentials; the token serves the following ones."""
    assert ask(auth_for(server, clock, CLIENT), server, times=3) == [200, 200, 200]
    basic = "Basic " + base64.b64encode(b"my-id:my-secret").decode()
    assert server.exchanges == [(basic, {"grant_type": "client_credentials"})]
    assert bearers(server) == ["access-1", "access-1", "access-1"]


def test_a_login_is_refreshed_with_its_device_code(server: TokenServer, clock: Clock) -> None:
    """A login whose token has ended is refreshed; an answer without a refresh token keeps the old one."""
    text = login(jwt("old", iat=NOW - 7200, exp=NOW - 1), "my-refresh")
    auth = auth_for(server, clock, stored(text), lambda: text)

    def two_hours_later() -> None:
        clock.now += 7200

    assert ask(auth, server, two_hours_later, times=2) == [200, 200]
    body = {
        "grant_type": "refresh_token",
        "client_id": "blaxel",
        "refresh_token": "my-refresh",
        "device_code": "my-device",
    }
    assert server.exchanges == [(None, body), (None, body)]
    assert bearers(server) == ["access-1", "access-2"]


def test_a_new_refresh_token_replaces_the_old_one(server: TokenServer, clock: Clock) -> None:
    """The refresh token of an answer is the one for the next refresh, in memory only."""
    text = login(refresh="first")
    server.answers = [JSONResponse({"access_token": "a", "refresh_token": "second", "expires_in": 600})]
    auth = auth_for(server, clock, stored(text), lambda: text)

    def later() -> None:
        clock.now += 600

    ask(auth, server, later, times=3)
    assert [body["refresh_token"] for _, body in server.exchanges] == ["first", "second"]


def test_a_token_the_cli_renewed_is_taken_over(server: TokenServer, clock: Clock) -> None:
    """Before a refresh the file is read again, and a fresh token in it makes the refresh needless."""
    old, new = login(jwt("old", exp=NOW - 1), "r"), login(fresh := jwt("new", iat=NOW, exp=NOW + 7200), "r2")
    assert ask(auth_for(server, clock, stored(old), lambda: new), server) == [200]
    assert (bearers(server), server.exchanges) == ([fresh], [])


@pytest.mark.parametrize(
    ("left", "exchanges"),
    [pytest.param(1441, 0, id="more than a fifth left"), pytest.param(1440, 1, id="a fifth left")],
)
def test_a_token_is_renewed_in_the_last_fifth_of_its_life(
    server: TokenServer, clock: Clock, left: int, exchanges: int
) -> None:
    """A token of two hours is renewed when a fifth of them is left."""
    text = login(jwt("old", iat=NOW + left - 7200, exp=NOW + left), "my-refresh")
    assert ask(auth_for(server, clock, stored(text), lambda: text), server) == [200]
    assert len(server.exchanges) == exchanges


def test_twenty_concurrent_calls_make_one_exchange(server: TokenServer, clock: Clock) -> None:
    """Calls that need a token while an exchange is under way wait for it and use its token."""
    assert ask_at_once(auth_for(server, clock, CLIENT), server, 20) == [200] * 20
    assert (len(server.exchanges), bearers(server)) == (1, ["access-1"] * 20)


def test_twenty_concurrent_401s_make_one_renewal(server: TokenServer, clock: Clock) -> None:
    """Calls that were refused with the same token share the new one."""
    server.refused = {"access-1"}
    assert ask_at_once(auth_for(server, clock, CLIENT), server, 20) == [200] * 20
    assert len(server.exchanges) == 2


def test_a_401_is_repeated_once_with_a_new_token(server: TokenServer, clock: Clock) -> None:
    """A request with a body too is repeated after a 401, because a 401 means that nothing was done."""
    server.refused = {"access-1"}

    async def asking() -> dict[str, Any]:
        async with upstream_of(server.url) as upstream:
            return await Session(upstream, auth_for(server, clock, CLIENT)).send(CALL)

    assert asyncio.run(asking()) == {"status": 200, "body": '{"say":"hello"}'}
    assert server.calls == [("POST", "access-1", "my-ws"), ("POST", "access-2", "my-ws")]


def test_a_second_401_stands(server: TokenServer, clock: Clock) -> None:
    """A token that is refused right after it was issued is not replaced again."""
    server.refused = {"access-1", "access-2"}
    assert ask(auth_for(server, clock, CLIENT), server) == [401]
    assert (len(server.exchanges), bearers(server)) == (2, ["access-1", "access-2"])


def test_a_401_for_a_fixed_key_stands(server: TokenServer, clock: Clock) -> None:
    """A key from the environment cannot be renewed, so nothing is repeated and the login file is not read."""
    server.refused, file = {"bl-key"}, LoginFile(login(key="another"))
    assert ask(auth_for(server, clock, KEY, file), server) == [401]
    assert (bearers(server), file.readings) == (["bl-key"], 0)


def test_a_key_changed_in_the_login_file_is_used_after_a_401(server: TokenServer, clock: Clock) -> None:
    """After a 401 the file is read again, and a changed key in it gets the one repetition."""
    server.refused, new = {"old-key"}, login(key="new-key")
    assert ask(auth_for(server, clock, stored(login(key="old-key")), lambda: new), server) == [200]
    assert bearers(server) == ["old-key", "new-key"]


def test_the_workspace_in_use_is_looked_up_again_and_not_the_current_one(server: TokenServer, clock: Clock) -> None:
    """Somebody else's `bl workspaces` must not make this server another one's."""
    server.refused = {"old-key"}
    text = login(key="new-key").replace("workspace: my-ws", "workspace: other")
    text += "- name: other\n  env: prod\n  credentials:\n    apiKey: other-key\n"
    auth = auth_for(server, clock, stored(login(key="old-key")), lambda: text)
    assert ask(auth, server) == [200]
    assert server.calls == [("POST", "old-key", "my-ws"), ("POST", "new-key", "my-ws")]


def test_an_unchanged_key_in_the_login_file_lets_the_401_stand(server: TokenServer, clock: Clock) -> None:
    """After a 401 an unchanged key is not tried again, and the API's own answer is what the caller gets."""
    server.refused, text = {"old-key"}, login(key="old-key")
    assert ask(auth_for(server, clock, stored(text), lambda: text), server) == [401]
    assert bearers(server) == ["old-key"]


def test_a_login_without_a_refresh_token_is_sent_until_the_api_refuses_it(server: TokenServer, clock: Clock) -> None:
    """What cannot be renewed is left to the API to judge."""
    text = login(old := jwt("old", exp=NOW - 1))
    server.refused = {old}
    assert ask(auth_for(server, clock, stored(text), lambda: text), server) == [401]
    assert (bearers(server), server.exchanges) == ([old], [])


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_exchange_is_remembered(server: TokenServer, clock: Clock, status: int) -> None:
    """A refusal names the variable, never the answer, and for five seconds nobody asks again."""
    server.answers = [PlainTextResponse("body with my-secret", status)]
    auth = auth_for(server, clock, CLIENT)
    for _ in range(2):
        with pytest.raises(CredentialsError) as caught:
            ask(auth, server)
        assert str(caught.value) == (
            "The Blaxel API refused to issue a token for the client credentials from BL_CLIENT_CREDENTIALS. Trying "
            "again unchanged will not help. Check their id and secret, or make new ones, and restart blaxel-mcp."
        )
        clock.now += 4.9
    assert (len(server.exchanges), server.calls) == (1, [])
    clock.now = NOW + 5
    assert ask(auth, server) == [200]


def test_a_refused_login_names_bl_login_and_a_new_login_is_used_at_once(server: TokenServer, clock: Clock) -> None:
    """After `bl login` the next call works, without a restart."""
    old, new = login(jwt("old", exp=NOW - 1), "revoked"), login(fresh := jwt("new", iat=NOW, exp=NOW + 7200), "r")
    server.answers = [JSONResponse({"error": "invalid_grant"}, 400)]
    file = LoginFile(old, new)
    auth = auth_for(server, clock, stored(old), file)
    with pytest.raises(CredentialsError) as caught:
        ask(auth, server)
    assert str(caught.value) == (
        "The Blaxel API refused to renew the login of workspace my-ws in ~/.blaxel/config.yaml. Trying again "
        "unchanged will not help. Run `bl login`: the next call picks that up."
    )
    assert (ask(auth, server), bearers(server)) == ([200], [fresh])


def test_a_refused_renewal_is_an_error_though_the_token_is_still_valid(server: TokenServer, clock: Clock) -> None:
    """A revoked credential is reported at once, and for as long as the refusal is remembered."""
    text = login(jwt("old", iat=NOW - 7000, exp=NOW + 200), "revoked")
    server.answers = [JSONResponse({}, 403)]
    auth = auth_for(server, clock, stored(text), lambda: text)
    for _ in range(2):
        with pytest.raises(CredentialsError):
            ask(auth, server)
    assert (len(server.exchanges), server.calls) == (1, [])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_goes_on_with_a_valid_token(server: TokenServer, clock: Clock, status: int) -> None:
    """A renewal that fails for a while does not stop calls, and is tried again only after a pause."""
    text = login(old := jwt("old", iat=NOW - 7000, exp=NOW + 200), "my-refresh")
    server.answers = [Response(status_code=status)]
    auth = auth_for(server, clock, stored(text), lambda: text)

    def after_the_pause() -> None:
        clock.now += 10

    assert ask(auth, server, after_the_pause, times=4) == [200] * 4
    assert (bearers(server), len(server.exchanges)) == ([old, old, old, "access-2"], 2)


class Network:
    """Answers every request with 200, and loses token requests while `lost` is set."""

    def __init__(self, *, lost: bool) -> None:
        self.lost = lost
        self.sent: list[Request] = []

    async def round_trip(self, request: Request) -> ApiResponse:
        """Lose the request or answer it."""
        self.sent.append(request)
        if self.lost and request.url.endswith("/oauth/token"):
            raise ConnectionFailedError("unplugged", "", transient=True)
        return ApiResponse(200, {}, b'{"access_token": "access-1"}')

    @property
    def bearers(self) -> list[str]:
        """The bearers of the requests other than token requests."""
        return [sent.headers["X-Blaxel-Authorization"] for sent in self.sent if not sent.url.endswith("/oauth/token")]


def test_a_lost_exchange_goes_on_with_a_valid_token(
    server: TokenServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """As after any exchange that fails for a while; the next call does not try again before the pause is over."""
    text = login(old := jwt("old", iat=NOW - 7000, exp=NOW + 200), "my-refresh")
    auth, network = auth_for(server, clock, stored(text), lambda: text), Network(lost=True)

    async def asking() -> list[int]:
        request = Request("GET", f"{server.url}/jobs/my-job")
        return [(await auth.send(request, network.round_trip)).status for _ in range(2)]

    assert asyncio.run(asking()) == [200, 200]
    assert (network.bearers, len(network.sent)) == ([f"Bearer {old}"] * 2, 3)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("blaxel_mcp")]
    assert told == ["The Blaxel token was not renewed; the present one is still valid. unplugged"]


@pytest.mark.parametrize(
    ("left", "later", "exchanges"),
    [(200, 29.9, 1), (200, 30.0, 2), (20, 19.9, 1), (20, 20.0, None)],
    ids=["in the pause", "after the pause", "in the pause, still valid", "in the pause, but ended"],
)
def test_a_token_that_was_not_renewed_is_used_for_half_a_minute(
    server: TokenServer, clock: Clock, left: float, later: float, exchanges: int | None
) -> None:
    """Then its renewal is tried again; and at once when it has ended, since it is worth nothing any more."""
    text = login(jwt("old", iat=NOW - 7000, exp=NOW + left), "my-refresh")
    auth, network = auth_for(server, clock, stored(text), lambda: text), Network(lost=True)
    request = Request("GET", f"{server.url}/jobs/my-job")
    asyncio.run(auth.send(request, network.round_trip))
    clock.now += later
    if exchanges is None:
        with pytest.raises(ConnectionFailedError, match="unplugged"):
            asyncio.run(auth.send(request, network.round_trip))
    else:
        asyncio.run(auth.send(request, network.round_trip))
        assert len(network.sent) - len(network.bearers) == exchanges


def test_a_lost_first_exchange_is_tried_again_by_the_next_call(server: TokenServer, clock: Clock) -> None:
    """Without a valid token a network fault is not remembered, and the lock is free again."""
    auth, network = auth_for(server, clock, CLIENT), Network(lost=True)

    async def asking() -> int:
        request = Request("GET", f"{server.url}/jobs/my-job")
        with pytest.raises(ConnectionFailedError, match="unplugged"):
            await auth.send(request, network.round_trip)
        network.lost = False
        return (await auth.send(request, network.round_trip)).status

    assert (asyncio.run(asking()), network.bearers) == (200, ["Bearer access-1"])


def test_an_exchange_ends_with_the_attempt_it_is_for(clock: Clock) -> None:
    """A token endpoint that accepts and says nothing is left after the time of one attempt."""

    async def asking(url: str) -> None:
        async with upstream_of(url, attempt_seconds=0.05) as upstream:
            await Session(upstream, auth_for(TokenServer(url), clock, CLIENT)).send(CALL)

    with silent() as url, pytest.raises(ConnectionFailedError, match="did not answer in time"):
        asyncio.run(asking(url))


def test_an_exchange_that_was_cut_off_is_not_tried_again_at_once(server: TokenServer, clock: Clock) -> None:
    """After a cancelled exchange the next call uses the valid token, as after one without an answer."""
    text = login(old := jwt("old", iat=NOW - 7000, exp=NOW + 200), "my-refresh")
    auth, network = auth_for(server, clock, stored(text), lambda: text), Network(lost=False)

    async def asking() -> int:
        asked = asyncio.Event()

        async def hangs(_: Request) -> ApiResponse:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

        request = Request("GET", f"{server.url}/jobs/my-job")
        first = asyncio.create_task(auth.send(request, hangs))
        await asked.wait()
        first.cancel()
        await asyncio.wait({first})
        return (await auth.send(request, network.round_trip)).status

    assert (asyncio.run(asking()), network.bearers, len(network.sent)) == (200, [f"Bearer {old}"], 1)


def test_an_unavailable_token_endpoint_is_a_passing_error(server: TokenServer, clock: Clock) -> None:
    """Without a valid token a 503 is a transient error, with the wait of its Retry-After."""
    server.answers = [Response("body", 503, {"Retry-After": "7"})]
    with pytest.raises(ApiError) as caught:
        ask(auth_for(server, clock, CLIENT), server)
    assert (caught.value.status, caught.value.transient, caught.value.retry_after) == (503, True, 7.0)
    assert "body" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(lambda: Response(status_code=404), ApiError, id="not found"),
        pytest.param(lambda: Response(None, 302, {"Location": "https://elsewhere.example"}), ApiError, id="redirect"),
        pytest.param(lambda: PlainTextResponse("<html>"), AnswerError, id="not JSON"),
        pytest.param(lambda: JSONResponse([]), AnswerError, id="not an object"),
        pytest.param(lambda: PlainTextResponse("[" * 100_000), AnswerError, id="too deep"),
        pytest.param(lambda: JSONResponse({"access_token": None}), AnswerError, id="no token"),
        pytest.param(lambda: JSONResponse({"access_token": "line\nbreak"}), AnswerError, id="no header value"),
        pytest.param(
            lambda: JSONResponse({"access_token": "a", "x": "x" * TOKEN_ANSWER_BYTES}), AnswerError, id="too large"
        ),
        pytest.param(lambda: Response("x", 200, {"Content-Encoding": "gzip"}), AnswerError, id="packed"),
        pytest.param(
            lambda: Response(gzip.compress(b'{"access_token": "a"}'), 200, {"Content-Encoding": "gzip"}),
            AnswerError,
            id="a token, packed",
        ),
    ],
)
def test_an_answer_without_a_token_is_a_lasting_error(
    server: TokenServer, clock: Clock, answer: Callable[[], Response], error: type[Exception]
) -> None:
    """An answer that is neither a token nor a refusal points to the configured address."""
    server.answers = [answer()]
    with pytest.raises(error, match=r"Trying again unchanged will not help\. Check BL_API_URL and BL_ENV\.$"):
        ask(auth_for(server, clock, CLIENT), server)
    assert server.calls == []


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([Response(status_code=503)], id="failed"),
        pytest.param([PlainTextResponse("<html>")], id="not JSON"),
        pytest.param([JSONResponse({}, 403)], id="refused"),
        pytest.param([JSONResponse({"access_token": "revoked"}), Response(status_code=503)], id="failed after a 401"),
    ],
)
def test_a_write_whose_token_cannot_be_had_is_not_sent(
    server: TokenServer, clock: Clock, answers: list[Response]
) -> None:
    """The error of a token exchange is not one of the write: nothing was done, so the outcome is known."""
    server.answers, server.refused = answers, {"revoked"}
    with pytest.raises(BlaxelMcpError) as caught:
        ask(auth_for(server, clock, CLIENT), server)
    assert (caught.value.unsent, is_outcome_unknown(caught.value)) == (True, False)


def test_a_token_in_an_answer_that_says_it_is_not_packed_is_taken(server: TokenServer, clock: Clock) -> None:
    """As the request asked for it."""
    server.answers = [Response(b'{"access_token": "plain"}', 200, {"Content-Encoding": "identity"})]
    assert (ask(auth_for(server, clock, CLIENT), server), bearers(server)) == ([200], ["plain"])


def test_a_write_whose_token_request_hangs_is_not_sent(clock: Clock) -> None:
    """Neither after the time of one attempt nor after that of the whole session."""

    async def asking(url: str, attempt_seconds: float, budget: float) -> BlaxelMcpError:
        auth = BlaxelAuth(credential=CLIENT, workspace="w", api_url=url, read_login=lambda: None, clock=clock)
        async with upstream_of(url, attempt_seconds) as upstream:
            with pytest.raises(ConnectionFailedError) as caught:
                await Session(upstream, auth, budget).send(CALL)
        return caught.value

    with silent() as url:
        for attempt_seconds, budget in ((0.1, 10.0), (10.0, 0.1)):
            error = asyncio.run(asking(url, attempt_seconds, budget))
            assert (error.unsent, is_outcome_unknown(error)) == (True, False)


@pytest.mark.parametrize(("text", "status"), [(login(key="my-key"), [200]), (None, [])], ids=["whole", "missing"])
def test_a_login_file_that_is_whole_or_missing_is_read_once(
    server: TokenServer, clock: Clock, text: str | None, status: list[int]
) -> None:
    """Without the pause that a half-written one gets."""
    file = LoginFile(text)
    with nullcontext() if text else pytest.raises(CredentialsError):
        assert ask(auth_for(server, clock, None, file, workspace=None), server) == status
    assert file.readings == 1


def test_the_second_reading_looks_for_the_workspace_in_use(server: TokenServer, clock: Clock) -> None:
    """And not for the current one of the file."""
    whole = login(key="other-key").replace("my-ws", "other")
    whole += "- name: my-ws\n  env: prod\n  credentials:\n    apiKey: my-key\n"
    assert ask(auth_for(server, clock, None, LoginFile("", whole)), server) == [200]
    assert server.calls == [("POST", "my-key", "my-ws")]


def test_a_half_written_login_file_is_read_once_more(server: TokenServer, clock: Clock) -> None:
    """A file that is broken or empty for a moment is read again after a pause."""
    for half in ("", login(key="x")[:60], "context: {\n"):
        file = LoginFile(half, login(key="my-key"))
        assert ask(auth_for(server, clock, None, file, workspace=None), server) == [200]
        assert file.readings == 2
    assert server.calls == [("POST", "my-key", "my-ws")] * 3


def test_a_login_file_that_stays_broken_keeps_what_was_read_before(server: TokenServer, clock: Clock) -> None:
    """A refresh goes on with the refresh token at hand when the file cannot be read."""
    text = login(jwt("old", exp=NOW - 1), "my-refresh")
    assert ask(auth_for(server, clock, stored(text), lambda: "context: {\n"), server) == [200]
    assert bearers(server) == ["access-1"]


def test_without_a_credential_the_error_says_what_to_set(server: TokenServer, clock: Clock) -> None:
    """Nothing is sent; a broken login file is named; and a login that appears is used by the next call."""
    file = LoginFile(None, "context: {\n", "context: {\n", login(key="my-key"))
    auth = auth_for(server, clock, None, file, workspace=None)
    texts = []
    for _ in range(2):
        with pytest.raises(CredentialsError) as caught:
            ask(auth, server)
        texts.append(str(caught.value))
    advice = (
        "Trying again unchanged will not help. Set BL_API_KEY and BL_WORKSPACE and restart blaxel-mcp, "
        "or run `bl login`; a login needs no restart."
    )
    assert texts == [
        f"No Blaxel credential was found. {advice}",
        f"No Blaxel credential was found. ~/.blaxel/config.yaml is not valid YAML (line 2). {advice}",
    ]
    assert server.calls == []
    assert ask(auth, server) == [200]
    assert server.calls == [("POST", "my-key", "my-ws")]


def test_a_key_without_a_workspace_is_not_sent(server: TokenServer, clock: Clock) -> None:
    """The API would complain in its own words; the error names the variable instead."""
    with pytest.raises(CredentialsError) as caught:
        ask(auth_for(server, clock, KEY, workspace=None), server)
    assert str(caught.value) == (
        "The Blaxel workspace is not known. Trying again unchanged will not help. "
        "Set BL_WORKSPACE and restart blaxel-mcp."
    )
    assert server.calls == []


def test_a_key_takes_the_current_workspace_of_a_login_that_appears(server: TokenServer, clock: Clock) -> None:
    """The login's workspace is used, its credential is not: the key comes first."""
    assert ask(auth_for(server, clock, KEY, lambda: login(key="other"), workspace=None), server) == [200]
    assert server.calls == [("POST", "bl-key", "my-ws")]


@pytest.mark.parametrize(
    "url",
    ["http://api.blaxel.ai/v0/jobs", "https://api.blaxel.ai:8443/v0/jobs", "https://api.blaxel.ai.example/v0/jobs"],
)
def test_nothing_is_sent_to_another_origin(url: str) -> None:
    """Scheme, host and port must be those of the configured URL."""
    auth = BlaxelAuth(credential=KEY, workspace="my-ws", api_url="https://api.blaxel.ai/v0", read_login=lambda: None)
    with pytest.raises(CredentialsError) as caught:
        first_request(auth, url)
    assert str(caught.value) == (
        "The Blaxel credential was not sent, because the request was for another address than the Blaxel API. "
        "Trying again unchanged will not help. Check BL_API_URL."
    )


def test_a_request_is_sent_as_it_is_but_for_two_headers() -> None:
    """The credential and the workspace, under the names that Blaxel has for them."""
    auth = BlaxelAuth(credential=KEY, workspace="my-ws", api_url="https://h/v0", read_login=lambda: None)
    request = Request("PUT", "https://h/v0/jobs", {"Accept": "x"}, (("limit", "2"),), {"say": "hello"}, 77)
    network = Network(lost=False)
    asyncio.run(auth.send(request, network.round_trip))
    ours = {"X-Blaxel-Authorization": "Bearer bl-key", "X-Blaxel-Workspace": "my-ws"}
    assert network.sent == [replace(request, headers={"Accept": "x"} | ours)]


def test_a_login_without_any_token_is_an_error() -> None:
    """There is nothing to send, and nothing to exchange for something."""
    empty = LoginTokens("the login", None, None, None)
    auth = BlaxelAuth(credential=empty, workspace="w", api_url="https://h/v0", read_login=lambda: None)
    with pytest.raises(CredentialsError) as caught:
        first_request(auth, "https://h/v0/jobs")
    assert str(caught.value) == "The Blaxel login holds no token. Trying again unchanged will not help. Run `bl login`."


def first_request(auth: BlaxelAuth, url: str) -> Request:
    """What is sent first for a request to `url`."""
    network = Network(lost=False)
    asyncio.run(auth.send(Request("GET", url), network.round_trip))
    return network.sent[0]


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ("prod", "https://api.blaxel.ai/v0/oauth/token"),
        ("dev", "https://api.blaxel.dev/v0/oauth/token"),
        ("local", "http://localhost:8080/v0/oauth/token"),
    ],
)
def test_a_login_is_refreshed_where_it_was_made(env: str, url: str) -> None:
    """A login of the dev environment is never refreshed at prod."""
    text = login(refresh="my-refresh", env=env)
    settings = load({}, {}, text)
    auth = BlaxelAuth.from_settings(settings, lambda: text)
    assert first_request(auth, f"{settings.api_url}/jobs").url == url


def test_a_login_of_another_environment_that_appears_is_not_sent() -> None:
    """The API's address is settled at start-up, so a login made for another one asks for a restart."""
    url, dev = "https://api.blaxel.ai/v0", login(key="dev-key", env="dev")
    for auth in (
        BlaxelAuth.from_settings(load({}, {}, None), lambda: dev),
        BlaxelAuth(credential=None, workspace=None, api_url=url, read_login=lambda: dev),
    ):
        with pytest.raises(CredentialsError) as caught:
            first_request(auth, f"{url}/jobs")
        assert str(caught.value) == (
            "No Blaxel credential was found. To use the login of workspace my-ws in ~/.blaxel/config.yaml, restart "
            "blaxel-mcp: it is for another environment. Trying again unchanged will not help. Set BL_API_KEY and "
            "BL_WORKSPACE and restart blaxel-mcp, or run `bl login`; a login needs no restart."
        )


def test_an_address_that_the_user_chose_gets_a_login_of_any_environment() -> None:
    """BL_API_URL says where the login belongs."""
    url = "http://localhost:9999/v0"
    auth = BlaxelAuth.from_settings(load({}, {"BL_API_URL": url}, None), lambda: login(key="dev-key", env="dev"))
    assert first_request(auth, f"{url}/jobs").headers["X-Blaxel-Authorization"] == "Bearer dev-key"


def test_a_login_that_appears_decides_the_workspace() -> None:
    """A start without a usable login does not fix the workspace that its file named then."""
    settings = load({}, {}, "context:\n  workspace: before\nworkspaces: []\n")
    auth = BlaxelAuth.from_settings(settings, lambda: login(key="my-key"))
    sent = first_request(auth, "https://api.blaxel.ai/v0/jobs")
    assert (settings.workspace, auth.workspace, sent.headers["X-Blaxel-Workspace"]) == ("before", "my-ws", "my-ws")


OTHERS = """\
context:
  workspace: other
workspaces:
- name: other
  credentials:
    apiKey: other-key
- name: my-ws
  credentials:
    apiKey: my-key
"""
"""A login file whose current workspace is another one."""


@pytest.mark.parametrize(
    ("variables", "text"),
    [({}, login(key="my-key")), ({"BL_WORKSPACE": "my-ws"}, None)],
    ids=["of the login at the start", "of the environment"],
)
def test_a_workspace_that_is_settled_at_the_start_stays(variables: dict[str, str], text: str | None) -> None:
    """Whatever workspace is the login's current one later."""
    auth = BlaxelAuth.from_settings(load({}, variables, text), lambda: OTHERS)
    assert first_request(auth, "https://api.blaxel.ai/v0/jobs").headers == {
        "X-Blaxel-Authorization": "Bearer my-key",
        "X-Blaxel-Workspace": "my-ws",
    }


def test_a_workspace_without_a_login_is_not_settled(server: TokenServer, clock: Clock) -> None:
    """A call that found no credential leaves the choice to the `bl login` that comes after it."""
    nobody = "context:\n  workspace: before\nworkspaces: []\n"
    auth = auth_for(server, clock, None, LoginFile(nobody, nobody, login(key="my-key")), workspace=None)
    with pytest.raises(CredentialsError, match="holds no login for workspace before"):
        ask(auth, server)
    assert (ask(auth, server), server.calls) == ([200], [("POST", "my-key", "my-ws")])


WITHOUT_WORKSPACE = load({}, {}, None)
WITH_WORKSPACE = load({}, {"BL_WORKSPACE": "of-all"}, None)


@pytest.mark.parametrize(
    ("workspace", "settings", "sent"),
    [("theirs", WITHOUT_WORKSPACE, "theirs"), ("theirs", WITH_WORKSPACE, "theirs"), (None, WITH_WORKSPACE, "of-all")],
)
def test_a_callers_own_workspace_comes_first(workspace: str | None, settings: Settings, sent: str) -> None:
    """Then the one that the server has for all."""
    auth = BlaxelAuth.for_caller(Caller(SecretStr("their-key"), workspace), settings)
    assert first_request(auth, "https://api.blaxel.ai/v0/jobs").headers == {
        "X-Blaxel-Authorization": "Bearer their-key",
        "X-Blaxel-Workspace": sent,
    }


SEND_A_KEY = "Send a valid Blaxel API key or access token in X-Blaxel-Authorization."


@pytest.mark.parametrize(
    ("caller", "settings", "text"),
    [
        (None, WITH_WORKSPACE, f"No Blaxel credential came with the request. {UNCHANGED} {SEND_A_KEY}"),
        (None, WITHOUT_WORKSPACE, f"No Blaxel credential came with the request. {UNCHANGED} {SEND_A_KEY}"),
        (
            Caller(SecretStr("their-key")),
            WITHOUT_WORKSPACE,
            (f"The Blaxel workspace is not known. {UNCHANGED} Send its name in X-Blaxel-Workspace with each request."),
        ),
    ],
    ids=["no credential", "nothing", "no workspace"],
)
def test_a_caller_is_told_which_header_is_missing(caller: Caller | None, settings: Settings, text: str) -> None:
    """Never a variable: those are the server's."""
    with pytest.raises(CredentialsError) as caught:
        first_request(BlaxelAuth.for_caller(caller, settings), "https://api.blaxel.ai/v0/jobs")
    assert str(caught.value) == text


def test_a_callers_errors_name_headers_and_no_variables() -> None:
    """Where there is a header that helps; whoever has the variables keeps the usual hint."""
    callers = BlaxelAuth.for_caller(Caller(SecretStr("their-key"), "theirs"), WITHOUT_WORKSPACE)
    own = BlaxelAuth(credential=KEY, workspace="w", api_url="https://h/v0", read_login=lambda: None)

    def hints(auth: BlaxelAuth) -> list[str]:
        errors: list[BlaxelMcpError] = [ApiError(status, "It failed.", "As ever.") for status in (400, 401, 403, 404)]
        errors.append(CredentialsError("It failed.", "As ever."))
        for error in errors:
            auth.explain(error)
        return [error.hint for error in errors]

    assert hints(own) == ["As ever."] * 5
    assert hints(callers) == [
        "Check the job's name, the execution's id, and that X-Blaxel-Workspace names your workspace.",
        SEND_A_KEY,
        ("Usually the workspace is the wrong one: name it in X-Blaxel-Workspace, or ask its admin for access to jobs."),
        "As ever.",
        "As ever.",
    ]


def test_a_token_request_has_the_headers_of_every_request_and_no_others(server: TokenServer, clock: Clock) -> None:
    """Among them user agent and API version; it asks for an answer that is not packed."""
    ask(auth_for(server, clock, CLIENT), server)
    headers = server.headers[0]
    expected = {
        "accept": "application/json",
        "accept-encoding": "identity",
        "blaxel-version": "2026-04-28",
        "user-agent": f"blaxel-mcp/{__version__}",
    }
    assert {name: headers.get(name) for name in expected} == expected
    assert not [name for name in headers if name.startswith("x-")]


TEXT_LOGIN = login(jwt("secret-access", iat=NOW - 60, exp=NOW + 7140), "secret-refresh")


def test_identities_differ_by_credential_workspace_and_address() -> None:
    """The same three give the same identity; any other one gives another."""

    def identity(credential: Credential | None = KEY, workspace: str = "w", api_url: str = "https://h/v0") -> str:
        auth = BlaxelAuth(credential=credential, workspace=workspace, api_url=api_url, read_login=lambda: None)
        return auth.identity

    assert identity() == identity()
    others = [
        identity(),
        identity(None),
        identity(CLIENT),
        identity(stored(TEXT_LOGIN)),
        identity(workspace="v"),
        identity(api_url="https://g/v0"),
    ]
    assert len(set(others)) == len(others)


def test_no_secret_is_in_a_repr_an_error_or_a_log(
    server: TokenServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Not after an exchange, a renewal, a refusal or a transient failure."""
    caplog.set_level(logging.DEBUG)
    old = jwt("old", iat=NOW - 7000, exp=NOW + 200)
    text = login(old, "secret-refresh")
    tokens_login, key_login = stored(text), stored(login(key="secret-key"))
    secret_answer = {"access_token": "secret-access", "refresh_token": "secret-new", "error": "secret-body"}
    left: list[object] = [
        CLIENT,
        tokens_login,
        key_login,
        parse_token(b'{"access_token": "secret-access"}', 0, "secret-new"),
    ]
    for credential in (CLIENT, tokens_login, key_login):
        server.refused = {"secret-access", "secret-key"}
        auth = auth_for(server, clock, credential, lambda: text)
        for status in (503, 200, 400):
            server.answers = [JSONResponse(secret_answer, status), JSONResponse(secret_answer, 400)]
            try:
                ask(auth, server)
            except (ApiError, CredentialsError) as error:
                left += [error, error.args]
            clock.now += 60
        left += [auth, auth.identity, vars(auth)]
    everything = "\n".join([*(f"{item}\n{item!r}" for item in left), caplog.text])
    basic = base64.b64encode(b"my-id:my-secret").decode()
    secrets = ["my-secret", "secret-", "my-device", old, basic]
    assert "still valid" in caplog.text
    assert [secret for secret in secrets if secret in everything] == []


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        pytest.param({"access_token": jwt("a", iat=NOW, exp=NOW + 900), "expires_in": 7200}, 900, id="JWT first"),
        pytest.param({"access_token": jwt("a", iat=NOW - 9e5, exp=NOW - 9e5 + 900)}, 900, id="clocks disagree"),
        pytest.param({"access_token": jwt("a", exp=NOW + 800)}, 800, id="JWT without its beginning"),
        pytest.param({"access_token": "opaque", "expires_in": 700}, 700, id="expires_in"),
        pytest.param({"access_token": "opaque", "expires_in": "600"}, 600, id="expires_in as text"),
        pytest.param({"access_token": "opaque"}, 300, id="nothing"),
        pytest.param({"access_token": "a.b.c", "expires_in": True}, 300, id="junk"),
        pytest.param({"access_token": "a.%%%%.c", "expires_in": -1}, 300, id="junk payload"),
        pytest.param({"access_token": jwt("a", exp=1e300), "expires_in": 10**400}, 300, id="absurd numbers"),
        pytest.param({"access_token": "x." + base64.urlsafe_b64encode(b"[1]").decode() + ".y"}, 300, id="no object"),
    ],
)
def test_a_token_says_when_it_ends(answer: dict[str, Any], life: float) -> None:
    """A JWT's own times win over `expires_in`, counted from receipt; a token that says nothing gets five minutes."""
    token = parse_token(JSONResponse(answer).body, NOW, None)  # type: ignore[arg-type]
    assert token is not None
    assert token.expires_at == NOW + life


@pytest.mark.parametrize("variables", [{"BL_API_KEY": "of-the-server"}, {}])
def test_a_caller_without_a_credential_gets_none_of_this_machine(
    server: TokenServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str]
) -> None:
    """Neither the server's own key nor the login of whoever started it stands in for what did not come along."""
    (tmp_path / ".blaxel").mkdir()
    (tmp_path / ".blaxel" / "config.yaml").write_text(login(key="of-the-machine"), encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load({}, {"BL_API_URL": server.url, "BL_WORKSPACE": "my-ws", **variables}, login(key="of-the-machine"))
    with pytest.raises(CredentialsError) as caught:
        ask(BlaxelAuth.for_caller(None, settings), server)
    assert caught.value.message == "No Blaxel credential came with the request."  # nothing of a login
    assert server.calls == []


def test_a_login_file_is_read_and_never_written(server: TokenServer, clock: Clock, tmp_path: Path) -> None:
    """Not even when the token in it was renewed, and the refresh token with it: `bl` owns the file."""
    file = tmp_path / "config.yaml"
    file.write_text(login(jwt("old", exp=NOW - 1), "first"), encoding="utf-8")
    before = file.read_bytes(), file.stat()
    server.answers = [JSONResponse({"access_token": "new", "refresh_token": "second", "expires_in": 3600})]
    auth = auth_for(server, clock, stored(file.read_text(encoding="utf-8")), lambda: file.read_text(encoding="utf-8"))
    assert ask(auth, server) == [200]
    after = file.stat()
    assert (file.read_bytes(), after.st_mtime_ns, after.st_ino) == (before[0], before[1].st_mtime_ns, before[1].st_ino)
    assert [*tmp_path.iterdir()] == [file]


def test_a_refresh_token_stays_where_the_answer_has_no_other(server: TokenServer, clock: Clock) -> None:
    """It renews the token once more."""
    answer = {"access_token": jwt("new", exp=NOW + 100), "expires_in": 100}
    server.answers = [JSONResponse(answer | {"refresh_token": "newer"}), JSONResponse(answer), JSONResponse(answer)]
    auth = auth_for(server, clock, stored(login(jwt("old", exp=NOW - 1), "first")))

    def later() -> None:
        clock.now += 90

    ask(auth, server, later, times=3)
    assert [body["refresh_token"] for _, body in server.exchanges] == ["first", "newer", "newer"]


def test_a_token_that_lives_a_minute_is_not_renewed_by_every_request(server: TokenServer, clock: Clock) -> None:
    """A short-lived token is used for half of its life."""
    server.answers = [JSONResponse({"access_token": "short", "expires_in": 60})]
    assert ask(auth_for(server, clock, CLIENT), server, times=2) == [200, 200]
    assert len(server.exchanges) == 1
