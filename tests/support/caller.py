"""Callers of the server's tools over every transport and in both eras; each answer is checked as it comes in.

A checked answer is one block of text, within its tool's byte budgets, and free of control and invisible characters.
"""

import asyncio
import json
import re
import ssl
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp_types import CallToolResult, TextContent
from starlette.types import ASGIApp

from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.certificates import load_certificates
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.operations import NEWER
from blaxel_mcp.server import build_server
from blaxel_mcp.settings import load
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.registry import select
from support.plane import clock
from support.program import COMMAND, HANDSHAKE, MODERN, account, environment

T = TypeVar("T")
Transport = Literal["memory", "stdio", "http", "sse"]
Mode = Literal["legacy", "auto"]
"""The SDK client's word for an era: with the handshake, or without it where the server allows."""
MODES: tuple[Mode, ...] = ("legacy", "auto")
ERAS: Mapping[str, Mode] = {HANDSHAKE: "legacy", MODERN: "auto"}
ACCOUNT = {"BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}
TOOL = "get_job_execution"
_LIST, _EXECUTION = (3_000, 3_000), (900, 2_500)
BUDGETS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("list_jobs", "list_job_executions", "list_job_execution_tasks"), _LIST),
    **dict.fromkeys((TOOL, "wait_for_job_execution", "cancel_job_execution", "run_job"), _EXECUTION),
    "compare_job_executions": _LIST,
    "get_job_execution_logs": (16 * 1024, 16 * 1024),
    "get_job_execution_view": (900, 64 * 1024),
}
"""Bytes that the contract allows a tool's text, and its structured answer without `raw`."""
ERROR_CHARACTERS = 700
EXECUTION_KEYS = [
    "summary",
    "status",
    "done",
    "outcome",
    "nextStep",
    "pollAfterSeconds",
    "tasks",
    "failures",
    "failuresOmitted",
    "origin",
    "evidence",
    "history",
    "schedule",
    "warnings",
    "timing",
    "config",
    "jobId",
    "executionId",
    "workspace",
    "rawUri",
    "raw",
    "masked",
    "invisible",
    "rawOmitted",
]
"""The keys that the contract gives an answer about one execution, in its order."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A tool's checked answer: the one text, and the structured object or `None`."""

    text: str
    structured: dict[str, Any] | None
    is_error: bool


def compact(value: Any) -> int:
    """The bytes of a value as compact, unescaped JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def check(result: object, tool: str = TOOL) -> Answer:
    """Check a tool's result against its budgets and for control characters, and parse it.

    The request id that an error ends with is left out, since it is another one each time.
    """
    assert isinstance(result, CallToolResult)
    (block,) = result.content
    assert isinstance(block, TextContent)
    answer = Answer(block.text, result.structured_content, bool(result.is_error))
    if answer.is_error:
        assert answer.structured is None
        assert len(answer.text) <= ERROR_CHARACTERS
    else:
        assert answer.structured is not None
        text_budget, structured_budget = BUDGETS[tool]
        shown = {key: value for key, value in answer.structured.items() if key not in {"raw", "masked"}}
        assert len(answer.text.encode()) <= text_budget
        assert compact(shown) <= structured_budget
        assert answer.text.startswith(shown.get("summary") or shown["answer"]["summary"])
        assert not invisible(json.dumps(shown, ensure_ascii=False).replace("\\n", ""))
    assert not invisible(answer.text.replace("\n", ""))
    return replace(answer, text=without_request_id(answer.text)) if answer.is_error else answer


def without_request_id(text: str) -> str:
    """The text of an error without the sentence at its end that quotes Blaxel's request id."""
    return re.sub(r" Blaxel's request id is [A-Za-z0-9_=.:-]{1,80}\.$", "", text)


def invisible(text: str) -> set[str]:
    """The control, format and surrogate characters of a text."""
    return {character for character in text if unicodedata.category(character) in {"Cc", "Cf", "Cs"}}


