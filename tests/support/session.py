"""A control plane that stands still in time, a client of it, and the tool asked through the SDK's own client."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from mcp import Client
from mcp_types import CallToolResult, TextContent

from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.api.pool import CertificateSource
from blaxel_mcp.demo import script
from blaxel_mcp.demo.wire import Job, Verbatim
from blaxel_mcp.server import build_server
from blaxel_mcp.settings import load
from blaxel_mcp.tools import select
from blaxel_mcp.tools.context import AppContext

T = TypeVar("T")
Mode = Literal["legacy", "auto"]
"""The protocol's eras: with the handshake, and (in memory, where the server tells) without."""
MODES: tuple[Mode, ...] = ("legacy", "auto")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ACCOUNT = {"BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}


def clock() -> datetime:
    """It is always NOW."""
    return NOW


def ago(**amount: float) -> str:
    """A timestamp so long before NOW."""
    return (NOW - timedelta(**amount)).strftime("%Y-%m-%dT%H:%M:%SZ")


def client_for(
    url: str,
    *,
    timeout: float = 10.0,
    first_wait: float = 0.001,
    variables: Mapping[str, str] = ACCOUNT,
    certificates: CertificateSource | None = None,
) -> Session:
    """A session of an API client that does not wait long between attempts."""
    settings = load({}, {**variables, "BL_API_URL": url}, None)
    upstream = Upstream(
        api_url=settings.api_url,
        api_version=settings.api_version,
        timeout=timeout,
        certificates=certificates or CertificateSource(),
        first_wait=first_wait,
    )
    return Session(upstream, BlaxelAuth.from_settings(settings, lambda: None))


def another(session: Session, budget: float = 30.0) -> Session:
    """A new session of the same caller, as every request gets one."""
    return Session(session.upstream, session.auth, budget)


def use(session: Session, work: Callable[[Session], Awaitable[T]]) -> T:
    """Do something with a session in a loop of its own, and close its client."""

    async def run() -> T:
        try:
            return await work(session)
        finally:
            await session.upstream.aclose()

    return asyncio.run(run())


@asynccontextmanager
async def tool_state(
    url: str, clock: Callable[[], datetime] = clock, *, version: str = "2026-04-28"
) -> AsyncIterator[AppContext]:
    """What the composition root makes, with the demo's key; closed at the end."""
    session = client_for(url, variables=ACCOUNT | {"BL_API_VERSION": version})
    try:
        yield AppContext(lambda _: another(session), clock)
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the only text, and the object or None."""

    text: str
    structured: dict[str, Any] | None
    is_error: bool


def answered(result: CallToolResult) -> Answer:
    """Take a result apart; it must have exactly one block, of text."""
    assert [type(block) for block in result.content] == [TextContent]
    text = next(block.text for block in result.content if isinstance(block, TextContent))
    return Answer(text, result.structured_content, bool(result.is_error))


def ask(session: Session, *arguments: Mapping[str, Any], mode: Mode = "auto", **state: Any) -> list[Answer]:
    """Call the tool once with each of these arguments, one after the other."""

    async def run() -> list[Answer]:
        async with connected(session, mode, **state) as client:
            return [answered(await client.call_tool("get_job_execution", dict(given))) for given in arguments]

    return asyncio.run(run())


def ask_for(url: str, job: str, execution: str, **state: Any) -> Answer:
    """Call the tool for one execution."""
    return ask(client_for(url), ids(job, execution), **state)[0]


def refusal(text: str) -> Answer:
    """An error with that text and nothing else."""
    return Answer(text, None, is_error=True)


def ids(job: str, execution: str) -> dict[str, str]:
    """The tool's arguments."""
    return {"jobId": job, "executionId": execution}


def facts(answer: Answer) -> dict[str, Any]:
    """The object of a good answer."""
    assert not answer.is_error, answer.text
    assert answer.structured is not None
    return answer.structured


def verbatim(execution_id: str, created: datetime, **body: Any) -> Verbatim:
    """An execution that never moves; the usual metadata unless `metadata` says otherwise."""
    metadata = {"id": execution_id, "createdAt": created.strftime("%Y-%m-%dT%H:%M:%SZ"), **body.pop("metadata", {})}
    return Verbatim(execution_id, created, {"metadata": metadata, "spec": {}, **body})


def job(name: str, *executions: Verbatim) -> Job:
    """A job with exactly these executions, the newest first."""
    return Job(name=name, executions=executions, created=NOW - timedelta(days=9), workspace=script.WORKSPACE)


def compact(value: Any) -> int:
    """Bytes as compact, unescaped JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
