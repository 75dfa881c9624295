"""A server that many share, each with a Blaxel credential of their own: never mixed, never lent, never told."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import httpx
import pytest
from support.faults import Faults, Hold
from support.in_process import serving
from support.program import HANDSHAKE, PATIENCE, Program
from support.sockets import ACCEPT, ERAS, call, message, post, read, said

from blaxel_mcp.api.callers import Caller, caller_of
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.control_plane import ReceivedRequest

pytestmark = pytest.mark.slow

TOOL = "get_job_execution"
FAILED = {"jobId": "image-resize", "executionId": script.FAILED}
SERVERS_KEY = script.API_KEY
"""What the server itself is configured with, and what no caller must ever be served with."""


@dataclass
class Shared:
    """A shared server in front of a control plane that knows two callers."""

    base: str
    plane: str
    faults: Faults
    requests: list[ReceivedRequest]
    seen: int = 0
    callers: dict[str, str] = field(default_factory=dict)

    def who(self, name: str, **more: str) -> dict[str, str]:
        """The headers of a caller, who logs in to Blaxel the first time."""
        if name not in self.callers:
            form = {"grant_type": "client_credentials"}
            account = (script.CLIENT_ID, script.CLIENT_SECRET)
            self.callers[name] = httpx.post(f"{self.plane}/oauth/token", json=form, auth=account).json()["access_token"]
        return {
            "X-Blaxel-Authorization": f"Bearer {self.callers[name]}",
            "X-Blaxel-Workspace": script.WORKSPACE,
            **more,
        }

    def sent(self) -> list[tuple[str | None, str | None]]:
        """Credential and workspace of each request that has reached the control plane since the last look."""
        new, self.seen = self.requests[self.seen :], len(self.requests)
        wanted = ("x-blaxel-authorization", "x-blaxel-workspace")
        return [
            (one.headers.get(wanted[0]), one.headers.get(wanted[1])) for one in new if not one.path.endswith("/token")
        ]


Start = Callable[..., contextlib.AbstractContextManager[str]]
"""Starts a server with arguments and variables, and gives its base URL."""


@contextlib.contextmanager
def shared(*arguments: str, start: Start = serving, **env: str) -> Iterator[Shared]:
    """Start a server that has a key of its own."""
    app = control_plane.build_app()
    faults = Faults(app)
    with control_plane.serve(faults) as plane:
        given = {"BL_API_URL": plane, "BL_API_KEY": SERVERS_KEY, "BLAXEL_MCP_AUTH": "per-request"} | env
        with start(*arguments, env=given) as base:
            yield Shared(base, plane, faults, app.state.requests)


@pytest.fixture(scope="module")
def server() -> Iterator[Shared]:
    """One for all tests that leave nothing behind."""
    with shared() as server:
        yield server


@pytest.mark.parametrize("era", ERAS)
def test_each_call_carries_its_own_callers_credential_and_no_other(server: Shared, era: str) -> None:
    """With the caller's workspace; the server's own key stays where it is."""
    server.sent()
    for name in ("alice", "bob", "alice"):
        assert call(server.base, TOOL, FAILED, server.who(name), era=era)["structuredContent"]["outcome"] == "failed"
        who = server.who(name)
        assert set(server.sent()) == {(who["X-Blaxel-Authorization"], script.WORKSPACE)}


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer caf\u00e9", "Bearer a\tb", "x" * 10_000],
    ids=["empty", "scheme only", "not ASCII", "control", "endless"],
)
@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call", "resources/read", "completion/complete"])
def test_a_request_without_a_credential_is_rejected(server: Shared, method: str, header: str) -> None:
    """Whatever is asked; the answer says what to send, and nothing goes to Blaxel."""
    server.sent()
    answer = post(server.base, method, headers={"X-Blaxel-Authorization": header.encode("latin-1")})  # type: ignore[dict-item]
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="X-Blaxel-Authorization"')
    assert answer.text == (
        "Unauthorized: send your Blaxel API key or access token in X-Blaxel-Authorization with each request, and your "
        "workspace in X-Blaxel-Workspace."
    )
    assert server.sent() == []


def test_the_authorization_header_is_no_credential(server: Shared) -> None:
    """It may be the door's; only its own header is the caller's."""
    key = server.who("alice")["X-Blaxel-Authorization"]
    assert post(server.base, headers={"Authorization": key}).status_code == 401


def test_a_credential_that_blaxel_refuses_is_not_replaced(server: Shared) -> None:
    """The caller is told what to send; the server's good key is not tried."""
    server.sent()
    result = call(server.base, TOOL, FAILED, {"X-Blaxel-Authorization": "wrong", "X-Blaxel-Workspace": "theirs"})
    assert (result["isError"], said(result)) == (
        True,
        (
            "Blaxel did not accept the credential (401). Trying again unchanged will not help. Send a valid Blaxel API "
            "key or access token in X-Blaxel-Authorization."
        ),
    )
    assert set(server.sent()) == {("Bearer wrong", "theirs")}


