"""What happens around every MCP request, whatever transport it came by: whose it is, what is noted of it, how many."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, CallToolResult
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.limits import IDENTITY_CHARACTERS, NAME_CHARACTERS
from blaxel_mcp.telemetry import Observers, RequestRecord
from blaxel_mcp.tools.spec import ToolState

_IDS = ("jobId", "executionId")


class Requests:
    """The server's middleware: gives each request the state of its caller, and tells the observers how it went.

    Args:
        observers: who is told.
        most: how many requests may be under way at once. Over Streamable HTTP the transport has counted them before,
            but one SSE connection can send any number.
    """

    def __init__(self, observers: Observers, most: float) -> None:
        self._observers = observers
        self._most = most
        self._under_way = 0

    @property
    def full(self) -> bool:
        """Whether there may be no more for now."""
        return self._under_way >= self._most

    async def __call__(self, ctx: ServerRequestContext[ToolState, Any], call_next: CallNext) -> HandlerResult:
        """Handle one."""
        if ctx.request_id is None:  # a notification: there is nothing to answer or count
            return await call_next(ctx)
        state = ctx.lifespan_context.for_request(getattr(ctx.request, "headers", None))
        acting = replace(ctx, lifespan_context=state)
        if not self._observers:
            return await self._counted(acting, call_next)
        return await self._observed(acting, call_next)

    async def _counted(self, ctx: ServerRequestContext[ToolState, Any], call_next: CallNext) -> HandlerResult:
        if self.full:
            busy = "Too many requests are under way here. Trying again in a moment can help."
            raise MCPError(code=INTERNAL_ERROR, message=busy)
        self._under_way += 1
        task = asyncio.current_task() if ctx.request is not None else None
        if task is not None:
            # Over HTTP each has a task of its own, which ends when its answer is written: one SSE client that reads
            # nothing would otherwise pile up any number of them.
            task.add_done_callback(lambda _: self._leave())
        try:
            return await call_next(ctx)
        finally:
            if task is None:
                self._leave()

    def _leave(self) -> None:
        self._under_way -= 1

    async def _observed(self, ctx: ServerRequestContext[ToolState, Any], call_next: CallNext) -> HandlerResult:
        began = perf_counter()
        outcome, size = "crashed", 0
        try:
            result = await self._counted(ctx, call_next)
            outcome, size = "error" if _failed(result) else "ok", _size(result)
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except (MCPError, ValidationError):
            outcome = "refused"
            raise
        else:
            return result
        finally:
            seconds, calls = perf_counter() - began, ctx.lifespan_context.client.attempts
            self._observers.handled(
                RequestRecord(clean(ctx.method, NAME_CHARACTERS), *_subject(ctx.params), outcome, seconds, calls, size)
            )


def _subject(params: Mapping[str, Any] | None) -> tuple[str, dict[str, str]]:
    """What a request is for and the ids it names, cleaned; nothing else of its arguments."""
    params = params or {}
    target = params.get("name", params.get("uri"))
    arguments = params.get("arguments")
    given = arguments if isinstance(arguments, Mapping) else {}
    ids = {name: clean(given[name], IDENTITY_CHARACTERS) for name in _IDS if isinstance(given.get(name), str)}
    return (clean(target, IDENTITY_CHARACTERS) if isinstance(target, str) else ""), ids


def _failed(result: HandlerResult) -> bool:
    """Whether it is a tool's answer that says what failed; the SDK hands it out in either form."""
    match result:
        case CallToolResult(is_error=True) | {"isError": True}:
            return True
    return False


def _size(result: HandlerResult) -> int:
    if result is None:
        return 0
    if isinstance(result, BaseModel):
        return len(result.model_dump_json(by_alias=True, exclude_none=True).encode("utf-8", "surrogatepass"))
    return len(to_json(result))
