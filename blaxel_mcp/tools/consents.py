"""One answer of a person is one change: which questions were answered already, and the execution id that a yes has.

From protocol version 2026-07-28 the client carries a question's sealed state and sends it back with the person's
answer. Nothing in the protocol keeps it from sending both twice. The SDK sees to it that the state is its own, at most
`CONSENT_SECONDS` old, for the same tool, arguments and identity; this module sees to it that it counts once:

- within a process, by memory (`AnsweredQuestions`);
- across processes, which share no memory, by an execution id that follows from the state (`execution_id_for`): a start
  that is sent again asks Blaxel for the same execution. That Blaxel then creates no second one is what its OpenAPI
  document says of `id` ("used for idempotency"); it has not been tried on the real API.
"""

import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.request_state import authenticated_principal
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from blaxel_mcp.errors import ArgumentError

CONSENT_SECONDS = 600.0
"""How long after a question its answer counts."""
_MAX_QUESTIONS = 10_000
_MAX_OF_IDENTITY = 1_000

_state: ContextVar[str | None] = ContextVar("blaxel_mcp_request_state", default=None)


class AnsweredQuestions:
    """Remembers for `CONSENT_SECONDS` which questions were answered; after that the SDK refuses their state.

    `timer` counts seconds from any zero, and is never set back. Nothing is forgotten before its time: when there are
    `most` questions, or `most_of_one` of one identity, further answers are refused.
    """

    def __init__(
        self,
        timer: Callable[[], float] = time.monotonic,
        *,
        most: int = _MAX_QUESTIONS,
        most_of_one: int = _MAX_OF_IDENTITY,
    ) -> None:
        self._timer = timer
        self._most = most
        self._most_of_one = most_of_one
        self._answered: dict[bytes, tuple[float, str]] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._answered)

    def use(self, state: str, identity: str) -> None:
        """Note that the question with this sealed state was answered by this identity.

        Raises:
            ArgumentError: it was answered before, or there is no room to remember it.
        """
        now = self._timer()
        while self._answered and next(iter(self._answered.values()))[0] <= now:
            del self._answered[next(iter(self._answered))]
        question = _digest(state)
        if question in self._answered:
            raise ArgumentError(
                "This answer of the person was used already, so nothing was sent: one yes is for one call.",
                "See with list_job_executions what it did; to do it again, call the tool anew, which asks the person.",
            )
        of_identity = Counter(by for _, by in self._answered.values())[identity]
        if len(self._answered) >= self._most or of_identity >= self._most_of_one:
            raise ArgumentError(
                "Too many questions were answered here in the last minutes to remember one more, so nothing was sent.",
                f"Call the tool anew in {CONSENT_SECONDS / 60:.0f} minutes.",
            )
        self._answered[question] = (now + CONSENT_SECONDS, identity)


def _digest(state: str) -> bytes:
    return hashlib.sha256(f"blaxel-mcp question\n{state}".encode("utf-8", "surrogatepass")).digest()


def execution_id_for(state: str) -> str:
    """The id of the execution that a yes to this question starts: the same in every process that is shown the yes."""
    return str(uuid.UUID(bytes=_digest(state)[:16], version=4))


def current_state() -> str | None:
    """The sealed state that came with the MCP request that is being handled: that of the question it answers."""
    return _state.get()


async def consent_middleware(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Keep the sealed state of a request for `current_state`, and say what to do about one that the SDK refuses.

    It must come before the SDK's own middleware, which replaces the sealed state by what is in it.
    """
    state = ctx.params.get("requestState") if ctx.params is not None else None
    if not isinstance(state, str):
        return await call_next(ctx)
    token = _state.set(state)
    try:
        return await call_next(ctx)
    except MCPError as error:
        data = error.error.data
        if not (isinstance(data, dict) and data.get("reason") == "invalid_request_state"):
            raise
        message = (
            "Invalid or expired requestState, so nothing was sent: an answer counts for the very question, arguments "
            f"and caller that it was asked for, within {CONSENT_SECONDS / 60:.0f} minutes. "
            "Call again without requestState and inputResponses; the person is then asked anew."
        )
        raise MCPError(code=INVALID_PARAMS, message=message, data=data) from None
    finally:
        _state.reset(token)


def bind_to_identity(ctx: ServerRequestContext[Any, Any]) -> str:
    """Who is asked, for the SDK to seal into a question's state: the caller, and the Blaxel credential in use."""
    session = ctx.lifespan_context.new_session(getattr(ctx.request, "headers", {}))
    return f"{session.identity} {authenticated_principal(ctx) or ''}"