def test_without_a_workspace_it_is_asked_for(server: Shared) -> None:
    """No workspace of the server's machine stands in; nothing is sent."""
    key = {"X-Blaxel-Authorization": server.who("alice")["X-Blaxel-Authorization"]}
    server.sent()
    result = call(server.base, "list_jobs", {}, key)
    assert (result["isError"], said(result)) == (
        True,
        (
            "The Blaxel workspace is not known. Trying again unchanged will not help. Send its name in "
            "X-Blaxel-Workspace with each request."
        ),
    )
    assert server.sent() == []


def test_an_operator_may_name_the_workspace_for_all() -> None:
    """BL_WORKSPACE is where callers are who do not say; it is a place and not a credential."""
    with shared(BL_WORKSPACE=script.WORKSPACE) as server:
        who = server.who("alice")
        server.sent()
        del who["X-Blaxel-Workspace"]
        assert not call(server.base, "list_jobs", {}, who).get("isError")
        assert set(server.sent()) == {(who["X-Blaxel-Authorization"], script.WORKSPACE)}
        call(server.base, "list_jobs", {}, who | {"X-Blaxel-Workspace": "theirs"})
        assert server.sent() == [(who["X-Blaxel-Authorization"], "theirs")]


def test_calls_are_shared_within_an_identity_and_never_across() -> None:
    """Four ask at once for the same execution, two of each: they share its calls by identity."""
    with shared() as server, ThreadPoolExecutor(4) as threads:
        callers = [server.who(name) for name in ("alice", "bob", "alice", "bob")]
        hold = Hold()
        server.faults.always(hold, path=f"/executions/{script.FAILED}")
        server.sent()
        asking = [threads.submit(call, server.base, TOOL, FAILED, who) for who in callers]
        assert hold.arrived.wait(PATIENCE)
        answered = 0
        while answered < 20 or sum(one.fault is hold for one in server.faults.seen) < 2:
            answered += post(server.base, "server/discover", headers=callers[0]).is_success  # all of it takes its time
        hold.release.set()
        assert [one.result()["structuredContent"]["outcome"] for one in asking] == ["failed"] * 4
        first, second = (who["X-Blaxel-Authorization"] for who in callers[:2])
        # One for the execution, one for its tasks, one for those before it.
        assert sorted(server.sent(), key=str) == sorted(
            [(who, script.WORKSPACE) for who in (first, second) * 3], key=str
        )


def complete(server: Shared, who: dict[str, str]) -> list[str]:
    """What is suggested for a job's name."""
    params = {
        "ref": {"type": "ref/prompt", "name": "job_health"},
        "argument": {"name": "jobId", "value": "image"},
    }
    values: list[str] = read(post(server.base, "completion/complete", params, who))["result"]["completion"]["values"]
    return values


def test_what_is_remembered_is_remembered_for_one_identity(server: Shared) -> None:
    """A list that was read for one caller is not what another is shown, not even of the same workspace."""
    server.sent()
    alice, bob = server.who("alice", **{"X-Blaxel-Workspace": "demo"}), server.who("bob")
    assert complete(server, alice) == complete(server, alice) == ["image-resize"]
    assert server.sent() == [(alice["X-Blaxel-Authorization"], "demo")]
    assert complete(server, bob) == ["image-resize"]
    assert server.sent() == [(bob["X-Blaxel-Authorization"], script.WORKSPACE)]
    assert complete(server, {"X-Blaxel-Authorization": "wrong", "X-Blaxel-Workspace": "demo"}) == []