class Caller:
    """Calls tools through the SDK's client and checks every answer; `texts` are those so far."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.texts: list[str] = []

    async def answer(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool; the answer may be an error."""
        answer = check(await self.client.call_tool(tool, arguments), tool)
        self.texts.append(answer.text)
        return answer

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must succeed; its structured answer."""
        answer = await self.answer(tool, **arguments)
        assert not answer.is_error, answer.text
        return dict(answer.structured or {})

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """Call a tool that must fail; the text of its error."""
        answer = await self.answer(tool, **arguments)
        assert answer.is_error
        return answer.text

    async def follow(
        self, tool: str, noun: str, *, between: Callable[[], None] = lambda: None, **arguments: Any
    ) -> list[Any]:
        """Every row of a list, by following every cursor."""
        answer = await self.ask(tool, **arguments)
        rows = list(answer[noun])
        while cursor := answer.get("nextCursor"):
            between()
            assert f'"{cursor}"' in self.texts[-1]
            answer = await self.ask(tool, **arguments, cursor=cursor)
            rows += answer[noun]
        return rows


@asynccontextmanager
async def caller(
    url: str,
    *,
    over: Transport = "memory",
    era: str = MODERN,
    version: str = NEWER,
    allow_writes: bool = False,
    clock: Callable[[], datetime] = clock,
    **state: Any,
) -> AsyncIterator[Caller]:
    """A caller over a transport.

    Args:
        url: for `memory` and `stdio` the control plane, for `http` and `sse` the server.
        over: the transport.
        era: the protocol version to speak.
        version: the Blaxel API version, for `memory`.
        allow_writes: whether the tools that change something exist, for `memory` and `stdio`.
        clock: the server's time, for `memory`.
        state: what else `tool_state` takes, for `memory`.
    """
    if over == "memory":
        async with tool_state(url, clock, version=version, **state) as app:
            server = build_server(app, select(allow_writes=allow_writes))
            async with Client(server, mode=ERAS[era]) as client:
                yield Caller(client)
        return
    if over == "stdio":
        command, *arguments = COMMAND
        given = [*arguments, *(["--allow-writes"] if allow_writes else [])]
        target: Any = StdioServerParameters(command=command, args=given, env=environment(**account(url)))
    else:
        target = f"{url}/mcp" if over == "http" else sse_client(f"{url}/sse")
    async with Client(target, mode=ERAS[era]) as client:
        yield Caller(client)


def run(app: ASGIApp, what: Callable[[Caller], Awaitable[None]], version: str = NEWER, **state: Any) -> None:
    """Serve a control plane on a real socket, and call the server in memory; `state` is for `tool_state`."""

    async def call(url: str) -> None:
        async with caller(url, version=version, **state) as calls:
            await what(calls)

    with control_plane.serve(app) as url:
        asyncio.run(call(url))


def client_for(
    url: str,
    *,
    timeout: float = 10.0,
    first_wait: float = 0.001,
    variables: Mapping[str, str] = ACCOUNT,
    certificates: Callable[[], ssl.SSLContext] = load_certificates,
) -> Session:
    """A session of an API client that waits only a moment between attempts."""
    settings = load({}, {**variables, "BL_API_URL": url}, None)
    upstream = Upstream(
        api_url=settings.api_url,
        api_version=settings.api_version,
        timeout=timeout,
        certificates=certificates,
        first_wait=first_wait,
    )
    return Session(upstream, BlaxelAuth.from_settings(settings, lambda: None))


def another(session: Session, budget: float = 30.0) -> Session:
    """A new session of the same caller, as every request gets one."""
    return Session(session.upstream, session.auth, budget)


def use(session: Session, work: Callable[[Session], Awaitable[T]]) -> T:
    """Run `work` with the session in an event loop of its own, then close the API client."""

    async def run() -> T:
        try:
            return await work(session)
        finally:
            await session.upstream.aclose()

    return asyncio.run(run())


@asynccontextmanager
async def tool_state(
    url: str,
    clock: Callable[[], datetime] = clock,
    *,
    version: str = "2026-04-28",
    timeout: float = 10.0,  # noqa: ASYNC109 - of each attempt upstream
    **state: Any,
) -> AsyncIterator[AppContext]:
    """The `AppContext` of a server with the demo's credential; its API client is closed at the end."""
    session = client_for(url, timeout=timeout, variables=ACCOUNT | {"BL_API_VERSION": version})
    try:
        yield AppContext(lambda _: another(session), clock, **state)
    finally:
        await session.upstream.aclose()


@asynccontextmanager
async def connected(session: Session, mode: Mode, *, allow_writes: bool = False, **state: Any) -> AsyncIterator[Client]:
    """The SDK's client of a server whose requests act for the session's caller; closes the API client at the end."""
    app = AppContext(lambda _: another(session), clock, **state)
    try:
        async with Client(build_server(app, select(allow_writes=allow_writes)), mode=mode) as client:
            yield client
    finally:
        await session.upstream.aclose()


def ask(session: Session, *arguments: Mapping[str, Any], mode: Mode = "auto", **state: Any) -> list[Answer]:
    """Call `get_job_execution` in memory with each of these arguments, one after the other."""

    async def run() -> list[Answer]:
        async with connected(session, mode, **state) as client:
            return [check(await client.call_tool(TOOL, dict(given))) for given in arguments]

    return asyncio.run(run())


def ask_for(url: str, job: str, execution: str, **state: Any) -> Answer:
    """Call `get_job_execution` in memory for one execution."""
    return ask(client_for(url), ids(job, execution), **state)[0]


def refusal(text: str) -> Answer:
    """The answer that is an error with this text."""
    return Answer(text, None, is_error=True)


def ids(job: str, execution: str) -> dict[str, str]:
    """The arguments of `get_job_execution`."""
    return {"jobId": job, "executionId": execution}


def facts(answer: Answer) -> dict[str, Any]:
    """The structured object of an answer that must not be an error."""
    assert not answer.is_error, answer.text
    assert answer.structured is not None
    return answer.structured
