"""What a handler works with: `AppContext` for as long as the process lives, and one `Session` for each MCP request.

`runtime` makes the `AppContext`, and the SDK hands it to every request as its lifespan context. For each request the
middleware makes a `Session` from the request's headers and puts it in a context variable around the handler
(`session_of_request`). Tools are handed both by the SDK's `Resolve`, resources and completions call the same two
functions. `get`, `doctor` and tests answer no MCP request: they call `AppContext.new_session` themselves.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mcp.server.mcpserver import Context

from blaxel_mcp.api.client import Session
from blaxel_mcp.summary.limits import RAW_BYTES
from blaxel_mcp.tools.cache import ExpiringCache
from blaxel_mcp.tools.consents import AnsweredQuestions

if TYPE_CHECKING:
    from blaxel_mcp.summary.raw import RawMode

_session: ContextVar[Session] = ContextVar("blaxel_mcp_session")


@dataclass(frozen=True, slots=True)
class AppContext:
    """What every request of the process shares; made once, by `runtime`.

    Attributes:
        new_session: makes the `Session` of one request from the request's HTTP headers, looked up without regard to
            case; empty where there are none.
        clock: gives the present in UTC.
        raw: which results carry the API's own JSON.
        raw_limit: the most of it that one result carries, in bytes.
        lookups: whether an answer about an execution may take more calls than the one for the execution.
        cache: keeps what was looked up, for all requests; keys name what a value is and whose identity it is for.
        answered: remembers which questions to a person were answered, for all requests.
        sleep: pauses for so many seconds; raises `StoppingError` when the process is told to end.
        timer: counts seconds from any zero, and is never set back.
    """

    new_session: Callable[[Mapping[str, str]], Session]
    clock: Callable[[], datetime]
    raw: "RawMode" = "auto"
    raw_limit: int = RAW_BYTES
    lookups: bool = True
    cache: ExpiringCache = field(default_factory=ExpiringCache)
    answered: AnsweredQuestions = field(default_factory=AnsweredQuestions)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    timer: Callable[[], float] = time.monotonic


@contextmanager
def session_of_request(session: Session) -> Iterator[None]:
    """Make this the session that `current_session` gives to whatever is called inside the `with` block.

    It reaches the handler because the SDK runs middleware, resolvers and handler in one task, whatever the transport
    and the protocol's version.
    """
    token = _session.set(session)
    try:
        yield
    finally:
        _session.reset(token)


# Coroutine functions, because the SDK runs any other resolver in a thread.
async def current_session() -> Session:
    """The `Session` of the MCP request that is being handled; a resolver, so invisible in a tool's schema."""
    return _session.get()


async def app_context(ctx: Context[AppContext]) -> AppContext:
    """The process's `AppContext`; a resolver, so invisible in a tool's schema."""
    return ctx.request_context.lifespan_context
