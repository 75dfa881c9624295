"""Asking the person before something is changed, on clients that can ask."""

from typing import Annotated, Any

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult, render_elicitation_schema
from mcp.server.mcpserver import Context, Elicit
from mcp_types import ElicitResult
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.json_schema import SkipJsonSchema

from blaxel_mcp.errors import ArgumentError

_ASKS_IN_RESULTS = "2026-07-28"
"""The protocol's version from which a question is a result; before, it is a request of the server's own."""


class Consent(BaseModel):
    """Accept to go ahead."""

    # A form with nothing to fill in: to accept is to agree. Whoever fills in `confirm` all the same is believed.
    confirm: SkipJsonSchema[Annotated[bool, BeforeValidator(lambda value: value is True)]] = True


async def ask(ctx: Context, message: str) -> Elicit[Consent] | Consent:
    """The question, or consent where the client has no way to ask: the operator allowed writes, the client the call."""
    if not _can_be_asked(ctx):
        return Consent()
    if is_version_at_least(ctx.session.protocol_version, _ASKS_IN_RESULTS):
        for answer in (ctx.input_responses or {}).values():
            if not isinstance(answer, ElicitResult):
                raise _unreadable()
            # The SDK takes an acceptance without content for a mistake, but here there is none to give.
            answer.content = answer.content or {}
        return Elicit(message, Consent)
    try:
        # Not ctx.elicit, for the same reason.
        told = await ctx.session.elicit_form(message, render_elicitation_schema(Consent), ctx.request_id)
    except ValidationError:
        raise _unreadable() from None
    content: dict[str, Any] = told.content or {}
    return Consent.model_validate(content) if told.action == "accept" else Consent(confirm=False)


def _unreadable() -> ArgumentError:
    return ArgumentError(
        "The client's answer to the question whether to go ahead could not be read, so nothing was sent.",
        "Report it to the maker of the client; the Blaxel console can do the same.",
    )


def _can_be_asked(ctx: Context) -> bool:
    """Whether the client shows forms: `{}` means so, from before there was anything else; addresses alone do not."""
    elicitation = ctx.client_capabilities.elicitation if ctx.client_capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def require(answer: ElicitationResult[Consent]) -> None:
    """Go on only if the person said yes.

    Raises:
        ArgumentError: they did not. Nothing was sent.
    """
    if not (isinstance(answer, AcceptedElicitation) and answer.data.confirm):
        raise ArgumentError(
            "The person was asked and did not agree, so nothing was sent.", "Ask them what they want instead."
        )
