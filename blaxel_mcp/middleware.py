"""What runs around every MCP request over any transport: its `Session`, the limit of requests, and observers."""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, CallToolResult
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from blaxel_mcp.api.client import Session
from blaxel_mcp.summary.limits import IDENTITY_CHARACTERS, NAME_CHARACTERS
from blaxel_mcp.telemetry import Observers, RequestRecord
from blaxel_mcp.tools.context import AppContext, session_of_request

_RECORDED_IDS = ("jobId", "executionId")


class RequestMiddleware:
    """Makes the `Session` of each request, rejects requests past the limit, and tells observers how a request went.

    Args:
        observers: are told of every request.
        max_requests: how many requests may be under way at once. Over Streamable HTTP the transport has counted them
            before, but one SSE connection can send any number.
    """

    def __init__(self, observers: Observers, max_requests: float) -> None:
        self._observers = observers
        self._max_requests = max_requests
        self._under_way = 0

    @property
    def full(self) -> bool:
        """Whether as many requests are under way as there may be."""
        return self._under_way >= self._max_requests

    async def __call__(self, ctx: ServerRequestContext[AppContext, Any], call_next: CallNext) -> HandlerResult:
        """Handle one request, or pass a notification on, which has no answer."""
        if ctx.request_id is None:
            return await call_next(ctx)
        session = ctx.lifespan_context.new_session(getattr(ctx.request, "headers", {}))
        try:
            with session_of_request(session):
                if not self._observers:
                    return await self._limit(ctx, call_next)
                return await self._observe(ctx, call_next, session)
        except MCPError as error:
            from blaxel_mcp.error_bounds import bound_error  # noqa: PLC0415 - start-up does not need it

            raise MCPError.from_error_data(bound_error(error.error)) from error

    async def _limit(self, ctx: ServerRequestContext[AppContext, Any], call_next: CallNext) -> HandlerResult:
        """Handle a request unless too many are under way."""
        if self.full:
            busy = "Too many requests are under way here. Trying again in a moment can help."
            raise MCPError(code=INTERNAL_ERROR, message=busy)
        self._under_way += 1
        task = asyncio.current_task() if ctx.request is not None else None
        if task is not None:
            # Over HTTP each request has a task of its own, which ends when its answer has been written: an SSE client
            # that reads nothing would otherwise pile up any number of answers.
            task.add_done_callback(lambda _: self._leave())
        try:
            return await call_next(ctx)
        finally:
            if task is None:
                self._leave()

    def _leave(self) -> None:
        self._under_way -= 1

    async def _observe(
        self, ctx: ServerRequestContext[AppContext, Any], call_next: CallNext, session: Session
    ) -> HandlerResult:
        """Handle a request and tell the observers."""
        began = perf_counter()
        outcome, size = "crashed", 0
        try:
            result = await self._limit(ctx, call_next)
            outcome, size = "error" if _is_error(result) else "ok", _json_bytes(result)
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except (MCPError, ValidationError):
            outcome = "refused"
            raise
        else:
            return result
        finally:
            from blaxel_mcp.summary.clean import clean  # noqa: PLC0415 - start-up does not need it

            method, seconds = clean(ctx.method, NAME_CHARACTERS), perf_counter() - began
            target, ids = _target_and_ids(ctx.params or {})
            self._observers.handled(RequestRecord(method, target, ids, outcome, seconds, session.attempts, size))


def _target_and_ids(params: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The tool, prompt or resource that a request is for, and the ids among its arguments; cleaned."""
    from blaxel_mcp.summary.clean import clean  # noqa: PLC0415 - start-up does not need it

    target = params.get("name", params.get("uri"))
    arguments = params.get("arguments")
    given = arguments if isinstance(arguments, Mapping) else {}
    ids = {name: clean(given[name], IDENTITY_CHARACTERS) for name in _RECORDED_IDS if isinstance(given.get(name), str)}
    return (clean(target, IDENTITY_CHARACTERS) if isinstance(target, str) else ""), ids


def _is_error(result: HandlerResult) -> bool:
    """Whether it is a tool's error result, which the SDK hands out as an object or as a dictionary."""
    match result:
        case CallToolResult(is_error=True) | {"isError": True}:
            return True
    return False


def _json_bytes(result: HandlerResult) -> int:
    """The size of a result as JSON."""
    if result is None:
        return 0
    if isinstance(result, BaseModel):
        return len(result.model_dump_json(by_alias=True, exclude_none=True).encode("utf-8", "surrogatepass"))
    return len(to_json(result))