def test_a_bearer_token_can_be_required_as_well() -> None:
    """Both are asked for; the door's token goes nowhere."""
    with shared(BLAXEL_MCP_AUTH_TOKEN="let-me-in") as server:
        who, token = server.who("alice"), {"Authorization": "Bearer let-me-in"}
        server.sent()
        assert [post(server.base, headers=given).status_code for given in (who, token, who | token)] == [401, 401, 200]
        call(server.base, TOOL, FAILED, who | token)
        assert set(server.sent()) == {(who["X-Blaxel-Authorization"], script.WORKSPACE)}
        assert all("authorization" not in one.headers for one in server.requests if not one.path.endswith("/token"))


# A connection belongs to who opened it


class Stream:
    """An open SSE connection: where to post to, and what comes back."""

    def __init__(self, server: Shared, who: dict[str, str], threads: ThreadPoolExecutor) -> None:
        self._server = server
        self._opened = Event()
        self.path = ""
        self.received: list[dict[str, Any]] = []
        self._answered = Event()
        threads.submit(self._read, who)
        assert self._opened.wait(PATIENCE)

    def _read(self, who: dict[str, str]) -> None:
        with httpx.stream("GET", f"{self._server.base}/sse", headers=who, timeout=PATIENCE) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: /messages/"):
                    self.path = line.removeprefix("data: ")
                    self._opened.set()
                elif line.startswith("data: {"):
                    self.received.append(json.loads(line.removeprefix("data: ")))
                    self._answered.set()
                    return

    def post(self, who: dict[str, str], method: str = "ping") -> int:
        """Send a request into it; answers the status."""
        body, _ = message(method, None, HANDSHAKE)
        return httpx.post(self._server.base + self.path, json=body, headers=ACCEPT | who, timeout=PATIENCE).status_code

    def answer(self) -> dict[str, Any]:
        """The first message that comes back."""
        assert self._answered.wait(PATIENCE)
        return self.received[0]


def test_a_connection_over_sse_is_its_openers_alone() -> None:
    """Another caller's session id is as good as none, and nothing that they send arrives; its own still works."""
    with shared("--transport", "sse") as server, ThreadPoolExecutor() as threads:
        alice, bob = server.who("alice"), server.who("bob")
        stream = Stream(server, alice, threads)
        unknown = re.sub(r"session_id=\w+", f"session_id={'0' * 32}", stream.path)
        assert stream.post(bob) == 404
        assert stream.post(alice | {"X-Blaxel-Workspace": "another"}) == 404
        assert stream.post({}) == 401
        assert httpx.post(server.base + unknown, json={}, headers=bob).status_code == 404
        assert stream.received == []
        assert stream.post(alice) == 202
        assert stream.answer()["result"] == {}


def test_an_answer_to_a_question_is_its_askers_alone() -> None:
    """What a client carries from being asked to the person's answer is of no use to another caller."""
    arguments = {"name": "run_job", "arguments": {"jobId": "nightly-report"}}
    asks: dict[str, Any] = {"_meta": {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}}
    with shared("--allow-writes") as server:
        alice, bob = server.who("alice"), server.who("bob")
        asked = read(post(server.base, "tools/call", arguments | asks, alice))["result"]
        assert asked["resultType"] == "input_required"
        (key,) = asked["inputRequests"]
        reply = {
            "requestState": asked["requestState"],
            "inputResponses": {key: {"action": "accept", "content": {"confirm": True}}},
        }
        server.sent()
        refused = post(server.base, "tools/call", arguments | asks | reply, bob)
        assert (refused.status_code, "requestState" in refused.text, server.sent()) == (400, True, [])
        started = read(post(server.base, "tools/call", arguments | asks | reply, alice))["result"]
        assert started["structuredContent"]["executionId"]
        assert server.sent() == [(alice["X-Blaxel-Authorization"], script.WORKSPACE)]


# Never told


def test_no_credential_leaves_but_to_blaxel() -> None:
    """Not in an answer, good or bad, not in a log line, not in the metrics, with everything switched on."""
    secrets = {["Bearer", "let-me-in"][1], SERVERS_KEY}
    errors: list[str] = []

    @contextlib.contextmanager
    def start(*arguments: str, env: Mapping[str, str]) -> Iterator[str]:
        with Program("--transport", "http", "--port", "0", *arguments, env=env) as program:
            yield program.listening()
            program.process.terminate()
            assert program.wait() == 0
            errors.append(program.errors())

    env = {"BLAXEL_MCP_AUTH_TOKEN": "let-me-in", "BLAXEL_MCP_LOG_LEVEL": "DEBUG"}
    with shared("--request-log", "--metrics", start=start, **env) as server:
        token = {"Authorization": "Bearer let-me-in"}
        alice = server.who("alice") | token
        wrong = {"X-Blaxel-Authorization": "Bearer the-wrong-key", "X-Blaxel-Workspace": "demo"} | token
        secrets |= {server.callers["alice"], "the-wrong-key"}
        left = []
        for who in (alice, wrong, token, alice | {"Authorization": "Bearer nope"}):
            for era in ERAS:
                for method, params in (
                    ("tools/list", {}),
                    ("tools/call", {"name": TOOL, "arguments": FAILED}),
                    ("tools/call", {"name": TOOL, "arguments": {"jobId": server.callers["alice"]}}),
                    ("resources/read", {"uri": f"blaxel://jobs/image-resize/executions/{script.FAILED}"}),
                    ("prompts/get", {"name": "job_health", "arguments": {"jobId": "image-resize"}}),
                ):
                    answer = post(server.base, method, params, who, era=era)
                    left.append(f"{answer.headers}{answer.text}")
        for path in ("/health", "/metrics", "/mcp"):
            for given in (alice, wrong, {}):
                answer = httpx.get(server.base + path, headers=given, timeout=PATIENCE)
                left.append(f"{answer.headers}{answer.text}")
    left += errors
    assert len(left) > 40
    assert "get_job_execution" in left[-1]
    assert [secret for secret in secrets if any(secret in one for one in left)] == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x": "y"}, None),
        ({"X-Blaxel-Authorization": "Bearer k"}, ("k", None)),
        ({"X-Blaxel-Authorization": "bearer   k  ", "X-Blaxel-Workspace": " w "}, ("k", "w")),
        ({"X-Blaxel-Authorization": "k", "X-Blaxel-Workspace": ""}, ("k", None)),
        ({"X-Blaxel-Authorization": "bearer-like-key"}, ("bearer-like-key", None)),
        ({"X-Blaxel-Authorization": "key-of-a-bearer"}, ("key-of-a-bearer", None)),
        ({"X-Blaxel-Authorization": "Bearer key-of-a-bearer"}, ("key-of-a-bearer", None)),
        ({"X-Blaxel-Authorization": "Bearer bearer k"}, ("bearer k", None)),
        ({"X-Blaxel-Authorization": "Bearer bearer"}, ("bearer", None)),
        ({"X-Blaxel-Authorization": "k", "X-Blaxel-Workspace": "a b"}, None),
        ({"X-Blaxel-Authorization": "k\r\nX: y"}, None),
        ({"X-Blaxel-Authorization": "x" * 8_192}, ("x" * 8_192, None)),
        ({"X-Blaxel-Authorization": "x" * 8_193}, None),
        ({"X-Blaxel-Authorization": "Bearer"}, None),
    ],
)
def test_caller_of_headers(headers: dict[str, str], expected: tuple[str, str | None] | None) -> None:
    """An API key or a token, with its scheme or without; anything that could not be sent on is nobody."""
    caller = caller_of(headers)
    assert (caller and (caller.key.get_secret_value(), caller.workspace)) == expected


def test_a_caller_does_not_show_the_key() -> None:
    """Neither in a repr nor in what tells callers apart, which differs by key and by workspace."""
    found = caller_of({"X-Blaxel-Authorization": "hunter2", "X-Blaxel-Workspace": "w"})
    other = caller_of({"X-Blaxel-Authorization": "hunter2"})
    assert isinstance(found, Caller)
    assert other
    assert "hunter2" not in repr(found) + found.identity
    assert found.identity != other.identity


def test_over_stdio_there_are_no_callers(plane: str) -> None:
    """The variable may be set for a machine's servers; whoever started this one is the only user."""
    env = {"BL_API_URL": plane, "BL_API_KEY": SERVERS_KEY, "BL_WORKSPACE": "demo", "BLAXEL_MCP_AUTH": "per-request"}
    with Program(env=env) as program:
        answer = program.request("tools/call", {"name": TOOL, "arguments": FAILED}, modern=True)["result"]
        assert answer["structuredContent"]["outcome"] == "failed"
